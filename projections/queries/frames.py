"""A student's history as day frames: where everything stood at the end of every day, so that a browser only looks up.

The figures are those of the one fold (`projections/fold`), taken day after day. Counts travel as what each day added,
because that is a quarter of the bytes; the script adds them up once, when they arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ap_ledger.kinds import TOLD
from ap_ledger.kinds.row import Mark
from frameworks import Definition
from projections.bodies import SettingBody
from projections.fold.cells import SUMS, DatedCell, DayCell, Rung
from projections.fold.climb import Climb, RungMark, with_own_steps
from projections.fold.progress import UNTOLD, Statuses, combine
from projections.outcomes import seen_by_theme
from projections.queries.crosswalks import outcomes_carried
from projections.queries.reading import Reader

Json = dict[str, Any]
TIPS: tuple[RungMark, ...] = ("baseline", "latest", "sustained", "highest_sustained")


def marks() -> dict[str, Mark]:
    """How days are marked, by the kind of entry whose days they are."""
    return {topic: kind.mark for topic, kind in TOLD.items() if kind.mark and kind.mark.name}


def drawn_marks() -> list[Mark]:
    """The marks that are drawn above the slider, by their line, from the top."""
    return sorted((mark for mark in marks().values() if mark.line is not None), key=lambda mark: mark.line or 0)


def frames(
    reader: Reader, setting: SettingBody, days: Sequence[DatedCell], statuses: Statuses, newest: Sequence[Definition]
) -> Json:
    """Frames over days given in order as (ISO date, cell).

    Places on a ladder are numbers into its `rungs`; null is none yet.
    """
    return {
        "days": [day for day, _ in days],
        "ladders": _ladders(reader, days),
        "themes": _themes(reader, setting, days, newest),
        "counts": _counts(days),
        "units": _units(days, statuses),
        "marks": {
            mark.name: marked
            for topic, mark in marks().items()
            if (marked := [n for n, (_, cell) in enumerate(days) if topic in cell.counted("kinds")])
        },
    }


def _ladders(reader: Reader, days: Sequence[DatedCell]) -> dict[str, Json]:
    reached: dict[str, list[tuple[int, Rung]]] = {}
    for n, (_, cell) in enumerate(days):
        for rung in sorted(cell.rungs):
            reached.setdefault(rung.ladder, []).append((n, rung))
    made: dict[str, Json] = {}
    for key, rungs in reached.items():
        definition = reader.definition(key)
        order = with_own_steps(list(definition.rank) if definition else (), (rung.rung for _, rung in rungs))
        place = {rung: n for n, rung in enumerate(order)}
        climbed, at = Climb(order), 0
        tips: dict[str, list[int | None]] = {name: [] for name in TIPS}
        contacts: list[int] = []
        for n, (day, _) in enumerate(days):
            while at < len(rungs) and rungs[at][0] == n:
                _, rung = rungs[at]
                climbed.add(rung.rung, rung.visit, day)
                at += 1
            marks = climbed.marks()
            for name in TIPS:
                rung_then = marks[name]
                tips[name].append(None if rung_then is None else place[rung_then])
            contacts.append(marks["contacts"])
        index = {day: n for n, (day, _) in enumerate(days)}
        made[key] = {
            "rungs": order,
            "contacts": _steps(contacts),
            **tips,
            "path": {
                "day": [index[day] for day in climbed.days],
                "place": [None if reached_place < 0 else reached_place for reached_place in climbed.places],
            },
        }
    return made


def _themes(
    reader: Reader, setting: SettingBody, days: Sequence[DatedCell], newest: Sequence[Definition]
) -> dict[str, Json]:
    """By framework, theme and kind of slot: what each day added to seen and to looked-for."""
    kinds = reader.slot_kinds(setting)
    made: dict[str, Json] = {}
    for n, (day, cell) in enumerate(days):
        if not cell.outcomes:
            continue
        outcomes = combine([(day, DayCell(outcomes=cell.outcomes))], {}, kinds)["outcomes"]
        for key, outcome in outcomes_carried(reader, outcomes, newest).items():
            framework = reader.definition(key)
            for (theme, kind), (seen, of) in seen_by_theme(framework, outcome).items() if framework else ():
                series = (
                    made.setdefault(key, {})
                    .setdefault(theme, {})
                    .setdefault(kind, {"seen": [0] * len(days), "of": [0] * len(days)})
                )
                series["seen"][n], series["of"][n] = seen, of
    return made


def _counts(days: Sequence[DatedCell]) -> dict[str, list[int]]:
    made: dict[str, list[int]] = {}
    for n, (_, cell) in enumerate(days):
        for name in SUMS:
            for key, times in cell.counted(name).items():
                made.setdefault(f"{name}.{key}", [0] * len(days))[n] = times
    return made


def _units(days: Sequence[DatedCell], statuses: Statuses) -> dict[str, list[int]]:
    """Over all curricula: how many units had been started, and how many were secure, at the end of each day."""
    now: dict[str, str] = {}
    started: list[int] = []
    secure: list[int] = []
    known: set[str] = set()
    for _, cell in days:
        for step in sorted(cell.units):
            now[step.unit] = step.status
            is_known = step.status in statuses.get(step.unit, UNTOLD).secure
            (known.add if is_known else known.discard)(step.unit)
        started.append(len(now))
        secure.append(len(known))
    return {"started": _steps(started), "secure": _steps(secure)} if now else {}


def _steps(totals: Sequence[int]) -> list[int]:
    """What each day added to a total, or took from it."""
    return [now - before for now, before in zip(totals, (0, *totals), strict=False)]
