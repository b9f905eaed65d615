"""Whom a setting expects on a day: one function, and every page, phone, register and pack goes by it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.cli import recompute
from ap_ledger.domain.commands import read_command
from ap_ledger.recording.ledger import new_id
from projections.queries.expected import Expectations, is_open
from projections.queries.periods import student_period
from projections.queries.relations import known_of
from reports.columns import COLUMNS
from tests.house import House
from tests.slow_path import Audit

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
TERMS = ({"first": "2026-09-01", "last": "2026-10-23", "label": "Autumn 1"}, {"first": "2026-11-02", "last": "2026-12-18", "label": "Autumn 2"})
CLOSED = {"first": "2026-11-20", "last": "2026-11-20", "label": "Staff training"}


def give(house: House, command: str, **fields: Any) -> None:
    """Gives a command in the leader's name."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    house.ledger.execute(read_command({**about, **fields}))


@pytest.fixture
def place(house: House) -> House:
    house.clock.now = NOW
    house.runner.catch_up()
    return house


@pytest.fixture
def leader(place: House) -> Iterator[TestClient]:
    with place.browser() as client:
        yield client


def placement_of(house: House, student: UUID) -> str:
    house.runner.catch_up()
    return str(next(one["id"] for one in house.reader.whole("placements") if one["student_id"] == str(student) and not one["end"]))


def leave(house: House, last: str) -> None:
    """The house's student leaves; the other one stays."""
    give(house, "end-placement", student=str(house.student), placement_id=placement_of(house, house.student), end=last, reason_code="moved")
    house.runner.catch_up()


def calendar(house: House, terms: Any = (), closures: Any = ()) -> None:
    give(house, "set-calendar", from_date="2026-09-01", terms=list(terms), closures=list(closures))
    house.runner.catch_up()


def asked_for(house: House, leader: TestClient, day: str) -> dict[str, set[str]]:
    """Whom each page asks for on a day, by the page: the sheet, what is missing, and the phone's own reading of its list."""
    about = f"/api/v1/settings/{house.setting}"
    sheet = leader.get(f"{about}/sheet", params={"date": day, "slot": "break"}).json()
    answer = leader.get(f"{about}/missing", params={"date": day})
    assert answer.status_code == 200, answer.text
    missing = answer.json()["slots"]["break"]
    roster = leader.get("/api/v1/capture").json()
    named = {str(house.student): "ash", str(house.other): "kit"}
    each = sum(len(row["missing"]) for row in sheet["students"] if row["expected"]) // max(1, len([row for row in sheet["students"] if row["expected"]]))
    return {
        "sheet": {named[row["student_id"]] for row in sheet["students"] if row["expected"]},
        "missing": {str(sum(missing.values()) // each if each else 0)},
        "phone": {named[one["id"]] for one in roster["students"] if slots_on_the_phone(one, day) & {"break"}},
    }


def slots_on_the_phone(student: dict[str, Any], day: str) -> set[str]:
    """As the app reads its list (`expectedIn` in frame.js)."""
    held = [one for one in student["expected"] if one["from_date"] <= day]
    return {slot for one in held[-1]["days"] if one["weekday"] == date.fromisoformat(day).isoweekday() for slot in one["slots"]} if held else set()


EVERYBODY = {"sheet": {"ash", "kit"}, "missing": {"2"}, "phone": {"ash", "kit"}}
NOBODY: dict[str, set[str]] = {"sheet": set(), "missing": {"0"}, "phone": set()}
KIT = {"sheet": {"kit"}, "missing": {"1"}, "phone": {"kit"}}


def test_a_student_who_left_is_expected_on_their_last_day_and_on_no_page_after_it(place: House, leader: TestClient) -> None:
    leave(place, "2026-11-19")
    assert asked_for(place, leader, "2026-11-19") == EVERYBODY
    assert asked_for(place, leader, "2026-11-20") == KIT
    leave_later = asked_for(place, leader, "2026-11-27")
    assert leave_later == KIT


def test_nobody_is_expected_before_their_placement_began(place: House, leader: TestClient) -> None:
    leave(place, "2026-10-23")
    give(place, "start-placement", student=str(place.student), placement_id=str(new_id()), start="2026-11-11")
    place.runner.catch_up()
    assert [asked_for(place, leader, day) for day in ("2026-11-10", "2026-11-11")] == [KIT, EVERYBODY]


def test_nobody_is_expected_on_a_closed_day(place: House, leader: TestClient) -> None:
    calendar(place, closures=[CLOSED])
    assert [asked_for(place, leader, day) for day in ("2026-11-19", "2026-11-20", "2026-11-23")] == [EVERYBODY, NOBODY, EVERYBODY]


def test_nobody_is_expected_in_the_holidays(place: House, leader: TestClient) -> None:
    calendar(place, TERMS, [CLOSED])
    days = ("2026-10-23", "2026-10-27", "2026-11-02", "2026-11-20", "2026-12-18")
    assert [asked_for(place, leader, day) for day in days] == [EVERYBODY, NOBODY, EVERYBODY, NOBODY, EVERYBODY]


def test_a_slot_that_is_not_held_on_a_weekday_expects_nobody(place: House, leader: TestClient) -> None:
    slots = [{"id": "break", "label": "Break", "kind": "break", "starts": "10:00", "ends": "10:20", "weekdays": [1, 2]}]
    give(place, "set-timetable", from_date="2026-11-01", slots=slots)
    place.runner.catch_up()
    assert [asked_for(place, leader, day) for day in ("2026-11-24", "2026-11-25")] == [EVERYBODY, NOBODY]


def test_without_a_calendar_every_weekday_of_a_students_week_counts_as_open(place: House, leader: TestClient) -> None:
    assert [asked_for(place, leader, day) for day in ("2026-12-25", "2026-11-28")] == [EVERYBODY, NOBODY]
    assert is_open({"calendars": []}, date(2026, 12, 25)) and is_open({}, date(2026, 12, 25))


def test_a_phone_finds_on_every_day_whom_the_house_finds(place: House, leader: TestClient) -> None:
    calendar(place, TERMS, [CLOSED])
    leave(place, "2026-10-09")
    give(place, "start-placement", student=str(place.student), placement_id=str(new_id()), start="2026-11-11")
    give(
        place,
        "expect-student",
        student=str(place.student),
        from_date="2026-11-18",
        days=[{"weekday": 3, "slots": ["lesson"]}, {"weekday": 5, "slots": ["break", "lunch"]}],
    )
    place.runner.catch_up()
    (setting,) = place.reader.whole("settings")
    students = {one["id"]: one for one in place.reader.everyone(setting)}
    expectations = Expectations(setting, place.reader.whole("placements", setting))
    for told in leader.get("/api/v1/capture").json()["students"]:
        for n in range(-58, 60):
            day = NOW.date() + timedelta(days=n)
            here = {slot["id"] for slot in expectations.on(students[told["id"]], day).slots}
            assert slots_on_the_phone(told, day.isoformat()) == here, (told["name"], day)


def test_a_sheet_of_a_day_past_asks_for_the_group_of_that_day(place: House, leader: TestClient) -> None:
    for day, group in (("2026-09-01", "oak"), ("2026-11-25", "elm")):
        give(place, "group-student", student=str(place.student), from_date=day, group=group)
    place.runner.catch_up()
    told = next(one for one in leader.get("/api/v1/capture").json()["students"] if one["id"] == str(place.student))
    assert told["group"] == "elm" and told["groups"] == [{"from_date": "", "group": "oak"}, {"from_date": "2026-11-25", "group": "elm"}]
    about = f"/api/v1/settings/{place.setting}/missing"
    left = {
        (day, group): leader.get(about, params={"date": day, "group": group}).json()["slots"]["break"]
        for day in ("2026-11-24", "2026-11-25")
        for group in ("oak", "elm")
    }
    assert {asked for asked, counts in left.items() if sum(counts.values())} == {("2026-11-24", "oak"), ("2026-11-25", "elm")}


# What follows from it -----------------------------------------------------------------------------------------------


def session(house: House, day: str, came: bool = False, **more: Any) -> dict[str, Any]:
    start = datetime.fromisoformat(f"{day}T09:00:00+00:00")
    said = {"planned_start": start.isoformat(), "planned_end": (start + timedelta(hours=3)).isoformat()}
    said |= {"actual_start": start.isoformat(), "supervised_by": str(house.teacher)} if came else {}
    return house.entry("session-attended", start, **{**said, **more})


def codes(house: House, leader: TestClient, day: str) -> list[tuple[str | None, str]]:
    """The codes suggested for a day, which are the same on the day, in its file and in the student's register."""
    told = leader.get(f"/api/v1/settings/{house.setting}/day", params={"date": day}).json()["students"]
    row = next(one for one in told if one["student_id"] == str(house.student))
    file = list(csv.DictReader(io.StringIO(leader.get("/day.csv", params={"on": day}).text.removeprefix("\ufeff"))))
    register = leader.get(f"/api/v1/students/{house.student}/register", params={"from": day}).json()["items"]
    found = [(one["code"], one["reason"]) for one in row["sessions"]]
    assert [(one["suggested code"] or None, one["why"]) for one in file if one["date"] == day] == found
    assert [(one["code"], one["reason"]) for one in register if one["planned_start"].startswith(day)] == found
    return found


def test_no_code_is_suggested_for_whoever_was_not_there_on_a_closed_day(place: House, leader: TestClient) -> None:
    calendar(place, TERMS, [CLOSED])
    place.record(session(place, "2026-11-19"), session(place, "2026-11-20"), session(place, "2026-10-27"))
    place.runner.catch_up()
    assert codes(place, leader, "2026-11-19")[0][0] == "N"
    for day in ("2026-11-20", "2026-10-27"):
        assert codes(place, leader, day) == [(None, "we were closed on that day, so nobody was expected; the host school has to say which code holds")]


def test_no_code_is_suggested_for_whoever_was_not_there_after_they_left(place: House, leader: TestClient) -> None:
    leave(place, "2026-11-18")
    place.record(session(place, "2026-11-18"), session(place, "2026-11-19"))
    place.runner.catch_up()
    assert codes(place, leader, "2026-11-18")[0][0] == "N"
    assert codes(place, leader, "2026-11-19")[0][1].startswith("no placement was running on that day")


def figures(house: House, *names: str) -> list[Any]:
    house.runner.catch_up()
    student, setting = house.reader.student_and_setting(house.student)
    period = student_period(house.reader, student, setting, date(2026, 9, 1), date(2026, 11, 27), None)
    return [COLUMNS[name].cell(period).raw for name in names]


def test_a_session_that_nobody_could_come_to_was_neither_offered_nor_missed(place: House) -> None:
    calendar(place, closures=[CLOSED])
    leave(place, "2026-11-24")
    cancelled = session(place, "2026-11-20", cancelled_by="student")
    place.record(
        session(place, "2026-11-19"), cancelled, session(place, "2026-11-23", came=True), session(place, "2026-11-25"), session(place, "2026-11-26", came=True)
    )
    assert figures(place, "sess_possible", "sess_attended", "sess_overall") == [3, 2, 1]


def test_what_comes_next_is_planned_for_those_who_are_here(place: House, leader: TestClient) -> None:
    url = f"/api/v1/settings/{place.setting}/learning/everyday-steps/1"
    leave(place, "2026-11-19")
    asked = ({"as_of": "2026-11-19T12:00:00+00:00"}, {}, {"student": str(place.student)})
    kit, ash = str(place.other), str(place.student)
    assert [set(leader.get(url, params=params).json()["students"]) for params in asked] == [{ash, kit}, {kit}, {ash}]
    assert ash not in leader.get("/learning").text and kit in leader.get("/learning").text


def test_who_left_is_not_asked_for_in_lists_of_what_is_due(place: House, leader: TestClient) -> None:
    before = leader.get("/due").text
    leave(place, "2026-11-19")
    assert "Ash H" in before and "Ash H" not in leader.get("/due").text
    raters = leader.get(f"/api/v1/students/{place.student}/questionnaires").json()["items"]
    assert raters and all(one["due"] is None for one in raters)


def test_the_register_and_every_figure_count_a_session_on_its_own_day_however_late_it_was_filled_in(place: House, leader: TestClient) -> None:
    late = {**session(place, "2026-10-20", came=True, session={"date": "2026-10-20", "slot": "lesson"}), "device_time": "2026-11-27T14:00:00+00:00"}
    assert place.one(late).status == "recorded"
    place.runner.catch_up()
    about = f"/api/v1/settings/{place.setting}/day"
    rows = {day: leader.get(about, params={"date": day}).json()["students"] for day in ("2026-10-20", "2026-11-27")}
    assert {day: sum(len(one["sessions"]) for one in told) for day, told in rows.items()} == {"2026-10-20": 1, "2026-11-27": 0}
    assert len(list(csv.reader(io.StringIO(leader.get("/day.csv", params={"on": "2026-10-20"}).text)))) == 2
    history = leader.get(f"/api/v1/students/{place.student}/history", params={"as_of": "2026-10-20T23:00:00+00:00"}).json()
    assert history["progress"]["sessions"]["attended"] == 1
    told = leader.get(f"/students/{place.student}/frames").json()
    assert told["days"][told["counts"]["sessions.attended"].index(1)] == "2026-10-20"
    student, setting = place.reader.student_and_setting(place.student)
    months = ((date(2026, 10, 1), date(2026, 10, 31)), (date(2026, 11, 1), date(2026, 11, 27)))
    assert [student_period(place.reader, student, setting, *days, None).attendance.attended for days in months] == [1, 0]


def test_why_somebody_is_not_expected_is_told_apart(place: House) -> None:
    calendar(place, closures=[CLOSED])
    leave(place, "2026-11-24")
    (setting,) = place.reader.whole("settings")
    students = place.reader.everyone(setting)
    known = known_of(place.reader, setting, students, None)
    expectations = Expectations(known.setting, [one for held in known.placements.values() for one in held])
    ash = next(one for one in students if one["id"] == str(place.student))
    days = {"2026-11-19": "expected", "2026-11-20": "closed", "2026-11-21": "not-held"}
    days |= {"2026-11-25": "not-placed", "2026-01-04": "not-placed"}
    assert {day: expectations.on(ash, date.fromisoformat(day)).why for day in days} == days
    assert expectations.on({**ash, "expected": []}, date(2026, 11, 19)).why == "no-week"


# A session in which nobody expected the student ---------------------------------------------------------------------

NEVER_OFFERED = "the host school has to say which code holds"


def week(house: House, from_date: str, **slots: Any) -> None:
    """The student's own week from a date on, by weekday."""
    days = [{"weekday": int(day.removeprefix("day")), "slots": held} for day, held in slots.items()]
    give(house, "expect-student", student=str(house.student), from_date=from_date, days=days)


def at_slot(house: House, day: str, slot: str) -> dict[str, Any]:
    return session(house, day, session={"date": day, "slot": slot})


def told_everywhere(house: House, leader: TestClient, day: str) -> dict[str, Any]:
    """What each page says of a session missed on a day: the fold, the pack, the clock and the register."""
    house.runner.catch_up()
    due = leader.get(f"/api/v1/settings/{house.setting}/due").json()["items"]
    return {
        "fold": leader.get(f"/api/v1/students/{house.student}/history").json()["progress"]["sessions"],
        "pack": figures(house, "sess_possible", "sess_overall"),
        "clock": [one["due"] for one in due if one["clock"] == "absence" and one["student_id"] == str(house.student)],
        "code": codes(house, leader, day)[0][0],
    }


ABSENT = {"fold": {"not-attended": 1}, "pack": [1, 1], "code": "N"}
NOT_MISSED = {"fold": {"not-expected": 1}, "pack": [0, 0], "clock": []}


def test_a_session_that_the_student_was_expected_in_is_missed_on_every_page(place: House, leader: TestClient) -> None:
    place.record(at_slot(place, "2026-11-20", "break"))
    assert told_everywhere(place, leader, "2026-11-20") == {**ABSENT, "clock": ["2026-11-20"]}


def test_a_day_outside_a_students_own_week_is_missed_on_no_page(place: House, leader: TestClient) -> None:
    week(place, "2026-09-07", **{f"day{day}": ["lesson", "break"] for day in (1, 2, 3, 4)})
    place.record(session(place, "2026-11-20"))
    assert told_everywhere(place, leader, "2026-11-20") == {**NOT_MISSED, "code": "C2"}


def test_a_slot_outside_a_students_own_week_is_missed_on_no_page_whatever_times_are_told(place: House, leader: TestClient) -> None:
    week(place, "2026-09-07", **{f"day{day}": ["lesson"] for day in (1, 2, 3, 4, 5)})
    place.record(at_slot(place, "2026-11-20", "break"))
    assert told_everywhere(place, leader, "2026-11-20") == {**NOT_MISSED, "code": "C2"}
    assert "part-time" in codes(place, leader, "2026-11-20")[0][1]


def test_a_day_on_which_no_slot_is_held_is_missed_on_no_page_and_is_no_part_of_a_timetable(place: House, leader: TestClient) -> None:
    place.record(session(place, "2026-11-21"))
    assert told_everywhere(place, leader, "2026-11-21") == {**NOT_MISSED, "code": None}
    assert NEVER_OFFERED in codes(place, leader, "2026-11-21")[0][1]


def test_a_time_at_which_no_slot_is_held_is_missed_on_no_page(place: House, leader: TestClient) -> None:
    start = datetime(2026, 11, 20, 18, tzinfo=UTC)
    said = {"planned_start": start.isoformat(), "planned_end": (start + timedelta(hours=1)).isoformat()}
    place.record(place.entry("session-attended", start, **said))
    assert told_everywhere(place, leader, "2026-11-20") == {**NOT_MISSED, "code": None}


def test_a_week_that_was_ended_is_missed_on_no_page(place: House, leader: TestClient) -> None:
    week(place, "2026-11-16")
    place.record(at_slot(place, "2026-11-20", "lesson"))
    assert told_everywhere(place, leader, "2026-11-20") == {**NOT_MISSED, "code": None}
    assert NEVER_OFFERED in codes(place, leader, "2026-11-20")[0][1]


def test_a_closed_day_is_missed_on_no_page_who_ever_cancelled(place: House, leader: TestClient) -> None:
    calendar(place, closures=[CLOSED])
    place.record(session(place, "2026-11-20", cancelled_by="student"))
    assert told_everywhere(place, leader, "2026-11-20") == {**NOT_MISSED, "code": None}


def test_one_who_has_no_week_may_be_expected_in_any_slot_that_is_held(place: House, leader: TestClient) -> None:
    student = new_id()
    for command, fields in (("admit-student", {"on": "2026-09-01"}), ("start-placement", {"placement_id": str(new_id()), "start": "2026-09-01"})):
        give(place, command, student=str(student), **fields)
    place.student = student
    place.record(at_slot(place, "2026-11-20", "break"), session(place, "2026-11-21"))
    place.runner.catch_up()
    assert figures(place, "sess_possible", "sess_overall") == [1, 1]
    told = leader.get(f"/api/v1/students/{student}/history").json()["progress"]["sessions"]
    assert told == {"not-attended": 1, "not-expected": 1}


def test_what_was_known_of_a_week_decides_what_was_known_to_be_missed(place: House) -> None:
    place.record(at_slot(place, "2026-11-20", "break"))
    before, place.clock.now = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    week(place, "2026-11-16", day1=["lesson"])
    known = [place.look_back(as_of=NOW, **when)["progress"]["sessions"] for when in ({"known_at": before}, {})]
    assert known == [{"not-attended": 1}, {"not-expected": 1}]


def test_what_was_known_of_a_calendar_decides_what_was_known_to_be_missed(place: House) -> None:
    place.record(at_slot(place, "2026-11-20", "break"))
    before, place.clock.now = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    calendar(place, closures=[CLOSED])
    known = [place.look_back(as_of=NOW, **when)["progress"]["sessions"] for when in ({"known_at": before}, {})]
    assert known == [{"not-attended": 1}, {"not-expected": 1}]


def test_the_auditors_who_import_nothing_of_ours_count_what_was_offered_alike(make_house: Any) -> None:
    house = make_house("sqlite")
    house.clock.now = NOW
    calendar(house, closures=[CLOSED])
    week(house, "2026-11-09", day1=["lesson"], day2=["lesson", "break"], day5=["lunch"])
    give(house, "expect-student", student=str(house.student), from_date="2026-11-10", corrects="2026-11-09", days=[{"weekday": 2, "slots": ["break"]}])
    days = [(NOW - timedelta(days=n)).date().isoformat() for n in range(30)]
    said = [session(house, day, **({"cancelled_by": "student"} if n % 5 == 0 else {})) for n, day in enumerate(days)]
    assert {one.status for one in house.record(*said, *(at_slot(house, day, "lunch") for day in days[:20]))} <= {"recorded", "refused"}
    house.runner.catch_up()
    shown = house.look_back(as_of=NOW)["progress"]["sessions"]
    again = recompute.figures(str(house.settings.data / "ledger.sqlite"), str(house.student), 2**62)["sessions"]
    assert again == shown and {"not-attended", "not-expected"} <= set(shown)
    rows = house.rows("SELECT position, originator_id, topic, student_id, occurred_at, recorded_at, state FROM stored_events ORDER BY position")
    weeks = Audit([tuple(row) for row in rows if row[2] != "student-expected" or "2026-11-09" not in row[6] or "corrects" in row[6]], None)
    assert weeks.figures(str(house.student), date(2026, 9, 1), date(2026, 11, 27))["sess_possible"] == figures(house, "sess_possible")[0]
