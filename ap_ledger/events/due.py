"""What was due and was ended with a reason instead of being done, and what was taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ap_ledger.events.base import Erased, Event, RetentionClass
from ap_ledger.events.fields import ClockAbout, ClockName, CommissionerId, EndingWords, LastDay, ReasonCode


class ClockEnded(Event):
    """Something that was due for a student was ended with a reason. It is due no more, and that it was stays known.

    `clock` names it in the table of clocks; `about` says which one: the id of an entry, a day, or a placement and a
    date.
    """

    TOPIC: ClassVar[str] = "clock-ended"
    STREAM: ClassVar[str] = "student"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "learning"}
    clock: ClockName
    about: ClockAbout
    reason_code: ReasonCode
    reason: EndingWords | Erased | None = None


class ClockResumed(Event):
    """What had been ended with a reason is due again."""

    TOPIC: ClassVar[str] = "clock-resumed"
    STREAM: ClassVar[str] = "student"
    clock: ClockName
    about: ClockAbout


class ReviewEnded(Event):
    """The review of a half-term with a commissioner was ended with a reason, so that no pack is due for it."""

    TOPIC: ClassVar[str] = "review-ended"
    STREAM: ClassVar[str] = "setting"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "core"}
    commissioner_id: CommissionerId
    last: LastDay
    reason_code: ReasonCode
    reason: EndingWords | Erased | None = None


class ReviewResumed(Event):
    """The review of a half-term with a commissioner, ended with a reason before, is due again."""

    TOPIC: ClassVar[str] = "review-resumed"
    STREAM: ClassVar[str] = "setting"
    commissioner_id: CommissionerId
    last: LastDay


DUE_EVENTS: tuple[type[Event], ...] = (ClockEnded, ClockResumed, ReviewEnded, ReviewResumed)
