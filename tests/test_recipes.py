"""The recipes of CONTRIBUTING.md, each done once in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ap_ledger", "api", "frameworks", "projections", "reports")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The five packages and the tests' house, to be changed at will."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").touch()
    shutil.copy(ROOT / "tests" / "house.py", tmp_path / "tests")
    return tmp_path


def recipe(heading: str) -> list[tuple[str, str]]:
    """The (file, code) pairs of one recipe, as the guide prints them."""
    section = GUIDE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"In `([^`]+)`[^\n]*:\n\n```(?:python|yaml)\n(.*?)```", section, re.S)


def follow(copy: Path, heading: str) -> list[str]:
    """Does what a recipe says. Code that starts with `# after X` goes after the line X; other code goes at the end."""
    touched = []
    for name, code in recipe(heading):
        path = copy / name
        first, _, rest = code.partition("\n")
        text = path.read_text() if path.exists() else ""
        if match := re.match(r"# after: (.+)", first):
            assert match[1] + "\n" in text, f"the recipe names a line that {name} no longer has"
            text = text.replace(match[1] + "\n", match[1] + "\n" + rest, 1)
        else:
            text += code
        path.write_text(text)
        touched.append(name)
    assert touched, heading
    return touched


def proves(copy: Path, program: str) -> None:
    """Runs a program in the changed copy."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AP_LEDGER")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START + program],
        cwd=copy,
        env={**environment, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


START = """
import tempfile, pathlib
from tests.house import *
house = House(settings_for("sqlite", pathlib.Path(tempfile.mkdtemp()) / "data", None)).furnish()
"""


def test_adding_an_event(copy: Path) -> None:
    assert follow(copy, "Add a kind of entry") == ["ap_ledger/events/entries.py", "ap_ledger/events/entries.py", "projections/writers/student_days.py"]
    proves(copy, """
entry = house.entry("pet-visited", pet="dog", note="hushed words")
assert house.one(entry).status == "recorded", house.one(entry)
assert house.one({**entry, "id": str(new_id()), "pet": 3}).code == "malformed"
told = house.look_back()
assert told["entries"][0]["entry"] == entry and told["progress"]["kinds"] == {"pet-visited": 1}
assert "hushed" not in repr(house.rows("SELECT * FROM stored_events"))
house.close()
""")  # fmt: skip


def test_adding_a_projection(copy: Path) -> None:
    assert follow(copy, "Add a projection") == ["projections/voices.py", "projections/__init__.py", "projections/__init__.py"]
    proves(copy, """
house.record(house.entry("voice-heard", speaker="student", face=4), house.entry("voice-heard", speaker="student", face=2))
house.runner.catch_up()
with house.views.reading() as connection:
    assert [tuple(row) for row in connection.exec_driver_sql("SELECT face FROM voices__v1 ORDER BY position")] == [(4,), (2,)]
house.close()
""")  # fmt: skip


def test_adding_a_framework_touches_one_data_file(copy: Path) -> None:
    assert follow(copy, "Add a framework") == ["frameworks/definitions/kind-eyes.yaml"]
    proves(copy, """
entry = house.entry("outcome-scored", framework={"id": "kind-eyes", "version": 1}, indicator="looked-up", level=1, informant="mentor")
assert house.one(entry).status == "recorded"
house.close()
""")  # fmt: skip


def test_adding_a_figure(copy: Path) -> None:
    assert follow(copy, "Add a figure to the student's page") == ["reports/figures.py", "api/students/pages.py", "api/students/pages.py"]
    proves(copy, """
from api.students.pages import _figures
house.record(house.entry("voice-heard", speaker="student", face=4), house.rung())
figures = _figures(house.reader, house.look_back()["progress"])
assert "faces" in [figure.title.lower() for figure in figures][-1], figures
house.close()
""")  # fmt: skip


def test_adding_a_column_and_a_layout(copy: Path) -> None:
    assert follow(copy, "Add a column, and a report that uses it") == ["reports/columns.py", "reports/layouts/texting.yaml", "reports/layouts/__init__.py"]
    proves(copy, """
from reports.compose import Order, make_report
from reports.layouts import SHIPPED, read_layout
from reports.pack import pack_files
assert SHIPPED[-1] == "texting"
house.record(house.entry("visit-logged", effort="attempted", channel="text"), house.rung())
house.runner.catch_up()
order = Order(read_layout("texting"), house.setting, date(2026, 3, 1), date(2026, 3, 6), student_id=house.student)
files = pack_files(make_report(house.reader, order, lambda *_: True, date(2026, 3, 6)))
heading, row = (line.split(",") for line in files["data/texts.csv"].decode("utf-8-sig").splitlines())
told = dict(zip(heading, row, strict=True))
assert (told["student"], told["texts"], told["contacts_made"]) == ("Ash H", "1", "1"), told
assert files["report.pdf"].startswith(b"%PDF")
house.close()
""")  # fmt: skip


def test_bringing_an_old_event_up_to_date(copy: Path) -> None:
    assert follow(copy, "Change an event that was already written") == ["ap_ledger/events/entries.py"]
    proves(copy, """
from ap_ledger.events.stored import read_event, upcast
from ap_ledger.events import event_class
from ap_ledger.events.base import Stamp
cls = event_class("voice-heard")
old = {"device_time": "2026-03-02T09:00:00Z", "speaker": "student", "face": 4}
event = read_event(cls, new_id(), 1, Stamp(MONDAY), upcast(cls, dict(old), 1))
assert event.setting_of == "unknown"
assert house.one(house.entry("voice-heard", speaker="student", face=4, setting_of="home")).status == "recorded"
assert house.rows("SELECT class_version FROM stored_events WHERE topic = 'voice-heard'")[0][0] == 2
house.close()
""")  # fmt: skip


def test_adding_a_route(copy: Path) -> None:
    assert follow(copy, "Add a route") == ["api/keeping/health.py"]
    proves(copy, """
with house.browser() as client:
    assert client.get("/api/v1/hello").json() == {"hello": "you"}
    assert house.browser(house.person("Sorrel", "researcher"), client.app).get("/api/v1/hello").status_code == 403
    assert house.stranger(client.app).get("/api/v1/hello").status_code == 401
house.close()
""")  # fmt: skip
