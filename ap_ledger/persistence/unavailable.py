"""Tells a store that cannot be used for a while from a fault of the program, and says which store and why in plain
words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ap_ledger.errors import Busy

NAMES = {
    "ledger": "the ledger", "keyring": "the keyring", "held": "the store of what waits for somebody",
    "accounts": "the store of accounts", "views": "the store of what is shown",
    "jobs": "the store of jobs", "drafts": "the store of questionnaires that were begun",
}  # fmt: skip
SOON, LATER = 2, 30
"""Seconds after which trying again is worth it: for a lock or a lost connection, and for a full disk."""

LOCK_SECONDS = 5
"""How long a store that is in use by something else is waited for."""

NOTHING = "Nothing of this was stored."
PART = "Some of this was stored, and is not stored twice when all of it is sent again."

LOCKED = "{store} is in use by something else. {kept} Try again shortly."
FULL = "There is no room left on the disk of {store}. {kept} Make room, then try again."
BROKEN_DISK = "{store} cannot be read or written on its disk. {kept} Run: ap-ledger check"
CROWDED = "So many people use {store} at once that there was no turn. {kept} Try again shortly."
AWAY = "The database of {store} cannot be reached. {kept} Try again shortly."

_LITE = {"BUSY": (LOCKED, SOON), "LOCKED": (LOCKED, SOON), "FULL": (FULL, LATER)}
_DISK = frozenset({"IOERR", "CANTOPEN", "READONLY", "PERM"})
_POSTGRES = {"08": (AWAY, SOON), "53": (FULL, LATER), "55": (LOCKED, SOON), "57": (AWAY, SOON), "40": (LOCKED, SOON)}
"""By class of SQLSTATE: connection, resources, object in use, operator intervention, rolled back by a conflict."""


def unavailable(error: BaseException, store: str) -> Busy | None:
    """What to answer where a store cannot be used for a while; None where the error is something else.

    The error is a driver's own, or SQLAlchemy's around it.
    """
    error = getattr(error, "orig", None) or error
    words = _words_of_sqlite(error) if isinstance(error, sqlite3.Error) else _words_of_postgres(error)
    if words is None:
        return None
    sentence = words[0].format(store=NAMES[store], kept=NOTHING)
    return Busy(words[1], sentence[:1].upper() + sentence[1:])


def crowded(store: str) -> Busy:
    """What to answer where so many use a store that no connection to it came free in time."""
    return Busy(SOON, CROWDED.format(store=NAMES[store], kept=NOTHING))


def session_options(schema: str, lock_seconds: int | None = None) -> str:
    """What every session on a PostgreSQL server is told: where its tables are, and how long it waits for a lock.

    SQLite is told the same by `busy_timeout`. Whoever waited for so long is told which store is in use.
    """
    return f"-c search_path={schema} -c lock_timeout={lock_seconds or LOCK_SECONDS}s"


@contextmanager
def saying_which(store: str) -> Iterator[None]:
    """Turns a driver's error into Busy where the store cannot be used for a while; everything else rises as it is."""
    try:
        yield
    except Exception as error:
        if (busy := unavailable(error, store)) is not None:
            raise busy from error
        raise


@contextmanager
def after_a_part(stored: bool) -> Iterator[None]:
    """Says of what fails from here on that a part of it was `stored`, where it was."""
    try:
        yield
    except Busy as busy:
        if stored:
            raise Busy(busy.retry_after, str(busy).replace(NOTHING, PART)) from busy
        raise


def _words_of_sqlite(error: sqlite3.Error) -> tuple[str, int] | None:
    name = str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_").partition("_")[0]
    return _LITE.get(name) or ((BROKEN_DISK, LATER) if name in _DISK else None)


def _words_of_postgres(error: BaseException) -> tuple[str, int] | None:
    kinds = {kind.__module__.partition(".")[0] + "." + kind.__name__ for kind in type(error).__mro__}
    if "psycopg.OperationalError" not in kinds and "psycopg.InterfaceError" not in kinds:
        return None
    # An error without a state never reached the server, or lost it on the way.
    state = getattr(error, "sqlstate", None)
    return _POSTGRES.get(state[:2], (AWAY, SOON)) if state else (AWAY, SOON)
