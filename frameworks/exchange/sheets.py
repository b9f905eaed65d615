"""Definitions from a spreadsheet: a few lines about the whole, then a row for each thing, as people write them.

The columns at the left make the tree (`theme`, `aim`, `indicator`), or each row names what it is a part of; the others
say more about the row. What cannot be used is reported with its row; the good rows beside it go in.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ap_ledger.errors import DefinitionError
from frameworks.exchange.headings import (
    KIND_OF,
    LINKS,
    Columns,
    columns_of,
    find_headings,
    is_headings_again,
    known_names,
)
from frameworks.exchange.intake import ITEMS_LIMIT, Intake, decode, lines_of
from frameworks.exchange.sheet_about import About, read_about
from frameworks.exchange.sheet_links import LinkedRows
from frameworks.exchange.sheet_nodes import authored_below
from frameworks.exchange.sheet_rows import TreeRows
from frameworks.exchange.sheet_scales import USUAL_SCALES
from frameworks.exchange.sheet_totals import LOOKED_AHEAD
from frameworks.exchange.tables import Row, read_text
from frameworks.exchange.workbook import is_workbook, read_workbook
from frameworks.language.things import Item, Rung

NO_HEADINGS = (
    "no row names the columns. Write one with 'theme' and 'indicator' (or subject, strand "
    "and unit; section and question; rung; or full statement and parent) above the rows"
)


@dataclass(frozen=True)
class _Table:
    """A sheet with its headings found: what stands above them, and the rows below."""

    above: Sequence[Row]
    headings: Row
    rows: Sequence[Row]


def read_sheet(raw: bytes | str, name: str = "pasted") -> Intake:
    """A definition from the rows of a text or of a workbook. Raises DefinitionError for what is no table at all."""
    intake = Intake(from_elsewhere=True)
    tables = _tables(raw, intake)
    first, about = tables[0], About()
    for table in tables:
        _merge(about, read_about(table.above, intake))
    columns = columns_of(first.headings.cells)
    kind = about.kind(_kind(columns), intake)
    if "levels" not in columns.more:
        _usual_scale(about, kind, intake)
    reader = LinkedRows(intake, columns, about) if columns.linked else TreeRows(intake, columns, about.scales)
    for table in tables:
        _take(reader, table, columns, intake)
    reader.finish()
    if not reader.roots:
        return intake
    _usual_scale(about, kind, intake)
    _drop_what_has_no_place(reader, kind, intake)
    intake.rows = {node.id: node.row.place for node in reader.all if node.row.place is not None}
    intake.stable, intake.names_version = bool(columns.more.get("id")), "version" in about.lines
    intake.authored = about.authored(kind, name, intake)
    intake.authored |= about.scales_for(kind, intake) if kind != "ladder" else {}
    intake.authored |= authored_below(kind, reader.roots)
    return intake


def _tables(raw: bytes | str, intake: Intake) -> list[_Table]:
    """Every sheet that has headings; the others are told."""
    sheets = _sheets(raw, intake)
    intake.table = {row.number: row.cells for row in sheets[0]} if len(sheets) == 1 else {}
    tables: list[_Table] = []
    for rows in sheets:
        start = find_headings(rows)
        if start is not None:
            tables.append(_Table(rows[:start], rows[start], rows[start + 1 :]))
        elif len(sheets) > 1 and any(any(row.cells) for row in rows):
            intake.say(f"sheet '{rows[0].sheet}'", "no row of it names the columns; it was left out")
    if not tables:
        raise DefinitionError([NO_HEADINGS])
    if sum(len(table.rows) for table in tables) > ITEMS_LIMIT:
        raise DefinitionError([f"there are more than {ITEMS_LIMIT} rows; split them into several frameworks"])
    return tables


def _sheets(raw: bytes | str, intake: Intake) -> list[list[Row]]:
    if isinstance(raw, bytes) and is_workbook(raw):
        sheets = [_up_to_the_last(rows) for rows in read_workbook(raw, intake)]
        intake.source = _as_text(row for rows in sheets for row in (*rows, Row(0, [])))
        return sheets
    text, note = decode(raw) if isinstance(raw, bytes) else (raw, None)
    if note:
        intake.say("the file", note, kept=True)
    return [read_text(text, known_names, intake)]


def _up_to_the_last(rows: list[Row]) -> list[Row]:
    last = max((place for place, row in enumerate(rows, 1) if any(row.cells)), default=0)
    return rows[:last]


def _as_text(rows: Iterable[Row]) -> str:
    out = lines_of("")
    csv.writer(out, lineterminator="\n").writerows(row.cells for row in rows)
    return out.getvalue().rstrip("\n") + "\n"


def _merge(about: About, more: About) -> None:
    """Adds what stands above the table of another sheet; what the first said stays."""
    about.lines = more.lines | about.lines
    about.scales = more.scales | about.scales


def _kind(columns: Columns) -> str:
    """The kind of definition that the columns make: levels and subjects make a curriculum of what else are
    questions."""
    named = [name for _, name in columns.tree]
    if "rung" in named:
        return "ladder"
    kinds = [KIND_OF[name] for name in reversed(named) if name in KIND_OF]
    if columns.linked and "question" not in named and "indicator" not in named:
        return "curriculum"
    if "curriculum" in kinds or ("statement" in named and "level" in columns.more):
        return "curriculum"
    return next(iter(kinds), "outcomes")


def _usual_scale(about: About, kind: str, intake: Intake) -> None:
    """The scale of a sheet that names none, which is told, because somebody else will be asked to use it."""
    if about.scales or kind not in USUAL_SCALES:
        return
    usual = USUAL_SCALES[kind]
    about.scales[usual["id"]] = usual
    levels = ", ".join(level["label"] for level in usual["levels"])
    words = (
        f"no scale is written above the table, so '{usual['id']}' was put in ({levels}). Write another as: scale "
        "NAME, 0 = Not yet, 1 = Seen"
    )
    intake.say("the scale", words, kept=True)


def _take(reader: TreeRows | LinkedRows, table: _Table, columns: Columns, intake: Intake) -> None:
    """All rows of a sheet, also where other headings begin another table below the first."""
    headings, here = table.headings, columns_of(table.headings.cells)
    if here.linked != columns.linked:
        words = (
            "its columns make a tree in another way than those of the first sheet; it was left out. Bring it by itself"
        )
        intake.say(f"sheet '{headings.sheet}'", words)
        return
    _tell_unknown(here, headings, table.rows, intake)
    if not here.linked and here.tree != sorted(here.tree):
        order = ", ".join(name for _, name in here.tree)
        intake.say("the columns", f"they were read in this order: {order}", kept=True)
    reader.another_table(here)
    for place, row in enumerate(table.rows):
        if not is_headings_again(row, headings):
            reader.take(row, table.rows[place + 1 : place + 1 + LOOKED_AHEAD])
        elif [cell for cell in row.cells if cell] != [cell for cell in headings.cells if cell]:
            headings, here = row, columns_of(row.cells)
            intake.say(row.where, "another table begins here; its rows were read too", kept=True, row=row.place)
            _tell_unknown(here, headings, table.rows[place + 1 :], intake)
            reader.another_table(here)


def _tell_unknown(columns: Columns, headings: Row, rows: Sequence[Row], intake: Intake) -> None:
    """Columns that are of no use here, where anything stands in them."""
    of_links = set() if columns.linked else set(LINKS.values())
    without_use = [place for means, places in columns.more.items() if means in of_links for place in places]
    for place, cell in sorted([*columns.unknown, *((place, headings.cells[place]) for place in without_use)]):
        filled = sum(place < len(row.cells) and row.cells[place] != "" for row in rows)
        if filled:
            intake.say(f"column '{cell[:40]}'", "this column is not known here and was left out", kept=True)


def _drop_what_has_no_place(reader: TreeRows | LinkedRows, kind: str, intake: Intake) -> None:
    """What a rung or an item has no field for, told once for each field."""
    allowed: set[str] = set(Rung.model_fields if kind == "ladder" else Item.model_fields)
    dropped: Counter[str] = Counter()
    for node in reader.all:
        for name in [name for name in node.more if name not in allowed]:
            dropped[name] += 1
            del node.more[name]
    thing = "a rung" if kind == "ladder" else "an item"
    for name, times in dropped.items():
        intake.say(
            "the columns",
            f"{thing} has no place for '{name.replace('_', ' ')}'; {times} cells were left out",
            kept=True,
        )
