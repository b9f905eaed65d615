"""Recording: ours through `Ledger`, raw inserts of the same bytes in the same transactions, and the stock recorder.

.venv/bin/python benchmarks/record.py [--batches 400] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from common import Days, house_on, percentile, postgres_server, quick, sync_ms, table
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from ap_ledger.persistence.erasing import ErasingProof
from ap_ledger.persistence.postgres import PostgresLedgerRecorder
from ap_ledger.persistence.sqlite import SQLiteLedgerRecorder
from tests.databases import in_database
from tests.house import House


def slowed(store: Any, milliseconds: float) -> None:
    """Adds a wait to every commit, as a slower disk would."""
    from contextlib import contextmanager

    honest = store.writing

    @contextmanager
    def writing() -> Any:
        with honest():
            yield
            time.sleep(milliseconds / 1000)

    store.writing = writing


def ours(house: House, batches: list[list[dict[str, Any]]]) -> float:
    began = time.perf_counter()
    for batch in batches:
        house.ledger.record(batch)
    return sum(map(len, batches)) / (time.perf_counter() - began)


class Raw:
    """Prepared bytes into the same schema, one transaction a batch, with the same synchronous setting."""

    def __init__(self, kind: str, postgres: str, slow: float) -> None:
        self.folder, self.slow = tempfile.TemporaryDirectory(), slow
        if kind == "sqlite":
            path = Path(self.folder.name) / "raw.sqlite"
            SQLiteLedgerRecorder.create(path, uuid4())
            self.store: Any = SQLiteLedgerRecorder(path, lambda: 0, 20_000)
        else:
            name = f"raw{time.time_ns()}"
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            PostgresLedgerRecorder.create(in_database(postgres, name), uuid4(), ErasingProof(bytes(32)).beginnings())
            self.store = PostgresLedgerRecorder(in_database(postgres, name), lambda: 0, 20_000)
        if slow:
            slowed(self.store, slow)

    def run(self, prepared: list[list[Any]]) -> float:
        # Links as long as real ones, but made by nobody: what is measured is storing them.
        head, link = self.store.read_head(), b"-" * 32
        began, count = 0.0, 0
        for n, rows in enumerate(prepared):
            after = head._replace(position=head.position + len(rows), chain=link, proof=link)
            with self.store.writing():
                self.store.append(rows, [link] * len(rows), head, after)
            head = after
            # The first group only warms up.
            began, count = (time.perf_counter(), 0) if n == 0 else (began, count + len(rows))
        speed = count / (time.perf_counter() - began)
        self.store.close()
        self.folder.cleanup()
        return speed


class RawSQLite:
    """The same for SQLite with nothing of ours in between: tuples made beforehand, `executemany`, commit."""

    def run(self, prepared: list[list[Any]], slow: float) -> float:
        import sqlite3

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "raw.sqlite"
            SQLiteLedgerRecorder.create(path, uuid4())
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("PRAGMA synchronous=FULL")
            position, groups = 0, []
            for rows in prepared:
                events, texts = [], []
                for row in rows:
                    position += 1
                    events.append(
                        (
                            position,
                            row.originator_id.bytes,
                            1,
                            row.topic,
                            1,
                            None,
                            row.setting_id.bytes,
                            row.student_id.bytes,
                            row.author_id.bytes,
                            None,
                            row.occurred_at,
                            0,
                            row.fingerprint,
                            row.sealed_hash,
                            row.state,
                            b"-" * 32,
                        )
                    )
                    texts += [
                        (position, text.retention_class, text.key_id.bytes, text.nonce, text.ciphertext)
                        for text in row.sealed
                    ]
                groups.append((events, texts))
            began = time.perf_counter()
            for events, texts in groups:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO stored_events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", events)
                connection.executemany("INSERT INTO sealed VALUES (?,?,?,?,?)", texts)
                if slow:
                    time.sleep(slow / 1000)
                connection.execute("COMMIT")
            speed = position / (time.perf_counter() - began)
            connection.close()
            return speed


def batches_of_50(kind: str, postgres: str, count: int, slow: float) -> dict[str, Any]:
    with house_on(kind, postgres) as house:
        days = Days(house)
        prepared = [
            [
                row
                for unit in house.ledger.sending.open(house.clock(), None, None, days.batch(50)).units
                for row in unit.rows
            ]
            for _ in range(count)
        ]
        raw = RawSQLite().run(prepared, slow) if kind == "sqlite" else Raw(kind, postgres, slow).run(prepared)
        if slow:
            slowed(house.ledger.recorder, slow)
        warm, batches = [days.batch(50) for _ in range(20)], [days.batch(50) for _ in range(count)]
        ours(house, warm)
        speed = ours(house, batches)
    return {
        "database": kind,
        "added to a commit, ms": slow,
        "raw inserts/s": raw,
        "through Ledger/s": speed,
        "ratio": speed / raw,
    }


def single_writers(kind: str, postgres: str, seconds: float, rounds: int, writers: int = 32) -> dict[str, Any]:
    """Stock, ours from as many threads, and ours as the service does it (one event loop), in turn, medians of the
    rounds."""
    stock, threads, loop, times = [], [], [], []
    for _ in range(rounds):
        with house_on(kind, postgres) as house:
            days = Days(house)
            pool = [days.entry() for _ in range(int(16_000 * seconds))]
            stock.append(stock_singles(kind, postgres, seconds, writers))
            threads.append(ours_in_threads(house, pool, seconds, writers))
            found, own = asyncio.run(ours_in_a_loop(house, pool, seconds, writers))
            loop.append(found)
            times += own
    middle = [statistics.median(one) for one in (stock, threads, loop)]
    return {
        "database": kind,
        "stock recorder/s": middle[0],
        "Ledger, 32 threads/s": middle[1],
        "Ledger, as the service/s": middle[2],
        "ratio, threads": middle[1] / middle[0],
        "ratio, as the service": middle[2] / middle[0],
        "p99 ms, as the service": percentile(times, 0.99),
    }


def ours_in_threads(house: House, pool: list[dict[str, Any]], seconds: float, writers: int) -> float:
    def write(_: int) -> int:
        done = 0
        while time.perf_counter() < deadline:
            house.ledger.record([pool.pop()])
            done += 1
        return done

    deadline = time.perf_counter() + seconds
    with ThreadPoolExecutor(writers) as threads:
        return sum(threads.map(write, range(writers))) / seconds


async def ours_in_a_loop(
    house: House, pool: list[dict[str, Any]], seconds: float, writers: int
) -> tuple[float, list[float]]:
    times: list[float] = []
    ledger = house.ledger

    async def write() -> int:
        done = 0
        while time.perf_counter() < deadline:
            began = time.perf_counter()
            send = ledger.sending.open(ledger.clock(), None, None, [pool.pop()])
            ledger.sending.finish(send, await asyncio.wrap_future(ledger.sending.submit(send)))
            times.append(time.perf_counter() - began)
            done += 1
        return done

    deadline = time.perf_counter() + seconds
    return sum(await asyncio.gather(*[write() for _ in range(writers)])) / seconds, times


def stock_singles(kind: str, postgres: str, seconds: float, writers: int) -> float:
    """The library's own recorder, given ready bytes of the same size."""
    from uuid import uuid4

    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            store: Any = SQLiteDatastore(str(Path(folder) / "stock.sqlite"), pool_size=40, max_overflow=10)
            recorder: Any = SQLiteApplicationRecorder(store)
        else:
            info = psycopg.conninfo.conninfo_to_dict(in_database(postgres, "postgres"))
            store = PostgresDatastore(
                dbname=str(info["dbname"]),
                host=str(info.get("host", "")),
                port=str(info.get("port", "5432")),
                user=str(info["user"]),
                password=str(info.get("password", "")),
                pool_size=8,
            )
            recorder = PostgresApplicationRecorder(store, events_table_name=f"stock{time.time_ns()}")
        recorder.create_table()
        state = b"x" * 330

        def write(_: int) -> int:
            done = 0
            while time.perf_counter() < deadline:
                recorder.insert_events([StoredEvent(uuid4(), 1, "rung-reached", state)])
                done += 1
            return done

        deadline = time.perf_counter() + seconds
        with ThreadPoolExecutor(writers) as threads:
            total = sum(threads.map(write, range(writers)))
        store.close()
    return total / seconds


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--batches", type=int, default=400)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--seconds", type=float, default=3.0)
    given = words.parse_args()
    quick()
    with postgres_server() as postgres:
        rows = []
        for kind in ("sqlite", "postgres"):
            for slow in (0.0, 1.0):
                found = [batches_of_50(kind, postgres, given.batches, slow) for _ in range(given.rounds)]
                middle = sorted(found, key=lambda row: row["ratio"])[len(found) // 2]
                rows.append({**middle, "ratio, lowest": min(row["ratio"] for row in found)})
        table(
            "Record, batches of 50, durable",
            rows,
            f"Medians of {given.rounds} rounds; one fsync takes {sync_ms():.2f} ms here. Floors: 0.25, and 0.5 with 1 "
            "ms added.",
        )
        singles = [single_writers(kind, postgres, given.seconds, given.rounds) for kind in ("sqlite", "postgres")]
        table("Record, 32 concurrent single writers", singles, "Floor: twice the stock recorder.")


if __name__ == "__main__":
    main()
