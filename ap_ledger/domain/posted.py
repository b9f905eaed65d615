"""What a client may post: the ENTRY of the contract, one strict model for each kind, made from the event classes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, WithJsonSchema, create_model, model_validator

from ap_ledger.domain.base import ClientId
from ap_ledger.events.as_written import door_for
from ap_ledger.events.base import DEVICE_TIME, REPLACES, SESSION, VISIT, Entry, Erased, Fact, Session, Text
from ap_ledger.events.entries import ENTRY_EVENTS

OUTSIDE_STATE = frozenset({"id", "kind", "setting_id", "student_id", "author_id"})
"""Posted fields that become columns of the stored row, or its topic."""


class Posted(Fact):
    """The fields every posted entry, correction and void has."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    id: ClientId = Field(description="The id is a UUID of version 7, made by whoever writes the entry.")
    kind: str = Field(description="The kind is one of those listed in the contract.")
    setting_id: UUID = Field(description="The setting is named by its id, a UUID.")
    student_id: UUID = Field(description="The student is named by their id, a UUID.")
    author_id: UUID = Field(description="The author is named by their id, a UUID.")
    device_time: AwareDatetime = Field(description=DEVICE_TIME)

    def said(self) -> dict[str, Any]:
        """What was posted in its one canonical form, whatever way it was spelt: nothing that is left out as well, times
        and ids as values."""
        # What `model_dump` does, without what it looks up first: every entry comes through here.
        canonical: dict[str, Any] = self.__pydantic_serializer__.to_python(self, exclude_defaults=True)
        return canonical


class PostedEntry(Posted):
    """A fresh entry. The subclass for each kind adds the kind's own fields."""

    visit_id: UUID | None = Field(None, description=VISIT)
    session: Session | None = Field(None, description=SESSION)
    replaces: UUID | None = Field(None, description=REPLACES)


def _either(kinds: Iterable[Any]) -> Any:
    """The union of types that are known only when the program runs."""
    return reduce(or_, kinds)


def _never_erased(annotation: Any) -> Any:
    """A client sends words or nothing; only the ledger may say that words were erased."""
    kinds = get_args(annotation)
    return _either(kind for kind in kinds if kind is not Erased) if Erased in kinds else annotation


def _kind_of(event: type[Entry]) -> Any:
    return (Literal[event.TOPIC], ...)


def _posted_class(event: type[Entry]) -> type[PostedEntry]:
    """The posted form of an event class: its own fields, checked by its own validators, under the contract's common
    ones."""
    # A common field of which a kind asks more, such as that a visit is named, is the kind's own.
    shared = {name: info.annotation for name, info in Entry.model_fields.items()}
    own: dict[str, Any] = {
        name: (_never_erased(info.annotation), info)
        for name, info in event.model_fields.items()
        if name not in shared or info.annotation != shared[name]
    }
    rules: dict[str, Any] = {
        name: model_validator(mode="after")(decorator.func)
        for name, decorator in event.__pydantic_decorators__.model_validators.items()
    }
    made: type[PostedEntry] = create_model(
        f"Posted{event.__name__}",
        __base__=PostedEntry,
        __doc__=event.__doc__,
        __validators__=rules,
        kind=_kind_of(event),
        **own,
    )
    return made


POSTED_BY_KIND: dict[str, type[PostedEntry]] = {event.TOPIC: _posted_class(event) for event in ENTRY_EVENTS}
AnyEntry: Any = Annotated[_either(POSTED_BY_KIND.values()), Field(discriminator="kind")]
CODE = r"^[a-z0-9]+(-[a-z0-9]+){0,5}$"
"""A reason in a few words of small letters, joined by hyphens.

It stands in the clear, so free words have no place in it.
"""
ReasonCode = Annotated[str, Field(pattern=CODE, max_length=60)]
ENTRY_ID = "The entry that this changes is named by its first id, a UUID."
REASON_CODE = (
    "The reason is a few words in small letters joined by hyphens, "
    "such as wrong-student; say the rest in the reason in full."
)
REASON = "The reason in full is text of at most 4,000 characters, or left out."


class PostedCorrection(Posted):
    """Puts an entry right: `entry_id` names it by its first id, `replacement` is the whole entry as it should read."""

    kind: Literal["entry-corrected"]
    entry_id: UUID = Field(description=ENTRY_ID)
    # Published as an object: every kind written out inside every kind would make the document unreadable for programs.
    replacement: Annotated[AnyEntry, WithJsonSchema({"type": "object", "additionalProperties": True})] = Field(
        description="The replacement is the whole entry as it should read, with every field its kind needs."
    )
    reason_code: ReasonCode = Field(description=REASON_CODE)
    reason: Text | None = Field(None, description=REASON)
    replaces: UUID | None = Field(None, description=REPLACES)


class PostedVoid(Posted):
    """Takes an entry back."""

    kind: Literal["entry-voided"]
    entry_id: UUID = Field(description=ENTRY_ID)
    reason_code: ReasonCode = Field(description=REASON_CODE)
    reason: Text | None = Field(None, description=REASON)
    replaces: UUID | None = Field(None, description=REPLACES)


AnyPosted: Any = Annotated[
    _either((*POSTED_BY_KIND.values(), PostedCorrection, PostedVoid)), Field(discriminator="kind")
]
BATCH: TypeAdapter[list[Posted]] = TypeAdapter(list[AnyPosted])
"""A list of anything that can be posted, as it is published."""
ANYTHING_DOOR = door_for(AnyPosted)
BATCH_DOOR = door_for(list[AnyPosted])
"""Read what was posted. The one for lists is used first for a whole batch, because one good batch is then one call."""
