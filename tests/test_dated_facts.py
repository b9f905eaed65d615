"""What holds from a date on: one mechanism for calendars, timetables, key workers, mentors, groups and the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ap_ledger.domain.commands import read_command
from ap_ledger.errors import Refused
from ap_ledger.events.dated import in_force, spans, standing
from ap_ledger.recording.ledger import new_id
from projections.bodies import Kind, PlacementBody
from projections.queries.instruments import half_terms
from projections.queries.on_day import group_of, key_worker_of
from tests.house import House

TODAY = date(2026, 11, 27)


@pytest.fixture
def place(house: House) -> House:
    """The house in the autumn after its students came."""
    house.clock.now = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # type: ignore[attr-defined]
    return house


def give(house: House, command: str, **fields: Any) -> Any:
    """Gives a command in the leader's name, as a program would send it."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    return house.ledger.execute(read_command({**about, **fields}))


def give_student(house: House, command: str, **fields: Any) -> Any:
    """Gives a command about the house's student."""
    return give(house, command, student=str(house.student), **fields)


def registered(house: House, kind: Kind, key: UUID) -> Any:
    """What the read model says of something now."""
    house.runner.catch_up()
    found = house.reader.one(kind, str(key))
    assert found is not None
    return found


def test_the_latest_from_date_is_in_force_and_of_two_from_the_same_date_the_one_recorded_last() -> None:
    held = [
        {"from_date": "2026-03-01", "n": 1},
        {"from_date": "2026-03-09", "n": 2},
        {"from_date": "2026-03-01", "n": 3},
    ]
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
        assert place.ledger.states.student(place.student).caseload_on(day) == {worker}  # type: ignore[union-attr]


def test_a_key_worker_assigned_from_a_wrong_date_is_put_right_by_naming_that_date(place: House) -> None:
    give_student(place, "assign-key-worker", person_id=str(place.teacher), from_date="2026-10-01")
    give_student(place, "assign-key-worker", person_id=str(place.mentor), from_date="2026-09-01", corrects="2026-10-01")
    assert key_worker_of(registered(place, "students", place.student), TODAY) == str(place.mentor)
    assert place.ledger.access_facts.student(place.student).relations().caseload == {place.mentor}


def test_a_link_to_the_family_that_begins_later_waits_for_its_day(place: House) -> None:
    carer = place.person("Rosemary", "family")
    give_student(place, "link-family", person_id=str(carer), from_date="2026-12-01")
    assert place.ledger.access_facts.student(place.student).relations().family == {}
    place.clock.now += timedelta(days=7)
    assert set(place.ledger.access_facts.student(place.student).relations().family) == {carer}
    give_student(place, "unlink-family", person_id=str(carer))
    assert place.ledger.access_facts.student(place.student).relations().family == {}


def test_a_group_ends_from_a_date_on_where_none_is_named(place: House) -> None:
    give_student(place, "group-student", from_date="2026-09-01", group="oak")
    give_student(place, "group-student", from_date="2026-11-01")
    student = registered(place, "students", place.student)
    assert [group_of(student, day) for day in (date(2026, 10, 1), TODAY)] == ["oak", None]


def refused(house: House, command: str, **fields: Any) -> tuple[str, str | None]:
    """The code and field with which a command about the student is refused."""
    with pytest.raises(Refused) as caught:
        give_student(house, command, **fields)
    return caught.value.code, caught.value.field


def test_a_correction_of_what_never_was_is_refused(place: House) -> None:
    give_student(place, "group-student", from_date="2026-09-01", group="oak")
    wrong = {"from_date": "2026-10-01", "corrects": "2026-09-02", "group": "ash"}
    assert refused(place, "group-student", **wrong) == ("unknown-item", "corrects")
    with pytest.raises(Refused):
        give(place, "set-timetable", from_date="2026-03-01", corrects="2026-02-01", slots=[])


@pytest.mark.parametrize(
    ("command", "first", "second"),
    [
        ("expect-student", {"days": [{"weekday": 1, "slots": ["lesson"]}]}, {"days": []}),
        ("group-student", {"group": "oak"}, {"group": "ash"}),
        ("note-needs", {"needs": ["SEMH"]}, {"needs": []}),
        ("note-contacts", {"contacts": [{"name": "Wren", "relation": "aunt", "call": "never"}]}, {"contacts": []}),
        ("note-consent", {"consent": "trips", "agreed": True}, {"consent": "trips", "agreed": False}),
    ],
)
def test_every_dated_fact_of_a_student_is_corrected_alike(place: House, command: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    give_student(place, command, from_date="2026-10-01", **first)
    give_student(place, command, from_date="2026-09-15", corrects="2026-10-01", **second)
    kind = {"expect-student": "expected", "group-student": "groups", "note-needs": "needs", "note-contacts": "contacts", "note-consent": "consents"}[command]
    held = standing(registered(place, "students", place.student)[kind])
    assert [fact["from_date"] for fact in held][-1] == "2026-09-15"


# Placements and admission ---------------------------------------------------------------------------------------------


def placement(house: House) -> tuple[str, PlacementBody]:
    """The student's only placement: its id, and what the read model says of it."""
    student = house.ledger.states.student(house.student)
    assert student is not None
    key = student.placements[0].id
    return str(key), registered(house, "placements", key)


def test_a_wrong_end_is_put_right_and_a_cleared_one_lets_the_placement_run_on(place: House) -> None:
    key, _ = placement(place)
    give_student(place, "end-placement", placement_id=key, end="2026-07-31", reason_code="moved")
    give_student(place, "correct-placement", placement_id=key, end="2026-07-17", reason_code="mistyped")
    assert placement(place)[1]["end"] == "2026-07-17"
    student = place.ledger.states.student(place.student)
    assert student is not None and not student.placed_on(date(2026, 7, 20))
    give_student(place, "correct-placement", placement_id=key, clear=["end"], reason_code="not-ended")
    student = place.ledger.states.student(place.student)
    found = placement(place)[1]
    assert found["end"] is found["reason_code"] is None and student is not None and student.placed_on(TODAY)


def test_start_payer_and_purpose_of_a_placement_are_put_right_and_what_is_not_named_stays(place: House) -> None:
    key, before = placement(place)
    payer = str(new_id())
    give(place, "add-commissioner", commissioner_id=payer, name="County", kind="school")
    give_student(place, "correct-placement", placement_id=key, start="2026-02-02", commissioner_id=payer, reason_code="slip")
    give_student(place, "correct-placement", placement_id=key, purpose="reintegration", dual_registered=True, reason_code="slip")
    changed = {"start": "2026-02-02", "commissioner_id": payer, "purpose": "reintegration", "dual_registered": True}
    found = placement(place)[1]
    assert {**before, **changed, "position": found["position"]} == found
    student = place.ledger.states.student(place.student)
    assert student is not None and not student.placed_on(date(2026, 1, 20))
    assert refused(place, "correct-placement", placement_id=key, start="2026-02-02", end="2026-01-01", reason_code="x")[1] == "end"
    assert refused(place, "correct-placement", placement_id=key, purpose="x", clear=["purpose"], reason_code="x")[1] == "purpose"


def test_no_two_placements_of_a_student_overlap_and_an_id_is_used_once(place: House) -> None:
    key, _ = placement(place)
    another = {"placement_id": str(new_id())}
    assert refused(place, "start-placement", start="2026-10-01", **another) == ("not-allowed", "start")
    give_student(place, "end-placement", placement_id=key, end="2026-09-30", reason_code="moved")
    for start in ("2026-09-30", "2026-03-01", "2025-12-01"):
        assert refused(place, "start-placement", start=start, **another) == ("not-allowed", "start")
    assert refused(place, "start-placement", start="2026-10-01", placement_id=key) == ("not-allowed", "placement_id")
    give_student(place, "start-placement", start="2026-10-01", **another)
    for wrong in ({"end": "2026-10-01"}, {"clear": ["end"]}):
        assert refused(place, "correct-placement", placement_id=key, reason_code="x", **wrong) == ("not-allowed", "start")
    assert refused(place, "correct-placement", placement_id=another["placement_id"], start="2026-09-01", reason_code="x")[0] == "not-allowed"


def test_the_id_of_another_students_placement_is_not_used_again(place: House) -> None:
    """A report, a pack and a register name a placement by its id alone."""
    key, before = placement(place)
    other = place.admit("Fern", "Hill")
    ended = place.ledger.states.student(other)
    assert ended is not None
    about = {"student": str(other), "placement_id": str(ended.placements[0].id), "end": "2026-09-30", "reason_code": "moved"}
    give(place, "end-placement", **about)
    with pytest.raises(Refused) as refusal:
        give(place, "start-placement", student=str(other), start="2026-10-01", placement_id=key)
    assert (refusal.value.code, refusal.value.field) == ("not-allowed", "placement_id")
    assert placement(place) == (key, before)
    give(place, "start-placement", student=str(other), start="2026-10-01", placement_id=str(new_id()))


def test_an_id_that_names_something_else_is_refused_in_a_sentence(place: House) -> None:
    for taken in (place.teacher, place.setting):
        with pytest.raises(Refused, match="names something else"):
            give(place, "admit-student", student=str(taken), on="2026-01-05")
    for taken in (place.student, place.setting):
        with pytest.raises(Refused, match="names something else"):
            give(place, "add-person", person_id=str(taken), name="Rowan")


def test_what_was_bought_in_a_placement_that_ended_can_still_be_put_right(place: House) -> None:
    key, _ = placement(place)
    bought = {"placement_id": key, "hours_a_week": 12.0}
    give_student(place, "commission-sessions", from_date="2026-02-01", sessions_a_week=4, **bought)
    give_student(place, "end-placement", placement_id=key, end="2026-09-30", reason_code="moved")
    given = {"from_date": "2026-10-01", "sessions_a_week": 5, **bought}
    assert refused(place, "commission-sessions", **given) == ("malformed", "from_date")
    give_student(place, "commission-sessions", from_date="2026-02-02", corrects="2026-02-01", sessions_a_week=5, **bought)
    held = standing(placement(place)[1]["commissioned"])
    assert [(fact["from_date"], fact["sessions_a_week"]) for fact in held] == [("2026-02-02", 5)]


def test_a_wrong_admission_date_is_put_right(place: House) -> None:
    give_student(place, "correct-admission", on="2026-01-12", reason_code="mistyped")
    assert registered(place, "students", place.student)["admitted_on"] == "2026-01-12"


# Who the student is ---------------------------------------------------------------------------------------------------


def test_what_is_neither_given_nor_cleared_of_an_identity_stays(place: House) -> None:
    give_student(place, "identify-student", date_of_birth="2012-02-29", upn="Y823432104009", known_as="Ashie")
    give_student(place, "identify-student", given_name="Ashley", clear=["known_as"])
    found = registered(place, "students", place.student)
    names = ("given_name", "family_name", "known_as", "date_of_birth", "upn")
    assert [found[name] for name in names] == ["Ashley", "Heron", None, "2012-02-29", "Y823432104009"]
    assert refused(place, "identify-student", upn="B823432104009") == ("malformed", "upn")
    assert refused(place, "identify-student", given_name=" ") == ("malformed", "given_name")


def test_the_first_time_both_names_are_given(place: House) -> None:
    newcomer = str(new_id())
    give(place, "admit-student", student=newcomer, on="2026-11-02")
    with pytest.raises(Refused) as caught:
        give(place, "identify-student", student=newcomer, given_name="Maya")
    assert caught.value.field == "family_name"


def test_a_reassignment_for_an_earlier_time_that_changes_nothing_today_says_so(place: House) -> None:
    give_student(place, "assign-key-worker", person_id=str(place.teacher), from_date="2026-10-01")
    (warning,) = give_student(place, "assign-key-worker", person_id=str(place.mentor), from_date="2026-09-01").warnings
    assert warning.code == "changes-nothing-today" and "2026-10-01" in warning.message
    again = {"person_id": str(place.mentor), "from_date": "2026-09-01", "corrects": "2026-10-01"}
    assert give_student(place, "assign-key-worker", **again).warnings == ()
    give_student(place, "assign-mentor", person_id=str(place.teacher), from_date="2026-10-01")
    assert give_student(place, "assign-mentor", person_id=str(place.mentor), from_date="2026-09-01").warnings == ()
