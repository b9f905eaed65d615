"""Erasing with care: what is there and for how long, a preview, two people, and never under a legal hold."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access.rules import may_erase
from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.erasure import ExciseText, LiftHold, SetHold, ShredKey
from ap_ledger.domain.family import ReleaseToFamily
from ap_ledger.domain.retention import ends_of
from ap_ledger.errors import Refused
from ap_ledger.events import event_class
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.events.entries import ENTRY_EVENTS
from ap_ledger.events.moments import moment
from ap_ledger.kinds import KINDS
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.languages import say
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import entry_id, id_of, people_of, read_form, show, text_of
from api.core.student_head import head_of
from projections.bodies import SettingBody, StudentBody
from projections.queries.entries import entries_at
from projections.queries.relations import by_student
from projections.queries.words import CLASS_NAMES, ERASURE_RULES, in_words

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN, VERSIONS_AT_ONCE = 60, 20
HOLD_REASONS = {
    "court": "A court may ask for it",
    "inquiry": "An inquiry may ask for it",
    "complaint": "A complaint or claim is open",
    "abuse": "Abuse may be inquired into",
}


@router.get(
    "/students/{student_id}/erasure",
    gate=Gate("manage-students", reads="erasure"),
    nav=Nav("Kept and erased", "student", 5),
)
def erasure_page(request: Request, student_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """What is kept of a student, until when, and what can be proposed."""
    return _erasure(request, using, asking, student_id, done=DONE.get(done, ""))


DONE = {
    "proposed": "It is proposed. Somebody else must approve it, under Two people. Nothing is erased until then.",
    "hold": "The legal hold stands. Nothing can be erased.",
    "lifted": "The legal hold is lifted.", "released": "What the family may see is changed.",
}  # fmt: skip


def _erasure(
    request: Request,
    using: Service,
    asking: Asker,
    student_id: UUID,
    refusal: str = "",
    status: int = 200,
    done: str = "",
) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    now = using.ledger.now()
    texts = _texts_kept(using, student_id)
    ends = retention_of(using, student, setting, now.astimezone(ZoneInfo(setting["time_zone"])).date())
    about = asking.about(student["id"], student["setting_id"])
    classes = [
        {
            "id": kept,
            "name": CLASS_NAMES[kept],
            "texts": texts.get(kept, 0),
            "ends": ends.get(kept),
            "gone": kept in student["shredded"],
            "may": may_erase(asking.who, about, kept),
        }
        for kept in RETENTION_CLASSES
    ]
    people = people_of(using.reader)
    holds = [
        {
            "id": hold["hold_id"],
            "reason": HOLD_REASONS.get(hold["reason_code"], hold["reason_code"]),
            "since": moment(hold["set_at"]).date(),
            "who": people.get(hold["set_by"] or ""),
        }
        for hold in student.get("holds", ())
    ]
    return show(
        request,
        "erasure.html",
        status,
        student=student,
        head=head_of(using, asking, student, setting),
        setting=setting,
        classes=classes,
        holds=holds,
        rules=ERASURE_RULES,
        reasons=HOLD_REASONS,
        said=refusal,
        done=done,
        form=new_id,
        notes=_texts(using, asking, student_id, setting),
        lifts=asking.may("lift-hold", setting=setting["id"]),
        class_names=CLASS_NAMES,
        today=now.astimezone(ZoneInfo(setting["time_zone"])).date(),
    )


def _texts_kept(using: Service, student_id: UUID) -> Counter[str]:
    """How many sealed texts there are of each class, in every record of a child: all of them are erased together."""
    counts: Counter[str] = Counter()
    for record in using.ledger.states.records(student_id):
        counts.update(using.ledger.recorder.count_sealed(record))
    return counts


def retention_of(using: Service, student: StudentBody, setting: SettingBody, today: date) -> dict[str, date]:
    """The day on which each class of a student's record comes to its end, where that is known."""
    placements = by_student(using.reader.whole("placements", setting)).get(student["id"], ())
    ended = [placement["end"] for placement in placements if placement["end"]]
    return ends_of(student, setting, today, max(ended) if ended and len(ended) == len(placements) else None)


def _texts(using: Service, asking: Asker, student_id: UUID, setting: SettingBody) -> list[dict[str, Any]]:
    """The newest entries that hold words which whoever asks may read: one of them may be the wrong child's."""
    position, about = using.ledger.recorder.read_head().position, asking.about(student_id)
    texts = []
    kinds = [event.TOPIC for event in ENTRY_EVENTS if event.PERSONAL]
    for told in entries_at(using.reader, student_id, using.ledger.now(), position, 0, SHOWN, kinds=kinds):
        for kept in sorted({*event_class(told["kind"]).personal(told["entry"]).values()}):
            fields = [
                name
                for name, of in event_class(told["kind"]).personal(told["entry"]).items()
                if of == kept and told["entry"].get(name) not in (None, "[erased]")
            ]
            when = using.ledger.now()
            if fields and asking.opens(about, kept, when):
                versions = [told["position"], *(change["position"] for change in told["changes"] if change["after"])]
                texts.append(
                    {
                        "kind": KINDS[told["kind"]].label,
                        "day": told["occurred_at"][:10],
                        "what": in_words(using.reader, told["entry"], say=say),
                        "kept": kept,
                        "position": versions[-1],
                        "versions": versions,
                    }
                )
    return texts


@router.post("/students/{student_id}/erasure", gate=Gate("manage-students"))
async def change_erasure(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Sets or lifts a hold, changes what the family may see, or proposes an erasure."""
    return await run_in_threadpool(_change, request, student_id, using, asking, await read_form(request))


def _change(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    _, setting = using.reader.student_and_setting(student_id)
    do = text_of(form, "do")
    try:
        for command in _commands(using, asking, form, student_id, setting["id"]):
            done = give(using, asking, command, form)
    except Refused as refusal:
        return _erasure(request, using, asking, student_id, refusal.message, 422)
    told = {"hold": "hold", "lift": "lifted", "release": "released"}.get(do, "proposed")
    return RedirectResponse(f"/students/{student_id}/erasure?done={told}&min_position={done.position}", 303)


def _record_at(using: Service, student_id: UUID, position: int) -> UUID:
    """The record of a child in which a position of the ledger lies: a text is removed from where it stands."""
    events, records = using.ledger.recorder.events_at([position]), using.ledger.states.records(student_id)
    return next((event.student_id for event in events if event.student_id in records), student_id)


def _commands(using: Service, asking: Asker, form: FormData, student_id: UUID, setting_id: str) -> list[Command]:
    """What a form asks for, one after another; at least one. Raises Refused."""

    def made(kind: type[Command], student: UUID = student_id, **fields: Any) -> Command:
        return command_of(kind, form, asking, setting_id, student=student, **fields)

    kept = text_of(form, "class")
    match text_of(form, "do"):
        case "hold":
            return [made(SetHold, hold_id=id_of(form, "form"), reason_code=text_of(form, "reason") or "other")]
        case "lift":
            hold = id_of(form, "hold")
            whose = using.ledger.states.record_where(student_id, lambda record: hold in record.holds)
            return [made(LiftHold, whose, hold_id=hold)]
        case "release":
            return [made(ReleaseToFamily, released=text_of(form, "released") == "1")]
        case "shred":
            texts, rule = _texts_kept(using, student_id).get(kept, 0), text_of(form, "rule") or "asked"
            return [made(ShredKey, retention_class=kept, rule=rule, texts=texts)]
        case "excise":
            shared = {"retention_class": kept, "rule": "recorded-wrongly"}
            # The words of an entry that was corrected stand in every version of it.
            return [
                made(
                    ExciseText,
                    _record_at(using, student_id, position),
                    id=entry_id(id_of(form, "command"), str(position)),
                    position=position,
                    **shared,
                )
                for position in _positions(text_of(form, "position"))
            ]
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


def _positions(versions: str) -> list[int]:
    """Where the versions of an entry stand; for what is no number 0, where nothing ever stands."""
    return [
        int(number) if number.isdecimal() and len(number) < 16 else 0
        for number in versions.split(",")[:VERSIONS_AT_ONCE]
    ]
