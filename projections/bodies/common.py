"""What bodies and facts of every kind have in common."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class BodyRow(TypedDict):
    """What every body is given of its row when it is read.

    `key` puts bodies of a kind in order; `position` is that of the last event about it.
    """

    key: str
    position: int


class DatedBody(TypedDict):
    """What holds from a date on, until another one of its kind does (`ap_ledger/events/dated.py`).

    `corrects` is the from-date of the one that it puts right; `recorded_as` the record of the child that it stands in,
    where that is not the one that is kept.
    """

    from_date: str
    corrects: NotRequired[str]
    recorded_as: NotRequired[str]
