"""Reads definition files: YAML 1.2 without its traps, every fault named, the hash over what was authored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import rfc8785
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from ap_ledger.errors import DefinitionError
from frameworks.model import Definition

SIZE_LIMIT = 20 * 1024 * 1024
"""Larger files are refused unread, in bytes."""

DEPTH_LIMIT = 40
SHIPPED = Path(__file__).parent / "definitions"


def read_yaml(text: str) -> dict[str, Any]:
    """The document as plain JSON values. Anchors, aliases, tags and several documents are refused.

    Raises DefinitionError with one sentence for what is wrong.
    """
    if len(text.encode()) > SIZE_LIMIT:
        raise DefinitionError(["the file is over 20 MB; split it"])
    try:
        depth = 0
        for event in YAML(typ="safe", pure=True).parse(StringIO(text)):
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                raise DefinitionError([f"line {event.start_mark.line + 1}: anchors and aliases (& and *) are not allowed; write the value out"])
            if getattr(event, "ctag", None) is not None and str(event.ctag) not in ("None", "!"):
                raise DefinitionError([f"line {event.start_mark.line + 1}: YAML tags (!) are not allowed"])
            name = type(event).__name__
            depth += name.endswith(("MappingStartEvent", "SequenceStartEvent")) - name.endswith(("MappingEndEvent", "SequenceEndEvent"))
            if depth > DEPTH_LIMIT:
                raise DefinitionError([f"the file is nested deeper than {DEPTH_LIMIT} levels"])
        loaded = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise DefinitionError([f"{where}this is not readable YAML ({getattr(error, 'problem', None) or type(error).__name__})"]) from None
    if not isinstance(loaded, dict):
        raise DefinitionError(["the file must be a list of 'name: value' lines"])
    plain: dict[str, Any] = _json_scalars(loaded)
    return plain


def _json_scalars(value: Any) -> Any:
    """Dates become their text, so that what is hashed is JSON; anything else that JSON lacks is an error."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise DefinitionError(["every name before a colon must be text; put it in quotes"])
        return {key: _json_scalars(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_json_scalars(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise DefinitionError([f"a value of the kind {type(value).__name__} is not allowed"])


def load_definition(authored: dict[str, Any]) -> Definition:
    """The definition that was authored, checked.

    Raises DefinitionError with one sentence for every fault found.
    """
    try:
        definition = Definition.model_validate_json(rfc8785.dumps(authored))
    except ValidationError as error:
        raise DefinitionError(
            [f"{'.'.join(str(part) for part in fault['loc']) or 'the file'}: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()]
        ) from None
    if faults := definition.faults():
        raise DefinitionError(faults)
    return definition


def definition_hash(authored: dict[str, Any]) -> str:
    """SHA-256, in hex, over the RFC 8785 form of what was authored."""
    return hashlib.sha256(rfc8785.dumps(authored)).hexdigest()


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    return tuple(read_yaml(path.read_text("utf-8")) for path in sorted(SHIPPED.glob("*.yaml")))


def shipped_definitions() -> Iterator[dict[str, Any]]:
    """The definitions that come with the product, as authored, in the order of their file names."""
    return iter(_shipped())
