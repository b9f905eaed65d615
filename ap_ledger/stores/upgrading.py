"""Brings a data folder, or a database, of an earlier version up to date: `ap-ledger upgrade`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, create_engine, inspect, text

from ap_ledger.errors import KeyringError, SetupError
from ap_ledger.persistence.files import locked
from ap_ledger.persistence.migrations import (
    has_store,
    read_version,
    require_version,
    run_steps,
    store_exists,
    untold,
    version_of,
)
from ap_ledger.persistence.steps import MADE_BY, STEPS_OF
from ap_ledger.persistence.unavailable import saying_which, session_options
from ap_ledger.settings import Settings
from ap_ledger.stores.copying import (
    Before,
    copy_stores,
    copy_to_go_on_with,
    discard_partial_copies,
    end_going_on,
)
from ap_ledger.stores.jobs import JobStore
from ap_ledger.stores.keyring.copies import copies_folder
from ap_ledger.stores.keyring.keyring import OF_ANOTHER, Keyring
from ap_ledger.stores.keyring.master_key import MasterKeys
from ap_ledger.stores.notices.notices import NoticeStore

MADE_AGAIN = {
    "jobs": "jobs: the store was missing, and an empty one was made; what runs by itself begins anew",
    "notices": "notices: the store was missing, and an empty one was made; mail and notifications are off until "
    "somebody turns them on",
}
"""Stores that hold nothing but what is made or said again, and what is told where one that was lost is made anew."""
MAKING_AGAIN: Mapping[str, tuple[str, Callable[[Settings], None]]] = {
    "jobs": ("job_runs", JobStore.create),
    "notices": ("notices", NoticeStore.create),
}
"""One of the tables of each such store, and what makes it."""


def upgrade(settings: Settings, tell: Callable[[str], None] = untold) -> list[str]:
    """Runs every step that a store still lacks, and returns their sentences. Doing it twice is harmless.

    `tell` hears each sentence as soon as its step is done, so that it is known also where a later step fails. Raises
    SetupError where a store is missing or newer than this program, or KeyringError where the master key is not at hand,
    before anything was changed; Busy as opening does.
    """
    require_upgradable(settings)
    done: list[str] = []

    def note(sentence: str) -> None:
        done.append(sentence)
        tell(sentence)

    run_steps(settings, "keyring", STEPS_OF["keyring"], _no_key, note)
    keyring = Keyring.open(settings, _ledger_id(settings), None)
    try:
        run_steps(settings, "ledger", STEPS_OF["ledger"], _opener(keyring), note)
        for name, (table, create) in MAKING_AGAIN.items():
            if not has_store(settings, name, table):
                create(settings)
                note(MADE_AGAIN[name])
        for name, steps in STEPS_OF.items():
            if name not in ("keyring", "ledger"):
                run_steps(settings, name, steps, _opener(keyring), note)
    finally:
        keyring.close()
    end_going_on(settings)
    return done


def upgrade_after_copying(settings: Settings, tell: Callable[[str], None]) -> None:
    """Upgrades where anything is older, once a copy of every store was made; where nothing is it does nothing.

    One that was begun and did not end goes on with the copy that it made then. Tells where the copy is, then each step
    as soon as it is done. Raises as `upgrade` does, and SetupError where no copy can be made; then nothing was changed.
    """
    with locked(settings.data):
        discard_partial_copies(settings)
        if not older_stores(settings):
            end_going_on(settings)
            return
        require_upgradable(settings)
        before = _before(settings)
        again = copy_to_go_on_with(settings, before)
        folder = again or copy_stores(settings, before)
        made = ", which an upgrade made that did not end," if again else ""
        tell(
            f"A copy of the stores{made} is in {folder}, and of the keyring in {copies_folder(settings)}: it opens "
            "with the master key that is in use now. Delete it once all is well."
        )
        upgrade(settings, tell)


def require_upgradable(settings: Settings) -> None:
    """Looks before the first step at what would stop a later one.

    Raises SetupError where a store is missing or newer than this program, KeyringError where the keyring is another
    ledger's or its master key is not at hand.
    """
    missing = [name for name in STEPS_OF if name not in MADE_BY and not store_exists(settings, name)]
    if missing:
        raise SetupError(
            f"These stores are missing: {', '.join(missing)}. Restore them from their backup, then upgrade."
        )
    older_stores(settings)
    # Every version of the keyring has these two columns.
    with _reading(settings, "keyring") as connection:
        about = connection.execute(text("SELECT ledger_id, proof FROM about")).first()
    if about is None or UUID(bytes=bytes(about.ledger_id)) != _ledger_id(settings):
        raise KeyringError(OF_ANOTHER)
    MasterKeys(settings).fitting(bytes(about.proof))


def older_stores(settings: Settings) -> list[str]:
    """The stores that lack a step, or that the version which made this ledger did not have.

    Raises SetupError where one is newer than this program.
    """
    older = []
    for name, steps in STEPS_OF.items():
        if was_never_made(settings, name):
            older.append(name)
        elif store_exists(settings, name):
            version = version_of(settings, name)
            if version < len(steps):
                older.append(name)
            else:
                require_version(name, version, steps)
    return older


def require_current_ledger(settings: Settings) -> None:
    """Raises SetupError where the ledger itself is older or newer than this program.

    The other stores look when they open.
    """
    version = ledger_version(settings)
    if version is not None:
        require_version("ledger", version, STEPS_OF["ledger"])


def ledger_version(settings: Settings) -> int | None:
    """The version of the ledger; None where there is no ledger, which must not read as an old one."""
    if not store_exists(settings, "ledger"):
        return None
    with _reading(settings, "ledger") as connection:
        return read_version(connection) if inspect(connection).has_table("head") else None


def was_never_made(settings: Settings, name: str) -> bool:
    """Whether a store is missing because the version that made this ledger had none, and not because it was lost."""
    if name not in MADE_BY:
        return False
    version = ledger_version(settings)
    return version is not None and version < MADE_BY[name]


def _before(settings: Settings) -> Before:
    versions = {name: version_of(settings, name) for name in STEPS_OF if store_exists(settings, name)}
    with _reading(settings, "ledger") as connection:
        return Before(versions, connection.execute(text("SELECT position FROM head")).scalar_one())


def _ledger_id(settings: Settings) -> UUID:
    with _reading(settings, "ledger") as connection:
        value = connection.execute(text("SELECT ledger_id FROM head")).scalar_one()
    return value if isinstance(value, UUID) else UUID(bytes=bytes(value))


@contextmanager
def _reading(settings: Settings, name: str) -> Iterator[Connection]:
    in_schema = {"options": session_options(name)} if settings.postgres else {}
    engine = create_engine(settings.sqlalchemy_url(name), connect_args=in_schema)
    try:
        with saying_which(name), engine.connect() as connection:
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
