"""Definitions as CASE 1.1 packages: strict, complete, and the same bytes for the same content and moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from ap_ledger.errors import DefinitionError
from frameworks.language.letters import tidy
from frameworks.language.model import Definition
from frameworks.language.parts import Scale, plain
from frameworks.language.things import Item, Origin, Rung

NAMESPACE = uuid5(NAMESPACE_URL, "ap-ledger:framework")
STATUSES = {"private draft": "Private Draft", "draft": "Draft", "adopted": "Adopted", "deprecated": "Deprecated"}


def write_case(definition: Definition, changed: datetime) -> bytes:
    """The package.

    `changed` is when this version was published. Raises DefinitionError where the licence forbids passing it on.
    """
    may_pass_on(definition)
    return orjson.dumps(_Package(definition, changed).build(), option=orjson.OPT_INDENT_2)


def may_pass_on(definition: Definition) -> None:
    """Raises DefinitionError for a definition whose words belong to somebody who did not allow it."""
    if definition.licence.use != "ship":
        raise DefinitionError(
            [
                f"the words of '{definition.title}' may not be passed on (licence '{definition.licence.name}', "
                f"{definition.licence.use}); "
                "only files whose licence says 'use: ship' are exported"
            ]
        )


class _Package:
    def __init__(self, definition: Definition, changed: datetime) -> None:
        self.definition = definition
        self.changed = changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        self.document = self.link(_as_uuid(definition.id), definition.title, definition.source, "CFDocument")

    def link(self, identifier: UUID, title: str, uri: str | None = None, target: str | None = None) -> dict[str, str]:
        """How CASE names a thing."""
        made = {
            "title": title,
            "identifier": str(identifier),
            "uri": uri if uri and "://" in uri else f"urn:uuid:{identifier}",
        }
        return made | ({"targetType": target} if target else {})

    def own(self, *names: str) -> UUID:
        """An identifier for a thing that has none of its own, always the same."""
        return uuid5(NAMESPACE, "/".join((self.definition.id, *names)))

    def build(self) -> dict[str, Any]:
        """The whole package."""
        things = list(self._things())
        node = {thing.id: self._node(thing) for thing, _, _ in things}
        document = {name: self.document[name] for name in ("identifier", "uri")} | {
            "creator": self.definition.licence.holder or "not stated",
            "title": self.definition.title,
            "lastChangeDateTime": self.changed,
            "adoptionStatus": self._status(),
            "caseVersion": "1.1",
            "language": self.definition.language,
            "version": str(self.definition.version),
            "CFPackageURI": self.link(self.own("package"), self.definition.title),
        }
        if self.definition.summary:
            document["description"] = self.definition.summary
        origin = self.definition.origin or Origin()
        if first := self.definition.effective_from or origin.first:
            document["statusStartDate"] = first.isoformat()
        if last := self.definition.effective_to or origin.last:
            document["statusEndDate"] = last.isoformat()
        licence = self.own("licence")
        document["licenseURI"] = self.link(licence, self.definition.licence.name)
        text = self.definition.licence.credit or self.definition.licence.name
        return {
            "CFDocument": document,
            "CFItems": [self._item(thing) for thing, _, _ in things],
            "CFAssociations": [*self._parts(things, node), *self._priors(node)],
            "CFDefinitions": {
                "CFLicenses": [
                    {
                        **self._named(licence),
                        "title": self.definition.licence.name,
                        "licenseText": text,
                        "lastChangeDateTime": self.changed,
                    }
                ]
            },
            "CFRubrics": self._rubrics(),
        }

    def _status(self) -> str:
        """The status under which it came, in the words of CASE; what is written here is adopted."""
        origin = self.definition.origin
        return STATUSES.get(origin.status if origin and origin.status else "", "Adopted")

    def _named(self, identifier: UUID) -> dict[str, str]:
        return {"identifier": str(identifier), "uri": f"urn:uuid:{identifier}"}

    def _things(self) -> Iterator[tuple[Item | Rung, str | None, int]]:
        """Every item or rung with the id of what it stands under and its place there."""

        def below(things: tuple[Any, ...], above: str | None) -> Iterator[tuple[Item | Rung, str | None, int]]:
            for place, thing in enumerate(things, 1):
                yield thing, above, place
                yield from below(thing.items if isinstance(thing, Item) else thing.rungs, thing.id)

        return below(self.definition.items or self.definition.rungs, None)

    def _node(self, thing: Item | Rung) -> dict[str, str]:
        try:
            identifier = UUID(thing.id)
        except ValueError:
            identifier = self.own("item", thing.id)
        return self.link(identifier, thing.label, getattr(thing, "source", None), "CFItem")

    def _item(self, thing: Item | Rung) -> dict[str, Any]:
        node = self._node(thing)
        made: dict[str, Any] = {
            "identifier": node["identifier"],
            "uri": node["uri"],
            "CFDocumentURI": self.document,
            "fullStatement": _statement(thing),
            "lastChangeDateTime": self.changed,
            "language": self.definition.language,
        }
        code = thing.code if isinstance(thing, Item) and thing.code else thing.id
        if code != node["identifier"]:
            made["humanCodingScheme"] = code
        if not thing.label.endswith("…") and tidy(made["fullStatement"]) != thing.label:
            made["abbreviatedStatement"] = thing.label
        if thing.plain:
            made["alternativeLabel"] = thing.plain
        return made | (_kept(thing) if isinstance(thing, Item) else {})

    def _association(
        self, kind: str, origin: dict[str, str], destination: dict[str, str], sequence: int | None = None
    ) -> dict[str, Any]:
        identifier = self.own(kind, origin["identifier"], destination["identifier"])
        made: dict[str, Any] = {
            **self._named(identifier),
            "associationType": kind,
            "originNodeURI": origin,
            "destinationNodeURI": destination,
            "CFDocumentURI": self.document,
            "lastChangeDateTime": self.changed,
        }
        return made | ({"sequenceNumber": sequence} if sequence is not None else {})

    def _parts(
        self, things: list[tuple[Item | Rung, str | None, int]], node: dict[str, dict[str, str]]
    ) -> Iterator[dict[str, Any]]:
        for thing, above, place in things:
            yield self._association("isChildOf", node[thing.id], node[above] if above else self.document, place)

    def _priors(self, node: dict[str, dict[str, str]]) -> Iterator[dict[str, Any]]:
        for item, _ in self.definition.walk():
            for prior in item.prior:
                yield self._association("precedes", node[prior], node[item.id])

    def _rubrics(self) -> list[dict[str, Any]]:
        """One rubric with a criterion for each item that is scored on named levels."""
        items = [
            (item, scale)
            for item, _ in self.definition.walk()
            if (scale := self.definition.scored.get(item.id)) is not None and scale.levels
        ]
        if not items:
            return []
        rubric = self.own("rubric")
        criteria = [self._criterion(item, scale, place, rubric) for place, (item, scale) in enumerate(items, 1)]
        return [
            {
                **self._named(rubric),
                "title": self.definition.title,
                "lastChangeDateTime": self.changed,
                "CFRubricCriteria": criteria,
            }
        ]

    def _criterion(self, item: Item, scale: Scale, place: int, rubric: UUID) -> dict[str, Any]:
        criterion = self.own("criterion", item.id)
        levels = []
        for position, level in enumerate(scale.levels, 1):
            number = scale.numbers.get(level.value)
            levels.append(
                {
                    **self._named(self.own("level", item.id, str(level.value))),
                    "rubricCriterionId": str(criterion),
                    "quality": level.label,
                    "description": level.anchor or level.label,
                    "score": float(plain(number)) if number is not None else float(position),
                    "position": position,
                    "lastChangeDateTime": self.changed,
                }
            )
        return {
            **self._named(criterion),
            "CFItemURI": self._node(item),
            "rubricId": str(rubric),
            "position": place,
            "lastChangeDateTime": self.changed,
            "CFRubricCriterionLevels": levels,
        }


def _statement(thing: Item | Rung) -> str:
    """The full statement: the detail where there is one, and the label, which is then its short title, where there is
    none."""
    return (thing.detail if isinstance(thing, Item) else None) or thing.label


def _kept(item: Item) -> dict[str, Any]:
    """What an item keeps of where it came from, under the names that CASE has for it."""
    made: dict[str, Any] = {"notes": item.notes, "CFItemType": item.type}
    made["educationLevel"] = item.level.split(", ") if item.level else None
    if item.origin is not None:
        made["statusStartDate"] = item.origin.first and item.origin.first.isoformat()
        made["statusEndDate"] = item.origin.last and item.origin.last.isoformat()
    return {name: value for name, value in made.items() if value}


def _as_uuid(framework_id: str) -> UUID:
    try:
        return UUID(framework_id)
    except ValueError:
        return uuid5(NAMESPACE, framework_id)
