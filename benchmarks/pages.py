"""Pages: how long the service takes to answer with each page that a leader opens, of the example setting.

.venv/bin/python benchmarks/pages.py [--times 40] [--students 8]
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from common import table

from tests.browsing import Place, open_place

PAGES = {
    "home": "/",
    "students": "/students",
    "student": "/students/{student}",
    "story": "/students/{student}/story",
    "diary": "/students/{student}/entries",
    "replay": "/students/{student}/frames",
    "two times": "/students/{student}/compare",
    "learning": "/students/{student}/learning",
    "contact": "/contact",
    "clocks": "/clocks",
    "sessions": "/sessions",
    "people": "/people",
    "held": "/held",
    "audit": "/audit",
    "reports": "/reports",
    "frameworks": "/frameworks",
}
"""What is opened, by its name here. A page that is not there is said so and not measured."""


def opened(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[int, int, float]:
    """The status of an answer, its bytes, and the milliseconds until all of it was there."""
    began = time.perf_counter()
    connection.request("GET", address, headers={"Cookie": cookie, "Accept": "text/html"})
    answer = connection.getresponse()
    size = len(answer.read())
    return answer.status, size, 1000 * (time.perf_counter() - began)


def measured(place: Place, times: int) -> list[dict[str, object]]:
    """The quickest and the middle time of each page, in milliseconds."""
    leader = place.story.others["leader"]
    cookie = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in place.cookies(leader))
    connection = http.client.HTTPConnection(urlsplit(place.direct).netloc, timeout=60)
    rows: list[dict[str, object]] = []
    for name, pattern in PAGES.items():
        address = pattern.format(student=place.story.children[0].id)
        status, size, _ = opened(connection, address, cookie)
        if status != 200:
            rows.append({"page": name, "quickest ms": f"answers {status}"})
            continue
        took = [opened(connection, address, cookie)[2] for _ in range(times)]
        middle = statistics.median(took)
        rows.append({"page": name, "quickest ms": min(took), "median ms": middle, "kB": round(size / 1000)})
    return rows


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--times", type=int, default=40)
    words.add_argument("--students", type=int, default=8)
    asked = words.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ap-ledger-pages-"))
    try:
        with open_place(folder / "data", asked.students) as place:
            rows = measured(place, asked.times)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table("Pages of the example setting", rows)


if __name__ == "__main__":
    main()
