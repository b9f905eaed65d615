"""The form in which an entry is put right: what its kind's row says, or what its class says by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args, get_origin

from pydantic import AwareDatetime

from ap_ledger.events.base import Entry
from ap_ledger.kinds.row import FormField, Kind

TIMES = frozenset({datetime, AwareDatetime})
PLAIN = frozenset({str, int, float, bool}) | TIMES
"""What a form can show of a field of which no row says more."""


def form_of(kind: Kind) -> Mapping[str, FormField]:
    """The kind's own fields that may be put right. Where its row does not say, those that a form can show."""
    if kind.form is not None:
        return kind.form
    return {
        name: FormField(name.replace("_", " ").capitalize())
        for name in own_fields(kind)
        if name not in kind.fixed and PLAIN & types_in(kind.event.model_fields[name].annotation)
    }


def own_fields(kind: Kind) -> tuple[str, ...]:
    """The fields that entries of a kind have beside those of every entry, in order."""
    return tuple(name for name in kind.event.own_fields() if name not in Entry.model_fields)


def types_in(annotation: Any) -> frozenset[Any]:
    """The types that a field takes, without what they are limited to; fixed words are text."""
    return frozenset(_parts(annotation))


def _parts(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (dict, list, tuple):
        return
    inside = get_args(annotation)
    for part in inside:
        yield from _parts(part)
    if not inside:
        yield annotation if isinstance(annotation, type) or annotation in TIMES else type(annotation)
