"""Makes what a report says about a period, from the day cells of the one fold.

A period has a first and a last day; the starting point and the ladder look at everything from the first day there is
until the last of the period, of the days that count: a commissioner's are those of their own placements, and nobody
else's time is told to them. All of it is as it was known at a position, placements and timetables included.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from ap_ledger.events.days import EVERY_DAY, Days, days_of
from ap_ledger.kinds.items import DefinitionItem
from frameworks import Definition
from projections.bodies import ExpectedFact, PlacementFacts, SettingBody, StudentBody, StudentWeek
from projections.fold.cells import DatedCell, DayCell, scored_facts
from projections.fold.climb import Reached, climbing
from projections.fold.progress import UNTOLD
from projections.outcomes import Seen, seen_by_theme
from projections.queries.crosswalks import climbs_carried, outcomes_carried
from projections.queries.expected import Expectations
from projections.queries.history import days_at, progress_of, statuses_of
from projections.queries.period_facts import (
    BASELINE_DAYS,
    LATEST_DAYS,
    Cells,
    CurriculumFacts,
    LadderFacts,
    StudentPeriod,
    ThemeFacts,
    between,
)
from projections.queries.reading import Reader
from projections.queries.relations import known_of, latest_placement, placement_days


def end_of(day: date, setting: SettingBody) -> datetime:
    """The last moment of a day where the setting is."""
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(setting["time_zone"])) - timedelta(
        microseconds=1
    )


def student_period(
    reader: Reader,
    student: StudentBody,
    setting: SettingBody,
    first: date,
    last: date,
    known_at: datetime | None,
    within: Days = EVERY_DAY,
) -> StudentPeriod:
    """A student's period as it was known at a time, everything that is known where none is given; told by the days of
    `within`."""
    return periods(reader, setting, [student], first, last, known_at, within=within)[0]


def periods(
    reader: Reader,
    setting: SettingBody,
    students: Sequence[StudentBody],
    first: date,
    last: date,
    known_at: datetime | None,
    placed_by: UUID | None = None,
    within: Days = EVERY_DAY,
) -> list[StudentPeriod]:
    """The same period for several students of a setting, in their order, told by the days of `within`.

    Where `placed_by` is named, those who were placed by that commissioner, each told by the days of those placements
    alone.
    """
    as_of = end_of(last, setting)
    known = known_of(reader, setting, students, known_at)
    expectations = Expectations(
        known.setting,
        [placement_then for placements_then in known.placements.values() for placement_then in placements_then],
    )
    newest = reader.newest("outcomes", last, known_at)
    made = []
    for student in students:
        placements = known.placements.get(student["id"], ())
        counted = within if placed_by is None else within & placement_days(placements, placed_by)
        placement = latest_placement(placements, counted & days_of([(first, last)]))
        if placed_by is None or placement is not None:
            weeks = known.expected.get(student["id"], [])
            week: StudentWeek = {"id": student["id"], "expected": weeks}
            expected = partial(expectations.of_session, week)
            days, _, incomplete = days_at(
                reader, UUID(student["id"]), known.setting, as_of, known_at, counted, expected
            )
            whose = _Whose(student, weeks, placement, counted, placed_by, expectations)
            made.append(
                _period(
                    reader,
                    whose,
                    known.setting,
                    first,
                    last,
                    days,
                    newest,
                    (known.position, known_at, as_of, incomplete),
                )
            )
    return made


class _Whose(NamedTuple):
    """Whose period it is, and by what it is told."""

    student: StudentBody
    expected: list[ExpectedFact]
    placement: PlacementFacts | None
    within: Days
    placed_by: UUID | None
    expectations: Expectations


def _period(
    reader: Reader,
    whose: _Whose,
    setting: SettingBody,
    first: date,
    last: date,
    days: Cells,
    newest: Sequence[Definition],
    known: tuple[int, datetime | None, datetime, bool],
) -> StudentPeriod:
    week: StudentWeek = {"id": whose.student["id"], "expected": whose.expected}
    inside = between(days, first, last)
    # Where a relation ended before the period did, what is latest is what was latest in it.
    until = min(last, whose.within.until(last).last) if whose.within.until(last) else last
    return StudentPeriod(
        student=whose.student,
        setting=setting,
        first=first,
        last=last,
        until=until,
        within=whose.within,
        placed_by=whose.placed_by,
        position=known[0],
        known_at=known[1],
        as_of=known[2],
        incomplete=known[3],
        days=days,
        placement=whose.placement,
        expected=whose.expected,
        ladders=_ladders(reader, climbs_carried(reader, days, last, known[1])),
        themes=_themes(reader, setting, days, inside, until, newest),
        curricula=_curricula(reader, days, inside),
        completeness=_completeness(whose.expectations, week, inside),
        in_period=inside,
        ask=lambda question: question(reader, UUID(week["id"]), known[2], known[1], whose.within),
    )


def _ladders(reader: Reader, days: Cells) -> list[LadderFacts]:
    reached: dict[str, list[Reached]] = {}
    for day, cell in days:
        for rung in cell.rungs:
            reached.setdefault(rung.ladder, []).append((rung, day))
    facts: list[LadderFacts] = []
    for key, rungs in sorted(reached.items()):
        ladder = reader.definition(key)
        if ladder is None:
            continue
        climbed = climbing(sorted(rungs), list(ladder.rank))
        on_site = [
            place
            for place, rung in enumerate(climbed.order)
            if (found_rung := ladder.rung(rung)) and found_rung.on_site
        ]
        first_on_site = next(
            (day for day, place in zip(climbed.days, climbed.places, strict=True) if place in on_site), None
        )
        facts.append(
            LadderFacts(
                ladder, climbed.marks(), climbed.order, climbed.days, climbed.places, climbed.sustained(), first_on_site
            )
        )
    return facts


def _themes(
    reader: Reader, setting: SettingBody, days: Cells, inside: Cells, last: date, newest: Sequence[Definition]
) -> list[ThemeFacts]:
    def counted(some: Cells) -> dict[str, Seen]:
        outcomes = outcomes_carried(
            reader,
            progress_of(reader, setting, [(day, DayCell(outcomes=cell.outcomes)) for day, cell in some])["outcomes"],
            newest,
        )
        return {
            key: seen_by_theme(framework, outcome)
            for key, outcome in outcomes.items()
            if (framework := reader.definition(key)) and framework.has_yes_or_no
        }

    began: dict[str, str] = {}
    met: set[str] = set()
    for day, cell in days:
        fresh = set(cell.outcomes) - met
        met |= fresh
        for key in counted([(day, cell)]) if fresh else ():
            began.setdefault(key, day)
    since = max(last - timedelta(days=LATEST_DAYS - 1), date.min)
    whole, late = counted(inside), counted(between(days, since, last))
    facts: list[ThemeFacts] = []
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
        facts.append(
            ThemeFacts(
                framework,
                period,
                early,
                late.get(key, {}),
                (start.isoformat(), until.isoformat()),
                (since.isoformat(), last.isoformat()),
                weeks,
            )
        )
    return facts


def _weeks(days: Cells) -> list[tuple[str, list[DatedCell]]]:
    weeks: dict[str, list[DatedCell]] = {}
    for day, cell in days:
        on = date.fromisoformat(day)
        weeks.setdefault((on - timedelta(days=on.weekday())).isoformat(), []).append((day, cell))
    return sorted(weeks.items())


def _curricula(reader: Reader, days: Cells, inside: Cells) -> list[CurriculumFacts]:
    statuses = statuses_of(reader, days)
    begins = next((day for day, _ in inside), None)
    before = [(day, cell) for day, cell in days if begins is None or day < begins]

    def secure_units(some: Cells) -> tuple[dict[str, set[str]], dict[str, set[str]], dict[str, set[str]]]:
        taken: dict[str, list[str]] = {}
        for step in sorted(step for _, cell in some for step in cell.units):
            taken.setdefault(step.unit, []).append(step.status)
        started: dict[str, set[str]] = {}
        secure: dict[str, set[str]] = {}
        kept: dict[str, set[str]] = {}
        for unit, steps in taken.items():
            key = DefinitionItem.unpacked(unit).definition
            known = statuses.get(unit, UNTOLD).secure
            started.setdefault(key, set()).add(unit)
            if steps[-1] in known:
                secure.setdefault(key, set()).add(unit)
                reached = next(n for n, status in enumerate(steps) if status in known)
                if all(status in known for status in steps[reached:]):
                    kept.setdefault(key, set()).add(unit)
        return started, secure, kept

    (started, secure, kept), (_, earlier, _) = secure_units(days), secure_units(before)
    facts = []
    for key in sorted(started):
        curriculum = reader.definition(key)
        if curriculum is not None:
            fresh = secure.get(key, set()) - earlier.get(key, set())
            facts.append(
                CurriculumFacts(
                    curriculum,
                    len(curriculum.scored),
                    len(started[key]),
                    len(secure.get(key, ())),
                    len(kept.get(key, ())),
                    len(fresh),
                )
            )
    return facts


def _completeness(expectations: Expectations, student: StudentWeek, inside: Cells) -> tuple[int, int]:
    """How many slots were expected on the days on which a session was attended, and how many of those were scored at
    all."""
    wanted = scored = 0
    for day, cell in inside:
        if not cell.counted("sessions").get("attended"):
            continue
        slots = {slot["id"] for slot in expectations.on(student, date.fromisoformat(day)).slots}
        seen = {fact.slot for fact in scored_facts(cell)}
        wanted += len(slots)
        scored += len(slots & seen)
    return wanted, scored
