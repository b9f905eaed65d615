"""Progress: what days come to together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, TypedDict, cast

from ap_ledger.kinds.items import FactKey
from frameworks.language.learning import losses
from frameworks.language.parts import LevelValue
from projections.fold.cells import SUMS, DatedCell, UnitStep
from projections.fold.climb import LadderProgress, Reached, climb

Counts = dict[str, int]
"""How often, by what is counted, in the order of the alphabet."""


class OutcomeProgress(TypedDict):
    """How often each level was scored. Reasons why there is none are levels that start with ~."""

    indicators: dict[str, Counts]
    """By indicator."""
    by_slot_kind: dict[str, dict[str, Counts]]
    """By indicator and kind of slot; `none` outside a slot."""
    by_informant: dict[str, dict[str, Counts]]
    """By indicator and whose view it is."""


class UnitProgress(TypedDict):
    """Where a unit stands."""

    status: str
    """Its present status."""
    since: int
    """When the latest step was taken, in microseconds."""
    steps: int
    """How many steps were recorded."""
    losses: int
    """How many of them were losses."""


class Progress(TypedDict):
    """What had happened until a day, as JSON. Every part that rows of kinds count stands here by its name."""

    days: int
    """On how many days anything happened."""
    first_day: str | None
    """The first of them, as an ISO date."""
    last_day: str | None
    """The last of them, as an ISO date."""
    entries: int
    """How many entries count."""
    kinds: Counts
    """Entries by kind."""
    visits: Counts
    """Visits by packed `VisitItem`, and beside them their `minutes`."""
    sessions: Counts
    """Sessions by what came of them, and beside them how many began `late` and their `minutes`."""
    faces: Counts
    """Voices by packed `SpokenFace`."""
    incidents: Counts
    """Incidents by whether they were restrictive, and parents told."""
    flashpoints: Counts
    """Incidents by the slot in which they were."""
    ladders: dict[str, LadderProgress]
    """By ladder, as `id@version`."""
    outcomes: dict[str, OutcomeProgress]
    """By framework, as `id@version`."""
    units: dict[str, UnitProgress]
    """By curriculum and unit, as a packed `DefinitionItem`."""


class Worth(NamedTuple):
    """What the statuses of a unit are worth."""

    secure: frozenset[LevelValue] = frozenset()
    """The statuses at which it counts as known."""
    lost: frozenset[LevelValue] = frozenset()
    """The statuses that say it is lost."""


UNTOLD = Worth()
"""Of a unit of which it is not known: it has steps, and neither is known nor has losses."""

Statuses = Mapping[str, Worth]
"""What statuses are worth, by unit as a packed `DefinitionItem`."""


def combine(
    days: Iterable[DatedCell],
    ladders: Mapping[str, Sequence[str]],
    slot_kinds: Mapping[str, str],
    statuses: Statuses | None = None,
) -> Progress:
    """Progress over days, in any order.

    `ladders` lists each ladder's rungs from the lowest, by `id@version`. `slot_kinds` gives the kind of a slot by its
    id; a slot that it does not know counts as its own kind. Without its `statuses` a unit has steps and no known
    losses.
    """
    sums: dict[str, Counts] = {part: {} for part in SUMS}
    outcomes: dict[str, Counter[tuple[str, str]]] = {}
    reached: list[Reached] = []
    units: list[UnitStep] = []
    touched: list[str] = []
    for day, cell in days:
        touched.append(day)
        for part, times in cell.counts.items():
            if part in sums:
                _add(sums[part], times)
        for framework, facts in cell.outcomes.items():
            outcomes.setdefault(framework, Counter()).update(facts.items())
        reached += [(rung, day) for rung in cell.rungs]
        units += cell.units
    totals = {
        "days": len(touched),
        "first_day": min(touched, default=None),
        "last_day": max(touched, default=None),
        "entries": sum(sums["kinds"].values()),
        **{part: dict(sorted(total.items())) for part, total in sums.items()},
        "ladders": _ladders(sorted(reached, key=itemgetter(0)), ladders),
        "outcomes": {framework: _outcomes(counts, slot_kinds) for framework, counts in sorted(outcomes.items())},
        "units": _units(sorted(units), statuses or {}),
    }
    return cast(Progress, totals)


def _add(total: Counts, times: Mapping[str, int]) -> None:
    for key, more in times.items():
        total[key] = total.get(key, 0) + more


def _outcomes(counts: Mapping[tuple[str, str], int], slot_kinds: Mapping[str, str]) -> OutcomeProgress:
    indicators: dict[str, Counts] = {}
    kinds: dict[str, dict[str, Counts]] = {}
    informants: dict[str, dict[str, Counts]] = {}
    for (key, level), times in counts.items():
        fact = FactKey.unpacked(key)
        kind = slot_kinds.get(fact.slot, fact.slot) if fact.slot else "none"
        for levels in (
            indicators.setdefault(fact.indicator, {}),
            kinds.setdefault(fact.indicator, {}).setdefault(kind, {}),
            informants.setdefault(fact.indicator, {}).setdefault(fact.informant, {}),
        ):
            levels[level] = levels.get(level, 0) + times
    return {
        "indicators": {indicator: dict(sorted(levels.items())) for indicator, levels in sorted(indicators.items())},
        "by_slot_kind": _sorted_twice(kinds),
        "by_informant": _sorted_twice(informants),
    }


def _sorted_twice(counts: Mapping[str, Mapping[str, Counts]]) -> dict[str, dict[str, Counts]]:
    return {
        indicator: {by: dict(sorted(levels.items())) for by, levels in sorted(apart.items())}
        for indicator, apart in sorted(counts.items())
    }


def _ladders(reached: Sequence[Reached], ladders: Mapping[str, Sequence[str]]) -> dict[str, LadderProgress]:
    by_ladder: dict[str, list[Reached]] = {}
    for each in reached:
        by_ladder.setdefault(each[0].ladder, []).append(each)
    return {ladder: climb(contacts, ladders.get(ladder, ())) for ladder, contacts in by_ladder.items()}


def _units(steps: Sequence[UnitStep], statuses: Statuses) -> dict[str, UnitProgress]:
    taken: dict[str, list[UnitStep]] = {}
    for step in steps:
        taken.setdefault(step.unit, []).append(step)
    units: dict[str, UnitProgress] = {}
    for unit, history in sorted(taken.items()):
        latest, worth = history[-1], statuses.get(unit, UNTOLD)
        units[unit] = {
            "status": latest.status,
            "since": latest.occurred_at,
            "steps": len(history),
            "losses": losses([step.status for step in history], worth.secure, worth.lost),
        }
    return units
