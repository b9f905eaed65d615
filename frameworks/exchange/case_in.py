"""Definitions from 1EdTech CASE packages, versions 1.0 and 1.1, as they are really met.

Items become the tree (isChildOf, sequenceNumber), rubrics become scales, `precedes` becomes recommended prior. Whatever
is null, dangling, doubled or of another type than the standard says gets a row in the report, and everything else goes
in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ap_ledger.errors import DefinitionError
from frameworks.exchange.case_dropped import tell_dropped
from frameworks.exchange.case_items import (
    CaseItem,
    authored_item,
    days,
    hang,
    order_before,
    place_among,
    read_items,
    read_links,
)
from frameworks.exchange.case_json import Json, as_dict, as_list, identity, words
from frameworks.exchange.case_rubrics import read_rubrics
from frameworks.exchange.intake import ITEMS_LIMIT, Intake, decode, in_words, shortened, tell_origin
from frameworks.exchange.sheet_scales import USUAL_SCALES
from frameworks.language.letters import mended_everywhere, plain_letters


def is_case(raw: bytes) -> bool:
    """Whether a file looks like JSON rather than YAML or a table."""
    return raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read_case(raw: bytes, kind: str | None = None) -> Intake:
    """A definition from a CASE package.

    Its id is the document's identifier, so that the same document is never two frameworks.

    `kind` is outcomes where there are rubrics and curriculum otherwise, unless it is given. Raises DefinitionError for
    what is no CASE package at all.
    """
    intake = Intake(stable=True, names_version=False, from_elsewhere=True)
    package = _package(raw, intake)
    document = as_dict(package.get("CFDocument"))
    document_id = identity(document)
    if document_id is None:
        raise DefinitionError(
            [
                "the document has neither an identifier nor a uri, so nothing can refer to it; ask whoever exported it "
                "for a full package"
            ]
        )
    items = read_items(package, intake)
    if len(items) > ITEMS_LIMIT:
        raise DefinitionError([f"there are more than {ITEMS_LIMIT} items; split the package"])
    links = read_links(package, document_id, items, intake)
    hang(items, links, document_id, intake)
    order_before(items, links, intake)
    rubrics = read_rubrics(package, items, intake)
    roots = sorted((item for item in items.values() if item.parent is None), key=place_among)
    if not roots:
        intake.say("CFItems", "there is no item that could be used")
        return intake
    kind = kind or ("outcomes" if rubrics else "curriculum")
    authored: dict[str, Any] = {"id": document_id, "version": 1, "kind": kind} | _about(document, package, intake)
    authored |= _scales(kind, rubrics, [item for item in items.values() if not item.below], intake)
    authored["items"] = [authored_item(item, 1, intake) for item in roots]
    tell_dropped(package, intake)
    intake.authored = authored
    return intake


def _package(raw: bytes, intake: Intake) -> Json:
    text, note = decode(raw)
    if note:
        intake.say("the file", note, kept=True)
    try:
        package = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DefinitionError([f"this is not readable JSON (line {error.lineno})"]) from None
    if not isinstance(package, dict) or not isinstance(package.get("CFDocument"), dict):
        raise DefinitionError(
            [
                "there is no CFDocument, so this is no CASE package. "
                "Export the whole package (CFPackages), not one part of it"
            ]
        )
    if (better := mended_everywhere(package)) != package:
        advice = (
            "letters had been read as Windows letters and saved again, "
            "and were mended; look at every letter with an accent"
        )
        intake.say("the file", advice, kept=True)
    return as_dict(better)


# The whole ------------------------------------------------------------------------------------------------------------


def _about(document: Json, package: Json, intake: Intake) -> dict[str, Any]:
    """What the document says of the whole."""
    made: dict[str, Any] = {"title": shortened(words(document.get("title"))) or "Untitled"}
    told = [text for name in ("description", "notes") if (text := words(document.get(name)))]
    if told:
        made["summary"] = "; ".join(told)[:1000]
    language = str(document.get("language") or "")
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", language):
        made["language"] = language
    made["licence"] = _licence(document, package, intake)
    if source := document.get("uri"):
        made["source"] = str(source)[:1000]
    return made | _origin(document, intake)


def _origin(document: Json, intake: Intake) -> dict[str, Any]:
    """Its version and status, and when it was in use where it comes from.

    Here it is used as long as the setting wants.
    """
    dates = days(document, "CFDocument", intake)
    status = plain_letters(shortened(words(document.get("adoptionStatus"))))
    origin = {"version": shortened(words(document.get("version"))), "status": status, **dates}
    kept = {name: value for name, value in origin.items() if value}
    tell_origin(kept, "CFDocument", intake)
    return {"origin": kept} if kept else {}


def _scales(
    kind: str, rubrics: Mapping[str, dict[str, Any]], leaves: Sequence[CaseItem], intake: Intake
) -> dict[str, Any]:
    """The rubrics as scales, and the usual scale of the kind for whatever has no rubric, which is told."""
    scales = {name: in_words(scale) if kind == "curriculum" else scale for name, scale in rubrics.items()}
    without = sum(item.scale is None for item in leaves)
    if not without:
        return {"default_scale": next(iter(scales)), "scales": list(scales.values())}
    usual = USUAL_SCALES.get(kind, USUAL_SCALES["outcomes"])
    levels = ", ".join(level["label"] for level in usual["levels"])
    whom = f"{without} items have no rubric" if rubrics else "the package has no rubrics"
    intake.say(
        "the scale",
        f"{whom}, so '{usual['id']}' was put in ({levels}); look whether that is how they are to be scored",
        kept=True,
    )
    return {"default_scale": usual["id"], "scales": [usual, *scales.values()]}


def _licence(document: Json, package: Json, intake: Intake) -> dict[str, Any]:
    """A package that names no licence may be used by whoever was given it, and is not passed on."""
    licences = as_list(as_dict(package.get("CFDefinitions")).get("CFLicenses"))
    named = words(document.get("licenseURI")) or next(
        (title for licence in licences if (title := words(as_dict(licence).get("title")))), ""
    )
    if not named:
        intake.say(
            "CFDocument",
            "it names no licence, so it is marked 'user-supplied' and its words are never passed on",
            kept=True,
        )
    may_ship = re.search(r"CC[ -]BY|Creative Commons|Open Government|CC0|public domain", named, re.I)
    made = {"name": shortened(named) or "not stated", "use": "ship" if may_ship else "user-supplied"}
    holders = [holder for name in ("publisher", "creator") if (holder := words(document.get(name)))]
    return made | ({"holder": shortened(", ".join(dict.fromkeys(holders)))} if holders else {})
