"""Who looked at what, recorded before it is shown."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from eventsourcing.persistence import EventStore, IntegrityError

from ap_ledger.domain.case_state import Case, project_case
from ap_ledger.errors import Busy
from ap_ledger.events.base import Stamp
from ap_ledger.events.case import CaseRead
from ap_ledger.events.ids import new_id
from ap_ledger.events.reading import Looked, RecordRead
from ap_ledger.recording.clock import Timekeeper
from ap_ledger.recording.states import States

LOOK_AGAIN_AFTER = timedelta(minutes=10)
"""Looking at the same again within this time is one look."""
ATTEMPTS = 20
Look = tuple[str, UUID, UUID | None, UUID | None]
"""What was looked at, by whom, and of which setting or case and of which student."""


class Looks:
    """Records looks, and remembers the latest of them."""

    def __init__(self, time: Timekeeper, events: EventStore[UUID], states: States) -> None:
        self._time = time
        self._events = events
        self._states = states
        self._latest: dict[Look, datetime] = {}

    def record(self, what: Looked, who: UUID, setting_id: UUID | None, student_id: UUID | None) -> int:
        """Records a look, durably. Returns its position, 0 where the same was looked at just now."""
        # Who looked is recorded whatever the clock says: nobody must wait for a clock to see that a child is safe.
        now, look = self._time.stamp(), (what, who, setting_id, student_id)
        if self._just_looked(look, now):
            return 0
        stamp = Stamp(occurred_at=now, setting_id=setting_id, student_id=student_id, author_id=who)
        event = RecordRead(originator_id=new_id(), originator_version=1, stamp=stamp, what=what)
        position = int(self._events.put([event])[0].notification.id)
        self._remember(look, now)
        return position

    def record_case(self, case_id: UUID, who: UUID) -> int:
        """Records in a case's own stream that somebody looks at it, durably: in the clear it would tell that there is
        a case. Returns the position, 0 where it was recorded just now."""
        now, look = self._time.stamp(), ("case", who, case_id, None)
        if self._just_looked(look, now):
            return 0
        for _ in range(ATTEMPTS):
            self._states.refresh()
            case: Case | None = self._states.fold(case_id, project_case)
            if case is None:
                return 0
            # A row after the first of its stream is known by an id of its own.
            stamp = Stamp(now, case.setting_id, case.student_id, who, command_id=new_id())
            event = CaseRead(originator_id=case_id, originator_version=case.version + 1, stamp=stamp)
            with suppress(IntegrityError):
                position = int(self._events.put([event])[0].notification.id)
                self._remember(look, now)
                return position
        raise Busy(1)

    def _just_looked(self, look: Look, now: datetime) -> bool:
        before = self._latest.get(look)
        return before is not None and timedelta() <= now - before < LOOK_AGAIN_AFTER

    def _remember(self, look: Look, now: datetime) -> None:
        if len(self._latest) > 10_000:
            self._latest.clear()
        self._latest[look] = now
