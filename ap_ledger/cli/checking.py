"""Looks an installation over. Each look gives a name, and None or a sentence that says how to mend it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Sequence

from ap_ledger.application import Ledger, open_ledger
from ap_ledger.application.held_rows import Held
from ap_ledger.application.master_key import master_key_file
from ap_ledger.application.verifying import verify
from ap_ledger.errors import LedgerError
from ap_ledger.settings import Settings
from projections import PROJECTIONS
from projections.views import Views

Look = tuple[str, str | None]
ROOM = 500 * 1024 * 1024


def faults(settings: Settings, deep: bool, accept_end: bool = False) -> Iterator[Look]:
    """Every look, in an order in which a later one may need an earlier one.

    `accept_end`: whoever asks knows why the ledger ends where it does, for instance because an older copy was restored.
    """
    yield "the data folder", None if settings.data.is_dir() else f"{settings.data} is not there. Make a ledger with: ap-ledger init --data {settings.data}"
    yield "the master key", _master_key(settings)
    if settings.data.is_dir():
        free = shutil.disk_usage(settings.data).free
        yield "room on the disk", None if free > ROOM else f"only {free // 2**20} MB are free; make room before entries are turned away."
    try:
        ledger = open_ledger(settings)
    except LedgerError as error:
        yield "the ledger and its keyring", str(error)
        return
    try:
        yield "the ledger and its keyring", None
        if accept_end:
            ledger.accept_end()
        yield "the end of the ledger", _end(ledger)
        yield "what is remembered of the ledger", "; ".join(ledger.memory.faults()) or None
        clock = ledger.time.fault()
        yield "the clock", clock.sentence if clock else None
        if deep:
            for found in verify(ledger):
                yield found.what, "; ".join(found.faults) or None
            undone = ledger.deeds.sweep(look_only=True)
            yield "what was erased stays erased", f"{undone} erasures do not hold, perhaps after a restore. Run: ap-ledger keyring sweep" if undone else None
        yield from _views(settings, ledger)
        # Something that waits for its author is everyday work and no fault of the installation.
        waiting = list(ledger.every_held())
        yield f"held entries ({len(waiting)} wait for somebody, under Waiting for you)" if waiting else "held entries", _broken(waiting)
    finally:
        ledger.close()


def _master_key(settings: Settings) -> str | None:
    path = master_key_file(settings)
    if settings.master_key is not None:
        return None
    if not path.exists():
        return f"{path} is not there, and AP_LEDGER_MASTER_KEY is not set. Restore it from where you keep it safe."
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"others on this machine can read {path}. Run: chmod 600 {path}"
    return None


def _end(ledger: Ledger) -> str | None:
    head, last = ledger.recorder.read_head(), ledger.recorder.max_notification_id() or 0
    if head.position != last:
        return f"the counter says {head.position} and the last row is {last}. Restore the ledger from its backup."
    if head.position and not ledger.end_proof.holds(head):
        return "somebody without the keyring wrote it, so nothing is recorded after it. Run: ap-ledger check --deep"
    return None


def _broken(waiting: Sequence[Held]) -> str | None:
    broken = sum(one.broken for one in waiting)
    return f"{broken} cannot be opened. Settle them under Waiting for you, or restore this store and the keyring from one backup." if broken else None


def _views(settings: Settings, ledger: Ledger) -> Iterator[Look]:
    views = Views(settings.sqlalchemy_url("views"))
    try:
        with views.reading() as connection:
            ask = "SELECT count(*) FROM dead_letter d JOIN pointers p ON p.projection = d.projection AND p.generation = d.generation"
            dead = connection.exec_driver_sql(ask).scalar_one()
        yield "events that could not be read", f"{dead} were set aside. After an upgrade, run: ap-ledger replay" if dead else None
        end = ledger.recorder.read_head().position
        behind = {kind.name: end - views.position(kind.name) for kind in PROJECTIONS}
        slow = ", ".join(f"{name} by {events} events" for name, events in behind.items() if events > 10_000)
        yield "the read models", f"behind: {slow}. Is `ap-ledger serve` or `ap-ledger work` running?" if slow else None
    finally:
        views.close()
