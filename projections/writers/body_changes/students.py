"""What the events of a student change in their body. Those of records that were joined are told of the one kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.bodies import JoinedBody, OwnItemsPart, StudentAsStored
from projections.runner import Seen
from projections.writers.body_changes.common import (
    Change,
    State,
    append,
    given,
    id_of,
    id_or_none,
    record_of,
    whole,
    withdraw_fact,
)


def _admit(student: StudentAsStored, state: State, seen: Seen) -> None:
    if "admitted_on" not in student:
        student["setting_id"], student["named_at"] = id_of(seen.setting_id), None
        student["mentors"], student["expected"], student["shredded"] = [], [], []
    _set_admission(student, state, seen)


def _set_admission(student: StudentAsStored, state: State, seen: Seen) -> None:
    # A child with several records was admitted on the first of their days.
    admissions = student.setdefault("admissions", {})
    admissions[id_of(seen.student_id)] = state["on"]
    student["admitted_on"] = min(admissions.values())


def _identify(student: StudentAsStored, state: State, seen: Seen) -> None:
    # A child is called as the record says that is kept, where it says anything.
    if id_of(seen.student_id) == student["id"] or student["named_at"] is None:
        student["named_at"] = seen.position


def _join(student: StudentAsStored, state: State, seen: Seen) -> None:
    record = state["joined_student"]
    if student["id"] == state["kept_student"]:
        student["records"] = sorted({*student.get("records", ()), record})
        joined: JoinedBody = {
            "student_id": record,
            "reason_code": state["reason_code"],
            "joined_at": seen.recorded_at,
        }
        student["joined"] = [*_others(student, record), joined]


def _part(student: StudentAsStored, state: State, seen: Seen) -> None:
    record = state["joined_student"]
    if student["id"] == state["kept_student"]:
        student["records"] = sorted({*student.get("records", ()), record})
        student["joined"] = _others(student, record)


def _others(student: StudentAsStored, record: str) -> list[JoinedBody]:
    return [joined for joined in student.get("joined", ()) if joined["student_id"] != record]


def _note_sealed(name: str, *in_the_clear: str) -> Change:
    """Adds to a list of the body that something was said from a date on; what, is sealed in the event."""

    def note(student: dict[str, Any], state: State, seen: Seen) -> None:
        noted = given(state, "from_date", "corrects", *in_the_clear)
        if record := record_of(seen):
            noted["recorded_as"] = record
        noted["position"] = seen.position
        student.setdefault(name, []).append(noted)

    return note


def _note_address(student: StudentAsStored, state: State, seen: Seen) -> None:
    addresses = student.setdefault("addresses", {})
    before = addresses.get(state["address_id"])
    addresses[state["address_id"]] = {
        "home": state["home"],
        "position": seen.position,
        "flagged_at": before["flagged_at"] if before is not None else None,
    }


def _flag_address(student: StudentAsStored, state: State, seen: Seen) -> None:
    # Of two records of one child, the one that is told of later may not have put the address down.
    if (address := student.setdefault("addresses", {}).get(state["address_id"])) is not None:
        address["flagged_at"] = seen.position if state["flagged"] else None


def _shred(student: StudentAsStored, state: State, seen: Seen) -> None:
    student["shredded"] = sorted({*student["shredded"], state["retention_class"]})


def _set_own_items(student: StudentAsStored, state: State, seen: Seen) -> None:
    # Each record of a child names its items by itself, so that the words of one are never those of another.
    part: OwnItemsPart = {"items": state["items"], "position": seen.position}
    every = student.setdefault("own_items", {})
    items = every.setdefault(state["definition"]["id"], {"items": [], "position": None})
    if id_of(seen.student_id) == student["id"]:
        items["items"], items["position"] = part["items"], part["position"]
    else:
        items.setdefault("joined", {})[id_of(seen.student_id)] = part


def _link_family(student: StudentAsStored, state: State, seen: Seen) -> None:
    student["family"] = [*_family_without(student, state["person_id"]), state["person_id"]]


def _unlink_family(student: StudentAsStored, state: State, seen: Seen) -> None:
    student["family"] = _family_without(student, state["person_id"])


def _family_without(student: StudentAsStored, person: str) -> list[str]:
    return [member for member in student.get("family", ()) if member != person]


def _release(student: StudentAsStored, state: State, seen: Seen) -> None:
    # Of a child with several records it is the one that is kept of which something is released.
    if id_of(seen.student_id) == student["id"]:
        student["released"] = state["released"]


def _end_clock(student: StudentAsStored, state: State, seen: Seen) -> None:
    ended = student.setdefault("ended_clocks", [])
    ended.append(whole(state, position=seen.position, ended_at=seen.recorded_at))


def _resume_clock(student: StudentAsStored, state: State, seen: Seen) -> None:
    student["ended_clocks"] = [
        clock
        for clock in student.get("ended_clocks", ())
        if (clock["clock"], clock["about"]) != (state["clock"], state["about"])
    ]


def _hold(student: StudentAsStored, state: State, seen: Seen) -> None:
    holds = student.setdefault("holds", [])
    holds.append(whole(state, set_at=seen.recorded_at, set_by=id_or_none(seen.author_id)))


def _lift_hold(student: StudentAsStored, state: State, seen: Seen) -> None:
    student["holds"] = [hold for hold in student.get("holds", ()) if hold["hold_id"] != state["hold_id"]]


CHANGES: Mapping[str, Change] = {
    "student-admitted": _admit,
    "admission-corrected": _set_admission,
    "student-identified": _identify,
    "student-expected": append("expected"),
    "key-worker-assigned": append("key_workers"),
    "mentor-assigned": append("mentors"),
    "student-grouped": append("groups"),
    "student-needs-noted": _note_sealed("needs"),
    "student-contacts-noted": _note_sealed("contacts"),
    "consent-noted": _note_sealed("consents", "consent", "agreed"),
    "student-fact-withdrawn": withdraw_fact,
    "address-noted": _note_address,
    "address-flagged": _flag_address,
    "own-items-set": _set_own_items,
    "key-shredded": _shred,
    "family-linked": _link_family,
    "family-unlinked": _unlink_family,
    "released-to-family": _release,
    "clock-ended": _end_clock,
    "clock-resumed": _resume_clock,
    "students-joined": _join,
    "students-parted": _part,
    "hold-set": _hold,
    "hold-lifted": _lift_hold,
}
