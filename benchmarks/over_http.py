"""Recording over HTTP: 8 clients, batches of 50, clients and service on the same cores.

.venv/bin/python benchmarks/over_http.py [--seconds 6] [--rounds 3]
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

from common import ROOT, Days, house_on, percentile, postgres_server, table

CLIENTS, SIZE = 8, 50


def client(port: int, token: str, bodies: list[bytes], seconds: float, answers: Any) -> None:
    """Sends its bodies one after another and says how long each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times: list[float] = []
    began = time.perf_counter()
    recorded = 0
    for body in bodies:
        if time.perf_counter() - began > seconds:
            break
        start = time.perf_counter()
        connection.request(
            "POST", "/api/v1/entries", body, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        )
        answer = connection.getresponse().read()
        times.append(time.perf_counter() - start)
        recorded += answer.count(b'"recorded"')
    assert recorded, "the service recorded nothing, so there is nothing to measure"
    answers.put((recorded, time.perf_counter() - began, times))


def once(kind: str, postgres: str, seconds: float) -> tuple[float, list[float]]:
    """Entries recorded a second, and the time of every request."""
    with house_on(kind, postgres, now=datetime.now(UTC)) as house:
        days = Days(house)
        sent_at = datetime.now(UTC).isoformat()
        token = house.accounts.make_token(house.leader, ["record"], 365)
        enough = int(seconds * 40_000 / SIZE / CLIENTS)
        bodies = [
            [
                json.dumps({"sent_at": sent_at, "device_id": None, "entries": days.batch(SIZE)}).encode()
                for _ in range(enough)
            ]
            for _ in range(CLIENTS)
        ]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "AP_LEDGER_DATA": str(house.settings.data)}
        if house.settings.postgres:
            environment["AP_LEDGER_DATABASE_URL"] = house.settings.postgres
        command = [
            sys.executable,
            "-c",
            "from ap_ledger.cli.main import app; app()",
            "serve",
            "--no-projections",
            "--port",
            str(port),
        ]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            for _ in range(400):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            answers: Any = multiprocessing.Queue()
            clients = [
                multiprocessing.Process(target=client, args=(port, token, bodies[n], seconds, answers))
                for n in range(CLIENTS)
            ]
            for one in clients:
                one.start()
            found = [answers.get(timeout=seconds + 60) for _ in clients]
            for one in clients:
                one.join()
        finally:
            server.terminate()
            server.wait(10)
    took = max(took for _, took, _ in found)
    return sum(recorded for recorded, _, _ in found) / took, [one for _, _, times in found for one in times]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=6.0)
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args()
    rows = []
    with postgres_server() as postgres:
        for kind in ("sqlite", "postgres"):
            found = [once(kind, postgres, given.seconds) for _ in range(given.rounds)]
            times = [one for _, own in found for one in own]
            speeds = [speed for speed, _ in found]
            rows.append(
                {
                    "database": kind,
                    "entries/s": statistics.median(speeds),
                    "lowest": min(speeds),
                    "p50 ms": percentile(times, 0.5),
                    "p99 ms": percentile(times, 0.99),
                }
            )
    table(
        "HTTP, batches of 50 from 8 clients",
        rows,
        "Floors: 10,000 entries a second, p99 under 150 ms. The clients share the cores with the service.",
    )


if __name__ == "__main__":
    main()
