"""Corrections and voids: they change an entry that is here, or wait for one that has not arrived."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from ap_ledger.application.checks import CHECKS
from ap_ledger.application.door import Door, Send
from ap_ledger.application.mapper import split_personal
from ap_ledger.application.world import Party, World
from ap_ledger.domain.posted import ENTRY, POSTED_BY_KIND, PostedCorrection, PostedEntry, PostedVoid
from ap_ledger.errors import NotYet, Refused
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import LedgerStoredEvent, Row, Unit, sealed_hash


class Changes:
    """Turns a posted correction or void into the next row of its entry's stream."""

    def __init__(self, door: Door, world: World, recorder: LedgerRecorder) -> None:
        self._door = door
        self._world = world
        self._recorder = recorder

    def unit(self, posted: PostedCorrection | PostedVoid, raw: dict[str, Any], send: Send) -> Unit:
        """The row of a change. Raises Refused, or NotYet where the entry has not arrived."""
        self._world.refresh()
        party = self._door.party(raw)
        stream = self._target(posted)
        first, version = stream[0], stream[-1].originator_version + 1
        occurred_at, flags = self._door.when(posted, party, send)
        outside = {"id", "kind", "setting_id", "student_id", "author_id", "entry_id", "replaces"}
        state = {name: value for name, value in raw.items() if value is not None and name not in outside}
        if isinstance(posted, PostedCorrection):
            replaced_at, inner = self._replacement(posted, first, party, send)
            flags = sorted({*flags, *inner})
            state["replacement"] = {name: value for name, value in posted.replacement.items() if value is not None}
            state["replacement_kind"] = first.topic
            state["replacement_occurred_at"] = moment(replaced_at).isoformat()
        if flags:
            state["flags"] = flags
        event = EVENT_BY_TOPIC[posted.kind]
        sealed = self._door.sealed(posted, posted.kind, posted.entry_id, version, split_personal(event, state))
        print_ = self._door.print_of(party, raw)
        return Unit(posted.id, (Row(
            posted.entry_id, version, posted.kind, event.class_version, posted.id, posted.setting_id, posted.student_id,
            posted.author_id, send.device_id, occurred_at, print_, sealed_hash(sealed), orjson.dumps(state).decode(), sealed,
        ),))  # fmt: skip

    def _target(self, posted: PostedCorrection | PostedVoid) -> list[LedgerStoredEvent]:
        stream = [event for event in self._recorder.select_events(posted.entry_id) if isinstance(event, LedgerStoredEvent)]
        if not stream:
            known = self._recorder.find([posted.entry_id]).get(posted.entry_id)
            topic = self._recorder.events_at([known.position])[0].topic if known else None
            if topic == "entry-voided":
                raise Refused("void-of-void", "A void cannot be voided or corrected. Record the entry again if it was right after all.", "entry_id")
            if topic == "entry-corrected":
                raise Refused("malformed", "Name the entry by its first id, not by the id of a correction.", "entry_id")
            if topic == SealedRecord.TOPIC:
                raise Refused("not-allowed", "A worry is changed by the safeguarding lead, not from here. Raise another to add to it.", "entry_id")
            raise NotYet("unknown-item", "The entry that this changes has not arrived yet. This is kept and applied when it does.", "entry_id")
        if stream[0].topic not in POSTED_BY_KIND:
            raise Refused("malformed", "This id does not name an entry.", "entry_id")
        if stream[0].student_id != posted.student_id or stream[0].setting_id != posted.setting_id:
            raise Refused("malformed", "The entry is about another student. To move it, void it and record it again.", "student_id")
        return stream

    def _replacement(self, posted: PostedCorrection, first: LedgerStoredEvent, party: Party, send: Send) -> tuple[int, list[str]]:
        """When the replaced entry happened, and its flags. Raises Refused when the replacement breaks a rule."""
        try:
            entry: PostedEntry = ENTRY.validate_json(orjson.dumps(posted.replacement))
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
            code = "too-long" if fault["type"] == "string_too_long" else "malformed"
            where = ".".join(str(part) for part in fault["loc"][1:2])
            raise Refused(code, "The replacement must be a whole entry, with every field its kind needs.", f"replacement.{where}".rstrip(".")) from None
        fixed = {"id": posted.entry_id, "kind": first.topic, "student_id": first.student_id, "setting_id": first.setting_id}
        for name, value in fixed.items():
            if getattr(entry, name) != value:
                raise Refused(
                    "malformed", "The id, kind, student and setting of an entry cannot be corrected. Void it and record it again.", f"replacement.{name}"
                )
        self._door.party(posted.replacement)
        try:
            if check := CHECKS.get(entry.kind):
                check(entry, self._world)
            # A time left as it was means the moment that was recorded, whatever this sender's clock says.
            unchanged = datetime.fromisoformat(orjson.loads(first.state)["device_time"]) == entry.device_time
            return self._door.when(entry, party, send, _offset_of(first, entry) if unchanged else None)
        except Refused as refusal:
            raise Refused(refusal.code, refusal.message, f"replacement.{refusal.field}") from None


def _offset_of(first: LedgerStoredEvent, entry: PostedEntry) -> int:
    """The clock offset under which an entry was first recorded, in microseconds."""
    state = orjson.loads(first.state)
    if first.topic == "outcome-scored" and "session" in state:
        return 0
    return first.occurred_at - microseconds(entry.device_time)
