"""How far away a date or time may lie for somebody to have meant it: from 1990 to two years ahead, wherever one is
given.

What is said of a student lies in their life, too.

This belongs to what is posted and commanded. What is stored already is read as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from pydantic import AwareDatetime, BaseModel

from ap_ledger.errors import Refused

EARLIEST = date(1990, 1, 1)
AHEAD = timedelta(days=731)
TOO_EARLY = "This lies before 1990, which cannot have been meant. Check the year."
TOO_LATE = "This lies more than two years ahead, which cannot have been meant. Check the year."
BIRTH = "date_of_birth"
"""The field whose dates have a reach of their own."""
OLDEST = timedelta(days=130 * 366)
_DATES = (datetime, date)
STUDENT_YEARS = 25
"""Nobody is a student for longer than so many years, nor when they are older."""


class Since(NamedTuple):
    """The first day that can have been meant, and the sentence for a day before it."""

    day: date
    sentence: str


ALWAYS = Since(EARLIEST, TOO_EARLY)


def in_the_life_of(born: date | None, admitted_on: date) -> Since:
    """From when on something can be said of a student: from their birth, or not long before they came, where that is
    not known."""
    if born is not None:
        return max(
            ALWAYS, Since(born, "This lies before the student was born. Put this date or the date of birth right.")
        )
    sentence = f"This lies more than {STUDENT_YEARS} years before the student was admitted. Check the year."
    return max(ALWAYS, Since(admitted_on - timedelta(days=STUDENT_YEARS * 366), sentence))


def check_reach(fact: BaseModel, now: datetime, since: Since = ALWAYS) -> None:
    """Refuses the first date or time in a posted or commanded value, at any depth, that nobody can have meant.

    Raises Refused with the path of the field, for instance `terms.0.last`.
    """
    fault = _fault_in_fields(fact, _reach(now, since))
    if fault is not None:
        raise Refused("malformed", fault[1], fault[0])


def out_of_reach(value: date, now: datetime) -> str | None:
    """The sentence for a date or time that nobody can have meant; None for one that somebody can."""
    fault = _fault_in(value, _reach(now, ALWAYS))
    return fault[1] if fault else None


class _Reach(NamedTuple):
    """The first and the last moment and day that can have been meant, and the years between which no more need be
    asked."""

    since: Since
    earliest: datetime
    latest: datetime
    last_day: date
    surely_after: int
    surely_before: int


@lru_cache(maxsize=512)
def _reach(now: datetime, since: Since) -> _Reach:
    """Asked for by every entry of a send, with the same time, about few students."""
    latest = now + AHEAD
    earliest = datetime.combine(since.day, time(), UTC)
    return _Reach(since, earliest, latest, latest.date(), since.day.year, latest.year - 1)


def _fault_in(value: Any, reach: _Reach) -> tuple[str, str] | None:
    """The path and the sentence of the first date or time out of reach."""
    if isinstance(value, datetime):
        return (
            None
            if reach.earliest <= value <= reach.latest
            else ("", TOO_LATE if value > reach.latest else _early(value, reach))
        )
    if isinstance(value, date):
        return (
            None
            if reach.since.day <= value <= reach.last_day
            else ("", TOO_LATE if value > reach.last_day else _early(value, reach))
        )
    if _is_model(value.__class__):
        return _fault_in_fields(value, reach)
    parts: Iterable[tuple[Any, Any]]
    parts = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    )
    for name, inner in parts:
        if (fault := _fault_in(inner, reach)) is not None:
            return _under(name, fault)
    return None


def _early(value: date, reach: _Reach) -> str:
    return TOO_EARLY if value.year < EARLIEST.year else reach.since.sentence


def _fault_in_fields(fact: BaseModel, reach: _Reach) -> tuple[str, str] | None:
    given, surely_after, surely_before = fact.__dict__, reach.surely_after, reach.surely_before
    for name in _timely(fact.__class__):
        value = given[name]
        # Every entry comes through here. To compare two moments with offsets takes longer than all else that is done
        # with an entry's times, and the year alone tells of nearly all of them that they are within reach.
        if value is None or (value.__class__ in _DATES and surely_after < value.year < surely_before and name != BIRTH):
            continue
        # A birth has a reach of its own, whichever day is the last for everything else.
        fault = birth_out_of_reach(value, reach.latest - AHEAD) if name == BIRTH else None
        located = ("", fault) if fault else None if name == BIRTH else _fault_in(value, reach)
        if located is not None:
            return _under(name, located)
    return None


@lru_cache(maxsize=512)
def _is_model(kind: type[Any]) -> bool:
    """Pydantic looks through a model's bases anew each time it is asked."""
    return issubclass(kind, BaseModel)


def birth_out_of_reach(born: date, now: datetime) -> str | None:
    """The sentence for a birth to come, and for one of so long ago that nobody born then lives."""
    if born > now.date():
        return "This birth lies in the future. Check the year."
    return "This birth lies more than 130 years back. Check the year." if now.date() - born > OLDEST else None


def _under(name: Any, fault: tuple[str, str]) -> tuple[str, str]:
    return f"{name}.{fault[0]}".removesuffix("."), fault[1]


@lru_cache(maxsize=512)
def _timely(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields of a model that can hold a date or time at any depth, so that the others need no look."""
    return tuple(name for name, info in model.model_fields.items() if _may_hold_time(info.annotation))


def _may_hold_time(annotation: Any) -> bool:
    if isinstance(annotation, type):
        return (
            annotation is AwareDatetime
            or issubclass(annotation, date)
            or (issubclass(annotation, BaseModel) and bool(_timely(annotation)))
        )
    return any(map(_may_hold_time, get_args(annotation)))
