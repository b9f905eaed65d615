"""Withdrawing what was said of a setting to hold from a date on: looked at first, and done with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.withdrawing import WithdrawSettingFact
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.service import Current, Using
from api.core.show import read_form, setting_for, show, text_of
from api.core.withdrawing import REASONS, found_from, reason_given, setting_fact_in_words
from projections.queries.reading import Unknown
from projections.writers.body_changes.common import WITHDRAWN_FROM

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


class Told(NamedTuple):
    """How a kind of fact is told: what it is, and where it is said."""

    title: str
    page: str
    address: str


TOLD = {
    "calendar-set": Told("Terms and closures", "Terms and closures", "/calendar"),
    "timetable-set": Told("Slots of the day", "Slots of the day", "/timetable"),
    "retention-set": Told("How long records are kept", "Retention", "/retention"),
    "incident-categories-set": Told("What incidents are called", "The setting", "/setting"),
}


@router.get("/setting/withdraw", gate=Gate("manage-setting"))
def withdraw_page(
    request: Request,
    using: Current,
    asking: Asking,
    fact: str = "",
    from_date: Annotated[str, Query(alias="from")] = "",
    setting: str = "",
) -> HTMLResponse:
    """What is withdrawn, and what holds instead."""
    return _page(request, using, asking, setting, fact, from_date)


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    fact: str,
    from_date: str,
    refusal: str = "",
    status: int = 200,
    chosen: str = "",
) -> HTMLResponse:
    setting, _ = setting_for(using.reader, asking, wanted, "manage-setting")
    told = TOLD.get(fact)
    facts: Sequence[Mapping[str, Any]] = setting.get(WITHDRAWN_FROM.get(fact, ""), ())  # type: ignore[assignment]
    found = found_from(facts, from_date)
    if told is None or found is None:
        raise Unknown
    return show(
        request,
        "withdraw.html",
        status,
        title=told.title,
        page=told.page,
        back=f"{told.address}?setting={setting['id']}",
        words=setting_fact_in_words(fact, found[0]),
        from_date=from_date,
        instead=found[1],
        named={"setting": setting["id"], "fact": fact, "from": from_date},
        reasons=REASONS,
        chosen=chosen,
        said=refusal,
        new=new_id,
    )


@router.post("/setting/withdraw", gate=Gate("manage-setting"))
async def withdraw(request: Request, using: Using, asking: Asking) -> Response:
    """Withdraws one fact."""
    return await run_in_threadpool(_withdraw, request, using, asking, await read_form(request))


def _withdraw(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    fact, from_date = text_of(form, "fact"), text_of(form, "from")
    try:
        parts = {"fact": fact, "from_date": from_date, "reason_code": reason_given(form)}
        done = give(using, asking, command_of(WithdrawSettingFact, form, asking, setting["id"], **parts), form)
    except Refused as refusal:
        chosen = text_of(form, "reason_code")
        try:
            return _page(request, using, asking, setting["id"], fact, from_date, refusal.message, 422, chosen)
        except Unknown:
            # Somebody withdrew it meanwhile, so there is no page of it; why it is refused is told all the same.
            raise refusal from None
    address = f"{TOLD[fact].address}?setting={setting['id']}&done=withdraw&min_position={done.position}"
    return RedirectResponse(address, 303)
