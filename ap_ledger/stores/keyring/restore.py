"""Putting a copy of the keyring back: judged before anything is replaced, proved before it counts, and what was there
is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.exc import DatabaseError

from ap_ledger.errors import KeyringError, StoreFault
from ap_ledger.persistence.chain import EndProof
from ap_ledger.persistence.files import locked, make_folder, make_private, sync_folder
from ap_ledger.persistence.migrations import run_steps, store_exists
from ap_ledger.persistence.proving import stands
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.steps.keyring import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import changing, create_store, one_moment, open_store
from ap_ledger.stores.keyring.copies import Rows, copies_folder, copy_into, copy_name, put_rows, rows_of
from ap_ledger.stores.keyring.keyring import commitment_of
from ap_ledger.stores.keyring.master_key import MasterKeys, proof_of
from ap_ledger.stores.keyring.rows import open_rows, prove, rewrap
from ap_ledger.stores.keyring.store import KEYS, METADATA, PRAGMAS, read_about
from ap_ledger.stores.keyring.told_keys import Told, told_by
from ap_ledger.stores.sound_rows import wrong_column

NO_COPY = "This file is no copy of a keyring. Make copies with: ap-ledger keyring backup"


class Restored(NamedTuple):
    """What a restore did: how many keys there are now, what was erased again, which keys do not open, and where the
    keyring from before lies."""

    keys: int
    erased_again: int
    unreadable: list[UUID]
    kept: Path | None


def restore_keyring(settings: Settings, path: Path, recorder: LedgerRecorder) -> Restored:
    """Puts a copy of the keyring in the place of the one that is there, which is kept as a copy.

    Raises KeyringError, before anything is replaced, for a copy that is another ledger's or older than this one, that
    does not open, or in which keys do not open that open now. What was shredded since the copy was made stays shredded.
    """
    with locked(settings.data), _copy_at_hand(settings, path) as rows:
        told, masters = told_by(recorder), MasterKeys(settings)
        engine, present = _present(settings)
        try:
            opened, unreadable = _judge(rows, told, masters, present)
            opened |= _bring_along(rows, told, masters, present)
            again = _shred(rows, told, present, _stand(recorder, told, rows, opened))
            opened = {key_id: raw for key_id, raw in opened.items() if key_id not in again}
            unreadable = [key_id for key_id in unreadable if key_id.bytes not in again]
            kept = _keep(settings, engine)
            _replace(settings, engine, rows, opened, masters.given(), present)
        finally:
            if engine is not None:
                engine.dispose()
    erased = sum(
        (bytes(row["owner_id"]), row["retention_class"]) in told.shredded
        for row in rows["keys"]
        if bytes(row["key_id"]) in again
    )
    return Restored(len(rows["keys"]), erased, unreadable, kept)


@contextmanager
def _copy_at_hand(settings: Settings, path: Path) -> Iterator[Rows]:
    """The rows of a copy, brought up to date in a place of its own if an earlier version made it.

    The file itself stays as it is.
    """
    if not path.is_file():
        raise KeyringError(NO_COPY)
    for left_over in settings.data.glob(".restoring-*"):
        shutil.rmtree(left_over)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=settings.data) as folder:
        alone = settings.model_copy(update={"data": Path(folder), "database_url": None, "keyring_url": None})
        private = Path(folder) / "keyring.sqlite"
        make_private(private)
        shutil.copyfile(path, private)
        try:
            run_steps(alone, "keyring", STEPS, lambda *_: None)
            engine = create_engine(alone.sqlalchemy_url("keyring"))
            with one_moment(engine) as connection:
                rows = _sound(rows_of(connection))
            engine.dispose()
        except (DatabaseError, StoreFault) as error:
            if isinstance(error, StoreFault) and error.kind not in ("damaged", "lacking"):
                raise
            raise KeyringError(NO_COPY) from None
        if not rows["about"]:
            raise KeyringError(NO_COPY)
        yield rows


def _present(settings: Settings) -> tuple[Engine | None, Rows | None]:
    """The keyring that is there now and its rows; neither where it is missing or its file is damaged.

    Raises Busy, so that one in use is not taken for one.
    """
    if not store_exists(settings, "keyring"):
        return None, None
    engine = open_store(settings, "keyring", PRAGMAS)
    try:
        if inspect(engine).has_table("keys"):
            run_steps(settings, "keyring", STEPS, lambda *_: None)
            with one_moment(engine) as connection:
                return engine, _sound(rows_of(connection))
    except (DatabaseError, StoreFault) as error:
        if settings.postgres or (isinstance(error, StoreFault) and error.kind not in ("damaged", "lacking")):
            raise
    engine.dispose()
    return None, None


def _sound(rows: Rows) -> Rows:
    """Without the keys whose rows were damaged: what cannot be used cannot be put back either, and is missed where the
    ledger tells of it."""
    return {
        **rows,
        "keys": [row for row in rows["keys"] if wrong_column(KEYS.c, [row[column.name] for column in KEYS.c]) is None],
    }


def _judge(rows: Rows, told: Told, masters: MasterKeys, present: Rows | None) -> tuple[dict[bytes, bytes], list[UUID]]:
    """The open keys of a copy, and those that do not open.

    Raises KeyringError unless it may take the place of what is there.
    """
    about = rows["about"][0]
    if UUID(bytes=bytes(about["ledger_id"])) != told.ledger_id:
        raise KeyringError("This copy belongs to another ledger; nothing was changed.")
    masters.fitting(bytes(about["proof"]))
    there = {bytes(row["key_id"]) for row in rows["keys"]}
    if faults := told.faults(rows["keys"]):
        raise KeyringError(
            f"This copy says otherwise than the ledger of {len(faults)} keys: {faults[0]}. Nothing was changed; "
            "restore another copy."
        )
    lacking = sum(
        key_id not in there and (made.owner, made.retention_class) not in told.shredded
        for key_id, made in told.made.items()
    )
    if lacking:
        raise KeyringError(
            f"This copy is older than the ledger: it lacks {lacking} keys that the ledger made. Nothing was changed; "
            "restore a newer copy."
        )
    opened, unreadable = _open(rows, told, masters)
    readable_now = _open(present, told, masters)[0] if present else {}
    lost = sum(key_id.bytes in readable_now for key_id in unreadable)
    if lost:
        raise KeyringError(
            f"{lost} keys of this copy do not open, and they do open in the keyring that is there. Nothing was changed."
        )
    return opened, unreadable


def _open(rows: Rows, told: Told, masters: MasterKeys) -> tuple[dict[bytes, bytes], list[UUID]]:
    """The keys that open to what the ledger was told when they were made, and the ids of the others."""
    opened, unreadable = open_rows([row for row in rows["keys"] if row["wrapped"] is not None], masters)
    false = [
        key_id
        for key_id, raw in opened.items()
        if key_id in told.made and told.made[key_id].commitment != commitment_of(raw)
    ]
    return {key_id: raw for key_id, raw in opened.items() if key_id not in false}, [
        *unreadable,
        *(UUID(bytes=key_id) for key_id in false),
    ]


def _bring_along(rows: Rows, told: Told, masters: MasterKeys, present: Rows | None) -> dict[bytes, bytes]:
    """Adds, in place, keys younger than the copy that no event names: those of sends whose entries wait.

    Returns them open.
    """
    known = {bytes(row["owner_id"]) for row in rows["keys"]} | told.owners()
    named = {bytes(row["key_id"]) for row in rows["keys"]} | told.made.keys()
    younger = [
        row
        for row in (present or {}).get("keys", ())
        if bytes(row["owner_id"]) not in known and bytes(row["key_id"]) not in named
    ]
    opened, _ = open_rows([row for row in younger if row["wrapped"] is not None], masters)
    rows["keys"] += [row for row in younger if row["wrapped"] is None or bytes(row["key_id"]) in opened]
    return opened


def _stand(recorder: LedgerRecorder, told: Told, rows: Rows, opened: dict[bytes, bytes]) -> bool:
    """Whether what the ledger tells of erasures was written by holders of its own key, which is in the copy."""
    own = {
        bytes(row["key_id"])
        for row in rows["keys"]
        if (bytes(row["owner_id"]), row["retention_class"]) == (told.ledger_id.bytes, "core")
    }
    first = min(told.shredded.values(), default=None)
    return first is not None and any(
        stands(recorder, EndProof(opened[key_id], told.ledger_id), first) for key_id in own & opened.keys()
    )


def _shred(rows: Rows, told: Told, present: Rows | None, stand: bool) -> set[bytes]:
    """Takes out, in place, what was shredded since the copy was made. Returns the ids of the keys that went.

    A key of which the ledger tells goes by its events, or, where somebody else may have written those, only if it is
    gone in the keyring that is there too: either of them alone may be what has to be mended.
    """
    gone_there = {
        bytes(row["key_id"]): row["shredded_at"] for row in (present or {}).get("keys", ()) if row["wrapped"] is None
    }
    gone = set()
    for row in rows["keys"]:
        key_id, owner = bytes(row["key_id"]), bytes(row["owner_id"])
        if key_id in told.made or owner == told.ledger_id.bytes:
            is_gone = (owner, row["retention_class"]) in told.shredded and (stand or key_id in gone_there)
        else:
            is_gone = key_id in gone_there
        if row["wrapped"] is not None and is_gone:
            row |= {"wrapped": None, "shredded_at": gone_there.get(key_id) or datetime.now(UTC).isoformat()}
            gone.add(key_id)
    return gone


def _keep(settings: Settings, engine: Engine | None) -> Path | None:
    """Keeps the keyring that is there as a copy, or the file itself where it is damaged.

    Returns where, if there was any.
    """
    folder = copies_folder(settings)
    if engine is not None:
        return copy_into(folder, engine)[0]
    if settings.postgres is not None or not store_exists(settings, "keyring"):
        return None
    make_folder(folder)
    kept = folder / copy_name("damaged")
    # A journal that stayed behind would be played into the keyring that comes.
    for end in ("-journal", "-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            (settings.data / f"keyring.sqlite{end}").replace(kept.with_name(kept.name + end))
    sync_folder(folder)
    return kept


def _replace(
    settings: Settings,
    engine: Engine | None,
    rows: Rows,
    opened: dict[bytes, bytes],
    master: bytes,
    present: Rows | None,
) -> None:
    """Puts the rows in their place in one transaction, under the master key that is given, and proves them before it
    ends."""
    generations = [row["generation"] for row in (*rows["about"], *(present or {}).get("about", ()))]
    rows["about"] = [{**rows["about"][0], "proof": proof_of(master), "generation": max(generations) + 1}]
    begun = (*rows["intentions"], *(present or {}).get("intentions", ()))
    rows["intentions"] = list({bytes(row["command_id"]): row for row in begun}.values())
    # What a keyring remembers beside its keys is newer here than in any copy.
    rows |= {name: kept for name, kept in (present or {}).items() if name not in ("about", "keys", "intentions")}

    def fill(connection: Connection) -> None:
        if engine is not None:
            read_about(connection, lock=True)
        put_rows(connection, rows)
        rewrap(connection, opened, master)
        prove(connection, opened, master)

    if engine is None:
        create_store(settings, "keyring", METADATA, PRAGMAS, STEPS, fill)
    else:
        with changing(engine) as connection:
            fill(connection)
