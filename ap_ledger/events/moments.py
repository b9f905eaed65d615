"""Time as it is stored and as a setting lives it: microseconds in UTC, and days in the setting's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from ap_ledger.errors import Unreadable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_QUARTER_HOUR = 900_000_000


def microseconds(moment: datetime) -> int:
    """An aware datetime as whole microseconds since 1970 in UTC."""
    return (moment - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Whole microseconds since 1970 as an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=value)


_AWARE = TypeAdapter(AwareDatetime)


def stored_time(text: Any) -> datetime:
    """A time as it stands in something stored, in whatever spelling was ever accepted.

    Raises Unreadable for what is none, and for one so far away that no time zone can show it.
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError
    except (TypeError, ValueError):
        instant = _spelt_otherwise(text)
    if not 1000 < instant.year < 9000:
        raise Unreadable("A stored time is too far away to be real.")
    return instant


def _spelt_otherwise(text: Any) -> datetime:
    try:
        return _AWARE.validate_strings(text)
    except ValidationError:
        raise Unreadable("A stored time cannot be read.") from None


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ZoneInfoNotFoundError or ValueError for a name that is none."""
    return ZoneInfo(name)


@lru_cache(maxsize=65_536)
def _day_of_quarter(quarter: int, time_zone: str) -> date:
    return moment(quarter * _QUARTER_HOUR).astimezone(zone(time_zone)).date()


def local_day(value: int, time_zone: str) -> date:
    """The date of a moment (in microseconds) in a time zone.

    Clocks change, and days begin, on quarter hours everywhere in this century, so a quarter is looked up once.
    """
    return _day_of_quarter(value // _QUARTER_HOUR, time_zone)
