"""Scales as people write them in a line of a sheet: `scale how-much`, `1 = A little`, `2 = A lot`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from frameworks.intake import shortened, slug
from frameworks.parts import number_in

MEANINGS = ("not-yet", "started", "nearly", "secure", "lost")
USUAL_SCALES: Mapping[str, dict[str, Any]] = {
    "outcomes": {"id": "seen", "type": "binary", "levels": [{"value": 0, "label": "Not yet"}, {"value": 1, "label": "Seen"}]},
    "curriculum": {
        "id": "secure", "type": "ordinal",
        "levels": [
            {"value": "introduced", "label": "Introduced", "means": "started"}, {"value": "with-help", "label": "With help", "means": "nearly"},
            {"value": "on-my-own", "label": "On my own", "means": "secure"}, {"value": "used-elsewhere", "label": "Used elsewhere", "means": "secure"},
            {"value": "not-secure", "label": "Not secure any more", "means": "lost"},
        ],
    },
}  # fmt: skip
"""The scale of a sheet that names none."""


def scale_in(said: Sequence[str]) -> dict[str, Any] | None:
    """The scale that the cells of a line say, or None where they say none."""
    return (_range_scale(said) or _level_scale(said)) if said else None


def _range_scale(said: Sequence[str]) -> dict[str, Any] | None:
    """`0 to 10`, `0 to 10 by 0.5`, `count`, `minutes` or `text`."""
    simple: dict[str, str] = {"count": "count", "minutes": "duration", "text": "text", "words": "text"}
    if said[0].lower() in simple:
        return {"type": simple[said[0].lower()]}
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)(?: by (\d+(?:\.\d+)?))?", said[0].lower())
    if found is None or float(found[1]) >= float(found[2]):
        return None
    return {"type": "numeric", "min": number_in(found[1]), "max": number_in(found[2]), "step": number_in(found[3] or "1")}


def _level_scale(said: Sequence[str]) -> dict[str, Any] | None:
    """Levels as `1 = A little`, or words alone; `(secure)` behind one says what it means in a curriculum; `no order` makes it nominal."""
    levels: list[dict[str, Any]] = []
    ordered = True
    for cell in said:
        if cell.lower() in ("no order", "nominal"):
            ordered = False
            continue
        meaning = next((one for one in MEANINGS if cell.lower().endswith(f"({one})")), None)
        words = cell[: -len(meaning) - 2].strip() if meaning else cell
        value, _, label = (part.strip() for part in words.partition("=")) if "=" in words else (words, "", words)
        number = re.fullmatch(r"-?\d+(\.\d+)?", value)
        level: dict[str, Any] = {"value": number_in(value) if number else slug(value), "label": shortened(label or value)}
        levels.append(level | ({"means": meaning} if meaning else {}))
    values = [level["value"] for level in levels]
    if len(levels) < 2 or len({str(value) for value in values}) < len(values) or "" in values:
        return None
    return {"type": "nominal" if not ordered else "binary" if values == [0, 1] else "ordinal", "levels": levels}
