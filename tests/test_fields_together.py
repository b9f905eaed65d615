"""What each field takes may still not go together with what is known: every such pair has its rule, in one place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ap_ledger.domain.commands import read_command
from ap_ledger.domain.given import is_blank
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, MONDAY, TUESDAY, House


def give(house: House, command: str, **given: Any) -> Any:
    """Gives a command in the leader's name."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    return house.ledger.execute(read_command({**about, **given}))


def refused(house: House, command: str, **given: Any) -> tuple[str, str | None]:
    """The code and field with which a command is refused."""
    with pytest.raises(Refused) as caught:
        give(house, command, **given)
    assert caught.value.message.endswith(".")
    return caught.value.code, caught.value.field


# A student's life -----------------------------------------------------------------------------------------------------


def test_nobody_is_born_after_they_came(house: House) -> None:
    student = {"student": str(house.student)}
    assert refused(house, "identify-student", date_of_birth="2026-01-06", **student) == ("malformed", "date_of_birth")
    give(house, "identify-student", date_of_birth="2013-05-07", **student)
    about = {"reason_code": "mistyped"}
    assert refused(house, "correct-admission", on="2013-05-06", **about, **student) == ("malformed", "on")
    give(house, "correct-admission", on="2025-09-08", **about, **student)


def test_nothing_said_of_a_student_lies_before_their_birth_or_long_before_they_came(house: House) -> None:
    student = {"student": str(house.student)}
    known = house.ledger.states.student(house.student)
    assert known is not None and known.current is not None
    placement = str(known.current.id)
    early = [
        ("correct-admission", {"on": "1999-01-01", "reason_code": "x"}, "on"),
        ("correct-placement", {"placement_id": placement, "start": "1999-01-01", "reason_code": "x"}, "start"),
        ("start-placement", {"placement_id": str(new_id()), "start": "1999-01-01"}, "start"),
        ("group-student", {"group": "oak", "from_date": "1999-01-01"}, "from_date"),
        ("assign-mentor", {"person_id": str(house.mentor), "from_date": "1999-01-01"}, "from_date"),
    ]
    for command, given, field in early:
        assert refused(house, command, **given, **student) == ("malformed", field)
    assert refused(house, "admit-student", student=str(new_id()), on="1999-01-01") == ("malformed", "on")
    give(house, "identify-student", date_of_birth="2013-05-07", **student)
    for command, given, field in early:
        with pytest.raises(Refused, match="born"):
            give(house, command, **{**given, field: "2013-05-06"}, **student)
    assert house.one(house.rung(at=datetime(2013, 5, 6, 9, tzinfo=UTC))).field == "device_time"


# Staff ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["assign-mentor", "assign-key-worker"])
def test_a_mentor_and_a_key_worker_are_staff_of_the_setting(house: House, command: str) -> None:
    carer, nobody, later = house.person("Rosemary", "family"), house.person("Sage"), house.person("Thyme", "mentor")
    gone = house.person("Basil")
    about = {"grant_id": str(new_id()), "role": "mentor", "from_date": "2026-01-01", "until": "2026-02-27"}
    give(house, "grant-role", person_id=str(gone), **about)
    assigned = {"student": str(house.student), "from_date": "2026-03-02"}
    for person in (carer, nobody, gone):
        assert refused(house, command, person_id=str(person), **assigned) == ("not-allowed", "person_id")
    give(house, command, person_id=str(later), **assigned)
    give(house, command, person_id=str(gone), **{**assigned, "from_date": "2026-02-02"})
    give(house, "assign-key-worker", **{**assigned, "from_date": "2026-03-03"})


def attended(house: House, **fields: Any) -> dict[str, Any]:
    times = {"planned_start": MONDAY.isoformat(), "planned_end": (MONDAY + timedelta(hours=3)).isoformat()}
    return house.entry("session-attended", **{**times, "actual_start": MONDAY.isoformat(), **fields})


def test_whoever_supervised_was_staff_when_the_session_began_and_may_have_left_since(house: House) -> None:
    person = house.person("Basil")
    grant = str(new_id())
    give(house, "grant-role", person_id=str(person), grant_id=grant, role="ap-staff", from_date="2026-01-01")
    give(house, "end-role", person_id=str(person), grant_id=grant, on="2026-03-06")
    house.clock.now = FRIDAY + timedelta(days=3)
    entry = attended(house, supervised_by=str(person))
    assert house.one(entry).status == "recorded"
    moved = {"planned_start": house.clock.now.isoformat(), "actual_start": house.clock.now.isoformat()}
    later = attended(house, supervised_by=str(person), **moved, planned_end=(house.clock.now + timedelta(hours=1)).isoformat())
    assert house.one(later).field == "supervised_by"


def test_a_role_given_a_moment_ago_is_known_at_the_door(house: House) -> None:
    person = house.person("Basil")
    entry = attended(house, supervised_by=str(person))
    assert house.one(entry).field == "supervised_by"
    house.grant(person, "deputy-dsl", author_id=house.leader, approved_by=house.teacher)
    assert house.one({**entry, "id": str(new_id())}).status == "recorded"


# Weeks and slots ------------------------------------------------------------------------------------------------------


def test_a_week_names_slots_that_are_held_on_its_days_and_each_once(house: House) -> None:
    expected = {"student": str(house.student), "from_date": "2026-03-02"}
    for days, code in (
        ([{"weekday": 6, "slots": ["lesson"]}], "unknown-slot"),
        ([{"weekday": 1, "slots": ["lesson", "lesson"]}], "malformed"),
    ):
        assert refused(house, "expect-student", days=days, **expected) == (code, "days.0.slots")
    give(house, "expect-student", days=[{"weekday": 5, "slots": ["lesson", "lunch"]}], **expected)


def slot(name: str, starts: str, ends: str, *weekdays: int) -> dict[str, Any]:
    return {"id": name, "label": name, "kind": "lesson", "starts": starts, "ends": ends, "weekdays": list(weekdays)}


def test_no_two_slots_of_a_timetable_are_held_at_once(house: House) -> None:
    first = slot("one", "09:15", "10:05", 1, 2)
    for other in (slot("two", "09:05", "10:25", 2), slot("two", "09:15", "09:20", 1), slot("two", "10:04", "11:00", 2, 3)):
        code, field = refused(house, "set-timetable", from_date="2026-03-02", slots=[first, other])
        assert code == "malformed" and field in ("slots.0.starts", "slots.1.starts")
    beside = [slot("two", "10:05", "11:00", 1), slot("three", "09:00", "10:00", 3)]
    give(house, "set-timetable", from_date="2026-03-02", slots=[first, *beside])


def test_hours_are_bought_in_sessions(house: House) -> None:
    known = house.ledger.states.student(house.student)
    assert known is not None and known.current is not None
    bought = {"student": str(house.student), "placement_id": str(known.current.id), "from_date": "2026-03-02"}
    wrong = {"sessions_a_week": 0, "hours_a_week": 60}
    assert refused(house, "commission-sessions", **wrong, **bought) == ("malformed", "hours_a_week")
    give(house, "commission-sessions", sessions_a_week=0, hours_a_week=0, **bought)


@pytest.mark.parametrize("name", ["localtime", "posixrules", "GB", "../zoneinfo/Europe/London", "europe/london", "posix/Europe/London", "EST"])
def test_a_time_zone_is_a_place_of_the_list_of_time_zones(house: House, name: str) -> None:
    opened = {"setting_id": str(new_id()), "name": "Hillside", "author_id": None}
    assert refused(house, "open-setting", time_zone=name, **opened) == ("malformed", "time_zone")


@pytest.mark.parametrize("name", ["UTC", "Europe/Dublin", "America/Argentina/Salta"])
def test_places_and_universal_time_are_taken(house: House, name: str) -> None:
    give(house, "open-setting", time_zone=name, setting_id=str(new_id()), name="Hillside", author_id=None)


# Changes --------------------------------------------------------------------------------------------------------------


def test_an_entry_is_put_right_or_taken_back_after_it_happened(house: House) -> None:
    entry = house.rung(at=TUESDAY)
    house.one(entry)
    for before in (TUESDAY - timedelta(hours=1), datetime(2026, 1, 6, tzinfo=UTC), datetime(1995, 1, 6, tzinfo=UTC)):
        for change in (house.correct(entry, at=before, rung="door-opens"), house.void(entry, at=before)):
            result = house.one(change)
            assert (result.status, result.code, result.field) == ("refused", "malformed", "device_time")
    # Two clocks that were put right may still lie some minutes apart.
    assert house.one(house.void(entry, at=TUESDAY - timedelta(minutes=8))).status == "recorded"


def test_a_change_that_waits_for_its_entry_is_judged_when_the_entry_comes(house: House) -> None:
    entry = house.rung(at=TUESDAY)
    early = house.void(entry, at=MONDAY)
    assert house.one(early).status == "held"
    house.one(entry)
    assert [one["status"] for one in house.look_back()["entries"]] == ["current"]


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b\u2060", "\u3164", "\u2800\u115f\u1160\uffa0"])
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text) and not is_blank(f"{text}x") and not is_blank(f"{text}😀")
