"""The rules of a student's stream: admission, names, placement, and who works with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from pydantic import field_validator

from ap_ledger.domain.base import Command, DatedCommand, NextEvents, in_order
from ap_ledger.domain.student_state import Placement, Student
from ap_ledger.domain.upn import read_upn
from ap_ledger.errors import Refused
from ap_ledger.events.base import Erased, Event
from ap_ledger.events.fields import (
    AdmittedOn,
    BirthDate,
    ClearedNames,
    CommissionerId,
    Destination,
    FamilyName,
    FirstDay,
    GivenName,
    KnownAs,
    LastDay,
    PersonId,
    PlacementId,
    Purpose,
    ReasonCode,
    StudentId,
    UpnText,
    YesOrNo,
)
from ap_ledger.events.student import (
    AdmissionCorrected,
    ExpectedDays,
    KeyWorkerAssigned,
    MentorAssigned,
    PlacementEnded,
    PlacementStarted,
    StudentAdmitted,
    StudentExpected,
    StudentIdentified,
)

IDENTITY = ("given_name", "family_name", "known_as", "date_of_birth", "upn")


class StudentCommand(Command):
    """A command to one student's stream."""

    student: StudentId

    @property
    def stream_id(self) -> UUID:
        """A student's stream is named by the student's id."""
        return self.student

    @property
    def student_id(self) -> UUID | None:
        """The student."""
        return self.student

    def admitted(self, state: Student | None) -> Student:
        """The student, or a refusal when nobody of that id was admitted to this setting."""
        if state is None or state.setting_id != self.setting_id:
            raise Refused("unknown-student", "No student with this id was admitted to this setting.", "student")
        return state

    def placement(self, state: Student | None, placement_id: UUID) -> Placement:
        """One placement of the student, ended or not."""
        for placement in self.admitted(state).placements:
            if placement.id == placement_id:
                return placement
        raise Refused("unknown-placement", "This student has no placement with this id.", "placement_id")

    def running(self, state: Student | None, placement_id: UUID) -> Placement:
        """One placement of the student that has not ended."""
        placement = self.placement(state, placement_id)
        if placement.end is not None:
            raise Refused(
                "not-allowed", "This placement has ended. Put it right with correct-placement.", "placement_id"
            )
        return placement

    def kept_or_given(self, name: str, cleared: Collection[str], before: Any) -> Any:
        """A part as this command leaves it: what is given, nothing where it is cleared, or else what it was before."""
        given, kept = getattr(self, name), getattr(before, name, None)
        if name in cleared and given is not None:
            raise Refused("malformed", "This is both given and cleared. Do one of the two.", name)
        if given is not None or name in cleared or isinstance(kept, Erased):
            return given
        return kept


def alone(student: Student, placement_id: UUID | None, start: date, end: date | None) -> None:
    """Refuses a placement that would run while another of the student's did. Raises Refused."""
    if any(placement.id != placement_id and placement.overlaps(start, end) for placement in student.placements):
        raise Refused(
            "not-allowed",
            "Another placement of this student runs in that time. Put "
            "its start or end right first, or give this one its end.",
            "start",
        )


class CorrectAdmission(StudentCommand):
    """Puts the day of admission right."""

    on: AdmittedOn
    reason_code: ReasonCode

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known; the day recorded first stays in the history."""
        self.admitted(state)
        return [events.event(AdmissionCorrected, on=self.on, reason_code=self.reason_code)]


class AdmitStudent(StudentCommand):
    """Takes a student on. Makes the keys that seal everything personal about them."""

    MAKES_KEYS_FOR: ClassVar[str | None] = "student"
    on: AdmittedOn

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A student is admitted once."""
        if state is not None:
            raise Refused("not-allowed", "A student with this id was admitted before.", "student")
        return [events.event(StudentAdmitted, on=self.on)]


class IdentifyStudent(StudentCommand):
    """Says who the student is, or puts a part of it right: what is neither given nor cleared stays as it was."""

    given_name: GivenName | None = None
    family_name: FamilyName | None = None
    known_as: KnownAs | None = None
    date_of_birth: BirthDate | None = None
    upn: UpnText | None = None
    clear: ClearedNames = ()

    @field_validator("upn")
    @classmethod
    def upn_fits(cls, upn: str | None) -> str | None:
        """A UPN is kept in its one form, and its check letter fits."""
        return None if upn is None else read_upn(upn)

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Names are kept while the key that seals them is; the first time both names are given."""
        student = self.admitted(state)
        self._born_before_they_came(student)
        if "core" in student.shredded:
            raise Refused("not-allowed", "This student's identity was erased and cannot be written again.")
        identity = {name: self.kept_or_given(name, self.clear, student.identity) for name in IDENTITY}
        for name in ("given_name", "family_name"):
            if identity[name] is None:
                raise Refused("malformed", "Give both names the first time that you say who a student is.", name)
        return [events.event(StudentIdentified, **identity)]

    def _born_before_they_came(self, student: Student) -> None:
        came = min(student.admitted_on, *(placement.start for placement in student.placements), date.max)
        if self.date_of_birth is not None and self.date_of_birth > came:
            raise Refused(
                "malformed", "This birth lies after the student came. Put one of the two dates right.", "date_of_birth"
            )


class ExpectStudent(DatedCommand, StudentCommand):
    """Sets the weekday slots and places in which the student is expected."""

    days: ExpectedDays

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Each weekday is named once."""
        student = self.admitted(state)
        if len({day.weekday for day in self.days}) < len(self.days):
            raise Refused("malformed", "A weekday is named twice; put all its slots in one line.", "days")
        for number, day in enumerate(self.days):
            if len(set(day.slots)) < len(day.slots):
                raise Refused("malformed", "A slot is named twice on one day. Name each once.", f"days.{number}.slots")
        return [events.event(StudentExpected, days=self.days, **self.dates(student.facts(StudentExpected)))]


USED_BEFORE = "This id was used for a placement before. Give the new one an id of its own."


class StartPlacement(StudentCommand):
    """Starts a placement; one that is over by now, and was forgotten, is given its end and the reason for it too."""

    placement_id: PlacementId
    start: FirstDay
    planned_end: LastDay | None = None
    commissioner_id: CommissionerId | None = None
    purpose: Purpose | None = None
    dual_registered: YesOrNo = False
    end: LastDay | None = None
    reason_code: ReasonCode | None = None
    destination: Destination | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """One placement runs at a time, so that every session has one commissioner; an id is used once."""
        student = self.admitted(state)
        self._ended_with_its_reason()
        in_order(self.start, self.planned_end, "planned_end")
        in_order(self.start, self.end, "end")
        if any(placement.id == self.placement_id for placement in student.placements):
            raise Refused("not-allowed", USED_BEFORE, "placement_id")
        if student.current is not None and self.end is None:
            raise Refused(
                "not-allowed",
                "This student has a running placement. End it before "
                "starting another; one that was before it is given its end.",
                "start",
            )
        alone(student, None, self.start, self.end)
        parts = {"placement_id", "start", "planned_end", "commissioner_id", "purpose", "dual_registered"}
        started: list[Event] = [events.event(PlacementStarted, **self.model_dump(include=parts))]
        if self.end is None:
            return started
        over = self.model_dump(include={"placement_id", "end", "reason_code", "destination"})
        return [*started, events.event(PlacementEnded, **over)]

    def _ended_with_its_reason(self) -> None:
        if (self.end is None) != (self.reason_code is None):
            raise Refused("malformed", "Give the end and the reason for it together, or neither.", "reason_code")
        if self.end is None and self.destination is not None:
            raise Refused(
                "malformed", "Give the end and the reason for it too, or leave the destination out.", "destination"
            )

    def beside(self, state: Student | None) -> tuple[UUID, ...]:
        """The other records of the child."""
        return state.other_records if state else ()

    def decide_beside(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Nor does one run that stands in another record of the child."""
        alone(self.admitted(state), None, self.start, self.end)
        return []


class EndPlacement(StudentCommand):
    """Ends the running placement."""

    placement_id: PlacementId
    end: LastDay
    reason_code: ReasonCode
    destination: Destination | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A placement cannot end before it started."""
        in_order(self.running(state, self.placement_id).start, self.end, "end")
        fields = self.model_dump(include={"placement_id", "end", "reason_code", "destination"})
        return [events.event(PlacementEnded, **fields)]


class AssignKeyWorker(DatedCommand, StudentCommand):
    """Makes somebody the student's key worker from a date on, or nobody where none is named."""

    person_id: PersonId | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        dates = self.dates(self.admitted(state).facts(KeyWorkerAssigned))
        return [events.event(KeyWorkerAssigned, person_id=self.person_id, **dates)]


class AssignMentor(DatedCommand, StudentCommand):
    """Puts the student on a mentor's caseload from a date on."""

    person_id: PersonId
    until: LastDay | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        dates = self.dates(self.admitted(state).facts(MentorAssigned, person_id=self.person_id))
        in_order(self.from_date, self.until, "until")
        return [events.event(MentorAssigned, person_id=self.person_id, until=self.until, **dates)]
