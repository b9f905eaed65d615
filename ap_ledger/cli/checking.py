"""Looks an installation over. Each look gives a name, and None or a sentence that says how to mend it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy.exc import DatabaseError

from ap_ledger.bootstrap import open_installation
from ap_ledger.cli.files import RESTORE, STORES, copies_fault, file_fault, master_key_fault, modes_fault, schema_fault
from ap_ledger.errors import LedgerError
from ap_ledger.recording.ledger import Ledger
from ap_ledger.recording.verifying import verify
from ap_ledger.settings import Settings
from ap_ledger.stores.accounts.accounts import Accounts
from ap_ledger.stores.accounts.store import METADATA as ACCOUNT_TABLES
from ap_ledger.stores.engine import open_store
from ap_ledger.stores.held.drafts import Drafts
from ap_ledger.stores.held.rows import METADATA as HELD_TABLES
from ap_ledger.stores.held.rows import Held
from ap_ledger.stores.jobs import METADATA as JOB_TABLES
from ap_ledger.stores.keyring.master_key import proof_of, read_master_key
from ap_ledger.stores.keyring.store import METADATA as KEYRING_TABLES
from ap_ledger.stores.keyring.store import name_of
from ap_ledger.stores.notices.store import METADATA as NOTICE_TABLES
from ap_ledger.stores.sound_rows import damage_in
from projections import PROJECTIONS
from projections.views import Views

ROWS = {
    "keyring": KEYRING_TABLES, "held": HELD_TABLES, "accounts": ACCOUNT_TABLES, "jobs": JOB_TABLES,
    "notices": NOTICE_TABLES,
}  # fmt: skip
"""The small stores, whose rows are read one by one."""
ROOM = 500 * 1024 * 1024


class Look(NamedTuple):
    """What was looked at, what is wrong with it, and, where nothing is, what is worth knowing all the same."""

    what: str
    fault: str | None = None
    note: str | None = None


def faults(settings: Settings, deep: bool, accept_end: bool = False) -> Iterator[Look]:
    """Every look, in an order in which a later one may need an earlier one.

    Whatever is damaged, each ends in a sentence.

    `accept_end`: whoever asks knows why the ledger ends where it does, for instance because an older copy was restored.
    """
    if not settings.data.is_dir():
        yield Look(
            "the data folder",
            f"{settings.data} is not there. Make a ledger with: ap-ledger init --data {settings.data}",
        )
        return
    yield Look("the data folder")
    yield _look("the master key", lambda: master_key_fault(settings))
    yield _look("who can read the files", lambda: modes_fault(settings))
    yield _look("copies of the keyring here", lambda: copies_fault(settings))
    free = shutil.disk_usage(settings.data).free
    yield Look(
        "room on the disk",
        None if free > ROOM else f"only {free // 2**20} MB are free; make room before entries are turned away.",
    )
    files = _files(settings, deep)
    yield from files.values()
    damaged = {name for name, look in files.items() if look.fault}
    yield from (_look(f"the rows of {name}", partial(_damage, settings, name)) for name in ROWS if name not in damaged)
    if damaged - {"views"}:
        yield Look(
            "the ledger and its keyring",
            "they were not opened, because something is wrong with a store, as said above.",
        )
    else:
        yield from _opened(settings, deep, accept_end, "views" not in damaged)


def _files(settings: Settings, deep: bool) -> dict[str, Look]:
    if settings.postgres:
        return {
            store.name: _look(f"the tables of {store.name}", partial(schema_fault, settings, store)) for store in STORES
        }
    return {
        store.name: _look(f"the file of {store.name}", partial(file_fault, settings, store, deep)) for store in STORES
    }


def _opened(settings: Settings, deep: bool, accept_end: bool, with_views: bool) -> Iterator[Look]:
    try:
        installation = open_installation(settings)
    except Exception as error:
        yield Look("the ledger and its keyring", _sentence(error))
        return
    ledger = installation.ledger
    try:
        yield Look("the ledger and its keyring")
        yield _look("the keys", lambda: _keys(settings, ledger))
        if accept_end:
            yield _look("the end that is accepted", lambda: _accepted(ledger))
        yield _look("the end of the ledger", lambda: _end(ledger))
        yield _look("what is remembered of the ledger", lambda: "; ".join(ledger.memory.faults()) or None)
        yield _look("the clock", lambda: clock.sentence if (clock := ledger.time.fault()) else None)
        if deep:
            yield from _verified(ledger)
            yield _look("what was erased stays erased", lambda: _erased(ledger))
        yield _look("what was decided is done", ledger.effects.undone)
        yield _look("what lets people in", lambda: _ways_in(installation.accounts))
        yield _look("questionnaires that were begun", lambda: _drafts(installation.drafts))
        yield _held(ledger)
        if with_views:
            yield from _views(settings, ledger)
    except Exception as error:
        yield Look("what else there is to look at", _sentence(error))
    finally:
        ledger.close()


def _verified(ledger: Ledger) -> Iterator[Look]:
    try:
        for finding in verify(ledger):
            yield Look(finding.what, "; ".join(finding.faults) or None)
    except Exception as error:
        yield Look("the rows of the ledger", _sentence(error))


def _accepted(ledger: Ledger) -> None:
    ledger.accept_end()


def _damage(settings: Settings, name: str) -> str | None:
    """Rows that are not as they were written. Each harms no other, and nobody else would ever tell of it."""
    engine = open_store(settings, name)
    try:
        with engine.connect() as connection:
            damage = damage_in(connection, ROWS[name])
    finally:
        engine.dispose()
    return f"{'; '.join(damage)}. {RESTORE}" if damage else None


def _ways_in(accounts: Accounts) -> str | None:
    people = accounts.damaged()
    if not people:
        return None
    shown = ", ".join(map(str, people[:3])) + (", ..." if len(people) > 3 else "")
    return (
        f"the password, PIN or second factor of {len(people)} people was damaged, so that it lets nobody in ({shown}). "
        "Give them a new way in, "
        "as if it were lost, or restore the store of accounts from its backup."
    )


def _drafts(drafts: Drafts) -> str | None:
    damaged = drafts.damaged()
    return f"{damaged} were damaged and open for nobody. They are left out, and are answered anew." if damaged else None


def _held(ledger: Ledger) -> Look:
    try:
        waiting = list(ledger.waiting.every())
    except Exception as error:
        return Look("held entries", _sentence(error))
    # Something that waits for its author is everyday work and no fault of the installation.
    return Look(
        "held entries",
        _broken(waiting),
        f"{len(waiting)} wait for somebody, under Waiting for you." if waiting else None,
    )


def _look(what: str, look: Callable[[], str | None]) -> Look:
    """One look, of which even a fault that nobody foresaw is a finding and no trace."""
    try:
        return Look(what, look())
    except Exception as error:
        return Look(what, _sentence(error))


def _sentence(error: Exception) -> str:
    """What went wrong, without a value of anybody's record in it."""
    if isinstance(error, LedgerError):
        return str(error)
    if isinstance(error, PermissionError):
        return f"whoever runs this may not use {error.filename}. Run it as the service's user, or give that the right."
    if isinstance(error, (DatabaseError, sqlite3.DatabaseError)):
        return (
            f"a store is damaged, incomplete or cannot be reached ({type(error).__name__}). Restore it from its "
            "backup (docs/operating.md)."
        )
    return f"this cannot be read ({type(error).__name__}). Restore what is damaged from its backup (docs/operating.md)."


def _keys(settings: Settings, ledger: Ledger) -> str | None:
    unreadable = ledger.keyring.unreadable()
    if unreadable:
        return (
            f"{len(unreadable)} keys open under no master key that is at hand, the first of them {unreadable[0]}. Put "
            "the master key that was in use "
            "before beside the present one, or restore the keyring from a copy: ap-ledger keyring restore FILE"
        )
    if ledger.keyring.about().master_id != name_of(proof_of(read_master_key(settings))):
        return (
            "the keyring lies under an older master key, as when an older file of it was put back by hand. Run: "
            "ap-ledger keyring rotate"
        )
    return None


def _erased(ledger: Ledger) -> str | None:
    undone = ledger.effects.sweep(look_only=True)
    return f"{undone} erasures do not hold, perhaps after a restore. Run: ap-ledger keyring sweep" if undone else None


def _end(ledger: Ledger) -> str | None:
    head, last = ledger.recorder.read_head(), ledger.recorder.max_notification_id() or 0
    if head.position != last:
        return f"the counter says {head.position} and the last row is {last}. Restore the ledger from its backup."
    if head.position and not ledger.end_proof.holds(head):
        return "somebody without the keyring wrote it, so nothing is recorded after it. Run: ap-ledger check --deep"
    return None


def _broken(waiting: Sequence[Held]) -> str | None:
    broken = sum(held.broken for held in waiting)
    return (
        f"{broken} cannot be opened. Settle them under Waiting for "
        "you, or restore this store and the keyring from one backup."
        if broken
        else None
    )


def _views(settings: Settings, ledger: Ledger) -> Iterator[Look]:
    views = Views(settings.sqlalchemy_url("views"))
    try:
        with views.reading() as connection:
            ask = (
                "SELECT count(*) FROM dead_letter d JOIN pointers p ON p.projection = d.projection AND "
                "p.generation = d.generation"
            )
            dead = connection.exec_driver_sql(ask).scalar_one()
        yield Look(
            "events that could not be read",
            f"{dead} were set aside. After an upgrade, run: ap-ledger replay" if dead else None,
        )
        end = ledger.recorder.read_head().position
        behind = {kind.name: end - views.position(kind.name) for kind in PROJECTIONS}
        slow = ", ".join(f"{name} by {events} events" for name, events in behind.items() if events > 10_000)
        yield Look(
            "the read models", f"behind: {slow}. Is `ap-ledger serve` or `ap-ledger work` running?" if slow else None
        )
    finally:
        views.close()
