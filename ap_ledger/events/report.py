"""The stream of a report that was released: what it was made from, so that it can be made again to the same figures."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from ap_ledger.events.base import Event, Slug


class ReportReleased(Event):
    """A report was released to its readers: the student's family, or a commissioner.

    Nothing of it is kept but what it is made from: its layout, its period, what was known, the preset. `figures_hash` is
    SHA-256 over its tables and figures, and tells whether it still says the same. Where a student is meant, the stamp names them.
    """

    TOPIC: ClassVar[str] = "report-released"
    STREAM: ClassVar[str] = "report"
    layout: dict[str, Any]
    audience: Literal["family", "commissioner", "leader"]
    commissioner_id: UUID | None = None
    first: date
    last: date
    known_at: AwareDatetime
    preset: Slug
    figures_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    software: Slug


class ReportWithdrawn(Event):
    """A report is no longer shown to its readers. That it was released stays known."""

    TOPIC: ClassVar[str] = "report-withdrawn"
    STREAM: ClassVar[str] = "report"
    reason_code: Slug


REPORT_EVENTS: tuple[type[Event], ...] = (ReportReleased, ReportWithdrawn)
