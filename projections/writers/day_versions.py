"""A cell for each student's day in each state it was ever known in.

A version is valid from `from_pos` until before `to_pos`. Versions are cut where the day of recording changes, so that
any `known_at` is an index look-up and at most the day it falls in is folded again, from the timeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ap_ledger.stores.engine import BigInt
from projections.fold.cells import DayCell, DayRow, add, fold_day
from projections.fold.stored import KeptCell, kept, read_cell
from projections.views import Views
from projections.writers.day_marks import DayMarks
from projections.writers.timeline import StudentDay, read_days


def cells_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each version of a student's day."""
    return Table(
        f"cells{suffix}",
        metadata,
        Column("student", LargeBinary(16), primary_key=True),
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("from_pos", BigInt, primary_key=True, autoincrement=False),
        Column("to_pos", BigInt),
        Column("last_pos", BigInt, nullable=False),
        Column("recorded_day", Integer, nullable=False),
        # Rungs stand apart and first, because a setting's overview reads them of everybody and nothing else.
        Column("rungs", String),
        Column("cell", String, nullable=False),
        sqlite_with_rowid=False,
    )


class Happened(NamedTuple):
    """What an event did to a day."""

    position: int
    """Its place in the ledger."""
    recorded_day: int
    """The ordinal of the day on which it was recorded."""
    row: DayRow | None
    """The entry that came with it; None where one was changed or moved, and the day is folded again."""


@dataclass(slots=True)
class OpenVersion:
    """The version of a day that goes on."""

    from_pos: int
    """The position from which it is valid."""
    recorded_day: int
    """The ordinal of the day on which all of it was recorded that came since the version before."""
    cell: DayCell
    """What had happened on the day."""


@dataclass(slots=True)
class NewVersion:
    """A version on its way in."""

    last_pos: int
    """The position of the last event in it."""
    recorded_day: int
    """The ordinal of the day on which its events were recorded."""
    cell: KeptCell
    """What had happened on the day, as it is kept."""
    to_pos: int | None = None
    """The position from which the next one is valid, where there is a next one."""


Place = tuple[bytes, int, int]
"""The key of a version: the student, the ordinal of the day, and the position from which it is valid."""


@dataclass
class Changes:
    """What a batch changes of versions, written together at its end."""

    new: dict[Place, NewVersion] = field(default_factory=dict)
    """The versions that begin."""
    changed: dict[Place, tuple[int, KeptCell]] = field(default_factory=dict)
    """Of those that go on the position of the last event, and what had happened on the day."""
    closed: list[tuple[int, bytes, int, int]] = field(default_factory=list)
    """The position at which a version ends, and its key."""

    def end(self, place: Place, position: int) -> None:
        """A version is valid until before a position."""
        if place in self.new:
            self.new[place].to_pos = position
        else:
            self.closed.append((position, *place))

    def rows(self) -> list[tuple[Any, ...]]:
        """The new versions, as the columns of the table in their order."""
        return [(*place, new.to_pos, new.last_pos, new.recorded_day, *new.cell) for place, new in self.new.items()]


class DayVersions:
    """Keeps the versions of days, and the marks of the newest of each."""

    REMEMBERED = 20_000
    """So many open versions are kept in memory at most."""

    def __init__(self, views: Views, cells: Table, timeline: Table, marks: Table) -> None:
        self._views, self._cells, self._timeline, self._marks = views, cells, timeline, marks
        self._open: dict[StudentDay, OpenVersion | None] = {}
        version = "student = ? AND day = ? AND from_pos = ?"
        self._close = f"UPDATE {cells.name} SET to_pos = ? WHERE {version}"
        self._change = f"UPDATE {cells.name} SET last_pos = ?, rungs = ?, cell = ? WHERE {version}"

    def forget(self) -> None:
        """The open versions may not be what this process thinks."""
        self._open = {}

    def keep(self, connection: Connection, days: Mapping[StudentDay, Sequence[Happened]]) -> None:
        """Takes in what happened to days: goes on in the version of each, or begins the next one."""
        changes, marks = Changes(), DayMarks(self._views, self._marks)
        self._find_open(connection, [key for key in days if key not in self._open])
        for key, happened in days.items():
            version = self._open[key]
            marks.before(*key, version.cell if version else DayCell())
            for recorded_day, run in groupby(happened, attrgetter("recorded_day")):
                version = self._go_on(connection, key, version, recorded_day, list(run), changes)
            self._open[key] = version
            marks.after(*key, version.cell if version else DayCell())
        marks.write(connection)
        again = [(last, *cell, *place) for place, (last, cell) in changes.changed.items()]
        self._views.update_many(connection, self._change, again)
        self._views.update_many(connection, self._close, changes.closed)
        self._views.insert_many(connection, self._cells, changes.rows())
        if len(self._open) > self.REMEMBERED:
            self.forget()

    def _go_on(
        self,
        connection: Connection,
        key: StudentDay,
        version: OpenVersion | None,
        recorded_day: int,
        events: Sequence[Happened],
        changes: Changes,
    ) -> OpenVersion:
        """The open version of a day after events that were recorded on one day."""
        first, last = events[0].position, events[-1].position
        if version is not None and version.recorded_day == recorded_day:
            version.cell = self._after(connection, key, version.cell, events)
            changes.changed[*key, version.from_pos] = last, kept(version.cell)
            return version
        cell = DayCell()
        if version is not None:
            changes.end((*key, version.from_pos), first)
            # The one that ends stays as it is, and the next goes on from a copy.
            cell = read_cell(*kept(version.cell))
        following = OpenVersion(first, recorded_day, self._after(connection, key, cell, events))
        changes.new[*key, first] = NewVersion(last, recorded_day, kept(following.cell))
        return following

    def _after(self, connection: Connection, key: StudentDay, cell: DayCell, events: Sequence[Happened]) -> DayCell:
        """A day's cell after some events."""
        entries = [event.row for event in events if event.row is not None]
        if len(entries) < len(events):
            (student, day), last = key, events[-1].position
            return fold_day(read_days(connection, self._views, self._timeline.name, student, [day], last)[day])
        for row in entries:
            add(cell, row)
        return cell

    def _find_open(self, connection: Connection, keys: Sequence[StudentDay]) -> None:
        """Remembers the open version of each of these days, or that it has none; many days to a question."""
        for start in range(0, len(keys), 250):
            some = keys[start : start + 250]
            self._open.update(dict.fromkeys(some))
            # The days come first in the join: asked for by (student, day) IN (...), SQLite looks through the whole
            # table.
            ask = (
                f"WITH wanted (whose, which) AS (VALUES {','.join(['(?,?)'] * len(some))}) SELECT student, day, "
                "from_pos, recorded_day, rungs, cell "
                f"FROM wanted CROSS JOIN {self._cells.name} WHERE student = whose AND day = which AND to_pos IS NULL"
            )
            given = tuple(value for key in some for value in key)
            for row in connection.exec_driver_sql(self._views.sql(ask), given):
                cell = read_cell(row.rungs, row.cell)
                version = OpenVersion(row.from_pos, row.recorded_day, cell)
                self._open[bytes(row.student), row.day] = version
