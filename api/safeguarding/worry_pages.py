"""One worry: read, marked as read, and taken into a case or settled with a reason."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.case import AcknowledgeWorry, CaseCommand, CloseCase, DecideCase, OpenCase, TakeInWorry
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give, one_of_several
from api.core.problems import NotAllowed
from api.core.safeguarding import may_read_worry, readable
from api.core.service import Current, Using
from api.core.show import id_of, read_form, show, text_of
from api.safeguarding.list_pages import names_in
from projections.bodies import SettingBody
from projections.queries.reading import Unknown
from projections.queries.safeguarding import Worry, worry_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


class Found(NamedTuple):
    """A worry that whoever asks may read, and its setting."""

    worry: Worry
    setting: SettingBody


def _find(using: Service, asking: Asker, worry_id: UUID) -> Found:
    """The worry. Raises Unknown where there is none, or none that whoever asks may know of."""
    found = worry_of(using.reader, worry_id)
    if found is None or not may_read_worry(asking, found[0], found[1]["id"]):
        raise Unknown
    return Found(*found)


@router.get("/safeguarding/worries/{worry_id}", gate=Gate("read-safeguarding-words"))
def worry_page(request: Request, worry_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """One worry, and what may be done about it."""
    return _page(request, using, asking, worry_id, done="It is marked as read." if done == "seen" else "")


def _page(
    request: Request, using: Service, asking: Asker, worry_id: UUID, refusal: str = "", done: str = "", reason: str = ""
) -> HTMLResponse:
    worry, setting = _find(using, asking, worry_id)
    using.ledger.record_read("worries", asking.person, UUID(setting["id"]))
    told = readable(using, asking, setting)
    others = [other for other in told.worries if other.student_id == worry.student_id and other.id != worry.id]
    return show(
        request,
        "worry.html",
        422 if refusal else 200,
        worry=worry,
        setting=setting,
        cases=told.of_worry(worry.id),
        theirs=[case for case in told.cases if case.is_open and worry.id not in case.worries],
        earlier=others,
        names=names_in(using, setting),
        works=asking.may("work-safeguarding", worry.student_id or None, setting["id"]),
        typed={"reason": reason},
        said=refusal,
        done=done,
        new=new_id,
    )


@router.post("/safeguarding/worries/{worry_id}", gate=Gate("work-safeguarding"))
async def answer_worry(request: Request, worry_id: UUID, using: Using, asking: Asking) -> Response:
    """Marks a worry as read, takes it into a case, or settles it with a reason."""
    form = await read_form(request, 64 * 1024)
    return await run_in_threadpool(_answer, request, using, asking, worry_id, form)


def _answer(request: Request, using: Service, asking: Asker, worry_id: UUID, form: FormData) -> Response:
    worry, setting = _find(using, asking, worry_id)
    try:
        match text_of(form, "do"):
            case "seen":
                command = command_of(AcknowledgeWorry, form, asking, setting["id"], worry=worry_id)
                position = give(using, asking, command, form).position
                return RedirectResponse(f"/safeguarding/worries/{worry_id}?done=seen&min_position={position}", 303)
            case "open":
                return _open(using, asking, worry, setting, form)
            case "take-in":
                return _take_in(using, asking, worry, setting, form)
            case "settle":
                return _settle(using, asking, worry, setting, form)
    except Refused as refusal:
        return _page(request, using, asking, worry_id, refusal.message, reason=text_of(form, "reason"))
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


def _seen(using: Service, asking: Asker, worry: Worry, setting: SettingBody, form: FormData) -> None:
    """Whoever does something about a worry has read it."""
    if worry.seen_at is None:
        command = one_of_several(AcknowledgeWorry, form, asking, setting["id"], worry=worry.id)
        if not asking.may_give(command):
            raise NotAllowed
        using.ledger.execute(command)


def _open(using: Service, asking: Asker, worry: Worry, setting: SettingBody, form: FormData) -> Response:
    case_id = id_of(form, "form")
    about = {"case": case_id, "student": worry.student_id, "worries": [worry.id], "title": text_of(form, "title")}
    done = give(using, asking, command_of(OpenCase, form, asking, setting["id"], **about), form)
    _seen(using, asking, worry, setting, form)
    return RedirectResponse(f"/safeguarding/cases/{case_id}?done=open&min_position={done.position}", 303)


def _take_in(using: Service, asking: Asker, worry: Worry, setting: SettingBody, form: FormData) -> Response:
    case_id = id_of(form, "case")
    case = next((case for case in readable(using, asking, setting).cases if case.id == case_id), None)
    if case is None:
        raise Refused("malformed", "Choose the case.", "case")
    about = {"case": case_id, "student": case.record_id, "worry": worry.id}
    done = give(using, asking, command_of(TakeInWorry, form, asking, setting["id"], **about), form)
    _seen(using, asking, worry, setting, form)
    return RedirectResponse(f"/safeguarding/cases/{case_id}?done=changed&min_position={done.position}", 303)


def _settle(using: Service, asking: Asker, worry: Worry, setting: SettingBody, form: FormData) -> Response:
    """Opens a case, decides that nothing more is needed, and closes it, all at once: the reason is kept for good."""
    case_id, reason = id_of(form, "form"), text_of(form, "reason").strip()
    if not reason:
        raise Refused("malformed", "Say why nothing more is needed, so that whoever looks back can tell.", "reason")
    about = {"case": case_id, "student": worry.student_id}
    opening = {"title": text_of(form, "title"), "worries": [worry.id]}
    commands: list[CaseCommand] = [
        one_of_several(OpenCase, form, asking, setting["id"], **about, **opening),
        one_of_several(DecideCase, form, asking, setting["id"], **about, decision="no-further-action", reason=reason),
        one_of_several(CloseCase, form, asking, setting["id"], **about, reason=reason),
    ]
    if not all(asking.may_give(command) for command in commands):
        raise NotAllowed
    done = using.ledger.execute_all(commands)
    _seen(using, asking, worry, setting, form)
    # The three stand one after the other, and the position is that of the first.
    last = done.position + (len(commands) - 1 if done.status == "recorded" else 0)
    return RedirectResponse(f"/safeguarding/cases/{case_id}?done=closed&min_position={last}", 303)
