"""Figures of a period: attendance week by week, themes then and now, the week by slot, faces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import plotly.graph_objects as go

from projections.fold.cells import DatedCell
from projections.outcomes import Seen
from projections.queries.period_facts import Cells, ThemeFacts, attendance_of
from reports.figures import BLUE, GREEN, INK, QUIET, RULE, Figure, lay_out
from reports.print_words import names_with_line_ends
from reports.seen_by_slot import SLOT_ORDER

PALE, STRONG = "#eef2f6", "#6fc2b4"


class Week(NamedTuple):
    """A week's sessions: those attended, those offered and not attended, and those about which two people said
    different things."""

    monday: str
    attended: int
    absent: int
    disputed: int

    @property
    def offered(self) -> int:
        """All that could have been attended."""
        return self.attended + self.absent + self.disputed


def weeks_attended(weeks: Sequence[Week]) -> Figure | None:
    """Sessions attended and sessions offered but not attended, by week. None where nothing was offered."""
    weeks = [week for week in weeks if week.offered]
    if not weeks:
        return None
    names = [_week(week.monday) for week in weeks]
    came, not_, open_ = ([getattr(week, name) for week in weeks] for name in ("attended", "absent", "disputed"))
    said_differently = go.Bar(
        x=names,
        y=open_,
        name="Said differently",
        marker={"color": "#e6c567"},
        hovertemplate="%{x}: %{y} said differently<extra></extra>",
    )
    plot = go.Figure(
        [
            go.Bar(
                x=names,
                y=came,
                name="Attended",
                marker={"color": GREEN},
                text=[str(times) if times else "" for times in came],
                hovertemplate="%{x}: %{y} attended<extra></extra>",
            ),
            go.Bar(
                x=names,
                y=not_,
                name="Offered, not attended",
                marker={"color": "#c9d3dc"},
                text=["" for _ in not_],
                hovertemplate="%{x}: %{y} not attended<extra></extra>",
            ),
            *([said_differently] if any(open_) else []),
        ]
    )
    lay_out(plot, 240, 44)
    plot.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.15, "x": 0},
        margin={"l": 44, "r": 16, "t": 32, "b": 44},
    )
    plot.update_xaxes(type="category", linecolor=QUIET)
    plot.update_yaxes(gridcolor=RULE, zeroline=False)
    alt = f"Attended {sum(came)} of {sum(week.offered for week in weeks)} sessions offered, over {len(weeks)} weeks."
    if any(open_):
        alt += f" About {sum(open_)} two people said different things."
    rows = [(_week(week.monday), week.attended, week.offered) for week in weeks]
    return Figure("Sessions, week by week", alt, plot, ("Week from", "Attended", "Offered"), rows)


def themes_then_and_now(facts: ThemeFacts) -> Figure | None:
    """Of what was looked for, the share seen at the start and lately, theme by theme.

    None where nothing can be compared.
    """
    then, now = by_theme(facts.baseline), by_theme(facts.latest)
    themes = [item.id for item in facts.framework.items if item.id in then or item.id in now]
    rows = [(facts.framework.labels[theme], then.get(theme), now.get(theme)) for theme in reversed(themes)]
    if not any(before and before[1] and after and after[1] for _, before, after in rows):
        return None
    names = [name for name, _, _ in rows]
    before, after = [_percent(cell) for _, cell, _ in rows], [_percent(cell) for _, _, cell in rows]
    plot = go.Figure(
        [
            *(
                go.Scatter(
                    x=[a, b],
                    y=[name, name],
                    mode="lines",
                    line={"color": RULE, "width": 4},
                    showlegend=False,
                    hoverinfo="skip",
                )
                for name, a, b in zip(names, before, after, strict=True)
                if a is not None and b is not None
            ),
            go.Scatter(
                x=before,
                y=names,
                mode="markers",
                name="At the start",
                marker={"symbol": "square", "size": 11, "color": QUIET},
                hovertemplate="%{y}: %{x:.0f} % at the start<extra></extra>",
            ),
            go.Scatter(
                x=after,
                y=names,
                mode="markers",
                name="Lately",
                marker={"size": 14, "color": GREEN},
                hovertemplate="%{y}: %{x:.0f} % lately<extra></extra>",
            ),
        ]
    )
    lay_out(plot, 70 + 40 * len(names), 200)
    plot.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.2, "x": 0}, margin={"l": 200, "r": 24, "t": 32, "b": 32}
    )
    plot.update_xaxes(range=[0, 100], ticksuffix=" %", gridcolor=RULE, zeroline=False)
    plot.update_yaxes(
        type="category", showgrid=False, tickvals=names, ticktext=names_with_line_ends(names, 200, most=2)
    )
    table = [(name, _of(a), _of(b)) for name, a, b in reversed(rows)]
    alt = (
        "How much of what was looked for was seen. "
        + "; ".join(f"{name}: at the start {a}, lately {b}" for name, a, b in table)
        + "."
    )
    return Figure(facts.framework.title, alt, plot, ("Theme", "At the start", "Lately"), table)


def week_by_slot(facts: ThemeFacts) -> Figure | None:
    """The share seen in each week and kind of slot. None where nothing was looked for in a slot."""
    kinds = [kind for kind in SLOT_ORDER if any(slot_kind == kind for _, slot_kind in facts.weeks)]
    weeks = sorted({week for week, _ in facts.weeks})
    if not kinds or not weeks:
        return None
    cells = [[facts.weeks.get((week, kind)) for week in weeks] for kind in kinds]
    names, titles = [_week(week) for week in weeks], [kind.replace("-", " ").capitalize() for kind in kinds]
    plot = go.Figure(
        go.Heatmap(
            z=[[cell[0] / cell[1] if cell and cell[1] else None for cell in row] for row in cells],
            x=names,
            y=titles,
            text=[[f"{cell[0]}/{cell[1]}" if cell and cell[1] else "" for cell in row] for row in cells],
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            xgap=3,
            ygap=3,
            showscale=False,
            textfont={"color": INK},
            colorscale=[[0, PALE], [1, STRONG]],
            hovertemplate="%{y}, week of %{x}: %{text}<extra></extra>",
        )
    )
    lay_out(plot, 60 + 34 * len(kinds), 110)
    plot.update_yaxes(autorange="reversed", type="category")
    plot.update_xaxes(side="top", type="category")
    plot.update_layout(margin={"l": 110, "r": 12, "t": 36, "b": 12})
    rows = [
        (title, *(f"{cell[0]} of {cell[1]}" if cell and cell[1] else "–" for cell in row))
        for title, row in zip(titles, cells, strict=True)
    ]
    best = max(
        (
            (sum(c[0] for c in row if c) / max(1, sum(c[1] for c in row if c)), title)
            for title, row in zip(titles, cells, strict=True)
        ),
        default=(0, ""),
    )
    alt = f"Seen of looked for, by week and kind of slot, over {len(weeks)} weeks. Most was seen in: {best[1]}."
    return Figure("The week, slot by slot", alt, plot, ("Slot", *names), rows)


def faces_chosen(chosen: Sequence[int]) -> Figure | None:
    """How often each of five faces was chosen. None where none was."""
    if not sum(chosen):
        return None
    words = ["Very low", "Low", "Okay", "Good", "Great"]
    plot = go.Figure(
        go.Bar(
            y=words,
            x=list(chosen),
            orientation="h",
            marker={"color": BLUE},
            text=[str(times) for times in chosen],
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )
    lay_out(plot, 210, 80)
    plot.update_xaxes(showgrid=False, showticklabels=False, zeroline=False, range=[0, max(5, *chosen) * 1.15])
    plot.update_yaxes(type="category")
    plot.update_layout(margin={"l": 80, "r": 24, "t": 8, "b": 8})
    alt = (
        "Faces chosen after we met: "
        + ", ".join(f"{word.lower()} {times}" for word, times in zip(words, chosen, strict=True) if times)
        + "."
    )
    return Figure("How I felt", alt, plot, ("Face", "Times"), list(zip(words, chosen, strict=True)))


def weeks_of(days: Cells) -> list[Week]:
    """Each week of these days, of one student or of several."""
    by_week: dict[str, list[DatedCell]] = {}
    for day, cell in days:
        on = date.fromisoformat(day)
        by_week.setdefault((on - timedelta(days=on.weekday())).isoformat(), []).append((day, cell))
    sums = [(monday, attendance_of(some)) for monday, some in sorted(by_week.items())]
    return [Week(monday, week.attended, week.absent, week.disputed) for monday, week in sums]


def by_theme(counts: Seen) -> dict[str, list[int]]:
    """Counts by theme alone."""
    themes: dict[str, list[int]] = {}
    for (theme, _), (seen, of) in counts.items():
        cell = themes.setdefault(theme, [0, 0])
        cell[0], cell[1] = cell[0] + seen, cell[1] + of
    return themes


def by_kind(counts: Seen) -> dict[str, list[int]]:
    """Counts by kind of slot alone."""
    return by_theme({(kind, theme): cell for (theme, kind), cell in counts.items()})


def _percent(cell: Sequence[int] | None) -> float | None:
    return 100 * cell[0] / cell[1] if cell and cell[1] else None


def _of(cell: Sequence[int] | None) -> str:
    return f"{cell[0]} of {cell[1]}" if cell and cell[1] else "not looked for"


def _week(monday: str) -> str:
    on = date.fromisoformat(monday)
    return f"{on.day} {on:%b}"
