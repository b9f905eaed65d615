"""Two records that may be one child: both side by side, joined and parted with a reason."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.joining import JoinStudents, PartStudents
from ap_ledger.errors import Refused
from ap_ledger.events.moments import moment
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.service import Current, Using
from api.core.show import id_of, read_form, show, text_of
from api.core.student_head import head_of
from projections.bodies import SettingBody, StudentBody
from projections.queries.history import days_at

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
JOIN_REASONS = {
    "admitted-twice": "The child was admitted twice",
    "came-back": "The child came back and was admitted anew",
    "other-name": "The child was here under another name",
    "other": "Something else",
}
PART_REASONS = {
    "mistake": "They are two children after all",
    "joined-too-early": "It is not known yet whether they are one",
    "other": "Something else",
}
DONE = {
    "joined": "The two records are joined. Both are told here, and nothing in either was changed.",
    "parted": "The two records are parted. Each has what was recorded under its own id.",
}


def twins_of(using: Service, asking: Asker, student: StudentBody) -> list[StudentBody]:
    """The other students who seem to be this child, for whoever may join them."""
    if not asking.may("manage-students", student["id"], student["setting_id"]):
        return []
    bodies = (using.reader.one("students", str(twin)) for twin in using.ledger.same_child.others(UUID(student["id"])))
    others = {body["id"]: body for body in bodies if body is not None}
    return asking.among(others.values(), "manage-students")


def joined_on(student: StudentBody, zone: ZoneInfo) -> list[tuple[str, date]]:
    """The records that were joined to a student's, each with the day on which that was."""
    return [
        (record["student_id"], moment(record["joined_at"]).astimezone(zone).date())
        for record in student.get("joined", ())
    ]


@router.get("/students/{student_id}/one-child", gate=Gate("manage-students", reads="history"))
def one_child_page(
    request: Request,
    student_id: UUID,
    using: Current,
    asking: Asking,
    done: str = "",
    other: str = "",
) -> HTMLResponse:
    """A student beside whoever may be the same child, and the records that are joined."""
    return _page(request, using, asking, student_id, other, done=DONE.get(done, ""))


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    student_id: UUID,
    other: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    everyone = asking.among(using.reader.everyone(setting), "manage-students")
    others = sorted((body for body in everyone if body["id"] != student["id"]), key=lambda body: str(body["name"]))
    twins = twins_of(using, asking, student)
    chosen = next((body for body in others if body["id"] == other), twins[0] if twins and not other else None)
    return show(
        request,
        "one_child.html",
        status,
        student=student,
        head=head_of(using, asking, student, setting),
        setting=setting,
        others=others,
        said=refusal,
        done=done,
        both=[_told(using, body, setting) for body in (student, chosen)] if chosen else [],
        chosen=chosen,
        form=new_id,
        alike=chosen is not None and chosen["id"] in {twin["id"] for twin in twins},
        joined=joined_on(student, ZoneInfo(setting["time_zone"])),
        join_reasons=JOIN_REASONS,
        part_reasons=PART_REASONS,
    )


def _told(using: Service, student: StudentBody, setting: SettingBody) -> dict[str, Any]:
    """What tells two records apart: who they say the child is, since when, and how much was recorded."""
    days, _, _ = days_at(using.reader, UUID(student["id"]), setting, using.ledger.now(), None)
    return {
        "id": student["id"],
        "name": _whole_name(student),
        "short": student["name"],
        "known_as": student.get("known_as"),
        "born": _date(student.get("date_of_birth")),
        "upn": student.get("upn"),
        "admitted": date.fromisoformat(student["admitted_on"]),
        "days": len(days),
        "last": date.fromisoformat(days[-1][0]) if days else None,
    }


def _whole_name(student: StudentBody) -> str:
    return " ".join(filter(None, (student.get("given_name"), student.get("family_name")))) or str(student["name"])


def _date(text: str | None) -> date | None:
    """A date of birth; None where it is not known, or was erased."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


@router.post("/students/{student_id}/one-child", gate=Gate("manage-students"))
async def change_one_child(request: Request, student_id: UUID, using: Using, asking: Asking) -> Response:
    """Joins two records, or parts them."""
    return await run_in_threadpool(_change, request, student_id, using, asking, await read_form(request))


def _change(request: Request, student_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    _, setting = using.reader.student_and_setting(student_id)
    kept, record = id_of(form, "keep"), id_of(form, "record")
    fields: dict[str, Any] = {"student": record, "reason_code": text_of(form, "reason")}
    parts = text_of(form, "do") == "part"
    try:
        command: Command = (
            command_of(PartStudents, form, asking, setting["id"], **fields)
            if parts
            else command_of(JoinStudents, form, asking, setting["id"], **fields, kept_student=kept)
        )
        position = give(using, asking, command, form).position
    except Refused as refusal:
        return _page(request, using, asking, student_id, str(record), refusal.message, 422)
    done = "parted" if parts else "joined"
    return RedirectResponse(f"/students/{kept}/one-child?done={done}&min_position={position}", 303)
