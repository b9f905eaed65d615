"""The published language: every event that can ever be written. Topics are fixed strings and an allow-list."""

from __future__ import annotations

from collections.abc import Mapping

from ap_ledger.errors import Unreadable
from ap_ledger.events.base import Event
from ap_ledger.events.case import CASE_EVENTS
from ap_ledger.events.changes import CHANGE_EVENTS, SealedRecord
from ap_ledger.events.device import DEVICE_EVENTS
from ap_ledger.events.due import DUE_EVENTS
from ap_ledger.events.entries import ENTRY_EVENTS
from ap_ledger.events.framework import FRAMEWORK_EVENTS
from ap_ledger.events.person import PERSON_EVENTS
from ap_ledger.events.proposal import PROPOSAL_EVENTS
from ap_ledger.events.reading import READ_EVENTS
from ap_ledger.events.report import REPORT_EVENTS
from ap_ledger.events.setting import SETTING_EVENTS
from ap_ledger.events.student import STUDENT_EVENTS
from ap_ledger.events.visits import VISIT_EVENTS

ALL_EVENTS: tuple[type[Event], ...] = (
    *ENTRY_EVENTS,
    *CHANGE_EVENTS,
    *STUDENT_EVENTS,
    *DUE_EVENTS,
    *VISIT_EVENTS,
    *SETTING_EVENTS,
    *PERSON_EVENTS,
    *FRAMEWORK_EVENTS,
    *DEVICE_EVENTS,
    *PROPOSAL_EVENTS,
    *READ_EVENTS,
    *REPORT_EVENTS,
    *CASE_EVENTS,
)

EVENT_BY_TOPIC: Mapping[str, type[Event]] = {event.TOPIC: event for event in ALL_EVENTS}

ENTRY_TOPICS = frozenset(event.TOPIC for event in (*ENTRY_EVENTS, *CHANGE_EVENTS))
"""Topics of observations."""

RULELESS_TOPICS = (ENTRY_TOPICS - {SealedRecord.TOPIC}) | {event.TOPIC for event in READ_EVENTS}
"""Topics that change nothing the door must know. Every other topic belongs to a stream with rules; what is in a sealed
record may be a step of a case, which has some too."""


def event_class(topic: str) -> type[Event]:
    """The class of a topic. A topic that is not on the list is never imported or guessed.

    Raises Unreadable for a topic this version of the program does not know.
    """
    try:
        return EVENT_BY_TOPIC[topic]
    except KeyError:
        raise Unreadable(
            f"The ledger holds an event '{topic[:60]}' that this version does not know. Upgrade AP Ledger."
        ) from None
