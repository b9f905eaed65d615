"""In which slots a student is expected on a day: the one answer that pages, phones, registers, packs and clocks ask
for.

A student is expected in a slot if a placement of theirs is running, the setting is open, the timetable in force holds
the slot on that weekday, and the student's own week names it. They are expected in a session if they are in one of its
slots: in the one that it names, or, where it names none, in any that lies within it. All but `expected_at` is pure: it
goes by bodies of the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, partial
from itertools import pairwise
from typing import Literal, NamedTuple, TypedDict
from uuid import UUID

from ap_ledger.events.dated import in_force
from ap_ledger.events.days import Days, holds_on
from ap_ledger.events.moments import moment, zone
from projections.bodies import (
    ExpectedDayBody,
    PlacementFacts,
    SettingBody,
    SettingFacts,
    SlotBody,
    StretchBody,
    StudentWeek,
)
from projections.fold.cells import DatedCell
from projections.one_fact import MISSABLE, Attested, sessions_counted
from projections.queries.on_day import timetable_on
from projections.queries.reading import Reader
from projections.queries.relations import by_student, known_at_position, placement_days

Why = Literal["expected", "not-placed", "closed", "no-week", "not-held", "no-days", "not-then"]
"""Why a student is expected, or is not.

No placement is running; the setting is closed; nobody said in which slots; the setting holds none then; the student's
week has none at all; or it has some, and not these.
"""


class Expectation(NamedTuple):
    """The slots in which a student is expected on a day, in the order of the timetable, and why these or none."""

    slots: tuple[SlotBody, ...]
    why: Why

    @property
    def was_offered(self) -> bool:
        """Whether not to come was to miss something.

        Where nobody said what a student's week is like, any slot may be theirs.
        """
        return self.why in ("expected", "no-week")


Asked = Callable[[date, Sequence[Attested]], Expectation]
"""Whether one student was expected in a session of a day."""


class AlikeWeeks(TypedDict):
    """Weeks that are alike, from a date on (the empty text is the first day asked for): the days with any slots."""

    from_date: str
    days: list[ExpectedDayBody]


class Expectations:
    """Whom a setting expects when. `placements` are all that are known of its students."""

    def __init__(self, setting: SettingBody, placements: Iterable[PlacementFacts]) -> None:
        self._setting = setting
        self._placements = by_student(placements)
        # A page asks about many days of the same few students, so what answers are made of is worked out once.
        self._placed: dict[str, Days] = {}
        self._held: dict[date, tuple[SlotBody, ...] | None] = {}

    def on(self, student: StudentWeek, day: date) -> Expectation:
        """A student on a day."""
        if day not in self._days_placed(student["id"]):
            return Expectation((), "not-placed")
        open_slots = self._slots_held(day)
        if open_slots is None:
            return Expectation((), "closed")
        return _among(open_slots, student, day, bool(timetable_on(self._setting, day.isoformat())))

    def slots_held(self, day: date) -> tuple[SlotBody, ...]:
        """The slots that the setting holds on a day, whoever comes; none where it is closed."""
        return self._slots_held(day) or ()

    def of_session(self, student: StudentWeek, day: date, told: Iterable[Attested]) -> Expectation:
        """A student in a session of a day, by what was told of it."""
        whole = self.on(student, day)
        if whole.why in ("not-placed", "closed"):
            return whole
        told = list(told)
        named = {session.slot for session in told if session.slot is not None}
        times = [(self._clock(session.begins or 0), self._clock(session.ends or 0)) for session in told]
        open_slots = [
            slot
            for slot in self._slots_held(day) or ()
            if (slot["id"] in named if named else _lies_within(slot, times))
        ]
        return _among(open_slots, student, day, bool(timetable_on(self._setting, day.isoformat())))

    def weeks(self, student: StudentWeek, since: date) -> list[AlikeWeeks]:
        """What a student's weeks are like from a day on, as stretches that are alike from one change to the next.

        A phone that has no signal finds every day in these, holidays and the end of a placement included, and needs no
        rule of its own.
        """
        changes = sorted({since, *(day for day in self._changes(student) if day > since)})
        made: list[AlikeWeeks] = []
        for first, following in pairwise([*changes, date.max]):
            stretch = [first + timedelta(days=n) for n in range(min(7, (following - first).days))]
            there = ((day.isoweekday(), [slot["id"] for slot in self.on(student, day).slots]) for day in stretch)
            days: list[ExpectedDayBody] = [{"weekday": on, "slots": slots} for on, slots in sorted(there) if slots]
            if not made or made[-1]["days"] != days:
                made.append({"from_date": "" if first == since else first.isoformat(), "days": days})
        return made

    def _clock(self, at: int) -> str:
        return f"{moment(at).astimezone(zone(self._setting['time_zone'])):%H:%M}"

    def _days_placed(self, student: str) -> Days:
        if student not in self._placed:
            self._placed[student] = placement_days(self._placements.get(student, ()))
        return self._placed[student]

    def _slots_held(self, day: date) -> tuple[SlotBody, ...] | None:
        """The slots that the setting holds on a day, whoever comes; None where it is closed."""
        if day not in self._held:
            slots = timetable_on(self._setting, day.isoformat())
            open_slots = tuple(slot for slot in slots if day.isoweekday() in slot["weekdays"])
            self._held[day] = open_slots if is_open(self._setting, day) else None
        return self._held[day]

    def _changes(self, student: StudentWeek) -> Iterator[date]:
        """The days on which anything may begin to be otherwise."""
        for placement in self._placements.get(student["id"], ()):
            yield from _edges(placement["start"], placement["end"])
        calendars = self._setting.get("calendars", ())
        for fact in (*student["expected"], *self._setting["timetables"], *calendars):
            yield date.fromisoformat(fact["from_date"])
        for calendar in calendars:
            for span in (*calendar["terms"], *calendar["closures"]):
                yield from _edges(span["first"], span["last"])


def expected_at(reader: Reader, student_id: UUID, setting: SettingBody, position: int) -> Asked:
    """In which sessions a student was expected, as known at a position: looked up when it is first asked for, as it
    seldom is."""

    @cache
    def known() -> tuple[Expectations, StudentWeek]:
        records = reader.ledger.states.records(student_id)
        known_then, key = known_at_position(reader, setting, records, position), str(student_id)
        whose: StudentWeek = {"id": key, "expected": known_then.expected.get(key, [])}
        return Expectations(known_then.setting, known_then.placements.get(key, ())), whose

    def expected(day: date, session: Sequence[Attested]) -> Expectation:
        expectations, student = known()
        return expectations.of_session(student, day, session)

    return expected


def as_offered(expected: Asked, days: Iterable[DatedCell]) -> list[DatedCell]:
    """The days as they count: a session missed that the student was not expected in was neither offered nor missed."""
    made = []
    for day, cell in days:
        if any(name in cell.counted("sessions") for name in MISSABLE):
            asked = partial(expected, date.fromisoformat(day))
            sessions = sessions_counted(cell.attested, partial(_was_offered, asked))
            cell = replace(cell, counts={**cell.counts, "sessions": sessions})
        made.append((day, cell))
    return made


def _was_offered(asked: Callable[[Sequence[Attested]], Expectation], session: Sequence[Attested]) -> bool:
    return asked(session).was_offered


def _among(open_slots: Sequence[SlotBody], student: StudentWeek, day: date, is_timetabled: bool) -> Expectation:
    """Which of some slots that the setting holds a student's own week names."""
    week = in_force(student["expected"], day)
    if not open_slots and is_timetabled:
        return Expectation((), "not-held")
    if week is None:
        return Expectation((), "no-week")
    named = {slot for planned in week["days"] if planned["weekday"] == day.isoweekday() for slot in planned["slots"]}
    slots = tuple(slot for slot in open_slots if slot["id"] in named)
    if slots:
        return Expectation(slots, "expected")
    return Expectation((), "not-then" if any(planned["slots"] for planned in week["days"]) else "no-days")


def _lies_within(slot: SlotBody, times: Iterable[tuple[str, str]]) -> bool:
    """Whether a slot lies, with a part of it, between any of these local times (HH:MM)."""
    return any(slot["starts"][:5] < ends and slot["ends"][:5] > starts for starts, ends in times)


def is_open(setting: SettingFacts, day: date) -> bool:
    """Whether a setting is open on a day: in a half-term and not in a closure of the calendar in force.

    Where there is no calendar every weekday counts as open, and where a calendar names no half-terms only its closures
    close.
    """
    calendar = in_force(setting.get("calendars", ()), day)
    if calendar is None:
        return True
    terms = calendar["terms"]
    return not _in_any(calendar["closures"], day) and (not terms or _in_any(terms, day))


def _in_any(spans: Sequence[StretchBody], day: date) -> bool:
    return any(holds_on(span["first"], span["last"], day.isoformat()) for span in spans)


def _edges(first: str, last: str | None) -> Iterator[date]:
    yield date.fromisoformat(first)
    if last is not None:
        yield date.fromisoformat(last) + timedelta(days=1)
