"""What cannot be used for a while is said, with its name, as 503; nothing of it is lost, and nothing else stops working."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from ap_ledger.domain.student import AdmitStudent
from ap_ledger.errors import Busy, StoreFault
from ap_ledger.persistence import unavailable as unavailable_module
from ap_ledger.persistence.unavailable import unavailable
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.accounts import store as account_store
from ap_ledger.stores.held import held
from ap_ledger.stores.keyring import keyring
from projections.views import Views
from tests.browsing import until
from tests.house import House

LET_GO = "busy_timeout=50"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that wait a moment for a lock, not five seconds."""
    for store in (account_store, held, keyring):
        monkeypatch.setattr(store, "PRAGMAS", (*store.PRAGMAS, LET_GO))


@contextmanager
def locked(folder: Path, store: str) -> Iterator[None]:
    """Somebody else writes to a store of a SQLite house."""
    with closing(sqlite3.connect(folder / f"{store}.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE" if store == "keyring" else "BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_store_of_accounts_is_said_and_signing_in_works_again(impatient: None, make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.accounts.set_password(house.leader, "juniper", "a quiet lane in spring")
    form = {"name": "juniper", "password": "a quiet lane in spring"}
    with house.stranger() as client:
        with locked(house.settings.data, "accounts"):
            answer = client.post("/sign-in", data=form, follow_redirects=False)
            assert answer.status_code == 503 and "The store of accounts is in use by something else" in answer.text
            assert int(answer.headers["retry-after"]) > 0
        assert client.post("/sign-in", data=form, follow_redirects=False).status_code == 303


def test_a_locked_store_of_what_waits_keeps_nothing_back_and_answers_503(impatient: None, make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    entries = [{**entry, "author_id": str(house.teacher)} for entry in (house.rung(), house.rung("no-such-rung"))]
    body = {"sent_at": house.clock().isoformat(), "device_id": None, "entries": entries}
    with house.stranger() as client:
        with locked(house.settings.data, "held"):
            answer = client.post("/api/v1/entries", json=body, headers=house.token(house.teacher))
            assert answer.status_code == 503 and "the store of what waits for somebody" in answer.json()["detail"].lower()
            assert "Some of this was stored, and is not stored twice" in answer.json()["detail"]
        again = client.post("/api/v1/entries", json=body, headers=house.token(house.teacher)).json()["results"]
    assert again[0]["status"] in ("recorded", "duplicate") and again[1]["status"] == "refused"
    assert len(house.look_back()["entries"]) == 1


def test_a_locked_keyring_is_said_by_a_command_that_needs_keys(impatient: None, make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    command = AdmitStudent(id=new_id(), setting_id=house.setting, student=new_id(), author_id=house.teacher, on=house.clock().date())
    with locked(house.settings.data, "keyring"), pytest.raises(Busy, match="The keyring is in use"):
        house.ledger.execute(command)
    assert house.ledger.execute(command).status == "recorded"


def test_a_database_that_is_away_is_503_everywhere_and_comes_back(make_house: Callable[..., House], postgres: str) -> None:
    house = make_house("postgres")
    assert house.settings.postgres is not None
    name = house.settings.postgres.partition("://")[2].partition("/")[2].partition("?")[0]
    body = {"sent_at": house.clock().isoformat(), "device_id": None, "entries": [house.rung(), house.rung("no-such-rung")]}
    token = house.token(house.leader)
    house.runner.catch_up()

    def server(allow: str) -> None:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allow}")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    with house.browser() as client:
        server("false")
        try:
            answers = [
                client.get("/"),
                client.get(f"/students/{house.student}"),
                client.get("/api/v1/students", headers=token),
                client.post("/api/v1/entries", json=body, headers=token),
                client.post("/sign-in", data={"name": "juniper", "password": "whatever it was"}),
            ]
            assert {answer.status_code for answer in answers} == {503}
            assert all("cannot be reached" in answer.text for answer in answers)
        finally:
            server("true")
        until(lambda: client.get(f"/students/{house.student}").status_code == 200, what="the page did not come back")
        until(lambda: client.post("/api/v1/entries", json=body, headers=token).status_code == 200, what="sending did not come back")


@pytest.mark.parametrize(
    ("table", "store"),
    [("held.held", "the store of what waits"), ("accounts.sessions", "the store of accounts"), ("views.pointers", "the store of what is shown")],
)
def test_a_table_that_is_locked_on_the_server_is_503_with_the_name_of_its_store(
    make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch, table: str, store: str
) -> None:
    monkeypatch.setattr(unavailable_module, "LOCK_SECONDS", 1)
    house = make_house("postgres")
    assert house.settings.postgres is not None
    house.runner.catch_up()
    with house.browser() as client, psycopg.connect(house.settings.postgres) as other:
        assert client.get("/").status_code == 200
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        answer = client.get("/held" if table == "held.held" else "/")
        assert answer.status_code == 503 and store in answer.text.lower()
        other.rollback()
        until(lambda: client.get("/").status_code == 200, what="the page did not come back")


def test_words_say_which_store_and_a_fault_of_the_program_is_none() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    assert "no room left on the disk of the store of accounts" in str(unavailable(full, "accounts"))
    assert unavailable(sqlite3.OperationalError('near "SELEC": syntax error'), "held") is None
    assert unavailable(ValueError("x"), "held") is None


SQLITE = {
    "SQLITE_BUSY": None, "SQLITE_BUSY_SNAPSHOT": None, "SQLITE_LOCKED": None, "SQLITE_FULL": "full", "SQLITE_IOERR_WRITE": "disk",
    "SQLITE_CANTOPEN": "disk", "SQLITE_READONLY_DBMOVED": "read-only", "SQLITE_CORRUPT_VTAB": "damaged", "SQLITE_NOTADB": "damaged",
}  # fmt: skip
POSTGRES = {
    errors.LockNotAvailable: None, errors.DeadlockDetected: None, errors.AdminShutdown: None, errors.TooManyConnections: None,
    errors.SerializationFailure: None, errors.DiskFull: "full", errors.IoError: "disk", errors.ReadOnlySqlTransaction: "read-only",
    errors.DataCorrupted: "damaged", errors.UndefinedTable: "lacking", errors.UndefinedColumn: "lacking", errors.InvalidSchemaName: "lacking",
    errors.InsufficientPrivilege: "not-allowed",
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), SQLITE.items())
def test_only_locks_and_lost_connections_are_busy_on_sqlite(name: str, kind: str | None) -> None:
    error = sqlite3.OperationalError("words of the database")
    error.sqlite_errorname = name
    told = unavailable(error, "accounts")
    assert told is not None and getattr(told, "kind", None) == kind and "words of the database" not in str(told)
    assert str(told).startswith(("The store of accounts", "There is no room")) and "Nothing of this was stored" in str(told)


@pytest.mark.parametrize(("error", "kind"), POSTGRES.items())
def test_only_locks_and_lost_connections_are_busy_on_postgres(error: type[psycopg.Error], kind: str | None) -> None:
    told = unavailable(error("words of the database"), "accounts")
    assert told is not None and getattr(told, "kind", None) == kind and "words of the database" not in str(told)
    assert unavailable(errors.UniqueViolation("a key"), "accounts") is None and unavailable(errors.SyntaxError("x"), "accounts") is None


@pytest.mark.parametrize("what", ["a table", "a column"])
def test_a_store_that_lacks_something_is_said_to_and_is_not_busy(make_house: Callable[..., House], database: str, what: str) -> None:
    house = make_house(database)
    house.runner.catch_up()
    statement = "DROP TABLE job_runs" if what == "a table" else "ALTER TABLE job_runs RENAME COLUMN error TO fault"
    if house.settings.postgres:
        with psycopg.connect(house.settings.postgres, options="-c search_path=jobs") as connection:
            connection.execute(statement)
    else:
        with closing(sqlite3.connect(house.settings.data / "jobs.sqlite")) as other:
            other.execute(statement)
    with house.browser() as client:
        answer = client.get("/clocks")
    assert answer.status_code == 503 and "The store of jobs lacks a table or a column" in answer.text and "ap-ledger check" in answer.text


# Read models ------------------------------------------------------------------------------------------------------------


def damage(path: Path, how: str) -> None:
    if how == "garbage":
        path.write_bytes(b"not a database, whatever it was before " * 400)
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:5_000])
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE pointers RENAME COLUMN generation TO build")
            connection.commit()


@pytest.mark.parametrize("how", ("garbage", "truncated", "another shape"))
def test_damaged_read_models_are_made_anew_at_the_next_start(make_house: Callable[..., House], how: str) -> None:
    house = make_house("sqlite")
    house.record(house.rung())
    before = house.look_back()["entries"]
    house.views.close()
    path = house.settings.data / "views.sqlite"
    for leftover in path.parent.glob("views.sqlite-*"):
        leftover.unlink()
    damage(path, how)
    again = House(house.settings, house.clock, make=False)
    assert again.look_back(student=house.student)["entries"] == before
    again.close()


def test_read_models_of_another_shape_are_made_anew_on_postgres_too(make_house: Callable[..., House]) -> None:
    house = make_house("postgres")
    house.record(house.rung())
    before = house.look_back()["entries"]
    with house.views.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE dead_letter DROP COLUMN attempts")
    again = House(house.settings, house.clock, make=False)
    assert again.look_back(student=house.student)["entries"] == before
    again.close()


def test_damage_that_is_met_later_is_remembered_until_the_next_start(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.look_back()
    house.views.close()
    path = house.settings.data / "views.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'dead_letter'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    raw = bytearray(path.read_bytes())
    raw[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(bytes(raw))
    views = Views(f"sqlite:///{path}")
    with pytest.raises(StoreFault, match="what is shown is damaged"), views.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM dead_letter").all()
    views.close()
    again = Views(f"sqlite:///{path}")
    with again.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM dead_letter").scalar_one() == 0
    again.close()
