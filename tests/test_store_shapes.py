"""`check` compares every table, column and index of every store with what this version makes, and says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import create_engine

from ap_ledger.cli.files import STORES
from ap_ledger.persistence.shapes import shape_faults
from ap_ledger.persistence.steps import STEPS_OF
from ap_ledger.settings import Settings, read_settings
from tests.databases import make_database
from tests.house import House
from tests.test_job_store import run

TABLE = {"ledger": "sealed", "keyring": "intentions", "held": "drafts", "accounts": "sessions", "jobs": "pack_drafts", "notices": "deliveries"}
COLUMN = {"ledger": "nonce", "keyring": "position", "held": "instrument", "accounts": "kind", "jobs": "layout", "notices": "channel"}
INDEX = {
    "ledger": ("stored_events_stream", "stored_events", "originator_id, originator_version"),
    "keyring": ("keys_one_each", "keys", "owner_id, retention_class, spare"),
    "held": ("ix_drafts_student_id", "drafts", "student_id"),
    "accounts": ("ix_sessions_person_id", "sessions", "person_id"),
    "jobs": ("ix_pack_drafts_setting", "pack_drafts", "setting"),
    "notices": ("ix_subscriptions_person", "subscriptions", "person"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[Callable[[str], Settings]]:
    """A place on each database, at rest. Whoever changes its shape changes it back."""
    made: dict[str, Settings] = {}

    def place(database: str) -> Settings:
        if database not in made:
            folder = tmp_path_factory.mktemp(database) / "data"
            url = make_database(postgres, for_all=True) if database == "postgres" else None
            house = House(read_settings(data=folder, database_url=url)).furnish()
            house.close()
            made[database] = house.settings
        return made[database]

    yield place


@pytest.fixture
def place(places: Callable[[str], Settings], database: str) -> Settings:
    return places(database)


def change(settings: Settings, store: str, *statements: str) -> None:
    """Changes a store behind the program's back."""
    if settings.postgres is None:
        with closing(sqlite3.connect(settings.data / f"{store}.sqlite")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return
    with psycopg.connect(settings.postgres, options=f"-c search_path={store}") as connection:
        for statement in statements:
            connection.execute(statement)


def spelled(settings: Settings, store: str, name: str) -> str:
    """A table or an index as a statement names it: on PostgreSQL with its schema."""
    return f"{store}.{name}" if settings.postgres else name


def looked(settings: Settings, store: str) -> str:
    """What `check` says of a store's shape; its whole answer has no trace in it."""
    found = run(settings, "check")
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    name = f"the {'tables' if settings.postgres else 'file'} of {store}"
    (line,) = [line for line in found.output.splitlines() if name in line.partition(":")[0]]
    return line


@pytest.mark.parametrize("store", TABLE)
def test_a_new_store_is_what_this_version_makes(place: Settings, store: str) -> None:
    assert looked(place, store).startswith("good"), looked(place, store)


@pytest.mark.parametrize("store", TABLE)
def test_a_column_that_was_added_is_named_with_the_statement_that_takes_it_out(place: Settings, store: str) -> None:
    change(place, store, f"ALTER TABLE {TABLE[store]} ADD COLUMN extra integer")
    line = looked(place, store)
    drop = f"ALTER TABLE {spelled(place, store, TABLE[store])} DROP COLUMN extra"
    assert f"the column extra of {TABLE[store]} is none of this version's" in line and drop in line, line
    change(place, store, drop)
    assert looked(place, store).startswith("good")


@pytest.mark.parametrize("store", TABLE)
def test_a_column_that_was_dropped_or_named_anew_is_missing_and_only_a_backup_brings_it_back(place: Settings, store: str) -> None:
    table, column = TABLE[store], COLUMN[store]
    change(place, store, f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    line = looked(place, store)
    assert f"the column {column} of {table} is missing" in line and "the column other of" in line and "Restore it" in line, line
    change(place, store, f"ALTER TABLE {table} RENAME COLUMN other TO {column}")
    assert looked(place, store).startswith("good")


@pytest.mark.parametrize("store", TABLE)
def test_an_index_that_was_dropped_is_missing_and_the_statement_that_makes_it_is_said(place: Settings, store: str) -> None:
    name, table, columns = INDEX[store]
    change(place, store, f"DROP INDEX {name}")
    line = looked(place, store)
    assert f"the index of {table} ({columns}) is missing" in line and f"INDEX {name} ON {spelled(place, store, table)} ({columns})" in line, line
    change(place, store, line.partition("own tool: ")[2])
    assert looked(place, store).startswith("good")


@pytest.mark.parametrize("store", TABLE)
def test_an_index_or_a_table_of_somebody_else_is_named(place: Settings, store: str) -> None:
    change(place, store, f"CREATE INDEX theirs ON {TABLE[store]} ({COLUMN[store]})", "CREATE TABLE guests (id integer)")
    line = looked(place, store)
    assert "the table guests is none of this version's" in line and f"the index theirs of {TABLE[store]}" in line, line
    for statement in line.partition("own tool: ")[2].split("; "):
        change(place, store, statement)
    assert looked(place, store).startswith("good")


@pytest.mark.parametrize("store", ["keyring", "held", "accounts"])
def test_a_lost_schema_is_restored_from_a_backup_and_not_taken_for_an_older_one(places: Callable[[str], Settings], store: str) -> None:
    place = places("postgres")
    change(place, "public", f"ALTER SCHEMA {store} RENAME TO lost")
    told = run(place, "check").output
    change(place, "public", f"ALTER SCHEMA lost RENAME TO {store}")
    (line,) = [line for line in told.splitlines() if f"the tables of {store}" in line.partition(":")[0]]
    assert "Restore it" in line and "earlier version" not in line, line
    assert looked(place, store).startswith("good")


def test_a_statement_changes_what_it_names_and_nothing_of_the_same_name_elsewhere(place: Settings) -> None:
    change(place, "held", 'CREATE TABLE "Our Notes" (x int)', 'CREATE INDEX "The Days" ON drafts (instrument)', 'ALTER TABLE drafts ADD COLUMN "order" int')
    if place.postgres:
        change(place, "public", 'CREATE TABLE "Our Notes" (x int)', 'CREATE INDEX "The Days" ON "Our Notes" (x)')
    line = looked(place, "held")
    statements = line.partition("own tool: ")[2].split("; ")
    table, index, changed = (spelled(place, "held", name) for name in ('"Our Notes"', '"The Days"', "drafts"))
    assert statements == [f"DROP TABLE {table}", f'ALTER TABLE {changed} DROP COLUMN "order"', f"DROP INDEX {index}"], line
    # Whoever follows it may be in a session that looks in another schema first.
    change(place, "public" if place.postgres else "held", *statements)
    assert looked(place, "held").startswith("good")
    if place.postgres:
        change(place, "public", 'DROP INDEX "The Days"', 'DROP TABLE "Our Notes"')


@pytest.mark.parametrize("store", TABLE)
@pytest.mark.parametrize("which", ["a table of its own", "its version"])
def test_a_table_that_was_dropped_is_missing(place: Settings, store: str, which: str) -> None:
    table = "store_version" if which == "its version" else TABLE[store]
    change(place, store, f"ALTER TABLE {table} RENAME TO elsewhere")
    line = looked(place, store)
    assert f"the table {table} is missing" in line and "the table elsewhere is none of" in line and "Restore it" in line, line
    # A store that never had a step is at the version at which it was made, and the service starts on it.
    for command in (("status",), ("serve", "--upgrade") if which == "its version" and STEPS_OF[store] else ("status",)):
        answer = run(place, *command)
        assert answer.exit_code == 2 or (command == ("status",) and answer.exit_code == 0), answer.output
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    change(place, store, f"ALTER TABLE elsewhere RENAME TO {table}")
    assert looked(place, store).startswith("good")


@pytest.mark.parametrize("store", TABLE)
def test_check_says_of_a_store_of_another_version_what_serve_says(place: Settings, store: str) -> None:
    version = len(STEPS_OF[store])
    for changed in ("UPDATE store_version SET version = version + 7", "DELETE FROM store_version"):
        if changed.startswith("DELETE") and not STEPS_OF[store]:
            continue
        change(place, store, changed)
        refused = run(place, "serve")
        assert refused.exit_code == 2 and f"The store {store} was made by" in refused.output, refused.output
        assert looked(place, store).partition(": ")[2] == refused.output.partition(": ")[2].strip()
        change(place, store, "DELETE FROM store_version", f"INSERT INTO store_version VALUES ({version})")
    assert looked(place, store).startswith("good")


def test_a_column_of_another_kind_or_that_may_be_empty_is_odd() -> None:
    engine = create_engine("sqlite://")
    held = next(store for store in STORES if store.name == "held").tables(False)
    with engine.connect() as connection:
        held.create_all(connection)
        connection.exec_driver_sql("CREATE TABLE store_version (version INTEGER NOT NULL)")
        assert shape_faults(connection, held) == []
        connection.exec_driver_sql("DROP TABLE device_clocks")
        connection.exec_driver_sql("CREATE TABLE device_clocks (device_id BLOB NOT NULL PRIMARY KEY, offset_seconds TEXT NOT NULL, seen_at INTEGER)")
        told = [fault.what for fault in shape_faults(connection, held)]
        assert "the column offset_seconds of device_clocks is TEXT and should be INTEGER" in told
        assert "the column seen_at of device_clocks may be empty and should not" in told
        connection.exec_driver_sql("DROP TABLE device_clocks")
        connection.exec_driver_sql("CREATE TABLE device_clocks (device_id BLOB, offset_seconds WHATEVER(3) NOT NULL, seen_at INTEGER NOT NULL)")
        told = [fault.what for fault in shape_faults(connection, held)]
        assert "the key of device_clocks is () and should be (device_id)" in told and len(told) == 2
    engine.dispose()
