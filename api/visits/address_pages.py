"""The addresses where a student is visited, and what a visitor should know there before they knock."""

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
from ap_ledger.domain.visits import FlagAddress, NoteAddress
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import entry_id, id_of, read_form, show, text_of
from api.core.student_head import head_of
from projections.queries.planned_visits import addresses_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {
    "address": "The address is put down. What it said before stays in the history.",
    "flags": "It is put down. That day’s visitor and the safeguarding leads see it, and nobody else.",
    "unflag": "Nothing is to be known there any more.",
}


@router.get(
    "/students/{student_id}/addresses", gate=Gate("plan-visits", reads="history"), nav=Nav("Addresses", "student", 8)
)
def addresses_page(request: Request, student_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """Where the student is visited."""
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
    reads_flags = asking.may("read-address-flags", student["id"], setting["id"])
    known = addresses_of(using.reader, [student], {student["id"]} if reads_flags else ())
    return show(
        request,
        "addresses.html",
        status,
        student=student,
        setting=setting,
        head=head_of(using, asking, student, setting),
        addresses=known.get(student["id"], []),
        reads_flags=reads_flags,
        typed=typed or {},
        said=refusal,
        done=done,
        new=new_id,
    )


@router.post("/students/{student_id}/addresses", gate=Gate("plan-visits"))
async def change_addresses(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Puts an address down or right, or says what to know about it."""
    return await run_in_threadpool(_change, request, student_id, using, asking, await read_form(request))


def _change(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    student, setting = using.reader.student_and_setting(student_id)
    typed = {name: text_of(form, name) for name in form}
    try:
        kind, fields = _asked(typed, form)
        command = command_of(kind, form, asking, setting["id"], student=student["id"], **fields)
        changed = give(using, asking, command, form)
    except Refused as refusal:
        return _page(request, using, asking, student_id, refusal.message, 422, typed=typed)
    return RedirectResponse(f"/students/{student_id}/addresses?done={typed['do']}&min_position={changed.position}", 303)


def _asked(typed: Mapping[str, str], form: FormData) -> tuple[type[Command], dict[str, Any]]:
    address = typed.get("address_id") or str(entry_id(id_of(form, "command"), "address"))
    match typed.get("do"):
        case "address":
            said = " ".join(typed.get("address", "").split())
            return NoteAddress, {"address_id": address, "home": typed.get("home") == "yes", "address": said}
        case "flags":
            if not typed.get("flags", "").strip():
                raise Refused("malformed", "Write what a visitor should know there.", "flags")
            return FlagAddress, {"address_id": address, "flags": typed["flags"].strip()}
        case "unflag":
            return FlagAddress, {"address_id": address}
    raise Refused("malformed", "This form says nothing that can be done here.", "do")
