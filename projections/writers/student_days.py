"""What happened to whom on which day: the timeline, and the versions of each student's days that come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, Connection, LargeBinary, MetaData, String, Table

from ap_ledger.errors import LedgerError
from ap_ledger.events.moments import local_day
from ap_ledger.kinds import TOLD
from projections.fold.cells import DayRow
from projections.runner import Projection, Seen
from projections.views import Views
from projections.writers.day_marks import marks_table
from projections.writers.day_versions import DayVersions, Happened, cells_table
from projections.writers.entry_stories import state_before, stories
from projections.writers.joined import Joined, Joining, joined_table, stretches
from projections.writers.timeline import COUNTS_NOW, Line, StudentDay, timeline_table


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


def rows_of_day(views: Views, columns: str, students: Sequence[UUID], day: date, where: str, *given: str) -> list[Any]:
    """Rows of the timeline that count now, of several students on one day, in the order in which they were recorded."""
    rows: list[Any] = []
    with views.reading() as connection:
        live = views.live(connection, StudentDays.name)
        assert live is not None
        for start in range(0, len(students), 500):
            some = students[start : start + 500]
            ask = (
                f"SELECT {columns} FROM timeline__{live.name} WHERE student IN "
                f"({','.join('?' * len(some))}) AND day = ? AND {where} AND {COUNTS_NOW} ORDER BY position"
            )
            rows += connection.exec_driver_sql(
                views.sql(ask), (*[student.bytes for student in some], day.toordinal(), *given)
            ).all()
    return rows


class StudentDays(Projection):
    """The timeline and the day cells."""

    name: ClassVar[str] = "student_days"
    version: ClassVar[int] = 8
    tables: ClassVar = (timeline_table, cells_table, zones_table, marks_table, joined_days_table)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.timeline, cells, self.zones, marks, joined = self.made
        self._joined = Joined(self.views, joined)
        self._zones: dict[bytes, str] = {}
        self._versions = DayVersions(self.views, cells, self.timeline, marks)
        entry = "student = ? AND day = ? AND position = ?"
        self._supersede = f"UPDATE {self.timeline.name} SET superseded = ? WHERE {entry} AND {COUNTS_NOW}"

    def forget(self) -> None:
        """What is remembered may not be what is stored."""
        self._versions.forget()
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
        entries = [
            dict(zip(columns, row, strict=True)) for row in connection.exec_driver_sql(ask, (whose, record)).all()
        ]
        leave = f"UPDATE {self.timeline.name} SET left_at = ? WHERE {there}"
        self.views.update_many(connection, leave, [(position, whose, record)])
        moved = [tuple((row | {"student": becomes, "counted": position}).values()) for row in entries]
        self.views.insert_many(connection, self.timeline, moved)
        seen = next(seen for seen in batch if seen.position == position)
        again = [Happened(position, self._day(connection, seen, seen.recorded_at), None)]
        days = {(student, row["day"]): again for row in entries for student in (whose, becomes)}
        self._versions.keep(connection, days)

    def _take_in(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Adds entries to the timeline, supersedes what was corrected or voided, and brings the day cells up to
        date."""
        changed = {seen.stream for seen in batch if seen.topic in ("entry-corrected", "entry-voided")}
        streams = stories(self.recorder, changed)
        lines: list[Line] = []
        superseded: list[tuple[Any, ...]] = []
        days: dict[StudentDay, list[Happened]] = {}
        recorded: tuple[int, bytes] | None = None
        recorded_day = 0
        for seen in batch:
            if seen.topic == "setting-opened":
                self._open_zone(connection, seen)
                continue
            if seen.setting_id is not None and (seen.recorded_at, seen.setting_id) != recorded:
                # What was committed together was recorded at one moment, so its day is asked for once.
                recorded = seen.recorded_at, seen.setting_id
                recorded_day = self._day(connection, seen, seen.recorded_at)
            if seen.topic in TOLD:
                line = self._line(connection, seen, seen.topic, seen.state or {}, seen.occurred_at)
                lines.append(line)
                days.setdefault((line.student, line.day), []).append(Happened(seen.position, recorded_day, line.row))
            elif seen.stream in changed:
                again = Happened(seen.position, recorded_day, None)
                before = self._before(connection, streams[seen.stream], seen.position)
                if before is not None:
                    superseded.append((seen.position, before.student, before.day, before.row.position))
                    days.setdefault((before.student, before.day), []).append(again)
                after = self._current(connection, streams[seen.stream], seen.position + 1)
                if after is not None and after.row.position == seen.position:
                    lines.append(after)
                    if before is None or (after.student, after.day) != (before.student, before.day):
                        days.setdefault((after.student, after.day), []).append(again)
        self.views.insert_many(connection, self.timeline, [line.as_row() for line in lines])
        self.views.update_many(connection, self._supersede, superseded)
        self._versions.keep(connection, days)

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
