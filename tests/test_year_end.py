"""The end of a school year: who may leave is proposed and ended by one button, who goes on is told, and nothing is copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.patterns import half_terms, school_year_of
from ap_ledger.domain.placement import ChangePlacement
from ap_ledger.domain.school_years import span_in_words, year_group, year_in_words
from ap_ledger.domain.setting import SetCalendar
from ap_ledger.domain.student import AssignMentor, IdentifyStudent
from ap_ledger.events.ids import new_id
from ap_ledger.several.year_end import year_of
from tests.house import House
from tests.test_roster_pages import fields_of


@pytest.mark.parametrize(
    ("born", "year", "group"),
    [
        (date(2010, 9, 1), 2026, "Year 11"),
        (date(2011, 8, 31), 2026, "Year 11"),
        (date(2011, 9, 1), 2026, "Year 10"),
        (date(2010, 8, 31), 2026, "Year 12"),
        (date(2022, 8, 31), 2026, "Reception"),
        (date(2022, 9, 1), 2026, ""),
        (date(2000, 1, 1), 2026, ""),
    ],
)
def test_a_school_year_goes_by_the_birth_date_and_begins_in_september(born: date, year: int, group: str) -> None:
    assert year_in_words(year_group(born, year)) == group
    assert year_group(born, year + 1) == year_group(born, year) + 1
    assert span_in_words(2099) == "2099/00"


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    house.clock.now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    with house.browser() as client:
        yield client


def say(house: House, kind: Any, student: UUID, **fields: Any) -> None:
    house.ledger.execute(kind(id=new_id(), setting_id=house.setting, author_id=house.leader, student=student, **fields))


def born(house: House, student: UUID, day: date) -> None:
    say(house, IdentifyStudent, student, date_of_birth=day)


def placement_of(house: House, student: UUID) -> Any:
    house.runner.catch_up()
    return next(each for each in house.reader.whole("placements") if each["student_id"] == str(student))


def opened(house: House, client: TestClient, address: str = "/end-of-year") -> str:
    house.runner.catch_up()
    page = client.get(address)
    assert page.status_code == 200
    return page.text


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def proposed(page: str) -> dict[str, tuple[bool, str, str]]:
    """By name: whether it is ticked, the last day, and everything that the row says."""
    rows = re.findall(r"<tr[^>]*>\s*<td class=\"tick\">.*?</tr>", page, re.S)
    return {
        re.search(r'aria-label="([^"]+)"', row)[1]: ("checked" in row, re.search(r'name="last-[^"]+"\s+value="([^"]+)"', row)[1], plain(row).strip())  # type: ignore[index]
        for row in rows
    }


def pressed(client: TestClient, page: str, *students: UUID, **more: str) -> str:
    fields = {**fields_of(page), "student": [str(student) for student in students], **more}
    answer = client.post("/end-of-year", data=fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_who_finishes_year_11_and_who_was_planned_until_then_are_proposed_and_all_others_go_on(house: House, leader: TestClient) -> None:
    third, fourth = house.admit("Fern", "Marten"), house.admit("Wren", "Stoat")
    born(house, house.student, date(2010, 3, 14))
    born(house, third, date(2012, 3, 14))
    born(house, fourth, date(2008, 3, 14))
    placement = placement_of(house, house.other)
    say(house, ChangePlacement, house.other, placement_id=UUID(placement["id"]), planned_end=date(2026, 7, 3))
    head = house.ledger.recorder.read_head().rules_position
    page = opened(house, leader)
    told = proposed(page)
    assert {name: row[:2] for name, row in told.items()} == {"Ash H": (True, "2026-07-24"), "Kit O": (True, "2026-07-03"), "Wren S": (False, "2026-07-24")}
    assert "They finish Year 11" in told["Ash H"][2] and "Planned until 3 Jul 2026" in told["Kit O"][2] and "Past Year 11" in told["Wren S"][2]
    assert "Year 9 to Year 10: 1 student" in plain(page)
    assert house.ledger.recorder.read_head().rules_position == head, "looking wrote something"


def test_what_is_ticked_ends_with_where_they_go_and_the_time_of_their_mentors_and_pressed_twice_it_ends_once(house: House, leader: TestClient) -> None:
    born(house, house.student, date(2010, 3, 14))
    say(house, AssignMentor, house.student, person_id=house.mentor, from_date=date(2026, 1, 5))
    page = opened(house, leader)
    assert "Mentored by Hazel" in proposed(page)["Ash H"][2]
    more = {f"last-{house.student}": "2026-07-10", f"to-{house.student}": "college"}
    assert "The last day is put down for 1 student: Ash H." in plain(pressed(leader, page, house.student, **more))
    placement = placement_of(house, house.student)
    assert (placement["end"], placement["reason_code"], placement["destination"]) == ("2026-07-10", "finished", "college")
    mentors = house.reader.one("students", str(house.student))["mentors"]  # type: ignore[index]
    assert [fact["until"] for fact in mentors if fact.get("until")] == ["2026-07-10"]
    head = house.ledger.recorder.read_head().rules_position
    assert "Nothing was changed" in pressed(leader, page, house.student, **more)
    assert house.ledger.recorder.read_head().rules_position == head
    assert placement_of(house, house.other)["end"] is None


def test_who_is_refused_is_named_and_holds_up_nobody(house: House, leader: TestClient) -> None:
    born(house, house.student, date(2010, 3, 14))
    born(house, house.other, date(2010, 3, 14))
    third = house.admit("Fern", "Marten")
    born(house, third, date(2010, 3, 14))
    page = opened(house, leader)
    said = {f"last-{house.student}": "2025-07-10", f"last-{third}": ""}
    answer = plain(pressed(leader, page, house.student, house.other, third, **said))
    assert "The last day is put down for 1 student: Kit O." in answer and "For 2 students it was not done" in answer
    assert "Fern M : Say their last day." in answer and "Ash H : This lies before the first day." in answer


def test_mentors_keep_their_time_where_that_is_wanted(house: House, leader: TestClient) -> None:
    born(house, house.student, date(2010, 3, 14))
    say(house, AssignMentor, house.student, person_id=house.mentor, from_date=date(2026, 1, 5))
    pressed(leader, opened(house, leader), house.student, with_mentors="")
    assert placement_of(house, house.student)["end"] == "2026-07-24"
    assert not any(fact.get("until") for fact in house.reader.one("students", str(house.student))["mentors"])  # type: ignore[index]


def test_what_the_coming_year_lacks_is_said_with_the_way_to_it(house: House, leader: TestClient) -> None:
    page = opened(house, leader)
    assert "No half-term of it is set yet" in page and "/calendra?".replace("ra", "ar") in page and "year=2026" in page
    assert "Some are held then." in plain(page)
    assert "Everybody who goes on has one." in page and "No birth date is known" in plain(page)
    house.ledger.execute(SetCalendar(id=new_id(), setting_id=house.setting, from_date=date(2026, 6, 1), terms=half_terms(2026)))
    assert "They are set." in opened(house, leader)


def test_the_year_is_that_of_the_settings_own_half_terms_and_the_one_before_can_be_looked_at(house: House, leader: TestClient) -> None:
    summer = half_terms(2025)[5].model_copy(update={"last": date(2026, 7, 17)})
    for terms, last in ((half_terms(2025)[:5], "Fri 24 Jul 2026"), ((*half_terms(2025)[:5], summer), "Fri 17 Jul 2026")):
        day = date(2026, 1, 1 + len(terms))
        house.ledger.execute(SetCalendar(id=new_id(), setting_id=house.setting, from_date=day, terms=terms))
        assert f"Its last day is {last}" in plain(opened(house, leader)), "half-terms that are not all set yet tell no end"
    page = plain(opened(house, leader))
    assert "The end of the year 2025/26" in page and "The year 2024/25" in page
    assert "The end of the year 2024/25" in plain(opened(house, leader, "/end-of-year?year=2024"))
    assert "The end of the year 2025/26" in plain(opened(house, leader, "/end-of-year?year=1600"))
    house.clock.now = datetime(2026, 8, 20, 9, tzinfo=UTC)
    assert school_year_of(date(2026, 8, 20)) == 2026
    with house.browser() as later:
        assert "The end of the year 2025/26" in plain(opened(house, later)), "in August the year that has just ended is seen to"
    setting = house.reader.whole("settings")[0]
    assert year_of(setting, 2060).last == date(2061, 7, 31), "no holidays of that year are known"


@pytest.mark.parametrize("year", ["x", "", "1066", "9" * 5000])
def test_a_year_that_is_none_is_the_usual_one(house: House, leader: TestClient, year: str) -> None:
    born(house, house.student, date(2010, 3, 14))
    pressed(leader, opened(house, leader), house.student, year=year)
    assert placement_of(house, house.student)["end"] == "2026-07-24"
