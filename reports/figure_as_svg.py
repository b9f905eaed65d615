"""Turns a Plotly figure into plain SVG for print: the same figure that the browser draws, without a browser.

It knows the traces and layout attributes that our figures use, and raises for everything else, so that a report never
has a hole where a chart should be. The SVG has no styles, no scripts and no embedded fonts: what every engine draws
alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from reports.print_axis import Axis
from reports.print_words import width_of, wrapped
from reports.printable import printable

FONT = "Atkinson Hyperlegible Next"
INK, QUIET, RULE = "#1d2733", "#4a5866", "#d8dfe6"
DASHES = {"solid": "", "dot": "2 4", "dash": "7 5"}
AXIS = frozenset(
    {"type", "tickvals", "ticktext", "range", "autorange", "side", "tickformat", "gridcolor", "linecolor", "zeroline",
    "showgrid", "title", "categoryorder",
     "showticklabels", "tickmode", "fixedrange", "ticksuffix"}
)  # fmt: skip
LAYOUT = frozenset(
    {"template", "height", "width", "margin", "font", "paper_bgcolor", "plot_bgcolor", "showlegend", "hoverlabel",
    "xaxis", "yaxis", "shapes", "annotations",
     "legend", "barmode", "bargap", "meta"}
)  # fmt: skip
TRACES: Mapping[str, frozenset[str]] = {
    "scatter": frozenset(
        {
            "type",
            "x",
            "y",
            "mode",
            "line",
            "marker",
            "text",
            "hovertemplate",
            "name",
            "textposition",
            "showlegend",
            "hoverinfo",
            "connectgaps",
        }
    ),
    "bar": frozenset(
        {
            "type",
            "x",
            "y",
            "orientation",
            "marker",
            "text",
            "textposition",
            "name",
            "hovertemplate",
            "base",
            "showlegend",
            "error_x",
            "width",
        }
    ),
    "heatmap": frozenset(
        {
            "type",
            "z",
            "x",
            "y",
            "text",
            "texttemplate",
            "zmin",
            "zmax",
            "xgap",
            "ygap",
            "showscale",
            "textfont",
            "colorscale",
            "hovertemplate",
        }
    ),
}
LINE = frozenset({"shape", "color", "width", "dash"})
MARKER = frozenset({"color", "size", "symbol", "line"})
SHAPE = frozenset({"type", "x0", "x1", "y0", "y1", "xref", "yref", "fillcolor", "opacity", "line", "layer"})
NOTE = frozenset({"x", "y", "text", "showarrow", "xref", "yref", "xanchor", "yanchor", "font"})


class Unprintable(Exception):
    """A figure uses something that print cannot draw; says what."""


def figure_as_svg(plot: go.Figure, width: int = 680, height: int | None = None) -> str:
    """The figure as SVG, `width` by `height` in CSS pixels. Raises Unprintable."""
    made = plot.to_plotly_json()
    layout, traces = made["layout"], made["data"]
    _check("layout", layout, LAYOUT)
    for name in ("xaxis", "yaxis"):
        _check(name, layout.get(name, {}), AXIS)
    for trace in traces:
        kind = trace.get("type", "scatter")
        if kind not in TRACES:
            raise Unprintable(f"a trace of type {kind}")
        _check(kind, trace, TRACES[kind])
        _check("line", trace.get("line", {}), LINE)
        _check("marker", trace.get("marker", {}), MARKER)
    return _Drawing(layout, traces, width, height or layout.get("height") or 320).svg()


def _check(what: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in given:
        if name not in known:
            raise Unprintable(f"{what}.{name}")


class _Drawing:
    """One figure on its way into SVG."""

    def __init__(self, layout: Mapping[str, Any], traces: Sequence[Mapping[str, Any]], width: int, height: int) -> None:
        self.layout, self.traces, self.width, self.height = layout, traces, width, height
        margin = layout.get("margin", {})
        self.left, self.right = margin.get("l", 60), width - margin.get("r", 16)
        self.top, self.bottom = margin.get("t", 12), height - margin.get("b", 40)
        self.size = layout.get("font", {}).get("size", 12) - 1
        bars = [trace for trace in traces if trace.get("type") == "bar"]
        self.x = Axis(
            layout.get("xaxis", {}),
            self._values("x"),
            self.left,
            self.right,
            bool(bars) and bars[0].get("orientation") == "h",
        )
        self.y = Axis(
            layout.get("yaxis", {}),
            self._values("y"),
            self.bottom,
            self.top,
            bool(bars) and bars[0].get("orientation") != "h",
        )
        self.drawn: list[str] = []

    def _values(self, name: str) -> list[Any]:
        values: list[Any] = []
        for trace in self.traces:
            values += trace.get(name, ())
            base = trace.get("base")
            if base is not None and trace.get("orientation", "v")[0] == ("h" if name == "x" else "v"):
                values += [start + length for start, length in zip(base, trace[name], strict=True)]
        stacked = self.layout.get("barmode") == "stack"
        if stacked and name == "y":
            sums: dict[Any, float] = {}
            for trace in self.traces:
                for where, value in zip(trace["x"], trace["y"], strict=True):
                    sums[where] = sums.get(where, 0) + (value or 0)
            values += sums.values()
        return values

    def svg(self) -> str:
        """The whole drawing."""
        self._shapes("below")
        self._axes()
        done: dict[Any, float] = {}
        bars = [trace for trace in self.traces if trace.get("type") == "bar"]
        for trace in self.traces:
            kind = trace.get("type", "scatter")
            if kind == "scatter":
                self._scatter(trace)
            elif kind == "bar":
                self._bars(trace, bars, done)
            else:
                self._heatmap(trace)
        self._shapes("above")
        self._notes()
        self._legend()
        inner = "".join(self.drawn)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}">{inner}</svg>'
        )

    def _text(
        self,
        x: float,
        y: float,
        text: Any,
        anchor: str = "start",
        fill: str = INK,
        size: float | None = None,
        weight: int = 400,
    ) -> None:
        words = escape(printable(str(text)))
        self.drawn.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size or self.size:g}" font-weight="{weight}" '
            f'text-anchor="{anchor}" '
            f'fill="{fill}" font-family="{FONT}">{words}</text>'
        )

    def _line(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 1, dash: str = "") -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.drawn.append(
            f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" '
            f'stroke-width="{width:g}"{dashed}/>'
        )

    def _rect(self, x: float, y: float, width: float, height: float, fill: str, more: str = "") -> None:
        self.drawn.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}" '
            f'fill="{fill}"{more}/>'
        )

    def _inside(self, middle: float, words: str) -> float:
        """Where words must be centred so that neither end of them lies outside the drawing."""
        half = width_of(words, self.size) / 2 + 1
        return max(half, min(middle, self.width - half))

    def _axes(self) -> None:
        grid = self.y.said.get("showgrid", True) and self.y.kind != "category"
        names = self.y.ticks()
        most = int(abs(self.bottom - self.top) / max(1, len(names)) / (self.size * 1.03))
        for at, label in names:
            if grid and _visible(self.y.said.get("gridcolor", RULE)):
                self._line(self.left, at, self.right, at, self.y.said.get("gridcolor", RULE))
            lines = wrapped(label, self.left - 12, self.size, max(1, min(4, most)))
            for n, line in enumerate(lines):
                self._text(self.left - 8, at + self.size * (0.36 + n - (len(lines) - 1) / 2), line, "end")
        ticks, above = self.x.ticks(), self.x.said.get("side") == "top"
        room = (self.right - self.left) / max(1, len(ticks))
        for at, label in ticks:
            if (
                self.x.kind == "linear"
                and self.x.said.get("showgrid", True)
                and _visible(self.x.said.get("gridcolor", RULE))
            ):
                self._line(at, self.top, at, self.bottom, self.x.said.get("gridcolor", RULE))
            for n, line in enumerate(lines := wrapped(label, room, self.size)):
                y = self.top - 10 - self.size * (len(lines) - 1 - n) if above else self.bottom + self.size * (1.5 + n)
                self._text(self._inside(at, line), y, line, "middle", QUIET if not above else INK)
        if _visible(self.x.said.get("linecolor", "")):
            self._line(self.left, self.bottom, self.right, self.bottom, self.x.said["linecolor"])
        title = (self.x.said.get("title") or {}).get("text")
        if title:
            self._text((self.left + self.right) / 2, self.height - 4, title, "middle", QUIET)

    def _scatter(self, trace: Mapping[str, Any]) -> None:
        mode, line, marker = trace.get("mode", "lines"), trace.get("line", {}), trace.get("marker", {})
        places = [
            (self.x.at(x), self.y.at(y)) if y is not None else None for x, y in zip(trace["x"], trace["y"], strict=True)
        ]
        if "lines" in mode:
            drawn, before = "", None
            for place in places:
                if place is None:
                    before = None if not trace.get("connectgaps") else before
                    continue
                if before is None:
                    drawn += f"M{place[0]:.1f} {place[1]:.1f}"
                else:
                    drawn += (
                        f"H{place[0]:.1f}V{place[1]:.1f}"
                        if line.get("shape") == "hv"
                        else f"L{place[0]:.1f} {place[1]:.1f}"
                    )
                before = place
            dash = DASHES[line.get("dash", "solid")]
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            self.drawn.append(
                f'<path d="{drawn}" fill="none" stroke="{line.get("color", INK)}" '
                f'stroke-width="{line.get("width", 2):g}" stroke-linejoin="round"{dashed}/>'
            )
        colours, sizes = marker.get("color", INK), marker.get("size", 6)
        for n, place in enumerate(places):
            if place is None:
                continue
            if "markers" in mode:
                colour = colours if isinstance(colours, str) else colours[n]
                across = (sizes if isinstance(sizes, (int, float)) else sizes[n]) / 2
                edge = f' stroke="#ffffff" stroke-width="{marker["line"]["width"]:g}"' if marker.get("line") else ""
                if marker.get("symbol", "circle") == "square":
                    self._rect(place[0] - across, place[1] - across, 2 * across, 2 * across, colour, edge)
                else:
                    self.drawn.append(
                        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{across:g}" fill="{colour}"{edge}/>'
                    )
            if "text" in mode:
                words = str(trace["text"][n])
                ends = place[0] + 8 + width_of(words, self.size) > self.width
                self._text(
                    place[0] + (-8 if ends else 8), place[1] + self.size * 0.36, words, "end" if ends else "start"
                )

    def _bars(self, trace: Mapping[str, Any], bars: Sequence[Mapping[str, Any]], done: dict[Any, float]) -> None:
        lying, stacked = trace.get("orientation") == "h", self.layout.get("barmode") == "stack"
        across, along = (self.y, self.x) if lying else (self.x, self.y)
        step = abs(across.high - across.low) / max(1, len(across.names))
        beside = 1 if stacked or self.layout.get("barmode") == "overlay" else len(bars)
        thick = step * (1 - self.layout.get("bargap", 0.2)) / beside * (trace.get("width") or 1)
        names, values = (trace["y"], trace["x"]) if lying else (trace["x"], trace["y"])
        colours, texts = trace.get("marker", {}).get("color", QUIET), trace.get("text") or [""] * len(names)
        for n, (name, value) in enumerate(zip(names, values, strict=True)):
            if value is None:
                continue
            start = trace["base"][n] if trace.get("base") is not None else done.get(name, 0) if stacked else 0
            done[name] = start + value
            middle = across.at(name) + (bars.index(trace) - (beside - 1) / 2) * thick * (1 if beside > 1 else 0)
            low, high = sorted((along.at(start), along.at(start + value)))
            colour = colours if isinstance(colours, str) else colours[n]
            if lying:
                self._rect(low, middle - thick / 2, high - low, thick, colour, ' rx="3"')
                self._text(high + 6, middle + self.size * 0.36, texts[n], weight=700)
            else:
                self._rect(middle - thick / 2, low, thick, high - low, colour, ' rx="3"' if not stacked else "")
                if texts[n] != "" and (not stacked or high - low > self.size + 4):
                    self._text(
                        middle,
                        low - 5 if not stacked else (low + high) / 2 + self.size * 0.36,
                        texts[n],
                        "middle",
                        INK if not stacked else _on(colour),
                        weight=700,
                    )

    def _heatmap(self, trace: Mapping[str, Any]) -> None:
        wide = abs(self.x.high - self.x.low) / max(1, len(self.x.names))
        tall = abs(self.y.high - self.y.low) / max(1, len(self.y.names))
        low, high = trace.get("zmin", 0), trace.get("zmax", 1)
        for row, name in enumerate(trace["y"]):
            for column, column_name in enumerate(trace["x"]):
                value = trace["z"][row][column]
                x, y = self.x.at(column_name) - wide / 2, self.y.at(name) - tall / 2
                colour = "#ffffff" if value is None else _shade(trace["colorscale"], (value - low) / (high - low))
                self._rect(
                    x + 1.5,
                    y + 1.5,
                    wide - 3,
                    tall - 3,
                    colour,
                    ' rx="2"' if value is not None else f' rx="2" stroke="{RULE}" stroke-width="1"',
                )
                label = trace["text"][row][column] if trace.get("text") is not None else ""
                if label and trace.get("texttemplate"):
                    self._text(
                        x + wide / 2,
                        y + tall / 2 + self.size * 0.36,
                        label,
                        "middle",
                        _on(colour),
                        min(self.size, wide / max(3, len(str(label))) * 1.8),
                    )

    def _shapes(self, layer: str) -> None:
        for shape in self.layout.get("shapes", ()):
            _check("shape", shape, SHAPE)
            if shape.get("layer", "above") != layer:
                continue
            x0, x1 = (
                self.x.at(shape[name])
                if shape.get("xref", "x") == "x"
                else self.left + shape[name] * (self.right - self.left)
                for name in ("x0", "x1")
            )
            y0, y1 = (
                self.y.at(shape[name])
                if shape.get("yref", "y") == "y"
                else self.bottom - shape[name] * (self.bottom - self.top)
                for name in ("y0", "y1")
            )
            line = shape.get("line", {})
            if shape["type"] == "line":
                self._line(
                    x0, y0, x1, y1, line.get("color", QUIET), line.get("width", 1), DASHES[line.get("dash", "solid")]
                )
            elif shape["type"] == "rect":
                self._rect(
                    min(x0, x1),
                    min(y0, y1),
                    abs(x1 - x0),
                    abs(y1 - y0),
                    shape.get("fillcolor", RULE),
                    f' fill-opacity="{shape.get("opacity", 1):g}"',
                )
            else:
                raise Unprintable(f"a shape of type {shape['type']}")

    def _notes(self) -> None:
        for note in self.layout.get("annotations", ()):
            _check("annotation", note, NOTE)
            if note.get("showarrow"):
                raise Unprintable("an annotation with an arrow")
            x = (
                self.x.at(note["x"])
                if note.get("xref", "x") == "x"
                else self.left + note["x"] * (self.right - self.left)
            )
            y = (
                self.y.at(note["y"])
                if note.get("yref", "y") == "y"
                else self.bottom - note["y"] * (self.bottom - self.top)
            )
            anchor = {"left": "start", "right": "end"}.get(note.get("xanchor", "center"), "middle")
            self._text(
                x,
                y + self.size * {"top": 1.0, "bottom": -0.25}.get(note.get("yanchor", "middle"), 0.36),
                note["text"],
                anchor,
                QUIET,
                weight=700,
            )

    def _legend(self) -> None:
        if not self.layout.get("showlegend"):
            return
        x = self.left
        for trace in self.traces:
            if trace.get("showlegend") is False:
                continue
            colour = trace.get("marker", {}).get("color") or trace.get("line", {}).get("color", INK)
            round_ = (
                trace.get("type", "scatter") == "scatter"
                and trace.get("marker", {}).get("symbol", "circle") == "circle"
            )
            self._rect(x, 4, 12, 12, colour if isinstance(colour, str) else colour[0], f' rx="{6 if round_ else 2}"')
            self._text(x + 18, 14, trace.get("name", ""))
            x += 34 + width_of(str(trace.get("name", "")), self.size)


def _visible(colour: str) -> bool:
    return bool(colour) and not colour.replace(" ", "").endswith(",0)")


def _numbers(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _shade(scale: Sequence[Sequence[Any]], share: float) -> str:
    """A colour between the two ends of a scale."""
    if len(scale) != 2:
        raise Unprintable("a colour scale that has not two ends")
    low, high = _numbers(scale[0][1]), _numbers(scale[1][1])
    share = max(0.0, min(1.0, share))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _on(colour: str) -> str:
    """Ink or white, whichever can be read on a colour."""
    red, green, blue = _numbers(colour) if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else (255, 255, 255)
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"
