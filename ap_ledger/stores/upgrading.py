"""Brings a data folder, or a database, of an earlier version up to date: `ap-ledger upgrade`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, create_engine, inspect, text

from ap_ledger.errors import SetupError
from ap_ledger.persistence.migrations import read_version, require_version, run_steps, store_exists
from ap_ledger.persistence.steps import STEPS_OF
from ap_ledger.persistence.unavailable import saying_which, session_options
from ap_ledger.settings import Settings
from ap_ledger.stores.keyring.keyring import Keyring


def upgrade(settings: Settings) -> list[str]:
    """Runs every step that a store still lacks, and returns their sentences. Doing it twice is harmless.

    Raises SetupError where a store is missing or newer than this program, Busy or KeyringError as opening does.
    """
    missing = [name for name in STEPS_OF if not store_exists(settings, name)]
    if missing:
        raise SetupError(
            f"These stores are missing: {', '.join(missing)}. Restore them from their backup, then upgrade."
        )
    done = run_steps(settings, "keyring", STEPS_OF["keyring"], _no_key)
    keyring = Keyring.open(settings, _ledger_id(settings), None)
    try:
        for name, steps in STEPS_OF.items():
            if name != "keyring":
                done += run_steps(settings, name, steps, _opener(keyring))
    finally:
        keyring.close()
    return done


def require_current_ledger(settings: Settings) -> None:
    """Raises SetupError where the ledger itself is older or newer than this program.

    The other stores look when they open.
    """
    if not store_exists(settings, "ledger"):
        return
    with _reading_ledger(settings) as connection:
        # Where there is no ledger at all the recorder says so; it must not read as an old one.
        if inspect(connection).has_table("head"):
            require_version("ledger", read_version(connection), STEPS_OF["ledger"])


def _ledger_id(settings: Settings) -> UUID:
    with _reading_ledger(settings) as connection:
        value = connection.execute(text("SELECT ledger_id FROM head")).scalar_one()
    return value if isinstance(value, UUID) else UUID(bytes=bytes(value))


@contextmanager
def _reading_ledger(settings: Settings) -> Iterator[Connection]:
    in_schema = {"options": session_options("ledger")} if settings.postgres else {}
    engine = create_engine(settings.sqlalchemy_url("ledger"), connect_args=in_schema)
    try:
        with saying_which("ledger"), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _no_key(owner: UUID, retention_class: str) -> bytes | None:
    raise SetupError("A step of the keyring asked for a key. This is a fault of the program; nothing was changed.")


def _opener(keyring: Keyring) -> Callable[[UUID, str], bytes | None]:
    def open_key(owner: UUID, retention_class: str) -> bytes | None:
        key = keyring.key(owner, retention_class)
        return key.raw if key else None

    return open_key
