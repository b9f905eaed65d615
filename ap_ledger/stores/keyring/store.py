"""The tables of the keyring, and the transactions in which they are read and changed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Engine, Index, Integer, MetaData, String, Table, select, update
from sqlalchemy.exc import DatabaseError

from ap_ledger.errors import Busy, KeyringError
from ap_ledger.stores.engine import MOMENT, BigInt, Bytes, changing

METADATA = MetaData()
KEYS = Table(
    "keys",
    METADATA,
    Column("key_id", Bytes(16), primary_key=True),
    Column("owner_id", Bytes(16), nullable=False),
    Column("retention_class", String, nullable=False),
    Column("wrapped", Bytes),
    Column("made_at", String, nullable=False),
    Column("shredded_at", String),
    # The master key under which `wrapped` lies, by its name.
    Column("master_id", Bytes(16)),
    # 0 for the key that seals. Two processes could once make keys for one owner: the later ones still open what they
    # sealed.
    Column("spare", Integer, nullable=False, server_default="0"),
    Index("keys_one_each", "owner_id", "retention_class", "spare", unique=True),
)
INTENTIONS = Table(
    "intentions",
    METADATA,
    Column("command_id", Bytes(16), primary_key=True),
    Column("student_id", Bytes(16), nullable=False),
    Column("retention_class", String, nullable=False),
    Column("position", BigInt),
    Column("made_at", MOMENT, nullable=False, server_default="0"),
)
ABOUT = Table(
    "about",
    METADATA,
    Column("ledger_id", Bytes(16), primary_key=True),
    Column("proof", Bytes, nullable=False),
    # Goes up with every change of a key, so that other processes notice it.
    Column("generation", BigInt, nullable=False, server_default="0"),
)
ENDS = Table(
    "ends",
    METADATA,
    Column("day", String, primary_key=True),
    Column("position", BigInt, nullable=False),
    Column("chain", Bytes, nullable=False),
)
CLOCK_TRUST = Table("clock_trust", METADATA, Column("stamp", MOMENT, primary_key=True, autoincrement=False))
# The keyring is small and precious: every change is on the disk before it is used, and what was shredded is
# overwritten.
PRAGMAS = ("journal_mode=DELETE", "synchronous=EXTRA")


class About(NamedTuple):
    """What a keyring says of itself: whose it is, under which master key it lies, and how often its keys changed."""

    ledger_id: UUID
    proof: bytes
    generation: int

    @property
    def master_id(self) -> bytes:
        """The name of the master key."""
        return name_of(self.proof)


def name_of(proof: bytes) -> bytes:
    """The name of a master key, told from its proof.

    The same key always has the same one, which tells nothing of the key.
    """
    return hashlib.sha256(proof).digest()[:16]


def read_about(connection: Connection, *, lock: bool = False) -> About | None:
    """What the keyring says of itself, None where it says nothing.

    With `lock` nobody else changes keys until the transaction ends.
    """
    ask = select(ABOUT.c.ledger_id, ABOUT.c.proof, ABOUT.c.generation)
    row = connection.execute(ask.with_for_update() if lock else ask).first()
    return None if row is None else About(UUID(bytes=bytes(row.ledger_id)), bytes(row.proof), row.generation)


@contextmanager
def changing_keys(engine: Engine) -> Iterator[tuple[Connection, About]]:
    """A transaction in which nobody else changes keys or rotates, and what the keyring says of itself in it.

    Every other process notices at its end that something changed.
    """
    with changing(engine) as connection:
        about = read_about(connection, lock=True)
        if about is None:
            raise KeyringError("This keyring does not say whose it is. Restore it from its backup.")
        connection.execute(update(ABOUT).values(generation=about.generation + 1))
        yield connection, about


class ChangeCounter:
    """Asks how often keys were changed, in one step of the store: it is asked before every look at words.

    So it has a connection of its own, which needs no turn in the pool and no transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def read(self) -> int:
        """The number of changes so far. A connection that broke since is made anew."""
        with self._lock:
            try:
                return self._ask()
            except (DatabaseError, Busy):
                self._let_go()
                return self._ask()

    def close(self) -> None:
        """Lets go of the connection."""
        with self._lock:
            self._let_go()

    def _ask(self) -> int:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return int(self._connection.exec_driver_sql("SELECT generation FROM about").scalar_one())

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
