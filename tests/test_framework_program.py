"""`ap-ledger framework`, as somebody with a spreadsheet and no ledger runs it, and as somebody with one does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from ap_ledger.cli.main import app
from frameworks import definition_hash, load_definition, read_yaml, shipped_definitions
from frameworks.language.schema import definition_schema

SHIPPED = Path(__file__).parents[1] / "frameworks" / "definitions"
INSTRUMENTS = Path(__file__).parent / "instruments"


def run(*words: Any) -> Any:
    return CliRunner().invoke(app, ["framework", *map(str, words)], env={"COLUMNS": "200"})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    assert CliRunner().invoke(app, ["init", "--data", str(folder), "--setting", "Riverbank"]).exit_code == 0
    return folder


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_definition_passes_lint_with_its_examples(path: Path) -> None:
    said = run("lint", path)
    assert said.exit_code == 0 and said.output.startswith("good") and "advice" not in said.output
    examples = len(read_yaml(path.read_text("utf-8")).get("examples", []))
    assert (f"{examples} worked examples hold" in said.output) == (examples > 0)


def test_lint_names_every_fault_and_needs_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        (SHIPPED / "carer-confidence.yaml")
        .read_text("utf-8")
        .replace("[mornings, hard-moments,", "[mornings, moon,")
        .replace("title: How", "colour: red\ntitle: How")
    )
    said = run("lint", path)
    assert said.exit_code == 1 and "colour: there is no such field" in said.output
    path.write_text(path.read_text("utf-8").replace("colour: red\n", ""))
    assert "'moon', which is neither an item nor a score" in run("lint", path).output
    assert run("lint", tmp_path / "nothing.yaml").exit_code == 1


def test_the_schema_that_editors_use_accepts_what_ships_and_finds_a_slip() -> None:
    schema = json.loads(run("schema").output)
    assert schema == definition_schema() == json.loads((SHIPPED.parent / "definition.schema.json").read_text("utf-8"))
    checker = Draft202012Validator(schema)
    for path in (*SHIPPED.glob("*.yaml"), *INSTRUMENTS.glob("*.yaml")):
        checker.validate(read_yaml(path.read_text("utf-8")))
    assert not checker.is_valid({**next(shipped_definitions()), "colour": "red"})
    described = [part for part in (schema, *schema["$defs"].values()) if part.get("type") == "object"]
    assert all(part.get("description") for part in described), "an editor shows what every part means"


@pytest.mark.parametrize("kind", ["outcomes", "curriculum", "ladder", "instrument"])
def test_from_a_template_to_a_published_framework(tmp_path: Path, data: Path, kind: str) -> None:
    sheet, made = tmp_path / "mine.csv", tmp_path / "mine.yaml"
    assert run("template", "--kind", kind, "--out", sheet).exit_code == 0
    assert run("template", "--kind", kind).stdout_bytes == sheet.read_bytes()
    assert "0 rows left out" in run("import", sheet, "--out", made).output
    assert run("lint", made).exit_code == 0
    published = run("publish", made, "--data", data)
    definition = load_definition(read_yaml(made.read_text("utf-8")))
    assert published.exit_code == 0 and f"Published {definition.key}, content hash {definition_hash(read_yaml(made.read_text('utf-8')))}" in published.output
    assert "published already" in run("publish", made, "--data", data).output
    out = tmp_path / "out.yaml"
    assert run("export", definition.id, "--data", data, "--out", out).exit_code == 0 and out.read_bytes() == made.read_bytes()
    assert json.loads(run("export", definition.key, "--data", data, "--format", "case").stdout)["CFDocument"]["caseVersion"] == "1.1"


def test_importing_twice_gives_the_same_bytes_and_never_writes_over_work_of_somebody(tmp_path: Path) -> None:
    sheet, one, two = tmp_path / "s.csv", tmp_path / "1.yaml", tmp_path / "2.yaml"
    sheet.write_text("theme,indicator,scale\nA,One,\nA,Two,sceen\n")
    for out in (one, two, one):
        said = run("import", sheet, "--out", out)
        assert said.exit_code == 0 and "row 3" in said.output and "1 row left out" in said.output
    assert one.read_bytes() == two.read_bytes()
    one.write_text(one.read_text() + "# edited\n")
    assert run("import", sheet, "--out", one).exit_code == 2 and one.read_text().endswith("# edited\n")
    assert run("import", sheet, "--out", one, "--force").exit_code == 0 and one.read_bytes() == two.read_bytes()
    assert run("import", sheet, "--out", tmp_path / "no" / "x.yaml").exit_code == 2
    named = run("import", sheet, "--out", tmp_path / "3.yaml", "--id", "mine", "--version", "4")
    assert "mine@4" in named.output and run("import", sheet, "--out", tmp_path / "4.yaml", "--id", "Not An Id").exit_code == 1


def test_import_exits_non_zero_only_where_nothing_usable_was_there(tmp_path: Path) -> None:
    sheet, out = tmp_path / "s.csv", tmp_path / "x.yaml"
    sheet.write_text("theme,indicator,scale\nA,Two,sceen\n")
    assert run("import", sheet, "--out", out).exit_code == 1 and not out.exists()
    sheet.write_text("section,question\nA,Who?\n")
    said = run("import", sheet, "--out", out)
    assert said.exit_code == 0 and "there is no scale" in said.output and "Before it can be published" in said.output
    sheet.write_text("nonsense")
    assert run("import", sheet, "--out", out, "--force").exit_code == 1


def test_answers_are_scored_without_a_ledger(tmp_path: Path) -> None:
    answers = tmp_path / "a.yaml"
    answers.write_text("informant: teacher\nage: 6\nanswers: {g1: 3, g2: 0, g3: 4, d1: ~, d2: ~}\n")
    said = run("score", INSTRUMENTS / "made-up-boxes.yaml", answers).output
    assert "Growing: 7 (As expected)" in said and "Getting stuck: no score: too few questions were answered" in said
    sheet = tmp_path / "a.csv"
    sheet.write_text("item,answer\nright-now,wind\n")
    assert "My weather right now: Windy" in run("score", INSTRUMENTS / "made-up-zones.yaml", sheet).output
    sheet.write_text("right-now,snow\nmoon,1\n")
    wrong = run("score", INSTRUMENTS / "made-up-zones.yaml", sheet)
    assert wrong.exit_code == 2 and "no item 'moon'" in wrong.output and "not on its scale" in wrong.output


def test_the_same_version_with_other_content_is_refused_with_both_hashes_and_diff_says_why(tmp_path: Path, data: Path) -> None:
    changed = tmp_path / "rag.yaml"
    changed.write_text((SHIPPED / "rag.yaml").read_text("utf-8").replace("label: On track", "label: Fine"))
    refused = run("publish", changed, "--data", data)
    hashes = [definition_hash(read_yaml(path.read_text("utf-8"))) for path in (SHIPPED / "rag.yaml", changed)]
    assert refused.exit_code == 2 and all(one in refused.output for one in hashes)
    said = run("diff", "rag@1", changed, "--data", data)
    assert said.exit_code == 0 and "the words of the scale of 'A target of the student's own' changed (compare with care" in said.output
    assert "Nothing changed" in run("diff", SHIPPED / "rag.yaml", "rag", "--data", data).output
    assert run("diff", "moon@1", changed, "--data", data).exit_code == 2


def test_words_of_others_are_never_exported(tmp_path: Path, data: Path) -> None:
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text((INSTRUMENTS / "made-up-stars.yaml").read_text("utf-8").replace("use: ship", "use: user-supplied"))
    assert run("publish", theirs, "--data", data).exit_code == 0
    for form in ("yaml", "case"):
        said = run("export", "made-up-star@1", "--data", data, "--format", form)
        assert said.exit_code == 2 and "may not be passed on" in said.output and "Where I live" not in said.output
