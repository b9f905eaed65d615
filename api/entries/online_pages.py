"""Logging a contact on a plain page, for a browser that keeps nothing on the device or runs no scripts.

It needs a signal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.results import Result
from ap_ledger.events.entries import NoteWritten, RungReached, VisitLogged
from ap_ledger.kinds.items import ATTEMPTED, DefinitionItem
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.service import Current, Json, Using
from api.core.show import entry_id, id_of, read_form, setting_for, show, text_of
from frameworks import Definition
from projections.bodies import SettingBody

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
FIELDS = ("student", "rung", "at", "channel", "minutes", "note", "form")
CHANNELS = {"in-person": "In person", "phone": "By phone", "text": "By text", "video": "By video"}


@router.get("/log", gate=Gate("record"))
def log_page(
    request: Request, using: Current, asking: Asking, setting: str = "", student: str = "", done: int = 0
) -> HTMLResponse:
    """The form for one contact; of a student, where one is chosen already."""
    return _form(request, using, asking, setting, typed={"student": student}, done=done)


def _form(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    refusal: str = "",
    typed: dict[str, str] | None = None,
    done: int = 0,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "record")
    students = sorted(asking.among(using.reader.everyone(setting), "record"), key=lambda student: str(student["name"]))
    now = using.ledger.clock().astimezone(ZoneInfo(setting["time_zone"]))
    ladders = using.reader.newest("ladder", now.date())
    fresh = {**dict.fromkeys(FIELDS, ""), "at": f"{now:%Y-%m-%dT%H:%M}", "channel": "in-person", "form": str(new_id())}
    return show(
        request,
        "log_online.html",
        422 if refusal else 200,
        setting=setting,
        settings=settings,
        students=students,
        ladders=ladders,
        value_of=lambda ladder, rung: DefinitionItem(ladder.key, rung.id).packed(),
        channels=CHANNELS,
        typed={**fresh, **(typed or {})},
        said=refusal,
        done="It is recorded." if done else "",
    )


@router.post("/log", gate=Gate("record"))
async def log_contact(request: Request, using: Using, asking: Asking) -> Response:
    """Records a contact: how far it got, the visit, and a note where one was written."""
    return await run_in_threadpool(_log, request, using, asking, await read_form(request))


def _log(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "record")
    typed = {name: text_of(form, name) for name in FIELDS}
    entries = _entries(asking, setting, using.reader.newest("ladder", using.ledger.clock().date()), form, typed)
    if not entries:
        return _form(request, using, asking, setting["id"], "Choose how far it got, or write what happened.", typed)
    results = using.ledger.record(entries, sender=asking.writer).results
    failed = next((result for result in results if result.status not in ("recorded", "duplicate")), None)
    if failed is None:
        position = max(result.position or 0 for result in results)
        return RedirectResponse(f"/log?setting={setting['id']}&done=1&min_position={position}", 303)
    _let_go_of_refused(using, asking, results)
    # What went through has gone through: sent once more under the same ids it is only a duplicate.
    return _form(request, using, asking, setting["id"], failed.message or "It could not be recorded.", typed)


def _let_go_of_refused(using: Service, asking: Asker, results: list[Result]) -> None:
    """The form is before its author, with everything typed in it, so nothing need wait elsewhere."""
    for result in results:
        if result.status == "refused" and result.id is not None:
            using.ledger.waiting.dismiss(result.id, "mended-again", asking.who.person_id)


def _entries(
    asking: Asker, setting: SettingBody, ladders: list[Definition], form: FormData, typed: dict[str, str]
) -> list[Json]:
    """What was typed, as a phone would send it.

    What cannot be read stays as typed, so that the door says what is wrong.
    """
    visit = id_of(form, "form")
    common: dict[str, Any] = {
        "setting_id": setting["id"],
        "student_id": typed["student"],
        "author_id": str(asking.person),
        "device_time": _moment(typed["at"], ZoneInfo(setting["time_zone"])),
        "visit_id": str(visit),
    }
    rung = DefinitionItem.unpacked(typed["rung"])
    ladder = next(
        (candidate for candidate in ladders if candidate.key == rung.definition and rung.item in candidate.rank), None
    )
    note, minutes = typed["note"].strip(), typed["minutes"].strip()
    made: list[Json] = []
    if ladder is not None:
        made.append(
            {
                "kind": RungReached.TOPIC,
                "ladder": {"id": ladder.id, "version": ladder.version},
                "rung": rung.item,
            }
        )
    if note:
        made.append({"kind": NoteWritten.TOPIC, "retention_class": "learning", "text": note})
    if made:
        more = {"minutes": int(minutes) if minutes.isdecimal() else minutes} if minutes else {}
        made.append({"kind": VisitLogged.TOPIC, "effort": ATTEMPTED, "channel": typed["channel"], **more})
    # The id stands for what was typed, so that sending the form twice records it once.
    return [
        {"id": str(entry_id(visit, repr(sorted(common.items())), repr(sorted(entry.items())))), **common, **entry}
        for entry in made
    ]


def _moment(local: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(local).replace(tzinfo=zone).isoformat()
    except ValueError:
        return local
