"""Who looked at what, recorded before it is shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from eventsourcing.persistence import EventStore

from ap_ledger.events.base import Stamp
from ap_ledger.events.ids import new_id
from ap_ledger.events.reading import Looked, RecordRead
from ap_ledger.recording.clock import Timekeeper

LOOK_AGAIN_AFTER = timedelta(minutes=10)
"""Looking at the same again within this time is one look."""


class Looks:
    """Records looks, and remembers the latest of them."""

    def __init__(self, time: Timekeeper, events: EventStore[UUID]) -> None:
        self._time = time
        self._events = events
        self._latest: dict[tuple[str, UUID, UUID | None, UUID | None], datetime] = {}

    def record(self, what: Looked, who: UUID, setting_id: UUID | None, student_id: UUID | None) -> int:
        """Records a look, durably. Returns its position, 0 where the same was looked at just now."""
        # Who looked is recorded whatever the clock says: nobody must wait for a clock to see that a child is safe.
        now, look = self._time.stamp(), (what, who, setting_id, student_id)
        before = self._latest.get(look)
        if before is not None and timedelta() <= now - before < LOOK_AGAIN_AFTER:
            return 0
        stamp = Stamp(occurred_at=now, setting_id=setting_id, student_id=student_id, author_id=who)
        event = RecordRead(originator_id=new_id(), originator_version=1, stamp=stamp, what=what)
        position = int(self._events.put([event])[0].notification.id)
        if len(self._latest) > 10_000:
            self._latest.clear()
        self._latest[look] = now
        return position
