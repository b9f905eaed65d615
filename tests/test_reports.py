"""Reports: every figure recomputed from the raw ledger, made by layouts that are data, in formats that say the same."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pikepdf
import plotly.graph_objects as go
import pytest
from typer.testing import CliRunner

from ap_ledger.cli import demo
from ap_ledger.cli.main import app as program
from ap_ledger.domain.placement import ChangePlacement
from ap_ledger.errors import LedgerError, SetupError
from ap_ledger.recording.ledger import new_id
from ap_ledger.settings import Settings
from projections import PROJECTIONS
from projections.queries.entries import changed_since
from projections.queries.frames import frames
from projections.queries.history import days_at, history, statuses_of
from projections.queries.periods import end_of, student_period
from projections.queries.reading import Reader
from projections.runner import Runner
from projections.views import Views
from reports.columns import COLUMNS
from reports.compose import Order, make_report
from reports.disclosure import PRESETS, NotDisclosable, Report
from reports.figure_as_svg import TRACES, Unprintable, figure_as_svg
from reports.figures import DRAWN
from reports.layouts import SHIPPED, layout_from, read_layout
from reports.pack import figures_hash, pack, pack_files
from reports.pdf import as_pdf
from tests.examples import Examples
from tests.house import settings_for
from tests.slow_path import Audit

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "their-own-columns.yaml"
LAST = date(2026, 3, 27)
FORBIDDEN = re.compile(r"\b(caused|causes|proves|proven|because of us|thanks to|led to|resulted in|guarantee)\b", re.IGNORECASE)


class Example:
    """The example setting, read."""

    def __init__(self, settings: Settings, story: Any) -> None:
        from ap_ledger.bootstrap import open_ledger

        self.settings, self.story = settings, story
        self.ledger = open_ledger(settings)
        self.views = Views(settings.sqlalchemy_url("views"))
        self.reader = Reader(self.ledger, self.views)
        self.runner = Runner(self.ledger.recorder, self.views, PROJECTIONS)
        setting = self.reader.one("settings", str(story.setting))
        assert setting is not None
        self.setting = setting
        self.first, self.last = story.first_day + timedelta(weeks=3), story.last_day

    def order(self, layout: str = "commissioner-pack", **more: Any) -> Order:
        given = {"first": self.first, "last": self.last, **more}
        return Order(read_layout(layout), self.story.setting, **given)

    def report(self, layout: str = "commissioner-pack", **more: Any) -> Report:
        return make_report(self.reader, self.order(layout, **more), lambda *_: True, self.last)

    def commissioners(self, layout: str = "commissioner-pack", **more: Any) -> Report:
        return self.report(layout, commissioner_id=self.story.commissioners[0], **more)

    def rows(self) -> list[Any]:
        return self.ledger.recorder._query(
            "SELECT position, originator_id, topic, student_id, occurred_at, recorded_at, state FROM stored_events ORDER BY position"
        )

    def close(self) -> None:
        self.ledger.close()
        self.views.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Iterator[Example]:
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    settings = settings_for(request.param, tmp_path_factory.mktemp("reports") / "data", postgres)
    if postgres:
        story = demo.make_example(settings, 12, 6, 3, LAST, lambda *_: None)
    else:
        story = examples(settings.data, 12, 6, 3, LAST)
    made = Example(settings, story)
    yield made
    made.close()


def tables(report: Report) -> dict[str, list[dict[str, str]]]:
    """The CSV files of a pack, each as its rows."""
    files = {name: content for name, content in pack_files(report).items() if name.startswith("data/")}
    return {name[5:-4]: list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")))) for name, content in files.items()}


def said(report: Report) -> str:
    """Everything that a report says, as one text."""
    return json.dumps(json.loads(pack_files(report)["report.json"]), ensure_ascii=False)


# Every figure again ---------------------------------------------------------------------------------------------------


def same(shown: str, found: Any) -> bool:
    if isinstance(found, float):
        return shown not in ("", "z") and abs(float(shown) - found) <= 0.00006
    return shown.lstrip("'") == str(found)


@pytest.mark.parametrize("weeks_ago", [None, 1, 2])
def test_every_figure_of_a_pack_is_recomputed_from_the_raw_ledger_at_three_times_of_knowing(example: Example, weeks_ago: int | None) -> None:
    known_at = None if weeks_ago is None else end_of(example.last - timedelta(weeks=weeks_ago), example.setting)
    rows = example.rows()
    sealed = example.ledger.read([row[0] for row in rows if row[2] == "instrument-answered"])
    audit = Audit(rows, known_at, {event.stamp.position: event.answers for event in sealed})  # type: ignore[misc, attr-defined]
    made = tables(example.commissioners(known_at=known_at))
    names = {student["name"]: student["id"] for student in example.reader.everyone(example.setting)}
    figures = {name: audit.figures(key, example.first, example.last) for name, key in names.items()}
    compared, unknown = 0, set()
    never = {"student", "reference", "upn", "reviews_held", "reviews_due", "weeks_before_percent", "qualifications"}
    for table in ("placement", "attendance", "attendance-weeks", "ladder", "outcomes", "behaviour", "curriculum", "voice"):
        assert len(made[table]) == 4
        for row in made[table]:
            for column, shown in row.items():
                if column in never or (shown == "" and column.endswith(("_low", "_high"))):
                    continue
                if column not in figures[row["student"]]:
                    unknown.add(column)
                    continue
                assert same(shown, figures[row["student"]][column]), (row["student"], column, shown, figures[row["student"]][column])
                compared += 1
    assert compared > 150 and not unknown
    # And the sums over all of them.
    mine = [figures[row["student"]] for row in made["placement"]]
    compare_groups(made, mine)
    sums = {row["what"]: row["all"] for name in ("attendance-all", "contact-all", "behaviour-all", "curriculum-all", "voice-all") for row in made[name]}
    wanted = {
        "Students": 4, "Sessions offered": total(mine, "sess_possible"), "Attended": total(mine, "sess_attended"), "Absent": total(mine, "sess_overall"),
        "Said differently": total(mine, "sess_in_dispute"),
        "Missed 10 % or more": total(mine, "enrolments_pa_10_exact"), "Missed 50 % or more": total(mine, "enrolments_pa_50_exact"),
        "Cancelled by us": total(mine, "sess_cancelled_by_us"), "Hours attended": sum(round(one["_minutes"] / 60) for one in mine),
        "Visits tried": total(mine, "contacts_attempted"), "Contacts made": total(mine, "contacts_made"), "Incidents": total(mine, "incidents"),
        "Restrictive": total(mine, "restrictive"), "Begun": total(mine, "units_started"), "Secure": total(mine, "units_secure"), "Kept": total(mine, "units_kept"),
        "Newly secure": total(mine, "units_secured"), "Times anybody was heard": total(mine, "voices"),
    }  # fmt: skip
    faces = [sum(one["_faces"][n] for one in mine) for n in range(5)]
    words = ("very low", "low", "okay", "good", "great")
    wanted |= {"Faces chosen by students": sum(faces)} | {f"of these {word}": faces[n] for n, word in enumerate(words)}
    assert {name: float(sums[name]) for name in wanted} == {name: float(value) for name, value in wanted.items()}


def compare_groups(made: dict[str, list[dict[str, str]]], mine: list[dict[str, Any]]) -> None:
    """The tables over all students: where they stood, how they moved, themes, who scored."""
    assert [(row["on site"], row["away from the site"], row["not enough contacts yet"]) for row in made["site-all"]] == [
        tuple(str(sum(one[name] == where for one in mine)) for where in ("on", "off", "unknown")) for name in ("_start_at", "_now_at")
    ]
    for row, name in zip(made["middle-all"], ("_start_rung", "_kept_rung"), strict=True):
        places = sorted(one["_order"].index(one[name]) for one in mine if one.get(name))
        assert row["middle"] == mine[0]["_labels"][mine[0]["_order"][places[(len(places) - 1) // 2]]]
    (moved,) = made["moved-all"]
    names = ("further", "the same", "less far", "not enough contacts yet")
    assert {name: int(moved[name]) for name in names} == {name: sum(one["_moved"] == name for one in mine) for name in names}
    themes = {row["theme"]: row for row in made["outcomes-every-child-matters"]}
    found: dict[tuple[str, str], list[int]] = {}
    for one in mine:
        for key, (hits, of) in one["_themes"].items():
            cell = found.setdefault(key, [0, 0])
            cell[0], cell[1] = cell[0] + hits, cell[1] + of
    for theme in {theme for theme, _ in found}:
        both = [sum(cell[n] for (at, _), cell in found.items() if at == theme) for n in (0, 1)]
        row = themes.pop(theme)
        assert [int(row["seen"]), int(row["of"])] == both and abs(float(row["share"]) - 100 * both[0] / both[1]) < 0.051
        for kind in ("lesson", "break", "lunch"):
            hits, of = found.get((theme, kind), [0, 0])
            assert row[kind] == "z" if not of else abs(float(row[kind]) - 100 * hits / of) < 0.051
    assert not themes
    informants = {name for one in mine for name in one["_informants"]}
    assert {row["who"]: int(row["scores"]) for row in made["who-scored"]} == {who: sum(one["_informants"].get(who, 0) for one in mine) for who in informants}


def total(figures: list[dict[str, Any]], name: str) -> int:
    return sum(int(one[name]) for one in figures if one[name] != "z")


def test_an_altered_row_is_noticed_by_the_slow_path(example: Example) -> None:
    rows = [list(row) for row in example.rows()]
    place = next(n for n, row in enumerate(rows) if row[2] == "session-attended" and json.loads(row[6]).get("actual_start") and row[4] > 0)
    state = json.loads(rows[place][6])
    del state["actual_start"], state["actual_end"]
    student = Audit([tuple(row) for row in rows], None).entries  # type: ignore[misc]
    assert student
    rows[place][6] = json.dumps(state)
    whose = str(rows[place][3] if isinstance(rows[place][3], UUID) else UUID(bytes=bytes(rows[place][3])))
    first, last = example.story.first_day, example.last
    before = Audit(example.rows(), None).figures(whose, first, last)["sess_attended"]
    after = Audit([tuple(row) for row in rows], None).figures(whose, first, last)["sess_attended"]  # type: ignore[misc]
    assert before == after + 1


def test_a_placement_is_told_as_it_was_known(example: Example) -> None:
    child = example.story.children[2].id
    student, setting = example.reader.student_and_setting(child)
    placement = next(one for one in example.reader.whole("placements", setting) if one["student_id"] == str(child))
    before = example.ledger.clock()
    change = ChangePlacement(id=new_id(), setting_id=example.story.setting, student=child, author_id=example.story.others["leader"], placement_id=UUID(placement["id"]), planned_end=date(2026, 6, 1), purpose="tuition")  # fmt: skip
    example.ledger.execute(change)
    example.runner.catch_up()
    told = [COLUMNS["purpose"].cell(student_period(example.reader, student, setting, example.first, example.last, known)).text for known in (before, None)]
    assert told == ["reintegration", "tuition"]


# Frames and what changed ----------------------------------------------------------------------------------------------


def test_every_frame_says_what_the_one_fold_says_at_the_end_of_that_day(example: Example) -> None:
    for child in (example.story.children[0], example.story.children[8]):
        days, _, _ = days_at(example.reader, child.id, example.setting, end_of(example.last, example.setting), None)
        made = frames(example.reader, example.setting, days, statuses_of(example.reader, days), example.reader.newest("outcomes", example.last))
        json.dumps(made)
        for n in range(0, len(made["days"]), 3):
            progress = history(example.reader, child.id, end_of(date.fromisoformat(made["days"][n]), example.setting), None, limit=1)["progress"]
            for key, climbed in progress["ladders"].items():
                frame = made["ladders"][key]
                assert sum(frame["contacts"][: n + 1]) == climbed["contacts"]
                for name in ("baseline", "latest", "sustained", "highest_sustained"):
                    assert (None if frame[name][n] is None else frame["rungs"][frame[name][n]]) == climbed[name]
                assert sum(day <= n for day in frame["path"]["day"]) == climbed["contacts"]
            for name, times in progress["sessions"].items():
                assert sum(made["counts"][f"sessions.{name}"][: n + 1]) == times
            assert sum(made["units"]["started"][: n + 1]) == len(progress["units"]) if progress["units"] else True
            shown = sum(sum(cell["of"][: n + 1]) for kinds in made["themes"].get("every-child-matters@1", {}).values() for cell in kinds.values())
            levels = progress["outcomes"].get("every-child-matters@1", {"indicators": {}})["indicators"].values()
            assert shown == sum(times for found in levels for level, times in found.items() if level in ("0", "1"))


def test_what_changed_since_is_exactly_the_difference_between_two_times_of_knowing(example: Example) -> None:
    child, as_of = example.story.children[0].id, end_of(example.last, example.setting)
    known = end_of(example.last - timedelta(weeks=2), example.setting)
    then = {one["id"]: one for one in history(example.reader, child, as_of, known)["entries"]}
    now = {one["id"]: one for one in history(example.reader, child, as_of, None)["entries"]}
    found = {one["id"]: one["since"] for one in changed_since(example.reader, child, as_of, example.ledger.position_at(known))}
    came = set(now) - set(then)
    changed = {key for key in then if now[key]["status"] != then[key]["status"] or now[key]["entry"] != then[key]["entry"]}
    assert found.keys() == came | changed and came and changed
    assert all((found[key] == "came") == (key in came) for key in found)
    assert all(found[key] == ("taken-back" if now[key]["status"] == "voided" else "put-right") for key in changed)


# Layouts and formats --------------------------------------------------------------------------------------------------


def everyone(example: Example) -> dict[str, dict[str, Any]]:
    child = {"student_id": example.story.children[2].id}
    return {"family": child, "review-pack": child, "commissioner-pack": {"commissioner_id": example.story.commissioners[0]}, "gaps": {}}


@pytest.mark.parametrize("layout", SHIPPED)
def test_every_layout_prints_as_an_accessible_pdf(example: Example, layout: str) -> None:
    report = example.report(layout, **everyone(example)[layout])
    with pikepdf.open(io.BytesIO(as_pdf(report))) as pdf:
        assert pdf.Root.MarkInfo.Marked and str(pdf.Root.Lang).startswith("en") and pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as about:
            assert about["{http://www.aiim.org/pdfua/ns/id/}part"] == "1" and about["dc:title"] == report.title
        tags: dict[str, list[Any]] = {}
        walk(pdf.Root.StructTreeRoot.K, tags)
        figures = [block for block in report.blocks if block.kind == "figure"]
        assert len(tags.get("/Figure", [])) >= len(figures) and all(str(tag.get("/Alt", "")).strip() for tag in tags.get("/Figure", []))
        assert all(scoped(tag) for tag in tags.get("/TH", []))
        assert unmarked(pdf) == 0
        if layout == "family":
            assert len(pdf.pages) == 2 and all([round(float(side)) for side in page.MediaBox] == [0, 0, 595, 842] for page in pdf.pages)


def walk(node: Any, tags: dict[str, list[Any]]) -> None:
    if isinstance(node, pikepdf.Array):
        for one in node:
            walk(one, tags)
    elif isinstance(node, pikepdf.Dictionary):
        if "/S" in node:
            tags.setdefault(str(node.S), []).append(node)
        if "/K" in node:
            walk(node.K, tags)


def scoped(tag: Any) -> bool:
    said_of = tag.get("/A")
    attributes = said_of if isinstance(said_of, pikepdf.Array) else [said_of]
    return any(isinstance(one, pikepdf.Dictionary) and "/Scope" in one for one in attributes)


def unmarked(pdf: Any) -> int:
    """Painting outside of marked content, which somebody who listens would never hear of."""
    found = 0
    for page in pdf.pages:
        depth = 0
        for instruction in pikepdf.parse_content_stream(page):
            name = str(instruction.operator)
            depth += (name in ("BDC", "BMC")) - (name == "EMC")
            found += depth == 0 and name in ("Tj", "TJ", "f", "F", "f*", "S", "s", "B", "b", "sh", "Do")
    return found


@pytest.mark.parametrize("layout", SHIPPED)
def test_no_report_claims_a_cause_and_none_names_another_child(example: Example, layout: str) -> None:
    whose = everyone(example)[layout]
    report = example.report(layout, **whose)
    text = said(report).replace("not proof of its cause", "")
    assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
    mine = {student["id"] for student in example.reader.everyone(example.setting)} if layout == "gaps" else set()
    for n, child in enumerate(example.story.children):
        allowed = child.id == whose.get("student_id") or (layout == "commissioner-pack" and n % 3 == 2) or str(child.id) in mine
        given, _, family = child.name.partition(" ")
        assert (f"{given} {family[0]}" in text) == allowed, child.name
        assert child.name not in text, "the family name is nowhere but its initial"


def test_the_family_page_speaks_of_strengths_and_never_of_totals_missed(example: Example) -> None:
    text = said(example.report("family", student_id=example.story.children[0].id)).lower()
    assert "what went well" in text and text.index("what went well") < text.index("my ladder")
    assert not re.search(r"\b(absen|missed|unauthorised|incident|restrict|refus|fail)", text.replace("angry or refusing contact", ""))


def test_the_formats_of_a_pack_say_the_same_and_the_manifest_names_their_hashes(example: Example) -> None:
    report = example.commissioners()
    with zipfile.ZipFile(io.BytesIO(pack(report))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != "manifest.json"} == manifest["sha256"]
        assert {"report.pdf", "report.html", "report.json", "method.txt", "data/attendance.csv"} <= set(archive.namelist())
        assert "manifest.json" not in manifest["sha256"] and manifest["made_from"]["preset"] == "internal"
        head = archive.read("data/attendance.csv").decode("utf-8-sig").splitlines()[0].split(",")
        assert {
            "sess_possible",
            "sess_overall",
            "sess_authorised",
            "sess_unauthorised",
            "sess_overall_percent",
            "enrolments_pa_10_exact",
            "enrolments_pa_50_exact",
        } <= set(head)
        page, data = archive.read("report.html").decode(), json.loads(archive.read("report.json"))
    for block in data["blocks"]:
        if block["kind"] == "table" and block["name"] == "attendance":
            for row in block["rows"]:
                assert all(
                    str(cell["value"] if isinstance(cell, dict) else cell).removesuffix(".0") in page
                    for cell in row
                    if isinstance(cell, dict) and not isinstance(cell["value"], (bool, float))
                )
    assert "<script" not in page and "http://" not in page.replace("http://www.w3.org", "") and pack(report) == pack(example.commissioners())


def test_what_is_not_recorded_yet_stands_as_x_and_is_explained(example: Example) -> None:
    made = tables(example.commissioners())
    for name in ("measures", "targets", "reintegration", "safeguarding", "value"):
        assert [set(row.values()) for row in made[name]] == [{"x"}]
    assert "x not recorded yet" in said(example.commissioners())


def test_every_number_about_a_student_leads_to_its_entries(example: Example) -> None:
    data = json.loads(pack_files(example.commissioners())["report.json"])
    table = next(block for block in data["blocks"] if block.get("name") == "ladder")
    for row in table["rows"]:
        linked = [cell for cell in row if isinstance(cell, dict)]
        assert len(linked) >= 6 and all(re.match(r"/students/[0-9a-f-]{36}/entries\?kind=", cell["entries"]) for cell in linked)


def test_a_commissioners_own_layout_is_one_file_with_its_own_order_of_columns(example: Example) -> None:
    report = make_report(
        example.reader, replace(example.order(commissioner_id=example.story.commissioners[0]), layout=read_layout(str(EXAMPLE))), lambda *_: False, example.last
    )
    (table,) = [block for block in report.blocks if block.kind == "table" and getattr(block, "name", "") == "return"]
    assert [column.label for column in table.columns][:4] == ["Pupil ref", "Date placed", "Possible", "Total absence"]  # type: ignore[attr-defined]
    assert list(tables(report)["return"][0])[:4] == ["reference", "start", "sess_possible", "sess_overall"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"blocks": [{"tabel": {}}]}, "names a block tabel"),
        ({"blocks": [{"text": {"say": "Hello {student"}}]}, "In braces"),
        ({"blocks": [{"text": {"say": "{student.__class__}"}}]}, "In braces"),
        ({"blocks": [{"text": {"shout": "Hello"}}]}, "shout"),
        ({"blocks": [{"table": {"name": "t", "caption": "c", "columns": ["shoe_size"]}}]}, "no column shoe_size"),
        ({"blocks": [{"figure": {"show": "pie"}}]}, "no figure pie"),
        ({"blocks": [{"text": "Hello"}]}, "names and values"),
        ({"audience": "everyone"}, "audience"),
        ({"about": ["setting"]}, "not for a student"),
    ],
)
def test_a_wrong_layout_is_answered_with_a_sentence(example: Example, change: dict[str, Any], says: str) -> None:
    base = {"id": "mine", "title": "T", "summary": "S", "audience": "leader", "about": ["student"], "blocks": [{"page": None}]}
    with pytest.raises(SetupError, match=re.escape(says)):
        order = replace(example.order(student_id=example.story.children[0].id), layout=layout_from(base | change))
        make_report(example.reader, order, lambda *_: True, example.last)


def test_a_report_about_one_student_never_leaves_under_a_publishing_preset(example: Example) -> None:
    with pytest.raises(NotDisclosable, match="one student"):
        example.report("family", student_id=example.story.children[0].id, preset="publish-5")
    with pytest.raises(LedgerError, match="no preset"):
        example.commissioners(preset="publish-3")
    assert example.report().preset.name == "publish-10" and example.commissioners().preset.name == "internal"
    assert all(name in example.report(preset=name).foot for name in PRESETS)


def test_the_same_report_has_the_same_hash_and_another_known_at_has_another(example: Example) -> None:
    earlier = end_of(example.last - timedelta(weeks=1), example.setting)
    hashes = [figures_hash(example.commissioners(known_at=known)) for known in (earlier, earlier, None)]
    assert hashes[0] == hashes[1] != hashes[2]


# Print ----------------------------------------------------------------------------------------------------------------


def test_print_draws_every_trace_that_figures_may_use_and_raises_for_the_rest() -> None:
    assert set(TRACES) == DRAWN
    for wrong in (
        go.Figure(go.Pie(values=[1, 2])),
        go.Figure(go.Scatter(x=[1], y=[1], fill="tozeroy")),
        go.Figure(go.Scatter(x=[1], y=[1], marker={"opacity": 0.5})),
        go.Figure(go.Scatter(x=[1], y=[1], line={"smoothing": 1.1})),
        go.Figure(go.Bar(x=[1], y=[1])).update_layout(polar={"radialaxis": {"visible": True}}),
        go.Figure(go.Scatter(x=[1], y=[1])).update_xaxes(rangeslider={"visible": True}),
        go.Figure().add_annotation(x=1, y=1, text="x", showarrow=True),
    ):
        with pytest.raises(Unprintable):
            figure_as_svg(wrong)


def test_words_that_the_print_font_lacks_are_said_and_nothing_in_them_is_a_command(example: Example) -> None:
    layout = layout_from({"id": "mine", "title": "T", "summary": "S", "audience": "leader", "about": ["student"], "blocks": [
        {"banner": {"title": "Hi \U0001f600 #read(\"/etc/passwd\")"}}, {"text": {"say": "#panic() $x$ \\ *b* \u0000 \u4f60 ŵ \u200d"}}
    ]})  # fmt: skip
    report = make_report(example.reader, replace(example.order(student_id=example.story.children[0].id), layout=layout), lambda *_: True, example.last)
    assert as_pdf(report).startswith(b"%PDF")
    assert "<b>" not in pack_files(report)["report.html"].decode()


# The program ----------------------------------------------------------------------------------------------------------


def test_the_program_makes_a_pack_whose_file_names_name_nobody(example: Example, tmp_path: Path) -> None:
    run, period = CliRunner(), ["--from", str(example.first), "--to", str(example.last), "--data", str(example.settings.data)]
    period += ["--database-url", example.settings.postgres] if example.settings.postgres else []
    commissioner = str(example.story.commissioners[0])
    done = run.invoke(
        program,
        [
            "report",
            "commissioner-pack",
            "--commissioner",
            commissioner,
            *period,
            "--known-at",
            str(example.last - timedelta(days=7)),
            "--out",
            str(tmp_path / "a"),
        ],
    )
    assert done.exit_code == 0 and sorted(path.suffix for path in (tmp_path / "a").iterdir()) == [".html", ".pdf", ".zip"], done.output
    done = run.invoke(program, ["report", "family", "--setting", "--each", "--format", "pdf", *period, "--out", str(tmp_path / "b")])
    assert done.exit_code == 0 and len(list((tmp_path / "b").iterdir())) == 12
    names = " ".join(path.name for path in tmp_path.rglob("*"))
    assert not any(part in names for child in example.story.children for part in child.name.split())
    for wrong, says in (
        (["report", "commissioner-pack", *period, "--out", "x"], "exactly one of"),
        (["report", "family", "--setting", *period, "--out", str(tmp_path / "c")], "made for student"),
        (["report", "nosuch.yaml", "--setting", *period, "--out", str(tmp_path / "c")], "no layout nosuch.yaml"),
        (["report", "commissioner-pack", "--commissioner", str(new_id()), *period, "--out", str(tmp_path / "c")], "no commissioner"),
    ):
        answer = run.invoke(program, wrong)
        assert answer.exit_code == 2 and says in " ".join(answer.output.split()), answer.output
