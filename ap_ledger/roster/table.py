"""A table as it was read from a file: its headings, and its rows as text with their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class TableRow(NamedTuple):
    """One row: the number that a spreadsheet program shows beside it, and a text for each heading."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet.

    `subject` says whom it is about and `matched` what each column holds, where the format itself says so. `notes` are
    what was odd when it was read, and `left_out` the rows that are no rows of it, each in a sentence.
    """

    name: str
    headings: tuple[str, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    subject: Literal["students", "staff"] | None = None
    matched: tuple[str, ...] | None = None

    def values(self, column: int) -> list[str]:
        """Everything that stands in one column."""
        return [row.cells[column] for row in self.rows]
