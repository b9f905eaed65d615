"""Rewrites the stores, so that what was deleted is not left over in unused pages, logs or old row versions."""

from __future__ import annotations

import sqlite3

import psycopg

from ap_ledger.persistence.unavailable import saying_which
from ap_ledger.settings import Settings

STORES = ("ledger", "keyring", "held", "accounts", "jobs", "notices", "views")


def compact(settings: Settings) -> int:
    """Compacts every store; returns the bytes freed on disk (0 where they cannot be told).

    Raises Busy while others use it.
    """
    if settings.postgres:
        urls = {settings.postgres} | ({settings.keyring_url.get_secret_value()} if settings.keyring_url else set())
        for url in sorted(urls):
            with psycopg.connect(url, autocommit=True) as server:
                tables = server.execute(
                    "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY(%s) "
                    "AND tableowner = current_user AND tablename <> 'stored_events'",
                    (list(STORES),),
                ).fetchall()
                for (table,) in tables:
                    server.execute(f"VACUUM (FULL, ANALYZE) {table}")
                if _may_checkpoint(server):
                    server.execute("CHECKPOINT")
        return 0
    freed = 0
    for store in STORES:
        path = settings.data / f"{store}.sqlite"
        if not path.exists():
            continue
        before = path.stat().st_size
        connection = sqlite3.connect(path, isolation_level=None, timeout=5)
        try:
            with saying_which(store):
                connection.execute("PRAGMA secure_delete=ON")
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        freed += before - path.stat().st_size
    return freed


def _may_checkpoint(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute(
        "SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE') OR "
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    ).fetchone()
    return bool(row and row[0])
