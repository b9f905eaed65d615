"""Whether what a command names exists: people, students, slots, places, commissioners; one line for each command.

A command's own stream is looked at by the command itself. This looks at the other streams that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ap_ledger.commands.case_checks import check_case_person, check_child, check_worries
from ap_ledger.commands.endings import check_ending
from ap_ledger.domain.base import ANYBODY, Command
from ap_ledger.domain.case import (
    CASE_COMMANDS,
    CaseCommand,
    LinkChild,
    NameCaseReader,
    OpenCase,
    SetCaseAction,
    TakeInWorry,
)
from ap_ledger.domain.commands import read_command
from ap_ledger.domain.due import EndClock
from ap_ledger.domain.family import LinkFamily
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.person import DeclareConflict, GrantRole, Person, project_person
from ap_ledger.domain.placement import CorrectPlacement
from ap_ledger.domain.proposal import ProposeDeed
from ap_ledger.domain.report import ReleaseReport
from ap_ledger.domain.setting import Setting, SettingCommand, project_setting
from ap_ledger.domain.student import USED_BEFORE, AssignKeyWorker, AssignMentor, ExpectStudent, StartPlacement
from ap_ledger.domain.student_state import Student, project_student
from ap_ledger.domain.support import SetOwnItems
from ap_ledger.domain.visits import ChangeVisit, PlanVisit, VisitPlan
from ap_ledger.errors import Refused
from ap_ledger.events.bounds import ALWAYS, Since, check_reach, in_the_life_of
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.recording.checks import check_own_items
from ap_ledger.recording.states import States

Check = Callable[[Any, Setting, States, datetime], None]


def check_command(command: Command, states: States, now: datetime) -> None:
    """Refuses dates that nobody can have meant, and what names somebody or something not there. Raises Refused."""
    check_reach(command, now, _since(command, states, now))
    setting: Setting | None = states.fold(command.setting_id, project_setting)
    if setting is None:
        if not isinstance(command, (SettingCommand, PublishFramework)):
            raise Refused("unknown-setting", "No setting with this id keeps its ledger here.", "setting_id")
        return
    for field in ("author_id", "approved_by"):
        _known_person(getattr(command, field, None), field, states)
    for check in CHECKS.get(type(command), ()):
        check(command, setting, states, now)


def _since(command: Command, states: States, now: datetime) -> Since:
    """From when on what a command says can be: in the student's life, where it is about one."""
    if command.student_id is None:
        return ALWAYS
    student: Student | None = states.fold(command.student_id, project_student)
    return in_the_life_of(None, now.date()) if student is None else student.since


def _known_person(person_id: UUID | None, field: str, states: States) -> None:
    if person_id is not None and person_id != ANYBODY and states.fold(person_id, project_person) is None:
        raise Refused("unknown-person", "No person with this id was added here.", field)


def _known_student(student_id: UUID | None, field: str, setting: Setting, states: States) -> None:
    student = None if student_id is None else states.fold(student_id, project_student)
    if student_id is not None and (student is None or student.setting_id != setting.id):
        raise Refused("unknown-student", "No student with this id was admitted to this setting.", field)


def check_person(command: Any, setting: Setting, states: States, now: datetime) -> None:
    """Whoever is to work with the student, or belongs to them, was added."""
    _known_person(command.person_id, "person_id", states)


def check_works_here(command: AssignKeyWorker | AssignMentor, setting: Setting, states: States, now: datetime) -> None:
    """Whoever is to work with the student is staff of this setting then, or will be."""
    check_person(command, setting, states, now)
    person: Person | None = None if command.person_id is None else states.fold(command.person_id, project_person)
    if person is not None and not person.staff_from(setting.id, command.from_date):
        raise Refused(
            "not-allowed",
            "This person holds no staff role in this setting from then on. Give them one first.",
            "person_id",
        )


def check_commissioner(command: Any, setting: Setting, states: States, now: datetime) -> None:
    """Whoever buys the place was added to this setting."""
    if command.commissioner_id is not None and command.commissioner_id not in setting.commissioners:
        raise Refused("unknown-commissioner", "No commissioner with this id was added here.", "commissioner_id")


def check_placement_id(command: StartPlacement, setting: Setting, states: States, now: datetime) -> None:
    """No placement of another student has this id.

    An id used again for the same student is refused by their own rules.
    """
    if states.placement_ids.student_of(command.placement_id) not in (None, command.stream_id):
        raise Refused("not-allowed", USED_BEFORE, "placement_id")


def check_days(command: ExpectStudent, setting: Setting, states: States, now: datetime) -> None:
    """The slots are held on that weekday by a timetable of then or later, and the places were added."""
    for number, day in enumerate(command.days):
        if not set(day.slots) <= setting.slots_from(command.from_date, day.weekday):
            raise Refused(
                "unknown-slot",
                "No timetable from that day on holds a slot with this id on that weekday. Set the timetable first.",
                f"days.{number}.slots",
            )
        if day.place_id is not None and day.place_id not in setting.places:
            raise Refused("unknown-place", "No place with this id was added here.", f"days.{number}.place_id")


def check_conflict(command: DeclareConflict, setting: Setting, states: States, now: datetime) -> None:
    """The student from whom somebody is kept was admitted here."""
    _known_student(command.conflicted_student, "conflicted_student", setting, states)


def check_report(command: ReleaseReport, setting: Setting, states: States, now: datetime) -> None:
    """The student whom a report is about was admitted here."""
    _known_student(command.student, "student", setting, states)


def check_items(command: SetOwnItems, setting: Setting, states: States, now: datetime) -> None:
    """The definition takes items of a student's own where these stand."""
    check_own_items(command.definition, command.labels, states)


def check_plan(command: VisitPlan, setting: Setting, states: States, now: datetime) -> None:
    """Whoever is to go, to wait or to authorise works here then, and the visitor has the student on their list."""
    day = local_day(microseconds(command.starts_at), setting.time_zone)
    for field in ("person_id", "buddy_id", "authorised_by"):
        person_id = getattr(command, field)
        _known_person(person_id, field, states)
        person: Person | None = None if person_id is None else states.fold(person_id, project_person)
        if person is not None and not person.staff_from(setting.id, day):
            raise Refused("not-allowed", "This person holds no staff role in this setting on that day.", field)
    visitor: Person | None = states.fold(command.person_id, project_person)
    student = states.child(command.student)
    if visitor is None or student is None or visitor.works_with_everybody(setting.id, day):
        return
    if command.person_id not in student.caseload_on(day):
        raise Refused(
            "not-allowed",
            "The student is not on this person's list on that day, so they could not log the visit. Put the student on "
            "their list first.",
            "person_id",
        )


def check_deed(command: ProposeDeed, setting: Setting, states: States, now: datetime) -> None:
    """What is proposed is a whole command that takes two people."""
    try:
        deed = read_command({**command.command, "command": command.deed})
    except Refused as refusal:
        field = f"command.{refusal.field}" if refusal.field else "command"
        raise Refused(refusal.code, refusal.message, field) from None
    if not deed.second_person:
        raise Refused("malformed", "This does not take two people; do it.", "deed")


CHECKS: Mapping[type[Command], tuple[Check, ...]] = {
    AssignKeyWorker: (check_works_here,),
    AssignMentor: (check_works_here,),
    LinkFamily: (check_person,),
    StartPlacement: (check_commissioner, check_placement_id),
    CorrectPlacement: (check_commissioner,),
    GrantRole: (check_commissioner,),
    ReleaseReport: (check_commissioner, check_report),
    ExpectStudent: (check_days,),
    DeclareConflict: (check_conflict,),
    SetOwnItems: (check_items,),
    ProposeDeed: (check_deed,),
    PlanVisit: (check_plan,),
    ChangeVisit: (check_plan,),
    EndClock: (check_ending,),
    **{kind: (check_child,) for kind in CASE_COMMANDS if issubclass(kind, CaseCommand)},
    OpenCase: (check_child, check_worries),
    TakeInWorry: (check_child, check_worries),
    LinkChild: (check_child,),
    NameCaseReader: (check_child, check_case_person),
    SetCaseAction: (check_child, check_case_person),
}
