"""Blocks to plan from, and the method of a report: how figures were made, what is missing, what they cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ap_ledger import __version__
from ap_ledger.kinds.timeline import MISSING
from projections.fold.cells import scored_facts
from projections.queries.gaps import Gaps
from projections.queries.period_facts import StudentPeriod
from reports.blocks import Column, Heading, Listing, Paragraph, Shown, Table, Undisclosed
from reports.columns import COLUMNS, in_words
from reports.context import Blocks, Context


def gaps(context: Context) -> Blocks:
    """What is missing, to plan from: unscored slots, students not met, sessions we cancelled, raters far apart."""
    missing = Gaps(context.reader, context.setting, context.periods)
    for name, caption, heads, rows in missing.tables():
        if rows:
            columns = [Column(head.lower().replace(" ", "_"), head) for head in heads]
            if columns[0].name == "student":
                beside = context.identifiers.items()
                columns[1:1] = [Column(key, column.label, column.means, printed=False) for key, column in beside]
            yield Table(name, caption, columns, [[*_cells(context, row)] for row in rows], single=True)
        else:
            yield Heading(caption, 3)
            yield Paragraph("Nothing is missing here.")


def _cells(context: Context, row: Sequence[Any]) -> Iterator[Shown]:
    for cell in row:
        if isinstance(cell, StudentPeriod):
            yield from (column.cell(cell) for column in (COLUMNS["student"], *context.identifiers.values()))
        else:
            yield Shown(str(cell), cell)


def method(context: Context) -> Blocks:
    """How the figures were made, what is missing from them, and what they cannot say."""
    yield Heading("How these figures were made")
    yield Paragraph(
        "Every figure is computed from single entries that are never changed: a correction is an entry of its own. The "
        "same figures can be made again, to the "
        f"same numbers, from what was known then: {context.words['known']}, position {context.words['position']} of "
        f"the ledger, with AP Ledger {__version__}."
    )
    used = sorted(
        {theme.framework.key for period in context.periods for theme in period.themes}
        | {facts.curriculum.key for period in context.periods for facts in period.curricula}
    )
    ladders = sorted({facts.ladder.key for period in context.periods for facts in period.ladders})
    if used or ladders:
        yield Paragraph(f"Ladders, frameworks and curricula, with their versions: {', '.join([*ladders, *used])}.")
    yield from _missing_and_who(context)
    yield Listing(
        [
            "A ladder has an order and no distances: there are middles and counts, no averages.",
            "Starting points are often taken at a time of crisis. Some change would come without any help, so a "
            "change is not proof of its cause.",
            "Sessions that were not attended are not missing by chance: "
            "what is known comes from better days more than from worse.",
            "Different people score differently. Who scored, and how often, is said above.",
            "Where there is too little to tell, the report says so.",
        ]
    )
    means = {
        COLUMNS[name].label: COLUMNS[name].means
        for name in context.columns_used
        if name not in ("student", "reference")
    }
    if means:
        rows = [
            [Shown(label), Shown(meaning)] for label, meaning in means.items() if not meaning.startswith("Not recorded")
        ]
        yield Table(
            "columns",
            "What the columns mean",
            [Column("column", "Column"), Column("means", "What it says")],
            rows,
            single=True,
        )
    if "student" in context.columns_used:
        beside = " ".join(f"{name}: {column.means}" for name, column in context.identifiers.items())
        yield Paragraph(
            f"In the files of figures every student's name is followed by what tells them from others. {beside}",
            single=True,
        )


def _missing_and_who(context: Context) -> Blocks:
    reasons: dict[str, int] = {}
    informants: dict[str, int] = {}
    for period in context.periods:
        for _, cell in period.in_period:
            for fact in scored_facts(cell):
                informants[fact.informant] = informants.get(fact.informant, 0) + 1
                if fact.value.startswith(MISSING):
                    reason = fact.value.removeprefix(MISSING)
                    reasons[reason] = reasons.get(reason, 0) + 1
    if context.one_student:
        total = sum(informants.values())
        who = ", ".join(f"{name.replace('-', ' ')} {times}" for name, times in sorted(informants.items()))
        missing = ", ".join(f"{name.replace('-', ' ')} {times}" for name, times in sorted(reasons.items())) or "none"
        yield Paragraph(
            f"Scores in the period: {total}, by {who or 'nobody'}. Of these without a level: {missing}.", single=True
        )
    else:
        keys = {f"informant:{name}": times for name, times in sorted(informants.items())}
        for name in informants:
            context.cohort.total(f"informant:{name}", partial(_by_informant, name=name))
        if keys:
            rows: list[list[Shown | Undisclosed]] = [
                [Shown(key.partition(":")[2].replace("-", " ")), Undisclosed(key, in_words)] for key in keys
            ]
            yield Table(
                "who-scored", "Who scored, and how often", [Column("who", "Who"), Column("scores", "Scores")], rows
            )
    broken = sum(period.incomplete for period in context.periods)
    if broken:
        yield Paragraph("Incomplete: an event about a student of this report could not be read. Run ap-ledger check.")


def _by_informant(period: StudentPeriod, name: str) -> int:
    return sum(fact.informant == name for _, cell in period.in_period for fact in scored_facts(cell))
