"""What every command and every fold shares."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import SchemaValidator

from ap_ledger.domain.given import on_one_line, refusal_of, refuse_blanks
from ap_ledger.errors import Refused
from ap_ledger.events.as_written import door_for
from ap_ledger.events.base import Event, Fact, Stamp
from ap_ledger.events.dated import DatedFact, standing
from ap_ledger.events.fields import AuthorId, SettingId

E = TypeVar("E", bound=Event)
S = TypeVar("S")


def _version_7(value: UUID) -> UUID:
    if value.version != 7:
        raise ValueError("an id made by a client is a UUID of version 7")
    return value


ClientId = Annotated[
    UUID,
    AfterValidator(_version_7),
    Field(
        description="The id is a UUID of version 7, made by whoever sends.",
    ),
]
"""An id made by a phone or a program: a UUIDv7, unique for ever."""


class NextEvents:
    """Makes the events of one decision: the next versions of one stream, all with the same stamp."""

    def __init__(self, stream_id: UUID, version: int, stamp: Stamp) -> None:
        self.stream_id = stream_id
        self.version = version
        self.stamp = stamp

    def event(self, event: type[E], /, **fields: Any) -> E:
        """The next event of the stream. Only the first carries the command's id, because an id is stored once.

        Raises Refused for a value that the event does not take, so that nothing is written of a command laxer than its
        event.
        """
        self.version += 1
        try:
            made = event(originator_id=self.stream_id, originator_version=self.version, stamp=self.stamp, **fields)
        except ValidationError as error:
            raise refusal_of(event, error) from None
        self.stamp = replace(self.stamp, command_id=None, fingerprint=b"")
        return made


@cache
def _door(kind: type[Command]) -> SchemaValidator:
    return door_for(kind)


class Command(Fact):
    """Asks for a change to a stream with rules. The rule sits in `decide`, which refuses by raising Refused."""

    MAKES_KEYS_FOR: ClassVar[str | None] = None
    """The field that names the owner for whom sealing keys are made with this command, if any."""

    id: ClientId
    setting_id: SettingId
    author_id: AuthorId | None = None

    if not TYPE_CHECKING:

        def __init__(self, **given: Any) -> None:
            """Raises Refused for a wrong field, so that no page or program need know how fields are checked."""
            try:
                super().__init__(**given)
            except ValidationError as error:
                raise refusal_of(type(self), error) from None

        # Tells pydantic that JSON may still be read without going through here, where dates would be text.
        __init__.__pydantic_base_init__ = True

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """The command in a JSON object. Raises Refused, naming the field and what it takes, and never its value."""
        try:
            command: Self = _door(cls).validate_json(raw)
            return command
        except ValidationError as error:
            raise refusal_of(cls, error) from None

    @field_validator("*")
    @classmethod
    def names_are_tidy(cls, value: Any, about: ValidationInfo) -> Any:
        """A name is kept as it is read: what is stored has nothing in it that nobody can see."""
        return on_one_line(cls, str(about.field_name), value)

    @model_validator(mode="after")
    def nothing_is_blank(self) -> Self:
        """No text in a command is blank: what is not said is left out."""
        refuse_blanks(self)
        return self

    @property
    @abstractmethod
    def stream_id(self) -> UUID:
        """The stream that changes."""

    @property
    def student_id(self) -> UUID | None:
        """The student whom the stream is about, if it is a student's."""
        return None

    @property
    def second_person(self) -> bool:
        """Whether one person proposes this and another must approve it. Such a command has a field `approved_by`."""
        return False

    @abstractmethod
    def decide(self, state: Any, events: NextEvents) -> list[Event]:
        """The events that follow.

        `state` is None for a stream that does not exist yet. Raises Refused when a rule says no.
        """

    def beside(self, state: Any) -> tuple[UUID, ...]:
        """The further streams of its kind that change with it, all at once or none; `state` is of its own stream."""
        return ()

    def decide_beside(self, state: Any, events: NextEvents) -> list[Event]:
        """The events that follow in one of the further streams. Raises Refused when a rule says no."""
        return []


class DatedCommand(DatedFact, Command):
    """A command that says what holds from a date on; with `corrects`, that it holds instead of what was said from that
    date."""

    def dates(self, facts: Iterable[DatedFact]) -> dict[str, date | None]:
        """The dates of the fact that follows.

        Raises Refused where it corrects a date from which none of these facts holds.
        """
        if self.corrects is not None and all(fact.from_date != self.corrects for fact in standing(facts)):
            raise Refused(
                "unknown-item",
                "Nothing of this kind holds from that date. Name the from-date that was recorded.",
                "corrects",
            )
        return {"from_date": self.from_date, "corrects": self.corrects}


ANYBODY = UUID(int=0)
"""Stands for whoever will approve, while it is tried whether anybody could."""


def in_order(first: date, last: date | None, field: str) -> None:
    """Refuses a last day that lies before the first. Raises Refused."""
    if last is not None and last < first:
        raise Refused("malformed", "This lies before the first day. Put one of the two right.", field)


def two_people(author_id: UUID | None, approved_by: UUID | None) -> None:
    """Refuses what one person would do alone. Raises Refused."""
    if author_id is None or approved_by is None or author_id == approved_by:
        raise Refused(
            "not-allowed", "This takes two people: one proposes it, and somebody else approves it.", "approved_by"
        )


def fold(evolve: Callable[[S | None, Any], S | None]) -> Callable[[S | None, Iterable[Any]], S | None]:
    """Turns a step over one event into the library's projector over many."""

    def project(state: S | None, events: Iterable[Any]) -> S | None:
        for event in events:
            state = evolve(state, event)
        return state

    return project
