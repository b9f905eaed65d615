"""Opens the small SQL stores (keyring, held, accounts) that are read and written a little at a time, on either
database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.types import TypeEngine

from ap_ledger.errors import LedgerError
from ap_ledger.persistence.files import make_private
from ap_ledger.persistence.migrations import Step, read_version, require_version, store_exists, write_version
from ap_ledger.persistence.pools import bounded, pool_size
from ap_ledger.persistence.sqlite_text import text_or_octets
from ap_ledger.persistence.unavailable import session_options, unavailable
from ap_ledger.settings import Settings

BigInt: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
MOMENT: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""Whole microseconds since 1970: a number that is no time is no value of such a column."""
Bytes = LargeBinary


def open_store(settings: Settings, schema: str, pragmas: tuple[str, ...] = (), share: str | None = None) -> Engine:
    """An engine whose tables live in one SQLite file, or in one PostgreSQL schema; either is made if need be.

    Where two lie in one schema, `share` names whose part of the process's connections this is.
    """
    url = settings.sqlalchemy_url(schema)
    if url.startswith("sqlite"):
        engine = create_engine(url)
        _say_which(engine, schema)

        @event.listens_for(engine, "do_connect")
        def be_private(*_: Any) -> None:
            make_private(Path(engine.url.database or ""))

        @event.listens_for(engine, "connect")
        def set_up(connection: Any, _: Any) -> None:
            connection.text_factory = text_or_octets
            for pragma in ("busy_timeout=5000", "secure_delete=ON", *pragmas):
                connection.execute(f"PRAGMA {pragma}")

        return engine
    whose = share or schema
    bound = bounded(whose, pool_size(settings.connections, whose))
    engine = create_engine(url, connect_args={"options": session_options(schema)}, **bound)
    _say_which(engine, schema)
    with engine.begin() as connection:
        exists = connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": schema}).scalar()
        if not exists:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    return engine


def _say_which(engine: Engine, store: str) -> None:
    """Locks, full disks and lost connections are said to whoever waits, with the name of the store, instead of
    failing."""

    @event.listens_for(engine, "handle_error")
    def raise_unavailable(context: ExceptionContext) -> None:
        busy = unavailable(context.original_exception, store)
        # The pool asks whether a connection is still alive, and must hear the driver's own answer.
        if busy is not None and not context.is_pre_ping:
            raise busy from context.original_exception


def open_existing(
    settings: Settings, name: str, table: str, pragmas: tuple[str, ...], steps: Sequence[Step], missing: LedgerError
) -> Engine:
    """An engine for a store that was made before, known by one of its tables.

    Raises `missing` where it is not there, SetupError where it is older or newer than this program.
    """
    if not store_exists(settings, name):
        # Opening would leave an empty file behind, which looks like a store that lost everything.
        raise missing
    engine = open_store(settings, name, pragmas)
    try:
        if not inspect(engine).has_table(table):
            raise missing
        with engine.connect() as connection:
            require_version(name, read_version(connection), steps)
    except BaseException:
        engine.dispose()
        raise
    return engine


def create_store(
    settings: Settings,
    name: str,
    metadata: MetaData,
    pragmas: tuple[str, ...],
    steps: Sequence[Step],
    fill: Callable[[Connection], None] | None = None,
) -> None:
    """Makes a store in one transaction, so that it is there as a whole or not at all.

    Empty tables that are there go first.

    Whether they are empty is for the caller to look at.
    """
    engine = open_store(settings, name, pragmas)
    try:
        with changing(engine) as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
            write_version(connection, len(steps))
            if fill is not None:
                fill(connection)
    finally:
        engine.dispose()


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One transaction, with changes of shape in it.

    On SQLite nobody else changes the store meanwhile; on PostgreSQL lock what is gone by.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            # Its driver would begin by itself only at the first change of a row, and what was looked at before could be
            # old by then.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def one_moment(engine: Engine) -> Iterator[Connection]:
    """A connection whose every question is answered from one moment of the store."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection
