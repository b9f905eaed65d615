"""Visits that are planned: when, to which address, by whom; moved or cancelled; and what a visitor should know there.

All of it stands in the student's own stream. What came of a visit is told by entries: that somebody checked in and
out, and the visit that was logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ap_ledger.events.base import Erased, Event, RetentionClass, Text
from ap_ledger.events.fields import ONE_LINE, Moment, PersonId, YesOrNo

VisitId = Annotated[UUID, Field(description="The visit is named by its id, a UUID.")]
AddressId = Annotated[UUID, Field(description="The address is named by its id, a UUID.")]
VisitAddress = Annotated[UUID, Field(description="The address is named by its id, a UUID, or left out.")]
OtherPerson = Annotated[UUID, Field(description="This person is named by their id, a UUID, or left out.")]
PlannedMinutes = Annotated[
    int, Field(ge=5, le=720, description="Planned minutes are a whole number from 5 to 720, which is 12 hours.")
]
AddressText = Annotated[
    str,
    Field(min_length=1, max_length=300, description="An address is 1 to 300 characters, not blank."),
    ONE_LINE,
]
AddressFlags = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        description="What a visitor should know is 1 to 500 characters, not blank, or left out where there is nothing.",
    ),
]
VisitPurpose = Literal["relationship", "learning", "doorstep", "family", "meeting", "transport", "other"]
PurposeCode = Annotated[
    VisitPurpose,
    Field(description="The purpose is one of: relationship, learning, doorstep, family, meeting, transport, other."),
]
CancelledBy = Annotated[Literal["us", "them"], Field(description="Who cancelled is one of: us, them.")]
CancelReason = Literal["unwell", "nobody-free", "travel", "they-asked", "safety", "planned-twice", "other"]
CancelCode = Annotated[
    CancelReason,
    Field(description="The reason is one of: unwell, nobody-free, travel, they-asked, safety, planned-twice, other."),
]
CancelWords = Annotated[
    Text,
    Field(description="More about the reason is text of at most 4,000 characters, or left out."),
]


class AddressNoted(Event):
    """An address where the student is visited, or the same one put right. One of them is their home."""

    TOPIC: ClassVar[str] = "address-noted"
    STREAM: ClassVar[str] = "student"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"address": "core"}
    address_id: AddressId
    home: YesOrNo
    address: AddressText | Erased


class AddressFlagged(Event):
    """What a visitor should know about an address before they knock; nothing any more where no words are given.

    The words are for that day's visitor and the safeguarding leads.
    """

    TOPIC: ClassVar[str] = "address-flagged"
    STREAM: ClassVar[str] = "student"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"flags": "safeguarding"}
    address_id: AddressId
    flagged: YesOrNo
    flags: AddressFlags | Erased | None = None


class VisitPlanned(Event):
    """A visit was planned: who goes, when, for how many minutes, whether alone, and who is told when nothing is
    heard."""

    TOPIC: ClassVar[str] = "visit-planned"
    STREAM: ClassVar[str] = "student"
    visit_id: VisitId
    person_id: PersonId
    starts_at: Moment
    minutes: PlannedMinutes
    purpose: PurposeCode
    alone: YesOrNo
    address_id: VisitAddress | None = None
    buddy_id: OtherPerson | None = None
    authorised_by: OtherPerson | None = None


class VisitChanged(VisitPlanned):
    """A planned visit was moved or changed; what it says now holds instead of what it said before."""

    TOPIC: ClassVar[str] = "visit-changed"


class VisitCancelled(Event):
    """A planned visit will not take place, or did not: who cancelled it, and why."""

    TOPIC: ClassVar[str] = "visit-cancelled"
    STREAM: ClassVar[str] = "student"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "learning"}
    visit_id: VisitId
    cancelled_by: CancelledBy
    reason_code: CancelCode
    reason: CancelWords | Erased | None = None


VISIT_EVENTS: tuple[type[Event], ...] = (AddressNoted, AddressFlagged, VisitPlanned, VisitChanged, VisitCancelled)
