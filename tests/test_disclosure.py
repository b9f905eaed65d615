"""Disclosure control, attacked: a linear solver is given everything that a pack says, in all its formats, and must pin nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from random import Random
from typing import Any

import highspy
import pytest
from hypothesis import given
from hypothesis import strategies as some

from projections.queries.period_facts import Attendance
from reports.blocks import Table, Tiles, Undisclosed
from reports.cohort import STUDENTS, Cohort
from reports.compose import draft_report
from reports.disclosure import HIDDEN, LOW, PRESETS, Cell, Draft, Family, Preset, Report, protect, release
from reports.pack import pack_files
from tests.examples import Examples
from tests.house import settings_for
from tests.test_reports import Example

PUBLISHED = [PRESETS["publish-5"], PRESETS["publish-10"]]


def attack(cells: Mapping[str, Cell], families: Sequence[Family], shown: Mapping[str, Any], preset: Preset) -> dict[str, tuple[float, float]]:
    """The bounds of every hidden count, for somebody who knows how totals add up, how numbers are rounded, and that nought is never hidden.

    Where noughts are hidden beside a single other part, they may be anything from nought on; everywhere else the attacker is told that there are none.
    """
    counts = [key for key, cell in cells.items() if cell.kind == "count" and cell.value is not None]
    place = {key: n for n, key in enumerate(counts)}
    alike = {part for family in families if any(shown[part] == HIDDEN and not cells[part].value for part in family.parts) for part in family.parts}
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for key in counts:
        said = shown[key]
        if said == HIDDEN:
            solver.addVar(0.0 if key in alike else 1.0, 1e6)
        elif said == LOW:
            solver.addVar(0.0, preset.base / 2)
        else:
            solver.addVar(max(0.0, said - preset.base / 2), said + preset.base / 2)
    for family in families:
        if family.total in place:
            index = [place[family.total], *(place[part] for part in family.parts)]
            solver.addRow(0.0, 0.0, len(index), index, [1.0, *(-1.0 for _ in family.parts)])
    found: dict[str, tuple[float, float]] = {}
    for key in counts:
        if shown[key] != HIDDEN:
            continue
        bounds = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            for other in range(len(counts)):
                solver.changeColCost(other, 1.0 if other == place[key] else 0.0)
            solver.changeObjectiveSense(sense)
            solver.run()
            assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
            bounds.append(solver.getInfo().objective_function_value)
        found[key] = (bounds[0], bounds[1])
    return found


def holds(cells: Mapping[str, Cell], families: Sequence[Family], shown: Mapping[str, Any], preset: Preset) -> None:
    """Nothing small is shown, and nothing hidden can be pinned more closely than the band that the preset hides."""
    for key, cell in cells.items():
        if 0 < cell.students < preset.threshold:
            assert shown[key] == HIDDEN, key
        if cell.sources and any(shown[source] == HIDDEN for source in cell.sources):
            assert shown[key] == HIDDEN, key
        if isinstance(shown[key], int) and cell.kind == "count":
            assert shown[key] % preset.base == 0
    for key, (low, high) in attack(cells, families, shown, preset).items():
        assert high - low >= preset.threshold - 2, (key, low, high, shown)


# Made-up groups -------------------------------------------------------------------------------------------------------


def grown(random: Random, key: str, students: int, depth: int, cells: dict[str, Cell], families: list[Family], of_students: bool) -> None:
    """Splits a cell into parts, and those into parts of their own."""
    if depth == 0:
        return
    names = [f"{key}/{n}" for n in range(random.randrange(1, 5))]
    if of_students:
        cuts = sorted(random.randrange(students + 1) for _ in names[1:])
        sizes = [b - a for a, b in zip([0, *cuts], [*cuts, students], strict=True)]
        for name, size in zip(names, sizes, strict=True):
            cells[name] = Cell(size, size)
    else:
        value = int(float(cells[key].value or 0))
        cuts = sorted(random.randrange(value + 1) for _ in names[1:])
        for name, a, b in zip(names, [0, *cuts], [*cuts, value], strict=True):
            cells[name] = Cell(b - a, min(b - a, random.randrange(0, students + 1) or 1) if b > a else 0)
    families.append(Family(key, tuple(names), of_students))
    for name in names:
        grown(random, name, cells[name].students, depth - random.randrange(1, 3) if depth > 1 else 0, cells, families, of_students)


@given(some.integers(0, 10**6), some.integers(1, 40), some.sampled_from(PUBLISHED))
def test_no_hidden_number_of_a_made_up_group_can_be_pinned(seed: int, students: int, preset: Preset) -> None:
    random = Random(seed)
    cells, families = {"all": Cell(students, students), "events": Cell(random.randrange(students, 60 * students), students)}, []
    for _ in range(random.randrange(1, 4)):
        made: dict[str, Cell] = {"all": cells["all"]}
        fresh: list[Family] = []
        grown(random, "all", students, 2, made, fresh, True)
        n = len(families)
        renamed = {key: key if key == "all" else f"{n}:{key}" for key in made}
        cells |= {renamed[key]: cell for key, cell in made.items()}
        families += [Family(renamed[one.total], tuple(renamed[part] for part in one.parts), True) for one in fresh]
    grown(random, "events", students, 3, cells, families, False)
    for key in list(cells):
        if random.random() < 0.4:
            cells[f"{key}:rate"] = Cell(1.0, cells[key].students, "ratio", (key, "events"), 100.0)
    holds(cells, families, protect(cells, families, preset), preset)


def test_a_total_is_never_the_only_other_thing_beside_a_hidden_part() -> None:
    cells = {"all": Cell(20, 20), "a": Cell(3, 3), "b": Cell(17, 17)}
    shown = protect(cells, [Family("all", ("a", "b"), True)], PRESETS["publish-5"])
    assert shown == {"all": 20, "a": HIDDEN, "b": HIDDEN}


def test_where_everybody_is_alike_the_whole_distribution_is_hidden() -> None:
    cells = {"all": Cell(12, 12), "yes": Cell(12, 12), "no": Cell(0, 0)}
    assert protect(cells, [Family("all", ("yes", "no"), True)], PRESETS["publish-10"]) == {"all": 10, "yes": HIDDEN, "no": HIDDEN}


def test_a_median_over_few_or_over_people_who_are_alike_is_hidden() -> None:
    cohort = Cohort([])
    cohort.cells[STUDENTS] = Cell(12, 12)
    cohort.middle("few", [1, 2, 3], str)
    cohort.middle("alike", [4] * 12, str)
    cohort.middle("fine", list(range(12)), str)
    assert protect(cohort.cells, [], PRESETS["publish-10"]) == {STUDENTS: 10, "few": HIDDEN, "alike": HIDDEN, "fine": "5"}


def test_a_cell_that_is_a_part_of_two_totals_is_refused() -> None:
    cells = {"a": Cell(9, 9), "b": Cell(9, 9), "c": Cell(9, 9)}
    with pytest.raises(ValueError, match="one family"):
        protect(cells, [Family("a", ("c",)), Family("b", ("c",))], PRESETS["publish-5"])


def test_rates_are_made_of_rounded_numbers_only() -> None:
    cells = {"part": Cell(23, 23), "whole": Cell(38, 38), "rate": Cell(60.5, 23, "ratio", ("part", "whole"), 100.0)}
    assert protect(cells, [], PRESETS["publish-5"])["rate"] == pytest.approx(100 * 25 / 40)


def test_internally_nothing_is_changed() -> None:
    cells = {"a": Cell(3, 3), "x": Cell(None, 0)}
    assert protect(cells, [], PRESETS["internal"]) == {"a": 3, "x": "x"}


# A real pack, in every format together --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Iterator[Example]:
    settings = settings_for("sqlite", tmp_path_factory.mktemp("disclosure") / "data", None)
    made = Example(settings, examples(settings.data, 16, 5, 7, date(2026, 3, 27)))
    yield made
    made.close()


def observed(draft: Draft, report: Report, files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """What every format says of every cell: JSON, CSV, the page. Print has the page's own words."""
    data = json.loads(files["report.json"])
    page = files["report.html"].decode()
    held = [
        (block, [cell for row in block.rows for cell in row])
        for block in draft.blocks
        if isinstance(block, Table) and any(isinstance(cell, Undisclosed) for row in block.rows for cell in row)
    ]
    found: dict[str, set[str]] = {}
    for block, cells in held:
        (told,) = [one for one in data["blocks"] if one.get("name") == block.name]
        rows = [cell for row in told["rows"] for cell in row]
        sheet = [cell for row in list(csv.reader(io.StringIO(files[f"data/{block.name}.csv"].decode("utf-8-sig"))))[1:] for cell in row]
        assert len(rows) == len(cells) == len(sheet)
        for cell, one, other in zip(cells, rows, sheet, strict=True):
            if isinstance(cell, Undisclosed):
                found.setdefault(cell.key, set()).update({str(one), other})
    tiles = [
        (value, shown)
        for block, told in zip([one for one in draft.blocks if isinstance(one, Tiles)], [one for one in data["blocks"] if one["kind"] == "tiles"], strict=True)
        for (_, value), shown in zip(block.items, told["items"].values(), strict=True)
    ]
    for value, shown in tiles:
        assert isinstance(value, Undisclosed)
        found.setdefault(value.key, set()).add(str(shown))
    assert all(f">{shown}<" in page for values in found.values() for shown in values if not shown.replace(".", "").isdigit())
    return found


def plain(value: Any) -> str:
    """A number to four places, or what is none as it is."""
    try:
        return f"{float(value):.4f}"
    except ValueError:
        return str(value)


@pytest.mark.parametrize("preset", PUBLISHED, ids=lambda one: one.name)
@pytest.mark.parametrize("weeks", [2, 4])
def test_no_hidden_number_of_a_real_pack_can_be_pinned_from_all_its_formats_together(example: Example, preset: Preset, weeks: int) -> None:
    order = example.order(preset=preset.name, first=example.story.days[-5 * weeks], last=example.last)
    draft, name = draft_report(example.reader, order, lambda *_: True, example.last)
    report = release(draft, name)
    files = pack_files(report)
    shown = protect(draft.cells, draft.families, preset)
    seen = observed(draft, report, files)
    for key, values in seen.items():
        # A cell is one quantity: wherever it stands, it says the same.
        assert {plain(value) for value in values} == {plain(shown[key])}, (key, values)
    assert HIDDEN in shown.values()
    holds(draft.cells, draft.families, shown, preset)
    # Nothing else in the pack is about single students, nor says an exact number.
    text = files["report.json"].decode()
    assert not any(part in text for child in example.story.children for part in child.name.split())
    assert not any(
        "students" in block.get("text", "").lower() and re.search(r"\b16\b", block["text"].replace("16 Mar", "")) for block in json.loads(text)["blocks"]
    )
    assert not any(block["kind"] in ("figure", "quote", "list") and "entries" in block for block in json.loads(text)["blocks"])


def test_a_wrong_rule_would_be_caught_by_the_attack() -> None:
    cells = {"all": Cell(20, 20), "a": Cell(3, 3), "b": Cell(17, 17)}
    naive = {"all": 20, "a": HIDDEN, "b": 17}
    exact = Preset("exact", 5, 0, "rounds nothing")
    low, high = attack(cells, [Family("all", ("a", "b"))], naive, exact)["a"]
    assert low == high == 3


def test_the_levels_of_absence_follow_the_shares_of_the_department() -> None:
    assert [Attendance(attended=100 - n, missed=n).level for n in (9, 10, 49, 50)] == ["neither", "persistent", "persistent", "severe"]
    assert Attendance().level is None
