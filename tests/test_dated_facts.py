"""What holds from a date on: one mechanism for calendars, timetables, key workers, mentors, groups and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ap_ledger.application.ledger import new_id
from ap_ledger.domain.commands import read_command
from ap_ledger.events.dated import in_force, spans, standing
from projections.instruments import half_terms
from projections.reading import Body, group_of, key_worker_of
from tests.house import House

TODAY = date(2026, 11, 27)


@pytest.fixture
def place(make_house: Any) -> Iterator[House]:
    house: House = make_house()
    house.clock.now = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # type: ignore[attr-defined]
    yield house


def give(house: House, command: str, **fields: Any) -> Any:
    """Gives a command in the leader's name, as a program would send it."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    return house.ledger.execute(read_command({**about, **fields}))


def give_student(house: House, command: str, **fields: Any) -> Any:
    """Gives a command about the house's student."""
    return give(house, command, student=str(house.student), **fields)


def registered(house: House, kind: str, key: UUID) -> Body:
    """What the read model says of something now."""
    house.runner.catch_up()
    found = house.reader.one(kind, str(key))
    assert found is not None
    return found


def test_the_latest_from_date_is_in_force_and_of_two_from_the_same_date_the_one_recorded_last() -> None:
    held = [{"from_date": "2026-03-01", "n": 1}, {"from_date": "2026-03-09", "n": 2}, {"from_date": "2026-03-01", "n": 3}]
    found = [in_force(held, day) for day in ("2026-02-28", "2026-03-08", date(2026, 3, 9))]
    assert [one and one["n"] for one in found] == [None, 3, 2]


def test_a_correction_names_the_date_that_was_wrong_and_what_stood_there_counts_no_more() -> None:
    held = [{"from_date": "2026-09-01", "n": 1}, {"from_date": "2026-11-01", "n": 2}]
    corrected = [*held, {"from_date": "2026-10-01", "corrects": "2026-11-01", "n": 3}]
    assert [one["n"] for one in standing(corrected)] == [1, 3]
    assert [(one["n"], until) for one, _, until in spans(corrected)] == [(1, "2026-10-01"), (3, "9999")]


def test_a_calendar_corrected_after_next_years_was_entered_leaves_next_years_terms_alone(place: House) -> None:
    autumn = {"first": "2026-09-07", "last": "2026-10-23", "label": "A1"}
    slip, right = ({"first": "2026-11-02", "last": last, "label": "A2"} for last in ("2026-12-18", "2026-12-17"))
    next_year = {"first": "2027-09-06", "last": "2027-10-22", "label": "A1"}
    give(place, "set-calendar", from_date="2026-09-01", terms=[autumn, slip])
    give(place, "set-calendar", from_date="2027-09-01", terms=[next_year])
    give(place, "set-calendar", from_date="2026-09-01", terms=[autumn, right])
    held = half_terms(registered(place, "settings", place.setting))
    assert [one.last.isoformat() for one in held] == ["2026-10-23", "2026-12-17", "2027-10-22"]


def test_the_key_worker_is_whoever_was_assigned_from_the_latest_date_whatever_was_recorded_last(place: House) -> None:
    give_student(place, "assign-key-worker", person_id=str(place.teacher), from_date="2026-10-01")
    give_student(place, "assign-key-worker", person_id=str(place.mentor), from_date="2026-09-01")
    student = registered(place, "students", place.student)
    for day, worker in ((date(2026, 9, 15), place.mentor), (TODAY, place.teacher)):
        assert key_worker_of(student, day) == str(worker)
        assert place.ledger.world.student(place.student).caseload_on(day) == {worker}  # type: ignore[union-attr]


def test_a_key_worker_assigned_from_a_wrong_date_is_put_right_by_naming_that_date(place: House) -> None:
    give_student(place, "assign-key-worker", person_id=str(place.teacher), from_date="2026-10-01")
    give_student(place, "assign-key-worker", person_id=str(place.mentor), from_date="2026-09-01", corrects="2026-10-01")
    assert key_worker_of(registered(place, "students", place.student), TODAY) == str(place.mentor)
    assert place.ledger.standing.student(place.student).relations().caseload == {place.mentor}


def test_a_link_to_the_family_that_begins_later_waits_for_its_day(place: House) -> None:
    carer = place.person("Rosemary", "family")
    give_student(place, "link-family", person_id=str(carer), from_date="2026-12-01")
    assert place.ledger.standing.student(place.student).relations().family == {}
    place.clock.now += timedelta(days=7)
    assert set(place.ledger.standing.student(place.student).relations().family) == {carer}
    give_student(place, "unlink-family", person_id=str(carer))
    assert place.ledger.standing.student(place.student).relations().family == {}


def test_a_group_ends_from_a_date_on_where_none_is_named(place: House) -> None:
    give_student(place, "group-student", from_date="2026-09-01", group="oak")
    give_student(place, "group-student", from_date="2026-11-01")
    student = registered(place, "students", place.student)
    assert [group_of(student, day) for day in (date(2026, 10, 1), TODAY)] == ["oak", None]
