"""A run of text, inline tags and expressions in a template: where its message begins and ends, and how that is
written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_PICTURE = re.compile(r"\{\{-?\s*(icon\(|face\(|drawing\b)")


@dataclass
class Part:
    """A part of a message: text, a tag, or an expression, as it stands in the source."""

    kind: Literal["text", "open", "close", "expression"]
    source: str
    written: str
    """How it is written in the message."""


def _partners(run: list[Part]) -> dict[int, int]:
    """Of every tag in a run the place of the one that ends or begins it, where that stands in the run too."""
    partners: dict[int, int] = {}
    open_tags: list[int] = []
    for at, part in enumerate(run):
        if part.kind == "open":
            open_tags.append(at)
        elif part.kind == "close" and open_tags:
            begun = open_tags.pop()
            partners[begun], partners[at] = at, begun
    return partners


def bounds(run: list[Part]) -> tuple[int, int]:
    """Where the message begins and ends in its run: without the tags and pictures around it."""
    partners = _partners(run)
    first, last = 0, len(run)
    while first < last:
        left, right = run[first], run[last - 1]
        if is_beside(left) or (left.kind in ("open", "close") and not first < partners.get(first, -1) < last):
            first += 1
        elif is_beside(right) or (
            right.kind in ("open", "close") and not first <= partners.get(last - 1, -1) < last - 1
        ):
            last -= 1
        elif left.kind == "open" and partners[first] == last - 1:
            first, last = first + 1, last - 1
        elif left.kind == "open" and not _says(run[first : partners[first]]):
            first = partners[first] + 1
        elif right.kind == "close" and not _says(run[partners[last - 1] : last]):
            last = partners[last - 1]
        else:
            break
    return first, last


def side_by_side(run: list[Part]) -> list[list[Part]] | None:
    """The elements of a run that stand beside each other with no word between, each by itself; None for a sentence."""
    partners, apart, at = _partners(run), [], 0
    while at < len(run):
        part = run[at]
        end = partners.get(at, -1) if part.kind == "open" else at if is_beside(part) else -1
        if end < at:
            return None
        apart.append(run[at : end + 1])
        at = end + 1
    return apart


def is_beside(part: Part) -> bool:
    """Whether a part at the edge of a message is none of its words: a space, or a picture."""
    return (part.kind == "text" and not part.source.strip()) or (
        part.kind == "expression" and _PICTURE.match(part.source) is not None
    )


def _says(run: list[Part]) -> bool:
    return any(part.kind in ("text", "expression") and not is_beside(part) for part in run)


def number_tags(parts: list[Part]) -> None:
    """Writes the tags of a message, numbered where a name alone would not say which is meant."""
    partners = _partners(parts)
    by_name: dict[str, list[int]] = {}
    for at, part in enumerate(parts):
        if part.kind == "open":
            by_name.setdefault(part.written, []).append(at)
    for name, places in by_name.items():
        several = len({parts[at].source for at in places}) > 1
        for number, at in enumerate(places, 1):
            tag = f"{name} {number}" if several else name
            parts[at].written = f"<{tag}>"
            if at in partners:
                parts[partners[at]].written = f"</{tag}>"
    for part in parts:
        if part.kind == "close" and not part.written.startswith("<"):
            part.written = f"</{part.written}>"
