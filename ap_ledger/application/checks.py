"""Whether what an entry names exists: definitions, items, levels, slots. One check for each kind that names any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ap_ledger.application.world import World
from ap_ledger.errors import Refused

Check = Callable[[Any, World], None]


def check_rung(entry: Any, world: World) -> None:
    """The ladder was published and has the rung."""
    if entry.rung not in world.definition(entry.ladder, "ladder", "ladder").rank:
        raise Refused("unknown-item", "This ladder has no rung with this id.", "rung")


def check_outcome(entry: Any, world: World) -> None:
    """The framework was published, has the indicator, and its scale has the level."""
    scale = world.definition(entry.framework, "outcomes", "framework").scored.get(entry.indicator)
    if scale is None:
        raise Refused("unknown-item", "This framework has no indicator with this id that can be scored.", "indicator")
    if entry.level is not None and not scale.allows(entry.level):
        raise Refused("unknown-level", "The scale of this indicator has no such level.", "level")


def check_unit(entry: Any, world: World) -> None:
    """The curriculum was published, has the unit, and its scale has the status."""
    scale = world.definition(entry.curriculum, "curriculum", "curriculum").scored.get(entry.unit)
    if scale is None:
        raise Refused("unknown-item", "This curriculum has no unit with this id.", "unit")
    if not scale.allows(entry.status):
        raise Refused("unknown-level", "The scale of this curriculum has no such status.", "status")


def check_answers(entry: Any, world: World) -> None:
    """The instrument was published, has every item answered, and each answer is on its scale."""
    scored = world.definition(entry.instrument, "instrument", "instrument").scored
    for item, level in entry.answers.items():
        if item not in scored:
            raise Refused("unknown-item", "This instrument has no item with an id that was answered.", "answers")
        if level is not None and not scored[item].allows(level):
            raise Refused("unknown-level", "An answer is not on the scale of its item.", "answers")


CHECKS: Mapping[str, Check] = {
    "rung-reached": check_rung,
    "outcome-scored": check_outcome,
    "unit-progressed": check_unit,
    "instrument-answered": check_answers,
}
