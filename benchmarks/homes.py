"""The first page, the list of students and the search box in a setting of 600 students and 60 staff.

.venv/bin/python benchmarks/homes.py [--students 600] [--weeks 12] [--times 15]
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import uuid_utils
from common import INDICATORS, house_on, quick, table

from tests.house import LADDER, House

RUNGS = (
    "no-contact", "carer-only", "through-door", "face-to-face", "shares-space", "goes-out", "reaches-site",
    "on-site-one-to-one", "part-session", "whole-session-supported",
)  # fmt: skip
FIRST = date(2026, 1, 12)
STAFF = 60
WHOLE_DAYS = 10
"""On so many of the last days sessions were attested and slots scored as well."""


def entries(house: House, weeks: int) -> list[dict[str, Any]]:
    """A contact for every student on every school day, and whole days at the end."""
    random, made = Random(1), []
    days = [day for n in range(weeks * 7) if (day := FIRST + timedelta(days=n)).isoweekday() <= 5]
    for student in house.students:  # type: ignore[attr-defined]
        place = random.randrange(len(RUNGS))
        for day in days:
            place = min(len(RUNGS) - 1, max(0, place + random.choice((-1, 0, 0, 1))))
            at = datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)
            common = {
                "setting_id": str(house.setting),
                "student_id": str(student),
                "author_id": str(house.teacher),
                "device_time": at.isoformat(),
            }
            made.append(
                {
                    **common,
                    "id": str(uuid_utils.uuid7()),
                    "kind": "rung-reached",
                    "ladder": LADDER,
                    "rung": RUNGS[place],
                }
            )
            if place <= 6:
                visit = {"kind": "visit-logged", "effort": "attempted", "channel": "in-person", "minutes": 20}
                later = {"device_time": (at + timedelta(minutes=10)).isoformat()}
                made.append({**common, "id": str(uuid_utils.uuid7()), **visit, **later})
            if day not in days[-WHOLE_DAYS:]:
                continue
            came = {"actual_start": at.isoformat()} if place > 6 else {}
            made.append(
                {
                    **common,
                    "id": str(uuid_utils.uuid7()),
                    "kind": "session-attended",
                    "planned_start": at.isoformat(),
                    "planned_end": (at + timedelta(hours=3)).isoformat(),
                    **came,
                }
            )
            made += [
                {
                    **common,
                    "id": str(uuid_utils.uuid7()),
                    "kind": "outcome-scored",
                    "session": {"date": day.isoformat(), "slot": "lesson"},
                    "framework": {"id": "every-child-matters", "version": 1},
                    "indicator": indicator,
                    "level": random.getrandbits(1),
                    "informant": "teacher",
                    "set_by": "person",
                }
                for indicator in INDICATORS[:5]
                if place > 6
            ]
    return sorted(made, key=lambda entry: entry["device_time"])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--students", type=int, default=600)
    words.add_argument("--weeks", type=int, default=12)
    words.add_argument("--times", type=int, default=15)
    asked = words.parse_args()
    quick()
    last = FIRST + timedelta(days=7 * asked.weeks - 3)
    now = datetime(last.year, last.month, last.day, 11, tzinfo=UTC)
    with house_on("sqlite", "", students=asked.students, now=now) as house:
        for n in range(STAFF):
            house.person(f"Staff {n}", "ap-staff" if n % 2 else "mentor")
        told = entries(house, asked.weeks)
        for start in range(0, len(told), 500):
            house.ledger.record(told[start : start + 500])
        house.runner.catch_up()
        leader, teacher = house.browser(), house.browser(house.teacher)
        pages = {
            "first page of a leader": lambda: leader.get("/"),
            "its wall, narrowed down": lambda: leader.get("/?only=away"),
            "first page of staff": lambda: teacher.get("/"),
            "list of students": lambda: leader.get("/students"),
            "search": lambda: leader.post("/search", data={"q": "s59"}),
        }
        rows: list[dict[str, Any]] = []
        for name, ask in pages.items():
            ask()
            took = []
            for _ in range(asked.times):
                began = time.perf_counter()
                answer = ask()
                took.append(1000 * (time.perf_counter() - began))
                assert answer.status_code == 200, answer.text
            size = len(gzip.compress(answer.content, 6)) / 1000
            rows.append(
                {"page": name, "quickest ms": min(took), "median ms": statistics.median(took), "kB packed": size}
            )
    entries_told = f"{asked.students} students, {STAFF} staff, {len(told):,} entries over {asked.weeks} weeks."
    table("First pages of a large setting", rows, entries_told)


if __name__ == "__main__":
    main()
