"""Rows of a form that says the same of several things: `slot-0-label`, `slot-1-label` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from starlette.datastructures import FormData

from ap_ledger.errors import Refused
from api.core.show import text_of


def rows_of(form: FormData, kind: str) -> list[dict[str, str]]:
    """The rows of one kind in a form, in its order, each with its fields by name; rows in which nothing is filled are
    left out, and so are spaces around what is."""
    rows: dict[int, dict[str, str]] = {}
    for number, name, field in _fields(form, kind):
        rows.setdefault(number, {})[name] = text_of(form, field).strip()
    return [row for _, row in sorted(rows.items()) if any(row.values())]


def _fields(form: FormData, kind: str) -> Iterator[tuple[int, str, str]]:
    for field in form:
        if match := re.fullmatch(rf"{kind}-(\d{{1,3}})-([a-z0-9-]+)", field):
            yield int(match[1]), match[2], field


def place_in_rows(refusal: Refused, kind: str, called: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """A refusal with the row that it is about: *Slot 3 (Lunch): …*, where it names one, such as `slots.2.ends`."""
    match = re.match(rf"{kind}\.(\d+)", refusal.field or "")
    if match is None or int(match[1]) >= len(rows):
        return refusal.message
    label = rows[int(match[1])].get("label")
    return f"{called} {int(match[1]) + 1}{f' ({label})' if label else ''}: {refusal.message}"


def id_from(label: str, taken: Set[str], otherwise: str) -> str:
    """An id that says what something is called, in a few short words, and that no other has."""
    stem = "-".join(re.findall(r"[a-z0-9]+", label.lower())[:5])[:40].strip("-") or otherwise
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
