"""Tables as text: the separator found, quotes read as people write them, letters mended, every row with its number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ap_ledger.errors import DefinitionError
from frameworks.exchange.intake import ITEMS_LIMIT, Intake
from frameworks.language.letters import looks_misread, mended, tidy

CELL_LIMIT = 131_072
LINES_LIMIT = 3 * ITEMS_LIMIT
LINE_LIMIT = 1_000_000
CELL_LINES_LIMIT = 200
"""A quote that is not closed within so many lines was never meant to hold them."""

SEPARATORS = (",", "\t", ";", "|")
SAMPLE = 300
"""The lines by which the separator is found."""

Cells = list[str]
Counts = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class Row:
    """One row, with the number that a spreadsheet program shows beside it, and its sheet where a workbook has
    several."""

    number: int
    cells: Cells
    sheet: str = ""

    @property
    def where(self) -> str:
        """What a person calls it."""
        return f"sheet '{self.sheet}', row {self.number}" if self.sheet else f"row {self.number}"

    @property
    def place(self) -> int | None:
        """Its number where there is one sheet only, so that the number alone says where it stands."""
        return None if self.sheet else self.number


@dataclass(slots=True)
class _Record:
    """The cells of one row as they stand in the text, and what was odd about its quotes."""

    cells: Cells = field(default_factory=list)
    never_closed: bool = False
    inner_separators: int = 0
    """The most separators that any later line of one of its cells holds."""


def read_text(text: str, names: Counts, intake: Intake, rows_limit: int | None = None) -> list[Row]:
    """The rows of a text. `names` counts the headings that a row names: the separator that finds most is the right one.

    Raises DefinitionError for a cell that no sheet holds, and for more rows than `rows_limit`, where that is given, or
    than one framework has.
    """
    # Programs save a million empty rows below a table; those are no rows.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n\t ,;|").split("\n")
    if rows_limit is None and len(lines) > LINES_LIMIT:
        raise DefinitionError([f"there are more than {ITEMS_LIMIT} rows; split them into several frameworks"])
    if rows_limit is not None and len(lines) > 2 * rows_limit:
        raise DefinitionError([f"there are more than {rows_limit:,} rows; split the file"])
    if any(len(line) > LINE_LIMIT for line in lines):
        raise DefinitionError(["a line is longer than a million letters, so this is no table"])
    first = lines[0].removeprefix("\ufeff")
    told = first[4:].strip() if first.lower().startswith("sep=") else ""
    separator = told if told in SEPARATORS else "\t" if told == "\\t" else _separator(lines, names)
    records = list(_records(lines, separator))
    if told:
        # Spreadsheet programs write this line for themselves, and count it as a row.
        records[0] = _Record([""])
    rows = [Row(number, _read(record.cells, number)) for number, record in enumerate(records, 1)]
    _tell_quotes(records, rows, intake)
    _tell_letters(records, intake)
    return rows


def _separator(lines: Sequence[str], names: Counts) -> str:
    def named(separator: str) -> tuple[int, int]:
        records = [record.cells for record in _records(lines[:SAMPLE], separator)]
        return max(map(names, records), default=0), max(map(len, records), default=0)

    # Of separators that find as many headings, the one that finds most columns; a comma before the others.
    return max(SEPARATORS, key=named)


def _read(cells: Cells, number: int) -> Cells:
    if any(len(cell) > CELL_LIMIT for cell in cells):
        raise DefinitionError(
            [f"row {number}: a cell is longer than 128 kB; perhaps a quote before it is never closed"]
        )
    return [tidy(cell if cell.isascii() else mended(cell)) for cell in cells]


def _tell_quotes(records: Sequence[_Record], rows: Sequence[Row], intake: Intake) -> None:
    widths = [len(row.cells) for row in rows if any(row.cells)]
    width = max(widths[:SAMPLE], default=0)
    for record, row in zip(records, rows, strict=True):
        if record.never_closed:
            words = 'a quote (") is opened and never closed; it was read as if it were not there. Look at this row'
            intake.say(row.where, words, kept=True, row=row.place)
        elif width > 2 and record.inner_separators >= width - 1:
            words = (
                "a cell in quotes runs over several lines that look like rows of their own; perhaps a quote is missing"
            )
            intake.say(row.where, words, kept=True, row=row.place)


def _tell_letters(records: Sequence[_Record], intake: Intake) -> None:
    """One row of the report for each of the ways in which letters were lost, with the first of them as an example."""
    better: list[str] = []
    for number, record in enumerate(records, 1):
        for cell in record.cells:
            if cell.isascii():
                continue
            if (mended_cell := mended(cell)) != cell:
                better.append(f"row {number}: '{tidy(cell)[:40]}' is '{tidy(mended_cell)[:40]}'")
            elif "\ufffd" in cell:
                intake.say(f"row {number}", "a letter was lost on the way and stands as \ufffd", kept=True, row=number)
            elif looks_misread(cell):
                words = "some letters look as if they had been read as Windows letters and saved again; look at them"
                intake.say(f"row {number}", words, kept=True, row=number)
    if better:
        words = f"{len(better)} cells had been read as Windows letters and saved again, and were mended ({better[0]})"
        intake.say("the file", words + "; look at every letter with an accent", kept=True)


# Quotes ---------------------------------------------------------------------------------------------------------------


def _records(lines: Sequence[str], separator: str) -> Iterator[_Record]:
    quotes = _Quotes(lines, separator)
    at = 0
    while at < len(lines):
        if '"' not in lines[at]:
            yield _Record(lines[at].split(separator))
            at += 1
        else:
            record, at = quotes.record(at)
            yield record


@dataclass(frozen=True, slots=True)
class _Closed:
    """The words of a cell in quotes, with the line on which it ends and the place after it there."""

    words: str
    at: int
    place: int


class _Quotes:
    """Reads rows with quotes in them. Looks at every letter a bounded number of times, whatever stands there."""

    def __init__(self, lines: Sequence[str], separator: str) -> None:
        self._lines, self._separator = lines, separator
        self._ends = re.compile(f" *(?:{re.escape(separator)}|$)")
        self._nothing_closes_before = 0

    def record(self, at: int) -> tuple[_Record, int]:
        """The row that begins on a line, and the line after it."""
        record, place = _Record(), 0
        while True:
            line = self._lines[at]
            opening = place
            while line[opening : opening + 1] == " ":
                opening += 1
            if line[opening : opening + 1] != '"':
                end = self._cell_end(line, place)
                record.cells.append(line[place:end])
                place = end
            elif (closed := self._closed(at, opening + 1)) is not None:
                inner = max((part.count(self._separator) for part in closed.words.split("\n")[1:]), default=0)
                record.inner_separators = max(record.inner_separators, inner)
                record.cells.append(closed.words)
                at, place = closed.at, closed.place
            else:
                # What would close a later quote of this line would have closed this one.
                record.never_closed = True
                record.cells += [cell.strip(' "') for cell in line[opening + 1 :].split(self._separator)]
                return record, at + 1
            if place >= len(self._lines[at]):
                return record, at + 1
            place += 1

    def _cell_end(self, line: str, place: int) -> int:
        end = line.find(self._separator, place)
        return len(line) if end < 0 else end

    def _closed(self, first: int, place: int) -> _Closed | None:
        """The cell in quotes whose words begin at a place, or None where nothing closes it.

        A quote closes a cell only where the cell ends; any other is one that its writer forgot to double. A quote that
        opens a cell on a later line says that the first was never closed.
        """
        parts: list[str] = []
        last = first + 1 if first < self._nothing_closes_before else min(first + CELL_LINES_LIMIT, len(self._lines))
        for at in range(first, last):
            line, start = self._lines[at], place
            while (quote := line.find('"', place)) >= 0:
                doubled = line[quote + 1 : quote + 2] == '"'
                ends = self._ends.match(line, quote + (2 if doubled else 1)) is not None
                begins = at > first and self._opens(line, quote)
                if doubled and not (begins and ends):
                    parts.append(line[start : quote + 1])
                    start = place = quote + 2
                elif begins and (doubled or not ends):
                    return None
                elif ends:
                    parts.append(line[start:quote])
                    return _Closed("".join(parts), at, self._cell_end(line, quote + 1))
                else:
                    place = quote + 1
            parts += (line[start:], "\n")
            place = 0
        # What a first quote was looked for in vain is not looked for again by each quote below it.
        self._nothing_closes_before = max(self._nothing_closes_before, last)
        return None

    def _opens(self, line: str, quote: int) -> bool:
        """Whether a quote stands where a cell begins."""
        before = quote
        while before and line[before - 1] == " ":
            before -= 1
        return not before or line[before - 1] == self._separator
