"""Who may be an author, and which devices may send."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from ap_ledger.events.device import DeviceKind
from ap_ledger.events.person import Role
from projections.bodies.common import BodyRow


class RoleBody(TypedDict):
    """A role in a setting from a date on; `until` is its last day, where it has one.

    `commissioner_id` is whose placements a commissioner's opens; `approved_by` and `first_lead` say who else answers
    for it. One that was ended says by whom (None at the machine) and when that was recorded.
    """

    grant_id: str
    role: Role
    from_date: str
    setting_id: str
    until: NotRequired[str]
    commissioner_id: NotRequired[str]
    approved_by: NotRequired[str]
    first_lead: NotRequired[bool]
    ended_by: NotRequired[str | None]
    ended_at: NotRequired[int]


class PersonFacts(TypedDict):
    """Somebody who may be an author: the setting that added them, their roles anywhere, and the ids of the students
    from whose records they are kept."""

    id: str
    setting_id: str
    roles: list[RoleBody]
    conflicts: NotRequired[list[str]]


class PersonAsStored(PersonFacts):
    """A person without their name: `named_at` is the position of the event that says it."""

    named_at: int


class PersonBody(PersonFacts, BodyRow):
    """A person as they are read: `name` tells them from everybody else of their setting."""

    name: str


class DeviceFacts(TypedDict):
    """A tablet or a phone that may send entries, when it was let in, and whether it was shut out since."""

    id: str
    setting_id: str
    kind: DeviceKind
    enrolled_at: int
    revoked: bool


class DeviceAsStored(DeviceFacts):
    """A device without its name: `named_at` is the position of the event that says it."""

    named_at: int


class DeviceBody(DeviceFacts, BodyRow):
    """A device as it is read."""

    name: str
