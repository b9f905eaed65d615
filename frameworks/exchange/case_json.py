"""The parts of a CASE package as they are really met: null, of another type, or named by an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from frameworks.language.letters import tidy

Json = Mapping[str, Any]


def as_dict(value: Any) -> Json:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def identity(thing: Any) -> str | None:
    """A UUID for a thing: its identifier where that is one, otherwise UUIDv5 of its URI.

    A bare text is taken for either.
    """
    if isinstance(thing, str):
        thing = {"identifier": thing, "uri": thing}
    parts = as_dict(thing)
    for name in ("identifier", "uri"):
        words = parts.get(name)
        if isinstance(words, str) and words.strip():
            try:
                return str(UUID(words.strip()))
            except ValueError:
                if name == "identifier" and isinstance(parts.get("uri"), str) and parts["uri"].strip():
                    continue
                return str(uuid5(NAMESPACE_URL, words.strip()))
    return None


def number(value: Any) -> float | None:
    """A number, also one written as text. A truth value is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(str(value).strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def words(value: Any) -> str:
    """A text on one line; a list as its parts with commas, an object by its title; anything else is nothing."""
    if isinstance(value, list):
        return ", ".join(part for element in value if (part := words(element)))
    if isinstance(value, dict):
        return words(value.get("title"))
    return tidy(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


NAMES_LISTED = 100


def counted(names: Counter[str]) -> str:
    """Every name with how often it is there: `'isPeerOf' (once), 'exactMatchOf' (3 times)`."""
    listed = [f"'{name[:40]}' ({'once' if times == 1 else f'{times} times'})" for name, times in sorted(names.items())]
    rest = len(listed) - NAMES_LISTED
    return ", ".join(listed[:NAMES_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def day(value: Any) -> str | None:
    """The day of a date or of a time, or None where it is neither."""
    try:
        return date.fromisoformat(str(value or "").strip()[:10]).isoformat()
    except ValueError:
        return None
