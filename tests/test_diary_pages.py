"""The whole diary of a student: narrowed down, searched, and back to its first day."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.students import diary_pages
from tests.house import MONDAY, House


def headings(page: str) -> list[str]:
    """The days that a page of the diary tells of."""
    return re.findall(r"<h3[^>]*>([^<]+)</h3>", page[page.index('id="days"') :])


def lines(page: str) -> list[str]:
    """What each line says."""
    told = page[page.index('id="days"') :]
    return [" ".join(words.split()) for words in re.findall(r'<a class="entry"[^>]*>([^<]+)</a', told)]


def fields(form: str) -> dict[str, str]:
    return dict(re.findall(r'<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', form))


def earlier(client: TestClient, address: str, page: str) -> str | None:
    """The page behind *Earlier days*; None where there is none."""
    form = re.search(r"<form[^>]*data-earlier[^>]*>(.*?)</form>", page, re.S)
    if form is None:
        return None
    posted = 'method="post"' in form[0]
    answer = client.post(address, data=fields(form[1])) if posted else client.get(address, params=fields(form[1]))
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def long_ago(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A student with a note each week for more than a year, two of them on one day in the middle."""
    monkeypatch.setattr(diary_pages, "AT_ONCE", 12)
    monkeypatch.setattr(diary_pages, "ENOUGH", 8)
    monkeypatch.setattr(diary_pages, "READ_AT_MOST", 24)
    house.clock.now = MONDAY + timedelta(weeks=60)
    notes = [house.note(text=f"week {week}", at=MONDAY + timedelta(weeks=week)) for week in range(60)]
    notes += [house.note(text="the kite", at=MONDAY + timedelta(weeks=3, hours=1)), house.rung("goes-out", at=MONDAY + timedelta(weeks=30))]
    assert {result.status for result in house.record(*notes)} == {"recorded"}
    house.runner.catch_up()
    return house


def test_earlier_days_lead_back_to_the_first_and_nothing_is_told_twice_or_left_out(long_ago: House) -> None:
    address = f"/students/{long_ago.student}/diary"
    with long_ago.browser() as leader:
        page: str | None = leader.get(address).text
        told, days = [], []
        while page is not None:
            told += lines(page)
            days += headings(page)
            last, page = page, earlier(leader, address, page)
    assert len(told) == 62 and len(set(told)) == 62 and len(days) == len(set(days)) == 60
    assert told[0] == "week 59" and set(told[-4:]) <= {"week 0", "week 1", "week 2", "the kite", "week 3"} and "That is the beginning." in last


def test_an_entry_of_last_year_is_found_in_two_steps(long_ago: House) -> None:
    address = f"/students/{long_ago.student}/diary"
    with long_ago.browser() as leader:
        page = leader.get(address).text
        months = re.findall(r'<option\s+value="([\d-]+)"[^>]*>\s*([^<]+?)\s*</option>', page)
        (march,) = [value for value, words in months if words.startswith("March 2026")]
        told = lines(leader.get(address, params={"to": march}).text)
    assert march == "2026-03-31" and told[0] == "week 4" and "the kite" in told


def test_words_are_looked_for_as_far_as_they_may_be_read_and_stand_in_no_address(long_ago: House) -> None:
    address = f"/students/{long_ago.student}/diary"
    with long_ago.browser() as leader:
        page: str | None = leader.post(address, data={"q": "KITE"}).text
        assert lines(page or "") == [] and "Nothing of it since" in (page or ""), "whoever looks for something rare is asked to go on"
        pages = [page]
        while page is not None and not lines(page):
            page = earlier(leader, address, page)
            pages.append(page)
        assert lines(page or "") == ["the kite"] and not any("q=" in (each or "") for each in pages)
        assert leader.post(address, data={"q": "no such words", "to": "2026-04-01"}).text.count("Nothing of it was found.") == 1
    mentor = long_ago.mentor
    with long_ago.browser(mentor) as client:
        assert client.get(address).status_code in (200, 403)
        assert "the kite" not in client.post(address, data={"q": "kite", "to": "2026-04-01"}).text, "a mentor reads the words of fourteen days"


def test_a_diary_is_narrowed_down_by_kind_author_and_framework(long_ago: House) -> None:
    address = f"/students/{long_ago.student}/diary"
    with long_ago.browser() as leader:
        page = leader.get(address).text
        assert re.findall(r'<label for="(\w+)">', page) == ["to", "kind", "author", "q"]
        assert lines(leader.get(address, params={"kind": "rung-reached"}).text) == ["Goes out with the mentor"]
        framework = leader.get(address, params={"framework": "default-ladder", "to": "2026-12-31"}).text
        assert lines(framework) == ["Goes out with the mentor"]
        assert lines(leader.get(address, params={"author": str(long_ago.mentor)}).text)[0] == "week 59"
        assert lines(leader.get(address, params={"author": str(long_ago.leader), "to": "2026-04-01"}).text) == []


def test_the_diary_stands_at_what_was_known_then(long_ago: House) -> None:
    with long_ago.browser() as leader:
        page = leader.get(f"/students/{long_ago.student}/diary", params={"known": "2026-01-01"}).text
    assert lines(page) == [] and "As it was known on" in page
