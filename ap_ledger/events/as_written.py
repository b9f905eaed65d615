"""How dates and times are written by whoever sends them: as dates and times, never as a number of seconds.

What reads them takes digits alone for seconds since 1970, in quotes too, and other things that nobody means. This
belongs to the door. A stored event is read as it is, in whatever spelling was ever taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple, cast

from pydantic import AwareDatetime, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, SchemaValidator, core_schema


class Spelling(NamedTuple):
    """How one kind of value is written: a pattern that its text fits, and the sentence for a text that does not."""

    pattern: str
    sentence: str


_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
SPELLINGS: Mapping[str, Spelling] = {
    "datetime": Spelling(f"^{_DAY}[Tt ]", "This is a time with its offset, such as 2026-03-02T09:15:00+00:00"),
    "date": Spelling(f"^{_DAY}$", "This is a date, such as 2026-03-02"),
    # A time of a day is one of the setting's own clock, so it has no offset.
    "time": Spelling("^[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?$", "This is a time of day, such as 09:15"),
}
"""By the name that pydantic gives to what is read. The rest of a time is judged by what reads it."""


def _as_written(schema: Any) -> Any:
    """A schema in which every date and time, at any depth, is read from text of its spelling alone."""
    if isinstance(schema, dict):
        spelling = SPELLINGS.get(schema.get("type", "")) if isinstance(schema.get("type"), str) else None
        return _spelt(schema, spelling) if spelling else {name: _as_written(part) for name, part in schema.items()}
    if isinstance(schema, (list, tuple)):
        return type(schema)(_as_written(part) for part in schema)
    return schema


def _spelt(schema: dict[str, Any], spelling: Spelling) -> CoreSchema:
    # The text was found to be one, so what reads it need not insist on a date; nothing but text comes as far.
    read = cast(CoreSchema, {**schema, "strict": False})
    text = core_schema.str_schema(pattern=spelling.pattern, strict=True)
    steps = core_schema.chain_schema([text, read])
    return core_schema.custom_error_schema(steps, custom_error_type="spelling", custom_error_message=spelling.sentence)


def door_for(kind: Any) -> SchemaValidator:
    """Reads what strangers write: as strictly as the type itself, with dates and times in their spelling alone."""
    # A model that is ready would be read by its own validator, which is the one for what is stored.
    return SchemaValidator(_as_written(TypeAdapter(kind).core_schema), _use_prebuilt=False)


@dataclass(frozen=True, slots=True)
class AsWritten:
    """Marks one date or time, so that it is read as at every other door."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return cast(CoreSchema, _as_written(handler(source)))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(cast(Any, schema)["schema"]["steps"][-1])


WrittenDate = Annotated[date, AsWritten()]
WrittenMoment = Annotated[AwareDatetime, AsWritten()]
"""A date and a time as they are asked for in an address."""
