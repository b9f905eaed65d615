"""How far each contact got, as a student's own page draws it: dots for contacts, a line for the middle of the latest
ten, and around it what bears on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import plotly.graph_objects as go

from ap_ledger.events.entries import RungReached
from frameworks import Definition
from projections.fold.climb import middles
from reports.figures import BLUE, FONT, GREEN, INK, QUIET, RULE, Figure, lay_out
from reports.print_words import wrapped

PLUM, ON_SITE, MIDDLE, PAGE = "#6d3470", "#d9eee8", "#b9e0d7", "#ffffff"
NOBODY_THERE = 0
"""The place of the lowest rung, on which nobody was reached: it is shown as a tick, and the line goes by without it."""
LINE_FROM = 4
"""With fewer contacts there are dots and no line."""
ROW, LINE, LETTER, LABELS = 26, 17, 13, 172
"""The height of a rung and of a line of its name, the size of letters and the room for names, in pixels."""
FEW_DAYS, DAY = timedelta(days=9), 86_400_000
"""Over so few days every day is named; a day in milliseconds, as the script counts."""
APART = 0.16
"""Names of what happened around them stand at least so far apart, as a share of the time shown."""


class Around(NamedTuple):
    """Something outside that bears on learning, on an ISO date, in words."""

    day: str
    words: str


def contacts_over_time(
    ladder: Definition,
    climbed: Mapping[str, Any],
    own: Mapping[str, str],
    around: Sequence[Around] = (),
    known_later: Sequence[tuple[str, str]] = (),
) -> Figure:
    """The contacts of one student on one ladder.

    `own` says what a student's own steps are called. `known_later` are days and rungs of contacts that were recorded
    only after the time as of which this is known.
    """
    path = [(day, rung) for day, rung in climbed["path"] if rung is not None]
    rungs = [rung for rung, _ in ladder.climb()]
    reached = {rung for _, rung in (*path, *known_later)}
    place = {rung: ladder.place(rung) for rung in reached}
    called = {rung: own.get(rung) or ladder.label_of(rung) or rung for rung in reached}
    sites = {number for number, rung in enumerate(rungs) if rung.on_site}

    def dots(contacts: Sequence[tuple[str, str]], name: str, marker: Mapping[str, Any]) -> go.Scatter:
        return go.Scatter(
            x=[day for day, _ in contacts],
            y=[place[rung] for _, rung in contacts],
            text=[called[rung] for _, rung in contacts],
            name=name,
            mode="markers",
            marker=marker,
            hovertemplate="%{x|%a %-d %b %Y}<br>%{text}<extra></extra>",
        )

    met = [(day, rung) for day, rung in path if place[rung] != NOBODY_THERE]
    plot = go.Figure(
        [
            *_middle([day for day, _ in met], [place[rung] for _, rung in met]),
            dots(
                [(day, rung) for day, rung in met if place[rung] not in sites],
                "visit",
                {"size": 9, "color": PAGE, "line": {"width": 2, "color": BLUE}},
            ),
            dots([(day, rung) for day, rung in met if place[rung] in sites], "on site", {"size": 9, "color": BLUE}),
            dots(
                [(day, rung) for day, rung in path if place[rung] == NOBODY_THERE],
                "nobody there",
                {"size": 11, "symbol": "line-ns-open", "color": QUIET, "line": {"width": 2, "color": QUIET}},
            ),
            dots(
                known_later,
                "known later",
                {"size": 15, "symbol": "circle-open-dot", "color": PLUM, "line": {"width": 2, "color": PLUM}},
            ),
        ]
    )
    names = [line_ends(rung.short or rung.label) for rung in rungs]
    tallest = max(name.count("<br>") + 1 for name in names)
    lay_out(plot, 62 + len(rungs) * max(ROW, tallest * LINE), LABELS)
    plot.update_layout(font={"family": FONT, "size": LETTER, "color": INK}, margin={"t": 22, "b": 34, "l": LABELS})
    plot.update_yaxes(
        tickvals=list(range(len(rungs))),
        ticktext=names,
        range=[-0.6, len(rungs) - 0.4],
        gridcolor=RULE,
        zeroline=False,
        fixedrange=True,
        # The mark of a name is not seen; it keeps the name a little away from the drawing.
        ticks="outside",
        ticklen=8,
        tickcolor="rgba(0,0,0,0)",
    )
    plot.update_xaxes(type="date", tickformat="%-d %b", showgrid=False, linecolor=RULE, fixedrange=True, nticks=7)
    days = [day for day, _ in (*path, *known_later)]
    first, last = _span(days)
    plot.update_xaxes(range=[first.isoformat(), last.isoformat()])
    if last - first <= FEW_DAYS:
        # Left to itself, the script divides days, and says each of them several times.
        plot.update_xaxes(dtick=DAY, tick0=first.isoformat(), nticks=0)
    starts = ladder.place(climbed["baseline"]) if climbed["baseline"] else None
    seen_around = [bearing for bearing in around if first.isoformat() <= bearing.day <= last.isoformat()]
    plot.update_layout(
        meta={"ladder": ladder.key},
        shapes=[*_on_site(sites, len(rungs)), *_started(starts), *map(_line_of, seen_around)],
        annotations=[*_site_words(sites), *_words_around(seen_around, first, last)],
    )
    alt = (
        f"{climbed['contacts']} {'contact' if climbed['contacts'] == 1 else 'contacts'}. Started: "
        f"{ladder.label_of(climbed['baseline']) or 'not known yet'}. "
        f"Latest: {ladder.label_of(climbed['latest']) or 'not known yet'}."
    )
    rows = [(day, called[rung]) for day, rung in reversed(path)]
    return Figure(ladder.title, alt, plot, ("Day", "How far contact got"), rows, (RungReached.TOPIC,))


def line_ends(name: str, room: int = LABELS - 14) -> str:
    """A name in as many lines as it needs in some room, so that none is ever cut."""
    return "<br>".join(wrapped(name, room, LETTER, most=99))


def _middle(days: Sequence[str], places: Sequence[int]) -> list[go.Scatter]:
    """The middle of the latest ten contacts as a line, in a band of the middle six."""
    told = [(day, middle) for day, middle in zip(days, middles(places), strict=True) if middle is not None]
    if len(days) < LINE_FROM:
        return []
    on = [day for day, _ in told]
    bound: dict[str, Any] = {"x": on, "mode": "lines", "hoverinfo": "skip"}
    return [
        go.Scatter(**bound, y=[middle.low for _, middle in told], line={"width": 0, "color": MIDDLE}),
        go.Scatter(
            **bound,
            y=[middle.high for _, middle in told],
            line={"width": 0, "color": MIDDLE},
            fill="tonexty",
            fillcolor=MIDDLE,
            name="middle six",
        ),
        go.Scatter(
            **bound, y=[middle.middle for _, middle in told], line={"width": 2.5, "color": GREEN}, name="middle ten"
        ),
    ]


def _span(days: Sequence[str]) -> tuple[date, date]:
    """The first and the last day of the axis, with a little room on either side."""
    if not days:
        return date.min, date.max
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    pad = max(timedelta(days=1), (last - first) / 40)
    return first - pad, last + pad


def _on_site(sites: set[int], rungs: int) -> list[dict[str, Any]]:
    across = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "line": {"width": 0}, "layer": "below"}
    return [{**across, "y0": min(sites) - 0.5, "y1": rungs - 0.5, "fillcolor": ON_SITE}] if sites else []


def _started(place: int | None) -> list[dict[str, Any]]:
    """A dashed line where they started."""
    if place is None:
        return []
    line = {"color": INK, "width": 1.25, "dash": "dash"}
    return [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": place, "y1": place, "line": line}]


def _line_of(bearing: Around) -> dict[str, Any]:
    line = {"color": PLUM, "width": 1.75}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1.02, "x0": bearing.day, "x1": bearing.day, "line": line}


def _site_words(sites: set[int]) -> list[dict[str, Any]]:
    if not sites:
        return []
    here = {"xref": "paper", "x": 0.01, "xanchor": "left", "y": max(sites) + 0.4, "yanchor": "top", "showarrow": False}
    return [{**here, "text": "On site", "font": {"color": GREEN, "size": LETTER, "weight": 700}}]


def _words_around(around: Sequence[Around], first: date, last: date) -> list[dict[str, Any]]:
    """What each line is called, above it; where two would touch, the later one is left to the diary."""
    told: list[dict[str, Any]] = []
    before = -1.0
    for bearing in sorted(around):
        at = (date.fromisoformat(bearing.day) - first) / (last - first)
        if at - before < APART and told:
            continue
        before = at
        side = "left" if at < 0.7 else "right"
        here = {"x": bearing.day, "xanchor": side, "yref": "paper", "y": 1, "yanchor": "bottom", "showarrow": False}
        told.append({**here, "text": bearing.words, "font": {"color": PLUM, "size": LETTER, "weight": 700}})
    return told
