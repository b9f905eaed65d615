"""The rules of a placement that was started: what was commissioned in it, and how it is changed and put right."""

from __future__ import annotations

from datetime import date

from ap_ledger.domain.base import DatedCommand, NextEvents, in_order
from ap_ledger.domain.student import StudentCommand, alone
from ap_ledger.domain.student_state import Placement, Student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import (
    ClearedParts,
    CommissionerId,
    Destination,
    FirstDay,
    HoursAWeek,
    LastDay,
    PlacementId,
    Purpose,
    ReasonCode,
    SessionsAWeek,
    YesOrNo,
)
from ap_ledger.events.student import PlacementChanged, PlacementCorrected, SessionsCommissioned

PURPOSES = {
    "reintegration": "Back to school",
    "long-term-place": "Long-term place",
    "assessment": "Assessment",
    "medical-needs": "Medical needs",
}
"""Why somebody comes, as a placement keeps it, and as a person says it."""


class ChangePlacement(StudentCommand):
    """Changes the planned end or purpose of the running placement."""

    placement_id: PlacementId
    planned_end: LastDay | None = None
    purpose: Purpose | None = None

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Only a running placement changes."""
        in_order(self.running(state, self.placement_id).start, self.planned_end, "planned_end")
        return [
            events.event(
                PlacementChanged, placement_id=self.placement_id, planned_end=self.planned_end, purpose=self.purpose
            )
        ]


class CorrectPlacement(StudentCommand):
    """Puts a placement right, running or ended. What is neither given nor cleared stays; without an end it runs on."""

    placement_id: PlacementId
    reason_code: ReasonCode
    start: FirstDay | None = None
    planned_end: LastDay | None = None
    end: LastDay | None = None
    commissioner_id: CommissionerId | None = None
    purpose: Purpose | None = None
    dual_registered: YesOrNo | None = None
    end_reason: ReasonCode | None = None
    destination: Destination | None = None
    clear: ClearedParts = ()

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """What comes of it is a placement like any other: its days are in order, and no other runs in them."""
        placement = self.placement(state, self.placement_id)
        start, planned_end, end = (
            self.kept_or_given(name, self.clear, placement) for name in ("start", "planned_end", "end")
        )
        for name in ("commissioner_id", "purpose", "destination"):
            self.kept_or_given(name, self.clear, placement)
        in_order(start, planned_end, "planned_end")
        in_order(start, end, "end")
        self._ends_for_a_reason(placement, end)
        alone(self.admitted(state), placement.id, start, end)
        parts = (
            "placement_id",
            "reason_code",
            "start",
            "planned_end",
            "end",
            "commissioner_id",
            "purpose",
            "dual_registered",
            "end_reason",
            "destination",
            "clear",
        )
        return [events.event(PlacementCorrected, **{name: getattr(self, name) for name in parts})]

    def _ends_for_a_reason(self, placement: Placement, end: date | None) -> None:
        if placement.end is None and self.end is not None:
            raise Refused(
                "not-allowed",
                "This placement has not ended. End it with end-placement, which asks for the reason.",
                "end",
            )
        for name in ("end_reason", "destination"):
            if end is None and getattr(self, name) is not None:
                raise Refused("not-allowed", "This placement has not ended, so nothing can be said of its end.", name)


class CommissionSessions(DatedCommand, StudentCommand):
    """Says what the commissioner bought from a date on."""

    placement_id: PlacementId
    sessions_a_week: SessionsAWeek
    hours_a_week: HoursAWeek

    def decide(self, state: Student | None, events: NextEvents) -> list[Event]:
        """Sessions are bought for days of the placement, whether it runs on or has ended."""
        placement = self.placement(state, self.placement_id)
        if not placement.covers(self.from_date):
            raise Refused(
                "malformed",
                "The placement does not run on that day. Name a day of it, or put the placement right first.",
                "from_date",
            )
        if self.sessions_a_week == 0 and self.hours_a_week > 0:
            raise Refused("malformed", "There are hours and no sessions. Put one of the two right.", "hours_a_week")
        bought = self.admitted(state).facts(SessionsCommissioned, placement_id=placement.id)
        fields = self.model_dump(include={"placement_id", "sessions_a_week", "hours_a_week"})
        return [events.event(SessionsCommissioned, **fields, **self.dates(bought))]
