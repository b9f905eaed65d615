"""Figures draw what the vendored script can draw, and say the same in words."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from plotly.offline import get_plotlyjs_version

from projections.fold.cells import DayRow, fold_day
from projections.fold.progress import combine
from projections.queries.period_facts import ThemeFacts
from reports.contact_figure import contacts_over_time
from reports.figure_as_svg import figure_as_svg
from reports.figures import DRAWN, ladder_over_time
from reports.period_figures import week_by_slot
from reports.seen_by_slot import seen_by_slot
from tests.house import House

ROOT = Path(__file__).parents[1]


def test_every_figure_is_of_a_kind_that_is_drawn_and_has_its_words(house: House) -> None:
    ladder, ecm = house.ledger.published.definition("default-ladder@1"), house.ledger.published.definition("every-child-matters@1")
    assert ladder is not None and ecm is not None
    rows = [
        DayRow(1, 1, "rung-reached", "default-ladder@1|goes-out", None, None, None),
        DayRow(2, 2, "outcome-scored", "every-child-matters@1|took-turns", "1", "break", None),
        DayRow(3, 3, "outcome-scored", "every-child-matters@1|took-turns", "0", "lunch", None),
    ]
    progress = combine([("2026-03-02", fold_day(rows))], {"default-ladder@1": list(ladder.rank)}, {"break": "break", "lunch": "lunch"})
    climbed = ladder_over_time(ladder, progress["ladders"]["default-ladder@1"])
    assert {trace["type"] for trace in json.loads(climbed.json())["data"]} <= DRAWN and "<" not in climbed.json()
    assert climbed.rows == [("2026-03-02", "Goes out with the mentor")] and "1 contact. " in climbed.alt


def test_what_was_seen_has_a_place_for_every_kind_of_slot_that_is_to_come_and_counts_what_was_seen_until_then(house: House) -> None:
    ecm = house.ledger.published.definition("every-child-matters@1")
    assert ecm is not None
    then = {"by_slot_kind": {"took-turns": {"break": {"1": 1, "0": 1}}}}
    ever = {"by_slot_kind": {"took-turns": {"break": {"1": 3, "0": 1}, "lunch": {"1": 1}, "none": {"0": 2}}}}
    for outcomes, words, alt in (
        (then, ["1 of 2", "–", "–"], "Seen 1 of 2"),
        (None, ["–", "–", "–"], "Seen 0 of 0"),
        (ever, ["3 of 4", "1 of 1", "0 of 2"], "Seen 4 of 7"),
    ):
        seen = seen_by_slot(ecm, outcomes, ever)
        (theme,) = seen.themes
        assert [kind for kind, _ in seen.kinds] == ["break", "lunch", "none"] and seen.columns == ("Theme", "Break", "Lunch", "No slot")
        assert [cell.words for cell in theme.cells if cell] == words == list(seen.rows[0][1:]) and seen.alt.startswith(alt)
        for cell in theme.cells:
            assert cell is not None and (cell.share is None) == (cell.of == 0)
            assert cell.share is None or 0 <= cell.share.low <= cell.share.value == cell.seen / cell.of <= cell.share.high <= 1


def test_a_few_days_are_each_named_once(house: House) -> None:
    ladder = house.reader.definition("default-ladder@1")
    assert ladder is not None
    for last, each_day in (("2026-03-03", True), ("2026-03-09", True), ("2026-06-01", False)):
        climbed = {"contacts": 2, "baseline": None, "latest": None, "path": [["2026-03-02", "goes-out"], [last, "goes-out"]]}
        assert (contacts_over_time(ladder, climbed, {}).plot.layout.xaxis.dtick == 86_400_000) == each_day, last


def test_a_line_of_very_many_contacts_is_drawn_through_fewer_and_spans_the_same_rungs_on_every_day(house: House) -> None:
    ladder = house.reader.definition("default-ladder@1")
    assert ladder is not None
    chance = Random(4)
    path = [[f"2026-{1 + n // 840:02d}-{1 + n // 30 % 28:02d}", chance.choice([rung.id for rung, _ in ladder.climb()])] for n in range(3000)]
    climbed = {"contacts": len(path), "baseline": None, "latest": None, "highest_sustained": None, "path": path}
    figure = ladder_over_time(ladder, climbed)
    (line,) = figure.plot.data
    assert line.mode == "lines" and len(line.x) < len(path) / 5 and len(figure.rows) == len(path)
    for day in {day for day, _ in path}:
        every = [ladder.place(rung) for at, rung in path if at == day]
        drawn = [place for at, place in zip(line.x, line.y, strict=True) if at == day]
        assert (drawn[0], min(drawn), max(drawn), drawn[-1]) == (every[0], min(every), max(every), every[-1])


def test_words_that_look_like_tags_stay_words_in_a_browser_and_in_print(house: House) -> None:
    ladder = house.reader.definition("default-ladder@1")
    assert ladder is not None
    words = "<a href=https://example.org>Tom & Jo</a>"
    climbed = {"contacts": 1, "baseline": None, "latest": None, "highest_sustained": None, "path": [["2026-03-02", "goes-out"]]}
    figure = ladder_over_time(ladder, climbed, own={"goes-out": words})
    (line,) = json.loads(figure.json())["data"]
    assert line["text"] == ["&lt;a href=https://example.org&gt;Tom &amp; Jo&lt;/a&gt;"]
    assert line["hovertemplate"].endswith("<br>%{text}<extra></extra>")
    figure.plot.update_yaxes(tickvals=[0], ticktext=[words.replace(" ", "<br>")])
    printed = figure_as_svg(figure.plot, 1200)
    assert "&lt;a href=https://example.org&gt;Tom &amp;" in printed and "Jo&lt;/a&gt;" in printed


def test_what_was_seen_by_week_and_slot_is_drawn_in_print(house: House) -> None:
    ecm = house.ledger.published.definition("every-child-matters@1")
    assert ecm is not None
    days = ("2026-03-02", "2026-03-06")
    figure = week_by_slot(ThemeFacts(ecm, {}, {}, {}, days, days, {("2026-03-02", "break"): [1, 2], ("2026-03-02", "lunch"): [0, 1]}))
    assert figure is not None and "1/2" in figure_as_svg(figure.plot)


def test_the_vendored_script_is_the_one_that_plotly_writes_for() -> None:
    lock = json.loads((ROOT / "scripts" / "vendor.lock.json").read_text())
    assert lock["plotly.js-cartesian-dist-min"]["version"] == get_plotlyjs_version()
