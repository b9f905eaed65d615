"""Every step of every unit of a curriculum, and every questionnaire answered: read whole for a student or a group, at
both times.

A student's steps in one curriculum are kept in columns, a few hundred steps to a row, with both times of every step
inside; each row holds a stretch of time, and no two rows the same. So a group of 60 with 2,000 units each is a few
hundred rows, any (as_of, known_at) is a pass over numbers, and a new step rewrites one small row, however long the
history.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, LargeBinary, MetaData, String, Table

from ap_ledger.events.entries import InstrumentAnswered, UnitProgressed
from ap_ledger.stores.engine import BigInt
from projections.runner import Projection, Seen
from projections.views import Views
from projections.writers.entry_stories import EntryState, changes_of
from projections.writers.joined import Joined, joined_table, joining, records_at
from projections.writers.unit_steps import Steps

StudentCurriculum = tuple[bytes, str]
KINDS = frozenset({UnitProgressed.TOPIC, InstrumentAnswered.TOPIC})
"""The kinds of entry that these tables are about, and no other."""
ALWAYS = -(2**62)
"""When the first row begins, in microseconds: before anything that can have happened."""

ROW_STEPS = 400
"""A row of twice as many steps is cut in two: enough to be read fast, few enough to be written again for every new
one."""


def steps_table(suffix: str, metadata: MetaData) -> Table:
    """The steps of a student in a curriculum from a moment on, until the moment at which the next row begins."""
    return Table(
        f"unit_steps{suffix}",
        metadata,
        Column("student", LargeBinary(16), primary_key=True),
        Column("curriculum", String, primary_key=True),
        Column("begins", BigInt, primary_key=True, autoincrement=False),
        Column("steps", String, nullable=False),
    )


def answers_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each state of each answered questionnaire.

    `superseded` is the position from which it counts no more.
    """
    return Table(
        f"instruments_answered{suffix}",
        metadata,
        Column("student", LargeBinary(16), primary_key=True),
        Column("instrument", String, primary_key=True),
        Column("position", BigInt, primary_key=True, autoincrement=False),
        Column("superseded", BigInt),
        Column("respondent", String, nullable=False),
        Column("occurred_at", BigInt, nullable=False),
        Column("entry", LargeBinary(16), nullable=False),
    )


def joined_learning_table(suffix: str, metadata: MetaData) -> Table:
    """Whose record is read with whose."""
    return joined_table("joined_learning", suffix, metadata)


class Answered(NamedTuple):
    """A questionnaire that was answered: by whom, when, and the position and id of its entry."""

    student: UUID
    instrument: str
    respondent: str
    occurred_at: int
    position: int
    entry: UUID


class Learning(Projection):
    """The steps and the answers."""

    name: ClassVar[str] = "learning"
    version: ClassVar[int] = 2
    tables: ClassVar = (steps_table, answers_table, joined_learning_table)

    REMEMBERED = 2_000

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.steps, self.answers, joined = self.made
        self._joined = Joined(self.views, joined)
        self._begins: dict[StudentCurriculum, list[int]] = {}
        self._rows: dict[tuple[bytes, str, int], Steps] = {}

    def forget(self) -> None:
        """The remembered rows may not be what is stored."""
        self._begins, self._rows = {}, {}
        self._joined.forget()

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Adds steps and answers, and supersedes what was corrected or voided."""
        for joins in filter(None, map(joining, batch)):
            self._joined.change(connection, joins)
        touched: set[tuple[bytes, str, int]] = set()
        answers: list[tuple[Any, ...]] = []
        superseded: list[tuple[int, int, bytes, str]] = []
        for seen, before, after in changes_of(self.recorder, batch, KINDS):
            if before is not None and before.kind == UnitProgressed.TOPIC:
                key = self._row_of(connection, before)
                self._rows[key].supersede(before.seen.position, seen.position)
                touched.add(key)
            elif before is not None:
                superseded.append(
                    (seen.position, before.seen.position, _student(before), _key(before.said["instrument"]))
                )
            if after is None:
                continue
            if after.kind == UnitProgressed.TOPIC:
                self._add(connection, after, touched)
            else:
                row = (
                    _student(after),
                    _key(after.said["instrument"]),
                    after.seen.position,
                    None,
                    after.said["respondent"],
                    after.occurred_at,
                    seen.stream,
                )
                answers.append(row)
        self._keep(connection, touched)
        self.views.insert_many(connection, self.answers, answers)
        mark = (
            f"UPDATE {self.answers.name} SET superseded = ? WHERE position = ? AND student = ? AND instrument = ? "
            "AND superseded IS NULL"
        )
        self.views.update_many(connection, mark, superseded)

    def _add(self, connection: Connection, entry: EntryState, touched: set[tuple[bytes, str, int]]) -> None:
        student, curriculum, begins = key = self._row_of(connection, entry)
        row = self._rows[key]
        row.add(entry.said["unit"], entry.said["status"], entry.occurred_at, entry.seen.position)
        touched.add(key)
        if len(row) >= 2 * ROW_STEPS and (later := row.cut()) is not None:
            begins = later.at[0]
            insort(self._begins[student, curriculum], begins)
            self._rows[student, curriculum, begins] = later
            touched.add((student, curriculum, begins))

    def _row_of(self, connection: Connection, entry: EntryState) -> tuple[bytes, str, int]:
        """The row, loaded, that holds the moment of an entry: the last one that begins at or before it."""
        student, curriculum = whose = _student(entry), _key(entry.said["curriculum"])
        if whose not in self._begins:
            ask = self.views.sql(
                f"SELECT begins FROM {self.steps.name} WHERE student = ? AND curriculum = ? ORDER BY begins"
            )
            self._begins[whose] = [row[0] for row in connection.exec_driver_sql(ask, whose)]
        begins = self._begins[whose]
        if not begins:
            begins.append(ALWAYS)
            self._rows[student, curriculum, ALWAYS] = Steps()
        key = (student, curriculum, begins[bisect_right(begins, entry.occurred_at) - 1])
        if key not in self._rows:
            ask = self.views.sql(
                f"SELECT steps FROM {self.steps.name} WHERE student = ? AND curriculum = ? AND begins = ?"
            )
            self._rows[key] = Steps.read(connection.exec_driver_sql(ask, key).scalar_one())
        return key

    def _keep(self, connection: Connection, touched: set[tuple[bytes, str, int]]) -> None:
        self.views.update_many(
            connection,
            f"DELETE FROM {self.steps.name} WHERE student = ? AND curriculum = ? AND begins = ?",
            sorted(touched),
        )
        rows = [(*key, self._rows[key].kept()) for key in sorted(touched)]
        self.views.insert_many(connection, self.steps, rows)
        if len(self._rows) > self.REMEMBERED:
            self.forget()


def _student(entry: EntryState) -> bytes:
    assert entry.seen.student_id is not None
    return entry.seen.student_id


def _key(ref: dict[str, Any]) -> str:
    return f"{ref['id']}@{ref['version']}"


def read_steps(
    connection: Connection,
    views: Views,
    generation: str,
    students: Sequence[UUID],
    curricula: Sequence[str],
    known: int,
) -> dict[tuple[UUID, str], list[Steps]]:
    """The steps of students in some curricula, in rows in the order of time, of every record that was theirs."""
    whose = records_at(connection, views, f"joined_learning__{generation}", students, known)
    records = list(whose)
    steps_of: dict[tuple[UUID, str], dict[UUID, list[Steps]]] = {}
    for start in range(0, len(records), 500):
        some = records[start : start + 500]
        marks = ",".join("?" * len(some)), ",".join("?" * len(curricula))
        ask = (
            f"SELECT student, curriculum, steps FROM unit_steps__{generation} WHERE student IN ({marks[0]}) AND "
            f"curriculum IN ({marks[1]}) ORDER BY student, curriculum, begins"
        )
        given = (*[record.bytes for record in some], *curricula)
        for record, curriculum, steps in connection.exec_driver_sql(views.sql(ask), given):
            recorded = UUID(bytes=bytes(record))
            rows = steps_of.setdefault((whose[recorded], curriculum), {}).setdefault(recorded, [])
            rows.append(Steps.read(steps))
    return {key: _in_order(list(rows.values())) for key, rows in steps_of.items()}


def _in_order(rows: Sequence[list[Steps]]) -> list[Steps]:
    """The rows of a child in the order of time. Those of several records overlap, so they are put together."""
    return rows[0] if len(rows) == 1 else [Steps.together(row for record in rows for row in record)]


def read_answers(
    connection: Connection, views: Views, generation: str, students: Sequence[UUID], known: int, until: int
) -> list[Answered]:
    """The questionnaires answered for students, as known at a position, until a moment; in the order they happened."""
    whose = records_at(connection, views, f"joined_learning__{generation}", students, known)
    records = list(whose)
    answers: list[Answered] = []
    for start in range(0, len(records), 500):
        some = records[start : start + 500]
        ask = (
            "SELECT student, instrument, respondent, occurred_at, position, entry FROM "
            f"instruments_answered__{generation} "
            f"WHERE student IN ({','.join('?' * len(some))}) AND position <= ? AND (superseded IS NULL OR superseded > "
            "?) AND occurred_at <= ?"
        )
        for record, instrument, respondent, at, position, entry in connection.exec_driver_sql(
            views.sql(ask), (*[joined_record.bytes for joined_record in some], known, known, until)
        ):
            student = whose[UUID(bytes=bytes(record))]
            answers.append(Answered(student, instrument, respondent, at, position, UUID(bytes=bytes(entry))))
    return sorted(answers, key=lambda answer: (answer.occurred_at, answer.position))
