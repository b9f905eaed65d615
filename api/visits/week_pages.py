"""A week's plan of visits: one's own, everybody's for whoever leads, and one visit with all there is to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.visits import CancelVisit, ChangeVisit, PlanVisit
from ap_ledger.errors import Refused
from ap_ledger.events.entries import CheckedIn, CheckedOut
from ap_ledger.events.moments import local_day, microseconds, zone
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.service import Current, Using
from api.core.show import as_number, entry_id, id_of, people_of, read_form, setting_for, show, text_of
from api.core.visits import PURPOSES, REASONS, STATES, VisitLine, visit_lines
from projections.bodies import SettingBody, StudentBody
from projections.queries.planned_visits import Plan, addresses_of, planned_visit, planned_visits
from projections.queries.relations import still_visited

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {
    "plan": "It is planned.",
    "change": "It is changed. What it said before stays in the history.",
    "cancel": "It is cancelled. That it was planned stays in the history.",
    "in": "You are checked in.",
    "out": "You are checked out.",
}
WEEK = timedelta(days=7)
HERE = {"in": CheckedIn.TOPIC, "out": CheckedOut.TOPIC}


class Day(NamedTuple):
    """One day of a week, and its visits in their order."""

    day: date
    lines: Sequence[VisitLine]


@router.get("/week", gate=Gate("plan-visits"), nav=Nav("My week", "more", 25, group="day"))
def week_page(
    request: Request, using: Current, asking: Asking, setting: str = "", day: str = "", done: str = ""
) -> HTMLResponse:
    """The visits of whoever asks, a week at a time, and the form that plans one."""
    return _week(request, using, asking, setting, day, done=DONE.get(done, ""))


@router.get("/week/everyone", gate=Gate("see-visits"), nav=Nav("Everybody’s visits", "more", 24, group="day"))
def everyone_page(request: Request, using: Current, asking: Asking, setting: str = "", day: str = "") -> HTMLResponse:
    """The visits of everybody, mentor by mentor: done, missed, cancelled, and not heard from."""
    body, settings = setting_for(using.reader, asking, setting, "see-visits")
    now, today = _now(using, body)
    monday = _monday(day, today)
    plans = planned_visits(using.reader, body, monday, monday + timedelta(days=6))
    students = asking.among(using.reader.everyone(body), "plan-visits")
    lines = visit_lines(using, asking, plans, students, now)
    people: dict[str, list[VisitLine]] = {}
    for line in lines:
        people.setdefault(line.visitor, []).append(line)
    return show(
        request,
        "week_everyone.html",
        setting=body,
        settings=settings,
        monday=monday,
        before=monday - WEEK,
        after=monday + WEEK,
        today=today,
        silent=[line for line in lines if line.silence],
        people=[
            (name, theirs, {state: sum(line.state == state for line in theirs) for state in STATES})
            for name, theirs in sorted(people.items())
        ],
        states=STATES,
        purposes=PURPOSES,
    )


def _now(using: Service, setting: SettingBody) -> tuple[datetime, date]:
    now = using.ledger.now().astimezone(zone(setting["time_zone"]))
    return now, local_day(microseconds(now), setting["time_zone"])


def _monday(day: str, today: date) -> date:
    """The Monday of the week that was asked for; of this one where that cannot be read."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        wanted = today
    # A week far away is a slip of the finger.
    wanted = wanted if abs((wanted - today).days) < 10_000 else today
    return wanted - timedelta(days=wanted.weekday())


def _week(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    day: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "plan-visits")
    now, today = _now(using, setting)
    monday = _monday(day, today)
    plans = planned_visits(using.reader, setting, monday, monday + timedelta(days=6), asking.person)
    everyone = using.reader.everyone(setting)
    lines = visit_lines(using, asking, plans, asking.among(everyone, "see-student"), now)
    visited = still_visited(everyone, using.reader.whole("placements", setting), today)
    students = sorted(asking.among(visited, "plan-visits"), key=lambda student: str(student["name"]))
    days = [monday + timedelta(days=number) for number in range(7)]
    return show(
        request,
        "week.html",
        status,
        setting=setting,
        settings=settings,
        monday=monday,
        before=monday - WEEK,
        after=monday + WEEK,
        today=today,
        days=[Day(each, [line for line in lines if line.plan.day == each]) for each in days],
        students=students,
        **_choices(using, asking, setting, today),
        typed={"day": max(monday, today).isoformat(), "minutes": "40", "alone": "yes", **(typed or {})},
        said=refusal,
        done=done,
        new=new_id,
    )


def _choices(using: Service, asking: Asker, setting: SettingBody, today: date) -> dict[str, Any]:
    """Who may go, be the buddy, or authorise a visit: whoever works here."""
    names = people_of(using.reader)
    states, where = using.ledger.states, UUID(setting["id"])
    staff = sorted(
        (
            (person, name)
            for person, name in names.items()
            if name and (known := states.person(UUID(person))) is not None and known.staff_from(where, today)
        ),
        key=lambda pair: pair[1],
    )
    return {
        "staff": staff,
        "purposes": PURPOSES,
        "states": STATES,
        "leads": asking.may("see-visits", None, setting["id"]),
        "me_id": str(asking.person),
    }


@router.post("/week", gate=Gate("plan-visits"))
async def plan_visit(request: Request, using: Using, asking: Asking) -> Response:
    """Plans a visit."""
    return await run_in_threadpool(_plan, request, using, asking, await read_form(request))


def _plan(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "plan-visits")
    typed = {name: text_of(form, name) for name in form}
    try:
        student = _student(using, asking, setting, typed.get("student", ""))
        # Where nothing is said, a visit goes to the home.
        homes = [one.id for one in addresses_of(using.reader, [student]).get(student["id"], ()) if one.home]
        fields = _fields(form, setting, str(homes[0]) if homes else None, str(asking.person))
        visit = entry_id(id_of(form, "command"), "visit")
        command = command_of(
            PlanVisit, form, asking, setting["id"], student=student["id"], visit_id=str(visit), **fields
        )
        planned = give(using, asking, command, form)
    except Refused as refusal:
        return _week(request, using, asking, setting["id"], typed.get("day", ""), refusal.message, 422, typed=typed)
    query = f"setting={setting['id']}&day={command.starts_at:%Y-%m-%d}&done=plan&min_position={planned.position}"
    return RedirectResponse(f"/week?{query}", 303)


def _student(using: Service, asking: Asker, setting: SettingBody, wanted: str) -> StudentBody:
    student = using.reader.one("students", wanted) if wanted else None
    if student is None:
        raise Refused("unknown-student", "Choose whom to visit.", "student")
    if not asking.may("plan-visits", student["id"], setting["id"]):
        raise NotAllowed
    return student


def _fields(form: FormData, setting: SettingBody, address: str | None, visitor: str) -> dict[str, Any]:
    """What a form says of a plan, as JSON holds it. What cannot be read is left for the command to refuse."""
    day, time = text_of(form, "day"), text_of(form, "time")
    try:
        starts_at = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=zone(setting["time_zone"])).isoformat()
    except ValueError:
        raise Refused("malformed", "Say on which day and at what time it begins.", "starts_at") from None
    return {
        "person_id": text_of(form, "person_id") or visitor,
        "starts_at": starts_at,
        "minutes": as_number(text_of(form, "minutes")),
        "purpose": text_of(form, "purpose"),
        "alone": text_of(form, "alone") == "yes",
        "address_id": text_of(form, "address_id") or address,
        "buddy_id": text_of(form, "buddy_id") or None,
        "authorised_by": text_of(form, "authorised_by") or None,
    }


# One visit ------------------------------------------------------------------------------------------------------------


def _found(using: Service, asking: Asker, visit_id: UUID) -> tuple[SettingBody, StudentBody, Plan]:
    setting, plan = planned_visit(using.reader, visit_id)
    student, _ = using.reader.student_and_setting(plan.student_id)
    if not asking.may("plan-visits", student["id"], setting["id"]):
        raise NotAllowed
    return setting, student, plan


@router.get("/week/{visit_id}", gate=Gate("plan-visits"))
def visit_plan_page(request: Request, visit_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """One visit: where it goes, what to know there, and the forms that move and cancel it."""
    return _visit(request, using, asking, visit_id, done=DONE.get(done, ""))


def _visit(
    request: Request,
    using: Service,
    asking: Asker,
    visit_id: UUID,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    setting, student, plan = _found(using, asking, visit_id)
    now, today = _now(using, setting)
    (line,) = visit_lines(using, asking, [plan], [student], now)
    if line.address is not None:
        # The gate knows of no student in this address, so that somebody looked where they live is put down here.
        using.ledger.record_read("history", asking.person, UUID(setting["id"]), UUID(student["id"]))
    return show(
        request,
        "planned_visit.html",
        status,
        setting=setting,
        line=line,
        plan=plan,
        student=student,
        today=today,
        mine=plan.person_id == asking.person,
        addresses=addresses_of(using.reader, asking.among([student], "read-contacts")).get(student["id"], []),
        reasons=REASONS,
        **_choices(using, asking, setting, today),
        typed=typed or _said(plan),
        said=refusal,
        done=done,
        new=new_id,
    )


def _said(plan: Plan) -> dict[str, str]:
    """A plan as its form shows it."""
    return {
        "person_id": str(plan.person_id),
        "day": plan.day.isoformat(),
        "time": f"{plan.starts_at:%H:%M}",
        "minutes": str(plan.minutes),
        "purpose": plan.purpose,
        "alone": "yes" if plan.alone else "",
        "address_id": str(plan.address_id or ""),
        "buddy_id": str(plan.buddy_id or ""),
        "authorised_by": str(plan.authorised_by or ""),
    }


@router.post("/week/{visit_id}", gate=Gate("plan-visits"))
async def change_visit(request: Request, visit_id: UUID, using: Using, asking: Asking) -> Response:
    """Moves a visit, changes it, or cancels it."""
    return await run_in_threadpool(_change, request, using, asking, visit_id, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, visit_id: UUID, form: FormData) -> Response:
    setting, student, plan = _found(using, asking, visit_id)
    typed = {name: text_of(form, name) for name in form}
    did = "cancel" if typed.get("do") == "cancel" else "change"
    try:
        kind, fields = _asked(form, setting, plan) if did == "change" else (CancelVisit, _cancelling(typed))
        about = {"student": student["id"], "visit_id": str(visit_id), **fields}
        changed = give(using, asking, command_of(kind, form, asking, setting["id"], **about), form)
    except Refused as refusal:
        kept = typed if did == "change" else {**_said(plan), **typed}
        return _visit(request, using, asking, visit_id, refusal.message, 422, typed=kept)
    return RedirectResponse(f"/week/{visit_id}?done={did}&min_position={changed.position}", 303)


def _asked(form: FormData, setting: SettingBody, plan: Plan) -> tuple[type[Command], dict[str, Any]]:
    return ChangeVisit, _fields(form, setting, None, str(plan.person_id))


def _cancelling(typed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "cancelled_by": typed.get("cancelled_by"),
        "reason_code": typed.get("reason_code"),
        "reason": typed.get("reason", "").strip() or None,
    }


@router.post("/week/{visit_id}/here", gate=Gate("record"))
async def check_in_or_out(request: Request, visit_id: UUID, using: Using, asking: Asking) -> Response:
    """Checks in at a visit, or out of it, with the time of now. A phone does the same with no signal."""
    return await run_in_threadpool(_check, using, asking, visit_id, await read_form(request))


def _check(using: Service, asking: Asker, visit_id: UUID, form: FormData) -> Response:
    setting, plan = planned_visit(using.reader, visit_id)
    way = text_of(form, "do")
    # Their own visits are what people check into, whoever's list the student is on by now; the door judges the rest.
    if plan.person_id != asking.person or way not in HERE:
        raise NotAllowed
    entry = {
        "id": str(entry_id(id_of(form, "form"), way)),
        "kind": HERE[way],
        "setting_id": setting["id"],
        "student_id": str(plan.student_id),
        "author_id": str(asking.person),
        "device_time": using.ledger.now().isoformat(),
        "visit_id": str(visit_id),
    }
    recorded = using.ledger.record([entry], sender=asking.writer).results[0]
    at_home = text_of(form, "from") == "home" or not asking.may("plan-visits", plan.student_id, setting["id"])
    where = "/" if at_home else f"/week/{visit_id}"
    return RedirectResponse(f"{where}?done={way}&min_position={recorded.position or 0}", 303)
