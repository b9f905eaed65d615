"""Looks at the files of an installation: whether they are there, whole, and read by nobody else."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import create_engine, inspect

from ap_ledger.persistence.files import OTHERS
from ap_ledger.settings import Settings
from ap_ledger.stores.accounts.store import METADATA as ACCOUNT_TABLES
from ap_ledger.stores.held.rows import METADATA as HELD_TABLES
from ap_ledger.stores.jobs import METADATA as JOB_TABLES
from ap_ledger.stores.keyring.copies import KEPT_DAYS, copies_folder, made_at
from ap_ledger.stores.keyring.master_key import coming_key_file, master_key_file, old_key_files, read_master_key
from ap_ledger.stores.keyring.store import METADATA as KEYRING_TABLES
from ap_ledger.stores.upgrading import was_never_made

RESTORE = "Restore it from its backup (docs/operating.md)."
NEVER_MADE = "The version that made this ledger had none: back everything up, then run: ap-ledger upgrade"
HEADER = b"SQLite format 3\0"


class Store(NamedTuple):
    """A store in a file: its name, tables that it cannot be without, and how it is mended."""

    name: str
    tables: frozenset[str]
    mend: str
    large: bool = False
    """Whether looking through all of it takes long, so that it is done only when asked for."""


STORES = (
    Store("ledger", frozenset({"stored_events", "sealed", "head"}), RESTORE, large=True),
    Store(
        "keyring",
        frozenset(KEYRING_TABLES.tables),
        "Restore it from its backup: ap-ledger keyring restore FILE (docs/operating.md).",
    ),
    Store("held", frozenset(HELD_TABLES.tables), RESTORE),
    Store("accounts", frozenset(ACCOUNT_TABLES.tables), RESTORE),
    Store("jobs", frozenset(JOB_TABLES.tables), f"{RESTORE} Where there is none, run: ap-ledger upgrade"),
    Store(
        "views",
        frozenset(),
        "Nothing in it is lost: stop the service, delete it, and run: ap-ledger replay",
        large=True,
    ),
)


def schema_fault(settings: Settings, store: Store) -> str | None:
    """Which tables of a store on PostgreSQL are missing."""
    engine = create_engine(settings.sqlalchemy_url(store.name))
    try:
        missing = sorted(store.tables - set(inspect(engine).get_table_names(schema=store.name)))
    finally:
        engine.dispose()
    if not missing:
        return None
    if was_never_made(settings, store.name):
        return f"there is no schema {store.name}. {NEVER_MADE}"
    return f"the schema {store.name} lacks what belongs into it ({', '.join(missing)}). {store.mend}"


def file_fault(settings: Settings, store: Store, deep: bool) -> str | None:
    """What is wrong with the file of a store, and how to mend it."""
    path = settings.data / f"{store.name}.sqlite"
    if not path.exists():
        # Read models are made when they are first asked for.
        if store.name == "views":
            return None
        return f"{path} is not there. {NEVER_MADE if was_never_made(settings, store.name) else store.mend}"
    fault = _shape_fault(path) or _content_fault(path, store, deep)
    return None if fault is None else f"{path} {fault}. {store.mend}"


def _shape_fault(path: Path) -> str | None:
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
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if missing := sorted(store.tables - tables):
                return f"lacks what belongs into it ({', '.join(missing)})"
            if deep or not store.large:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                return None if found == "ok" else "is damaged inside"
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
