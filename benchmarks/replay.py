"""A step of the slider over a student with 100,000 entries, in a real Chromium.

.venv/bin/python benchmarks/replay.py
"""

from __future__ import annotations

import gzip
import shutil
from typing import Any

import orjson
from common import Days, house_on, percentile, postgres_server, quick, table
from playwright.sync_api import Page, sync_playwright

from ap_ledger.cli import demo
from api.core.asking import SESSION_COOKIE
from projections.queries.frames import frames
from projections.queries.history import days_at, statuses_of

ENTRIES, STEPS = 100_000, 60
STEP = """one => {
  const slider = document.querySelector('#slider'); slider.value = Math.round(slider.max * one);
  const began = performance.now(); slider.dispatchEvent(new Event('input')); void document.body.offsetHeight;
  return performance.now() - began;
}"""
DRAWN = """async () => {
  const plot = [...document.querySelectorAll('[data-figure]')].find(one => one.layout?.meta?.framework);
  const slider = document.querySelector('#slider'); slider.value = Math.round(slider.max * Math.random());
  const done = new Promise(then => plot.once('plotly_restyle', () => then(performance.now())));
  const began = performance.now(); slider.dispatchEvent(new Event('input')); return await done - began;
}"""
"""From a step of the slider until the themes are drawn as they were on that day."""


def steps_of(page: Page) -> list[float]:
    """The times of steps to here and there, as somebody who drags the slider takes them."""
    return [page.evaluate(STEP, (n * 37 % STEPS) / STEPS) / 1000 for n in range(STEPS)]


def main() -> None:
    quick()
    rows: list[dict[str, Any]] = []
    with postgres_server() as postgres, house_on("sqlite", postgres, students=1) as house:
        days = Days(house)
        days.people = [house.student]
        while days.n < ENTRIES:
            house.ledger.record(days.batch(500))
        house.runner.catch_up()
        setting = house.reader.one("settings", str(house.setting))
        assert setting is not None
        found, _, _ = days_at(house.reader, house.student, setting, house.clock.now, None)
        body = orjson.dumps(
            frames(
                house.reader,
                setting,
                found,
                statuses_of(house.reader, found),
                house.reader.newest("outcomes", house.clock.now.date()),
            )
        )
        # The session was begun by the benchmark's clock, and the service lives by the system's.
        house.clock.now = house.clock.now.now(house.clock.now.tzinfo)
        secret = house.accounts.begin(house.leader, "full")
        with demo.serving(house.settings.data) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
            context.add_cookies(
                [
                    {
                        "name": SESSION_COOKIE,
                        "value": secret,
                        "domain": "127.0.0.1",
                        "path": "/",
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "Lax",
                    }
                ]
            )
            page = context.new_page()
            page.goto(f"{url}/students/{house.student}")
            page.wait_for_selector('html[data-replay="1"]', state="attached", timeout=60_000)
            took = steps_of(page)
            # A window so tall that the drawing of the themes, which follows the slider, is in sight too.
            page.set_viewport_size({"width": 1280, "height": 2400})
            in_sight = steps_of(page)
            drawn = [page.evaluate(DRAWN) / 1000 for _ in range(STEPS)]
            browser.close()
        rows.append(
            {
                "entries": ENTRIES,
                "days": len(found),
                "frames, kB": len(body) / 1000,
                "frames, kB compressed": len(gzip.compress(body, 6)) / 1000,
                "step p50 ms": percentile(took, 0.5),
                "p95 ms": percentile(took, 0.95),
                "step, worst of 60, ms": max(took) * 1000,
                "themes in sight, p50 ms": percentile(in_sight, 0.5),
                "themes in sight, worst of 60, ms": max(in_sight) * 1000,
                "themes drawn after, p50 ms": percentile(drawn, 0.5),
                "themes drawn after, worst of 60, ms": max(drawn) * 1000,
            }
        )
    table("A step of the slider", rows, "Floors: 150 kB compressed; a step under 50 ms.")


if __name__ == "__main__":
    main()
