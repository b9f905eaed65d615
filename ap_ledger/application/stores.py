"""Opens the small SQL stores (keyring, held) that are read and written a little at a time, on either database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Engine, Integer, LargeBinary, create_engine, event, inspect, text
from sqlalchemy.types import TypeEngine

from ap_ledger.errors import SetupError
from ap_ledger.persistence.migrations import Step, read_version, require_version

BigInt: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary


def open_store(url: str, schema: str, pragmas: tuple[str, ...] = ()) -> Engine:
    """An engine whose tables live in one SQLite file, or in one PostgreSQL schema that is made if need be."""
    if url.startswith("sqlite"):
        engine = create_engine(url)

        @event.listens_for(engine, "connect")
        def set_up(connection: Any, _: Any) -> None:
            for pragma in ("busy_timeout=5000", "secure_delete=ON", *pragmas):
                connection.execute(f"PRAGMA {pragma}")

        return engine
    engine = create_engine(url, connect_args={"options": f"-c search_path={schema}"}, pool_pre_ping=True)
    with engine.begin() as connection:
        exists = connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": schema}).scalar()
        if not exists:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    return engine


def require_store(engine: Engine, name: str, steps: Sequence[Step], missing: str) -> None:
    """Raises SetupError where a store is missing, older or newer than this program; the engine is let go of then."""
    try:
        if not inspect(engine).has_table(name):
            raise SetupError(missing)
        with engine.connect() as connection:
            require_version(name, read_version(connection), steps)
    except BaseException:
        engine.dispose()
        raise
