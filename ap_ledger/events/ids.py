"""Ids made here."""

from __future__ import annotations

import hashlib
from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A fresh UUIDv7, for programs that act as a client, and for rows that nobody else names."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def derived_id(first: UUID, *names: str) -> UUID:
    """An id made of another one and of names: a UUIDv7 that is always the same, so that doing something again is a
    duplicate."""
    made = bytearray(hashlib.sha256("/".join((str(first), *names)).encode()).digest()[:16])
    made[:6] = first.bytes[:6]
    made[6], made[8] = 0x70 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    return UUID(bytes=bytes(made))
