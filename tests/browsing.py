"""A small setting served for real, phones and tablets enrolled in it, and what its ledger holds afterwards."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import update

from ap_ledger.bootstrap import open_installation, open_ledger
from ap_ledger.cli import demo
from ap_ledger.cli.example import Story
from ap_ledger.domain.device import EnrolDevice
from ap_ledger.domain.setting import SetCalendar, SetTimetable
from ap_ledger.domain.student import AssignMentor, ExpectStudent
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from ap_ledger.settings import read_settings
from ap_ledger.stores.accounts.store import PRESENCE
from api.core.asking import DEVICE_COOKIE, SESSION_COOKIE
from tests.chaos import Chaos, between
from tests.examples import copied
from tests.processes import serving

LONDON = ZoneInfo("Europe/London")
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en-GB", "timezone_id": "Europe/London", "reduced_motion": "reduce"}
TABLET = {"viewport": {"width": 1180, "height": 820}, "locale": "en-GB", "timezone_id": "Europe/London", "reduced_motion": "reduce", "has_touch": True}


class Recorded(NamedTuple):
    """One entry as the ledger holds it, apart from sealed words."""

    id: str
    kind: str
    student: str
    author: str
    occurred_at: datetime
    state: dict[str, Any]


class Place:
    """The setting, with a ledger of our own beside the one that serves it."""

    def __init__(self, folder: Path, url: str, chaos: Chaos, story: Story) -> None:
        self.folder, self.direct, self.chaos, self.story = folder, url, chaos, story
        installation = open_installation(read_settings(data=folder))
        self.ledger, self.accounts = installation.ledger, installation.accounts
        self.mentor, self.staff = story.mentors[0], story.staff[0]
        self.mark()

    def mark(self) -> int:
        """From here on is what `recorded` and `changes` tell."""
        self.position = self.ledger.recorder.read_head().position
        return self.position

    def device(self, kind: Any = "phone") -> tuple[UUID, str]:
        """A device that was let in, and its credential."""
        device = new_id()
        self.ledger.execute(
            EnrolDevice(id=new_id(), setting_id=self.story.setting, author_id=self.story.others["leader"], device=device, name="Test", kind=kind)
        )
        return device, self.accounts.admit_device(device)

    def cookies(self, person: UUID | None, device: UUID | None = None, credential: str = "") -> list[dict[str, Any]]:
        """What a browser holds once somebody has signed in on an enrolled device (or on a desk's browser, without one)."""
        shared = {"domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"}
        # The device's outlives a browser that dies; a sign-in does not.
        made = [{"name": DEVICE_COOKIE, "value": credential, "expires": time.time() + 30 * 86400, **shared}] if credential else []
        return made + ([{"name": SESSION_COOKIE, "value": self.accounts.begin(person, "full", device), **shared}] if person else [])

    def signed_in_since(self, device: UUID, days: int) -> None:
        """Whoever is signed in on a device has been for so many days."""
        with self.accounts._engine.begin() as connection:
            connection.execute(update(PRESENCE).where(PRESENCE.c.device_id == device.bytes).values(began_at=PRESENCE.c.began_at - days * 86_400_000_000))

    def recorded(self, *kinds: str) -> list[Recorded]:
        """The entries recorded since the mark, oldest first."""
        marks = ",".join("?" * len(kinds))
        rows = self.ledger.recorder._query(
            f"SELECT originator_id, topic, student_id, author_id, occurred_at, state FROM stored_events WHERE position > ? AND originator_version = 1 AND topic IN ({marks}) ORDER BY position",
            (self.position, *kinds),
        )
        return [
            Recorded(
                str(UUID(bytes=bytes(row[0]))), row[1], str(UUID(bytes=bytes(row[2]))), str(UUID(bytes=bytes(row[3]))),
                datetime.fromtimestamp(row[4] / 1e6, UTC), orjson.loads(row[5]),
            )
            for row in rows
        ]  # fmt: skip

    def changes(self, kind: str) -> list[str]:
        """The entries that were corrected or voided since the mark."""
        rows = self.ledger.recorder._query("SELECT originator_id FROM stored_events WHERE position > ? AND topic = ? ORDER BY position", (self.position, kind))
        return [str(UUID(bytes=bytes(row[0]))) for row in rows]

    def current(self, *kinds: str) -> list[Recorded]:
        """The entries recorded since the mark that were not taken back."""
        gone = set(self.changes("entry-voided"))
        return [one for one in self.recorded(*kinds) if one.id not in gone]


def make_place(folder: Path) -> Story:
    """An example setting of 8 students that ended last week. Its timetable holds on every day, so that tests may run on
    a Sunday."""
    settings = read_settings(data=folder)
    today = date.today()
    story = demo.make_example(settings, 8, 3, 1, today - timedelta(days=today.weekday() + 3), lambda *_: None)
    ledger = open_ledger(settings)
    body = ledger.states.setting(story.setting)
    assert body is not None
    slots = tuple(slot.model_copy(update={"weekdays": (1, 2, 3, 4, 5, 6, 7)}) for slot in body.timetable(today))
    from_then_on = {"setting_id": story.setting, "author_id": story.others["leader"], "from_date": today - timedelta(days=2)}
    ledger.execute(SetTimetable(id=new_id(), **from_then_on, slots=slots))
    # The example's half-terms are over; a calendar that names none closes no day.
    ledger.execute(SetCalendar(id=new_id(), **from_then_on))
    for child in story.children:
        for mentor in story.mentors[:2]:
            whose = {"setting_id": story.setting, "student": child.id, "author_id": story.others["leader"]}
            ledger.execute(AssignMentor(id=new_id(), person_id=mentor, from_date=today - timedelta(days=30), **whose))
        week = tuple(ExpectedDay(weekday=weekday, slots=tuple(slot.id for slot in slots)) for weekday in range(1, 8))
        ledger.execute(ExpectStudent(id=new_id(), from_date=today - timedelta(days=2), days=week, **whose))
    ledger.close()
    return story


@contextlib.contextmanager
def open_place(run: Path, folder: Path) -> Iterator[Place]:
    """A copy of that setting, served."""
    story = copied(run, f"place-{date.today()}", folder, make_place)
    with serving(folder) as url, between(url) as chaos:
        place = Place(folder, url, chaos, story)
        yield place
        place.ledger.close()


def school_day() -> str:
    """Yesterday: by then every slot of it has begun, whatever the hour at which the tests run."""
    return (datetime.now(LONDON) - timedelta(days=1)).date().isoformat()


def axe(page: Any, name: str) -> None:
    """Holds a page to WCAG 2.2 A and AA, as far as a program can tell."""
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })", AXE_TAGS)["violations"]
    told = [f"{one['id']}: {one['help']}\n" + "\n".join("   " + node["html"][:200] for node in one["nodes"][:4]) for one in found]
    assert found == [], f"{name}: " + "\n".join(told)


def until(true: Callable[[], Any], seconds: float = 25, what: str = "") -> Any:
    """Waits for something to become true, and says what did not."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, what or "it did not happen"
        time.sleep(0.1)
