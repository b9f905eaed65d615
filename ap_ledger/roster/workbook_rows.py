"""Reads a workbook (XLSX, XLSB, XLS, ODS) in a process of its own, and answers with its rows as JSON.

It runs as a script, alone, with limits on its memory and time: the workbook comes from outside, and what reads it is
compiled code that a damaged or malicious one may bring down. Nothing of the project is imported here.
"""

from __future__ import annotations

import datetime
import json
import sys
from io import BytesIO
from typing import Any

MEMORY = 1_500_000_000
SECONDS = 60
SHEETS, COLUMNS, LETTERS = 50, 200, 120_000_000
"""So many sheets, columns of each, and letters of them all are read."""


def main() -> None:
    """Reads the workbook that is given, and the greatest number of rows; says its sheets, each with its rows."""
    limit = int(sys.argv[1])
    _limit_this_process()
    raw = sys.stdin.buffer.read()
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(BytesIO(raw))
    sheets: list[dict[str, Any]] = []
    letters = 0
    for about in book.sheets_metadata[:SHEETS]:
        if about.visible != SheetVisibleEnum.Visible:
            sheets.append({"name": about.name, "hidden": True, "rows": []})
            continue
        rows = []
        # One row more than may be, so that whoever asked can tell that there are too many.
        for row in book.get_sheet_by_name(about.name).to_python(skip_empty_area=False, nrows=limit + 1):
            cells = [_as_text(cell) for cell in row[:COLUMNS]]
            letters += sum(map(len, cells))
            if letters > LETTERS:
                sys.exit(3)
            rows.append(cells)
        sheets.append({"name": about.name, "hidden": False, "rows": rows})
    json.dump(sheets, sys.stdout)


def _limit_this_process() -> None:
    try:
        import resource
    except ImportError:
        # Windows has no such limits; whoever waits for this process ends it there.
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _as_text(cell: Any) -> str:
    """A cell as somebody would read it: a day as a day, a whole number without a point."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time.min else cell.isoformat(" ")
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    main()
