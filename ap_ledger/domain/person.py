"""The rules of a person's stream: who may be named as an author, and in which roles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar
from uuid import UUID

from ap_ledger.domain.base import Command, NextEvents, fold, in_order, two_people
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.days import holds_on
from ap_ledger.events.fields import (
    ApproverId,
    CommissionerId,
    FromDate,
    GrantId,
    Label,
    LastDay,
    PersonId,
    ReasonCode,
    StudentId,
    YesOrNo,
)
from ap_ledger.events.moments import local_day, microseconds, moment
from ap_ledger.events.person import (
    STAFF_ROLES,
    TWO_PEOPLE_ROLES,
    ConflictDeclared,
    ConflictEnded,
    Lost,
    PersonAdded,
    PersonRenamed,
    RecoveryAllowed,
    Role,
    RoleEnded,
    RoleGranted,
    RoleName,
)


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """A role in a setting, for a time. Moments are in microseconds, days those of the setting.

    `until` is its last day; `ended_at` the moment at which it was said to end, where it was.
    """

    grant_id: UUID
    setting_id: UUID
    role: Role
    from_date: date
    until: date | None = None
    commissioner_id: UUID | None = None
    ended_at: int | None = None

    def is_over(self, at: int, time_zone: str) -> bool:
        """Whether it has ended by a moment.

        One that was ended on its last day, or later, ended with that very moment.
        """
        return not holds_on(date.min, self.until, local_day(at, time_zone)) or self._was_ended(at, time_zone)

    def in_force(self, at: int, time_zone: str) -> bool:
        """Whether it is held at a moment."""
        is_granted = holds_on(self.from_date, self.until, local_day(at, time_zone))
        return is_granted and not self._was_ended(at, time_zone)

    def _was_ended(self, at: int, time_zone: str) -> bool:
        if self.until is None or self.ended_at is None or at < self.ended_at:
            return False
        return local_day(self.ended_at, time_zone) >= self.until

    def lasts_until(self, day: date) -> bool:
        """Whether it is held on a day or may be on a later one: its last day, if it has one, is not before."""
        return self.until is None or day <= self.until


@dataclass(frozen=True, slots=True)
class Person:
    """What later decisions need to remember about a person.

    `added_at` is in microseconds, `added_by` None at the machine.
    """

    id: UUID
    setting_id: UUID | None
    version: int
    added_at: int
    added_by: UUID | None = None
    roles: tuple[RoleAssignment, ...] = ()
    conflicts: frozenset[UUID] = frozenset()

    def is_staff(self, setting_id: UUID, at: int, time_zone: str) -> bool:
        """Whether they held a staff role in a setting at a moment."""
        return any(role.in_force(at, time_zone) for role in self._staff_roles(setting_id))

    def staff_from(self, setting_id: UUID, day: date) -> bool:
        """Whether they hold a staff role in a setting on a day or on any later one."""
        return any(role.lasts_until(day) for role in self._staff_roles(setting_id))

    def works_with_everybody(self, setting_id: UUID, day: date) -> bool:
        """Whether they hold a role on a day that is about every student of a setting, and not about a caseload."""
        return any(role.lasts_until(day) and role.role != "mentor" for role in self._staff_roles(setting_id))

    def _staff_roles(self, setting_id: UUID) -> list[RoleAssignment]:
        return [role for role in self.roles if role.setting_id == setting_id and role.role in STAFF_ROLES]


def evolve(person: Person | None, event: Event) -> Person | None:
    """Remembers one event."""
    stamp = event.stamp
    if isinstance(event, PersonAdded):
        return Person(
            event.originator_id,
            stamp.setting_id,
            event.originator_version,
            microseconds(stamp.occurred_at),
            stamp.author_id,
        )
    if person is None:
        return None
    match event:
        case RoleGranted():
            assert stamp.setting_id is not None
            granted = RoleAssignment(
                event.grant_id, stamp.setting_id, event.role, event.from_date, event.until, event.commissioner_id
            )
            person = replace(person, roles=(*person.roles, granted))
        case RoleEnded():
            at, mine = microseconds(stamp.occurred_at), event.grant_id
            ended = (
                replace(role, until=event.on, ended_at=at) if role.grant_id == mine else role for role in person.roles
            )
            person = replace(person, roles=tuple(ended))
        case ConflictDeclared():
            person = replace(person, conflicts=person.conflicts | {event.conflicted_student})
        case ConflictEnded():
            person = replace(person, conflicts=person.conflicts - {event.conflicted_student})
    return replace(person, version=event.originator_version)


project_person = fold(evolve)


class PersonCommand(Command):
    """A command to a person's stream."""

    person_id: PersonId

    @property
    def stream_id(self) -> UUID:
        """A person's stream is named by the person's id."""
        return self.person_id

    def added(self, state: Person | None) -> Person:
        """The person, or a refusal when nobody of that id was added."""
        if state is None:
            raise Refused("unknown-person", "No person with this id was added.", "person_id")
        return state


def require_home(person: Person | None, setting_id: UUID) -> None:
    """Refuses what only the setting that added a person may do for them. Raises Refused."""
    if person is None or person.setting_id != setting_id:
        raise Refused("unknown-person", "Only the setting that added a person can do this.", "person")


class AddPerson(PersonCommand):
    """Adds somebody who may be named as an author. Makes the key that seals their name."""

    MAKES_KEYS_FOR: ClassVar[str | None] = "person_id"
    name: Label

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """A person is added once."""
        if state is not None:
            raise Refused("not-allowed", "A person with this id was added before.", "person_id")
        return [events.event(PersonAdded, name=self.name)]


class RenamePerson(PersonCommand):
    """Puts right what somebody is called, or says what they are called now."""

    name: Label

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """Only the setting that added a person says what they are called."""
        if self.added(state).setting_id != self.setting_id:
            raise Refused("not-allowed", "Only the setting that added a person puts their name right.", "setting_id")
        return [events.event(PersonRenamed, name=self.name)]


class GrantRole(PersonCommand):
    """Gives a person a role in the setting from a date on, until a date where one is given."""

    grant_id: GrantId
    role: RoleName
    from_date: FromDate
    until: LastDay | None = None
    commissioner_id: CommissionerId | None = None
    approved_by: ApproverId | None = None
    first_lead: YesOrNo = False

    @property
    def second_person(self) -> bool:
        """Making somebody DSL takes two people."""
        return self.role in TWO_PEOPLE_ROLES

    @property
    def is_given_to_oneself(self) -> bool:
        """Whether somebody gives it to themselves.

        They may only lead, and only where nobody ever led: a setting of one person would never begin otherwise. What
        is done before the rule asks whether anybody did.
        """
        return self.author_id is not None and self.author_id == self.person_id

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """The person must be known, a commissioner buys for somebody, and nobody makes themselves or anybody else DSL
        alone."""
        if any(role.grant_id == self.grant_id for role in self.added(state).roles):
            raise Refused("not-allowed", "A role with this id was granted before.", "grant_id")
        in_order(self.from_date, self.until, "until")
        if (self.role == "commissioner") != (self.commissioner_id is not None):
            raise Refused(
                "malformed", "Say for whom a commissioner buys places, and for nobody else.", "commissioner_id"
            )
        if self.first_lead:
            self._at_the_machine()
        elif self.second_person:
            two_people(self.author_id, self.approved_by)
            if self.person_id in (self.author_id, self.approved_by):
                raise Refused(
                    "not-allowed",
                    "Nobody makes themselves a safeguarding lead: two others propose and approve it.",
                    "person_id",
                )
        elif self.is_given_to_oneself and self.role != "leader":
            raise Refused("not-allowed", "Nobody gives a role to themselves. Ask another administrator.", "person_id")
        fields = self.model_dump(exclude={"id", "setting_id", "author_id", "person_id"})
        return [events.event(RoleGranted, **fields)]

    def _at_the_machine(self) -> None:
        """Whoever holds the machine makes a setting's first lead: nobody is there yet who could be a second person for
        it."""
        if self.role != "dsl" or self.author_id is not None or self.approved_by is not None:
            raise Refused(
                "not-allowed",
                "The first safeguarding lead is made at the machine itself: ap-ledger account first-lead --person "
                f"{self.person_id}",
                "first_lead",
            )


class EndRole(PersonCommand):
    """Ends a role: at the end of its last day where that is to come, at once where it is today or was before."""

    grant_id: GrantId
    on: LastDay

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """Only a role that is held can end."""
        matching = (
            role
            for role in self.added(state).roles
            if role.grant_id == self.grant_id and role.setting_id == self.setting_id
        )
        if not any(self._still_held(role) for role in matching):
            raise Refused("not-allowed", "This person does not hold that role.", "grant_id")
        return [events.event(RoleEnded, grant_id=self.grant_id, on=self.on)]

    def _still_held(self, role: RoleAssignment) -> bool:
        if role.until is None or role.until > self.on:
            return True
        # Its last day was planned, and it is ended on that day before the day is over.
        return role.until == self.on and (role.ended_at is None or moment(role.ended_at).date() < self.on)


class DeclareConflict(PersonCommand):
    """Keeps a person from a student's record."""

    conflicted_student: StudentId
    reason_code: ReasonCode
    approved_by: ApproverId | None = None

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """Declared once; and no one person keeps a safeguarding lead from a child."""
        person = self.added(state)
        if self.conflicted_student in person.conflicts:
            raise Refused("not-allowed", "This conflict of interest was declared before.", "conflicted_student")
        today = events.stamp.occurred_at.date()
        leads = any(role.role in TWO_PEOPLE_ROLES and role.lasts_until(today) for role in person.roles)
        if leads and self.author_id != self.person_id:
            two_people(self.author_id, self.approved_by)
        fields = {
            "conflicted_student": self.conflicted_student,
            "reason_code": self.reason_code,
            "approved_by": self.approved_by,
        }
        return [events.event(ConflictDeclared, **fields)]


class EndConflict(PersonCommand):
    """Lets a person see a student's record again, where their role does."""

    conflicted_student: StudentId

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """Nobody ends their own."""
        if self.conflicted_student not in self.added(state).conflicts:
            raise Refused("not-allowed", "No such conflict of interest was declared.", "conflicted_student")
        if self.author_id == self.person_id:
            raise Refused("not-allowed", "Nobody ends a conflict of interest of their own.", "person_id")
        return [events.event(ConflictEnded, conflicted_student=self.conflicted_student)]


class AllowRecovery(PersonCommand):
    """Lets somebody who lost their password, or their second factor, choose a new one.

    Takes two people besides the one concerned.

    What is not lost is asked for: the second factor of whoever lost their password, the password of whoever lost their
    phone.
    """

    approved_by: ApproverId | None = None
    lost: Lost = "password"

    @property
    def second_person(self) -> bool:
        """Whoever recovers an account alone could take it over."""
        return True

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """Two others must agree, of the setting that added the person."""
        if self.added(state).setting_id != self.setting_id:
            raise Refused("not-allowed", "Only the setting that added a person recovers their account.", "setting_id")
        two_people(self.author_id, self.approved_by)
        if self.person_id in (self.author_id, self.approved_by):
            raise Refused(
                "not-allowed", "Nobody recovers their own account: two others propose and approve it.", "person_id"
            )
        return [events.event(RecoveryAllowed, approved_by=self.approved_by, lost=self.lost)]
