"""The tables of the store of accounts, and what everything that keeps a row in them shares."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table

from ap_ledger.application.keyring import Key
from ap_ledger.application.stores import BigInt, Bytes, create_store, open_existing
from ap_ledger.errors import SetupError
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.steps.accounts import STEPS
from ap_ledger.settings import Settings

_MICROSECOND = timedelta(microseconds=1)
METADATA = MetaData()
ACCOUNTS = Table(
    "accounts", METADATA,
    Column("person_id", Bytes(16), primary_key=True),
    Column("sign_in_name", String, unique=True),
    Column("password", String),
    Column("totp", Bytes),
    Column("totp_step", BigInt, nullable=False, default=0),
    Column("pin", String),
    Column("pin_tries", Integer, nullable=False, default=0),
    Column("changed_at", BigInt, nullable=False),
)  # fmt: skip
SESSIONS = Table(
    "sessions", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("device_id", Bytes(16)),
    Column("began_at", BigInt, nullable=False),
    Column("seen_at", BigInt, nullable=False),
    Column("handed_over", String),
)  # fmt: skip
LINKS = Table(
    "links", METADATA,
    # One row for each kind of link and whom it is for, so that a newer link leaves no older one behind.
    Column("kind", String, primary_key=True),
    Column("subject", Bytes(16), primary_key=True),
    Column("hash", Bytes(32), nullable=False, unique=True),
    Column("purpose", String, nullable=False),
    Column("about", String, nullable=False),
    Column("made_by", Bytes(16)),
    Column("made_at", BigInt, nullable=False),
    Column("used_at", BigInt),
    Column("tries", Integer, nullable=False, default=0),
)  # fmt: skip
OPENINGS = Table(
    "openings", METADATA,
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("made_by", Bytes(16), nullable=False),
    Column("opened_at", BigInt, nullable=False),
)  # fmt: skip
TOKENS = Table(
    "tokens", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("prefix", String, nullable=False),
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("scopes", String, nullable=False),
    Column("made_at", BigInt, nullable=False),
    Column("expires_at", BigInt, nullable=False),
    Column("revoked_at", BigInt),
)  # fmt: skip
DEVICES = Table(
    "devices", METADATA,
    Column("device_id", Bytes(16), primary_key=True),
    Column("hash", Bytes(32), nullable=False, unique=True),
    Column("revoked_at", BigInt),
    Column("delivered_at", BigInt),
)  # fmt: skip
PRESENCE = Table(
    "presence", METADATA,
    Column("device_id", Bytes(16), nullable=False),
    Column("person_id", Bytes(16), nullable=False),
    Column("began_at", BigInt, nullable=False),
    Column("until", BigInt),
    Column("full", Integer, nullable=False),
    Index("presence_of", "device_id", "person_id"),
)  # fmt: skip
TRIES = Table(
    "tries", METADATA,
    Column("who", Bytes(32), nullable=False),
    Column("at", BigInt, nullable=False),
    Index("tries_of", "who", "at"),
)  # fmt: skip
KNOWN_BROWSERS = Table(
    "known_browsers", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("person_id", Bytes(16), primary_key=True),
    Column("made_at", BigInt, nullable=False),
)  # fmt: skip
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
CLOCK_SLACK = timedelta(minutes=5)
"""So far ahead of the clock a stamp may lie, because clocks are put right by a little now and then."""


def secret_hash(secret: str) -> bytes:
    """Secrets of 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


class AccountStore:
    """Opens the store. What keeps rows in it builds on this."""

    def __init__(self, settings: Settings, key: Key, clock: Callable[[], datetime]) -> None:
        missing = SetupError("The store of accounts is missing. Restore it from its backup; without it nobody can sign in.")
        self._engine = open_existing(settings, "accounts", "accounts", PRAGMAS, STEPS, missing)
        self._key = key
        self._clock = clock

    @classmethod
    def create(cls, settings: Settings) -> None:
        """Makes the empty store."""
        create_store(settings, "accounts", METADATA, PRAGMAS, STEPS)

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()

    @property
    def _now(self) -> int:
        return microseconds(self._clock())

    def _lately(self, life: timedelta) -> tuple[int, int]:
        """The first and the last stamp (in microseconds) from which a life is not over.

        Whatever lives for a while lives by elapsed time. A stamp in the future was made under a clock that was wrong, so
        nobody knows how much time has passed since, and what it stands on is over.
        """
        now = self._now
        return now - life // _MICROSECOND, now + CLOCK_SLACK // _MICROSECOND

    def _is_lately(self, stamp: int, life: timedelta) -> bool:
        first, last = self._lately(life)
        return first <= stamp <= last

    def _one(self, ask: Any) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(ask).first()

    def _do(self, *statements: Any) -> int:
        with self._engine.begin() as connection:
            return [connection.execute(statement).rowcount for statement in statements][-1]
