"""The stream of a report that was released: what it was made from, so that it can be made again to the same figures."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    SoftwareName,
)


class Layout(BaseModel):
    """One layout.

    `about` says what it can be made for; `audience` who reads it, which decides the preset and whose words may be in
    it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    summary: Annotated[str, Field(min_length=1, max_length=500)]
    audience: Literal["family", "commissioner", "leader"]
    about: Annotated[tuple[Literal["student", "commissioner", "setting"], ...], Field(min_length=1)]
    blocks: Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def one_name_a_block(self) -> Layout:
        """Every block is `name: what it wants`."""
        for n, block in enumerate(self.blocks, 1):
            if len(block) != 1:
                raise ValueError(f"block {n} must have exactly one name, for instance - text: {{say: Hello}}")
        return self


class ReportReleased(Event):
    """A report was released to its readers: the student's family, or a commissioner.

    Nothing of it is kept but what it is made from: its layout, its period, what was known, the preset. `figures_hash`
    is SHA-256 over its tables and figures, and tells whether it still says the same. Where a student is meant, the
    stamp names them.
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
