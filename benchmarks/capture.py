"""How long a person takes: a visit on a phone and a grid on a tablet, at 1.2 seconds a tap; and how fast the app
answers a tap.

Run with .venv/bin/python benchmarks/capture.py (needs Chromium). Taps are counted by the page itself; what the app
takes to answer is measured, and 1.2 seconds are added for every tap, the time in which somebody finds the next place
and hits it.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from ap_ledger.recording.boxes import public_key, unboxed  # noqa: E402
from tests.browsing import PHONE, TABLET, Place, open_place, school_day, until  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402
from tests.test_capture import sealed  # noqa: E402
from tests.test_capture_offline import all_sent, ready  # noqa: E402

TAP = 1.2
STUDENTS, INDICATORS, EXCEPTIONS = 8, 10, 12


class Person:
    """Somebody who taps once every 1.2 seconds, and waits where the app is slower."""

    def __init__(self, page: Any) -> None:
        self.page, self.taps, self.waited = page, 0, 0.0

    def tap(self, where: str, then: str = "") -> None:
        began = time.perf_counter()
        self.page.dispatch_event(where, "click") if not where.startswith("key:") else self.page.keyboard.press(
            where[4:]
        )
        if then:
            self.page.wait_for_selector(then)
        self.taps += 1
        self.waited += max(0.0, time.perf_counter() - began - TAP)

    @property
    def seconds(self) -> float:
        return self.taps * TAP + self.waited


def app(browser: Any, place: Place, kind: Any, path: str, person: Any) -> Any:
    device, credential = place.device(kind)
    context = browser.new_context(**(PHONE if kind == "phone" else TABLET))
    context.add_cookies(place.cookies(person, device, credential))
    page = context.new_page()
    page.goto(place.direct + path)
    ready(page)
    return page


def a_visit(page: Any, place: Place, child: int, more: bool) -> Person:
    person = Person(page)
    student = place.story.children[child].id
    person.tap(f"#student-{student}", "#rung-shares-space")
    person.tap("#rung-through-door", "#toast >> text=through a door")
    if more:
        person.tap("#rung-shares-space", "#toast >> text=Shares a space")
    person.tap("#minutes-20", "#toast >> text=20 minutes")
    person.tap("#face-4", "#toast >> text=Good")
    if more:
        person.tap("#channel-phone", "#toast >> text=Phone")
    return person


def filled(page: Any, number: int) -> None:
    until(
        lambda: (
            page.evaluate(
                f"[...document.querySelectorAll('.cell')].filter(one => one.dataset.column < {INDICATORS} && "
                "one.dataset.look !== 'open').length"
            )
            >= number
        )
    )


def exceptions(person: Person) -> None:
    for n in range(EXCEPTIONS):
        person.tap(f'.cell[data-row="{n % STUDENTS}"][data-column="{(3 * n) % INDICATORS}"]')
        person.tap('.key[data-value="0"]')


def a_grid(page: Any, how: str) -> Person:
    person = Person(page)
    if how == "everyone here, then exceptions":
        person.tap("#everyone")
        for _ in range(INDICATORS):
            person.tap('.key[data-value="1"]')
        person.tap("#everyone")
        exceptions(person)
    elif how == "all seen row by row, then exceptions":
        for row in range(STUDENTS):
            person.tap(f".sheet tbody tr:nth-child({row + 1}) .all-seen", f'.cell[data-row="{row}"][data-look="level"]')
        exceptions(person)
    elif how == "same as last slot, then exceptions":
        person.tap("#same")
        filled(page, STUDENTS * INDICATORS - EXCEPTIONS)
        exceptions(person)
    elif how == "cell by cell, by touch":
        for row in range(STUDENTS):
            person.tap(f'.cell[data-row="{row}"][data-column="0"]')
            for _ in range(INDICATORS):
                person.tap('.key[data-value="1"]')
    filled(page, STUDENTS * INDICATORS)
    return person


def a_tap(page: Any, rate: int) -> list[int]:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
    took = []
    for n in range(40):
        if n % 8 == 0:
            page.click("#another")
        page.evaluate("document.querySelector('#toast').hidden = true")
        page.click(f".rung >> nth={n % 12}")
        page.wait_for_selector("#toast:not([hidden])")
        took.append(int(page.get_attribute("#toast", "data-took")))
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return sorted(took)


def a_score(page: Any, rate: int) -> list[int]:
    """What 40 taps on a key of the grid take until each is saved, in milliseconds."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    took = []
    for _ in range(40):
        before = page.evaluate("document.querySelectorAll('.cell[data-look=level]').length")
        page.evaluate("document.querySelector('#toast').hidden = true")
        page.click('.key[data-value="1"]')
        page.wait_for_selector("#toast:not([hidden])")
        until(
            lambda before=before: page.evaluate("document.querySelectorAll('.cell[data-look=level]').length") > before
        )
        took.append(int(page.get_attribute("#toast", "data-took")))
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return sorted(took)


def bytes_of(browser: Any, place: Place) -> int:
    device, credential = place.device()
    context = browser.new_context(**PHONE)
    context.add_cookies(place.cookies(place.mentor, device, credential))
    page, loaded = context.new_page(), []
    page.on("response", lambda answer: loaded.append((answer.url, answer.request.sizes()["responseBodySize"])))
    page.goto(f"{place.direct}/visit")
    ready(page)
    return sum(size for url, size in loaded if "/api/" not in url)


def opening(place: Place, number: int = 1000) -> float:
    key = public_key(place.ledger.keyring, place.story.setting)
    entry = {"id": "01a15d79-6800-7000-8000-000000000000", "kind": "note-written", "text": "x" * 200}
    boxes = [sealed(key, entry) for _ in range(number)]
    began = time.perf_counter()
    for box in boxes:
        assert unboxed(place.ledger.keyring, box) == entry
    return (time.perf_counter() - began) / number * 1000


def main() -> None:
    """Plays, and prints the table."""
    day = school_day()
    lines: list[tuple[str, str]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_place(Path(folder), Path(folder) / "data") as place,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = app(browser, place, "phone", "/visit", place.mentor)
        for words, more in (
            ("student, rung, minutes, face", False),
            ("the same with a second rung and another channel", True),
        ):
            found = [a_visit(page, place, n, more) for n in range(3 + 3 * more, 5 + 3 * more)]
            lines.append((f"a visit: {words}", f"{found[0].taps} taps, {max(one.seconds for one in found):.1f} s"))
        for rate in (1, 4):
            took = a_tap(page, rate)
            lines.append(
                (
                    f"a tap to saved, processor {rate} times slower",
                    f"p50 {statistics.median(took):.0f} ms, worst of {len(took)} {took[-1]} ms",
                )
            )
        all_sent(page)
        for slot, how in (
            ("lesson-1", "everyone here, then exceptions"),
            ("lesson-2", "same as last slot, then exceptions"),
            ("lesson-4", "all seen row by row, then exceptions"),
            ("lesson-3", "cell by cell, by touch"),
        ):
            page = app(browser, place, "tablet", f"/sessions?on={day}&slot={slot}", place.staff)
            person = a_grid(page, how)
            lines.append(
                (f"a grid of {STUDENTS} by {INDICATORS}: {how}", f"{person.taps} taps, {person.seconds:.1f} s")
            )
            all_sent(page)
        page = app(browser, place, "tablet", f"/sessions?on={day}&slot=tutor", place.staff)
        for rate in (1, 4):
            took = a_score(page, rate)
            lines.append(
                (
                    f"a score on the grid to saved, processor {rate} times slower",
                    f"p50 {statistics.median(took):.0f} ms, worst of {len(took)} {took[-1]} ms",
                )
            )
        all_sent(page)
        page = app(browser, place, "tablet", f"/sessions?on={day}&slot=wellbeing", place.staff)
        page.focus('.cell[tabindex="0"]')
        began, keys = time.perf_counter(), 0
        for _row in range(STUDENTS):
            for _ in range(len(page.query_selector_all(".sheet tbody tr:first-child .cell"))):
                page.keyboard.press("1")
                keys += 1
        until(lambda: page.evaluate("document.querySelectorAll('.cell[data-look=open]').length") == 0)
        lines.append(
            (
                f"a grid by keyboard, {keys} digits as fast as they come",
                f"{(time.perf_counter() - began) / keys * 1000:.0f} ms a digit",
            )
        )
        lines.append(("first load of the phone app, compressed", f"{bytes_of(browser, place) / 1000:.0f} kB"))
        lines.append(("opening a box on the service", f"{opening(place):.2f} ms"))
        browser.close()
    width = max(len(what) for what, _ in lines)
    print("\n".join(f"{what:<{width}}  {said}" for what, said in lines))
    out = ROOT / "benchmarks" / "results"
    out.mkdir(exist_ok=True)
    (out / "capture.json").write_text(json.dumps(dict(lines), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
