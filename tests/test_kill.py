"""kill -9 of the service and of the projector under load: nothing acknowledged is lost, nothing is doubled.

AP_LEDGER_TEST_KILLS sets the number of cycles (30 if not given).
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.house import House
from tests.processes import PROGRAM, free_port, start

CYCLES = int(os.environ.get("AP_LEDGER_TEST_KILLS", "30"))
CLIENTS, ACKNOWLEDGED = 4, 200
LYING = """
from ap_ledger.persistence import writer
from ap_ledger.persistence.rows import Appended
import threading, time
honest = writer.GroupCommitWriter.submit
def submit(self, units):
    # Acknowledges at once and commits a little later, as a recorder without a sync would.
    from concurrent.futures import Future
    future = Future()
    future.set_result([Appended(1) for _ in units])
    threading.Timer(0.3, honest, (self, units)).start()
    return future
writer.GroupCommitWriter.submit = submit
from ap_ledger.cli.main import app; app()
"""


class Killed:
    """A service and a projector of their own processes over a house's databases, and what they acknowledged."""

    def __init__(self, house: House, program: str) -> None:
        self.house, self.program = house, program
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.token = house.token()
        self.environment = {"AP_LEDGER_DATA": str(house.settings.data)}
        if house.settings.postgres:
            self.environment["AP_LEDGER_DATABASE_URL"] = house.settings.postgres

    def begin(self, attempts: int = 3) -> None:
        self.port = free_port()
        self.service = start(self.program, "serve", "--no-projections", "--port", str(self.port), **self.environment)
        self.projector = start(PROGRAM, "work", **self.environment)
        # A busy machine may take its time, or give the free port to somebody else; what is tested here is what comes after.
        while True:
            if not self.service.is_alive():
                self.kill()
                assert attempts > 1, "the service did not start"
                return self.begin(attempts - 1)
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
                    connection.request("GET", "/health/live")
                    connection.getresponse().read()
                return None
            except OSError:
                # Nobody says when it listens; its end is waited for meanwhile.
                self.service.join(0.02)

    def kill(self) -> None:
        for process in (self.service, self.projector):
            process.kill()
        for process in (self.service, self.projector):
            process.join()

    def client(self, seed: int, stop: threading.Event) -> None:
        chance = random.Random(seed)
        # One that was let go on a busy machine comes again, as a phone would.
        while not stop.is_set():
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
                self.send(connection, chance, stop)

    def send(self, connection: http.client.HTTPConnection, chance: random.Random, stop: threading.Event) -> None:
        while not stop.is_set():
            entries = [
                self.house.rung(anxiety=chance.randrange(11), student=chance.choice((self.house.student, self.house.other)))
                for _ in range(chance.randrange(1, 20))
            ]
            body = json.dumps({"sent_at": datetime.now(UTC).isoformat(), "device_id": None, "entries": entries})
            try:
                connection.request("POST", "/api/v1/entries", body, {"Content-Type": "application/json", **self.token})
                answer = connection.getresponse()
                said = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                return
            with self.lock:
                for entry, result in zip(entries, said.get("results", ()), strict=False):
                    if result["status"] in ("recorded", "duplicate"):
                        self.acknowledged[entry["id"]] = entry

    def cycle(self, seed: int) -> int:
        """Starts, loads, and kills mid-request. Returns how many entries were acknowledged."""
        self.begin()
        before, stop = len(self.acknowledged), threading.Event()
        clients = [threading.Thread(target=self.client, args=(seed * 10 + n, stop)) for n in range(CLIENTS)]
        for one in clients:
            one.start()
        try:
            while len(self.acknowledged) - before < ACKNOWLEDGED:
                assert self.service.is_alive(), "the service ended by itself"
                time.sleep(0.002)
            # The kill falls at any place of what is going on then.
            time.sleep(random.Random(seed).uniform(0, 0.02))
        finally:
            self.kill()
            stop.set()
        for one in clients:
            one.join()
        return len(self.acknowledged) - before

    def wrong(self) -> list[str]:
        """What was acknowledged and is not stored exactly once with its content."""
        stored: dict[str, list[tuple[Any, ...]]] = {}
        for stream, version, student, state in self.house.rows(
            "SELECT originator_id, originator_version, student_id, state FROM stored_events WHERE topic = 'rung-reached'"
        ):
            key = str(stream if isinstance(stream, UUID) else UUID(bytes=stream))
            stored.setdefault(key, []).append((version, str(student if isinstance(student, UUID) else UUID(bytes=student)), json.loads(state)))
        found = []
        for key, entry in self.acknowledged.items():
            rows = stored.get(key, [])
            wanted = {name: entry[name] for name in ("ladder", "rung", "anxiety", "device_time")}
            if [(version, student, {name: state[name] for name in wanted}) for version, student, state in rows] != [(1, entry["student_id"], wanted)]:
                found.append(key)
        return found


@pytest.mark.timeout(1_800)
def test_nothing_acknowledged_is_lost_or_doubled_when_everything_is_killed(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database)
    killed = Killed(house, PROGRAM)
    house.runner.catch_up()
    for seed in range(CYCLES):
        assert killed.cycle(seed) >= ACKNOWLEDGED
        assert killed.wrong() == []
    positions = [row[0] for row in house.rows("SELECT position FROM stored_events ORDER BY position")]
    assert positions == list(range(1, len(positions) + 1))
    stored = sum(count for (count,) in house.rows("SELECT count(*) FROM stored_events WHERE topic = 'rung-reached'"))
    shown = sum(house.look_back(student=student)["progress"]["entries"] for student in (house.student, house.other))
    assert shown == stored >= len(killed.acknowledged) >= CYCLES * ACKNOWLEDGED


def test_the_same_harness_catches_a_recorder_that_acknowledges_before_the_commit(make_house: Callable[..., House], database: str) -> None:
    killed = Killed(make_house(database), LYING)
    killed.cycle(1)
    assert killed.wrong() != []
