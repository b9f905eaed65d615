"""Which students are one child: kept beside the rows of a projection, so that each is told of the right one.

A row holds from the position at which two records were joined until the one at which they were parted, if they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table

from ap_ledger.stores.engine import BigInt
from projections.runner import Seen
from projections.views import Views

JOINED, PARTED = "students-joined", "students-parted"


def joined_table(name: str, suffix: str, metadata: MetaData) -> Table:
    """One row for each time that a record was joined to the one that is kept."""
    return Table(
        f"{name}{suffix}",
        metadata,
        Column("record", LargeBinary(16), primary_key=True),
        Column("from_pos", BigInt, primary_key=True, autoincrement=False),
        Column("to_pos", BigInt),
        Column("kept", LargeBinary(16), nullable=False),
    )


class Joining(NamedTuple):
    """A record that is joined to the one that is kept, or parted from it, at a position."""

    record: bytes
    kept: bytes
    position: int
    together: bool


def joining(seen: Seen) -> Joining | None:
    """What an event says of two records. It stands in both their streams, and counts in that of the one not kept."""
    if seen.topic not in (JOINED, PARTED) or seen.state is None:
        return None
    record, kept = (UUID(seen.state[name]).bytes for name in ("joined_student", "kept_student"))
    return Joining(record, kept, seen.position, seen.topic == JOINED) if seen.stream == record else None


def stretches(batch: Sequence[Seen]) -> Iterator[tuple[Sequence[Seen], Joining | None]]:
    """A batch cut after every joining and parting, because what comes after it is about another student."""
    start = 0
    for place, seen in enumerate(batch):
        if (joins := joining(seen)) is not None:
            yield batch[start:place], joins
            start = place + 1
    yield batch[start:], None


class Joined:
    """Keeps the table of one projection, and says whom an entry about a student is about now."""

    def __init__(self, views: Views, table: Table) -> None:
        self._views, self._table = views, table
        self._kept: dict[bytes, bytes] | None = None

    def forget(self) -> None:
        """Another runner may have written."""
        self._kept = None

    def kept(self, connection: Connection, student: bytes) -> bytes:
        """The one to whom a student's record is joined now; the student where it is joined to none."""
        if self._kept is None:
            ask = f"SELECT record, kept FROM {self._table.name} WHERE to_pos IS NULL"
            self._kept = {bytes(record): bytes(kept) for record, kept in connection.exec_driver_sql(ask)}
        return self._kept.get(student, student)

    def change(self, connection: Connection, joins: Joining) -> None:
        """Writes down that two records are one child from a position on, or are no more."""
        if joins.together:
            self._views.insert_many(connection, self._table, [(joins.record, joins.position, None, joins.kept)])
        else:
            end = f"UPDATE {self._table.name} SET to_pos = ? WHERE record = ? AND to_pos IS NULL"
            self._views.update_many(connection, end, [(joins.position, joins.record)])
        self._kept = None


def records_at(
    connection: Connection,
    views: Views,
    table: str,
    students: Sequence[UUID],
    position: int,
) -> dict[UUID, UUID]:
    """The records of some students at a position, each with its student: their own, and those joined to them."""
    student_of = {student: student for student in students}
    ask = views.sql(f"SELECT record, kept FROM {table} WHERE from_pos <= ? AND (to_pos IS NULL OR to_pos > ?)")
    for record, kept in connection.exec_driver_sql(ask, (position, position)):
        joined, student = UUID(bytes=bytes(record)), UUID(bytes=bytes(kept))
        student_of.pop(joined, None)
        if student in student_of:
            student_of[joined] = student
    return student_of
