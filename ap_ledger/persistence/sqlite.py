"""The ledger in one SQLite file: one writer thread, group commit, WAL, every commit synced to the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any
from uuid import UUID

from ap_ledger.errors import SetupError, StoreFault
from ap_ledger.persistence.chain import first_link
from ap_ledger.persistence.files import make_private, sync_folder
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Head, Known, Row
from ap_ledger.persistence.sqlite_text import text_or_octets
from ap_ledger.persistence.steps.ledger import STEPS
from ap_ledger.persistence.unavailable import saying_which, unavailable

BUSY_WAIT_SECONDS = 5
IN_LIST_LIMIT = 8_192

SCHEMA = """
CREATE TABLE stored_events (
    position INTEGER PRIMARY KEY,
    originator_id BLOB NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    class_version INTEGER NOT NULL,
    command_id BLOB,
    setting_id BLOB,
    student_id BLOB,
    author_id BLOB,
    device_id BLOB,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    sealed_hash BLOB,
    state TEXT NOT NULL,
    chain BLOB NOT NULL DEFAULT x''
);
CREATE UNIQUE INDEX stored_events_stream ON stored_events (originator_id, originator_version);
CREATE UNIQUE INDEX stored_events_command ON stored_events (command_id) WHERE command_id IS NOT NULL;
CREATE TABLE sealed (
    position INTEGER NOT NULL,
    retention_class TEXT NOT NULL,
    key_id BLOB NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    PRIMARY KEY (position, retention_class)
) WITHOUT ROWID;
CREATE TABLE head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    ledger_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    rules_position INTEGER NOT NULL,
    keys_position INTEGER NOT NULL,
    chain BLOB NOT NULL DEFAULT x'',
    proof BLOB NOT NULL DEFAULT x''
);
CREATE TABLE store_version (version INTEGER NOT NULL);
CREATE TRIGGER stored_events_never_change BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER stored_events_never_go BEFORE DELETE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER sealed_never_changes BEFORE UPDATE ON sealed
BEGIN SELECT RAISE(ABORT, 'a sealed text is kept or excised, never changed'); END;
"""
HEAD = "SELECT position, recorded_at, rules_position, keys_position, chain, proof FROM head"
MOVE_HEAD = "UPDATE head SET position = ?, recorded_at = ?, rules_position = ?, keys_position = ?, chain = ?, proof = ?"


class SQLiteLedgerRecorder(LedgerRecorder):
    """Reads through pooled connections that never wait for the writer; writes through one connection of its own."""

    def __init__(self, path: Path, now: Callable[[], int], queue_limit: int) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        if not has_ledger(path):
            raise SetupError(f"There is no ledger at {path.parent}. Make one with: ap-ledger init --data {path.parent}")
        self._write = self._connect()
        self._write.execute("PRAGMA synchronous=FULL")
        super().__init__(now, queue_limit)

    @classmethod
    def create(cls, path: Path, ledger_id: UUID) -> None:
        """Makes an empty ledger file, as a whole or not at all. Raises SetupError if there is a ledger already."""
        if has_ledger(path):
            raise SetupError(f"{path} exists already; nothing was changed.")
        make_private(path)
        connection = sqlite3.connect(path, isolation_level=None)
        # Larger pages hold about twenty events each, which saves space and reads.
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        head = f"INSERT INTO head VALUES (1, x'{ledger_id.hex}', 0, 0, 0, 0, x'{first_link(ledger_id).hex()}', x'');"
        connection.executescript(
            f"BEGIN IMMEDIATE; {SCHEMA} INSERT INTO store_version VALUES ({len(STEPS)}); {head} COMMIT;"
        )
        connection.close()
        sync_folder(path.parent)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = text_or_octets
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA cache_size=-16000")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            with saying_which("ledger"):
                connection.execute("BEGIN")
                yield connection.cursor()
        finally:
            connection.rollback()
            self._idle.put(connection)

    def key(self, value: UUID) -> bytes:
        return value.bytes

    def read_head(self) -> Head:
        with self.reading() as cursor:
            return Head(*cursor.execute(HEAD).fetchone())

    def ledger_id(self) -> UUID:
        with self.reading() as cursor:
            return UUID(bytes=cursor.execute("SELECT ledger_id FROM head").fetchone()[0])

    def find(self, ids: Sequence[UUID]) -> dict[UUID, Known]:
        with self.reading() as cursor:
            return self._known(cursor, ids)

    # Writing ------------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        try:
            self._write.execute("BEGIN IMMEDIATE")
            yield
            self._write.execute("COMMIT")
        except BaseException as error:
            if self._write.in_transaction:
                self._write.execute("ROLLBACK")
            if (busy := unavailable(error, "ledger")) is not None:
                # Disk full, or another process held the file for too long: nothing was stored, and trying again is
                # right.
                raise busy from error
            raise

    def lock_head(self, ids: Sequence[UUID]) -> tuple[Head, dict[UUID, Known]]:
        head = Head(*self._write.execute(HEAD).fetchone())
        return head, self._known(self._write.cursor(), ids)

    def _known(self, cursor: sqlite3.Cursor, ids: Sequence[UUID]) -> dict[UUID, Known]:
        known: dict[UUID, Known] = {}
        for keys, marks in _in_lists(ids):
            for sql in (
                f"SELECT originator_id, position, fingerprint FROM stored_events WHERE originator_id IN ({marks}) AND "
                "originator_version = 1",
                f"SELECT command_id, position, fingerprint FROM stored_events WHERE command_id IN ({marks})",
            ):
                for key, position, fingerprint in cursor.execute(sql, keys):
                    known[UUID(bytes=key)] = Known(position, fingerprint)
        return known

    def last_versions(self, streams: Sequence[UUID]) -> dict[UUID, int]:
        versions: dict[UUID, int] = {}
        ask = "SELECT max(originator_version) FROM stored_events WHERE originator_id = ?"
        for stream in set(streams):
            versions[stream] = self._write.execute(ask, (stream.bytes,)).fetchone()[0] or 0
        return versions

    def append(self, rows: Sequence[Row], links: Sequence[bytes], before: Head, after: Head) -> None:
        places = range(before.position + 1, after.position + 1)
        self._insert(
            "INSERT INTO stored_events VALUES",
            [
                (
                    position,
                    row.originator_id.bytes,
                    row.originator_version,
                    row.topic,
                    row.class_version,
                    _bytes(row.command_id),
                    _bytes(row.setting_id),
                    _bytes(row.student_id),
                    _bytes(row.author_id),
                    _bytes(row.device_id),
                    row.occurred_at,
                    after.recorded_at,
                    row.fingerprint,
                    row.sealed_hash,
                    row.state,
                    link,
                )
                for position, row, link in zip(places, rows, links, strict=True)
            ],
        )
        self._insert(
            "INSERT INTO sealed VALUES",
            [
                (position, text.retention_class, text.key_id.bytes, text.nonce, text.ciphertext)
                for position, row in zip(places, rows, strict=True)
                for text in row.sealed
            ],
        )
        self._write.execute(MOVE_HEAD, after)

    def _insert(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        # Many rows in one statement are one step of SQLite, and so one giving up of the interpreter's lock instead of
        # many. Powers of two keep the statements few, and each is prepared once.
        start, left = 0, len(rows)
        while left:
            size = min(64, 1 << (left.bit_length() - 1))
            values = [value for row in rows[start : start + size] for value in row]
            self._write.execute(f"{sql} {','.join([_marks(len(rows[0]))] * size)}", values)
            start, left = start + size, left - size

    def put_head(self, head: Head) -> None:
        connection = self._connect()
        connection.execute(MOVE_HEAD, head)
        connection.close()

    def excise(self, position: int, retention_class: str, proof: bytes) -> bool:
        # Whoever can write the file needs no leave of it, so the proof is for the other database.
        connection = self._connect()
        try:
            gone = connection.execute(
                "DELETE FROM sealed WHERE position = ? AND retention_class = ?", (position, retention_class)
            ).rowcount
            # What was deleted must not stay readable in the write-ahead log either.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return gone > 0
        finally:
            connection.close()

    def close_writing(self) -> None:
        self._write.close()

    def close(self) -> None:
        self.writer.close()
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return


def ledger_file(data: Path) -> Path:
    """The SQLite file of the ledger in a data folder."""
    return data / "ledger.sqlite"


def has_ledger(path: Path) -> bool:
    """Whether a file holds a ledger that was made whole. Raises SetupError where it holds something else."""
    if not path.exists():
        return False
    connection = sqlite3.connect(path, timeout=BUSY_WAIT_SECONDS)
    try:
        with saying_which("ledger"):
            return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'head'").fetchone() is not None
    except (StoreFault, sqlite3.DatabaseError) as error:
        if isinstance(error, StoreFault) and error.kind != "damaged":
            raise
        raise SetupError(
            f"{path} is damaged, or is no ledger. Restore it from its backup (docs/operating.md); nothing was changed."
        ) from None
    finally:
        connection.close()


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


@cache
def _marks(columns: int) -> str:
    return f"({','.join('?' * columns)})"


def _in_lists(ids: Sequence[UUID]) -> Iterator[tuple[list[bytes], str]]:
    """Ids in lists padded to a power of two, so that SQLite meets few different statements and prepares each once."""
    for start in range(0, len(ids), IN_LIST_LIMIT):
        keys = [id_.bytes for id_ in ids[start : start + IN_LIST_LIMIT]]
        size = 1 << (len(keys) - 1).bit_length()
        keys += keys[-1:] * (size - len(keys))
        yield keys, ",".join("?" * size)
