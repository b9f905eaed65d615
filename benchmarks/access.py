"""What asking the access table costs, for every kind of role, and what recording a look adds to a page.

Run: .venv/bin/python benchmarks/access.py
"""

from __future__ import annotations

import statistics
import time
import timeit
from typing import Any

from common import house_on, percentile, postgres_server, table

from ap_ledger.access import may

ROUNDS, EACH = 7, 5_000
LOOKS = 200


def checks(kind: str, postgres: str) -> list[dict[str, Any]]:
    """Microseconds a check, warm and with the student's stream folded anew."""
    rows = []
    with house_on(kind, postgres) as house:
        students = [house.student, house.other]
        for role in ("leader", "mentor", "family", "nobody"):
            person = house.leader if role == "leader" else house.person(role, *([role] if role != "nobody" else []))
            who = house.ledger.access_facts.who(person)
            about = house.ledger.access_facts.student(students[0])
            warm = (
                min(
                    timeit.repeat(
                        lambda who=who, about=about: may(who, "read-learning", about), number=EACH, repeat=ROUNDS
                    )
                )
                / EACH
            )
            whole = (
                min(
                    timeit.repeat(
                        lambda person=person: may(
                            house.ledger.access_facts.who(person),
                            "read-learning",
                            house.ledger.access_facts.student(students[0]),
                        ),
                        number=EACH,
                        repeat=ROUNDS,
                    )
                )
                / EACH
            )
            rows.append(
                {
                    "database": kind,
                    "role": role,
                    "the check, us": warm * 1e6,
                    "with who and whom looked up, us": whole * 1e6,
                }
            )
    return rows


def looks(kind: str, postgres: str) -> dict[str, Any]:
    """Milliseconds to record durably that somebody looked."""
    with house_on(kind, postgres) as house:
        times = []
        for _ in range(LOOKS):
            student = house.ledger.new_id()
            began = time.perf_counter()
            house.ledger.record_read("history", house.leader, house.setting, student)
            times.append(time.perf_counter() - began)
    return {"database": kind, "p50 ms": statistics.median(times) * 1e3, "p99 ms": percentile(times, 0.99)}


def main() -> None:
    """Prints both tables."""
    with postgres_server() as postgres:
        rows = [row for kind in ("sqlite", "postgres") for row in checks(kind, postgres)]
        table("A check of the access table", rows, "Floor: under 20 microseconds a check.")
        table(
            "Recording a look",
            [looks(kind, postgres) for kind in ("sqlite", "postgres")],
            "Once in ten minutes for each person, student and kind of page.",
        )


if __name__ == "__main__":
    main()
