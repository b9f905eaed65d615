"""The tables of what is held, and how a row of it is sealed and opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table, and_, func

from ap_ledger.domain.posting import id_of
from ap_ledger.domain.results import Result
from ap_ledger.errors import KeyringError
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.stores.engine import MOMENT, Bytes
from ap_ledger.stores.held.sealing import LIFE, HeldSealer, Sealing
from ap_ledger.stores.sound_rows import wrong_column

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
    Column("received_at", MOMENT, nullable=False),
    Column("nonce", Bytes, nullable=False),
    Column("body", Bytes, nullable=False),
    Column("resolution", String),
    Column("resolved_by", Bytes(16)),
    Column("resolved_at", MOMENT),
    Column("entry_id", Bytes(16), index=True),
    Column("owners", Bytes),
    Column("classes", String),
    Column("send_key", Bytes(16)),
    Column("ends_at", MOMENT),
)
DRAFTS = Table(
    "drafts",
    METADATA,
    Column("id", Bytes(16), primary_key=True),
    Column("student_id", Bytes(16), nullable=False, index=True),
    Column("instrument", String, nullable=False),
    Column("respondent", String, nullable=False),
    Column("saved_at", MOMENT, nullable=False),
    Column("nonce", Bytes, nullable=False),
    Column("body", Bytes, nullable=False),
)
DEVICE_CLOCKS = Table(
    "device_clocks",
    METADATA,
    Column("device_id", Bytes(16), primary_key=True),
    Column("offset_seconds", Integer, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
)
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
# On SQLite a column takes anything, and its texts and numbers come before all octets.
NAMED = and_(HELD.c.id >= b"", func.length(HELD.c.id) == 16)
"""The rows whose own id is one.

Every question about held rows is about these; the others are named anew when the store opens.
"""
FARTHEST = timedelta(days=80_000)
"""No device's clock is further from ours: its years have four digits."""
BROKEN = (
    "This cannot be opened here: it was damaged, or its key is gone. Settle it, or restore this store and the "
    "keyring from one backup."
)


@dataclass(frozen=True, slots=True)
class Held:
    """One thing held or refused, opened.

    `entry_id` is the id that came with it, where it has one; `id` is the row's own.

    A `broken` one could not be opened; it is shown as such and keeps nobody from the others. One that names no student
    here ends at `ends_at`.
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


class ReadRow(NamedTuple):
    """A row of held things that is sound: what it says in the clear, and by what it is sealed."""

    held: Held
    sealing: Sealing
    nonce: bytes
    body: bytes


def read_row(row: Any) -> ReadRow | None:
    """A whole row as it was written; None for one that is damaged."""
    if (
        wrong_column(HELD.c, row) is not None
        or row.status not in ("held", "refused")
        or abs(row.offset_seconds) > FARTHEST.total_seconds()
    ):
        return None
    owners = bytes(row.owners or b"")
    if len(owners) % 16:
        return None
    split = tuple(UUID(bytes=owners[start : start + 16]) for start in range(0, len(owners), 16))
    sealing = Sealing(split, tuple((row.classes or "").split(",")) if split else (), _id(row.send_key))
    held = Held(
        id=UUID(bytes=bytes(row.id)),
        status=row.status,
        code=row.code,
        field=row.field,
        message=row.message,
        target_id=_id(row.target_id),
        device_id=_id(row.device_id),
        offset=timedelta(seconds=row.offset_seconds),
        received_at=moment(row.received_at),
        entry=None,
        resolution=row.resolution,
        entry_id=_id(row.entry_id),
        ends_at=None if row.ends_at is None else moment(row.ends_at),
    )
    return ReadRow(held, sealing, bytes(row.nonce), bytes(row.body))


def sealed_values(
    sealer: HeldSealer, row_id: UUID, result: Result, entry: Any, sealing: Sealing, received_at: datetime
) -> dict[str, Any]:
    """The columns that say what is held and why.

    The field and the reason may repeat words of the entry, so they are sealed with it.
    """
    nonce, body = sealer.seal(sealing, row_id, {"entry": entry, "field": result.field, "message": result.message or ""})
    entry_id = id_of(entry)
    return {
        "status": result.status,
        "code": result.code,
        "field": None,
        "message": "",
        "received_at": microseconds(received_at),
        "nonce": nonce,
        "body": body,
        "resolution": None,
        "resolved_by": None,
        "resolved_at": None,
        "entry_id": entry_id and entry_id.bytes,
        "owners": b"".join(owner.bytes for owner in sealing.owners),
        "classes": ",".join(sealing.classes),
        "send_key": sealing.send_key and sealing.send_key.bytes,
        "ends_at": microseconds(received_at + LIFE) if sealing.send_key else None,
    }


def open_row(sealer: HeldSealer, row: Any) -> Held:
    """What a row holds, or that it cannot be opened."""
    read = read_row(row)
    if read is None:
        return _broken(row)
    try:
        told = sealer.open(read.sealing, read.held.id, read.nonce, read.body)
        if row.owners is None and row.send_key is None:
            # Before rows had keys of their own, the entry alone was sealed and the rest stood beside it.
            return replace(read.held, entry=told)
        return replace(read.held, entry=told["entry"], field=told["field"], message=told["message"])
    except (KeyringError, KeyError, TypeError, ValueError):
        return _broken(row)


def _broken(row: Any) -> Held:
    """A row that cannot be opened, with what of it can still be told."""
    columns = {
        column.name: None if wrong_column([column], [value]) else value
        for column, value in zip(HELD.c, row, strict=True)
    }
    return Held(
        UUID(bytes=bytes(row.id)),
        "refused",
        None,
        None,
        BROKEN,
        None,
        _id(columns["device_id"]),
        timedelta(),
        moment(columns["received_at"] or 0),
        None,
        columns["resolution"],
        broken=True,
    )


def _id(value: Any) -> UUID | None:
    return UUID(bytes=bytes(value)) if value else None
