"""Every worry and case of a setting, by what it waits for; and a case that is opened without a worry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.case import AcknowledgeWorry, OpenCase
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give, one_of_several
from api.core.navigation import Nav
from api.core.safeguarding import new_ones, readable
from api.core.service import Current, Using
from api.core.show import id_of, people_of, read_form, setting_for, show, text_of
from api.safeguarding.chronology import Names
from projections.bodies import SettingBody
from projections.queries.safeguarding import CaseFile, Safeguarding, Stage, Worry

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
STAGES: Mapping[Stage, str] = {
    "due": "Action due",
    "waiting": "Waiting for an answer",
    "open": "Open",
    "closed": "Closed",
}
"""Where cases are, in the order in which they need somebody, and what each part of the list is called."""
SHOWN = 200
"""So many worries are listed under what was read and belongs to no case, the newest first."""


class Listed(NamedTuple):
    """What the list shows: the worries that nobody has read, those read that are in no case, and cases by stage."""

    new: Sequence[Worry]
    read: Sequence[Worry]
    cases: Mapping[Stage, Sequence[CaseFile]]


@router.get(
    "/safeguarding",
    gate=Gate("read-case"),
    nav=Nav(
        "Worries",
        "pages",
        2,
        ("read-safeguarding-words",),
        icon="shield",
        also="safeguarding concerns child protection cases",
    ),
)
def safeguarding_page(
    request: Request, using: Current, asking: Asking, setting: str = "", done: str = ""
) -> HTMLResponse:
    """The worries and cases of a setting that whoever asks may read."""
    body, settings = setting_for(using.reader, asking, setting, "read-case")
    leads = asking.may("read-safeguarding-words", None, body["id"])
    if leads:
        using.ledger.record_read("worries", asking.person, UUID(body["id"]))
    today = using.ledger.access_facts.today(UUID(body["id"]))
    return show(
        request,
        "safeguarding.html",
        setting=body,
        settings=settings,
        listed=_listed(readable(using, asking, body), today),
        stages=STAGES,
        names=names_in(using, body),
        today=today,
        leads=leads,
        works=asking.may("work-safeguarding", None, body["id"]),
        done="It is marked as read." if done == "seen" else "",
        shown=SHOWN,
        new=new_id,
    )


@router.post("/safeguarding", gate=Gate("work-safeguarding"))
async def read_all(request: Request, using: Using, asking: Asking) -> Response:
    """Marks every worry that was shown as new as read, as where they were read before they could be marked."""
    return await run_in_threadpool(_read_all, using, asking, await read_form(request, 64 * 1024))


def _read_all(using: Service, asking: Asker, form: FormData) -> Response:
    body, _ = setting_for(using.reader, asking, text_of(form, "setting"), "work-safeguarding")
    shown, newest = new_ones(using, asking, body), id_of(form, "newest")
    # What came in after the page was shown was not read on it. The newest stands first.
    seen = next((shown[number:] for number, worry in enumerate(shown) if worry.id == newest), [])
    position = 0
    for worry in seen:
        command = one_of_several(AcknowledgeWorry, form, asking, body["id"], worry=worry.id)
        if asking.may_give(command):
            position = using.ledger.execute(command).position
    return RedirectResponse(f"/safeguarding?setting={body['id']}&done=seen&min_position={position}", 303)


@router.get("/worries", gate=Gate("read-safeguarding-words"))
def worries_page(asking: Asking) -> Response:
    """Where worries were listed before cases were."""
    return RedirectResponse("/safeguarding", 308)


def names_in(using: Service, setting: SettingBody) -> Names:
    """How everybody of a setting is called."""
    return Names(
        people_of(using.reader), {student["id"]: student["name"] for student in using.reader.everyone(setting)}
    )


def _listed(told: Safeguarding, today: date) -> Listed:
    in_cases = {worry for case in told.cases for worry in case.worries}
    loose = [worry for worry in told.worries if worry.id not in in_cases]
    cases: dict[Stage, list[CaseFile]] = {stage: [] for stage in STAGES}
    for case in told.cases:
        cases[case.stage(today)].append(case)
    cases["due"].sort(key=lambda case: case.to_do[0].due)
    return Listed(
        [worry for worry in told.worries if worry.seen_at is None],
        [worry for worry in loose if worry.seen_at is not None][:SHOWN],
        cases,
    )


@router.get("/safeguarding/new", gate=Gate("work-safeguarding"))
def new_case_page(
    request: Request, using: Current, asking: Asking, setting: str = "", student: str = ""
) -> HTMLResponse:
    """The form for a case without a worry."""
    return _new_case(request, using, asking, setting, student)


def _new_case(
    request: Request, using: Service, asking: Asker, wanted: str, student: str = "", refusal: str = "", title: str = ""
) -> HTMLResponse:
    body, settings = setting_for(using.reader, asking, wanted, "work-safeguarding")
    return show(
        request,
        "case_new.html",
        422 if refusal else 200,
        setting=body,
        settings=settings,
        students=students_for(using, asking, body),
        typed={"student": student, "title": title},
        said=refusal,
        new=new_id,
    )


def students_for(using: Service, asking: Asker, setting: SettingBody) -> list[tuple[str, str]]:
    """The children of a setting about whom whoever asks may open a case, by id and name."""
    everyone = asking.among(using.reader.everyone(setting), "work-safeguarding")
    return sorted(((student["id"], str(student["name"])) for student in everyone), key=lambda named: named[1])


@router.post("/safeguarding/new", gate=Gate("work-safeguarding"))
async def open_case(request: Request, using: Using, asking: Asking) -> Response:
    """Opens a case without a worry."""
    return await run_in_threadpool(_open, request, using, asking, await read_form(request, 64 * 1024))


def _open(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    body, _ = setting_for(using.reader, asking, text_of(form, "setting"), "work-safeguarding")
    student, title, case_id = text_of(form, "student"), text_of(form, "title"), id_of(form, "form")
    try:
        if not student:
            raise Refused("malformed", "Choose the child whom it is about.", "student")
        command = command_of(OpenCase, form, asking, body["id"], case=case_id, student=student, title=title)
        done = give(using, asking, command, form)
    except Refused as refusal:
        return _new_case(request, using, asking, body["id"], student, refusal.message, title)
    return RedirectResponse(f"/safeguarding/cases/{case_id}?done=open&min_position={done.position}", 303)
