"""The sealing keys, in a store of their own: one for each owner (student, person, setting) and retention class.

Each key is wrapped (RFC 3394) under the master key. Losing this store or the master key is losing every sealed text, so a
ledger whose keys are missing is refused, and never quietly given new ones.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy import Column, Connection, Engine, Index, MetaData, String, Table, create_engine, delete, insert, inspect, select, update

from ap_ledger.application.master_key import PROOF, fitting_key, master_key_file, read_master_key, write_key
from ap_ledger.application.stores import BigInt, Bytes, open_store
from ap_ledger.errors import KeyringError
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.persistence.migrations import read_version, require_version, write_version
from ap_ledger.persistence.steps.keyring import STEPS
from ap_ledger.settings import Settings

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
    Index("keys_owner", "owner_id", "retention_class"),
)
INTENTIONS = Table(
    "intentions",
    METADATA,
    Column("command_id", Bytes(16), primary_key=True),
    Column("student_id", Bytes(16), nullable=False),
    Column("retention_class", String, nullable=False),
    Column("position", BigInt),
)
ABOUT = Table("about", METADATA, Column("ledger_id", Bytes(16), primary_key=True), Column("proof", Bytes, nullable=False))
# The keyring is small and precious: every change is on the disk before it is used, and what was shredded is overwritten.
PRAGMAS = ("journal_mode=DELETE", "synchronous=EXTRA")


class Key(NamedTuple):
    """An open key: its id, its raw bytes, and the cipher made from them."""

    id: UUID
    raw: bytes
    cipher: AESGCM

    @property
    def commitment(self) -> str:
        """Binds the key without telling it: AES-GCM alone would let another key show another text."""
        return hmac.digest(self.raw, b"commit", "sha256").hex()


class Intention(NamedTuple):
    """An erasure that is about to happen: of one text where there is a position, of a whole class where there is none."""

    command_id: UUID
    student_id: UUID
    retention_class: str
    position: int | None


class Keyring:
    """Opens, makes and shreds keys. Open keys are remembered until `forget`."""

    def __init__(self, engine: Engine, master: bytes, settings: Settings) -> None:
        self._engine = engine
        self._master = master
        self._settings = settings
        self._open: dict[tuple[UUID, str], Key | None] = {}
        self._by_id: dict[UUID, Key | None] = {}
        self._lock = threading.Lock()

    @classmethod
    def create(cls, settings: Settings, ledger_id: UUID) -> None:
        """Makes an empty keyring for a new ledger, under the master key (made too where there is none)."""
        engine = open_store(settings.sqlalchemy_url("keyring"), "keyring", PRAGMAS)
        METADATA.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(ABOUT).values(ledger_id=ledger_id.bytes, proof=aes_key_wrap(read_master_key(settings), PROOF)))
            write_version(connection, len(STEPS))
        keyring = cls(engine, read_master_key(settings), settings)
        keyring.make(ledger_id)
        engine.dispose()

    @classmethod
    def open(cls, settings: Settings, ledger_id: UUID, newest: UUID | None) -> Keyring:
        """The keyring of a ledger, of which `newest` is the key made last.

        Raises KeyringError when it is missing, another's, older than the ledger, or does not open.
        """
        engine = open_store(settings.sqlalchemy_url("keyring"), "keyring", PRAGMAS)
        try:
            return cls(engine, cls._check(engine, settings, ledger_id, newest), settings)
        except BaseException:
            engine.dispose()
            raise

    @staticmethod
    def _check(engine: Engine, settings: Settings, ledger_id: UUID, newest: UUID | None) -> bytes:
        """The master key that opens a keyring which is whole and this ledger's. Raises KeyringError."""
        if not inspect(engine).has_table("keys"):
            raise KeyringError("The keyring of this ledger is missing. Restore it from its backup; a new one could not open a single text.")
        with engine.connect() as connection:
            require_version("keyring", read_version(connection), STEPS)
            about = connection.execute(select(ABOUT)).first()
            known = newest is None or connection.execute(select(KEYS.c.key_id).where(KEYS.c.key_id == newest.bytes)).first() is not None
        if about is None or UUID(bytes=about.ledger_id) != ledger_id:
            raise KeyringError("This keyring belongs to another ledger. Restore the one that was backed up with this ledger.")
        if not known:
            raise KeyringError("The keyring lacks keys that the ledger made: it is older than the ledger. Restore a newer backup.")
        return fitting_key(settings, about.proof)

    def make(self, owner: UUID) -> dict[str, Key]:
        """Makes the owner's keys, one for each retention class, where they have none yet. Durable when it returns."""
        made: dict[str, Key] = {}
        with self._lock, self._engine.begin() as connection:
            have = {row.retention_class for row in connection.execute(select(KEYS.c.retention_class).where(KEYS.c.owner_id == owner.bytes))}
            for kept in RETENTION_CLASSES:
                if kept in have:
                    continue
                raw, key_id = secrets.token_bytes(32), uuid4()
                connection.execute(
                    insert(KEYS).values(
                        key_id=key_id.bytes,
                        owner_id=owner.bytes,
                        retention_class=kept,
                        wrapped=aes_key_wrap(self._master, raw),
                        made_at=datetime.now(UTC).isoformat(),
                    )
                )
                made[kept] = Key(key_id, raw, AESGCM(raw))
        self.forget()
        return made or {kept: key for kept in RETENTION_CLASSES if (key := self.key(owner, kept))}

    def key(self, owner: UUID, retention_class: str) -> Key | None:
        """The owner's key for a class, or None once it is shredded (or was never made)."""
        asked = (owner, retention_class)
        if asked not in self._open:
            with self._reading() as connection:
                row = connection.execute(
                    select(KEYS.c.key_id, KEYS.c.wrapped).where(KEYS.c.owner_id == owner.bytes, KEYS.c.retention_class == retention_class)
                ).first()
            self._open[asked] = self._unwrap(row.key_id, row.wrapped) if row else None
        return self._open[asked]

    def by_id(self, key_id: UUID) -> Key | None:
        """The key that a sealed text names, or None once it is shredded."""
        if key_id not in self._by_id:
            with self._reading() as connection:
                row = connection.execute(select(KEYS.c.key_id, KEYS.c.wrapped).where(KEYS.c.key_id == key_id.bytes)).first()
            self._by_id[key_id] = self._unwrap(row.key_id, row.wrapped) if row else None
        return self._by_id[key_id]

    def shred(self, owner: UUID, retention_class: str) -> None:
        """Destroys a key for ever; its row stays, to say when. Doing it twice is harmless."""
        with self._engine.begin() as connection:
            connection.execute(
                update(KEYS)
                .where(KEYS.c.owner_id == owner.bytes, KEYS.c.retention_class == retention_class, KEYS.c.shredded_at.is_(None))
                .values(wrapped=None, shredded_at=datetime.now(UTC).isoformat())
            )
        self.forget()

    def intend(self, intention: Intention) -> None:
        """Writes an erasure down before its event is stored."""
        self.strike_out(intention.command_id)
        with self._engine.begin() as connection:
            connection.execute(
                insert(INTENTIONS).values(
                    command_id=intention.command_id.bytes, student_id=intention.student_id.bytes,
                    retention_class=intention.retention_class, position=intention.position,
                )
            )  # fmt: skip

    def strike_out(self, command_id: UUID) -> None:
        """An erasure was done, or will not be."""
        with self._engine.begin() as connection:
            connection.execute(delete(INTENTIONS).where(INTENTIONS.c.command_id == command_id.bytes))

    def intentions(self) -> list[Intention]:
        """Erasures that were begun and not finished."""
        with self._reading() as connection:
            rows = connection.execute(select(INTENTIONS)).all()
        return [Intention(UUID(bytes=bytes(row.command_id)), UUID(bytes=bytes(row.student_id)), row.retention_class, row.position) for row in rows]

    def rotate(self, new: bytes) -> int:
        """Wraps every key under a new master key, all at once. Returns how many. What was shredded stays so."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(KEYS.c.key_id, KEYS.c.wrapped).where(KEYS.c.wrapped.is_not(None))).all()
            for row in rows:
                wrapped = aes_key_wrap(new, aes_key_unwrap(self._master, bytes(row.wrapped)))
                connection.execute(update(KEYS).where(KEYS.c.key_id == row.key_id).values(wrapped=wrapped))
            connection.execute(update(ABOUT).values(proof=aes_key_wrap(new, PROOF)))
        self._master = new
        self.forget()
        return len(rows)

    def copy_to(self, path: Path) -> int:
        """Writes the keyring, wrapped as it is, into a file of its own. Returns how many keys are in it."""
        target = create_engine(f"sqlite:///{path}")
        METADATA.create_all(target)
        with self._reading() as connection, target.begin() as copy:
            for table in (ABOUT, KEYS, INTENTIONS):
                if rows := [dict(row) for row in connection.execute(select(table)).mappings()]:
                    copy.execute(insert(table), rows)
            kept = len(connection.execute(select(KEYS.c.key_id)).all())
        target.dispose()
        return kept

    def forget(self) -> None:
        """Lets go of open keys, so that what another process shredded is not remembered here."""
        self._open = {}
        self._by_id = {}

    def close(self) -> None:
        """Lets go of the store."""
        self.forget()
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    def _unwrap(self, key_id: bytes, wrapped: bytes | None) -> Key | None:
        if wrapped is None:
            return None
        try:
            raw = aes_key_unwrap(self._master, bytes(wrapped))
        except InvalidUnwrap:
            # Another process rotated the master key since this one read it.
            with self._reading() as connection:
                about = connection.execute(select(ABOUT)).one()
            self._master = fitting_key(self._settings, about.proof)
            raw = aes_key_unwrap(self._master, bytes(wrapped))
        return Key(UUID(bytes=bytes(key_id)), raw, AESGCM(raw))


def restore_keyring(settings: Settings, path: Path) -> int:
    """Puts a copy of the keyring in the place of the one that is there. Returns how many keys it holds. Raises KeyringError.

    What was shredded since the copy was made lives again in it, so the ledger must be swept before anybody reads.
    """
    source = create_engine(f"sqlite:///{path}")
    engine = open_store(settings.sqlalchemy_url("keyring"), "keyring", PRAGMAS)
    try:
        if not path.is_file() or not inspect(source).has_table("keys"):
            raise KeyringError("This file is no copy of a keyring. Make copies with: ap-ledger keyring backup")
        METADATA.create_all(engine)
        with source.connect() as copy, engine.begin() as connection:
            here, there = connection.execute(select(ABOUT)).first(), copy.execute(select(ABOUT)).first()
            if there is None or (here is not None and bytes(here.ledger_id) != bytes(there.ledger_id)):
                raise KeyringError("This copy belongs to another ledger; nothing was changed.")
            fitting_key(settings, there.proof)
            # What is known to be shredded here stays shredded, whatever the copy says.
            shredded = {bytes(row.key_id): row.shredded_at for row in connection.execute(select(KEYS).where(KEYS.c.wrapped.is_(None)))}
            for table in (ABOUT, KEYS, INTENTIONS):
                connection.execute(delete(table))
                rows = [dict(row) for row in copy.execute(select(table)).mappings()]
                for row in rows:
                    if table is KEYS and bytes(row["key_id"]) in shredded:
                        row |= {"wrapped": None, "shredded_at": shredded[bytes(row["key_id"])]}
                if rows:
                    connection.execute(insert(table), rows)
            return len(connection.execute(select(KEYS.c.key_id)).all())
    finally:
        source.dispose()
        engine.dispose()


def rotate_master_key(settings: Settings, keyring: Keyring) -> tuple[int, Path]:
    """Makes a new master key and wraps every key under it. Returns how many keys, and where the old master key lies now.

    The new key is on the disk before the keyring needs it; a crash in between leaves two files, of which one fits.
    Raises KeyringError where the master key is not kept in a file.
    """
    path = master_key_file(settings)
    if settings.master_key is not None:
        raise KeyringError("The master key is given by AP_LEDGER_MASTER_KEY. Put it into a file (AP_LEDGER_MASTER_KEY_FILE) to rotate it here.")
    coming, old = path.with_name(path.name + ".new"), path.with_name(path.name + ".old")
    # What a rotation that stopped half-way had written and nothing was wrapped under. Had it been used, opening would have settled it.
    coming.unlink(missing_ok=True)
    new = secrets.token_bytes(32)
    write_key(coming, new)
    count = keyring.rotate(new)
    path.replace(old)
    coming.replace(path)
    return count, old
