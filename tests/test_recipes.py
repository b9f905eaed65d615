"""The recipes of CONTRIBUTING.md, each done once in a copy of the project."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house import House, settings_for
from tests.recipes import ANCHOR, add, copy_project, follow, headings, holds, link_project, named_tests, proves, recipe, run, section, write


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, copied once."""
    made = tmp_path_factory.mktemp("project")
    copy_project(made)
    return made


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """A copy to be changed at will."""
    made = tmp_path / "copy"
    link_project(project, made)
    return made


START = """
import tempfile, pathlib
from tests.house import *
house = House(settings_for("sqlite", pathlib.Path(tempfile.mkdtemp()) / "data", None)).furnish()
"""


def shows(copy: Path, program: str) -> None:
    """Runs a program about a furnished house in the changed copy, which ends well."""
    proves(copy, "-W", "ignore", "-c", START + program)


@pytest.mark.parametrize("heading", headings())
def test_a_recipe_has_a_place_for_every_block_and_ends_with_the_tests_to_run(heading: str) -> None:
    assert section(heading).count("```") == 2 * len(recipe(heading)), "every block says in which file it goes"
    shipped = [code for file, code in recipe(heading) if file.endswith(".py") and not file.startswith("tests/")]
    assert [line for code in shipped for line in code.splitlines() if len(line) > 120 and not ANCHOR.fullmatch(line)] == []
    for name in named_tests(heading):
        assert name in [file for file, _ in recipe(heading)] or Path(__file__).parents[1].joinpath(name).exists(), name


KIND = "Add a kind of entry"
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


def test_adding_a_kind_of_entry(copy: Path) -> None:
    follow(copy, KIND)
    shows(copy, EVERY_PAGE + """
assert "Was with a dog. hushed words" in story and "<strong>Animal</strong>" in story, story
assert "Was with a horse" in story and "Was with a cat" in story and "Taken back" in story
assert "Which animal" in own
assert history["progress"]["kinds"]["pet-visited"] == 2 and history["progress"]["animals"] == {"dog": 1, "horse": 1}
assert next(one for one in history["entries"] if one["id"] == entry["id"])["entry"] == entry
assert frames["marks"]["animal"] == [0, 1] and 'class="animal" data-line="3"' in story
""")  # fmt: skip
    holds(copy, KIND, "not postgres and not canonical")


def test_a_kind_without_its_row_stops_the_program_with_a_sentence(copy: Path) -> None:
    for file, code in recipe(KIND)[:2]:
        add(copy / file, code)
    done = run(copy, "-c", "import ap_ledger.kinds")
    assert done.returncode != 0 and "PetVisited has no row in ap_ledger/kinds/rows.py" in done.stderr, done.stderr


def test_a_row_that_says_only_a_label_breaks_no_page_and_is_named_by_a_test(copy: Path) -> None:
    follow(copy, KIND)
    rows = copy / "ap_ledger" / "kinds" / "rows.py"
    text = rows.read_text()
    start = text.index("    Kind(\n        event=PetVisited,")
    write(rows, text[:start] + '    Kind(event=PetVisited, label="Animal"),\n' + text[text.index("    Kind(\n        event=RungReached,") :])
    shows(copy, EVERY_PAGE + """
assert "<strong>Animal</strong>" in story and history["progress"]["kinds"]["pet-visited"] == 2
put_right = next(one for one in history["entries"] if one["id"] == wrong["id"])["entry"]
assert (put_right["pet"], put_right["minutes"]) == ("horse", 25)
from ap_ledger.kinds import KINDS
assert KINDS["pet-visited"].left_out() == ["timeline", "words", "counts", "mark", "form"]
""")  # fmt: skip


def test_adding_a_command(copy: Path) -> None:
    follow(copy, "Add a command")
    shows(copy, """
from ap_ledger.domain.setting import AddPlace
place = new_id()
house.ledger.execute(AddPlace(id=new_id(), setting_id=house.setting, place_id=place, label="Old hall"))
command = {"command": "close-place", "setting_id": str(house.setting), "place_id": str(place), "closed_on": "2026-03-06"}
with house.browser() as client:
    def give(person, **more):
        return house.browser(person, client.app).post("/api/v1/commands", json={"id": str(new_id()), **command, **more})
    assert give(house.teacher).status_code == 403
    assert give(house.leader, place_id=str(new_id())).json()["code"] == "unknown-place"
    assert give(house.leader).status_code == 200
    assert give(house.leader).json()["code"] == "not-allowed"
house.close()
""")  # fmt: skip
    holds(copy, "Add a command", "(closing or registers or kinds or events or close-place) and not postgres and not canonical")


def test_adding_a_route(copy: Path) -> None:
    follow(copy, "Add a route")
    shows(copy, """
with house.browser() as client:
    assert client.get("/api/v1/hello").json() == {"hello": "you"}
    assert house.browser(house.person("Sorrel", "researcher"), client.app).get("/api/v1/hello").status_code == 403
    assert house.stranger(client.app).get("/api/v1/hello").status_code == 401
house.close()
""")  # fmt: skip
    holds(copy, "Add a route", "covers_every_route or generated")


def test_adding_a_page_with_a_form(copy: Path) -> None:
    follow(copy, "Add a page with a form")
    holds(copy, "Add a page with a form", "(place_pages or covers_every_route or generated or registers) and not postgres")


def test_adding_a_projection_and_its_question(copy: Path) -> None:
    follow(copy, "Add a projection and its question")
    shows(copy, """
from ap_ledger.domain.joining import JoinStudents
from projections.queries.periods import student_period
from projections.queries.voices import faces_of
from reports.columns import COLUMNS

first, wrong = (house.entry("voice-heard", at, speaker="student", face=face) for at, face in ((TUESDAY, 4), (MONDAY, 2)))
house.record(first, wrong, at=TUESDAY)
house.record(house.correct(wrong, face=3), at=THURSDAY)
house.clock.now = FRIDAY
def faces(**asked):
    return [face.face for face in faces_of(house.reader, house.student, **{"as_of": FRIDAY, "known_at": None, **asked})]
with house.browser() as client:
    house.runner.catch_up()
    assert faces(as_of=MONDAY) == [3]
    address = f"/api/v1/students/{house.student}/faces"
    assert client.get(address).json() == {"faces": [3, 4]}
    assert client.get(address, params={"known_at": WEDNESDAY.isoformat()}).json() == {"faces": [2, 4]}
    assert "A face was chosen 1 times, the latest of them 3 of 5." in client.get(f"/students/{house.student}?as_of=2026-03-02").text
    assert house.browser(house.person("Sorrel", "researcher"), client.app).get(address).status_code == 403
    assert client.get(f"/api/v1/students/{new_id()}/faces").status_code == 404
    told = client.get("/api/v1/position").json()
    assert told["projections"]["voices"] == told["ledger"]
    metrics = house.browser(house.person("Thyme", "administrator"), client.app).get("/metrics")
    assert 'ap_ledger_projection_lag{projection="voices"}' in metrics.text
student, setting = house.reader.student_and_setting(house.student)
period = student_period(house.reader, student, setting, date(2026, 3, 3), date(2026, 3, 6), None)
cell = COLUMNS["faces_in_order"].cell(period)
assert cell.text == "4" and cell.trace is not None
joined = {"student": house.other, "kept_student": house.student, "reason_code": "admitted-twice", "author_id": house.leader}
house.record(house.entry("voice-heard", WEDNESDAY, student=house.other, speaker="student", face=5))
house.ledger.execute(JoinStudents(id=new_id(), setting_id=house.setting, **joined))
house.runner.catch_up()
assert faces() == [3, 4, 5]
house.runner.replay("voices")
assert faces() == [3, 4, 5] and faces(known_at=WEDNESDAY) == [2, 4]
house.close()
""")  # fmt: skip
    holds(copy, "Add a projection and its question", "(voices or registers or figures or covers_every_route or generated) and not postgres")


def test_adding_a_figure(copy: Path) -> None:
    follow(copy, "Add a figure to the student's page")
    shows(copy, """
house.record(house.entry("voice-heard", speaker="student", face=4), house.rung())
with house.browser() as client:
    house.runner.catch_up()
    page = client.get(f"/students/{house.student}").text
    assert "A face was chosen 1 times." in page and "kind=voice-heard" in page
    assert "A face was chosen" not in client.get(f"/students/{house.other}").text
house.close()
""")  # fmt: skip
    holds(copy, "Add a figure to the student's page", "not postgres")


REPORT = """
from reports.compose import Order, make_report
from reports.layouts import SHIPPED, read_layout
from reports.pack import pack_files
house.record(house.entry("visit-logged", effort="attempted", channel="text"), house.rung())
house.runner.catch_up()
order = Order(read_layout(SHIPPED[-1]), house.setting, date(2026, 3, 1), date(2026, 3, 6), student_id=house.student)
files = pack_files(make_report(house.reader, order, lambda *_: True, date(2026, 3, 6)))
assert files["report.pdf"].startswith(b"%PDF")
house.close()
"""


def test_adding_a_column_and_a_layout(copy: Path) -> None:
    follow(copy, "Add a column, and a report that uses it")
    shows(copy, REPORT + """
heading, row = (line.split(",") for line in files["data/texts.csv"].decode("utf-8-sig").splitlines())
told = dict(zip(heading, row, strict=True))
assert (told["student"], told["texts"], told["contacts_made"]) == ("Ash H", "1", "1"), told
""")  # fmt: skip
    holds(copy, "Add a column, and a report that uses it", "not example", ["tests/test_registers.py"])


def test_adding_a_block(copy: Path) -> None:
    follow(copy, "Add a block that layouts may name")
    shows(copy, REPORT + """
page = files["report.html"].decode()
assert "By what we reached out" in page and "Text: 1" in page, page
""")  # fmt: skip
    holds(copy, "Add a block that layouts may name", "registers", ["tests/test_registers.py"])


def test_adding_a_framework_touches_one_data_file(copy: Path) -> None:
    assert follow(copy, "Add a framework") == ["frameworks/definitions/kind-eyes.yaml"]
    shows(copy, """
entry = house.entry("outcome-scored", framework={"id": "kind-eyes", "version": 1}, indicator="looked-up", level=1, informant="mentor")
assert house.one(entry).status == "recorded"
house.close()
""")  # fmt: skip


OLD_EVENT = """
from ap_ledger.events.stored import read_event, upcast
from ap_ledger.events import event_class
from ap_ledger.events.base import Stamp
cls = event_class("voice-heard")
old = {"device_time": "2026-03-02T09:00:00Z", "speaker": "student", "face": 4}
event = read_event(cls, new_id(), 1, Stamp(MONDAY), upcast(cls, dict(old), 1))
"""


def test_adding_a_field_to_an_event(copy: Path) -> None:
    follow(copy, "Add a field to an event")
    shows(copy, OLD_EVENT + """
assert event.room is None
without, within = (house.entry("voice-heard", speaker="student", face=4, **more) for more in ({}, {"room": "library"}))
assert [result.status for result in house.record(without, within)] == ["recorded"] * 2
told = {entry["id"]: entry["entry"] for entry in house.look_back()["entries"]}
assert told[within["id"]]["room"] == "library" and "room" not in told[without["id"]]
house.close()
""")  # fmt: skip
    holds(copy, "Add a field to an event", "(kinds or events) and not postgres and not canonical")


def test_bringing_an_old_event_up_to_date(copy: Path) -> None:
    follow(copy, "Change an event that was already written")
    shows(copy, OLD_EVENT + """
assert event.heard_at == "not-asked"
assert house.one(house.entry("voice-heard", speaker="student", face=4, heard_at="home")).status == "recorded"
assert house.one(house.entry("voice-heard", speaker="student", face=4)).status == "recorded"
assert {row[0] for row in house.rows("SELECT class_version FROM stored_events WHERE topic = 'voice-heard'")} == {2}
house.close()
""")  # fmt: skip
    holds(copy, "Change an event that was already written", "(kinds or events) and not postgres and not canonical")


def test_adding_a_notice(copy: Path) -> None:
    follow(copy, "Add a notice")
    shows(copy, """
from ap_ledger.domain.erasure import SetHold
from ap_ledger.notices.raising import raise_new
lead = house.person("Rowan", "dsl")
house.ledger.execute(SetHold(id=new_id(), setting_id=house.setting, student=house.student, hold_id=new_id(), reason_code="court", author_id=house.leader))
with house.browser(lead) as client:
    house.runner.catch_up()
    assert raise_new(house.service) == 1
    page = client.get("/notices").text
    assert "A legal hold was set" in page and 'href="/retention"' in page
    assert client.get("/retention").status_code == 200 and client.get("/notices/count").json() == {"count": 0}
house.close()
""")  # fmt: skip
    holds(copy, "Add a notice", "(hold or leads or row) and not postgres")


def test_changing_a_store(copy: Path, tmp_path: Path) -> None:
    older = House(settings_for("sqlite", tmp_path / "older", None)).furnish()
    older.close()
    shutil.copytree(tmp_path / "older", tmp_path / "upgraded")
    follow(copy, "Change a store")
    shows(copy, f"older = settings_for('sqlite', pathlib.Path({str(tmp_path / 'upgraded')!r}), None)" + f"; leader = UUID({str(older.leader)!r})" + """
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
assert upgrade(older) == ["accounts: a session says in which browser it began"]
assert [look for look in faults(older, False) if look.fault and look.what.startswith("the file of")] == []
again = House(older, make=False)
secret = again.accounts.begin(leader, "full")
assert again.accounts.session(secret).person_id == leader
again.close()
""")  # fmt: skip
    holds(copy, "Change a store", "shape_of_a_new_one and sqlite", ["tests/test_upgrade.py"])
