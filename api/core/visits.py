"""Planned visits as pages show them: in words, with the address, and with what a visitor should know where whoever
looks may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ap_ledger.bootstrap import Service
from api.core.asking import Asker
from api.core.languages import say
from api.core.show import people_of
from projections.bodies import SettingBody, StudentBody
from projections.queries.planned_visits import Address, Plan, Silence, addresses_of, overdue

PURPOSES: Mapping[str, str] = {
    "relationship": "Getting to know each other",
    "learning": "Learning together",
    "doorstep": "At the door, to be seen",
    "family": "With the family",
    "meeting": "A meeting",
    "transport": "Bringing them somewhere",
    "other": "Something else",
}
REASONS: Mapping[str, str] = {
    "unwell": "Somebody is unwell",
    "nobody-free": "Nobody is free",
    "travel": "Travel or weather",
    "they-asked": "They asked for another time",
    "safety": "It would not be safe",
    "planned-twice": "It was planned twice",
    "other": "Another reason",
}
STATES: Mapping[str, str] = {
    "planned": "Planned",
    "under-way": "Checked in",
    "left": "Checked out, not logged yet",
    "done": "Done",
    "missed": "Nothing was said of it",
    "cancelled-by-us": "Cancelled by us",
    "cancelled-by-them": "Cancelled by them",
}
LOOKS: Mapping[str, str] = {
    "done": "good",
    "under-way": "brand",
    "missed": "state-due",
    "cancelled-by-us": "plum",
}
"""How the tag of a state looks, where it is not plain."""


class VisitLine(NamedTuple):
    """A planned visit in a list: whom, who goes, how it stands, and what is known of where it goes.

    `student` is None where whoever looks may not see whom it is about.
    """

    plan: Plan
    student: StudentBody | None
    visitor: str
    buddy: str
    authorised_by: str
    state: str
    silence: Silence | None
    address: Address | None

    @property
    def look(self) -> str:
        """How the tag of its state looks."""
        return LOOKS.get(self.state, "")

    @property
    def heard(self) -> str:
        """When its visitor was last heard, in words; nothing is made of silence."""
        at = self.plan.heard_at
        return say("Last heard at {time}", time=f"{at:%H:%M}") if at else say("Not heard from yet today")


def visit_lines(
    using: Service, asking: Asker, plans: Sequence[Plan], students: Sequence[StudentBody], now: datetime
) -> list[VisitLine]:
    """Plans in words. Only students in `students` are named, and flags are opened for whoever may read them."""
    by_id = {UUID(student["id"]): student for student in students}
    names = people_of(using.reader) if plans else {}
    shown = [by_id[student] for student in {plan.student_id for plan in plans} & by_id.keys()]
    opens = {student["id"] for student in asking.among(shown, "read-address-flags")}
    addresses = addresses_of(using.reader, asking.among(shown, "read-contacts"), opens)

    def name(person: UUID | None) -> str:
        return names.get(str(person)) or say("Somebody") if person else ""

    lines = []
    for plan in plans:
        known = addresses.get(str(plan.student_id), [])
        address = next((one for one in known if one.id == plan.address_id), None)
        lines.append(
            VisitLine(
                plan,
                by_id.get(plan.student_id),
                name(plan.person_id),
                name(plan.buddy_id),
                name(plan.authorised_by),
                plan.state(now),
                plan.silence(now),
                address,
            )
        )
    return lines


def silent_lines(using: Service, asking: Asker, setting: SettingBody) -> list[VisitLine]:
    """Today's visits of which nothing was heard when they should have ended, of those that somebody is told of.

    A buddy is told first, and whoever leads a quarter of an hour later.
    """
    now = using.ledger.now()
    leads = asking.may("see-visits", None, setting["id"])
    plans = [
        plan
        for plan in overdue(using.reader, setting, now)
        if asking.person == plan.buddy_id or (leads and plan.silence(now) == "lead")
    ]
    among = {plan.student_id for plan in plans}
    students = [student for student in using.reader.everyone(setting) if UUID(student["id"]) in among] if among else []
    return visit_lines(using, asking, plans, asking.among(students, "see-student"), now)
