"""Ready patterns to start from: days with their slots, a school year's half-terms, and bank holidays.

They are proposals: nothing holds until somebody has looked at it and set it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

from ap_ledger.events.setting import Closure, SlotKind, Term

HOLIDAYS = Path(__file__).with_name("bank_holidays.json")
MONDAY, FRIDAY = 0, 4
"""Weekdays as `date.weekday` counts them."""
MARCH, AUGUST, SEPTEMBER = 3, 8, 9


class ReadySlot(NamedTuple):
    """One slot of a ready day: its id, what it is called, its kind, and its times of the clock."""

    id: str
    label: str
    kind: SlotKind
    starts: str
    ends: str


READY_DAYS: Mapping[str, tuple[str, Sequence[ReadySlot]]] = {
    "whole-day": (
        "A whole day on site",
        (
            ReadySlot("arrival", "Arrival", "arrival", "08:45", "09:00"),
            ReadySlot("tutor-time", "Tutor time", "tutor", "09:00", "09:25"),
            ReadySlot("lesson-1", "Lesson 1", "lesson", "09:25", "10:25"),
            ReadySlot("break", "Break", "break", "10:25", "10:45"),
            ReadySlot("lesson-2", "Lesson 2", "lesson", "10:45", "11:45"),
            ReadySlot("lunch", "Lunch", "lunch", "11:45", "12:25"),
            ReadySlot("lesson-3", "Lesson 3", "lesson", "12:25", "13:25"),
            ReadySlot("reflection", "Reflection", "reflection", "13:25", "13:45"),
        ),
    ),
    "half-day": (
        "A morning and an afternoon group",
        (
            ReadySlot("morning-arrival", "Morning arrival", "arrival", "09:00", "09:15"),
            ReadySlot("morning-session", "Morning session", "lesson", "09:15", "10:30"),
            ReadySlot("morning-break", "Morning break", "break", "10:30", "10:45"),
            ReadySlot("morning-workshop", "Morning workshop", "lesson", "10:45", "11:45"),
            ReadySlot("lunch", "Lunch", "lunch", "11:45", "12:30"),
            ReadySlot("afternoon-session", "Afternoon session", "lesson", "12:30", "13:45"),
            ReadySlot("afternoon-break", "Afternoon break", "break", "13:45", "14:00"),
            ReadySlot("afternoon-workshop", "Afternoon workshop", "lesson", "14:00", "15:00"),
        ),
    ),
    "outreach": (
        "Visits only",
        (
            ReadySlot("morning-visit", "Morning visit", "home-visit", "09:30", "11:30"),
            ReadySlot("afternoon-visit", "Afternoon visit", "home-visit", "13:00", "15:00"),
        ),
    ),
}
"""Days to start from, each with what a person calls it."""


def school_year_of(day: date) -> int:
    """The calendar year in which the school year of a day begins; from August on, that is the coming one."""
    return day.year if day.month >= AUGUST else day.year - 1


def first_of_school_year(day: date) -> date:
    """The 1 September with which the school year of a day begins."""
    return date(school_year_of(day), SEPTEMBER, 1)


def half_terms(year: int) -> tuple[Term, ...]:
    """The six half-terms of the school year that begins in the autumn of `year`, as most councils in England set them;
    none for a year whose bank holidays are not known yet.

    Each council sets its own, so these are dates to put right: October's week off holds the last Monday of October,
    February's begins on the Monday from the 14th on, two weeks lie around Easter (from the week of Good Friday, or
    after it where that is in March), and May's week off begins with the spring bank holiday.
    """
    free = {closure.label: closure.first for closure in bank_holidays(date(year + 1, 1, 1), date(year + 1, 12, 31))}
    if "Good Friday" not in free:
        return ()
    october = _monday_until(date(year, 10, 31))
    february = _monday_from(date(year + 1, 2, 14))
    good_friday, may = free["Good Friday"], free["Spring bank holiday"]
    easter = _monday_until(good_friday) if good_friday.month > MARCH else _monday_from(good_friday)
    before_easter = min(easter - timedelta(days=3), good_friday - timedelta(days=1))
    return (
        Term(first=_school_day_from(date(year, 9, 1)), last=october - timedelta(days=3), label="Autumn 1"),
        Term(first=october + timedelta(days=7), last=_friday_until(date(year, 12, 21)), label="Autumn 2"),
        Term(first=_school_day_from(date(year + 1, 1, 4)), last=february - timedelta(days=3), label="Spring 1"),
        Term(first=february + timedelta(days=7), last=before_easter, label="Spring 2"),
        Term(first=easter + timedelta(days=14), last=may - timedelta(days=3), label="Summer 1"),
        Term(first=may + timedelta(days=7), last=_friday_until(date(year + 1, 7, 24)), label="Summer 2"),
    )


def bank_holidays(first: date, last: date) -> tuple[Closure, ...]:
    """The bank holidays of England and Wales between two days, first and last included, from the data beside this
    module."""
    return tuple(Closure(first=day, last=day, label=label) for day, label in _holidays() if first <= day <= last)


@cache
def _holidays() -> tuple[tuple[date, str], ...]:
    listed = orjson.loads(HOLIDAYS.read_bytes())["england-and-wales"]
    return tuple((date.fromisoformat(day), label) for day, label in sorted(listed.items()))


def _monday_from(day: date) -> date:
    return day + timedelta(days=(MONDAY - day.weekday()) % 7)


def _monday_until(day: date) -> date:
    return day - timedelta(days=(day.weekday() - MONDAY) % 7)


def _school_day_from(day: date) -> date:
    return day if day.weekday() <= FRIDAY else _monday_from(day)


def _friday_until(day: date) -> date:
    return day - timedelta(days=(day.weekday() - FRIDAY) % 7)
