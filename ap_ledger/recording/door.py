"""One send, from what was read to the rows to store. One bad entry never spoils the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from ap_ledger.domain.posted import OUTSIDE_STATE, Posted, PostedCorrection, PostedEntry, PostedVoid
from ap_ledger.domain.posting import read_posted, refused, unopened
from ap_ledger.domain.results import Result
from ap_ledger.errors import KeyringError, Refused, Unreadable
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.bounds import check_reach
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.entries import WorryRaised
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.persistence.rows import Row, Unit, sealed_hash
from ap_ledger.recording.boxes import is_box
from ap_ledger.recording.entry_rules import IN_FUTURE, Occasion, check_entry
from ap_ledger.recording.judging import REFUSED, SendJudge
from ap_ledger.recording.states import LOOK_AGAIN, EntryContext, States
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.mapper import split_personal
from ap_ledger.stores.sealed_records import sealed_outside, words_inside, words_of
from ap_ledger.stores.sealing import seal

FUTURE_LIMIT = timedelta(minutes=5)
CLOCK_MOVED = timedelta(minutes=5)
TIME_UNCERTAIN = "time-uncertain"
OUTSIDE_PLACEMENT = "outside-placement"
ERASED_KIND = "Records of this kind were erased for this student, so no new text of it can be kept."
OUTSIDE_TIMETABLE = "outside-timetable"
"""A Saturday club is real work: a slot on a weekday that is not its own is recorded, and says so."""


@dataclass(slots=True)
class Send:
    """One batch on its way through the door."""

    received_at: datetime
    offset: timedelta
    uncertain: bool
    device_id: UUID | None
    raw: list[Any]
    results: list[Result | None]
    posted: list[Posted | Result] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    unit_places: list[int] = field(default_factory=list)
    changes: list[tuple[int, PostedCorrection | PostedVoid]] = field(default_factory=list)
    boxes: list[int] = field(default_factory=list)
    replaced: dict[int, UUID] = field(default_factory=dict)
    judge: SendJudge | None = None
    more: bool = False
    offset_us: int = 0
    received: int = 0
    latest: int = 0

    def __post_init__(self) -> None:
        self.offset_us = self.offset // timedelta(microseconds=1)
        self.received = microseconds(self.received_at)
        self.latest = self.received + FUTURE_LIMIT // timedelta(microseconds=1)

    def mends(self, place: int, posted: PostedEntry | PostedCorrection | PostedVoid) -> None:
        """Remembers which refused entry something mends."""
        if posted.replaces is not None:
            self.replaced[place] = posted.replaces


class Door:
    """Turns what was posted into rows, refusing what breaks a rule.

    What was read is handed on as values, in one canonical form.
    """

    def __init__(self, states: States, keyring: Keyring) -> None:
        self._states = states
        self._keyring = keyring

    def let_in(self, send: Send) -> None:
        """Sorts a send: rows for fresh entries, refusals, and the changes and boxes to look at afterwards."""
        self._states.refresh(LOOK_AGAIN)
        send.posted = read_posted(send.raw)
        for place, posted in enumerate(send.posted):
            try:
                self._let_in_one(posted, place, send)
            except Unreadable:
                send.results[place] = unopened(posted.id)

    def _let_in_one(self, posted: Posted | Result, place: int, send: Send) -> None:
        if isinstance(posted, Result):
            if is_box(send.raw[place]):
                send.boxes.append(place)
            else:
                send.results[place] = posted
        elif send.judge is not None and (verdict := self._judge(send, posted)) is not None:
            send.results[place] = verdict
        elif isinstance(posted, PostedEntry):
            self._let_in_entry(posted, place, send)
        elif isinstance(posted, (PostedCorrection, PostedVoid)):
            send.changes.append((place, posted))
            send.mends(place, posted)

    def _let_in_entry(self, posted: PostedEntry, place: int, send: Send) -> None:
        try:
            unit = self._unit_now(posted, send)
        except Refused as refusal:
            send.results[place] = refused(posted.id, refusal)
            return
        send.units.append(unit)
        send.unit_places.append(place)
        send.mends(place, posted)

    def _judge(self, send: Send, posted: Posted) -> Result | None:
        """Why this sender may not record something, or not without its author; None where they may."""
        assert send.judge is not None
        try:
            zone = self.context(posted).setting.time_zone
            check_reach(posted, send.received_at)
        except Refused:
            # Whoever or whenever it is does not exist, which is refused below in the same words for everybody.
            return None
        at = microseconds(posted.device_time) + send.offset_us
        verdict = send.judge.verdict(
            posted.setting_id, posted.student_id, posted.author_id, posted.kind == WorryRaised.TOPIC, at, zone
        )
        if verdict is None:
            return None
        if verdict == REFUSED:
            return Result(posted.id, "refused", code="not-allowed", field="student_id", message=verdict)
        return Result(posted.id, "held", field="author_id", message=verdict)

    def _unit_now(self, posted: PostedEntry, send: Send) -> Unit:
        """The row of a fresh entry; what seems unknown is looked for once more, since another process may just have
        added it."""
        try:
            return self.unit(posted, send)
        except Refused as refusal:
            if not refusal.code.startswith("unknown-"):
                raise
            self._states.refresh()
            return self.unit(posted, send)

    def unit(self, posted: PostedEntry, send: Send) -> Unit:
        """The row of a fresh entry. Raises Refused."""
        context = self.context(posted)
        occurred_at, flags = self.when(posted, context, send)
        canonical = posted.said()
        fingerprint = self.fingerprint_of(context, canonical)
        if posted.kind == WorryRaised.TOPIC:
            return self._worry(posted, canonical, send, occurred_at, fingerprint)
        event = EVENT_BY_TOPIC[posted.kind]
        state = {name: value for name, value in canonical.items() if name not in OUTSIDE_STATE}
        if flags:
            state["flags"] = flags
        sealed = self.sealed(posted, posted.kind, posted.id, 1, split_personal(event, state)) if event.PERSONAL else ()
        return Unit(
            posted.id,
            (
                Row(
                    posted.id,
                    1,
                    posted.kind,
                    event.class_version,
                    None,
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

    def context(self, posted: Posted) -> EntryContext:
        """The setting, student and author of something posted. Raises Refused."""
        return self._states.context(posted.setting_id, posted.student_id, posted.author_id)

    def when(
        self,
        posted: Posted,
        context: EntryContext,
        send: Send,
        offset: int | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> tuple[int, list[str]]:
        """When it happened, in microseconds, and the flags that go with it.

        Raises Refused for whatever a rule says no to.
        """
        check_reach(posted, send.received_at, context.since)
        flags = [TIME_UNCERTAIN] if send.uncertain else []
        offset = send.offset_us if offset is None else offset
        moment = microseconds(posted.device_time) + offset
        if isinstance(posted, PostedEntry):
            occasion = Occasion(self._states, context, moment, offset, send.latest, send.received, before or {})
            check_entry(posted, occasion)
            moment = occasion.happens_at
            if occasion.outside_timetable:
                flags.append(OUTSIDE_TIMETABLE)
        elif moment > send.latest:
            raise Refused("in-future", IN_FUTURE, "device_time")
        if not context.placed(local_day(moment, context.setting.time_zone)):
            flags.append(OUTSIDE_PLACEMENT)
        return moment, flags

    def fingerprint_of(self, context: EntryContext, canonical: dict[str, Any]) -> bytes:
        """The fingerprint of what was posted. Raises Refused when the student's record was erased."""
        if context.fingerprint is None:
            raise Refused(
                "not-allowed",
                "This student's record was erased, so nothing new can be recorded about them.",
                "student_id",
            )
        try:
            return context.fingerprint.of(canonical)
        except ValueError:
            raise Refused("malformed", "A number is too large to be kept exactly.") from None

    def sealed(
        self, posted: Posted, topic: str, stream: UUID, version: int, texts: Mapping[str, Mapping[str, Any]]
    ) -> Any:
        """Seals texts under the student's keys. Raises Refused when the key for them was shredded."""
        if not texts:
            return ()
        try:
            return seal(self._keyring, topic, stream, version, posted.student_id, texts)
        except KeyringError:
            raise Refused("not-allowed", ERASED_KIND) from None

    def _worry(
        self, posted: PostedEntry, canonical: dict[str, Any], send: Send, occurred_at: int, fingerprint: bytes
    ) -> Unit:
        stream, topic = uuid4(), SealedRecord.TOPIC
        try:
            inside = words_inside(self._keyring, stream, 1, posted.student_id, canonical)
        except KeyringError:
            raise Refused("not-allowed", ERASED_KIND) from None
        body = {**inside, "student_id": str(posted.student_id)}
        outer = sealed_outside(self._keyring, stream, 1, posted.setting_id, body)
        return Unit(
            posted.id,
            (
                Row(
                    stream,
                    1,
                    topic,
                    SealedRecord.class_version,
                    posted.id,
                    posted.setting_id,
                    None,
                    None,
                    None,
                    occurred_at,
                    fingerprint,
                    sealed_hash(outer),
                    "{}",
                    outer,
                ),
            ),
        )


def open_worry(keyring: Keyring, stream: UUID, body: str) -> dict[str, Any] | None:
    """The worry inside an opened sealed record, or None once the student's safeguarding key is shredded.

    Raises Unreadable.
    """
    return words_of(keyring, stream, 1, orjson.loads(body))
