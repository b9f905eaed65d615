"""The slots of one day of a setting: who is expected in each, who is here, and for whom anything was scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, select, text

from ap_ledger.events.entries import OutcomeScored, SessionAttended
from ap_ledger.events.moments import moment, zone
from ap_ledger.kinds.timeline import ATTENDED, LATE
from projections.bodies import SettingBody, SlotBody, StudentBody
from projections.queries.expected import Expectations
from projections.queries.on_day import timetable_on
from projections.queries.reading import Reader
from projections.writers.student_days import StudentDays
from projections.writers.timeline import COUNTS_NOW

When = Literal["over", "now", "later"]
LAST_DAYS = 14
"""So far back the last day is looked for on which the setting was open."""


@dataclass(frozen=True)
class SlotOfDay:
    """One slot of a day. `here` are those who are expected and of whom nobody said that they did not come."""

    slot: SlotBody
    when: When
    expected: tuple[str, ...]
    here: tuple[str, ...]
    scored: frozenset[str]

    @property
    def open(self) -> tuple[str, ...]:
        """Of those who are here, for whom nothing was scored."""
        return tuple(student for student in self.here if student not in self.scored)

    @property
    def done(self) -> int:
        """For how many of those who are here something was scored."""
        return len(self.here) - len(self.open)


def open_day(setting: SettingBody, expectations: Expectations, today: date) -> date | None:
    """Today where the setting has slots today, else the last day on which it had any; None where there was none
    lately."""
    days = (today - timedelta(days=back) for back in range(LAST_DAYS + 1))
    return next((day for day in days if expectations.slots_held(day)), None)


def slots_of_day(
    reader: Reader,
    setting: SettingBody,
    students: Sequence[StudentBody],
    expectations: Expectations,
    day: date,
    now: datetime,
) -> list[SlotOfDay]:
    """The slots that the setting holds on a day, in their order, as they stand now."""
    held = expectations.slots_held(day)
    expected = {student["id"]: {slot["id"] for slot in expectations.on(student, day).slots} for student in students}
    scored, away = _told(reader, setting, students, day)
    there = now.astimezone(zone(setting["time_zone"]))
    clock = f"{there:%H:%M:%S}" if there.date() == day else "24:00" if there.date() > day else ""
    made: list[SlotOfDay] = []
    for slot in sorted(held, key=lambda slot: slot["starts"]):
        due = tuple(student["id"] for student in students if slot["id"] in expected[student["id"]])
        done = scored.get(slot["id"], frozenset[str]())
        here = tuple(student for student in due if student in done or not _is_away(slot, away.get(student, ())))
        when: When = "over" if slot["ends"] <= clock else "now" if slot["starts"] <= clock else "later"
        made.append(SlotOfDay(slot, when, due, here, done))
    return made


def _is_away(slot: SlotBody, away: Iterable[tuple[str, str]]) -> bool:
    return any(slot["starts"][:5] < ends and slot["ends"][:5] > begins for begins, ends in away)


def _told(
    reader: Reader, setting: SettingBody, students: Sequence[StudentBody], day: date
) -> tuple[dict[str, frozenset[str]], dict[str, list[tuple[str, str]]]]:
    """Who was scored in which slot, and the local times of the sessions to which each student did not come."""
    scored: dict[str, set[str]] = {}
    away: dict[str, list[tuple[str, str]]] = {}
    here = zone(setting["time_zone"])
    slots = {slot["id"]: slot for slot in timetable_on(setting, day.isoformat())}
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        timeline = StudentDays.tables_in(live)[0]
        for start in range(0, len(students), 500):
            some = [UUID(student["id"]).bytes for student in students[start : start + 500]]
            given = {"students": some, "day": day.toordinal()}
            for student, slot in connection.execute(_scored_on(timeline), given):
                scored.setdefault(slot, set()).add(str(UUID(bytes=bytes(student))))
            for student, item, slot, begins, ends in connection.execute(_sessions_on(timeline), given):
                if item in (ATTENDED, LATE):
                    continue
                times = (
                    (slots[slot]["starts"][:5], slots[slot]["ends"][:5])
                    if slot in slots
                    else tuple(f"{moment(at).astimezone(here):%H:%M}" for at in (begins or 0, ends or 0))
                )
                away.setdefault(str(UUID(bytes=bytes(student))), []).append((times[0], times[1]))
    return {slot: frozenset(who) for slot, who in scored.items()}, away


@cache
def _scored_on(timeline: Table) -> Select[Any]:
    told = timeline.c
    return (
        select(told.student, told.slot)
        .distinct()
        .where(
            told.student.in_(bindparam("students", expanding=True)),
            told.day == bindparam("day"),
            told.kind == OutcomeScored.TOPIC,
            told.slot.is_not(None),
            text(COUNTS_NOW),
        )
    )


@cache
def _sessions_on(timeline: Table) -> Select[Any]:
    told = timeline.c
    return select(told.student, told.item, told.slot, told.begins, told.ends).where(
        told.student.in_(bindparam("students", expanding=True)),
        told.day == bindparam("day"),
        told.kind == SessionAttended.TOPIC,
        text(COUNTS_NOW),
    )
