"""The life of a send: judged, queued, answered entry by entry, and what could not be accepted kept until somebody
settles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ap_ledger.domain.posted import Posted
from ap_ledger.domain.posting import Unparsable, id_of, parse_send
from ap_ledger.domain.results import Receipt, Result
from ap_ledger.events.bounds import out_of_reach
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Appended, Outcome
from ap_ledger.persistence.unavailable import after_a_part
from ap_ledger.recording.answering import Answering
from ap_ledger.recording.boxes import unboxed
from ap_ledger.recording.clock import Timekeeper
from ap_ledger.recording.door import CLOCK_MOVED, Door, Send
from ap_ledger.recording.judging import Judges, Sender
from ap_ledger.recording.waiting import UNOPENED, Waiting
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.held.rows import Keeping
from ap_ledger.stores.keyring.keyring import Keyring


def _waits(result: Result | None) -> bool:
    """Whether something waits for the entry that it changes."""
    return result is not None and result.status == "held" and result.field == "entry_id"


class Sending:
    """Takes sends in and answers them."""

    def __init__(
        self,
        time: Timekeeper,
        recorder: LedgerRecorder,
        keyring: Keyring,
        held: HeldStore,
        door: Door,
        judges: Judges,
        answering: Answering,
        waiting: Waiting,
    ) -> None:
        self._time = time
        self._recorder = recorder
        self._keyring = keyring
        self._held = held
        self._door = door
        self._judges = judges
        self._answering = answering
        self._waiting = waiting

    def record(
        self,
        entries: Sequence[Mapping[str, Any]],
        *,
        sent_at: datetime | None = None,
        device_id: UUID | None = None,
        sender: Sender | None = None,
    ) -> Receipt:
        """Records a batch and waits until it is durable: one answer for each entry, in the order sent.

        `sent_at` is the sender's clock now; None means that it is ours. `sender` is who sends over the network; None is
        the machine itself, which may record for everybody. Raises Busy when too much is waiting.
        """
        send = self.open(self._time.now(), sent_at, device_id, [dict(entry) for entry in entries], sender)
        return self.finish(send, self.submit(send).result() if send.units else [])

    def open_raw(self, raw: bytes, sender: Sender | None = None) -> Send:
        """Reads what came over the network and judges every entry. Raises Unparsable or TooLarge."""
        now = self._time.now()
        sent_at, device_id, entries, more = parse_send(raw)
        if fault := out_of_reach(sent_at, now):
            raise Unparsable(f'"sent_at": {fault}')
        if sender is not None and sender.who.device_id is not None:
            # A credential says which device it is; what a send says of itself is for those who have none.
            device_id = sender.who.device_id
        send = self.open(now, sent_at, device_id, entries, sender)
        send.more = more
        return send

    def open(
        self,
        now: datetime,
        sent_at: datetime | None,
        device_id: UUID | None,
        entries: list[Any],
        sender: Sender | None = None,
    ) -> Send:
        """Judges every entry of a send. `now` is when it came, `sent_at` what the sender's clock said then."""
        self._time.require()
        # Measured to the second: what is smaller is the network's delay, not the clock's fault.
        offset = timedelta(seconds=round((now - (sent_at or now)).total_seconds()))
        before = self._held.last_offset(device_id) if device_id else None
        uncertain = before is not None and abs(offset - before) > CLOCK_MOVED
        send = Send(now, offset, uncertain, device_id, entries, [None] * len(entries))
        send.judge = None if sender is None else self._judges.of(sender)
        send.raw = [unboxed(self._keyring, entry) for entry in send.raw]
        self._door.let_in(send)
        return send

    def submit(self, send: Send) -> Future[list[Outcome]]:
        """Queues the fresh entries of a send; the future holds what became of each.

        Raises Busy at once when the queue is full.
        """
        return self._recorder.writer.submit(send.units)

    def needs_more(self, send: Send) -> bool:
        """Whether finishing this send reads or writes a database, and so must not happen on an event loop."""
        return bool(
            send.changes
            or send.boxes
            or send.replaced
            or self._waiting.may_be_released
            or any(result is not None for result in send.results)
            or (send.device_id and self._held.last_offset(send.device_id) is None)
            or send.uncertain
        )

    def finish(self, send: Send, outcomes: Sequence[Outcome]) -> Receipt:
        """Answers every entry of a send: fresh ones from what was stored, then changes, then what was refused or
        held."""
        fresh: list[UUID] = []
        for unit, place, outcome in zip(send.units, send.unit_places, outcomes, strict=True):
            send.results[place] = self._answering.unit(unit, outcome, send.raw[place])
            if isinstance(outcome, Appended):
                fresh.append(unit.id)
        with after_a_part(bool(fresh)):
            self._finish_rest(send, fresh)
        results = [result for result in send.results if result is not None]
        positions = [result.position for result in results if result.position is not None]
        return Receipt(max(positions) if positions else self._recorder.read_head().position, results)

    def _finish_rest(self, send: Send, fresh: Sequence[UUID]) -> None:
        """Whatever a send needs that its `fresh` entries, which are stored, do not."""
        for place, posted in send.changes:
            send.results[place] = self._answering.change(posted, send.raw[place], send)
        for place in send.boxes:
            send.results[place] = Result(id_of(send.raw[place]), "held", message=UNOPENED)
        self._keep_unaccepted(send)
        self._settle_mended(send)
        if fresh and self._waiting.may_be_released:
            self._waiting.may_be_released = not self._waiting.release(fresh) or self._held.any_waiting()
        if send.device_id is not None:
            self._held.remember_offset(send.device_id, send.offset, send.received_at)

    def _settle_mended(self, send: Send) -> None:
        """What something that was recorded says it mends is settled: over the network only its own author's, about the
        same student."""
        for place, mended in send.replaced.items():
            result, posted = send.results[place], send.posted[place]
            if result is None or result.status not in ("recorded", "duplicate") or not isinstance(posted, Posted):
                continue
            whose = (posted.author_id, posted.student_id)
            mine = [
                held.id
                for held in self._held.waiting_under(mended)
                if send.judge is None
                or (id_of(entry := self._waiting.readable(held).entry, "author_id"), id_of(entry, "student_id"))
                == whose
            ]
            self._held.resolve(mine, "replaced", send.received_at)

    def _keep_unaccepted(self, send: Send) -> None:
        """Keeps whatever of a send was refused or is held, in one transaction, and looks once more for what some of it
        waits for."""
        targets = {place: posted.entry_id for place, posted in send.changes if _waits(send.results[place])}
        refused = [result.id for result in send.results if result and result.status == "refused" and result.id]
        here = self._recorder.find(refused)
        kept: list[Keeping] = []
        for place, result in enumerate(send.results):
            if result is None or result.status not in ("refused", "held"):
                continue
            if result.status == "refused" and result.id in here:
                known = self._answering.known_before(result.id, send.raw[place], send.posted[place])
                if known is not None:
                    send.results[place] = known
                    continue
            kept.append(Keeping(result, send.raw[place], targets.get(place)))
        if kept:
            self._held.keep(kept, send.received_at, send.offset, send.device_id)
        if targets:
            self._waiting.may_be_released = True
            self._look_once_more(send, targets)

    def _look_once_more(self, send: Send, targets: Mapping[int, UUID]) -> None:
        """An entry may have arrived between looking for it and keeping the change that waits for it."""
        self._waiting.release(list(self._recorder.find(list(targets.values()))))
        changes = {posted.id: place for place in targets if isinstance(posted := send.posted[place], Posted)}
        for change, known in self._recorder.find(list(changes)).items():
            send.results[changes[change]] = Result(change, "recorded", position=known.position)
