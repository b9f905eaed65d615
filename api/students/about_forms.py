"""From each form of the page about a student to its command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData

from ap_ledger.domain.base import Command
from ap_ledger.domain.family import LinkFamily, ReleaseToFamily, UnlinkFamily
from ap_ledger.domain.placement import ChangePlacement, CommissionSessions, CorrectPlacement
from ap_ledger.domain.student import (
    AssignKeyWorker,
    AssignMentor,
    CorrectAdmission,
    EndPlacement,
    ExpectStudent,
    IdentifyStudent,
    StartPlacement,
)
from ap_ledger.domain.support import GroupStudent, NoteNeeds
from ap_ledger.errors import Refused
from api.core.giving import from_day
from api.core.show import as_number, id_of, text_of
from projections.bodies import SettingBody, StudentBody
from projections.queries.on_day import timetable_on
from projections.queries.words import WEEKDAYS

NEEDS_AT_MOST = 6
REASON = "put-right-on-page"

Made = tuple[type[Command], dict[str, Any]]
"""A kind of command and its fields as JSON holds them; what is None was not said."""


def _filled(form: FormData, *names: str) -> dict[str, Any]:
    return {name: text_of(form, name).strip() or None for name in names}


def _identify(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    fields = _filled(form, "given_name", "family_name", "known_as", "date_of_birth", "upn")
    emptied = [name for name in ("known_as", "date_of_birth", "upn") if fields[name] is None]
    return IdentifyStudent, {**fields, "clear": emptied or None}


def _admission(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return CorrectAdmission, {**_filled(form, "on"), "reason_code": REASON}


def _correct(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    fields = _filled(form, "start", "end", "purpose")
    commissioner = text_of(form, "commissioner") or None
    placement_id = id_of(form, "placement")
    return CorrectPlacement, {
        "placement_id": placement_id, "commissioner_id": commissioner, "reason_code": REASON, **fields,
    }  # fmt: skip


def _start(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    fields = _filled(form, "start", "planned_end", "purpose")
    commissioner = text_of(form, "commissioner") or None
    return StartPlacement, {"placement_id": id_of(form, "form"), "commissioner_id": commissioner, **fields}


def _change_placement(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return ChangePlacement, {"placement_id": id_of(form, "placement"), **_filled(form, "planned_end", "purpose")}


def _end(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return EndPlacement, {
        "placement_id": id_of(form, "placement"), **_filled(form, "end", "reason_code", "destination"),
    }  # fmt: skip


def _commission(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    bought = {name: as_number(text_of(form, name).strip()) for name in ("sessions_a_week", "hours_a_week")}
    return CommissionSessions, {"placement_id": id_of(form, "placement"), **_filled(form, "from_date"), **bought}


def _expect(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    slots = [slot["id"] for slot in timetable_on(setting, text_of(form, "from_date"))]
    if not slots:
        # Every tick would be passed over, and what was saved is a week without a day.
        raise Refused(
            "not-allowed", "No slot is held on that day. Choose a day from which slots are held.", "from_date"
        )
    days = [
        {"weekday": day, "slots": [slot for slot in slots if text_of(form, f"day-{day}-{slot}")]} for day in WEEKDAYS
    ]
    return ExpectStudent, {**from_day(form, student.get("expected", ())), "days": [day for day in days if day["slots"]]}


def _group(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return GroupStudent, {**from_day(form, student.get("groups", ())), **_filled(form, "group")}


def _key_worker(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return AssignKeyWorker, {**from_day(form, student.get("key_workers", ())), **_filled(form, "person_id")}


def _mentor(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return AssignMentor, _filled(form, "person_id", "from_date", "until")


def _end_mentor(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    begun = text_of(form, "begun")
    return AssignMentor, {**_filled(form, "person_id", "until"), "from_date": begun, "corrects": begun}


def _note_needs(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    needs = [need for number in range(NEEDS_AT_MOST) if (need := text_of(form, f"need-{number}"))]
    return NoteNeeds, {**from_day(form, student.get("needs", ())), "needs": needs}


def _link(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return LinkFamily, _filled(form, "person_id", "from_date")


def _unlink(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return UnlinkFamily, _filled(form, "person_id")


def _release(form: FormData, student: StudentBody, setting: SettingBody) -> Made:
    return ReleaseToFamily, {"released": text_of(form, "released") == "yes"}


FORMS: Mapping[str, Callable[[FormData, StudentBody, SettingBody], Made]] = {
    "identify": _identify, "admission": _admission, "start": _start, "correct": _correct, "change": _change_placement,
    "end": _end, "commission": _commission, "expect": _expect, "group": _group, "key-worker": _key_worker,
    "mentor": _mentor, "end-mentor": _end_mentor, "needs": _note_needs, "link": _link, "unlink": _unlink,
    "release": _release,
}  # fmt: skip
"""What each form of the page asks for."""
