"""The rules of telling two students that are one child, and of taking that back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import KeptStudentId, ReasonCode
from ap_ledger.events.student import StudentsJoined, StudentsParted


class JoinStudents(StudentCommand):
    """Says that two students are one child: what was recorded of this one is told of the one that is kept."""

    kept_student: KeptStudentId
    reason_code: ReasonCode

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Nothing is joined to itself, twice, or in a chain: every record is joined to the one that is kept."""
        student = self.admitted(state)
        if self.kept_student == self.student:
            raise Refused("not-allowed", "This is one record. Name the other one, which is kept.", "kept_student")
        if student.kept_as is not None:
            raise Refused("not-allowed", "This record is joined to another one. Part the two first.", "student")
        if student.joined:
            raise Refused("not-allowed", "Others are joined to this one. Keep it, or part them first.", "student")
        _nothing_erased(student, "student")
        return [events.event(StudentsJoined, **self._pair())]

    def beside(self, state: Student | None) -> tuple[UUID, ...]:
        """The record that is kept says so too, so that two people cannot join the same two to each other."""
        return (self.kept_student,)

    def decide_beside(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The one that is kept was admitted here, is itself, and holds all that it ever held."""
        if state is None or state.setting_id != self.setting_id:
            raise Refused("unknown-student", "No student with this id was admitted to this setting.", "kept_student")
        if state.kept_as is not None:
            raise Refused("not-allowed", "That one is joined to another. Name the one that is kept.", "kept_student")
        _nothing_erased(state, "kept_student")
        return [events.event(StudentsJoined, **self._pair())]

    def _pair(self) -> dict[str, Any]:
        return {"kept_student": self.kept_student, "joined_student": self.student, "reason_code": self.reason_code}


class PartStudents(StudentCommand):
    """Says that two students who were joined are two children after all. Each has again what was recorded of them."""

    reason_code: ReasonCode

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """It is the record that was joined to another which is parted from it."""
        student = self.admitted(state)
        if student.kept_as is None:
            raise Refused("not-allowed", "This record is not joined to another, so nothing is parted.", "student")
        return [events.event(StudentsParted, **self._pair(student.kept_as))]

    def beside(self, state: Student | None) -> tuple[UUID, ...]:
        """The record that was kept."""
        return (state.kept_as,) if state and state.kept_as else ()

    def decide_beside(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The one that was kept says so too."""
        return [events.event(StudentsParted, **self._pair(events.stream_id))]

    def _pair(self, kept: UUID) -> dict[str, Any]:
        return {"kept_student": kept, "joined_student": self.student, "reason_code": self.reason_code}


def _nothing_erased(student: Student, field: str) -> None:
    if student.shredded:
        raise Refused("not-allowed", "Of one of the two something was erased, so they cannot be joined.", field)
