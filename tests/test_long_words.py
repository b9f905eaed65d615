"""One long word as a name: it breaks in charts and grids, and the last date of a ladder is whole."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core.assets import asset
from frameworks import Definition, load_definition, shipped_definitions
from reports.figure_as_svg import figure_as_svg
from reports.figures import ladder_over_time
from reports.print_words import width_of, with_line_ends, without_line_ends, wrapped

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2
WIDTH = 680


def shipped(name: str, **labels: str) -> Definition:
    """A definition that ships, with other words for its first things."""
    authored = json.loads(json.dumps(next(one for one in shipped_definitions() if one["id"] == name)))
    for part, label in labels.items():
        authored[part][0]["label"] = label
    return load_definition(authored)


def climbed(ladder: Definition, first: date, days: int, contacts: int) -> dict[str, Any]:
    rungs = list(ladder.rank)
    path = [((first + timedelta(days=days * n // max(1, contacts - 1))).isoformat(), rungs[n % len(rungs)]) for n in range(contacts)]
    return {"path": path, "contacts": contacts, "baseline": rungs[0], "latest": rungs[0], "highest_sustained": None}


def texts(svg: str) -> list[tuple[float, float, str, str]]:
    """Every text of a drawing: where it is anchored, its letter size, how, and what it says."""
    found = re.findall(r'<text x="([-\d.]+)" y="[-\d.]+" font-size="([\d.]+)"[^>]*text-anchor="(\w+)"[^>]*>([^<]*)</text>', svg)
    return [(float(x), float(size), anchor, words) for x, size, anchor, words in found]


def outside(svg: str) -> list[str]:
    """The words of a drawing that reach beyond its edges."""
    clipped = []
    for x, size, anchor, words in texts(svg):
        # A measured width would need the font; this is what is about the average for its letters.
        width = width_of(words, size) * 0.9
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        if left < -0.5 or left + width > WIDTH + 0.5:
            clipped.append(words)
    return clipped


@pytest.mark.parametrize("days", [1, 6, 13, 27, 42, 56, 90, 200, 364, 700])
@pytest.mark.parametrize("first", [date(2026, 9, 7), date(2026, 9, 30), date(2025, 12, 28)])
def test_the_dates_of_a_ladder_are_whole_at_both_ends(first: date, days: int) -> None:
    ladder = shipped("default-ladder")
    assert outside(figure_as_svg(ladder_over_time(ladder, climbed(ladder, first, days, 9)).plot)) == []


@pytest.mark.parametrize("words", [LONG, "A label that goes on for a while and says a good deal more than it would need to say"])
def test_a_long_name_is_broken_in_a_chart_so_that_all_of_it_can_be_read(words: str) -> None:
    ladder = shipped("default-ladder", rungs=words)
    plot = ladder_over_time(ladder, climbed(ladder, date(2026, 9, 7), 40, 6)).plot
    svg = figure_as_svg(plot)
    assert outside(svg) == []
    shown = "".join(said for _, _, _, said in texts(svg)).replace(" ", "")
    assert words.replace(" ", "") in shown
    # The script in a browser gets the same words with line ends.
    assert any(without_line_ends(name) == words and "<br>" in name for name in plot.layout.yaxis.ticktext)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="<\u200b"), max_size=80), st.integers(60, 300))
def test_line_ends_are_taken_out_again_and_no_line_is_wider_than_its_room(words: str, room: int) -> None:
    assert without_line_ends(with_line_ends(words, room, 14, most=99)) == words
    assert all(len(line) == 1 or width_of(line, 14) <= room or len(line) <= 6 for line in wrapped(words, room, 14, most=99))


SHEETS = ("app/ap.css", "app/capture.css")
NAMES = ("Alex Sh", LONG * 2 + " H", "Bernadette Okonkwo-Smythe")


def page_of(names: tuple[str, ...]) -> str:
    """The grid of the score page and the table of a report, as their pages lay them out."""
    root = Path(__file__).parents[1]
    style = "".join(asset(name).plain.decode() for name in SHEETS) + (root / "reports/templates/report.css").read_text("utf-8")
    cells = '<td><button class="cell">1</button></td>' * 5
    rows = "".join(f'<tr><th scope="row"><span>{name}</span><button class="absent">Not here</button></th>{cells}</tr>' for name in names)
    lines = "".join(f'<tr><th scope="row">{name}</th>{"<td>12 of 30</td>" * 5}</tr>' for name in names)
    return (
        f'<!doctype html><style>{style}</style><main><h1>{names[1]}</h1><div class="sheet-scroll"><table class="sheet"><tbody>{rows}</tbody></table></div>'
        f'<div class="report"><table class="figures"><tbody>{lines}</tbody></table></div></main>'
    )


@pytest.mark.browser
@pytest.mark.parametrize("width", [1180, 820])
def test_a_long_name_breaks_in_grids_and_leaves_the_cells_on_the_screen(chromium: Any, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.set_content(page_of(NAMES))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    seen = page.evaluate("""() => [...document.querySelectorAll("tbody tr")].map(row => {
        const side = row.querySelector("th").getBoundingClientRect(), last = row.lastElementChild.getBoundingClientRect();
        return [...row.querySelectorAll("th *")].every(inner => inner.getBoundingClientRect().right <= side.right) && last.right <= innerWidth;
    })""")
    assert all(seen) and len(seen) == 6
    assert page.evaluate("document.querySelector('.sheet tbody tr').getBoundingClientRect().height") < 70, "an ordinary name stays on one line"
    page.close()
