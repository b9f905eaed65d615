"""Which of a student's days still hold something that is due: kept beside the day cells, so that nothing has to be
looked through.

A mark is there as long as the day's cell says so, however long ago the day was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ap_ledger.events.entries import IncidentRecorded, OutcomeScored, SessionAttended, VisitLogged
from ap_ledger.kinds.items import ATTEMPTED, VisitItem
from ap_ledger.kinds.timeline import NOT_ATTENDED
from ap_ledger.kinds.timeline import UNCOPIED as UNCOPIED_ITEM
from ap_ledger.kinds.timeline import UNTOLD as UNTOLD_ITEM
from projections.fold.cells import DayCell
from projections.one_fact import DISPUTED, DISPUTED_LEVEL, Attested, agreed, sessions_of, status_of
from projections.views import Views

UNTOLD, UNCOPIED, MISSED, REACHED_OUT = "untold", "no-copy", "missed", "reached-out"
SAID_DIFFERENTLY = "said-differently"


def marks_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each mark of a student's day."""
    return Table(
        f"marks{suffix}",
        metadata,
        Column("mark", String, primary_key=True),
        Column("student", LargeBinary(16), primary_key=True),
        Column("day", Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def marks_of(cell: DayCell) -> frozenset[str]:
    """The marks of a day: parents not told or without their copy, a session missed, somebody reached out, two people
    said different things."""
    sessions = cell.counted("sessions")
    differ = DISPUTED in sessions or any(DISPUTED_LEVEL in facts.values() for facts in cell.outcomes.values())
    holds = {
        UNTOLD: UNTOLD_ITEM in cell.counted("incidents"),
        UNCOPIED: UNCOPIED_ITEM in cell.counted("incidents"),
        MISSED: NOT_ATTENDED in sessions,
        REACHED_OUT: any(VisitItem.unpacked(key).effort == ATTEMPTED for key in cell.counted("visits")),
        SAID_DIFFERENTLY: differ,
    }
    return frozenset(mark for mark, there in holds.items() if there)


class DayMarks:
    """Keeps the marks of days as their cells change."""

    def __init__(self, views: Views, table: Table) -> None:
        self._views, self._table = views, table
        self._before: dict[tuple[bytes, int], frozenset[str]] = {}
        self._after: dict[tuple[bytes, int], frozenset[str]] = {}

    def before(self, student: bytes, day: int, cell: DayCell) -> None:
        """What a day's cell was like before a batch."""
        self._before[student, day] = marks_of(cell)

    def after(self, student: bytes, day: int, cell: DayCell) -> None:
        """What it is like after it."""
        self._after[student, day] = marks_of(cell)

    def write(self, connection: Connection) -> None:
        """Writes what changed."""
        gone = [(mark, *key) for key, marks in self._before.items() for mark in marks - self._after[key]]
        come = [(mark, *key) for key, marks in self._after.items() for mark in marks - self._before[key]]
        self._views.update_many(
            connection, f"DELETE FROM {self._table.name} WHERE mark = ? AND student = ? AND day = ?", gone
        )
        self._views.insert_many(connection, self._table, come)


class Untold(NamedTuple):
    """A restrictive incident of which parents were not told yet, or of whose record they have no copy yet."""

    student: UUID
    day: date
    entry: UUID


class SaidDifferently(NamedTuple):
    """Entries that contradict each other about one session, or about one score, in the order in which they were
    recorded."""

    student: UUID
    day: date
    kind: str
    entries: tuple[UUID, ...]


class Missed(NamedTuple):
    """A session that was not attended, by all who tell of it, and after which nobody reached out yet."""

    day: date
    begins: int
    session: tuple[Attested, ...]


@dataclass
class OpenDays:
    """What is open of some students: incidents, contradictions, and sessions missed since somebody last reached out."""

    untold: list[Untold] = field(default_factory=list)
    uncopied: list[Untold] = field(default_factory=list)
    said_differently: list[SaidDifferently] = field(default_factory=list)
    missed: dict[UUID, list[Missed]] = field(default_factory=dict)


def open_days(views: Views, generation: str, connection: Connection, students: Sequence[UUID]) -> OpenDays:
    """What is open of these students, however long ago it began. `generation` is that of the student days."""
    open_now = OpenDays()
    for start in range(0, len(students), 500):
        some = [student.bytes for student in students[start : start + 500]]
        marks = ",".join("?" * len(some))
        ask = views.sql(
            f"SELECT mark, student, day FROM marks__{generation} WHERE "
            f"mark IN (?,?,?) AND student IN ({marks}) ORDER BY day"
        )
        rows = connection.exec_driver_sql(ask, (UNTOLD, UNCOPIED, SAID_DIFFERENTLY, *some)).all()
        for mark, item, found in (
            (UNTOLD, UNTOLD_ITEM, open_now.untold),
            (UNCOPIED, UNCOPIED_ITEM, open_now.uncopied),
        ):
            where = f"kind = '{IncidentRecorded.TOPIC}' AND item = '{item}'"
            for student, day, entry in _rows_of(views, generation, connection, rows, mark, "entry", where):
                found.append(Untold(UUID(bytes=bytes(student)), date.fromordinal(day), UUID(bytes=bytes(entry))))
        columns = "entry, position, occurred_at, kind, item, value, slot, begins, ends, session_day"
        told = _rows_of(
            views,
            generation,
            connection,
            rows,
            SAID_DIFFERENTLY,
            columns,
            f"kind IN ('{SessionAttended.TOPIC}', '{OutcomeScored.TOPIC}')",
        )
        open_now.said_differently += _contradictions(told)
        _add_missed(views, generation, connection, some, open_now.missed)
    return open_now


def _add_missed(
    views: Views, generation: str, connection: Connection, some: Sequence[bytes], missed: dict[UUID, list[Missed]]
) -> None:
    """Adds the sessions missed of some students. Whoever reaches out once a session has begun follows it up."""
    ask = (
        f"WITH wanted (whose) AS (VALUES {','.join(['(?)'] * len(some))}), reached (whose, last) AS (SELECT "
        f"whose, COALESCE((SELECT MAX(day) FROM marks__{generation} m WHERE m.mark = '{REACHED_OUT}' AND "
        f"m.student = whose), 0) FROM wanted) SELECT mark, whose, day FROM reached CROSS JOIN marks__{generation} "
        f"WHERE mark IN ('{MISSED}', '{REACHED_OUT}') AND student = whose AND day >= last ORDER BY day"
    )
    rows = connection.exec_driver_sql(views.sql(ask), tuple(some)).all()
    visits = _rows_of(
        views, generation, connection, rows, REACHED_OUT, "occurred_at, item", f"kind = '{VisitLogged.TOPIC}'"
    )
    reached: dict[bytes, int] = {}
    for student, _, at, item in visits:
        if VisitItem.unpacked(item).effort == ATTEMPTED:
            reached[bytes(student)] = max(at, reached.get(bytes(student), at))
    columns = "position, item, slot, begins, ends, session_day"
    days: dict[tuple[bytes, int], list[Attested]] = {}
    for student, day, position, item, slot, begins, ends, session_day in _rows_of(
        views, generation, connection, rows, MISSED, columns, f"kind = '{SessionAttended.TOPIC}'"
    ):
        days.setdefault((bytes(student), day), []).append(
            Attested(position, begins, ends, session_day, slot, item, None)
        )
    for (whose, day), told in sorted(days.items()):
        for session in sessions_of(told):
            begins = min(attested.begins or 0 for attested in session)
            if status_of(session) == NOT_ATTENDED and begins > reached.get(whose, -1):
                missed.setdefault(UUID(bytes=whose), []).append(Missed(date.fromordinal(day), begins, tuple(session)))


def _rows_of(
    views: Views, generation: str, connection: Connection, marked: Sequence[Any], mark: str, columns: str, where: str
) -> list[Any]:
    """The current rows of the timeline on days that have a mark."""
    keys = [(bytes(student), day) for day_mark, student, day in marked if day_mark == mark]
    rows: list[Any] = []
    for start in range(0, len(keys), 250):
        some = keys[start : start + 250]
        ask = (
            f"WITH wanted (whose, which) AS (VALUES {','.join(['(?,?)'] * len(some))}) SELECT student, day, {columns} "
            f"FROM wanted CROSS JOIN timeline__{generation} WHERE student = whose AND day = which "
            f"AND superseded IS NULL AND left_at IS NULL AND {where} ORDER BY position"
        )
        rows += connection.exec_driver_sql(views.sql(ask), tuple(value for key in some for value in key)).all()
    return rows


def _contradictions(rows: Iterable[Any]) -> Iterator[SaidDifferently]:
    sessions: dict[tuple[bytes, int], dict[int, tuple[Attested, UUID]]] = {}
    scores: dict[tuple[bytes, int, str, str | int], list[tuple[str, UUID]]] = {}
    for student, day, entry, position, occurred_at, kind, item, value, slot, begins, ends, session_day in rows:
        told, whose = UUID(bytes=bytes(entry)), bytes(student)
        if kind == SessionAttended.TOPIC:
            sessions.setdefault((whose, day), {})[position] = (
                Attested(position, begins, ends, session_day, slot, item, None),
                told,
            )
        else:
            scores.setdefault((whose, day, item, slot or occurred_at), []).append((value, told))
    for (whose, day), by_position in sessions.items():
        for session in sessions_of(attested for attested, _ in by_position.values()):
            if status_of(session) == DISPUTED:
                entries = tuple(by_position[attested.position][1] for attested in session)
                yield SaidDifferently(UUID(bytes=whose), date.fromordinal(day), SessionAttended.TOPIC, entries)
    for (whose, day, _, _), scored in scores.items():
        value = scored[0][0]
        for second, _ in scored[1:]:
            value = agreed(value, second)
        if value == DISPUTED_LEVEL:
            yield SaidDifferently(
                UUID(bytes=whose), date.fromordinal(day), OutcomeScored.TOPIC, tuple(entry for _, entry in scored)
            )
