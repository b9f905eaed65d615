"""Ending what is due with a reason, and taking it up again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.clocks import CLOCK_BY_NAME, SOON, names_one
from ap_ledger.events.due import ClockEnded, ClockResumed, ReviewEnded, ReviewResumed
from ap_ledger.events.fields import ClockAbout, ClockName, CommissionerId, EndingWords, LastDay
from ap_ledger.events.moments import local_day, microseconds

EndingReason = Literal["done-elsewhere", "not-needed", "too-late", "other"]
EndingCode = Annotated[
    EndingReason, Field(description="The reason is one of: done-elsewhere, not-needed, too-late, other.")
]


class EndClock(StudentCommand):
    """Ends something that is due for a student with a reason, where it will not be done."""

    clock: ClockName
    about: ClockAbout
    reason_code: EndingCode
    reason: EndingWords

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """It is a clock that may be ended, and was not. The reason is kept while the key that seals it is."""
        student, rule = self.admitted(state), CLOCK_BY_NAME.get(self.clock)
        if rule is None or not rule.may_be_ended:
            raise Refused("unknown-item", "There is no clock with this name that is ended with a reason.", "clock")
        if not names_one(rule, self.about):
            raise Refused(
                "malformed",
                "This does not name anything that is due; send it as the list of what is due has it.",
                "about",
            )
        if (self.clock, self.about) in student.ended:
            raise Refused("not-allowed", "This was ended before.", "about")
        reason = None if "learning" in student.shredded else self.reason.strip()
        return [
            events.event(ClockEnded, clock=self.clock, about=self.about, reason_code=self.reason_code, reason=reason)
        ]


class ResumeClock(StudentCommand):
    """Takes something up again that was ended with a reason."""

    clock: ClockName
    about: ClockAbout

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Only what was ended is taken up again."""
        if (self.clock, self.about) not in self.admitted(state).ended:
            raise Refused(
                "not-allowed", "This was not ended with a reason, so there is nothing to take up again.", "about"
            )
        return [events.event(ClockResumed, clock=self.clock, about=self.about)]


class EndReview(SettingCommand):
    """Ends the review of a half-term with a commissioner with a reason, where no pack will be released for it."""

    commissioner_id: CommissionerId
    last: LastDay
    reason_code: EndingCode
    reason: EndingWords

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """The commissioner is known, a half-term ends on that day, and its review is due and was not ended before."""
        setting = self.opened(state)
        if self.commissioner_id not in setting.commissioners:
            raise Refused("unknown-item", "This setting has no commissioner with this id.", "commissioner_id")
        if self.last not in setting.half_terms_end():
            raise Refused("unknown-item", "No half-term of this setting's calendar ends on this day.", "last")
        if self.last - SOON > local_day(microseconds(events.stamp.occurred_at), setting.time_zone):
            raise Refused("not-allowed", "This half-term's review is not due yet.", "last")
        if (self.commissioner_id, self.last) in setting.ended:
            raise Refused("not-allowed", "This was ended before.", "last")
        fields = self.model_dump(include={"commissioner_id", "last", "reason_code"})
        return [events.event(ReviewEnded, **fields, reason=self.reason.strip())]


class ResumeReview(SettingCommand):
    """Takes the review of a half-term up again that was ended with a reason."""

    commissioner_id: CommissionerId
    last: LastDay

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Only what was ended is taken up again."""
        if (self.commissioner_id, self.last) not in self.opened(state).ended:
            raise Refused(
                "not-allowed", "This was not ended with a reason, so there is nothing to take up again.", "last"
            )
        return [events.event(ReviewResumed, commissioner_id=self.commissioner_id, last=self.last)]
