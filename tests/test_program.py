"""The program, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ap_ledger import __version__
from ap_ledger.cli import demo
from ap_ledger.cli.main import app
from ap_ledger.settings import read_settings
from tests.examples import Examples
from tests.house import House

ROOT = Path(__file__).parents[1]
UNTIL = date(2026, 3, 27)


def run(*words: str, **environment: str) -> Any:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200", **environment})


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> tuple[Path, Any]:
    """A small example setting in a folder of its own."""
    folder = tmp_path_factory.mktemp("example") / "data"
    return folder, examples(folder, 7, 4, 1, UNTIL)


def test_every_command_has_a_help_that_starts_with_what_it_does() -> None:
    for command in ("demo", "init", "serve", "work", "record", "history", "replay", "status", "check"):
        said = run(command, "--help")
        assert said.exit_code == 0 and "--data" in said.output


def test_a_real_setting_starts_with_a_loud_note_about_the_master_key(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    refused = run("init", "--data", str(folder), "--service-role", "somebody")
    assert refused.exit_code == 2 and "PostgreSQL" in refused.output and not folder.exists(), "a role is nothing that a file has"
    said = run("init", "--data", str(folder), "--setting", "Riverbank")
    assert said.exit_code == 0 and "BACK UP THE MASTER KEY NOW" in said.output
    assert (folder / "master.key").stat().st_mode & 0o077 == 0
    assert run("init", "--data", str(folder)).exit_code == 2
    assert run("check", "--data", str(folder), "--deep").exit_code == 0
    assert "0 behind" in run("replay", "--data", str(folder)).output + run("status", "--data", str(folder)).output


def test_check_says_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    said = run("check", "--data", str(folder))
    assert said.exit_code == 1 and "ap-ledger init" in said.output
    run("init", "--data", str(folder))
    (folder / "master.key").chmod(0o644)
    assert "chmod 600" in run("check", "--data", str(folder)).output
    (folder / "keyring.sqlite").unlink()
    said = run("check", "--data", str(folder))
    assert said.exit_code == 1 and "Restore it from its backup" in said.output
    assert not (folder / "keyring.sqlite").exists() or "missing" in said.output


def test_a_changed_row_is_found_by_a_deep_check(make_house: Callable[..., House]) -> None:
    house = make_house()
    (result,) = house.record(house.rung())
    house.tamper(("UPDATE stored_events SET state = '{}' WHERE position = ?", (result.position,)))
    said = run("check", "--deep", "--data", str(house.settings.data))
    assert said.exit_code == 1 and "cannot be read" in said.output


def test_a_file_is_recorded_line_by_line_and_bad_lines_are_named(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house()
    place = {"command": "add-place", "id": house.rung()["id"], "setting_id": str(house.setting), "place_id": house.rung()["id"], "label": "Site"}
    lines = [
        json.dumps(house.rung()),
        "not json",
        "",
        json.dumps(place),
        json.dumps({**house.rung(), "rung": "moon"}),
        json.dumps({"command": "fly"}),
        json.dumps(house.note()),
    ]
    file = tmp_path / "entries.jsonl"
    file.write_text("\n".join(lines))
    said = run("record", str(file), "--data", str(house.settings.data))
    assert said.exit_code == 1
    assert "3 recorded" in said.output and "2 refused" in said.output and "1 unreadable" in said.output
    assert set(re.findall(r"line (\d)", said.output)) == {"2", "5", "6"}
    again = run("record", str(file), "--data", str(house.settings.data))
    assert "3 duplicate" in again.output
    assert run("record", str(tmp_path / "nothing.jsonl"), "--data", str(house.settings.data)).exit_code == 2


def test_history_is_told_as_text_and_as_json_at_two_times(example: tuple[Path, Any]) -> None:
    folder, story = example
    student = str(story.children[0].id)
    text = run("history", student, "--data", str(folder))
    assert text.exit_code == 0 and "Ash H" in text.output and "starting point" in text.output
    now = json.loads(run("history", student, "--data", str(folder), "--format", "json").stdout)
    then = json.loads(run("history", student, "--data", str(folder), "--as-of", "2026-03-10", "--known-at", "2026-03-10", "--format", "json").stdout)
    assert then["progress"]["entries"] < now["progress"]["entries"] and then["position"] < now["position"]
    assert run("history", "nobody", "--data", str(folder)).exit_code == 2
    said = run("demo", "--no-serve", "--data", str(folder), "--until", UNTIL.isoformat()).output
    words = said.partition("bin/ap-ledger ")[2].replace("STUDENT", student).split()
    assert words[-3:] == ["2026-03-06", "--known-at", "2026-03-06"] and run(*words).exit_code == 0, said
    assert run("history", student, "--data", str(folder), "--as-of", "soon").exit_code == 2


def test_the_service_listens_to_the_network_over_https_only_and_says_so(example: tuple[Path, Any]) -> None:
    for words in ((), ("--public-url", "https://riverbank.example"), ("--proxy", "10.0.0.2"), ("--tls-cert", "x.pem")):
        said = run("serve", "--data", str(example[0]), "--host", "0.0.0.0", *words)
        assert said.exit_code == 2 and "--tls-cert" in said.output
    assert "https://" in run("serve", "--data", str(example[0]), "--public-url", "http://riverbank.example").output


def test_the_same_seed_tells_the_same_story_with_the_same_ids_and_both_times(example: tuple[Path, Any], tmp_path: Path) -> None:
    import sqlite3

    again = tmp_path / "again"
    demo.make_example(read_settings(data=again), 7, 4, 1, UNTIL, lambda *_: None)
    ask = "SELECT originator_id, originator_version, topic, occurred_at, recorded_at, state FROM stored_events WHERE topic NOT IN ('key-made', 'sealed-record')"
    assert sqlite3.connect(again / "ledger.sqlite").execute(ask).fetchall() == sqlite3.connect(example[0] / "ledger.sqlite").execute(ask).fetchall()


def test_the_example_is_as_mixed_as_real_weeks_are(example: tuple[Path, Any]) -> None:
    import sqlite3

    database = sqlite3.connect(example[0] / "ledger.sqlite")
    counts = dict(database.execute("SELECT topic, count(*) FROM stored_events GROUP BY topic"))
    entries = sum(counts.get(topic, 0) for topic in ("outcome-scored", "rung-reached", "visit-logged"))
    changes = counts["entry-corrected"] + counts["entry-voided"]
    assert 0.01 < changes / entries < 0.03
    late = database.execute("SELECT count(*) FROM stored_events WHERE topic = 'rung-reached' AND recorded_at - occurred_at > 3600000000").fetchone()[0]
    assert late > 10
    assert {"context-noted", "voice-heard", "incident-recorded", "unit-progressed", "session-attended", "sealed-record"} <= set(counts)


@pytest.fixture
def compared(example: tuple[Path, Any], tmp_path: Path) -> Callable[[str | None], list[str]]:
    """Compares what a service over a copy of the example shows with the file, after somebody changed the file if asked."""

    def compare(change: str | None) -> list[str]:
        import sqlite3

        folder = tmp_path / "copy"
        shutil.copytree(example[0], folder)
        if change:
            with sqlite3.connect(folder / "ledger.sqlite") as database:
                database.execute("DROP TRIGGER stored_events_never_change")
                database.execute(change)
            database.close()
        token = run("token", "make", "--person", str(example[1].others["leader"]), "--scope", "read", "--data", str(folder)).stdout.strip()
        with demo.serving(folder) as url:
            return demo.compare(Console(quiet=True), url, folder, [str(example[1].children[1].id)], example[1], token)

    return compare


def test_what_is_shown_is_what_the_file_says(compared: Callable[[str | None], list[str]]) -> None:
    assert compared(None) == []


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE stored_events SET state = replace(state, '"level":1', '"level":0') WHERE position = (SELECT min(position) FROM stored_events
           WHERE topic = 'outcome-scored' AND state LIKE '%"level":1%' AND student_id = (SELECT student_id FROM stored_events WHERE topic = 'student-admitted' LIMIT 1 OFFSET 1))""",
        """UPDATE stored_events SET topic = 'entry-voided' WHERE position = (SELECT max(position) FROM stored_events WHERE topic = 'entry-corrected'
           AND student_id = (SELECT student_id FROM stored_events WHERE topic = 'student-admitted' LIMIT 1 OFFSET 1))""",
    ],
)
def test_one_changed_row_is_found(compared: Callable[[str | None], list[str]], change: str) -> None:
    assert compared(change) != []


def test_the_whole_check_runs_and_is_content(tmp_path: Path) -> None:
    command = [*demo.program(), "demo", "--check", "--students", "4", "--weeks", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is equal" in done.stdout and list(tmp_path.iterdir()) == []


def test_the_recomputation_imports_nothing_of_ours() -> None:
    text = demo.RECOMPUTE.read_text()
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.M))
    assert imported <= set(sys.stdlib_module_names) and "json" in imported and "sqlite3" in imported


def test_the_example_lives_on_postgres_too(tmp_path: Path, postgres: str) -> None:
    from tests.house import settings_for

    settings = settings_for("postgres", tmp_path / "data", postgres)
    demo.make_example(settings, 3, 2, 1, UNTIL, lambda *_: None)
    said = run("status", "--data", str(settings.data), "--database-url", str(settings.postgres))
    assert said.exit_code == 0 and "0 behind" in said.output


def test_the_wheel_holds_the_five_packages_and_all_their_data(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"ap_ledger-{__version__}-")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("ap_ledger/cli/recompute.py", "frameworks/definitions/default-ladder.yaml", "api/students/templates/student.html", "api/static/vendor/plotly-cartesian.min.js", "projections/fold/progress.py", "reports/figures.py"):  # fmt: skip
        assert wanted in names
    assert {name.split("/")[0] for name in names if not name.startswith("ap_ledger-")} == {"ap_ledger", "api", "frameworks", "projections", "reports"}


def test_a_port_that_is_taken_is_nobodys_crash(example: tuple[Path, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [*demo.program(), "serve", "--data", str(example[0]), "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode != 0 and "Traceback" not in done.stderr


def test_the_program_says_its_version() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.output.strip()) == (0, f"ap-ledger {__version__}")
