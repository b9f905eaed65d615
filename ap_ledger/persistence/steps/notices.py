"""The steps of the store `notices`, oldest first, and how a ledger of before there was one is given it.

A step is never changed once it was released; a new one goes to the end.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from ap_ledger.persistence.files import make_private
from ap_ledger.persistence.migrations import LOCK_SECONDS, Step, Upgrading

STEPS: tuple[Step, ...] = ()

_TABLES = (
    "CREATE TABLE {0}store_version (version integer NOT NULL)",
    "INSERT INTO {0}store_version VALUES (0)",
    "CREATE TABLE {0}notices (person {2} NOT NULL, name VARCHAR NOT NULL, key {2} NOT NULL, setting {2} NOT NULL, "
    "about {2}, happened_at {1} NOT NULL, raised_at {1} NOT NULL, read_at {1}, PRIMARY KEY (person, name, key))",
    "CREATE INDEX notices_unread ON {0}notices (person, read_at)",
    "CREATE TABLE {0}deliveries (person {2} NOT NULL, name VARCHAR NOT NULL, key {2} NOT NULL, "
    "channel VARCHAR NOT NULL, setting {2} NOT NULL, state VARCHAR NOT NULL, tries INTEGER NOT NULL, "
    "since {1} NOT NULL, next_at {1} NOT NULL, PRIMARY KEY (person, name, key, channel))",
    "CREATE INDEX deliveries_waiting ON {0}deliveries (state, next_at)",
    "CREATE TABLE {0}marks (source VARCHAR NOT NULL PRIMARY KEY, reached {1} NOT NULL)",
    "CREATE TABLE {0}choices (person {2} NOT NULL PRIMARY KEY, mail INTEGER NOT NULL, push INTEGER NOT NULL, "
    "address {2})",
    "CREATE TABLE {0}subscriptions (id {2} NOT NULL PRIMARY KEY, person {2} NOT NULL, sealed {2} NOT NULL, "
    "made_at {1} NOT NULL)",
    "CREATE INDEX ix_subscriptions_person ON {0}subscriptions (person)",
    "CREATE TABLE {0}mail (setting {2} NOT NULL PRIMARY KEY, is_on INTEGER NOT NULL, sealed {2} NOT NULL, "
    "failing_since {1}, fault VARCHAR)",
)


def make_store(upgrading: Upgrading) -> None:
    """Makes the empty store beside a ledger that never had one.

    It is a step of the ledger, which nobody loses without noticing: where its version tells of this store, a missing
    one was lost.
    """
    if upgrading.on_postgres:
        _make_schema(upgrading)
    else:
        _make_file(upgrading.settings.data)


def _make_file(data: Path) -> None:
    # It is made whole before the ledger's version tells of it, and left as it is where it is there already.
    path = data / "notices.sqlite"
    make_private(path)
    with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'notices'").fetchone() is None:
            for statement in _TABLES:
                connection.execute(statement.format("", "INTEGER", "BLOB"))
        connection.execute("COMMIT")


def _make_schema(upgrading: Upgrading) -> None:
    run = upgrading.connection.execute
    if run(text("SELECT to_regclass('notices.notices')")).scalar() is not None:
        return
    run(text("CREATE SCHEMA IF NOT EXISTS notices"))
    for statement in _TABLES:
        run(text(statement.format("notices.", "BIGINT", "BYTEA")))
    # Whoever runs the service may write what is held, and writes this store too.
    ask = (
        "SELECT DISTINCT quote_ident(grantee) FROM information_schema.role_table_grants WHERE table_schema = 'held' "
        "AND table_name = 'held' AND privilege_type = 'INSERT' AND grantee <> current_user"
    )
    for role in upgrading.connection.scalars(text(ask)).all():
        run(text(f"GRANT USAGE ON SCHEMA notices TO {role}"))
        run(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA notices TO {role}"))
