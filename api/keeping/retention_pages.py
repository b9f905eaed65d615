"""How long each part of a record is kept, and whose time is over."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.retention import clocks_on, time_over
from ap_ledger.domain.setting import SetRetention
from ap_ledger.errors import Refused
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import read_form, setting_for, show, text_of
from api.core.withdrawing import WITHDRAWN, said_of_setting
from projections.queries.words import CLASS_NAMES

router = gated(include_in_schema=False, default_response_class=HTMLResponse)

DONE = {"set": "The clocks are set.", "withdraw": WITHDRAWN}
"""What is told after what was done."""


@router.get(
    "/retention",
    gate=Gate("see-audit"),
    nav=Nav("Retention", "more", 10, also="keep erase delete years gdpr", group="people"),
)
def retention_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """How long each part of a record is kept here, and whose time is over."""
    return _retention(request, using, asking, setting, done=done)


def _retention(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: FormData | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "see-audit")
    today = using.ledger.now().astimezone(ZoneInfo(setting["time_zone"])).date()
    ended = time_over(using.reader.everyone(setting), using.reader.whole("placements", setting), setting, today)
    over = [record for record in ended if asking.may("manage-students", record.id, setting["id"])]
    shown = (
        [clock.model_dump() for clock in clocks_on(setting.get("retention", ()), today)]
        if typed is None
        else _typed(typed)
    )
    begins = today.isoformat() if typed is None else text_of(typed, "from_date")
    return show(
        request,
        "retention.html",
        status,
        setting=setting,
        settings=settings,
        told=said_of_setting(setting, "retention-set"),
        clocks=shown,
        over=over,
        from_date=begins,
        may=asking.may("set-retention", setting=setting["id"]),
        said=refusal,
        done=DONE.get(done, ""),
        form=new_id,
        class_names=CLASS_NAMES,
    )


def _typed(form: FormData) -> list[dict[str, str]]:
    """The clocks as they were typed, so that whoever mends one keeps the rest."""
    return [
        {
            "retention_class": kept,
            "years": text_of(form, f"years:{kept}"),
            "counted_from": text_of(form, f"from:{kept}"),
            "basis": text_of(form, f"basis:{kept}"),
        }
        for kept in RETENTION_CLASSES
    ]


SAY_ALL = "Give whole years from 0 to 100 (or nothing, for ever), a start, and where the rule comes from."


def _clock(typed: dict[str, str]) -> dict[str, Any]:
    """One clock as a command says it. What is no number of years stays as typed, so that the command refuses it."""
    years, basis = typed["years"].strip(), typed["basis"].strip()
    return {**typed, "basis": basis, "years": (int(years) if years.isdecimal() else years) if years else None}


@router.post("/retention", gate=Gate("set-retention"))
async def set_retention(request: Request, using: Using, asking: Asking) -> Response:
    """Sets the clocks of a setting, from a date on."""
    return await run_in_threadpool(_set_retention, request, using, asking, await read_form(request))


def _set_retention(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "set-retention")
    begins, clocks = text_of(form, "from_date"), [_clock(clock) for clock in _typed(form)]
    try:
        command = command_of(SetRetention, form, asking, setting["id"], from_date=begins, clocks=clocks)
        done = give(using, asking, command, form)
    except Refused as refusal:
        sentence = SAY_ALL if refusal.code == "malformed" else refusal.message
        return _retention(request, using, asking, setting["id"], sentence, 422, typed=form)
    return RedirectResponse(f"/retention?setting={setting['id']}&done=set&min_position={done.position}", 303)
