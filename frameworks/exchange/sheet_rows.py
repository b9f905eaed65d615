"""Sheets whose columns at the left make the tree: cells left empty there mean "the same as above"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frameworks.exchange.headings import Columns
from frameworks.exchange.intake import Intake, is_id, shortened
from frameworks.exchange.sheet_cells import read_cells
from frameworks.exchange.sheet_nodes import Node, Nodes, known_id, priors_in
from frameworks.exchange.sheet_totals import (
    LOOKED_AHEAD,
    all_numbers,
    is_number,
    is_statistic,
    is_sum,
    may_add_up,
    standing,
)
from frameworks.exchange.tables import Row

MAY_STAND_ALONE = frozenset(("indicator", "question", "statement", "goal", "rung", "micro-unit", "unit"))


class TreeRows(Nodes):
    """Takes the rows of a sheet one after the other into a tree."""

    def __init__(self, intake: Intake, columns: Columns, scales: Mapping[str, Any]) -> None:
        super().__init__(intake)
        self.scales = scales
        self._named: dict[tuple[str, str, str], Node] = {}
        self._headings: dict[tuple[str, str], Node] = {}
        self.columns = columns
        self._path: list[Node | None] = [None] * len(columns.tree)
        self._level = ""
        self._statistic_before = False

    def another_table(self, columns: Columns) -> None:
        """Goes on with the columns of a table further down."""
        self.columns = columns
        self._path = [None] * len(columns.tree)
        self._level = ""
        self._statistic_before = False

    def take(self, row: Row, below: Sequence[Row] = ()) -> None:
        """One row: its rightmost filled tree cell is the thing, the cells before it are its headings.

        The rows below it say where its heading ends.
        """
        words = self._tree_cells(row)
        filled = [depth for depth, word in enumerate(words) if word]
        if not filled:
            if any(row.cells):
                self.say(row, "nothing stands in the columns of the tree; the row was left out")
            return
        own = self._own(row, words, filled)
        if self._adds_up(row, own, words, below):
            self.say(row, f"'{row.cells[own][:40]}' adds other rows up; the row was left out")
            return
        self._statistic_before = is_statistic(row.cells[own])
        above = [node for node in self._path[: filled[0]] if node is not None]
        if filled[0] and not above and self.columns.tree[filled[0]][1] not in MAY_STAND_ALONE:
            self.say(row, f"there is no {self.columns.tree[0][1]} above this row; it was put at the top", kept=True)
        self._path[filled[0] :] = [None] * (len(words) - filled[0])
        self._climb(row, words, filled, above)

    def _tree_cells(self, row: Row) -> list[str]:
        return [row.cells[place] if place < len(row.cells) else "" for place, _ in self.columns.tree]

    def _own(self, row: Row, words: list[str], filled: list[int]) -> int:
        """The place of the words that a row goes by: numbers to the right of them are what it says, and no thing."""
        named = next((depth for depth in reversed(filled) if not is_number(words[depth])), None)
        if named is None:
            elsewhere = (place for place, cell in enumerate(row.cells) if cell and not is_number(cell))
            return next(elsewhere, self.columns.tree[filled[-1]][0])
        return self.columns.tree[named][0]

    def _adds_up(self, row: Row, own: int, words: list[str], below: Sequence[Row]) -> bool:
        name = row.cells[own]
        # Of several such words in a row the first tells whether they are learnt there: `Mean`, `Median`.
        if not may_add_up(name) or (self._statistic_before and is_statistic(name)):
            return False
        places = [place for place, _ in self.columns.tree]
        depth = places.index(own) if own in places else len(places) - 1
        as_heading = own in places[:-1] and all_numbers(filter(None, words[depth + 1 :]))
        above = [words[place] or self._word_above(place) for place in range(depth)]
        heading = next(filter(None, reversed(above)), "")
        ends = self._ends(depth, words, as_heading, below)
        return standing(row, own, self.columns, heading, any(words[:depth]), as_heading, ends).adds_up

    def _ends(self, depth: int, words: list[str], as_heading: bool, below: Sequence[Row]) -> bool:
        """Whether the heading over a row has no other rows below it, but for more that add others up."""
        for row in below[:LOOKED_AHEAD]:
            there = self._tree_cells(row)
            filled = [place for place, word in enumerate(there) if word]
            if not filled:
                return True
            if as_heading and filled[0] <= depth and not is_sum(there[filled[0]]):
                return True
            above = [(there[place], words[place] or self._word_above(place)) for place in filled if place < depth]
            if any(word != before for word, before in above):
                return True
            if not is_sum(there[filled[-1]]) and not is_sum(there[filled[0]]):
                return False
        return True

    def _word_above(self, depth: int) -> str:
        node = self._path[depth]
        return node.label if node is not None else ""

    def _climb(self, row: Row, words: list[str], filled: list[int], above: list[Node]) -> None:
        row = self._with_level(row, filled)
        says_more = any(self.columns.cell(row, means) for means in self.columns.more)
        for depth in filled:
            parent = above[-1] if above else None
            last = depth == filled[-1]
            node = (
                None
                if last and says_more
                else self._headings.get((parent.id if parent else "", shortened(words[depth])))
            )
            if node is None:
                node = self._node(row, words[depth], parent, last)
            elif last:
                self.say(row, f"'{words[depth][:60]}' is in {node.row.where} already; the row was left out")
            if node is None:
                return
            self._path[depth] = node
            above.append(node)

    def _with_level(self, row: Row, filled: list[int]) -> Row:
        """The row with the level of the rows above, where its column stands left of the thing and was left empty."""
        places = self.columns.more.get("level", [])
        leaf = self.columns.tree[filled[-1]][0]
        if not places or places[0] > leaf:
            return row
        told = self.columns.cell(row, "level")
        if told or any(self.columns.tree[depth][0] < places[0] for depth in filled):
            self._level = told
        elif self._level:
            cells = row.cells + [""] * (places[0] + 1 - len(row.cells))
            return Row(row.number, [*cells[: places[0]], self._level, *cells[places[0] + 1 :]], row.sheet)
        return row

    def _node(self, row: Row, words: str, parent: Node | None, last: bool) -> Node | None:
        more = read_cells(row, self.columns, self.scales, self.intake) if last else {}
        if more is None:
            return None
        level = str(more.get("level", ""))
        key = parent.id if parent else "", shortened(words), level
        if (before := self._named.get(key)) is not None and not before.below:
            self.say(row, f"'{words[:60]}' is in {before.row.where} already; the row was left out")
            return None
        if last and is_number(words):
            self.say(row, f"'{words[:40]}' is only a number; look whether this row belongs to the table", kept=True)
        label = self.labelled(row, words, more)
        node = Node(self._id(row, label, parent, level, last), label, row, more, only_heading=not last)
        node.priors = priors_in(row, self.columns) if last else []
        self.add(node, parent)
        self._named[key] = node
        self._headings.setdefault(key[:2], node)
        return node

    def _id(self, row: Row, label: str, parent: Node | None, level: str, last: bool) -> str:
        wanted = self.columns.cell(row, "id") if last else ""
        made = wanted if is_id(wanted) else known_id(wanted)
        if not wanted or not made or made in self.by_id:
            if wanted:
                why = "is there twice" if made else "is not made of small letters, digits, hyphens and dots"
                self.say(row, f"the id '{wanted[:60]}' {why}; one was made from the words", kept=True)
            return self.made_id(row, label, parent, level)
        if made != wanted.lower():
            self.say(
                row,
                f"an id is made of small letters, digits, hyphens and dots; '{wanted[:60]}' was read as '{made}'",
                kept=True,
            )
        return made

    def finish(self) -> None:
        """What can be said only when all rows are read."""
        self._drop_empty_headings()
        self.settle_priors()

    def _drop_empty_headings(self) -> None:
        """A heading all of whose rows were left out goes too, or it would stand there as something to score."""
        for node in reversed(list(self.all)):
            if node.only_heading and not node.below:
                (node.parent.below if node.parent else self.roots).remove(node)
                del self.by_id[node.id]
        self.all = [node for node in self.all if node.id in self.by_id]
