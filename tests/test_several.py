"""One thing is done for several students at once: looked at student by student, and nothing before the one button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.person import DeclareConflict
from ap_ledger.domain.student import AssignMentor, EndPlacement
from ap_ledger.domain.support import GroupStudent
from ap_ledger.events.ids import new_id
from ap_ledger.events.student import MentorAssigned
from tests.house import House
from tests.test_roster_pages import fields_of

DAY = "2026-03-09"


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def asked(client: TestClient, house: House, deed: str, *students: UUID, **more: Any) -> str:
    """The page that is led to from the list, with what was filled in looked at."""
    ticked = {"setting": str(house.setting), "deed": deed, "student": [str(student) for student in students or (house.student, house.other)]}
    page = client.post("/several", data=ticked)
    assert page.status_code == 200 and "Nothing is saved yet" in page.text
    return pressed(client, page.text, "look", **{"day": DAY, **more}).text


def pressed(client: TestClient, page: str, step: str, **more: Any) -> Any:
    return client.post("/several", data={**fields_of(page), "step": step, **more})


def told(page: str) -> dict[str, str]:
    """By each student's name what happens to them, and the words beside it."""
    rows = re.findall(r'<tr class="(refused|changed|same|left-out)">(.*?)</tr>', page, re.S)
    plain = [(outcome, [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", cell)).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]) for outcome, row in rows]
    return {cells[1]: f"{outcome}: {cells[2]}" for outcome, cells in plain}


def body(house: House, student: UUID) -> Any:
    house.runner.catch_up()
    return house.reader.one("students", str(student))


def run(house: House, kind: Any, student: UUID, **fields: Any) -> None:
    house.ledger.execute(kind(id=new_id(), setting_id=house.setting, author_id=house.leader, student=student, **fields))


def leave(house: House, student: UUID, day: date) -> None:
    house.runner.catch_up()
    placement = next(each for each in house.reader.whole("placements") if each["student_id"] == str(student))
    run(house, EndPlacement, student, placement_id=UUID(placement["id"]), end=day, reason_code="finished")


def test_a_mentor_is_assigned_to_all_that_are_ticked_and_who_has_them_already_stays_as_they_are(house: House, leader: TestClient) -> None:
    run(house, AssignMentor, house.student, person_id=house.mentor, from_date=date(2026, 1, 5))
    head = house.ledger.recorder.read_head().rules_position
    page = asked(leader, house, "mentor", person=str(house.mentor))
    assert told(page) == {"Ash H": "same: Hazel mentors them since 5 Jan 2026.", "Kit O": "changed: Mentor Hazel"}
    assert house.ledger.recorder.read_head().rules_position == head, "something was written before the button"
    assert "It is saved for 1 student." in pressed(leader, page, "save").text
    assert [fact["from_date"] for fact in body(house, house.other)["mentors"]] == [DAY]
    assert len(body(house, house.student)["mentors"]) == 1


def test_pressed_twice_it_is_done_once(house: House, leader: TestClient) -> None:
    page = asked(leader, house, "group", group="Alder")
    assert "It is saved for 2 students." in pressed(leader, page, "save").text
    head = house.ledger.recorder.read_head().rules_position
    assert "Nothing was changed: what you asked for is so already." in pressed(leader, page, "save").text
    assert house.ledger.recorder.read_head().rules_position == head


def test_pressed_four_times_at_once_it_is_done_once(house: House, leader: TestClient) -> None:
    page = asked(leader, house, "mentor", person=str(house.mentor))
    with ThreadPoolExecutor(4) as pool:
        answers = [answer.text for answer in pool.map(lambda _: pressed(leader, page, "save"), range(4))]
    assert all("It is saved for 2 students." in answer or "is so already" in answer for answer in answers)
    for student in (house.student, house.other):
        assigned = house.ledger.recorder.tail_of_topics([MentorAssigned.TOPIC])
        assert len([row for row in assigned if UUID(bytes=row.originator_id) == student]) == 1


def test_a_mentors_time_ends_after_a_day_and_who_is_left_without_one_is_said(house: House, leader: TestClient) -> None:
    run(house, AssignMentor, house.student, person_id=house.mentor, from_date=date(2026, 1, 5))
    third, fourth = house.admit("Fern", "Marten"), house.admit("Wren", "Stoat")
    run(house, AssignMentor, third, person_id=house.mentor, from_date=date(2026, 1, 5), until=date(2026, 2, 27))
    run(house, AssignMentor, fourth, person_id=house.mentor, from_date=date(2026, 3, 16))
    page = asked(leader, house, "end-mentor", house.student, house.other, third, fourth, person=str(house.mentor))
    assert told(page) == {
        "Wren S": "refused: Hazel’s time begins only on 16 Mar 2026. Choose a later last day.",
        "Ash H": "changed: Hazel with no last day until 9 Mar 2026 Nobody else mentors them then.",
        "Fern M": "same: Hazel’s time ended on 27 Feb 2026.",
        "Kit O": "same: Hazel does not mentor them.",
    }
    saved = pressed(leader, page, "save").text
    assert "It is saved for 1 student." in saved and "For 1 student it was not done" in saved
    assert [(fact["from_date"], fact["until"]) for fact in body(house, house.student)["mentors"] if fact.get("until")] == [("2026-01-05", DAY)]


def test_a_group_and_a_key_worker_say_what_they_replace_and_what_takes_over_later(house: House, leader: TestClient) -> None:
    run(house, GroupStudent, house.student, group="Hazel", from_date=date(2026, 1, 5))
    run(house, GroupStudent, house.student, group="Oak", from_date=date(2026, 4, 13))
    page = asked(leader, house, "group", group="Alder")
    assert told(page) == {
        "Ash H": "changed: Group Hazel Alder From 13 Apr 2026 on it is Oak, as was said before.",
        "Kit O": "changed: Group Alder",
    }
    pressed(leader, page, "save")
    again = asked(leader, house, "group", group="")
    assert told(again)["Kit O"] == "changed: Group Alder none"
    pressed(leader, again, "save")
    assert told(asked(leader, house, "group", group=""))["Kit O"] == "same: They are in no group."
    workers = asked(leader, house, "key-worker", person=str(house.teacher))
    assert told(workers)["Ash H"] == "changed: Key worker Birch"
    pressed(leader, workers, "save")
    assert told(asked(leader, house, "key-worker", person=str(house.teacher)))["Ash H"] == "same: Birch is it already."
    assert told(asked(leader, house, "key-worker", person=""))["Ash H"] == "changed: Key worker Birch nobody"


def test_who_has_left_is_refused_with_the_day_and_taken_from_a_caseload_all_the_same(house: House, leader: TestClient) -> None:
    run(house, AssignMentor, house.student, person_id=house.mentor, from_date=date(2026, 1, 5))
    leave(house, house.student, date(2026, 2, 27))
    page = asked(leader, house, "mentor", person=str(house.leader))
    assert told(page)["Ash H"] == "refused: They left on 27 Feb 2026. Begin a placement under About them first."
    assert told(asked(leader, house, "end-mentor", person=str(house.mentor)))["Ash H"].startswith("changed")


def test_what_a_rule_refuses_is_refused_before_the_button_in_its_own_words(house: House, leader: TestClient) -> None:
    family = house.person("Larch", "family")
    page = asked(leader, house, "mentor", person=str(family))
    assert all("This person holds no staff role" in words for words in told(page).values())
    assert 'value="save"' not in page
    assert "0 students will change" in re.sub(r"\s+", " ", asked(leader, house, "group", group="Alder", day="1960-01-01"))


def test_somebody_is_left_out_and_taken_after_all(house: House, leader: TestClient) -> None:
    page = asked(leader, house, "group", group="Alder")
    page = pressed(leader, page, "", leave=str(house.student)).text
    assert told(page)["Ash H"].startswith("left-out") and "Save for 1 student" in page
    assert "Save for 2 students" in pressed(leader, page, "", take=str(house.student)).text
    pressed(leader, page, "save")
    assert not body(house, house.student).get("groups") and body(house, house.other)["groups"]


def test_all_in_the_list_as_it_is_narrowed_down_are_taken_by_one_box(house: House, leader: TestClient) -> None:
    run(house, GroupStudent, house.student, group="Hazel", from_date=date(2026, 1, 5))
    run(house, GroupStudent, house.other, group="Oak", from_date=date(2026, 1, 5))
    house.runner.catch_up()
    page = leader.get("/students?group=Hazel").text
    form = fields_of(re.sub(r'(?s)<form method="post" action="/sign-out">.*?</form>', "", page).rpartition("</form>")[0] + "</form>")
    assert form["listed"] == [str(house.student)]
    sent = {"setting": str(house.setting), "listed": form["listed"], "all": "1", "deed": "group"}
    assert "For 1 student." in leader.post("/several", data=sent).text
    none = leader.post("/several", data={"setting": str(house.setting), "listed": form["listed"], "deed": "group"})
    assert none.status_code == 422 and "Nobody is ticked" in none.text


def test_what_is_missing_is_asked_for_and_nothing_is_guessed(house: House, leader: TestClient) -> None:
    ticked = {"setting": str(house.setting), "deed": "mentor", "student": str(house.student)}
    page = leader.post("/several", data=ticked).text
    assert "Choose the mentor." in pressed(leader, page, "save", day=DAY).text
    assert "Say the day." in pressed(leader, page, "save", day="soon", person=str(house.mentor)).text
    assert leader.post("/several", data={**ticked, "deed": "erase"}).status_code == 400
    assert leader.get("/several", follow_redirects=False).headers["location"] == "/students"


def test_nobody_changes_a_record_that_is_closed_to_them_or_of_another_setting(house: House, leader: TestClient) -> None:
    conflict = {"setting_id": house.setting, "person_id": house.leader, "conflicted_student": house.student, "author_id": house.teacher}
    house.ledger.execute(DeclareConflict(id=new_id(), reason_code="own-child", **conflict))
    page = asked(leader, house, "group", group="Alder")
    assert set(told(page)) == {"Kit O"}
    with house.browser(house.mentor) as mentor:
        assert 'name="student"' not in mentor.get("/students").text
