"""The clocks that run for students and settings: what is due, when, for whom, and what counts as done.

Sources: the statutory duties and limits that `docs/reports.md` lists, each with its number of days as data here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from ap_ledger.events.dated import in_force
from ap_ledger.events.moments import local_day, microseconds
from projections.instruments import half_terms
from projections.overview import recent_days
from projections.period_facts import FULL_TIME_HOURS
from projections.progress import DayCell
from projections.reading import Body, Reader

SOON = timedelta(days=7)
PART_TIME_REVIEW = timedelta(weeks=6)
FULL_WEEK_SESSIONS = 10
FOLLOW_UP_DAYS = 5
"""An absence whose reason is not established is followed up the same day; its code is settled within five school days."""

State = Literal["overdue", "due", "soon"]


@dataclass(frozen=True)
class Clock:
    """Something that is due. `done` says what counts as done; `student` is None where it is about a commissioner or the setting."""

    kind: str
    what: str
    due: date
    state: State
    done: str
    student: Body | None = None
    link: str = ""


NOT_RECORDED_YET = (
    "Annual review of an education, health and care plan (12 months)",
    "Family review of SEN support (three times a year)",
)
"""Clocks whose facts are not recorded yet. They are named, so that nobody believes that silence means that nothing is due."""


def clocks(reader: Reader, setting: Body, students: Sequence[Body], now: datetime) -> list[Clock]:
    """Everything that is due in a setting for these students, or will be within a week; the longest overdue first."""
    today = local_day(microseconds(now), setting["time_zone"])
    placements = [one for one in reader.whole("placements", setting) if one["start"] <= today.isoformat() and not one["end"]]
    by_id = {student["id"]: student for student in students}
    found = [
        *_reviews(reader, setting, placements, today),
        *(clock for placement in placements if placement["student_id"] in by_id for clock in _of_placement(setting, placement, by_id[placement["student_id"]], today)),
        *_of_days(reader, setting, students, now, today),
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.due, one.kind, str((one.student or {}).get("name"))))


def _state(due: date, today: date) -> State:
    return "overdue" if due < today else "due" if due == today else "soon"


def _reviews(reader: Reader, setting: Body, placements: Sequence[Body], today: date) -> Iterator[Clock]:
    """The commissioner's half-termly review: a pack that covers the half-term is released."""
    over = [one for one in half_terms(setting) if one.last - SOON <= today]
    if not over:
        return
    term = max(over, key=lambda one: one.last)
    released = [one for one in reader.whole("reports", setting) if not one["withdrawn"] and one["audience"] == "commissioner"]
    names = {one["commissioner_id"]: one["name"] for one in setting.get("commissioners", ())}
    for commissioner in sorted({one["commissioner_id"] for one in placements if one["commissioner_id"]}, key=lambda one: str(names.get(one))):
        done = any(
            one["commissioner_id"] == commissioner and one["first"] <= term.last.isoformat() and one["last"] >= (term.last - timedelta(days=4)).isoformat()
            for one in released
        )
        if not done:
            about = f"commissioner={commissioner}&from={term.first}&to={min(term.last, today)}"
            yield Clock(
                "half-term review", f"Half-term review with {names.get(commissioner, 'a commissioner')}", term.last, _state(term.last, today),
                "a pack for the half-term is released to them", link=f"/reports/make?layout=commissioner-pack&{about}",
            )  # fmt: skip


def _of_placement(setting: Body, placement: Body, student: Body, today: date) -> Iterator[Clock]:
    bought = in_force(placement["commissioned"], today)
    if bought is not None:
        since = date.fromisoformat(bought["from_date"])
        if bought["hours_a_week"] > FULL_TIME_HOURS and not setting.get("urn"):
            yield Clock(
                "18 hours", f"Commissioned for {bought['hours_a_week']:g} hours a week, more than {FULL_TIME_HOURS}, and the setting has no URN", since,
                _state(since, today), "fewer hours are commissioned, or the setting is registered", student,
            )  # fmt: skip
        if bought["sessions_a_week"] < FULL_WEEK_SESSIONS and (due := since + PART_TIME_REVIEW) - SOON <= today:
            yield Clock(
                "part-time timetable", f"Part-time timetable of {bought['sessions_a_week']} sessions a week since {since.day} {since:%B}", due,
                _state(due, today), "sessions are commissioned anew after a review", student,
            )  # fmt: skip
    if placement["planned_end"] and (due := date.fromisoformat(placement["planned_end"])) - SOON <= today:
        yield Clock(
            "planned end", "The placement comes to its planned end", due, _state(due, today), "the placement is ended or its planned end changed", student
        )


def _of_days(reader: Reader, setting: Body, students: Sequence[Body], now: datetime, today: date) -> Iterator[Clock]:
    cells = recent_days(reader, setting, students, now, weeks=2)
    for student in students:
        days = sorted(cells.get(UUID(student["id"]), ()))
        for day, cell in days:
            on = date.fromisoformat(day)
            if cell.get("incidents", {}).get("restrictive-untold"):
                yield Clock(
                    "restrictive intervention",
                    "Parents are to be told of a restrictive intervention",
                    on,
                    _state(on, today),
                    "the incident says when they were told",
                    student,
                )
        missed = next(((day, cell) for day, cell in reversed(days) if cell.get("sessions", {}).get("not-attended")), None)
        if missed and not _followed_up(days, missed[0]) and (today - date.fromisoformat(missed[0])).days <= FOLLOW_UP_DAYS + 2:
            on = date.fromisoformat(missed[0])
            yield Clock(
                "absence",
                "An absence without a reason is to be followed up",
                on,
                _state(on, today),
                "a visit or call is logged on that day or after it",
                student,
            )


def _followed_up(days: Sequence[tuple[str, DayCell]], missed: str) -> bool:
    return any(key.startswith("attempted|") for day, cell in days if day >= missed for key in cell.get("visits", {}))
