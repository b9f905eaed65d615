"""A report as one HTML file that needs nothing else: its drawings are inside it, and it runs no script."""

from __future__ import annotations

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from reports.blocks import FigureBlock, Logo
from reports.compact import Compact
from reports.disclosure import Report
from reports.figure_as_svg import figure_as_svg

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "report.css").read_text("utf-8")
ALONE = (
    "body{margin:0 "
    "auto;max-width:60rem;padding:1.5rem;color:#1d2733;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid "
    "#c9d3dc}.quiet,footer{color:#4a5866}.scroll{overflow-x:auto}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem;padding:0;list-style:none}"
    ".tiles li{border:1px solid #c9d3dc;border-top:5px solid #00695c;border-radius:.6rem;padding:.7rem 1rem}.tiles "
    "span{display:block;color:#4a5866}.tiles strong{font-size:1.25rem}"
)
"""What the pages of the service say elsewhere, for a file on its own."""


def drawing(block: FigureBlock) -> str:
    """A figure as the address of a picture that lies inside the page."""
    svg = figure_as_svg(block.figure.plot, height=block.height)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def picture(logo: Logo) -> str:
    """A logo as the address of a picture that lies inside the page."""
    return "data:image/png;base64," + base64.b64encode(logo.picture).decode()


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, extensions=[Compact],
)  # fmt: skip
_environment.filters["drawing"] = drawing
_environment.filters["picture"] = picture


def as_html(report: Report) -> str:
    """The report as a whole HTML file."""
    return _environment.get_template("whole.html").render(report=report, style=STYLE + ALONE)
