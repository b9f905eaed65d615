"""Words that somebody may not read are taken out of what they are shown: the entry stays, its words do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ap_ledger.access.rules import hidden_of_person, hidden_of_student
from ap_ledger.events import event_class
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.events.days import EVERY_DAY, Days
from api.core.asking import Asker
from api.core.service import Json
from projections.bodies import PersonBody, StudentBody
from projections.queries.on_day import key_worker_of
from projections.queries.relations import in_force_during
from projections.queries.words import WITHHELD

REASON_CLASS = "learning"
"""The class that seals the reason of a correction or void (see events/changes.py)."""


def withhold(asking: Asker, student_id: UUID, entries: Iterable[dict[str, Any]]) -> None:
    """Takes out of told entries, in place, the words of every retention class that whoever asks may not open."""
    about = asking.about(student_id)
    for told in entries:
        when = datetime.fromisoformat(told["recorded_at"])
        closed: set[str] = {kept for kept in RETENTION_CLASSES if not asking.opens(about, kept, when)}
        if not closed:
            continue
        told["entry"] = _without(told["kind"], told["entry"], closed)
        for change in told["changes"]:
            change["before"] = _without(told["kind"], change["before"], closed)
            change["after"] = change["after"] and _without(told["kind"], change["after"], closed)
            if change["reason"] is not None and REASON_CLASS in closed:
                change["reason"] = WITHHELD


def _without(kind: str, entry: Mapping[str, Any], closed: set[str]) -> dict[str, Any]:
    sealed = event_class(kind).personal(entry)
    return {
        name: WITHHELD if sealed.get(name) in closed and value is not None else value for name, value in entry.items()
    }


def person_seen(asking: Asker, body: PersonBody) -> Json:
    """A person as others of the setting see them: whom they must not meet as a student is for the heads."""
    hidden = hidden_of_person(asking.who, UUID(body["setting_id"]))
    return {name: value for name, value in body.items() if name not in hidden}


def _held_during(student: StudentBody, days: Days) -> StudentBody:
    """A student, with what holds from dates on cut to what held on any of these days."""
    if days is EVERY_DAY:
        return student
    # Of the others one holds at a time, and mentors have a line each.
    lines = (
        [mentor for mentor in student["mentors"] if mentor["person_id"] == person]
        for person in dict.fromkeys(mentor["person_id"] for mentor in student["mentors"])
    )
    cut: StudentBody = {
        **student,
        "expected": in_force_during(student["expected"], days),
        "mentors": [mentor for line in lines for mentor in in_force_during(line, days)],
    }
    if "groups" in student:
        cut["groups"] = in_force_during(student["groups"], days)
    if "key_workers" in student:
        cut["key_workers"] = in_force_during(student["key_workers"], days)
    return cut


def student_seen(asking: Asker, student: StudentBody) -> Json:
    """A student as whoever asks may see them: a mentor knows a first name and an initial, a commissioner what held in
    their own time."""
    days = asking.days("see-student", student["id"], student["setting_id"])
    cut = _held_during(student, days)
    hidden = hidden_of_student(asking.who, asking.about(student["id"], student["setting_id"]))
    read = days.until(asking.ledger.access_facts.today(UUID(student["setting_id"])))
    worker = {"key_worker": key_worker_of(cut, read.last) if read else None} if cut.get("key_workers") else {}
    return {name: value for name, value in {**cut, **worker}.items() if name not in hidden}
