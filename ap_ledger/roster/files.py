"""Any file that may hold a roster: a CSV in whatever letters, a workbook, a OneRoster zip; as tables of text."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from ap_ledger.errors import DefinitionError, RosterFault
from ap_ledger.roster.fields import headings_known
from ap_ledger.roster.oneroster import is_oneroster, read_oneroster
from ap_ledger.roster.table import Table, TableRow
from ap_ledger.roster.zips import FILE_LIMIT, Zip
from frameworks.exchange.intake import Intake, decode
from frameworks.exchange.tables import Row, read_text
from frameworks.language.letters import mended, tidy

ROWS_LIMIT = 200_000
COLUMNS_LIMIT = 200
HEADINGS_WITHIN = 30
"""The headings stand in one of so many first rows; above them may stand a title."""
NOTES_LIMIT = 20
TOO_MANY_ROWS = f"There are more than {ROWS_LIMIT:,} rows. Split the file."
READER = Path(__file__).with_name("workbook_rows.py")
SECONDS = 90
TEXT_STARTS = frozenset("=+-@0123456789")
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_tables(raw: bytes, name: str) -> list[Table]:
    """The tables of a file, those with known headings first. Raises RosterFault, which says what to do.

    `name` is the file's; what a file is, is told by its bytes.
    """
    if len(raw) > FILE_LIMIT:
        raise RosterFault("This file is over 20 MB. Split it, or save the sheet alone.")
    if not raw.strip():
        raise RosterFault("This file is empty. Choose the one that holds the names.")
    if raw.startswith(b"PK"):
        return _zipped(raw)
    if raw.startswith(OLD_WORKBOOK):
        return _workbook(raw)
    return [_text(raw, name)]


def _zipped(raw: bytes) -> list[Table]:
    opened = Zip(raw)
    if is_oneroster(opened):
        return read_oneroster(opened)
    if any(part.startswith("xl/") or part == "content.xml" for part in opened.names):
        return _workbook(raw)
    raise RosterFault("This zip is neither a workbook nor OneRoster. Unpack it, and bring one of its files.")


def _text(raw: bytes, name: str) -> Table:
    intake = Intake()
    try:
        text, note = decode(raw)
        rows = read_text(text, headings_known, intake, ROWS_LIMIT)
    except DefinitionError as error:
        raise RosterFault(_sentence(error.faults[0])) from None
    if "\x00" in text:
        raise RosterFault("This is no sheet. Save it as CSV or XLSX, and bring that.")
    notes = [_sentence(note)] if note else []
    notes += [_sentence(str(fold)) for fold in intake.folded()]
    return _table(name, rows, notes[:NOTES_LIMIT])


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


# Workbooks ------------------------------------------------------------------------------------------------------------


def _workbook(raw: bytes) -> list[Table]:
    sheets = _sheets(raw)
    tables: list[Table] = []
    for sheet in sheets:
        if sheet["hidden"] or not any(any(cells) for cells in sheet["rows"]):
            continue
        tidied = ([tidy(cell if cell.isascii() else mended(cell)) for cell in cells] for cells in sheet["rows"])
        rows = [Row(number, cells) for number, cells in enumerate(tidied, 1)]
        with suppress(RosterFault):
            # A sheet with a title alone is no table, and the others are read all the same.
            tables.append(_table(tidy(sheet["name"])[:60], rows, []))
    if not tables:
        raise RosterFault("There are no rows on any sheet of this workbook that is shown.")
    return sorted(tables, key=lambda table: -headings_known(table.headings))


def _sheets(raw: bytes) -> list[dict[str, Any]]:
    try:
        # -I lets nothing of this folder or of the environment stand in for the libraries.
        ended = subprocess.run(
            [sys.executable, "-I", str(READER), str(ROWS_LIMIT)], input=raw, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise RosterFault("Reading this workbook takes too long. Save the sheet as CSV, and bring that.") from None
    if ended.returncode:
        raise RosterFault(
            "This workbook cannot be read: it is damaged, has a password, or holds too much. Save the sheet as CSV, "
            "and bring that."
        )
    sheets: list[dict[str, Any]] = orjson.loads(ended.stdout)
    return sheets


# From rows to a table -------------------------------------------------------------------------------------------------


def _table(name: str, rows: Sequence[Row], notes: Sequence[str]) -> Table:
    """The rows below the row of headings. Raises RosterFault where there are none."""
    filled = [row for row in rows if any(row.cells)]
    if not filled:
        raise RosterFault("This file is empty. Choose the one that holds the names.")
    if len(filled) > ROWS_LIMIT + 1:
        raise RosterFault(TOO_MANY_ROWS)
    known = [headings_known(row.cells) for row in filled[:HEADINGS_WITHIN]]
    # Of rows with as many headings the first; where none is known, the first row with most cells filled.
    widths = [sum(map(bool, row.cells)) for row in filled[:HEADINGS_WITHIN]]
    at = known.index(max(known)) if max(known) else widths.index(max(widths))
    head, below = filled[at], filled[at + 1 :]
    if not below:
        raise RosterFault("There is one row only, and no names below it. Choose the sheet that holds the names.")
    width = min(max(len(row.cells) for row in filled[at:]), COLUMNS_LIMIT)
    while width > 1 and not any(cell for row in filled[at:] for cell in row.cells[width - 1 : width]):
        width -= 1
    headings = tuple((*head.cells, *[""] * width)[:width])
    body = tuple(TableRow(row.number, _cells(row.cells, width)) for row in below)
    return Table(name, headings, body, tuple(notes))


def _cells(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """So many cells as there are headings; without the apostrophe behind which spreadsheets keep text as text."""
    bare = (cell[1:] if cell[:1] == "'" and cell[1:2] in TEXT_STARTS else cell for cell in cells[:width])
    return (*bare, *[""] * (width - len(cells)))
