"""What the rows of a file would do: compared with what the ledger holds, row by row. Nothing is written here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, NamedTuple

from ap_ledger.domain.base import Command
from ap_ledger.roster.cells import CellFault
from ap_ledger.roster.fields import COLUMNS, NOT_USED, Subject
from ap_ledger.roster.holdings import Holdings
from ap_ledger.roster.table import Table, TableRow

Outcome = Literal["refused", "changed", "new", "same", "left-out"]
OUTCOMES: tuple[Outcome, ...] = ("refused", "changed", "new", "same", "left-out")


class Change(NamedTuple):
    """One thing that a row changes: what it is, what holds now, and what would hold."""

    label: str
    before: str
    after: str


class Asked(NamedTuple):
    """A command that a row asks for: its kind, and its fields as JSON holds them."""

    kind: type[Command]
    fields: Mapping[str, Any]


class Refusal(Exception):
    """Why a row is refused, in a sentence that says what to do; and the column to mend, where it is one."""

    def __init__(self, sentence: str, column: str = NOT_USED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.column = column


class Here(NamedTuple):
    """Somebody who is here: their id, and what they are called."""

    id: str
    name: str


@dataclass(frozen=True)
class PlannedRow:
    """What one row would do.

    `whom` is the id of the student or person whom it is about, empty where there is none yet; `fault` is why it is
    refused, and `fault_column` the number of the column to mend. `told` are sentences to know before saving, and
    `namesakes` those who may be the same child.
    """

    row: TableRow
    name: str
    outcome: Outcome
    whom: str = ""
    summary: str = ""
    changes: tuple[Change, ...] = ()
    told: tuple[str, ...] = ()
    fault: str = ""
    fault_column: int | None = None
    asks: tuple[Asked, ...] = ()
    namesakes: tuple[Here, ...] = ()

    def refused(self, sentence: str, column: int | None = None) -> PlannedRow:
        """The same row, refused."""
        return replace(self, outcome="refused", fault=sentence, fault_column=column, asks=(), changes=())


@dataclass(frozen=True)
class Plan:
    """What a file would do, row by row; `left` are those who are here and not in it: they are named, and nothing is
    done about them."""

    table: Table
    subject: Subject
    matched: tuple[str, ...]
    rows: tuple[PlannedRow, ...] = ()
    left: tuple[Here, ...] = ()

    def of(self, outcome: Outcome) -> list[PlannedRow]:
        """The rows of one outcome, in the order of the file."""
        return [row for row in self.rows if row.outcome == outcome]

    @property
    def to_save(self) -> list[PlannedRow]:
        """The rows that would be written."""
        return [row for row in self.rows if row.outcome in ("new", "changed")]


@dataclass(frozen=True)
class Wishes:
    """What somebody said about the rows: from when on changes hold, which rows are left out, which are a child who is
    here already, and cells put right, by row and column."""

    from_date: date
    left_out: frozenset[int] = frozenset()
    same: Mapping[int, str] = field(default_factory=dict)
    mended: Mapping[tuple[int, int], str] = field(default_factory=dict)


class Cells:
    """The cells of one row by what their columns hold."""

    def __init__(self, row: TableRow, matched: Sequence[str]) -> None:
        self._cells = {name: cell for name, cell in zip(matched, row.cells, strict=False) if name != NOT_USED}

    def __getitem__(self, name: str) -> str:
        return self._cells.get(name, "")

    def has(self, name: str) -> bool:
        """Whether the file has a column of this."""
        return name in self._cells

    @property
    def empty(self) -> bool:
        """Whether nothing that could be brought in stands in the row."""
        return not any(self._cells.values())


def mended_row(row: TableRow, wishes: Wishes) -> TableRow:
    """A row with the cells that somebody put right."""
    if not any((row.number, column) in wishes.mended for column in range(len(row.cells))):
        return row
    cells = (wishes.mended.get((row.number, column), cell) for column, cell in enumerate(row.cells))
    return row._replace(cells=tuple(cells))


def make_plan(table: Table, subject: Subject, matched: Sequence[str], holdings: Holdings, wishes: Wishes) -> Plan:
    """What a file would do. Raises RosterFault where no column says who anybody is."""
    # The two import what stands above, so they are known here only.
    from ap_ledger.roster.staff_rows import plan_staff
    from ap_ledger.roster.student_rows import plan_students

    plan = Plan(table, subject, tuple(matched))
    rows = [mended_row(row, wishes) for row in table.rows]
    make = plan_students if subject == "students" else plan_staff
    planned, left = make(rows, matched, holdings, wishes)
    return replace(plan, rows=tuple(planned), left=tuple(left))


def left_out(row: TableRow, name: str) -> PlannedRow:
    """A row that somebody left out."""
    return PlannedRow(row, name, "left-out")


def refused(row: TableRow, name: str, refusal: Refusal, matched: Sequence[str]) -> PlannedRow:
    """A row that is refused, with the number of the column to mend."""
    column = matched.index(refusal.column) if refusal.column in matched and refusal.column != NOT_USED else None
    return PlannedRow(row, name, "refused", fault=refusal.sentence, fault_column=column)


def read_cell(cells: Cells, name: str, read: Any) -> Any:
    """What a cell says, read by a function. Raises Refusal, naming the column."""
    try:
        return read(cells[name])
    except CellFault as fault:
        raise Refusal(str(fault), name) from None


def listed(words: Collection[str]) -> str:
    """Words one after the other, with a point in the middle between them."""
    return " · ".join(word for word in words if word)


def label_of(name: str) -> str:
    """What a column is called."""
    return COLUMNS[name].label


def day_told(day: date | str | None) -> str:
    """A date, or an ISO date, as it stands in a row; empty where there is none."""
    when = date.fromisoformat(day) if isinstance(day, str) and day else day
    return f"{when.day} {when:%b %Y}" if isinstance(when, date) else ""
