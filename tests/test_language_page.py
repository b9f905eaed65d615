"""Every example of docs/frameworks.md, run as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from ap_ledger.cli.main import app
from frameworks import Definition, load_definition, read_yaml
from frameworks.exchange.headings import ABOUT, LINKS, MORE, TREE, squeezed
from frameworks.exchange.sheet_templates import template
from frameworks.exchange.sheets import read_sheet
from frameworks.language.learning import Step, next_steps, unit_states
from frameworks.language.lint import advice
from frameworks.language.parts import MISSING
from frameworks.language.things import Cadence

PAGE = (Path(__file__).parents[1] / "docs" / "frameworks.md").read_text("utf-8")


def fenced() -> list[tuple[str, str]]:
    """Every block of code on the page, with the word behind its fence."""
    found: list[tuple[str, str]] = []
    opened: list[str] | None = None
    for line in PAGE.splitlines():
        if line.strip().startswith("```"):
            if opened is None:
                opened = [line.strip()[3:]]
            else:
                found.append((opened[0], dedent("\n".join(opened[1:]) + "\n")))
                opened = None
        elif opened is not None:
            opened.append(line)
    return found


def blocks(kind: str) -> list[str]:
    return [code for name, code in fenced() if name == kind]


DEFINITIONS: dict[str, Definition] = {found.id: found for code in blocks("yaml") for found in [load_definition(read_yaml(code))]}


def test_the_page_shows_all_four_kinds() -> None:
    assert {one.kind for one in DEFINITIONS.values()} == {"outcomes", "instrument", "curriculum", "ladder"}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_definition_on_the_page_is_sound_and_needs_no_advice(name: str) -> None:
    assert advice(DEFINITIONS[name]) == []


def test_the_three_themes_of_the_page_are_those_of_the_template() -> None:
    shown, made = read_sheet(blocks("csv")[0]), read_sheet(template("outcomes"))
    assert shown.report == [] and shown.authored is not None and made.authored is not None
    assert shown.authored["items"] == made.authored["items"] and shown.authored["scales"] == made.authored["scales"]
    assert len(load_definition(shown.authored).items) == 3


def test_the_answers_on_the_page_score_as_it_says(tmp_path: Path) -> None:
    scores = next(code for code in blocks("yaml") if "how-it-is" in code)
    (tmp_path / "how-it-is.yaml").write_text(scores)
    (tmp_path / "answers.csv").write_text(blocks("csv")[1])
    said = CliRunner().invoke(app, ["framework", "score", str(tmp_path / "how-it-is.yaml"), str(tmp_path / "answers.csv")])
    assert said.exit_code == 0 and "Worries: 3\n" in said.output


def test_the_commands_on_the_page_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    assert run.invoke(app, ["init", "--data", str(tmp_path / "ledger"), "--setting", "Riverbank"]).exit_code == 0
    (listing,) = [code for code in blocks("") if "framework template" in code]
    for line in listing.splitlines():
        words = line.partition("#")[0].replace("/srv/ap-ledger", str(tmp_path / "ledger")).split()
        done = run.invoke(app, words[1:])
        assert done.exit_code == 0, (line, done.output)
    assert "Published our-three-themes@1" in done.output


def test_the_page_names_every_line_and_column_that_a_sheet_may_hold_and_every_cadence() -> None:
    told = set(re.findall(r"`([^`]+)`", re.sub(r"^ *```.*?^ *```", "", PAGE, flags=re.S | re.M)))
    named = {squeezed(name) for name in told}
    for names in (ABOUT, TREE, MORE, LINKS):
        unnamed = {means for means in names.values() if not any(key in named for key, other in names.items() if other == means)}
        assert unnamed == set()
    assert all(cadence in PAGE for cadence in Cadence.__args__) and all(reason.replace("-", " ") in PAGE for reason in MISSING)  # type: ignore[attr-defined]


def test_the_curriculum_on_the_page_is_planned_as_it_says() -> None:
    from datetime import date

    toast = DEFINITIONS["toast"]
    day = date(2026, 3, 2)
    found = next_steps(toast, unit_states(toast, {"washes": [Step(day, "alone")], "serves": [Step(day, "introduced")]}), day)
    assert found.ready == ["toasts"] and [gap.unit for gap in found.gaps] == ["toasts"]
