"""What is due in safeguarding: worries that nobody read, actions, referrals without an answer. For leads alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from ap_ledger.events.clocks import CLOCK_BY_NAME, SOON, ClockRule
from ap_ledger.events.moments import local_day, microseconds
from projections.queries.clocks import State
from projections.queries.safeguarding import CaseFile, Safeguarding, Worry

READ_WITHIN = timedelta(days=1)
"""A worry is read within a day of its arrival."""


class SealedDue(NamedTuple):
    """Something that is due in a worry or a case. `about` is the id of the worry, the action or the referral.

    No word of anybody's is in it, since it may stand where a case's words do not.
    """

    rule: ClockRule
    about: UUID
    due: date
    state: State
    worry: Worry | None = None
    case: CaseFile | None = None

    @property
    def link(self) -> str:
        """The page on which it is done."""
        return f"/safeguarding/worries/{self.about}" if self.case is None else f"/safeguarding/cases/{self.case.id}"


def safeguarding_due(told: Safeguarding, time_zone: str, today: date) -> list[SealedDue]:
    """What is due of some worries and cases, or will be within a week; the longest overdue first."""
    return sorted(_due(told, time_zone, today), key=lambda sealed: (sealed.due, sealed.rule.name, str(sealed.about)))


def _due(told: Safeguarding, time_zone: str, today: date) -> Iterator[SealedDue]:
    for worry in told.worries:
        if worry.seen_at is None:
            due = local_day(microseconds(worry.received_at), time_zone) + READ_WITHIN
            yield SealedDue(CLOCK_BY_NAME["worry unread"], worry.id, due, _state(due, today), worry=worry)
    for case in told.cases:
        for action in case.to_do:
            if action.due - SOON <= today:
                rule = CLOCK_BY_NAME["safeguarding action"]
                yield SealedDue(rule, action.id, action.due, _state(action.due, today), case=case)
        for referral in case.unanswered:
            if referral.answer_due is not None and referral.answer_due - SOON <= today:
                rule, due = CLOCK_BY_NAME["referral without an answer"], referral.answer_due
                yield SealedDue(rule, referral.id, due, _state(due, today), case=case)


def _state(due: date, today: date) -> State:
    return "overdue" if due < today else "due" if due == today else "soon"
