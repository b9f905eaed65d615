"""The rules of a student's stream: admission, placement, what was commissioned, who works with them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import Field

from ap_ledger.domain.base import Command, DatedCommand, NextEvents, fold
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event, Ref, Slug
from ap_ledger.events.dated import DatedFact, in_force, standing
from ap_ledger.events.days import Days, days_of
from ap_ledger.events.due import ClockEnded, ClockResumed
from ap_ledger.events.student import (
    ExpectedDay,
    FamilyLinked,
    FamilyUnlinked,
    HoldLifted,
    HoldSet,
    KeyShredded,
    KeyWorkerAssigned,
    MentorAssigned,
    Name,
    OwnItemsSet,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    ReleasedToFamily,
    SessionsCommissioned,
    StudentAdmitted,
    StudentExpected,
    StudentGrouped,
    StudentIdentified,
    StudentNeedsNoted,
)
from frameworks.needs import need_codes

D = TypeVar("D", bound=DatedFact)


@dataclass(frozen=True, slots=True)
class Placement:
    """One placement; `end` is None while it runs."""

    id: UUID
    start: date
    planned_end: date | None = None
    end: date | None = None
    commissioner_id: UUID | None = None

    def covers(self, day: date) -> bool:
        """Whether the placement was running on a day, its first and last included."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Student:
    """What later decisions need to remember about a student."""

    id: UUID
    setting_id: UUID | None
    version: int
    placements: tuple[Placement, ...] = ()
    shredded: frozenset[str] = field(default_factory=frozenset)
    own_items: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Every item of the student's own that there ever was, as (definition id, item id): a late entry may name an old one."""
    dated: tuple[DatedFact, ...] = ()
    """What was recorded to hold from a date on, in the order in which it was recorded. A family link that ended is not among it."""
    released: bool = False
    holds: frozenset[UUID] = frozenset()
    ended: frozenset[tuple[str, str]] = frozenset()
    """What was due and was ended with a reason, as (clock, what it is about)."""

    def caseload_on(self, day: date) -> frozenset[UUID]:
        """Whose caseload the student was on, on a day: mentors assigned then, and the key worker."""
        worker = in_force(self.facts(KeyWorkerAssigned), day)
        keys = {worker.person_id} if worker is not None and worker.person_id is not None else set()
        # Every mentor has a line of their own, so that assigning one anew also ends what was said of them before.
        mentors = (in_force(self.facts(MentorAssigned, person_id=person), day) for person in {one.person_id for one in self.facts(MentorAssigned)})
        return frozenset(keys | {one.person_id for one in mentors if one is not None and (one.until is None or day <= one.until)})

    def facts(self, kind: type[D], **about: UUID) -> list[D]:
        """The dated facts of one kind, of those about a person or a placement where one is given."""
        return [one for one in self.dated if isinstance(one, kind) and all(getattr(one, name) == value for name, value in about.items())]

    def family_on(self, day: date) -> dict[UUID, Days]:
        """Who was linked as family on a day, each with the days from the link on: a link that begins later waits for its day."""
        links = {person: standing(self.facts(FamilyLinked, person_id=person))[0].from_date for person in self.linked}
        return {person: days_of([(since, None)]) for person, since in links.items() if since <= day}

    @property
    def linked(self) -> frozenset[UUID]:
        """Everybody whose link as family has not ended, those that begin later included."""
        return frozenset(one.person_id for one in self.facts(FamilyLinked))

    def placed_on(self, day: date) -> bool:
        """Whether any placement was running on a day."""
        return any(placement.covers(day) for placement in self.placements)

    @property
    def current(self) -> Placement | None:
        """The placement that has not ended, if there is one."""
        return next((placement for placement in self.placements if placement.end is None), None)


def evolve(student: Student | None, event: Event) -> Student | None:
    """Remembers one event. It never refuses: the past already happened."""
    if isinstance(event, StudentAdmitted):
        return Student(event.originator_id, event.stamp.setting_id, event.originator_version)
    if student is None:
        return None
    match event:
        case PlacementStarted():
            begun = Placement(event.placement_id, event.start, event.planned_end, commissioner_id=event.commissioner_id)
            student = replace(student, placements=(*student.placements, begun))
        case PlacementChanged():
            student = _with_placement(student, event.placement_id, planned_end=event.planned_end)
        case PlacementEnded():
            student = _with_placement(student, event.placement_id, end=event.end)
        case OwnItemsSet():
            student = replace(student, own_items=student.own_items | {(event.definition.id, item) for item in event.items})
        case DatedFact():
            student = replace(student, dated=(*student.dated, event))
        case FamilyUnlinked():
            ended = student.facts(FamilyLinked, person_id=event.person_id)
            student = replace(student, dated=tuple(one for one in student.dated if one not in ended))
        case ReleasedToFamily():
            student = replace(student, released=event.released)
        case ClockEnded():
            student = replace(student, ended=student.ended | {(event.clock, event.about)})
        case ClockResumed():
            student = replace(student, ended=student.ended - {(event.clock, event.about)})
        case HoldSet():
            student = replace(student, holds=student.holds | {event.hold_id})
        case HoldLifted():
            student = replace(student, holds=student.holds - {event.hold_id})
        case KeyShredded():
            student = replace(student, shredded=student.shredded | {event.retention_class})
    return replace(student, version=event.originator_version)


def _with_placement(student: Student, placement_id: UUID, **changes: Any) -> Student:
    placements = tuple(replace(one, **changes) if one.id == placement_id else one for one in student.placements)
    return replace(student, placements=placements)


project_student = fold(evolve)


class StudentCommand(Command):
    """A command to one student's stream."""

    student: UUID

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
        """One placement of the student that has not ended."""
        for one in self.admitted(state).placements:
            if one.id == placement_id and one.end is None:
                return one
        raise Refused("not-allowed", "This student has no running placement with this id.", "placement_id")


class AdmitStudent(StudentCommand):
    """Takes a student on. Makes the keys that seal everything personal about them."""

    MAKES_KEYS_FOR: ClassVar[str | None] = "student"
    on: date

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A student is admitted once."""
        if state is not None:
            raise Refused("not-allowed", "A student with this id was admitted before.", "student")
        return [events.event(StudentAdmitted, on=self.on)]


class IdentifyStudent(StudentCommand):
    """Says who the student is, or puts it right."""

    given_name: Name
    family_name: Name
    known_as: Name | None = None
    date_of_birth: date | None = None
    upn: Name | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Names are kept while the key that seals them is."""
        if "core" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's identity was erased and cannot be written again.")
        said = self.model_dump(include={"given_name", "family_name", "known_as", "date_of_birth", "upn"})
        return [events.event(StudentIdentified, **said)]


class ExpectStudent(DatedCommand, StudentCommand):
    """Sets the weekday slots and places in which the student is expected."""

    days: tuple[ExpectedDay, ...]

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Each weekday is named once."""
        student = self.admitted(state)
        if len({day.weekday for day in self.days}) < len(self.days):
            raise Refused("malformed", "A weekday is named twice; put all its slots in one line.", "days")
        return [events.event(StudentExpected, days=self.days, **self.dates(student.facts(StudentExpected)))]


class StartPlacement(StudentCommand):
    """Starts a placement."""

    placement_id: UUID
    start: date
    planned_end: date | None = None
    commissioner_id: UUID | None = None
    purpose: Slug | None = None
    dual_registered: bool = False

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """One placement runs at a time, so that every session has one commissioner."""
        if self.admitted(state).current is not None:
            raise Refused("not-allowed", "This student has a running placement; end it before starting another.")
        if self.planned_end is not None and self.planned_end < self.start:
            raise Refused("malformed", "The planned end is before the start.", "planned_end")
        said = self.model_dump(include={"placement_id", "start", "planned_end", "commissioner_id", "purpose", "dual_registered"})
        return [events.event(PlacementStarted, **said)]


class ChangePlacement(StudentCommand):
    """Changes the planned end or purpose of the running placement."""

    placement_id: UUID
    planned_end: date | None = None
    purpose: Slug | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Only a running placement changes."""
        self.placement(state, self.placement_id)
        return [events.event(PlacementChanged, placement_id=self.placement_id, planned_end=self.planned_end, purpose=self.purpose)]


class EndPlacement(StudentCommand):
    """Ends the running placement."""

    placement_id: UUID
    end: date
    reason_code: Slug
    destination: Slug | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """A placement cannot end before it started."""
        if self.end < self.placement(state, self.placement_id).start:
            raise Refused("malformed", "The end is before the start of the placement.", "end")
        said = self.model_dump(include={"placement_id", "end", "reason_code", "destination"})
        return [events.event(PlacementEnded, **said)]


class CommissionSessions(DatedCommand, StudentCommand):
    """Says what the commissioner bought from a date on."""

    placement_id: UUID
    sessions_a_week: int
    hours_a_week: float

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Sessions are bought for a running placement."""
        placement = self.placement(state, self.placement_id)
        bought = self.admitted(state).facts(SessionsCommissioned, placement_id=placement.id)
        said = self.model_dump(include={"placement_id", "sessions_a_week", "hours_a_week"})
        return [events.event(SessionsCommissioned, **said, **self.dates(bought))]


class AssignKeyWorker(DatedCommand, StudentCommand):
    """Makes somebody the student's key worker from a date on, or nobody where none is named."""

    person_id: UUID | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        dates = self.dates(self.admitted(state).facts(KeyWorkerAssigned))
        return [events.event(KeyWorkerAssigned, person_id=self.person_id, **dates)]


class AssignMentor(DatedCommand, StudentCommand):
    """Puts the student on a mentor's caseload from a date on."""

    person_id: UUID
    until: date | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        dates = self.dates(self.admitted(state).facts(MentorAssigned, person_id=self.person_id))
        return [events.event(MentorAssigned, person_id=self.person_id, until=self.until, **dates)]


class GroupStudent(DatedCommand, StudentCommand):
    """Puts the student in a group from a date on, or takes them out of theirs."""

    group: Slug | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """The student must be known."""
        dates = self.dates(self.admitted(state).facts(StudentGrouped))
        return [events.event(StudentGrouped, group=self.group, **dates)]


class NoteNeeds(DatedCommand, StudentCommand):
    """Says which types of special educational need the student has from a date on, the main one first; none where none is known any more."""

    needs: Annotated[tuple[Annotated[str, Field(max_length=12)], ...], Field(max_length=6)]

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Needs are codes that schools use, each named once, and are kept while the key that seals them is."""
        if "health" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's health record was erased, so no needs can be kept for it.")
        if set(self.needs) - set(need_codes()) or len(set(self.needs)) < len(self.needs):
            raise Refused("malformed", f"Name each need once, by a code of the school census: {', '.join(need_codes())}.", "needs")
        dates = self.dates(self.admitted(state).facts(StudentNeedsNoted))
        return [events.event(StudentNeedsNoted, needs=self.needs, **dates)]


OWN_ITEM = re.compile(r"[a-z0-9][a-z0-9.-]{0,100}\.[1-9][0-9]{0,3}")


class SetOwnItems(StudentCommand):
    """Gives a student items of their own under a shared definition, in their own words, replacing those set before."""

    definition: Ref
    labels: dict[Slug, Annotated[str, Field(min_length=1, max_length=300)]]

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """An own item's id is that of the shared item with a number behind it, so that the id says nothing about the child."""
        if "learning" in self.admitted(state).shredded:
            raise Refused("not-allowed", "This student's learning record was erased, so no words can be kept for it.")
        if any(OWN_ITEM.fullmatch(item) is None for item in self.labels):
            raise Refused("malformed", "An item of the student's own is named by the shared item, a dot and a number: goal.1", "labels")
        return [events.event(OwnItemsSet, definition=self.definition, items=tuple(self.labels), labels=self.labels)]
