"""The items of a CASE package: each with its words, in its place, and what is best known before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from ap_ledger.errors import DefinitionError
from frameworks.exchange.case_json import Json, as_dict, as_list, counted, day, identity, number, words
from frameworks.exchange.intake import TOO_DEEP, TREE_DEPTH, Intake, shortened
from frameworks.language.letters import tidy

CIRCLES_LIMIT = 200
TEXT_LIMIT = 8000


@dataclass
class CaseItem:
    """A CFItem on its way in. `more` holds what the item of a definition keeps besides its id and its label."""

    id: str
    label: str
    where: int
    more: dict[str, Any] = field(default_factory=dict)
    sequence: float | None = None
    parent: CaseItem | None = None
    below: list[CaseItem] = field(default_factory=list)
    prior: list[str] = field(default_factory=list)
    scale: str | None = None

    @property
    def code(self) -> str:
        """What its publisher calls it for short."""
        return str(self.more.get("code", ""))

    @property
    def name(self) -> str:
        """What to call it in the report."""
        return (self.code or self.label)[:60]


@dataclass(frozen=True)
class CaseLink:
    """A CFAssociation with both ends known by their identity."""

    kind: str
    origin: str
    destination: str
    where: int
    sequence: float | None


def read_items(package: Json, intake: Intake) -> dict[str, CaseItem]:
    """The items by their identity. Those without one, without words, and those that are there twice are told."""
    items: dict[str, CaseItem] = {}
    for place, raw in enumerate(as_list(package.get("CFItems")), 1):
        where, known = f"CFItem {place}", identity(raw)
        full = str(as_dict(raw).get("fullStatement") or as_dict(raw).get("abbreviatedStatement") or "")
        if known is None:
            intake.say(
                where,
                "it has neither an identifier nor a uri, so nothing could refer to it; it was left out",
                row=place,
            )
        elif known in items:
            same = items[known].label == _label(raw)
            difference = "" if same else ", with other words"
            intake.say(
                where,
                f"its identifier is that of CFItem {items[known].where}{difference}; it was left out",
                row=place,
            )
        elif not tidy(full):
            intake.say(where, "it has no words; it was left out", row=place)
        else:
            items[known] = _item(known, full, place, raw, intake)
    return items


def _label(raw: Json) -> str:
    """The short title where there is one, and else the statement."""
    return shortened(words(raw.get("abbreviatedStatement")) or tidy(raw.get("fullStatement")))


def _item(known: str, full: str, place: int, raw: Json, intake: Intake) -> CaseItem:
    label, where = _label(raw), f"CFItem {place}"
    if words(raw.get("abbreviatedStatement")) == "" and len(tidy(full)) > len(label):
        intake.say(where, "its words are longer than 300 letters; the whole stands in 'detail'", kept=True, row=place)
    identifier, uri = str(raw.get("identifier") or ""), str(raw.get("uri") or "")
    more = {
        "plain": shortened(words(raw.get("alternativeLabel"))),
        "detail": full.strip()[:TEXT_LIMIT] if label != full.strip() else "",
        "code": shortened(words(raw.get("humanCodingScheme"))),
        "source": (uri or (identifier if identifier.lower() != known else ""))[:1000],
        "level": shortened(words(raw.get("educationLevel") or raw.get("educationalLevel"))),
        "type": shortened(words(raw.get("CFItemType")) or words(raw.get("CFItemTypeURI"))),
        "notes": str(raw.get("notes") or "").strip()[:TEXT_LIMIT],
        "origin": days(raw, where, intake),
    }
    sequence = number(raw.get("sequenceNumber", raw.get("listEnumeration")))
    return CaseItem(known, label, place, {name: value for name, value in more.items() if value}, sequence)


def days(raw: Json, where: str, intake: Intake) -> dict[str, str]:
    """Since when and until when something was in use where it comes from, and when it was last changed."""
    made: dict[str, str] = {}
    for name, part in (("first", "statusStartDate"), ("last", "statusEndDate"), ("changed", "lastChangeDateTime")):
        if (value := day(raw.get(part))) is not None:
            made[name] = value
        elif raw.get(part):
            intake.say(where, f"its {part} is no date; it was left out", kept=True)
    return made


def read_links(package: Json, document_id: str, items: Mapping[str, CaseItem], intake: Intake) -> list[CaseLink]:
    """The associations that make the tree and the order. What is of another type is counted, what is broken is told."""
    links: list[CaseLink] = []
    seen: dict[tuple[str, str, str], int] = {}
    unused: Counter[str] = Counter()
    for place, raw in enumerate(as_list(package.get("CFAssociations")), 1):
        where, link = f"CFAssociation {place}", as_dict(raw)
        kind = str(link.get("associationType") or "")
        origin, destination = (
            identity(link.get(name) or link.get(fallback))
            for name, fallback in (
                ("originNodeURI", "originNodeIdentifier"),
                ("destinationNodeURI", "destinationNodeIdentifier"),
            )
        )
        if origin is None or destination is None or not kind:
            intake.say(where, "it does not say what it joins; it was left out", row=place)
        elif (kind, origin, destination) in seen:
            intake.say(
                where,
                f"it says the same as CFAssociation {seen[kind, origin, destination]}; it was left out",
                row=place,
            )
        elif kind not in ("isChildOf", "precedes"):
            unused[kind] += 1
        elif origin not in items or (
            destination not in items and not (kind == "isChildOf" and destination == document_id)
        ):
            intake.say(where, f"it ({kind}) leads to something that is not in this package; it was left out", row=place)
        else:
            seen[kind, origin, destination] = place
            links.append(CaseLink(kind, origin, destination, place, number(link.get("sequenceNumber"))))
    if unused:
        intake.say("CFAssociations", f"those of these types are not used here: {counted(unused)}", kept=True)
    return links


# The tree -------------------------------------------------------------------------------------------------------------


def hang(items: Mapping[str, CaseItem], links: Iterable[CaseLink], document_id: str, intake: Intake) -> None:
    """Hangs every item under its parent. One place each; a second parent, or a circle, is reported."""
    placed: set[str] = set()
    for link in (association for association in links if association.kind == "isChildOf"):
        item = items[link.origin]
        if link.origin in placed:
            intake.say(
                f"CFAssociation {link.where}",
                f"'{item.name}' has a place already; one thing stands in one place here",
                row=link.where,
            )
            continue
        parent = items.get(link.destination) if link.destination != document_id else None
        if parent is not None and (parent is item or item in _above(parent)):
            intake.say(
                f"CFAssociation {link.where}",
                f"'{item.name}' would stand under itself; that was left out",
                row=link.where,
            )
            continue
        placed.add(link.origin)
        item.parent = parent
        item.sequence = link.sequence if link.sequence is not None else item.sequence
        if parent is not None:
            parent.below.append(item)
    for item in items.values():
        if item.id not in placed:
            intake.say(
                f"CFItem {item.where}",
                f"'{item.name}' says nowhere what it is a part of; it was put at the top",
                kept=True,
                row=item.where,
            )


def _above(item: CaseItem) -> list[CaseItem]:
    path = [item]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
        if len(path) > TREE_DEPTH:
            raise DefinitionError([TOO_DEEP])
    return path


def place_among(item: CaseItem) -> tuple[Any, ...]:
    """Order among sisters: by sequence number, then by code with its numbers as numbers, then as they came."""
    parts = re.findall(r"\d{1,15}|\D+", item.code)
    code = tuple((0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts)
    return (item.sequence is None, item.sequence or 0.0, code, item.where)


def order_before(items: Mapping[str, CaseItem], links: Iterable[CaseLink], intake: Intake) -> None:
    """`precedes`: the origin is best known before the destination. What would close a circle is left out."""
    kept: dict[tuple[str, str], CaseLink] = {}
    for link in (association for association in links if association.kind == "precedes"):
        first, then = items[link.origin], items[link.destination]
        if first is then or first in _above(then) or then in _above(first):
            why = "one of them is a part of the other"
            intake.say(
                f"CFAssociation {link.where}",
                f"'{first.name}' cannot come before '{then.name}', because {why}; that was left out",
                row=link.where,
            )
        else:
            kept[link.origin, link.destination] = link
    for _ in range(CIRCLES_LIMIT):
        closing = _closing_link(items, kept)
        if closing is None:
            break
        link = kept.pop(closing)
        names = f"'{items[link.origin].name}' cannot come before '{items[link.destination].name}'"
        intake.say(
            f"CFAssociation {link.where}",
            f"{names}, because each would wait for the other; that was left out",
            row=link.where,
        )
    else:
        raise DefinitionError(
            [
                f"more than {CIRCLES_LIMIT} 'precedes' associations wait "
                "for each other in circles; mend the package first"
            ]
        )
    for origin, destination in kept:
        items[destination].prior.append(origin)


def _closing_link(items: Mapping[str, CaseItem], links: Mapping[tuple[str, str], CaseLink]) -> tuple[str, str] | None:
    """The newest link of a circle, if there is any. A heading starts before its parts and ends after them."""
    before: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for item in items.values():
        starts = before.setdefault(("start", item.id), [])
        before.setdefault(("end", item.id), []).append(("start", item.id))
        if item.parent is not None:
            starts.append(("start", item.parent.id))
            before.setdefault(("end", item.parent.id), []).append(("end", item.id))
    for origin, destination in links:
        before[("start", destination)].append(("end", origin))
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        steps = [
            (earlier[1], later[1])
            for earlier, later in pairwise(error.args[1])
            if (earlier[0], later[0]) == ("end", "start")
        ]
        return max((step for step in steps if step in links), key=lambda step: links[step].where)
    return None


def authored_item(item: CaseItem, depth: int, intake: Intake) -> dict[str, Any]:
    """The item as a definition has it, with all that stands below it. Raises DefinitionError where that is too deep."""
    if depth > TREE_DEPTH:
        raise DefinitionError([TOO_DEEP])
    made: dict[str, Any] = {"id": item.id, "label": item.label}
    made |= item.more
    if item.scale and item.below:
        intake.say(
            f"CFItem {item.where}",
            f"'{item.name}' has a rubric and parts of its own; the parts are scored",
            kept=True,
            row=item.where,
        )
    elif item.scale:
        made["scale"] = item.scale
    if item.prior:
        made["prior"] = item.prior
    if item.below:
        made["items"] = [authored_item(part, depth + 1, intake) for part in sorted(item.below, key=place_among)]
    return made
