"""What one student's weeks came to, as a report says it: attendance, the ladder, themes, learning, how complete it
is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Protocol, TypeVar
from uuid import UUID

from ap_ledger.events.days import Days
from ap_ledger.kinds.items import VisitItem
from frameworks import Definition
from frameworks.language.scoring import ItemResult
from projections.bodies import ExpectedFact, PlacementFacts, SettingBody, StudentBody
from projections.fold.cells import DatedCell
from projections.fold.climb import BASELINE_CONTACTS, Marks, median
from projections.one_fact import DISPUTED
from projections.outcomes import Seen
from projections.queries.instruments import answered
from projections.queries.reading import Reader
from projections.uncertainty import Interval, further, middle_half

BASELINE_DAYS = LATEST_DAYS = 14
"""An outcome's starting point is the first fortnight in which it was scored; its latest state the last fortnight of the
period."""

WEEKS_COMPARED = 6
PERSISTENT, SEVERE = 0.10, 0.50
"""Shares of possible sessions missed at which absence is called persistent, and severe (Department for Education)."""

SETBACK_RUNGS = 2
"""What is kept up must fall by so many rungs for a stretch to be marked: one rung up or down is what ordinary weeks
look like."""

T = TypeVar("T")
Cells = Sequence[DatedCell]


@dataclass(frozen=True)
class Attendance:
    """Sessions of this student's own: two a full day. Those that we or others cancelled were not offered."""

    attended: int = 0
    late: int = 0
    missed: int = 0
    by_student: int = 0
    by_us: int = 0
    by_others: int = 0
    minutes: int = 0
    disputed: int = 0
    """Sessions about which two people said different things: offered, and neither attended nor missed until that is
    settled."""

    @property
    def offered(self) -> int:
        """Sessions that could have been attended."""
        return self.attended + self.missed + self.by_student + self.disputed

    @property
    def absent(self) -> int:
        """Offered and not attended."""
        return self.missed + self.by_student

    @property
    def level(self) -> str | None:
        """Persistent or severe absence, or neither; None where nothing was offered."""
        if not self.offered:
            return None
        missed = self.absent / self.offered
        return "severe" if missed >= SEVERE else "persistent" if missed >= PERSISTENT else "neither"


def attendance_of(days: Cells) -> Attendance:
    """Sessions over days."""
    sums: dict[str, int] = {}
    for _, cell in days:
        for name, times in cell.counted("sessions").items():
            sums[name] = sums.get(name, 0) + times
    return Attendance(
        sums.get("attended", 0),
        sums.get("late", 0),
        sums.get("not-attended", 0),
        sums.get("cancelled-by-student", 0),
        sums.get("cancelled-by-us", 0),
        sums.get("cancelled-by-other", 0),
        sums.get("minutes", 0),
        sums.get(DISPUTED, 0),
    )


@dataclass(frozen=True)
class Setback:
    """A stretch in which less was kept up than before: its first day, the day on which it was made good (None: not
    yet), and how far down."""

    first: str
    last: str | None
    rungs: int


@dataclass(frozen=True)
class Distance:
    """How far from the starting point: the middle of the first ten contacts and of the latest ten, each with its middle
    half.

    `further` says in which share of all pairs of an early and a late contact the late one got further.
    """

    start: str
    start_half: tuple[str, str]
    now: str
    now_half: tuple[str, str]
    further: Interval


@dataclass(frozen=True)
class LadderFacts:
    """One ladder until the last day of the period."""

    ladder: Definition
    marks: Marks
    order: Sequence[str]
    days: Sequence[str]
    places: Sequence[int]
    sustained: Sequence[int | None]
    first_on_site: str | None

    @cached_property
    def distance(self) -> Distance | None:
        """None until there are twenty contacts: ten to start from, ten to have reached."""
        if len(self.places) < 2 * BASELINE_CONTACTS:
            return None
        early, late = self.places[:BASELINE_CONTACTS], self.places[-BASELINE_CONTACTS:]
        halves = [middle_half(places) for places in (early, late)]
        middles = [median(places) for places in (early, late)]
        reached = further(early, late)
        assert halves[0] and halves[1] and reached and middles[0] is not None and middles[1] is not None
        names = [(self.order[max(0, low)], self.order[max(0, high)]) for low, high in (halves[0], halves[1])]
        return Distance(self.order[max(0, middles[0])], names[0], self.order[max(0, middles[1])], names[1], reached)

    @cached_property
    def setbacks(self) -> list[Setback]:
        """Stretches in which two rungs or more less were kept up than the highest kept up before."""
        stretches: list[Setback] = []
        top: int | None = None
        began: tuple[str, int] | None = None
        for day, kept_up in zip(self.days, self.sustained, strict=True):
            if kept_up is None:
                continue
            if top is not None and kept_up <= top - SETBACK_RUNGS:
                began = (began[0] if began else day, max(top - kept_up, began[1] if began else 0))
            elif began and top is not None and kept_up >= top:
                stretches.append(Setback(began[0], day, began[1]))
                began = None
            top = max(kept_up, top if top is not None else kept_up)
        return [*stretches, Setback(began[0], None, began[1])] if began else stretches


@dataclass(frozen=True)
class ThemeFacts:
    """A framework's yes-or-no indicators, by theme and kind of slot: over the period, at the start, and lately."""

    framework: Definition
    period: Seen
    baseline: Seen
    latest: Seen
    baseline_days: tuple[str, str]
    latest_days: tuple[str, str]
    weeks: dict[tuple[str, str], list[int]]


@dataclass(frozen=True)
class CurriculumFacts:
    """One curriculum at the end of the period: units there are, started, secure, and kept (secure and never lost)."""

    curriculum: Definition
    available: int
    started: int
    secure: int
    kept: int
    secured_in_period: int


Question = Callable[[Reader, UUID, datetime, datetime | None, Days], T]
"""A question about a student: of what had happened until a moment, as it was known at a time (None: now), by the days
that may be told."""


class Asks(Protocol):
    """Asks a question of one student at the times of a report."""

    def __call__(self, question: Question[T], /) -> T:
        """What the question answers."""


@dataclass(frozen=True)
class StudentPeriod:
    """One student's period."""

    student: StudentBody
    setting: SettingBody
    first: date
    last: date
    position: int
    known_at: datetime | None
    as_of: datetime
    incomplete: bool
    days: Cells
    placement: PlacementFacts | None
    until: date
    """The last day that counts: that of the period, or of the relation by which it is told where that ended before."""
    within: Days
    placed_by: UUID | None
    expected: list[ExpectedFact]
    ladders: Sequence[LadderFacts]
    themes: Sequence[ThemeFacts]
    curricula: Sequence[CurriculumFacts]
    completeness: tuple[int, int]
    ask: Asks
    """Asks what only some reports show, and what is sealed, of this student at the times of the report."""
    in_period: Cells = field(default_factory=list)

    @cached_property
    def carers(self) -> tuple[str, str | None] | None:
        """The middle of a carer's answers the first time and the latest time, in the words of the scale, on the
        questionnaire answered most often.

        None where no carer answered; the second is None where they answered once.
        """
        carers = (rater for rater in self.ask(answered) if rater.respondent == "carer")
        most_answered = max(carers, key=lambda carer: len(carer.answers), default=None)
        made = [
            middle
            for answer in (most_answered.answers if most_answered else ())
            if answer.scored and (middle := _middle_answer(answer.scored.items))
        ]
        return (made[0], made[-1] if len(made) > 1 else None) if made else None

    @property
    def attendance(self) -> Attendance:
        """The period's sessions."""
        return attendance_of(self.in_period)

    @property
    def first_weeks(self) -> Attendance:
        """The first six weeks of the placement."""
        start = self.began
        return (
            attendance_of(between(self.days, start, start + timedelta(weeks=WEEKS_COMPARED, days=-1)))
            if start
            else Attendance()
        )

    @property
    def latest_weeks(self) -> Attendance:
        """The last six weeks that count."""
        return attendance_of(between(self.days, self.until - timedelta(weeks=WEEKS_COMPARED, days=-1), self.until))

    @property
    def began(self) -> date | None:
        """The day on which the placement began."""
        return date.fromisoformat(self.placement["start"]) if self.placement else None

    @property
    def main_ladder(self) -> LadderFacts | None:
        """The ladder with most contacts."""
        return max(self.ladders, key=lambda ladder: ladder.marks["contacts"], default=None)

    def counted(self, name: str) -> dict[str, int]:
        """One of the cells' plain counts, over the period."""
        sums: dict[str, int] = {}
        for _, cell in self.in_period:
            for key, times in cell.counted(name).items():
                sums[key] = sums.get(key, 0) + times
        return sums

    def visits(self, effort: str, channel: str | None = None) -> int:
        """The visits of the period in which we did so, by one channel where it is named."""
        return sum(
            times
            for key, times in self.counted("visits").items()
            if (visit := VisitItem.unpacked(key)).effort == effort and channel in (None, visit.channel)
        )

    @property
    def contacts_made(self) -> int:
        """Visits and sessions of the period in which somebody was met: contacts on the main ladder above its lowest
        rung."""
        if self.main_ladder is None:
            return 0
        pairs = zip(self.main_ladder.days, self.main_ladder.places, strict=True)
        return sum(place > 0 for day, place in pairs if self.first.isoformat() <= day <= self.last.isoformat())


def _middle_answer(items: Mapping[str, ItemResult]) -> str | None:
    """The words of the middle answer, in the order of the levels; of an even number the lower of the two in the
    middle."""
    answered = sorted(
        (float(item.level), item.label) for item in items.values() if isinstance(item.level, (int, float))
    )
    return answered[(len(answered) - 1) // 2][1] if answered else None


def between(days: Cells, first: date, last: date) -> list[DatedCell]:
    """The days of a stretch, first and last included."""
    low, high = first.isoformat(), last.isoformat()
    return [(day, cell) for day, cell in days if low <= day <= high]
