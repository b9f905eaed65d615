"""Scales as people write them in a line of a sheet: `scale how-much`, `1 = A little`, `2 = A lot`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from frameworks.exchange.intake import shortened, slug
from frameworks.language.letters import plain_letters
from frameworks.language.parts import number_in

MEANINGS = ("not-yet", "started", "nearly", "secure", "lost")
USUAL_SCALES: Mapping[str, dict[str, Any]] = {
    "outcomes": {"id": "seen", "type": "binary",
    "levels": [{"value": 0, "label": "Not yet"}, {"value": 1, "label": "Seen"}]},
    "curriculum": {
        "id": "secure", "type": "ordinal",
        "levels": [
            {"value": "introduced", "label": "Introduced", "means": "started"},
            {"value": "with-help", "label": "With help", "means": "nearly"},
            {"value": "on-my-own", "label": "On my own", "means": "secure"},
            {"value": "used-elsewhere", "label": "Used elsewhere", "means": "secure"},
            {"value": "not-secure", "label": "Not secure any more", "means": "lost"},
        ],
    },
}  # fmt: skip
"""The scale of a sheet that names none."""


def scale_in(cells: Sequence[str]) -> dict[str, Any] | None:
    """The scale that the cells of a line say, or None where they say none."""
    return (_range_scale(cells) or _level_scale(cells)) if cells else None


def _range_scale(cells: Sequence[str]) -> dict[str, Any] | None:
    """`0 to 10`, `0 to 10 by 0.5`, `count`, `minutes` or `text`."""
    simple: dict[str, str] = {"count": "count", "minutes": "duration", "text": "text", "words": "text"}
    if plain_letters(cells[0]) in simple:
        return {"type": simple[plain_letters(cells[0])]}
    # In a sheet with commas between its cells, `0 to 1 by 0,5` comes in two.
    in_two = len(cells) == 2 and re.search(r" by \d+$", cells[0]) and cells[1].isdecimal()
    words = plain_letters(",".join(cells) if in_two else cells[0])
    parts = re.fullmatch(r"(\S+) (?:to|bis|[-–]) (\S+)(?: by (\S+))?", words)
    if parts is None:
        return None
    least, most, step = (number_in(part) for part in (parts[1], parts[2], parts[3] or "1"))
    if least is None or most is None or step is None or least >= most or step <= 0:
        return None
    return {"type": "numeric", "min": least, "max": most, "step": step}


def _level_scale(cells: Sequence[str]) -> dict[str, Any] | None:
    """Levels as `1 = A little`, or words alone; `(secure)` behind one says what it means in a curriculum; `no order`
    makes it nominal."""
    levels: list[dict[str, Any]] = []
    ordered = True
    for cell in cells:
        if plain_letters(cell) in ("no order", "nominal"):
            ordered = False
            continue
        meaning = next((candidate for candidate in MEANINGS if plain_letters(cell).endswith(f"({candidate})")), None)
        words = cell[: -len(meaning) - 2].strip() if meaning else cell
        value, _, label = (part.strip() for part in words.partition("=")) if "=" in words else (words, "", words)
        number = number_in(value)
        level: dict[str, Any] = {"value": slug(value) if number is None else number, "label": shortened(label or value)}
        levels.append(level | ({"means": meaning} if meaning else {}))
    values = [level["value"] for level in levels]
    if len(levels) < 2 or len({str(value) for value in values}) < len(values) or "" in values:
        return None
    return {"type": "nominal" if not ordered else "binary" if values == [0, 1] else "ordinal", "levels": levels}
