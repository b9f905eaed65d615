"""What a body says of one day: the group, the key worker, the timetable, the age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from ap_ledger.events.dated import in_force, standing
from projections.bodies import SettingFacts, SlotBody, StudentBody, StudentFacts


def group_of(student: StudentFacts, day: date) -> str | None:
    """The group in which a student is taught on a day, or None."""
    membership = in_force(student.get("groups", ()), day)
    return membership.get("group") if membership else None


def key_worker_of(student: StudentFacts, day: date) -> str | None:
    """The id of the student's key worker on a day, or None."""
    assigned = in_force(student.get("key_workers", ()), day)
    return assigned.get("person_id") if assigned else None


def mentors_on(student: StudentFacts, day: str) -> set[str]:
    """The ids of those on whose caseload a student is on an ISO date. Each mentor is a series of their own."""
    said = student.get("mentors", ())
    times = {
        fact["person_id"]: standing(each for each in said if each["person_id"] == fact["person_id"]) for fact in said
    }
    held = {person: in_force(time, day) for person, time in times.items()}
    return {person for person, fact in held.items() if fact is not None and (fact.get("until") or day) >= day}


def timetable_on(setting: SettingFacts, day: str) -> Sequence[SlotBody]:
    """The slots in force on an ISO date."""
    timetable = in_force(setting.get("timetables", ()), day)
    return timetable["slots"] if timetable else []


class HeldSlots(NamedTuple):
    """The slots of a setting's day, and the first day on which they hold."""

    first: date
    slots: Sequence[SlotBody]


def slots_held_from(setting: SettingFacts, day: date) -> HeldSlots:
    """The slots that hold on a day; where none do, those that hold from a later day on, and none where none ever will.

    A week that is said from a day before there were slots begins with these.
    """
    if slots := timetable_on(setting, day.isoformat()):
        return HeldSlots(day, slots)
    coming = (table for table in standing(setting.get("timetables", ())) if table["from_date"] > day.isoformat())
    first = next((table for table in coming if table["slots"]), None)
    return HeldSlots(date.fromisoformat(first["from_date"]), first["slots"]) if first else HeldSlots(day, [])


def age_on(student: StudentBody, day: date) -> int | None:
    """A student's age in whole years, where the date of birth is known."""
    try:
        born = date.fromisoformat(str(student.get("date_of_birth")))
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
