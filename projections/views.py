"""The store of read models: disposable tables, a position for each generation of each projection, and what went wrong.

A reader asks for a projection's tables inside a transaction; a pointer row says which generation is live, so that a
replay can be built beside it and take its place between two transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateSchema, DropTable

from ap_ledger.errors import SetupError, StoreFault
from ap_ledger.persistence.files import make_private
from ap_ledger.persistence.pools import OF, bounded, pool_size
from ap_ledger.persistence.unavailable import saying_which, session_options
from ap_ledger.stores.engine import BigInt

SWAP_LOCK = 0x41504C
"""Names, in PostgreSQL, the lock that readers share and a replay takes alone when its tables take their place."""

METADATA = MetaData()
GENERATIONS = Table(
    "generations",
    METADATA,
    Column("projection", String, primary_key=True),
    Column("generation", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInt, nullable=False),
)
POINTERS = Table(
    "pointers", METADATA, Column("projection", String, primary_key=True), Column("generation", String, nullable=False)
)
DEAD_LETTERS = Table(
    "dead_letter",
    METADATA,
    Column("projection", String, primary_key=True),
    Column("generation", String, primary_key=True),
    Column("position", BigInt, primary_key=True),
    Column("stream", LargeBinary(16), nullable=False),
    Column("student", LargeBinary(16)),
    Column("error", String, nullable=False),
    Column("attempts", Integer, nullable=False),
)

COPIED_AS = {BigInteger: "int8", Integer: "int4", LargeBinary: "bytea", String: "text"}
"""The types that a column of a projection may have, and as what each is copied into PostgreSQL."""
TableMaker = Callable[[str, MetaData], Table]


class Generation(NamedTuple):
    """One build of a projection's tables."""

    projection: str
    name: str
    version: int
    position: int


class Views:
    """Opens read models for reading and for the runner."""

    def __init__(self, url: str, connections: int = OF) -> None:
        """`connections` is how many the process may hold to all stores together; these have their share of them."""
        self._size = pool_size(connections, "views")
        self.is_sqlite = url.startswith("sqlite")
        self._path = Path(make_url(url).database or "") if self.is_sqlite else None
        if self._path is not None and _mark_of(self._path).exists():
            _delete(self._path)
        self._connect(url)
        try:
            whole = self._is_whole()
        except StoreFault as fault:
            if self._path is None or fault.kind != "damaged":
                raise
            self.close()
            _delete(self._path)
            self._connect(url)
            whole = False
        if not whole:
            self._make_anew()

    def _connect(self, url: str) -> None:
        if self.is_sqlite:
            self._reader, self._writer = _sqlite_engine(url, "BEGIN"), _sqlite_engine(url, "BEGIN IMMEDIATE")
        else:
            self._reader = self._writer = create_engine(
                url, connect_args={"options": session_options("views")}, **bounded("views", self._size)
            )

    def _is_whole(self) -> bool:
        """Whether the tables that every projection shares are there, in the shape in which this program made them."""
        with self.reading() as connection:
            look = inspect(connection)
            there = set(look.get_table_names())
            return all(
                name in there and {column["name"] for column in look.get_columns(name)} == set(table.columns.keys())
                for name, table in METADATA.tables.items()
            )

    def _make_anew(self) -> None:
        """Nothing here is kept for ever: what is damaged, or of another version's shape, goes whole and is replayed."""
        with self.writing() as connection:
            if not self.is_sqlite and not inspect(connection).has_schema("views"):
                connection.execute(CreateSchema("views", if_not_exists=True))
            for table in inspect(connection).get_table_names():
                connection.execute(DropTable(Table(table, MetaData())))
            METADATA.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the read models."""
        with self._guard(), self._reader.begin() as connection:
            if not self.is_sqlite:
                # The tables that the pointer names must not be dropped between reading it and reading them.
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({SWAP_LOCK})")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change the read models; one at a time."""
        with self._guard(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            with saying_which("views"):
                yield
        except StoreFault as fault:
            if self._path is not None and fault.kind == "damaged":
                # Whoever has the file open must let go of it first, so it is made anew at the next start.
                _mark_of(self._path).touch()
            raise

    def wait_for_readers(self, connection: Connection) -> None:
        """Lets readers finish before tables change places.

        SQLite's readers keep their own moment and need no waiting.
        """
        if not self.is_sqlite:
            # A replay took long, and is not thrown away because somebody reads for long.
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SWAP_LOCK})")

    def live(self, connection: Connection, projection: str) -> Generation | None:
        """The generation that readers see now."""
        row = connection.exec_driver_sql(
            self.sql(
                "SELECT g.projection, g.generation, g.version, g.position FROM pointers p JOIN generations g "
                "ON g.projection = p.projection AND g.generation = p.generation WHERE p.projection = ?"
            ),
            (projection,),
        ).first()
        return None if row is None else Generation(*row)

    def position(self, projection: str) -> int:
        """Up to which position of the ledger a projection has read."""
        with self.reading() as connection:
            live = self.live(connection, projection)
        return live.position if live else 0

    def incomplete(self, connection: Connection, records: Sequence[UUID]) -> bool:
        """Whether an event in any of a student's records could not be read, so that what is shown is incomplete."""
        ask = (
            "SELECT 1 FROM dead_letter d JOIN pointers p ON p.projection = d.projection "
            f"AND p.generation = d.generation WHERE d.student IN ({','.join('?' * len(records))})"
        )
        return connection.exec_driver_sql(self.sql(ask), tuple(record.bytes for record in records)).first() is not None

    def incomplete_students(self) -> frozenset[str]:
        """The ids of the students about whom an event could not be read."""
        ask = (
            "SELECT DISTINCT d.student FROM dead_letter d JOIN pointers p ON p.projection = d.projection AND "
            "p.generation = d.generation"
        )
        with self.reading() as connection:
            return frozenset(
                str(UUID(bytes=bytes(row[0]))) for row in connection.exec_driver_sql(ask) if row[0] is not None
            )

    def dead_letters(self) -> int:
        """How many events the live read models could not take in."""
        ask = (
            "SELECT count(*) FROM dead_letter d JOIN pointers p ON "
            "p.projection = d.projection AND p.generation = d.generation"
        )
        with self.reading() as connection:
            return int(connection.exec_driver_sql(ask).scalar_one())

    def sql(self, statement: str) -> str:
        """A statement written with ? as this database's driver wants it."""
        return statement if self.is_sqlite else statement.replace("%", "%%").replace("?", "%s")

    def insert_many(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Inserts whole rows, in the order of the table's columns, as fast as the database can."""
        if not rows:
            return
        if self.is_sqlite:
            marks = ",".join("?" * len(table.columns))
            connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({marks})", list(rows))
            return
        with (
            connection.connection.cursor() as cursor,  # type: ignore[attr-defined]
            cursor.copy(f"COPY {table.name} FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types([COPIED_AS[type(column.type)] for column in table.columns])
            for row in rows:
                copy.write_row(row)

    def update_many(self, connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs one statement, written with ?, for each of many rows."""
        if rows:
            connection.exec_driver_sql(self.sql(statement), list(rows))

    def close(self) -> None:
        """Lets go of the store."""
        self._reader.dispose()
        self._writer.dispose()


def _mark_of(path: Path) -> Path:
    """Lies beside read models that were found damaged."""
    return path.with_name(path.name + ".damaged")


def _delete(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"), _mark_of(path)):
        leftover.unlink(missing_ok=True)


def _sqlite_engine(url: str, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": 5})

    @event.listens_for(engine, "do_connect")
    def be_private(*_: Any) -> None:
        make_private(Path(engine.url.database or ""))

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        # The rows can always be replayed, so the last second is a fair price for speed.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "cache_size=-64000",
            "temp_store=MEMORY",
            "mmap_size=268435456",
            "wal_autocheckpoint=16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@cache
def tables_of(makers: tuple[TableMaker, ...], generation: str) -> tuple[Table, ...]:
    """A projection's tables in one generation: `timeline` is kept as `timeline__v1`."""
    metadata = MetaData()
    tables = tuple(maker(f"__{generation}", metadata) for maker in makers)
    for column in (column for table in tables for column in table.columns if type(column.type) not in COPIED_AS):
        raise SetupError(
            f"The column {column.name} of {column.table.name.removesuffix('__' + generation)} is {column.type!r}. "
            "A projection's columns are BigInt, Integer, LargeBinary or String; yes or no is an Integer, a day is text."
        )
    return tables


def drop_tables(connection: Connection, tables: Sequence[Table]) -> None:
    """Drops the tables of a generation that nobody reads any more."""
    for table in tables:
        connection.execute(text(f"DROP TABLE IF EXISTS {table.name}"))
