"""An incident as a record that prints, completed by those who lead; and the list of those that are not complete yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.incident_categories import categories_on
from ap_ledger.events.entries import IncidentRecorded
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.navigation import Nav
from api.core.service import Current, Json, Using
from api.core.show import entry_id, id_of, people_of, read_form, setting_for, show, text_of
from api.core.student_head import head_of
from api.core.withhold import withhold
from api.entries.entry_pages import told_entry
from projections.bodies import SettingBody
from projections.queries.incidents import Incident, incidents_of
from projections.queries.reading import Unknown
from projections.queries.words import WITHHELD

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DAYS = timedelta(days=365)
"""So far back the list goes."""
COMPLETED = "completed"
"""The reason code of a correction by which a record is completed."""


class RecordPart(NamedTuple):
    """A part of the written record on its page: its label, how it is typed, and what may be chosen."""

    label: str
    typed: Literal["words", "line", "day", "choice", "yes-no"]
    choices: Mapping[str, str] = {}


INTERVENTIONS: Mapping[str, str] = {
    "physical": "Held by somebody",
    "mechanical": "Held by a device",
    "seclusion": "Kept apart, not free to leave",
}
REASONS_IN_LAW: Mapping[str, str] = {
    "injury": "To prevent an injury",
    "offence": "To prevent an offence",
    "damage": "To prevent damage to property",
    "disorder": "To keep good order",
}
PARTS: Mapping[str, RecordPart] = {
    "intervention": RecordPart("What was done", "choice", INTERVENTIONS),
    "place_of_restraint": RecordPart("Where it was done", "line"),
    "staff": RecordPart("Which staff", "line"),
    "before": RecordPart("What led to it", "words"),
    "deescalation": RecordPart("What was tried before", "words"),
    "response": RecordPart("What was done, step by step", "words"),
    "after": RecordPart("What came after", "words"),
    "injuries": RecordPart("Injuries", "words"),
    "medical": RecordPart("Medical help", "words"),
    "had_plan": RecordPart("There was a support plan", "yes-no"),
    "plan_followed": RecordPart("The plan was followed", "yes-no"),
    "plan_not_followed": RecordPart("If it was not, why", "words"),
    "reason_in_law": RecordPart("Reason in law", "choice", REASONS_IN_LAW),
    "parents_told_how": RecordPart("How parents were told", "line"),
    "parents_told_by": RecordPart("Who told them", "line"),
    "copy_withheld": RecordPart("If the copy is withheld, why", "words"),
    "copy_acknowledged_on": RecordPart("Day on which parents acknowledged the copy", "day"),
    "child_debrief": RecordPart("Talked through with the child", "words"),
    "staff_debrief": RecordPart("Talked through with staff", "words"),
    "plan_reviewed": RecordPart("The plan was looked at again", "yes-no"),
}
"""The parts of the written record, in the order in which it reads."""
NEEDED = ("intervention", "staff", "before", "response", "injuries", "reason_in_law", "child_debrief", "staff_debrief")
"""Without these a record is not complete."""
COPIES = {"given": "Given to parents", "withheld": "Withheld, with the reason below"}
YES_NO = {"yes": "Yes", "no": "No"}


def missing_of(entry: Json) -> list[str]:
    """What a restrictive incident's record lacks, in the words of its page; nothing of any other incident."""
    if not entry.get("restrictive"):
        return []
    record = entry.get("record")
    if record == WITHHELD or isinstance(record, str):
        return []
    told = [] if entry.get("parents_told_at") else [say("When parents were told")]
    copied = [] if entry.get("copy_for_parents") else [say("Copy for parents")]
    return [*told, *copied, *(PARTS[name].label for name in NEEDED if (record or {}).get(name) in (None, ""))]


@router.get(
    "/incidents",
    gate=Gate("record-for-others"),
    nav=Nav("Incidents", "more", 26, also="restraint behaviour", group="students"),
)
def incidents_page(request: Request, using: Current, asking: Asking, setting: str = "", only: str = "") -> HTMLResponse:
    """The incidents of the last year, the newest first, with what their records lack."""
    body, settings = setting_for(using.reader, asking, setting, "record-for-others")
    students = asking.among(using.reader.everyone(body), "read-history")
    since = using.ledger.access_facts.today(UUID(body["id"])) - DAYS
    told = incidents_of(using.reader, students, since)
    for incident in told:
        withhold(asking, incident.student_id, [incident.story])
    lines = [(incident, missing_of(incident.story["entry"])) for incident in told]
    return show(
        request,
        "incidents.html",
        setting=body,
        settings=settings,
        lines=[line for line in lines if line[1] or only != "incomplete"],
        only=only,
        open_ones=sum(bool(lacking) for _, lacking in lines),
        names={student["id"]: student["name"] for student in students},
        label_of=lambda incident: _label(body, incident),
    )


def _label(setting: SettingBody, incident: Incident) -> str:
    return _category(setting, incident.story["entry"]["category"], incident.day)


def _category(setting: SettingBody, category: str, day: date) -> str:
    """What a category was called on a day."""
    listed = {one.id: one.label for one in categories_on(setting.get("incident_categories", ()), day)}
    return listed.get(category) or category.replace("-", " ")


@router.get("/students/{student_id}/incidents/{entry}", gate=Gate("read-history", reads="history"))
def incident_page(
    request: Request, student_id: UUID, entry: UUID, using: Current, asking: Asking, done: int = 0
) -> HTMLResponse:
    """One incident, whole."""
    return _page(request, using, asking, student_id, entry, done="The record is completed." if done else "")


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    student_id: UUID,
    entry: UUID,
    refusal: str = "",
    done: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    student, setting = using.reader.student_and_setting(student_id)
    told = _incident(using, asking, student_id, entry)
    withhold(asking, student_id, [told])
    zone = ZoneInfo(setting["time_zone"])
    happened = datetime.fromisoformat(told["occurred_at"]).astimezone(zone)
    record = told["entry"].get("record")
    is_open = not isinstance(record, str)
    parents_told = told["entry"].get("parents_told_at")
    return show(
        request,
        "incident.html",
        422 if refusal else 200,
        student=student,
        setting=setting,
        head=head_of(using, asking, student, setting),
        told=told,
        incident={**dict.fromkeys(IncidentRecorded.own_fields()), **told["entry"]},
        category=_category(setting, told["entry"]["category"], happened.date()),
        happened=happened,
        parents_told=datetime.fromisoformat(parents_told).astimezone(zone) if parents_told else None,
        who=people_of(using.reader).get(told["author_id"]) or "somebody",
        record=(record or {}) if is_open else {},
        is_open=is_open,
        lacking=missing_of(told["entry"]),
        parts_of=PARTS,
        copies=COPIES,
        yes_no=YES_NO,
        typed=typed,
        may_complete=is_open and told["status"] != "voided" and asking.may("record-for-others", student_id),
        said=refusal,
        done=done,
        form=new_id(),
    )


def _incident(using: Service, asking: Asker, student_id: UUID, entry: UUID) -> Json:
    told = told_entry(using, asking, student_id, entry)
    if told["kind"] != IncidentRecorded.TOPIC:
        raise Unknown
    return told


@router.post("/students/{student_id}/incidents/{entry}", gate=Gate("record-for-others"))
async def complete_incident(request: Request, student_id: UUID, entry: UUID, using: Using, asking: Asking) -> Response:
    """Completes the record of an incident, beside what was recorded first."""
    form = await read_form(request, 128 * 1024)
    return await run_in_threadpool(_complete, request, using, asking, student_id, entry, form)


def _complete(
    request: Request, using: Service, asking: Asker, student_id: UUID, entry: UUID, form: FormData
) -> Response:
    told = _incident(using, asking, student_id, entry)
    _, setting = using.reader.student_and_setting(student_id)
    typed = {name: text_of(form, name).strip() for name in (*PARTS, "parents_told_at", "copy_for_parents", "place")}
    replacement = _replaced(told["entry"], typed, ZoneInfo(setting["time_zone"]))
    change = {
        "kind": "entry-corrected",
        "entry_id": str(entry),
        "replacement": replacement,
        "reason_code": COMPLETED,
        "setting_id": told["entry"]["setting_id"],
        "student_id": told["entry"]["student_id"],
        "author_id": str(asking.person),
        "device_time": using.ledger.clock().isoformat(),
    }
    # The id stands for what was typed, so that sending the form twice records it once.
    own = str(entry_id(id_of(form, "form"), COMPLETED, repr(sorted(typed.items()))))
    result = using.ledger.record([{"id": own, **change}], sender=asking.writer).results[0]
    if result.status in ("recorded", "duplicate", "conflict"):
        address = f"/students/{student_id}/incidents/{entry}?done=1&min_position={result.position or 0}"
        return RedirectResponse(address, 303)
    if result.status == "refused" and result.id is not None:
        using.ledger.waiting.dismiss(result.id, "mended-again", asking.who.person_id)
    return _page(request, using, asking, student_id, entry, result.message or "It could not be recorded.", typed=typed)


def _replaced(entry: Json, typed: Mapping[str, str], zone: ZoneInfo) -> Json:
    """The incident as the form says it; what the form does not hold stays as it was."""
    made = {name: value for name, value in entry.items() if name != "replaces" and not _is_gone(value)}
    said: dict[str, Any] = {
        "place": typed["place"],
        "copy_for_parents": typed["copy_for_parents"],
        "parents_told_at": _moment(typed["parents_told_at"], zone),
        "record": {name: value for name in PARTS if (value := _part(name, typed[name])) is not None},
    }
    for name, value in said.items():
        made.pop(name, None)
        if value:
            made[name] = value
    return made


def _is_gone(value: Any) -> bool:
    """What was erased is nothing anybody could send."""
    return bool(value in ("[erased]", {"erased": True}))


def _part(name: str, text: str) -> Any:
    if not text:
        return None
    return text == "yes" if PARTS[name].typed == "yes-no" else text


def _moment(text: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat() if text else ""
    except ValueError:
        return text
