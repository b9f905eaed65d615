"""Retention clocks: which parts of a record have come to the end of the time for which they are kept.

The defaults are data (`retention.yaml`), after UK guidance for schools. A setting sets its own, dated, by
`set-retention`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

from pydantic import TypeAdapter

from ap_ledger.events.base import RetentionClass
from ap_ledger.events.dated import in_force
from ap_ledger.events.setting import RetentionClock
from frameworks.language.load import read_yaml

_CLOCKS = TypeAdapter(tuple[RetentionClock, ...])


@cache
def default_clocks() -> tuple[RetentionClock, ...]:
    """The clocks that hold where a setting set none."""
    return _CLOCKS.validate_python(
        tuple(read_yaml((Path(__file__).parent / "retention.yaml").read_text("utf-8"))["clocks"])
    )


class KeptStudent(TypedDict):
    """What is read of a student: days are ISO dates, and that of the birth may say why it cannot be read."""

    id: str
    name: str
    date_of_birth: str | None
    admitted_on: str
    shredded: list[RetentionClass]
    holds: NotRequired[list[Any]]


class KeptPlacement(TypedDict):
    """What is read of a placement: whose it is, and its last day, an ISO date, where it is over."""

    student_id: str
    end: str | None


class KeepingSetting(TypedDict):
    """What is read of a setting: the bodies of its `retention-set` events."""

    retention: NotRequired[list[Any]]


def clocks_on(facts: Sequence[Mapping[str, Any]], day: date) -> tuple[RetentionClock, ...]:
    """The clocks in force on a day, from the bodies of `retention-set` events."""
    latest = in_force(facts, day)
    return tuple(RetentionClock.model_validate(clock) for clock in latest["clocks"]) if latest else default_clocks()


def ends_on(clock: RetentionClock, born: date | None, admitted: date | None, placement_end: date | None) -> date | None:
    """The day on which a clock runs out for a student, or None where it never does or its start is not known."""
    start = {"date-of-birth": born, "admission": admitted, "placement-end": placement_end}[clock.counted_from]
    if clock.years is None or start is None:
        return None
    try:
        return start.replace(year=start.year + clock.years)
    except ValueError:
        # Born on a leap day: the year ends with February.
        return date(start.year + clock.years, 3, 1)


class TimeOver(NamedTuple):
    """A student of whom some part of the record has come to the end of its time."""

    id: str
    name: str
    classes: list[str]
    held: bool
    """Whether a legal hold keeps the record all the same."""


def time_over(
    students: Iterable[KeptStudent], placements: Iterable[KeptPlacement], setting: KeepingSetting, today: date
) -> list[TimeOver]:
    """Of whom some part of the record has come to the end of its time, from what is read of a setting."""
    latest: dict[str, str | None] = {}
    for placement in placements:
        before = latest.get(placement["student_id"], "")
        ended = None if placement["end"] is None or before is None else max(placement["end"], before)
        latest[placement["student_id"]] = ended
    over = []
    for student in students:
        ends = ends_of(student, setting, today, latest.get(student["id"]) or None)
        due = [kept for kept, end in ends.items() if end <= today and kept not in student["shredded"]]
        if due:
            over.append(TimeOver(student["id"], student["name"], due, bool(student.get("holds"))))
    return over


def ends_of(student: KeptStudent, setting: KeepingSetting, today: date, placement_end: str | None) -> dict[str, date]:
    """When each class of a student's record comes to its end, by the clocks that hold today."""
    born, admitted, ended = (_date(day) for day in (student["date_of_birth"], student["admitted_on"], placement_end))
    clocks = clocks_on(setting.get("retention", ()), today)
    ends = {clock.retention_class: ends_on(clock, born, admitted, ended) for clock in clocks}
    return {kept: end for kept, end in ends.items() if end is not None}


def _date(day: str | None) -> date | None:
    try:
        return date.fromisoformat(day or "")
    except ValueError:
        return None
