"""CSV that a spreadsheet cannot be fooled by: no cell of text is ever read as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

STARTS = frozenset("=+-@\t\r\n|＝＋－＠")
"""What spreadsheets take for the start of a formula, full-width forms included."""


def guarded(value: object) -> object:
    """A cell as it may leave: numbers as they are, text that looks like a formula behind an apostrophe."""
    if isinstance(value, (int, float)) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text and (text[0] in STARTS or text.lstrip()[:1] in STARTS) else text


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, every cell guarded, with the mark by which spreadsheets know UTF-8."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()
