"""The recipes of CONTRIBUTING.md, each done once in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import House, settings_for

ROOT = Path(__file__).parents[1]
PACKAGES = ("ap_ledger", "api", "frameworks", "projections", "reports")
PROOFS = ("test_kinds.py", "test_events.py")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five packages, and of the tests what the recipes are proved with, copied once."""
    made = tmp_path_factory.mktemp("whole")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, made / package, ignore=shutil.ignore_patterns("__pycache__"))
    (made / "tests" / "golden").mkdir(parents=True)
    (made / "tests" / "__init__.py").touch()
    for path in (ROOT / "tests").glob("*.py"):
        if path.name in PROOFS or not path.name.startswith(("test_", "conftest")):
            shutil.copy(path, made / "tests")
    for path in (ROOT / "tests" / "golden").glob("*.jsonl"):
        shutil.copy(path, made / "tests" / "golden")
    return made


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """The same, to be changed at will: what a recipe touches becomes a file of its own."""
    shutil.copytree(whole, tmp_path, copy_function=os.link, dirs_exist_ok=True)
    return tmp_path


def write(path: Path, text: str) -> None:
    """Writes a file anew, so that what it was linked to stays as it is."""
    path.unlink(missing_ok=True)
    path.write_text(text)


def recipe(heading: str) -> list[tuple[str, str]]:
    """The (file, code) pairs of one recipe, as the guide prints them."""
    section = GUIDE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"In `([^`]+)`[^\n]*:\n\n```(?:python|yaml|json|html)\n(.*?)```", section, re.S)


def add(path: Path, code: str) -> None:
    """Adds code that starts with `# after: X` after the line X, and other code at the end."""
    first, _, rest = code.partition("\n")
    text = path.read_text() if path.exists() else ""
    if match := re.match(r"# after: (.+)", first):
        assert match[1] + "\n" in text, f"the recipe names a line that {path.name} no longer has: {match[1]}"
        write(path, text.replace(match[1] + "\n", match[1] + "\n" + rest, 1))
    else:
        write(path, text + code)


def follow(copy: Path, heading: str) -> list[str]:
    """Does what a recipe says, step by step."""
    touched = []
    for name, code in recipe(heading):
        add(copy / name, code)
        touched.append(name)
    assert touched, heading
    return touched


def proves(copy: Path, program: str) -> None:
    """Runs a program in the changed copy, which ends well."""
    done = run(copy, program)
    assert done.returncode == 0, done.stdout + done.stderr


def run(copy: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in the changed copy."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AP_LEDGER")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START + program],
        cwd=copy,
        env={**environment, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=120,
    )


START = """
import tempfile, pathlib
from tests.house import *
house = House(settings_for("sqlite", pathlib.Path(tempfile.mkdtemp()) / "data", None)).furnish()
"""


KIND_FILES = [*["ap_ledger/events/entries.py"] * 2, *["ap_ledger/kinds/rows.py"] * 2, "tests/golden/pet-visited.jsonl"]
EVERY_PAGE = """
from fastapi.testclient import TestClient
from tests.every_page import open_every_page

dsl = house.person("Sorrel", "dsl", "leader")
entry = house.entry("pet-visited", pet="dog", minutes=20, remark="hushed words")
wrong, gone = (house.entry("pet-visited", pet=pet, at=TUESDAY) for pet in ("cat", "hen"))
assert [result.status for result in house.record(entry, wrong, gone)] == ["recorded"] * 3
assert house.one({**entry, "id": str(new_id()), "pet": 3}).code == "malformed"
assert house.one({**entry, "id": str(new_id()), "device_time": "2027-03-02T09:00:00+00:00"}).code == "in-future"
house.record(house.void(gone), house.rung(), house.outcome(), house.entry("voice-heard", speaker="student", face=4))
whose, setting = str(house.student), str(house.setting)
times = ("?as_of=2026-03-02&known=2026-03-06", "?as_of=2026-03-03")
kinds = ("?kind=pet-visited&from=2026-03-01&to=2026-03-06",)
queries = {
    "/students/{student_id}": times, "/students/{student_id}/frames": times, "/students/{student_id}/story": times,
    "/students/{student_id}/since": ("?as_of=2026-03-06&known=2026-03-04",), "/students/{student_id}/entries": kinds,
    "/api/v1/settings/{setting_id}/day": ("?date=2026-03-02",), "/day.csv": ("?on=2026-03-02",),
    "/api/v1/settings/{setting_id}/sheet": ("?date=2026-03-02&slot=lesson",),
    "/api/v1/students/{student_id}/history": ("?as_of=2026-03-03T00:00:00Z",),
}
given = {"student_id": whose, "setting_id": setting, "entry": entry["id"], "curriculum_id": "everyday-steps", "version": 1,
         "framework_id": "carer-confidence"}
with house.browser(dsl) as client:
    house.runner.catch_up()
    page = f"/students/{whose}/entries/{wrong['id']}"
    form = {"do": "correct", "reason_code": "mistake", "form": str(new_id()), "field:pet": "horse", "field:minutes": "25"}
    assert client.post(page, data=form, follow_redirects=False).status_code == 303
    house.runner.catch_up()
    told = open_every_page(client, given, queries)
    for address in (f"/students/{whose}", f"/students/{whose}{times[0]}", f"/students/{whose}/entries/{entry['id']}",
                    f"/students/{whose}/story", f"/students/{whose}/entries{kinds[0]}", f"/students/{whose}/frames",
                    f"/students/{whose}/learning", f"/students/{whose}/compare", f"/students/{whose}/erasure",
                    f"/api/v1/students/{whose}/history", f"/api/v1/settings/{setting}/day?date=2026-03-02",
                    f"/api/v1/settings/{setting}/sheet?date=2026-03-02&slot=lesson", "/day.csv?on=2026-03-02", "/held", "/day", "/visit"):
        assert address in told, (address, client.get(address).status_code)
    assert "pet-visited" not in told["/held"] and "hushed" not in told["/held"], "the words of what waits are for its author"
    story, own = told[f"/students/{whose}"], told[f"/students/{whose}/entries/{entry['id']}"]
    history = client.get(f"/api/v1/students/{whose}/history").json()
    frames = client.get(f"/students/{whose}/frames").json()
    metrics = house.browser(house.person("Thyme", "administrator"), client.app).get("/metrics")
    assert metrics.status_code == 200 and "ap_ledger_projection_lag" in metrics.text
assert "hushed" not in repr(house.rows("SELECT * FROM stored_events"))
from reports.compose import Order, make_report
from reports.layouts import SHIPPED, read_layout
from reports.pack import pack_files
for name in SHIPPED:
    layout = read_layout(name)
    if "student" in layout.about:
        order = Order(layout, house.setting, date(2026, 3, 1), date(2026, 3, 6), student_id=house.student)
        files = pack_files(make_report(house.reader, order, lambda *_: True, date(2026, 3, 6)))
house.close()
"""
RUN_TESTS = """
import pytest, sys
assert pytest.main(["-q", "--noconftest", "-p", "no:cacheprovider", "-x", "-k", "{which}", "tests/test_kinds.py", "tests/test_events.py"]) == 0
"""


def test_adding_a_kind_of_entry(copy: Path) -> None:
    assert follow(copy, "Add a kind of entry") == KIND_FILES
    proves(copy, EVERY_PAGE + """
assert "Was with a dog. hushed words" in story and "Animal, 09:00" in story, story
assert "Was with a horse" in story and "Was with a cat" in story and "Taken back" in story
assert "Which animal" in own
assert history["progress"]["kinds"]["pet-visited"] == 2 and history["progress"]["animals"] == {"dog": 1, "horse": 1}
assert next(one for one in history["entries"] if one["id"] == entry["id"])["entry"] == entry
assert frames["marks"]["animal"] == [0, 1] and 'class="animal" data-line="3"' in story
""" + RUN_TESTS.replace("{which}", "(row or field or kind or stream or mark or topic or script or golden or stored) and not tuple"))  # fmt: skip


def test_a_kind_without_its_row_stops_the_program_with_a_sentence(copy: Path) -> None:
    for name, code in recipe("Add a kind of entry")[:2]:
        add(copy / name, code)
    done = run(copy, "")
    assert done.returncode != 0 and "PetVisited has no row in ap_ledger/kinds/rows.py" in done.stderr, done.stderr


def test_a_row_that_says_only_a_label_breaks_no_page_and_is_named_by_a_test(copy: Path) -> None:
    follow(copy, "Add a kind of entry")
    rows = copy / "ap_ledger" / "kinds" / "rows.py"
    text = rows.read_text()
    start = text.index("    Kind(\n        event=PetVisited,")
    write(rows, text[:start] + '    Kind(event=PetVisited, label="Animal"),\n' + text[text.index("    Kind(\n        event=RungReached,") :])
    proves(copy, EVERY_PAGE + """
assert "Animal, 09:00" in story and history["progress"]["kinds"]["pet-visited"] == 2
put_right = next(one for one in history["entries"] if one["id"] == wrong["id"])["entry"]
assert (put_right["pet"], put_right["minutes"]) == ("horse", 25)
from ap_ledger.kinds import KINDS
assert KINDS["pet-visited"].left_out() == ["timeline", "words", "counts", "mark", "form"]
""")  # fmt: skip


def test_adding_a_projection_and_its_question(copy: Path) -> None:
    assert follow(copy, "Add a projection and its question") == [
        "projections/writers/voices.py",
        *["projections/__init__.py"] * 2,
        "projections/queries/voices.py",
        "api/students/answers.py",
        *["api/students/routes.py"] * 2,
    ]
    proves(copy, """
house.record(house.entry("voice-heard", speaker="student", face=4), house.entry("voice-heard", speaker="student", face=2))
with house.browser() as client:
    house.runner.catch_up()
    address = f"/api/v1/students/{house.student}/faces"
    assert client.get(address).json() == {"faces": [4, 2]}
    assert house.browser(house.person("Sorrel", "researcher"), client.app).get(address).status_code == 403
    assert client.get(f"/api/v1/students/{new_id()}/faces").status_code == 404
    told = client.get("/api/v1/position").json()
    assert told["projections"]["voices"] == told["ledger"]
    metrics = house.browser(house.person("Thyme", "administrator"), client.app).get("/metrics")
    assert 'ap_ledger_projection_lag{projection="voices"}' in metrics.text
house.runner.replay("voices")
from projections.queries.voices import faces_of
assert faces_of(house.reader, house.student) == [4, 2]
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
    assert follow(copy, "Add a figure to the student's page") == [*["reports/figures.py"] * 2, *["api/students/pages.py"] * 2]
    proves(copy, """
from api.students.pages import _figures
house.record(house.entry("voice-heard", speaker="student", face=4), house.rung())
figures = _figures(house.reader, house.look_back()["progress"])
assert "faces" in [figure.title.lower() for figure in figures][-1], figures
assert figures[-1].kinds == ("voice-heard",)
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
    assert follow(copy, "Add a route") == ["api/keeping/answers.py", *["api/keeping/health.py"] * 2]
    proves(copy, """
with house.browser() as client:
    assert client.get("/api/v1/hello").json() == {"hello": "you"}
    assert house.browser(house.person("Sorrel", "researcher"), client.app).get("/api/v1/hello").status_code == 403
    assert house.stranger(client.app).get("/api/v1/hello").status_code == 401
house.close()
""")  # fmt: skip


def test_adding_a_page_with_a_form(copy: Path) -> None:
    assert follow(copy, "Add a page with a form") == [
        "api/setting/place_pages.py",
        "api/setting/templates/places.html",
        "api/app.py",
        "api/app.py",
    ]
    proves(copy, """
import re
with house.browser() as client:
    house.runner.catch_up()
    page = client.get("/places").text
    assert '<a href="/places">Places</a>' in page, "the navigation leads to it"
    fields = dict(re.findall('name="(command|form)" value="([^"]+)"', page))
    sent = client.post("/places", data={"setting": str(house.setting), "label": "The quiet room", **fields})
    assert sent.status_code == 200 and "The place is added" in sent.text and "The quiet room" in sent.text, sent.text
    refused = client.post("/places", data={"setting": str(house.setting), "label": " ", **fields})
    assert refused.status_code == 422 and "The quiet room" in refused.text
    staff = house.browser(house.teacher, client.app)
    assert staff.get("/places").status_code == staff.post("/places", data=fields).status_code == 403
    assert "/places" not in staff.get("/me").text
house.close()
""")  # fmt: skip


def test_changing_a_store(copy: Path, tmp_path: Path) -> None:
    older = House(settings_for("sqlite", tmp_path / "older", None)).furnish()
    older.close()
    assert follow(copy, "Change a store") == ["ap_ledger/stores/jobs.py", "ap_ledger/persistence/steps/jobs.py"]
    proves(copy, f"older = settings_for('sqlite', pathlib.Path({str(tmp_path / 'older')!r}), None)" + """
from ap_ledger.cli.checking import faults
from ap_ledger.errors import SetupError
from ap_ledger.stores.upgrading import upgrade
house.close()
try:
    House(older, make=False)
except SetupError as error:
    assert "ap-ledger upgrade" in str(error), error
else:
    raise AssertionError("a store of before must be refused until it is upgraded")
assert upgrade(older) == ["jobs: a run says on which machine it was"]
assert [look for look in faults(older, False) if look.fault and look.what.startswith("the file of")] == []
again = House(older, make=False)
assert again.jobs.claim("sweep", FRIDAY, FRIDAY) and again.rows("SELECT count(*) FROM stored_events")[0][0] > 0
again.close()
""")  # fmt: skip
