"""Every role against every route, with expectations written by hand from the policy and not read from the code.

o is a student of one's own (on the caseload, placed by the commissioner, or the family's child), s another student of the
same setting, f a student who was one's own and is no more, x a student of another setting. For routes about a setting o is
one's own and x another. For the rest y says that the route answers at all; what it lists is checked apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ap_ledger.domain.family import LinkFamily, ReleaseToFamily, UnlinkFamily
from ap_ledger.domain.setting import AddCommissioner, OpenSetting, SetTimetable
from ap_ledger.domain.student import AdmitStudent, AssignMentor, EndPlacement, ExpectStudent, IdentifyStudent, StartPlacement
from ap_ledger.events.setting import Slot
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from api.app import GATES
from api.core.gate import OPEN
from tests.house import FRIDAY, MONDAY, SLOTS, House

ROLES = ("mentor", "ap-staff", "leader", "dsl", "deputy-dsl", "safeguarding-reader", "commissioner", "family", "administrator", "researcher", "nobody")

EXPECTED = """
route                                                              mentor ap-staff leader dsl  deputy reader commis family admin resear nobody
GET /students/{student_id}                                         o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/frames                                  o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/story                                   o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/since                                   o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/diary                                   o      osf      osf    osf  osf    -      o      -      -     -      -
POST /students/{student_id}/diary                                  o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/entries                                 o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/compare                                 o      osf      osf    osf  osf    -      o      -      -     -      -
GET /reports                                                       -      -        y      y    y      -      -      -      -     -      -
POST /reports                                                      -      -        y      y    y      -      -      -      -     -      -
GET /reports/make                                                  -      -        y      y    y      -      -      -      -     -      -
GET /reports/{report_id}                                           -      -        y      y    y      -      y      y      -     -      -
GET /reports/{report_id}/{form}                                    -      -        y      y    y      -      y      y      -     -      -
GET /clocks                                                        -      y        y      y    y      -      -      -      -     -      -
GET /clocks.csv                                                    -      y        y      y    y      -      -      -      -     -      -
POST /clocks                                                       -      y        y      y    y      -      -      -      -     -      -
GET /api/v1/settings/{setting_id}/due                              -      o        o      o    o      -      -      -      -     -      -
GET /api/v1/students/{student_id}/history                          o      osf      osf    osf  osf    -      o      -      -     -      -
GET /api/v1/students/{student_id}/register                         o      osf      osf    osf  osf    -      o      -      -     -      -
GET /api/v1/students/{student_id}                                  o      osf      osf    osf  osf    -      o      o      -     -      -
GET /students/{student_id}/learning                                o      osf      osf    osf  osf    -      o      o      -     -      -
GET /api/v1/students/{student_id}/learning/{curriculum_id}/{version} o    osf      osf    osf  osf    -      o      o      -     -      -
GET /students/{student_id}/questionnaires                          o      osf      osf    osf  osf    -      -      -      -     -      -
GET /api/v1/students/{student_id}/questionnaires                   o      osf      osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/questionnaires/{framework_id}/{version} o      osf      osf    osf  osf    -      -      -      -     -      -
POST /students/{student_id}/questionnaires/{framework_id}/{version} o     osf      osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/questionnaires/thanks                   o      osf      osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/one-child                               -      -        osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/contacts                                o      osf      osf    osf  osf    -      -      -      -     -      -
POST /students/{student_id}/contacts                               -      -        osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/about                                   -      -        osf    osf  osf    -      -      -      -     -      -
POST /students/{student_id}/about                                  -      -        osf    osf  osf    -      -      -      -     -      -
POST /students/{student_id}/one-child                              -      -        osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/erasure                                 -      -        osf    osf  osf    -      -      -      -     -      -
POST /students/{student_id}/erasure                                -      -        osf    osf  osf    -      -      -      -     -      -
GET /students/{student_id}/entries/{entry}                         o      osf      osf    osf  osf    -      o      -      -     -      -
GET /students/{student_id}/incidents/{entry}                       o      osf      osf    osf  osf    -      o      -      -     -      -
POST /students/{student_id}/incidents/{entry}                      -      -        osf    osf  osf    -      -      -      -     -      -
GET /incidents                                                     -      -        y      y    y      -      -      -      -     -      -
POST /students/{student_id}/entries/{entry}                        o      osf      osf    osf  osf    -      -      -      -     -      -
GET /api/v1/settings/{setting_id}/day                              o      o        o      o    o      -      -      -      -     -      -
GET /api/v1/settings/{setting_id}/missing                          o      o        o      o    o      -      -      -      -     -      -
GET /api/v1/settings/{setting_id}/steps/{curriculum_id}/{version}  o      o        o      o    o      -      -      -      -     -      -
GET /api/v1/capture                                                y      y        y      y    y      -      -      -      -     -      -
GET /day.csv                                                       y      y        y      y    y      -      -      -      -     -      -
GET /held                                                          y      y        y      y    y      y      y      y      y     y      -
POST /held                                                         y      y        y      y    y      y      y      y      y     y      -
POST /held/{held_id}                                               y      y        y      y    y      y      y      y      y     y      -
GET /api/v1/settings/{setting_id}/timetable                        o      o        o      o    o      o      o      o      o     o      -
GET /api/v1/settings/{setting_id}/sheet                            o      o        o      o    o      -      -      -      -     -      -
GET /api/v1/settings/{setting_id}/learning/{curriculum_id}/{version} o    o        o      o    o      -      -      -      -     -      -
GET /search                                                        y      y        y      y    y      y      y      y      y     y      -
POST /search                                                       y      y        y      y    y      y      y      y      y     y      -
GET /students                                                      y      y        y      y    y      -      y      y      -     -      -
GET /students.csv                                                  y      y        y      y    y      -      y      y      -     -      -
GET /several                                                       -      -        y      y    y      -      -      -      -     -      -
POST /several                                                      -      -        y      y    y      -      -      -      -     -      -
GET /end-of-year                                                   -      -        y      y    y      -      -      -      -     -      -
POST /end-of-year                                                  -      -        y      y    y      -      -      -      -     -      -
GET /                                                              y      y        y      y    y      y      y      y      y     y      -
GET /me                                                            y      y        y      y    y      y      y      y      y     y      -
POST /me                                                           y      y        y      y    y      y      y      y      y     y      -
GET /me/factor                                                     y      y        y      y    y      y      y      y      y     y      -
POST /me/factor                                                    y      y        y      y    y      y      y      y      y     y      -
GET /take-back                                                     y      y        y      y    y      y      y      y      y     y      -
POST /take-back                                                    y      y        y      y    y      y      y      y      y     y      -
GET /notices                                                       y      y        y      y    y      y      y      y      y     y      -
GET /notices/count                                                 y      y        y      y    y      y      y      y      y     y      -
POST /notices                                                      y      y        y      y    y      y      y      y      y     y      -
POST /notices/push                                                 y      y        y      y    y      y      y      y      y     y      -
GET /notices/choices                                               y      y        y      y    y      y      y      y      y     y      -
POST /notices/choices                                              y      y        y      y    y      y      y      y      y     y      -
GET /setting/mail                                                  -      -        y      -    -      -      -      -      -     -      -
POST /setting/mail                                                 -      -        y      -    -      -      -      -      -     -      -
GET /proposals                                                     y      y        y      y    y      y      y      y      y     y      -
POST /proposals/{proposal_id}                                      y      y        y      y    y      y      y      y      y     y      -
POST /sign-out                                                     y      y        y      y    y      y      y      y      y     y      -
GET /metrics                                                       -      -        -      -    -      -      -      -      y     -      -
GET /api/v1/position                                               y      y        y      y    y      y      y      y      y     y      -
GET /api/v1/openapi.json                                           y      y        y      y    y      y      y      y      y     y      -
POST /api/v1/entries                                               y      y        y      y    y      -      -      -      -     -      -
POST /api/v1/commands                                              y      y        y      y    y      y      y      y      y     y      -
GET /api/v1/held                                                   y      y        y      y    y      -      -      -      -     -      -
POST /api/v1/held/{held_id}/retry                                  y      y        y      y    y      -      -      -      -     -      -
POST /api/v1/held/{held_id}/dismiss                                y      y        y      y    y      -      -      -      -     -      -
GET /api/v1/settings                                               y      y        y      y    y      y      y      y      y     y      -
GET /api/v1/people                                                 y      y        y      y    y      -      -      -      y     -      -
GET /api/v1/students                                               y      y        y      y    y      -      y      y      -     -      -
GET /api/v1/placements                                             y      y        y      y    y      -      y      y      -     -      -
GET /api/v1/frameworks                                             y      y        y      y    y      y      y      y      y     y      -
GET /api/v1/frameworks/{framework_id}/{version}                    y      y        y      y    y      y      y      y      y     y      -
GET /log                                                           y      y        y      y    y      -      -      -      -     -      -
POST /log                                                          y      y        y      y    y      -      -      -      -     -      -
GET /learning                                                      y      y        y      y    y      -      -      -      -     -      -
GET /contact                                                       y      y        y      y    y      -      -      -      -     -      -
GET /due                                                           y      y        y      y    y      -      -      -      -     -      -
GET /due.csv                                                       y      y        y      y    y      -      -      -      -     -      -
GET /frameworks                                                    y      y        y      y    y      y      y      y      y     y      -
GET /frameworks/template/{kind}.csv                                y      y        y      y    y      y      y      y      y     y      -
GET /frameworks/{framework_id}/{version}                           y      y        y      y    y      y      y      y      y     y      -
GET /frameworks/{framework_id}/{version}/{form}                    y      y        y      y    y      y      y      y      y     y      -
GET /frameworks/new                                                -      -        y      -    -      -      -      -      -     -      -
POST /frameworks/new                                               -      -        y      -    -      -      -      -      -     -      -
POST /frameworks/{framework_id}/{version}/retire                   -      -        y      -    -      -      -      -      -     -      -
GET /admit                                                         -      -        y      y    y      -      -      -      -     -      -
POST /admit                                                        -      -        y      y    y      -      -      -      -     -      -
POST /admit/alike                                                  -      -        y      y    y      -      -      -      -     -      -
GET /setting                                                       -      -        y      -    -      -      -      -      -     -      -
POST /setting                                                      -      -        y      -    -      -      -      -      -     -      -
GET /setting/ladder/{framework_id}                                 -      -        y      -    -      -      -      -      -     -      -
POST /setting/ladder/{framework_id}                                -      -        y      -    -      -      -      -      -     -      -
GET /setting/look                                                  -      -        y      -    -      -      -      -      -     -      -
POST /setting/look                                                 -      -        y      -    -      -      -      -      -     -      -
GET /setting/{setting_id}/logo/{mark}.png                          o      o        o      o    o      o      o      o      o     o      -
GET /students/{student_id}/withdraw                                -      -        osf      osf    osf  -      -      -      -     -      -
POST /students/{student_id}/withdraw                               -      -        osf      osf    osf  -      -      -      -     -      -
GET /setting/withdraw                                              -      -        y      -    -      -      -      -      -     -      -
POST /setting/withdraw                                             -      -        y      -    -      -      -      -      -     -      -
GET /conflicts                                                     -      -        y      y    y      -      -      -      -     -      -
POST /conflicts                                                    -      -        y      y    y      -      -      -      -     -      -
GET /timetable                                                     -      -        y      -    -      -      -      -      -     -      -
POST /timetable                                                    -      -        y      -    -      -      -      -      -     -      -
GET /calendar                                                      -      -        y      -    -      -      -      -      -     -      -
POST /calendar                                                     -      -        y      -    -      -      -      -      -     -      -
GET /roster                                                        -      -        y      y    y      -      -      -      y     -      -
POST /roster                                                       -      -        y      y    y      -      -      -      y     -      -
GET /set-up                                                        -      -        y      -    -      -      -      -      y     -      -
POST /set-up                                                       -      -        -      -    -      -      -      -      y     -      -
GET /people                                                        y      y        y      y    y      -      -      -      y     -      -
GET /people.csv                                                    y      y        y      y    y      -      -      -      y     -      -
POST /people                                                       y      y        y      y    y      -      -      -      y     -      -
GET /devices                                                       -      -        y      -    -      -      -      -      y     -      -
POST /devices                                                      -      -        y      -    -      -      -      -      y     -      -
GET /worries                                                       -      -        -      y    y      y      -      -      -     -      -
GET /safeguarding                                                  y      y        y      y    y      y      -      -      -     -      -
GET /safeguarding/new                                              -      -        -      y    y      -      -      -      -     -      -
POST /safeguarding/new                                             -      -        -      y    y      -      -      -      -     -      -
POST /safeguarding                                                 -      -        -      y    y      -      -      -      -     -      -
GET /safeguarding/worries/{worry_id}                               -      -        -      y    y      y      -      -      -     -      -
POST /safeguarding/worries/{worry_id}                              -      -        -      y    y      -      -      -      -     -      -
GET /safeguarding/cases/{case_id}                                  y      y        y      y    y      y      -      -      -     -      -
POST /safeguarding/cases/{case_id}                                 -      -        -      y    y      -      -      -      -     -      -
POST /safeguarding/cases/{case_id}/file                            -      -        -      y    y      -      -      -      -     -      -
GET /retention                                                     -      -        y      y    y      -      -      -      -     -      -
POST /retention                                                    -      -        y      -    -      -      -      -      -     -      -
GET /audit                                                         -      -        y      y    y      -      -      -      -     -      -
GET /week                                                          y      y        y      y    y      -      -      -      -     -      -
POST /week                                                         y      y        y      y    y      -      -      -      -     -      -
GET /week/everyone                                                 -      -        y      y    y      -      -      -      -     -      -
GET /week/{visit_id}                                               y      y        y      y    y      -      -      -      -     -      -
POST /week/{visit_id}                                              y      y        y      y    y      -      -      -      -     -      -
POST /week/{visit_id}/here                                         y      y        y      y    y      -      -      -      -     -      -
GET /students/{student_id}/addresses                               o      osf      osf    osf  osf    -      -      -      -     -      -
POST /students/{student_id}/addresses                              o      osf      osf    osf  osf    -      -      -      -     -      -
GET /audit.csv                                                     -      -        y      y    y      -      -      -      -     -      -
"""

STRANGERS = {
    "GET /sign-in", "POST /sign-in", "POST /language", "GET /welcome", "POST /welcome", "GET /enrol", "POST /enrol", "POST /api/v1/devices/enrol", "GET /switch", "POST /switch",
    "GET /health/live", "GET /health/ready", "GET /static/{version}/{name:path}",
    "GET /visit", "GET /sessions", "GET /steps", "GET /day", "GET /sent", "GET /feed/{secret}.ics", "GET /offline", "GET /sw.js", "GET /manifest.webmanifest",
}  # fmt: skip
"""Sign-in, health, static files and the empty pages of the app: nothing else answers a stranger."""

SEEN = {
    "mentor": "o", "ap-staff": "osf", "leader": "osf", "dsl": "osf", "deputy-dsl": "osf", "safeguarding-reader": "", "commissioner": "o", "family": "o",
    "administrator": "", "researcher": "", "nobody": "",
}  # fmt: skip
"""Whose names anybody sees, on any page that lists students. In groups' pages commissioners and families see nobody."""


def expected() -> dict[str, dict[str, str]]:
    """The table above by route and role."""
    rows: dict[str, dict[str, str]] = {}
    for line in EXPECTED.strip().splitlines()[1:]:
        words = line.split()
        rows[f"{words[0]} {words[1]}"] = dict(zip(ROLES, ("" if word == "-" else word for word in words[2:]), strict=True))
    return rows


@dataclass
class Scene:
    """Two settings, four students, somebody for every role, and what is held."""

    house: House
    app: FastAPI
    people: dict[str, UUID] = field(default_factory=dict)
    students: dict[str, UUID] = field(default_factory=dict)
    settings: dict[str, UUID] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def canaries(self, relation: str) -> list[str]:
        """Words that only somebody who may see this student may see."""
        return [f"Quoll{relation}", f"canary note {relation}", f"canary worry {relation}"]


def _second_setting(house: House) -> UUID:
    setting, run = new_id(), house.ledger.execute
    run(OpenSetting(id=new_id(), setting_id=setting, name="Otherfield"))
    slots = tuple(Slot(id=name, label=name, kind=kind, starts=a, ends=b) for name, kind, a, b in SLOTS)
    run(SetTimetable(id=new_id(), setting_id=setting, from_date=date(2026, 1, 1), slots=slots))
    return setting


@pytest.fixture
def scene(house: House) -> Iterator[Scene]:
    made = Scene(house, house.app())
    run, council = house.ledger.execute, new_id()
    made.settings = {"o": house.setting, "x": _second_setting(house)}
    run(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=council, name="Council", kind="local-authority"))
    for role in ROLES:
        more = {"commissioner_id": council} if role == "commissioner" else {}
        made.people[role] = house.person(f"P-{role}", *([role] if role != "nobody" else []), **more)
    for relation in "osfx":
        setting = made.settings.get(relation, house.setting)
        student = new_id()
        whose = {"setting_id": setting, "student": student, "author_id": house.teacher}
        made.students[relation] = student
        run(AdmitStudent(id=new_id(), on=date(2026, 1, 5), **whose))
        run(IdentifyStudent(id=new_id(), given_name=f"Quoll{relation}", family_name=f"Quoll{relation}-family", **whose))
        placement = new_id()
        run(StartPlacement(id=new_id(), placement_id=placement, start=date(2026, 1, 5), commissioner_id=council if relation == "o" else None, **whose))
        days = tuple(ExpectedDay(weekday=n, slots=tuple(slot[0] for slot in SLOTS)) for n in range(1, 6))
        run(ExpectStudent(id=new_id(), from_date=date(2026, 1, 5), days=days, **whose))
        if relation in "of":
            run(AssignMentor(id=new_id(), person_id=made.people["mentor"], from_date=date(2026, 1, 5), **whose))
            run(LinkFamily(id=new_id(), person_id=made.people["family"], from_date=date(2026, 1, 5), **whose))
            run(ReleaseToFamily(id=new_id(), released=True, **whose))
        if relation == "f":
            # Was on the mentor's caseload and of the family until yesterday.
            run(AssignMentor(id=new_id(), person_id=made.people["mentor"], from_date=date(2026, 1, 5), until=FRIDAY.date() - timedelta(days=1), **whose))
            run(UnlinkFamily(id=new_id(), person_id=made.people["family"], **whose))
            run(EndPlacement(id=new_id(), placement_id=placement, end=date(2026, 3, 5), reason_code="moved", **whose))
        common = {"setting_id": str(setting), "student_id": str(student), "author_id": str(house.teacher)}
        made.entries[relation] = house.note(f"canary note {relation}", **common)
        came = {"planned_start": MONDAY.isoformat(), "planned_end": (MONDAY + timedelta(hours=3)).isoformat(), "actual_start": MONDAY.isoformat()}
        house.record(
            made.entries[relation], house.rung(**common), house.unit("bus-stop", "introduced", **common), house.entry("worry-raised", text=f"canary worry {relation}", **common),
            house.entry("session-attended", **{**came, **common}), {**house.note(f"canary held {relation}", **common), "retention_class": "moon"},
            house.entry("instrument-answered", instrument={"id": "carer-confidence", "version": 1}, respondent="carer", answers={"rest": 3}, **common),
        )  # fmt: skip
    house.runner.catch_up()
    yield made


def form(client: TestClient, **more: str) -> dict[str, Any]:
    """What our pages send, with fresh ids."""
    return {"data": {"form": str(new_id()), "command": str(new_id()), **more}, "follow_redirects": False}


def ask(scene: Scene, client: TestClient, key: str, relation: str, role: str) -> Any:
    """One request to a route, about a student or setting in that relation."""
    method, path = key.split(" ", 1)
    student, setting, house = scene.students.get(relation, scene.students["o"]), scene.settings.get(relation, house_of(scene)), scene.house
    names: dict[str, Any] = {
        "student_id": student, "setting_id": setting, "curriculum_id": "everyday-steps", "version": 1, "form": "yaml", "kind": "outcomes", "name": "app/ap.css",
        "framework_id": "carer-confidence" if "questionnaires" in path else "default-ladder", "proposal_id": new_id(), "held_id": new_id(), "report_id": new_id(), "worry_id": new_id(), "case_id": new_id(), "mark": "0f" * 8, "visit_id": new_id(), "secret": "none", "entry": scene.entries.get(relation, scene.entries["o"])["id"],
    }  # fmt: skip
    url = re.sub(r"{(\w+)(:\w+)?}", lambda found: str(names[found[1]]), path)
    if method == "GET":
        monday = {"date": "2026-03-02"}
        params = {
            "GET /api/v1/settings/{setting_id}/sheet": {**monday, "slot": "lesson"}, "GET /api/v1/settings/{setting_id}/day": monday,
            "GET /api/v1/settings/{setting_id}/missing": monday, "GET /day.csv": {"on": "2026-03-02"},
            "GET /api/v1/settings/{setting_id}/steps/{curriculum_id}/{version}": {"student": str(student)},
        }.get(key, {})  # fmt: skip
        if path.endswith("questionnaires/{framework_id}/{version}"):
            params = {"respondent": "teacher"}
        return client.get(url, params=params, follow_redirects=False)
    bodies: dict[str, Callable[[], dict[str, Any]]] = {
        "POST /students/{student_id}/entries/{entry}": lambda: form(client, do="void", reason_code="mistake"),
        "POST /students/{student_id}/questionnaires/{framework_id}/{version}": lambda: form(client, draft=str(new_id()), respondent="teacher", do="keep"),
        "POST /students/{student_id}/one-child": lambda: form(
            client, do="join", keep=str(student), record=str(student), reason="other"
        ),
        "POST /students/{student_id}/erasure": lambda: form(client, do="release", released="1"),
        "POST /api/v1/entries": lambda: {"json": {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [house.rung(author_id=str(scene.people[role]), student_id=str(student), setting_id=str(scene.settings.get(relation, house.setting)), device_time=FRIDAY.isoformat())]}},
        "POST /api/v1/commands": lambda: {"json": {"command": "fly"}},
        "POST /api/v1/held/{held_id}/dismiss": lambda: {"json": {"reason_code": "x"}},
        "POST /api/v1/held/{held_id}/retry": dict,
        "POST /frameworks/new": lambda: form(client, source="theme,indicator\nA,B", do="check"),
        "POST /people": lambda: form(client, setting=str(house.setting), do="moon"),
        "POST /devices": lambda: form(client, setting=str(house.setting), do="enrol", name="T", kind="tablet"),
        "POST /retention": lambda: form(client, setting=str(house.setting)),
    }  # fmt: skip
    return client.post(url, **{"follow_redirects": False, **bodies.get(key, lambda: form(client))()})


def house_of(scene: Scene) -> UUID:
    return scene.house.setting


def let_in(answer: Any, key: str, role: str) -> bool:
    """Whether the gate let a request through: it was answered, refused by a rule, or found nothing; not turned away."""
    away = answer.status_code == 303 and "/sign-in?next" in answer.headers["location"]
    assert answer.status_code < 500, f"{key} answered {role} with {answer.status_code}: {answer.text}"
    return answer.status_code not in (401, 403) and not away


def test_the_table_covers_every_route_and_no_other() -> None:
    rows = set(expected()) | STRANGERS
    missing = [f"{key} has no row in EXPECTED. Write there whom you expect to be let in." for key in GATES if key not in rows]
    missing += [f"EXPECTED has a row for {key}, and there is no such route." for key in sorted(rows - set(GATES))]
    assert missing == []
    assert {key for key, gate in GATES.items() if gate.action == OPEN} == STRANGERS


def test_every_role_against_every_route(scene: Scene) -> None:
    wrong, seen = [], {}
    with TestClient(scene.app):
        for role in ROLES:
            for key, row in expected().items():
                relations = "osfx" if "{student_id}" in key else "ox" if "{setting_id}" in key else "y"
                found = ""
                for relation in relations:
                    client = scene.house.browser(scene.people[role], scene.app)
                    answer = ask(scene, client, key, relation, role)
                    if let_in(answer, key, role):
                        found += relation
                        continue
                    leaked = [word for one in "osfx" for word in scene.canaries(one) if word in answer.text]
                    if leaked:
                        wrong.append(f"{role} was denied {key} of {relation} and told {leaked}")
                seen[(key, role)] = found
                if found != row[role]:
                    wrong.append(f"{role} {key}: {found or '-'}, expected {row[role] or '-'}")
    assert wrong == []
    assert seen == documented(), "the matrix in the docs is what was seen"


def documented() -> dict[tuple[str, str], str]:
    """The matrix of docs/access.md."""
    text = (Path(__file__).parents[1] / "docs" / "access.md").read_text("utf-8")
    table = text.split("## Every route", 1)[1]
    found: dict[tuple[str, str], str] = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and "open" not in cells[1]:
            for role, cell in zip(ROLES[:-1], cells[2:], strict=True):
                found[(cells[0].strip("`"), role)] = "" if cell == "–" else cell.replace(" ", "")
            found[(cells[0].strip("`"), "nobody")] = ""
    return found


def test_whoever_may_see_a_student_sees_them_and_nobody_else_does(scene: Scene) -> None:
    shows = {
        "/students/{}": "canary note {}", "/api/v1/students/{}/history": "canary note {}", "/api/v1/students/{}": "Quoll{}",
        "/students/{}/learning": "Quoll{}", "/students/{}/questionnaires": "Quoll{}", "/students/{}/erasure": "Quoll{}",
    }  # fmt: skip
    rows = expected()
    with TestClient(scene.app):
        for role in ("ap-staff", "leader", "dsl", "mentor"):
            client = scene.house.browser(scene.people[role], scene.app)
            for url, canary in shows.items():
                key = "GET " + url.format("{student_id}")
                for relation in rows[key][role]:
                    text = client.get(url.format(scene.students[relation])).text
                    assert canary.format(relation) in text, (role, url, relation)
                    assert not any(word in text for other in "osfx" if other != relation for word in scene.canaries(other))
        # A commissioner sees how far their student got, and no words; a family sees steps and no words.
        for role, url in (("commissioner", "/api/v1/students/{}/history"), ("commissioner", "/students/{}"), ("family", "/students/{}/learning")):
            text = scene.house.browser(scene.people[role], scene.app).get(url.format(scene.students["o"])).text
            assert "canary note" not in text and "canary worry" not in text and ("bus-stop" in text or "Bus stop" in text or "Quoll" in text)


LISTS = (
    "/", "/students", "/api/v1/students", "/learning", "/contact", "/due", "/api/v1/capture", "/api/v1/settings/{}/day?date=2026-03-02", "/day.csv?on=2026-03-02", "/held",
    "/api/v1/settings/{}/sheet?date=2026-03-02&slot=lesson", "/api/v1/settings/{}/learning/everyday-steps/1", "/api/v1/placements",
    "/retention", "/audit?from=2026-01-01", "/safeguarding", "/api/v1/held", "/people", "/api/v1/people", "/devices", "/proposals", "/me", "/audit.csv?from=2026-01-01",
)  # fmt: skip


def test_no_list_shows_anybody_whom_its_reader_may_not_see(scene: Scene) -> None:
    with TestClient(scene.app):
        for role in ROLES:
            client = scene.house.browser(scene.people[role], scene.app)
            for url in LISTS:
                answer = client.get(url.format(scene.house.setting))
                assert answer.status_code in (200, 403)
                text = answer.text
                allowed = "osf" if url == "/safeguarding" and role == "safeguarding-reader" else SEEN[role]
                for relation in "osfx":
                    told = [word for word in (*scene.canaries(relation), str(scene.students[relation])) if word in text]
                    assert relation in allowed or told == [], (role, url, relation, told)
                if url != "/safeguarding":
                    assert "canary worry" not in text, (role, url)
                # What is held is for its author and the heads; a refused worry is for the safeguarding lead.
                assert "canary held" not in text or (url in ("/api/v1/held", "/held") and role in ("leader", "dsl", "deputy-dsl")), (role, url)
            if role in ("mentor", "leader", "family", "commissioner"):
                ids = {item["id"] for item in client.get("/api/v1/students").json()["items"]}
                assert {relation for relation, student in scene.students.items() if str(student) in ids} == set(SEEN[role])


def test_a_stranger_gets_sign_in_health_and_static_files_and_nothing_else(scene: Scene) -> None:
    with TestClient(scene.app):
        client = scene.house.stranger(scene.app)
        for key in GATES:
            answer = ask(scene, client, key, "o", "nobody")
            assert let_in(answer, key, "nobody") == (key in STRANGERS) or (key in STRANGERS and answer.status_code == 403), key
            assert not any(word in answer.text for word in scene.canaries("o"))
        for credential in ("Bearer x", "Bearer apl_" + "x" * 43, "Basic eDp4", "Bearer", ""):
            assert client.get("/api/v1/students", headers={"authorization": credential}).status_code == 401


def test_words_are_withheld_by_class_and_by_age(scene: Scene, house: House) -> None:
    mentor = house.browser(scene.people["mentor"], scene.app)
    url = f"/api/v1/students/{scene.students['o']}/history"
    with TestClient(scene.app):
        assert "canary note o" in mentor.get(url).text
        house.clock.now += timedelta(days=15)
        late = house.browser(scene.people["mentor"], scene.app).get(url)
        assert late.status_code == 200 and "canary note o" not in late.text and "[withheld]" in late.text
        full = house.browser(scene.people["ap-staff"], scene.app).get(f"/api/v1/students/{scene.students['o']}").json()
        assert full["family_name"] == "Quollo-family"
        short = house.browser(scene.people["mentor"], scene.app).get(f"/api/v1/students/{scene.students['o']}").json()
        assert short["name"] == "Quollo Q" and "family_name" not in short and "date_of_birth" not in short
