"""Every step of every unit of a curriculum, and every questionnaire answered: read whole for a student or a group, at both times.

A student's steps in one curriculum are one row, in columns, with both times of every step inside. So a group of 60 with
2,000 units each is 60 rows, and any (as_of, known_at) is a pass over numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Column, Connection, LargeBinary, MetaData, String, Table

from ap_ledger.application.stores import BigInt
from projections.entry_stories import CHANGED, EntryState, state_before, stories
from projections.runner import Projection, Seen
from projections.views import Views

KINDS = frozenset({"unit-progressed", "instrument-answered"})
NEVER = 0
"""Stands where a step was never superseded: positions begin at 1."""


def steps_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each student and curriculum."""
    return Table(
        f"unit_steps{suffix}", metadata,
        Column("student", LargeBinary(16), primary_key=True),
        Column("curriculum", String, primary_key=True),
        Column("steps", String, nullable=False),
    )  # fmt: skip


def answers_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each state of each answered questionnaire. `superseded` is the position from which it counts no more."""
    return Table(
        f"instruments_answered{suffix}", metadata,
        Column("student", LargeBinary(16), primary_key=True),
        Column("instrument", String, primary_key=True),
        Column("position", BigInt, primary_key=True, autoincrement=False),
        Column("superseded", BigInt),
        Column("respondent", String, nullable=False),
        Column("occurred_at", BigInt, nullable=False),
        Column("entry", LargeBinary(16), nullable=False),
    )  # fmt: skip


class Steps:
    """One student's steps in one curriculum, as columns in the order in which they happened."""

    def __init__(self, said: dict[str, Any] | None = None) -> None:
        self.said: dict[str, Any] = said or {"units": [], "statuses": [], "unit": [], "status": [], "at": [], "position": [], "superseded": []}

    def add(self, unit: str, status: str, occurred_at: int, position: int) -> None:
        """Puts a step in its place."""
        said = self.said
        keys = list(zip(said["at"], said["position"], strict=True)) if said["at"] and said["at"][-1] >= occurred_at else None
        place = len(said["at"]) if keys is None else bisect_left(keys, (occurred_at, position))
        for name, value in (("unit", _index(said["units"], unit)), ("status", _index(said["statuses"], status)), ("at", occurred_at), ("position", position)):
            said[name].insert(place, value)
        said["superseded"].insert(place, NEVER)

    def supersede(self, position: int, by: int) -> None:
        """The step recorded at a position counts no more from `by` on."""
        place = self.said["position"].index(position)
        self.said["superseded"][place] = by

    def present(self, known: int, until: int) -> dict[str, str]:
        """The status of every unit that was touched, as known at a position, of what had happened until a moment."""
        said = self.said
        if said["at"] and said["at"][-1] <= until and max(said["position"]) <= known and not any(said["superseded"]):
            # Nothing is to be left out, so the last status of each unit is its present one.
            now = dict(zip(said["unit"], said["status"], strict=True))
        else:
            now = {unit: status for unit, status, _ in self._counted(known, until)}
        units, statuses = said["units"], said["statuses"]
        return {units[unit]: statuses[status] for unit, status in now.items()}

    def history(self, known: int, until: int) -> dict[str, list[tuple[str, int]]]:
        """Every step of every unit as (status, microseconds), in the order they happened."""
        found: dict[str, list[tuple[str, int]]] = {}
        for unit, status, at in self._counted(known, until):
            found.setdefault(self.said["units"][unit], []).append((self.said["statuses"][status], at))
        return found

    def _counted(self, known: int, until: int) -> Iterator[tuple[int, int, int]]:
        said = self.said
        for unit, status, at, position, superseded in zip(said["unit"], said["status"], said["at"], said["position"], said["superseded"], strict=True):
            if position <= known and at <= until and (superseded == NEVER or superseded > known):
                yield unit, status, at


def _index(names: list[str], name: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        names.append(name)
        return len(names) - 1


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
    version: ClassVar[int] = 1
    tables: ClassVar = (steps_table, answers_table)

    REMEMBERED = 500

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.steps, self.answers = self.made
        self._open: dict[tuple[bytes, str], Steps] = {}

    def forget(self) -> None:
        """The remembered steps may not be what is stored."""
        self._open = {}

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Adds steps and answers, and supersedes what was corrected or voided."""
        changed = {seen.stream for seen in batch if seen.topic in CHANGED}
        told = stories(self.recorder, changed)
        touched: set[tuple[bytes, str]] = set()
        answers: list[tuple[Any, ...]] = []
        superseded: list[tuple[int, int, bytes, str]] = []
        for seen in batch:
            if seen.topic in CHANGED:
                story = told[seen.stream]
                before, after = state_before(story, seen.position), state_before(story, seen.position + 1)
                if before is not None and before.kind == "unit-progressed":
                    self._steps(connection, before, touched).supersede(before.seen.position, seen.position)
                elif before is not None and before.kind == "instrument-answered":
                    superseded.append((seen.position, before.seen.position, _student(before), _key(before.said["instrument"])))
                if after is None or after.seen.position != seen.position:
                    continue
            elif seen.topic in KINDS:
                after = EntryState(seen, seen.topic, seen.state or {}, seen.occurred_at)
            else:
                continue
            if after.kind == "unit-progressed":
                self._steps(connection, after, touched).add(after.said["unit"], after.said["status"], after.occurred_at, after.seen.position)
            elif after.kind == "instrument-answered":
                row = (_student(after), _key(after.said["instrument"]), after.seen.position, None, after.said["respondent"], after.occurred_at, seen.stream)
                answers.append(row)
        self._keep(connection, touched)
        self.views.insert_many(connection, self.answers, answers)
        mark = f"UPDATE {self.answers.name} SET superseded = ? WHERE position = ? AND student = ? AND instrument = ? AND superseded IS NULL"
        self.views.update_many(connection, mark, superseded)

    def _steps(self, connection: Connection, entry: EntryState, touched: set[tuple[bytes, str]]) -> Steps:
        key = _student(entry), _key(entry.said["curriculum"])
        touched.add(key)
        if key not in self._open:
            ask = self.views.sql(f"SELECT steps FROM {self.steps.name} WHERE student = ? AND curriculum = ?")
            row = connection.exec_driver_sql(ask, key).first()
            self._open[key] = Steps(orjson.loads(row[0]) if row else None)
        return self._open[key]

    def _keep(self, connection: Connection, touched: set[tuple[bytes, str]]) -> None:
        self.views.update_many(connection, f"DELETE FROM {self.steps.name} WHERE student = ? AND curriculum = ?", sorted(touched))
        rows = [(*key, orjson.dumps(self._open[key].said).decode()) for key in sorted(touched)]
        self.views.insert_many(connection, self.steps, rows)
        if len(self._open) > self.REMEMBERED:
            self._open = {}


def _student(entry: EntryState) -> bytes:
    assert entry.seen.student_id is not None
    return entry.seen.student_id


def _key(ref: dict[str, Any]) -> str:
    return f"{ref['id']}@{ref['version']}"


def read_steps(connection: Connection, views: Views, generation: str, students: Sequence[UUID], curricula: Sequence[str]) -> dict[tuple[UUID, str], Steps]:
    """The steps of students in some curricula."""
    found: dict[tuple[UUID, str], Steps] = {}
    for start in range(0, len(students), 500):
        some = students[start : start + 500]
        marks = ",".join("?" * len(some)), ",".join("?" * len(curricula))
        ask = f"SELECT student, curriculum, steps FROM unit_steps__{generation} WHERE student IN ({marks[0]}) AND curriculum IN ({marks[1]})"
        for student, curriculum, steps in connection.exec_driver_sql(views.sql(ask), (*[one.bytes for one in some], *curricula)):
            found[UUID(bytes=bytes(student)), curriculum] = Steps(orjson.loads(steps))
    return found


def read_answers(connection: Connection, views: Views, generation: str, students: Sequence[UUID], known: int, until: int) -> list[Answered]:
    """The questionnaires answered for students, as known at a position, until a moment; in the order they happened."""
    found: list[Answered] = []
    for start in range(0, len(students), 500):
        some = students[start : start + 500]
        ask = (
            f"SELECT student, instrument, respondent, occurred_at, position, entry FROM instruments_answered__{generation} "
            f"WHERE student IN ({','.join('?' * len(some))}) AND position <= ? AND (superseded IS NULL OR superseded > ?) AND occurred_at <= ?"
        )
        for student, instrument, respondent, at, position, entry in connection.exec_driver_sql(
            views.sql(ask), (*[one.bytes for one in some], known, known, until)
        ):
            found.append(Answered(UUID(bytes=bytes(student)), instrument, respondent, at, position, UUID(bytes=bytes(entry))))
    return sorted(found, key=lambda one: (one.occurred_at, one.position))
