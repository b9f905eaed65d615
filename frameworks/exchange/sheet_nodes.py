"""The things of a sheet on their way into a tree, whichever way the sheet says what stands under what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from frameworks.exchange.headings import Columns
from frameworks.exchange.intake import Intake, is_id, shortened, slug
from frameworks.exchange.tables import Row
from frameworks.language.letters import plain_letters


@dataclass(eq=False)
class Node:
    """A thing of the tree on its way in."""

    id: str
    label: str
    row: Row
    more: dict[str, Any] = field(default_factory=dict)
    priors: list[str] = field(default_factory=list)
    below: list[Node] = field(default_factory=list)
    parent: Node | None = None
    only_heading: bool = False
    """Named only as the heading of a row, so that it is nothing without rows below it."""

    @property
    def level(self) -> str:
        """The level that its row names."""
        return str(self.more.get("level", ""))

    def above(self) -> list[Node]:
        """It and all that it stands under, outermost last."""
        path = [self]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        return path

    def authored(self, below: str) -> dict[str, Any]:
        """The thing as a definition has it; `below` is what its parts are called there."""
        parts = {below: [node.authored(below) for node in self.below]} if self.below else {}
        return {"id": self.id, "label": self.label, **self.more, **parts}


class Nodes:
    """The things read so far, by their ids, and the report about them."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.roots: list[Node] = []
        self.all: list[Node] = []
        self.by_id: dict[str, Node] = {}
        self._times: dict[str, int] = {}

    def say(self, row: Row, words: str, kept: bool = False) -> None:
        """A row of the report about a row of the sheet."""
        self.intake.say(row.where, words, kept, row.place)

    def add(self, node: Node, parent: Node | None) -> None:
        """Puts a new thing under another, or at the top."""
        self.by_id[node.id] = node
        self.all.append(node)
        self.hang(node, parent)

    def hang(self, node: Node, parent: Node | None) -> None:
        """Gives a thing its place."""
        node.parent = parent
        (parent.below if parent else self.roots).append(node)

    def labelled(self, row: Row, words: str, more: dict[str, Any]) -> str:
        """The label that fits, with the whole words in `detail` where they were cut."""
        label = shortened(words)
        if len(words) > len(label):
            more.setdefault("detail", words[:8000])
            self.say(row, "the words are longer than 300 letters; the whole stands in 'detail'", kept=True)
        return label

    def made_id(self, row: Row, words: str, parent: Node | None, level: str = "") -> str:
        """An id from the words of a row.

        The same words on another level are another thing, whichever row comes first.
        """
        made = slug(words).replace(".", "-")
        if not made:
            advice = (
                "no id could be made from these letters; give the row one in a column 'id', so that it stays the same"
            )
            self.say(row, advice, kept=True)
            made = f"row-{row.number}"
        if level and (suffix := slug(level, 40)):
            made = f"{made}-{suffix}"
        if made in self.by_id and parent is not None:
            made = f"{slug(parent.label, 30) or parent.id}-{made}"
        return self.unused(made)

    def unused(self, wanted: str) -> str:
        """An id that nothing else has: the wanted one, or it with a number.

        Numbers go on from the last, so that it is quick.
        """
        made = wanted
        while made in self.by_id:
            self._times[wanted] = self._times.get(wanted, 1) + 1
            made = f"{wanted}-{self._times[wanted]}"
        return made

    def settle_priors(self) -> None:
        """Finds what each row comes after, by id or by its words."""
        by_words: dict[str, list[Node]] = {}
        for node in self.all:
            by_words.setdefault(plain_letters(node.label), []).append(node)
        for node in self.all:
            for wanted in node.priors:
                named = self.by_id.get(wanted) or self.by_id.get(wanted.lower())
                meant = [named] if named else by_words.get(plain_letters(wanted), [])
                same_level = [candidate for candidate in meant if candidate.level == node.level]
                meant = same_level if len(meant) > 1 and len(same_level) == 1 else meant
                if len(meant) != 1 or meant[0] is node:
                    missing = "there is no such row" if not meant else "several rows say so; use an id"
                    why = "it is the row itself" if meant == [node] else missing
                    self.say(node.row, f"it comes after '{wanted[:60]}', and {why}; that was left out", kept=True)
                elif meant[0].id not in node.more.setdefault("prior", []):
                    node.more["prior"].append(meant[0].id)


def priors_in(row: Row, columns: Columns) -> list[str]:
    """What a row says that it comes after."""
    return [part.strip() for part in re.split(r"[;|]", columns.cell(row, "prior")) if part.strip()]


def known_id(wanted: str) -> str:
    """An identifier of somebody else as an id: in small letters, and without what an id cannot hold."""
    lowered = wanted.lower()
    return lowered if is_id(lowered) else slug(wanted)


def authored_below(kind: str, roots: Sequence[Node]) -> Mapping[str, Any]:
    """The tree as a part of a definition."""
    below = "rungs" if kind == "ladder" else "items"
    return {below: [node.authored(below) for node in roots]}
