"""How somebody stands to a student: what the access table asks, looked up in the streams themselves, so never out of
date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from uuid import UUID

from ap_ledger.access import DEVICE, TEXT_DAYS, About, Grant, Relations, Via, Who
from ap_ledger.domain.person import RoleAssignment
from ap_ledger.domain.student_state import Student
from ap_ledger.events.days import Days, days_of
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.recording.states import LOOK_AGAIN, States


class AccessFacts:
    """Puts together who asks and what is asked about."""

    def __init__(self, states: States, clock: Callable[[], datetime]) -> None:
        self._states = states
        self._clock = clock

    def today(self, setting_id: UUID | None) -> date:
        """The date in a setting: roles, caseloads and family links begin and end with its days."""
        return local_day(microseconds(self._clock()), self._zone(setting_id))

    def zone_of(self, student_id: UUID) -> str:
        """The time zone in which a student's days begin and end."""
        student = self._states.student(student_id)
        return self._zone(student.setting_id if student else None)

    def _zone(self, setting_id: UUID | None) -> str:
        setting = self._states.setting(setting_id) if setting_id is not None else None
        return setting.time_zone if setting is not None else "UTC"

    def roles(self, person_id: UUID, at: int | None = None) -> tuple[RoleAssignment, ...]:
        """The roles that somebody holds at a moment (in microseconds); now, where none is given."""
        person = self._states.person(person_id)
        moment = microseconds(self._clock()) if at is None else at
        return (
            tuple(role for role in person.roles if role.in_force(moment, self._zone(role.setting_id))) if person else ()
        )

    def roles_to_come(self, person_id: UUID) -> tuple[RoleAssignment, ...]:
        """The roles that somebody holds now or will hold: those that are not over."""
        person, moment = self._states.person(person_id), microseconds(self._clock())
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
        self._states.refresh(LOOK_AGAIN)
        person = self._states.person(person_id)
        if person is None:
            return Who(person_id, via=via, scopes=scopes)
        grants = tuple(Grant(role.setting_id, role.role, role.commissioner_id) for role in self.roles(person_id, at))
        return Who(person_id, grants, via, scopes, self._every_record(person.conflicts))

    def _every_record(self, students: frozenset[UUID]) -> frozenset[UUID]:
        """These students under every id under which anything was recorded of them."""
        return frozenset(record for student in students for record in self._states.records(student))

    def device(self, device_id: UUID) -> Who:
        """A device as itself, of the setting that enrolled it."""
        self._states.refresh(LOOK_AGAIN)
        device = self._states.device(device_id)
        return Who(None, (Grant(device.setting_id, DEVICE),) if device else (), "device", device_id=device_id)

    def student(self, student_id: UUID, on: date | None = None) -> About:
        """A student as something to ask about; a student nobody admitted belongs to no setting, so nobody may
        anything."""
        student = self._states.child(student_id)
        setting = student.setting_id if student else None
        # However many rules go by them, relations are put together once.
        relations = cache(lambda: _relations(student, on or self.today(setting), self._zone(setting)))
        return About(setting, student.id if student else student_id, relations)

    def entry(self, about: About, written_at: datetime) -> About:
        """One entry about a student."""
        return replace(about, recent=(self._clock() - written_at).days <= TEXT_DAYS)


def _relations(student: Student | None, day: date, time_zone: str) -> Relations:
    if student is None:
        return Relations()
    return Relations(
        student.caseload_on(day),
        placement_days(student),
        student.family_on(day),
        student.released,
        bool(student.holds),
        student.visitors_on(day, time_zone),
    )


def placement_days(student: Student) -> dict[UUID | None, Days]:
    """The days of each commissioner's placements of a student, however many there were, put together."""
    whose = {placement.commissioner_id for placement in student.placements}
    return {
        commissioner: days_of(
            (placement.start, placement.end)
            for placement in student.placements
            if placement.commissioner_id == commissioner
        )
        for commissioner in whose
    }
