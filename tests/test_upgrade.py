"""What an earlier version stored is brought up to date by numbered steps, and nothing of it is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, inspect, text
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.errors import Busy, KeyringError, SetupError
from ap_ledger.persistence.migrations import Step, Upgrading, read_version, run_steps, store_exists, version_of
from ap_ledger.persistence.steps import STEPS_OF
from ap_ledger.settings import Settings, read_settings
from ap_ledger.stores import upgrading
from ap_ledger.stores.creating import create_ledger
from ap_ledger.stores.upgrading import upgrade
from tests.golden.make_stores import load_dump
from tests.house import TUESDAY, Clock, House, settings_for

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = sorted(file.stem.removeprefix("stores-") for file in GOLDEN.glob("stores-*.json"))


def engine_of(settings: Settings, store: str) -> Any:
    options = {"options": f"-c search_path={store}"} if settings.postgres else {}
    return create_engine(settings.sqlalchemy_url(store), connect_args=options)


def shape_of(settings: Settings, store: str) -> dict[str, Any]:
    """Every table of a store with its columns and indexes, in an order of names."""
    engine = engine_of(settings, store)
    look = inspect(engine)
    shape = {
        table: {
            "columns": sorted((column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)),
            "key": [tuple(look.get_pk_constraint(table)["constrained_columns"])],
            "indexes": sorted((tuple(index["column_names"]), bool(index["unique"])) for index in look.get_indexes(table)),
            "unique": sorted(tuple(rule["column_names"]) for rule in look.get_unique_constraints(table)),
        }
        for table in look.get_table_names()
    }
    engine.dispose()
    return shape


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def older(version: str, database: str, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Settings, dict[str, Any]]:
    """The stored folder or database of an earlier version, and what reading it must give."""
    folder = tmp_path / "older"
    shutil.copytree(GOLDEN / f"data-{version}", folder)
    expected = json.loads((GOLDEN / f"stores-{version}.json").read_text())[database]
    if database == "sqlite":
        return settings_for("sqlite", folder, None), expected
    for file in folder.glob("*.sqlite"):
        file.unlink()
    url = load_dump(request.getfixturevalue("postgres"), GOLDEN / f"postgres-{version}.sql")
    return read_settings(data=folder, database_url=url), expected


@pytest.fixture
def upgraded(older: tuple[Settings, dict[str, Any]]) -> Iterator[tuple[House, dict[str, Any]]]:
    settings, expected = older
    upgrade(settings)
    house = House(settings, Clock(TUESDAY), make=False)
    yield house, expected
    house.close()


def test_an_older_store_is_refused_in_a_sentence_until_it_is_upgraded(older: tuple[Settings, dict[str, Any]]) -> None:
    settings, _ = older
    if any(STEPS_OF.values()):
        with pytest.raises(SetupError, match="ap-ledger upgrade"):
            House(settings, make=False)
    upgrade(settings)
    House(settings, make=False).close()


def test_upgrading_keeps_every_entry_and_every_sealed_word(upgraded: tuple[House, dict[str, Any]]) -> None:
    house, expected = upgraded
    entries = json.loads(json.dumps(house.look_back(student=UUID(expected["student"]))["entries"], default=str))
    assert {entry["id"]: entry["entry"] for entry in entries} == {entry["id"]: entry["entry"] for entry in expected["entries"]}
    assert [entry["status"] for entry in entries] == [entry["status"] for entry in expected["entries"]]


def test_upgrading_keeps_accounts_drafts_and_what_is_held(upgraded: tuple[House, dict[str, Any]]) -> None:
    house, expected = upgraded
    _, person = house.accounts.sign_in(expected["sign_in_name"], expected["password"], "", "127.0.0.1")
    assert str(person) == expected["leader"]
    assert [draft.answers for draft in house.drafts.of(UUID(expected["student"]))] == [{"said": "not finished"}]
    assert len(house.ledger.waiting.entries()) == len(expected["held"])


def test_an_upgraded_store_has_the_shape_of_a_new_one(
    older: tuple[Settings, dict[str, Any]], database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings, _ = older
    upgrade(settings)
    postgres = request.getfixturevalue("postgres") if database == "postgres" else None
    new = settings_for(database, tmp_path / "new", postgres)
    create_ledger(new)
    for store in STEPS_OF:
        upgraded, made = ({**shape_of(where, store), "store_version": {}} for where in (settings, new))
        assert differences(upgraded, made) == [], f"Mend them by a step of ap_ledger/persistence/steps/{store}.py."


def differences(upgraded: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """In what an upgraded store differs from a new one, by table and column."""
    told = [f"The table {table} is in only one of them." for table in sorted(upgraded.keys() ^ made.keys())]
    for table in sorted(upgraded.keys() & made.keys()):
        for part, new in made[table].items():
            old = upgraded[table][part]
            told += [f"{table}: {part} of an upgraded store have {item}, and those of a new one have not." for item in old if item not in new]
            told += [f"{table}: {part} of a new store have {item}, and those of an upgraded one have not." for item in new if item not in old]
    return told


def test_upgrading_twice_does_nothing_more(older: tuple[Settings, dict[str, Any]]) -> None:
    settings, _ = older
    assert len(upgrade(settings)) == sum(len(steps) for steps in STEPS_OF.values())
    assert upgrade(settings) == []


def test_a_newer_store_is_refused_and_left_alone(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database)
    house.close()
    for store, steps in STEPS_OF.items():
        engine = engine_of(house.settings, store)
        with engine.begin() as connection:
            connection.execute(text("UPDATE store_version SET version = version + 1"))
        with pytest.raises(SetupError, match=f"store {store} was made by a newer version"):
            House(house.settings, make=False)
        with engine.begin() as connection:
            connection.execute(text("UPDATE store_version SET version = version - 1"))
            assert read_version(connection) == len(steps)
        engine.dispose()


def versions_of(settings: Settings) -> dict[str, int]:
    return {name: version_of(settings, name) for name in STEPS_OF if store_exists(settings, name)}


def test_a_newer_store_or_a_missing_master_key_is_seen_before_the_first_step(older: tuple[Settings, dict[str, Any]]) -> None:
    settings, _ = older
    before = versions_of(settings)
    key = settings.data / "master.key"
    key.rename(settings.data / "elsewhere")
    with pytest.raises(KeyringError, match="master key is missing"):
        upgrade(settings)
    key.write_text("ab" * 32)
    with pytest.raises(KeyringError, match="does not open this keyring"):
        upgrade(settings)
    (settings.data / "elsewhere").rename(key)
    engine = engine_of(settings, "accounts")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE store_version (version integer NOT NULL)"))
        connection.execute(text("INSERT INTO store_version VALUES (99)"))
    engine.dispose()
    with pytest.raises(SetupError, match="store accounts was made by a newer version"):
        upgrade(settings)
    assert versions_of(settings) == {**before, "accounts": 99}


def test_what_was_done_before_a_step_failed_is_told_before_the_error(older: tuple[Settings, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = older

    def stop(_: Upgrading) -> None:
        raise Busy(2, "The store of accounts is in use by something else.")

    first, *others = STEPS_OF["accounts"]
    monkeypatch.setattr(upgrading, "STEPS_OF", {**STEPS_OF, "accounts": (first, Step("stops", stop), *others)})
    place = ["--data", str(settings.data), *(["--database-url", settings.postgres] if settings.postgres else [])]
    answer = CliRunner().invoke(program, ["upgrade", *place], env={"COLUMNS": "300"})
    done = [f"keyring: {step.sentence}" for step in STEPS_OF["keyring"]] + [f"accounts: {first.sentence}"]
    assert answer.exit_code == 2 and all(sentence in answer.output for sentence in done), answer.output
    assert answer.output.strip().endswith("The store of accounts is in use by something else.")


def test_a_step_that_fails_leaves_the_store_as_it_was(settings: Settings) -> None:
    create_ledger(settings)

    def half(upgrading: Upgrading) -> None:
        upgrading.connection.execute(text("CREATE TABLE half_made (id integer)"))
        raise RuntimeError("the power went")

    steps = (*STEPS_OF["held"], Step("makes a table and stops", half))
    with pytest.raises(RuntimeError, match="the power went"):
        run_steps(settings, "held", steps, lambda owner, kept: None)
    assert "half_made" not in shape_of(settings, "held")
    assert store_exists(settings, "held")
