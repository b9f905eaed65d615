"""The tables of the store of accounts, and what everything that keeps a row in them shares."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table

from ap_ledger.errors import DamagedAccount, SetupError
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.steps.accounts import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import MOMENT, BigInt, Bytes, create_store, open_existing
from ap_ledger.stores.keyring.keyring import Key
from ap_ledger.stores.sound_rows import sound_rows, wrong_column

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
    Column("changed_at", MOMENT, nullable=False),
)  # fmt: skip
SESSIONS = Table(
    "sessions", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("device_id", Bytes(16)),
    Column("began_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
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
    Column("made_at", MOMENT, nullable=False),
    Column("used_at", MOMENT),
    Column("tries", Integer, nullable=False, default=0),
)  # fmt: skip
OPENINGS = Table(
    "openings", METADATA,
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("made_by", Bytes(16), nullable=False),
    Column("opened_at", MOMENT, nullable=False),
)  # fmt: skip
TOKENS = Table(
    "tokens", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("prefix", String, nullable=False),
    Column("person_id", Bytes(16), nullable=False, index=True),
    Column("scopes", String, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
)  # fmt: skip
DEVICES = Table(
    "devices", METADATA,
    Column("device_id", Bytes(16), primary_key=True),
    Column("hash", Bytes(32), nullable=False, unique=True),
    Column("revoked_at", MOMENT),
    Column("delivered_at", MOMENT),
)  # fmt: skip
PRESENCE = Table(
    "presence", METADATA,
    Column("device_id", Bytes(16), nullable=False),
    Column("person_id", Bytes(16), nullable=False),
    Column("began_at", MOMENT, nullable=False),
    Column("until", MOMENT),
    Column("full", Integer, nullable=False),
    Index("presence_of", "device_id", "person_id"),
)  # fmt: skip
TRIES = Table(
    "tries", METADATA,
    Column("who", Bytes(32), nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("tries_of", "who", "at"),
)  # fmt: skip
KNOWN_BROWSERS = Table(
    "known_browsers", METADATA,
    Column("hash", Bytes(32), primary_key=True),
    Column("person_id", Bytes(16), primary_key=True),
    Column("made_at", MOMENT, nullable=False),
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
        missing = SetupError(
            "The store of accounts is missing. Restore it from its backup; without it nobody can sign in."
        )
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

        Whatever lives for a while lives by elapsed time. A stamp in the future was made under a clock that was wrong,
        so nobody knows how much time has passed since, and what it stands on is over.
        """
        now = self._now
        return now - life // _MICROSECOND, now + CLOCK_SLACK // _MICROSECOND

    def _is_lately(self, stamp: int, life: timedelta) -> bool:
        first, last = self._lately(life)
        return first <= stamp <= last

    def _one(self, ask: Any) -> Any:
        """The first row of an answer, if there is any. Raises DamagedAccount for one that is not as it was written.

        It is never taken for missing: somebody whose second factor cannot be read has one all the same.
        """
        with self._engine.connect() as connection:
            row = connection.execute(ask).first()
        if row is not None and wrong_column(ask.selected_columns, row) is not None:
            raise DamagedAccount
        return row

    def _credential(self, ask: Any) -> Any:
        """The row of a credential that was shown. A damaged one is as good as none: whoever has it signs in anew."""
        return next(iter(self._all(ask)), None)

    def _all(self, ask: Any) -> list[Any]:
        """Every row of an answer that is as it was written. The others let nobody in, and keep nobody out."""
        with self._engine.connect() as connection:
            return list(sound_rows(connection, ask))

    def _is_there(self, ask: Any) -> bool:
        """Whether an answer has any row, damaged or not."""
        with self._engine.connect() as connection:
            return connection.execute(ask.limit(1)).first() is not None

    def _do(self, *statements: Any) -> int:
        with self._engine.begin() as connection:
            return [connection.execute(statement).rowcount for statement in statements][-1]
