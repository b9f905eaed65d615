"""Each rule of the streams with rules, as a sentence."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from ap_ledger.domain.base import Command
from ap_ledger.domain.commands import ALL_COMMANDS, COMMAND_BY_NAME, command_name, read_command
from ap_ledger.domain.erasure import ShredKey
from ap_ledger.domain.framework import PublishFramework, RetireFramework
from ap_ledger.domain.person import AddPerson, EndRole, GrantRole
from ap_ledger.domain.placement import ChangePlacement, CommissionSessions
from ap_ledger.domain.setting import AddCommissioner, AddPlace, OpenSetting, SetCalendar, SetTimetable, project_setting
from ap_ledger.domain.student import AdmitStudent, EndPlacement, ExpectStudent, StartPlacement
from ap_ledger.domain.student_state import project_student
from ap_ledger.errors import CommandConflict, Refused
from ap_ledger.events.setting import Closure, Slot
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from frameworks import shipped_definitions
from tests.house import House

START = date(2026, 1, 5)


def refusal(house: House, command: Command) -> str:
    """The code with which a command is refused, having stored nothing."""
    end = house.ledger.recorder.read_head().position
    with pytest.raises(Refused) as caught:
        house.ledger.execute(command)
    assert house.ledger.recorder.read_head().position == end
    assert str(caught.value).endswith(".")
    return caught.value.code


def whose(house: House) -> dict[str, Any]:
    return {"id": new_id(), "setting_id": house.setting, "student": house.student, "author_id": house.teacher}


def running(house: House) -> Any:
    student = house.ledger.states.fold(house.student, project_student)
    return student.current.id


def test_a_setting_a_person_and_a_student_begin_once(house: House) -> None:
    assert refusal(house, OpenSetting(id=new_id(), setting_id=house.setting, name="Again")) == "not-allowed"
    assert refusal(house, AddPerson(id=new_id(), setting_id=house.setting, person_id=house.mentor, name="Again")) == "not-allowed"
    assert refusal(house, AdmitStudent(on=START, **whose(house))) == "not-allowed"


def test_a_setting_has_a_time_zone_that_exists(house: House) -> None:
    assert refusal(house, OpenSetting(id=new_id(), setting_id=new_id(), name="Moon", time_zone="Moon/Base")) == "malformed"


def test_nothing_is_done_in_a_setting_or_for_a_student_that_does_not_exist(house: House) -> None:
    assert refusal(house, AddPerson(id=new_id(), setting_id=new_id(), person_id=new_id(), name="X")) == "unknown-setting"
    assert refusal(house, AddPlace(id=new_id(), setting_id=new_id(), place_id=new_id(), label="X")) == "unknown-setting"
    stranger = {**whose(house), "student": new_id()}
    assert refusal(house, StartPlacement(placement_id=new_id(), start=START, **stranger)) == "unknown-student"


def test_one_placement_runs_at_a_time(house: House) -> None:
    assert refusal(house, StartPlacement(placement_id=new_id(), start=START, **whose(house))) == "not-allowed"
    house.ledger.execute(EndPlacement(placement_id=running(house), end=date(2026, 2, 1), reason_code="returned", **whose(house)))
    assert house.ledger.execute(StartPlacement(placement_id=new_id(), start=date(2026, 2, 2), **whose(house))).status == "recorded"


def test_a_placement_neither_ends_nor_plans_to_end_before_it_starts(house: House) -> None:
    assert refusal(house, EndPlacement(placement_id=running(house), end=date(2025, 12, 1), reason_code="x", **whose(house))) == "malformed"
    house.ledger.execute(EndPlacement(placement_id=running(house), end=START, reason_code="x", **whose(house)))
    assert refusal(house, StartPlacement(placement_id=new_id(), start=START, planned_end=date(2026, 1, 4), **whose(house))) == "malformed"


def test_an_ended_placement_changes_no_more_and_what_was_bought_of_it_can_still_be_recorded(house: House) -> None:
    placement = running(house)
    house.ledger.execute(ChangePlacement(placement_id=placement, planned_end=date(2026, 7, 1), **whose(house)))
    house.ledger.execute(EndPlacement(placement_id=placement, end=date(2026, 2, 1), reason_code="x", **whose(house)))
    assert refusal(house, ChangePlacement(placement_id=placement, **whose(house))) == "not-allowed"
    bought = {"placement_id": placement, "sessions_a_week": 4, "hours_a_week": 12}
    assert refusal(house, CommissionSessions(from_date=date(2026, 2, 2), **bought, **whose(house))) == "malformed"
    house.ledger.execute(CommissionSessions(from_date=START, **bought, **whose(house)))


def test_a_weekday_is_named_once_in_what_is_expected(house: House) -> None:
    twice = (ExpectedDay(weekday=1, slots=("lesson",)), ExpectedDay(weekday=1, slots=("break",)))
    assert refusal(house, ExpectStudent(from_date=START, days=twice, **whose(house))) == "malformed"


def test_slots_have_ids_of_their_own_which_keep_their_kind(house: House) -> None:
    slot = Slot(id="lesson", label="L", kind="lesson", starts=time(9), ends=time(10))
    setting = {"setting_id": house.setting, "from_date": START}
    assert refusal(house, SetTimetable(id=new_id(), slots=(slot, slot), **setting)) == "malformed"
    changed = slot.model_copy(update={"kind": "break"})
    assert refusal(house, SetTimetable(id=new_id(), slots=(changed,), **setting)) == "not-allowed"
    with pytest.raises(ValueError, match="end after it starts"):
        Slot(id="x", label="X", kind="break", starts=time(10), ends=time(9))


def test_the_timetable_in_force_is_the_one_with_the_latest_from_date(house: House) -> None:
    later = Slot(id="late-lesson", label="L", kind="lesson", starts=time(13), ends=time(14), weekdays=(1,))
    house.ledger.execute(SetTimetable(id=new_id(), setting_id=house.setting, from_date=date(2026, 4, 1), slots=(later,)))
    setting = house.ledger.states.fold(house.setting, project_setting)
    assert setting.slot(date(2026, 3, 30), "lesson") and not setting.slot(date(2026, 3, 30), "late-lesson")
    assert setting.slot(date(2026, 4, 6), "late-lesson") and not setting.slot(date(2026, 4, 6), "lesson")


def test_nothing_on_a_calendar_ends_before_it_begins(house: House) -> None:
    wrong = Closure(first=date(2026, 2, 2), last=date(2026, 2, 1), label="x")
    assert refusal(house, SetCalendar(id=new_id(), setting_id=house.setting, from_date=START, closures=(wrong,))) == "malformed"


def test_a_commissioner_is_added_once_and_a_role_ends_once(house: House) -> None:
    council = new_id()
    add = {"setting_id": house.setting, "commissioner_id": council, "name": "Council", "kind": "local-authority"}
    house.ledger.execute(AddCommissioner(id=new_id(), **add))  # type: ignore[arg-type]
    assert refusal(house, AddCommissioner(id=new_id(), **add)) == "not-allowed"  # type: ignore[arg-type]
    grant, role = new_id(), {"setting_id": house.setting, "person_id": house.mentor}
    house.ledger.execute(GrantRole(id=new_id(), grant_id=grant, role="mentor", from_date=START, **role))
    house.ledger.execute(EndRole(id=new_id(), grant_id=grant, on=START, **role))
    assert refusal(house, EndRole(id=new_id(), grant_id=grant, on=START, **role)) == "not-allowed"


def test_a_published_version_never_changes_and_the_refusal_tells_both_hashes(house: House) -> None:
    authored = next(one for one in shipped_definitions() if one["id"] == "default-ladder")
    assert refusal(house, PublishFramework(id=new_id(), setting_id=house.setting, definition=dict(authored))) == "not-allowed"
    with pytest.raises(Refused, match=r"there [0-9a-f]{64}, here [0-9a-f]{64}"):
        house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**authored, "title": "Other"}))
    raised = {**authored, "title": "Other", "version": 2}
    assert house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=raised)).status == "recorded"


def test_a_faulty_definition_is_refused_with_its_faults(house: House) -> None:
    with pytest.raises(Refused, match="at least two rungs"):
        house.ledger.execute(
            PublishFramework(
                id=new_id(),
                setting_id=house.setting,
                definition={"id": "x", "version": 1, "kind": "ladder", "title": "X", "licence": {"name": "n", "use": "ship"}},
            )
        )


def test_a_retired_version_is_retired_once_and_stays_readable(house: House) -> None:
    retire = {"setting_id": house.setting, "framework_id": "everyday-steps", "version": 1, "reason_code": "replaced"}
    house.ledger.execute(RetireFramework(id=new_id(), **retire))  # type: ignore[arg-type]
    assert refusal(house, RetireFramework(id=new_id(), **retire)) == "not-allowed"  # type: ignore[arg-type]
    assert refusal(house, RetireFramework(id=new_id(), **{**retire, "version": 9})) == "unknown-framework"  # type: ignore[arg-type]
    assert house.one(house.unit()).status == "recorded"


def test_a_key_is_shredded_once_by_two_people_who_can_be_asked(house: House) -> None:
    two = {**whose(house), "approved_by": house.leader}
    for alone in ({**two, "author_id": None}, {**two, "approved_by": None}, {**two, "approved_by": two["author_id"]}):
        assert refusal(house, ShredKey(retention_class="health", rule="request", **alone)) == "not-allowed"
    house.ledger.execute(ShredKey(retention_class="health", rule="request", **two))
    assert refusal(house, ShredKey(retention_class="health", rule="request", **{**two, "id": new_id()})) == "not-allowed"


def test_a_commands_id_is_used_for_one_thing(house: House) -> None:
    command = AddPlace(id=new_id(), setting_id=house.setting, place_id=new_id(), label="Site")
    assert house.ledger.execute(command).status == "recorded"
    assert house.ledger.execute(command).status == "duplicate"
    with pytest.raises(CommandConflict):
        house.ledger.execute(command.model_copy(update={"label": "Other"}))


def test_every_command_has_a_name_and_an_unknown_or_wrong_one_is_refused_without_its_values() -> None:
    assert len(COMMAND_BY_NAME) == len(ALL_COMMANDS) and command_name(AdmitStudent) == "admit-student"
    with pytest.raises(Refused, match="no command with this name"):
        read_command({"command": "fly"})
    with pytest.raises(Refused) as caught:
        read_command({"command": "admit-student", "id": "quiet words"})
    assert "quiet" not in str(caught.value) and caught.value.field
