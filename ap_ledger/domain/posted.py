"""What a client may post: the ENTRY of the contract, one strict model for each kind, made from the event classes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, create_model, model_validator

from ap_ledger.domain.base import ClientId
from ap_ledger.events.base import Entry, Erased, Fact, Session, Slug, Text
from ap_ledger.events.entries import ENTRY_EVENTS

OUTSIDE_STATE = frozenset({"id", "kind", "setting_id", "student_id", "author_id"})
"""Posted fields that become columns of the stored row, or its topic."""


class Posted(Fact):
    """The fields every posted entry, correction and void has."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    id: ClientId
    kind: str
    setting_id: UUID
    student_id: UUID
    author_id: UUID
    device_time: AwareDatetime


class PostedEntry(Posted):
    """A fresh entry. The subclass for each kind adds the kind's own fields."""

    visit_id: UUID | None = None
    session: Session | None = None
    replaces: UUID | None = None


def _either(kinds: Iterable[Any]) -> Any:
    """The union of types that are known only when the program runs."""
    return reduce(or_, kinds)


def _never_erased(annotation: Any) -> Any:
    """A client sends words or nothing; only the ledger may say that words were erased."""
    kinds = get_args(annotation)
    return _either(kind for kind in kinds if kind is not Erased) if Erased in kinds else annotation


def _kind_of(event: type[Entry]) -> Any:
    return (Literal[event.TOPIC], event.TOPIC)


def _posted_class(event: type[Entry]) -> type[PostedEntry]:
    """The posted form of an event class: its own fields, checked by its own validators, under the contract's common ones."""
    shared = set(Entry.model_fields)
    own: dict[str, Any] = {name: (_never_erased(info.annotation), info) for name, info in event.model_fields.items() if name not in shared}
    rules: dict[str, Any] = {name: model_validator(mode="after")(decorator.func) for name, decorator in event.__pydantic_decorators__.model_validators.items()}
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
ENTRY: TypeAdapter[PostedEntry] = TypeAdapter(AnyEntry)


class PostedCorrection(Posted):
    """Puts an entry right: `entry_id` names it by its first id, `replacement` is the whole entry as it should read."""

    kind: Literal["entry-corrected"]
    entry_id: UUID
    replacement: dict[str, Any]
    reason_code: Slug
    reason: Text | None = None
    replaces: UUID | None = None


class PostedVoid(Posted):
    """Takes an entry back."""

    kind: Literal["entry-voided"]
    entry_id: UUID
    reason_code: Slug
    reason: Text | None = None
    replaces: UUID | None = None


AnyPosted: Any = Annotated[_either((*POSTED_BY_KIND.values(), PostedCorrection, PostedVoid)), Field(discriminator="kind")]
ANYTHING: TypeAdapter[Posted] = TypeAdapter(AnyPosted)
BATCH: TypeAdapter[list[Posted]] = TypeAdapter(list[AnyPosted])
"""A list of anything that can be posted. Used first for a whole batch, because one good batch is then one call."""
