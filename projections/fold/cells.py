"""A day: what its entries come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ap_ledger.kinds import KINDS
from ap_ledger.kinds.items import REMEMBERED, DefinitionItem, FactKey, ScoredItem
from ap_ledger.kinds.row import Count, Kind
from projections.one_fact import Attested, agreed, sessions_counted

SUMS = ("kinds", *dict.fromkeys(part for kind in KINDS.values() for part in kind.sums))
"""The parts of a cell that are plain counts, added up over days."""


class DayRow(NamedTuple):
    """One current entry of a student's day, as the timeline keeps it."""

    position: int
    """Its place in the ledger."""
    occurred_at: int
    """When it happened, in microseconds."""
    kind: str
    """The topic of its class."""
    item: str | None
    """What it is about, packed as its kind says (`ap_ledger/kinds/items.py`)."""
    value: str | None
    """The value of that."""
    slot: str | None
    """The id of the slot in which it was, where it names one."""
    visit: str | None
    """The id of the visit that it is part of, where it is part of one."""
    begins: int | None = None
    """When a session was planned to begin, in microseconds."""
    ends: int | None = None
    """When a session was planned to end, in microseconds."""
    session_day: int | None = None
    """The ordinal of the day whose slot a session is."""


class Rung(NamedTuple):
    """A rung that was reached. As they stand they are in order: by when, then by place, which no two share."""

    occurred_at: int
    """When it was reached, in microseconds."""
    position: int
    """The place of the entry in the ledger."""
    ladder: str
    """The ladder, as `id@version`."""
    rung: str
    """The id of the rung, or of a student's own step under one."""
    anxiety: str | None
    """From 0 to 10, 10 worst, where it was given."""
    visit: str | None
    """The id of the visit in which it was reached, where it was in one."""


class UnitStep(NamedTuple):
    """A step of a unit. As they stand they are in order: by when, then by place, which no two share."""

    occurred_at: int
    """When it was taken, in microseconds."""
    position: int
    """The place of the entry in the ledger."""
    unit: str
    """The curriculum and the unit, as a packed `DefinitionItem`."""
    status: str
    """The status that the unit came to."""


Facts = dict[str, str]
"""The level of each fact by its packed `FactKey`, or the reason why there is none behind a ~."""


@dataclass(slots=True)
class DayCell:
    """What happened to a student on one day."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """How often, by the part (`SUMS`) and by what is counted in it; minutes are whole ones."""
    outcomes: dict[str, Facts] = field(default_factory=dict)
    """The facts scored, by framework as `id@version`; `scored_facts` takes them apart."""
    rungs: list[Rung] = field(default_factory=list)
    """The rungs reached, in any order."""
    units: list[UnitStep] = field(default_factory=list)
    """The steps of units, in any order."""
    attested: list[Attested] = field(default_factory=list)
    """What each entry says of a session; what they come to is among the counts, as `sessions`."""

    def count(self, part: str, key: str, by: int = 1) -> None:
        """Adds to one of the counts."""
        counts = self.counts.get(part)
        if counts is None:
            counts = self.counts[part] = {}
        counts[key] = counts.get(key, 0) + by

    def counted(self, part: str) -> Mapping[str, int]:
        """One part of the counts; empty where nothing was counted in it."""
        return self.counts.get(part, NOTHING)


NOTHING: Mapping[str, int] = {}
DatedCell = tuple[str, DayCell]
"""A day as an ISO date, and its cell."""


class ScoredFact(NamedTuple):
    """What one rater said of one indicator in one slot, or at one moment outside a slot, where `slot` is empty."""

    framework: str
    """The framework, as `id@version`."""
    indicator: str
    """The id of the indicator."""
    slot: str
    """The id of the slot, or nothing."""
    informant: str
    """Whose view it is."""
    value: str
    """The level, or the reason why there is none behind a ~."""


def fold_day(rows: Iterable[DayRow]) -> DayCell:
    """The cell of one student's day from its current entries, in any order."""
    cell = DayCell()
    for row in rows:
        add(cell, row)
    return cell


def add(cell: DayCell, row: DayRow) -> None:
    """Adds one entry to a cell, in place."""
    cell.count("kinds", row.kind)
    step = STEPS.get(row.kind)
    if step is not None:
        step(cell, row)


def _outcome(cell: DayCell, row: DayRow) -> None:
    # Outside a slot the moment makes two scores one fact: much may be seen in a day, and one thing at a time.
    framework, key = _fact_of_slot(row.item, row.slot) if row.slot else _fact_of(row.item, "", str(row.occurred_at))
    facts = cell.outcomes.get(framework)
    if facts is None:
        facts = cell.outcomes[framework] = {}
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
    for framework, facts in cell.outcomes.items():
        for key, value in facts.items():
            fact = FactKey.unpacked(key)
            yield ScoredFact(framework, fact.indicator, fact.slot, fact.informant, value)


def _rung(cell: DayCell, row: DayRow) -> None:
    ladder, rung = DefinitionItem.unpacked(row.item or "")
    cell.rungs.append(Rung(row.occurred_at, row.position, ladder, rung, row.value, row.visit))


def _unit(cell: DayCell, row: DayRow) -> None:
    cell.units.append(UnitStep(row.occurred_at, row.position, row.item or "", row.value or ""))


def _session(cell: DayCell, row: DayRow) -> None:
    minutes = int(row.value) if row.value else None
    told = Attested(row.position, row.begins, row.ends, row.session_day, row.slot, row.item or "", minutes)
    cell.attested.append(told)
    cell.counts["sessions"] = sessions_counted(cell.attested)


Step = Callable[[DayCell, DayRow], None]
KEPT: Mapping[str, Step] = {"scores": _outcome, "rungs": _rung, "units": _unit, "sessions": _session}
"""How what several entries decide together is kept whole, by what a kind's row calls it."""


def _counting(counts: Sequence[Count]) -> Step:
    def step(cell: DayCell, row: DayRow) -> None:
        for each in counts:
            by = each.by(row)
            if by is not None:
                cell.count(each.part, each.key(row), by)

    return step


def _step(kind: Kind) -> Step | None:
    if kind.kept is not None:
        return KEPT[kind.kept]
    return _counting(kind.counts) if kind.counts else None


STEPS: Mapping[str, Step] = {topic: step for topic, kind in KINDS.items() if (step := _step(kind)) is not None}
"""What a day takes in of each kind of entry besides that it was there."""
