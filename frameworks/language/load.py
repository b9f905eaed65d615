"""Reads definition files: YAML 1.2 without its traps, every fault named, the hash over what was authored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import rfc8785
from pydantic import ValidationError
from pydantic_core import SchemaValidator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ap_ledger.errors import DefinitionError
from ap_ledger.events.as_written import door_for
from frameworks.language.lint import faults
from frameworks.language.model import Definition

SIZE_LIMIT = 20 * 1024 * 1024
"""Larger files are refused unread, in bytes."""

DEPTH_LIMIT = 40
SHIPPED = Path(__file__).parents[1] / "definitions"

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def read_yaml(text: str) -> dict[str, Any]:
    """The document as plain JSON values. Anchors, aliases, tags and several documents are refused.

    Raises DefinitionError with one sentence for what is wrong.
    """
    if len(text) > SIZE_LIMIT or len(text.encode()) > SIZE_LIMIT:
        raise DefinitionError(["the file is over 20 MB; split it"])
    try:
        # Read in one pass over the parser's events: refused at the first trap, and nothing is ever built from a tag.
        loaded = _build(YAML(typ="safe").parse(StringIO(text)))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise DefinitionError(
            [f"{where}this is not readable YAML ({getattr(error, 'problem', None) or type(error).__name__})"]
        ) from None
    if not isinstance(loaded, dict):
        raise DefinitionError(["the file must be a list of 'name: value' lines"])
    return loaded


def _build(events: Iterator[Any]) -> Any:
    """The JSON value that a stream of YAML events describes."""
    root: list[Any] = []
    open_: list[tuple[Any, list[str]]] = [(root, [])]
    for event in events:
        name, line = type(event).__name__, event.start_mark.line + 1 if event.start_mark else 0
        if name == "AliasEvent" or getattr(event, "anchor", None):
            raise DefinitionError([f"line {line}: anchors and aliases (& and *) are not allowed; write the value out"])
        if getattr(event, "tag", None) not in (None, "!"):
            raise DefinitionError([f"line {line}: YAML tags (!) are not allowed"])
        if name == "DocumentStartEvent" and root:
            raise DefinitionError(
                [f"line {line}: there is a second document in this file; keep one definition in one file"]
            )
        if name in ("MappingEndEvent", "SequenceEndEvent"):
            open_.pop()
        elif name in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            if len(open_) > DEPTH_LIMIT:
                raise DefinitionError([f"line {line}: the file is nested deeper than {DEPTH_LIMIT} levels"])
            value: Any = _scalar(event, line) if name == "ScalarEvent" else {} if name == "MappingStartEvent" else []
            _put(open_[-1], value, line)
            if name != "ScalarEvent":
                open_.append((value, []))
    return root[0] if root else None


def _put(place: tuple[Any, list[str]], value: Any, line: int) -> None:
    """Puts a value where the document has come to. A mapping takes a name first, and then its value."""
    holder, pending = place
    if isinstance(holder, list):
        holder.append(value)
    elif pending:
        holder[pending.pop()] = value
    elif not isinstance(value, str):
        raise DefinitionError([f"line {line}: every name before a colon must be text; put it in quotes"])
    elif value in holder:
        raise DefinitionError([f"line {line}: the name '{value[:60]}' is there twice"])
    else:
        pending.append(value)


def _scalar(event: Any, line: int) -> Any:
    """A scalar by the core schema of YAML 1.2, less what JSON cannot say. Anything quoted is text."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if len(text) <= 40 and _WHOLE.fullmatch(text):
        number = int(text)
        if abs(number) >= 2**53:
            raise DefinitionError([f"line {line}: this whole number is too large to be kept exactly; put it in quotes"])
        return number
    return float(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else text


def load_definition(authored: dict[str, Any]) -> Definition:
    """The definition that was authored, checked, with its worked examples run.

    Raises DefinitionError with one sentence for every fault found.
    """
    return _checked(_canonical(authored))


def read_definition(authored: dict[str, Any]) -> Definition:
    """A definition that was published before, as it was: what was sound when it was published is not judged again."""
    return _parsed(_canonical(authored))


def _canonical(authored: dict[str, Any]) -> bytes:
    try:
        return rfc8785.dumps(authored)
    except rfc8785.CanonicalizationError:
        raise DefinitionError(["a number is not one that JSON can keep (infinite, or too large)"]) from None


@lru_cache(maxsize=256)
def _parsed(canonical: bytes) -> Definition:
    return Definition.model_validate_json(canonical)


@cache
def _door() -> SchemaValidator:
    return door_for(Definition)


@lru_cache(maxsize=256)
def _checked(canonical: bytes) -> Definition:
    try:
        definition: Definition = _door().validate_json(canonical)
    except ValidationError as error:
        raise DefinitionError([_in_words(fault) for fault in error.errors(include_url=False)]) from None
    if sentences := faults(definition):
        raise DefinitionError(sentences)
    return definition


_SAYS = {
    "missing": "this is missing",
    "extra_forbidden": "there is no such field; look for a slip of the pen",
    "string_type": "this should be words; put it in quotes where it is a number, or reads as true, false or nothing",
    "int_type": "this should be a whole number, without quotes",
}


def _in_words(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] == "string_pattern_mismatch" and (where == "id" or where.endswith(".id")):
        return f"{where}: an id is made of small letters, digits, hyphens and dots"
    sentence = _SAYS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    return sentence if sentence.startswith("scale '") else f"{where}: {sentence}"


def definition_hash(authored: dict[str, Any]) -> str:
    """SHA-256, in hex, over the RFC 8785 form of what was authored."""
    return hashlib.sha256(_canonical(authored)).hexdigest()


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    return tuple(read_yaml(path.read_text("utf-8")) for path in sorted(SHIPPED.glob("*.yaml")))


def shipped_definitions() -> Iterator[dict[str, Any]]:
    """The definitions that come with the product, as authored, in the order of their file names."""
    return iter(_shipped())
