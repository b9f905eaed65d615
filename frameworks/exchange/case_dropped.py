"""What of a CASE package has no place here, by kind and with a count: nothing is left out without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from frameworks.exchange.case_json import Json, as_dict, as_list, counted
from frameworks.exchange.intake import Intake

KEPT: dict[str, frozenset[str]] = {
    "CFDocument": frozenset((
        "identifier", "uri", "title", "description", "notes", "language", "creator", "publisher", "version",
        "adoptionStatus",
        "statusStartDate", "statusEndDate", "lastChangeDateTime", "licenseURI", "CFPackageURI", "caseVersion",
    )),
    "CFItems": frozenset((
        "identifier", "uri", "fullStatement", "abbreviatedStatement", "alternativeLabel", "humanCodingScheme", "notes",
        "educationLevel", "educationalLevel", "CFItemType", "CFItemTypeURI", "statusStartDate", "statusEndDate",
        "lastChangeDateTime",
        "sequenceNumber", "listEnumeration", "CFDocumentURI", "CFItemAssociationURI",
    )),
    "CFAssociations": frozenset((
        "identifier", "uri", "associationType", "sequenceNumber", "originNodeURI", "originNodeIdentifier",
        "destinationNodeURI", "destinationNodeIdentifier", "lastChangeDateTime", "CFDocumentURI", "CFPackageURI",
        "CFAssociationGroupingURI",
    )),
    "the package": frozenset(("CFDocument", "CFItems", "CFAssociations", "CFRubrics", "CFDefinitions")),
    "CFRubrics": frozenset(("identifier", "uri", "title", "lastChangeDateTime", "CFRubricCriteria", "CFDocumentURI")),
    "criteria": frozenset(("identifier", "uri", "rubricId", "position", "lastChangeDateTime", "CFItemURI",
    "CFRubricCriterionLevels")),
    "levels": frozenset(("identifier", "uri", "rubricCriterionId", "position", "lastChangeDateTime", "quality",
    "description", "score")),
}  # fmt: skip
"""The fields that are read, and those that only say how the parts of a package hang together."""

EMPTY: tuple[Any, ...] = (None, "", [], {})
DEFINITIONS = ("CFConcepts", "CFSubjects", "CFAssociationGroupings")


def tell_dropped(package: Json, intake: Intake) -> None:
    """Counts every filled field that is not read, part by part."""
    rubrics = as_list(package.get("CFRubrics"))
    criteria = [criterion for rubric in rubrics for criterion in as_list(as_dict(rubric).get("CFRubricCriteria"))]
    parts: dict[str, Iterable[Any]] = {
        "CFDocument": [package.get("CFDocument")],
        "CFItems": as_list(package.get("CFItems")),
        "CFRubrics": rubrics,
        "CFAssociations": as_list(package.get("CFAssociations")),
        "the package": [package],
        "criteria": criteria,
        "levels": [
            level for criterion in criteria for level in as_list(as_dict(criterion).get("CFRubricCriterionLevels"))
        ],
    }
    language = as_dict(package.get("CFDocument")).get("language")
    for part, things in parts.items():
        dropped = Counter(
            name
            for thing in things
            for name, value in as_dict(thing).items()
            if not (name in KEPT[part] or value in EMPTY or (name == "language" and value == language))
        )
        if dropped:
            intake.say(part, f"these fields have no place here and were left out: {counted(dropped)}", kept=True)
    for name in DEFINITIONS:
        if times := len(as_list(as_dict(package.get("CFDefinitions")).get(name))):
            intake.say(name, f"{times} {'is' if times == 1 else 'are'} not used here", kept=True)
