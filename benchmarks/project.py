"""Projections, a student's page and disk, on a ledger of a million entries.

.venv/bin/python benchmarks/project.py [--entries 1000000] [--database sqlite]
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from common import Days, house_on, percentile, postgres_server, quick, table

from projections.queries.history import days_at, progress_of
from tests.house import House

START = datetime(2027, 12, 31, tzinfo=UTC)
HEAVY = 100_000
"""Entries of the one student whose page is timed."""


def fill(house: House, entries: int) -> float:
    """Records so many entries, of which the first student gets 100,000. Returns entries a second."""
    days, heavy = Days(house), Days(house, seed=2)
    heavy.people = [house.student]
    began = time.perf_counter()
    done = 0
    while done < entries:
        batch = days.batch(450)
        if done * HEAVY // entries > heavy.n:
            batch += heavy.batch(50)
        done += len(batch)
        # 1,800 entries are a day of this setting, so its days of recording pass as they would in life.
        house.clock.now += timedelta(hours=6.7)
        house.ledger.record(batch)
    return done / (time.perf_counter() - began)


def page(house: House, rounds: int) -> tuple[list[float], int]:
    """Times of one student's progress at random (as_of, known_at)."""
    chance, times, entries = Random(3), [], 0
    house.ledger.states.refresh()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    first, opened, last = datetime(2026, 1, 5, tzinfo=UTC), START, house.clock.now
    for n in range(rounds + 5):
        as_of = first + timedelta(days=chance.randrange(100, 700))
        known_at = opened + (last - opened) * chance.random() if n % 2 else None
        began = time.perf_counter()
        days, _, _ = days_at(house.reader, house.student, setting, as_of, known_at)
        progress = progress_of(house.reader, setting, days)
        if n >= 5:
            times.append(time.perf_counter() - began)
        entries = max(entries, progress["entries"])
    return times, entries


def correct_many(house: House, count: int) -> None:
    """Corrects a few entries on every day of the heavy student, all on one later day."""
    house.clock.now += timedelta(days=30)
    positions = house.rows(
        "SELECT position, originator_id, state, occurred_at FROM stored_events "
        "WHERE student_id = ? AND topic = 'rung-reached' LIMIT ?",
        house.ledger.recorder.key(house.student),
        count,
    )
    changes = []
    for _, stream, state, _ in positions:
        entry = {
            "id": str(stream if isinstance(stream, UUID) else UUID(bytes=stream)),
            "kind": "rung-reached",
            "setting_id": str(house.setting),
            "student_id": str(house.student),
            "author_id": str(house.teacher),
            **json.loads(state),
        }
        entry.pop("flags", None)
        changes.append(house.correct(entry, at=house.clock.now, anxiety=1))
    for start in range(0, len(changes), 500):
        house.ledger.record(changes[start : start + 500])
    house.runner.catch_up()


def bytes_an_entry(house: House, entries: int) -> float:
    """Bytes of the ledger an entry, indexes included, sealed texts apart."""
    if house.settings.postgres:
        with psycopg.connect(house.settings.postgres) as connection:
            row = connection.execute("SELECT pg_total_relation_size('ledger.stored_events')").fetchone()
            return row[0] / entries if row else 0.0
    house.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    sizes: Any = house.rows("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'stored_events%'")
    return float(sizes[0][0]) / entries


def run(kind: str, postgres: str, entries: int) -> dict[str, Any]:
    with house_on(kind, postgres, students=60) as house:
        recorded = fill(house, entries)
        head = house.ledger.recorder.read_head().position
        began = time.perf_counter()
        house.runner.catch_up()
        projected = head / (time.perf_counter() - began)
        began = time.perf_counter()
        house.runner.replay()
        replayed = time.perf_counter() - began
        times, seen = page(house, 200)
        disk = bytes_an_entry(house, head)
        correct_many(house, 6_000)
        after, _ = page(house, 200)
        starting = time.perf_counter()
        again = House(house.settings, house.clock, make=False)
        again.reader.positions()
        started = time.perf_counter() - starting
        again.close()
    return {
        "database": kind,
        "entries": head,
        "recorded/s (batches of 450-500)": recorded,
        "projected/s": projected,
        "replay s": replayed,
        "page entries": seen,
        "page p50 ms": percentile(times, 0.5),
        "page p99 ms": percentile(times, 0.99),
        "page p99 ms after 6,000 corrections": percentile(after, 0.99),
        "bytes an entry": disk,
        "open s": started,
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--entries", type=int, default=1_000_000)
    words.add_argument("--database", choices=("sqlite", "postgres"), action="append")
    given = words.parse_args()
    quick()
    with postgres_server() as postgres:
        rows = [run(kind, postgres, given.entries) for kind in given.database or ("sqlite", "postgres")]
        notes = (
            "Floors: 30,000 events a second, a million replayed in under 60 s, page p99 under 100 ms, 480 bytes an "
            "entry on SQLite and 580 on PostgreSQL."
        )
        turned = [
            {"what": name, **{str(row["database"]): row[name] for row in rows}}
            for name in rows[0]
            if name != "database"
        ]
        table("Project, page and disk at a million entries", turned, notes)


if __name__ == "__main__":
    main()
