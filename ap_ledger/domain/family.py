"""The rules of what a family may see: who belongs to the student, and whether anything was released to them."""

from __future__ import annotations

from ap_ledger.domain.base import DatedCommand, NextEvents
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import PersonId, YesOrNo
from ap_ledger.events.student import FamilyLinked, FamilyUnlinked, ReleasedToFamily


class LinkFamily(DatedCommand, StudentCommand):
    """Says that a person is family of the student, or the student."""

    person_id: PersonId

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Linked once; the date of a link that stands is put right by naming it."""
        student = self.admitted(state)
        if self.corrects is None and self.person_id in student.linked:
            raise Refused("not-allowed", "This person is linked to this student already.", "person_id")
        return [
            events.event(
                FamilyLinked,
                person_id=self.person_id,
                **self.dates(student.facts(FamilyLinked, person_id=self.person_id)),
            )
        ]


class UnlinkFamily(StudentCommand):
    """Ends a family link at once."""

    person_id: PersonId

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Only a link that stands can end."""
        if self.person_id not in self.admitted(state).linked:
            raise Refused("not-allowed", "This person is not linked to this student.", "person_id")
        return [events.event(FamilyUnlinked, person_id=self.person_id)]


class ReleaseToFamily(StudentCommand):
    """Lets the student's family see how the student is getting on, or takes that back."""

    released: YesOrNo

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        self.admitted(state)
        return [events.event(ReleasedToFamily, released=self.released)]
