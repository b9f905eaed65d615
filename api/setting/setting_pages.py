"""What a setting is called, where its sessions happen, who buys places there and what incidents are called: one page,
each part put right by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.incident_categories import categories_on, default_categories
from ap_ledger.domain.setting import AddCommissioner, AddPlace, SetIncidentCategories
from ap_ledger.domain.setting_corrections import CorrectCommissioner, CorrectPlace, CorrectSetting
from ap_ledger.errors import Refused
from ap_ledger.events.dated import in_force
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, from_day, give
from api.core.languages import said_table
from api.core.navigation import Nav
from api.core.rows import id_from, place_in_rows, rows_of
from api.core.service import Current, Using
from api.core.show import id_of, read_form, setting_for, show, text_of
from api.core.withdrawing import WITHDRAWN, said_of_setting
from projections.bodies import CategoriesFact, SettingBody

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
KINDS = {"local-authority": "Local authority", "school": "School", "trust": "Trust", "other": "Somebody else"}
"""Who buys places, as the ledger keeps it, and as a person says it."""
DONE = {
    "correct": "It is put right. What it said before stays in the history.",
    "add-place": "The place is added.",
    "correct-place": "The place is put right.",
    "add-commissioner": "They are added, and can be chosen where a student is admitted.",
    "correct-commissioner": "They are put right.",
    "categories": "They are called so from that day on. What was recorded before keeps what it was called.",
    "withdraw": WITHDRAWN,
}
"""What is told after what was done."""
REASON = "put-right-on-page"
EMPTY_ROWS = 3
"""How many rows stand empty below the categories that there are."""


@router.get(
    "/setting",
    gate=Gate("manage-setting"),
    nav=Nav(
        "The setting",
        "more",
        4,
        also="places commissioners urn ukprn incident categories frameworks in use ladder",
        group="setting",
    ),
)
def setting_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """A setting with its numbers, places, commissioners and categories of incidents."""
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
    rows: Sequence[Mapping[str, str]] = (),
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    facts = setting.get("incident_categories", ())
    categories = [category.model_dump() for category in categories_on(facts, today)]
    return show(
        request,
        "setting.html",
        status,
        setting=setting,
        settings=settings,
        told=said_of_setting(setting, "incident-categories-set"),
        kinds=said_table(KINDS),
        own_categories=in_force(facts, today) is not None,
        categories=categories,
        rows=[*(rows or categories), *[{}] * EMPTY_ROWS],
        today=today.isoformat(),
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
        changed = give(using, asking, _command(form, asking, setting), form)
    except Refused as refusal:
        typed, rows = {name: text_of(form, name) for name in form}, rows_of(form, "category")
        message = place_in_rows(refusal, "categories", "Category", rows)
        return _page(request, using, asking, setting["id"], message, 422, typed=typed, rows=rows)
    address = f"/setting?setting={setting['id']}&done={text_of(form, 'do')}&min_position={changed.position}"
    return RedirectResponse(address, 303)


def _command(form: FormData, asking: Asker, setting: SettingBody) -> Command:
    """What a form asks for. Raises Refused."""

    def made(kind: type[Command], /, **fields: Any) -> Command:
        return command_of(kind, form, asking, setting["id"], **fields)

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
        case "categories":
            facts = setting.get("incident_categories", ())
            return made(SetIncidentCategories, categories=_categories(form, facts), **from_day(form, facts))
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


def _categories(form: FormData, facts: Sequence[CategoriesFact]) -> list[dict[str, str]]:
    """The categories that a form says: one that stays keeps its id, and a new one gets one that no other ever had."""
    rows = [row for row in rows_of(form, "category") if row.get("label")]
    taken = {row["id"] for row in rows if row.get("id")}
    taken |= {category["id"] for fact in facts for category in fact["categories"]}
    taken |= {category.id for category in default_categories()}
    categories = []
    for row in rows:
        category_id = row.get("id") or id_from(row["label"], taken, "category")
        taken.add(category_id)
        categories.append({"id": category_id, "label": row["label"]})
    return categories
