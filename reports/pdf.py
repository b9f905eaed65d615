"""A report as an accessible PDF (PDF/UA-1), by Typst: no browser, no system fonts, the same bytes everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from ap_ledger import __version__
from reports.blocks import Banner, Block, FigureBlock, Heading, Listing, Page, Paragraph, Quote, Shown, Table, Tiles
from reports.disclosure import Report
from reports.figure_as_svg import figure_as_svg
from reports.printable import (
    BREAK_HERE,
    FAMILIES,
    FONTS,
    SCRIPT_FAMILIES,
    SCRIPT_FONTS,
    UNPRINTABLE,
    breakable,
    needs_script_fonts,
    printable,
    prints,
    reads_right_to_left,
    words_in,
)

TEMPLATE = Path(__file__).with_name("report.typ")
SIZES = {"family": 12.5}
"""Letter sizes in points, by audience: what children and families read is printed larger."""


PICTURE_PPI = 216
"""Dots an inch of a chart that is embedded as a picture: three for each that it is drawn in."""
NOT_PRINTED = (
    "Some letters of a name or a word cannot be printed here. The student's reference, or [not "
    "printable], stands in its place; the same report as a page and its files show it as it is written."
)
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
    printed = _printed(report)
    other_scripts = needs_script_fonts(words_in(printed))
    printed["fonts"] = [*FAMILIES, *(SCRIPT_FAMILIES if other_scripts else ())]
    inputs = {"report": orjson.dumps(printed).decode()}
    return typst.compile(str(TEMPLATE), font_paths=_fonts(other_scripts), sys_inputs=inputs, **how)


@cache
def _fonts(other_scripts: bool) -> typst.Fonts:
    """The print fonts, read once. Those for other scripts are large, and few reports need one."""
    folders: list[Path] = [FONTS, *([SCRIPT_FONTS] if other_scripts else [])]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def _printed(report: Report) -> dict[str, Any]:
    stand_ins = {name: instead for name, instead in report.names.items() if not prints(name)}
    title, foot, blocks = _safe([report.title, report.foot, list(_blocks(report.blocks))], stand_ins)
    if any(lost in words for lost in (UNPRINTABLE, *stand_ins.values()) for words in words_in([title, blocks])):
        blocks.append({"kind": "paragraph", "text": _safe(NOT_PRINTED, {}), "quiet": True})
    return {
        "title": title.replace(BREAK_HERE, ""),
        "author": f"AP Ledger {__version__}",
        "foot": foot,
        "language": report.language,
        "size": SIZES.get(str(report.facts.get("audience")), 10.5),
        "blocks": [_directed(block) for block in blocks],
        "landscape": any(isinstance(block, Table) and len(block.turned.columns) > WIDE for block in report.blocks),
    }


def _directed(block: dict[str, Any]) -> dict[str, Any]:
    """A block whose words are read from the right says so."""
    return {**block, "rtl": reads_right_to_left(str(block.get("text", "")))}


def _blocks(blocks: Iterable[Block]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        match block:
            case Banner(title=title, sub=sub, logo=logo):
                shown = {"drawing": list(logo.picture), "alt": logo.alt} if logo else None
                yield {"kind": "banner", "title": title, "sub": sub, "logo": shown}
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
                labels = [column.label for column in block.columns]
                yield {"kind": "table", "caption": caption, "columns": labels, "rows": rows}
            case FigureBlock(figure=figure, height=height):
                yield {
                    "kind": "figure",
                    "title": figure.title,
                    "alt": figure.alt,
                    **_drawing(figure_as_svg(figure.plot, height=height)),
                }
            case Page():
                yield {"kind": "page"}
            case _:
                raise TypeError(f"a block that print does not know: {type(block).__name__}")


def _drawing(svg: str) -> dict[str, Any]:
    """A chart as it is embedded: as it was drawn, or as a picture of it where its words need other fonts.

    PDF/UA asks for the letters of all text, and those of joined and stacked scripts are lost inside an SVG. A chart's
    words are in its text alternative all the same.
    """
    if not needs_script_fonts([svg]):
        return {"drawing": svg, "format": "svg"}
    source = '#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg")'
    picture = typst.compile(
        source.encode(), font_paths=_fonts(True), sys_inputs={"svg": svg}, format="png", ppi=PICTURE_PPI
    )
    return {"drawing": list(picture), "format": "png"}


def _text(cell: Any) -> str:
    assert isinstance(cell, Shown)
    return cell.text


def _safe(value: Any, stand_ins: Mapping[str, str]) -> Any:
    """Every word, as the print fonts can say it, and as a narrow column can hold it. Drawings were made so already."""
    if isinstance(value, str):
        return breakable(printable(value, stand_ins))
    if isinstance(value, Mapping):
        return {name: inner if name == "drawing" else _safe(inner, stand_ins) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe(inner, stand_ins) for inner in value]
    return value
