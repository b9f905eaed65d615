"""Who may be called about a student and who may not, and what was agreed to: read by whoever works with the child, put
down by whoever looks after their record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.support import NoteConsent, NoteContacts
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, from_day, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import read_form, show, text_of
from api.core.student_head import head_of
from api.core.withdrawing import WITHDRAWN
from api.students.withdrawing_pages import said_of
from projections.bodies import StudentBody
from projections.queries.own_words import consents_of, contacts_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
CALLING: Mapping[str, str] = {"first": "Call first", "also": "May be called", "never": "Do not call"}
CONSENTS: Mapping[str, str] = {
    "photos-inside": "Photographs that stay inside",
    "photos-outside": "Photographs that others see",
    "trips": "Trips and lifts",
    "first-aid": "First aid and medicine",
    "sharing-information": "Telling other services what helps",
    "messages": "Messages to the child by phone",
}
DONE = {
    "contacts": "Who may be called is put down. What it said before stays in the history.",
    "consent": "It is put down. What it said before stays in the history.",
    "withdraw": WITHDRAWN,
}
AT_MOST, SPARE = 12, 2
"""So many contacts a student has at most, and so many empty lines the form shows beside them."""
PARTS = ("name", "relation", "phone", "call", "note")


@router.get(
    "/students/{student_id}/contacts",
    gate=Gate("read-contacts", reads="history"),
    nav=Nav("Who to call", "student", 7),
)
def contacts_page(request: Request, student_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """Who may be called today, and what was agreed to."""
    return _page(request, using, asking, student_id, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    student_id: UUID,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    contacts = contacts_of(using.reader, [student], today).get(student["id"], ())
    lines: list[dict[str, Any]] = [contact.model_dump() for contact in contacts]
    if typed and typed.get("do") == "contacts":
        lines = _lines(typed)
    spare = min(SPARE, AT_MOST - len(lines))
    return show(
        request,
        "contacts.html",
        status,
        student=student,
        setting=setting,
        head=head_of(using, asking, student, setting),
        contacts=contacts,
        lines=[*lines, *({} for _ in range(spare))],
        calling=CALLING,
        consents=CONSENTS,
        agreed=consents_of(using.reader, student, today),
        withdrawable=said_of(student, (), {"consent-noted": CONSENTS}),
        may_change=asking.may("manage-students", student["id"], setting["id"]),
        today=today.isoformat(),
        typed=typed or {},
        said=refusal,
        done=done,
        new=new_id,
    )


def _lines(form: Mapping[str, str]) -> list[dict[str, str]]:
    """The contacts that a form says, in their order; a line of which nothing was filled in is none."""
    lines = ({part: form.get(f"{part}-{number}", "").strip() for part in PARTS} for number in range(AT_MOST))
    return [line for line in lines if any(line[part] for part in PARTS if part != "call")]


@router.post("/students/{student_id}/contacts", gate=Gate("manage-students"))
async def change_contacts(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Puts down who may be called, or what was agreed to."""
    return await run_in_threadpool(_change, request, student_id, using, asking, await read_form(request))


def _change(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    student, setting = using.reader.student_and_setting(student_id)
    typed = {name: text_of(form, name) for name in form}
    try:
        kind, fields = _asked(typed, form, student)
        command = command_of(kind, form, asking, setting["id"], student=student["id"], **fields)
        changed = give(using, asking, command, form)
    except Refused as refusal:
        return _page(request, using, asking, student_id, refusal.message, 422, typed=typed)
    return RedirectResponse(f"/students/{student_id}/contacts?done={typed['do']}&min_position={changed.position}", 303)


def _asked(typed: Mapping[str, str], form: FormData, student: StudentBody) -> tuple[type[Command], dict[str, Any]]:
    if typed.get("do") == "contacts":
        contacts = [{part: words for part, words in line.items() if words} for line in _lines(typed)]
        return NoteContacts, {**from_day(form, student.get("contacts", ())), "contacts": contacts}
    if typed.get("do") == "consent":
        consent = typed.get("consent", "")
        earlier = [fact for fact in student.get("consents", ()) if fact["consent"] == consent]
        agreed = {"yes": True, "no": False}.get(typed.get("agreed", ""))
        given_by = typed.get("given_by", "").strip() or None
        return NoteConsent, {**from_day(form, earlier), "consent": consent, "agreed": agreed, "given_by": given_by}
    raise Refused("malformed", "This form says nothing that can be done here.", "do")
