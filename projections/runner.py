"""Pulls the ledger into the read models: in batches, exactly once, past what cannot be read.

A projection's rows and its position move in one transaction, by compare-and-set, so that two runners cannot both apply
a batch. NOTIFY or a signal is only a hint to look sooner; a quarter of a second is the longest anything waits.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import orjson
import structlog
from sqlalchemy import Connection, Table

from ap_ledger.errors import Busy, LedgerError, Unreadable
from ap_ledger.events import event_class
from ap_ledger.events.stored import upcast
from ap_ledger.persistence.recorder import LedgerRecorder, TailRow
from projections.views import Generation, TableMaker, Views, drop_tables, tables_of

CHANGES = frozenset({"entry-corrected", "entry-voided"})
"""What changes an entry.

Such an event tells all there is to know, so it also brings back an entry that could not be read.
"""
BATCH = 2_000
POLL_SECONDS = 0.25
log = structlog.get_logger()


class Seen(NamedTuple):
    """An event as a projection sees it: ids as bytes, never anything sealed.

    `state` is None where it could not be read.
    """

    position: int
    stream: bytes
    topic: str
    setting_id: bytes | None
    student_id: bytes | None
    author_id: bytes | None
    occurred_at: int
    recorded_at: int
    state: dict[str, Any] | None


def see(row: TailRow) -> Seen:
    """Decodes a stored row and brings its state up to date."""
    position, stream, topic, class_version, setting, student, author, occurred_at, recorded_at, state = row
    try:
        decoded = orjson.loads(state)
        cls = event_class(topic)
        if class_version != cls.class_version:
            decoded = upcast(cls, decoded, class_version)
    except (LedgerError, ValueError):
        decoded = None
    return Seen(position, stream, topic, setting, student, author, occurred_at, recorded_at, decoded)


class Projection:
    """A question answered by tables.

    A subclass names them and applies batches; it may remember things between batches.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    tables: ClassVar[tuple[TableMaker, ...]]

    def __init__(self, views: Views, recorder: LedgerRecorder, generation: str) -> None:
        self.views = views
        self.recorder = recorder
        self.made: tuple[Table, ...] = tables_of(self.tables, generation)

    @classmethod
    def tables_in(cls, generation: Generation) -> tuple[Table, ...]:
        """Its tables in a generation, in their order, for whoever reads them."""
        return tables_of(cls.tables, generation.name)

    @abstractmethod
    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Changes the tables by what happened. It may be called again for the same events after it raised."""

    def forget(self) -> None:
        """Lets go of what was remembered, because a batch did not go through or another runner was here."""


class LostRace(Exception):
    """Another runner moved the position first."""


class Runner:
    """Keeps every projection up to date with one ledger."""

    def __init__(self, recorder: LedgerRecorder, views: Views, projections: Sequence[type[Projection]]) -> None:
        self._recorder = recorder
        self._views = views
        self._kinds = projections
        self._live: dict[str, tuple[Generation, Projection]] = {}
        self._dead: dict[tuple[str, str], set[bytes]] = {}
        self._batch: tuple[int, list[Seen]] = (-1, [])
        # What projections remember between batches is theirs alone, so one runner works in one thread at a time.
        self._working = threading.RLock()
        self._moved = threading.Condition()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # Catching up --------------------------------------------------------------------------------------------------

    def catch_up(self, report: Callable[[str, int, int], None] | None = None) -> int:
        """Applies everything recorded so far to every projection.

        Returns how many events were applied, all together.
        """
        applied = 0
        with self._working:
            for kind in self._kinds:
                self._ensure(kind, report)
            while step := self._step(report):
                applied += step
                with self._moved:
                    self._moved.notify_all()
        return applied

    def _step(self, report: Callable[[str, int, int], None] | None) -> int:
        """One batch of every projection."""
        step = 0
        for kind in self._kinds:
            generation, projection = self._open(kind)
            step += self._advance(generation, projection, kind)
            if report:
                report(kind.name, self._live[kind.name][0].position, self._recorder.read_head().position)
        return step

    def replay(self, name: str | None = None, report: Callable[[str, int, int], None] | None = None) -> None:
        """Builds projections anew beside the live ones, and puts them in their place when they have caught up."""
        with self._working:
            for kind in self._kinds:
                if name in (None, kind.name):
                    self._ensure(kind, report)
                    self._rebuild(kind, report)

    def make_missing(self) -> None:
        """Makes the empty tables of projections that were never built, so that pages can be shown before anything was
        read."""
        for kind in self._kinds:
            self._make_missing(kind)

    def _make_missing(self, kind: type[Projection]) -> Generation:
        with self._views.reading() as connection:
            live = self._views.live(connection, kind.name)
        if live is None:
            live = self._make(kind, 1)
            with self._views.writing() as connection:
                self._point(connection, live)
        return live

    def _ensure(self, kind: type[Projection], report: Callable[[str, int, int], None] | None) -> None:
        if self._make_missing(kind).version != kind.version:
            self._rebuild(kind, report)

    def _rebuild(self, kind: type[Projection], report: Callable[[str, int, int], None] | None) -> None:
        generation = self._make(kind, 2)
        projection = kind(self._views, self._recorder, generation.name)
        while self._advance(generation, projection, kind, live=False):
            generation = self._reread(generation)
            if report:
                report(kind.name, generation.position, self._recorder.read_head().position)
        with self._views.writing() as connection:
            self._views.wait_for_readers(connection)
            self._point(connection, generation)
            # Whatever else there is goes: the generation that was live, and any that a killed replay left behind.
            ask = self._views.sql("SELECT generation FROM generations WHERE projection = ? AND generation <> ?")
            for (old,) in connection.exec_driver_sql(ask, (kind.name, generation.name)).all():
                for table in ("generations", "dead_letter"):
                    gone = self._views.sql(f"DELETE FROM {table} WHERE projection = ? AND generation = ?")
                    connection.exec_driver_sql(gone, (kind.name, old))
                drop_tables(connection, tables_of(kind.tables, old))
        self._live.pop(kind.name, None)

    def _make(self, kind: type[Projection], number: int) -> Generation:
        with self._views.writing() as connection:
            taken = {
                row[0]
                for row in connection.exec_driver_sql(
                    self._views.sql("SELECT generation FROM generations WHERE projection = ?"), (kind.name,)
                )
            }
            live = self._views.live(connection, kind.name)
            if live is not None and number == 1:
                return live
            name = f"v{kind.version}"
            while name in taken:
                name = f"v{kind.version}_{number}"
                number += 1
            for table in tables_of(kind.tables, name):
                table.create(connection, checkfirst=True)
            made = Generation(kind.name, name, kind.version, 0)
            connection.exec_driver_sql(self._views.sql("INSERT INTO generations VALUES (?,?,?,?)"), made)
            return made

    def _point(self, connection: Connection, generation: Generation) -> None:
        connection.exec_driver_sql(
            self._views.sql("DELETE FROM pointers WHERE projection = ?"), (generation.projection,)
        )
        connection.exec_driver_sql(
            self._views.sql("INSERT INTO pointers VALUES (?,?)"), (generation.projection, generation.name)
        )

    def _reread(self, generation: Generation) -> Generation:
        with self._views.reading() as connection:
            ask = self._views.sql("SELECT position FROM generations WHERE projection = ? AND generation = ?")
            row = connection.exec_driver_sql(ask, (generation.projection, generation.name)).first()
        return generation._replace(position=row[0] if row else generation.position)

    def _open(self, kind: type[Projection]) -> tuple[Generation, Projection]:
        with self._views.reading() as connection:
            live = self._views.live(connection, kind.name)
        assert live is not None
        known = self._live.get(kind.name)
        if known is None or known[0].name != live.name:
            known = (live, kind(self._views, self._recorder, live.name))
        elif known[0].position != live.position:
            # Another process moved it, so what this one remembers may be stale.
            known[1].forget()
            self._dead.pop((kind.name, live.name), None)
        self._live[kind.name] = (live, known[1])
        return self._live[kind.name]

    def _advance(
        self, generation: Generation, projection: Projection, kind: type[Projection], live: bool = True
    ) -> int:
        batch = self._read(generation.position)
        if not batch:
            return 0
        try:
            end = self._apply(generation, projection, batch)
        except LostRace:
            projection.forget()
            return 1
        if live:
            self._live[kind.name] = (generation._replace(position=end), projection)
        return len(batch)

    def _read(self, after: int) -> list[Seen]:
        # Projections that stand at the same place share one reading and decoding.
        if self._batch[0] != after or len(self._batch[1]) < BATCH:
            self._batch = (after, [see(row) for row in self._recorder.tail(after, BATCH)])
        return self._batch[1]

    def _apply(self, generation: Generation, projection: Projection, batch: Sequence[Seen]) -> int:
        start, end = batch[0].position - 1, batch[-1].position
        dead = self._dead_streams(generation)
        try:
            with self._views.writing() as connection:
                readable = (
                    [seen for seen in batch if seen.stream not in dead or seen.topic in CHANGES] if dead else batch
                )
                for seen in readable:
                    if seen.state is None:
                        raise Unreadable(f"the event at position {seen.position} cannot be decoded")
                projection.apply(connection, readable)
                back = dead & {seen.stream for seen in readable} if dead else set()
                self._unbury(connection, generation, back)
                self._move(connection, generation, start, end)
            dead -= back
            return end
        except (LostRace, Busy):
            raise
        except Exception as error:
            projection.forget()
            if len(batch) > 1:
                middle = len(batch) // 2
                self._apply(generation, projection, batch[:middle])
                return self._apply(generation, projection, batch[middle:])
            self._bury(generation, batch[0], error)
            return end

    def _move(self, connection: Connection, generation: Generation, start: int, end: int) -> None:
        move = self._views.sql(
            "UPDATE generations SET position = ? WHERE projection = ? AND generation = ? AND position = ?"
        )
        if connection.exec_driver_sql(move, (end, generation.projection, generation.name, start)).rowcount != 1:
            raise LostRace

    def _bury(self, generation: Generation, seen: Seen, error: Exception) -> None:
        # The error's kind is kept and not its words, which may hold what a child said.
        with self._views.writing() as connection:
            connection.exec_driver_sql(
                self._views.sql("INSERT INTO dead_letter VALUES (?,?,?,?,?,?,1)"),
                (
                    generation.projection,
                    generation.name,
                    seen.position,
                    seen.stream,
                    seen.student_id,
                    type(error).__name__,
                ),
            )
            self._move(connection, generation, seen.position - 1, seen.position)
        self._dead.setdefault((generation.projection, generation.name), set()).add(seen.stream)
        log.error(
            "event set aside", projection=generation.projection, position=seen.position, error=type(error).__name__
        )

    def _unbury(self, connection: Connection, generation: Generation, back: set[bytes]) -> None:
        gone = self._views.sql("DELETE FROM dead_letter WHERE projection = ? AND generation = ? AND stream = ?")
        for stream in back:
            connection.exec_driver_sql(gone, (generation.projection, generation.name, stream))

    def _dead_streams(self, generation: Generation) -> set[bytes]:
        key = (generation.projection, generation.name)
        if key not in self._dead:
            with self._views.reading() as connection:
                ask = self._views.sql("SELECT stream FROM dead_letter WHERE projection = ? AND generation = ?")
                self._dead[key] = {bytes(row[0]) for row in connection.exec_driver_sql(ask, key)}
        return self._dead[key]

    # Running on ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Keeps catching up in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="projections", daemon=True)
        self._thread.start()

    def hint(self, _: int = 0) -> None:
        """Says that there is something new. Only a hint: it may be lost without harm."""
        self._wake.set()

    def stop(self) -> None:
        """Finishes the batch under way and stops."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause = POLL_SECONDS
        while not self._stopping.is_set():
            try:
                self.catch_up()
                pause = POLL_SECONDS
            except Exception as error:
                # Whatever it was, the ledger is safe and the rows can be caught up later; trying again is the only
                # right thing.
                log.error("projections stopped for a moment", error=type(error).__name__)
                pause = min(pause * 2, 10.0)
            self._wake.wait(pause)
            self._wake.clear()

    def wait_for(self, position: int, timeout: float = 5.0) -> bool:
        """Waits until every projection has read up to a position. False when it took too long."""
        deadline = time.monotonic() + timeout
        while True:
            if all(self._views.position(kind.name) >= position for kind in self._kinds):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._moved:
                self._moved.wait(min(left, 0.05))
