"""What was sent and could not be accepted, or not yet: kept, sealed and backed up, until somebody resolves it.

Nothing refused is ever dropped. The body of a held entry is sealed under a key of the ledger's own, bound to its id.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.application.keyring import Key
from ap_ledger.application.results import Result
from ap_ledger.application.stores import BigInt, Bytes, create_store, open_existing
from ap_ledger.errors import SetupError
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.persistence.steps.held import STEPS
from ap_ledger.settings import Settings

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
)
DEVICE_CLOCKS = Table(
    "device_clocks",
    METADATA,
    Column("device_id", Bytes(16), primary_key=True),
    Column("offset_seconds", Integer, nullable=False),
    Column("seen_at", BigInt, nullable=False),
)
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")


@dataclass(frozen=True, slots=True)
class Held:
    """One thing held or refused, opened."""

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


class HeldStore:
    """Keeps, lists and resolves what could not be accepted; remembers how wrong each device's clock was."""

    def __init__(self, settings: Settings, key: Key) -> None:
        missing = SetupError("The store of held entries is missing. Restore it from its backup, or run: ap-ledger check")
        self._engine = open_existing(settings, "held", "held", PRAGMAS, STEPS, missing)
        self._key = key
        self._clocks: dict[UUID, int | None] = {}

    @classmethod
    def create(cls, settings: Settings) -> None:
        """Makes the empty store."""
        create_store(settings, "held", METADATA, PRAGMAS, STEPS)

    def keep(self, row_id: UUID, result: Result, entry: Any, received_at: datetime, offset: timedelta, device_id: UUID | None, target_id: UUID | None) -> None:
        """Keeps what was sent, under its own id (or one made here, where it has none). The newest sending of an id stays."""
        nonce = os.urandom(12)
        values = {
            "status": result.status, "code": result.code, "field": result.field, "message": result.message or "",
            "target_id": target_id and target_id.bytes, "device_id": device_id and device_id.bytes,
            "offset_seconds": int(offset.total_seconds()), "received_at": microseconds(received_at), "nonce": nonce,
            "body": self._key.cipher.encrypt(nonce, orjson.dumps(entry), row_id.bytes),
            "resolution": None, "resolved_by": None, "resolved_at": None,
        }  # fmt: skip
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(HELD).values(id=row_id.bytes, **values))
        except IntegrityError:
            with self._engine.begin() as connection:
                connection.execute(update(HELD).where(HELD.c.id == row_id.bytes).values(**values))

    def waiting(self, after: UUID | None = None, limit: int = 100) -> list[Held]:
        """What is not resolved yet, in the order of ids, after one of them."""
        ask = select(HELD).where(HELD.c.resolution.is_(None)).order_by(HELD.c.id).limit(limit)
        if after is not None:
            ask = ask.where(HELD.c.id > after.bytes)
        with self._engine.connect() as connection:
            return [self._open(row) for row in connection.execute(ask)]

    def get(self, row_id: UUID) -> Held | None:
        """One held thing by its id."""
        with self._engine.connect() as connection:
            row = connection.execute(select(HELD).where(HELD.c.id == row_id.bytes)).first()
        return None if row is None else self._open(row)

    def waiting_for(self, targets: Sequence[UUID]) -> list[Held]:
        """What waits for any of these entries to arrive, in the order in which it came."""
        if not targets:
            return []
        ask = select(HELD).where(HELD.c.resolution.is_(None), HELD.c.status == "held", HELD.c.target_id.in_([one.bytes for one in targets]))
        with self._engine.connect() as connection:
            return [self._open(row) for row in connection.execute(ask.order_by(HELD.c.received_at))]

    def any_waiting(self) -> bool:
        """Whether anything at all waits for another entry: asked once for each send, so it must be quick."""
        ask = select(HELD.c.id).where(HELD.c.resolution.is_(None), HELD.c.target_id.is_not(None)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(ask).first() is not None

    def resolve(self, row_id: UUID, resolution: str, now: datetime, by: UUID | None = None) -> bool:
        """Says how a held thing ended: `recorded`, `replaced` or a reason for dismissing it. False when nothing waited."""
        with self._engine.begin() as connection:
            return (
                connection.execute(
                    update(HELD)
                    .where(HELD.c.id == row_id.bytes, HELD.c.resolution.is_(None))
                    .values(resolution=resolution, resolved_at=microseconds(now), resolved_by=by and by.bytes)
                ).rowcount
                > 0
            )

    def forget(self, erased: Callable[[Held], bool], unboxed: Callable[[Any], Any]) -> int:
        """Lets go of everything, settled or not, whose body was erased with a student's key. Returns how many went."""
        with self._engine.connect() as connection:
            gone = [row.id for row in connection.execute(select(HELD)) if erased(replace(held := self._open(row), entry=unboxed(held.entry)))]
        with self._engine.begin() as connection:
            for row_id in gone:
                connection.execute(delete(HELD).where(HELD.c.id == row_id))
        return len(gone)

    def last_offset(self, device_id: UUID) -> timedelta | None:
        """How far the device's clock was from ours at its last contact."""
        if device_id not in self._clocks:
            with self._engine.connect() as connection:
                row = connection.execute(select(DEVICE_CLOCKS.c.offset_seconds).where(DEVICE_CLOCKS.c.device_id == device_id.bytes)).first()
            self._clocks[device_id] = row.offset_seconds if row else None
        seconds = self._clocks[device_id]
        return None if seconds is None else timedelta(seconds=seconds)

    def remember_offset(self, device_id: UUID, offset: timedelta, now: datetime) -> None:
        """Remembers a device's clock. Small wavering is not worth a write."""
        seconds, before = int(offset.total_seconds()), self.last_offset(device_id)
        if before is not None and abs(before.total_seconds() - seconds) < 30:
            return
        self._clocks[device_id] = seconds
        with self._engine.begin() as connection:
            connection.execute(delete(DEVICE_CLOCKS).where(DEVICE_CLOCKS.c.device_id == device_id.bytes))
            connection.execute(insert(DEVICE_CLOCKS).values(device_id=device_id.bytes, offset_seconds=seconds, seen_at=microseconds(now)))

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()

    def _open(self, row: Any) -> Held:
        return Held(
            id=UUID(bytes=bytes(row.id)),
            status=row.status,
            code=row.code,
            field=row.field,
            message=row.message,
            target_id=UUID(bytes=bytes(row.target_id)) if row.target_id else None,
            device_id=UUID(bytes=bytes(row.device_id)) if row.device_id else None,
            offset=timedelta(seconds=row.offset_seconds),
            received_at=moment(row.received_at),
            entry=orjson.loads(self._key.cipher.decrypt(bytes(row.nonce), bytes(row.body), bytes(row.id))),
            resolution=row.resolution,
        )
