"""One case: its chronology, what is to be done, and every step that a safeguarding lead takes in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.case import (
    AnswerReferral,
    CaseCommand,
    CloseCase,
    DecideCase,
    EndCaseReader,
    FinishCaseAction,
    LinkChild,
    NameCaseReader,
    ReferCase,
    ReopenCase,
    SetCaseAction,
    UnlinkChild,
    WriteCaseNote,
)
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.safeguarding import may_read, may_work
from api.core.service import Current, Using
from api.core.show import read_form, show, text_of
from api.safeguarding.chronology import DECISIONS, Names, chronology
from api.safeguarding.list_pages import STAGES, names_in
from projections.bodies import SettingBody
from projections.queries.reading import Unknown
from projections.queries.safeguarding import CaseFile, case_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {
    "open": "The case is open.",
    "closed": "The case is closed, with your reason.",
    "changed": "It is written down.",
}
FORM_BYTES = 64 * 1024


class Found(NamedTuple):
    """A case that whoever asks may read, and its setting."""

    case: CaseFile
    setting: SettingBody


class Deed(NamedTuple):
    """What a form of the case's page asks for: the command, and its fields as the form has them."""

    command: type[CaseCommand]
    fields: Callable[[FormData, ZoneInfo], Mapping[str, Any]]


def find_case(using: Service, asking: Asker, case_id: UUID) -> Found:
    """The case. Raises Unknown where there is none, or none that whoever asks may know of."""
    found = case_of(using.reader, case_id)
    if found is None or not may_read(asking, found[0]):
        raise Unknown
    return Found(*found)


@router.get("/safeguarding/cases/{case_id}", gate=Gate("read-case"))
def case_page(request: Request, case_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """One case. That somebody looked is recorded in it before it is shown."""
    return show_case(request, using, asking, case_id, done=DONE.get(done, ""))


def show_case(
    request: Request,
    using: Service,
    asking: Asker,
    case_id: UUID,
    refusal: str = "",
    done: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page of a case, with what was typed in a form that was refused."""
    find_case(using, asking, case_id)
    using.runner.wait_for(using.ledger.record_case_read(case_id, asking.person))
    case, setting = find_case(using, asking, case_id)
    names, today = names_in(using, setting), using.ledger.access_facts.today(UUID(setting["id"]))
    return show(
        request,
        "case.html",
        422 if refusal else 200,
        case=case,
        setting=setting,
        lines=chronology(case, names),
        stage=STAGES[case.stage(today)],
        names=names,
        today=today,
        decisions=DECISIONS,
        staff=_staff(using, setting, names),
        children=_children(using, asking, setting, case),
        works=may_work(asking, case),
        typed=typed or {},
        said=refusal,
        done=done,
        new=new_id,
    )


def _staff(using: Service, setting: SettingBody, names: Names) -> list[tuple[str, str]]:
    """Who works here today, by id and name."""
    where, today = UUID(setting["id"]), using.ledger.access_facts.today(UUID(setting["id"]))
    people = using.reader.whole("people")
    states = using.ledger.states
    here = (
        person["id"]
        for person in people
        if (state := states.person(UUID(person["id"]))) is not None and state.staff_from(where, today)
    )
    return sorted(((person, names.person(person)) for person in here), key=lambda named: named[1])


def _children(using: Service, asking: Asker, setting: SettingBody, case: CaseFile) -> list[tuple[str, str]]:
    """The other children of the setting, who may be linked, by id and name."""
    linked = {case.student_id, *case.linked}
    everyone = asking.among(using.reader.everyone(setting), "work-safeguarding")
    others = ((child["id"], str(child["name"])) for child in everyone if child["id"] not in linked)
    return sorted(others, key=lambda named: named[1])


# What forms ask for ---------------------------------------------------------------------------------------------------


def _words(*names: str) -> Callable[[FormData, ZoneInfo], Mapping[str, Any]]:
    """Fields of a form, as they are; what is empty was not said."""
    return lambda form, zone: {name: text_of(form, name).strip() or None for name in names}


def _told(*names: str) -> Callable[[FormData, ZoneInfo], Mapping[str, Any]]:
    """Fields of a form, and when it happened: a day and a time of the setting, or now."""
    return lambda form, zone: {**_words(*names)(form, zone), "happened_at": _moment(form, zone)}


def _made(name: str, fields: Callable[[FormData, ZoneInfo], Mapping[str, Any]]) -> Any:
    """What a form makes has the id that stands in it."""
    return lambda form, zone: {**fields(form, zone), name: text_of(form, "form")}


def _moment(form: FormData, zone: ZoneInfo) -> str | None:
    day, at = text_of(form, "day"), text_of(form, "at")
    if not day:
        return None
    try:
        moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(at) if at else time(12), zone)
    except ValueError:
        # The command says in its own sentence what it takes.
        return f"{day} {at}"
    return moment.isoformat()


DEEDS: Mapping[str, Deed] = {
    "note": Deed(WriteCaseNote, _told("text")),
    "action": Deed(SetCaseAction, _made("action", _words("what", "owner", "due"))),
    "done": Deed(FinishCaseAction, _words("action", "outcome")),
    "decide": Deed(DecideCase, _words("decision", "reason")),
    "refer": Deed(ReferCase, _made("referral", _told("to", "text", "answer_due"))),
    "answer": Deed(AnswerReferral, _told("referral", "text")),
    "link": Deed(LinkChild, _words("linked_student")),
    "unlink": Deed(UnlinkChild, _words("linked_student")),
    "name": Deed(NameCaseReader, _words("person")),
    "end-name": Deed(EndCaseReader, _words("person")),
    "close": Deed(CloseCase, _words("reason")),
    "reopen": Deed(ReopenCase, _words("reason")),
}
"""What each form asks for, by the word in its field `do`."""


@router.post("/safeguarding/cases/{case_id}", gate=Gate("work-safeguarding"))
async def change_case(request: Request, case_id: UUID, using: Using, asking: Asking) -> Response:
    """Takes a step in a case."""
    form = await read_form(request, FORM_BYTES)
    return await run_in_threadpool(_change, request, using, asking, case_id, form)


def _change(request: Request, using: Service, asking: Asker, case_id: UUID, form: FormData) -> Response:
    case, setting = find_case(using, asking, case_id)
    do = text_of(form, "do")
    try:
        deed = DEEDS.get(do)
        if deed is None:
            raise Refused("malformed", "This form says nothing that can be done here.", "do")
        about = {"case": case_id, "student": case.record_id}
        fields = dict(deed.fields(form, ZoneInfo(setting["time_zone"])))
        if do == "unlink":
            # The page names a child as the child is told of now; the case may know them by a record that was joined.
            fields["linked_student"] = case.linked_as.get(text_of(form, "linked_student"), fields["linked_student"])
        done = give(using, asking, command_of(deed.command, form, asking, setting["id"], **about, **fields), form)
    except Refused as refusal:
        typed = {name: text_of(form, name) for name in form}
        return show_case(request, using, asking, case_id, refusal.message, typed=typed)
    said = "closed" if do == "close" else "open" if do == "reopen" else "changed"
    return RedirectResponse(f"/safeguarding/cases/{case_id}?done={said}&min_position={done.position}", 303)
