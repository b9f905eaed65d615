"""Erasing with care: what is there and for how long, a preview, two people, and never under a legal hold."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access import DEED_ACTIONS
from ap_ledger.application.ledger import new_id
from ap_ledger.domain.base import Command
from ap_ledger.domain.erasure import ExciseText, LiftHold, SetHold, ShredKey
from ap_ledger.domain.family import ReleaseToFamily
from ap_ledger.domain.person import AllowRecovery
from ap_ledger.domain.retention import clocks_on, ends_on
from ap_ledger.domain.setting import SetRetention
from ap_ledger.errors import Refused
from ap_ledger.events import event_class
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.events.entries import ENTRY_EVENTS
from ap_ledger.events.moments import moment
from ap_ledger.events.setting import RetentionClock
from api.asking import Asker, Asking
from api.gate import gated
from api.pages import KINDS, in_words
from api.people_pages import ROLE_NAMES, base_of
from api.problems import NotAllowed
from api.service import Current, Service, Using
from api.session_pages import entry_id
from api.show import id_of, people_of, read_form, setting_for, show, text_of
from projections.history import entries_at
from projections.reading import Body, Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN = 60
CLASS_NAMES = {
    "core": "Who they are: names, date of birth, UPN", "learning": "Learning: notes, goals, reasons", "behaviour": "Behaviour: incidents",
    "safeguarding": "Safeguarding: worries", "health": "Health: questionnaires, health notes, context",
}  # fmt: skip
RULES = {
    "time-is-over": "The time for which it is kept is over",
    "asked-by-family": "The family asked for it",
    "transferred": "The record was transferred",
    "recorded-wrongly": "It should not have been recorded",
}
HOLD_REASONS = {
    "court": "A court may ask for it",
    "inquiry": "An inquiry may ask for it",
    "complaint": "A complaint or claim is open",
    "abuse": "Abuse may be inquired into",
}


@router.get("/students/{student_id}/erasure")
def erasure_page(request: Request, student_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """What is kept of a student, until when, and what can be proposed."""
    return _erasure(request, using, asking, student_id, done=DONE.get(done, ""))


DONE = {
    "proposed": "It is proposed. Somebody else must approve it, under Two people. Nothing is erased until then.", "hold": "The legal hold stands. Nothing can be erased.",
    "lifted": "The legal hold is lifted.", "released": "What the family may see is changed.",
}  # fmt: skip


def _erasure(request: Request, using: Service, asking: Asker, student_id: UUID, said: str = "", status: int = 200, done: str = "") -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    now = using.ledger.clock()
    texts = using.ledger.recorder.count_sealed(student_id)
    ends = retention_of(using, student, setting, now.astimezone(ZoneInfo(setting["time_zone"])).date())
    classes = [
        {
            "id": kept,
            "name": CLASS_NAMES[kept],
            "texts": texts.get(kept, 0),
            "ends": ends.get(kept),
            "gone": kept in student["shredded"],
            "may": _may_erase(asking, kept, student),
        }
        for kept in RETENTION_CLASSES
    ]
    people = people_of(using.reader)
    holds = [
        {
            "id": one["hold_id"],
            "reason": HOLD_REASONS.get(one["reason_code"], one["reason_code"]),
            "since": moment(one["set_at"]).date(),
            "who": people.get(one["set_by"] or ""),
        }
        for one in student.get("holds", ())
    ]
    return show(
        request, "erasure.html", status, student=student, setting=setting, classes=classes, holds=holds, rules=RULES, reasons=HOLD_REASONS, said=said, done=done, form=new_id,
        notes=_texts(using, asking, student_id, setting), lifts=asking.may("lift-hold", setting=setting["id"]), class_names=CLASS_NAMES,
        today=now.astimezone(ZoneInfo(setting["time_zone"])).date(),
    )  # fmt: skip


def _may_erase(asking: Asker, kept: str, student: Body) -> bool:
    return asking.may("propose-erasure", student["id"], student["setting_id"]) and (
        kept != "safeguarding" or asking.may("erase-safeguarding", student["id"], student["setting_id"])
    )


def retention_of(using: Service, student: Body, setting: Body, today: date) -> dict[str, date]:
    """The day on which each class of a student's record comes to its end, where that is known."""
    ended = [one["end"] for one in using.reader.whole("placements", setting) if one["student_id"] == student["id"]]
    return _ends(student, setting, today, max(ended) if ended and all(ended) else None)


def _ends(student: Body, setting: Body, today: date, placement_end: str | None) -> dict[str, date]:
    born, admitted, over = (_date(said) for said in (student.get("date_of_birth"), student["admitted_on"], placement_end))
    found = {clock.retention_class: ends_on(clock, born, admitted, over) for clock in clocks_on(setting.get("retention", ()), today)}
    return {kept: end for kept, end in found.items() if end is not None}


def _date(said: str | None) -> date | None:
    try:
        return date.fromisoformat(said or "")
    except ValueError:
        return None


def _texts(using: Service, asking: Asker, student_id: UUID, setting: Body) -> list[dict[str, Any]]:
    """The newest entries that hold words which whoever asks may read: one of them may be the wrong child's."""
    position, about = using.ledger.recorder.read_head().position, asking.about(student_id)
    found = []
    kinds = [event.TOPIC for event in ENTRY_EVENTS if event.PERSONAL]
    for told in entries_at(using.reader, student_id, using.ledger.clock(), position, 0, SHOWN, kinds=kinds):
        for kept in sorted({*event_class(told["kind"]).personal(told["entry"]).values()}):
            fields = [
                name
                for name, of in event_class(told["kind"]).personal(told["entry"]).items()
                if of == kept and told["entry"].get(name) not in (None, "[erased]")
            ]
            when = using.ledger.clock()
            if fields and asking.opens(about, kept, when, told["author_id"]):
                versions = [told["position"], *(change["position"] for change in told["changes"] if change["after"])]
                found.append(
                    {
                        "kind": KINDS[told["kind"]],
                        "day": told["occurred_at"][:10],
                        "what": in_words(using.reader, told["entry"]),
                        "kept": kept,
                        "position": versions[-1],
                        "versions": versions,
                    }
                )
    return found


@router.post("/students/{student_id}/erasure")
async def change_erasure(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Sets or lifts a hold, changes what the family may see, or proposes an erasure."""
    return await run_in_threadpool(_change, request, student_id, using, asking, await read_form(request))


def _change(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    student, setting = using.reader.student_and_setting(student_id)
    common: dict[str, Any] = {"id": id_of(form, "command"), "setting_id": UUID(setting["id"]), "author_id": asking.person, "student": student_id}
    do, kept, position = text_of(form, "do"), text_of(form, "class"), text_of(form, "position")
    try:
        if do in ("shred", "excise"):
            if not _may_erase(asking, kept, student) and not student.get("holds"):
                raise NotAllowed
            commands: list[Command] = []
            if do == "shred":
                texts = using.ledger.recorder.count_sealed(student_id).get(kept, 0)
                commands.append(ShredKey(retention_class=kept, rule=text_of(form, "rule") or "asked", texts=texts, **common))  # type: ignore[arg-type]
            # The words of an entry that was corrected stand in every version of it.
            for each in position.split(",")[:20] if do == "excise" else ():
                where = int(each) if each.isdecimal() and len(each) < 16 else 0
                about = {**common, "id": entry_id(id_of(form, "command"), each)}
                commands.append(ExciseText(retention_class=kept, rule="recorded-wrongly", position=where, **about))  # type: ignore[arg-type]
            for command in commands:
                name = str(command.id)
                done = using.ledger.proposals.propose(
                    command, entry_id(id_of(form, "form"), name), entry_id(id_of(form, "form"), name, "propose"), asking.person
                )
            return RedirectResponse(f"/students/{student_id}/erasure?done=proposed&min_position={done.position}", 303)
        needed, made = _plain(form, do, common)
        if not asking.may(needed, student_id):
            raise NotAllowed
        done = using.ledger.execute(made)
    except (Refused, ValidationError) as error:
        return _erasure(request, using, asking, student_id, error.message if isinstance(error, Refused) else "Choose one of what is offered.", 422)
    told = {"hold": "hold", "lift": "lifted", "release": "released"}[do]
    return RedirectResponse(f"/students/{student_id}/erasure?done={told}&min_position={done.position}", 303)


def _plain(form: FormData, do: str, common: dict[str, Any]) -> tuple[str, Command]:
    """What one person may do alone, and the action that it is. Raises Refused."""
    if do == "hold":
        return "set-hold", SetHold(hold_id=id_of(form, "form"), reason_code=text_of(form, "reason") or "other", **common)
    if do == "lift":
        return "lift-hold", LiftHold(hold_id=id_of(form, "hold"), **common)
    if do == "release":
        return "manage-students", ReleaseToFamily(released=text_of(form, "released") == "1", **common)
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


# Two people ---------------------------------------------------------------------------------------------------------


@router.get("/proposals")
def proposals_page(request: Request, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """What somebody proposed and another must approve."""
    return _proposals(request, using, asking, done={"approved": "It is done, in both your names.", "declined": "It is declined."}.get(done, ""))


def _proposals(
    request: Request, using: Service, asking: Asker, said: str = "", status: int = 200, done: str = "", link: str = "", about: str = ""
) -> HTMLResponse:
    people = people_of(using.reader)
    shown = []
    for body in using.reader.whole("proposals"):
        if body["status"] == "open" and (_sees(asking, body)):
            mine = body["proposed_by"] == str(asking.person)
            shown.append(
                {
                    "id": body["id"], "words": _words(using, people, body), "who": people.get(body["proposed_by"]) or "someone", "mine": mine,
                    "since": moment(body["proposed_at"]).date(), "may": not mine and _approves(asking, body),
                }
            )  # fmt: skip
    return show(request, "proposals.html", status, proposals=shown, said=said, done=done, link=link, about=about, form=new_id)


def _sees(asking: Asker, body: Body) -> bool:
    return body["proposed_by"] == str(asking.person) or _approves(asking, body)


def _approves(asking: Asker, body: Body) -> bool:
    """Whether somebody may approve this kind of deed here; safeguarding words end only with a safeguarding lead's word."""
    action = DEED_ACTIONS[body["deed"]][1]
    student, setting = body["student_id"], body["setting_id"]
    if body["command"].get("retention_class") == "safeguarding" and not asking.may("erase-safeguarding", student, setting):
        return False
    if body["command"].get("person_id") == str(asking.person):
        return False
    return asking.may(action, student, setting) if student else asking.may(action, setting=setting)


def _words(using: Service, people: dict[str, str | None], body: Body) -> str:
    command = body["command"]
    student = (using.reader.one("students", body["student_id"]) or {}).get("name") if body["student_id"] else None
    person = people.get(command.get("person_id", ""))
    match body["deed"]:
        case "shred-key":
            texts = f"{command['texts']} {'text' if command['texts'] == 1 else 'texts'}"
            return f"Erase for ever, of {student}: {CLASS_NAMES[command['retention_class']].lower()} ({texts}). {RULES.get(command['rule'], command['rule'])}."
        case "excise-text":
            return f"Remove for ever one text of {student} ({command['retention_class']}, entry at position {command['position']})."
        case "grant-role":
            return f"Make {person} {ROLE_NAMES[command['role']].lower()}, from {command['from_date']} on."
    return f"Let {person} choose a new password and second factor."


@router.post("/proposals/{proposal_id}")
async def settle(request: Request, proposal_id: UUID, using: Using, asking: Asking) -> Response:
    """Approves a proposal, and does it; or declines it."""
    return await run_in_threadpool(_settle, request, proposal_id, using, asking, await read_form(request, 64 * 1024))


def _settle(request: Request, proposal_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    try:
        found = using.ledger.proposals.find(proposal_id)
    except Refused:
        raise Unknown from None
    body = {
        "deed": found.deed,
        "command": found.command,
        "student_id": found.command.get("student"),
        "setting_id": str(found.setting_id),
        "proposed_by": str(found.proposed_by),
    }
    if not _sees(asking, body):
        raise NotAllowed
    try:
        if text_of(form, "do") == "decline":
            done = using.ledger.proposals.decline(proposal_id, id_of(form, "command"), asking.person, "declined")
            return RedirectResponse(f"/proposals?done=declined&min_position={done.position}", 303)
        if not _approves(asking, body):
            raise NotAllowed
        command = using.ledger.proposals.command_of(found)
        done = using.ledger.proposals.approve(proposal_id, id_of(form, "command"), asking.person)
    except Refused as refusal:
        return _proposals(request, using, asking, refusal.message, 422)
    if isinstance(command, AllowRecovery):
        using.runner.wait_for(done.position)
        secret = using.ledger.accounts.make_link("recover", {"person": str(command.person_id)})
        name = people_of(using.reader).get(str(command.person_id)) or "them"
        return _proposals(request, using, asking, link=f"{base_of(request)}/welcome?key={secret}", about=name)
    return RedirectResponse(f"/proposals?done=approved&min_position={done.position}", 303)


# Retention ----------------------------------------------------------------------------------------------------------


@router.get("/retention")
def retention_page(request: Request, using: Current, asking: Asking, setting: str = "", done: int = 0) -> HTMLResponse:
    """How long each part of a record is kept here, and whose time is over."""
    return _retention(request, using, asking, setting, done=done)


def _retention(request: Request, using: Service, asking: Asker, wanted: str, said: str = "", status: int = 200, done: int = 0) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "see-audit")
    today = using.ledger.clock().astimezone(ZoneInfo(setting["time_zone"])).date()
    latest: dict[str, str | None] = {}
    for one in using.reader.whole("placements", setting):
        before = latest.get(one["student_id"], "")
        latest[one["student_id"]] = None if one["end"] is None or before is None else max(one["end"], before)
    over = []
    for student in using.reader.everyone(setting):
        if not asking.may("manage-students", student["id"], setting["id"]):
            continue
        ends = _ends(student, setting, today, latest.get(student["id"]) or None)
        due = [kept for kept, end in ends.items() if end <= today and kept not in student["shredded"]]
        if due:
            over.append({"id": student["id"], "name": student["name"], "classes": due, "held": bool(student.get("holds"))})
    return show(
        request, "retention.html", status, setting=setting, settings=settings, clocks=clocks_on(setting.get("retention", ()), today), over=over, today=today.isoformat(),
        may=asking.may("set-retention", setting=setting["id"]), said=said, done=done, form=new_id, class_names=CLASS_NAMES,
    )  # fmt: skip


@router.post("/retention")
async def set_retention(request: Request, using: Using, asking: Asking) -> Response:
    """Sets the clocks of a setting, from a date on."""
    return await run_in_threadpool(_set_retention, request, using, asking, await read_form(request))


def _set_retention(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "set-retention")
    try:
        clocks = tuple(
            RetentionClock.model_validate(
                {
                    "retention_class": kept, "years": int(years) if (years := text_of(form, f"years:{kept}").strip()) else None,
                    "counted_from": text_of(form, f"from:{kept}"), "basis": text_of(form, f"basis:{kept}").strip(),
                }
            )
            for kept in RETENTION_CLASSES
        )  # fmt: skip
        command = SetRetention(
            id=id_of(form, "command"),
            setting_id=UUID(setting["id"]),
            author_id=asking.person,
            from_date=date.fromisoformat(text_of(form, "from_date")),
            clocks=clocks,
        )
        done = using.ledger.execute(command)
    except (ValidationError, ValueError):
        return _retention(
            request, using, asking, setting["id"], "Give whole years from 0 to 100 (or nothing, for ever), a start, and where the rule comes from.", 422
        )
    except Refused as refusal:
        return _retention(request, using, asking, setting["id"], refusal.message, 422)
    return RedirectResponse(f"/retention?setting={setting['id']}&done=1&min_position={done.position}", 303)
