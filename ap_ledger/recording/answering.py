"""What became of each entry of a send: recorded now or before, a conflict, held or refused."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from ap_ledger.domain.posted import Posted, PostedCorrection, PostedVoid
from ap_ledger.domain.posting import id_of, refused, same_entry, unopened
from ap_ledger.domain.results import Result
from ap_ledger.errors import NotYet, Refused, Unreadable, UnreadableKey
from ap_ledger.events.changes import SealedRecord
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Appended, Known, Outcome, Unit
from ap_ledger.recording.boxes import unboxed
from ap_ledger.recording.changes import Changes
from ap_ledger.recording.door import Send
from ap_ledger.stores.fingerprint import Fingerprint
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.keyring.keyring import Keyring

ATTEMPTS = 20
"""How often something is decided again because somebody else changed the same at once."""
CONFLICT = "This id was sent before with other content. Nothing was stored; use a new id for a new entry."


class Answering:
    """Answers entries by what was stored of them; corrections and voids are stored here, one after the other."""

    def __init__(self, recorder: LedgerRecorder, keyring: Keyring, changes: Changes, held: HeldStore) -> None:
        self._recorder = recorder
        self._keyring = keyring
        self._changes = changes
        self._held = held

    def unit(self, unit: Unit, outcome: Outcome, raw: Any) -> Result:
        """The answer to a fresh entry, from what the writer says of its rows."""
        row = unit.rows[0]
        if isinstance(outcome, Appended):
            flags = tuple(orjson.loads(row.state).get("flags", ())) if '"flags"' in row.state else ()
            return Result(unit.id, "recorded", position=outcome.position, flags=flags)
        assert isinstance(outcome, Known)
        if outcome.fingerprint == row.fingerprint:
            return Result(unit.id, "duplicate", position=outcome.position)
        return self.known_before(unit.id, raw, None) or Result(unit.id, "conflict", message=CONFLICT)

    def change(self, posted: PostedCorrection | PostedVoid, raw: dict[str, Any], send: Send) -> Result:
        """Records a correction or void; two people who correct at once are both kept, one after the other."""
        try:
            for _ in range(ATTEMPTS):
                known = self.known_before(posted.id, raw, posted)
                if known is not None:
                    return known
                unit = self._changes.unit(posted, send)
                outcome = self._recorder.writer.submit([unit]).result()[0]
                if isinstance(outcome, (Appended, Known)):
                    return self.unit(unit, outcome, raw)
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
            held
            for held in self._held.waiting_under(posted.id)
            if held.status == "held" and not same_entry(unboxed(self._keyring, held.entry), raw)
        ]
        if others:
            return Result(posted.id, "conflict", message=CONFLICT)
        return Result(posted.id, "held", field="entry_id", message=reason.message)

    def known_before(self, entry_id: UUID, raw: Any, posted: Posted | Result | None) -> Result | None:
        """An id that is in the ledger is a duplicate or a conflict, even where its content would be refused today.

        It is the same in its canonical form, or as it came: what was stored in earlier years was compared to the
        letter.
        """
        known = self._recorder.find([entry_id]).get(entry_id)
        if known is None:
            return None
        event = self._recorder.events_at([known.position])[0]
        # A worry's row names no student, so the student it was posted about says which key its fingerprint was made
        # under.
        student = event.student_id or (id_of(raw, "student_id") if event.topic == SealedRecord.TOPIC else None)
        try:
            key = self._keyring.key(student, "core") if student else None
        except UnreadableKey:
            # Nothing can be compared until the key opens, so what came is kept beside.
            return None
        if student is not None and key is None:
            # The student's keys are gone, and with them every way to compare: the id alone means duplicate.
            return Result(entry_id, "duplicate", position=known.position)
        forms = [raw, posted.said()] if isinstance(posted, Posted) else [raw]
        same = key is not None and any(Fingerprint(key.raw).is_of(form, known.fingerprint) for form in forms)
        return (
            Result(entry_id, "duplicate", position=known.position)
            if same
            else Result(entry_id, "conflict", message=CONFLICT)
        )
