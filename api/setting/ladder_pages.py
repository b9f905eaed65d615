"""The words of a ladder as a setting says them: its next version, under which everything recorded goes on."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.errors import DefinitionError, Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.service import Current, Using
from api.core.show import read_form, setting_for, show, text_of
from frameworks import Definition
from frameworks.exchange.intake import Intake
from frameworks.exchange.versions import follow
from frameworks.language.letters import tidy
from projections.queries.reading import Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
FIELDS = ("label", "short", "plain")
"""What is said of a rung: in full, in a drawing, and to a child."""
CHANGED_MEANWHILE = (
    "Somebody changed these words while you had them open. They stand below as they are now; "
    "change what you meant to change once more."
)


@router.get("/setting/ladder/{framework_id}", gate=Gate("publish-framework"))
def words_page(request: Request, using: Current, asking: Asking, framework_id: str, setting: str = "") -> HTMLResponse:
    """The rungs of a ladder, from the top, with what each is called."""
    return _page(request, using, asking, framework_id, setting)


@router.post("/setting/ladder/{framework_id}", gate=Gate("publish-framework"))
async def change_words(request: Request, using: Using, asking: Asking, framework_id: str) -> Response:
    """Publishes the ladder with other words as its next version."""
    return await run_in_threadpool(_change, request, using, asking, framework_id, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, framework_id: str, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "publish-framework")
    newest = _newest(using, framework_id)
    # What was read is what is changed, so that words said meanwhile are not taken back, and a form that is sent twice
    # says the same thing twice.
    ladder = using.ledger.published.definition(f"{framework_id}@{text_of(form, 'version')}") or newest
    try:
        done = give(using, asking, _next_version(using, ladder, form, asking, setting["id"]), form)
    except Refused as refusal:
        if ladder.version != newest.version:
            return _page(request, using, asking, framework_id, setting["id"], CHANGED_MEANWHILE)
        return _page(request, using, asking, framework_id, setting["id"], refusal.message, form)
    address = f"/setting/look?setting={setting['id']}&done=words&min_position={done.position}"
    return RedirectResponse(address, 303)


def _newest(using: Service, framework_id: str) -> Definition:
    ladder = using.ledger.published.newest(framework_id)
    if ladder is None or ladder.kind != "ladder":
        raise Unknown
    return ladder


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    framework_id: str,
    wanted: str,
    refusal: str = "",
    form: FormData | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "publish-framework")
    ladder = _newest(using, framework_id)
    rungs = [
        (rung.id, {name: text_of(form, f"{name}:{rung.id}") if form else getattr(rung, name) or "" for name in FIELDS})
        for rung, _ in reversed(list(ladder.climb()))
    ]
    return show(
        request,
        "ladder_words.html",
        422 if refusal else 200,
        setting=setting,
        settings=settings,
        ladder=ladder,
        rungs=rungs,
        said=refusal,
        new=new_id,
    )


def _next_version(
    using: Service, ladder: Definition, form: FormData, asking: Asker, setting_id: str
) -> PublishFramework:
    """The ladder with the words of a form, one version on. Raises Refused where nothing, or too little, is said."""
    before = using.ledger.published.authored(ladder.key) or {}
    authored = deepcopy(before)
    for rung in _rungs(authored):
        for name in FIELDS:
            words = tidy(text_of(form, f"{name}:{rung['id']}"))
            if words:
                rung[name] = words
            elif name == "label":
                raise Refused("malformed", f"Say what “{ladder.label_of(rung['id'])}” is called.", "label")
            else:
                rung.pop(name, None)
    if authored == before:
        raise Refused("not-allowed", "Every word is as it was, so there is nothing to publish.", "label")
    intake = Intake(authored)
    try:
        follow(intake, ladder)
    except DefinitionError as error:
        raise Refused("malformed", f"These words do not do: {error}", "label") from None
    return command_of(PublishFramework, form, asking, setting_id, definition=intake.authored)


def _rungs(authored: dict[str, Any]) -> list[dict[str, Any]]:
    """Every rung of a ladder as it was authored, those within others too."""
    found: list[dict[str, Any]] = []
    waiting = list(authored.get("rungs", ()))
    while waiting:
        rung = waiting.pop(0)
        found.append(rung)
        waiting += rung.get("rungs", ())
    return found
