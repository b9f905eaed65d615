"""A setting at a glance: every student with how far contact got in the last weeks, from one look at the day cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, or_, select

from ap_ledger.events.days import EVERY_DAY, Days
from ap_ledger.events.moments import local_day, microseconds
from frameworks import Definition
from projections.bodies import SettingBody, StudentBody
from projections.fold.cells import DatedCell, DayCell
from projections.fold.progress import combine
from projections.fold.stored import read_rungs
from projections.queries.crosswalks import climbs_carried
from projections.queries.reading import Reader
from projections.queries.remembered import remembered
from projections.writers.student_days import StudentDays

WEEKS = 6
SPARK_POINTS = 60


def overview(
    reader: Reader,
    setting: SettingBody,
    students: Sequence[StudentBody],
    now: datetime,
    within: Mapping[str, Days] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Each of these students of a setting with their ladder over the last six weeks, one read for all of them.

    `within` holds by a student's id the days that may be told, where those are not all.
    """
    today = local_day(microseconds(now), setting["time_zone"])
    whole = [student for student in students if within.get(student["id"], EVERY_DAY) is EVERY_DAY]

    def lines(some: Sequence[StudentBody]) -> dict[str, Line]:
        days = recent_rungs(reader, setting, some, now) if some else {}
        return {
            student["id"]: _line(
                reader,
                climbs_carried(
                    reader, _told(days.get(UUID(student["id"]), ()), within.get(student["id"], EVERY_DAY)), today
                ),
            )
            for student in some
        }

    # What everybody may be told of a student is the same for all who ask.
    kept = remembered(
        reader,
        ("overview", setting["id"]),
        dict.fromkeys((student["id"] for student in whole), today),
        lambda keys: lines([student for student in whole if student["id"] in keys]),
    )
    told = {**kept, **lines([student for student in students if student["id"] not in kept])}
    named = ({"id": student["id"], "name": student["name"], **told[student["id"]]} for student in students)
    return sorted(named, key=lambda line: str(line["name"]))


def _told(days: Sequence[DatedCell], within: Days) -> list[DatedCell]:
    """Those of some days that may be told."""
    return [(day, cell) for day, cell in days if within is EVERY_DAY or date.fromisoformat(day) in within]


def recent_rungs(
    reader: Reader, setting: SettingBody, students: Sequence[StudentBody], now: datetime, weeks: int = WEEKS
) -> dict[UUID, list[DatedCell]]:
    """The days of the last weeks on which anything happened as (ISO date, cell with nothing in it but rungs), by
    student."""
    today = local_day(microseconds(now), setting["time_zone"])
    return rungs_between(reader, students, today - timedelta(weeks=weeks), today)


def rungs_between(
    reader: Reader, students: Sequence[StudentBody], first: date, last: date
) -> dict[UUID, list[DatedCell]]:
    """The same of the days from one to another, both included."""
    days: dict[UUID, list[DatedCell]] = {}
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        for start in range(0, len(students), 500):
            some = [UUID(student["id"]).bytes for student in students[start : start + 500]]
            given = {"students": some, "first": first.toordinal(), "last": last.toordinal()}
            for student, day, rungs in connection.execute(_rungs_of(StudentDays.tables_in(live)[1]), given):
                told = (date.fromordinal(day).isoformat(), DayCell(rungs=read_rungs(rungs)))
                days.setdefault(UUID(bytes=bytes(student)), []).append(told)
    return days


@cache
def _rungs_of(cells: Table) -> Select[Any]:
    return select(cells.c.student, cells.c.day, cells.c.rungs).where(
        cells.c.student.in_(bindparam("students", expanding=True)),
        cells.c.day.between(bindparam("first"), bindparam("last")),
        cells.c.to_pos.is_(None),
        or_(cells.c.rungs.is_not(None), cells.c.cell != "{}"),
    )


Line = dict[str, Any]
"""What a list says of one student's last weeks, without their name."""


def _line(reader: Reader, days: Sequence[DatedCell]) -> Line:
    keys = {rung.ladder for _, cell in days for rung in cell.rungs}
    ladders = {key: list(definition.rank) for key in keys if (definition := reader.definition(key)) is not None}
    progress = combine(days, ladders, {})
    climbed = next(iter(progress["ladders"].values()), None)
    key = next(iter(progress["ladders"]), None)
    ladder = reader.definition(key) if key else None
    path = _drawn(ladder, climbed["path"]) if ladder and climbed else []
    return {
        "latest": ladder.label_of(climbed["latest"]) if ladder and climbed else None,
        "sustained": ladder.label_of(climbed["sustained"]) if ladder and climbed and climbed["sustained"] else None,
        "contacts": climbed["contacts"] if climbed else 0,
        "last_day": progress["last_day"],
        "spark": spark(path, len(ladder.rank) if ladder else 1),
    }


def _drawn(ladder: Definition, path: Sequence[tuple[str, str | None]]) -> list[int]:
    """The places that the small line goes through: those of every contact, or the highest of each day where they are
    too many to see."""
    place = {rung: ladder.place(rung) for rung in {rung for _, rung in path if rung}}
    if len(path) <= SPARK_POINTS:
        return [place[rung] for _, rung in path if rung]
    best: dict[str, int] = {}
    for day, rung in path:
        if rung and place[rung] > best.get(day, -1):
            best[day] = place[rung]
    return list(best.values())


def spark(path: list[int], size: int, width: int = 120, height: int = 28) -> str:
    """The points of a small step line, for an SVG polyline of that size."""
    if not path:
        return ""
    across = width / max(1, len(path) - 1)
    points: list[tuple[float, float]] = []
    for place, rung in enumerate(path):
        y = height - 2 - (height - 4) * rung / max(1, size - 1)
        if points:
            points.append((place * across, points[-1][1]))
        points.append((place * across, y))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
