"""How somebody stands to a student: what the access table asks, looked up in the streams themselves, so never out of
date."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from uuid import UUID

from ap_ledger.access import DEVICE, TEXT_DAYS, About, Grant, Relations, Via, Who, may
from ap_ledger.domain.person import HeldRole
from ap_ledger.domain.student_state import Student
from ap_ledger.events.days import Days, days_of
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.recording.world import LOOK_AGAIN, World
from ap_ledger.stores.accounts.accounts import Accounts


class Standing:
    """Puts together who asks and what is asked about."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._world = world
        self._clock = clock
        self._judges: dict[Who, SendJudge] = {}
        self._judges_of = -1

    def judge(self, sender: Sender, accounts: Accounts) -> SendJudge:
        """Who judges the entries of a sender. People and programs keep theirs while nothing changed that it went by."""
        if sender.who.device_id is not None or sender.revoked:
            return SendJudge(self._world, accounts, self, sender)
        if self._judges_of != self._world.rules_position or len(self._judges) > 500:
            self._judges_of, self._judges = self._world.rules_position, {}
        found = self._judges.get(sender.who)
        if found is None:
            found = self._judges[sender.who] = SendJudge(self._world, accounts, self, sender)
        return found

    def today(self, setting_id: UUID | None) -> date:
        """The date in a setting: roles, caseloads and family links begin and end with its days."""
        return local_day(microseconds(self._clock()), self._zone(setting_id))

    def zone_of(self, student_id: UUID) -> str:
        """The time zone in which a student's days begin and end."""
        student = self._world.student(student_id)
        return self._zone(student.setting_id if student else None)

    def _zone(self, setting_id: UUID | None) -> str:
        setting = self._world.setting(setting_id) if setting_id is not None else None
        return setting.time_zone if setting is not None else "UTC"

    def roles(self, person_id: UUID, at: int | None = None) -> tuple[HeldRole, ...]:
        """The roles that somebody holds at a moment (in microseconds); now, where none is given."""
        person = self._world.person(person_id)
        moment = microseconds(self._clock()) if at is None else at
        return (
            tuple(role for role in person.roles if role.in_force(moment, self._zone(role.setting_id))) if person else ()
        )

    def roles_to_come(self, person_id: UUID) -> tuple[HeldRole, ...]:
        """The roles that somebody holds now or will hold: those that are not over."""
        person, moment = self._world.person(person_id), microseconds(self._clock())
        return (
            tuple(role for role in person.roles if not role.is_over(moment, self._zone(role.setting_id)))
            if person
            else ()
        )

    def who(
        self,
        person_id: UUID,
        via: Via = "session",
        *,
        at: int | None = None,
        scopes: frozenset[str] = frozenset(),
    ) -> Who:
        """A person with the roles in force at a moment (in microseconds), or now. Somebody unknown holds none."""
        self._world.refresh(LOOK_AGAIN)
        person = self._world.person(person_id)
        if person is None:
            return Who(person_id, via=via, scopes=scopes)
        grants = tuple(Grant(role.setting_id, role.role, role.commissioner_id) for role in self.roles(person_id, at))
        return Who(person_id, grants, via, scopes, self._every_record(person.conflicts))

    def _every_record(self, students: frozenset[UUID]) -> frozenset[UUID]:
        """These students under every id under which anything was recorded of them."""
        return frozenset(record for student in students for record in self._world.records(student))

    def device(self, device_id: UUID) -> Who:
        """A device as itself, of the setting that enrolled it."""
        self._world.refresh(LOOK_AGAIN)
        device = self._world.device(device_id)
        return Who(None, (Grant(device.setting_id, DEVICE),) if device else (), "device", device_id=device_id)

    def student(self, student_id: UUID, on: date | None = None) -> About:
        """A student as something to ask about; a student nobody admitted belongs to no setting, so nobody may
        anything."""
        found = self._world.child(student_id)
        setting = found.setting_id if found else None
        # However many rules go by them, relations are put together once.
        relations = cache(lambda: _relations(found, on or self.today(setting)))
        return About(setting, found.id if found else student_id, relations)

    def entry(self, about: About, written_at: datetime) -> About:
        """One entry about a student."""
        return replace(about, recent=(self._clock() - written_at).days <= TEXT_DAYS)


def _relations(student: Student | None, day: date) -> Relations:
    if student is None:
        return Relations()
    return Relations(
        student.caseload_on(day), placement_days(student), student.family_on(day), student.released, bool(student.holds)
    )


def placement_days(student: Student) -> dict[UUID | None, Days]:
    """The days of each commissioner's placements of a student, however many there were, put together."""
    whose = {placement.commissioner_id for placement in student.placements}
    return {
        one: days_of((held.start, held.end) for held in student.placements if held.commissioner_id == one)
        for one in whose
    }


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends entries. A device sends for the people signed in on it; a person or a program for themselves."""

    who: Who
    revoked: bool = False


REFUSED = "You may not record about this student. If that is wrong, ask a leader to put them on your caseload."
UNSURE = "This was not sent by its author, so it waits until they confirm it."
AFTER_REVOKED = "This came from a device that was shut out, so it waits until its author confirms it."


class SendJudge:
    """Judges the entries of one send: who may record what about whom. Asked once for each author, student and day."""

    def __init__(self, world: World, accounts: Accounts, standing: Standing, sender: Sender) -> None:
        self._world = world
        self._accounts = accounts
        self._standing = standing
        self._sender = sender
        self._by_hour = sender.who.device_id is not None
        self._said: dict[tuple[UUID, UUID, UUID, bool, tuple[Hashable, ...]], str | None] = {}

    def verdict(
        self, setting_id: UUID, student_id: UUID, author_id: UUID, worry: bool, at: int, zone: str
    ) -> str | None:
        """None where it may be recorded; else REFUSED, or why it is held. `at` is when it happened, in microseconds."""
        # Caseloads go by days. Whether somebody was at a device is asked for every hour, and a role ends at any moment.
        when: tuple[Hashable, ...] = (local_day(at, zone).toordinal(),)
        if self._by_hour:
            when = (*when, at // 3_600_000_000, self._standing.roles(author_id, at))
        asked = (setting_id, student_id, author_id, worry, when)
        if asked not in self._said:
            if len(self._said) > 100_000:
                self._said.clear()
            self._said[asked] = self._verdict(setting_id, student_id, author_id, worry, at, zone)
        return self._said[asked]

    def _verdict(self, setting_id: UUID, student_id: UUID, author: UUID, worry: bool, at: int, zone: str) -> str | None:
        who = self._sender.who
        day = local_day(at, zone)
        about = self._standing.student(student_id, day)
        action = "raise-worry" if worry else "record"
        if who.device_id is None or who.person_id is not None:
            writer, itself = who, who.person_id == author
        else:
            device = self._world.device(who.device_id)
            itself = device is not None and self._accounts.was_here(who.device_id, author, at, device.kind == "tablet")
            # The device lends its way in; what may be written is for the author's own roles to say, as they were at
            # that moment.
            writer = self._standing.who(author, at=at)
            if not may(who, action, about):
                return REFUSED
        if not may(writer, action, about) or about.setting_id != setting_id:
            return REFUSED
        if self._sender.revoked:
            return AFTER_REVOKED
        if not itself and not (
            who.person_id is not None and may(who, "record-for-others", about) and self._works_here(author, setting_id)
        ):
            return UNSURE
        return None

    def _works_here(self, person_id: UUID, setting_id: UUID) -> bool:
        """Whether somebody belongs to a setting, or ever did: nobody writes in the name of a stranger."""
        person = self._world.person(person_id)
        return person is not None and (
            person.setting_id == setting_id or any(role.setting_id == setting_id for role in person.roles)
        )
