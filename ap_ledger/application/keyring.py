"""The sealing keys, in a store of their own: one for each owner (student, person, setting) and retention class.

Each key is wrapped (RFC 3394) under the master key. Losing this store or the master key is losing every sealed text, so a
ledger whose keys are missing is refused, and never quietly given new ones.
"""

from __future__ import annotations

import hmac
import os
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
from sqlalchemy import Column, Connection, Engine, Index, MetaData, String, Table, insert, inspect, select, update

from ap_ledger.application.stores import Bytes, open_store
from ap_ledger.errors import KeyringError
from ap_ledger.events.base import RETENTION_CLASSES
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
ABOUT = Table("about", METADATA, Column("ledger_id", Bytes(16), primary_key=True), Column("proof", Bytes, nullable=False))
PROOF = b"AP Ledger keyring: this key fits"
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


class Keyring:
    """Opens, makes and shreds keys. Open keys are remembered until `forget`."""

    def __init__(self, engine: Engine, master: bytes) -> None:
        self._engine = engine
        self._master = master
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
        keyring = cls(engine, read_master_key(settings))
        keyring.make(ledger_id)
        engine.dispose()

    @classmethod
    def open(cls, settings: Settings, ledger_id: UUID, newest: UUID | None) -> Keyring:
        """The keyring of a ledger, of which `newest` is the key made last.

        Raises KeyringError when it is missing, another's, older than the ledger, or does not open.
        """
        engine = open_store(settings.sqlalchemy_url("keyring"), "keyring", PRAGMAS)
        if not inspect(engine).has_table("keys"):
            raise KeyringError("The keyring of this ledger is missing. Restore it from its backup; a new one could not open a single text.")
        with engine.connect() as connection:
            about = connection.execute(select(ABOUT)).first()
            known = newest is None or connection.execute(select(KEYS.c.key_id).where(KEYS.c.key_id == newest.bytes)).first() is not None
        if about is None or UUID(bytes=about.ledger_id) != ledger_id:
            raise KeyringError("This keyring belongs to another ledger. Restore the one that was backed up with this ledger.")
        if not known:
            raise KeyringError("The keyring lacks keys that the ledger made: it is older than the ledger. Restore a newer backup.")
        master = read_master_key(settings)
        try:
            fits = aes_key_unwrap(master, about.proof) == PROOF
        except InvalidUnwrap:
            fits = False
        if not fits:
            raise KeyringError("The master key does not open this keyring. Give the master key that this ledger was made with.")
        return cls(engine, master)

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
        raw = aes_key_unwrap(self._master, bytes(wrapped))
        return Key(UUID(bytes=bytes(key_id)), raw, AESGCM(raw))


def master_key_file(settings: Settings) -> Path:
    """Where the master key lies when it is kept in a file."""
    return settings.master_key_file or settings.data / "master.key"


def read_master_key(settings: Settings) -> bytes:
    """The 32 bytes that open the keyring, from the environment or the file. Raises KeyringError when there are none."""
    path = master_key_file(settings)
    if settings.master_key is not None:
        text = settings.master_key.get_secret_value()
    elif path.exists():
        text = path.read_text("ascii", errors="replace")
    else:
        raise KeyringError(f"The master key is missing: {path} is not there and AP_LEDGER_MASTER_KEY is not set. Restore it from where you keep it safe.")
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyringError("The master key must be 64 hex digits.")
    return key


def make_master_key(settings: Settings) -> Path | None:
    """Writes a new master key, readable by its owner alone, unless one was given. Returns the file made, if any."""
    path = master_key_file(settings)
    if settings.master_key is not None or path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    return path
