"""Figures draw what the vendored script can draw, and say the same in words."""

from __future__ import annotations

import json
from pathlib import Path

from plotly.offline import get_plotlyjs_version

from projections.progress import DayRow, combine, fold_day
from reports.figures import DRAWN, ladder_over_time, outcomes_by_theme
from tests.house import House

ROOT = Path(__file__).parents[1]


def test_every_figure_is_of_a_kind_that_is_drawn_and_has_its_words(house: House) -> None:
    ladder, ecm = house.ledger.published.definition("default-ladder@1"), house.ledger.published.definition("every-child-matters@1")
    assert ladder is not None and ecm is not None
    rows = [
        DayRow(1, 1, "rung-reached", "default-ladder@1|goes-out", None, None, None),
        DayRow(2, 2, "outcome-scored", "every-child-matters@1|took-turns", "1", "break", None),
        DayRow(3, 3, "outcome-scored", "every-child-matters@1|took-turns", "0", "break", None),
    ]
    progress = combine([("2026-03-02", fold_day(rows))], {"default-ladder@1": list(ladder.rank)}, {"break": "break"})
    climbed = ladder_over_time(ladder, progress["ladders"]["default-ladder@1"])
    seen = outcomes_by_theme(ecm, progress["outcomes"]["every-child-matters@1"])
    for figure in (climbed, seen):
        assert {trace["type"] for trace in json.loads(figure.json())["data"]} <= DRAWN
        assert "<" not in figure.json()
    assert climbed.rows == [("2026-03-02", "Goes out with the mentor")] and "1 contact. " in climbed.alt
    assert "Seen 1 of 2 times" in seen.alt


def test_the_vendored_script_is_the_one_that_plotly_writes_for() -> None:
    lock = json.loads((ROOT / "scripts" / "vendor.lock.json").read_text())
    assert lock["plotly.js-cartesian-dist-min"]["version"] == get_plotlyjs_version()
