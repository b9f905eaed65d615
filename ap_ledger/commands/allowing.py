"""Who may give a command: the action that it is, and whom it is asked about."""

from __future__ import annotations

from uuid import UUID

from ap_ledger.access import COMMAND_ACTIONS, DEED_ACTIONS, About, Who, may
from ap_ledger.access.rules import may_erase
from ap_ledger.domain.base import Command
from ap_ledger.domain.case import AcknowledgeWorry, CaseCommand, LinkChild, OpenCase, TakeInWorry
from ap_ledger.domain.case_state import Case, Worry, project_case, project_worry
from ap_ledger.domain.commands import command_name
from ap_ledger.domain.erasure import ExciseText, ShredKey
from ap_ledger.domain.joining import JoinStudents
from ap_ledger.domain.person import DeclareConflict, EndConflict, EndRole, GrantRole
from ap_ledger.recording.access_facts import AccessFacts
from ap_ledger.recording.states import States

NAMED_BY_A_LEAD = "safeguarding-reader"
"""The role that the safeguarding lead gives and ends alone."""


def may_give(who: Who, command: Command, states: States, access_facts: AccessFacts) -> bool:
    """Whether somebody may give a command, or propose it where it takes a second person.

    A command that no action of the access table stands for is given by nobody.
    """
    if isinstance(command, (ShredKey, ExciseText)):
        # While a hold stands nobody may erase. That it stands is said by the command itself, in words.
        about = access_facts.student(command.student)
        return may_erase(who, about, command.retention_class) or about.relations().held
    action = action_of(command, states)
    return action is not None and all(may(who, action, about) for about in _asked_about(command, states, access_facts))


def is_bare(command: Command) -> bool:
    """Whether a command is done by itself: it takes no second person, no secret, and no page of its own."""
    approved = getattr(command, "approved_by", None) is not None
    return COMMAND_ACTIONS[command_name(type(command))] is not None and not command.second_person and not approved


def action_of(command: Command, states: States) -> str | None:
    """The action of the access table that a command is: giving it, or proposing it where it takes a second person."""
    name = command_name(type(command))
    if command.second_person:
        return DEED_ACTIONS[name][0]
    return "name-safeguarding-reader" if _role_of(command, states) == NAMED_BY_A_LEAD else COMMAND_ACTIONS[name]


def _role_of(command: Command, states: States) -> str | None:
    """The role that a command gives or ends."""
    if isinstance(command, GrantRole):
        return command.role
    person = states.person(command.person_id) if isinstance(command, EndRole) else None
    if person is None or not isinstance(command, EndRole):
        return None
    return next((role.role for role in person.roles if role.grant_id == command.grant_id), None)


def _asked_about(command: Command, states: States, access_facts: AccessFacts) -> list[About]:
    """The students whom a command is about, once they are admitted; else its setting."""
    if isinstance(command, (CaseCommand, AcknowledgeWorry)):
        # Whoever is kept from one child of a case is kept from all of it.
        return [_within(command, child, access_facts) for child in _children(command, states)] or [
            About(command.setting_id)
        ]
    student = command.conflicted_student if isinstance(command, (DeclareConflict, EndConflict)) else command.student_id
    admitted = student is not None and states.student(student) is not None
    about = [access_facts.student(student) if student is not None and admitted else About(command.setting_id)]
    if isinstance(command, JoinStudents):
        kept = command.kept_student
        about.append(About(command.setting_id, kept, lambda: access_facts.student(kept).relations()))
    return about


def _children(command: CaseCommand | AcknowledgeWorry, states: States) -> set[UUID]:
    """Every child whom a worry or a case is about, with those whom the command adds."""
    if isinstance(command, AcknowledgeWorry):
        worry: Worry | None = states.fold(command.worry, project_worry)
        return {worry.student_id} if worry is not None and worry.student_id is not None else set()
    case: Case | None = states.fold(command.case, project_case)
    linked = {command.linked_student} if isinstance(command, LinkChild) else set()
    taken_in = {*(case.worries if case is not None else ()), *_named_worries(command)}
    raised = (states.fold(worry, project_worry) for worry in taken_in)
    of_worries = {worry.student_id for worry in raised if worry is not None and worry.student_id is not None}
    return {command.student, *linked, *of_worries, *(case.students if case is not None else ())}


def _named_worries(command: CaseCommand) -> tuple[UUID, ...]:
    """The worries that a command takes into a case."""
    if isinstance(command, OpenCase):
        return command.worries
    return (command.worry,) if isinstance(command, TakeInWorry) else ()


def _within(command: Command, child: UUID, access_facts: AccessFacts) -> About:
    """A child, as somebody of the setting in whose name the command is given asks about them."""
    return About(command.setting_id, child, lambda: access_facts.student(child).relations())
