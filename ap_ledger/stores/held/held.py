"""What was sent and could not be accepted, or not yet: kept, sealed and backed up, until somebody resolves it.

Nothing refused is dropped. Each row has a key of its own, so that knowing an id never takes anybody's place; what it
says, the field and the reason included, is sealed (see `held_sealing`) and bound to that key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, delete, insert, not_, select, type_coerce, update
from sqlalchemy.types import NullType

from ap_ledger.domain.posting import form_of, id_of
from ap_ledger.domain.results import Result
from ap_ledger.errors import SetupError
from ap_ledger.events.ids import new_id
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.steps.held import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import create_store, open_existing
from ap_ledger.stores.held.rows import (
    DEVICE_CLOCKS,
    FARTHEST,
    HELD,
    METADATA,
    NAMED,
    PRAGMAS,
    Held,
    Keeping,
    open_row,
    read_row,
    sealed_values,
)
from ap_ledger.stores.held.sealing import HeldSealer, Sealing
from ap_ledger.stores.sound_rows import sound_rows

UNDER_ONE_ID = 50
"""So many things that came under one id are looked at, the newest of them: nobody sends more that differ."""


def _rows() -> Select[Any]:
    return select(HELD).where(NAMED)


def _under(entry_id: UUID) -> Select[Any]:
    waits = _rows().where(HELD.c.resolution.is_(None), HELD.c.entry_id == entry_id.bytes)
    return waits.order_by(HELD.c.id.desc()).limit(UNDER_ONE_ID)


class HeldStore:
    """Keeps, lists and resolves what could not be accepted; remembers how wrong each device's clock was."""

    def __init__(self, settings: Settings, sealer: HeldSealer) -> None:
        missing = SetupError(
            "The store of held entries is missing. Restore it from its backup, or run: ap-ledger check"
        )
        self._engine = open_existing(settings, "held", "held", PRAGMAS, STEPS, missing)
        self._sealer = sealer
        self._clocks: dict[UUID, int | None] = {}

    @classmethod
    def create(cls, settings: Settings) -> None:
        """Makes the empty store."""
        create_store(settings, "held", METADATA, PRAGMAS, STEPS)

    def keep(self, kept: Sequence[Keeping], received_at: datetime, offset: timedelta, device_id: UUID | None) -> None:
        """Keeps what one send brought that could not be accepted, all in one transaction.

        The same sent again stays one thing, with the newest reason. Something else under the same id is kept beside it.
        """
        made: list[UUID] = []

        def send_key() -> UUID:
            if not made:
                made.append(self._sealer.make_send_key(new_id()))
            return made[0]

        sealings = [self._sealer.sealing_for(keeping.entry, keeping.result.code, send_key) for keeping in kept]
        forms: dict[UUID, dict[bytes, UUID]] = {}
        with self._engine.begin() as connection:
            for keeping, sealing in zip(kept, sealings, strict=True):
                row_id = self._row_for(connection, keeping.entry, forms)
                connection.execute(delete(HELD).where(HELD.c.id == row_id.bytes))
                values = sealed_values(self._sealer, row_id, keeping.result, keeping.entry, sealing, received_at)
                told = {
                    "target_id": keeping.target_id and keeping.target_id.bytes,
                    "device_id": device_id and device_id.bytes,
                }
                connection.execute(
                    insert(HELD).values(id=row_id.bytes, offset_seconds=int(offset.total_seconds()), **values, **told)
                )

    def _row_for(self, connection: Connection, entry: Any, forms: dict[UUID, dict[bytes, UUID]]) -> UUID:
        """The row in which the same thing waits already, or a new one.

        What waits under an id is opened once for a send.
        """
        entry_id = id_of(entry)
        if entry_id is None:
            return new_id()
        if entry_id not in forms:
            waiting = [open_row(self._sealer, row) for row in connection.execute(_under(entry_id))]
            forms[entry_id] = {form_of(held.entry): held.id for held in waiting if not held.broken}
        return forms[entry_id].setdefault(form_of(entry), new_id())

    def judge_again(self, held: Held, result: Result) -> None:
        """What waited was refused after all: it says today's reason, and waits for nothing more."""
        with self._engine.begin() as connection:
            row = connection.execute(_rows().where(HELD.c.id == held.id.bytes)).one()
            if (read := read_row(row)) is None:
                # It was damaged since it was opened, and is shown as broken from now on.
                return
            values = sealed_values(self._sealer, held.id, result, held.entry, read.sealing, held.received_at)
            connection.execute(
                update(HELD)
                .where(HELD.c.id == held.id.bytes)
                .values(**{**values, "ends_at": row.ends_at}, target_id=None)
            )

    def waiting(self, after: UUID | None = None, limit: int = 100) -> list[Held]:
        """What is not resolved yet, in the order in which it came, after one of them."""
        ask = _rows().where(HELD.c.resolution.is_(None)).order_by(HELD.c.id).limit(limit)
        return self._opened(ask if after is None else ask.where(HELD.c.id > after.bytes))

    def get(self, some_id: UUID) -> Held | None:
        """One held thing, by its own id or by the id it came with; of several the newest that waits."""
        candidates = self._opened(
            _rows().where((HELD.c.id == some_id.bytes) | (HELD.c.entry_id == some_id.bytes)).order_by(HELD.c.id)
        )
        return max(candidates, key=lambda held: (held.id == some_id, held.resolution is None, held.id), default=None)

    def waiting_under(self, entry_id: UUID) -> list[Held]:
        """Everything that came under an id and is not resolved yet."""
        return self._opened(_under(entry_id))

    def waiting_for(self, targets: Sequence[UUID]) -> list[Held]:
        """What waits for any of these entries to arrive, in the order in which it came."""
        if not targets:
            return []
        ask = _rows().where(
            HELD.c.resolution.is_(None),
            HELD.c.status == "held",
            HELD.c.target_id.in_([target.bytes for target in targets]),
        )
        return self._opened(ask.order_by(HELD.c.received_at, HELD.c.id))

    def any_waiting(self) -> bool:
        """Whether anything at all waits for another entry: asked once for each send, so it must be quick."""
        ask = select(HELD.c.id).where(HELD.c.resolution.is_(None), HELD.c.target_id.is_not(None)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(ask).first() is not None

    def resolve(self, row_ids: Iterable[UUID], resolution: str, now: datetime, by: UUID | None = None) -> bool:
        """Says how held things ended: `recorded`, `replaced` or a reason for dismissing them. False when nothing
        waited."""
        wanted = [id_.bytes for id_ in row_ids]
        if not wanted:
            return False
        ended = {"resolution": resolution, "resolved_at": microseconds(now), "resolved_by": by and by.bytes}
        with self._engine.begin() as connection:
            return (
                connection.execute(
                    update(HELD).where(HELD.c.id.in_(wanted), HELD.c.resolution.is_(None)).values(**ended)
                ).rowcount
                > 0
            )

    def forget(self, student: UUID, erased: Callable[[Held, Sealing], bool]) -> int:
        """Lets go of everything, settled or not, that was erased with a student's key. Returns how many went.

        Asked about are those that are sealed for the student, and those of which nobody knew whom they are about.
        """
        with self._engine.begin() as connection:
            gone = [row.id for row in connection.execute(_rows()) if self._is_erased(row, student, erased)]
            for row_id in gone:
                connection.execute(delete(HELD).where(HELD.c.id == row_id))
        return len(gone)

    def _is_erased(self, row: Any, student: UUID, erased: Callable[[Held, Sealing], bool]) -> bool:
        read = read_row(row)
        if read is None or (read.sealing.owners and student not in read.sealing.owners):
            # A damaged row opens for nobody, so nothing can be told or erased of it.
            return False
        return erased(open_row(self._sealer, row), read.sealing)

    def end_lives(self, now: datetime) -> int:
        """Ends what named no student here and is 35 days old, and destroys its keys. Returns how many went."""
        over = (HELD.c.ends_at.is_not(None)) & (HELD.c.ends_at <= microseconds(now))
        with self._engine.begin() as connection:
            keys = {
                UUID(bytes=bytes(row.send_key))
                for row in sound_rows(connection, select(HELD.c.send_key).where(over))
                if row.send_key
            }
            gone = connection.execute(delete(HELD).where(over)).rowcount
        self._sealer.end_send_keys(keys)
        return gone

    def name_anew(self) -> int:
        """Gives rows whose own id was damaged a new one, so that they are shown, as broken, and can be settled.

        Returns how many.
        """
        stored = type_coerce(HELD.c.id, NullType())
        with self._engine.begin() as connection:
            damaged = connection.scalars(select(stored).where(not_(NAMED))).all()
            for row_id in damaged:
                connection.execute(update(HELD).where(stored == row_id).values(id=new_id().bytes))
        return len(damaged)

    def seal_anew(self, now: datetime) -> int:
        """Seals by students' keys what an earlier version sealed by the ledger's own. Returns how many."""
        old = _rows().where(HELD.c.owners.is_(None), HELD.c.send_key.is_(None))
        rows = [held for held in self._opened(old) if not held.broken]
        for row in rows:
            sealing = self._sealer.sealing_for(row.entry, row.code, lambda: self._sealer.make_send_key(new_id()))
            result = Result(None, "refused", code=row.code, field=row.field, message=row.message)
            values = {
                **sealed_values(self._sealer, row.id, result, row.entry, sealing, now),
                "status": row.status,
                "received_at": microseconds(row.received_at),
            }
            with self._engine.begin() as connection:
                connection.execute(update(HELD).where(HELD.c.id == row.id.bytes).values(**values))
        if rows and self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(rows)

    def last_offset(self, device_id: UUID) -> timedelta | None:
        """How far the device's clock was from ours at its last contact."""
        if device_id not in self._clocks:
            ask = select(DEVICE_CLOCKS.c.offset_seconds).where(DEVICE_CLOCKS.c.device_id == device_id.bytes)
            with self._engine.connect() as connection:
                row = next(sound_rows(connection, ask), None)
            # One that was damaged is as good as none, and is written anew at the device's next contact.
            self._clocks[device_id] = (
                row.offset_seconds if row and abs(row.offset_seconds) <= FARTHEST.total_seconds() else None
            )
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
            connection.execute(
                insert(DEVICE_CLOCKS).values(
                    device_id=device_id.bytes, offset_seconds=seconds, seen_at=microseconds(now)
                )
            )

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()

    def students_in(self, entry: Any) -> tuple[UUID, ...]:
        """Every student of this ledger whom something names, in any spelling."""
        return self._sealer.students_in(entry)

    def _opened(self, ask: Select[Any]) -> list[Held]:
        with self._engine.connect() as connection:
            return [open_row(self._sealer, row) for row in connection.execute(ask)]
