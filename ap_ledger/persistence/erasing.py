"""Proves to the database that whoever removes a sealed text holds the keyring: a role that may only add rows does not.

HMAC-SHA-256 over the position and the class, under a key made of the ledger's own. The database keeps the two keyed
beginnings of it, in a table that nobody but its owner reads, so that it can judge a proof without a library.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

_BLOCK = 64


class Beginnings(NamedTuple):
    """What the database hashes before a message, and before the hash of that."""

    within: bytes
    around: bytes


class ErasingProof:
    """Proves that a text may be removed."""

    def __init__(self, own_key: bytes) -> None:
        self._key = hmac.digest(own_key, b"removing a text", "sha256")

    def of(self, position: int, retention_class: str) -> bytes:
        """The proof for one text."""
        return hmac.digest(self._key, f"{position}/{retention_class}".encode(), hashlib.sha256)

    def beginnings(self) -> Beginnings:
        """What a database needs to judge proofs."""
        padded = self._key.ljust(_BLOCK, b"\0")
        return Beginnings(bytes(octet ^ 0x36 for octet in padded), bytes(octet ^ 0x5C for octet in padded))
