"""Pages on where students stand in a curriculum: one student, and a group."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.core.asking import Asking
from api.core.filters import Chosen, narrow
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Current
from api.core.show import setting_for, show
from api.core.student_head import head_of
from api.core.times import times_of
from frameworks import Definition
from frameworks.language.things import Item
from projections.queries.cohort_ladder import cohort_ladder
from projections.queries.curriculum_state import (
    StudentCurriculum,
    group_curriculum,
    student_curriculum,
    touched_curricula,
)
from projections.queries.reading import Unknown
from projections.queries.relations import still_here

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
LISTED = 12


@router.get(
    "/students/{student_id}/learning", gate=Gate("read-learning", reads="learning"), nav=Nav("Learning", "student", 3)
)
def student_learning(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    curriculum: str = "",
    as_of: str = "",
    known: str = "",
) -> HTMLResponse:
    """One student in one curriculum: what is ready, nearly there, missing underneath, lost, untouched; and every unit
    with its history."""
    student, setting = using.reader.student_and_setting(student_id)
    times = times_of(using, setting, as_of, known)
    within = asking.days("read-learning", student_id)
    curricula = touched_curricula(using.reader, [student_id], times.happened_by.date(), within)
    chosen = next(
        (candidate for candidate in curricula if candidate.key == curriculum), curricula[0] if curricula else None
    )
    progress = (
        student_curriculum(using.reader, student_id, chosen.key, times.happened_by, times.known_at, within)
        if chosen
        else None
    )
    return show(
        request,
        "learning.html",
        student=student,
        head=head_of(using, asking, student, setting),
        setting=setting,
        times=times,
        curricula=curricula,
        curriculum=chosen,
        tree=_tree(chosen.items, progress) if chosen and progress else [],
        lists=_lists(progress) if progress else [],
        listed=LISTED,
    )


def _lists(progress: StudentCurriculum) -> list[dict[str, Any]]:
    """The lists to plan from, strengths first."""
    labels, states, scored = progress.curriculum.labels, progress.states, progress.curriculum.scored

    def line(unit: str, more: str = "") -> dict[str, str]:
        status = scored[unit].label(states[unit].status) if unit in states else "Not started"
        return {"label": labels[unit], "status": status, "more": more}

    secure = [unit for unit in scored if unit in states and states[unit].secure]
    plan = progress.next
    return [
        {"id": "known", "title": "Known", "said": "Secure, and still so.", "lines": [line(unit) for unit in secure]},
        {
            "id": "nearly",
            "title": "Nearly there",
            "said": "One more step.",
            "lines": [line(unit) for unit in plan.nearly],
        },
        {
            "id": "ready",
            "title": "Ready to begin",
            "said": "Everything recommended before it is known.",
            "lines": [line(unit) for unit in plan.ready],
        },
        {
            "id": "gaps",
            "title": "Worth building underneath",
            "said": "Not known yet, and something that was started stands on it.",
            "lines": [
                line(gap.unit, "under: " + ", ".join(labels[unit] for unit in gap.holds_up)) for gap in plan.gaps
            ],
        },
        {
            "id": "lost",
            "title": "To come back to",
            "said": "Was known, and needs another go.",
            "lines": [line(unit) for unit in plan.lost],
        },
        {
            "id": "untouched",
            "title": "Not touched for six weeks",
            "said": "Begun, and not seen since.",
            "lines": [line(unit, f"since {states[unit].since.isoformat()}") for unit in plan.untouched],
        },
    ]


def _tree(items: tuple[Item, ...], progress: StudentCurriculum) -> list[dict[str, Any]]:
    """The tree as the page prints it: headings with how many units below are known, units with their steps."""
    made: list[dict[str, Any]] = []
    for item in items:
        below = _tree(item.items, progress)
        state = progress.states.get(item.id)
        scale = progress.curriculum.scored.get(item.id)
        units = sum(part["units"] for part in below) + (scale is not None)
        known = sum(part["known"] for part in below) + bool(state and state.secure)
        begun = sum(part["begun"] for part in below) + bool(state)
        steps = (
            [{"day": step.day, "status": scale.label(step.status)} for step in state.steps] if state and scale else []
        )
        made.append(
            {
                "id": item.id,
                "label": item.label,
                "below": below,
                "units": units,
                "known": known,
                "begun": begun,
                "steps": steps,
                "status": steps[-1]["status"] if steps else "",
                "secure": bool(state and state.secure),
                "losses": state.losses if state else 0,
            }
        )
    return made


@router.get("/learning", gate=Gate("read-group"), nav=Nav("Learning", "more", 17, group="students"))
def group_learning(
    request: Request,
    using: Current,
    asking: Asking,
    setting: str = "",
    curriculum: str = "",
    as_of: str = "",
    known: str = "",
    student: str = "",
) -> HTMLResponse:
    """A group in one curriculum: the units that most of them are ready for, and how every unit stands."""
    body, settings = setting_for(using.reader, asking, setting, "read-group")
    times = times_of(using, body, as_of, known)
    everybody = using.reader.everyone(body, times.known_at)
    readable = sorted(asking.among(everybody, "read-group"), key=lambda candidate: str(candidate["name"]))
    wanted = set(request.query_params.getlist("student")) & {candidate["id"] for candidate in readable}
    # What comes next is planned for those who are here; whoever left is looked at by name.
    here = still_here(
        readable,
        using.reader.whole("placements", body),
        times.happened_by.astimezone(ZoneInfo(body["time_zone"])).date(),
    )
    everyone = [candidate for candidate in readable if candidate in here or candidate["id"] in wanted]
    students = [candidate for candidate in everyone if not wanted or candidate["id"] in wanted]
    curricula = touched_curricula(
        using.reader, [UUID(candidate["id"]) for candidate in everyone], times.happened_by.date()
    )
    chosen = next(
        (candidate for candidate in curricula if candidate.key == curriculum), curricula[0] if curricula else None
    )
    group = group_curriculum(using.reader, students, chosen.key, times.happened_by, times.known_at) if chosen else None
    shared = (
        [(unit, [students[place]["name"] for place in unit.students(unit.ready)]) for unit in group.shared()]
        if group
        else []
    )
    units = {unit.unit: unit for unit in group.units} if group else {}
    return show(
        request,
        "group_learning.html",
        setting=body,
        settings=settings,
        times=times,
        curricula=curricula,
        curriculum=chosen,
        everyone=everyone,
        wanted=wanted,
        students=students,
        shared=shared,
        units=units,
        headings=_headings(chosen) if chosen else [],
    )


def _headings(curriculum: Definition) -> list[tuple[str, list[str]]]:
    """Units under the heading right above them, in the authored order."""
    made: dict[str, list[str]] = {}
    for item, above in curriculum.walk():
        if item.id in curriculum.scored:
            made.setdefault(" › ".join(heading.label for heading in above) or curriculum.title, []).append(item.id)
    return list(made.items())


@router.get("/contact", gate=Gate("read-group"), nav=Nav("Contact", "more", 18, group="students"))
def cohort(
    request: Request,
    using: Current,
    asking: Asking,
    wanted: Chosen,
    setting: str = "",
    ladder: str = "",
    weeks: int = 6,
) -> HTMLResponse:
    """How far contact got for everybody, on one ladder."""
    body, settings = setting_for(using.reader, asking, setting, "read-group")
    weeks = max(1, min(52, weeks))
    now = using.ledger.now()
    ladders = using.reader.newest("ladder", now.date())
    chosen = next((candidate for candidate in ladders if candidate.key == ladder), ladders[0] if ladders else None)
    if chosen is None:
        raise Unknown
    students = asking.among(using.reader.everyone(body), "read-group")
    narrowed = narrow(using.reader, asking, body, students, wanted, now.astimezone(ZoneInfo(body["time_zone"])).date())
    contact = cohort_ladder(using.reader, body, narrowed.students, chosen.key, now, weeks)
    return show(
        request,
        "contact.html",
        setting=body,
        settings=settings,
        ladders=ladders,
        ladder=chosen,
        found=contact,
        weeks=weeks,
        choices=narrowed.choices,
        wanted=wanted,
    )
