"""Who did and who looked: the ledger itself, newest first, within a stretch of time. Nothing sealed is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ap_ledger.events import ALL_EVENTS, ENTRY_TOPICS
from ap_ledger.events.case import SealedStep
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.events.reading import RecordRead
from ap_ledger.persistence.recorder import LedgerRecorder

READS = (RecordRead.TOPIC,)
CHANGES = ("entry-corrected", "entry-voided")
RECORDS = tuple(sorted(ENTRY_TOPICS - {*CHANGES, SealedRecord.TOPIC}))
RULES = tuple(
    event.TOPIC
    for event in ALL_EVENTS
    if event.TOPIC not in (*READS, *CHANGES, *RECORDS, SealedRecord.TOPIC) and not issubclass(event, SealedStep)
)
EVERYTHING = (*READS, *CHANGES, *RECORDS, *RULES)
"""All but what is sealed whole: how often somebody works on a case is told in the case alone."""
KINDS = {
    "reads": READS,
    "changes": CHANGES,
    "records": RECORDS,
    "decisions": RULES,
    "erasures": ("key-shredded", "text-excised", "hold-set", "hold-lifted"),
}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of an audit: who did what, about whom, when; `detail` holds codes and no words."""

    position: int
    recorded_at: datetime
    occurred_at: datetime
    topic: str
    author_id: str | None
    student_id: str | None
    detail: str


DETAILS = (
    "what",
    "role",
    "rung",
    "indicator",
    "unit",
    "retention_class",
    "rule",
    "reason_code",
    "deed",
    "kind",
    "excised_position",
    "released",
)


def audit_entries(
    recorder: LedgerRecorder,
    setting: UUID,
    first: datetime,
    last: datetime,
    limit: int,
    kind: str = "",
    author: UUID | None = None,
    students: Sequence[UUID] = (),
    before: int | None = None,
) -> list[AuditEntry]:
    """What was recorded in a setting within a stretch of time, newest first, at most `limit`, below a position if one
    is given."""
    low = recorder.position_at(microseconds(first) - 1) + 1
    high = recorder.position_at(microseconds(last))
    until = min(high, before - 1) if before else high
    rows = recorder.search(low, until, setting, author, students, KINDS.get(kind, EVERYTHING), limit)
    return [_audit_entry(row) for row in rows]


def _audit_entry(row: Any) -> AuditEntry:
    state = orjson.loads(row.state)
    detail = ", ".join(
        str(state[name]) for name in DETAILS if state.get(name) is not None and isinstance(state[name], (str, int))
    )
    author, student = (str(UUID(bytes=bytes(person))) if person else None for person in (row.author_id, row.student_id))
    return AuditEntry(
        row.position, moment(row.recorded_at), moment(row.occurred_at), row.topic, author, student, detail
    )
