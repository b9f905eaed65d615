"""Versions of the stores that cannot be thrown away, and the numbered steps that bring an older one up to date.

The version stands in the store itself, in `store_version`; a store without that table was made by 0.1.0 before there
were versions, and is version 0. A step runs once, in one transaction with the new version, under a lock with a time
limit, so that a store is never left half-way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, create_engine, event, inspect, text

from ap_ledger.errors import SetupError
from ap_ledger.persistence.unavailable import saying_which, session_options
from ap_ledger.settings import Settings

LOCK_SECONDS = 10
"""How long a step waits for others to let go of the store before it gives up and changes nothing."""
_ADVISORY_LOCK = 7_305_001
"""The number under which upgrades of one PostgreSQL database wait for each other."""


@dataclass(frozen=True, slots=True)
class Upgrading:
    """What a step may use: the store's connection, and what lies outside the store.

    `open_key` gives the raw key of an owner (a student, a person, the ledger itself) and retention class, or None where
    it is shredded or was never made. The keyring is upgraded first, so every later step may ask for keys.
    """

    connection: Connection
    settings: Settings
    open_key: Callable[[UUID, str], bytes | None]

    @property
    def on_postgres(self) -> bool:
        """Whether the store is on PostgreSQL, for the few statements that the databases spell differently."""
        return self.connection.dialect.name == "postgresql"


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a store's shape. `sentence` says what it does, for the person who runs the upgrade."""

    sentence: str
    run: Callable[[Upgrading], None]


def read_version(connection: Connection) -> int:
    """The version that stands in a store; 0 where none does."""
    if not _has_version_table(connection):
        return 0
    version = connection.execute(text("SELECT version FROM store_version")).scalar()
    return int(version) if version is not None else 0


def write_version(connection: Connection, version: int) -> None:
    """Puts a version into a store, in the transaction of whatever made it true."""
    if not _has_version_table(connection):
        connection.execute(text("CREATE TABLE store_version (version integer NOT NULL)"))
    connection.execute(text("DELETE FROM store_version"))
    connection.execute(text("INSERT INTO store_version VALUES (:version)"), {"version": version})


def require_version(name: str, version: int, steps: Sequence[Step]) -> None:
    """Raises SetupError where a store is older or newer than this program, and says what to do."""
    if version < len(steps):
        raise SetupError(
            f"The store {name} was made by an earlier version of AP Ledger. Stop the service, back everything up, then "
            "run: ap-ledger upgrade. Or start it with ap-ledger serve --upgrade, which makes a copy first."
        )
    if version > len(steps):
        raise SetupError(
            f"The store {name} was made by a newer version of AP Ledger than this one. Install that version again; "
            "nothing was changed."
        )


def untold(sentence: str) -> None:
    """For whoever tells nobody which steps were done."""


def run_steps(
    settings: Settings,
    name: str,
    steps: Sequence[Step],
    open_key: Callable[[UUID, str], bytes | None],
    tell: Callable[[str], None] = untold,
) -> None:
    """Brings one store up to date, and tells the sentence of each step as soon as it is done.

    Raises SetupError where it is newer.
    """
    engine = create_engine(settings.sqlalchemy_url(name), connect_args=_connect_args(settings, name))
    _begin_by_hand(engine)
    try:
        while True:
            with saying_which(name), engine.begin() as connection:
                _take_lock(connection)
                version = read_version(connection)
                if version >= len(steps):
                    require_version(name, version, steps)
                    return
                steps[version].run(Upgrading(connection, settings, open_key))
                write_version(connection, version + 1)
            tell(f"{name}: {steps[version].sentence}")
    finally:
        engine.dispose()


def store_exists(settings: Settings, name: str) -> bool:
    """Whether there is such a store at all.

    On PostgreSQL a schema that is not there counts as empty, not as missing.
    """
    return settings.postgres is not None or Path(settings.data / f"{name}.sqlite").exists()


def has_store(settings: Settings, name: str, table: str) -> bool:
    """Whether there is such a store with one of its tables in it. Looking makes nothing."""
    if not store_exists(settings, name):
        return False
    engine = create_engine(settings.sqlalchemy_url(name))
    try:
        with saying_which(name):
            return inspect(engine).has_table(table, schema=name if settings.postgres else None)
    finally:
        engine.dispose()


def version_of(settings: Settings, name: str) -> int:
    """The version that stands in a store which is there. Looking makes nothing."""
    engine = create_engine(settings.sqlalchemy_url(name), connect_args=_connect_args(settings, name))
    try:
        with saying_which(name), engine.connect() as connection:
            return read_version(connection)
    finally:
        engine.dispose()


def _has_version_table(connection: Connection) -> bool:
    if connection.dialect.name == "postgresql":
        return connection.execute(text("SELECT to_regclass('store_version')")).scalar() is not None
    ask = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'store_version'"
    return connection.execute(text(ask)).scalar() is not None


def _connect_args(settings: Settings, name: str) -> dict[str, Any]:
    if settings.postgres is None:
        return {"timeout": LOCK_SECONDS}
    return {"options": session_options(name, LOCK_SECONDS)}


def _begin_by_hand(engine: Any) -> None:
    """Lets SQLite hold changes of shape and of rows in one transaction: its driver begins one for rows alone."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def no_own_begin(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _take_lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
