"""Disclosure control: the one module through which everything passes that leaves, in whatever form.

Groups here are tiny, so a published table must not let anyone work a child out. A preset hides what rests on too few
students, hides more until nothing hidden can be got back by subtraction, and rounds what is left. Rates are made of
rounded numbers only.

Cells stand in families, a total and its parts, as trees: a cell is a part of one family at most. That makes the rule
short and its safety plain: where one part is hidden every part that is not nought is, so a total never leads to a
single part; what is below something hidden is hidden too; and a total so small that its hidden parts could hardly
differ is hidden with them. Source of thresholds, symbols and what they hold for: the publishing rules of
`docs/reports.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ap_ledger.errors import LedgerError
from reports.blocks import Block, Heading, Page, Paragraph, Shown, Table, Tiles, Undisclosed

HIDDEN, NOT_APPLICABLE, NOT_AVAILABLE, LOW = "c", "z", "x", "k"
SYMBOLS = {
    HIDDEN: "hidden, because few students are behind it",
    NOT_APPLICABLE: "not applicable",
    NOT_AVAILABLE: "not recorded yet",
    LOW: "low: rounds to 0",
}


@dataclass(frozen=True)
class Preset:
    """How much is hidden: what rests on 1 to `threshold - 1` students, and to which multiple the rest is rounded."""

    name: str
    threshold: int
    base: int
    says: str


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("internal", 0, 1, "for readers who may identify every student in it; nothing is hidden or rounded"),
        Preset("publish-5", 5, 5, "numbers that rest on 1 to 4 students are hidden, the others rounded to 5"),
        Preset("publish-10", 10, 10, "numbers that rest on 1 to 9 students are hidden, the others rounded to 10"),
    )
}
STRICTEST = "publish-10"
"""The preset of anything that leaves for readers who may not identify every student."""


class NotDisclosable(LedgerError):
    """What was asked for cannot leave in this form; says why, and what to do."""


@dataclass(frozen=True)
class Cell:
    """A number: how many students are behind it, and how it is counted.

    `count` cells can be added up; `ratio` and `median` cells are made from `sources`, and hidden with any of them.
    """

    value: float | str | None
    students: int
    kind: Literal["count", "ratio", "median"] = "count"
    sources: tuple[str, ...] = ()
    per: float = 1.0


@dataclass(frozen=True)
class Family:
    """A total and the parts that add up to it. `of_students` says that every student is in exactly one part."""

    total: str
    parts: tuple[str, ...]
    of_students: bool = False


@dataclass
class Draft:
    """A report before disclosure control: its blocks, and the numbers they refer to."""

    title: str
    foot: str
    language: str
    about_one_student: bool
    blocks: list[Block] = field(default_factory=list)
    cells: dict[str, Cell] = field(default_factory=dict)
    families: list[Family] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What may be shown to its reader, and nothing else.

    `names` are those in it, each with what stands for it in print.

    It is needed where no font at hand has the letters of a name.
    """

    title: str
    foot: str
    language: str
    preset: Preset
    blocks: Sequence[Block]
    facts: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)


def release(draft: Draft, preset_name: str) -> Report:
    """A draft as its reader may see it.

    Raises NotDisclosable for a preset that is none, or that cannot hold for one student.
    """
    preset = PRESETS.get(preset_name)
    if preset is None:
        raise NotDisclosable(f"There is no preset {preset_name}. Use one of: {', '.join(PRESETS)}.")
    if preset.threshold and draft.about_one_student:
        raise NotDisclosable(
            "A report about one student goes only to those who may identify them: leave its small numbers "
            f"as its readers may see them (internal), not {preset.name}."
        )
    shown = protect(draft.cells, draft.families, preset)
    blocks: list[Block] = []
    dropped = False
    for block in draft.blocks:
        if preset.threshold and block.single:
            dropped = True
            continue
        blocks.append(_finish(block, shown))
    if dropped:
        blocks.append(Paragraph("What is about single students is left out of this report.", quiet=True))
    blocks = _without_empty_headings(blocks)
    used = symbols_in(blocks)
    if used:
        blocks.append(Paragraph("Signs: " + "; ".join(f"{sign} {SYMBOLS[sign]}" for sign in used) + ".", quiet=True))
    if preset.threshold:
        blocks.append(Paragraph(f"Preset {preset.name}: {preset.says}.", quiet=True))
    facts = {**draft.facts, "preset": preset.name}
    return Report(draft.title, f"{draft.foot} · {preset.name}", draft.language, preset, blocks, facts, draft.names)


def _without_empty_headings(blocks: Sequence[Block]) -> list[Block]:
    """What is left when single students are left out, without headings over nothing."""
    made: list[Block] = []
    for block in reversed(blocks):
        after = made[-1] if made else None
        if isinstance(block, Heading) and (
            after is None or isinstance(after, Page) or (isinstance(after, Heading) and after.level <= block.level)
        ):
            continue
        made.append(block)
    return made[::-1]


# The rule -------------------------------------------------------------------------------------------------------------


def protect(cells: Mapping[str, Cell], families: Iterable[Family], preset: Preset) -> dict[str, Any]:
    """What may be shown of each cell: a number, or a symbol. Raises ValueError where families are no trees."""
    if not preset.threshold:
        return {key: NOT_AVAILABLE if cell.value is None else cell.value for key, cell in cells.items()}
    families = list(families)
    parts = [part for family in families for part in family.parts]
    if len(parts) != len(set(parts)):
        raise ValueError("a cell may be a part of one family only")
    hidden = _hidden(cells, families, preset)
    shown: dict[str, Any] = {}
    for key, cell in cells.items():
        if key in hidden:
            shown[key] = HIDDEN
        elif cell.value is None:
            shown[key] = NOT_AVAILABLE
        elif cell.kind == "count":
            shown[key] = _rounded(float(cell.value), preset.base)
    for key, cell in cells.items():
        if key not in shown:
            shown[key] = _ratio(cell, shown) if cell.kind == "ratio" else cell.value
    return shown


def _hidden(cells: Mapping[str, Cell], families: Sequence[Family], preset: Preset) -> set[str]:
    hidden = {key for key, cell in cells.items() if 0 < cell.students < preset.threshold}
    for family in families:
        if family.of_students and sum(bool(cells[part].value) for part in family.parts) == 1:
            # Where everybody is alike, a table says of each of them what they are.
            hidden.update(family.parts)
    while True:
        before = len(hidden)
        for family in families:
            there = {part for part in family.parts if cells[part].value}
            if family.total in hidden or hidden & set(family.parts):
                # Below a hidden nought there are noughts alone, which must not give it away.
                hidden |= there or set(family.parts)
                if len(there) == 1:
                    # A single part is its total, so noughts beside it must not say so, and alone it takes its total
                    # with it.
                    hidden |= set(family.parts) if len(family.parts) > 1 else {family.total}
                if family.total not in hidden and _room(family, cells, families, preset) < preset.threshold:
                    hidden.add(family.total)
        for key, cell in cells.items():
            if cell.sources and hidden & set(cell.sources):
                hidden.add(key)
        if len(hidden) == before:
            return hidden


def _room(family: Family, cells: Mapping[str, Cell], families: Sequence[Family], preset: Preset) -> float:
    """How far a hidden part can move under a total that is shown: what the total may be at most, less what every part
    must be at least."""
    parts_of: dict[str, list[tuple[str, ...]]] = {}
    for other_family in families:
        parts_of.setdefault(other_family.total, []).append(other_family.parts)

    def least(key: str) -> float:
        if not cells[key].value:
            return 0
        return max([1.0, *(sum(least(part) for part in parts) for parts in parts_of.get(key, ()))])

    most = (
        int(preset.base * ((float(cells[family.total].value or 0) + preset.base / 2) // preset.base)) + preset.base / 2
    )
    return most - sum(least(part) for part in family.parts)


def _rounded(value: float, base: int) -> int | str:
    made = int(base * ((value + base / 2) // base))
    return LOW if value and not made else made


def _ratio(cell: Cell, shown: Mapping[str, Any]) -> Any:
    over, under = (shown[source] for source in cell.sources)
    if not isinstance(over, int) or not isinstance(under, int) or not under:
        return LOW if over == LOW else NOT_APPLICABLE
    return cell.per * over / under


# Blocks ---------------------------------------------------------------------------------------------------------------


def _finish(block: Block, shown: Mapping[str, Any]) -> Block:
    match block:
        case Tiles():
            return replace(block, items=[(name, _told(value, shown)) for name, value in block.items])
        case Table():
            return replace(block, rows=[[_told(cell, shown) for cell in row] for row in block.rows])
    return block


def _told(cell: Shown | Undisclosed, shown: Mapping[str, Any]) -> Shown:
    if isinstance(cell, Shown):
        return cell
    value = shown[cell.key]
    return Shown(value if isinstance(value, str) and value in SYMBOLS else cell.show(value), value)


def symbols_in(blocks: Iterable[Block]) -> list[str]:
    """The symbols that a report's tables and tiles use, for its key."""
    texts = {
        cell.text
        for block in blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
        if isinstance(cell, Shown)
    }
    texts |= {
        value.text
        for block in blocks
        if isinstance(block, Tiles)
        for _, value in block.items
        if isinstance(value, Shown)
    }
    return [symbol for symbol in SYMBOLS if symbol in texts]
