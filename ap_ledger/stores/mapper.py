"""Turns events into stored rows and back. Personal fields never enter the row's state: they are sealed apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ap_ledger.errors import Unreadable
from ap_ledger.events import event_class
from ap_ledger.events.base import RETENTION_CLASSES, Event, Stamp
from ap_ledger.events.case import SealedStep
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.events.stored import read_event, upcast
from ap_ledger.persistence.rows import LedgerStoredEvent, SealedText, sealed_hash
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.sealed_records import seal_step, step_in
from ap_ledger.stores.sealing import open_texts, seal

ERASED_JSON: Mapping[str, bool] = {"erased": True}
NOT_STATE = {"originator_id", "originator_version", "stamp"}


def owner_of(topic: str, stream: UUID, stamp_student: UUID | None, stamp_setting: UUID | None) -> UUID:
    """Whose keys seal an event: the student's; a person's own; else the setting's."""
    if stamp_student is not None:
        return stamp_student
    if event_class(topic).STREAM == "person" or stamp_setting is None:
        return stream
    return stamp_setting


def split_personal(cls: type[Event], state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Takes the personal fields out of a state, in place, and returns them by retention class.

    Nulls are simply dropped.
    """
    texts: dict[str, dict[str, Any]] = {}
    for path, kept in cls.personal(state).items():
        holder, field = _holder(state, path)
        if holder is not None and (value := holder.pop(field, None)) is not None:
            texts.setdefault(kept, {})[path] = value
    return texts


def put_back(cls: type[Event], state: dict[str, Any], opened: Mapping[str, Any], erased: Collection[str]) -> None:
    """Puts personal fields into a state, in place. Those of an erased retention class are marked as erased.

    Which of several fields of one class were there is not known once their key is gone, so all of them read as erased.
    """
    for path, kept in cls.personal(state).items():
        holder, field = _holder(state, path)
        if holder is None:
            continue
        if path in opened:
            holder[field] = opened[path]
        elif kept in erased:
            holder[field] = ERASED_JSON


def open_personal(keyring: Keyring, stored: LedgerStoredEvent, cls: type[Event], state: dict[str, Any]) -> None:
    """Opens what is sealed beside a row and puts it into the row's state, in place.

    Raises Unreadable, or TamperedRow.
    """
    if stored.sealed_hash is None:
        return
    try:
        cls.personal(state)
    except (KeyError, TypeError):
        raise Unreadable(f"A stored '{cls.TOPIC}' lacks the field that says how it is sealed.") from None
    assert isinstance(stored.originator_id, UUID)
    owner = owner_of(stored.topic, stored.originator_id, stored.student_id, stored.setting_id)
    opened = open_texts(keyring, stored.topic, stored.originator_id, stored.originator_version, owner, stored.sealed)
    closed = {text.retention_class for text in stored.sealed if keyring.by_id(text.key_id) is None}
    if sealed_hash(stored.sealed) != stored.sealed_hash:
        # Something was excised: what the hash covers and the table no longer holds is erased.
        closed |= set(cls.personal(state).values()) - {text.retention_class for text in stored.sealed}
    put_back(cls, state, opened, closed)


def _holder(state: dict[str, Any], path: str) -> tuple[dict[str, Any] | None, str]:
    outer, _, inner = path.partition(".")
    return (state.get(outer), inner) if inner else (state, outer)


class LedgerMapper(Mapper[UUID]):
    """The library's mapper, with explicit topics, strict reading, upcasting and sealing."""

    def __init__(self, keyring: Keyring) -> None:
        super().__init__(JSONTranscoder())
        self.keyring = keyring

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> LedgerStoredEvent:
        """The row of an event. Its sealed texts are bound to its stream, version and student."""
        assert isinstance(domain_event, Event)
        cls: type[Event] = type(domain_event)
        stamp = domain_event.stamp
        state = domain_event.model_dump(mode="json", exclude=NOT_STATE, exclude_none=True)
        texts = split_personal(cls, state)
        stream, version = domain_event.originator_id, domain_event.originator_version
        sealed: tuple[SealedText, ...] = ()
        if isinstance(domain_event, SealedStep):
            sealed = seal_step(self.keyring, domain_event, state, texts.get("safeguarding", {}))
            # What is in the clear is no more than of a worry.
            cls, state, stamp = SealedRecord, {}, replace(stamp, student_id=None, author_id=None, device_id=None)
        elif texts:
            owner = owner_of(cls.TOPIC, stream, stamp.student_id, stamp.setting_id)
            sealed = seal(self.keyring, cls.TOPIC, stream, version, owner, texts)
        return LedgerStoredEvent(
            originator_id=stream,
            originator_version=version,
            topic=cls.TOPIC,
            state=orjson.dumps(state),
            class_version=cls.class_version,
            command_id=stamp.command_id,
            setting_id=stamp.setting_id,
            student_id=stamp.student_id,
            author_id=stamp.author_id,
            device_id=stamp.device_id,
            occurred_at=microseconds(stamp.occurred_at),
            fingerprint=stamp.fingerprint,
            sealed_hash=sealed_hash(sealed),
            sealed=sealed,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The event of a row, upcast to the present, erased where its keys are gone.

        Raises Unreadable, or TamperedRow.
        """
        assert isinstance(stored_event, LedgerStoredEvent) and isinstance(stored_event.originator_id, UUID)
        stored, cls = stored_event, event_class(stored_event.topic)
        state = upcast(cls, orjson.loads(stored.state), stored.class_version)
        self._open(stored, cls, state)
        stamp = Stamp(
            occurred_at=moment(stored.occurred_at),
            setting_id=stored.setting_id,
            student_id=stored.student_id,
            author_id=stored.author_id,
            device_id=stored.device_id,
            command_id=stored.command_id,
            fingerprint=stored.fingerprint,
            recorded_at=None if stored.recorded_at is None else moment(stored.recorded_at),
            position=stored.position,
        )
        event = read_event(cls, stored_event.originator_id, stored.originator_version, stamp, state)
        return self._step(event) if isinstance(event, SealedRecord) else event

    def _step(self, record: SealedRecord) -> Event:
        return step_in(self.keyring, record)

    def _open(self, stored: LedgerStoredEvent, cls: type[Event], state: dict[str, Any]) -> None:
        open_personal(self.keyring, stored, cls, state)


class RulesMapper(LedgerMapper):
    """Reads events for the rules, which go by what happened and not by words: what cannot be opened stands there as if
    erased.

    So one key that does not open, or one damaged text, keeps nobody from anybody else's record. Nothing is shown from
    what is read here, and only the parts of an identity that a command leaves as they were are written again, under the
    same key; who shows or seals words asks for the key, and is told what is wrong with it.
    """

    def _open(self, stored: LedgerStoredEvent, cls: type[Event], state: dict[str, Any]) -> None:
        try:
            super()._open(stored, cls, state)
        except Unreadable:
            put_back(cls, state, {}, RETENTION_CLASSES)

    def _step(self, record: SealedRecord) -> Event:
        return step_in(self.keyring, record, open_words=False)
