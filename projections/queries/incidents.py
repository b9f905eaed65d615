"""The incidents of a setting, as they read now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, select, text

from ap_ledger.events.entries import IncidentRecorded
from projections.bodies import StudentBody
from projections.queries.entries import story_of
from projections.queries.reading import Reader
from projections.writers.student_days import StudentDays
from projections.writers.timeline import COUNTS_NOW

MOST = 500
"""So many are told at most, the newest first."""


class Incident(NamedTuple):
    """An incident: of whom, on which day, and its whole story."""

    student_id: UUID
    day: date
    story: dict[str, Any]


def incidents_of(reader: Reader, students: Sequence[StudentBody], since: date) -> list[Incident]:
    """The incidents of some students since a day, the newest first."""
    rows: list[Any] = []
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        for start in range(0, len(students), 500):
            some = [UUID(student["id"]).bytes for student in students[start : start + 500]]
            given = {"students": some, "since": since.toordinal()}
            rows += connection.execute(_incidents_in(StudentDays.tables_in(live)[0]), given).all()
    newest = sorted(rows, key=lambda row: -row[3])[:MOST]
    told = (
        Incident(UUID(bytes=bytes(student)), date.fromordinal(day), story)
        for student, day, entry, _ in newest
        if (story := story_of(reader, UUID(bytes=bytes(entry)))) is not None
    )
    return list(told)


@cache
def _incidents_in(timeline: Table) -> Select[Any]:
    told = timeline.c
    return select(told.student, told.day, told.entry, told.occurred_at).where(
        told.student.in_(bindparam("students", expanding=True)),
        told.day >= bindparam("since"),
        told.kind == IncidentRecorded.TOPIC,
        text(COUNTS_NOW),
    )
