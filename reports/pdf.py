"""A report as an accessible PDF (PDF/UA-1), by Typst: no browser, no system fonts, the same bytes everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import typst

from ap_ledger import __version__
from reports.blocks import Banner, Block, FigureBlock, Heading, Listing, Page, Paragraph, Quote, Shown, Table, Tiles
from reports.disclosure import Report
from reports.print_figure import print_figure
from reports.printable import FONTS, printable

TEMPLATE = Path(__file__).with_name("report.typ")
SIZES = {"family": 12.5}
"""Letter sizes in points, by audience: what children and families read is printed larger."""


WIDE = 9
"""A report with a table of more columns is printed on its side."""


def as_pdf(report: Report) -> bytes:
    """The report as PDF/UA-1. Raises TypstError where it cannot be made accessible, rather than making it less so."""
    made: bytes = _compile(report, format="pdf", pdf_standards=["ua-1"])
    return made


def as_pictures(report: Report, ppi: float = 80) -> list[bytes]:
    """Every page as a PNG, as it will be printed."""
    made = _compile(report, format="png", ppi=ppi)
    return made if isinstance(made, list) else [made]


def _compile(report: Report, **how: Any) -> Any:
    return typst.compile(
        str(TEMPLATE), font_paths=[str(FONTS)], ignore_system_fonts=True, sys_inputs={"report": orjson.dumps(_printed(report)).decode()}, **how
    )


def _printed(report: Report) -> dict[str, Any]:
    said = {
        "title": report.title, "author": f"AP Ledger {__version__}", "foot": report.foot, "language": report.language,
        "size": SIZES.get(str(report.facts.get("audience")), 10.5), "blocks": list(_blocks(report.blocks)),
        "landscape": any(isinstance(block, Table) and len(block.turned.columns) > WIDE for block in report.blocks),
    }  # fmt: skip
    made: dict[str, Any] = _safe(said)
    return made


def _blocks(blocks: Iterable[Block]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        match block:
            case Banner(title=title, sub=sub):
                yield {"kind": "banner", "title": title, "sub": sub}
            case Heading(text=text, level=level):
                yield {"kind": "heading", "text": text, "level": level}
            case Paragraph(text=text, quiet=quiet):
                yield {"kind": "paragraph", "text": text, "quiet": quiet}
            case Listing(items=items):
                yield {"kind": "list", "items": list(items)}
            case Quote(text=text, who=who):
                yield {"kind": "quote", "text": text, "who": who}
            case Tiles(items=items):
                yield {"kind": "tiles", "items": [(name, _text(value)) for name, value in items]}
            case Table():
                block = block.turned
                caption = f"{block.caption}. {block.note}" if block.note else block.caption
                rows = [[_text(cell) for cell in row] for row in block.rows]
                yield {"kind": "table", "caption": caption, "columns": [column.label for column in block.columns], "rows": rows}
            case FigureBlock(figure=figure, height=height):
                yield {"kind": "figure", "title": figure.title, "alt": figure.alt, "svg": print_figure(figure.plot, height=height)}
            case Page():
                yield {"kind": "page"}
            case _:
                raise TypeError(f"a block that print does not know: {type(block).__name__}")


def _text(cell: Any) -> str:
    assert isinstance(cell, Shown)
    return cell.text


def _safe(value: Any) -> Any:
    """Every word, as the print font can say it. Drawings were made so already."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {name: inner if name == "svg" else _safe(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe(inner) for inner in value]
    return value
