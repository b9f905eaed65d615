"""The one fold: a day's entries become a cell, cells become progress. Every page, report and replay uses it.

`fold_day(rows of one student and day) -> DayCell`, `combine(days) -> Progress`. Both are pure, and neither cares in
which order things arrived: only when they happened. A ladder is ordinal, so there are medians and counts here, never
means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from ap_ledger.kinds import KINDS
from ap_ledger.kinds.items import REMEMBERED, DefinitionItem, FactKey, ScoredItem
from ap_ledger.kinds.row import Count, Kind
from frameworks.language.learning import losses
from projections.one_fact import Attested, agreed, sessions_counted

DayCell = dict[str, Any]
"""What happened on one day, as flat JSON: `kinds`, `outcomes`, `rungs`, `units`, `visits`, `attested`, `sessions`,
`faces`, `incidents`, `flashpoints`.

`outcomes` has a value for each fact of a framework (`scored_facts` takes them apart); `attested` has what each entry
says of a session, and `sessions` what they come to.
"""

Progress = dict[str, Any]
"""What had happened until a day, as JSON."""

BASELINE_CONTACTS = 10
UNKNOWN = -1
"""The place of a rung that its ladder does not have: below all others, and without a name."""
SUSTAINED_OF, SUSTAINED_LAST = 3, 5
"""A rung is sustained when 3 of the last 5 contacts reached it or more."""

Statuses = Mapping[str, tuple[frozenset[Any], frozenset[Any]]]
"""For each unit, as `curriculum@version|unit`, the statuses at which it counts as known, and those that say it is
lost."""


class DayRow(NamedTuple):
    """One current entry of a student's day, as the timeline keeps it.

    Of a session, `begins` and `ends` are when it was planned, in microseconds, and `session_day` the ordinal of the day
    of its slot.
    """

    position: int
    occurred_at: int
    kind: str
    item: str | None
    value: str | None
    slot: str | None
    visit: str | None
    begins: int | None = None
    ends: int | None = None
    session_day: int | None = None


class ScoredFact(NamedTuple):
    """What one rater said of one indicator in one slot, or at one moment outside a slot, where `slot` is empty."""

    framework: str
    indicator: str
    slot: str
    informant: str
    value: str


IN_ORDER = itemgetter(0, 1)
"""What a cell keeps of a rung or a unit begins with when it happened and its place in the ledger, which is the order of
both."""

SUMS = ("kinds", *dict.fromkeys(part for kind in KINDS.values() for part in kind.sums))
"""The parts of a cell that are plain counts, added up over days."""


def fold_day(rows: Iterable[DayRow]) -> DayCell:
    """The cell of one student's day from its current entries, in any order."""
    cell: DayCell = {}
    for row in rows:
        add(cell, row)
    return cell


def add(cell: DayCell, row: DayRow) -> None:
    """Adds one entry to a cell, in place."""
    count(cell, "kinds", row.kind)
    step = STEPS.get(row.kind)
    if step is not None:
        step(cell, row)


def count(cell: DayCell, name: str, key: str, by: int = 1) -> None:
    """Adds to one of a cell's counts."""
    counts: dict[str, int] | None = cell.get(name)
    if counts is None:
        counts = cell[name] = {}
    counts[key] = counts.get(key, 0) + by


def _outcome(cell: DayCell, row: DayRow) -> None:
    # Outside a slot the moment makes two scores one fact: much may be seen in a day, and one thing at a time.
    framework, key = _fact_of_slot(row.item, row.slot) if row.slot else _fact_of(row.item, "", str(row.occurred_at))
    outcomes = cell.get("outcomes")
    if outcomes is None:
        outcomes = cell["outcomes"] = {}
    facts: dict[str, str] | None = outcomes.get(framework)
    if facts is None:
        facts = outcomes[framework] = {}
    value, before = str(row.value), facts.get(key)
    facts[key] = value if before is None else agreed(before, value)


def _fact_of(item: str | None, slot: str, moment: str = "") -> tuple[str, str]:
    """The framework and the key of the fact that a score is."""
    scored = ScoredItem.unpacked(item or "")
    return scored.framework, FactKey(scored.indicator, slot, scored.informant, moment).packed()


_fact_of_slot = lru_cache(REMEMBERED)(_fact_of)
"""The same of a score in a slot: the same few are scored day after day."""


def scored_facts(cell: DayCell) -> Iterator[ScoredFact]:
    """The scores of a day, one for each fact."""
    for framework, facts in cell.get("outcomes", {}).items():
        for key, value in facts.items():
            indicator, slot, informant, _ = FactKey.unpacked(key)
            yield ScoredFact(framework, indicator, slot, informant, value)


def _rung(cell: DayCell, row: DayRow) -> None:
    ladder, rung = DefinitionItem.unpacked(row.item or "")
    cell.setdefault("rungs", []).append([row.occurred_at, row.position, ladder, rung, row.value, row.visit])


def _unit(cell: DayCell, row: DayRow) -> None:
    cell.setdefault("units", []).append([row.occurred_at, row.position, row.item, row.value])


def _session(cell: DayCell, row: DayRow) -> None:
    said = Attested(
        row.position,
        row.begins,
        row.ends,
        row.session_day,
        row.slot,
        row.item or "",
        int(row.value) if row.value else None,
    )
    attested = cell.setdefault("attested", [])
    attested.append(list(said))
    cell["sessions"] = sessions_counted(Attested(*each) for each in attested)


Step = Callable[[DayCell, DayRow], None]
KEPT: Mapping[str, Step] = {"scores": _outcome, "rungs": _rung, "units": _unit, "sessions": _session}
"""How what several entries decide together is kept whole, by what a kind's row calls it."""


def _counting(counts: Sequence[Count]) -> Step:
    def step(cell: DayCell, row: DayRow) -> None:
        for each in counts:
            by = each.by(row)
            if by is not None:
                count(cell, each.part, each.key(row), by)

    return step


def _step(kind: Kind) -> Step | None:
    if kind.kept is not None:
        return KEPT[kind.kept]
    return _counting(kind.counts) if kind.counts else None


STEPS: Mapping[str, Step] = {topic: step for topic, kind in KINDS.items() if (step := _step(kind)) is not None}
"""What a day takes in of each kind of entry besides that it was there."""


def combine(
    days: Iterable[tuple[str, DayCell]],
    ladders: Mapping[str, Sequence[str]],
    slot_kinds: Mapping[str, str],
    statuses: Statuses | None = None,
) -> Progress:
    """Progress over days, given as (ISO date, cell), in any order.

    `ladders` lists each ladder's rungs from the lowest, by `id@version`. `slot_kinds` gives the kind of a slot by its
    id; a slot that it does not know counts as its own kind. Without its `statuses` a unit has steps and no known
    losses.
    """
    sums: dict[str, Counter[str]] = {name: Counter() for name in SUMS}
    outcomes: dict[str, Counter[tuple[str, str]]] = {}
    rungs: list[Sequence[Any]] = []
    units: list[list[Any]] = []
    touched: list[str] = []
    for day, cell in days:
        touched.append(day)
        for name, total in sums.items():
            if name in cell:
                total.update(cell[name])
        for framework, facts in cell.get("outcomes", {}).items():
            outcomes.setdefault(framework, Counter()).update(facts.items())
        rungs += [(*rung, day) for rung in cell.get("rungs", ())]
        units += cell.get("units", ())
    return {
        "days": len(touched),
        "first_day": min(touched, default=None),
        "last_day": max(touched, default=None),
        "entries": sum(sums["kinds"].values()),
        **{name: dict(sorted(total.items())) for name, total in sums.items()},
        "ladders": _ladders(sorted(rungs, key=IN_ORDER), ladders),
        "outcomes": {framework: _outcomes(counts, slot_kinds) for framework, counts in sorted(outcomes.items())},
        "units": _units(sorted(units, key=IN_ORDER), statuses or {}),
    }


def _outcomes(counts: Mapping[tuple[str, str], int], slot_kinds: Mapping[str, str]) -> dict[str, Any]:
    """Counts by indicator and level, and beside it by kind of slot and by informant.

    Missing reasons are levels that start with ~.
    """
    indicators: dict[str, Counter[str]] = {}
    kinds: dict[str, dict[str, Counter[str]]] = {}
    informants: dict[str, dict[str, Counter[str]]] = {}
    for (fact, level), times in counts.items():
        indicator, slot, informant, _ = FactKey.unpacked(fact)
        kind = slot_kinds.get(slot, slot) if slot else "none"
        indicators.setdefault(indicator, Counter())[level] += times
        kinds.setdefault(indicator, {}).setdefault(kind, Counter())[level] += times
        informants.setdefault(indicator, {}).setdefault(informant, Counter())[level] += times

    def sorted_twice(found: Mapping[str, Mapping[str, Counter[str]]]) -> dict[str, Any]:
        return {
            indicator: {by: dict(sorted(levels.items())) for by, levels in sorted(apart.items())}
            for indicator, apart in sorted(found.items())
        }

    return {
        "indicators": {indicator: dict(sorted(levels.items())) for indicator, levels in sorted(indicators.items())},
        "by_slot_kind": sorted_twice(kinds),
        "by_informant": sorted_twice(informants),
    }


def _ladders(rungs: Sequence[Sequence[Any]], ladders: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    by_ladder: dict[str, list[Sequence[Any]]] = {}
    for rung in rungs:
        by_ladder.setdefault(rung[2], []).append(rung)
    return {ladder: climb(reached, ladders.get(ladder, ())) for ladder, reached in by_ladder.items()}


def with_own_steps(order: Sequence[str], rungs: Iterable[str]) -> list[str]:
    """The rungs of a ladder with a student's own smaller steps after the rung that each stands under.

    `goes-out.2` stands after `goes-out.1`, and both between `goes-out` and the next shared rung.
    """
    known = set(order)
    own: dict[str, list[str]] = {}
    for rung in sorted(set(rungs) - known, key=_by_number):
        own.setdefault(rung.rpartition(".")[0], []).append(rung)

    def steps(rung: str) -> list[str]:
        return [rung, *(further for step in own.get(rung, ()) for further in steps(step))]

    return [step for rung in order for step in steps(rung)]


def _by_number(rung: str) -> list[tuple[bool, int, str]]:
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in rung.split(".")]


class Climb:
    """A ladder climbed contact by contact, in the order in which rungs were reached.

    A contact is a visit, whatever rungs it held: its highest counts. A rung logged outside a visit is a contact of its
    own.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = order
        self._rank = {rung: place for place, rung in enumerate(order)}
        self._at: dict[str, int] = {}
        self._names: tuple[str | None, ...] = (*order, None)
        self.days: list[str] = []
        self.places: list[int] = []
        self._highest = self._highest_sustained = UNKNOWN

    def add(self, rung: str, visit: str | None, day: str) -> None:
        """The next rung."""
        place, places = self._rank.get(rung, UNKNOWN), self.places
        if visit is not None:
            at = self._at.setdefault(visit, len(places))
            if at < len(places):
                self._go_on(at, place, day)
                return
        places.append(place)
        self.days.append(day)
        # Only a rung above all that were sustained can make one sustained that is higher still.
        if place > self._highest_sustained:
            self._highest = max(place, self._highest)
            self._highest_sustained = max(self._sustained(len(places)), self._highest_sustained)

    def _go_on(self, at: int, place: int, day: str) -> None:
        """A visit goes on in the contact that it began, over midnight too: its highest rung counts."""
        if place > self.places[at]:
            self.places[at], self.days[at] = place, day
            self._highest = max(place, self._highest)
            reaching = range(at + 1, min(at + SUSTAINED_LAST, len(self.places)) + 1)
            self._highest_sustained = max(self._highest_sustained, *(self._sustained(end) for end in reaching))

    def _sustained(self, end: int) -> int:
        if end < SUSTAINED_OF:
            return UNKNOWN
        window = self.places[max(0, end - SUSTAINED_LAST) : end]
        window.sort()
        return window[-SUSTAINED_OF]

    def sustained(self) -> list[int | None]:
        """For each contact the place that was sustained when it had been made. None while there were too few."""
        return [self._sustained(end) if end >= SUSTAINED_OF else None for end in range(1, len(self.places) + 1)]

    def path(self) -> list[list[str | None]]:
        """The day and the rung of each contact."""
        names = self._names
        return [[day, names[place]] for day, place in zip(self.days, self.places, strict=True)]

    def marks(self) -> dict[str, Any]:
        """Where the climb stands."""
        names, places = self._names, self.places
        middle = median(places[:BASELINE_CONTACTS])
        return {
            "contacts": len(places),
            "baseline": names[UNKNOWN if middle is None else middle],
            "latest": names[places[-1]] if places else None,
            "latest_day": self.days[-1] if places else None,
            "highest": names[self._highest],
            "sustained": names[self._sustained(len(places))],
            "highest_sustained": names[self._highest_sustained],
        }


def climb(reached: Sequence[Sequence[Any]], order: Sequence[str]) -> dict[str, Any]:
    """The state of one ladder from its rungs in the order they happened, and the path of its contacts."""
    climbed = climbing(reached, order)
    return {**climbed.marks(), "path": climbed.path()}


def climbing(reached: Sequence[Sequence[Any]], order: Sequence[str]) -> Climb:
    """The climb itself, on the ladder with the student's own steps in it."""
    climbed = Climb(with_own_steps(order, (rung[3] for rung in reached)))
    add = climbed.add
    for _, _, _, rung, _, visit, day in reached:
        add(rung, visit, day)
    return climbed


def median(places: Sequence[int]) -> int | None:
    """The median of ordinal places; of an even number, the lower of the middle two, since there is nothing between
    rungs."""
    return sorted(places)[(len(places) - 1) // 2] if places else None


def _units(steps: Sequence[Sequence[Any]], statuses: Statuses) -> dict[str, Any]:
    """The present status of each unit, since when, how many steps were recorded, and how many of them were losses."""
    taken: dict[str, list[tuple[int, Any]]] = {}
    for occurred_at, _, unit, status in steps:
        taken.setdefault(unit, []).append((occurred_at, status))
    units: dict[str, Any] = {}
    for unit, found in sorted(taken.items()):
        secure, lost = statuses.get(unit, (frozenset(), frozenset()))
        since, status = found[-1]
        units[unit] = {
            "status": status,
            "since": since,
            "steps": len(found),
            "losses": losses([one for _, one in found], secure, lost),
        }
    return units
