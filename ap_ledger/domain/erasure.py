"""The rules of erasure: two people, never under a legal hold, and an event that names nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ap_ledger.domain.base import NextEvents, two_people
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import ApproverId, ErasureRule, HoldId, KeptClass, ReasonCode, StoredPosition, TextsCounted
from ap_ledger.events.student import HoldLifted, HoldSet, KeyShredded, TextExcised


class Erasure(StudentCommand):
    """Something is erased for ever. One person proposes it, another approves it."""

    retention_class: KeptClass
    rule: ErasureRule
    approved_by: ApproverId | None = None

    @property
    def second_person(self) -> bool:
        """What cannot be taken back takes two people."""
        return True

    def allowed(self, state: Student | None) -> Student:
        """The student, or a refusal: a legal hold stands, or one person acts alone."""
        student = self.admitted(state)
        _not_held(student)
        if self.retention_class in student.shredded:
            raise Refused("not-allowed", "This part of the record was erased before.", "retention_class")
        two_people(self.author_id, self.approved_by)
        return student

    def beside(self, state: Student | None) -> tuple[UUID, ...]:
        """The other records of the child."""
        return state.other_records if state else ()

    def decide_beside(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A hold on one record keeps the others as well."""
        _not_held(self.admitted(state))
        return []


def _not_held(student: Student) -> None:
    if student.holds:
        message = "A legal hold stands on this student's record, so nothing of it may be erased."
        raise Refused("not-allowed", message, "student")


class ShredKey(Erasure):
    """Destroys a student's key for one retention class, for ever, and those of every record that was joined to theirs.

    `texts` is how many sealed texts the preview counted.
    """

    texts: TextsCounted = 0

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A key is shredded once, and a child is erased under the record that is kept."""
        if self.allowed(state).kept_as is not None:
            raise Refused("not-allowed", "This is joined to another. Erase that one, and both are erased.", "student")
        return [events.event(KeyShredded, **self._words(), texts=self.texts)]

    def decide_beside(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The child's other record is erased with it; its texts were counted with those of the kept one."""
        self.allowed(state)
        return [events.event(KeyShredded, **self._words())]

    def _words(self) -> dict[str, Any]:
        two = {"authorised_by": self.author_id, "approved_by": self.approved_by}
        return {"retention_class": self.retention_class, "rule": self.rule, **two}


class ExciseText(Erasure):
    """Removes one sealed text of the student's, named by its position, for ever."""

    position: StoredPosition

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The text must be the student's; the ledger looks before it lets this decide."""
        self.allowed(state)
        fields = {"excised_position": self.position, "retention_class": self.retention_class, "rule": self.rule}
        return [events.event(TextExcised, **fields, authorised_by=self.author_id, approved_by=self.approved_by)]


class SetHold(StudentCommand):
    """Keeps a student's record from being erased, for instance while a court or an inquiry may ask for it."""

    hold_id: HoldId
    reason_code: ReasonCode

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Several holds may stand at once; each is lifted by its id."""
        if self.hold_id in self.admitted(state).holds:
            raise Refused("not-allowed", "This hold was set before.", "hold_id")
        return [events.event(HoldSet, hold_id=self.hold_id, reason_code=self.reason_code)]


class LiftHold(StudentCommand):
    """Lifts a legal hold."""

    hold_id: HoldId

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Only a hold that stands can be lifted."""
        if self.hold_id not in self.admitted(state).holds:
            raise Refused("not-allowed", "No such hold stands.", "hold_id")
        return [events.event(HoldLifted, hold_id=self.hold_id)]
