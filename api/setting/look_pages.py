"""How a setting looks and when it is quiet: its logo, the colour of its pages, the words of its ladder, its hours."""

from __future__ import annotations

import re
from base64 import b64encode
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.colours import DARK_SHEET, LIGHT_SHEET, look_of, nearest
from ap_ledger.domain.look import SetBrandColour, SetLogo
from ap_ledger.domain.quiet import SetQuietHours
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import FORM_BYTES, logo_address, read_private_form, setting_for, show, text_of
from api.setting.logos import small_logo
from projections.bodies import QuietBody
from projections.queries.logos import logo_of
from projections.queries.reading import Unknown
from projections.queries.words import WEEKDAYS

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHIPPED = "#12436d"
"""The colour that ships, which the stylesheet has as `--brand`."""
START_FROM = QuietBody(starts="18:00", ends="07:30", weekdays=list(WEEKDAYS), whole_days=[])
"""The hours that stand in the form where there are none yet."""
COLOUR = re.compile(r"#[0-9a-f]{6}")
DONE = {
    "logo": "The logo stands on every page, and on reports made from now on.",
    "no-logo": "The logo is taken off. It stays in the history.",
    "colour": "Every page is in this colour now.",
    "quiet": "The quiet hours are put down.",
    "not-quiet": "There are no quiet hours any more.",
    "words": "The steps of the ladder are called so from now on.",
    "no-colour": "Every page is in the colour that ships again.",
}
"""What is told after what was done."""


@router.get(
    "/setting/look",
    gate=Gate("manage-setting"),
    nav=Nav("Look and quiet hours", "more", 21, also="logo colour theme night", group="setting"),
)
def look_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """The logo and the colour of a setting's pages, the words of its ladder, and when nobody is notified."""
    return _page(request, using, asking, setting, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    colour: str = "",
    typed_hours: QuietBody | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    own = setting.get("colour")
    shades = look_of(own) if own else None
    hours = setting.get("quiet_hours")
    return show(
        request,
        "look.html",
        status,
        setting=setting,
        settings=settings,
        logo=logo_address(setting),
        ladders=using.reader.newest("ladder", using.ledger.access_facts.today(UUID(setting["id"]))),
        hours=hours,
        form=typed_hours or hours or START_FROM,
        weekdays=WEEKDAYS,
        shades=[
            ("On light paper", shades.light, LIGHT_SHEET),
            ("On dark paper", shades.dark, DARK_SHEET),
        ]
        if shades
        else [],
        chosen=colour or own or SHIPPED,
        better=nearest(colour) if COLOUR.fullmatch(colour) else "",
        said=refusal,
        done=done,
        new=new_id,
    )


@router.post("/setting/look", gate=Gate("manage-setting"))
async def change_look(request: Request, using: Using, asking: Asking) -> Response:
    """Changes how a setting looks."""
    # Nothing of a picture is kept but its dots, so what else is in its file never touches a disk.
    form = await read_private_form(request, FORM_BYTES)
    given = form.get("picture")
    picture = await given.read() if isinstance(given, UploadFile) else b""
    await form.close()
    return await run_in_threadpool(_change, request, using, asking, form, picture)


def _change(request: Request, using: Service, asking: Asker, form: FormData, picture: bytes) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    try:
        changed = give(using, asking, _command(form, picture, asking, setting["id"]), form)
    except Refused as refusal:
        colour, hours = text_of(form, "colour").lower(), _hours(form) if text_of(form, "do") == "quiet" else None
        return _page(request, using, asking, setting["id"], refusal.message, 422, colour=colour, typed_hours=hours)
    address = f"/setting/look?setting={setting['id']}&done={text_of(form, 'do')}&min_position={changed.position}"
    return RedirectResponse(address, 303)


def _command(form: FormData, picture: bytes, asking: Asker, setting_id: str) -> Command:
    """What a form asks for. Raises Refused."""
    match text_of(form, "do"):
        case "logo" if not picture:
            raise Refused("malformed", "Choose a picture first: a PNG, JPEG or WebP of at most 2 MB.", "picture")
        case "logo":
            return command_of(SetLogo, form, asking, setting_id, picture=b64encode(small_logo(picture)).decode())
        case "no-logo":
            return command_of(SetLogo, form, asking, setting_id)
        case "colour":
            return command_of(SetBrandColour, form, asking, setting_id, colour=text_of(form, "colour").lower())
        case "quiet":
            return command_of(SetQuietHours, form, asking, setting_id, hours=_hours(form))
        case "not-quiet":
            return command_of(SetQuietHours, form, asking, setting_id)
        case "no-colour":
            return command_of(SetBrandColour, form, asking, setting_id)
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


def _hours(form: FormData) -> QuietBody:
    weekdays, whole_days = (
        [day for day in WEEKDAYS if text_of(form, f"{name}-{day}")] for name in ("weekdays", "whole_days")
    )
    starts, ends = text_of(form, "starts"), text_of(form, "ends")
    return QuietBody(starts=starts, ends=ends, weekdays=weekdays, whole_days=whole_days)


@router.get("/setting/{setting_id}/logo/{mark}.png", gate=Gate("see-setting"))
def logo(setting_id: UUID, mark: str, using: Current) -> Response:
    """The logo of a setting. Its address goes by what it shows."""
    setting = using.reader.one("settings", str(setting_id))
    shown = setting.get("logo") if setting else None
    picture = logo_of(using.reader, setting) if setting and shown and shown["mark"] == mark else None
    if picture is None:
        raise Unknown
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(picture, media_type="image/png", headers=headers)
