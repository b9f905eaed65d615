"""The rules of withdrawing what was recorded to hold from a date on, and should not have been recorded at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ap_ledger.domain.base import NextEvents
from ap_ledger.domain.setting import WITHDRAWABLE as OF_SETTING
from ap_ledger.domain.setting import Setting, SettingCommand
from ap_ledger.domain.student import StudentCommand
from ap_ledger.domain.student_state import WITHDRAWABLE as OF_STUDENT
from ap_ledger.domain.student_state import Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.dated import DatedFact, standing
from ap_ledger.events.fields import (
    ConsentName,
    FromDate,
    PersonId,
    PlacementId,
    ReasonCode,
    SettingFactName,
    StudentFactName,
)
from ap_ledger.events.setting import SettingFactWithdrawn
from ap_ledger.events.student import StudentFactWithdrawn


def _holds_from(facts: Iterable[DatedFact], day: date) -> None:
    """Refuses to withdraw what does not hold from a day. Raises Refused."""
    if all(fact.from_date != day for fact in standing(facts)):
        raise Refused(
            "unknown-item",
            "Nothing of this kind holds from that date. Name the from-date that was recorded.",
            "from_date",
        )


class WithdrawStudentFact(StudentCommand):
    """Withdraws what was recorded about a student to hold from a date on; what held before it holds on."""

    fact: StudentFactName
    from_date: FromDate
    reason_code: ReasonCode
    placement_id: PlacementId | None = None
    person_id: PersonId | None = None
    consent: ConsentName | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """It names whose sessions, which mentor or which consent, where there are several; and it holds from that
        date."""
        kind = OF_STUDENT[self.fact]
        about = {name: getattr(self, name) for name in ("placement_id", "person_id", "consent")}
        for name, value in about.items():
            if (value is not None) != (name in kind.SERIES):
                raise Refused(
                    "malformed",
                    "Sessions need placement_id, a mentor person_id, a consent its name, anything else none of them.",
                    name,
                )
        _holds_from(self.admitted(state).facts(kind, **{name: about[name] for name in kind.SERIES}), self.from_date)
        parts = {"fact": self.fact, "from_date": self.from_date, "reason_code": self.reason_code}
        return [events.event(StudentFactWithdrawn, **parts, **about)]


class WithdrawSettingFact(SettingCommand):
    """Withdraws what was recorded about a setting to hold from a date on; what held before it holds on."""

    fact: SettingFactName
    from_date: FromDate
    reason_code: ReasonCode

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """It holds from that date."""
        _holds_from(self.opened(state).facts(OF_SETTING[self.fact]), self.from_date)
        parts = {"fact": self.fact, "from_date": self.from_date, "reason_code": self.reason_code}
        return [events.event(SettingFactWithdrawn, **parts)]
