"""How far each contact got, as a student's page draws it: what each mark means, and that no name is ever cut."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from frameworks import Definition
from projections.fold.climb import Middle, middles
from reports.contact_figure import Around, contacts_over_time
from reports.figures import DRAWN
from tests.test_long_words import climbed, shipped


def marks(ladder: Definition, path: list[tuple[str, str]], **more: Any) -> dict[str, Any]:
    """What is drawn, by its name."""
    progress = {"path": path, "contacts": len(path), "baseline": path[0][1] if path else None, "latest": path[-1][1] if path else None}
    figure = contacts_over_time(ladder, progress, {}, **more)
    plot = json.loads(figure.json())
    assert {trace["type"] for trace in plot["data"]} <= DRAWN
    return {trace.get("name", ""): trace for trace in plot["data"]} | {"layout": plot["layout"], "rows": figure.rows, "alt": figure.alt}


def days(rungs: list[str]) -> list[tuple[str, str]]:
    return [(date(2026, 3, number).isoformat(), rung) for number, rung in enumerate(rungs, 1)]


def test_a_visit_is_hollow_on_site_is_full_and_nobody_there_is_a_tick_beside_the_line() -> None:
    told = marks(shipped("default-ladder"), days(["through-door", "no-contact", "on-site-one-to-one", "goes-out", "part-session"]))
    assert (told["visit"]["x"], told["on site"]["x"]) == (["2026-03-01", "2026-03-04"], ["2026-03-03", "2026-03-05"])
    assert told["nobody there"]["x"] == ["2026-03-02"] and told["nobody there"]["marker"]["symbol"] == "line-ns-open"
    assert "2026-03-02" not in told["middle ten"]["x"], "the line goes by without a day on which nobody was there"
    dashed = [shape for shape in told["layout"]["shapes"] if shape["line"].get("dash") == "dash"]
    assert [shape["y0"] for shape in dashed] == [3], "where they started"
    assert [note["text"] for note in told["layout"]["annotations"]] == ["On site"]


def test_under_four_contacts_there_are_dots_and_no_line() -> None:
    assert "middle ten" not in marks(shipped("default-ladder"), days(["goes-out"] * 3))
    assert "middle ten" in marks(shipped("default-ladder"), days(["goes-out"] * 4))


def test_the_middle_is_of_the_last_ten_and_the_band_leaves_two_out_on_either_side() -> None:
    assert middles([1, 2, 3]) == [None, None, None]
    assert middles([5, 1, 3, 9])[-1] == Middle(3, 3, 5)
    assert middles([11, 11, *range(10)])[-1] == Middle(2, 4, 7)


def test_what_happened_around_them_is_named_and_what_was_known_later_has_a_ring() -> None:
    path = days(["goes-out"] * 20)
    around = [Around("2026-03-03", "Moved home"), Around("2026-03-04", "Police"), Around("2026-03-15", "Bereavement"), Around("2025-01-01", "Long ago")]
    told = marks(shipped("default-ladder"), path, around=around, known_later=[("2026-03-10", "part-session")])
    assert sum(shape["x0"] == shape["x1"] for shape in told["layout"]["shapes"]) == 3, "each has its line, within the time that is shown"
    assert [note["text"] for note in told["layout"]["annotations"]] == ["On site", "Moved home", "Bereavement"], "names that would touch are left to the diary"
    assert told["known later"]["x"] == ["2026-03-10"] and len(told["rows"]) == 20


@pytest.mark.parametrize(
    "label", ["Wolfeschlegelsteinhausenbergerdorff" * 4, "A rung that says a good deal more than it would need to say, and then some more"]
)
def test_a_name_without_a_short_one_stands_in_as_many_lines_as_it_needs(label: str) -> None:
    ladder = shipped("default-ladder")
    rungs = (ladder.rungs[0].model_copy(update={"label": label, "short": None}), *ladder.rungs[1:])
    ladder = ladder.model_copy(update={"rungs": rungs})
    figure = contacts_over_time(ladder, climbed(ladder, date(2026, 3, 2), 20, 6), {})
    name = figure.plot.layout.yaxis.ticktext[0]
    assert name.replace("<br>", " ").replace(" ", "") == label.replace(" ", "")
    assert figure.plot.layout.height >= 12 * 17 * (name.count("<br>") + 1)
