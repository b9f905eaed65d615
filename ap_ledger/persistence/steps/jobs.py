"""The steps of the store `jobs`, oldest first, and how a ledger of before there was one is given it.

A step is never changed once it was released; a new one goes to the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ap_ledger.persistence.files import make_private
from ap_ledger.persistence.migrations import LOCK_SECONDS, Step, Upgrading

STEPS: tuple[Step, ...] = ()

RUNS = "name, due_at, began_at, ended_at, error, said"
PACKS = "id, setting, commissioner, layout, first, last, known_at, students, incomplete, figures_hash"
"""What the read models of before kept of runs and of packs: it could not be replayed, so it is carried over."""
_TABLES = (
    "CREATE TABLE {0}store_version (version integer NOT NULL)",
    "INSERT INTO {0}store_version VALUES (0)",
    "CREATE TABLE {0}job_runs (name VARCHAR NOT NULL PRIMARY KEY, due_at {1} NOT NULL, began_at {1} NOT NULL, "
    "ended_at {1}, error VARCHAR, counts VARCHAR NOT NULL)",
    "CREATE TABLE {0}pack_drafts (id {2} NOT NULL PRIMARY KEY, setting {2} NOT NULL, commissioner {2} NOT NULL, "
    "layout VARCHAR NOT NULL, first VARCHAR NOT NULL, last VARCHAR NOT NULL, known_at {1} NOT NULL, "
    "students INTEGER NOT NULL, incomplete INTEGER NOT NULL, figures_hash VARCHAR NOT NULL)",
    "CREATE INDEX ix_pack_drafts_setting ON {0}pack_drafts (setting)",
)


def make_store(upgrading: Upgrading) -> None:
    """Makes the store beside a ledger that never had one, with the runs and packs that lay among its read models.

    It is a step of the ledger, which nobody loses without noticing: where its version tells of this store, a missing
    one was lost.
    """
    if upgrading.on_postgres:
        _make_schema(upgrading)
    else:
        _make_file(upgrading.settings.data)


def _make_file(data: Path) -> None:
    # It is made whole before the ledger's version tells of it, and left as it is where it is there already.
    path, views = data / "jobs.sqlite", data / "views.sqlite"
    make_private(path)
    with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'job_runs'").fetchone() is None:
            for statement in _TABLES:
                connection.execute(statement.format("", "INTEGER", "BLOB"))
            for table, columns in (("job_runs", RUNS), ("pack_drafts", PACKS)):
                rows = _rows_in_file(views, table, columns)
                marks = ", ".join("?" * len(columns.split(", ")))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.execute("COMMIT")
    _let_go_in_file(views)


def _rows_in_file(path: Path, table: str, columns: str) -> Sequence[Any]:
    if not path.exists():
        return ()
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as views:
            return views.execute(f"SELECT {columns} FROM {table}").fetchall()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise
        # Read models that are damaged or of another shape are made anew, and nothing can be carried over from them.
        return ()


def _let_go_in_file(path: Path) -> None:
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as views:
            for table in ("job_runs", "pack_drafts"):
                views.execute(f"DROP TABLE IF EXISTS {table}")
            views.commit()
    except sqlite3.DatabaseError:
        # They are made anew when they are next opened.
        return


def _make_schema(upgrading: Upgrading) -> None:
    run = upgrading.connection.execute
    if run(text("SELECT to_regclass('jobs.job_runs')")).scalar() is None:
        run(text("CREATE SCHEMA IF NOT EXISTS jobs"))
        for statement in _TABLES:
            run(text(statement.format("jobs.", "BIGINT", "BYTEA")))
        for table, columns in (("job_runs", RUNS), ("pack_drafts", PACKS)):
            _alone(upgrading, f"INSERT INTO jobs.{table} SELECT {columns} FROM views.{table}")
        _give_to_service(upgrading)
    for table in ("job_runs", "pack_drafts"):
        _alone(upgrading, f"DROP TABLE IF EXISTS views.{table}")


def _alone(upgrading: Upgrading, statement: str) -> None:
    """A statement about read models, which may be missing, of another shape, or a service's own: it may fail alone."""
    try:
        with upgrading.connection.begin_nested():
            upgrading.connection.execute(text(statement))
    except ProgrammingError:
        return


def _give_to_service(upgrading: Upgrading) -> None:
    """Whoever runs the service may write what is held, and writes this store too."""
    ask = (
        "SELECT DISTINCT quote_ident(grantee) FROM information_schema.role_table_grants WHERE table_schema = 'held' "
        "AND table_name = 'held' AND privilege_type = 'INSERT' AND grantee <> current_user"
    )
    for role in upgrading.connection.scalars(text(ask)).all():
        upgrading.connection.execute(text(f"GRANT USAGE ON SCHEMA jobs TO {role}"))
        upgrading.connection.execute(
            text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO {role}")
        )
