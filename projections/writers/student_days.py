"""What happened to whom on which day: the timeline, and a cell for each student's day in each state it was ever known
in.

A cell's version is valid from `from_pos` until before `to_pos`. Versions are cut where the day of recording changes, so
that any `known_at` is an index look-up and at most the day it falls in is folded again, from the timeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ap_ledger.errors import LedgerError
from ap_ledger.events.moments import local_day
from ap_ledger.kinds import TOLD
from ap_ledger.stores.engine import BigInt
from projections.fold.cells import DayCell, DayRow, add, fold_day
from projections.fold.stored import kept, read_cell
from projections.runner import Projection, Seen
from projections.views import Views
from projections.writers.day_marks import DayMarks, marks_table
from projections.writers.entry_stories import state_before, stories
from projections.writers.joined import Joined, Joining, joined_table, stretches


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


def zones_table(suffix: str, metadata: MetaData) -> Table:
    """The time zone of each setting, which decides where its days begin."""
    return Table(
        f"zones{suffix}",
        metadata,
        Column("setting", LargeBinary(16), primary_key=True),
        Column("time_zone", String, nullable=False),
    )


def joined_days_table(suffix: str, metadata: MetaData) -> Table:
    """Whose record is told of whom."""
    return joined_table("joined_days", suffix, metadata)


COUNTS_NOW = "superseded IS NULL AND left_at IS NULL"
"""The condition, in SQL, that a row of the timeline counts now, and for this student."""
TOLD_AT = "counted <= {position} AND (left_at IS NULL OR left_at > {position})"
"""The condition, in SQL, that a row of the timeline was told of this student at a position, for which the mark of a
parameter is put in."""


def rows_of_day(views: Views, columns: str, students: Sequence[UUID], day: date, where: str, *given: str) -> list[Any]:
    """Rows of the timeline that count now, of several students on one day, in the order in which they were recorded."""
    found: list[Any] = []
    with views.reading() as connection:
        live = views.live(connection, StudentDays.name)
        assert live is not None
        for start in range(0, len(students), 500):
            some = students[start : start + 500]
            ask = (
                f"SELECT {columns} FROM timeline__{live.name} WHERE student IN "
                f"({','.join('?' * len(some))}) AND day = ? AND {where} AND {COUNTS_NOW} ORDER BY position"
            )
            found += connection.exec_driver_sql(
                views.sql(ask), (*[one.bytes for one in some], day.toordinal(), *given)
            ).all()
    return found


class Line(NamedTuple):
    """A timeline row on its way in. `record` is the student under whose id it was recorded."""

    student: bytes
    record: bytes
    day: int
    row: DayRow
    entry: bytes
    visit: bytes | None

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


class StudentDays(Projection):
    """The timeline and the day cells."""

    name: ClassVar[str] = "student_days"
    version: ClassVar[int] = 7
    tables: ClassVar = (timeline_table, cells_table, zones_table, marks_table, joined_days_table)

    REMEMBERED = 20_000

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.timeline, self.cells, self.zones, self.marks, joined = self.made
        self._joined = Joined(self.views, joined)
        self._zones: dict[bytes, str] = {}
        self._open: dict[tuple[bytes, int], list[Any] | None] = {}
        entry = "student = ? AND day = ? AND position = ?"
        self._supersede = f"UPDATE {self.timeline.name} SET superseded = ? WHERE {entry} AND {COUNTS_NOW}"
        self._close = f"UPDATE {self.cells.name} SET to_pos = ? WHERE student = ? AND day = ? AND from_pos = ?"
        self._change = (
            f"UPDATE {self.cells.name} SET last_pos = ?, rungs = ?, "
            "cell = ? WHERE student = ? AND day = ? AND from_pos = ?"
        )

    def forget(self) -> None:
        """The open cells may not be what this process thinks."""
        self._open = {}
        self._zones = {}
        self._joined.forget()

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Tells every entry of its student: from a joining or a parting on, of the one whose record it is then."""
        for stretch, joining in stretches(batch):
            if stretch:
                self._take_in(connection, stretch)
            if joining is not None:
                self._move(connection, joining, batch)

    def _move(self, connection: Connection, joining: Joining, batch: Sequence[Seen]) -> None:
        """Tells all entries of a record of another student from a position on, and folds both students' days again."""
        self._joined.change(connection, joining)
        record, position = joining.record, joining.position
        whose, becomes = (record, joining.kept) if joining.together else (joining.kept, record)
        columns = [column.name for column in self.timeline.columns]
        there = "student = ? AND record = ? AND left_at IS NULL"
        ask = self.views.sql(f"SELECT {', '.join(columns)} FROM {self.timeline.name} WHERE {there}")
        found = [dict(zip(columns, row, strict=True)) for row in connection.exec_driver_sql(ask, (whose, record)).all()]
        leave = f"UPDATE {self.timeline.name} SET left_at = ? WHERE {there}"
        self.views.update_many(connection, leave, [(position, whose, record)])
        moved = [tuple((row | {"student": becomes, "counted": position}).values()) for row in found]
        self.views.insert_many(connection, self.timeline, moved)
        seen = next(seen for seen in batch if seen.position == position)
        again = [(position, self._day(connection, seen, seen.recorded_at), None)]
        self._keep_cells(connection, {(student, row["day"]): again for row in found for student in (whose, becomes)})

    def _take_in(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Adds entries to the timeline, supersedes what was corrected or voided, and brings the day cells up to
        date."""
        changed = {seen.stream for seen in batch if seen.topic in ("entry-corrected", "entry-voided")}
        streams = stories(self.recorder, changed)
        lines: list[Line] = []
        superseded: list[tuple[Any, ...]] = []
        days: dict[tuple[bytes, int], list[tuple[int, int, DayRow | None]]] = {}
        recorded: tuple[int, bytes | None, int] = (-1, None, 0)
        for seen in batch:
            if seen.topic == "setting-opened":
                self._open_zone(connection, seen)
                continue
            if seen.setting_id is not None and (seen.recorded_at, seen.setting_id) != recorded[:2]:
                # What was committed together was recorded at one moment, so its day is asked for once.
                recorded = (seen.recorded_at, seen.setting_id, self._day(connection, seen, seen.recorded_at))
            recorded_day = recorded[2]
            if seen.topic in TOLD:
                line = self._line(connection, seen, seen.topic, seen.state or {}, seen.occurred_at)
                lines.append(line)
                days.setdefault((line.student, line.day), []).append((seen.position, recorded_day, line.row))
            elif seen.stream in changed:
                before = self._before(connection, streams[seen.stream], seen.position)
                if before is not None:
                    superseded.append((seen.position, before.student, before.day, before.row.position))
                    days.setdefault((before.student, before.day), []).append((seen.position, recorded_day, None))
                after = self._current(connection, streams[seen.stream], seen.position + 1)
                if after is not None and after.row.position == seen.position:
                    lines.append(after)
                    if before is None or (after.student, after.day) != (before.student, before.day):
                        days.setdefault((after.student, after.day), []).append((seen.position, recorded_day, None))
        self.views.insert_many(connection, self.timeline, [line.as_row() for line in lines])
        self.views.update_many(connection, self._supersede, superseded)
        self._keep_cells(connection, days)

    # Entries ------------------------------------------------------------------------------------------------------

    def _line(self, connection: Connection, seen: Seen, kind: str, state: Mapping[str, Any], occurred_at: int) -> Line:
        row = TOLD[kind]
        item, value = row.described(state)
        session, visit = state.get("session"), UUID(state["visit_id"]) if state.get("visit_id") else None
        assert seen.student_id is not None
        begins, ends, on = row.planned(state) if row.planned is not None else (None, None, None)
        line = DayRow(
            seen.position,
            occurred_at,
            kind,
            item,
            value,
            session and session["slot"],
            str(visit) if visit else None,
            begins,
            ends,
            on,
        )
        student = self._joined.kept(connection, seen.student_id)
        day = self._day(connection, seen, occurred_at)
        return Line(student, seen.student_id, day, line, seen.stream, visit.bytes if visit else None)

    def _current(self, connection: Connection, story: Sequence[Seen], before: int) -> Line | None:
        """The timeline row that an entry had just before a position: None where it was void."""
        state = state_before(story, before)
        return state and self._line(connection, state.seen, state.kind, state.said, state.occurred_at)

    def _before(self, connection: Connection, story: Sequence[Seen], position: int) -> Line | None:
        """The row that a change takes back: None where there is none, because what it changes could not be read."""
        try:
            return self._current(connection, story, position)
        except (LedgerError, LookupError, TypeError, ValueError):
            return None

    # Days ---------------------------------------------------------------------------------------------------------

    def _open_zone(self, connection: Connection, seen: Seen) -> None:
        assert seen.state is not None
        self.views.insert_many(connection, self.zones, [(seen.stream, seen.state["time_zone"])])
        self._zones[seen.stream] = seen.state["time_zone"]

    def _day(self, connection: Connection, seen: Seen, moment: int) -> int:
        assert seen.setting_id is not None
        time_zone = self._zones.get(seen.setting_id)
        if time_zone is None:
            ask = self.views.sql(f"SELECT time_zone FROM {self.zones.name} WHERE setting = ?")
            time_zone = connection.exec_driver_sql(ask, (seen.setting_id,)).scalar_one()
            self._zones[seen.setting_id] = time_zone
        return local_day(moment, time_zone).toordinal()

    # Cells --------------------------------------------------------------------------------------------------------

    def _keep_cells(
        self, connection: Connection, days: Mapping[tuple[bytes, int], Sequence[tuple[int, int, DayRow | None]]]
    ) -> None:
        closed: list[tuple[Any, ...]] = []
        changed: dict[tuple[bytes, int, int], tuple[Any, ...]] = {}
        fresh: dict[tuple[bytes, int, int], list[Any]] = {}
        marks = DayMarks(self.views, self.marks)
        self._find_open_versions(connection, [key for key in days if key not in self._open])
        for (student, day), happened in days.items():
            version = self._open[student, day]
            marks.before(student, day, version[2] if version else DayCell())
            for run in _runs(happened):
                first, last, recorded_day = run[0][0], run[-1][0], run[0][1]
                if version is not None and version[1] != recorded_day:
                    if (student, day, version[0]) in fresh:
                        fresh[student, day, version[0]][3] = first
                    else:
                        closed.append((first, student, day, version[0]))
                    version = [first, recorded_day, read_cell(*kept(version[2]))]
                    fresh[student, day, first] = [student, day, first, None, last, recorded_day, None, None]
                elif version is None:
                    version = [first, recorded_day, DayCell()]
                    fresh[student, day, first] = [student, day, first, None, last, recorded_day, None, None]
                version[2] = self._after(connection, student, day, version[2], run)
                text = kept(version[2])
                key = (student, day, version[0])
                if key in fresh:
                    fresh[key][4], fresh[key][6:] = last, text
                else:
                    changed[key] = (last, *text)
            self._open[student, day] = version
            marks.after(student, day, version[2] if version else DayCell())
        marks.write(connection)
        self.views.update_many(connection, self._change, [(*said, *key) for key, said in changed.items()])
        self.views.update_many(connection, self._close, closed)
        self.views.insert_many(connection, self.cells, [tuple(row) for row in fresh.values()])
        if len(self._open) > self.REMEMBERED:
            self._open = {}

    def _after(
        self,
        connection: Connection,
        student: bytes,
        day: int,
        cell: DayCell,
        run: Sequence[tuple[int, int, DayRow | None]],
    ) -> DayCell:
        if any(row is None for _, _, row in run):
            last = run[-1][0]
            return fold_day(read_days(connection, self.views, self.timeline.name, student, [day], last)[day])
        for _, _, row in run:
            assert row is not None
            add(cell, row)
        return cell

    def _find_open_versions(self, connection: Connection, keys: Sequence[tuple[bytes, int]]) -> None:
        """Remembers the open version of each of these days, or that it has none; many days to a question."""
        for start in range(0, len(keys), 250):
            some = keys[start : start + 250]
            self._open.update(dict.fromkeys(some))
            # The days come first in the join: asked for by (student, day) IN (...), SQLite looks through the whole
            # table.
            ask = (
                f"WITH wanted (whose, which) AS (VALUES {','.join(['(?,?)'] * len(some))}) SELECT student, day, "
                "from_pos, recorded_day, rungs, cell "
                f"FROM wanted CROSS JOIN {self.cells.name} WHERE student = whose AND day = which AND to_pos IS NULL"
            )
            given = tuple(value for key in some for value in key)
            for student, day, from_pos, recorded_day, rungs, rest in connection.exec_driver_sql(
                self.views.sql(ask), given
            ):
                self._open[bytes(student), day] = [from_pos, recorded_day, read_cell(rungs, rest)]


def _runs(happened: Sequence[tuple[int, int, DayRow | None]]) -> list[list[tuple[int, int, DayRow | None]]]:
    """What happened to a day, cut where the day of recording changes."""
    runs: list[list[tuple[int, int, DayRow | None]]] = []
    for one in happened:
        if runs and runs[-1][-1][1] == one[1]:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def read_days(
    connection: Connection, views: Views, timeline: str, student: bytes, days: Sequence[int], position: int
) -> dict[int, list[DayRow]]:
    """The entries of a student's days that were current at a position, by day; every day asked for is there."""
    found: dict[int, list[DayRow]] = {day: [] for day in days}
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
            found[day].append(
                DayRow(at, happened, kind, item, value, slot, visit and str(UUID(bytes=bytes(visit))), *session)
            )
    return found
