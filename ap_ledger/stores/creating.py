"""Makes a ledger. The ledger itself comes last and as a whole: what stops before it leaves nothing that counts as one.

So the next `init` can tell: where there is no ledger, what lies there is what an `init` that was killed has left,
unless it holds what nobody makes in that time. That is never touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from ap_ledger.errors import SetupError, StoreFault
from ap_ledger.persistence.erasing import ErasingProof
from ap_ledger.persistence.files import locked
from ap_ledger.persistence.migrations import store_exists
from ap_ledger.persistence.pools import pool_size
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.sqlite import SQLiteLedgerRecorder, has_ledger, ledger_file
from ap_ledger.settings import Settings
from ap_ledger.stores.accounts.store import AccountStore
from ap_ledger.stores.engine import open_store
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.jobs import JobStore
from ap_ledger.stores.keyring.keyring import Key, Keyring
from ap_ledger.stores.keyring.master_key import make_master_key
from ap_ledger.stores.notices.notices import NoticeStore

IN_THE_WAY = (
    "There is no ledger here, but the store {name} holds what belongs to one. Restore that ledger from its backup "
    "(docs/operating.md), "
    "or give another place. Nothing was changed."
)


def ledger_is_there(settings: Settings) -> bool:
    """Whether a ledger was made here.

    Raises Busy where that cannot be told, SetupError where something else lies in its place.
    """
    if settings.postgres:
        # Its driver takes a tenth of a second to load, which nobody with a file of their own should wait for.
        from ap_ledger.persistence.postgres import has_ledger as database_has_ledger

        return database_has_ledger(settings.postgres)
    return has_ledger(ledger_file(settings.data))


def create_ledger(settings: Settings, service_role: str | None = None) -> None:
    """Makes an empty ledger with its keyring, its stores and, where none is given, its master key.

    On PostgreSQL `service_role` is the role as which the service will run: on the ledger it may read, and add at the
    end, nothing else. Whatever stops this at any point, doing it again makes the ledger. Raises SetupError where there
    is a ledger already, where a store is left of one that is missing, or for a role for a ledger in a file.
    """
    if service_role is not None and settings.postgres is None:
        raise SetupError(
            "A role is for a ledger on PostgreSQL, and this one is a "
            "file. Leave out --service-role, or give --database-url."
        )
    with locked(settings.data), _alone_in_database(settings):
        if ledger_is_there(settings):
            raise SetupError(f"There is a ledger at {settings.data} already; nothing was changed.")
        for name in ("keyring", "held", "accounts", "jobs", "notices"):
            _require_empty(settings, name)
        make_master_key(settings)
        ledger_id = uuid4()
        own = Keyring.create(settings, ledger_id)
        HeldStore.create(settings)
        AccountStore.create(settings)
        JobStore.create(settings)
        NoticeStore.create(settings)
        _create_ledger_itself(settings, ledger_id, own, service_role)


def _create_ledger_itself(settings: Settings, ledger_id: UUID, own: Key, service_role: str | None) -> None:
    if settings.postgres is None:
        SQLiteLedgerRecorder.create(ledger_file(settings.data), ledger_id)
        return
    from ap_ledger.persistence.postgres import PostgresLedgerRecorder, grant_stores

    if service_role is not None:
        grant_stores(settings, service_role)
    PostgresLedgerRecorder.create(settings.postgres, ledger_id, ErasingProof(own.raw).beginnings(), service_role)


@contextmanager
def _alone_in_database(settings: Settings) -> Iterator[None]:
    """Lets one command at a time make a ledger in a database, wherever it runs."""
    if settings.postgres is None:
        yield
        return
    from ap_ledger.persistence.postgres import making_a_ledger

    with making_a_ledger(settings.postgres):
        yield


def _require_empty(settings: Settings, name: str) -> None:
    """Raises SetupError for a store that holds more than `init` puts there: it is all that is left of somebody's
    ledger."""
    if not store_exists(settings, name):
        return
    engine = open_store(settings, name)
    try:
        with engine.connect() as connection:
            full = _holds_anything(connection, name)
    except (DatabaseError, StoreFault):
        full = True
    finally:
        engine.dispose()
    if full:
        raise SetupError(IN_THE_WAY.format(name=name))


def _holds_anything(connection: Connection, name: str) -> bool:
    tables = set(inspect(connection).get_table_names()) - {"store_version", "about"}
    for table in tables:
        where = " WHERE owner_id NOT IN (SELECT ledger_id FROM about)" if name == "keyring" and table == "keys" else ""
        if connection.execute(text(f"SELECT 1 FROM {table}{where} LIMIT 1")).first() is not None:
            return True
    return False


def _now() -> int:
    return time.time_ns() // 1000


def ledger_recorder(settings: Settings, now: Callable[[], int] = _now) -> LedgerRecorder:
    """The ledger's rows alone, without its keys. `now` stamps what is recorded, in microseconds.

    Close it. Raises SetupError where there is none.
    """
    if settings.postgres:
        from ap_ledger.persistence.postgres import PostgresLedgerRecorder

        return PostgresLedgerRecorder(
            settings.postgres, now, settings.queue_limit, pool_size(settings.connections, "ledger")
        )
    return SQLiteLedgerRecorder(ledger_file(settings.data), now, settings.queue_limit)
