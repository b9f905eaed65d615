"""Whose placement an id names, so that no two placements of a ledger share one."""

from __future__ import annotations

from uuid import UUID

import orjson

from ap_ledger.events.student import PlacementStarted
from ap_ledger.persistence.recorder import LedgerRecorder


class PlacementIds:
    """Remembers the placements that were started: a report, a pack and a register name one by its id alone."""

    def __init__(self, recorder: LedgerRecorder) -> None:
        self._recorder = recorder
        self._looked_to = 0
        self._student: dict[UUID, UUID] = {}

    def student_of(self, placement_id: UUID) -> UUID | None:
        """Whose placement this is, or None.

        Looks through the whole ledger once, and from then on through what came since.
        """
        head = self._recorder.read_head().position
        for row in self._recorder.tail_of_topics([PlacementStarted.TOPIC], after=self._looked_to):
            self._student.setdefault(UUID(orjson.loads(row.state)["placement_id"]), UUID(bytes=row.originator_id))
            head = max(head, row.position)
        self._looked_to = head
        return self._student.get(placement_id)
