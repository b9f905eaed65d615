"""What an entry said at any position: its first event, and every correction or void since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from ap_ledger.events.moments import microseconds, stored_time
from ap_ledger.persistence.recorder import LedgerRecorder
from projections.runner import Seen, see


class EntryState(NamedTuple):
    """An entry as it read from one of its events on. `seen` is that event."""

    seen: Seen
    kind: str
    said: Mapping[str, Any]
    occurred_at: int


def stories(recorder: LedgerRecorder, streams: Iterable[bytes]) -> dict[bytes, list[Seen]]:
    """The whole story of each changed entry, so that what a change replaces is found without an index of entries."""
    found: dict[bytes, list[Seen]] = {stream: [] for stream in streams}
    for row in recorder.tail_of([UUID(bytes=stream) for stream in found]):
        found[row.originator_id].append(see(row))
    return found


def state_before(story: Sequence[Seen], position: int) -> EntryState | None:
    """How an entry read just before a position: None where it was not there yet, or void."""
    told = [seen for seen in story if seen.position < position]
    if not told or any(seen.topic == "entry-voided" for seen in told):
        return None
    last = told[-1]
    said = last.state or {}
    if last.topic != "entry-corrected":
        return EntryState(last, last.topic, said, last.occurred_at)
    occurred_at = microseconds(stored_time(said["replacement_occurred_at"]))
    return EntryState(last, said["replacement_kind"], said["replacement"], occurred_at)
