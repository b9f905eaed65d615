"""Where history goes on: what was recorded against earlier versions or other definitions, as far as a crosswalk says
so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from frameworks import Definition
from projections.fold.cells import DatedCell, Rung
from projections.queries.reading import Reader


@dataclass(frozen=True)
class Carried:
    """What goes on from one definition: its items (or rungs) and levels, from there to here."""

    key: str
    items: Mapping[str, str]
    levels: Mapping[str, Any]

    def item(self, item: str) -> str | None:
        """An item here. A student's own step goes on under the rung that its own rung goes on as."""
        while item not in self.items and "." in item:
            item = item.rpartition(".")[0]
        return self.items.get(item)

    def rung(self, rung: str) -> str | None:
        """A rung here. A student's own step stays the same step of the rung that its own goes on as."""
        shared = rung
        while shared not in self.items and "." in shared:
            shared = shared.rpartition(".")[0]
        here = self.items.get(shared)
        return None if here is None else here + rung[len(shared) :]

    def level(self, level: Any) -> Any:
        """A level here; one that is not named stays what it was."""
        return self.levels.get(str(level), level)


def carried_into(reader: Reader, definition: Definition) -> Sequence[Carried]:
    """Everything that goes on in a definition, oldest first, through as many crosswalks as there are."""
    return reader.until_a_rule_changes(("carried into", definition.key), lambda: _carried_into(reader, definition))


def _carried_into(reader: Reader, definition: Definition) -> Sequence[Carried]:
    carried: list[Carried] = []
    waiting = [Carried(walk.from_, walk.items, walk.levels) for walk in definition.crosswalks]
    seen = {definition.key}
    while waiting:
        walk_before = waiting.pop(0)
        if walk_before.key in seen:
            continue
        seen.add(walk_before.key)
        carried.append(walk_before)
        before = reader.definition(walk_before.key)
        for walk in before.crosswalks if before else ():
            items = {old: walk_before.items[new] for old, new in walk.items.items() if new in walk_before.items}
            levels = {
                **{old: walk_before.level(new) for old, new in walk.levels.items()},
                **{old: new for old, new in walk_before.levels.items() if old not in walk.levels},
            }
            waiting.append(Carried(walk.from_, items, levels))
    return tuple(reversed(carried))


def outcomes_carried(reader: Reader, outcomes: Mapping[str, Any], definitions: Iterable[Definition]) -> dict[str, Any]:
    """The outcomes of a progress, moved on into those definitions as far as their crosswalks say; the rest stays where
    it was scored."""
    moved: dict[str, Any] = deepcopy(dict(outcomes))
    for definition in definitions:
        for walk in carried_into(reader, definition):
            before = moved.get(walk.key)
            for indicator in list(before["indicators"]) if before else ():
                here = walk.item(indicator)
                if here is not None and before is not None:
                    after = moved.setdefault(definition.key, {"indicators": {}, "by_slot_kind": {}, "by_informant": {}})
                    _add(after["indicators"].setdefault(here, {}), before["indicators"].pop(indicator), walk)
                    for apart in ("by_slot_kind", "by_informant"):
                        for name, levels in before[apart].pop(indicator, {}).items():
                            _add(after[apart].setdefault(here, {}).setdefault(name, {}), levels, walk)
    return {key: outcome for key, outcome in moved.items() if outcome["indicators"]}


def climbs_carried(
    reader: Reader, days: Sequence[DatedCell], on: date, known_at: datetime | None = None
) -> Sequence[DatedCell]:
    """Days with each rung on the version of its ladder that is in use on a day, as far as crosswalks say.

    So that a ladder whose words were changed is one climb. A rung that does not go on stays where it was logged. What
    is told as it was known at a moment goes on in no version that was published later: a report that is made again
    says what it said.
    """
    ladders = reader.newest("ladder", on, known_at)
    keys = tuple(ladder.key for ladder in ladders)
    walks = reader.until_a_rule_changes(("ladders carried", keys), lambda: _ladders_carried(reader, ladders))
    if not any(rung.ladder in walks for _, cell in days for rung in cell.rungs):
        return days
    return [(day, replace(cell, rungs=[_on_newest(rung, walks) for rung in cell.rungs])) for day, cell in days]


def _ladders_carried(reader: Reader, ladders: Iterable[Definition]) -> Mapping[str, tuple[str, Carried]]:
    return {walk.key: (ladder.key, walk) for ladder in ladders for walk in carried_into(reader, ladder)}


def _on_newest(rung: Rung, walks: Mapping[str, tuple[str, Carried]]) -> Rung:
    key, walk = walks.get(rung.ladder, ("", None))
    here = walk.rung(rung.rung) if walk else None
    return rung if here is None else rung._replace(ladder=key, rung=here)


def _add(counts: dict[str, int], more: Mapping[str, int], walk: Carried) -> None:
    for level, times in more.items():
        here = str(walk.level(level))
        counts[here] = counts.get(here, 0) + times
