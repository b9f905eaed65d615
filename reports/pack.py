"""A report in every format, in one zip, with a manifest of hashes: PDF and HTML to read, CSV and JSON to compute with,
and the method."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson

from projections.uncertainty import Interval
from reports.blocks import Banner, Block, FigureBlock, Heading, Listing, Paragraph, Quote, Shown, Table, Tiles
from reports.csv_files import csv_text
from reports.disclosure import Report
from reports.html import as_html
from reports.pdf import as_pdf

EPOCH = (2000, 1, 1, 0, 0, 0)
"""The date of every file in a zip, so that the same report is the same bytes."""


def pack_files(report: Report) -> dict[str, bytes]:
    """Every file of a pack by its name, which names nobody."""
    files = {
        "report.pdf": as_pdf(report),
        "report.html": as_html(report).encode(),
        "report.json": as_json(report),
        "method.txt": _method(report).encode(),
    }
    for table in _tables(report.blocks):
        files[f"data/{re.sub(r'[^a-z0-9-]+', '-', table.name.lower())}.csv"] = table_csv(table).encode()
    return files


def pack(report: Report) -> bytes:
    """The zip. `manifest.json` in it holds the SHA-256 of every other file, and what the report was made from."""
    files = pack_files(report)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = {"made_from": dict(report.facts), "sha256": sums}
    files["manifest.json"] = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = ZipInfo(name, EPOCH)
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def table_csv(table: Table) -> str:
    """A table for spreadsheets, under the names that programs know. A value with an interval takes three columns."""
    spread = [any(isinstance(_raw(row[n]), dict) for row in table.rows) for n in range(len(table.columns))]
    head = [
        name
        for column, wide in zip(table.columns, spread, strict=True)
        for name in ((column.name, f"{column.name}_low", f"{column.name}_high") if wide else (column.name,))
    ]
    rows = []
    for row in table.rows:
        cells: list[object] = []
        for shown, wide in zip(row, spread, strict=True):
            raw = _raw(shown)
            if isinstance(raw, dict):
                cells += [raw["value"], raw["low"], raw["high"]]
            else:
                cells += [raw, None, None] if wide else [raw]
        rows.append(cells)
    return csv_text(head, rows)


def as_json(report: Report) -> bytes:
    """Everything that the report says, for programs; each number with the way to its entries."""
    content = {
        "title": report.title,
        "foot": report.foot,
        "facts": dict(report.facts),
        "blocks": [_block(block) for block in report.blocks if _block(block)],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def figures_hash(report: Report) -> str:
    """What a report's numbers are, in one line: two reports with the same hash say the same."""
    figures = (block.printed if isinstance(block, Table) else block for block in report.blocks)
    shown = [_block(block) for block in figures if isinstance(block, (Table, Tiles, FigureBlock))]
    return hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _tables(blocks: Iterable[Block]) -> list[Table]:
    return [block for block in blocks if isinstance(block, Table)]


def _raw(shown: Any) -> Any:
    assert isinstance(shown, Shown)
    raw = shown.raw if shown.raw is not None else shown.text
    if isinstance(raw, Interval):
        return {"value": round(raw.value, 4), "low": round(raw.low, 4), "high": round(raw.high, 4)}
    if isinstance(raw, date):
        return raw.isoformat()
    return ", ".join(raw) if isinstance(raw, list) else int(raw) if isinstance(raw, bool) else raw


def _cell(shown: Any) -> Any:
    raw = _raw(shown)
    return raw if shown.trace is None else {"value": raw, "entries": shown.trace.address()}


def _block(block: Block) -> dict[str, Any] | None:
    match block:
        case Banner(title=title, sub=sub):
            return {"kind": "banner", "title": title, "sub": sub}
        case Heading(text=text) | Paragraph(text=text):
            return {"kind": block.kind, "text": text}
        case Listing(items=items):
            return {"kind": "list", "items": list(items)}
        case Quote(text=text, who=who):
            return {"kind": "quote", "text": text, "who": who}
        case Tiles(items=items):
            return {"kind": "tiles", "items": {name: _cell(value) for name, value in items}}
        case Table():
            columns = [{"name": column.name, "label": column.label, "means": column.means} for column in block.columns]
            return {
                "kind": "table",
                "name": block.name,
                "caption": block.caption,
                "columns": columns,
                "rows": [[_cell(cell) for cell in row] for row in block.rows],
            }
        case FigureBlock(figure=figure, trace=trace):
            rows: Sequence[Sequence[Any]] = figure.rows
            content = {
                "kind": "figure",
                "title": figure.title,
                "says": figure.alt,
                "columns": list(figure.columns),
                "rows": [list(row) for row in rows],
            }
            return content if trace is None else {**content, "entries": trace.address()}
    return None


def _method(report: Report) -> str:
    lines = [report.title, report.foot, ""]
    told = False
    for block in report.blocks:
        told = told or (isinstance(block, Heading) and block.text.startswith("How these figures"))
        if told and isinstance(block, (Heading, Paragraph)):
            lines += [block.text, ""]
        elif told and isinstance(block, Listing):
            lines += [*(f"- {item}" for item in block.items), ""]
        elif told and isinstance(block, Table):
            lines += [
                f"{block.caption}:",
                *(f"- {': '.join(cell.text for cell in row if isinstance(cell, Shown))}" for row in block.rows),
                "",
            ]
    return "\n".join(lines)
