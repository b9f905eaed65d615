"""A setting's half-terms and the days on which it is closed: from a ready year or typed, from a date on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.patterns import bank_holidays, half_terms, school_year_of
from ap_ledger.domain.setting import SetCalendar
from ap_ledger.errors import Refused
from ap_ledger.events.dated import in_force
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.rows import place_in_rows, rows_of
from api.core.service import Current, Using
from api.core.show import read_form, setting_for, show, text_of
from api.core.withdrawing import WITHDRAWN, said_of_setting

router = gated(include_in_schema=False, default_response_class=HTMLResponse)

DONE = {"set": "It holds from that day on.", "withdraw": WITHDRAWN}
"""What is told after what was done."""
EMPTY_ROWS = 2
"""How many rows stand empty below those that are filled."""
Spans = Sequence[Mapping[str, Any]]
"""Half-terms or closures as a form shows them: `label`, `first` and `last`."""


@router.get(
    "/calendar",
    gate=Gate("manage-setting"),
    nav=Nav("Terms and closures", "more", 6, also="holidays calendar bank training inset half", group="setting"),
)
def calendar_page(
    request: Request, using: Current, asking: Asking, setting: str = "", year: int = 0, done: str = ""
) -> HTMLResponse:
    """The half-terms and closures in force, to be changed from a date on; a ready year stands in their place until it
    is saved."""
    terms, closures = _ready(year) if year else ((), ())
    return _page(request, using, asking, setting, terms, closures, done=done, year=year if terms else 0)


def _ready(year: int) -> tuple[Spans, Spans]:
    """A ready school year, with the bank holidays that lie within its half-terms or between them."""
    terms = half_terms(year) if date.min.year <= year < date.max.year else ()
    if not terms:
        return (), ()
    closures = bank_holidays(terms[0].first, terms[-1].last)
    return [term.model_dump(mode="json") for term in terms], [day.model_dump(mode="json") for day in closures]


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    terms: Spans = (),
    closures: Spans = (),
    refusal: str = "",
    status: int = 200,
    done: str = "",
    year: int = 0,
    from_date: str = "",
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    calendar = in_force(setting.get("calendars", ()), today)
    if calendar and not (terms or closures):
        terms, closures = calendar.get("terms", ()), calendar.get("closures", ())
    this_year = school_year_of(today)
    return show(
        request,
        "calendar.html",
        status,
        setting=setting,
        settings=settings,
        told=said_of_setting(setting, "calendar-set"),
        spans=(
            ("term", "Half-terms", "Half-term", [*terms, *[{}] * EMPTY_ROWS]),
            ("closure", "Closed on", "Closure", [*closures, *[{}] * EMPTY_ROWS]),
        ),
        held=bool(calendar),
        years=[ready for ready in (this_year, this_year + 1) if half_terms(ready)],
        year=year,
        from_date=from_date or (min((term["first"] for term in terms), default="") if year else today.isoformat()),
        said=refusal,
        done=DONE.get(done, ""),
        new=new_id,
    )


@router.post("/calendar", gate=Gate("manage-setting"))
async def change_calendar(request: Request, using: Using, asking: Asking) -> Response:
    """Sets half-terms and closures from a date on."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    from_date = text_of(form, "from_date")
    terms, closures = ([row for row in rows_of(form, kind) if row.get("label")] for kind in ("term", "closure"))
    recorded = {calendar["from_date"] for calendar in setting.get("calendars", ())}
    dates = {"from_date": from_date, "corrects": from_date if from_date in recorded else None}
    # A day off needs no second date.
    closures = [{**row, "last": row.get("last") or row.get("first", "")} for row in closures]
    try:
        command = command_of(SetCalendar, form, asking, setting["id"], terms=terms, closures=closures, **dates)
        changed = give(using, asking, command, form)
    except Refused as refusal:
        told = place_in_rows(refusal, "terms", "Half-term", terms)
        if told == refusal.message:
            told = place_in_rows(refusal, "closures", "Closure", closures)
        return _page(request, using, asking, setting["id"], terms, closures, told, 422, from_date=from_date)
    return RedirectResponse(f"/calendar?setting={setting['id']}&done=set&min_position={changed.position}", 303)
