"""The sealing keys, in a store of their own: one for each owner (student, person, setting) and retention class.

Each key is wrapped (RFC 3394) under the master key that its row names. Losing this store or the master key is losing
every sealed text, so a ledger whose keys are missing is refused, and never quietly given new ones.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from ap_ledger.errors import KeyringError, LostKey, UnreadableKey
from ap_ledger.events.base import RETENTION_CLASSES, RetentionClass
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.steps.keyring import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import changing, create_store, open_existing
from ap_ledger.stores.keyring.master_key import MasterKeys, proof_of, settle_when_opening
from ap_ledger.stores.keyring.rows import OPENED_BY, name_in, open_rows, prove, require_told, rewrap
from ap_ledger.stores.keyring.store import (
    ABOUT,
    INTENTIONS,
    KEYS,
    METADATA,
    PRAGMAS,
    About,
    ChangeCounter,
    changing_keys,
    name_of,
    read_about,
)
from ap_ledger.stores.keyring.told_keys import Told
from ap_ledger.stores.sound_rows import sound_rows, wrong_column

LOOK_AGAIN = 0.05
"""Seconds for which open keys are trusted before the store is asked whether any was changed elsewhere."""
MISSING = "The keyring of this ledger is missing. Restore it from its backup; a new one could not open a single text."

OF_ANOTHER = "This keyring belongs to another ledger. Restore the one that was backed up with this ledger."


class Key(NamedTuple):
    """An open key: its id, its raw bytes, and the cipher made from them."""

    id: UUID
    raw: bytes
    cipher: AESGCM

    @property
    def commitment(self) -> str:
        """Binds the key without telling it: AES-GCM alone would let another key show another text."""
        return commitment_of(self.raw)


def commitment_of(raw: bytes) -> str:
    """What the ledger says of a key when it is made."""
    return hmac.digest(raw, b"commit", "sha256").hex()


class Intention(NamedTuple):
    """An erasure that is about to happen: of one text where there is a position, of a whole class where there is
    none."""

    command_id: UUID
    student_id: UUID
    retention_class: str
    position: int | None


class Rotated(NamedTuple):
    """How many keys lie under the new master key, and which open under none and were left as they were."""

    keys: int
    unreadable: list[UUID]


class Keyring:
    """Opens, makes and shreds keys. Open keys are remembered until the store says that any changed."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self._masters = MasterKeys(settings)
        self._changes = ChangeCounter(engine)
        self._generation = -1
        self._forgotten = 0
        self._by_owner: dict[tuple[UUID, str], Key | None] = {}
        self._by_id: dict[UUID, Key | None] = {}
        self._looked_at = 0.0

    @classmethod
    def create(cls, settings: Settings, ledger_id: UUID) -> Key:
        """Makes the keyring of a new ledger, with the ledger's own keys in it, under the master key that is given.

        Returns the core one.
        """
        masters, own = MasterKeys(settings), dict[str, Key]()

        def fill(connection: Connection) -> None:
            master = masters.given()
            connection.execute(insert(ABOUT).values(ledger_id=ledger_id.bytes, proof=proof_of(master)))
            own.update(_insert_keys(connection, ledger_id, RETENTION_CLASSES, master))

        create_store(settings, "keyring", METADATA, PRAGMAS, STEPS, fill)
        return own["core"]

    @classmethod
    def open(cls, settings: Settings, ledger_id: UUID, newest: UUID | None) -> Keyring:
        """The keyring of a ledger, of which `newest` is the owner for whom keys were made last.

        Raises KeyringError when it is missing, another's, older than the ledger, or does not open; SetupError when it
        was made by another version.
        """
        engine = open_existing(settings, "keyring", "keys", PRAGMAS, STEPS, KeyringError(MISSING))
        try:
            keyring = cls(engine, settings)
            keyring._check(settings, ledger_id, newest)
        except BaseException:
            engine.dispose()
            raise
        return keyring

    def _check(self, settings: Settings, ledger_id: UUID, newest: UUID | None) -> None:
        """Raises KeyringError unless the keyring is whole, this ledger's, and opens."""
        with self.engine.connect() as connection:
            about = read_about(connection)
            # One damaged row of an owner is no older keyring: that has none of theirs.
            known = (
                newest is None
                or connection.execute(select(KEYS.c.key_id).where(KEYS.c.owner_id == newest.bytes)).first() is not None
            )
        if about is None or about.ledger_id != ledger_id:
            raise KeyringError(OF_ANOTHER)
        if not known:
            raise KeyringError(
                "The keyring lacks keys that the ledger made: it is older than the ledger. Restore a newer backup."
            )
        settle_when_opening(settings, about.proof)
        self._masters.fitting(about.proof)

    def make(self, owner: UUID, classes: Sequence[RetentionClass] = RETENTION_CLASSES) -> dict[str, Key]:
        """Makes the owner's keys, one for each of these retention classes, where they have none yet.

        Durable when it returns.

        Raises KeyringError when another process rotated the master key and the new one is not at hand here.
        """
        with changing_keys(self.engine) as (connection, about):
            have = set(connection.scalars(select(KEYS.c.retention_class).where(KEYS.c.owner_id == owner.bytes)))
            # The master key is looked up here, and not remembered: a rotation may have come between.
            made = _insert_keys(
                connection, owner, [kept for kept in classes if kept not in have], self._masters.fitting(about.proof)
            )
        self._count_made(owner, about.generation)
        return made or {kept: key for kept in RETENTION_CLASSES if (key := self.key(owner, kept))}

    def _count_made(self, owner: UUID, before: int) -> None:
        """New keys change nothing that is remembered, except that their owner had none."""
        if self._generation == before:
            self._generation = before + 1
        remembered = self._by_owner.copy()
        for asked in [asked for asked in remembered if asked[0] == owner]:
            del remembered[asked]
        self._by_owner = remembered

    def key(self, owner: UUID, retention_class: str) -> Key | None:
        """The owner's key for a class, or None once it is shredded (or was never made). Raises UnreadableKey."""
        self.refresh(LOOK_AGAIN)
        # What is found goes back into the same dict, so that a `forget` in between is not undone by an old answer.
        remembered, asked = self._by_owner, (owner, retention_class)
        if asked not in remembered:
            remembered[asked] = self._find(
                KEYS.c.owner_id == owner.bytes, KEYS.c.retention_class == retention_class, KEYS.c.spare == 0
            )[1]
        return remembered[asked]

    def own(self) -> Key:
        """The ledger's own key, under which it proves what it wrote. Raises KeyringError where it is missing."""
        own = self.key(self.about().ledger_id, "core")
        if own is None:
            raise KeyringError("The ledger's own key is missing from the keyring. Restore the keyring from its backup.")
        return own

    def by_id(self, key_id: UUID) -> Key | None:
        """The key that a sealed text names, or None once it is shredded. Raises UnreadableKey."""
        self.refresh(LOOK_AGAIN)
        remembered = self._by_id
        if key_id not in remembered:
            there, key = self._find(KEYS.c.key_id == key_id.bytes)
            if not there:
                # A row stays when its key is shredded: what has none was lost, which is not the same as erased.
                raise LostKey(key_id)
            remembered[key_id] = key
        return remembered[key_id]

    def lives(self, owner: UUID, retention_class: str) -> bool:
        """Whether any key of the owner for a class is there and not shredded, whether it opens or not."""
        ask = select(KEYS.c.key_id).where(
            KEYS.c.owner_id == owner.bytes, KEYS.c.retention_class == retention_class, KEYS.c.wrapped.is_not(None)
        )
        with self.engine.connect() as connection:
            return connection.execute(ask).first() is not None

    def shred(self, owner: UUID, retention_class: str, told: Told) -> None:
        """Destroys a key for ever; its row stays, to say when. Doing it twice is harmless.

        Raises KeyringError, and destroys nothing, where the ledger tells otherwise of a key that would go, or of one
        that should.
        """
        with changing_keys(self.engine) as (connection, _):
            require_told(connection, owner, retention_class, told)
            connection.execute(
                update(KEYS)
                .where(
                    KEYS.c.owner_id == owner.bytes,
                    KEYS.c.retention_class == retention_class,
                    KEYS.c.wrapped.is_not(None),
                )
                .values(wrapped=None, shredded_at=datetime.now(UTC).isoformat())
            )
        self.forget()

    def require_told(self, owner: UUID, retention_class: str, told: Told) -> None:
        """Raises KeyringError where `shred` would."""
        with self.engine.connect() as connection:
            require_told(connection, owner, retention_class, told)

    def rows(self) -> list[Mapping[str, Any]]:
        """Every row that is not damaged, as it lies in the store."""
        with self.engine.connect() as connection:
            return [row._mapping for row in sound_rows(connection, select(KEYS))]

    def intend(self, intention: Intention) -> None:
        """Writes an erasure down before its event is stored, in the place of what was written of it before."""
        values = {
            "command_id": intention.command_id.bytes,
            "student_id": intention.student_id.bytes,
            "retention_class": intention.retention_class,
            "position": intention.position,
            "made_at": microseconds(datetime.now(UTC)),
        }
        with changing(self.engine) as connection:
            connection.execute(delete(INTENTIONS).where(INTENTIONS.c.command_id == intention.command_id.bytes))
            connection.execute(insert(INTENTIONS).values(values))

    def strike_out(self, command_id: UUID) -> None:
        """An erasure was done, or will not be."""
        with self.engine.begin() as connection:
            connection.execute(delete(INTENTIONS).where(INTENTIONS.c.command_id == command_id.bytes))

    def intentions(self, older_than: timedelta | None = None) -> list[Intention]:
        """Erasures that were begun, by this machine's clock at least so long ago, and not finished."""
        ask = select(INTENTIONS)
        if older_than is not None:
            ask = ask.where(INTENTIONS.c.made_at <= microseconds(datetime.now(UTC) - older_than))
        with self.engine.connect() as connection:
            rows = list(sound_rows(connection, ask))
        return [
            Intention(
                UUID(bytes=bytes(row.command_id)), UUID(bytes=bytes(row.student_id)), row.retention_class, row.position
            )
            for row in rows
        ]

    def rotate(self, new: bytes) -> Rotated:
        """Wraps every key under a new master key, all at once; a row that opens under none is left as it is.

        What was shredded stays so.

        Nothing is changed unless every key then opens under the new master key. Raises KeyringError.
        """
        with changing_keys(self.engine) as (connection, about):
            self._masters.fitting(about.proof)
            opened, unreadable = self._open_all(connection)
            rewrap(connection, opened, new)
            connection.execute(update(ABOUT).values(proof=proof_of(new)))
            prove(connection, opened, new)
        self.forget()
        return Rotated(len(opened), unreadable)

    def unreadable(self) -> list[UUID]:
        """The keys that open under no master key at hand."""
        with self.engine.connect() as connection:
            return self._open_all(connection)[1]

    def owners(self) -> list[UUID]:
        """Everybody who has keys here, shredded ones included."""
        with self.engine.connect() as connection:
            return [
                UUID(bytes=bytes(row.owner_id)) for row in sound_rows(connection, select(KEYS.c.owner_id).distinct())
            ]

    def about(self) -> About:
        """What the keyring says of itself now."""
        with self.engine.connect() as connection:
            about = read_about(connection)
        assert about is not None
        return about

    def refresh(self, max_age: float = 0.0) -> int:
        """Forgets open keys where any was changed since, by this process or another; new ones made here change none.

        Returns a number that is another one whenever keys were forgotten.

        Looks again only when the last look is older than `max_age` seconds.
        """
        now = time.monotonic()
        if max_age and now - self._looked_at < max_age:
            return self._forgotten
        self._looked_at = now
        generation = self._changes.read()
        if generation != self._generation:
            self.forget()
            self._generation = generation
        return self._forgotten

    def forget(self) -> None:
        """Lets go of open keys."""
        self._forgotten += 1
        self._by_owner, self._by_id = {}, {}

    def close(self) -> None:
        """Lets go of the store."""
        self.forget()
        self._changes.close()
        self.engine.dispose()

    def _find(self, *where: ColumnElement[bool]) -> tuple[bool, Key | None]:
        """Whether there is such a row, and its open key, which is None once it is shredded."""
        ask = select(*OPENED_BY).where(*where)
        with self.engine.connect() as connection:
            row = connection.execute(ask).first()
        if row is None or row.wrapped is None:
            return row is not None, None
        if wrong_column(OPENED_BY, row) is not None:
            raise UnreadableKey(name_in(row.key_id))
        return True, _opened(
            bytes(row.key_id),
            self._masters.unwrap(bytes(row.key_id), bytes(row.wrapped), row.master_id and bytes(row.master_id)),
        )

    def _open_all(self, connection: Connection) -> tuple[dict[bytes, bytes], list[UUID]]:
        ask = select(*OPENED_BY).where(KEYS.c.wrapped.is_not(None))
        return open_rows(connection.execute(ask).mappings(), self._masters)


def _insert_keys(connection: Connection, owner: UUID, classes: Iterable[str], master: bytes) -> dict[str, Key]:
    """New keys of an owner, under a master key."""
    made = {kept: _opened(uuid4().bytes, secrets.token_bytes(32)) for kept in classes}
    for kept, key in made.items():
        connection.execute(
            insert(KEYS).values(
                key_id=key.id.bytes,
                owner_id=owner.bytes,
                retention_class=kept,
                wrapped=aes_key_wrap(master, key.raw),
                made_at=datetime.now(UTC).isoformat(),
                master_id=name_of(proof_of(master)),
            )
        )
    return made


def _opened(key_id: bytes, raw: bytes) -> Key:
    return Key(UUID(bytes=key_id), raw, AESGCM(raw))
