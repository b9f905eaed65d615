"""Facts that hold from a date on, and which of them is in force on a day: one mechanism for all of them.

Facts are given in the order in which they were recorded, as events or as the JSON that a read model keeps of them. Each
holds from its from-date until another one's begins. One that is recorded later from the same date replaces it; one that
`corrects` a date takes the place of what held from that date, so that a wrong from-date can be put right. What holds
from a later date stays. What should never have been recorded is withdrawn: what held before it holds on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, TypeVar

from ap_ledger.events.base import Fact
from ap_ledger.events.fields import CorrectedDate, FromDate


class DatedFact(Fact):
    """What holds from a date on.

    `corrects` is the from-date of the one of its kind that it puts right, where that date was wrong.
    """

    SERIES: ClassVar[tuple[str, ...]] = ()
    """The fields that tell one series of such facts from another: every mentor, for instance, has a series of their
    own."""
    from_date: FromDate
    corrects: CorrectedDate | None = None


D = TypeVar("D", bound=DatedFact | Mapping[str, Any])


def standing(facts: Iterable[D]) -> list[D]:
    """The facts that count, in the order of their from-dates: what was replaced or corrected is left out.

    Where two records of a child were joined, a fact puts right what its own record said; of two from one date the
    later counts.
    """
    counted: dict[tuple[str, str], D] = {}
    for fact in facts:
        (begins, corrected), record = _dates(fact), _record(fact)
        counted.pop((record, corrected), None)
        counted.pop((record, begins), None)
        counted[record, begins] = fact
    by_date = {begins: fact for (_, begins), fact in counted.items()}
    return [by_date[begins] for begins in sorted(by_date)]


def in_force(facts: Iterable[D], day: date | str) -> D | None:
    """The fact in force on a day (or on an ISO date): the one with the latest from-date on or before it.

    None before the first.
    """
    return next((fact for fact in reversed(standing(facts)) if _dates(fact)[0] <= str(day)), None)


def spans(facts: Iterable[D]) -> list[tuple[D, str, str]]:
    """Each fact that counts, with its first day and the day on which the next one takes over, as ISO dates; `9999` for
    none."""
    counting = standing(facts)
    begins = [_dates(fact)[0] for fact in counting]
    return list(zip(counting, begins, [*begins[1:], "9999"], strict=True)) if counting else []


def without(facts: Iterable[D], day: date | str, of_series: Callable[[D], bool]) -> list[D]:
    """The facts that remain, in the order of recording, when the one of a series that holds from a day is withdrawn.

    What it had replaced or corrected goes with what was left out before, and does not come back.
    """
    given = list(facts)
    series = [fact for fact in given if of_series(fact)]
    kept = {id(fact) for fact in standing(series) if _dates(fact)[0] != str(day)}
    return [fact for fact in given if not of_series(fact) or id(fact) in kept]


def _dates(fact: DatedFact | Mapping[str, Any]) -> tuple[str, str]:
    """The from-date, and the one corrected (empty where there is none), as ISO dates, which sort as text."""
    if isinstance(fact, DatedFact):
        return str(fact.from_date), str(fact.corrects or "")
    return str(fact["from_date"]), str(fact.get("corrects") or "")


def _record(fact: DatedFact | Mapping[str, Any]) -> str:
    """The record that a fact stands in: its stream, or the id by which a body tells that it is of another record."""
    if isinstance(fact, DatedFact):
        return str(getattr(fact, "originator_id", ""))
    return str(fact.get("recorded_as", ""))
