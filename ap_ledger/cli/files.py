"""Looks at the files of an installation: whether they are there, whole, and read by nobody else."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import MetaData, create_engine

from ap_ledger.persistence.files import OTHERS
from ap_ledger.persistence.ledger_tables import ledger_tables
from ap_ledger.persistence.migrations import require_version, version_of
from ap_ledger.persistence.shapes import VERSION_MISSING, missing, shape_faults
from ap_ledger.persistence.steps import STEPS_OF
from ap_ledger.persistence.unavailable import saying_which
from ap_ledger.settings import Settings
from ap_ledger.stores.accounts.store import ACCOUNTS
from ap_ledger.stores.held.rows import DRAFTS
from ap_ledger.stores.jobs import RUNS
from ap_ledger.stores.keyring.copies import KEPT_DAYS, copies_folder, made_at
from ap_ledger.stores.keyring.master_key import coming_key_file, master_key_file, old_key_files, read_master_key
from ap_ledger.stores.keyring.store import KEYS
from ap_ledger.stores.notices.store import NOTICES
from ap_ledger.stores.upgrading import was_never_made

RESTORE = "Restore it from its backup (docs/operating.md)."
NEVER_MADE = "The version that made this ledger had none: back everything up, then run: ap-ledger upgrade"
HEADER = b"SQLite format 3\0"


class Store(NamedTuple):
    """A store: its name, the tables that make it on either database, and how it is mended."""

    name: str
    tables: Callable[[bool], MetaData]
    mend: str
    large: bool = False
    """Whether looking through all of it takes long, so that it is done only when asked for."""


STORES = (
    Store("ledger", ledger_tables, RESTORE, large=True),
    Store(
        "keyring",
        lambda _: KEYS.metadata,
        "Restore it from its backup: ap-ledger keyring restore FILE (docs/operating.md).",
    ),
    Store("held", lambda _: DRAFTS.metadata, RESTORE),
    Store("accounts", lambda _: ACCOUNTS.metadata, RESTORE),
    Store("jobs", lambda _: RUNS.metadata, f"{RESTORE} Where there is none, run: ap-ledger upgrade"),
    Store("notices", lambda _: NOTICES.metadata, f"{RESTORE} Where there is none, run: ap-ledger upgrade"),
    Store(
        "views",
        lambda _: MetaData(),
        "Nothing in it is lost: stop the service, delete it, and run: ap-ledger replay",
        large=True,
    ),
)


def schema_fault(settings: Settings, store: Store) -> str | None:
    """What is wrong with the schema of a store on PostgreSQL, and how to mend it."""
    if was_never_made(settings, store.name):
        return f"there is no schema {store.name}. {NEVER_MADE}"
    fault = _shape_fault(settings, store)
    return None if fault is None else f"the schema {store.name} is not what this version makes: {fault}"


def file_fault(settings: Settings, store: Store, deep: bool) -> str | None:
    """What is wrong with the file of a store, and how to mend it."""
    path = settings.data / f"{store.name}.sqlite"
    if not path.exists():
        # Read models are made when they are first asked for.
        if store.name == "views":
            return None
        return f"{path} is not there. {NEVER_MADE if was_never_made(settings, store.name) else store.mend}"
    if (fault := _permission_fault(path)) is not None:
        return fault
    fault = _file_fault(path) or _content_fault(path, store, deep)
    if fault is not None:
        return f"{path} {fault}. {store.mend}"
    fault = _shape_fault(settings, store)
    return None if fault is None else f"{path} is not what this version makes: {fault}"


def _shape_fault(settings: Settings, store: Store) -> str | None:
    """In what a store differs from one that this version makes, and what to do. Read models are made anew instead.

    Raises SetupError where another version made it.
    """
    if store.name == "views":
        return None
    on_postgres = settings.postgres is not None
    engine = create_engine(settings.sqlalchemy_url(store.name))
    try:
        with saying_which(store.name), engine.connect() as connection:
            faults = shape_faults(connection, store.tables(on_postgres), store.name if on_postgres else None)
    finally:
        engine.dispose()
    lacking = {fault.what for fault in faults if fault.statement is None}
    # Where no table is left the store was lost, and no upgrade brings back what was in it.
    is_lost = lacking >= {missing(table.name) for table in store.tables(on_postgres).sorted_tables}
    if not is_lost and lacking != {VERSION_MISSING}:
        # Every store is asked, also one that has the shape of this version: opening it would refuse it.
        require_version(store.name, version_of(settings, store.name), STEPS_OF[store.name])
    if not faults:
        return None
    statements = [fault.statement for fault in faults if fault.statement is not None]
    mend = [store.mend] if len(statements) < len(faults) else []
    if statements:
        # What nobody here put there may be somebody's all the same, so it is for a person to take out.
        mend.append(f"Back it up, stop the service, and mend it with its database's own tool: {'; '.join(statements)}")
    return f"{'; '.join(fault.what for fault in faults)}. {' '.join(mend)}"


def _permission_fault(path: Path) -> str | None:
    """Whether whoever runs this may read and write a store, for which SQLite also makes files beside it."""
    for place, needed, mode in ((path.parent, os.R_OK | os.W_OK | os.X_OK, "rwx"), (path, os.R_OK | os.W_OK, "rw")):
        if not os.access(place, needed):
            may = "read and write" if os.access(place, os.F_OK) else "reach"
            return (
                f"{path} was not looked at, because whoever runs this may not {may} {place}. Run it as the service's "
                f"user; where it is that user's own, run: chmod u+{mode} {place}"
            )
    return None


def _file_fault(path: Path) -> str | None:
    """What its first bytes tell: no database, or one whose end is missing. Looks twice, since it may be growing."""
    for wait in (0.0, 0.5):
        time.sleep(wait)
        with path.open("rb") as file:
            head = file.read(100)
        if len(head) < 100:
            fault = "is empty" if not head else "is cut short"
        elif not head.startswith(HEADER):
            fault = "is damaged: it is no database any more"
        else:
            size, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
            # The number of pages counts where it was written with the last change.
            counts = head[24:28] == head[92:96]
            if not counts or path.stat().st_size >= pages * (65_536 if size == 1 else size):
                return None
            fault = "is cut short"
    return fault


def _content_fault(path: Path, store: Store, deep: bool) -> str | None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5)) as connection:
            connection.execute("SELECT name FROM sqlite_master").fetchall()
            if deep or not store.large:
                verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                return None if verdict == "ok" else "is damaged inside"
    except sqlite3.OperationalError as error:
        return f"cannot be read now ({error})"
    except sqlite3.DatabaseError:
        return "is damaged inside"
    return None


def master_key_fault(settings: Settings) -> str | None:
    """What is wrong with the master key: missing, none, or read by others.

    Raises KeyringError, which says the first two.
    """
    read_master_key(settings)
    return _read_by_others(_key_files(settings))


def modes_fault(settings: Settings) -> str | None:
    """Which files and folders of the installation, master keys apart, others on this machine could read."""
    keys = set(_key_files(settings))
    return _read_by_others([path for path in (settings.data, *settings.data.rglob("*")) if path not in keys])


def _key_files(settings: Settings) -> list[Path]:
    given = [] if settings.master_key is not None else [master_key_file(settings)]
    return [path for path in (*given, coming_key_file(settings), *old_key_files(settings)) if path.exists()]


def _read_by_others(paths: list[Path]) -> str | None:
    read = [path for path in paths if not path.is_symlink() and path.stat().st_mode & OTHERS]
    if not read:
        return None
    if len(read) == 1:
        return f"others on this machine can read {read[0]}. Run: chmod {700 if read[0].is_dir() else 600} {read[0]}"
    shown = ", ".join(str(path) for path in read[:3])
    return (
        f"others on this machine can read {len(read)} files or folders "
        f"({shown}{', ...' if len(read) > 3 else ''}). Run: chmod -R go-rwx FOLDER"
    )


def copies_fault(settings: Settings) -> str | None:
    """Whether copies of the keyring that a restore kept lie here for longer than what was erased may live on in
    them."""
    oldest = datetime.now(UTC) - timedelta(days=KEPT_DAYS + 1)
    old = [path for path in copies_folder(settings).glob("*") if (made := made_at(path)) is not None and made < oldest]
    if not old:
        return None
    return (
        f"{len(old)} are over {KEPT_DAYS} days old, so that what was erased lives on in them ({old[0]}). Delete "
        "them, and let `serve` or `work` run."
    )
