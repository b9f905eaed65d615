"""Stretches of days: when a relation held, and so which days of a student's record it opens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

D = TypeVar("D", date, str)


def holds_on(first: D, last: D | None, day: D) -> bool:
    """Whether what holds from a first day to a last one, both included, holds on a day; without a last one it goes on.

    The three are dates, or ISO dates as text. Of facts that hold until the next one does, `dated.in_force` says which.
    """
    return first <= day and (last is None or day <= last)


class Span(NamedTuple):
    """Some days in a row, the first and the last included.

    One that goes on ends with the last day that there can be.
    """

    first: date = date.min
    last: date = date.max


@dataclass(frozen=True, slots=True)
class Days:
    """A set of days, as spans in order that neither overlap nor touch. Make one with `days_of`."""

    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.spans)

    def __and__(self, other: Days) -> Days:
        # Most who ask may see either every day or none, so those are not worked out.
        if self is EVERY_DAY or not other:
            return other
        if other is EVERY_DAY or not self:
            return self
        both = ((max(a.first, b.first), min(a.last, b.last)) for a in self.spans for b in other.spans)
        return Days(tuple(Span(first, last) for first, last in both if first <= last))

    def __or__(self, other: Days) -> Days:
        return days_of((*self.spans, *other.spans)) if self and other else self or other

    def until(self, day: date) -> Days:
        """Those of the days that are not after a day."""
        return self & Days((Span(last=day),))

    @property
    def last(self) -> date:
        """The last of the days. There must be one."""
        return self.spans[-1].last


EVERY_DAY = Days((Span(),))
NO_DAYS = Days()


def days_of(relations: Iterable[tuple[date | str, date | str | None]]) -> Days:
    """The days on which a relation held, from the first and the last day of each time it did; None where it goes on."""
    told = sorted((_date(first), date.max if last is None else _date(last)) for first, last in relations)
    spans: list[Span] = []
    for first, last in told:
        if last < first:
            continue
        if spans and first <= _after(spans[-1].last):
            spans[-1] = Span(spans[-1].first, max(last, spans[-1].last))
        else:
            spans.append(Span(first, last))
    made = Days(tuple(spans))
    return EVERY_DAY if made == EVERY_DAY else made


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)
