"""Who looked at what: reads of sensitive records, recorded before anything is shown."""

from __future__ import annotations

from typing import ClassVar, Literal

from ap_ledger.events.base import Event

Looked = Literal["history", "learning", "questionnaires", "register", "worries", "held", "audit", "erasure", "report"]


class RecordRead(Event):
    """Somebody looked at a record. The stamp says who and about whom; looking at worries names no student.

    Looking at the same again within ten minutes counts as one look.
    """

    TOPIC: ClassVar[str] = "record-read"
    STREAM: ClassVar[str] = "read"
    what: Looked


READ_EVENTS: tuple[type[Event], ...] = (RecordRead,)
