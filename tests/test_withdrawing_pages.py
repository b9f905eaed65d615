"""What was said of a student from a day on is withdrawn beside where it stands; their own goals are put down on *About them*."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.placement import CommissionSessions
from ap_ledger.domain.student import AssignKeyWorker, AssignMentor, ExpectStudent
from ap_ledger.domain.support import GroupStudent, NoteConsent, NoteContacts, NoteNeeds
from ap_ledger.events.student import Contact, ExpectedDay
from ap_ledger.recording.ledger import new_id
from tests.browsing import Place, axe
from tests.house import House
from tests.test_roster_pages import fields_of
from tests.test_setting_up import form_of, opened, send

LATER = date(2026, 3, 2)


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def student_of(house: House) -> dict[str, Any]:
    house.runner.catch_up()
    return house.reader.student_and_setting(house.student)[0]  # type: ignore[return-value]


def say(house: House, fact: str) -> None:
    """Says one of each kind, from Monday on."""
    placement = next(UUID(one["id"]) for one in house.reader.whole("placements") if one["student_id"] == str(house.student))
    whose = {"id": new_id(), "setting_id": house.setting, "student": house.student, "from_date": LATER}
    house.ledger.execute(
        {
            "student-expected": lambda: ExpectStudent(days=(ExpectedDay(weekday=1, slots=("lesson",)),), **whose),
            "student-grouped": lambda: GroupStudent(group="willow", **whose),
            "key-worker-assigned": lambda: AssignKeyWorker(person_id=house.teacher, **whose),
            "mentor-assigned": lambda: AssignMentor(person_id=house.mentor, **whose),
            "student-needs-noted": lambda: NoteNeeds(needs=("SEMH",), **whose),
            "sessions-commissioned": lambda: CommissionSessions(placement_id=placement, sessions_a_week=4, hours_a_week=10.0, **whose),
            "student-contacts-noted": lambda: NoteContacts(contacts=(Contact(name="Wren", relation="mother", call="first", phone="01632 960001"),), **whose),
            "consent-noted": lambda: NoteConsent(consent="trips", agreed=True, **whose),
        }[fact]()
    )


BODIES = {
    "student-expected": "expected", "student-grouped": "groups", "key-worker-assigned": "key_workers", "mentor-assigned": "mentors",
    "student-needs-noted": "needs", "student-contacts-noted": "contacts", "consent-noted": "consents", "sessions-commissioned": "",
}  # fmt: skip


def kept(house: House, fact: str) -> list[Any]:
    if BODIES[fact]:
        return list(student_of(house).get(BODIES[fact], []))
    house.runner.catch_up()
    return [bought for one in house.reader.whole("placements") if one["student_id"] == str(house.student) for bought in one["commissioned"]]


@pytest.mark.parametrize("fact", BODIES)
def test_what_was_said_of_a_student_is_withdrawn_beside_where_it_stands(house: House, leader: TestClient, fact: str) -> None:
    before = kept(house, fact)
    say(house, fact)
    house.runner.catch_up()
    page = opened(leader, f"/students/{house.student}/{'contacts' if fact in ('student-contacts-noted', 'consent-noted') else 'about'}")
    addresses = [found.replace("&amp;", "&") for found in re.findall(r'href="(/students/[^"]+/withdraw[^"]+)"', page)]
    address = next(found for found in addresses if fact in found and "2026-03-02" in found)
    asked = opened(leader, address)
    assert ("will hold on instead" if before else "nothing of this kind will hold") in asked
    fields = {**form_of(asked, fact), "reason_code": "entered-by-mistake"}
    path = f"/students/{house.student}/withdraw"
    assert leader.post(path, data=fields).status_code == 422 and len(kept(house, fact)) == len(before) + 1
    assert "It is withdrawn" in send(leader, path, **fields, sure="1")
    assert kept(house, fact) == before
    # A second press is the same command, and does nothing more.
    assert "It is withdrawn" in send(leader, path, **fields, sure="1")


def test_one_mentor_of_two_is_withdrawn_and_the_other_stays(house: House, leader: TestClient) -> None:
    for person in (house.mentor, house.teacher):
        whose = {"setting_id": house.setting, "student": house.student, "from_date": LATER}
        house.ledger.execute(AssignMentor(id=new_id(), person_id=person, **whose))
    house.runner.catch_up()
    page = opened(leader, f"/students/{house.student}/about")
    assert "Hazel" in page
    asked = opened(leader, f"/students/{house.student}/withdraw?fact=mentor-assigned&from=2026-03-02&of={house.mentor}")
    send(leader, f"/students/{house.student}/withdraw", **form_of(asked, "mentor-assigned"), reason_code="wrong-one", sure="1")
    assert [mentor["person_id"] for mentor in student_of(house)["mentors"]] == [str(house.teacher)]


@pytest.mark.parametrize("query", ["fact=moon&from=2026-03-02", "fact=student-grouped&from=2026-03-02", "fact=mentor-assigned&from=2026-03-02&of=nobody", ""])
def test_what_was_never_said_of_a_student_cannot_be_withdrawn(house: House, leader: TestClient, query: str) -> None:
    assert leader.get(f"/students/{house.student}/withdraw?{query}").status_code == 404


# Goals ----------------------------------------------------------------------------------------------------------------


def goals(house: House) -> dict[str, str]:
    from projections.queries.own_words import own_labels

    return own_labels(house.reader, [student_of(house)])[str(house.student)].get("personal-goal", {})  # type: ignore[list-item]


def save(client: TestClient, house: House, **labels: str) -> str:
    address = f"/students/{house.student}/about"
    fields = form_of(opened(client, address), "goals")
    typed = {f"goal-{number.removeprefix('n')}-label": words for number, words in labels.items()}
    return send(client, address, **{**fields, **typed})


def test_a_students_own_goals_are_put_down_in_their_words_and_a_number_is_never_given_twice(house: House, leader: TestClient) -> None:
    page = save(leader, house, n0="Ride the bus alone", n1="Sleep before ten")
    assert "Their goals are put down" in page and goals(house) == {"goal.1": "Ride the bus alone", "goal.2": "Sleep before ten"}
    save(leader, house, n0="Ride the bus alone", n1="", n2="Cook for Nan")
    assert goals(house) == {"goal.1": "Ride the bus alone", "goal.3": "Cook for Nan"}
    page = opened(leader, f"/students/{house.student}/about")
    assert 'value="Cook for Nan"' in page and "Sleep before ten" not in page


def test_a_slip_in_a_goal_is_said_and_what_was_typed_stays(house: House, leader: TestClient) -> None:
    address = f"/students/{house.student}/about"
    fields = {**form_of(opened(leader, address), "goals"), "goal-0-label": "Ride a bike", "definition": "moon@1"}
    answer = leader.post(address, data=fields)
    assert answer.status_code == 422 and "No definition with this id" in answer.text and 'value="Ride a bike"' in answer.text


def test_where_the_learning_record_was_erased_there_are_no_goals_to_put_down(house: House, leader: TestClient) -> None:
    house.shred("learning")
    house.runner.catch_up()
    assert "Their own goals" not in opened(leader, f"/students/{house.student}/about")


@pytest.mark.browser
def test_the_pages_can_be_read_on_a_phone_and_a_desk(place: Place, browsers: Callable[..., Any]) -> None:
    student = place.story.children[0].id
    for width, scheme in ((390, "light"), (1280, "dark")):
        context = browsers(place.story.others["leader"], None, viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{place.chaos.url}/students/{student}/about")
        for one in page.query_selector_all("details.said > summary"):
            one.click()
        axe(page, f"about them at {width}, {scheme}")
        page.locator("details.said a").first.click()
        assert "Withdraw what was said" in page.inner_text("h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        axe(page, f"withdrawing at {width}, {scheme}")
        for address in ("/conflicts", "/setting", "/calendar"):
            page.goto(place.chaos.url + address)
            axe(page, f"{address} at {width}, {scheme}")


def test_a_goal_of_a_definition_with_a_version_that_is_none_is_refused_in_a_sentence(house: House) -> None:
    with house.browser() as leader:
        page = leader.get(f"/students/{house.student}/about").text
        form = next(form for form in re.findall(r'<form method="post".*?</form>', page, re.S) if "goal-0-label" in form)
        fields = fields_of(form)
        answer = leader.post(f"/students/{house.student}/about", data={**fields, "definition": "personal-goal@" + "9" * 5000})
        assert answer.status_code == 422 and "lacks its definition" in answer.text


def test_whoever_is_second_to_withdraw_something_is_told_that_nothing_holds_any_more(house: House) -> None:
    assign = AssignMentor(
        id=new_id(), setting_id=house.setting, author_id=house.leader, student=house.student, person_id=house.mentor, from_date=date(2026, 1, 5)
    )
    house.ledger.execute(assign)
    house.runner.catch_up()
    address = f"/students/{house.student}/withdraw"
    with house.browser() as leader:
        asked = leader.get(address, params={"fact": "mentor-assigned", "of": str(house.mentor), "from": "2026-01-05"}).text
        sent = {**form_of(asked, "mentor-assigned"), "reason_code": "wrong-one", "sure": "1"}
        assert leader.post(address, data=sent, follow_redirects=False).status_code == 303
        house.runner.catch_up()
        second = leader.post(address, data={**sent, "command": str(new_id())}, headers={"accept": "text/html"})
        assert second.status_code == 422 and "Nothing of this kind holds from that date" in second.text


def test_goals_pressed_twice_are_put_down_once_and_take_no_goal_away_that_somebody_else_said_meanwhile(house: House) -> None:
    address = f"/students/{house.student}/about"
    with house.browser() as leader, house.browser(house.teacher) as teacher:
        first = form_of(opened(leader, address), "goals")
        stale = {**first, "command": str(new_id()), "form": str(new_id())}
        said = {**first, "goal-0-label": "Ride the bus alone"}
        assert leader.post(address, data=said, follow_redirects=False).status_code == 303
        house.runner.catch_up()
        assert leader.post(address, data=said, follow_redirects=False).status_code == 303, "a form that is pressed twice does nothing more"
        teacher.post(address, data={**stale, "goal-0-label": "Cook for Nan"})
        house.runner.catch_up()
        assert "Ride the bus alone" in goals(house).values(), "what somebody else said meanwhile is gone without a word"
