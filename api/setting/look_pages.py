"""How a setting looks: the colour of its pages."""

from __future__ import annotations

import re

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.colours import DARK_SHEET, LIGHT_SHEET, look_of, nearest
from ap_ledger.domain.look import SetBrandColour
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import read_form, setting_for, show, text_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHIPPED = "#12436d"
"""The colour that ships, which the stylesheet has as `--brand`."""
COLOUR = re.compile(r"#[0-9a-f]{6}")
DONE = {
    "colour": "Every page is in this colour now.",
    "no-colour": "Every page is in the colour that ships again.",
}
"""What is told after what was done."""


@router.get("/setting/look", gate=Gate("manage-setting"), nav=Nav("How it looks", "more", 21))
def look_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """The colour of a setting's pages."""
    return _page(request, using, asking, setting, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: str = "",
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    own = setting.get("colour")
    shades = look_of(own) if own else None
    return show(
        request,
        "look.html",
        status,
        setting=setting,
        settings=settings,
        shades=[
            ("On light paper", shades.light, LIGHT_SHEET),
            ("On dark paper", shades.dark, DARK_SHEET),
        ]
        if shades
        else [],
        chosen=typed or own or SHIPPED,
        better=nearest(typed) if COLOUR.fullmatch(typed) else "",
        said=refusal,
        done=done,
        new=new_id,
    )


@router.post("/setting/look", gate=Gate("manage-setting"))
async def change_look(request: Request, using: Using, asking: Asking) -> Response:
    """Changes how a setting looks."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    try:
        changed = give(using, asking, _command(form, asking, setting["id"]), form)
    except Refused as refusal:
        return _page(request, using, asking, setting["id"], refusal.message, 422, typed=text_of(form, "colour").lower())
    address = f"/setting/look?setting={setting['id']}&done={text_of(form, 'do')}&min_position={changed.position}"
    return RedirectResponse(address, 303)


def _command(form: FormData, asking: Asker, setting_id: str) -> Command:
    """What a form asks for. Raises Refused."""
    match text_of(form, "do"):
        case "colour":
            return command_of(SetBrandColour, form, asking, setting_id, colour=text_of(form, "colour").lower())
        case "no-colour":
            return command_of(SetBrandColour, form, asking, setting_id)
    raise Refused("malformed", "This form says nothing that can be done here.", "do")
