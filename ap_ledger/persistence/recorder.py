"""What both recorders share: the library's interface, the tail that projections pull, and the look-up of `known_at`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    NotSupportedError,
    StoredEvent,
    Subscription,
)

from ap_ledger.errors import Unreadable
from ap_ledger.persistence.rows import (
    Appended,
    ChainedRow,
    Head,
    Known,
    LedgerStoredEvent,
    Row,
    SealedText,
    Taken,
    Unit,
    octets,
    of_kind,
)
from ap_ledger.persistence.writer import GroupCommitWriter

COLUMNS = (
    "position, originator_id, originator_version, topic, class_version, command_id, setting_id, student_id, "
    "author_id, device_id, occurred_at, recorded_at, fingerprint, sealed_hash, state"
)

DAMAGED_TEXT = SealedText("", UUID(int=0), b"", b"")


class TailRow(NamedTuple):
    """A stored event as projections read it: nothing sealed, ids as their 16 bytes, times in microseconds, state as
    JSON text.

    Ids stay bytes because read models keep them so, and making millions of UUIDs is what a replay would spend its time
    on.
    """

    position: int
    originator_id: bytes
    topic: str
    class_version: int
    setting_id: bytes | None
    student_id: bytes | None
    author_id: bytes | None
    occurred_at: int
    recorded_at: int
    state: str


class Change(NamedTuple):
    """That something of a topic was recorded in a stream."""

    stream: UUID
    topic: str


class LedgerRecorder(ApplicationRecorder):
    """Stores events with our columns, dense positions and group commit. One per process and ledger."""

    PARAMETER = "?"
    BYTES = "{}"
    """How to ask this database for an id as its 16 bytes."""

    def __init__(self, now: Callable[[], int], queue_limit: int) -> None:
        self.writer = GroupCommitWriter(self, now, queue_limit)

    # What a database must say for itself -------------------------------------------------------------------------

    @contextmanager
    @abstractmethod
    def reading(self) -> Iterator[Any]:
        """A DB-API cursor that sees one moment of the ledger."""

    @abstractmethod
    def close(self) -> None:
        """Stores what is waiting and lets go of the database."""

    @abstractmethod
    def read_head(self) -> Head:
        """The end of the ledger as last committed."""

    @abstractmethod
    def ledger_id(self) -> UUID:
        """The random id given to this ledger when it was made."""

    @abstractmethod
    def excise(self, position: int, retention_class: str, proof: bytes) -> bool:
        """Removes one sealed text for good; the event row stays.

        False when there was none. The proof is an ErasingProof's.
        """

    @abstractmethod
    def writing(self) -> Any: ...

    @abstractmethod
    def lock_head(self, ids: Sequence[UUID]) -> tuple[Head, dict[UUID, Known]]:
        """The end of the ledger, which nobody else can move now, and where each of these ids was stored."""

    @abstractmethod
    def find(self, ids: Sequence[UUID]) -> dict[UUID, Known]:
        """Where each id was first stored, with its fingerprint; ids never stored are left out.

        Sees only what is committed.
        """

    @abstractmethod
    def last_versions(self, streams: Sequence[UUID]) -> dict[UUID, int]: ...

    @abstractmethod
    def append(self, rows: Sequence[Row], links: Sequence[bytes], before: Head, after: Head) -> None:
        """Stores rows behind the locked end of the ledger, each with its link, and moves the end to where they end."""

    @abstractmethod
    def put_head(self, head: Head) -> None:
        """Puts an end in the place of the one that stands there. Only whoever owns the ledger may."""

    @abstractmethod
    def close_writing(self) -> None: ...

    def key(self, value: UUID) -> Any:
        """An id as this database stores it."""
        return value

    def _query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self.reading() as cursor:
            return list(cursor.execute(sql.replace("?", self.PARAMETER), parameters).fetchall())

    # Reading ------------------------------------------------------------------------------------------------------

    def tail(self, after: int, limit: int) -> list[TailRow]:
        """Events after a position, in order, at most `limit`."""
        return self._tail("position > ? ORDER BY position LIMIT ?", (after, limit))

    def tail_of(self, streams: Sequence[UUID]) -> list[TailRow]:
        """Every event of these streams, in order."""
        rows: list[TailRow] = []
        for start in range(0, len(streams), 500):
            some = [self.key(stream) for stream in streams[start : start + 500]]
            rows += self._tail(f"originator_id IN ({','.join('?' * len(some))})", some)
        return sorted(rows)

    def tail_of_topics(self, topics: Sequence[str], student: UUID | None = None, after: int = 0) -> list[TailRow]:
        """Every event of some topics after a position, in order; of one student if one is given.

        Looks through all that comes after the position, so it is for rare questions.
        """
        where, given = f"position > ? AND topic IN ({','.join('?' * len(topics))})", [after, *topics]
        if student is not None:
            return sorted(self._tail(f"{where} AND student_id = ?", [*given, self.key(student)]))
        return sorted(self._tail(where, given))

    def changes_after(self, after: int, without: Collection[str]) -> set[Change]:
        """In which streams anything was recorded after a position, leaving out events of some topics."""
        marks = ",".join("?" * len(without))
        ask = f"SELECT originator_id, topic FROM stored_events WHERE position > ? AND topic NOT IN ({marks})"
        return {Change(self._uuid(stream), topic) for stream, topic in self._query(ask, [after, *without])}

    def search(
        self,
        first: int,
        last: int,
        setting: UUID,
        author: UUID | None,
        students: Sequence[UUID],
        topics: Sequence[str],
        limit: int,
    ) -> list[TailRow]:
        """Events of a setting between two positions, newest first, at most `limit`.

        Of an author, about any of some students or of some topics, if given.
        """
        where, given = "position BETWEEN ? AND ? AND setting_id = ?", [first, last, self.key(setting)]
        if author is not None:
            where, given = f"{where} AND author_id = ?", [*given, self.key(author)]
        if students:
            marks = ",".join("?" * len(students))
            where, given = f"{where} AND student_id IN ({marks})", [*given, *map(self.key, students)]
        if topics:
            where, given = f"{where} AND topic IN ({','.join('?' * len(topics))})", [*given, *topics]
        return self._tail(f"{where} ORDER BY position DESC LIMIT ?", [*given, limit])

    def count_sealed(self, student: UUID) -> dict[str, int]:
        """How many sealed texts there are about a student, by retention class. Looks through the whole ledger."""
        ask = (
            "SELECT retention_class, count(*) FROM sealed WHERE position IN (SELECT position FROM stored_events "
            "WHERE student_id = ?) GROUP BY retention_class"
        )
        return {kept: int(count) for kept, count in self._query(ask, [self.key(student)])}

    def _tail(self, where: str, given: Sequence[Any]) -> list[TailRow]:
        ids = [self.BYTES.format(name) for name in ("originator_id", "setting_id", "student_id", "author_id")]
        columns = (
            f"position, {ids[0]}, topic, class_version, {ids[1]}, {ids[2]}, {ids[3]}, occurred_at, recorded_at, state"
        )
        return [TailRow._make(row) for row in self._query(f"SELECT {columns} FROM stored_events WHERE {where}", given)]

    def position_at(self, recorded_at: int) -> int:
        """The greatest position recorded at or before a time, 0 if there is none: found by bisecting on the
        position."""
        with self.reading() as cursor:
            low, high = 0, self._last_position(cursor)
            ask = f"SELECT recorded_at FROM stored_events WHERE position = {self.PARAMETER}"
            while low < high:
                middle = (low + high + 1) // 2
                row = cursor.execute(ask, (middle,)).fetchone()
                if row is not None and row[0] <= recorded_at:
                    low = middle
                else:
                    high = middle - 1
            return low

    def _last_position(self, cursor: Any) -> int:
        row = cursor.execute("SELECT max(position) FROM stored_events").fetchone()
        return int(row[0] or 0)

    def events_at(self, positions: Sequence[int]) -> list[LedgerStoredEvent]:
        """The stored events at these positions, sealed texts with them, in order."""
        events: list[LedgerStoredEvent] = []
        for start in range(0, len(positions), 500):
            some = list(positions[start : start + 500])
            events += self._events("position IN ({})".format(",".join("?" * len(some))), some, "ORDER BY position")
        return events

    def chained_rows(self, after: int, limit: int) -> list[ChainedRow]:
        """Rows after a position, in order, with their links; nothing sealed."""
        ask = f"SELECT {COLUMNS}, chain FROM stored_events WHERE position > ? ORDER BY position LIMIT ?"
        return [self._chained(*row) for row in self._query(ask, (after, limit))]

    def texts_alone(self, limit: int) -> list[int]:
        """Positions of sealed texts beside which no row says that it has any. Looks through every sealed text."""
        ask = (
            "SELECT position FROM sealed WHERE position NOT IN (SELECT position FROM stored_events WHERE "
            "sealed_hash IS NOT NULL) ORDER BY position LIMIT ?"
        )
        return [row[0] for row in self._query(ask, (limit,))]

    def authors_of(self, positions: Sequence[int]) -> dict[int, UUID]:
        """Who recorded the events at these positions."""
        authors: dict[int, UUID] = {}
        for start in range(0, len(positions), 500):
            some = list(positions[start : start + 500])
            rows = self._query(
                f"SELECT position, author_id FROM stored_events WHERE position IN ({','.join('?' * len(some))})", some
            )
            authors.update({row[0]: author for row in rows if (author := self._maybe(row[1])) is not None})
        return authors

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one stream, as the library asks for them."""
        assert isinstance(originator_id, UUID)
        where, parameters = "originator_id = ?", [self.key(originator_id)]
        if gt is not None:
            where, parameters = f"{where} AND originator_version > ?", [*parameters, gt]
        if lte is not None:
            where, parameters = f"{where} AND originator_version <= ?", [*parameters, lte]
        order = f"ORDER BY originator_version {'DESC' if desc else 'ASC'}"
        if limit is not None:
            order, parameters = f"{order} LIMIT ?", [*parameters, limit]
        return self._events(where, parameters, order)

    def _events(self, where: str, parameters: Sequence[Any], order: str) -> list[LedgerStoredEvent]:
        with self.reading() as cursor:
            sql = f"SELECT {COLUMNS} FROM stored_events WHERE {where} {order}"
            rows = cursor.execute(sql.replace("?", self.PARAMETER), parameters).fetchall()
            sealed = self._sealed(cursor, [row[0] for row in rows if row[13] is not None])
        return [self._event(row, sealed.get(row[0], ())) for row in rows]

    def _event(self, row: Sequence[Any], sealed: Sequence[SealedText]) -> LedgerStoredEvent:
        try:
            return LedgerStoredEvent(
                position=row[0],
                originator_id=self._uuid(row[1]),
                originator_version=row[2],
                topic=row[3],
                class_version=row[4],
                command_id=self._maybe(row[5]),
                setting_id=self._maybe(row[6]),
                student_id=self._maybe(row[7]),
                author_id=self._maybe(row[8]),
                device_id=self._maybe(row[9]),
                occurred_at=row[10],
                recorded_at=row[11],
                fingerprint=octets(row[12]),
                sealed_hash=None if row[13] is None else octets(row[13]),
                state=row[14].encode(),
                sealed=tuple(sealed),
            )
        except (AttributeError, TypeError, ValueError):
            raise Unreadable(f"The row at position {row[0]} was damaged. Run: ap-ledger check --deep") from None

    def _sealed(self, cursor: Any, positions: Sequence[int]) -> dict[int, list[SealedText]]:
        texts: dict[int, list[SealedText]] = {}
        for start in range(0, len(positions), 500):
            some = positions[start : start + 500]
            marks = ",".join([self.PARAMETER] * len(some))
            ask = f"SELECT position, retention_class, key_id, nonce, ciphertext FROM sealed WHERE position IN ({marks})"
            for position, kept, key_id, nonce, ciphertext in cursor.execute(ask, list(some)).fetchall():
                try:
                    text = SealedText(of_kind(str, kept), self._uuid(key_id), octets(nonce), octets(ciphertext))
                except (TypeError, ValueError):
                    # No key has this id, so whoever asks for its words is told that they cannot be opened, and nobody
                    # else is.
                    text = DAMAGED_TEXT
                texts.setdefault(position, []).append(text)
        return texts

    def _chained(self, position: int, *rest: Any) -> ChainedRow:
        stream, version, topic, class_version, *ids, occurred_at, recorded_at, fingerprint, hash_, state, chain = rest
        try:
            command, setting, student, author, device = map(self._maybe, ids)
            row = Row(
                self._uuid(stream),
                of_kind(int, version),
                of_kind(str, topic),
                of_kind(int, class_version),
                command,
                setting,
                student,
                author,
                device,
                of_kind(int, occurred_at),
                octets(fingerprint),
                None if hash_ is None else octets(hash_),
                of_kind(str, state),
            )
            return ChainedRow(position, of_kind(int, recorded_at), octets(chain), row)
        except (TypeError, ValueError):
            return ChainedRow(position, 0, bytes(chain) if isinstance(chain, bytes) else b"", None)

    def _uuid(self, value: Any) -> UUID:
        return value if isinstance(value, UUID) else UUID(bytes=octets(value))

    def _maybe(self, value: Any) -> UUID | None:
        return None if value is None else self._uuid(value)

    # The library's interface --------------------------------------------------------------------------------------

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Stores events of one stream together. Raises IntegrityError when another writer came first."""
        if not stored_events:
            return []
        rows = tuple(event.row() for event in stored_events if isinstance(event, LedgerStoredEvent))
        if len(rows) != len(stored_events):
            raise NotSupportedError("only events made by the ledger's own mapper can be stored")
        outcome = self.writer.submit([Unit(rows[0].command_id or rows[0].originator_id, rows)]).result()[0]
        if isinstance(outcome, Appended):
            return [outcome.position + n for n in range(len(rows))]
        raise IntegrityError("taken" if isinstance(outcome, Taken) else "known")

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events by position, in the library's own form."""
        after = 0 if start is None else start - (1 if inclusive_of_start else 0)
        where, parameters = "position > ?", [after]
        if stop is not None:
            where, parameters = f"{where} AND position <= ?", [*parameters, stop]
        if topics:
            where = f"{where} AND topic IN ({','.join('?' * len(topics))})"
            parameters = [*parameters, *topics]  # type: ignore[list-item]
        events = self._events(where, [*parameters, limit], "ORDER BY position LIMIT ?")
        return [
            Notification(
                id=event.position or 0,
                originator_id=event.originator_id,
                originator_version=event.originator_version,
                topic=event.topic,
                state=event.state,
            )
            for event in events
        ]

    def max_notification_id(self) -> int | None:
        """The last position, or None for an empty ledger."""
        with self.reading() as cursor:
            return self._last_position(cursor) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Not offered: projections pull with `tail`, which works the same on both databases."""
        raise NotSupportedError("projections pull from the ledger; see projections/runner.py")
