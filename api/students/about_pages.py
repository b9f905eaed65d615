"""Who a student is and what was agreed, each part put down or put right by itself: names, placement, days, group, key
worker, mentors, needs and family."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.placement import PURPOSES
from ap_ledger.errors import Refused
from ap_ledger.events.dated import in_force
from ap_ledger.kinds.telling import spoken
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.languages import said_table, say
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import read_form, show, text_of
from api.core.student_head import head_of
from api.core.templating import day_in_words
from api.core.withdrawing import WITHDRAWN
from api.students.about_forms import FORMS
from api.students.choices import (
    DESTINATIONS,
    END_REASONS,
    buyers_of,
    groups_here,
    staff_here,
)
from api.students.goals import goals_of, goals_said
from api.students.withdrawing_pages import said_of
from frameworks.needs import need_codes
from projections.bodies import PlacementBody, SettingBody, StudentBody
from projections.queries.on_day import group_of, key_worker_of, timetable_on
from projections.queries.own_words import needs_of
from projections.queries.words import WEEKDAYS

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DONE = {
    "identify": "Their names are put down. What they said before stays in the history.",
    "admission": "The day of admission is put right.",
    "start": "The placement is begun.",
    "correct": "The placement is put right. What it said before stays in the history.",
    "change": "The placement is changed.",
    "end": "The placement is ended. What was recorded stays.",
    "commission": "What was bought is put down.",
    "expect": "Their week is put down.",
    "group": "Their group is put down.",
    "key-worker": "Their key worker is put down.",
    "mentor": "They are on that mentor’s caseload.",
    "end-mentor": "That mentor stops after the day you said.",
    "needs": "Their needs are put down.",
    "link": "They belong to the family here.",
    "unlink": "They do not see the child here any more.",
    "release": "What the family sees is changed.",
    "goals": "Their goals are put down. What was recorded under one that is left out stays.",
    "withdraw": WITHDRAWN,
}
"""What is told after what was done."""


@router.get(
    "/students/{student_id}/about",
    gate=Gate("manage-students", reads="history"),
    nav=Nav("About them", "student", 6),
)
def about_page(request: Request, student_id: UUID, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """Everything that is put down about a student beside what is logged."""
    return _page(request, using, asking, student_id, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    student_id: UUID,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    names = {person["id"]: person["name"] for person in using.reader.whole("people")}
    placements = _placements(using, setting, student)
    here, group_words = {key: str(name) for key, name in names.items()}, _group_words(student)
    words = {"key-worker-assigned": here, "mentor-assigned": here, "student-grouped": group_words}
    return show(
        request,
        "about.html",
        status,
        student=student,
        head=head_of(using, asking, student, setting),
        setting=setting,
        today=today.isoformat(),
        typed=typed or {},
        said=refusal,
        done=done,
        placements=placements,
        running=next((placement for placement in placements if not placement["end"]), None),
        told={placement["id"]: _in_words(placement, dict(buyers_of(setting)), today) for placement in placements},
        buyers=buyers_of(setting),
        purposes=said_table(PURPOSES),
        end_reasons=said_table(END_REASONS),
        destinations=said_table(DESTINATIONS),
        slots=timetable_on(setting, today.isoformat()),
        weekdays=said_table(WEEKDAYS),
        expected=_expected(student, today),
        staff=staff_here(using, setting, today),
        groups=groups_here(using, setting, today),
        group=spoken(group) if (group := group_of(student, today)) else "",
        key_worker=key_worker_of(student, today),
        mentors=_mentors(student, names, today),
        need_codes=need_codes(),
        needs=_needs(using, asking, student, today),
        family=[(person, names.get(person)) for person in student.get("family", ())],
        goals=goals_of(using, asking, student, today),
        withdrawable=said_of(student, placements, words),
        relatives=_relatives(using, setting, names, student, today),
        new=new_id,
    )


def _group_words(student: StudentBody) -> dict[str, str]:
    groups = (fact.get("group") or "" for fact in student.get("groups", ()))
    return {group: spoken(group) for group in groups if group}


def _placements(using: Service, setting: SettingBody, student: StudentBody) -> list[PlacementBody]:
    """The placements of a student, the latest first."""
    placements = using.reader.whole("placements", setting)
    own = (placement for placement in placements if placement["student_id"] == student["id"])
    return sorted(own, key=lambda placement: placement["start"], reverse=True)


def _in_words(placement: PlacementBody, buyers: Mapping[str, str], today: date) -> str:
    """Who arranged a placement and why, what was bought, and how it ends or ended."""
    bought = in_force(placement["commissioned"], today)
    purpose, planned = placement["purpose"] or "", placement["planned_end"]
    reason, destination = placement.get("reason_code"), placement.get("destination")
    parts = [
        buyers.get(placement["commissioner_id"] or "", ""),
        say(PURPOSES.get(purpose, spoken(purpose))),
        say(
            "{sessions} sessions, {hours} hours a week",
            sessions=bought["sessions_a_week"],
            hours=f"{bought['hours_a_week']:g}",
        )
        if bought
        else "",
        say("Planned until {day}", day=day_in_words(planned)) if planned and not placement["end"] else "",
        say(END_REASONS.get(reason, spoken(reason))) if reason else "",
        say(DESTINATIONS.get(destination, spoken(destination))) if destination else "",
    ]
    return ". ".join(filter(None, parts))


def _expected(student: StudentBody, today: date) -> set[tuple[int, str]]:
    """The weekdays and slots in which a student is expected now."""
    week = in_force(student.get("expected", ()), today)
    return {(day["weekday"], slot) for day in week["days"] for slot in day["slots"]} if week else set()


def _mentors(student: StudentBody, names: Mapping[str, str], today: date) -> list[dict[str, Any]]:
    """The mentors whose caseload a student is on, or will be."""
    return [
        {**mentor, "name": names.get(mentor["person_id"])}
        for mentor in student.get("mentors", ())
        if (mentor.get("until") or today.isoformat()) >= today.isoformat()
    ]


def _needs(using: Service, asking: Asker, student: StudentBody, today: date) -> tuple[str, ...] | None:
    """The needs of a student, or None for whoever may not read the health record."""
    if not asking.opens(asking.about(student["id"]), "health", using.ledger.now()):
        return None
    return needs_of(using.reader, [student], today).get(student["id"], ())


def _relatives(
    using: Service, setting: SettingBody, names: Mapping[str, str], student: StudentBody, today: date
) -> list[tuple[str, str]]:
    """Who has the role of family here and is not linked to the student yet, by id and name."""
    linked = set(student.get("family", ()))
    return sorted(
        (
            (person["id"], names[person["id"]])
            for person in using.reader.whole("people")
            if person["id"] not in linked
            and any(
                role["role"] == "family"
                and role["setting_id"] == setting["id"]
                and (role.get("until") or today.isoformat()) >= today.isoformat()
                for role in person.get("roles", ())
            )
        ),
        key=lambda named: named[1],
    )


@router.post("/students/{student_id}/about", gate=Gate("manage-students"))
async def change_about(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Puts one part down or right."""
    return await run_in_threadpool(_change, request, student_id, using, asking, await read_form(request))


def _change(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    student, setting = using.reader.student_and_setting(student_id)
    do = text_of(form, "do")
    try:
        make = FORMS.get(do)
        if do == "goals":
            kind, fields = goals_said(using, form, student)
        elif make is None:
            raise Refused("malformed", "This form says nothing that can be done here.", "do")
        else:
            kind, fields = make(form, student, setting)
        command = command_of(kind, form, asking, setting["id"], student=student["id"], **fields)
        changed = give(using, asking, command, form)
    except Refused as refusal:
        typed = {name: text_of(form, name) for name in form}
        return _page(request, using, asking, student_id, refusal.message, 422, typed=typed)
    return RedirectResponse(f"/students/{student_id}/about?done={do}&min_position={changed.position}", 303)
