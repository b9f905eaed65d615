"""Makes the example setting, and proves on it that what is shown is what was recorded."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from ap_ledger import __version__
from ap_ledger.bootstrap import Service, create_ledger, open_service
from ap_ledger.cli.common import opened
from ap_ledger.cli.example import OWN_STEPS_FOR, LivedClock, Story, live_through
from ap_ledger.cli.example_words import OTHERS
from ap_ledger.domain.report import ReleaseReport
from ap_ledger.errors import SetupError
from ap_ledger.events.moments import microseconds
from ap_ledger.kinds.items import DefinitionItem
from ap_ledger.recording.ledger import new_id
from ap_ledger.settings import Settings, read_settings
from ap_ledger.stores.accounts.accounts import Accounts
from projections.queries.instruments import half_terms
from reports.compose import Order, make_report, words_that_leave
from reports.layouts import read_layout
from reports.pack import figures_hash

RECOMPUTE = Path(__file__).with_name("recompute.py")
COMPARED = ("entries", "kinds", "outcomes", "sessions", "units", "ladders")


def make_example(
    settings: Settings, students: int, weeks: int, seed: int, until: date, report: Callable[[str, int, int], None]
) -> Story:
    """Makes a ledger that holds the example setting, with its read models."""
    create_ledger(settings)
    story = Story(students, weeks, seed, until)
    clock = LivedClock(story.moment)
    service = open_service(settings, clock)
    try:
        live_through(service.ledger, clock, story, lambda done, total: report("Recording", done, total))
        make_sign_ins(service.accounts, story)
        service.runner.catch_up(report)
        release_reports(service, story)
        service.runner.catch_up()
        # A story that is told beyond today says nothing against the clock of the machine on which it is read.
        service.ledger.memory.trust_clock()
    finally:
        service.close()
    return story


def release_reports(service: Service, story: Story) -> None:
    """Releases what a family and a commissioner see when they sign in: one child's page, and the pack of the first
    half-term."""
    ledger, reader, leader = service.ledger, service.reader, story.others["leader"]
    setting = reader.one("settings", str(story.setting))
    assert setting is not None
    term = half_terms(setting)[0]
    shared: dict[str, Any] = {
        "setting_id": story.setting,
        "first": term.first,
        "last": term.last,
        "known_at": ledger.now(),
    }
    readers: tuple[tuple[str, dict[str, Any]], ...] = (
        ("family", {"student_id": story.children[1].id}),
        ("commissioner-pack", {"commissioner_id": story.commissioners[0]}),
    )
    for layout, whose in readers:
        order = Order(read_layout(layout), **shared, **whose)
        made = make_report(reader, order, words_that_leave(order.layout), story.last_day)
        command = story.id()
        story.released.append(command)
        ledger.execute(
            ReleaseReport(
                id=command,
                setting_id=story.setting,
                author_id=leader,
                report=command,
                student=order.student_id,
                layout=order.layout.model_dump(mode="json"),
                audience=order.layout.audience,
                commissioner_id=order.commissioner_id,
                first=order.first,
                last=order.last,
                known_at=shared["known_at"],
                preset=made.preset.name,
                figures_hash=figures_hash(made),
                software=__version__,
            )
        )


PASSWORD = "a boat by the riverbank"
"""Everybody's in the example, which is served to its own machine only."""


def make_sign_ins(accounts: Accounts, story: Story) -> None:
    """An account for every role, signed in by the role's name."""
    hashed: str | None = None
    for role, person in {"mentor": story.mentors[0], "ap-staff": story.staff[0], **story.others}.items():
        hashed = accounts.set_password(person, role, PASSWORD, hashed=hashed)


def say_sign_ins(console: Console) -> None:
    """Prints how to sign in to the example."""
    names = ", ".join(["mentor", "ap-staff", *(role for _, role in OTHERS)])
    console.print(f"Sign in as one of: {names}. The password of each is: {PASSWORD}", highlight=False)


def say_how_to_look_back(console: Console, settings: Settings, last: date) -> None:
    """Prints how one student is looked at as they were known three weeks before the last day of the story."""
    place = "" if settings.postgres else f" --data {settings.data}"
    then = last - timedelta(weeks=3)
    console.print(
        "Look back over one student (the id is in the address of their page): "
        f".venv/bin/ap-ledger history STUDENT{place} --as-of {then} --known-at {then}",
        highlight=False,
        soft_wrap=True,
    )


def check_example(
    console: Console, students: int, weeks: int, seed: int, until: date, report: Callable[[str, int, int], None]
) -> int:
    """`demo --check`: the whole way once, in a temporary folder. Returns how many differences were found."""
    folder = Path(tempfile.mkdtemp(prefix="ap-ledger-check-"))
    try:
        settings = read_settings(data=folder, database_url="").model_copy(update={"database_url": None})
        story = make_example(settings, students, weeks, seed, until, report)
        # One of them climbs by small steps of their own.
        own = next(
            (child for child in story.children if child.path in OWN_STEPS_FOR), story.children[len(story.children) // 2]
        )
        chosen = [str(child.id) for child in (story.children[0], own, story.children[-1])]
        with serving(folder) as url:
            with opened(settings) as service:
                token = service.accounts.make_token(story.others["leader"], ["all"], 1)
            wrong = post_over_http(console, url, story, chosen, token)
            console.print("Replaying every projection beside the live ones ...")
            subprocess.run(
                [*program(), "replay", "--data", str(folder)], check=True, env=_environment(), stdout=subprocess.DEVNULL
            )
            wrong += compare(console, url, folder, chosen, story, token)
        return len(wrong)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def program() -> list[str]:
    """How to start `ap-ledger` with the Python that runs this."""
    return [sys.executable, "-c", "from ap_ledger.cli.main import app; app()"]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "AP_LEDGER_DATABASE_URL"}


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A service on a free port of this machine, gone at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*program(), "serve", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(60)


READY_WITHIN = 120
"""Seconds after which a service that does not come up is given up: a busy machine takes its time."""


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < until:
        try:
            get(f"{url}/health/ready")
            return
        except OSError:
            time.sleep(0.05)
    raise SetupError("The service of the example did not start. Run: ap-ledger check --data FOLDER")


def get(url: str, token: str = "") -> Any:
    """The JSON at an address."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=_bearer(token)), timeout=30) as answer:
        return json.load(answer)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def post(url: str, body: Any, token: str = "") -> Any:
    """The JSON answer to a JSON body."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **_bearer(token)}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def post_over_http(console: Console, url: str, story: Story, students: list[str], token: str) -> list[str]:
    """Posts fresh entries: some twice, some late, one with a wrong field.

    Returns what was not answered as the contract says.
    """
    now = datetime.now(UTC)

    def rung(student: str, at: datetime, name: str) -> dict[str, Any]:
        return {
            "id": str(new_id()),
            "kind": "rung-reached",
            "setting_id": str(story.setting),
            "student_id": student,
            "author_id": str(story.mentors[0]),
            "device_time": at.isoformat(),
            "ladder": {"id": "default-ladder", "version": 1},
            "rung": name,
        }

    fresh = [rung(student, now - timedelta(minutes=5), "face-to-face") for student in students]
    late = [rung(student, now - timedelta(days=9), "through-door") for student in students]
    bad = rung(students[0], now, "goes-out") | {"anxiety": 11}
    first = post(
        f"{url}/api/v1/entries", {"sent_at": now.isoformat(), "device_id": None, "entries": [*fresh, bad, *late]}, token
    )
    again = post(f"{url}/api/v1/entries", {"sent_at": now.isoformat(), "device_id": None, "entries": fresh}, token)
    got = [result["status"] for result in (*first["results"], *again["results"])]
    wanted = ["recorded"] * 3 + ["refused"] + ["recorded"] * 3 + ["duplicate"] * 3
    get(f"{url}/api/v1/students/{students[0]}/history?limit=1&min_position={first['position']}", token)
    console.print(
        f"Posted over HTTP: {len(fresh)} fresh, {len(late)} nine days late, 1 with a wrong field, and {len(fresh)} "
        f"again: {', '.join(got)}."
    )
    return [] if got == wanted else [f"answers were {got}, wanted {wanted}"]


def compare(console: Console, url: str, folder: Path, students: list[str], story: Story, token: str) -> list[str]:
    """Compares what is shown with what the database file says, now and as it was known half-way.

    Returns the differences.
    """
    half = datetime.combine(story.days[len(story.days) // 2], datetime.min.time(), UTC) + timedelta(hours=20)
    wrong: list[str] = []
    for student in students:
        for known_at in (None, half):
            ask = f"{url}/api/v1/students/{student}/history?limit=1" + (
                f"&known_at={known_at:%Y-%m-%dT%H:%M:%S}Z" if known_at else ""
            )
            shown = shown_figures(get(ask, token)["progress"])
            known = str(microseconds(known_at)) if known_at else str(2**62)
            # -I keeps even the current folder out of the recomputation's reach.
            run = subprocess.run(
                [sys.executable, "-I", str(RECOMPUTE), str(folder / "ledger.sqlite"), student, known],
                check=True,
                capture_output=True,
            )
            recomputed = json.loads(run.stdout)
            wrong += [
                f"student {student}, {name}: shown {shown[name]}, recomputed {recomputed[name]}"
                for name in COMPARED
                if shown[name] != recomputed[name]
            ]
            figures = sum(len(recomputed[name]) if isinstance(recomputed[name], dict) else 1 for name in COMPARED)
            when = f"as known on {known_at:%d %b}" if known_at else "now"
            console.print(
                f"Student {student[-6:]}, {when}: {figures} groups of figures over {recomputed['entries']} entries "
                "recomputed with sqlite3 and json."
            )
    for difference in wrong:
        console.print(f"[red]Difference:[/red] {difference}")
    return wrong


def shown_figures(progress: dict[str, Any]) -> dict[str, Any]:
    """The figures of a page in the shape of the recomputation."""
    names = ("contacts", "baseline", "latest", "highest", "sustained")
    return {
        "entries": progress["entries"],
        "kinds": progress["kinds"],
        "outcomes": {
            DefinitionItem(framework, indicator).packed(): levels
            for framework, outcome in progress["outcomes"].items()
            for indicator, levels in outcome["indicators"].items()
        },
        "sessions": {name: times for name, times in progress["sessions"].items() if name not in ("late", "minutes")},
        "units": {unit: unit_progress["status"] for unit, unit_progress in progress["units"].items()},
        "ladders": {ladder: {name: climbed[name] for name in names} for ladder, climbed in progress["ladders"].items()},
    }
