"""Who did and who looked, for those responsible; the same as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from ap_ledger.access.rules import kept_from
from ap_ledger.bootstrap import Service
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Current
from api.core.show import YEARS, people_of, setting_for, show
from projections.queries.audit import KINDS, AuditEntry, audit_entries
from reports.csv_files import csv_text

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN, EXPORTED, DAYS = 200, 50_000, 14
KIND_NAMES = {
    "": "Everything",
    "reads": "Who looked",
    "decisions": "Decisions",
    "erasures": "Erasures and holds",
    "changes": "Corrections",
    "records": "Entries",
}
WORDS = {
    "record-read": "Looked at", "role-granted": "Gave a role", "role-ended": "Ended a role",
    "person-added": "Added a person", "person-renamed": "Put a name right", "key-shredded": "Erased",
    "text-excised": "Removed a text", "hold-set": "Set a legal hold", "hold-lifted": "Lifted a legal hold",
    "deed-proposed": "Proposed", "deed-approved": "Approved",
    "deed-declined": "Declined", "device-enrolled": "Enrolled a device", "device-revoked": "Shut out a device",
    "entry-corrected": "Corrected an entry",
    "entry-voided": "Took an entry back",
    "students-joined": "Joined two records", "students-parted": "Parted two records",
    "recovery-allowed": "Allowed an account to be recovered",
}  # fmt: skip


def _asked(
    using: Service, asking: Asker, params: Any, limit: int
) -> tuple[Any, list[Any], dict[str, str], list[AuditEntry]]:
    body, settings = setting_for(using.reader, asking, params.get("setting", ""), "see-audit")
    today = using.ledger.now().astimezone(ZoneInfo(body["time_zone"])).date()
    first, last = _day(params.get("from", ""), today - timedelta(days=DAYS)), _day(params.get("to", ""), today)
    zone = ZoneInfo(body["time_zone"])
    asked = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "kind": params.get("kind", "") if params.get("kind", "") in KINDS else "",
    }
    asked |= {name: str(_id(params.get(name, "")) or "") for name in ("who", "student")}
    before = params.get("before", "")
    entries = audit_entries(
        using.ledger.recorder,
        UUID(body["id"]),
        datetime.combine(first, time.min, zone),
        datetime.combine(last + timedelta(days=1), time.min, zone) - timedelta(microseconds=1),
        limit,
        asked["kind"],
        _id(asked["who"]),
        _records(using, asked["student"]),
        int(before) if before.isdecimal() and len(before) < 16 else None,
    )
    # Whoever has a conflict of interest with a student does not learn either who looked at them.
    return (
        body,
        settings,
        asked,
        [entry for entry in entries if entry.student_id is None or not kept_from(asking.who, [UUID(entry.student_id)])],
    )


def _records(using: Service, student: str) -> Sequence[UUID]:
    """Every record of a student who was asked for, so that who looked at any of them is told."""
    student_id = _id(student)
    return () if student_id is None else using.ledger.states.records(student_id)


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if day.year in YEARS else otherwise


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@router.get(
    "/audit",
    gate=Gate("see-audit"),
    nav=Nav("Who did, who looked", "more", 11, also="audit log history access", group="people"),
)
def audit_page(request: Request, using: Current, asking: Asking) -> HTMLResponse:
    """What was done and looked at, newest first, with filters."""
    body, settings, asked, entries = _asked(using, asking, request.query_params, SHOWN)
    people, students = (
        people_of(using.reader),
        {student["id"]: student["name"] for student in using.reader.everyone(body)},
    )
    zone = ZoneInfo(body["time_zone"])
    lines = [_line(entry, people, students, zone, _kept(using, entry.student_id)) for entry in entries]
    staff = sorted(
        ((person["id"], person["name"] or "Not named") for person in using.reader.whole("people", body)),
        key=lambda pair: str(pair[1]),
    )
    kids = sorted(
        (
            (student_id, name or "Not named")
            for student_id, name in students.items()
            if not kept_from(asking.who, [UUID(student_id)])
        ),
        key=lambda pair: str(pair[1]),
    )
    return show(
        request,
        "audit.html",
        setting=body,
        settings=settings,
        asked=asked,
        lines=lines,
        kinds=KIND_NAMES,
        staff=staff,
        students=kids,
        more=entries[-1].position if len(entries) == SHOWN else 0,
        shown=SHOWN,
    )


def _kept(using: Service, student: str | None) -> str:
    return "" if student is None else str(using.ledger.states.kept(UUID(student)))


def _line(
    entry: AuditEntry,
    people: Mapping[str, str | None],
    students: Mapping[str, str | None],
    zone: ZoneInfo,
    kept: str,
) -> dict[str, Any]:
    when = entry.recorded_at.astimezone(zone)
    return {
        "day": when.date(),
        "at": f"{when:%H:%M}",
        "who": people.get(entry.author_id or "") or ("the machine" if entry.author_id is None else "someone"),
        "what": WORDS.get(entry.topic, entry.topic.replace("-", " ").capitalize()),
        "detail": entry.detail.replace("-", " "),
        "about": students.get(kept) or ("" if entry.student_id is None else "a student"),
        "position": entry.position,
    }


@router.get("/audit.csv", gate=Gate("see-audit", reads="audit"))
def audit_file(request: Request, using: Current, asking: Asking) -> Response:
    """The same as a file: ids, never names, so that it can be passed on to whoever checks."""
    _, _, _, entries = _asked(using, asking, request.query_params, EXPORTED)
    head = ("position", "recorded_at", "occurred_at", "what", "detail", "author_id", "student_id")
    rows = (
        (
            entry.position,
            entry.recorded_at.isoformat(),
            entry.occurred_at.isoformat(),
            entry.topic,
            entry.detail,
            entry.author_id,
            entry.student_id,
        )
        for entry in entries
    )
    return Response(
        csv_text(head, rows), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="audit.csv"'}
    )
