"""Admitting a student on one page: who they are, what was agreed, and who is beside them. Only the names and the first
day are needed; the rest can come later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.placement import PURPOSES, CommissionSessions
from ap_ledger.domain.student import (
    AdmitStudent,
    AssignKeyWorker,
    AssignMentor,
    ExpectStudent,
    IdentifyStudent,
    StartPlacement,
)
from ap_ledger.domain.support import GroupStudent
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import give, one_of_several
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import as_number, entry_id, id_of, read_form, setting_for, show, text_of
from api.students.choices import buyers_of, groups_here, staff_here
from projections.bodies import SettingBody
from projections.queries.on_day import timetable_on
from projections.queries.words import WEEKDAYS

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/admit", gate=Gate("manage-students"), nav=Nav("Admit a student", "more", 1))
def admit_page(request: Request, using: Current, asking: Asking, setting: str = "") -> HTMLResponse:
    """An empty form for a new student."""
    return _page(request, using, asking, setting, {})


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    typed: dict[str, str],
    refusal: str = "",
    status: int = 200,
    weekdays: frozenset[int] | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-students")
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    held_on = {weekday for slot in timetable_on(setting, today.isoformat()) for weekday in slot["weekdays"]}
    return show(
        request,
        "admit.html",
        status,
        setting=setting,
        settings=settings,
        typed={"start": today.isoformat(), **typed},
        said=refusal,
        staff=staff_here(using, setting, today),
        groups=groups_here(using, setting, today),
        commissioners=buyers_of(setting),
        purposes=PURPOSES,
        weekdays={day: name for day, name in WEEKDAYS.items() if day in held_on},
        expected=held_on if weekdays is None else weekdays,
        new=new_id,
    )


@router.post("/admit", gate=Gate("manage-students"))
async def admit(request: Request, using: Using, asking: Asking) -> Response:
    """Admits a student, with everything that was filled in."""
    return await run_in_threadpool(_admit, request, using, asking, await read_form(request))


def _admit(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-students")
    student = id_of(form, "form")
    try:
        # All of them are read before any is done, so that a slip in the last field leaves nothing half done.
        commands = list(_commands(form, asking, setting, student))
        position = max(give(using, asking, command, form).position for command in commands)
    except Refused as refusal:
        typed = {name: text_of(form, name) for name in form}
        return _page(request, using, asking, setting["id"], typed, refusal.message, 422, _weekdays(form))
    return RedirectResponse(f"/students/{student}?min_position={position}", 303)


def _weekdays(form: FormData) -> frozenset[int]:
    """The weekdays on which they are expected."""
    return frozenset(day for day in WEEKDAYS if text_of(form, f"day-{day}"))


def _commands(form: FormData, asking: Asker, setting: SettingBody, student: UUID) -> Iterator[Command]:
    """What a form asks for, in the order in which it is done. Raises Refused."""

    def filled(name: str) -> str | None:
        return text_of(form, name).strip() or None

    def made(kind: type[Command], **fields: Any) -> Command:
        return one_of_several(kind, form, asking, setting["id"], student=student, **fields)

    start = filled("start")
    yield made(AdmitStudent, on=start)
    names = {name: filled(name) for name in ("given_name", "family_name", "known_as", "date_of_birth", "upn")}
    yield made(IdentifyStudent, **names)
    placement_id = entry_id(student, "placement")
    placement = {"placement_id": placement_id, "commissioner_id": filled("commissioner"), "purpose": filled("purpose")}
    yield made(StartPlacement, **placement, start=start, planned_end=filled("planned_end"))
    if filled("sessions") or filled("hours"):
        bought = {"sessions_a_week": as_number(filled("sessions")), "hours_a_week": as_number(filled("hours"))}
        yield made(CommissionSessions, placement_id=placement_id, from_date=start, **bought)
    slots = timetable_on(setting, start or "")
    days = [{"weekday": day, "slots": [slot["id"] for slot in slots if day in slot["weekdays"]]} for day in WEEKDAYS]
    expected = [day for day in days if day["weekday"] in _weekdays(form) and day["slots"]]
    if expected:
        yield made(ExpectStudent, from_date=start, days=expected)
    if group := filled("group"):
        yield made(GroupStudent, from_date=start, group=group)
    if worker := filled("key_worker"):
        yield made(AssignKeyWorker, from_date=start, person_id=worker)
    if mentor := filled("mentor"):
        yield made(AssignMentor, from_date=start, person_id=mentor)
