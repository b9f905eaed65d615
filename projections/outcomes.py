"""How often what was looked for was seen, by theme and kind of slot.

Only yes-or-no indicators can be added together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frameworks import Definition

Seen = dict[tuple[str, str], list[int]]
"""By (theme, kind of slot): how often seen, and how often looked for."""


def seen_by_theme(framework: Definition, outcomes: Mapping[str, Any]) -> Seen:
    """The counts of one framework out of a progress's outcomes."""
    counts: Seen = {}
    for indicator, kinds in outcomes["by_slot_kind"].items():
        scale = framework.scored.get(indicator)
        if scale is None or scale.type != "binary":
            continue
        for kind, levels in kinds.items():
            cell = counts.setdefault((framework.theme[indicator], kind), [0, 0])
            cell[0] += levels.get("1", 0)
            cell[1] += levels.get("0", 0) + levels.get("1", 0)
    return counts
