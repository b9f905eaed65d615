"""Pools of connections with a bound: however many ask, a process holds no more than it was given of the server's.

Each store has a pool of its own, so that whoever holds a connection to one store and waits for another never waits for
somebody who waits for them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from ap_ledger.persistence.unavailable import LOCK_SECONDS, crowded

SHARES = {
    "ledger": 6, "views": 7, "keyring": 4, "accounts": 4, "held": 2, "drafts": 1, "jobs": 1, "notices": 2,
}  # fmt: skip
"""How many of every 28 connections a store may hold; one is the ledger's own to write."""
OF = 28
"""A process is given so many where nothing else is said; a PostgreSQL server has a hundred by itself."""
LEAST = 16
"""Fewer, and a store would have none, or one of which nobody else gets a turn."""


def pool_size(connections: int, store: str) -> int:
    """How many of a process's connections a store may hold at once."""
    return max(1, SHARES[store] * connections // OF)


class StorePool(QueuePool):
    """A pool that says which store is crowded, to whoever waited in vain for a connection. It is named by its store."""

    _is_over = False

    def connect(self) -> PoolProxiedConnection:
        """A connection of the pool. Raises Busy where none came free in time."""
        try:
            return super().connect()
        except NoneFree:
            raise crowded(self.logging_name or "ledger") from None

    def dispose(self) -> None:
        """Closes what is in the pool, and whatever comes back to it from here on."""
        self._is_over = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        # A thread that still reads when the service ends would otherwise leave an open connection in a pool that
        # nobody holds any more.
        if self._is_over:
            record.close()
        else:
            super()._do_return_conn(record)


def bounded(store: str, size: int) -> dict[str, Any]:
    """What bounds the pool of an engine on PostgreSQL."""
    return {
        "poolclass": StorePool,
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": LOCK_SECONDS,
        "pool_use_lifo": True,
        "pool_logging_name": store,
        "pool_pre_ping": True,
    }
