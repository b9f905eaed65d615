"""Copies of the keyring: of one moment each, readable by their owner alone, and with a short life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, create_engine, delete, insert, select
from sqlalchemy import table as untyped

from ap_ledger.persistence.files import make_folder, make_private, sync_folder
from ap_ledger.persistence.migrations import write_version
from ap_ledger.persistence.steps.keyring import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import changing, one_moment
from ap_ledger.stores.keyring.store import METADATA

Rows = dict[str, list[dict[str, Any]]]
"""The rows of every table of a keyring, by the table's name."""
KEPT_DAYS = 35
"""So long a copy lives: what was erased ends in every copy with it."""
_STAMP, _STAMP_LENGTH = "%Y%m%dT%H%M%S", 15


def copies_folder(settings: Settings) -> Path:
    """Where the keyring is kept before a command replaces it."""
    return settings.data / "keyring-copies"


def copy_into(folder: Path, engine: Engine) -> tuple[Path, int]:
    """Writes the keyring of one moment, wrapped as it is, into a new file in a folder.

    Returns the file and how many keys are in it.
    """
    make_folder(folder)
    path = folder / copy_name("sqlite")
    partial = path.with_suffix(".part")
    make_private(partial)
    target = create_engine(f"sqlite:///{partial}")
    try:
        with one_moment(engine) as source, changing(target) as copy:
            METADATA.create_all(copy)
            write_version(copy, len(STEPS))
            count = put_rows(copy, rows_of(source))
    finally:
        target.dispose()
    partial.replace(path)
    sync_folder(folder)
    return path, count


def copy_name(ending: str) -> str:
    """The name of a copy that is made now."""
    return f"keyring-{datetime.now(UTC):{_STAMP}-%f}.{ending}"


def end_old_copies(folder: Path, keep_days: int = KEPT_DAYS) -> int:
    """Deletes the copies in a folder that are too old, so that what was erased ends in them too. Returns how many."""
    oldest = datetime.now(UTC) - timedelta(days=keep_days)
    old = [path for path in folder.glob("keyring-*") if (made := made_at(path)) is not None and made < oldest]
    for path in old:
        path.unlink()
    return len(old)


def made_at(path: Path) -> datetime | None:
    """When a copy was made; None for a file that is none of ours, which is left alone."""
    try:
        return datetime.strptime(path.name.removeprefix("keyring-")[:_STAMP_LENGTH], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def rows_of(connection: Connection) -> Rows:
    """Everything in a keyring."""
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in METADATA.sorted_tables
    }


def put_rows(connection: Connection, rows: Rows) -> int:
    """Puts everything into a keyring, in the place of what was there. Returns how many keys there are."""
    for table in METADATA.sorted_tables:
        connection.execute(delete(table))
        if rows[table.name]:
            # Without the columns' kinds, so that a damaged value is copied as it is and keeps no other row from its
            # copy.
            connection.execute(
                insert(untyped(table.name, *(column(stored_column.name) for stored_column in table.c))),
                rows[table.name],
            )
    return len(rows["keys"])
