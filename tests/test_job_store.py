"""What runs by itself keeps its runs and packs in a store of its own: carried over from older places, told of when lost."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.errors import Busy, SetupError
from ap_ledger.persistence import migrations
from ap_ledger.settings import Settings, read_settings
from ap_ledger.stores import jobs as job_store
from ap_ledger.stores.jobs import JobStore, PackDraft
from ap_ledger.stores.upgrading import upgrade
from tests.golden.make_stores import load_dump
from tests.house import House, settings_for

GOLDEN = Path(__file__).parent / "golden"
DUE = datetime(2026, 3, 6, 3, 20, tzinfo=UTC)
SETTING, COUNCIL, PACK = (UUID(int=number) for number in (1, 2, 3))
OF_BEFORE = (
    "CREATE TABLE {0}job_runs (name VARCHAR PRIMARY KEY, due_at {1} NOT NULL, began_at {1} NOT NULL, ended_at {1}, error VARCHAR, said VARCHAR NOT NULL)",
    "CREATE TABLE {0}pack_drafts (id {2} PRIMARY KEY, setting {2} NOT NULL, commissioner {2} NOT NULL, layout VARCHAR NOT NULL, "
    "first VARCHAR NOT NULL, last VARCHAR NOT NULL, known_at {1} NOT NULL, students INTEGER NOT NULL, incomplete INTEGER NOT NULL, figures_hash VARCHAR NOT NULL)",
)
"""The tables in which 0.1.0 kept runs and packs, among its read models."""
RUN = ("sweep", 1_772_767_200_000_000, 1_772_767_201_000_000, 1_772_767_202_000_000, None, '{"found":2}')
DRAFT = (PACK.bytes, SETTING.bytes, COUNCIL.bytes, "commissioner-pack", "2026-01-05", "2026-02-13", 1_772_767_200_000_000, 4, 0, "ab" * 32)


def run(settings: Settings, *words: str) -> Any:
    place = ["--data", str(settings.data), *(["--database-url", settings.postgres] if settings.postgres else [])]
    return CliRunner().invoke(program, [*words, *place], env={"COLUMNS": "300"})


@pytest.fixture
def older(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """A place that 0.1.0 made, which knew no store of jobs."""
    folder = tmp_path / "older"
    shutil.copytree(GOLDEN / "data-0.1.0", folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)
    if database == "sqlite":
        return settings_for("sqlite", folder, None)
    for file in folder.glob("*.sqlite"):
        file.unlink()
    return read_settings(data=folder, database_url=load_dump(request.getfixturevalue("postgres"), GOLDEN / "postgres-0.1.0.sql"))


def keep_in_views(settings: Settings) -> None:
    """A run and a pack, where 0.1.0 kept them."""
    if settings.postgres is None:
        with closing(sqlite3.connect(settings.data / "views.sqlite")) as views:
            for statement in OF_BEFORE:
                views.execute(statement.format("", "BIGINT", "BLOB"))
            views.execute(f"INSERT INTO job_runs VALUES ({', '.join('?' * len(RUN))})", RUN)
            views.execute(f"INSERT INTO pack_drafts VALUES ({', '.join('?' * len(DRAFT))})", DRAFT)
            views.commit()
        return
    with psycopg.connect(settings.postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA views")
        for statement in OF_BEFORE:
            connection.execute(statement.format("views.", "bigint", "bytea"))
        connection.execute(f"INSERT INTO views.job_runs VALUES ({', '.join(['%s'] * len(RUN))})", RUN)
        connection.execute(f"INSERT INTO views.pack_drafts VALUES ({', '.join(['%s'] * len(DRAFT))})", DRAFT)


def tables_of_views(settings: Settings) -> set[str]:
    if settings.postgres is None:
        with closing(sqlite3.connect(settings.data / "views.sqlite")) as views:
            return {name for (name,) in views.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    with psycopg.connect(settings.postgres) as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'views'")}


def lose(settings: Settings) -> None:
    if settings.postgres is None:
        for path in settings.data.glob("jobs.sqlite*"):
            path.unlink()
        return
    with psycopg.connect(settings.postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA jobs CASCADE")


def test_upgrading_carries_runs_and_packs_over_from_the_read_models(older: Settings) -> None:
    keep_in_views(older)
    assert any("have a store of their own" in sentence for sentence in upgrade(older))
    jobs = JobStore(older)
    (made,) = jobs.latest_runs().values()
    assert (made.name, made.counts, made.error) == ("sweep", {"found": 2}, None) and made.ended == made.began + timedelta(seconds=1)
    (draft,) = jobs.drafts_of(SETTING)
    assert (draft.id, draft.commissioner_id, draft.first, draft.last, draft.students) == (PACK, COUNCIL, date(2026, 1, 5), date(2026, 2, 13), 4)
    jobs.close()
    assert not tables_of_views(older) & {"job_runs", "pack_drafts"}
    assert upgrade(older) == []


def test_upgrading_a_place_whose_read_models_are_gone_or_damaged_makes_an_empty_store(older: Settings) -> None:
    if older.postgres is None:
        (older.data / "views.sqlite").write_bytes(b"no database, whatever it was before " * 300)
    upgrade(older)
    jobs = JobStore(older)
    assert jobs.latest_runs() == {} and jobs.claim("sweep", DUE, DUE)
    jobs.close()
    House(older, make=False).close()


def test_upgrading_that_stopped_after_the_store_was_made_is_finished_by_the_next(older: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_in_views(older)
    honest = migrations.write_version

    def stop(connection: Any, version: int) -> None:
        if version == 4:
            raise SystemExit("the power went")
        honest(connection, version)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(migrations, "write_version", stop)
        upgrade(older)
    upgrade(older)
    jobs = JobStore(older)
    assert set(jobs.latest_runs()) == {"sweep"} and len(jobs.drafts_of(SETTING)) == 1
    jobs.close()


def test_a_store_that_was_never_there_is_told_from_one_that_was_lost(older: Settings) -> None:
    looked = run(older, "check")
    assert looked.exit_code == 1 and "The version that made this ledger had none" in looked.output
    upgrade(older)
    looked = run(older, "check")
    assert looked.exit_code == 0, looked.output
    lose(older)
    looked = run(older, "check")
    assert looked.exit_code == 1 and "had none" not in looked.output and "jobs" in looked.output and "Restore it" in looked.output
    with pytest.raises(SetupError, match=r"The store of jobs is missing\. Restore it from its backup"):
        JobStore(older)
    assert run(older, "status").exit_code == 2


def test_a_lost_store_without_a_backup_is_made_anew_by_upgrading_and_that_is_said(older: Settings) -> None:
    upgrade(older)
    lose(older)
    (sentence,) = upgrade(older)
    assert sentence.startswith("jobs: the store was missing, and an empty one was made")
    assert run(older, "status").exit_code == 0 and upgrade(older) == []


def test_replaying_the_read_models_keeps_runs_and_packs(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database)
    house.jobs.claim("sweep", DUE, DUE)
    house.jobs.finish("sweep", DUE, DUE, {"found": 0})
    draft = PackDraft(uuid4(), house.setting, uuid4(), "commissioner-pack", date(2026, 1, 5), date(2026, 2, 13), DUE, 1, False, "ab")
    house.jobs.keep_draft(draft)
    house.runner.replay()
    assert house.jobs.latest_runs()["sweep"].counts == {"found": 0} and house.jobs.drafts_of(house.setting) == [draft]


def test_a_row_that_was_damaged_keeps_no_other_from_being_shown(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    for name in ("sweep", "digest"):
        house.jobs.claim(name, DUE, DUE)
        house.jobs.finish(name, DUE, DUE, {"found": 1})
    with closing(sqlite3.connect(house.settings.data / "jobs.sqlite")) as other:
        other.execute("UPDATE job_runs SET counts = 'no list of counts' WHERE name = 'digest'")
        other.commit()
    assert set(house.jobs.latest_runs()) == {"sweep"}
    with house.browser() as client:
        assert client.get("/").status_code == 200 and client.get("/clocks").status_code == 200


def test_what_holds_the_store_of_jobs_is_said_with_its_name(make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_store, "PRAGMAS", (*job_store.PRAGMAS, "busy_timeout=50"))
    house = make_house("sqlite")
    with closing(sqlite3.connect(house.settings.data / "jobs.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="The store of jobs is in use by something else"):
            house.jobs.claim("sweep", DUE, DUE)
        other.execute("ROLLBACK")
    assert house.jobs.claim("sweep", DUE, DUE)
