"""What a setting is called, where its sessions happen and who buys places there: one page, each part put right by
itself."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.setting import AddCommissioner, AddPlace
from ap_ledger.domain.setting_corrections import CorrectCommissioner, CorrectPlace, CorrectSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import id_of, read_form, setting_for, show, text_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
KINDS = {"local-authority": "Local authority", "school": "School", "trust": "Trust", "other": "Somebody else"}
"""Who buys places, as the ledger keeps it, and as a person says it."""
DONE = {
    "correct": "It is put right. What it said before stays in the history.",
    "add-place": "The place is added.",
    "correct-place": "The place is put right.",
    "add-commissioner": "They are added, and can be chosen where a student is admitted.",
    "correct-commissioner": "They are put right.",
}
"""What is told after what was done."""
REASON = "put-right-on-page"


@router.get("/setting", gate=Gate("manage-setting"), nav=Nav("The setting", "more", 4))
def setting_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """A setting with its numbers, places and commissioners."""
    return _page(request, using, asking, setting, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    return show(
        request,
        "setting.html",
        status,
        setting=setting,
        settings=settings,
        kinds=KINDS,
        said=refusal,
        done=done,
        typed=typed or {},
        new=new_id,
    )


@router.post("/setting", gate=Gate("manage-setting"))
async def change_setting(request: Request, using: Using, asking: Asking) -> Response:
    """Puts one part of a setting right, or adds a place or a commissioner."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    try:
        changed = give(using, asking, _command(form, asking, setting["id"]), form)
    except Refused as refusal:
        typed = {name: text_of(form, name) for name in form}
        return _page(request, using, asking, setting["id"], refusal.message, 422, typed=typed)
    address = f"/setting?setting={setting['id']}&done={text_of(form, 'do')}&min_position={changed.position}"
    return RedirectResponse(address, 303)


def _command(form: FormData, asking: Asker, setting_id: str) -> Command:
    """What a form asks for. Raises Refused."""

    def made(kind: type[Command], /, **fields: Any) -> Command:
        return command_of(kind, form, asking, setting_id, **fields)

    def filled(name: str) -> str | None:
        return text_of(form, name).strip() or None

    match text_of(form, "do"):
        case "correct":
            numbers = {name: filled(name) for name in ("urn", "ukprn")}
            emptied = [name for name, number in numbers.items() if number is None]
            return made(CorrectSetting, name=filled("name"), **numbers, clear=emptied or None, reason_code=REASON)
        case "add-place":
            return made(AddPlace, place_id=id_of(form, "form"), label=filled("label") or "")
        case "correct-place":
            place_id = id_of(form, "place")
            return made(CorrectPlace, place_id=place_id, label=filled("label") or "", reason_code=REASON)
        case "add-commissioner":
            buyer = {"name": filled("name") or "", "kind": text_of(form, "kind")}
            return made(AddCommissioner, commissioner_id=id_of(form, "form"), **buyer)
        case "correct-commissioner":
            buyer = {"name": filled("name") or "", "kind": text_of(form, "kind")}
            return made(CorrectCommissioner, commissioner_id=id_of(form, "commissioner"), reason_code=REASON, **buyer)
    raise Refused("malformed", "This form says nothing that can be done here.", "do")
