"""A leader admits a student on one page; what cannot be is refused in a sentence, and loses nothing that was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.domain.student import EndPlacement
from ap_ledger.recording.ledger import new_id
from tests.house import House

FILLED = {
    "given_name": "Fern", "family_name": "Heron", "known_as": "Fizz", "date_of_birth": "2012-05-04", "start": "2026-03-02",
    "purpose": "reintegration", "sessions": "5", "hours": "12.5", "group": "Hazel", "day-1": "1", "day-3": "1",
}  # fmt: skip


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def empty_form(client: TestClient) -> dict[str, str]:
    """The hidden fields of a form as it was opened."""
    page = client.get("/admit")
    assert page.status_code == 200
    return dict(re.findall(r'name="(setting|command|form)"\s+value="([^"]+)"', page.text))


def students(house: House) -> dict[str, Any]:
    house.runner.catch_up()
    return {body["id"]: body for body in house.reader.whole("students")}


def test_everything_filled_in_on_one_page_holds_from_the_first_day(house: House, leader: TestClient) -> None:
    council = new_id()
    house.ledger.execute(
        AddCommissioner(id=new_id(), setting_id=house.setting, author_id=house.leader, commissioner_id=council, name="Marsh Council", kind="local-authority")
    )
    beside = {"mentor": str(house.mentor), "key_worker": str(house.teacher), "commissioner": str(council)}
    answer = leader.post("/admit", data={**empty_form(leader), **FILLED, **beside})
    assert answer.status_code == 200 and "Fizz" in answer.text, answer.text
    body = students(house)[str(answer.url).rpartition("/")[2].partition("?")[0]]
    assert (body["given_name"], body["family_name"], body["known_as"]) == ("Fern", "Heron", "Fizz")
    assert body["date_of_birth"] == "2012-05-04" and body["admitted_on"] == "2026-03-02"
    placement = next(one for one in house.reader.whole("placements") if one["student_id"] == body["id"])
    assert (placement["start"], placement["commissioner_id"], placement["purpose"]) == ("2026-03-02", str(council), "reintegration")
    assert [(one["sessions_a_week"], one["hours_a_week"]) for one in placement["commissioned"]] == [(5, 12.5)]
    child = house.ledger.states.child(UUID(body["id"]))
    assert child is not None and house.mentor in child.caseload_on(date(2026, 3, 2))


def test_a_week_from_before_there_were_slots_begins_with_them_and_it_is_told(house: House, leader: TestClient) -> None:
    early = {**FILLED, "start": "2025-12-01"}
    assert re.search(r'id="week-later"\s+data-slots-begin="2026-01-01"\s+hidden', leader.get("/admit").text), "today there are slots"
    answer = leader.post("/admit", data={**empty_form(leader), **early})
    assert answer.status_code == 200 and "Their week begins on Thu 1 Jan 2026, when the slots of the day begin." in answer.text, answer.text
    student = str(answer.url).rpartition("/")[2].partition("?")[0]
    (week,) = students(house)[student]["expected"]
    assert (week["from_date"], [day["weekday"] for day in week["days"]]) == ("2026-01-01", [1, 3])
    assert "Their week begins" not in leader.get(f"/students/{student}").text
    assert "Their week begins" not in leader.post("/admit", data={**empty_form(leader), **FILLED, "given_name": "Moss"}).text


def test_a_day_on_which_no_slot_is_held_is_said_and_never_dropped(house: House, leader: TestClient) -> None:
    form, before = empty_form(leader), len(students(house))
    answer = leader.post("/admit", data={**form, **FILLED, "day-6": "1"})
    assert answer.status_code == 422 and "no slot is held when their week begins" in answer.text and len(students(house)) == before
    assert 'name="day-1"' in answer.text and 'name="day-6"' not in answer.text


def test_names_and_a_first_day_are_enough(house: House, leader: TestClient) -> None:
    least = {name: FILLED[name] for name in ("given_name", "family_name", "start")}
    before = len(students(house))
    assert leader.post("/admit", data={**empty_form(leader), **least}).status_code == 200
    assert len(students(house)) == before + 1


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [("start", "2031-01-01", "ahead"), ("date_of_birth", "yesterday", "date"), ("sessions", "five", "Sessions"), ("upn", "A823432104009", "UPN")],
)
def test_a_slip_is_said_and_nothing_typed_is_lost(house: House, leader: TestClient, name: str, wrong: str, told: str) -> None:
    form, before = empty_form(leader), len(students(house))
    answer = leader.post("/admit", data={**form, **FILLED, name: wrong})
    assert answer.status_code == 422 and told in re.search(r'role="alert">([^<]+)', answer.text)[1], answer.text
    assert all(f'value="{FILLED[kept]}"' in answer.text for kept in ("given_name", "family_name", "group") if kept != name)
    assert len(students(house)) == before, "a slip in one field left something half done"
    assert leader.post("/admit", data={**form, **FILLED}).status_code == 200
    assert len(students(house)) == before + 1


def test_sending_the_form_twice_admits_one_student(house: House, leader: TestClient) -> None:
    form, before = empty_form(leader), len(students(house))
    for _ in range(2):
        assert leader.post("/admit", data={**form, **FILLED}).status_code == 200
    assert len(students(house)) == before + 1


def test_the_page_shows_what_could_not_be_done_where_the_first_part_was(house: House, leader: TestClient) -> None:
    form, before = empty_form(leader), len(students(house))
    stranger = {"mentor": form["form"]}
    answer = leader.post("/admit", data={**form, **FILLED, **stranger})
    assert answer.status_code == 422 and "person" in answer.text
    # Sent again with what was put right, it is the same student.
    assert leader.post("/admit", data={**form, **FILLED, "mentor": str(house.mentor), "known_as": "Fern"}).status_code == 200
    assert len(students(house)) == before + 1


MAYA = {"given_name": "Maya", "family_name": "Quill", "date_of_birth": "2012-02-29", "start": "2026-03-02"}


def test_somebody_like_them_is_shown_before_anything_is_saved(house: House, leader: TestClient) -> None:
    assert leader.post("/admit", data={**empty_form(leader), **MAYA}).status_code == 200
    form, before = empty_form(leader), len(students(house))
    answer = leader.post("/admit", data={**form, **MAYA, "given_name": "MÁYA"})
    assert answer.status_code == 409 and len(students(house)) == before
    told = " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
    assert "Maya Quill, born Wed 29 Feb 2012, is here now." in told and "open their record" in told
    assert 'value="MÁYA"' in answer.text, "nothing typed is lost"
    assert leader.post("/admit", data={**form, **MAYA, "given_name": "MÁYA", "another": "1"}).status_code == 200
    assert len(students(house)) == before + 1


def test_it_is_looked_for_while_somebody_types_and_only_by_whoever_manages_students(house: House, leader: TestClient) -> None:
    leader.post("/admit", data={**empty_form(leader), **MAYA})
    house.runner.catch_up()
    form = empty_form(leader)
    assert "Maya Quill" in leader.post("/admit/alike", data={**form, **MAYA}).text
    for near in ({"given_name": "May"}, {"date_of_birth": ""}):
        assert "Maya Quill" in leader.post("/admit/alike", data={**form, **MAYA, **near}).text, "a person looks, so whoever is near is shown"
    for other in ({"given_name": "Zoe"}, {"date_of_birth": "2012-03-01"}, {"date_of_birth": "29 Feb"}, {"family_name": ""}):
        assert "Quill" not in leader.post("/admit/alike", data={**form, **MAYA, **other}).text
    with house.browser(house.teacher) as teacher:
        assert teacher.post("/admit/alike", data={**form, **MAYA}).status_code == 403


def test_whoever_left_says_when_and_is_brought_back(house: House, leader: TestClient) -> None:
    answer = leader.post("/admit", data={**empty_form(leader), **MAYA})
    student = str(answer.url).rpartition("/")[2].partition("?")[0]
    house.runner.catch_up()
    placement = next(UUID(one["id"]) for one in house.reader.whole("placements") if one["student_id"] == student)
    whose = {"setting_id": house.setting, "student": UUID(student), "author_id": house.leader}
    house.ledger.execute(EndPlacement(id=new_id(), placement_id=placement, end=date(2026, 3, 4), reason_code="finished", **whose))
    house.runner.catch_up()
    told = leader.post("/admit/alike", data={**empty_form(leader), **MAYA}).text
    assert "left on Wed 4 Mar 2026" in told and "bring back" in told and f"/students/{student}/about" in told


def test_needs_may_be_said_at_once(house: House, leader: TestClient) -> None:
    answer = leader.post("/admit", data={**empty_form(leader), **FILLED, "need-0": "SEMH", "need-1": "SLCN"})
    assert answer.status_code == 200 and "Speech, language and communication" in answer.text
