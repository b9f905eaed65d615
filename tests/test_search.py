"""The search box: what it finds for whom, and that what is typed stands in no address."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.family import LinkFamily
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.domain.student import AssignMentor
from ap_ledger.recording.ledger import new_id
from projections.queries.searching import Wanted
from tests.house import House


def found(client: TestClient, typed: str) -> dict[str, list[str]]:
    """What is found, by its sort, in the order of the page."""
    page = client.post("/search", data={"q": typed})
    assert page.status_code == 200
    parts = re.findall(r"<h2>(\w+)</h2>(.*?)</section>", page.text, re.S)
    return {sort: re.findall(r"<(?:a[^>]*|b)>([^<]+)</(?:a|b)>", part) for sort, part in parts}


def test_the_beginning_of_any_word_is_enough_whatever_its_accents() -> None:
    assert Wanted.of("zo em").is_in("Zoë Émile") and Wanted.of("ÉM").is_in("Zoë Émile") and Wanted.of("emile zoe").is_in("Zoë Émile")
    assert not Wanted.of("mile").is_in("Zoë Émile") and not Wanted.of("zo x").is_in("Zoë Émile")
    assert not Wanted.of("  ").is_in("Zoë Émile")


OF_ONE_NAME = ("O'Brien", "O’Brien", "O‘Brien", "Oʼbrien", "O´Brien", "O`Brien", "O Brien", "OBrien", "obrien", "O-Brien", "o’br")


@pytest.mark.parametrize("typed", OF_ONE_NAME)
@pytest.mark.parametrize("written", OF_ONE_NAME[:-1])
def test_apostrophes_hyphens_and_spaces_inside_a_name_make_no_difference(written: str, typed: str) -> None:
    assert Wanted.of(typed).is_in(f"Sam {written}") and Wanted.of(f"{typed} sam").is_in(f"Sam {written}")
    assert not Wanted.of(f"x{typed}").is_in(f"Sam {written}") and not Wanted.of(f"{typed}x").is_in(f"Sam {written}")


def test_a_name_of_two_words_is_found_by_either_and_by_both_as_one() -> None:
    for written in ("Mary-Ann Smith-Jones", "Mary Ann Smith Jones", "Mary–Ann Smith‐Jones"):
        for typed in ("jones", "ann", "smithjones", "mary ann smith", "smith-jones maryann", "Smith Jones"):
            assert Wanted.of(typed).is_in(written), (typed, written)
    assert Wanted.of("mary-ann").is_in("Maryann Smith") and Wanted.of("mac an bhaird").is_in("Eoin Macanbhaird")
    assert not Wanted.of("nes").is_in("Mary-Ann Smith-Jones") and not Wanted.of("’ - ").is_in("Mary-Ann")
    assert Wanted.of("हिन्दी").is_in("हिन्दी") and not Wanted.of("दी").is_in("हिन्दी"), "vowel signs divide no word"


@pytest.fixture
def house_with_more(house: House) -> House:
    house.runner.catch_up()
    return house


def test_a_leader_finds_students_people_frameworks_and_pages(house_with_more: House) -> None:
    with house_with_more.browser() as client:
        assert found(client, "ash") == {"Students": ["Ash H"]}
        assert found(client, "Heron") == {"Students": ["Ash H"]}, "by the family name, too"
        assert found(client, "haz") == {"People": ["Hazel"]}
        assert found(client, "every child") == {"Frameworks": ["Every Child Matters"]}
        assert found(client, "what is") == {"Pages": ["What is due"]}
        for typed, page in (("holiday", "Terms and closures"), ("logo", "Look and quiet hours"), ("import", "Bring in a file"), ("consent", "Students")):
            assert page in found(client, typed)["Pages"], f"nobody finds {page} by {typed}"
        assert found(client, "") == {} == found(client, "zzz")
        assert "Nobody and nothing that you may see is called so" in client.post("/search", data={"q": "zzz"}).text
        assert client.get("/search").status_code == 200


def test_what_is_looked_for_stands_in_no_address(house_with_more: House) -> None:
    with house_with_more.browser() as client:
        home = client.get("/").text
        forms = re.findall(r'<form[^>]*action="/search"[^>]*>', home)
        assert len(forms) == 2 and all('method="post"' in form for form in forms)
        answer = client.post("/search", data={"q": "ash"}, follow_redirects=False)
        assert answer.status_code == 200 and "location" not in answer.headers
        assert "Ash H" not in client.get("/search", params={"q": "ash"}).text


def test_a_mentor_finds_their_own_caseload_and_by_no_family_name(house_with_more: House) -> None:
    house = house_with_more
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(AssignMentor(id=new_id(), person_id=house.mentor, from_date=date(2026, 1, 5), **whose))
    house.runner.catch_up()
    with house.browser(house.mentor) as client:
        assert found(client, "ash") == {"Students": ["Ash H"]}
        assert found(client, "heron") == {} and found(client, "kit") == {}
        assert found(client, "ash h") == {"Students": ["Ash H"]}, "the initial is theirs to know"


def test_a_family_finds_their_child_and_nobody_who_works_here(house_with_more: House) -> None:
    house = house_with_more
    family = house.person("Rosemary", "family")
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(LinkFamily(id=new_id(), person_id=family, from_date=date(2026, 1, 5), **whose))
    house.runner.catch_up()
    with house.browser(family) as client:
        assert found(client, "ash") == {"Students": ["Ash H"]} and found(client, "kit") == {} and found(client, "juniper") == {}
        assert found(client, "audit") == {} == found(client, "who did")


def test_nobody_finds_what_is_another_settings(house_with_more: House) -> None:
    house, other = house_with_more, new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=other, name="Otherfield"))
    elsewhere: UUID = house.person("Sorrel", "leader", setting=other)
    house.runner.catch_up()
    with house.browser(elsewhere) as client:
        assert found(client, "ash") == {} and found(client, "juniper") == {} and found(client, "sor") == {"People": ["Sorrel"]}


def test_who_is_here_and_where_is_in_sight_on_every_page(house_with_more: House) -> None:
    with house_with_more.browser() as client:
        for address in ("/", "/students", "/clocks", "/me", "/search"):
            page = client.get(address).text
            assert "<small>Riverbank</small>" in page and '<span class="unseen">Juniper: my account</span>' in page, address
            assert 'id="find"' in page and 'class="log" href="/visit"' in page
        lost = client.get("/nowhere", headers={"accept": "text/html"})
        assert lost.status_code == 404 and "Juniper" not in lost.text
