"""In which slots a student is expected on a day: the one answer that pages, phones, registers, packs and clocks ask for.

A student is expected in a slot if a placement of theirs is running, the setting is open, the timetable in force holds the slot
on that weekday, and the student's own week names it. Everything here is pure: it goes by bodies of the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from ap_ledger.events.dated import in_force
from ap_ledger.events.days import Days
from projections.reading import Body, timetable_on
from projections.relations import by_student, placement_days

Why = Literal["expected", "not-placed", "closed", "no-week", "not-then"]
"""Why a student is expected, or is not: no placement is running, the setting is closed, nobody said in which slots, or not in any of that day."""

EVERY_WEEKDAY = (1, 2, 3, 4, 5)


class Expectation(NamedTuple):
    """The slots in which a student is expected on a day, in the order of the timetable, and why these or none."""

    slots: tuple[Body, ...]
    why: Why

    @property
    def could_be_here(self) -> bool:
        """Whether there was anything to come to: a placement running, and an open setting."""
        return self.why not in ("not-placed", "closed")

    def within(self, starts: str, ends: str) -> bool:
        """Whether any of the slots lies, with a part of it, between two local times (HH:MM)."""
        return any(slot["starts"][:5] < ends and slot["ends"][:5] > starts for slot in self.slots)


class Expectations:
    """Whom a setting expects when. `placements` are all that are known of its students."""

    def __init__(self, setting: Body, placements: Iterable[Body]) -> None:
        self._setting = setting
        self._placements = by_student(placements)
        # A page asks about many days of the same few students, so what answers are made of is worked out once.
        self._placed: dict[str, Days] = {}
        self._held: dict[date, tuple[Body, ...] | None] = {}

    def on(self, student: Body, day: date) -> Expectation:
        """A student on a day."""
        if day not in self._days_placed(student["id"]):
            return Expectation((), "not-placed")
        held = self._slots_held(day)
        if held is None:
            return Expectation((), "closed")
        week = in_force(student.get("expected", ()), day)
        if week is None:
            return Expectation((), "no-week")
        named = {slot for one in week["days"] if one["weekday"] == day.isoweekday() for slot in one["slots"]}
        slots = tuple(slot for slot in held if slot["id"] in named)
        return Expectation(slots, "expected" if slots else "not-then")

    def weeks(self, student: Body, since: date) -> list[Body]:
        """What a student's weeks are like from a day on, as stretches that are alike from one change to the next.

        A phone that has no signal finds every day in these, holidays and the end of a placement included, and needs no rule of its own.
        """
        changes = sorted({since, *(day for day in self._changes(student) if day > since)})
        made: list[Body] = []
        for first, following in pairwise([*changes, date.max]):
            stretch = [first + timedelta(days=n) for n in range(min(7, (following - first).days))]
            there = ((day.isoweekday(), [slot["id"] for slot in self.on(student, day).slots]) for day in stretch)
            days = [{"weekday": weekday, "slots": slots} for weekday, slots in sorted(there) if slots]
            if not made or made[-1]["days"] != days:
                made.append({"from_date": "" if first == since else first.isoformat(), "days": days})
        return made

    def _days_placed(self, student: str) -> Days:
        if student not in self._placed:
            self._placed[student] = placement_days(self._placements.get(student, ()))
        return self._placed[student]

    def _slots_held(self, day: date) -> tuple[Body, ...] | None:
        """The slots that the setting holds on a day, whoever comes; None where it is closed."""
        if day not in self._held:
            slots = timetable_on(self._setting, day.isoformat())
            held = tuple(slot for slot in slots if day.isoweekday() in slot.get("weekdays", EVERY_WEEKDAY))
            self._held[day] = held if is_open(self._setting, day) else None
        return self._held[day]

    def _changes(self, student: Body) -> Iterator[date]:
        """The days on which anything may begin to be otherwise."""
        for one in self._placements.get(student["id"], ()):
            yield from _edges(one["start"], one["end"])
        calendars = self._setting.get("calendars", ())
        for held in (*student.get("expected", ()), *self._setting.get("timetables", ()), *calendars):
            yield date.fromisoformat(held["from_date"])
        for calendar in calendars:
            for span in (*calendar.get("terms", ()), *calendar.get("closures", ())):
                yield from _edges(span["first"], span["last"])


def is_open(setting: Mapping[str, Any], day: date) -> bool:
    """Whether a setting is open on a day: in a half-term and not in a closure of the calendar in force.

    Where there is no calendar every weekday counts as open, and where a calendar names no half-terms only its closures close.
    """
    calendar = in_force(setting.get("calendars", ()), day)
    if calendar is None:
        return True
    terms = calendar.get("terms", ())
    return not _in_any(calendar.get("closures", ()), day) and (not terms or _in_any(terms, day))


def _in_any(spans: Sequence[Body], day: date) -> bool:
    return any(span["first"] <= day.isoformat() <= span["last"] for span in spans)


def _edges(first: str, last: str | None) -> Iterator[date]:
    yield date.fromisoformat(first)
    if last is not None:
        yield date.fromisoformat(last) + timedelta(days=1)
