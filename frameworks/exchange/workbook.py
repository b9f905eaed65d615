"""Workbooks (XLSX) as rows: values and never formulas, dates as dates, with limits on what they unpack to."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Protocol

from openpyxl import load_workbook

from ap_ledger.errors import DefinitionError
from frameworks.exchange.intake import ITEMS_LIMIT, Intake
from frameworks.exchange.tables import CELL_LIMIT, Row
from frameworks.language.letters import looks_misread, mended, tidy

UNPACKED_LIMIT = 100 * 1024 * 1024
"""What all parts of a workbook may unpack to, in bytes."""

ROWS_LIMIT = ITEMS_LIMIT + 500
COLUMNS_LIMIT = 200
SHEETS_LIMIT = 50
ERRORS = frozenset(("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"))


class Sheet(Protocol):
    """What is used of a sheet of a workbook."""

    title: str
    sheet_state: str

    def iter_rows(self, *, max_row: int, max_col: int, values_only: bool) -> Iterable[tuple[Any, ...]]:
        """The rows, from the first."""


def is_workbook(raw: bytes) -> bool:
    """Whether a file is an XLSX workbook. Its parts are looked at, and not its name."""
    if not raw.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def read_workbook(raw: bytes, intake: Intake) -> list[list[Row]]:
    """The rows of every sheet that is shown.

    Raises DefinitionError for what is no workbook, and for one that is a trap.
    """
    has_formulas = _look_inside(raw)
    try:
        with warnings.catch_warnings():
            # What openpyxl cannot keep when it writes a workbook again is of no concern to somebody who only reads.
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(raw), read_only=True, data_only=True)
            formulas = load_workbook(BytesIO(raw), read_only=True) if has_formulas else None
            several = sum(sheet.sheet_state == "visible" for sheet in book.worksheets) > 1
            shown = [sheet for sheet in book.worksheets[:SHEETS_LIMIT] if _is_shown(sheet, intake)]
            sheets = [list(_rows(sheet, formulas and formulas[sheet.title], several, intake)) for sheet in shown]
    except DefinitionError:
        raise
    except Exception as error:
        # A damaged workbook fails in openpyxl in more ways than it names.
        raise DefinitionError(
            [f"this workbook cannot be read ({type(error).__name__}); open it, save it again, or save the sheet as CSV"]
        ) from None
    return sheets


def _look_inside(raw: bytes) -> bool:
    """Whether any cell is a formula. Refuses what unpacks to too much, and XML that defines things of its own."""
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > UNPACKED_LIMIT or len(parts) > 2000:
                raise DefinitionError(["this workbook unpacks to over 100 MB; save the sheet as CSV"])
            # Every part is looked at, and not only those before the first formula.
            formulas = [_part(archive, part) for part in parts if part.filename.endswith((".xml", ".rels"))]
            return any(formulas)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError, zlib.error):
        raise DefinitionError(["this workbook is damaged or has a password; save the sheet as CSV"]) from None


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    # The size that the archive states is checked against what really comes out of it.
    with archive.open(part) as stream:
        content = stream.read(part.file_size + 1)
    if len(content) > part.file_size:
        raise DefinitionError(["this workbook says that it is smaller than it is; it was not opened"])
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise DefinitionError(
            [
                "this workbook holds definitions of XML of its own, "
                "which no spreadsheet program writes; it was not opened"
            ]
        )
    return part.filename.startswith("xl/worksheets/") and (b"<f>" in content or b"<f " in content)


def _is_shown(sheet: Sheet, intake: Intake) -> bool:
    if sheet.sheet_state != "visible":
        intake.say(f"sheet '{sheet.title[:40]}'", "it is hidden and was left out", kept=True)
    return sheet.sheet_state == "visible"


def _rows(sheet: Any, formulas: Any, several: bool, intake: Intake) -> Iterator[Row]:
    """The rows of one sheet as text. What a cell hides is told: a formula without its value, a fault, a date."""
    reach = {"max_row": ROWS_LIMIT, "max_col": COLUMNS_LIMIT, "values_only": True}
    sheet.reset_dimensions()
    behind: Iterator[tuple[Any, ...]] = iter(())
    if formulas is not None:
        formulas.reset_dimensions()
        behind = iter(formulas.iter_rows(**reach))
    for number, padded in enumerate(sheet.iter_rows(**reach), 1):
        below = next(behind, ())
        values = _filled(padded, below)
        row = Row(number, [_text(value) for value in values], sheet.title[:40] if several else "")
        _tell(row, values, below, intake)
        yield row


def _filled(values: tuple[Any, ...], behind: tuple[Any, ...]) -> tuple[Any, ...]:
    """The cells of a row up to the last that holds anything."""
    last = max((place for row in (values, behind) for place, value in enumerate(row) if value is not None), default=-1)
    return values[: last + 1]


def _tell(row: Row, values: tuple[Any, ...], behind: tuple[Any, ...], intake: Intake) -> None:
    def say(words: str) -> None:
        intake.say(row.where, words, kept=True, row=row.place)

    for place, value in enumerate(values):
        formula = behind[place] if place < len(behind) else None
        if value is None and isinstance(formula, str) and formula.startswith("="):
            say("a cell is a formula that was never worked out; open the sheet, save it, and bring it again")
        elif isinstance(value, str) and value in ERRORS:
            say(f"a cell holds a fault ({value}) in place of a value; it was read as empty")
        elif isinstance(value, (date, time)):
            say(
                f"'{row.cells[place]}' is a date; where it should read "
                "as it was typed, such as 3-4, make its column text",
            )
        elif isinstance(value, str) and not value.isascii() and mended(value) != value:
            say(
                "letters had been read as Windows letters and saved again, and were mended "
                f"('{row.cells[place][:40]}')",
            )
        elif isinstance(value, str) and not value.isascii() and looks_misread(value):
            say("some letters look as if they had been read as Windows letters and saved again; look at them")


def _text(value: Any) -> str:
    """A value as somebody would type it."""
    if value is None or (isinstance(value, str) and value in ERRORS):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    words = str(value)
    if len(words) > CELL_LIMIT:
        raise DefinitionError(["a cell is longer than 128 kB"])
    return tidy(words if words.isascii() else mended(words))
