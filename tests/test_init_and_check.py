"""An `init` that was killed is finished by the next one; `check` ends in findings whatever is damaged; files are for their owner alone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from ap_ledger.bootstrap import open_ledger
from ap_ledger.cli.main import app as program
from ap_ledger.commands import starting
from ap_ledger.commands.starting import finish_setting, open_setting
from ap_ledger.errors import SetupError
from ap_ledger.persistence import files, sqlite
from ap_ledger.settings import Settings
from ap_ledger.stores import creating
from ap_ledger.stores.accounts.store import AccountStore
from ap_ledger.stores.creating import create_ledger
from ap_ledger.stores.held.held import HeldStore
from ap_ledger.stores.jobs import JobStore
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.keyring.store import read_about
from frameworks import shipped_definitions
from tests import processes
from tests.house import House
from tests.processes import PROGRAM

ROOT = Path(__file__).parents[1]
WORDS = "canary-51d9: the red boat"


def run(*words: str, **environment: str) -> Any:
    return CliRunner().invoke(program, list(words), env={"COLUMNS": "300", **environment})


def place(settings: Settings) -> list[str]:
    return ["--data", str(settings.data), *(["--database-url", settings.postgres] if settings.postgres else [])]


def whole(settings: Settings) -> None:
    """The ledger opens, and a look finds nothing wrong."""
    open_ledger(settings).close()
    looked = run("check", "--deep", *place(settings))
    assert looked.exit_code == 0, looked.output


# init ---------------------------------------------------------------------------------------------------------------

STEPS: dict[str, tuple[Any, str]] = {
    "the master key": (creating, "make_master_key"),
    "the keyring": (Keyring, "create"),
    "what is held": (HeldStore, "create"),
    "the accounts": (AccountStore, "create"),
    "the jobs": (JobStore, "create"),
    "the ledger": (creating, "_create_ledger_itself"),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_an_init_that_stopped_at_any_step_is_finished_by_the_next(settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str, when: str) -> None:
    holder, name = STEPS[step]
    honest = getattr(holder, name)

    def stop(*given: Any) -> None:
        if when == "after":
            honest(*given)
        raise SystemExit("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(holder, name, stop)
        with pytest.raises(SystemExit):
            create_ledger(settings)
    if (step, when) == ("the ledger", "after"):
        with pytest.raises(SetupError, match="There is a ledger"):
            create_ledger(settings)
    else:
        assert not creating.ledger_is_there(settings)
        create_ledger(settings)
    whole(settings)


@pytest.mark.parametrize("statement", range(1, 30, 4))
def test_a_store_is_there_as_a_whole_or_not_at_all(settings: Settings, statement: int) -> None:
    """Stopped at some statement on its way through the stores, whatever is there then, the next one makes it."""
    from sqlalchemy import Engine, event

    told = [0]

    def stop(*_: Any) -> None:
        told[0] += 1
        if told[0] == statement:
            raise SystemExit("the power went")

    event.listen(Engine, "before_cursor_execute", stop)
    try:
        create_ledger(settings)
    except SystemExit:
        assert not creating.ledger_is_there(settings)
        told[0] = 1_000
        create_ledger(settings)
    finally:
        event.remove(Engine, "before_cursor_execute", stop)
    whole(settings)


KILLED = """
import os, signal, sys
folder, left = sys.argv.pop(1), [int(sys.argv.pop(1))]
def count(event, given):
    # Whatever touches the data folder from here on, at the one chosen the machine stops.
    if event in ("open", "os.rename", "os.mkdir", "sqlite3.connect", "fcntl.flock") and folder in str(given):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
from ap_ledger.cli.main import app; app()
"""


def killed(folder: Path, touch: int, *command: str) -> int:
    """Runs a command that is killed when it touches the data folder for the so-manieth time. Returns how it ended."""
    words = [str(folder), str(touch), *command, "--data", str(folder)]
    return processes.run(KILLED, *words)


@pytest.mark.parametrize("touch", (1, 4, 7, 10, 14, 20))
def test_a_killed_init_is_finished_by_the_next(tmp_path: Path, touch: int) -> None:
    folder = tmp_path / "data"
    assert killed(folder, touch, "init", "--setting", "Riverbank") == -signal.SIGKILL
    again = run("init", "--data", str(folder), "--setting", "Riverbank")
    assert again.exit_code == 0 and "BACK UP THE MASTER KEY" in again.output, again.output
    assert run("check", "--deep", "--data", str(folder)).exit_code == 0
    assert not list(folder.glob("*.part")) and not list(folder.glob(".*.part"))
    assert run("init", "--data", str(folder), "--setting", "Riverbank").exit_code == 2


@pytest.mark.parametrize("touch", (1, 3, 5))
@pytest.mark.parametrize("command", ["rotate", "restore"])
def test_a_killed_rotation_or_restore_loses_no_key(folder: Path, tmp_path: Path, command: str, touch: int) -> None:
    """Counted from the end, where files change their places, as well as from the start."""
    copies = tmp_path / "copies"
    assert run("keyring", "backup", str(copies), "--data", str(folder)).exit_code == 0
    words = ["keyring", command, *([str(next(copies.iterdir()))] if command == "restore" else [])]
    touches = touches_of(folder, *words)
    for at in (touches - touch, touches // 2 + touch):
        assert killed(folder, at, *words) == -signal.SIGKILL
        found = run("check", "--data", str(folder))
        assert found.exit_code == 0, found.output
        assert WORDS in run("history", student_in(folder), "--data", str(folder)).output
    assert run(*words, "--data", str(folder)).exit_code == 0


def touches_of(folder: Path, *command: str) -> int:
    """How often a command touches the data folder, on a copy of it."""
    beside = folder.with_name("beside")
    shutil.copytree(folder, beside)
    counting = KILLED.replace("left[0] == 0", "False") + "\n"
    program = counting.replace("app()\n", "app(standalone_mode=False); print(-left[0])")
    words = [str(beside), "0", *command, "--data", str(beside)]
    output = folder.with_name("touches.txt")
    assert processes.run(program, *words, output=output) == 0
    return int(output.read_text().split()[-1])


def student_in(folder: Path) -> str:
    import sqlite3
    from uuid import UUID

    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        (student,) = connection.execute("SELECT student_id FROM stored_events WHERE topic = 'note-written'").fetchone()
    connection.close()
    return str(UUID(bytes=student))


def test_what_was_begun_of_the_first_setting_is_finished_and_a_ledger_in_use_is_left_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    create_ledger(settings)
    ledger = open_ledger(settings)
    with monkeypatch.context() as patch:
        patch.setattr(starting, "shipped_definitions", lambda: list(shipped_definitions())[:2])
        begun = open_setting(ledger, "Riverbank")
    ledger.close()
    again = run("init", *place(settings), "--setting", "Riverbank")
    assert again.exit_code == 0 and str(begun) in again.output
    ledger = open_ledger(settings)
    try:
        assert all(ledger.published.definition(f"{one['id']}@{one['version']}") for one in shipped_definitions())
        assert ledger.settings_opened() == [begun]
        position = ledger.recorder.read_head().position
        assert finish_setting(ledger, "Riverbank") is None and ledger.recorder.read_head().position == position
    finally:
        ledger.close()
    assert run("init", *place(settings), "--setting", "Riverbank").exit_code == 2
    assert run("init", *place(settings)).exit_code == 2


def test_two_inits_at_once_make_one_ledger(settings: Settings) -> None:
    done: list[str] = []

    def make() -> None:
        try:
            create_ledger(settings)
            done.append("made")
        except SetupError:
            done.append("refused")

    both = [threading.Thread(target=make) for _ in range(3)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(done) == ["made", "refused", "refused"]
    whole(settings)


def lose_ledger(settings: Settings) -> None:
    if settings.postgres:
        with psycopg.connect(settings.postgres, autocommit=True) as connection:
            connection.execute("DROP SCHEMA ledger CASCADE")
    else:
        for file in settings.data.glob("ledger.sqlite*"):
            file.unlink()


@pytest.mark.parametrize("left", ["keyring", "held"])
def test_what_is_left_of_a_lost_ledger_is_never_made_anew(make_house: Callable[..., House], database: str, left: str) -> None:
    house = make_house(database)
    house.one({**house.note(WORDS), "retention_class": "moon"})
    keys = house.ledger.keyring.about()
    house.ledger.close()
    lose_ledger(house.settings)
    if left == "held":
        if house.settings.postgres:
            with psycopg.connect(house.settings.postgres, autocommit=True) as connection:
                connection.execute("DELETE FROM keyring.keys WHERE owner_id <> (SELECT ledger_id FROM keyring.about)")
                connection.execute("DELETE FROM keyring.ends")
        else:
            (house.settings.data / "keyring.sqlite").unlink()
    refused = run("init", *place(house.settings), "--setting", "Riverbank")
    assert refused.exit_code == 2 and f"the store {left} holds what belongs to" in refused.output
    if left == "keyring":
        engine = creating.open_store(house.settings, "keyring")
        with engine.connect() as connection:
            assert read_about(connection) == keys
        engine.dispose()


def test_a_damaged_keyring_without_its_ledger_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "keyring.sqlite").write_bytes(b"not a database any more" * 500)
    refused = run("init", "--data", str(folder))
    assert refused.exit_code == 2 and (folder / "keyring.sqlite").read_bytes().startswith(b"not a database")


def test_a_missing_role_is_said_before_the_ledger_is_made_and_the_next_init_makes_it(postgres: str, tmp_path: Path) -> None:
    from tests.house import settings_for

    settings = settings_for("postgres", tmp_path / "data", postgres)
    refused = run("init", *place(settings), "--service-role", "nobody_by_this_name")
    assert refused.exit_code == 2 and "no role nobody_by_this_name" in refused.output
    assert run("init", *place(settings)).exit_code == 0
    whole(settings)


# A container's start ------------------------------------------------------------------------------------------------


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "ap-ledger"
    script.write_text(f"#!{sys.executable}\n{PROGRAM}\n")
    script.chmod(0o755)

    def go(**environment: str) -> subprocess.CompletedProcess[str]:
        given = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "300", **environment}
        return subprocess.run([str(ROOT / "scripts" / "container-start"), "init-once"], env=given, capture_output=True, text=True, timeout=120)

    yield go


def test_a_container_makes_its_ledger_once_and_takes_no_other_failure_for_a_missing_one(tmp_path: Path, start: Callable[..., Any]) -> None:
    folder = tmp_path / "data"
    assert start(AP_LEDGER_DATA=str(folder)).returncode == 0
    before = (folder / "ledger.sqlite").read_bytes()
    again = start(AP_LEDGER_DATA=str(folder))
    assert again.returncode == 0 and "left as it is" in again.stdout and (folder / "ledger.sqlite").read_bytes() == before
    key = (folder / "master.key").read_text()
    (folder / "master.key").unlink()
    lost = start(AP_LEDGER_DATA=str(folder))
    assert lost.returncode == 2 and "master key is missing" in lost.stderr and not (folder / "master.key").exists()
    (folder / "master.key").write_text(key)
    (folder / "ledger.sqlite").write_bytes(b"garbage " * 1000)
    damaged = start(AP_LEDGER_DATA=str(folder))
    assert damaged.returncode == 2 and "damaged" in damaged.stderr and "Traceback" not in damaged.stderr
    assert (folder / "ledger.sqlite").read_bytes().startswith(b"garbage")
    away = start(AP_LEDGER_DATA=str(tmp_path / "other"), AP_LEDGER_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert away.returncode == 2 and "Traceback" not in away.stderr


# check --------------------------------------------------------------------------------------------------------------

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "zero bytes": lambda _: b"",
    "one byte": lambda whole: whole[:1],
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "its last page gone": lambda whole: whole[:-4096],
    "garbage": lambda whole: b"\x17garbage" * (len(whole) // 8),
    "garbage after its beginning": lambda whole: whole[: min(100, len(whole) // 2)] + b"\xa5" * (len(whole) - min(100, len(whole) // 2)),
    "garbage in its middle": lambda whole: whole[: len(whole) // 3] + b"\xa5" * (len(whole) // 3) + whole[2 * (len(whole) // 3) :],
}
FILES = ("ledger.sqlite", "keyring.sqlite", "held.sqlite", "accounts.sqlite", "jobs.sqlite", "views.sqlite", "master.key")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a house at rest, to be copied and damaged."""
    house = House.furnished("sqlite", tmp_path_factory.mktemp("furnished") / "data")
    house.record(*[house.note(WORDS) for _ in range(30)], {**house.note(), "retention_class": "moon"})
    house.runner.catch_up()
    house.close()
    return house.settings.data


@pytest.fixture
def folder(furnished: Path, tmp_path: Path) -> Path:
    shutil.copytree(furnished, tmp_path / "data")
    return tmp_path / "data"


def looked(folder: Path, deep: bool) -> Any:
    found = run("check", *(["--deep"] if deep else []), "--data", str(folder))
    assert isinstance(found.exception, SystemExit) or found.exception is None, found.exception
    return found


def test_a_house_in_order_is_found_to_be_so_though_something_is_held(folder: Path) -> None:
    for deep in (False, True):
        found = looked(folder, deep)
        assert found.exit_code == 0 and "wrong" not in found.output, found.output
        assert "held entries: 1 wait" in found.output


@pytest.mark.parametrize("name", FILES)
def test_check_ends_in_a_finding_whatever_file_is_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    for deep in (False, True):
        found = looked(folder, deep)
        # Read models are made when they are asked for.
        assert found.exit_code == (0 if name == "views.sqlite" else 1), found.output
        assert name == "views.sqlite" or name in found.output
        assert name == "views.sqlite" or not (folder / name).exists(), "looking makes nothing"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_check_ends_in_a_finding_whatever_file_is_damaged_however(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    found = looked(folder, True)
    assert found.exit_code == 1 and name in found.output and WORDS not in found.output, found.output
    looked(folder, False)
    for command in (("status",), ("history", "00000000-0000-7000-8000-000000000000"), ("keyring", "sweep")):
        other = run(*command, "--data", str(folder))
        assert other.exception is None or isinstance(other.exception, SystemExit), (command, other.exception)


@pytest.mark.parametrize("name", ["held.sqlite", "views.sqlite", "."])
def test_what_whoever_runs_check_may_not_write_is_named_and_not_said_to_be_damaged(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # The tests may run as a user to whom everything is allowed, so the answer of the system is given here.
    honest = os.access
    monkeypatch.setattr(os, "access", lambda path, needed, **how: False if needed & os.W_OK and path == folder / name else honest(path, needed, **how))
    found = looked(folder, False)
    told = [line for line in found.output.splitlines() if "may not read and write" in line]
    assert found.exit_code == 1 and told and all(f"chmod u+{'rwx' if name == '.' else 'rw'} {folder / name}" in line for line in told), found.output
    assert "backup" not in found.output and "cannot be read now" not in found.output and "delete it" not in found.output


@pytest.mark.parametrize("name", ["ledger.sqlite-wal", "ledger.sqlite-shm", "keyring.sqlite-journal", "views.sqlite-wal"])
def test_garbage_beside_a_store_ends_in_no_trace(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x17garbage" * 1000)
    looked(folder, True)


@pytest.mark.parametrize("table", ["keyring.about", "keyring.keys", "held.held", "accounts.sessions", "ledger.sealed", "ledger.stored_events"])
def test_check_ends_in_a_finding_whatever_table_is_gone(make_house: Callable[..., House], database: str, table: str) -> None:
    house = make_house(database)
    house.runner.catch_up()
    house.close()
    store, name = table.split(".")
    if house.settings.postgres:
        with psycopg.connect(house.settings.postgres, autocommit=True) as connection:
            connection.execute(f"DROP TABLE {table} CASCADE")  # type: ignore[arg-type]
    else:
        import sqlite3

        connection = sqlite3.connect(house.settings.data / f"{store}.sqlite")
        connection.execute(f"DROP TABLE {name}")
        connection.close()
    found = run("check", "--deep", *place(house.settings))
    assert isinstance(found.exception, SystemExit), found.exception
    assert found.exit_code == 1 and name in found.output, found.output


def test_check_says_which_keys_do_not_open_and_what_to_do_under_an_older_master_key(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house()
    ring = house.settings.data / "keyring.sqlite"
    before = ring.read_bytes()
    assert run("keyring", "rotate", *place(house.settings)).exit_code == 0
    house.close()
    ring.write_bytes(before)
    found = run("check", *place(house.settings))
    assert found.exit_code == 1 and "ap-ledger keyring rotate" in found.output
    assert run("keyring", "rotate", *place(house.settings)).exit_code == 0
    assert run("check", *place(house.settings)).exit_code == 0
    for old in house.settings.data.glob("master.key.old*"):
        old.unlink()
    (house.settings.data / "keyring.sqlite").write_bytes(before)
    found = run("check", *place(house.settings))
    assert found.exit_code == 1 and "does not open this keyring" in found.output


# Who may read -------------------------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): stat.filemode(path.stat().st_mode) for path in folder.rglob("*")}


def test_files_are_for_their_owner_alone_wherever_they_are_made(make_house: Callable[..., House], tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        house = make_house()
        house.record(house.note(WORDS))
        house.runner.catch_up()
        (result,) = house.record(house.rung())
        assert result.status == "recorded" and list(house.settings.data.glob("*-wal")), "the logs of open stores are looked at too"
        copies, reports = tmp_path / "copies", tmp_path / "reports"
        assert run("keyring", "backup", str(copies), *place(house.settings)).exit_code == 0
        os.umask(0)
        assert run("keyring", "restore", str(next(copies.glob("*.sqlite"))), *place(house.settings)).exit_code == 0
        os.umask(0)
        assert run("keyring", "rotate", *place(house.settings)).exit_code == 0
        os.umask(0)
        report = ["report", "review-pack", "--student", str(house.student), "--from", "2026-02-01", "--to", "2026-03-31", "--format", "zip"]
        written = run(*report, "--out", str(reports), *place(house.settings))
        assert written.exit_code == 0, written.output
        found = {**modes(house.settings.data), **modes(copies), **modes(reports)}
        assert len(found) > 12 and {name: mode for name, mode in found.items() if mode[4:] != "------"} == {}
        looked_at = run("check", *place(house.settings))
        assert looked_at.exit_code == 0, looked_at.output
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", [*FILES, "master.key.old-20260101T000000-00000000", "keyring-copies/keyring-20260101T000000.sqlite", "held.sqlite-wal", "."])
def test_check_looks_at_the_mode_of_every_file(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True, mode=0o700)
    if not path.exists():
        shutil.copy(folder / ("master.key" if name.startswith("master") else "held.sqlite"), path)
    path.chmod(0o755 if path.is_dir() else 0o640)
    found = looked(folder, False)
    assert found.exit_code == 1 and f"others on this machine can read {path}" in found.output.replace("/.", ""), found.output


def test_a_copy_that_should_have_ended_is_found_and_ends_in_the_night(folder: Path) -> None:
    from ap_ledger.jobs import JOBS

    copies = folder / "keyring-copies"
    copies.mkdir(mode=0o700)
    shutil.copy(folder / "keyring.sqlite", copies / "keyring-20260101T000000-000000.sqlite")
    found = looked(folder, False)
    assert found.exit_code == 1 and "over 35 days old" in found.output
    assert "end-key-copies" in {job.name for job in JOBS}


# The documented way back --------------------------------------------------------------------------------------------


def commands_of(section: str) -> list[str]:
    text = (ROOT / "docs" / "operating.md").read_text()
    block = re.search(rf"^## {section}\n.*?```\n(.*?)```", text, re.S | re.M)
    assert block is not None
    return block[1].splitlines()


def test_what_is_backed_up_as_documented_is_restored_as_documented(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house()
    house.record(house.note(WORDS), {**house.note(), "retention_class": "moon"})
    house.shred("health", student=house.other)
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "ap-ledger"
    script.write_text(f"#!{sys.executable}\n{PROGRAM}\n")
    script.chmod(0o755)
    data = house.settings.data
    for name in ("backup", "elsewhere", "safe"):
        (tmp_path / name).mkdir()

    def follow(lines: list[str]) -> None:
        text = "\n".join(lines)
        for documented, here in (
            ("/srv/ap-ledger", data),
            ("/backup", tmp_path / "backup"),
            ("/elsewhere", tmp_path / "elsewhere"),
            ("/safe", tmp_path / "safe"),
        ):
            text = text.replace(documented, str(here))
        for copied in ("ledger", "held", "accounts", "jobs", "notices"):
            text = re.sub(rf"{copied}-\d{{4}}-\d\d-\d\d", f"{copied}-TODAY", text.replace(f"{copied}-$(date +%F)", f"{copied}-TODAY"))
        text = re.sub(r"keyring-\d{8}T\d{6}-\d{6}\.sqlite", "keyring-*.sqlite", text)
        environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["sh", "-euc", text], env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr

    if shutil.which("sqlite3") is None:
        tool = tmp_path / "bin" / "sqlite3"
        tool.write_text(f"#!{sys.executable}\nimport sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute(sys.argv[2])\n")
        tool.chmod(0o755)
    follow(commands_of("Back up"))
    shutil.copy(data / "master.key", tmp_path / "safe")
    house.close()
    follow(commands_of("Restore"))
    again = House(house.settings, house.clock, make=False)
    try:
        again.student = house.student
        assert WORDS in str(again.look_back()) and len(again.ledger.waiting.entries()) == 1
        assert again.ledger.keyring.key(house.other, "health") is None
        assert (tmp_path / "data0-before").is_dir()
    finally:
        again.close()


def test_the_keyring_of_a_database_is_restored_into_an_empty_schema(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house("postgres")
    house.record(house.note(WORDS))
    assert run("keyring", "backup", str(tmp_path), *place(house.settings)).exit_code == 0
    house.ledger.close()
    assert house.settings.postgres is not None
    with psycopg.connect(house.settings.postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA keyring CASCADE")
    done = run("keyring", "restore", str(next(tmp_path.glob("keyring-*.sqlite"))), *place(house.settings))
    assert done.exit_code == 0, done.output
    again = House(house.settings, house.clock, make=False)
    assert WORDS in str(again.look_back(student=house.student))
    again.close()


def test_the_words_of_every_step_back_name_the_master_key(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house()
    assert "opens with the master key alone" in run("keyring", "backup", str(tmp_path), *place(house.settings)).output
    house.close()
    (house.settings.data / "master.key").unlink()
    copy = next(tmp_path.glob("keyring-*.sqlite"))
    refused = run("keyring", "restore", str(copy), *place(house.settings))
    assert refused.exit_code == 2 and "master key is missing" in refused.output and "keep it safe" in refused.output


def test_nothing_is_written_over(tmp_path: Path) -> None:
    files.write_private(tmp_path / "a key", "ab")
    with pytest.raises(FileExistsError):
        files.write_private(tmp_path / "a key", "cd")
    assert (tmp_path / "a key").read_text() == "ab"
    assert not sqlite.has_ledger(tmp_path / "nothing")
