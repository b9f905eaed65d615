"""Whether what somebody ends with a reason is due at all. Nothing is ended before it is there to be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from ap_ledger.domain.due import EndClock
from ap_ledger.domain.setting import Setting
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.changes import EntryCorrected, EntryVoided
from ap_ledger.events.clocks import (
    CLOCK_BY_NAME,
    FULL_TIME_HOURS,
    FULL_WEEK_SESSIONS,
    PART_TIME_REVIEW,
    SOON,
    names_one,
)
from ap_ledger.events.dated import standing
from ap_ledger.events.entries import IncidentRecorded, SessionAttended
from ap_ledger.events.moments import local_day, microseconds, stored_time
from ap_ledger.events.student import SessionsCommissioned
from ap_ledger.kinds.timeline import UNCOPIED, UNTOLD, incident
from ap_ledger.persistence.recorder import TailRow
from ap_ledger.recording.states import States

NOT_DUE = "Nothing like this is due for this student. Send it as the list of what is due has it."
TO_COME = "This is not due yet, so it cannot be ended."
NO_PLACEMENT = "This student has no placement with this id."


def check_ending(command: EndClock, setting: Setting, states: States, now: datetime) -> None:
    """What is ended is something that is due for the student, or will be within days. Raises Refused."""
    rule = CLOCK_BY_NAME.get(command.clock)
    if rule is None or not names_one(rule, command.about):
        return  # The command says what is wrong with it.
    states.refresh()
    student, about, records = states.child(command.stream_id), command.about, states.records(command.stream_id)
    if student is None:
        return
    match rule.about:
        case "day":
            _check_day(records, date.fromisoformat(about), setting, states, now)
        case "entry":
            _check_incident(rule.name, states.entry_rows(UUID(about)), records)
        case "visit":
            _check_visit(student, UUID(about), now)
        case "placement":
            _check_placement(student, command.clock, about, local_day(microseconds(now), setting.time_zone))


def _check_incident(clock: str, rows: Sequence[TailRow], records: Iterable[UUID]) -> None:
    """The entry is a restrictive incident of the student, and lacks what ends the clock."""
    about = (content for topic, _, content in _standing(rows) if topic == IncidentRecorded.TOPIC)
    runs = UNCOPIED if clock == "written record" else UNTOLD
    is_open = any(incident(content).item == runs for content in about)
    if not is_open or rows[0].student_id not in {record.bytes for record in records}:
        raise Refused("unknown-item", NOT_DUE, "about")


def _check_day(records: Iterable[UUID], day: date, setting: Setting, states: States, now: datetime) -> None:
    """A session was not attended on the day, which is not to come."""
    if day > local_day(microseconds(now), setting.time_zone):
        raise Refused("not-allowed", TO_COME, "about")
    topics = (SessionAttended.TOPIC, EntryCorrected.TOPIC, EntryVoided.TOPIC)
    told = _standing(row for record in records for row in states.rows_about(record, *topics))
    sessions = ((at, content) for topic, at, content in told if topic == SessionAttended.TOPIC)
    missed = (at for at, content in sessions if not content.get("actual_start") and not content.get("cancelled_by"))
    if all(local_day(at, setting.time_zone) != day for at in missed):
        raise Refused("unknown-item", NOT_DUE, "about")


def _check_visit(student: Student, visit: UUID, now: datetime) -> None:
    """The visit was planned for the student, was not cancelled, and its time has come."""
    planned = student.visits.get(visit)
    if planned is None or planned.cancelled:
        raise Refused("unknown-item", NOT_DUE, "about")
    if planned.starts_at > now:
        raise Refused("not-allowed", TO_COME, "about")


def _check_placement(student: Student, clock: str, about: str, today: date) -> None:
    """The placement has this planned end, or few sessions or many hours from this date, and it is due soon."""
    key, _, day_text = about.partition("/")
    placement, day = (
        next((candidate for candidate in student.placements if str(candidate.id) == key), None),
        date.fromisoformat(day_text),
    )
    if placement is None:
        raise Refused("unknown-item", NO_PLACEMENT, "about")
    bought = standing(student.facts(SessionsCommissioned, placement_id=placement.id))
    part_time = (purchase.from_date for purchase in bought if 0 < purchase.sessions_a_week < FULL_WEEK_SESSIONS)
    runs: dict[str, dict[date | None, date | None]] = {
        "planned end": {placement.planned_end: placement.planned_end},
        "18 hours": {
            purchase.from_date: purchase.from_date for purchase in bought if purchase.hours_a_week > FULL_TIME_HOURS
        },
        "part-time timetable": {since: since + PART_TIME_REVIEW for since in part_time},
    }
    due = runs[clock].get(day)
    if due is None:
        raise Refused("unknown-item", NOT_DUE, "about")
    if due - SOON > today:
        raise Refused("not-allowed", TO_COME, "about")


def _standing(rows: Iterable[TailRow]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """What entries say now, each with its kind and when it happened. Those that were taken back are left out."""
    current: dict[bytes, tuple[str, int, dict[str, Any]]] = {}
    for row in rows:
        content, stream = orjson.loads(row.state), row.originator_id
        if row.topic == EntryVoided.TOPIC:
            current.pop(stream, None)
        elif row.topic == EntryCorrected.TOPIC:
            if stream in current:
                happened = microseconds(stored_time(content["replacement_occurred_at"]))
                current[stream] = (content["replacement_kind"], happened, content["replacement"])
        else:
            current[stream] = (row.topic, row.occurred_at, content)
    yield from current.values()
