"""What can happen to an entry after it was recorded: it is corrected or voided, and the original stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import AwareDatetime

from ap_ledger.events.base import Erased, Event, RetentionClass, Slug, Text
from ap_ledger.events.entries import ENTRY_EVENTS

_ENTRY_BY_KIND = {event.TOPIC: event for event in ENTRY_EVENTS}


SAID_ON_THE_DEVICE = "changed-on-the-device"
"""The reason that a phone gives where its owner goes on saying something of a visit that has been sent already, such as
how long it was. Nobody puts anything right by that."""


class EntryCorrected(Event):
    """An entry was put right. `replacement` is the whole entry as it should read; the last position is the current one.

    `replacement_occurred_at` is when the replaced entry happened, by the same rules of time as a fresh one.
    `replacement_kind` names the entry's kind, so that its sealed fields can be told without reading the first event.
    """

    TOPIC: ClassVar[str] = "entry-corrected"
    STREAM: ClassVar[str] = "entry"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "learning"}

    device_time: AwareDatetime
    replacement: dict[str, Any]
    replacement_kind: Slug
    replacement_occurred_at: AwareDatetime
    reason_code: Slug
    reason: Text | Erased | None = None
    flags: tuple[str, ...] = ()

    @classmethod
    def personal(cls, state: Mapping[str, Any]) -> Mapping[str, RetentionClass]:
        """The reason, and inside the replacement whatever its own kind seals."""
        inner = _ENTRY_BY_KIND[state["replacement_kind"]].personal(state["replacement"])
        return {**cls.PERSONAL, **{f"replacement.{field}": kept for field, kept in inner.items()}}


class EntryVoided(Event):
    """An entry was taken back: it counts no more, and stays readable. A void cannot itself be voided."""

    TOPIC: ClassVar[str] = "entry-voided"
    STREAM: ClassVar[str] = "entry"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "learning"}

    device_time: AwareDatetime
    reason_code: Slug
    reason: Text | Erased | None = None
    flags: tuple[str, ...] = ()


class SealedRecord(Event):
    """A record of which only its existence is in the clear.

    Its stream has a random id and names no student or author.
    """

    TOPIC: ClassVar[str] = "sealed-record"
    STREAM: ClassVar[str] = "sealed"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"body": "safeguarding"}

    body: str | Erased


CHANGE_EVENTS: tuple[type[Event], ...] = (EntryCorrected, EntryVoided, SealedRecord)
