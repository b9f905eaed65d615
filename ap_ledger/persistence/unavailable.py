"""Tells a store that cannot be used from a fault of the program, and says which store and why in plain words.

What goes by itself, a lock or a lost connection, is Busy. What somebody must mend is a StoreFault that says what it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ap_ledger.errors import Busy, StoreFault, StoreFaultKind

NAMES = {
    "ledger": "the ledger", "keyring": "the keyring", "held": "the store of what waits for somebody",
    "accounts": "the store of accounts", "views": "the store of what is shown",
    "jobs": "the store of jobs", "notices": "the store of notices",
    "drafts": "the store of questionnaires that were begun",
}  # fmt: skip
SOON, LATER = 2, 30
"""Seconds after which trying again is worth it: for a lock or a lost connection, and for a full disk."""

LOCK_SECONDS = 5
"""How long a store that is in use by something else is waited for."""

NOTHING = "Nothing of this was stored."
PART = "Some of this was stored, and is not stored twice when all of it is sent again."

LOCKED = "{store} is in use by something else. {kept} Try again shortly."
CROWDED = "So many people use {store} at once that there was no turn. {kept} Try again shortly."
AWAY = "The database of {store} cannot be reached. {kept} Try again shortly."
FULL = "There is no room left on the disk of {store}. {kept} Make room, then try again."
BROKEN_DISK = "{store} cannot be read or written on its disk. {kept} Run: ap-ledger check"
READ_ONLY = "{store} can be read and not written: its disk or its database allows no change. {kept} Look after that."
DAMAGED = "{store} is damaged. {kept} Run: ap-ledger check, and restore it from its backup (docs/operating.md)."
LACKING = "{store} lacks a table or a column that this version needs. {kept} Run: ap-ledger check"
NOT_ALLOWED = "This program may not use {store} in its database. {kept} Its owner runs: ap-ledger upgrade"

_KINDS: Mapping[str, StoreFaultKind] = {
    FULL: "full", BROKEN_DISK: "disk", READ_ONLY: "read-only", DAMAGED: "damaged", LACKING: "lacking",
    NOT_ALLOWED: "not-allowed",
}  # fmt: skip
"""What stays until somebody mends it. The others, locks and lost connections, go by themselves within seconds."""
_LITE = {
    "BUSY": LOCKED, "LOCKED": LOCKED, "FULL": FULL, "IOERR": BROKEN_DISK, "CANTOPEN": BROKEN_DISK, "PERM": READ_ONLY,
    "READONLY": READ_ONLY, "CORRUPT": DAMAGED, "NOTADB": DAMAGED,
}  # fmt: skip
_LITE_LACKS = ("no such table", "no such column", "has no column named")
"""SQLite says only in words that a table or a column is missing."""
_POSTGRES = {
    "08": AWAY, "53100": FULL, "53": CROWDED, "55": LOCKED, "57": AWAY, "40": LOCKED, "58": BROKEN_DISK,
    "25006": READ_ONLY, "XX001": DAMAGED, "XX002": DAMAGED, "42P01": LACKING, "42703": LACKING, "3F000": LACKING,
    "42501": NOT_ALLOWED,
}  # fmt: skip
"""By SQLSTATE, or by its class: connection, resources, object in use, operator intervention, rolled back by a conflict,
fault of the system."""


def unavailable(error: BaseException, store: str) -> Busy | None:
    """What to answer where a store cannot be used; None where the error is something else.

    The error is a driver's own, or SQLAlchemy's around it.
    """
    error = getattr(error, "orig", None) or error
    words = _words_of_sqlite(error) if isinstance(error, sqlite3.Error) else _words_of_postgres(error)
    if words is None:
        return None
    sentence = words.format(store=NAMES[store], kept=NOTHING)
    sentence = sentence[:1].upper() + sentence[1:]
    kind = _KINDS.get(words)
    return Busy(SOON, sentence) if kind is None else StoreFault(LATER, sentence, kind)


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
    """Turns a driver's error into Busy or StoreFault where the store cannot be used; all else rises as it is."""
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
        if not stored:
            raise
        words = busy.retry_after, str(busy).replace(NOTHING, PART)
        raise (StoreFault(*words, busy.kind) if isinstance(busy, StoreFault) else Busy(*words)) from busy


def _words_of_sqlite(error: sqlite3.Error) -> str | None:
    name = str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_").partition("_")[0]
    if name in ("", "ERROR") and any(words in str(error) for words in _LITE_LACKS):
        return LACKING
    return _LITE.get(name)


def _words_of_postgres(error: BaseException) -> str | None:
    kinds = {kind.__module__.partition(".")[0] + "." + kind.__name__ for kind in type(error).__mro__}
    if "psycopg.Error" not in kinds:
        return None
    state = getattr(error, "sqlstate", None) or ""
    if words := _POSTGRES.get(state) or _POSTGRES.get(state[:2]):
        return words
    # An error of these kinds without a state never reached the server, or lost it on the way.
    return AWAY if kinds & {"psycopg.OperationalError", "psycopg.InterfaceError"} else None
