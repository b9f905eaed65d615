"""One entry: as it was first recorded, every change with who, when and why, and the way to put it right or take it
back."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access.rules import may_mend
from ap_ledger.bootstrap import Service
from ap_ledger.kinds import KINDS
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.service import Current, Json, Using
from api.core.show import entry_id, id_of, people_of, read_form, show, text_of
from api.core.stories import REASONS, reason_in_words
from api.core.student_head import head_of
from api.core.withhold import withhold
from api.entries.mending import ERASED, fields_of, mended
from projections.queries.entries import day_of, story_of
from projections.queries.own_words import own_labels
from projections.queries.reading import Unknown
from projections.queries.words import Own, in_words

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {
    "corrected": "It is put right. What it said before is kept below.",
    "voided": "It is taken back. What it said is kept below.",
}


@router.get("/students/{student_id}/entries/{entry}", gate=Gate("read-history", reads="history"))
def entry_page(
    request: Request, student_id: UUID, entry: UUID, using: Current, asking: Asking, done: str = ""
) -> HTMLResponse:
    """One entry with its whole story."""
    return _entry(request, using, asking, student_id, entry, done=DONE.get(done, ""))


def _entry(
    request: Request,
    using: Service,
    asking: Asker,
    student_id: UUID,
    entry: UUID,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    told = told_entry(using, asking, student_id, entry)
    withhold(asking, student_id, [told])
    people, zone = people_of(using.reader), ZoneInfo(setting["time_zone"])
    own = (
        own_labels(using.reader, [student])[student["id"]]
        if asking.opens(asking.about(student_id), "learning", using.ledger.now())
        else {}
    )
    return show(
        request,
        "entry.html",
        status,
        student=student,
        head=head_of(using, asking, student, setting),
        told=told,
        kind=KINDS[told["kind"]].label,
        versions=_versions(using, told, people, zone, own),
        said=refusal,
        done=done,
        may_change=may_mend(asking.who, asking.about(student_id), told["status"]),
        fields=fields_of(using.reader, told["entry"], typed, {"student_id"}),
        reasons=REASONS,
        form=new_id(),
        happened=datetime.fromisoformat(told["occurred_at"]).astimezone(zone),
        now=in_words(using.reader, told["entry"], own, say=say),
    )


def told_entry(using: Service, asking: Asker, student_id: UUID, entry: UUID) -> dict[str, Any]:
    """An entry of a student with its story. Raises Unknown where there is none that whoever asks may see."""
    told = story_of(using.reader, entry)
    if (
        told is None
        or using.ledger.states.kept(UUID(told["entry"]["student_id"])) != student_id
        or day_of(using.reader, told) not in asking.days("read-history", student_id)
    ):
        raise Unknown
    return deepcopy(told)


def _versions(
    using: Service, told: Mapping[str, Any], people: dict[str, str | None], zone: ZoneInfo, own: Own
) -> list[Json]:
    """What it said at first and after every change, oldest first."""
    first = told["changes"][0]["before"] if told["changes"] else told["entry"]
    made = [
        {
            "title": "First recorded",
            "at": told["recorded_at"],
            "who": told["author_id"],
            "why": "",
            "what": in_words(using.reader, first, own, say=say),
        }
    ]
    for change in told["changes"]:
        why = ": ".join(part for part in (reason_in_words(change["reason_code"]), change["reason"]) if part)
        after = in_words(using.reader, change["after"], own, say=say) if change["after"] else ""
        made.append(
            {
                "title": "Put right" if change["after"] else "Taken back",
                "at": change["recorded_at"],
                "who": change["author_id"],
                "why": why,
                "what": after,
            }
        )
    return [
        {
            **version,
            "at": datetime.fromisoformat(version["at"]).astimezone(zone),
            "who": people.get(version["who"]) or "somebody",
        }
        for version in made
    ]


@router.post("/students/{student_id}/entries/{entry}", gate=Gate("record"))
async def change_entry(request: Request, student_id: UUID, entry: UUID, using: Using, asking: Asking) -> Response:
    """Records a correction or a void beside what was recorded; nothing is written over."""
    return await run_in_threadpool(_change, request, using, asking, student_id, entry, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, student_id: UUID, entry: UUID, form: FormData) -> Response:
    told, do, code = told_entry(using, asking, student_id, entry), text_of(form, "do"), text_of(form, "reason_code")
    if code not in REASONS or do not in ("correct", "void"):
        return _entry(request, using, asking, student_id, entry, "Say why, so that whoever looks back can tell.", 422)
    head = {
        "setting_id": told["entry"]["setting_id"],
        "student_id": told["entry"]["student_id"],
        "author_id": str(asking.person),
        "device_time": using.ledger.clock().isoformat(),
    }
    why = {"reason_code": code, **({"reason": reason} if (reason := text_of(form, "reason").strip()) else {})}
    typed: dict[str, str] = {}
    if do == "correct":
        # The words that somebody may not read go along unread; what was erased is nothing anybody could send.
        replacement, typed = mended(
            using.reader, {name: value for name, value in told["entry"].items() if value != ERASED}, form
        )
        change = {"kind": "entry-corrected", "entry_id": str(entry), "replacement": replacement, **why}
    else:
        change = {"kind": "entry-voided", "entry_id": str(entry), **why}
    # The id stands for what was typed, so that sending the form twice records it once.
    own = str(entry_id(id_of(form, "form"), do, repr(sorted(typed.items())), repr(why)))
    result = using.ledger.record([{"id": own, **head, **change}], sender=asking.writer).results[0]
    if result.status in ("recorded", "duplicate", "conflict"):
        done = "corrected" if do == "correct" else "voided"
        return RedirectResponse(
            f"/students/{student_id}/entries/{entry}?done={done}&min_position={result.position or 0}", 303
        )
    if result.status == "refused" and result.id is not None:
        using.ledger.waiting.dismiss(result.id, "mended-again", asking.who.person_id)
    return _entry(
        request, using, asking, student_id, entry, result.message or "It could not be recorded.", 422, typed=typed
    )
