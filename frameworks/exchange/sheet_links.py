"""Lists in which each row names what it is a part of: CASE as CSV, Moodle's competency frameworks, and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

import orjson

from ap_ledger.errors import DefinitionError
from frameworks.exchange.headings import Columns
from frameworks.exchange.intake import TOO_DEEP, TREE_DEPTH, Intake, shortened, slug, unused
from frameworks.exchange.sheet_about import About
from frameworks.exchange.sheet_cells import DETAIL_LIMIT, read_cells
from frameworks.exchange.sheet_nodes import Node, Nodes, known_id, priors_in
from frameworks.exchange.sheet_totals import is_sum, may_add_up, standing
from frameworks.exchange.tables import Row
from frameworks.language.letters import plain_letters, tidy
from frameworks.language.parts import number_in


class LinkedRows(Nodes):
    """Takes the rows of a list, and hangs each under the one that it names."""

    def __init__(self, intake: Intake, columns: Columns, about: About) -> None:
        super().__init__(intake)
        self.columns, self.about = columns, about
        self._whole = ""
        self._depths: list[str] = []
        self._by_identifier: dict[str, Node] = {}
        self._by_code: dict[str, list[Node]] = {}
        self._by_words: dict[str, list[Node]] = {}
        self._parents: list[tuple[Node, str]] = []
        self._order: dict[str, float] = {}
        self._scales: dict[str, str] = {}

    def another_table(self, columns: Columns) -> None:
        """Goes on with the columns of a table further down."""
        self.columns = columns

    def take(self, row: Row, below: Sequence[Row] = ()) -> None:
        """One row: a thing, or in Moodle's lists the whole."""
        if not any(row.cells):
            return
        short, full = self._words(row)
        if plain_letters(self.columns.cell(row, "framework")) in ("1", "yes", "true"):
            self._about_the_whole(row, short or full)
            return
        words = short or full
        if not words:
            self.say(row, "it has no words; the row was left out")
        elif may_add_up(words) and self._adds_up(row, words, below):
            self.say(row, f"'{words[:40]}' adds other rows up; the row was left out")
        else:
            self._thing(row, words, full if short else "")

    def _adds_up(self, row: Row, words: str, below: Sequence[Row]) -> bool:
        more = self.columns.more
        places = [*more.get("short", ()), *more.get("full", ()), *(place for place, _ in self.columns.tree[-1:])]
        own = next(place for place in places if row.cells[place : place + 1] == [words])
        after = below[0] if below else Row(0, [])
        ends = not any(after.cells) or any(map(is_sum, self._words(after)))
        return standing(row, own, self.columns, "", False, False, ends).adds_up

    def _words(self, row: Row) -> tuple[str, str]:
        full = self.columns.cell(row, "full")
        if not full and self.columns.tree:
            place = self.columns.tree[-1][0]
            full = row.cells[place] if place < len(row.cells) else ""
        return self.columns.cell(row, "short"), full

    def _thing(self, row: Row, words: str, full: str) -> None:
        more = read_cells(row, self.columns, self.about.scales, self.intake)
        if more is None:
            return
        if self._is_html(row) and "detail" in more:
            more["detail"] = plain_text(more["detail"])[:DETAIL_LIMIT]
        if full and full != words:
            more["detail"] = "\n\n".join(part for part in (full, more.get("detail")) if part)[:DETAIL_LIMIT]
        wanted = self.columns.cell(row, "id")
        node_id = known_id(wanted) if wanted else ""
        if node_id in self.by_id:
            before = self.by_id[node_id]
            difference = "" if before.label == shortened(words) else ", with other words"
            self.say(row, f"its identifier is that of {before.row.where}{difference}; the row was left out")
            return
        if wanted and node_id and wanted.lower() != node_id:
            more.setdefault("source", wanted[:1000])
        label = self.labelled(row, words, more)
        self._scale(row, more)
        made = node_id or self._id_from_code(more) or self.made_id(row, label, None, str(more.get("level", "")))
        node = Node(made, label, row, more)
        node.priors = priors_in(row, self.columns)
        self.by_id[node.id] = node
        self.all.append(node)
        if wanted:
            self._by_identifier |= {wanted: node, node_id: node}
        self._by_code.setdefault(str(more.get("code", "")), []).append(node)
        self._by_words.setdefault(plain_letters(label), []).append(node)
        self._parents.append((node, self.columns.cell(row, "parent")))
        if (order := number_in(self.columns.cell(row, "order"))) is not None:
            self._order[node.id] = order

    def _id_from_code(self, more: Mapping[str, Any]) -> str:
        made = slug(str(more.get("code", "")))
        return self.unused(made) if made else ""

    # The tree -----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Hangs every thing under the one that its row names.

        Who is not there, or waits in a circle, is told by row.
        """
        if not any(wanted for _, wanted in self._parents):
            self._settle_by_codes()
        else:
            for node, wanted in self._parents:
                node.parent = self._parent(node, wanted)
            self._open_circles()
        self._refuse_depths()
        for node in sorted(self.all, key=lambda node: self._order.get(node.id, float("inf"))):
            self.hang(node, node.parent)
        self._name_depths()
        self.settle_priors()

    def _parent(self, node: Node, wanted: str) -> Node | None:
        if not wanted or wanted == self._whole:
            return None
        known = self._by_identifier.get(wanted) or self._by_identifier.get(known_id(wanted))
        named = [known] if known else self._by_code.get(wanted) or self._by_words.get(plain_letters(wanted), [])
        if len(named) == 1 and named[0] is not node:
            return named[0]
        why = "is in no row" if not named else "is in several rows"
        if named == [node]:
            why = "is the row itself"
        self.say(
            node.row,
            f"'{wanted[:60]}', which it names as what it is a part of, {why}; it was put at the top",
            kept=True,
        )
        return None

    def _open_circles(self) -> None:
        sound: set[str] = set()
        for node in self.all:
            path: set[str] = set()
            at: Node | None = node
            while at is not None and at.id not in sound:
                if at.id in path:
                    self.say(at.row, f"'{at.label[:60]}' would stand under itself; it was put at the top", kept=True)
                    at.parent = None
                    break
                path.add(at.id)
                at = at.parent
            sound |= path

    def _settle_by_codes(self) -> None:
        """`M.F.1` stands under `M.F` where no row names what it is a part of."""
        told = False
        for node, _ in self._parents:
            code = str(node.more.get("code", ""))
            while "." in code and node.parent is None:
                code = code.rpartition(".")[0]
                above = self._by_code.get(code, [])
                node.parent = above[0] if len(above) == 1 and above[0] is not node else None
            told = told or node.parent is not None
        if told:
            self.intake.say(
                "the rows",
                "none names what it is a part of, so the tree was made from their codes",
                kept=True,
            )

    def _refuse_depths(self) -> None:
        depth: dict[str, int] = {}
        for node in self.all:
            path: list[Node] = []
            at: Node | None = node
            while at is not None and at.id not in depth:
                path.append(at)
                at = at.parent
            above = depth[at.id] if at else 0
            depth |= {ancestor.id: above + place for place, ancestor in enumerate(reversed(path), 1)}
        if max(depth.values(), default=0) > TREE_DEPTH:
            raise DefinitionError([TOO_DEEP])

    def _name_depths(self) -> None:
        """Moodle names what stands on each level of the tree once for the whole."""
        for node in self.all if self._depths else ():
            depth = len(node.above()) - 1
            if depth < len(self._depths):
                node.more.setdefault("type", self._depths[depth])

    # Moodle -------------------------------------------------------------------------------------------------------

    def _about_the_whole(self, row: Row, words: str) -> None:
        self._whole = self.columns.cell(row, "id")
        detail = self.columns.cell(row, "detail")
        told = {
            "title": words,
            "id": known_id(self._whole),
            "summary": plain_text(detail) if self._is_html(row) else detail,
        }
        for name, value in told.items():
            if value:
                self.about.lines.setdefault(name, value)
        self._depths = [
            part.strip().capitalize() for part in self.columns.cell(row, "depths").split(",") if part.strip()
        ]
        more: dict[str, Any] = {}
        self._scale(row, more)
        if "scale" in more:
            self.about.lines.setdefault("default scale", more["scale"])

    def _is_html(self, row: Row) -> bool:
        return self.columns.cell(row, "format") == "1"

    def _scale(self, row: Row, more: dict[str, Any]) -> None:
        """The scale that a row lists, with the levels that count as proficient."""
        listed = self.columns.cell(row, "levels")
        names = [shortened(tidy(part)) for part in listed.split(",") if tidy(part)]
        if len(names) < 2:
            return
        told = self.columns.cell(row, "meanings")
        name = self._scales.get(listed + told)
        if name is None:
            wanted = "scale" if not self._scales else f"scale-{len(self._scales) + 1}"
            name = self._scales[listed + told] = unused(wanted, self.about.scales)
            proficient = _proficient(told)
            taken: dict[str, None] = {}
            for place, level in enumerate(names, 1):
                taken[unused(slug(level) or f"level-{place}", taken)] = None
            levels = [
                {"value": value, "label": level} | ({"means": "secure"} if place in proficient else {})
                for place, (value, level) in enumerate(zip(taken, names, strict=True), 1)
            ]
            self.about.scales[name] = {"id": name, "type": "ordinal", "levels": levels}
        more["scale"] = name


def _proficient(told: str) -> set[int]:
    """The places of the levels that Moodle counts as proficient."""
    try:
        parts = orjson.loads(told) if told else []
    except orjson.JSONDecodeError:
        return set()
    listed = parts if isinstance(parts, list) else []
    named = [part for part in listed if isinstance(part, dict) and isinstance(part.get("id"), int)]
    return {part["id"] for part in named if part.get("proficient") in (1, "1", True)}


def plain_text(html: str) -> str:
    """Words without their marks."""
    return tidy(unescape(re.sub(r"<[^<>]{0,1000}>", " ", html)))
