"""What leaders and commissioners wait for, on a ledger of ten million entries: a page, the slider's frames, an
overview, reports, start.

.venv/bin/python benchmarks/evidence.py [--entries 10000000] [--database sqlite]
"""

from __future__ import annotations

import argparse
import gzip
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from common import house_on, percentile, postgres_server, quick, table
from project import START, fill, page
from rich.progress import track

from ap_ledger.cli.demo import program
from ap_ledger.events.moments import local_day, microseconds, moment
from ap_ledger.settings import read_settings
from projections.queries.clocks import clocks
from projections.queries.frames import frames
from projections.queries.history import days_at, statuses_of
from projections.queries.overview import overview
from reports.compose import Order, make_report
from reports.html import as_html
from reports.layouts import read_layout
from reports.pdf import as_pdf
from tests.house import Clock, House

ROUNDS = 20


def timed(do: Any, rounds: int = ROUNDS) -> list[float]:
    """The times of some runs, after one that warms up."""
    do()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    return times


def start_seconds(house: House) -> float:
    """From starting the program until it answers that it is ready, the median of three."""
    found = []
    for _ in range(3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        more = ["--database-url", house.settings.postgres] if house.settings.postgres else []
        command = [*program(), "serve", "--data", str(house.settings.data), "--port", str(port), *more]
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5)
                break
            except OSError:
                time.sleep(0.02)
        found.append(time.perf_counter() - began)
        process.terminate()
        process.wait(20)
    return sorted(found)[1]


@contextmanager
def made_before(folder: Path) -> Iterator[House]:
    """The house of an earlier run that was stopped, so that its millions need not be recorded again."""
    house = House(read_settings(data=folder).model_copy(update={"database_url": None}), Clock(START), make=False)
    house.clock.now = moment(house.ledger.recorder.read_head().recorded_at)
    house.setting = UUID(house.reader.whole("settings")[0]["id"])
    names = {one["name"]: UUID(one["id"]) for one in house.reader.everyone({"id": str(house.setting)})}
    house.student = names["Ash H"]
    house.runner.catch_up()
    yield house
    house.close()


def run(kind: str, postgres: str, entries: int, pdfs: int, folder: Path | None) -> dict[str, Any]:
    with made_before(folder) if folder else house_on(kind, postgres, students=60) as house:
        recorded = projected = float("nan")
        if folder is None:
            recorded = fill(house, entries)
            began = time.perf_counter()
            house.runner.catch_up()
            projected = house.ledger.recorder.read_head().position / (time.perf_counter() - began)
        reader, now = house.reader, house.clock.now
        setting = reader.one("settings", str(house.setting))
        assert setting is not None
        students = reader.everyone(setting)
        times, seen = page(house, 100)
        days, _, _ = days_at(reader, house.student, setting, now, None)
        last = max(day for day, _ in days)
        # The latest of what was recorded lies in the past of the benchmark's clock, so that is the day from which it
        # looks.
        ends = house.clock.now.fromisoformat(f"{last}T17:00:00+00:00")

        def frame() -> bytes:
            some, _, _ = days_at(reader, house.student, setting, now, None)
            return orjson.dumps(
                frames(reader, setting, some, statuses_of(reader, some), reader.newest("outcomes", now.date()))
            )

        frame_times = timed(frame, 5)
        frame_bytes = len(gzip.compress(frame(), 6))
        overview_times = timed(lambda: overview(reader, setting, students, ends))
        clock_times = timed(lambda: clocks(reader, setting, students, ends), 10)
        to = local_day(microseconds(ends), setting["time_zone"])
        shared: dict[str, Any] = {"setting_id": house.setting, "first": to - timedelta(weeks=6), "last": to}

        def made(layout: str, **whose: Any) -> Any:
            return make_report(reader, Order(read_layout(layout), **shared, **whose), lambda *_: True, to)

        one = timed(lambda: as_html(made("review-pack", student_id=house.student)), 10)
        ordinary = UUID(next(student["id"] for student in students if str(student["name"]).startswith("S")))
        usual = timed(lambda: as_html(made("review-pack", student_id=ordinary)), 10)
        group = timed(lambda: as_html(made("commissioner-pack")), 3)
        began = time.perf_counter()
        for n in track(range(pdfs), description="PDFs", disable=not sys.stdout.isatty()):
            as_pdf(made("review-pack", student_id=UUID(students[n % len(students)]["id"])))
        printed = time.perf_counter() - began
        started = start_seconds(house)
    return {
        "database": kind,
        "entries": entries,
        "recorded/s": recorded,
        "projected/s": projected,
        "page entries": seen,
        "page p50 ms": percentile(times, 0.5),
        "page p99 ms": percentile(times, 0.99),
        "frames made, p50 ms": percentile(frame_times, 0.5),
        "frames, kB compressed": frame_bytes / 1000,
        "overview p50 ms": percentile(overview_times, 0.5),
        "overview p99 ms": percentile(overview_times, 0.99),
        "clocks p50 ms": percentile(clock_times, 0.5),
        "review pack as HTML, 100,000 entries, p50 ms": percentile(one, 0.5),
        "the same, another student, p50 ms": percentile(usual, 0.5),
        "pack of the whole setting as HTML, p50 ms": percentile(group, 0.5),
        f"{pdfs} student PDFs, s": printed,
        "start until ready, s": started,
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--entries", type=int, default=10_000_000)
    words.add_argument("--pdfs", type=int, default=200)
    words.add_argument("--database", choices=("sqlite", "postgres"), action="append")
    words.add_argument("--data", type=Path, help="a data folder that an earlier run left behind")
    given = words.parse_args()
    quick()
    with postgres_server() as postgres:
        rows = [
            run(kind, postgres, given.entries, given.pdfs, given.data)
            for kind in given.database or ("sqlite", "postgres")
        ]
    turned = [
        {"what": name, **{str(row["database"]): row[name] for row in rows}} for name in rows[0] if name != "database"
    ]
    notes = (
        "Floors: page p99 100 ms, overview 200 ms, frames 150 kB, a report as HTML 0.5 s, 200 student PDFs 60 s, "
        "ready in 2 s."
    )
    table(f"Evidence at {given.entries:,} entries", turned, notes)


if __name__ == "__main__":
    main()
