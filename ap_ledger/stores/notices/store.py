"""The tables of the store of notices, and what everything that keeps a row in them shares.

A row says that there is something new of a kind, for whom, and since when. What it is stands in the ledger and on its
own page; here is no word of it, and no student.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from ap_ledger.errors import SetupError
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.steps.notices import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import MOMENT, BigInt, Bytes, changing, create_store, open_existing
from ap_ledger.stores.keyring.keyring import Key

NONCE_BYTES = 12
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
MISSING = (
    "The store of notices is missing. Restore it from its backup; where there is none, ap-ledger upgrade makes an "
    "empty one, and whoever wants mail or notifications says so again."
)
METADATA = MetaData()
NOTICES = Table(
    "notices", METADATA,
    Column("person", Bytes(16), primary_key=True),
    Column("name", String, primary_key=True),
    # What it is one notice of: however often a source tells of it, there is one for each person.
    Column("key", Bytes(16), primary_key=True),
    Column("setting", Bytes(16), nullable=False),
    # What its page is about, where that has an address of its own.
    Column("about", Bytes(16)),
    Column("happened_at", MOMENT, nullable=False),
    Column("raised_at", MOMENT, nullable=False),
    Column("read_at", MOMENT),
    Index("notices_unread", "person", "read_at"),
)  # fmt: skip
DELIVERIES = Table(
    "deliveries", METADATA,
    Column("person", Bytes(16), primary_key=True),
    Column("name", String, primary_key=True),
    Column("key", Bytes(16), primary_key=True),
    Column("channel", String, primary_key=True),
    Column("setting", Bytes(16), nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("since", MOMENT, nullable=False),
    Column("next_at", MOMENT, nullable=False),
    Index("deliveries_waiting", "state", "next_at"),
)  # fmt: skip
MARKS = Table(
    "marks", METADATA,
    Column("source", String, primary_key=True),
    # A position of the ledger, or microseconds, as the source understands it.
    Column("reached", BigInt, nullable=False),
)  # fmt: skip
CHOICES = Table(
    "choices", METADATA,
    Column("person", Bytes(16), primary_key=True),
    Column("mail", Integer, nullable=False),
    Column("push", Integer, nullable=False),
    Column("address", Bytes),
)  # fmt: skip
SUBSCRIPTIONS = Table(
    "subscriptions", METADATA,
    Column("id", Bytes(16), primary_key=True),
    Column("person", Bytes(16), nullable=False, index=True),
    Column("sealed", Bytes, nullable=False),
    Column("made_at", MOMENT, nullable=False),
)  # fmt: skip
MAIL = Table(
    "mail", METADATA,
    Column("setting", Bytes(16), primary_key=True),
    Column("is_on", Integer, nullable=False),
    Column("sealed", Bytes, nullable=False),
    Column("failing_since", MOMENT),
    Column("fault", String),
)  # fmt: skip


class NoticeTables:
    """Opens the store. What keeps rows in it builds on this."""

    def __init__(self, settings: Settings, key: Key) -> None:
        self._engine = open_existing(settings, "notices", "notices", PRAGMAS, STEPS, SetupError(MISSING))
        self._key = key

    @classmethod
    def create(cls, settings: Settings) -> None:
        """Makes the empty store."""
        create_store(settings, "notices", METADATA, PRAGMAS, STEPS)

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()

    # Marks ------------------------------------------------------------------------------------------------------------

    def reached(self, source: str) -> int | None:
        """How far a source was looked through; None where nobody has looked yet."""
        with self._engine.connect() as connection:
            return connection.execute(select(MARKS.c.reached).where(MARKS.c.source == source)).scalar()

    def reach(self, source: str, mark: int) -> None:
        """Remembers how far a source was looked through."""
        insert = self._insert(MARKS).values(source=source, reached=mark)
        self._change(insert.on_conflict_do_update(index_elements=["source"], set_={"reached": insert.excluded.reached}))

    # What the parts of the store share --------------------------------------------------------------------------------

    def _insert(self, table: Table) -> Any:
        """An INSERT that can say what happens to a row that is there already; both databases spell it alike."""
        return (postgresql if self._engine.dialect.name == "postgresql" else sqlite).insert(table)

    def _change(self, *statements: Any) -> int:
        with changing(self._engine) as connection:
            return [connection.execute(statement).rowcount for statement in statements][-1]

    def _seal(self, said: Any, bound: bytes) -> bytes:
        """Seals what only the service reads, under the ledger's own key. It opens beside its own row only."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._key.cipher.encrypt(nonce, orjson.dumps(said), bound)

    def _open(self, sealed: Any, bound: bytes) -> Any:
        """What was sealed; None where it is not what was sealed there."""
        if sealed is None:
            return None
        whole = bytes(sealed)
        with suppress(InvalidTag, ValueError):
            return orjson.loads(self._key.cipher.decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], bound))
        return None


def stamp(now: datetime) -> int:
    """A moment as the store keeps it."""
    return microseconds(now)
