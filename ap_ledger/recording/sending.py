"""The life of a send: judged, queued, answered entry by entry, and what could not be accepted kept until somebody
settles it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import uuid_utils

from ap_ledger.domain.posted import Posted, PostedCorrection, PostedVoid
from ap_ledger.domain.posting import Unparsable, id_of, parse_send, refused, same_entry, unopened
from ap_ledger.domain.results import Receipt, Result
from ap_ledger.errors import NotYet, Refused, Unreadable, UnreadableKey
from ap_ledger.events.bounds import out_of_reach
from ap_ledger.events.changes import SealedRecord
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Appended, Known, Outcome, Unit
from ap_ledger.persistence.unavailable import after_a_part
from ap_ledger.recording.boxes import is_box, open_box
from ap_ledger.recording.changes import Changes
from ap_ledger.recording.clock import Timekeeper
from ap_ledger.recording.door import CLOCK_MOVED, Door, Send
from ap_ledger.recording.standing import Sender, Standing
from ap_ledger.stores.accounts.accounts import Accounts
from ap_ledger.stores.fingerprint import Fingerprint
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.held.rows import Held, Keeping
from ap_ledger.stores.keyring.keyring import Keyring

ATTEMPTS = 20
HELD_AT_ONCE = 500
UNOPENED = (
    "This was sealed for another ledger, or for a key that is missing here. It is kept as it came, and opens once "
    "that key is back."
)
CONFLICT = "This id was sent before with other content. Nothing was stored; use a new id for a new entry."


def new_id() -> UUID:
    """A fresh UUIDv7, for programs that act as a client."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def _waits(result: Result | None) -> bool:
    """Whether something waits for the entry that it changes."""
    return result is not None and result.status == "held" and result.field == "entry_id"


class Sending:
    """What the ledger does with entries. Its parts are made by the ledger."""

    clock: Callable[[], datetime]
    time: Timekeeper
    recorder: LedgerRecorder
    keyring: Keyring
    held: HeldStore
    accounts: Accounts
    standing: Standing
    door: Door
    changes: Changes
    _may_wait: bool

    # Entries ------------------------------------------------------------------------------------------------------

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
        send = self._open_send(self.clock(), sent_at, device_id, [dict(entry) for entry in entries], sender)
        return self.finish(send, self.submit(send).result() if send.units else [])

    def open_send(self, raw: bytes, sender: Sender | None = None) -> Send:
        """Reads what came over the network and judges every entry. Raises Unparsable or TooLarge."""
        now = self.clock()
        sent_at, device_id, entries, more = parse_send(raw)
        if fault := out_of_reach(sent_at, now):
            raise Unparsable(f'"sent_at": {fault}')
        if sender is not None and sender.who.device_id is not None:
            # A credential says which device it is; what a send says of itself is for those who have none.
            device_id = sender.who.device_id
        send = self._open_send(now, sent_at, device_id, entries, sender)
        send.more = more
        return send

    def _open_send(
        self,
        now: datetime,
        sent_at: datetime | None,
        device_id: UUID | None,
        entries: list[Any],
        sender: Sender | None = None,
    ) -> Send:
        self.time.require()
        # Measured to the second: what is smaller is the network's delay, not the clock's fault.
        offset = timedelta(seconds=round((now - (sent_at or now)).total_seconds()))
        before = self.held.last_offset(device_id) if device_id else None
        uncertain = before is not None and abs(offset - before) > CLOCK_MOVED
        send = Send(now, offset, uncertain, device_id, entries, [None] * len(entries))
        send.judge = None if sender is None else self.standing.judge(sender, self.accounts)
        send.raw = [self._unboxed(one) for one in send.raw]
        self.door.let_in(send)
        return send

    def _unboxed(self, raw: Any) -> Any:
        """What was sent, out of its box where it came in one that opens."""
        return open_box(self.keyring, raw) or raw if is_box(raw) else raw

    def submit(self, send: Send) -> Any:
        """Queues the fresh entries of a send; the future holds what became of each.

        Raises Busy at once when the queue is full.
        """
        return self.recorder.writer.submit(send.units)

    def needs_more(self, send: Send) -> bool:
        """Whether finishing this send reads or writes a database, and so must not happen on an event loop."""
        return bool(
            send.changes
            or send.boxes
            or send.replaced
            or self._may_wait
            or any(result is not None for result in send.results)
            or (send.device_id and self.held.last_offset(send.device_id) is None)
            or send.uncertain
        )

    def finish(self, send: Send, outcomes: Sequence[Outcome]) -> Receipt:
        """Answers every entry of a send: fresh ones from what was stored, then changes, then what was refused or
        held."""
        fresh: list[UUID] = []
        for unit, place, outcome in zip(send.units, send.unit_places, outcomes, strict=True):
            send.results[place] = self._answer_unit(unit, outcome, send.raw[place])
            if isinstance(outcome, Appended):
                fresh.append(unit.id)
        with after_a_part(bool(fresh)):
            self._finish_rest(send, fresh)
        results = [result for result in send.results if result is not None]
        positions = [result.position for result in results if result.position is not None]
        return Receipt(max(positions) if positions else self.recorder.read_head().position, results)

    def _finish_rest(self, send: Send, fresh: Sequence[UUID]) -> None:
        """Whatever a send needs that its `fresh` entries, which are stored, do not."""
        for place, posted in send.changes:
            send.results[place] = self._change(posted, send.raw[place], send)
        for place in send.boxes:
            send.results[place] = Result(id_of(send.raw[place]), "held", message=UNOPENED)
        self._keep_unaccepted(send)
        self._settle_mended(send)
        if fresh and self._may_wait:
            self._may_wait = not self.release(fresh) or self.held.any_waiting()
        if send.device_id is not None:
            self.held.remember_offset(send.device_id, send.offset, send.received_at)

    def _settle_mended(self, send: Send) -> None:
        """What something that was recorded says it mends is settled: over the network only its own author's, about the
        same student."""
        for place, mended in send.replaced.items():
            result, posted = send.results[place], send.posted[place]
            if result is None or result.status not in ("recorded", "duplicate") or not isinstance(posted, Posted):
                continue
            whose = (posted.author_id, posted.student_id)
            mine = [
                one.id
                for one in self.held.waiting_under(mended)
                if send.judge is None
                or (id_of(entry := self._readable(one).entry, "author_id"), id_of(entry, "student_id")) == whose
            ]
            self.held.resolve(mine, "replaced", send.received_at)

    def _answer_unit(self, unit: Unit, outcome: Outcome, raw: Any) -> Result:
        row = unit.rows[0]
        if isinstance(outcome, Appended):
            flags = tuple(orjson.loads(row.state).get("flags", ())) if '"flags"' in row.state else ()
            return Result(unit.id, "recorded", position=outcome.position, flags=flags)
        assert isinstance(outcome, Known)
        if outcome.fingerprint == row.fingerprint:
            return Result(unit.id, "duplicate", position=outcome.position)
        return self._known_before(unit.id, raw, None) or Result(unit.id, "conflict", message=CONFLICT)

    def _change(self, posted: PostedCorrection | PostedVoid, raw: dict[str, Any], send: Send) -> Result:
        """Records a correction or void; two people who correct at once are both kept, one after the other."""
        try:
            for _ in range(ATTEMPTS):
                known = self._known_before(posted.id, raw, posted)
                if known is not None:
                    return known
                unit = self.changes.unit(posted, send)
                outcome = self.recorder.writer.submit([unit]).result()[0]
                if isinstance(outcome, (Appended, Known)):
                    return self._answer_unit(unit, outcome, raw)
        except NotYet as reason:
            return self._wait(posted, raw, reason)
        except Refused as refusal:
            return refused(posted.id, refusal)
        except Unreadable:
            return unopened(posted.id)
        return refused(
            posted.id, Refused("not-allowed", "Too many people are changing this entry at once. Send it again.")
        )

    def _wait(self, posted: PostedCorrection | PostedVoid, raw: dict[str, Any], reason: NotYet) -> Result:
        others = [
            one
            for one in self.held.waiting_under(posted.id)
            if one.status == "held" and not same_entry(self._readable(one).entry, raw)
        ]
        if others:
            return Result(posted.id, "conflict", message=CONFLICT)
        return Result(posted.id, "held", field="entry_id", message=reason.message)

    def _keep_unaccepted(self, send: Send) -> None:
        """Keeps whatever of a send was refused or is held, in one transaction, and looks once more for what some of it
        waits for."""
        targets = {place: posted.entry_id for place, posted in send.changes if _waits(send.results[place])}
        kept: list[Keeping] = []
        for place, result in enumerate(send.results):
            if result is None or result.status not in ("refused", "held"):
                continue
            if (
                result.status == "refused"
                and result.id is not None
                and (known := self._known_before(result.id, send.raw[place], send.posted[place]))
            ):
                send.results[place] = known
                continue
            kept.append(Keeping(result, send.raw[place], targets.get(place) if result.status == "held" else None))
        if kept:
            self.held.keep(kept, send.received_at, send.offset, send.device_id)
        if targets:
            self._may_wait = True
            self._look_once_more(send, targets)

    def _look_once_more(self, send: Send, targets: Mapping[int, UUID]) -> None:
        """An entry may have arrived between looking for it and keeping the change that waits for it."""
        self.release(list(self.recorder.find(list(targets.values()))))
        for place in targets:
            posted = send.posted[place]
            if isinstance(posted, Posted) and (here := self.recorder.find([posted.id]).get(posted.id)) is not None:
                send.results[place] = Result(posted.id, "recorded", position=here.position)

    def _known_before(self, entry_id: UUID, raw: Any, posted: Posted | Result | None) -> Result | None:
        """An id that is in the ledger is a duplicate or a conflict, even where its content would be refused today.

        It is the same in its canonical form, or as it came: what was stored in earlier years was compared to the
        letter.
        """
        known = self.recorder.find([entry_id]).get(entry_id)
        if known is None:
            return None
        event = self.recorder.events_at([known.position])[0]
        # A worry's row names no student, so the student it was posted about says which key its fingerprint was made
        # under.
        student = event.student_id or (id_of(raw, "student_id") if event.topic == SealedRecord.TOPIC else None)
        try:
            key = self.keyring.key(student, "core") if student else None
        except UnreadableKey:
            # Nothing can be compared until the key opens, so what came is kept beside.
            return None
        if student is not None and key is None:
            # The student's keys are gone, and with them every way to compare: the id alone means duplicate.
            return Result(entry_id, "duplicate", position=known.position)
        said = [raw, posted.said()] if isinstance(posted, Posted) else [raw]
        same = key is not None and any(Fingerprint(key.raw).is_of(one, known.fingerprint) for one in said)
        return (
            Result(entry_id, "duplicate", position=known.position)
            if same
            else Result(entry_id, "conflict", message=CONFLICT)
        )

    # What is held -------------------------------------------------------------------------------------------------

    def release(self, arrived: Sequence[UUID]) -> int:
        """Applies what waited for entries that are here now. Returns how many were settled."""
        return sum(self.retry(waiting.id) is not None for waiting in self.held.waiting_for(arrived))

    def release_all(self) -> int:
        """Looks at everything that waits for another entry, for instance after a crash between two commits."""
        settled, after = 0, None
        while waiting := self.held.waiting(after, 500):
            targets = [one.target_id for one in waiting if one.target_id is not None]
            settled += self.release([target for target in targets if target in self.recorder.find(targets)])
            after = waiting[-1].id
        self._may_wait = self.held.any_waiting()
        return settled

    def retry(self, held_id: UUID, sender: Sender | None = None) -> Result | None:
        """Tries one held thing again, as if it were sent now with the clock it was sent with. None when nothing waited.

        What waits for its author to confirm it is recorded when its author tries it.
        """
        held = self.held_entry(held_id)
        if held is None or held.resolution is not None or held.broken:
            return None
        self.time.require()
        send = Send(self.clock(), held.offset, False, held.device_id, [held.entry], [None])
        send.judge = None if sender is None else self.standing.judge(sender, self.accounts)
        self.door.let_in(send)
        outcomes = self.submit(send).result() if send.units else []
        result = self._settle(send, outcomes)
        if result.status in ("recorded", "duplicate"):
            self.held.resolve([held.id], "recorded", self.clock())
            if send.units:
                # What was changed about it meanwhile waited for it.
                self.release([send.units[0].id])
        elif result.status == "refused":
            # What it waited for came, and a rule still says no: its author sees today's reason, and it waits for
            # nothing more.
            self.held.judge_again(held, result)
        return result

    def _settle(self, send: Send, outcomes: Sequence[Outcome]) -> Result:
        if send.units:
            return self._answer_unit(send.units[0], outcomes[0], send.raw[0])
        if send.changes:
            posted = send.changes[0][1]
            known = self.recorder.find([posted.entry_id])
            return (
                self._change(posted, send.raw[0], send)
                if known
                else Result(posted.id, "held", message="Its entry has not arrived.")
            )
        return send.results[0] or Result(None, "held", message=UNOPENED)

    def dismiss(self, held_id: UUID, reason_code: str, by: UUID | None = None) -> bool:
        """Settles a held thing without recording it; it stays in the store with the reason.

        False when nothing waited.
        """
        held = self.held.get(held_id)
        return held is not None and self.held.resolve([held.id], f"dismissed: {reason_code}", self.clock(), by)

    def held_entries(self, after: UUID | None = None, limit: int = 100) -> list[Held]:
        """What is held or was refused and not settled yet.

        What was sent again and recorded since is settled by looking.
        """
        return self._still_waiting(self.held.waiting(after, limit))

    def every_held(self) -> Iterator[Held]:
        """All that is held or was refused and not settled yet, however much it is, in the order of ids."""
        after: UUID | None = None
        while found := self.held.waiting(after, HELD_AT_ONCE):
            after = found[-1].id
            yield from self._still_waiting(found)

    def _still_waiting(self, found: Sequence[Held]) -> list[Held]:
        known = self.recorder.find([held.entry_id for held in found if held.entry_id is not None])
        authors = {
            event.position: event.author_id
            for event in self.recorder.events_at([one.position for one in known.values()])
        }
        recorded = {
            held.id
            for held in found
            if held.entry_id in known
            and authors[known[held.entry_id].position] in (None, id_of(held.entry, "author_id"))
        }
        self.held.resolve(recorded, "recorded", self.clock())
        return [self._readable(held) for held in found if held.id not in recorded]

    def held_entry(self, held_id: UUID) -> Held | None:
        """One held thing, settled or not, by its own id or the one it came with; out of its box where that opens by
        now."""
        found = self.held.get(held_id)
        return None if found is None else self._readable(found)

    def _readable(self, held: Held) -> Held:
        return replace(held, entry=self._unboxed(held.entry))
