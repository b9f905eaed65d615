"""A small house for tests: one setting, two students, two people, and short words for what happens there."""

from __future__ import annotations

import atexit
import functools
import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import UUID

from fastapi import FastAPI
from fastapi.testclient import TestClient

from ap_ledger.bootstrap import create_ledger, open_service
from ap_ledger.domain.erasure import ShredKey
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.person import AddPerson, GrantRole
from ap_ledger.domain.results import Receipt, Result
from ap_ledger.domain.setting import OpenSetting, SetTimetable
from ap_ledger.domain.student import AdmitStudent, ExpectStudent, IdentifyStudent, StartPlacement
from ap_ledger.events.setting import Slot
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from ap_ledger.settings import Settings, read_settings
from api import create_app
from api.core.asking import SESSION_COOKIE
from frameworks import shipped_definitions
from projections.queries.history import history
from tests.databases import make_database, name_in

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
ORIGIN = "http://127.0.0.1:8000"
SLOTS = (("lesson", "lesson", time(9), time(10)), ("break", "break", time(10), time(10, 20)), ("lunch", "lunch", time(12), time(12, 40)))
LADDER = {"id": "default-ladder", "version": 1}
ECM = {"id": "every-child-matters", "version": 1}
STEPS = {"id": "everyday-steps", "version": 1}


class Clock:
    """A clock that says what it is told."""

    def __init__(self, now: datetime = FRIDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def settings_for(kind: str, folder: Path, postgres: str | None, **more: Any) -> Settings:
    """Settings of a fresh place: a folder, or a database of its own on the test server."""
    if kind == "sqlite":
        return read_settings(data=folder, **more).model_copy(update={"database_url": None, "keyring_url": None})
    assert postgres is not None
    return read_settings(data=folder, database_url=make_database(postgres), **more)


class House:
    """A ledger with one setting in it, and its read models."""

    def __init__(self, settings: Settings, clock: Clock | None = None, make: bool = True) -> None:
        self.settings, self.clock = settings, clock or Clock()
        if make:
            create_ledger(settings)
        self.service = open_service(settings, self.clock)
        self.ledger, self.accounts, self.drafts = self.service.ledger, self.service.accounts, self.service.drafts
        self.proposals, self.ways_in, self.jobs = self.service.proposals, self.service.ways_in, self.service.jobs
        self.views, self.runner, self.reader = self.service.views, self.service.runner, self.service.reader

    @classmethod
    def furnished(cls, kind: str, folder: Path, postgres: str | None = None, clock: Clock | None = None, **more: Any) -> Self:
        """A copy of a furnished house. All copies are the same ledger; a test of two ledgers makes the other one anew."""
        model = _model(kind, postgres)
        shutil.copytree(model.settings.data, folder)
        url = make_database(postgres, name_in(model.settings.postgres or "")) if postgres else None
        house = cls(read_settings(data=folder, database_url=url, **more), clock, make=False)
        vars(house).update(model.ids)
        return house

    def furnish(self) -> Self:
        """Opens the setting, publishes what ships, adds two people and two students."""
        now, self.clock.now = self.clock.now, datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
        self.setting, self.mentor, self.teacher = new_id(), new_id(), new_id()
        run = self.ledger.execute
        run(OpenSetting(id=new_id(), setting_id=self.setting, name="Riverbank"))
        slots = tuple(Slot(id=name, label=name, kind=kind, starts=a, ends=b) for name, kind, a, b in SLOTS)
        run(SetTimetable(id=new_id(), setting_id=self.setting, from_date=date(2026, 1, 1), slots=slots))
        self.leader = new_id()
        for person, name, role in ((self.mentor, "Hazel", "mentor"), (self.teacher, "Birch", "ap-staff"), (self.leader, "Juniper", "leader")):
            run(AddPerson(id=new_id(), setting_id=self.setting, person_id=person, name=name))
            self.grant(person, role)
        for authored in shipped_definitions():
            run(PublishFramework(id=new_id(), setting_id=self.setting, definition=dict(authored)))
        self.student, self.other = self.admit("Ash", "Heron"), self.admit("Kit", "Otter")
        self.clock.now = now
        return self

    def admit(self, given: str, family: str) -> UUID:
        """A placed student, expected in every slot."""
        student, run = new_id(), self.ledger.execute
        whose: dict[str, Any] = {"setting_id": self.setting, "student": student, "author_id": self.teacher}
        run(AdmitStudent(id=new_id(), on=date(2026, 1, 5), **whose))
        run(IdentifyStudent(id=new_id(), given_name=given, family_name=family, **whose))
        run(StartPlacement(id=new_id(), placement_id=new_id(), start=date(2026, 1, 5), **whose))
        days = tuple(ExpectedDay(weekday=n, slots=tuple(slot[0] for slot in SLOTS)) for n in range(1, 6))
        run(ExpectStudent(id=new_id(), from_date=date(2026, 1, 5), days=days, **whose))
        return student

    def grant(self, person: UUID, role: Any, setting: UUID | None = None, **more: Any) -> UUID:
        """A role from long ago on, in the house's setting or another."""
        grant = new_id()
        about = {"setting_id": setting or self.setting, "person_id": person, "grant_id": grant, "role": role, "from_date": date(2026, 1, 1)}
        self.ledger.execute(GrantRole(id=new_id(), **about, **more))
        return grant

    def person(self, name: str, *roles: Any, setting: UUID | None = None, **more: Any) -> UUID:
        """Somebody new, with roles."""
        person = new_id()
        self.ledger.execute(AddPerson(id=new_id(), setting_id=setting or self.setting, person_id=person, name=name))
        for role in roles:
            two = {"author_id": self.leader, "approved_by": self.teacher} if role in ("dsl", "deputy-dsl") else {}
            self.grant(person, role, setting, **two, **more)
        return person

    def erasing(self, kept: Any = "learning", rule: str = "asked") -> dict[str, Any]:
        """What every erasure of the house's student says: two people, a class and a rule."""
        return {
            "setting_id": self.setting,
            "student": self.student,
            "author_id": self.teacher,
            "approved_by": self.leader,
            "retention_class": kept,
            "rule": rule,
        }

    def shred(self, kept: Any = "learning", student: UUID | None = None, rule: str = "asked", **more: Any) -> None:
        """Erases a class of a student's record, as two people."""
        self.ledger.execute(ShredKey(id=new_id(), **{**self.erasing(kept, rule), "student": student or self.student, **more}))

    def app(self, **more: Any) -> FastAPI:
        """The web face of this house."""
        return create_app(self.service, **more)

    def browser(self, person: UUID | None = None, app: FastAPI | None = None, kind: str = "full", device: UUID | None = None, **more: Any) -> TestClient:
        """A browser in which somebody (the leader, if nobody is named) is signed in. Use it in a `with` to start the service."""
        made = TestClient(app or self.app(), base_url=ORIGIN, headers={"origin": ORIGIN}, raise_server_exceptions=False, **more)
        made.cookies.set(SESSION_COOKIE, self.accounts.begin(person or self.leader, kind, device))
        return made

    def token(self, person: UUID | None = None, *scopes: str) -> dict[str, str]:
        """The header of a program that acts for somebody (the leader, if nobody is named)."""
        return {"authorization": f"Bearer {self.accounts.make_token(person or self.leader, scopes or ('all',), 365)}"}

    def stranger(self, app: FastAPI | None = None) -> TestClient:
        """A browser in which nobody is signed in."""
        return TestClient(app or self.app(), base_url=ORIGIN, headers={"origin": ORIGIN}, raise_server_exceptions=False)

    def take_back(self, client: TestClient) -> None:
        """Staff take the tablet back."""
        self.accounts.hand_over(client.cookies[SESSION_COOKIE], None)

    # Words for entries --------------------------------------------------------------------------------------------

    def entry(self, kind: str, at: datetime = MONDAY, student: UUID | None = None, **fields: Any) -> dict[str, Any]:
        """An entry as a client would post it."""
        common = {"id": str(new_id()), "kind": kind, "setting_id": str(self.setting), "student_id": str(student or self.student)}
        return {**common, "author_id": str(self.mentor), "device_time": at.isoformat(), **fields}

    def rung(self, rung: str = "through-door", at: datetime = MONDAY, **fields: Any) -> dict[str, Any]:
        return self.entry("rung-reached", at, ladder=LADDER, rung=rung, **fields)

    def outcome(self, indicator: str = "joined-in", level: Any = 1, slot: str | None = "lesson", day: date = date(2026, 3, 2), **fields: Any) -> dict[str, Any]:
        session = {"session": {"date": day.isoformat(), "slot": slot}} if slot else {}
        at = datetime.combine(day, time(9, 30), UTC)
        said = {"level": level} if level is not None else {"missing": fields.pop("missing", "not-observed")}
        return self.entry("outcome-scored", at, framework=ECM, indicator=indicator, informant="teacher", **said, **session, **fields)

    def note(self, text: str = "said hello", kept: str = "learning", at: datetime = MONDAY, **fields: Any) -> dict[str, Any]:
        return self.entry("note-written", at, retention_class=kept, text=text, **fields)

    def unit(self, unit: str = "bus-stop", status: str = "introduced", at: datetime = MONDAY, **fields: Any) -> dict[str, Any]:
        return self.entry("unit-progressed", at, curriculum=STEPS, unit=unit, status=status, **fields)

    def correct(self, entry: dict[str, Any], at: datetime = TUESDAY, **changed: Any) -> dict[str, Any]:
        about = {"entry_id": entry["id"], "replacement": {**entry, **changed}, "reason_code": "mistake", "reason": "wrong box"}
        return self.entry("entry-corrected", at, UUID(entry["student_id"]), **about)

    def void(self, entry: dict[str, Any], at: datetime = TUESDAY) -> dict[str, Any]:
        return self.entry("entry-voided", at, UUID(entry["student_id"]), entry_id=entry["id"], reason_code="wrong-student")

    # What happens -------------------------------------------------------------------------------------------------

    def record(self, *entries: dict[str, Any], at: datetime | None = None, **send: Any) -> list[Result]:
        """Records, at a moment of the ledger's clock if one is given."""
        if at is not None:
            self.clock.now = at
        return self.ledger.record(entries, **send).results

    def one(self, entry: dict[str, Any], **send: Any) -> Result:
        """The one answer to one entry."""
        return self.record(entry, **send)[0]

    def receipt(self, entries: Sequence[dict[str, Any]]) -> Receipt:
        return self.ledger.record(entries)

    def look_back(self, as_of: datetime | None = None, known_at: datetime | None = None, student: UUID | None = None) -> dict[str, Any]:
        """The student's history, once the projections have caught up."""
        self.runner.catch_up()
        return history(self.reader, student or self.student, as_of or datetime(2030, 1, 1, tzinfo=UTC), known_at)

    def rows(self, sql: str, *given: Any) -> list[Any]:
        """Rows of the ledger's own tables."""
        return self.ledger.recorder._query(sql, given)

    def tamper(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Changes a SQLite ledger behind its back, as somebody with the file could."""
        connection = sqlite3.connect(self.settings.data / "ledger.sqlite")
        for trigger in ("stored_events_never_change", "sealed_never_changes"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for sql, given in statements:
            connection.execute(sql, given)
        connection.commit()
        connection.close()

    def close(self) -> None:
        self.service.close()


class Model(NamedTuple):
    """A furnished house at rest, which is copied: that is ten times as quick as furnishing one for each test."""

    settings: Settings
    ids: dict[str, UUID]


@functools.cache
def _model(kind: str, postgres: str | None) -> Model:
    folder = Path(tempfile.mkdtemp(prefix="ap-ledger-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = make_database(postgres, for_all=True) if postgres else None
    house = House(read_settings(data=folder / "data", database_url=url)).furnish()
    house.runner.catch_up()
    # How far it reached is remembered on the day of its furnishing, long before anything a test does.
    house.clock.now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    house.close()
    return Model(house.settings, {name: value for name, value in vars(house).items() if isinstance(value, UUID)})


def chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """Items in lists of a size."""
    found = iter(items)
    while some := list(itertools.islice(found, size)):
        yield some
