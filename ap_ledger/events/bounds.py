"""How far away a date or time may lie for somebody to have meant it: from 1990 to two years ahead, wherever one is given.

This belongs to what is posted and commanded. What is stored already is read as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, get_args

from pydantic import AwareDatetime, BaseModel

from ap_ledger.errors import Refused

EARLIEST = date(1990, 1, 1)
AHEAD = timedelta(days=731)
TOO_EARLY = "This lies before 1990, which cannot have been meant. Check the year."
TOO_LATE = "This lies more than two years ahead, which cannot have been meant. Check the year."
BIRTH = "date_of_birth"
"""The field whose dates have a reach of their own."""
OLDEST = timedelta(days=130 * 366)
_EARLIEST_MOMENT = datetime(1990, 1, 1, tzinfo=UTC)


def check_reach(fact: BaseModel, now: datetime) -> None:
    """Refuses the first date or time in a posted or commanded value, at any depth, that nobody can have meant.

    Raises Refused with the path of the field, for instance `terms.0.last`.
    """
    for where, value in _times_of(fact, ""):
        if fault := birth_out_of_reach(value, now) if where == BIRTH else out_of_reach(value, now):
            raise Refused("malformed", fault, where)


def out_of_reach(value: date, now: datetime) -> str | None:
    """The sentence for a date or time that nobody can have meant; None for one that somebody can."""
    latest = now + AHEAD
    if isinstance(value, datetime):
        early, late = value < _EARLIEST_MOMENT, value > latest
    else:
        early, late = value < EARLIEST, value > latest.date()
    return TOO_EARLY if early else TOO_LATE if late else None


def birth_out_of_reach(born: date, now: datetime) -> str | None:
    """The sentence for a birth to come, and for one of so long ago that nobody born then lives."""
    if born > now.date():
        return "This birth lies in the future. Check the year."
    return "This birth lies more than 130 years back. Check the year." if now.date() - born > OLDEST else None


def _times_of(value: Any, where: str) -> Iterator[tuple[str, date]]:
    if isinstance(value, date):
        yield where, value
        return
    for name, inner in _parts(value):
        yield from _times_of(inner, f"{where}.{name}" if where else str(name))


def _parts(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, BaseModel):
        return [(name, inner) for name in _timely(type(value)) if (inner := getattr(value, name)) is not None]
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, (list, tuple)) else ()


@lru_cache(maxsize=512)
def _timely(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields of a model that can hold a date or time at any depth, so that the others need no look."""
    return tuple(name for name, info in model.model_fields.items() if _may_hold_time(info.annotation))


def _may_hold_time(annotation: Any) -> bool:
    if isinstance(annotation, type):
        return annotation is AwareDatetime or issubclass(annotation, date) or (issubclass(annotation, BaseModel) and bool(_timely(annotation)))
    return any(map(_may_hold_time, get_args(annotation)))
