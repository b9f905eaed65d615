"""Admitting a student on one page: who they are, what was agreed, and who is beside them. Only the names and the first
day are needed; the rest can come later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar
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
from ap_ledger.domain.support import GroupStudent, NoteNeeds
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import give, one_of_several
from api.core.languages import said_table, say
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import as_number, entry_id, id_of, read_form, setting_for, show, text_of
from api.students.choices import buyers_of, groups_here, staff_here
from frameworks.needs import need_codes
from projections.bodies import PlacementFacts, SettingBody, StudentBody
from projections.queries.instruments import half_terms
from projections.queries.on_day import mentors_on, slots_held_from
from projections.queries.relations import by_student
from projections.queries.words import WEEKDAYS

C = TypeVar("C", bound=Command)
IDENTITY = ("given_name", "family_name", "known_as", "date_of_birth", "upn")
SOMEBODY_LIKE = "Somebody like this was here before. Say below whether this is the same child."


class Alike(NamedTuple):
    """A student who seems to be the child who is being admitted; `left` is the last day of their last placement, where
    it ended."""

    id: str
    name: str
    born: date | None
    left: date | None


router = gated(include_in_schema=False, default_response_class=HTMLResponse)


@router.get(
    "/admit",
    gate=Gate("manage-students"),
    nav=Nav("Admit a student", "more", 1, also="new add enrol placement", group="students"),
)
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
    alike: Sequence[Alike] = (),
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-students")
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    first = _day_typed(typed.get("start", "")) or today
    held_on = {weekday for slot in slots_held_from(setting, first).slots for weekday in slot["weekdays"]}
    review = min((term.last for term in half_terms(setting) if term.last >= first), default=None)
    return show(
        request,
        "admit.html",
        status,
        setting=setting,
        settings=settings,
        typed={"start": today.isoformat(), **typed},
        said=refusal,
        staff=_with_caseloads(using, setting, staff_here(using, setting, today), today),
        workers=staff_here(using, setting, today),
        groups=(groups := groups_here(using, setting, today)),
        group_pairs=[(group, group) for group in groups],
        commissioners=buyers_of(setting),
        purposes=said_table(PURPOSES),
        weekdays={day: say(name) for day, name in WEEKDAYS.items() if day in held_on},
        expected=held_on if weekdays is None else weekdays,
        # The first of all days with slots: whoever comes before it has a week from it on.
        slots_begin=slots_held_from(setting, date.min).first,
        review=review,
        alike=alike,
        need_codes=need_codes(),
        new=new_id,
    )


@router.post("/admit/alike", gate=Gate("manage-students"))
async def admit_alike(request: Request, using: Using, asking: Asking) -> Response:
    """Whoever was here before and seems to be the child whose details are being typed, as a part of the page."""
    return await run_in_threadpool(_look_for_alike, request, using, asking, await read_form(request))


def _look_for_alike(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-students")
    try:
        alike = _alike(using, asking, setting, [_identified(form, asking, setting, id_of(form, "form"))])
    except Refused:
        # Half a name, or a date that is not finished: nothing can be looked for yet.
        alike = []
    return show(request, "alike.html", alike=alike, typed={})


def _alike(using: Service, asking: Asker, setting: SettingBody, commands: Iterable[Command]) -> list[Alike]:
    """Whoever was here before and seems to be the child, of those whom the asker manages."""
    who = next((command for command in commands if isinstance(command, IdentifyStudent)), None)
    found = using.ledger.same_child.like(UUID(setting["id"]), who) if who is not None else []
    bodies = [body for body in (using.reader.one("students", str(student)) for student in found) if body is not None]
    placements = by_student(using.reader.whole("placements", setting)) if bodies else {}
    return [_told(body, placements.get(body["id"], ())) for body in asking.among(bodies, "manage-students")]


def _told(student: StudentBody, placements: Sequence[PlacementFacts]) -> Alike:
    ends = [placement["end"] for placement in placements]
    left = max((end for end in ends if end), default=None) if ends and all(ends) else None
    name = " ".join(filter(None, (student["given_name"], student["family_name"]))) or student["name"]
    return Alike(student["id"], name, _day_typed(student["date_of_birth"] or ""), _day_typed(left or ""))


def _day_typed(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _with_caseloads(
    using: Service, setting: SettingBody, staff: Sequence[tuple[str, str]], today: date
) -> list[tuple[str, str, int]]:
    """Who works here, each with how many students they mentor now."""
    caseloads = Counter(
        mentor for student in using.reader.everyone(setting) for mentor in mentors_on(student, today.isoformat())
    )
    return [(person, name, caseloads[person]) for person, name in staff]


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
        typed = {name: text_of(form, name) for name in form}
        alike = [] if typed.get("another") else _alike(using, asking, setting, commands)
        if alike:
            return _page(request, using, asking, setting["id"], typed, SOMEBODY_LIKE, 409, _weekdays(form), alike)
        position = max(give(using, asking, command, form).position for command in commands)
    except Refused as refusal:
        typed = {name: text_of(form, name) for name in form}
        return _page(request, using, asking, setting["id"], typed, refusal.message, 422, _weekdays(form))
    later = "&week=later" if _begins_later(commands) else ""
    return RedirectResponse(f"/students/{student}?min_position={position}{later}", 303)


def _begins_later(commands: Sequence[Command]) -> bool:
    """Whether a week begins after the first day of the placement."""
    days = {type(command): command for command in commands}
    admitted, week = days.get(AdmitStudent), days.get(ExpectStudent)
    return isinstance(admitted, AdmitStudent) and isinstance(week, ExpectStudent) and week.from_date > admitted.on


def _weekdays(form: FormData) -> frozenset[int]:
    """The weekdays on which they are expected."""
    return frozenset(day for day in WEEKDAYS if text_of(form, f"day-{day}"))


def _identified(form: FormData, asking: Asker, setting: SettingBody, student: UUID) -> IdentifyStudent:
    """Who a form says that they are. Raises Refused."""
    names = {name: text_of(form, name).strip() or None for name in IDENTITY}
    return one_of_several(IdentifyStudent, form, asking, setting["id"], student=student, **names)


def _week(setting: SettingBody, start: date, weekdays: Sequence[int]) -> dict[str, Any]:
    """The week of a child who is expected on weekdays: it begins with the placement, or with the slots where these came
    later. Raises Refused."""
    first, slots = slots_held_from(setting, start)
    days = [{"weekday": day, "slots": [slot["id"] for slot in slots if day in slot["weekdays"]]} for day in weekdays]
    if not all(day["slots"] for day in days):
        raise Refused(
            "not-allowed",
            "On one of these weekdays no slot is held when their week begins. The days with slots stand below now: "
            "look at them, then admit again.",
            "days",
        )
    return {"from_date": first.isoformat(), "days": days}


def _commands(form: FormData, asking: Asker, setting: SettingBody, student: UUID) -> Iterator[Command]:
    """What a form asks for, in the order in which it is done. Raises Refused."""

    def filled(name: str) -> str | None:
        return text_of(form, name).strip() or None

    def made(kind: type[C], **fields: Any) -> C:
        return one_of_several(kind, form, asking, setting["id"], student=student, **fields)

    start = filled("start")
    yield (admitted := made(AdmitStudent, on=start))
    yield _identified(form, asking, setting, student)
    placement_id = entry_id(student, "placement")
    placement = {"placement_id": placement_id, "commissioner_id": filled("commissioner"), "purpose": filled("purpose")}
    yield made(StartPlacement, **placement, start=start, planned_end=filled("planned_end"))
    if filled("sessions") or filled("hours"):
        bought = {"sessions_a_week": as_number(filled("sessions")), "hours_a_week": as_number(filled("hours"))}
        yield made(CommissionSessions, placement_id=placement_id, from_date=start, **bought)
    if weekdays := sorted(_weekdays(form)):
        yield made(ExpectStudent, **_week(setting, admitted.on, weekdays))
    if group := filled("other_group") or filled("group"):
        yield made(GroupStudent, from_date=start, group=group)
    if worker := filled("key_worker"):
        yield made(AssignKeyWorker, from_date=start, person_id=worker)
    if mentor := filled("mentor"):
        yield made(AssignMentor, from_date=start, person_id=mentor)
    if needs := list(dict.fromkeys(filter(None, map(filled, ("need-0", "need-1", "need-2"))))):
        yield made(NoteNeeds, from_date=start, needs=needs)
