"""What each block of a layout says: one function a name, given the report's context and what the layout wrote beside
the name.

Adding a kind of block is one function and its line in `BUILDERS`. Numbers about several students are made as cells of
the cohort; what is about single students is marked so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ap_ledger.errors import SetupError
from projections.queries.logos import logo_of
from reports.blocks import Banner, Column, Heading, Logo, Page, Paragraph, Shown, Table, Tiles
from reports.columns import COLUMNS, StudentColumn
from reports.context import Blocks, Context
from reports.disclosure import NOT_AVAILABLE
from reports.group_blocks import summary
from reports.method_blocks import gaps, method
from reports.student_blocks import context_noted, distance, figure, next_steps, strengths, themes_table, words

NAMING = frozenset(("student", "reference", "upn"))
"""Columns that say whom a row is about, and nothing about them."""


def _banner(context: Context, title: str = "", sub: str = "{setting} · {period}") -> Blocks:
    """The top of the first page; the layout's own title where none is given."""
    picture = logo_of(context.reader, context.setting)
    logo = Logo(picture, f"The logo of {context.setting['name']}") if picture else None
    yield Banner(context.say(title or context.title), context.say(sub), logo)


def _heading(context: Context, text: str, level: int = 2) -> Blocks:
    yield Heading(context.say(text), 2 if level < 3 else 3)


def _text(context: Context, say: str, quiet: bool = False) -> Blocks:
    yield Paragraph(context.say(say), quiet)


def _page(context: Context) -> Blocks:
    yield Page()


def _tiles(context: Context, show: Sequence[str], labels: Mapping[str, str] | None = None) -> Blocks:
    """Columns of the one student, each as a tile."""
    period = context.student
    yield Tiles(
        [((labels or {}).get(name, COLUMNS[name].label), COLUMNS[name].cell(period)) for name in _known(show)],
        single=True,
    )


def _table(
    context: Context,
    name: str,
    caption: str,
    columns: Sequence[str],
    labels: Mapping[str, str] | None = None,
    note: str = "",
) -> Blocks:
    """A row for each student, the columns in the layout's order, under the layout's names where it gives any."""
    _known(columns)
    context.columns_used.update(dict.fromkeys(columns))
    told = _with_identifiers(context, columns)
    heads = [
        Column(name, (labels or {}).get(name, column.label), column.means, name in columns)
        for name, column in told.items()
    ]
    rows = [[column.cell(period) for column in told.values()] for period in context.periods]
    figures = [n for n, name in enumerate(told) if name not in NAMING]
    if all(row[n].raw == NOT_AVAILABLE for row in rows for n in figures):
        note = f"{note} None of this is recorded in this software yet.".strip()
        # It says nothing about anybody, so it stays whoever reads.
        heads = [heads[n] for n in figures]
        yield Table(name, context.say(caption), heads, [[Shown(NOT_AVAILABLE, NOT_AVAILABLE) for _ in heads]], note)
        return
    yield Table(name, context.say(caption), heads, rows, note, single=True)


def _with_identifiers(context: Context, columns: Sequence[str]) -> dict[str, StudentColumn]:
    """The columns of a table by name, where in files every student's name is followed by what identifies them."""
    told: dict[str, StudentColumn] = {}
    for name in columns:
        told[name] = COLUMNS[name]
        if name == "student":
            told |= {added: column for added, column in context.identifiers.items() if added not in columns}
    return told


def _known(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in COLUMNS:
            raise SetupError(f"There is no column {name}. There are: {', '.join(COLUMNS)}.")
    return names


BUILDERS: Mapping[str, Callable[..., Blocks]] = {
    "banner": _banner, "heading": _heading, "text": _text, "page": _page, "tiles": _tiles, "table": _table,
    "figure": figure, "themes": themes_table,
    "distance": distance, "strengths": strengths, "next-steps": next_steps, "words": words, "context": context_noted,
    "summary": summary, "gaps": gaps,
    "method": method,
}  # fmt: skip
"""Every block that a layout may name."""
