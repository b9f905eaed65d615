"""Definitions from a spreadsheet: a few lines about the whole, then a row for each thing, as people write them.

The columns on the left make the tree (`theme`, `aim`, `indicator`); the others say more about the row. Cells left empty
at the left mean "the same as above". What cannot be used is reported with its row; the good rows beside it go in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from ap_ledger.errors import DefinitionError
from ap_ledger.events.entries import Informant
from ap_ledger.events.setting import SlotKind
from frameworks.intake import ITEMS_LIMIT, Intake, decode, in_words, is_id, lines_of, shortened, slug, tidy, unused
from frameworks.model import Cadence, Kind
from frameworks.sheet_scales import USUAL_SCALES, scale_in

TREE = ("outcome", "theme", "area", "section", "subject", "strand", "topic", "aim", "unit", "micro-unit", "indicator", "question", "statement", "goal", "rung")
"""Names of columns that make the tree. Their order in the sheet is the order of the tree."""

KIND_OF = {"rung": "ladder", "subject": "curriculum", "strand": "curriculum", "unit": "curriculum", "micro-unit": "curriculum",
           "question": "instrument", "statement": "instrument"}  # fmt: skip
COLUMNS = {
    "plain words": "plain", "plain": "plain", "scale": "scale", "scored in": "slots", "slots": "slots", "id": "id", "code": "code", "detail": "detail",
    "comes after": "prior", "prior": "prior", "better": "polarity", "polarity": "polarity", "reverse": "reverse", "reversed": "reverse",
    "looked at in": "observable", "observable": "observable", "on site": "on_site", "supervised": "supervised", "own words": "per_student",
}  # fmt: skip
ABOUT = {"title", "id", "version", "kind", "licence", "holder", "credit", "use", "summary", "language", "default scale", "cadence", "informants"}
SLOT_KINDS = frozenset(get_args(SlotKind))
YES, NO = frozenset({"yes", "y", "true", "1", "x", "✓"}), frozenset({"", "no", "n", "false", "0", "-"})
Cells = list[str]


@dataclass(eq=False)
class _Node:
    """A thing of the tree on its way in."""

    id: str
    label: str
    row: int
    more: dict[str, Any] = field(default_factory=dict)
    priors: list[str] = field(default_factory=list)
    below: list[_Node] = field(default_factory=list)
    parent: _Node | None = None
    only_heading: bool = False
    """Named only as the heading of a row, so that it is nothing without rows below it."""


def read_sheet(raw: bytes | str, name: str = "pasted") -> Intake:
    """A definition from comma-, semicolon- or tab-separated rows. Raises DefinitionError for what is no table at all."""
    intake = Intake()
    text, note = decode(raw) if isinstance(raw, bytes) else (raw, None)
    if note:
        intake.say("the file", note, kept=True)
    rows = _table(text)
    start = next((number for number, cells in enumerate(rows) if _tree_columns(cells)), None)
    if start is None:
        raise DefinitionError(
            ["no row names the columns. Write one with 'theme' and 'indicator' (or subject, strand and unit; section and question; or rung) above the rows"]
        )
    if len(rows) - start > ITEMS_LIMIT:
        raise DefinitionError([f"there are more than {ITEMS_LIMIT} rows; split them into several frameworks"])
    about, scales = _about(rows[:start], intake)
    tree = _tree_columns(rows[start])
    kind = about.get("kind") or next((KIND_OF[column] for _, column in reversed(tree) if column in KIND_OF), "outcomes")
    if kind not in get_args(Kind):
        intake.say("the line 'kind'", f"'{kind}' is not one of {', '.join(get_args(Kind))}; it was read as outcomes", kept=True)
        kind = "outcomes"
    if not scales and kind in USUAL_SCALES:
        scales = {USUAL_SCALES[kind]["id"]: USUAL_SCALES[kind]}
    reader = _Rows(intake, tree, _more_columns(rows[start], tree, intake), scales, kind)
    for number, cells in enumerate(rows[start + 1 :], start + 2):
        reader.take(number, cells)
    reader.drop_empty_headings()
    reader.settle_priors()
    if not reader.roots:
        return intake
    intake.rows = {node.id: node.row for node in reader.all}
    intake.authored = _authored(about, kind, scales, reader.roots, intake, name)
    return intake


def _table(text: str) -> list[Cells]:
    """The rows of the delimiter that finds most named columns."""

    def parsed(delimiter: str) -> list[Cells]:
        return [[tidy(cell) for cell in cells] for cells in csv.reader(lines_of(text), delimiter=delimiter)]

    best: list[Cells] = []
    try:
        tables = [parsed(delimiter) for delimiter in (",", "\t", ";") if delimiter in text or delimiter == ","]
    except csv.Error:
        raise DefinitionError(["this is not a readable table: a cell is longer than 128 kB, or a quote is never closed"]) from None
    for table in tables:
        named = max((len(_tree_columns(cells)) + len(_known(cells)) for cells in table[:200]), default=0)
        if not best or named > max((len(_tree_columns(cells)) + len(_known(cells)) for cells in best[:200]), default=0):
            best = table
    return best


def _heading(cell: str) -> str:
    return re.sub(r"[\s_]+", " ", cell.lower()).strip(" :*")


def _known(cells: Cells) -> list[str]:
    return [cell for cell in cells if _heading(cell) in COLUMNS]


def _tree_name(cell: str) -> str | None:
    """Which column of the tree a heading means: `Theme`, `Themes`, `Theme name` and `Area of development` are all found."""
    heading = _heading(cell).replace(" ", "-")
    if heading.replace("-", " ") in COLUMNS:
        return None
    words = (heading, heading.removesuffix("s"), heading.partition("-")[0], heading.partition("-")[0].removesuffix("s"))
    return next((word for word in words if word in TREE), None)


def _tree_columns(cells: Cells) -> list[tuple[int, str]]:
    """The tree's columns of a row of headings. A line about the whole (`id,…`) is none."""
    found = [(place, name) for place, cell in enumerate(cells) if (name := _tree_name(cell)) is not None]
    only_headings = all(not cell or _heading(cell) in COLUMNS or _tree_name(cell) for cell in cells[:2])
    return found if only_headings else []


def _more_columns(cells: Cells, tree: Sequence[tuple[int, str]], intake: Intake) -> dict[int, str]:
    places, found = {place for place, _ in tree}, {}
    for place, cell in enumerate(cells):
        if place in places or not cell:
            continue
        if _heading(cell) in COLUMNS:
            found[place] = COLUMNS[_heading(cell)]
        else:
            intake.say(f"column '{cell[:40]}'", "this column is not known here and was left out", kept=True)
    return found


# The lines about the whole ------------------------------------------------------------------------------------------


def _about(rows: Sequence[Cells], intake: Intake) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    about: dict[str, str] = {}
    scales: dict[str, dict[str, Any]] = {}
    for number, cells in enumerate(rows, 1):
        name, said = _heading(cells[0]) if cells else "", [cell for cell in cells[1:] if cell]
        if not name:
            continue
        if name in ABOUT:
            about[name] = ", ".join(said) if name == "informants" else (said[0] if said else "")
        elif name.startswith("scale"):
            _scale_line(number, slug(cells[0][5:]), said, scales, intake)
        else:
            intake.say(f"row {number}", f"'{cells[0][:40]}' is not a line that is known here; it was left out", kept=True, row=number)
    return {name: value for name, value in about.items() if value}, scales


def _scale_line(number: int, name: str, said: Sequence[str], scales: dict[str, dict[str, Any]], intake: Intake) -> None:
    made = scale_in(said) if name else None
    if made is not None:
        scales[name] = {"id": name, **made}
    elif not name or not said:
        intake.say(f"row {number}", "a scale is written as: scale NAME, then a cell for each level such as 1 = A little", row=number)
    else:
        intake.say(f"row {number}", f"the scale '{name}' needs two levels or more, each with a value of its own", row=number)


# The rows -----------------------------------------------------------------------------------------------------------


class _Rows:
    """Takes the rows of a sheet one after the other into a tree."""

    def __init__(self, intake: Intake, tree: Sequence[tuple[int, str]], more: Mapping[int, str], scales: Mapping[str, Any], kind: str) -> None:
        self.intake, self.tree, self.more, self.scales, self.kind = intake, tree, more, scales, kind
        self.roots: list[_Node] = []
        self.all: list[_Node] = []
        self._ids: dict[str, _Node] = {}
        self._named: dict[tuple[str, str], _Node] = {}
        self._path: list[_Node | None] = [None] * len(tree)

    def take(self, number: int, cells: Cells) -> None:
        """One row: its rightmost filled tree cell is the thing, the cells before it are its headings."""
        words = [cells[place] if place < len(cells) else "" for place, _ in self.tree]
        filled = [depth for depth, word in enumerate(words) if word]
        if not filled:
            if any(cells):
                self.say(number, "nothing stands in the columns of the tree; the row was left out")
            return
        said = {name: cells[place] for place, name in self.more.items() if place < len(cells) and cells[place]}
        above = [node for node in self._path[: filled[0]] if node is not None]
        if filled[0] and not above and self.tree[filled[0]][1] not in ("indicator", "question", "statement", "goal", "rung", "micro-unit", "unit"):
            self.say(number, f"there is no {self.tree[0][1]} above this row; it was put at the top", kept=True)
        self._path[filled[0] :] = [None] * (len(self.tree) - filled[0])
        for depth in filled:
            parent = above[-1] if above else None
            last = depth == filled[-1]
            node = self._heading(words[depth], parent) if not last or not said else None
            if node is None:
                node = self._node(number, words[depth], parent, said if last else {})
                if node is not None:
                    node.only_heading = not last
            elif last and not said:
                self.say(number, f"'{words[depth][:60]}' is in row {node.row} already; the row was left out")
            if node is None:
                return
            self._path[depth] = node
            above.append(node)

    def say(self, number: int, said: str, kept: bool = False) -> None:
        self.intake.say(f"row {number}", said, kept, number)

    def _heading(self, label: str, parent: _Node | None) -> _Node | None:
        return self._named.get((parent.id if parent else "", shortened(label)))

    def _node(self, number: int, label: str, parent: _Node | None, said: Mapping[str, str]) -> _Node | None:
        if (before := self._heading(label, parent)) is not None and not before.below:
            self.say(number, f"'{label[:60]}' is in row {before.row} already; the row was left out")
            return None
        more = self._more(number, said)
        if more is None:
            return None
        if len(label) > len(shortened(label)):
            more.setdefault("detail", label[:8000])
            self.say(number, "the words are longer than 300 letters; the whole stands in 'detail'", kept=True)
        node = _Node(self._id(number, label, parent, said.get("id", "")), shortened(label), number, more, parent=parent)
        node.priors = [part.strip() for part in re.split(r"[;|]", said.get("prior", "")) if part.strip()]
        self._ids[node.id] = node
        self._named[parent.id if parent else "", node.label] = node
        self.all.append(node)
        (parent.below if parent else self.roots).append(node)
        return node

    def _id(self, number: int, label: str, parent: _Node | None, wanted: str) -> str:
        if wanted and is_id(wanted) and wanted not in self._ids:
            return wanted
        if wanted:
            why = "is there twice" if is_id(wanted) else "is not made of small letters, digits, hyphens and dots"
            self.say(number, f"the id '{wanted[:60]}' {why}; one was made from the words", kept=True)
        made = slug(label).replace(".", "-")
        if not made:
            self.say(number, "no id could be made from these letters; give the row one in a column 'id', so that it stays the same", kept=True)
            made = f"row-{number}"
        if made in self._ids and parent is not None:
            made = f"{slug(parent.label, 30) or parent.id}-{made}"
        return unused(made, self._ids)

    def _more(self, number: int, said: Mapping[str, str]) -> dict[str, Any] | None:
        """What the other columns say, or None where the row cannot be scored as it says it wants to be."""
        more: dict[str, Any] = {}
        for name, value in said.items():
            read = READ.get(name)
            if name == "scale":
                if slug(value) not in self.scales:
                    self.say(number, f"no scale is called '{value[:60]}'; there are: {', '.join(self.scales) or 'none'}. The row was left out")
                    return None
                more["scale"] = slug(value)
            elif name == "slots":
                kinds = [re.sub(r"[\s_]+", "-", part.strip().lower()) for part in re.split(r"[,;|]", value) if part.strip()]
                unknown = [kind for kind in kinds if kind not in SLOT_KINDS]
                if unknown:
                    self.say(number, f"'{unknown[0][:40]}' is not a kind of slot ({', '.join(sorted(SLOT_KINDS))})", kept=True)
                if good := [kind for kind in kinds if kind in SLOT_KINDS]:
                    more["applies_to"] = {"slot_kinds": good}
            elif read is not None:
                try:
                    more |= read(value)
                except ValueError as fault:
                    self.say(number, f"{fault}; the cell was left out", kept=True)
        return more

    def drop_empty_headings(self) -> None:
        """A heading all of whose rows were left out goes too, or it would stand there as something to score."""
        for node in reversed(list(self.all)):
            if node.only_heading and not node.below:
                (node.parent.below if node.parent else self.roots).remove(node)
                del self._ids[node.id]
        self.all = [node for node in self.all if node.id in self._ids]

    def settle_priors(self) -> None:
        """Finds what each row comes after, by id or by its words."""
        by_words: dict[str, list[_Node]] = {}
        for node in self.all:
            by_words.setdefault(node.label.lower(), []).append(node)
        for node in self.all:
            for wanted in node.priors:
                found = [self._ids[wanted]] if wanted in self._ids else by_words.get(wanted.lower(), [])
                if len(found) != 1 or found[0] is node:
                    why = "there is no such row" if not found else "it is the row itself" if found[0] is node else "several rows say so; use an id"
                    self.say(node.row, f"it comes after '{wanted[:60]}', and {why}; that was left out", kept=True)
                else:
                    node.more.setdefault("prior", []).append(found[0].id)


def _yes(field_name: str) -> Callable[[str], dict[str, Any]]:
    def read(value: str) -> dict[str, Any]:
        if value.lower() not in YES | NO:
            raise ValueError(f"'{value[:40]}' should be yes or no")
        return {field_name: True} if value.lower() in YES else {}

    return read


def _one_of(field_name: str, *allowed: str) -> Callable[[str], dict[str, Any]]:
    def read(value: str) -> dict[str, Any]:
        if value.lower() not in allowed:
            raise ValueError(f"'{value[:40]}' should be one of {', '.join(allowed)}")
        return {field_name: value.lower()}

    return read


READ: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "plain": lambda value: {"plain": shortened(value)},
    "code": lambda value: {"code": shortened(value)},
    "detail": lambda value: {"detail": value[:8000]},
    "polarity": _one_of("polarity", "up", "down", "none"),
    "observable": _one_of("observable", "session", "review", "none"),
    "reverse": _yes("reverse"),
    "per_student": _yes("per_student"),
    "on_site": _yes("on_site"),
    "supervised": _yes("supervised"),
}


# The whole ----------------------------------------------------------------------------------------------------------


def _authored(about: Mapping[str, str], kind: str, scales: Mapping[str, Any], roots: Sequence[_Node], intake: Intake, name: str) -> dict[str, Any]:
    title = shortened(about.get("title") or name.replace("-", " ").replace("_", " ").strip().capitalize() or "Untitled")
    authored: dict[str, Any] = {"id": _framework_id(about.get("id", ""), title, intake), "version": _version(about.get("version", "1"), intake), "kind": kind}
    authored["title"] = title
    for field_name in ("summary", "language"):
        if field_name in about:
            authored[field_name] = about[field_name]
    use = about.get("use", "ship")
    if use not in ("ship", "user-supplied", "link-only"):
        intake.say("the line 'use'", "it should be ship, user-supplied or link-only; it was read as user-supplied, which is never passed on", kept=True)
        use = "user-supplied"
    authored["licence"] = {"name": about.get("licence", "our own words"), "use": use} | {key: about[key] for key in ("holder", "credit") if key in about}
    if "cadence" in about:
        if about["cadence"].lower() in get_args(Cadence):
            authored["cadence"] = about["cadence"].lower()
        else:
            intake.say("the line 'cadence'", f"it should be one of {', '.join(get_args(Cadence))}; it was left out", kept=True)
    informants = [one.strip().lower() for one in about.get("informants", "").split(",") if one.strip()]
    for unknown in [one for one in informants if one not in get_args(Informant)]:
        intake.say("the line 'informants'", f"'{unknown[:40]}' is not one of {', '.join(get_args(Informant))}; it was left out", kept=True)
    if good := [one for one in informants if one in get_args(Informant)]:
        authored["informants"] = good
    if kind == "ladder":
        authored["rungs"] = [_thing(node, "rungs") for node in roots]
        return authored
    if scales:
        wanted = slug(about.get("default scale", ""))
        if wanted and wanted not in scales:
            intake.say("the line 'default scale'", f"no scale is called '{wanted}'; the first one was taken", kept=True)
        authored["default_scale"] = wanted if wanted in scales else next(iter(scales))
        authored["scales"] = [in_words(scale) if kind == "curriculum" else scale for scale in scales.values()]
    else:
        intake.say("the lines above the table", "there is no scale. Write one as: scale NAME, 0 = Not yet, 1 = Seen", kept=True)
    authored["items"] = [_thing(node, "items") for node in roots]
    return authored


def _thing(node: _Node, below: str) -> dict[str, Any]:
    inner = {below: [_thing(one, below) for one in node.below]} if node.below else {}
    return {"id": node.id, "label": node.label, **node.more, **inner}


def _framework_id(wanted: str, title: str, intake: Intake) -> str:
    if wanted and is_id(wanted):
        return wanted
    made = slug(wanted or title) or "framework"
    if wanted:
        intake.say("the line 'id'", f"an id is made of small letters, digits and hyphens; it was read as '{made}'", kept=True)
    return made


def _version(said: str, intake: Intake) -> int:
    if re.fullmatch(r"[1-9]\d{0,5}", said):
        return int(said)
    intake.say("the line 'version'", "a version is a whole number from 1 up; it was read as 1", kept=True)
    return 1
