"""What can be chosen about a student: people, groups, purposes, reasons and days, each as a person says it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ap_ledger.bootstrap import Service
from ap_ledger.kinds.telling import spoken
from projections.bodies import SettingBody
from projections.queries.on_day import group_of

END_REASONS = {
    "back-to-school": "Back to their school",
    "new-place": "To another place",
    "finished": "It was agreed until then",
    "moved-away": "The family moved away",
    "not-taken-up": "The place was not taken up",
    "other": "Something else",
}
"""Why a placement ended, as it is kept, and as a person says it."""
DESTINATIONS = {
    "own-school": "Their own school",
    "other-school": "Another school",
    "other-provision": "Another provision",
    "college": "College",
    "work-or-training": "Work or training",
    "not-known": "Not known",
}
"""Where somebody goes when a placement ends, as it is kept, and as a person says it."""


def staff_here(using: Service, setting: SettingBody, today: date) -> list[tuple[str, str]]:
    """Who works in a setting from today on, by id and name."""
    people = ((person, using.ledger.states.person(UUID(person["id"]))) for person in using.reader.whole("people"))
    return sorted(
        (
            (person["id"], str(person["name"]))
            for person, state in people
            if state is not None and state.staff_from(UUID(setting["id"]), today)
        ),
        key=lambda named: named[1],
    )


def groups_here(using: Service, setting: SettingBody, today: date) -> list[str]:
    """The groups in which students of a setting are now, in words."""
    groups = {group_of(student, today) for student in using.reader.everyone(setting)}
    return sorted(spoken(group) for group in groups if group)


def buyers_of(setting: SettingBody) -> list[tuple[str, str]]:
    """Who buys places in a setting, by id and name."""
    return [(buyer["commissioner_id"], buyer["name"]) for buyer in setting.get("commissioners", ())]
