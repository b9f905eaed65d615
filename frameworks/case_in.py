"""Definitions from 1EdTech CASE packages, versions 1.0 and 1.1, as they are really met.

Items become the tree (isChildOf, sequenceNumber), rubrics become scales, `precedes` becomes recommended prior. Whatever is
null, dangling, doubled or of another type than the standard says gets a row in the report, and everything else goes in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from ap_ledger.errors import DefinitionError
from frameworks.intake import ITEMS_LIMIT, TOO_DEEP, TREE_DEPTH, Intake, decode, in_words, shortened
from frameworks.letters import tidy
from frameworks.sheet_scales import USUAL_SCALES

Json = Mapping[str, Any]
CIRCLES_LIMIT = 200


def is_case(raw: bytes) -> bool:
    """Whether a file looks like JSON rather than YAML or a table."""
    return raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read_case(raw: bytes, kind: str | None = None) -> Intake:
    """A definition from a CASE package. Its id is the document's identifier, so that the same document is never two frameworks.

    `kind` is outcomes where there are rubrics and curriculum otherwise, unless it is given. Raises DefinitionError for what
    is no CASE package at all.
    """
    package = _package(raw)
    intake = Intake()
    document = _dict(package.get("CFDocument"))
    document_id = _identity(document)
    if document_id is None:
        raise DefinitionError(["the document has neither an identifier nor a uri, so nothing can refer to it; ask whoever exported it for a full package"])
    items = _read_items(package, intake)
    if len(items) > ITEMS_LIMIT:
        raise DefinitionError([f"there are more than {ITEMS_LIMIT} items; split the package"])
    links = _read_links(package, document_id, items, intake)
    _hang(items, links, document_id, intake)
    _order_before(items, links, intake)
    rubrics = _read_rubrics(package, items, intake)
    roots = sorted((item for item in items.values() if item.parent is None), key=_place)
    if not roots:
        intake.say("CFItems", "there is no item that could be used")
        return intake
    kind = kind or ("outcomes" if rubrics else "curriculum")
    authored: dict[str, Any] = {"id": document_id, "version": 1, "kind": kind, "title": shortened(tidy(document.get("title"))) or "Untitled"}
    if said := tidy(document.get("description") or document.get("notes")):
        authored["summary"] = said[:1000]
    language = str(document.get("language") or "")
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", language):
        authored["language"] = language
    authored["licence"] = _licence(document, package, intake)
    if source := document.get("uri"):
        authored["source"] = str(source)[:1000]
    if kind == "curriculum":
        rubrics = {name: in_words(scale) for name, scale in rubrics.items()}
    usual = USUAL_SCALES.get(kind, USUAL_SCALES["outcomes"])
    authored["default_scale"] = usual["id"]
    authored["scales"] = [usual, *rubrics.values()]
    if all(item.scale for item in items.values() if not item.below):
        authored["scales"] = list(rubrics.values())
        authored["default_scale"] = next(iter(rubrics))
    authored["items"] = [_authored(item, 1, intake) for item in roots]
    return Intake(authored, intake.report)


def _package(raw: bytes) -> Json:
    text, _ = decode(raw)
    try:
        package = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DefinitionError([f"this is not readable JSON (line {error.lineno})"]) from None
    if not isinstance(package, dict) or not isinstance(package.get("CFDocument"), dict):
        raise DefinitionError(["there is no CFDocument, so this is no CASE package. Export the whole package (CFPackages), not one part of it"])
    return package


@dataclass
class _Item:
    """A CFItem on its way in."""

    id: str
    label: str
    where: int
    code: str | None
    detail: str | None
    source: str | None
    sequence: float | None = None
    parent: _Item | None = None
    below: list[_Item] = field(default_factory=list)
    prior: list[str] = field(default_factory=list)
    scale: str | None = None

    @property
    def name(self) -> str:
        """What to call it in the report."""
        return (self.code or self.label)[:60]


@dataclass(frozen=True)
class _Link:
    """A CFAssociation with both ends known by their identity."""

    kind: str
    origin: str
    destination: str
    where: int
    sequence: float | None


# What is met ----------------------------------------------------------------------------------------------------------


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _identity(thing: Any) -> str | None:
    """A UUID for a thing: its identifier where that is one, otherwise UUIDv5 of its URI. A bare text is taken for either."""
    if isinstance(thing, str):
        thing = {"identifier": thing, "uri": thing}
    found = _dict(thing)
    for name in ("identifier", "uri"):
        said = found.get(name)
        if isinstance(said, str) and said.strip():
            try:
                return str(UUID(said.strip()))
            except ValueError:
                if name == "identifier" and isinstance(found.get("uri"), str) and found["uri"].strip():
                    continue
                return str(uuid5(NAMESPACE_URL, said.strip()))
    return None


def _number(value: Any) -> float | None:
    """A number, also one written as text. A truth value is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(str(value).strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _read_items(package: Json, intake: Intake) -> dict[str, _Item]:
    items: dict[str, _Item] = {}
    for place, said in enumerate(_list(package.get("CFItems")), 1):
        where, identity = f"CFItem {place}", _identity(said)
        words = str(_dict(said).get("fullStatement") or _dict(said).get("abbreviatedStatement") or "")
        if identity is None:
            intake.say(where, "it has neither an identifier nor a uri, so nothing could refer to it; it was left out", row=place)
        elif identity in items:
            same = items[identity].label == shortened(tidy(words))
            intake.say(
                where, f"its identifier is that of CFItem {items[identity].where}" + ("" if same else ", with other words") + "; it was left out", row=place
            )
        elif not tidy(words):
            intake.say(where, "it has no words; it was left out", row=place)
        else:
            items[identity] = _item(identity, words, place, said, intake)
    return items


def _item(identity: str, words: str, place: int, said: Json, intake: Intake) -> _Item:
    label = tidy(words)
    detail = words.strip()[:8000] if len(label) > len(shortened(label)) or label != words.strip() else None
    if len(label) > len(shortened(label)):
        intake.say(f"CFItem {place}", "its words are longer than 300 letters; the whole stands in 'detail'", kept=True, row=place)
    identifier, uri = str(said.get("identifier") or ""), str(said.get("uri") or "")
    source = uri or (identifier if identifier.lower() != identity else "")
    code = shortened(tidy(said.get("humanCodingScheme"))) or None
    sequence = _number(said.get("sequenceNumber", said.get("listEnumeration")))
    return _Item(identity, shortened(label), place, code, detail, source[:1000] or None, sequence)


def _read_links(package: Json, document_id: str, items: Mapping[str, _Item], intake: Intake) -> list[_Link]:
    links: list[_Link] = []
    seen: dict[tuple[str, str, str], int] = {}
    unused: Counter[str] = Counter()
    for place, said in enumerate(_list(package.get("CFAssociations")), 1):
        where, link = f"CFAssociation {place}", _dict(said)
        kind = str(link.get("associationType") or "")
        origin, destination = (_identity(link.get(name) or link.get(other)) for name, other in (("originNodeURI", "originNodeIdentifier"), ("destinationNodeURI", "destinationNodeIdentifier")))  # fmt: skip
        if origin is None or destination is None or not kind:
            intake.say(where, "it does not say what it joins; it was left out", row=place)
        elif (kind, origin, destination) in seen:
            intake.say(where, f"it says the same as CFAssociation {seen[kind, origin, destination]}; it was left out", row=place)
        elif kind not in ("isChildOf", "precedes"):
            unused[kind] += 1
        elif origin not in items or (destination not in items and not (kind == "isChildOf" and destination == document_id)):
            intake.say(where, f"it ({kind}) leads to something that is not in this package; it was left out", row=place)
        else:
            seen[kind, origin, destination] = place
            links.append(_Link(kind, origin, destination, place, _number(link.get("sequenceNumber"))))
    for kind, times in sorted(unused.items()):
        intake.say("CFAssociations", f"{times} of type '{kind[:40]}' {'is' if times == 1 else 'are'} not used here", kept=True)
    return links


# The tree -------------------------------------------------------------------------------------------------------------


def _hang(items: Mapping[str, _Item], links: Iterable[_Link], document_id: str, intake: Intake) -> None:
    """Hangs every item under its parent. One place each; a second parent, or a circle, is reported."""
    placed: set[str] = set()
    for link in (one for one in links if one.kind == "isChildOf"):
        item = items[link.origin]
        if link.origin in placed:
            intake.say(f"CFAssociation {link.where}", f"'{item.name}' has a place already; one thing stands in one place here", row=link.where)
            continue
        parent = items.get(link.destination) if link.destination != document_id else None
        if parent is not None and (parent is item or item in _above(parent)):
            intake.say(f"CFAssociation {link.where}", f"'{item.name}' would stand under itself; that was left out", row=link.where)
            continue
        placed.add(link.origin)
        item.parent = parent
        item.sequence = link.sequence if link.sequence is not None else item.sequence
        if parent is not None:
            parent.below.append(item)
    for identity, item in items.items():
        if identity not in placed:
            intake.say(f"CFItem {item.where}", f"'{item.name}' says nowhere what it is a part of; it was put at the top", kept=True, row=item.where)


def _above(item: _Item) -> list[_Item]:
    found = [item]
    while found[-1].parent is not None:
        found.append(found[-1].parent)
        if len(found) > TREE_DEPTH:
            raise DefinitionError([TOO_DEEP])
    return found


def _place(item: _Item) -> tuple[Any, ...]:
    """Order among sisters: by sequence number, then by code with its numbers as numbers, then as they came."""
    code = tuple((0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in re.findall(r"\d{1,15}|\D+", item.code or ""))
    return (item.sequence is None, item.sequence or 0.0, code, item.where)


def _order_before(items: Mapping[str, _Item], links: Iterable[_Link], intake: Intake) -> None:
    """`precedes`: the origin is best known before the destination. What would close a circle is left out."""
    kept: dict[tuple[str, str], _Link] = {}
    for link in (one for one in links if one.kind == "precedes"):
        first, then = items[link.origin], items[link.destination]
        if first is then or first in _above(then) or then in _above(first):
            why = "one of them is a part of the other"
            intake.say(f"CFAssociation {link.where}", f"'{first.name}' cannot come before '{then.name}', because {why}; that was left out", row=link.where)
        else:
            kept[link.origin, link.destination] = link
    for _ in range(CIRCLES_LIMIT):
        closing = _closing_link(items, kept)
        if closing is None:
            break
        link = kept.pop(closing)
        names = f"'{items[link.origin].name}' cannot come before '{items[link.destination].name}'"
        intake.say(f"CFAssociation {link.where}", f"{names}, because each would wait for the other; that was left out", row=link.where)
    else:
        raise DefinitionError([f"more than {CIRCLES_LIMIT} 'precedes' associations wait for each other in circles; mend the package first"])
    for origin, destination in kept:
        items[destination].prior.append(origin)


def _closing_link(items: Mapping[str, _Item], links: Mapping[tuple[str, str], _Link]) -> tuple[str, str] | None:
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
        steps = [(one[1], other[1]) for one, other in pairwise(error.args[1]) if (one[0], other[0]) == ("end", "start")]
        return max((step for step in steps if step in links), key=lambda step: links[step].where)
    return None


def _authored(item: _Item, depth: int, intake: Intake) -> dict[str, Any]:
    if depth > TREE_DEPTH:
        raise DefinitionError([TOO_DEEP])
    made: dict[str, Any] = {"id": item.id, "label": item.label}
    optional = {"code": item.code, "detail": item.detail, "source": item.source}
    made |= {name: value for name, value in optional.items() if value}
    if item.scale and item.below:
        intake.say(f"CFItem {item.where}", f"'{item.name}' has a rubric and parts of its own; the parts are scored", kept=True, row=item.where)
    elif item.scale:
        made["scale"] = item.scale
    if item.prior:
        made["prior"] = item.prior
    if item.below:
        made["items"] = [_authored(one, depth + 1, intake) for one in sorted(item.below, key=_place)]
    return made


# Rubrics --------------------------------------------------------------------------------------------------------------


def _read_rubrics(package: Json, items: Mapping[str, _Item], intake: Intake) -> dict[str, dict[str, Any]]:
    """A scale for each criterion that names an item; criteria with the same levels share one."""
    scales: dict[str, dict[str, Any]] = {}
    known: dict[str, str] = {}
    for rubric in _list(package.get("CFRubrics")):
        for place, criterion in enumerate(_list(_dict(rubric).get("CFRubricCriteria")), 1):
            where = f"rubric '{tidy(_dict(rubric).get('title'))[:40] or '?'}', criterion {place}"
            target = items.get(_identity(_dict(criterion).get("CFItemURI")) or "")
            levels = _levels(_list(_dict(criterion).get("CFRubricCriterionLevels")))
            if target is None:
                intake.say(where, "it names no item of this package; it was left out")
            elif len(levels) < 2:
                intake.say(where, "it has fewer than two levels; it was left out")
            elif target.scale is not None:
                intake.say(where, f"'{target.name}' has a rubric already; it was left out")
            else:
                same = orjson.dumps(levels).decode()
                name = known.setdefault(same, f"rubric-{len(known) + 1}")
                binary = [level["value"] for level in levels] == [0, 1]
                scales[name] = {"id": name, "type": "binary" if binary else "ordinal", "levels": levels}
                target.scale = name
    return scales


def _known_first(value: Any) -> tuple[bool, float]:
    """A key that puts numbers in order, and what is none after them."""
    number = _number(value)
    return number is None, number or 0.0


def _levels(said: Iterable[Any]) -> list[dict[str, Any]]:
    """The levels from the least to the most: by score, then position, then as they came."""
    found = [_dict(one) for one in said]
    ordered = sorted(
        enumerate(found),
        key=lambda one: (*_known_first(one[1].get("score")), *_known_first(one[1].get("position")), one[0]),
    )
    scores = [_number(level.get("score")) for _, level in ordered]
    usable = None not in scores and len(set(scores)) == len(scores)
    levels: list[dict[str, Any]] = []
    for place, (_, level) in enumerate(ordered):
        number = scores[place] if usable else float(place)
        assert number is not None
        words = tidy(level.get("quality") or level.get("description") or level.get("score")) or f"Level {place + 1}"
        made: dict[str, Any] = {"value": int(number) if number == int(number) else number, "label": shortened(words)}
        if (anchor := tidy(level.get("description"))) and anchor != words:
            made["anchor"] = shortened(anchor)
        levels.append(made)
    return levels


def _licence(document: Json, package: Json, intake: Intake) -> dict[str, Any]:
    """A package that names no licence may be used by whoever was given it, and is not passed on."""
    uri = document.get("licenseURI")
    named = tidy(_dict(uri).get("title")) if isinstance(uri, dict) else tidy(uri)
    licences = _list(_dict(package.get("CFDefinitions")).get("CFLicenses"))
    named = named or next((tidy(_dict(one).get("title")) for one in licences if tidy(_dict(one).get("title"))), "")
    if not named:
        intake.say("CFDocument", "it names no licence, so it is marked 'user-supplied' and its words are never passed on", kept=True)
    made = {
        "name": shortened(named) or "not stated",
        "use": "ship" if re.search(r"CC[ -]BY|Creative Commons|Open Government|CC0|public domain", named, re.I) else "user-supplied",
    }
    holder = tidy(document.get("publisher") or document.get("creator"))
    return made | ({"holder": shortened(holder)} if holder else {})
