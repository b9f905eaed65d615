"""Seals personal fields beside the row they belong to, and opens them again for those who may read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from ap_ledger.errors import KeyringError, TamperedRow
from ap_ledger.persistence.rows import SealedText
from ap_ledger.stores.keyring.keyring import Keyring

NONCE_BYTES = 12
Fields = Mapping[str, Any]


def bound_to(topic: str, stream: UUID, version: int, owner: UUID, retention_class: str, key_id: UUID) -> bytes:
    """The associated data of a sealed text: it opens beside this row only, and under this key only."""
    return b"".join(
        (
            topic.encode(),
            b"\0",
            stream.bytes,
            version.to_bytes(8),
            owner.bytes,
            retention_class.encode(),
            b"\0",
            key_id.bytes,
        )
    )


def seal(
    keyring: Keyring, topic: str, stream: UUID, version: int, owner: UUID, texts: Mapping[str, Fields]
) -> tuple[SealedText, ...]:
    """One sealed text for each retention class, in class order. Raises KeyringError when the owner's key is gone."""
    sealed = []
    for kept in sorted(texts):
        key = keyring.key(owner, kept)
        if key is None:
            raise KeyringError(
                "The key that would seal this was shredded, so nothing of "
                "this kind can be written about this student again."
            )
        nonce = os.urandom(NONCE_BYTES)
        bound = bound_to(topic, stream, version, owner, kept, key.id)
        sealed.append(SealedText(kept, key.id, nonce, key.cipher.encrypt(nonce, orjson.dumps(texts[kept]), bound)))
    return tuple(sealed)


def open_texts(
    keyring: Keyring, topic: str, stream: UUID, version: int, owner: UUID, sealed: Iterable[SealedText]
) -> dict[str, Any]:
    """The fields that can still be opened; those whose key was shredded are left out.

    Raises TamperedRow when a text does not belong to this row.
    """
    fields: dict[str, Any] = {}
    for text in sealed:
        key = keyring.by_id(text.key_id)
        if key is None:
            continue
        bound = bound_to(topic, stream, version, owner, text.retention_class, text.key_id)
        try:
            fields |= orjson.loads(key.cipher.decrypt(text.nonce, text.ciphertext, bound))
        except InvalidTag:
            raise TamperedRow(f"A sealed text of stream {stream} does not belong to its row, or was changed.") from None
    return fields
