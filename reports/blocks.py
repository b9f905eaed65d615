"""What a report is made of: a short list of blocks, printed as HTML by one macro and as PDF by one template.

A block holds finished words and numbers. Where a number may have to be hidden from some readers, an `Undisclosed`
stands in its place until `disclosure.release` has decided; nothing else turns a draft into a report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

from reports.figures import Figure

TURNED_FROM = 5
"""A table of one row and so many columns is read downwards."""


@dataclass(frozen=True)
class Trace:
    """The entries behind a figure: whose, of which kinds, between which days, and of which part of a framework."""

    student_id: str
    kinds: tuple[str, ...]
    first: date
    last: date
    about: str = ""
    """`framework@version`, `framework@version|theme`, or a kind of slot after `#`: empty for every entry of these
    kinds."""
    placed_by: str = ""
    """The commissioner by the days of whose placements they are cut, where others come in between."""

    def address(self, known: str = "") -> str:
        """Where these entries are listed, for those who may read them."""
        asked = {
            "kind": ",".join(self.kinds),
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "about": self.about,
            "placed_by": self.placed_by,
            "known": known,
        }
        return (
            f"/students/{self.student_id}/entries?{urlencode({name: value for name, value in asked.items() if value})}"
        )


@dataclass(frozen=True)
class Undisclosed:
    """A number that waits for disclosure control, by its key among a draft's cells."""

    key: str
    show: Callable[[Any], str] = str


@dataclass(frozen=True)
class Shown:
    """One cell as it is printed. `raw` is the same for programs; `trace` leads to the entries."""

    text: str
    raw: Any = None
    trace: Trace | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table: what programs call it, what people read, and what it means.

    One that is not `printed` stands in files alone, where there is room for it.
    """

    name: str
    label: str
    means: str = ""
    printed: bool = True


@dataclass(frozen=True)
class Block:
    """Anything in a report.

    `single` says that it is about single students, so that it leaves only to those who may identify them.
    """

    kind: ClassVar[str]
    single: bool = field(default=False, kw_only=True)


class Logo(NamedTuple):
    """A picture that stands for a setting, and what it is for whoever does not see it."""

    picture: bytes
    alt: str


@dataclass(frozen=True)
class Banner(Block):
    """The top of the first page. `logo` is the picture that stands for the setting, as a PNG."""

    kind: ClassVar[str] = "banner"
    title: str
    sub: str
    logo: Logo | None = None


@dataclass(frozen=True)
class Heading(Block):
    """A heading of level 2 or 3."""

    kind: ClassVar[str] = "heading"
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph(Block):
    """Plain words. `quiet` ones are smaller."""

    kind: ClassVar[str] = "paragraph"
    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Listing(Block):
    """Short lines, one below the other."""

    kind: ClassVar[str] = "list"
    items: Sequence[str]


@dataclass(frozen=True)
class Quote(Block):
    """Somebody's own words, and who said them when."""

    kind: ClassVar[str] = "quote"
    text: str
    who: str


@dataclass(frozen=True)
class Tiles(Block):
    """A few things to see first: a name and a value each."""

    kind: ClassVar[str] = "tiles"
    items: Sequence[tuple[str, Shown | Undisclosed]]


@dataclass(frozen=True)
class Table(Block):
    """A table with its caption. The first cell of a row is its name."""

    kind: ClassVar[str] = "table"
    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Shown | Undisclosed]]
    note: str = ""

    @property
    def printed(self) -> Table:
        """The table without what is in files alone."""
        shown = [n for n, column in enumerate(self.columns) if column.printed]
        columns, rows = [self.columns[n] for n in shown], [[row[n] for n in shown] for row in self.rows]
        return self if len(shown) == len(self.columns) else replace(self, columns=columns, rows=rows)

    @property
    def turned(self) -> Table:
        """The table as people read it best: a single row of many columns is read downwards."""
        table = self.printed
        if len(table.rows) != 1 or len(table.columns) < TURNED_FROM:
            return table
        (row,) = table.rows
        rows = [[Shown(column.label), cell] for column, cell in zip(table.columns[1:], row[1:], strict=True)]
        first = row[0]
        assert isinstance(first, Shown)
        return replace(table, columns=[Column("what", "What"), Column("value", first.text)], rows=rows)


@dataclass(frozen=True)
class FigureBlock(Block):
    """A figure, drawn already, with the way to the entries behind it. `height` is that of its print, in CSS pixels."""

    kind: ClassVar[str] = "figure"
    figure: Figure
    trace: Trace | None = None
    height: int | None = None


@dataclass(frozen=True)
class Page(Block):
    """The next block begins a new page in print."""

    kind: ClassVar[str] = "page"
