"""Whether what the commands of safeguarding cases name exists: children, worries, and those who work here."""

from __future__ import annotations

from datetime import datetime

from ap_ledger.domain.case import CaseCommand, LinkChild, NameCaseReader, OpenCase, SetCaseAction, TakeInWorry
from ap_ledger.domain.case_state import Worry, project_worry
from ap_ledger.domain.person import Person, project_person
from ap_ledger.domain.setting import Setting
from ap_ledger.domain.student_state import Student, project_student
from ap_ledger.errors import Refused
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.recording.states import States


def check_child(command: CaseCommand, setting: Setting, states: States, now: datetime) -> None:
    """Every child whom it is about was admitted here, and what is safeguarding of theirs was not erased."""
    linked = command.linked_student if isinstance(command, LinkChild) else command.student
    for child, field in ((command.student, "student"), (linked, "linked_student")):
        student: Student | None = states.fold(child, project_student)
        if student is None or student.setting_id != setting.id:
            raise Refused("unknown-student", "No student with this id was admitted to this setting.", field)
        if "safeguarding" in student.shredded and child == command.student:
            raise Refused(
                "not-allowed",
                "What was kept of safeguarding about this child was erased, so nothing more of it can be written.",
                field,
            )


def check_worries(command: OpenCase | TakeInWorry, setting: Setting, states: States, now: datetime) -> None:
    """The worries were raised here."""
    named = command.worries if isinstance(command, OpenCase) else (command.worry,)
    field = "worries" if isinstance(command, OpenCase) else "worry"
    for worry_id in named:
        worry: Worry | None = states.fold(worry_id, project_worry)
        if worry is None or worry.setting_id != setting.id:
            raise Refused("unknown-item", "No worry with this id is kept here.", field)


def check_case_person(command: NameCaseReader | SetCaseAction, setting: Setting, states: States, now: datetime) -> None:
    """Whoever is to do something, or to read, works here."""
    named, field = (command.person, "person") if isinstance(command, NameCaseReader) else (command.owner, "owner")
    person: Person | None = states.fold(named, project_person)
    if person is None or not person.staff_from(setting.id, local_day(microseconds(now), setting.time_zone)):
        raise Refused("unknown-person", "Nobody with this id works in this setting.", field)
