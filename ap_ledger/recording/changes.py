"""Corrections and voids: they change an entry that is here, or wait for one that has not arrived."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from ap_ledger.domain.posted import OUTSIDE_STATE, POSTED_BY_KIND, PostedCorrection, PostedEntry, PostedVoid
from ap_ledger.errors import NotYet, Refused, Unreadable
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.moments import microseconds, moment, stored_time
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import LedgerStoredEvent, Row, Unit, sealed_hash
from ap_ledger.recording.door import TIME_UNCERTAIN, Door, Send
from ap_ledger.recording.entry_rules import check_change, happens_at_its_session
from ap_ledger.recording.states import States
from ap_ledger.stores.mapper import split_personal

Change = PostedCorrection | PostedVoid
OUTSIDE_CHANGE = OUTSIDE_STATE | {"entry_id", "replaces"}


class Changes:
    """Turns a posted correction or void into the next row of its entry's stream."""

    def __init__(self, door: Door, states: States, recorder: LedgerRecorder) -> None:
        self._door = door
        self._states = states
        self._recorder = recorder

    def unit(self, posted: PostedCorrection | PostedVoid, send: Send) -> Unit:
        """The row of a change. Raises Refused, or NotYet where the entry has not arrived."""
        self._states.refresh()
        self._door.context(posted)
        canonical, stream = posted.said(), self._target(posted)
        posted = self._in_its_record(posted, stream[0].student_id)
        context = self._door.context(posted)
        first, version = stream[0], stream[-1].originator_version + 1
        occurred_at, flags = self._door.when(posted, context, send)
        _after_it_happened(first, occurred_at, send)
        fingerprint = self._door.fingerprint_of(context, canonical)
        state = {name: value for name, value in posted.said().items() if name not in OUTSIDE_CHANGE}
        if isinstance(posted, PostedCorrection):
            replaced_at, inner = self._replacement(posted.replacement, posted, stream, send)
            flags = sorted({*flags, *inner})
            state["replacement_kind"] = first.topic
            state["replacement_occurred_at"] = moment(replaced_at).isoformat()
        if flags:
            state["flags"] = flags
        event = EVENT_BY_TOPIC[posted.kind]
        sealed = self._door.sealed(posted, posted.kind, posted.entry_id, version, split_personal(event, state))
        return Unit(
            posted.id,
            (
                Row(
                    posted.entry_id,
                    version,
                    posted.kind,
                    event.class_version,
                    posted.id,
                    posted.setting_id,
                    posted.student_id,
                    posted.author_id,
                    send.device_id,
                    occurred_at,
                    fingerprint,
                    sealed_hash(sealed),
                    orjson.dumps(state).decode(),
                    sealed,
                ),
            ),
        )

    def _target(self, posted: PostedCorrection | PostedVoid) -> list[LedgerStoredEvent]:
        stream = [
            event for event in self._recorder.select_events(posted.entry_id) if isinstance(event, LedgerStoredEvent)
        ]
        if not stream:
            known = self._recorder.find([posted.entry_id]).get(posted.entry_id)
            topic = self._recorder.events_at([known.position])[0].topic if known else None
            if topic == "entry-voided":
                raise Refused(
                    "void-of-void",
                    "A void cannot be voided or corrected. Record the entry again if it was right after all.",
                    "entry_id",
                )
            if topic == "entry-corrected":
                raise Refused("malformed", "Name the entry by its first id, not by the id of a correction.", "entry_id")
            if topic == SealedRecord.TOPIC:
                raise Refused(
                    "not-allowed",
                    "A worry is changed by the safeguarding lead, not from here. Raise another to add to it.",
                    "entry_id",
                )
            raise NotYet(
                "unknown-item",
                "The entry that this changes has not arrived yet. This is kept and applied when it does.",
                "entry_id",
            )
        if stream[0].topic not in POSTED_BY_KIND:
            raise Refused("malformed", "This id does not name an entry.", "entry_id")
        if not self._is_of(stream[0].student_id, posted.student_id) or stream[0].setting_id != posted.setting_id:
            raise Refused(
                "malformed",
                "The entry is about another student. To move it, void it and record it again.",
                "student_id",
            )
        return stream

    def _is_of(self, record: UUID | None, student_id: UUID) -> bool:
        """Whether a record is the student's, or of the same child."""
        return record is not None and (record == student_id or record in self._states.records(student_id))

    def _in_its_record(self, posted: Change, record: UUID | None) -> Change:
        """A change as if it named the record in which its entry stands, where it names another of the same child."""
        if record == posted.student_id:
            return posted
        own: dict[str, Any] = {"student_id": record}
        if isinstance(posted, PostedCorrection) and self._is_of(record, posted.replacement.student_id):
            own["replacement"] = posted.replacement.model_copy(update={"student_id": record})
        return posted.model_copy(update=own)

    def _replacement(
        self, entry: PostedEntry, posted: PostedCorrection, stream: list[LedgerStoredEvent], send: Send
    ) -> tuple[int, list[str]]:
        """When the replaced entry happened, and its flags. Raises Refused when the replacement breaks a rule."""
        first = stream[0]
        fixed = {
            "id": posted.entry_id,
            "kind": first.topic,
            "student_id": first.student_id,
            "setting_id": first.setting_id,
        }
        for name, value in fixed.items():
            if getattr(entry, name) != value:
                raise Refused(
                    "malformed",
                    "The id, kind, student and setting of an entry cannot be corrected. Void it and record it again.",
                    f"replacement.{name}",
                )
        try:
            # A time left as it was means the moment that was recorded, whatever this sender's clock says.
            return self._door.when(entry, self._door.context(entry), send, _offset_of(first, entry), _said_in(stream))
        except Refused as refusal:
            raise Refused(refusal.code, refusal.message, f"replacement.{refusal.field}") from None


def _after_it_happened(first: LedgerStoredEvent, changed_at: int, send: Send) -> None:
    """Refuses a change of before the entry happened, where both times are certain. Raises Refused."""
    if not send.uncertain and TIME_UNCERTAIN not in orjson.loads(first.state).get("flags", ()):
        check_change(first.occurred_at, changed_at)


def _said_in(stream: list[LedgerStoredEvent]) -> dict[str, Any]:
    """What an entry says now, of what stands in the clear."""
    last = next((event for event in reversed(stream) if event.topic == "entry-corrected"), stream[0])
    state: dict[str, Any] = orjson.loads(last.state)
    return state["replacement"] if last.topic == "entry-corrected" else state


def _offset_of(first: LedgerStoredEvent, entry: PostedEntry) -> int | None:
    """The clock offset under which an entry was first recorded, in microseconds; None where its time was changed
    since."""
    try:
        unchanged = stored_time(orjson.loads(first.state)["device_time"]) == entry.device_time
    except Unreadable:
        return None
    if not unchanged:
        return None
    return 0 if happens_at_its_session(entry) else first.occurred_at - microseconds(entry.device_time)
