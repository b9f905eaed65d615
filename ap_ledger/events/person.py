"""The stream of a person who works with students, and of what they may do, where, from when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ap_ledger.events.base import Erased, Event, RetentionClass
from ap_ledger.events.fields import (
    ApproverId,
    CommissionerId,
    FromDate,
    GrantId,
    Label,
    LastDay,
    ReasonCode,
    StudentId,
    YesOrNo,
)

Role = Literal[
    "mentor", "ap-staff", "leader", "dsl", "deputy-dsl", "safeguarding-reader", "commissioner", "family",
    "administrator", "researcher",
]  # fmt: skip
RoleName = Annotated[
    Role,
    Field(
        description=(
            "A role is one of: mentor, ap-staff, leader, dsl, deputy-dsl, safeguarding-reader, commissioner, "
            "family, administrator, researcher."
        ),
    ),
]
TWO_PEOPLE_ROLES: frozenset[Role] = frozenset({"dsl", "deputy-dsl"})
"""Roles that open safeguarding records, so that no one person can give them."""
SAFEGUARDING_ROLES: frozenset[Role] = TWO_PEOPLE_ROLES | {"safeguarding-reader"}
"""Every role that opens safeguarding records. A safeguarding reader is named by a safeguarding lead."""
STAFF_ROLES: frozenset[Role] = frozenset({"mentor", "ap-staff", "leader", "dsl", "deputy-dsl"})
"""Roles of those who work with students, and so may supervise, mentor and answer for them."""
Lost = Annotated[
    Literal["password", "second-factor"], Field(description="What was lost is one of: password, second-factor.")
]


class PersonEvent(Event):
    """An event in a person's own stream."""

    STREAM: ClassVar[str] = "person"


class PersonAdded(PersonEvent):
    """Someone who may be named as an author. Their name is sealed under a key of their own."""

    TOPIC: ClassVar[str] = "person-added"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"name": "core"}
    name: Label | Erased


class PersonRenamed(PersonEvent):
    """What somebody is called was put right, or has changed. The name given before stays in the history."""

    TOPIC: ClassVar[str] = "person-renamed"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"name": "core"}
    name: Label | Erased


class RoleGranted(PersonEvent):
    """A role in one setting, from a date on, until a date where one is given.

    A commissioner's names who buys the places. Making somebody DSL takes two people: the author and `approved_by`; or,
    for the `first_lead` of a setting, whoever holds the machine.
    """

    TOPIC: ClassVar[str] = "role-granted"
    grant_id: GrantId
    role: RoleName
    from_date: FromDate
    until: LastDay | None = None
    commissioner_id: CommissionerId | None = None
    approved_by: ApproverId | None = None
    first_lead: YesOrNo = False


class RoleEnded(PersonEvent):
    """A role ends: at the end of `on` where that day was still to come, and else at the moment at which this was
    said."""

    TOPIC: ClassVar[str] = "role-ended"
    grant_id: GrantId
    on: LastDay


class ConflictDeclared(PersonEvent):
    """Somebody is kept from a student's record: their own child, or an allegation made against them.

    The reason is a code.
    """

    TOPIC: ClassVar[str] = "conflict-declared"
    conflicted_student: StudentId
    reason_code: ReasonCode
    approved_by: ApproverId | None = None


class ConflictEnded(PersonEvent):
    """Somebody is kept from a student's record no more."""

    TOPIC: ClassVar[str] = "conflict-ended"
    conflicted_student: StudentId


class RecoveryAllowed(PersonEvent):
    """Two people agreed that somebody who lost their password, or their second factor, may choose a new one."""

    TOPIC: ClassVar[str] = "recovery-allowed"
    approved_by: ApproverId
    lost: Lost = "password"


PERSON_EVENTS: tuple[type[Event], ...] = (
    PersonAdded,
    PersonRenamed,
    RoleGranted,
    RoleEnded,
    ConflictDeclared,
    ConflictEnded,
    RecoveryAllowed,
)
