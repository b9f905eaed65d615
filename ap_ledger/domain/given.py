"""What was given for a field and is wrong: told by the sentence that stands with the field, and never by its value."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ap_ledger.errors import Refused, as_sentence
from ap_ledger.events.fields import ONE_LINE
from frameworks.language.letters import tidy

NO_SUCH_FIELD = "There is no such field in this command. Take it out, or look at how it is written."
FIELD_LIMIT = 120
"""A field that does not exist is named by so many characters of what was written."""


def refusal_of(model: type[BaseModel], error: ValidationError) -> Refused:
    """The refusal for a value that a model does not take, with the field to mend."""
    # The input is left out on purpose: what a file or a form holds must not travel in an error.
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    path, sentence = _described(model, fault["loc"])
    if fault["type"] == "extra_forbidden":
        return Refused("malformed", NO_SUCH_FIELD, ".".join((*path, str(fault["loc"][-1])))[:FIELD_LIMIT])
    return Refused("malformed", sentence or as_sentence(fault["msg"]), ".".join(path) or None)


def refuse_blanks(given: BaseModel) -> None:
    """Raises Refused for the first text in a value, at any depth, in which nothing can be seen."""
    for where in _blanks(given):
        path, sentence = _described(type(given), where)
        raise Refused("malformed", sentence or "This is blank. Fill it in, or leave it out.", ".".join(path))


def on_one_line(model: type[BaseModel], field: str, value: Any) -> Any:
    """What was given for a field, where every text that stands on one line is tidied, at any depth.

    Spaces at the ends, further spaces within and letters that nobody can see would make two names of one, or one of
    two.
    """
    return _tidied(value, _annotations(model)[field])


def _tidied(value: Any, annotation: Any) -> Any:
    if isinstance(value, str):
        return tidy(value) if _is_on_one_line(annotation) else value
    if isinstance(value, BaseModel):
        model = type(value)
        parts = {name: on_one_line(model, name, getattr(value, name)) for name in model.model_fields}
        changed = {name: part for name, part in parts.items() if part != getattr(value, name)}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, Mapping):
        return {key: _tidied(inner, annotation) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_tidied(inner, annotation) for inner in value)
    return value


@cache
def _annotations(model: type[BaseModel]) -> dict[str, Any]:
    return get_type_hints(model, include_extras=True)


def _is_on_one_line(annotation: Any) -> bool:
    return ONE_LINE in getattr(annotation, "__metadata__", ()) or any(map(_is_on_one_line, get_args(annotation)))


def is_blank(text: str) -> bool:
    """Whether nothing can be seen of a text."""
    return not any(unicodedata.category(letter)[0] in "LNPS" for letter in tidy(text))


def sentence_of(model: type[BaseModel], *where: str | int) -> str | None:
    """What a field, at any depth, says that it takes."""
    return _described(model, where)[1]


def _described(model: type[BaseModel], where: Sequence[str | int]) -> tuple[list[str], str | None]:
    """The path to a field, as far as it names no value, and the sentence of the last field on it."""
    annotation: Any = model
    path: list[str] = []
    sentence: str | None = None
    for part in where:
        if isinstance(part, int):
            path.append(str(part))
            continue
        owner = next((candidate for candidate in _models_in(annotation) if part in candidate.model_fields), None)
        if owner is None:
            break
        path.append(part)
        annotation = _annotations(owner)[part]
        sentence = owner.model_fields[part].description or _description_in(annotation) or sentence
    return path, sentence


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _description_in(annotation: Any) -> str | None:
    infos = (part for part in getattr(annotation, "__metadata__", ()) if isinstance(part, FieldInfo))
    descriptions = (info.description for info in infos if info.description)
    inside = (description for inner in get_args(annotation) if (description := _description_in(inner)))
    return next(descriptions, None) or next(inside, None)


def _blanks(value: Any, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if is_blank(value):
            yield where
    elif isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            # What is an object of any shape (a definition, a layout) has rules of its own.
            if info.annotation != dict[str, Any]:
                yield from _blanks(getattr(value, name), (*where, name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _blanks(key, where)
            yield from _blanks(inner, where)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _blanks(inner, (*where, number))
