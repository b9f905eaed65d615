"""The ledger in PostgreSQL: positions from one counter row, so that they are dense and in the order of commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.numeric import Int8

from ap_ledger.errors import SetupError
from ap_ledger.persistence.chain import first_link
from ap_ledger.persistence.erasing import Beginnings
from ap_ledger.persistence.pools import StorePool
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.persistence.rows import Head, Known, Row
from ap_ledger.persistence.steps.ledger import POSTGRES_ERASING, POSTGRES_FUNCTIONS, STEPS
from ap_ledger.persistence.unavailable import LOCK_SECONDS, saying_which, session_options, unavailable
from ap_ledger.settings import Settings

SCHEMA = """
CREATE TABLE stored_events (
    position bigint PRIMARY KEY,
    originator_id uuid NOT NULL,
    originator_version integer NOT NULL,
    topic text NOT NULL,
    class_version integer NOT NULL,
    command_id uuid,
    setting_id uuid,
    student_id uuid,
    author_id uuid,
    device_id uuid,
    occurred_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    fingerprint bytea NOT NULL,
    sealed_hash bytea,
    state text NOT NULL,
    chain bytea NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX stored_events_stream ON stored_events (originator_id, originator_version);
CREATE UNIQUE INDEX stored_events_command ON stored_events (command_id) WHERE command_id IS NOT NULL;
CREATE TABLE sealed (
    position bigint NOT NULL,
    retention_class text NOT NULL,
    key_id uuid NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (position, retention_class)
);
CREATE TABLE head (
    only_row integer PRIMARY KEY CHECK (only_row = 1),
    ledger_id uuid NOT NULL,
    position bigint NOT NULL,
    recorded_at bigint NOT NULL,
    rules_position bigint NOT NULL,
    keys_position bigint NOT NULL,
    chain bytea NOT NULL DEFAULT '',
    proof bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 10);
CREATE TABLE store_version (version integer NOT NULL);
CREATE FUNCTION never_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER stored_events_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
FOR EACH STATEMENT EXECUTE FUNCTION never_change();
CREATE TRIGGER sealed_never_changes BEFORE UPDATE OR TRUNCATE ON sealed
FOR EACH STATEMENT EXECUTE FUNCTION never_change();
"""
APPEND = """
SELECT append(%b, %b, %b, %b, %b, %b,
%b::uuid[], %b::integer[], %b::text[], %b::integer[], %b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[],
%b::uuid[], %b::bigint[], %b::bytea[], %b::bytea[], %b::text[], %b::bytea[],
%b::bigint[], %b::text[], %b::uuid[], %b::bytea[], %b::bytea[])
"""
KNOWN = """
SELECT originator_id, position, fingerprint FROM stored_events WHERE originator_id = ANY(%b) AND originator_version = 1
UNION ALL SELECT command_id, position, fingerprint FROM stored_events WHERE command_id = ANY(%b)
"""
MAKING_LOCK = 7_305_002
"""The number under which programs that make a ledger in one database wait for each other."""
HEAD = "SELECT position, recorded_at, rules_position, keys_position, chain, proof FROM {}"


def connect(url: str, schema: str, **options: Any) -> psycopg.Connection[Any]:
    """A connection whose unqualified names are in one schema. Raises Busy when the server cannot be reached."""
    with saying_which(schema):
        return psycopg.connect(url, autocommit=True, options=session_options(schema), connect_timeout=5, **options)


class PostgresLedgerRecorder(LedgerRecorder):
    """Reads through pooled connections; writes in groups through one connection of its own, re-opened when it
    breaks."""

    PARAMETER = "%s"
    BYTES = "uuid_send({})"

    def __init__(self, url: str, now: Callable[[], int], queue_limit: int, readers: int) -> None:
        self._url = url
        make: Callable[[], Any] = partial(connect, url, "ledger")
        # Every statement is a transaction of its own, so there is nothing to take back when a connection is returned.
        self._readers = StorePool(
            make, readers, 0, LOCK_SECONDS, use_lifo=True, reset_on_return=None, logging_name="ledger"
        )
        self._lost_at = 0.0
        self._write: psycopg.Connection[Any] | None = None
        if self._query("SELECT to_regclass('ledger.head')") == [(None,)]:
            self._readers.dispose()
            raise SetupError("There is no ledger in this database. Make one with: ap-ledger init")
        super().__init__(now, queue_limit)

    @classmethod
    def create(cls, url: str, ledger_id: UUID, erasing: Beginnings, service_role: str | None = None) -> None:
        """Makes an empty ledger schema, and gives a role what it needs of it.

        Raises SetupError if there is a ledger already.
        """
        with connect(url, "ledger") as connection, connection.transaction():
            if connection.execute("SELECT to_regclass('ledger.head')").fetchone() != (None,):
                raise SetupError("This database holds a ledger already; nothing was changed.")
            connection.execute("CREATE SCHEMA IF NOT EXISTS ledger")
            connection.execute(SCHEMA)
            connection.execute(POSTGRES_FUNCTIONS)
            connection.execute(POSTGRES_ERASING)
            connection.execute("INSERT INTO erasing VALUES (1, %s, %s)", erasing)
            connection.execute("INSERT INTO store_version VALUES (%s)", (len(STEPS),))
            connection.execute(
                "INSERT INTO head VALUES (1, %s, 0, 0, 0, 0, %s, '')", (ledger_id, first_link(ledger_id))
            )
            if service_role is not None:
                _grant_ledger(connection, sql.Identifier(service_role))

    @contextmanager
    def reading(self) -> Iterator[psycopg.Cursor[Any]]:
        connection = self._reader()
        try:
            with connection.cursor(binary=True) as cursor:
                yield cursor
        except psycopg.OperationalError as error:
            # The server restarted or went away: every pooled connection is as dead as this one.
            self._lost_at = time.monotonic()
            connection.invalidate()
            if (busy := unavailable(error, "ledger")) is None:
                raise
            raise busy from error
        except psycopg.Error as error:
            if (fault := unavailable(error, "ledger")) is None:
                raise
            raise fault from error
        finally:
            connection.close()

    def _reader(self) -> Any:
        """A connection that was made since the server was last lost."""
        connection = self._readers.connect()
        while connection.info.setdefault("made", time.monotonic()) < self._lost_at:
            connection.invalidate()
            connection = self._readers.connect()
        return connection

    def read_head(self) -> Head:
        return _head(self._query(HEAD.format("head"))[0])

    def ledger_id(self) -> UUID:
        return self._uuid(self._query("SELECT ledger_id FROM head")[0][0])

    def find(self, ids: Sequence[UUID]) -> dict[UUID, Known]:
        with self.reading() as cursor:
            return _known(cursor.execute(KNOWN, (list(ids), list(ids))))

    # Writing ------------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        try:
            if self._write is None or self._write.closed:
                self._write = connect(self._url, "ledger")
            # A pipeline lets statements travel together; the server answers them in order all the same.
            with self._write.pipeline(), self._write.transaction():
                yield
        except psycopg.OperationalError as error:
            # Whether the commit was reached is not known; the sender tries again and is told "duplicate" if it was.
            if self._write is not None:
                self._write.close()
            if (busy := unavailable(error, "ledger")) is None:
                raise
            raise busy from error

    def _cursor(self) -> psycopg.Cursor[Any]:
        assert self._write is not None
        return self._write.cursor(binary=True)

    def lock_head(self, ids: Sequence[UUID]) -> tuple[Head, dict[UUID, Known]]:
        # Both questions travel together. Each is a statement of its own, so the second sees what was committed before
        # the lock.
        first, second = self._cursor(), self._cursor()
        first.execute(HEAD.format("lock_head()"))
        second.execute(KNOWN, (list(ids), list(ids)))
        row = first.fetchone()
        assert row is not None
        return _head(row), _known(second)

    def last_versions(self, streams: Sequence[UUID]) -> dict[UUID, int]:
        if not streams:
            return {}
        ask = (
            "SELECT originator_id, max(originator_version) FROM stored_events "
            "WHERE originator_id = ANY(%b) GROUP BY originator_id"
        )
        return dict(self._cursor().execute(ask, (list(set(streams)),)).fetchall())

    def append(self, rows: Sequence[Row], links: Sequence[bytes], before: Head, after: Head) -> None:
        first = before.position + 1
        *columns, _ = zip(*rows, strict=True)
        texts = [(position, *text) for position, row in enumerate(rows, first) for text in row.sealed]
        self._cursor().execute(
            APPEND,
            [
                Int8(first),
                Int8(after.recorded_at),
                Int8(after.rules_position),
                Int8(after.keys_position),
                before.chain,
                after.proof,
                *map(list, columns),
                list(links),
                *(map(list, zip(*texts, strict=True)) if texts else ([],) * 5),
            ],
        )

    def put_head(self, head: Head) -> None:
        change = (
            "UPDATE head SET position = %s, recorded_at = %s, rules_position "
            "= %s, keys_position = %s, chain = %s, proof = %s"
        )
        with self.reading() as cursor:
            try:
                cursor.execute(change, head)
            except psycopg.errors.InsufficientPrivilege:
                raise SetupError("Only the owner of the ledger may do this. Give the owner's --database-url.") from None

    def excise(self, position: int, retention_class: str, proof: bytes) -> bool:
        with self.reading() as cursor:
            row = cursor.execute("SELECT excise(%s::bigint, %s, %s)", (position, retention_class, proof)).fetchone()
            return bool(row and row[0])

    def close_writing(self) -> None:
        if self._write is not None:
            self._write.close()

    def close(self) -> None:
        self.writer.close()
        self._readers.dispose()


def _head(row: Sequence[Any]) -> Head:
    position, recorded_at, rules, keys, chain, proof = row
    return Head(position, recorded_at, rules, keys, bytes(chain), bytes(proof))


def _known(cursor: psycopg.Cursor[Any]) -> dict[UUID, Known]:
    return {key: Known(position, bytes(fingerprint)) for key, position, fingerprint in cursor.fetchall()}


def has_ledger(url: str) -> bool:
    """Whether a database holds a ledger. Raises Busy when it cannot be reached."""
    with connect(url, "ledger") as connection:
        return bool(connection.execute("SELECT to_regclass('ledger.head')").fetchone() != (None,))


@contextmanager
def making_a_ledger(url: str) -> Iterator[None]:
    """Lets one program at a time make a ledger in a database; one that is killed lets go."""
    with connect(url, "ledger") as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (MAKING_LOCK,))
        yield


def grant_service_role(settings: Settings, role: str) -> None:
    """Gives the role as which the service runs what it needs and no more.

    Raises SetupError where there is no such role.

    On the ledger that is SELECT: rows are added, and a text is removed, only through functions that check what they are
    asked. The other stores are its own to change.
    """
    assert settings.postgres is not None
    grant_stores(settings, role)
    with connect(settings.postgres, "ledger") as connection, connection.transaction():
        _grant_ledger(connection, sql.Identifier(role))


def grant_stores(settings: Settings, role: str) -> None:
    """Gives the role as which the service runs the stores beside the ledger.

    Raises SetupError where there is no such role.
    """
    assert settings.postgres is not None
    keyring = settings.keyring_url.get_secret_value() if settings.keyring_url else settings.postgres
    name = sql.Identifier(role)
    try:
        with connect(settings.postgres, "public") as connection, connection.transaction():
            connection.execute("CREATE SCHEMA IF NOT EXISTS views")
            connection.execute(sql.SQL("GRANT ALL ON SCHEMA views TO {}").format(name))
            for schema in ("held", "accounts", "jobs", "notices"):
                _own(connection, schema, name)
        with connect(keyring, "keyring") as connection, connection.transaction():
            _own(connection, "keyring", name)
    except psycopg.errors.UndefinedObject:
        raise SetupError(f"This server has no role {role}. Make it first: CREATE ROLE ... LOGIN PASSWORD ...") from None


def _grant_ledger(connection: psycopg.Connection[Any], role: sql.Identifier) -> None:
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA ledger TO {}").format(role))
    connection.execute(sql.SQL("GRANT SELECT ON stored_events, sealed, head, store_version TO {}").format(role))
    connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION lock_head, append, excise TO {}").format(role))


def _own(connection: psycopg.Connection[Any], schema: str, role: sql.Identifier) -> None:
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role))
    connection.execute(
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}").format(
            sql.Identifier(schema), role
        )
    )
