"""The rubrics of a CASE package as scales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from frameworks.exchange.case_items import CaseItem
from frameworks.exchange.case_json import Json, as_dict, as_list, identity, number
from frameworks.exchange.intake import Intake, shortened
from frameworks.language.letters import tidy


def read_rubrics(package: Json, items: Mapping[str, CaseItem], intake: Intake) -> dict[str, dict[str, Any]]:
    """A scale for each criterion that names an item; criteria with the same levels share one."""
    scales: dict[str, dict[str, Any]] = {}
    known: dict[str, str] = {}
    for rubric in as_list(package.get("CFRubrics")):
        for place, criterion in enumerate(as_list(as_dict(rubric).get("CFRubricCriteria")), 1):
            where = f"rubric '{tidy(as_dict(rubric).get('title'))[:40] or '?'}', criterion {place}"
            target = items.get(identity(as_dict(criterion).get("CFItemURI")) or "")
            levels = _levels(as_list(as_dict(criterion).get("CFRubricCriterionLevels")))
            if target is None:
                intake.say(where, "it names no item of this package; it was left out")
            elif len(levels) < 2:
                intake.say(where, "it has fewer than two levels; it was left out")
            elif target.scale is not None:
                intake.say(where, f"'{target.name}' has a rubric already; it was left out")
            else:
                same = orjson.dumps(levels).decode()
                name = known.setdefault(same, f"rubric-{len(known) + 1}")
                binary = [level["value"] for level in levels] == [0, 1]
                scales[name] = {"id": name, "type": "binary" if binary else "ordinal", "levels": levels}
                target.scale = name
    return scales


def _known_first(value: Any) -> tuple[bool, float]:
    """A key that puts numbers in order, and what is none after them."""
    known = number(value)
    return known is None, known or 0.0


def _levels(raw: Iterable[Any]) -> list[dict[str, Any]]:
    """The levels from the least to the most: by score, then position, then as they came."""
    unordered = [as_dict(raw_level) for raw_level in raw]
    ordered = sorted(
        enumerate(unordered),
        key=lambda placed: (*_known_first(placed[1].get("score")), *_known_first(placed[1].get("position")), placed[0]),
    )
    scores = [number(level.get("score")) for _, level in ordered]
    usable = None not in scores and len(set(scores)) == len(scores)
    levels: list[dict[str, Any]] = []
    for place, (_, level) in enumerate(ordered):
        score = scores[place] if usable else float(place)
        assert score is not None
        words = tidy(level.get("quality") or level.get("description") or level.get("score")) or f"Level {place + 1}"
        made: dict[str, Any] = {"value": int(score) if score == int(score) else score, "label": shortened(words)}
        if (anchor := tidy(level.get("description"))) and anchor != words:
            made["anchor"] = shortened(anchor)
        levels.append(made)
    return levels
