"""What waits for somebody: refused and held entries, each with its reason, mended, confirmed or let go by their
author."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.posted import CODE
from ap_ledger.domain.posting import id_of as id_of_entry
from ap_ledger.events.changes import CHANGE_EVENTS
from ap_ledger.events.entries import ENTRY_EVENTS
from ap_ledger.kinds import KINDS, TOLD
from ap_ledger.recording.boxes import is_box
from ap_ledger.recording.ledger import new_id
from ap_ledger.recording.unsettled import CHANGES, waits_for_author
from ap_ledger.stores.held.rows import Held
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Using
from api.core.show import entry_id, id_of, people_of, read_form, show, text_of
from api.entries.mending import MendingField, fields_of, mended
from projections.bodies import StudentBody
from projections.queries.reading import Unknown
from projections.queries.words import WITHHELD, in_words

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN = 50
CLOSED_HERE = "It cannot be opened here"
SEALED_HERE = "Sealed: it cannot be read here"
DONE = {
    "recorded": "It is recorded.",
    "replaced": "It is recorded as you put it right.",
    "dismissed": "It is settled. What was sent is kept with your reason.",
}


@router.get(
    "/held",
    gate=Gate("see-own-account", reads="held"),
    nav=Nav("Waiting for you", "more", 0, ("record", "raise-worry"), group="students"),
)
def held_page(request: Request, using: Using, asking: Asking, done: str = "") -> HTMLResponse:
    """Everything that waits for whoever asks, newest first."""
    return _held(request, using, asking, done=DONE.get(done, ""))


def _held(
    request: Request,
    using: Service,
    asking: Asker,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: dict[str, Any] | None = None,
) -> HTMLResponse:
    waiting = sorted(
        (held for held in using.ledger.waiting.every() if asking.may_settle(held)),
        key=lambda held: held.received_at,
        reverse=True,
    )
    people, students = people_of(using.reader), _students(using, asking)
    lines = [_line(using, asking, held, people, students, (typed or {}).get(str(held.id))) for held in waiting[:SHOWN]]
    return show(
        request,
        "held.html",
        status,
        lines=lines,
        more=len(waiting) > SHOWN,
        said=refusal,
        done=done,
        form=new_id,
        students=students,
    )


def _students(using: Service, asking: Asker) -> list[StudentBody]:
    """Whom they may record about."""
    where = [setting for setting in using.reader.whole("settings") if UUID(setting["id"]) in asking.where("record")]
    return sorted(
        (student for setting in where for student in asking.among(using.reader.everyone(setting), "record")),
        key=lambda student: str(student["name"]),
    )


def _line(
    using: Service,
    asking: Asker,
    held: Held,
    people: dict[str, str | None],
    students: list[StudentBody],
    typed: dict[str, str] | None,
) -> dict[str, Any]:
    entry = held.entry if isinstance(held.entry, dict) and not is_box(held.entry) else {}
    kind, mine = str(entry.get("kind")), id_of_entry(entry, "author_id") == asking.who.person_id
    about = id_of_entry(entry, "student_id")
    kept = None if about is None else str(using.ledger.states.kept(about))
    student = next((known_student["name"] for known_student in students if known_student["id"] == kept), None)
    return {
        "id": str(held.id),
        "message": held.message,
        "received": held.received_at,
        "mine": mine,
        "ends": held.ends_at,
        "broken": held.broken,
        "kind": _label(kind),
        "what": _what(using, entry, mine) if entry else CLOSED_HERE if held.broken else SEALED_HERE,
        "student": student,
        "who": people.get(str(id_of_entry(entry, "author_id"))) or "somebody",
        "confirm": waits_for_author(held, asking.who.person_id),
        "again": held.status == "refused",
        "fields": _fields(using, entry, mine, typed),
    }


def _label(kind: str) -> str:
    """What is waiting: an entry of some kind, a change of one, or what is of no kind at all."""
    if kind in KINDS:
        return KINDS[kind].label
    return "Change" if kind in CHANGES else "Entry"


def _fields(using: Service, entry: dict[str, Any], mine: bool, typed: dict[str, str] | None) -> list[MendingField]:
    """What its author may put right; nothing where what came is not even shaped so that a form could show it."""
    try:
        return fields_of(using.reader, entry, typed) if mine and str(entry.get("kind")) in TOLD else []
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


WORDS = frozenset(field for event in (*ENTRY_EVENTS, *CHANGE_EVENTS) for field in event.PERSONAL)
"""Fields that hold somebody's words. In what was refused any of them may stand anywhere."""


def _what(using: Service, entry: dict[str, Any], mine: bool) -> str:
    """What something held says. Its words are for its author; whoever settles it for others sees what it is about."""
    content = entry["replacement"] if isinstance(entry.get("replacement"), dict) else entry
    try:
        return in_words(
            using.reader,
            content if mine else {name: WITHHELD if name in WORDS else value for name, value in content.items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        # Whatever is wrong with it may be just what the words are made from.
        return "It cannot be put into words as it stands"


@router.post("/held", gate=Gate("see-own-account"))
async def confirm_all(using: Using, asking: Asking) -> Response:
    """Confirms everything that was recorded in one's own name from elsewhere."""
    return await run_in_threadpool(_confirm_all, using, asking)


def _confirm_all(using: Service, asking: Asker) -> Response:
    for held in using.ledger.waiting.every():
        if waits_for_author(held, asking.who.person_id) and asking.may_settle(held):
            using.ledger.waiting.retry(held.id, asking.writer)
    return RedirectResponse("/held?done=recorded", 303)


@router.post("/held/{held_id}", gate=Gate("see-own-account"))
async def settle(request: Request, held_id: UUID, using: Using, asking: Asking) -> Response:
    """Confirms or tries again, records a mended one in its place, or settles it without recording."""
    return await run_in_threadpool(_settle, request, held_id, using, asking, await read_form(request))


def _settle(request: Request, held_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    held, do = using.ledger.waiting.entry(held_id), text_of(form, "do")
    if held is None or held.resolution is not None or not asking.may_settle(held):
        raise Unknown
    if do == "dismiss":
        reason = text_of(form, "reason")
        using.ledger.waiting.dismiss(
            held.id, reason if re.fullmatch(CODE, reason) else "not-needed", asking.who.person_id
        )
        return RedirectResponse("/held?done=dismissed", 303)
    if do == "retry":
        result = using.ledger.waiting.retry(held_id, asking.writer)
        if result is not None and result.status in ("recorded", "duplicate"):
            return RedirectResponse("/held?done=recorded", 303)
        return _held(request, using, asking, (result and result.message) or "It could not be recorded yet.", 422)
    if do != "mend" or not isinstance(held.entry, dict) or id_of_entry(held.entry, "author_id") != asking.who.person_id:
        raise Unknown
    entry, typed = mended(using.reader, held.entry, form)
    # The id stands for what was typed, so that sending the form twice records it once.
    fresh = {
        **entry,
        "id": str(entry_id(id_of(form, "form"), repr(sorted(typed.items())))),
        "replaces": str(held.entry_id or held.id),
    }
    result = using.ledger.record([fresh], sender=asking.writer).results[0]
    if result.status in ("recorded", "duplicate"):
        using.ledger.held.resolve([held.id], "replaced", using.ledger.clock(), asking.who.person_id)
        return RedirectResponse("/held?done=replaced", 303)
    if result.status == "refused" and result.id is not None:
        # Only the first stays to be mended; a second copy of the same slip would be one more thing to settle.
        using.ledger.waiting.dismiss(result.id, "mended-again", asking.who.person_id)
    return _held(
        request, using, asking, result.message or "It could not be recorded.", 422, typed={str(held.id): typed}
    )
