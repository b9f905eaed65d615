"""What one student's weeks came to: everything that a report says about a period, from the day cells of the one fold.

A period has a first and a last day; the starting point and the ladder look at everything from the first day there is until
the last of the period. All of it is as it was known at a position, placements and timetables included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from frameworks import Definition
from projections.crosswalks import outcomes_carried
from projections.history import days_at, progress_of, statuses_of
from projections.outcomes import Seen, seen_by_theme
from projections.progress import BASELINE_CONTACTS, DayCell, climbing, median
from projections.reading import Body, Reader, timetable_on
from projections.registry import bodies_at
from projections.uncertainty import Interval, further, middle_half

BASELINE_DAYS = LATEST_DAYS = 14
"""An outcome's starting point is the first fortnight in which it was scored; its latest state the last fortnight of the period."""

WEEKS_COMPARED = 6
PERSISTENT, SEVERE = 0.10, 0.50
"""Shares of possible sessions missed at which absence is called persistent, and severe (Department for Education)."""

FULL_TIME_HOURS = 18
"""More hours a week than this are likely to be full-time education, which an unregistered provider may not offer."""

SETBACK_RUNGS = 2
"""What is kept up must fall by so many rungs for a stretch to be marked: one rung up or down is what ordinary weeks look like."""

Days = Sequence[tuple[str, DayCell]]


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

    @property
    def offered(self) -> int:
        """Sessions that could have been attended."""
        return self.attended + self.missed + self.by_student

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


def attendance_of(days: Days) -> Attendance:
    """Sessions over days."""
    sums: dict[str, int] = {}
    for _, cell in days:
        for name, times in cell.get("sessions", {}).items():
            sums[name] = sums.get(name, 0) + times
    return Attendance(
        sums.get("attended", 0), sums.get("late", 0), sums.get("not-attended", 0), sums.get("cancelled-by-student", 0), sums.get("cancelled-by-us", 0),
        sums.get("cancelled-by-other", 0), sums.get("minutes", 0),
    )  # fmt: skip


@dataclass(frozen=True)
class Setback:
    """A stretch in which less was kept up than before: its first day, the day on which it was made good (None: not yet), and how far down."""

    first: str
    last: str | None
    rungs: int


@dataclass(frozen=True)
class Distance:
    """How far from the starting point: the middle of the first ten contacts and of the latest ten, each with its middle half.

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
    marks: dict[str, Any]
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
        halves = [middle_half(one) for one in (early, late)]
        middles = [median(one) for one in (early, late)]
        reached = further(early, late)
        assert halves[0] and halves[1] and reached and middles[0] is not None and middles[1] is not None
        names = [(self.order[max(0, low)], self.order[max(0, high)]) for low, high in (halves[0], halves[1])]
        return Distance(self.order[max(0, middles[0])], names[0], self.order[max(0, middles[1])], names[1], reached)

    @cached_property
    def setbacks(self) -> list[Setback]:
        """Stretches in which two rungs or more less were kept up than the highest kept up before."""
        found: list[Setback] = []
        top: int | None = None
        began: tuple[str, int] | None = None
        for day, held in zip(self.days, self.sustained, strict=True):
            if held is None:
                continue
            if top is not None and held <= top - SETBACK_RUNGS:
                began = (began[0] if began else day, max(top - held, began[1] if began else 0))
            elif began and top is not None and held >= top:
                found.append(Setback(began[0], day, began[1]))
                began = None
            top = max(held, top if top is not None else held)
        return [*found, Setback(began[0], None, began[1])] if began else found


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


@dataclass(frozen=True)
class StudentPeriod:
    """One student's period."""

    student: Body
    setting: Body
    first: date
    last: date
    position: int
    known_at: datetime | None
    as_of: datetime
    incomplete: bool
    days: Days
    placement: Body | None
    expected: Sequence[Body]
    ladders: Sequence[LadderFacts]
    themes: Sequence[ThemeFacts]
    curricula: Sequence[CurriculumFacts]
    completeness: tuple[int, int]
    in_period: Days = field(default_factory=list)

    @property
    def attendance(self) -> Attendance:
        """The period's sessions."""
        return attendance_of(self.in_period)

    @property
    def first_weeks(self) -> Attendance:
        """The first six weeks of the placement."""
        start = self.began
        return attendance_of(between(self.days, start, start + timedelta(weeks=WEEKS_COMPARED, days=-1))) if start else Attendance()

    @property
    def latest_weeks(self) -> Attendance:
        """The last six weeks of the period."""
        return attendance_of(between(self.days, self.last - timedelta(weeks=WEEKS_COMPARED, days=-1), self.last))

    @property
    def began(self) -> date | None:
        """The day on which the placement began."""
        return date.fromisoformat(self.placement["start"]) if self.placement else None

    @property
    def main_ladder(self) -> LadderFacts | None:
        """The ladder with most contacts."""
        return max(self.ladders, key=lambda one: one.marks["contacts"], default=None)

    def counted(self, name: str) -> dict[str, int]:
        """One of the cells' plain counts, over the period."""
        sums: dict[str, int] = {}
        for _, cell in self.in_period:
            for key, times in cell.get(name, {}).items():
                sums[key] = sums.get(key, 0) + times
        return sums

    @property
    def contacts_made(self) -> int:
        """Visits and sessions of the period in which somebody was met: contacts on the main ladder above its lowest rung."""
        if self.main_ladder is None:
            return 0
        pairs = zip(self.main_ladder.days, self.main_ladder.places, strict=True)
        return sum(place > 0 for day, place in pairs if self.first.isoformat() <= day <= self.last.isoformat())


def between(days: Days, first: date, last: date) -> list[tuple[str, DayCell]]:
    """The days of a stretch, first and last included."""
    low, high = first.isoformat(), last.isoformat()
    return [(day, cell) for day, cell in days if low <= day <= high]


def end_of(day: date, setting: Body) -> datetime:
    """The last moment of a day where the setting is."""
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(setting["time_zone"])) - timedelta(microseconds=1)


def student_period(reader: Reader, student: Body, setting: Body, first: date, last: date, known_at: datetime | None) -> StudentPeriod:
    """A student's period as it was known at a time; everything that is known where none is given."""
    return periods(reader, setting, [student], first, last, known_at)[0]


def periods(
    reader: Reader, setting: Body, students: Sequence[Body], first: date, last: date, known_at: datetime | None, placed_by: UUID | None = None
) -> list[StudentPeriod]:
    """The same period for several students of a setting, in their order. Where they have several placements, that of `placed_by`."""
    as_of = end_of(last, setting)
    position = reader.ledger.recorder.read_head().position if known_at is None else reader.ledger.position_at(known_at)
    streams = [UUID(student["id"]) for student in students]
    known = bodies_at(reader.ledger.recorder, [*streams, UUID(setting["id"])], position)
    then = {**setting, **known.get("settings", {}).get(setting["id"], {})}
    newest = reader.newest("outcomes", last)
    made = []
    for student in students:
        body = known.get("students", {}).get(student["id"], {})
        placements = [one for one in known.get("placements", {}).values() if one["student_id"] == student["id"]]
        days, _, incomplete = days_at(reader, UUID(student["id"]), then, as_of, known_at)
        made.append(
            _period(
                reader,
                (student, body.get("expected", []), _placement(placements, first, last, placed_by)),
                then,
                first,
                last,
                days,
                newest,
                (position, known_at, as_of, incomplete),
            )
        )
    return made


def _placement(placements: Iterable[Body], first: date, last: date, placed_by: UUID | None) -> Body | None:
    """The latest placement that overlaps the period; one by that commissioner before any other."""
    held = [one for one in placements if one["start"] <= last.isoformat() and first.isoformat() <= (one["end"] or "9999")]
    return max(held, key=lambda one: (one["commissioner_id"] == str(placed_by), str(one["start"])), default=None)


def _period(
    reader: Reader, whose: tuple[Body, Sequence[Body], Body | None], setting: Body, first: date, last: date, days: Days, newest: Sequence[Definition],
    known: tuple[int, datetime | None, datetime, bool],
) -> StudentPeriod:  # fmt: skip
    student, expected, placement = whose
    inside = between(days, first, last)
    return StudentPeriod(
        student=student, setting=setting, first=first, last=last, position=known[0], known_at=known[1], as_of=known[2], incomplete=known[3], days=days,
        placement=placement, expected=expected, ladders=_ladders(reader, days),
        themes=_themes(reader, setting, days, inside, last, newest), curricula=_curricula(reader, days, inside),
        completeness=_completeness(setting, expected, inside), in_period=inside,
    )  # fmt: skip


def _ladders(reader: Reader, days: Days) -> list[LadderFacts]:
    reached: dict[str, list[Any]] = {}
    for day, cell in days:
        for rung in cell.get("rungs", ()):
            reached.setdefault(rung[2], []).append([*rung, day])
    found: list[LadderFacts] = []
    for key, rungs in sorted(reached.items()):
        ladder = reader.definition(key)
        if ladder is None:
            continue
        climbed = climbing(sorted(rungs, key=lambda rung: (rung[0], rung[1])), list(ladder.rank))
        on_site = [place for place, rung in enumerate(climbed.order) if (found_rung := ladder.rung(rung)) and found_rung.on_site]
        first_on_site = next((day for day, place in zip(climbed.days, climbed.places, strict=True) if place in on_site), None)
        found.append(LadderFacts(ladder, climbed.marks(), climbed.order, climbed.days, climbed.places, climbed.sustained, first_on_site))
    return found


def _themes(reader: Reader, setting: Body, days: Days, inside: Days, last: date, newest: Sequence[Definition]) -> list[ThemeFacts]:
    def counted(some: Days) -> dict[str, Seen]:
        outcomes = outcomes_carried(
            reader, progress_of(reader, setting, [(day, {"kinds": {}, "outcomes": cell.get("outcomes", {})}) for day, cell in some])["outcomes"], newest
        )
        return {key: seen_by_theme(framework, said) for key, said in outcomes.items() if (framework := reader.definition(key)) and framework.has_yes_or_no}

    began: dict[str, str] = {}
    met: set[str] = set()
    for day, cell in days:
        fresh = set(cell.get("outcomes", {})) - met
        met |= fresh
        for key in counted([(day, cell)]) if fresh else ():
            began.setdefault(key, day)
    since = max(last - timedelta(days=LATEST_DAYS - 1), date.min)
    whole, late = counted(inside), counted(between(days, since, last))
    found: list[ThemeFacts] = []
    for key, period in sorted(whole.items()):
        framework = reader.definition(key)
        assert framework is not None
        start = date.fromisoformat(began[key])
        until = start + timedelta(days=BASELINE_DAYS - 1)
        early = counted(between(days, start, until)).get(key, {})
        weeks: dict[tuple[str, str], list[int]] = {}
        for monday, some in _weeks(inside):
            for (_, kind), (seen, of) in counted(some).get(key, {}).items():
                sums = weeks.setdefault((monday, kind), [0, 0])
                sums[0], sums[1] = sums[0] + seen, sums[1] + of
        found.append(
            ThemeFacts(framework, period, early, late.get(key, {}), (start.isoformat(), until.isoformat()), (since.isoformat(), last.isoformat()), weeks)
        )
    return found


def _weeks(days: Days) -> list[tuple[str, list[tuple[str, DayCell]]]]:
    found: dict[str, list[tuple[str, DayCell]]] = {}
    for day, cell in days:
        on = date.fromisoformat(day)
        found.setdefault((on - timedelta(days=on.weekday())).isoformat(), []).append((day, cell))
    return sorted(found.items())


def _curricula(reader: Reader, days: Days, inside: Days) -> list[CurriculumFacts]:
    statuses = statuses_of(reader, days)
    before = [one for one in days if one[0] < inside[0][0]] if inside else list(days)

    def secure_units(some: Days) -> tuple[dict[str, set[str]], dict[str, set[str]], dict[str, set[str]]]:
        taken: dict[str, list[Any]] = {}
        for _, _, unit, status in sorted((unit for _, cell in some for unit in cell.get("units", ())), key=lambda unit: (unit[0], unit[1])):
            taken.setdefault(unit, []).append(status)
        started: dict[str, set[str]] = {}
        secure: dict[str, set[str]] = {}
        kept: dict[str, set[str]] = {}
        for unit, steps in taken.items():
            key, known = unit.partition("|")[0], statuses.get(unit, (frozenset(), frozenset()))[0]
            started.setdefault(key, set()).add(unit)
            if steps[-1] in known:
                secure.setdefault(key, set()).add(unit)
                reached = next(n for n, status in enumerate(steps) if status in known)
                if all(status in known for status in steps[reached:]):
                    kept.setdefault(key, set()).add(unit)
        return started, secure, kept

    (started, secure, kept), (_, earlier, _) = secure_units(days), secure_units(before)
    found = []
    for key in sorted(started):
        curriculum = reader.definition(key)
        if curriculum is not None:
            fresh = secure.get(key, set()) - earlier.get(key, set())
            found.append(CurriculumFacts(curriculum, len(curriculum.scored), len(started[key]), len(secure.get(key, ())), len(kept.get(key, ())), len(fresh)))
    return found


def _completeness(setting: Body, expected: Sequence[Body], inside: Days) -> tuple[int, int]:
    """How many slots were expected on the days on which a session was attended, and how many of those were scored at all."""
    wanted = scored = 0
    for day, cell in inside:
        if not cell.get("sessions", {}).get("attended"):
            continue
        slots = slots_expected(setting, expected, date.fromisoformat(day))
        seen = {key.split("|", 2)[1] for counts in cell.get("outcomes", {}).values() for key in counts}
        wanted += len(slots)
        scored += len(slots & seen)
    return wanted, scored


def slots_expected(setting: Body, expected: Sequence[Body], day: date) -> set[str]:
    """The slots in which a student is expected on a day, by their own week and the setting's timetable and closures."""
    held = [one for one in expected if one["from_date"] <= day.isoformat()]
    if not held or closed(setting, day):
        return set()
    latest = max(held, key=lambda one: str(one["from_date"]))
    there = {slot["id"] for slot in timetable_on(setting, day.isoformat()) if day.isoweekday() in slot.get("weekdays", (1, 2, 3, 4, 5))}
    return {slot for one in latest["days"] if one["weekday"] == day.isoweekday() for slot in one["slots"] if slot in there}


def closed(setting: Body, day: date) -> bool:
    """Whether the setting's calendar says that it is closed on a day."""
    held = [one for one in setting.get("calendars", ()) if one["from_date"] <= day.isoformat()]
    latest = max(held, key=lambda one: str(one["from_date"]), default=None)
    return latest is not None and any(one["first"] <= day.isoformat() <= one["last"] for one in latest["closures"])
