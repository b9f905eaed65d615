"""The figures. Each is a Plotly figure with a text alternative that says the same, and a table behind it.

Only trace types that the vendored script can draw are used, because it draws nothing, and says nothing, for the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import escape
from itertools import groupby
from operator import itemgetter
from typing import Any

import plotly.graph_objects as go

from ap_ledger.events.entries import RungReached
from frameworks import Definition
from reports.print_words import BETWEEN_WORDS, names_with_line_ends, tallest

DRAWN = frozenset({"scatter", "bar", "heatmap"})
INK, QUIET, RULE, BLUE, GREEN = "#1d2733", "#4a5866", "#d8dfe6", "#12436d", "#00695c"
MARKED = "#efe6d2"
RIGHT = 28
"""Room at the right, in pixels, for the half of the last date that lies beyond the axis."""
DOTS_AT_MOST = 600
FONT = "Atkinson Hyperlegible Next, Arial, sans-serif"


@dataclass(frozen=True)
class Figure:
    """A figure, what it says in words, and the table of the same."""

    title: str
    alt: str
    plot: go.Figure
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]] = field(default_factory=list)
    kinds: tuple[str, ...] = ()
    """The kinds of the entries behind it, where a page leads to them."""

    def json(self) -> str:
        """The figure for the script that draws it, safe inside a page.

        That script draws a few tags in words, links among them. Nobody's words are tags, so they are escaped for it.
        """
        return json.dumps(_with_words_escaped(json.loads(self.plot.to_json()))).replace("<", "\\u003c")


def _with_words_escaped(part: Any) -> Any:
    if isinstance(part, str):
        return BETWEEN_WORDS.join(escape(words, quote=False) for words in part.split(BETWEEN_WORDS))
    if isinstance(part, list):
        return [_with_words_escaped(inner) for inner in part]
    if isinstance(part, dict):
        return {
            name: inner if name == "meta" or name.endswith("template") else _with_words_escaped(inner)
            for name, inner in part.items()
        }
    return part


def lay_out(plot: go.Figure, height: int, left: int) -> None:
    """What all figures share: the font, no background, no legend, room for words on the left."""
    plot.update_layout(
        template="none",
        height=height,
        margin={"l": left, "r": RIGHT, "t": 12, "b": 40},
        font={"family": FONT, "size": 14, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hoverlabel={"font": {"family": FONT, "size": 14}},
    )


def ladder_over_time(
    ladder: Definition,
    climbed: Mapping[str, Any],
    own: Mapping[str, str] | None = None,
    setbacks: Sequence[tuple[str, str | None]] = (),
) -> Figure:
    """Each contact's highest rung over time, as steps, on a scale of words.

    `own` says what a student's own steps are called.

    `setbacks` are first and last days of stretches in which less was kept up than before; they are marked, not hidden.
    """
    path = [(day, rung) for day, rung in climbed["path"] if rung is not None]
    labels = [rung.label for rung, _ in ladder.climb()]
    reached = {rung for _, rung in path}
    rank = {rung: ladder.place(rung) for rung in reached}
    said_as = {rung: (own or {}).get(rung) or ladder.label_of(rung) or rung for rung in reached}
    # So many dots that they touch say nothing that the line does not.
    drawn = path
    dots: dict[str, Any] = {"mode": "lines"}
    if len(path) > DOTS_AT_MOST:
        drawn = _outline(path, rank)
    else:
        dots = {
            "mode": "lines+markers",
            "marker": {
                "size": 8,
                "color": [_shade(rank[rung], len(labels)) for _, rung in path],
                "line": {"width": 1, "color": "#fff"},
            },
        }
    plot = go.Figure(
        go.Scatter(
            x=[day for day, _ in drawn],
            y=[rank[rung] for _, rung in drawn],
            line={"shape": "hv", "color": BLUE, "width": 2},
            **dots,
            text=[said_as[rung] for _, rung in drawn],
            hovertemplate="%{x|%a %-d %b %Y}<br>%{text}<extra></extra>",
        )
    )
    names = names_with_line_ends(labels, 250)
    # Rungs with long names stand further apart, so that all of each can be read.
    lay_out(plot, max(400, 52 + len(labels) * tallest(names) * 15), 250)
    plot.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=names,
        range=[-0.5, len(labels) - 0.5],
        gridcolor=RULE,
        zeroline=False,
    )
    plot.update_xaxes(type="date", tickformat="%-d %b", gridcolor="rgba(0,0,0,0)", linecolor=QUIET)
    until = path[-1][0] if path else ""
    if path:
        # The script that slides over time finds days by where the axis begins and ends.
        first, last = date.fromisoformat(path[0][0]), date.fromisoformat(until)
        pad = max(timedelta(days=1), (last - first) / 50)
        plot.update_xaxes(range=[(first - pad).isoformat(), (last + pad).isoformat()])
    plot.update_layout(meta={"ladder": ladder.key})
    plot.update_layout(
        shapes=[
            {
                "type": "rect",
                "x0": first,
                "x1": last or until,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": MARKED,
                "opacity": 0.55,
                "line": {"width": 0},
                "layer": "below",
            }
            for first, last in setbacks
        ]
    )
    marks = {
        name: ladder.label_of(climbed[name]) or "not known yet" for name in ("baseline", "latest", "highest_sustained")
    }
    alt = (
        f"{climbed['contacts']} {'contact' if climbed['contacts'] == 1 else 'contacts'}. Starting point: "
        f"{marks['baseline']}. Latest: {marks['latest']}. "
        f"Highest kept up (3 of 5 contacts): {marks['highest_sustained']}."
    )
    if setbacks:
        good = sum(last is not None for _, last in setbacks)
        alt += f" Harder stretches, shaded: {len(setbacks)}, of which made good: {good}."
    rows = [(day, said_as[rung]) for day, rung in reversed(path)]
    return Figure(ladder.title, alt, plot, ("Day", "How far contact got"), rows, (RungReached.TOPIC,))


def _outline(path: Sequence[tuple[str, str]], rank: Mapping[str, int]) -> list[tuple[str, str]]:
    """The contacts that shape the line: of each day the first, the lowest, the highest and the last.

    A day is one place on the axis, so the line through them is the line through all.
    """
    shaped: list[tuple[str, str]] = []
    for _, contacts in groupby(path, key=itemgetter(0)):
        of_day = list(contacts)
        places = [rank[rung] for _, rung in of_day]
        shaped += [
            of_day[n] for n in sorted({0, places.index(min(places)), places.index(max(places)), len(of_day) - 1})
        ]
    return shaped


def _shade(place: int, size: int) -> str:
    """From a quiet grey-blue to a strong green: no colour on this scale means that somebody failed."""
    share = place / max(1, size - 1)
    low, high = (0x7A, 0x8B, 0x9C), (0x00, 0x69, 0x5C)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))
