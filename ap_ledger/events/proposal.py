"""The stream of a proposal: what takes two people is proposed by one and approved by another."""

from __future__ import annotations

from typing import ClassVar

from ap_ledger.events.base import Event
from ap_ledger.events.fields import CommandBody, DeedName, ReasonCode


class DeedProposed(Event):
    """Somebody proposed a deed that takes two people.

    `deed` is the command's name, `command` the command; neither names anybody.
    """

    TOPIC: ClassVar[str] = "deed-proposed"
    STREAM: ClassVar[str] = "proposal"
    deed: DeedName
    command: CommandBody


class DeedApproved(Event):
    """A second person approved, and the deed was done."""

    TOPIC: ClassVar[str] = "deed-approved"
    STREAM: ClassVar[str] = "proposal"


class DeedDeclined(Event):
    """The deed will not be done."""

    TOPIC: ClassVar[str] = "deed-declined"
    STREAM: ClassVar[str] = "proposal"
    reason_code: ReasonCode


PROPOSAL_EVENTS: tuple[type[Event], ...] = (DeedProposed, DeedApproved, DeedDeclined)
