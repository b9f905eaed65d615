"""Whatever was recorded wrongly can be put right, and what was known before it was stays what was known then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest

from ap_ledger.domain.commands import read_command
from ap_ledger.errors import Refused
from ap_ledger.events import ALL_EVENTS
from ap_ledger.events.dated import DatedFact, in_force, without
from ap_ledger.events.fields import SettingFactName, StudentFactName
from ap_ledger.recording.ledger import new_id
from projections.bodies import PlacementBody, SettingBody
from projections.queries import clocks
from projections.queries.on_day import group_of, key_worker_of
from projections.queries.register import suggested_codes
from projections.queries.relations import known_of
from projections.writers.body_changes.common import WITHDRAWN_FROM
from tests.house import MONDAY, House

NOW = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)


def give(house: House, command: str, **fields: Any) -> Any:
    """Gives a command in the leader's name, as a program would send it."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    return house.ledger.execute(read_command({**about, **fields}))


def give_student(house: House, command: str, **fields: Any) -> Any:
    """Gives a command about the house's student."""
    return give(house, command, student=str(house.student), **fields)


def refused(house: House, command: str, **fields: Any) -> tuple[str, str | None]:
    """The code and field with which a command about the student is refused."""
    with pytest.raises(Refused) as caught:
        give_student(house, command, **fields)
    assert caught.value.message.endswith(".")
    return caught.value.code, caught.value.field


def setting_of(house: House, known_at: datetime | None = None) -> SettingBody:
    """What is known of the setting, now or at a time."""
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    return setting if known_at is None else known_of(house.reader, setting, (), known_at).setting


def placements(house: House) -> list[PlacementBody]:
    """The student's placements, the earliest first."""
    house.runner.catch_up()
    found = [one for one in house.reader.whole("placements") if one["student_id"] == str(house.student)]
    return sorted(found, key=lambda one: str(one["start"]))


def later(house: House) -> datetime:
    """The moment before now, with the clock an hour further on: what comes next was not known then."""
    before: datetime = house.clock.now
    house.clock.now = before + timedelta(hours=1)
    return before


# Placements -----------------------------------------------------------------------------------------------------------


def test_a_forgotten_placement_is_entered_with_its_end_while_a_later_one_runs(house: House) -> None:
    forgotten = {"placement_id": str(new_id()), "start": "2025-09-01", "reason_code": "moved", "destination": "school"}
    assert refused(house, "start-placement", **{**forgotten, "end": "2026-01-05"}) == ("not-allowed", "start")
    assert refused(house, "start-placement", **{**forgotten, "end": "2025-08-01"}) == ("malformed", "end")
    assert refused(house, "start-placement", **forgotten) == ("malformed", "reason_code")
    give_student(house, "start-placement", **forgotten, end="2025-12-19")
    first, second = placements(house)
    assert (first["start"], first["end"], first["reason_code"], first["destination"]) == (
        "2025-09-01", "2025-12-19", "moved", "school",
    )  # fmt: skip
    assert second["end"] is None
    student = house.ledger.states.student(house.student)
    assert student is not None and student.placed_on(date(2025, 10, 1)) and not student.placed_on(date(2025, 12, 25))


def test_a_forgotten_placement_is_entered_after_a_later_one_has_ended(house: House) -> None:
    (now,) = placements(house)
    give_student(house, "end-placement", placement_id=now["id"], end="2026-03-01", reason_code="moved")
    forgotten = {"placement_id": str(new_id()), "start": "2025-09-01"}
    assert refused(house, "start-placement", **forgotten) == ("not-allowed", "start")
    give_student(house, "start-placement", **forgotten, end="2026-01-04", reason_code="moved")
    assert [one["end"] for one in placements(house)] == ["2026-01-04", "2026-03-01"]


def test_why_and_where_to_a_placement_ended_is_put_right(house: House) -> None:
    (one,) = placements(house)
    about = {"placement_id": one["id"]}
    wrong = {**about, "reason_code": "mistyped", "destination": "college"}
    assert refused(house, "correct-placement", **wrong) == ("not-allowed", "destination")
    give_student(house, "end-placement", **about, end="2026-03-01", reason_code="moved", destination="school")
    give_student(house, "correct-placement", **wrong, end_reason="returned")
    (right,) = placements(house)
    assert (right["reason_code"], right["destination"]) == ("returned", "college")
    give_student(house, "correct-placement", **about, reason_code="mistyped", clear=["destination"])
    assert placements(house)[0]["destination"] is None


def bought(house: House, **fields: Any) -> dict[str, Any]:
    return {"placement_id": placements(house)[0]["id"], "sessions_a_week": 5, "hours_a_week": 15, **fields}


def test_sessions_bought_are_recorded_for_the_first_time_after_the_placement_ended(house: House) -> None:
    give_student(house, "end-placement", placement_id=bought(house)["placement_id"], end="2026-03-01", reason_code="moved")
    for outside in ("2026-03-02", "2026-01-04"):
        assert refused(house, "commission-sessions", **bought(house, from_date=outside)) == ("malformed", "from_date")
    give_student(house, "commission-sessions", **bought(house, from_date="2026-01-05"))
    assert [one["sessions_a_week"] for one in placements(house)[0]["commissioned"]] == [5]


# Dated facts are withdrawn --------------------------------------------------------------------------------------------


def test_what_is_withdrawn_counts_no_more_and_what_it_had_corrected_does_not_come_back() -> None:
    held = [
        {"from_date": "2026-01-01", "n": 1},
        {"from_date": "2026-02-01", "n": 2},
        {"from_date": "2026-03-01", "corrects": "2026-02-01", "n": 3},
    ]
    left = without(held, "2026-03-01", lambda _: True)
    assert [one and one["n"] for one in (in_force(left, "2026-02-15"), in_force(left, "2026-04-01"))] == [1, 1]


def test_every_dated_fact_can_be_withdrawn_but_a_family_link_which_is_ended() -> None:
    names = {*get_args(get_args(StudentFactName)[0]), *get_args(get_args(SettingFactName)[0])}
    dated = {event.TOPIC for event in ALL_EVENTS if issubclass(event, DatedFact)}
    assert names == dated - {"family-linked"} == set(WITHDRAWN_FROM)


def test_sessions_recorded_for_the_wrong_placement_are_withdrawn_and_their_clock_goes(house: House) -> None:
    fact = bought(house, from_date="2026-01-05")
    give_student(house, "commission-sessions", **fact)
    known = later(house)
    about = {"fact": "sessions-commissioned", "from_date": "2026-01-05", "reason_code": "wrong-placement"}
    assert "part-time timetable" in running(house)
    assert refused(house, "withdraw-student-fact", **about) == ("malformed", "placement_id")
    named = {**about, "placement_id": fact["placement_id"]}
    assert refused(house, "withdraw-student-fact", **{**named, "from_date": "2026-01-06"}) == ("unknown-item", "from_date")
    give_student(house, "withdraw-student-fact", **named)
    assert refused(house, "withdraw-student-fact", **named) == ("unknown-item", "from_date")
    assert placements(house)[0]["commissioned"] == [] and "part-time timetable" not in running(house)
    (student,) = (one for one in house.reader.whole("students") if one["id"] == str(house.student))
    was = known_of(house.reader, setting_of(house), [student], known).placements[str(house.student)]
    assert [one["sessions_a_week"] for one in was[0]["commissioned"]] == [5]


def test_a_placement_in_which_no_sessions_are_bought_any_more_has_no_timetable_to_review(house: House) -> None:
    give_student(house, "commission-sessions", **bought(house, from_date="2026-01-05"))
    assert "part-time timetable" in running(house)
    give_student(house, "commission-sessions", **bought(house, from_date="2026-01-05", sessions_a_week=0, hours_a_week=0))
    assert "part-time timetable" not in running(house)


def running(house: House) -> set[str]:
    """The names of the clocks that run for the setting."""
    setting = setting_of(house)
    return {one.kind for one in clocks.clocks(house.reader, setting, house.reader.everyone(setting), house.clock.now)}


def test_a_mentor_a_key_worker_and_a_group_that_never_were_are_withdrawn(house: House) -> None:
    for person in (house.mentor, house.teacher):
        give_student(house, "assign-mentor", person_id=str(person), from_date="2026-02-01")
    give_student(house, "assign-key-worker", person_id=str(house.teacher), from_date="2026-01-05")
    give_student(house, "assign-key-worker", person_id=str(house.mentor), from_date="2026-02-01")
    give_student(house, "group-student", group="oak", from_date="2026-02-01")
    about = {"from_date": "2026-02-01", "reason_code": "mistake"}
    give_student(house, "withdraw-student-fact", **about, fact="mentor-assigned", person_id=str(house.mentor))
    give_student(house, "withdraw-student-fact", **about, fact="key-worker-assigned")
    give_student(house, "withdraw-student-fact", **about, fact="student-grouped")
    house.runner.catch_up()
    student = house.reader.one("students", str(house.student))
    assert student is not None
    day = date(2026, 3, 2)
    assert [one["person_id"] for one in student["mentors"]] == [str(house.teacher)]
    assert (key_worker_of(student, day), group_of(student, day)) == (str(house.teacher), None)
    known = house.ledger.states.student(house.student)
    assert known is not None and known.caseload_on(day) == {house.teacher}


def test_a_calendar_and_a_timetable_set_by_mistake_are_withdrawn_and_slots_keep_their_kinds(house: House) -> None:
    slot = {"id": "art", "label": "Art", "kind": "lesson", "starts": "09:00", "ends": "10:00", "weekdays": [1]}
    give(house, "set-timetable", from_date="2026-03-01", slots=[slot])
    assert house.ledger.states.setting(house.setting).slot(date(2026, 3, 2), "lesson") is None  # type: ignore[union-attr]
    give(house, "withdraw-setting-fact", fact="timetable-set", from_date="2026-03-01", reason_code="mistake")
    assert house.ledger.states.setting(house.setting).slot(date(2026, 3, 2), "lesson")  # type: ignore[union-attr]
    assert [one["from_date"] for one in setting_of(house)["timetables"]] == ["2026-01-01"]
    with pytest.raises(Refused, match="keeps its kind"):
        give(house, "set-timetable", from_date="2026-04-01", slots=[{**slot, "kind": "lunch"}])


# Names and kinds ------------------------------------------------------------------------------------------------------


def test_a_persons_name_is_put_right_by_whoever_added_them(house: House) -> None:
    person = house.person("Smiht", "ap-staff")
    give(house, "rename-person", person_id=str(person), name="Smith")
    house.runner.catch_up()
    found = house.reader.one("people", str(person))
    assert found is not None and found["name"] == "Smith"
    elsewhere = new_id()
    give(house, "open-setting", setting_id=str(elsewhere), name="Hill", author_id=None)
    with pytest.raises(Refused) as caught:
        give(house, "rename-person", setting_id=str(elsewhere), person_id=str(person), name="Nobody", author_id=None)
    assert (caught.value.code, caught.value.field) == ("not-allowed", "setting_id")


def test_a_name_is_put_right_on_the_page_of_people(house: House) -> None:
    administrator = house.person("Rowan", "administrator")
    house.runner.catch_up()
    with house.browser(administrator) as client:
        said = {"do": "rename", "setting": str(house.setting), "person": str(house.mentor), "name": "Hazel Green"}
        answer = client.post("/people", data={**said, "command": str(new_id())})
        assert "Hazel Green" in answer.text and "The name is put right" in answer.text
        refusal = client.post("/people", data={**said, "command": str(new_id()), "name": " "})
        assert refusal.status_code == 422
    with house.browser(house.leader) as client:
        assert client.post("/people", data={**said, "command": str(new_id())}).status_code == 403


def test_a_commissioners_kind_decides_the_code_as_it_was_known_then_and_is_known_now(house: House) -> None:
    commissioner = str(new_id())
    give(house, "add-commissioner", commissioner_id=commissioner, name="Councl", kind="school")
    placement = placements(house)[0]["id"]
    give_student(house, "correct-placement", placement_id=placement, commissioner_id=commissioner, reason_code="mistyped")
    hours = {"planned_start": MONDAY.isoformat(), "planned_end": (MONDAY + timedelta(hours=1)).isoformat()}
    came = house.entry("session-attended", **hours, actual_start=MONDAY.isoformat(), supervised_by=str(house.teacher))
    assert house.one(came).status == "recorded"
    known = later(house)
    about = {"commissioner_id": commissioner, "reason_code": "mistyped"}
    with pytest.raises(Refused, match="put right"):
        give(house, "correct-commissioner", **about)
    give(house, "correct-commissioner", **about, kind="local-authority")
    give(house, "correct-commissioner", **about, name="Council")
    assert [codes(house, None), codes(house, known)] == [["K"], ["B"]]
    (now,), (then,) = setting_of(house)["commissioners"], setting_of(house, known)["commissioners"]
    assert [(one["name"], one["kind"]) for one in (now, then)] == [("Council", "local-authority"), ("Councl", "school")]
    with pytest.raises(Refused) as caught:
        give(house, "correct-commissioner", commissioner_id=str(new_id()), reason_code="mistyped", name="Nobody")
    assert caught.value.field == "commissioner_id"


def codes(house: House, known_at: datetime | None) -> list[str | None]:
    house.runner.catch_up()
    found = suggested_codes(house.reader, house.student, date(2026, 3, 1), NOW + timedelta(days=1), known_at)
    return [one.suggestion.code for one in found]


def test_a_setting_and_its_places_are_put_right_and_what_is_not_named_stays(house: House) -> None:
    place = str(new_id())
    give(house, "add-place", place_id=place, label="The hutt")
    known = later(house)
    give(house, "correct-place", place_id=place, label="The hut", reason_code="mistyped")
    give(house, "correct-setting", urn="123456", ukprn="12345678", reason_code="missing")
    give(house, "correct-setting", name="Riverside", clear=["ukprn"], reason_code="mistyped")
    now, then = setting_of(house), setting_of(house, known)
    assert (now["name"], now["urn"], now["ukprn"], now["time_zone"]) == ("Riverside", "123456", None, "Europe/London")
    assert (then["name"], then["urn"], then["places"][0]["label"]) == ("Riverbank", None, "The hutt")
    assert now["places"] == [{"place_id": place, "label": "The hut"}]
    for wrong, field in (({"urn": "123456", "clear": ["urn"]}, "urn"), ({}, "name")):
        with pytest.raises(Refused) as caught:
            give(house, "correct-setting", reason_code="mistyped", **wrong)
        assert caught.value.field == field
    with pytest.raises(Refused) as caught:
        give(house, "correct-place", place_id=str(UUID(int=7)), label="X", reason_code="mistyped")
    assert (caught.value.code, caught.value.field) == ("unknown-place", "place_id")


def test_a_setting_whose_urn_is_given_is_not_asked_for_it_any_more(house: House) -> None:
    give_student(house, "commission-sessions", **bought(house, from_date="2026-01-05", hours_a_week=25))
    assert "18 hours" in running(house)
    give(house, "correct-setting", urn="123456", reason_code="registered")
    assert "18 hours" not in running(house)
