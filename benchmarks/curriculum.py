"""Where a group stands in a curriculum: 60 students by 2,000 units, now and at past times.

.venv/bin/python benchmarks/curriculum.py [--database sqlite] [--students 60] [--units 2000]
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from common import house_on, percentile, postgres_server, quick, table

from ap_ledger.domain.framework import PublishFramework
from ap_ledger.recording.ledger import new_id
from projections import PROJECTIONS
from projections.queries.curriculum_state import group_curriculum, student_curriculum
from tests.house import House, chunks

START = datetime(2027, 12, 31, tzinfo=UTC)
FIRST = datetime(2026, 9, 1, 9, tzinfo=UTC)
STATUSES = ("introduced", "with-help", "on-my-own", "used-elsewhere")


def curriculum(units: int) -> dict[str, Any]:
    """A curriculum in which each unit comes after one or two before it."""
    levels = [
        {"value": status, "label": status, "means": means}
        for status, means in zip(STATUSES, ("started", "nearly", "secure", "secure"), strict=True)
    ]
    levels.append({"value": "not-secure", "label": "Not secure", "means": "lost"})
    strands = [
        {
            "id": f"strand-{strand}",
            "label": f"Strand {strand}",
            "items": [
                {
                    "id": f"unit-{n}",
                    "label": f"Unit number {n}",
                    "prior": [f"unit-{n - k}" for k in (1, 7) if n - k >= strand * 50],
                }
                for n in range(strand * 50, min(units, strand * 50 + 50))
            ],
        }
        for strand in range((units + 49) // 50)
    ]
    scale = {"id": "s", "type": "ordinal", "levels": levels}
    return {
        "id": "big",
        "version": 1,
        "kind": "curriculum",
        "title": "Big",
        "licence": {"name": "own", "use": "ship"},
        "default_scale": "s",
        "scales": [scale],
        "items": strands,
    }


def fill(house: House, students: list[UUID], units: int) -> int:
    """Every student has touched every unit, a third of them twice or more, some lost again, two in a hundred
    corrected."""
    chance = Random(4)
    ref = {"id": "big", "version": 1}
    entries: list[dict[str, Any]] = []
    for student in students:
        for n in range(units):
            for _ in range(1 + (chance.random() < 0.33)):
                status = "not-secure" if chance.random() < 0.03 else STATUSES[min(3, int(chance.random() * 3.4))]
                at = FIRST + timedelta(minutes=chance.randrange(400_000))
                entries.append(
                    house.entry("unit-progressed", at, student, curriculum=ref, unit=f"unit-{n}", status=status)
                )
    chance.shuffle(entries)
    for some in chunks(entries, 900):
        house.clock.now += timedelta(hours=9)
        changes = [house.correct(entry, at=START, status="on-my-own") for entry in some[::50]]
        house.ledger.record(some)
        house.ledger.record(changes)
    return len(entries)


def times(house: House, students: list[UUID], rounds: int) -> dict[str, list[float]]:
    """Seconds of the group's view now and at random (as_of, known_at), and of one student's page."""
    chance, last = Random(5), house.clock.now
    setting = house.reader.one("settings", str(house.setting)) or {}
    wanted = {str(student) for student in students}
    group = [one for one in house.reader.everyone(setting) if one["id"] in wanted]
    found: dict[str, list[float]] = {"group, now": [], "group, at past times": [], "student, at past times": []}
    for n in range(rounds + 3):
        as_of = FIRST + timedelta(minutes=chance.randrange(100_000, 400_000))
        known_at = START + (last - START) * chance.random()
        for name, asked in (
            ("group, now", lambda: group_curriculum(house.reader, group, "big@1", last, None)),
            (
                "group, at past times",
                lambda at=as_of, known=known_at: group_curriculum(house.reader, group, "big@1", at, known),
            ),
            (
                "student, at past times",
                lambda at=as_of, known=known_at: student_curriculum(house.reader, students[0], "big@1", at, known),
            ),
        ):
            began = time.perf_counter()
            asked()
            if n >= 3:
                found[name].append(time.perf_counter() - began)
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgres"))
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--units", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    quick()
    rows = []
    with postgres_server() as postgres:
        for kind in (asked.database,) if asked.database else ("sqlite", "postgres"):
            with house_on(kind, postgres, asked.students) as house:
                students: list[UUID] = house.students  # type: ignore[attr-defined]
                house.ledger.execute(
                    PublishFramework(id=new_id(), setting_id=house.setting, definition=curriculum(asked.units))
                )
                steps = fill(house, students, asked.units)
                began = time.perf_counter()
                applied = house.runner.catch_up()
                rate = applied / (time.perf_counter() - began) / len(PROJECTIONS)
                for name, seconds in times(house, students, asked.rounds).items():
                    told = {
                        "p50 ms": percentile(seconds, 0.5),
                        "p99 ms": percentile(seconds, 0.99),
                        "projected/s": rate,
                    }
                    rows.append({"database": kind, "view": name, "steps": steps, **told})
    table(
        f"Curriculum: {asked.students} students by {asked.units} units", rows, "Floor: a group's view in under 200 ms."
    )


if __name__ == "__main__":
    main()
