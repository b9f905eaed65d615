"""What the cells of one row say about its thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, get_args

from ap_ledger.events.setting import SlotKind
from frameworks.exchange.headings import Columns
from frameworks.exchange.intake import Intake, shortened, slug
from frameworks.exchange.tables import Row
from frameworks.language.letters import plain_letters

DETAIL_LIMIT = 8000
SLOT_KINDS = frozenset(get_args(SlotKind))
YES, NO = frozenset({"yes", "y", "true", "1", "x", "✓"}), frozenset({"", "no", "n", "false", "0", "-"})
Said = dict[str, Any]
Read = Callable[[str], Said]


def _yes(field_name: str) -> Read:
    def read(value: str) -> Said:
        told = plain_letters(value)
        if told not in YES | NO:
            raise ValueError(f"'{value[:40]}' should be yes or no")
        return {field_name: True} if told in YES else {}

    return read


def _one_of(field_name: str, *allowed: str) -> Read:
    def read(value: str) -> Said:
        told = plain_letters(value)
        if told not in allowed:
            raise ValueError(f"'{value[:40]}' should be one of {', '.join(allowed)}")
        return {field_name: told}

    return read


def _day(field_name: str) -> Read:
    def read(value: str) -> Said:
        try:
            return {field_name: date.fromisoformat(value).isoformat()}
        except ValueError:
            raise ValueError(f"'{value[:40]}' should be a date such as 2026-09-01") from None

    return read


def _slots(value: str) -> Said:
    kinds = [re.sub(r"[\s_]+", "-", part.strip()) for part in re.split(r"[,;|]", plain_letters(value)) if part.strip()]
    known = [kind for kind in kinds if kind in SLOT_KINDS]
    if unknown := [kind for kind in kinds if kind not in SLOT_KINDS]:
        raise PartlyRead(
            f"'{unknown[0][:40]}' is not a kind of slot ({', '.join(sorted(SLOT_KINDS))})",
            {"applies_to": {"slot_kinds": known}} if known else {},
        )
    return {"applies_to": {"slot_kinds": known}} if known else {}


class PartlyRead(ValueError):
    """A cell of which a part could be read."""

    def __init__(self, fault: str, said: Said) -> None:
        super().__init__(fault)
        self.said = said


READ: Mapping[str, Read] = {
    "plain": lambda value: {"plain": shortened(value)},
    "code": lambda value: {"code": shortened(value)},
    "detail": lambda value: {"detail": value[:DETAIL_LIMIT]},
    "notes": lambda value: {"notes": value[:DETAIL_LIMIT]},
    "level": lambda value: {"level": shortened(value)},
    "type": lambda value: {"type": shortened(value)},
    "source": lambda value: {"source": value[:1000]},
    "slots": _slots,
    "first": _day("first"),
    "last": _day("last"),
    "polarity": _one_of("polarity", "up", "down", "none"),
    "observable": _one_of("observable", "session", "review", "none"),
    "reverse": _yes("reverse"),
    "per_student": _yes("per_student"),
    "on_site": _yes("on_site"),
    "supervised": _yes("supervised"),
}


def read_cells(row: Row, columns: Columns, scales: Mapping[str, Any], intake: Intake) -> Said | None:
    """What the columns beside the tree say, or None where the row cannot be scored as it says it wants to be."""
    more: Said = {}
    for means in columns.more:
        value = columns.cell(row, means)
        if not value:
            continue
        if means == "scale":
            if slug(value) not in scales:
                known = ", ".join(scales) or "none"
                words = f"no scale is called '{value[:60]}'; there are: {known}. The row was left out"
                intake.say(row.where, words, row=row.place)
                return None
            more["scale"] = slug(value)
        elif means in READ:
            try:
                more |= READ[means](value)
            except PartlyRead as fault:
                more |= fault.said
                intake.say(row.where, str(fault), kept=True, row=row.place)
            except ValueError as fault:
                intake.say(row.where, f"{fault}; the cell was left out", kept=True, row=row.place)
    if dates := {name: more.pop(name) for name in ("first", "last") if name in more}:
        more["origin"] = dates
    return more
