"""What an entry said at any position: its first event, and every correction or void since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from ap_ledger.events.moments import microseconds, stored_time
from ap_ledger.persistence.recorder import LedgerRecorder
from projections.runner import CHANGES, Seen, see


class EntryState(NamedTuple):
    """An entry as it read from one of its events on. `seen` is that event."""

    seen: Seen
    kind: str
    said: Mapping[str, Any]
    occurred_at: int


class EntryChange(NamedTuple):
    """What one event made of an entry: how it read before its position, and how it reads from there on.

    `before` is None where the entry came with it, `after` where it counts no more.
    """

    seen: Seen
    before: EntryState | None
    after: EntryState | None


def stories(recorder: LedgerRecorder, streams: Iterable[bytes]) -> dict[bytes, list[Seen]]:
    """The whole story of each changed entry, so that what a change replaces is found without an index of entries."""
    story_of: dict[bytes, list[Seen]] = {stream: [] for stream in streams}
    for row in recorder.tail_of([UUID(bytes=stream) for stream in story_of]):
        story_of[row.originator_id].append(see(row))
    return story_of


def state_before(story: Sequence[Seen], position: int) -> EntryState | None:
    """How an entry read just before a position: None where it was not there yet, or void."""
    told = [seen for seen in story if seen.position < position]
    if not told or any(seen.topic == "entry-voided" for seen in told):
        return None
    last = told[-1]
    content = last.state or {}
    if last.topic != "entry-corrected":
        return EntryState(last, last.topic, content, last.occurred_at)
    occurred_at = microseconds(stored_time(content["replacement_occurred_at"]))
    return EntryState(last, content["replacement_kind"], content["replacement"], occurred_at)


def changes_of(recorder: LedgerRecorder, batch: Sequence[Seen], kinds: Collection[str]) -> Iterator[EntryChange]:
    """What a batch makes of the entries of some kinds: each that came, was put right or was taken back, in order."""
    told = stories(recorder, {seen.stream for seen in batch if seen.topic in CHANGES})
    for seen in batch:
        if seen.topic in CHANGES and told[seen.stream][0].topic in kinds:
            before, after = (state_before(told[seen.stream], seen.position + more) for more in (0, 1))
            # Of what could not be read nothing was made, so there is nothing to take back.
            before = before if before is not None and before.seen.state is not None else None
            after = after if after is not None and after.seen.position == seen.position else None
            yield EntryChange(seen, before, after)
        elif seen.topic in kinds:
            yield EntryChange(seen, None, EntryState(seen, seen.topic, seen.state or {}, seen.occurred_at))
