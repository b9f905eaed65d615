"""The tables of what is held, and how a row of it is sealed and opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table

from ap_ledger.application.held_sealing import LIFE, HeldSealer, Sealing
from ap_ledger.application.posting import id_of
from ap_ledger.application.results import Result
from ap_ledger.application.stores import BigInt, Bytes
from ap_ledger.errors import KeyringError
from ap_ledger.events.moments import microseconds, moment

METADATA = MetaData()
HELD = Table(
    "held",
    METADATA,
    Column("id", Bytes(16), primary_key=True),
    Column("status", String, nullable=False),
    Column("code", String),
    Column("field", String),
    Column("message", String, nullable=False),
    Column("target_id", Bytes(16), index=True),
    Column("device_id", Bytes(16)),
    Column("offset_seconds", Integer, nullable=False),
    Column("received_at", BigInt, nullable=False),
    Column("nonce", Bytes, nullable=False),
    Column("body", Bytes, nullable=False),
    Column("resolution", String),
    Column("resolved_by", Bytes(16)),
    Column("resolved_at", BigInt),
    Column("entry_id", Bytes(16), index=True),
    Column("owners", Bytes),
    Column("classes", String),
    Column("send_key", Bytes(16)),
    Column("ends_at", BigInt),
)
DEVICE_CLOCKS = Table(
    "device_clocks",
    METADATA,
    Column("device_id", Bytes(16), primary_key=True),
    Column("offset_seconds", Integer, nullable=False),
    Column("seen_at", BigInt, nullable=False),
)
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
BROKEN = "This cannot be opened here: it was damaged, or its key is gone. Settle it, or restore this store and the keyring from one backup."


@dataclass(frozen=True, slots=True)
class Held:
    """One thing held or refused, opened. `entry_id` is the id that came with it, where it has one; `id` is the row's own.

    A `broken` one could not be opened; it is shown as such and keeps nobody from the others. One that names no student here
    ends at `ends_at`.
    """

    id: UUID
    status: str
    code: str | None
    field: str | None
    message: str
    target_id: UUID | None
    device_id: UUID | None
    offset: timedelta
    received_at: datetime
    entry: Any
    resolution: str | None
    entry_id: UUID | None = None
    ends_at: datetime | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Keeping:
    """Something to keep: why, what was sent, and which entry it waits for."""

    result: Result
    entry: Any
    target_id: UUID | None = None


def sealing_of(row: Any) -> Sealing:
    """By what a row is sealed. Raises ValueError for a damaged one."""
    owners = bytes(row.owners or b"")
    split = tuple(UUID(bytes=owners[start : start + 16]) for start in range(0, len(owners), 16))
    return Sealing(split, tuple((row.classes or "").split(",")) if split else (), UUID(bytes=bytes(row.send_key)) if row.send_key else None)


def sealed_values(sealer: HeldSealer, row_id: UUID, result: Result, entry: Any, sealing: Sealing, received_at: datetime) -> dict[str, Any]:
    """The columns that say what is held and why. The field and the reason may repeat words of the entry, so they are sealed with it."""
    nonce, body = sealer.seal(sealing, row_id, {"entry": entry, "field": result.field, "message": result.message or ""})
    entry_id = id_of(entry)
    return {
        "status": result.status, "code": result.code, "field": None, "message": "", "received_at": microseconds(received_at),
        "nonce": nonce, "body": body, "resolution": None, "resolved_by": None, "resolved_at": None, "entry_id": entry_id and entry_id.bytes,
        "owners": b"".join(owner.bytes for owner in sealing.owners), "classes": ",".join(sealing.classes),
        "send_key": sealing.send_key and sealing.send_key.bytes,
        "ends_at": microseconds(received_at + LIFE) if sealing.send_key else None,
    }  # fmt: skip


def opened(sealer: HeldSealer, rows: Iterable[Any]) -> list[Held]:
    """Rows as what they hold; one whose own id is damaged cannot be named by anybody, so it is left out."""
    return [open_row(sealer, row) for row in rows if len(bytes(row.id)) == 16]


def open_row(sealer: HeldSealer, row: Any) -> Held:
    """What a row holds, or that it cannot be opened."""
    row_id = UUID(bytes=bytes(row.id))
    try:
        said = sealer.open(sealing_of(row), row_id, bytes(row.nonce), bytes(row.body))
        # Before rows had keys of their own, the entry alone was sealed and the rest stood beside it.
        entry, field, message = (
            (said, row.field, row.message) if row.owners is None and row.send_key is None else (said["entry"], said["field"], said["message"])
        )
        return Held(
            id=row_id, status=row.status, code=row.code, field=field, message=message, target_id=_id(row.target_id), device_id=_id(row.device_id),
            offset=timedelta(seconds=row.offset_seconds), received_at=moment(row.received_at), entry=entry, resolution=row.resolution,
            entry_id=_id(row.entry_id), ends_at=None if row.ends_at is None else moment(row.ends_at),
        )  # fmt: skip
    except (KeyringError, KeyError, TypeError, ValueError, OverflowError):
        return _broken(row_id, row)


def _broken(row_id: UUID, row: Any) -> Held:
    try:
        device, received = _id(row.device_id), moment(row.received_at)
    except (TypeError, ValueError, OverflowError):
        device, received = None, moment(0)
    return Held(row_id, "refused", None, None, BROKEN, None, device, timedelta(), received, None, row.resolution, broken=True)


def _id(value: Any) -> UUID | None:
    return UUID(bytes=bytes(value)) if value else None
