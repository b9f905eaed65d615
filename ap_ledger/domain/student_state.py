"""What later decisions need to remember about a student, and the fold that remembers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from ap_ledger.domain.base import fold
from ap_ledger.events.base import Erased, Event
from ap_ledger.events.bounds import Since, in_the_life_of
from ap_ledger.events.dated import DatedFact, in_force, standing, without
from ap_ledger.events.days import Days, days_of, holds_on
from ap_ledger.events.due import ClockEnded, ClockResumed
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.events.student import (
    AdmissionCorrected,
    ConsentNoted,
    FamilyLinked,
    FamilyUnlinked,
    HoldLifted,
    HoldSet,
    KeyShredded,
    KeyWorkerAssigned,
    MentorAssigned,
    OwnItemsSet,
    PlacementChanged,
    PlacementCorrected,
    PlacementEnded,
    PlacementStarted,
    ReleasedToFamily,
    SessionsCommissioned,
    StudentAdmitted,
    StudentContactsNoted,
    StudentExpected,
    StudentFactWithdrawn,
    StudentGrouped,
    StudentIdentified,
    StudentNeedsNoted,
    StudentsJoined,
    StudentsParted,
)
from ap_ledger.events.visits import AddressNoted, VisitCancelled, VisitPlanned

D = TypeVar("D", bound=DatedFact)
CORRECTED = ("start", "planned_end", "end", "commissioner_id")
"""Of what a placement's correction may put right, the parts that later decisions need to remember."""

WITHDRAWABLE: Mapping[str, type[DatedFact]] = {
    kind.TOPIC: kind
    for kind in (
        StudentExpected,
        SessionsCommissioned,
        KeyWorkerAssigned,
        MentorAssigned,
        StudentGrouped,
        StudentNeedsNoted,
        StudentContactsNoted,
        ConsentNoted,
    )
}
"""The facts that can be withdrawn, by the name that a withdrawal gives them.

A family link is ended by its own command.
"""


@dataclass(frozen=True, slots=True)
class Placement:
    """One placement; `end` is None while it runs."""

    id: UUID
    start: date
    planned_end: date | None = None
    end: date | None = None
    commissioner_id: UUID | None = None

    def overlaps(self, first: date, last: date | None) -> bool:
        """Whether the placement was running on any day from a first to a last one; for ever where none is last."""
        return (self.end is None or first <= self.end) and (last is None or self.start <= last)

    def covers(self, day: date) -> bool:
        """Whether the placement was running on a day, its first and last included."""
        return holds_on(self.start, self.end, day)


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit that was planned: who goes, and when. One that was cancelled stays known."""

    person_id: UUID
    starts_at: datetime
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Student:
    """What later decisions need to remember about a student."""

    id: UUID
    setting_id: UUID | None
    version: int
    admitted_on: date = date.max
    placements: tuple[Placement, ...] = ()
    shredded: frozenset[str] = field(default_factory=frozenset)
    own_items: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Every item of the student's own that there ever was, as (definition id, item id): a late entry may name an old
    one."""
    identity: StudentIdentified | None = field(default=None, repr=False)
    dated: tuple[DatedFact, ...] = ()
    """What was recorded to hold from a date on, in the order of recording. A family link that ended is not among it."""
    released: bool = False
    holds: frozenset[UUID] = frozenset()
    ended: frozenset[tuple[str, str]] = frozenset()
    """What was due and was ended with a reason, as (clock, what it is about)."""
    kept_as: UUID | None = None
    """The student whom this one turned out to be, while the two are joined."""
    kept_since: int = 0
    """The position from which on the two are joined."""
    joined: tuple[UUID, ...] = ()
    """The students who turned out to be this one, in the order in which they were joined."""
    addresses: frozenset[UUID] = frozenset()
    """The addresses that were put down, by their ids."""
    visits: Mapping[UUID, PlannedVisit] = field(default_factory=dict)
    """Every visit that was ever planned, by its id."""

    def caseload_on(self, day: date) -> frozenset[UUID]:
        """Whose caseload the student was on, on a day: mentors assigned then, and the key worker."""
        worker = in_force(self.facts(KeyWorkerAssigned), day)
        keys = {worker.person_id} if worker is not None and worker.person_id is not None else set()
        # Every mentor has a line of their own, so that assigning one anew also ends what was said of them before.
        assigned = {fact.person_id for fact in self.facts(MentorAssigned)}
        mentors = (in_force(self.facts(MentorAssigned, person_id=person), day) for person in assigned)
        there = {
            mentor.person_id
            for mentor in mentors
            if mentor is not None and holds_on(mentor.from_date, mentor.until, day)
        }
        return frozenset(keys | there)

    def facts(self, kind: type[D], **about: UUID) -> list[D]:
        """The dated facts of one kind, of those about a person or a placement where one is given."""
        facts = (fact for fact in self.dated if isinstance(fact, kind))
        return [fact for fact in facts if all(getattr(fact, name) == value for name, value in about.items())]

    def family_on(self, day: date) -> dict[UUID, Days]:
        """Who was linked as family on a day, each with the days since: a link that begins later waits for its day."""
        links = {person: standing(self.facts(FamilyLinked, person_id=person))[0].from_date for person in self.linked}
        return {person: days_of([(since, None)]) for person, since in links.items() if since <= day}

    @property
    def born(self) -> date | None:
        """The date of birth, where it is known and was not erased."""
        born = self.identity.date_of_birth if self.identity else None
        return None if isinstance(born, Erased) else born

    @property
    def since(self) -> Since:
        """From when on something can be said of the student."""
        return in_the_life_of(self.born, self.admitted_on)

    @property
    def linked(self) -> frozenset[UUID]:
        """Everybody whose link as family has not ended, those that begin later included."""
        return frozenset(fact.person_id for fact in self.facts(FamilyLinked))

    def visitors_on(self, day: date, time_zone: str) -> frozenset[UUID]:
        """Who is to visit on a day, where the setting is; those whose visit was cancelled are not among them."""
        return frozenset(
            visit.person_id
            for visit in self.visits.values()
            if not visit.cancelled and local_day(microseconds(visit.starts_at), time_zone) == day
        )

    def placed_on(self, day: date) -> bool:
        """Whether any placement was running on a day."""
        return any(placement.covers(day) for placement in self.placements)

    @property
    def other_records(self) -> tuple[UUID, ...]:
        """The records that are known to be of the same child: the one that is kept, and those that were joined."""
        return (*filter(None, (self.kept_as,)), *self.joined)

    @property
    def current(self) -> Placement | None:
        """The placement that has not ended, if there is one."""
        return next((placement for placement in self.placements if placement.end is None), None)


def evolve(student: Student | None, event: Event) -> Student | None:
    """Remembers one event. It never refuses: the past already happened."""
    if isinstance(event, StudentAdmitted):
        return Student(event.originator_id, event.stamp.setting_id, event.originator_version, event.on)
    if student is None:
        return None
    match event:
        case AdmissionCorrected():
            student = replace(student, admitted_on=event.on)
        case PlacementStarted():
            begun = Placement(event.placement_id, event.start, event.planned_end, None, event.commissioner_id)
            student = replace(student, placements=(*student.placements, begun))
        case PlacementChanged():
            if event.planned_end is not None:
                student = _with_placement(student, event.placement_id, planned_end=event.planned_end)
        case PlacementCorrected():
            given = event.model_dump(include=set(CORRECTED), exclude_none=True)
            cleared = [name for name in event.clear if name in CORRECTED]
            student = _with_placement(student, event.placement_id, **dict.fromkeys(cleared), **given)
        case PlacementEnded():
            student = _with_placement(student, event.placement_id, end=event.end)
        case StudentIdentified():
            student = replace(student, identity=event)
        case OwnItemsSet():
            student = replace(
                student, own_items=student.own_items | {(event.definition.id, item) for item in event.items}
            )
        case DatedFact():
            student = replace(student, dated=(*student.dated, event))
        case StudentFactWithdrawn():
            student = _without_fact(student, event)
        case FamilyUnlinked():
            ended = student.facts(FamilyLinked, person_id=event.person_id)
            student = replace(student, dated=tuple(fact for fact in student.dated if fact not in ended))
        case ReleasedToFamily():
            student = replace(student, released=event.released)
        case ClockEnded():
            student = replace(student, ended=student.ended | {(event.clock, event.about)})
        case ClockResumed():
            student = replace(student, ended=student.ended - {(event.clock, event.about)})
        case AddressNoted():
            student = replace(student, addresses=student.addresses | {event.address_id})
        case VisitPlanned():
            visit = PlannedVisit(event.person_id, event.starts_at)
            student = replace(student, visits={**student.visits, event.visit_id: visit})
        case VisitCancelled() if event.visit_id in student.visits:
            gone = replace(student.visits[event.visit_id], cancelled=True)
            student = replace(student, visits={**student.visits, event.visit_id: gone})
        case HoldSet():
            student = replace(student, holds=student.holds | {event.hold_id})
        case HoldLifted():
            student = replace(student, holds=student.holds - {event.hold_id})
        case KeyShredded():
            student = replace(student, shredded=student.shredded | {event.retention_class})
        case StudentsJoined():
            student = _joined(student, event)
        case StudentsParted():
            parted = tuple(record for record in student.joined if record != event.joined_student)
            student = replace(student, kept_as=None, joined=parted)
    return replace(student, version=event.originator_version)


def _joined(student: Student, event: StudentsJoined) -> Student:
    if student.id == event.joined_student:
        return replace(student, kept_as=event.kept_student, kept_since=event.stamp.position or 0)
    return replace(student, joined=(*student.joined, event.joined_student))


def as_one(kept: Student, others: Sequence[Student]) -> Student:
    """A child of whom there are several records, as the one that is kept: everything that any of them says.

    What the family may see was released of the one that is kept, or not at all: joining opens nothing to any family.
    """
    records = (kept, *others)
    dated = sorted((fact for record in records for fact in record.dated), key=_recorded)
    return replace(
        kept,
        placements=tuple(placement for record in records for placement in record.placements),
        own_items=frozenset().union(*(record.own_items for record in records)),
        dated=tuple(dated),
        holds=frozenset().union(*(record.holds for record in records)),
        ended=frozenset().union(*(record.ended for record in records)),
        shredded=frozenset().union(*(record.shredded for record in records)),
        addresses=frozenset().union(*(record.addresses for record in records)),
        visits={visit: plan for record in records for visit, plan in record.visits.items()},
    )


def _recorded(fact: DatedFact) -> int:
    return (fact.stamp.position or 0) if isinstance(fact, Event) else 0


def _without_fact(student: Student, gone: StudentFactWithdrawn) -> Student:
    kind = WITHDRAWABLE[gone.fact]

    def of_series(fact: DatedFact) -> bool:
        return isinstance(fact, kind) and all(getattr(fact, name) == getattr(gone, name) for name in kind.SERIES)

    return replace(student, dated=tuple(without(student.dated, gone.from_date, of_series)))


def _with_placement(student: Student, placement_id: UUID, **changes: Any) -> Student:
    placements = tuple(
        replace(placement, **changes) if placement.id == placement_id else placement for placement in student.placements
    )
    return replace(student, placements=placements)


project_student = fold(evolve)
