"""What was sent and waits: for another entry, for its author, or for somebody who settles it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from ap_ledger.domain.posting import id_of
from ap_ledger.domain.results import Result
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Outcome
from ap_ledger.recording.answering import Answering
from ap_ledger.recording.boxes import unboxed
from ap_ledger.recording.clock import Timekeeper
from ap_ledger.recording.door import Door, Send
from ap_ledger.recording.judging import Judges, Sender
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.held.rows import Held
from ap_ledger.stores.keyring.keyring import Keyring

AT_ONCE = 500
UNOPENED = (
    "This was sealed for another ledger, or for a key that is missing here. It is kept as it came, and opens once "
    "that key is back."
)


class Waiting:
    """Lists what waits, tries it again, and settles it."""

    def __init__(
        self,
        time: Timekeeper,
        recorder: LedgerRecorder,
        keyring: Keyring,
        held: HeldStore,
        door: Door,
        judges: Judges,
        answering: Answering,
    ) -> None:
        self._time = time
        self._recorder = recorder
        self._keyring = keyring
        self._held = held
        self._door = door
        self._judges = judges
        self._answering = answering
        self.may_be_released = held.any_waiting()
        """Whether anything may wait for an entry that is to come. It is asked with each send, so it is remembered."""

    def release_all(self) -> int:
        """Looks at everything that waits for another entry, for instance after a crash between two commits."""
        settled, after = 0, None
        while waiting := self._held.waiting(after, AT_ONCE):
            targets = [held.target_id for held in waiting if held.target_id is not None]
            settled += self.release(list(self._recorder.find(targets)))
            after = waiting[-1].id
        self.may_be_released = self._held.any_waiting()
        return settled

    def release(self, arrived: Sequence[UUID]) -> int:
        """Applies what waited for entries that are here now. Returns how many were settled."""
        return sum(self.retry(waiting.id) is not None for waiting in self._held.waiting_for(arrived))

    def retry(self, held_id: UUID, sender: Sender | None = None) -> Result | None:
        """Tries one held thing again, as if it were sent now with the clock it was sent with. None when nothing waited.

        What waits for its author to confirm it is recorded when its author tries it.
        """
        held = self.entry(held_id)
        if held is None or held.resolution is not None or held.broken:
            return None
        self._time.require()
        send = Send(self._time.now(), held.offset, False, held.device_id, [held.entry], [None])
        send.judge = None if sender is None else self._judges.of(sender)
        self._door.let_in(send)
        outcomes = self._recorder.writer.submit(send.units).result() if send.units else []
        result = self._settle(send, outcomes)
        if result.status in ("recorded", "duplicate"):
            self._held.resolve([held.id], "recorded", self._time.now())
            if send.units:
                # What was changed about it meanwhile waited for it.
                self.release([send.units[0].id])
        elif result.status == "refused":
            # What it waited for came, and a rule still says no: its author sees today's reason, and it waits for
            # nothing more.
            self._held.judge_again(held, result)
        return result

    def _settle(self, send: Send, outcomes: Sequence[Outcome]) -> Result:
        if send.units:
            return self._answering.unit(send.units[0], outcomes[0], send.raw[0])
        if send.changes:
            posted = send.changes[0][1]
            known = self._recorder.find([posted.entry_id])
            return (
                self._answering.change(posted, send.raw[0], send)
                if known
                else Result(posted.id, "held", message="Its entry has not arrived.")
            )
        return send.results[0] or Result(None, "held", message=UNOPENED)

    def dismiss(self, held_id: UUID, reason_code: str, by: UUID | None = None) -> bool:
        """Settles a held thing without recording it; it stays in the store with the reason.

        False when nothing waited.
        """
        held = self._held.get(held_id)
        return held is not None and self._held.resolve([held.id], f"dismissed: {reason_code}", self._time.now(), by)

    def entries(self, after: UUID | None = None, limit: int = 100) -> list[Held]:
        """What is held or was refused and not settled yet.

        What was sent again and recorded since is settled by looking.
        """
        return self._still_waiting(self._held.waiting(after, limit))

    def every(self) -> Iterator[Held]:
        """All that is held or was refused and not settled yet, however much it is, in the order of ids."""
        after: UUID | None = None
        while page := self._held.waiting(after, AT_ONCE):
            after = page[-1].id
            yield from self._still_waiting(page)

    def _still_waiting(self, page: Sequence[Held]) -> list[Held]:
        known = self._recorder.find([held.entry_id for held in page if held.entry_id is not None])
        authors = {
            event.position: event.author_id
            for event in self._recorder.events_at([stored.position for stored in known.values()])
        }
        recorded = {
            held.id
            for held in page
            if held.entry_id in known
            and authors[known[held.entry_id].position] in (None, id_of(held.entry, "author_id"))
        }
        self._held.resolve(recorded, "recorded", self._time.now())
        return [self.readable(held) for held in page if held.id not in recorded]

    def entry(self, held_id: UUID) -> Held | None:
        """One held thing, settled or not, by its own id or the one it came with; out of its box where that opens by
        now."""
        held = self._held.get(held_id)
        return None if held is None else self.readable(held)

    def readable(self, held: Held) -> Held:
        """Something held, out of its box where that opens by now."""
        return replace(held, entry=unboxed(self._keyring, held.entry))
