"""Conflicts of interest: who is kept from whose record, and why."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.person import DeclareConflict, EndConflict
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import id_of, read_form, setting_for, show, text_of
from projections.bodies import SettingBody

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
REASONS = {
    "own-child": "Their own child, or a child of their family",
    "allegation": "An allegation was made against them",
    "close-tie": "Another close tie, such as a neighbour or a friend",
}
"""Why somebody is kept from a record, as it is kept, and as a person says it."""
DONE = {
    "declare": "They are kept from that record from now on.",
    "end": "They are kept from it no more, and see what their role sees.",
}
"""What is told after what was done."""


class Kept(NamedTuple):
    """Somebody who is kept from a student's record, by ids and names."""

    person: str
    name: str
    student: str
    student_name: str


@router.get(
    "/conflicts",
    gate=Gate("manage-students"),
    nav=Nav("Conflicts of interest", "more", 22, also="allegations own child", group="people"),
)
def conflicts_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """Who is kept from whose record."""
    return _page(request, using, asking, setting, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    chosen: tuple[str, str, str] = ("", "", ""),
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-students")
    students = _students(using, asking, setting)
    people = _people(using, setting)
    return show(
        request,
        "conflicts.html",
        status,
        setting=setting,
        settings=settings,
        kept=_kept(using, people, students),
        people=sorted(people.items(), key=lambda named: named[1]),
        students=sorted(students.items(), key=lambda named: named[1]),
        reasons=REASONS,
        chosen=chosen,
        mine=str(asking.person),
        said=refusal,
        done=done,
        new=new_id,
    )


def _students(using: Service, asking: Asker, setting: SettingBody) -> dict[str, str]:
    """The students here whom the asker may see to, by id. Whoever is kept from a child's record learns nothing here."""
    everyone = using.reader.everyone(setting)
    return {
        student["id"]: str(student["name"])
        for student in everyone
        if asking.may("manage-students", student["id"], setting["id"])
    }


def _people(using: Service, setting: SettingBody) -> dict[str, str]:
    """Who belongs to a setting, or has a role there now or later, by id."""
    named = {person["id"]: str(person["name"] or "Not named") for person in using.reader.whole("people")}
    homes = {person["id"] for person in using.reader.whole("people") if person["setting_id"] == setting["id"]}
    facts = using.ledger.access_facts
    return {
        person: name
        for person, name in named.items()
        if person in homes or any(str(role.setting_id) == setting["id"] for role in facts.roles_to_come(UUID(person)))
    }


def _kept(using: Service, people: dict[str, str], students: dict[str, str]) -> list[Kept]:
    pairs = (
        (person["id"], student) for person in using.reader.whole("people") for student in person.get("conflicts", ())
    )
    kept = [
        Kept(person, people[person], student, students[student])
        for person, student in pairs
        if person in people and student in students
    ]
    return sorted(kept, key=lambda one: (one.name, one.student_name))


@router.post("/conflicts", gate=Gate("manage-students"))
async def change_conflicts(request: Request, using: Using, asking: Asking) -> Response:
    """Keeps somebody from a record, or lets them see it again."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-students")
    try:
        done = give(using, asking, _command(form, asking, setting), form)
    except Refused as refusal:
        chosen = (text_of(form, "person"), text_of(form, "student"), text_of(form, "reason_code"))
        return _page(request, using, asking, setting["id"], refusal.message, 422, chosen=chosen)
    address = f"/conflicts?setting={setting['id']}&done={text_of(form, 'do')}&min_position={done.position}"
    return RedirectResponse(address, 303)


def _command(form: FormData, asking: Asker, setting: SettingBody) -> Command:
    """What a form asks for. Raises Refused."""
    whom = {"person_id": id_of(form, "person"), "conflicted_student": id_of(form, "student")}
    reason = text_of(form, "reason_code")
    match text_of(form, "do"):
        case "declare" if reason not in REASONS:
            raise Refused("malformed", "Choose why they are kept from it.", "reason_code")
        case "declare":
            return command_of(DeclareConflict, form, asking, setting["id"], **whom, reason_code=reason)
        case "end" if not text_of(form, "sure"):
            raise Refused("malformed", "Tick that you mean it: they will see that record again.", "sure")
        case "end":
            return command_of(EndConflict, form, asking, setting["id"], **whom)
    raise Refused("malformed", "This form says nothing that can be done here.", "do")
