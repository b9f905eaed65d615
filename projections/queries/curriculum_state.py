"""Where students stand in a curriculum, at any two times: the status of every unit, its history, and what to plan
next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, select, text

from ap_ledger.events.days import EVERY_DAY, Days
from ap_ledger.events.entries import UnitProgressed
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.kinds.items import DefinitionItem
from frameworks import Definition
from frameworks.language.learning import GroupUnit, NextSteps, Step, UnitState, group_units, next_steps, unit_states
from projections.bodies import StudentBody
from projections.queries.crosswalks import Carried, carried_into
from projections.queries.reading import Reader, Unknown
from projections.queries.relations import on_days
from projections.writers.joined import records_at
from projections.writers.learning import Learning, read_steps
from projections.writers.student_days import StudentDays
from projections.writers.timeline import COUNTS_NOW
from projections.writers.unit_steps import Steps, present, steps_taken


@dataclass(frozen=True)
class StudentCurriculum:
    """One student in one curriculum."""

    curriculum: Definition
    states: dict[str, UnitState]
    next: NextSteps


@dataclass(frozen=True)
class GroupCurriculum:
    """A group in one curriculum. Bits of its units stand for the places of `students`."""

    curriculum: Definition
    students: list[StudentBody]
    units: list[GroupUnit]

    def shared(self, limit: int = 12) -> list[GroupUnit]:
        """The units that most students are ready for, most first; at equal numbers, in the order of the curriculum."""
        wanted = [unit for unit in self.units if unit.ready]
        return sorted(wanted, key=lambda unit: -unit.ready.bit_count())[:limit]


def student_curriculum(
    reader: Reader, student_id: UUID, key: str, as_of: datetime, known_at: datetime | None, within: Days = EVERY_DAY
) -> StudentCurriculum:
    """A student's units of a curriculum `id@version`, as known at a time, by the steps of the days of `within`.

    Raises Unknown for either.
    """
    curriculum, (_, setting) = _curriculum(reader, key), reader.student_and_setting(student_id)
    time_zone = setting["time_zone"]
    taken: dict[str, list[tuple[int, Step]]] = {}
    for walk, steps, known in _steps(reader, [student_id], curriculum, known_at):
        for unit, history in steps_taken(steps, known, microseconds(as_of)).items():
            here = walk.item(unit) if walk else unit
            for status, at in history if here is not None else ():
                if (day := local_day(at, time_zone)) in within:
                    taken.setdefault(str(here), []).append((at, Step(day, walk.level(status) if walk else status)))
    ordered = {
        unit: [step for _, step in sorted(steps, key=lambda dated_step: dated_step[0])] for unit, steps in taken.items()
    }
    states = unit_states(curriculum, ordered)
    return StudentCurriculum(
        curriculum, states, next_steps(curriculum, states, local_day(microseconds(as_of), time_zone))
    )


def group_curriculum(
    reader: Reader, students: Sequence[StudentBody], key: str, as_of: datetime, known_at: datetime | None
) -> GroupCurriculum:
    """A group's units of a curriculum. Raises Unknown for the curriculum."""
    curriculum, statuses = group_statuses(reader, students, key, as_of, known_at)
    return GroupCurriculum(curriculum, list(students), group_units(curriculum, statuses))


def group_statuses(
    reader: Reader, students: Sequence[StudentBody], key: str, as_of: datetime, known_at: datetime | None
) -> tuple[Definition, list[dict[str, Any]]]:
    """A curriculum, and the status of every unit that each of some students has touched.

    Raises Unknown for the curriculum.
    """
    curriculum = _curriculum(reader, key)
    places = {UUID(student["id"]): place for place, student in enumerate(students)}
    statuses: list[dict[str, Any]] = [{} for _ in students]
    for student_id, walk, steps, known in _all_steps(reader, list(places), curriculum, known_at):
        now = present(steps, known, microseconds(as_of))
        if walk is None:
            statuses[places[student_id]].update(now)
        else:
            carried = {
                here: walk.level(status) for unit, status in now.items() if (here := walk.item(unit)) is not None
            }
            statuses[places[student_id]].update(carried)
    return curriculum, statuses


def touched_curricula(reader: Reader, students: Sequence[UUID], on: date, within: Days = EVERY_DAY) -> list[Definition]:
    """The curricula in use, in the order of their titles: the newest versions, and any that one of these students has
    steps in, on days of `within`."""
    curricula = {definition.key: definition for definition in reader.newest("curriculum", on)}
    touched = _touched_on(reader, students, within) if within is not EVERY_DAY else _touched(reader, students)
    curricula |= {key: definition for key in touched if (definition := reader.definition(key)) is not None}
    return sorted(curricula.values(), key=lambda definition: (definition.title, -definition.version))


def _touched(reader: Reader, students: Sequence[UUID]) -> set[str]:
    with reader.views.reading() as connection:
        live = reader.views.live(connection, Learning.name)
        if live is None or not students:
            return set()
        joined = records_at(connection, reader.views, f"joined_learning__{live.name}", students, live.position)
        records = sorted({*students, *joined})
        given = {"records": [record.bytes for record in records]}
        return set(connection.scalars(_curricula_of(Learning.tables_in(live)[0]), given))


def _touched_on(reader: Reader, students: Sequence[UUID], days: Days) -> set[str]:
    """The same by days, which the timeline knows and the columns of steps do not."""
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        if live is None or not students:
            return set()
        timeline = StudentDays.tables_in(live)[0]
        ask = on_days(_units_of(timeline), timeline.c.day, days)
        given = {"students": [student.bytes for student in students]}
        return {DefinitionItem.unpacked(item).definition for item in connection.scalars(ask, given)}


@cache
def _curricula_of(steps: Table) -> Select[Any]:
    among = steps.c.student.in_(bindparam("records", expanding=True))
    return select(steps.c.curriculum).distinct().where(among)


@cache
def _units_of(timeline: Table) -> Select[Any]:
    among = timeline.c.student.in_(bindparam("students", expanding=True))
    is_unit = timeline.c.kind == UnitProgressed.TOPIC
    return select(timeline.c.item).distinct().where(among, is_unit, text(COUNTS_NOW))


def _curriculum(reader: Reader, key: str) -> Definition:
    curriculum = reader.definition(key)
    if curriculum is None or curriculum.kind != "curriculum":
        raise Unknown
    return curriculum


def _steps(
    reader: Reader, students: Sequence[UUID], curriculum: Definition, known_at: datetime | None
) -> list[tuple[Carried | None, list[Steps], int]]:
    return [(walk, steps, known) for _, walk, steps, known in _all_steps(reader, students, curriculum, known_at)]


def _all_steps(
    reader: Reader, students: Sequence[UUID], curriculum: Definition, known_at: datetime | None
) -> list[tuple[UUID, Carried | None, list[Steps], int]]:
    """The steps of each student in the curriculum and in whatever goes on in it, oldest definition first, and the
    position they are known at."""
    walks: list[Carried | None] = [*carried_into(reader, curriculum), None]
    keys = [walk.key if walk else curriculum.key for walk in walks]
    known = None if known_at is None else reader.ledger.position_at(known_at)
    with reader.views.reading() as connection:
        live = reader.views.live(connection, Learning.name)
        assert live is not None
        position = live.position if known is None else min(known, live.position)
        steps_of = read_steps(connection, reader.views, live.name, students, keys, position)
    return [
        (student, walk, steps, position)
        for walk, key in zip(walks, keys, strict=True)
        for student in students
        if (steps := steps_of.get((student, key))) is not None
    ]
