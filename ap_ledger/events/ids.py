"""Ids made here."""

from __future__ import annotations

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A fresh UUIDv7, for programs that act as a client, and for rows that nobody else names."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
