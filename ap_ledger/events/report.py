"""The stream of a report that was released: what it was made from, so that it can be made again to the same figures."""

from __future__ import annotations

from typing import ClassVar

from ap_ledger.events.base import Event
from ap_ledger.events.fields import Audience, CommissionerId, FiguresHash, FirstDay, LastDay, LayoutBody, Moment, PresetName, ReasonCode, SoftwareName


class ReportReleased(Event):
    """A report was released to its readers: the student's family, or a commissioner.

    Nothing of it is kept but what it is made from: its layout, its period, what was known, the preset. `figures_hash` is
    SHA-256 over its tables and figures, and tells whether it still says the same. Where a student is meant, the stamp names them.
    """

    TOPIC: ClassVar[str] = "report-released"
    STREAM: ClassVar[str] = "report"
    layout: LayoutBody
    audience: Audience
    commissioner_id: CommissionerId | None = None
    first: FirstDay
    last: LastDay
    known_at: Moment
    preset: PresetName
    figures_hash: FiguresHash
    software: SoftwareName


class ReportWithdrawn(Event):
    """A report is no longer shown to its readers. That it was released stays known."""

    TOPIC: ClassVar[str] = "report-withdrawn"
    STREAM: ClassVar[str] = "report"
    reason_code: ReasonCode


REPORT_EVENTS: tuple[type[Event], ...] = (ReportReleased, ReportWithdrawn)
