"""The rules of planned visits and of the addresses they go to."""

from __future__ import annotations

from pydantic import Field

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import Moment, PersonId, YesOrNo
from ap_ledger.events.visits import (
    AddressFlagged,
    AddressFlags,
    AddressId,
    AddressNoted,
    AddressText,
    CancelCode,
    CancelledBy,
    CancelWords,
    OtherPerson,
    PlannedMinutes,
    PurposeCode,
    VisitAddress,
    VisitCancelled,
    VisitChanged,
    VisitId,
    VisitPlanned,
)


class NoteAddress(StudentCommand):
    """Puts down an address where the student is visited, or puts it right."""

    address_id: AddressId
    home: YesOrNo
    address: AddressText

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """It is kept while the key that seals it is."""
        if "core" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's record was erased, so no address can be kept for it.")
        return [events.event(AddressNoted, **self.model_dump(include={"address_id", "home", "address"}))]


class FlagAddress(StudentCommand):
    """Says what a visitor should know about an address, or that there is nothing to know any more."""

    address_id: AddressId
    flags: AddressFlags | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The address was put down before, and the words are kept while the key that seals them is."""
        student = self.admitted(state)
        if self.address_id not in student.addresses:
            raise Refused("unknown-item", "No address with this id was put down for this student.", "address_id")
        if self.flags is not None and "safeguarding" in student.shredded:
            raise Refused("not-allowed", "This student's safeguarding record was erased, so no words can be kept.")
        flagged = self.flags is not None
        return [events.event(AddressFlagged, address_id=self.address_id, flagged=flagged, flags=self.flags)]


PLANNED = {
    "visit_id", "person_id", "starts_at", "minutes", "purpose", "alone", "address_id", "buddy_id", "authorised_by",
}  # fmt: skip


class VisitPlan(StudentCommand):
    """What the plan of a visit says."""

    visit_id: VisitId
    person_id: PersonId
    starts_at: Moment
    minutes: PlannedMinutes
    purpose: PurposeCode
    alone: YesOrNo
    address_id: VisitAddress | None = None
    buddy_id: OtherPerson | None = Field(
        None, description="Whoever is told first when nothing is heard is named by their id, a UUID, or left out."
    )
    authorised_by: OtherPerson | None = Field(
        None, description="Whoever authorised the visit is named by their id, a UUID, or left out."
    )

    def check(self, student: Student) -> None:
        """Nobody is their own buddy, and the address is one of the student's. Raises Refused."""
        if self.buddy_id == self.person_id:
            raise Refused("malformed", "A buddy is somebody else than the visitor.", "buddy_id")
        if self.address_id is not None and self.address_id not in student.addresses:
            raise Refused("unknown-item", "No address with this id was put down for this student.", "address_id")


class PlanVisit(VisitPlan):
    """Plans a visit."""

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A visit is planned once."""
        student = self.admitted(state)
        if self.visit_id in student.visits:
            raise Refused("not-allowed", "A visit with this id was planned before.", "visit_id")
        self.check(student)
        return [events.event(VisitPlanned, **self.model_dump(include=PLANNED))]


class ChangeVisit(VisitPlan):
    """Moves a planned visit, or changes another part of it."""

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """It was planned, and was not cancelled."""
        student = self.admitted(state)
        planned = student.visits.get(self.visit_id)
        if planned is None:
            raise Refused("unknown-item", "No visit with this id was planned for this student.", "visit_id")
        if planned.cancelled:
            raise Refused("not-allowed", "This visit was cancelled. Plan another one.", "visit_id")
        self.check(student)
        return [events.event(VisitChanged, **self.model_dump(include=PLANNED))]


class CancelVisit(StudentCommand):
    """Says that a planned visit does not take place, or did not."""

    visit_id: VisitId
    cancelled_by: CancelledBy
    reason_code: CancelCode
    reason: CancelWords | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """It was planned, and is cancelled once. The reason is kept while the key that seals it is."""
        student = self.admitted(state)
        planned = student.visits.get(self.visit_id)
        if planned is None:
            raise Refused("unknown-item", "No visit with this id was planned for this student.", "visit_id")
        if planned.cancelled:
            raise Refused("not-allowed", "This visit was cancelled before.", "visit_id")
        reason = None if "learning" in student.shredded else self.reason
        fields = self.model_dump(include={"visit_id", "cancelled_by", "reason_code"})
        return [events.event(VisitCancelled, **fields, reason=reason)]
