"""Makes what a report says about a period, from the day cells of the one fold.

A period has a first and a last day; the starting point and the ladder look at everything from the first day there is until
the last of the period. All of it is as it was known at a position, placements and timetables included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ap_ledger.events.dated import in_force
from frameworks import Definition
from projections.crosswalks import outcomes_carried
from projections.history import days_at, progress_of, statuses_of
from projections.instruments import answered
from projections.outcomes import Seen, seen_by_theme
from projections.period_facts import BASELINE_DAYS, LATEST_DAYS, CurriculumFacts, Days, LadderFacts, StudentPeriod, ThemeFacts, between
from projections.progress import IN_ORDER, DayCell, climbing, scored_facts
from projections.reading import Body, Reader, timetable_on
from projections.registry import bodies_at


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
        ask_carers=lambda: [one for one in answered(reader, UUID(student["id"]), known[2], known[1]) if one.respondent == "carer"],
    )  # fmt: skip


def _ladders(reader: Reader, days: Days) -> list[LadderFacts]:
    reached: dict[str, list[Any]] = {}
    for day, cell in days:
        for rung in cell.get("rungs", ()):
            reached.setdefault(rung[2], []).append((*rung, day))
    found: list[LadderFacts] = []
    for key, rungs in sorted(reached.items()):
        ladder = reader.definition(key)
        if ladder is None:
            continue
        climbed = climbing(sorted(rungs, key=IN_ORDER), list(ladder.rank))
        on_site = [place for place, rung in enumerate(climbed.order) if (found_rung := ladder.rung(rung)) and found_rung.on_site]
        first_on_site = next((day for day, place in zip(climbed.days, climbed.places, strict=True) if place in on_site), None)
        found.append(LadderFacts(ladder, climbed.marks(), climbed.order, climbed.days, climbed.places, climbed.sustained(), first_on_site))
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
        seen = {fact.slot for fact in scored_facts(cell)}
        wanted += len(slots)
        scored += len(slots & seen)
    return wanted, scored


def slots_expected(setting: Body, expected: Sequence[Body], day: date) -> set[str]:
    """The slots in which a student is expected on a day, by their own week and the setting's timetable and closures."""
    latest = in_force(expected, day)
    if latest is None or closed(setting, day):
        return set()
    there = {slot["id"] for slot in timetable_on(setting, day.isoformat()) if day.isoweekday() in slot.get("weekdays", (1, 2, 3, 4, 5))}
    return {slot for one in latest["days"] if one["weekday"] == day.isoweekday() for slot in one["slots"] if slot in there}


def closed(setting: Body, day: date) -> bool:
    """Whether the setting's calendar says that it is closed on a day."""
    latest = in_force(setting.get("calendars", ()), day)
    return latest is not None and any(one["first"] <= day.isoformat() <= one["last"] for one in latest["closures"])
