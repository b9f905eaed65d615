"""The rules of a report's stream: released once, withdrawn once, by whoever may make reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import ValidationError

from ap_ledger.domain.base import Command, NextEvents, fold, in_order
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.fields import (
    Audience,
    CommissionerId,
    FiguresHash,
    FirstDay,
    LastDay,
    LayoutBody,
    Moment,
    PresetName,
    ReasonCode,
    ReportId,
    SoftwareName,
    StudentId,
)
from ap_ledger.events.report import Layout, ReportReleased, ReportWithdrawn


@dataclass(frozen=True, slots=True)
class Released:
    """What later decisions need to remember about a report."""

    id: UUID
    setting_id: UUID
    version: int
    withdrawn: bool = False


def evolve(report: Released | None, event: Event) -> Released | None:
    """Remembers one event."""
    match event:
        case ReportReleased():
            assert event.stamp.setting_id is not None
            return Released(event.originator_id, event.stamp.setting_id, event.originator_version)
        case ReportWithdrawn() if report is not None:
            return replace(report, withdrawn=True, version=event.originator_version)
    return report


project_report = fold(evolve)


class ReportCommand(Command):
    """A command to a report's stream."""

    report: ReportId

    @property
    def stream_id(self) -> UUID:
        """A report's stream is named by the report's id."""
        return self.report


class ReleaseReport(ReportCommand):
    """Shows a report to its readers."""

    student: StudentId | None = None
    layout: LayoutBody
    audience: Audience
    commissioner_id: CommissionerId | None = None
    first: FirstDay
    last: LastDay
    known_at: Moment
    preset: PresetName
    figures_hash: FiguresHash
    software: SoftwareName

    @property
    def student_id(self) -> UUID | None:
        """The one student of it, if it is about one."""
        return self.student

    def decide(self, state: Released | None, events: NextEvents) -> list[Event]:
        """Released once; a family's is about their child, a commissioner's names whose it is."""
        if state is not None:
            raise Refused("not-allowed", "A report with this id was released before.", "report")
        in_order(self.first, self.last, "last")
        if self.audience == "family" and self.student is None:
            raise Refused("malformed", "A report for a family is about one student.", "student")
        if self.audience == "commissioner" and self.commissioner_id is None:
            raise Refused("malformed", "A report for a commissioner names the commissioner.", "commissioner_id")
        if self.audience == "leader":
            raise Refused(
                "not-allowed",
                "A report for leaders stays here; only those for families and commissioners are released.",
                "audience",
            )
        about = "student" if self.student else "commissioner"
        try:
            layout = Layout.model_validate(self.layout)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            message = (
                f"This is no layout that can be read{f' (see {place})' if place else ''}. "
                "Take one that ships as an example."
            )
            raise Refused("malformed", message, "layout") from None
        if layout.audience != self.audience or about not in layout.about:
            raise Refused(
                "malformed", "The layout is made for other readers. Release it to those whom it names.", "layout"
            )
        names = ("audience", "commissioner_id", "first", "last", "known_at", "preset", "figures_hash", "software")
        return [events.event(ReportReleased, layout=self.layout, **{name: getattr(self, name) for name in names})]


class WithdrawReport(ReportCommand):
    """Shows a report to its readers no longer."""

    reason_code: ReasonCode

    def decide(self, state: Released | None, events: NextEvents) -> list[Event]:
        """Withdrawn once."""
        if state is None or state.setting_id != self.setting_id:
            raise Refused("unknown-item", "No report with this id was released here.", "report")
        if state.withdrawn:
            raise Refused("not-allowed", "This report was withdrawn before.", "report")
        return [events.event(ReportWithdrawn, reason_code=self.reason_code)]
