"""The timeline: one row for each state of each entry, from which any day can be folded as it was known at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ap_ledger.stores.engine import BigInt
from projections.fold.cells import DayRow
from projections.views import Views


def timeline_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each state of each entry. `superseded` is the position from which it counts no more.

    `record` is the student under whose id it was recorded. Where that record was joined to this student's, or parted
    from it, the row is told of this student from `counted` on, until before `left_at`.
    """
    return Table(
        f"timeline{suffix}",
        metadata,
        Column("student", LargeBinary(16), primary_key=True),
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("position", BigInt, primary_key=True, autoincrement=False),
        Column("counted", BigInt, primary_key=True, autoincrement=False),
        Column("left_at", BigInt),
        Column("record", LargeBinary(16), nullable=False),
        Column("superseded", BigInt),
        Column("occurred_at", BigInt, nullable=False),
        Column("kind", String, nullable=False),
        Column("item", String),
        Column("value", String),
        Column("slot", String),
        Column("entry", LargeBinary(16), nullable=False),
        Column("visit", LargeBinary(16)),
        # Of a session: when it was planned, and the day whose slot it is.
        Column("begins", BigInt),
        Column("ends", BigInt),
        Column("session_day", Integer),
        sqlite_with_rowid=False,
    )


COUNTS_NOW = "superseded IS NULL AND left_at IS NULL"
"""The condition, in SQL, that a row of the timeline counts now, and for this student."""
TOLD_AT = "counted <= {position} AND (left_at IS NULL OR left_at > {position})"
"""The condition, in SQL, that a row of the timeline was told of this student at a position, for which the mark of a
parameter is put in."""


StudentDay = tuple[bytes, int]
"""The id of a student, and the ordinal of a day where the setting is."""


class Line(NamedTuple):
    """A row of the timeline on its way in."""

    student: bytes
    """The id of the student of whom it is told."""
    record: bytes
    """The id of the student under which it was recorded."""
    day: int
    """The ordinal of the day on which it happened, where the setting is."""
    row: DayRow
    """What a day takes in of it."""
    entry: bytes
    """The id of the entry."""
    visit: bytes | None
    """The id of the visit that it is part of, where it is part of one."""

    def as_row(self) -> tuple[Any, ...]:
        """The columns of the timeline, in order."""
        row = self.row
        return (
            self.student,
            self.day,
            row.position,
            row.position,
            None,
            self.record,
            None,
            row.occurred_at,
            row.kind,
            row.item,
            row.value,
            row.slot,
            self.entry,
            self.visit,
            row.begins,
            row.ends,
            row.session_day,
        )


def read_days(
    connection: Connection, views: Views, timeline: str, student: bytes, days: Sequence[int], position: int
) -> dict[int, list[DayRow]]:
    """The entries of a student's days that were current at a position, by day; every day asked for is there."""
    entries: dict[int, list[DayRow]] = {day: [] for day in days}
    for start in range(0, len(days), 500):
        some = days[start : start + 500]
        ask = (
            "SELECT day, position, occurred_at, kind, item, value, slot, visit, begins, ends, session_day FROM "
            f"{timeline} WHERE student = ? AND day IN ({','.join('?' * len(some))}) "
            f"AND {TOLD_AT.format(position='?')} AND (superseded IS NULL OR superseded > ?) "
            "ORDER BY day, occurred_at, position"
        )
        for day, at, happened, kind, item, value, slot, visit, *session in connection.exec_driver_sql(
            views.sql(ask), (student, *some, position, position, position)
        ):
            entries[day].append(
                DayRow(at, happened, kind, item, value, slot, visit and str(UUID(bytes=bytes(visit))), *session)
            )
    return entries
