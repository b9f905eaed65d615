"""Sealed records: a worry, or a step of a safeguarding case, of which only its existence is in the clear.

What it says is sealed twice: the words inside under the child's own key, so that they end with the child's record; all
of it outside under the setting's, so that not even the key's name tells whom it is about or who wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from ap_ledger.errors import TamperedRow, Unreadable
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.base import Event
from ap_ledger.events.case import SealedStep
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.stored import read_event, upcast
from ap_ledger.persistence.rows import SealedText
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.sealing import bound_to, seal

TOPIC = SealedRecord.TOPIC
KEPT = "safeguarding"
"""The retention class under whose keys it is sealed, inside and outside."""


def words_inside(keyring: Keyring, stream: UUID, version: int, student_id: UUID, words: Mapping[str, Any]) -> Any:
    """Words sealed under a child's key, as the body of a sealed record holds them.

    Raises KeyringError when the key was shredded.
    """
    inner = seal(keyring, TOPIC, stream, version, student_id, {KEPT: words})[0]
    return {"key_id": str(inner.key_id), "nonce": inner.nonce.hex(), "ciphertext": inner.ciphertext.hex()}


def sealed_outside(
    keyring: Keyring, stream: UUID, version: int, setting_id: UUID, body: Mapping[str, Any]
) -> tuple[SealedText, ...]:
    """The body of a sealed record under the setting's key. Raises KeyringError when that is gone."""
    return seal(keyring, TOPIC, stream, version, setting_id, {KEPT: {"body": orjson.dumps(body).decode()}})


def words_of(keyring: Keyring, stream: UUID, version: int, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The words inside an opened sealed record, or None once the child's safeguarding key is shredded.

    Raises Unreadable.
    """
    key = keyring.by_id(UUID(body["key_id"]))
    if key is None:
        return None
    bound = bound_to(TOPIC, stream, version, UUID(body["student_id"]), KEPT, key.id)
    try:
        opened: dict[str, Any] = orjson.loads(
            key.cipher.decrypt(bytes.fromhex(body["nonce"]), bytes.fromhex(body["ciphertext"]), bound)
        )
    except InvalidTag:
        raise TamperedRow(f"What is sealed in stream {stream} does not belong to its row, or was changed.") from None
    return opened


def seal_step(keyring: Keyring, step: SealedStep, state: dict[str, Any], words: Mapping[str, Any]) -> Any:
    """The sealed texts of a step of a case: what it says in the clear, and its words."""
    stamp, stream, version = step.stamp, step.originator_id, step.originator_version
    assert stamp.setting_id is not None
    body: dict[str, Any] = {
        "step": step.TOPIC,
        "class_version": step.class_version,
        "student_id": None if stamp.student_id is None else str(stamp.student_id),
        "author_id": None if stamp.author_id is None else str(stamp.author_id),
        "state": state,
    }
    if words:
        assert stamp.student_id is not None
        body |= words_inside(keyring, stream, version, stamp.student_id, words)
    return sealed_outside(keyring, stream, version, stamp.setting_id, body)


def step_in(keyring: Keyring, record: SealedRecord, open_words: bool = True) -> Event:
    """The step of a case in an opened sealed record; the record itself where it holds a worry, or is erased.

    With `open_words` false its words read as erased. Raises Unreadable.
    """
    if not isinstance(record.body, str):
        return record
    body = orjson.loads(record.body)
    cls = EVENT_BY_TOPIC.get(body.get("step", ""))
    if "step" not in body:
        return record
    if cls is None:
        raise Unreadable("The ledger holds a sealed record that this version does not know. Upgrade AP Ledger.")
    stream, version = record.originator_id, record.originator_version
    state = upcast(cls, body["state"], body["class_version"])
    if "key_id" in body:
        words = words_of(keyring, stream, version, body) if open_words else None
        state |= {name: {"erased": True} for name in cls.personal(state)} if words is None else words
    student, author = (None if body[name] is None else UUID(body[name]) for name in ("student_id", "author_id"))
    return read_event(cls, stream, version, replace(record.stamp, student_id=student, author_id=author), state)
