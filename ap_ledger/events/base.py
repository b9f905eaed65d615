"""What every event is: a fact in the past tense, the stream it belongs to, and the stamp of who, when and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

TEXT_LIMIT = 4000
"""The longest free text accepted, in characters."""

RetentionClass = Literal["core", "learning", "behaviour", "safeguarding", "health"]
RETENTION_CLASSES: tuple[RetentionClass, ...] = ("core", "learning", "behaviour", "safeguarding", "health")
"""A key is made for each of these for every student, so that one kind of record can end before another."""

Text = Annotated[str, Field(max_length=TEXT_LIMIT)]
Slug = Annotated[str, Field(min_length=1, max_length=120)]


class Fact(BaseModel):
    """A frozen value read strictly: a wrong type or an unknown field is an error, never a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Erased(Fact):
    """Stands where a personal field stood whose key was shredded or whose text was excised."""

    erased: Literal[True] = True

    def __str__(self) -> str:
        return "[erased]"


class Ref(Fact):
    """Names a published definition; its content hash lives in the published definition only."""

    id: Slug = Field(description="A definition is named by its id, 1 to 120 characters, not blank.")
    version: Annotated[int, Field(ge=1)] = Field(description="The version of a definition is a whole number from 1 on.")

    @property
    def key(self) -> str:
        """The reference as one string, for instance `default-ladder@1`."""
        return f"{self.id}@{self.version}"


class Session(Fact):
    """A slot of the setting's timetable on one date, in the setting's time zone."""

    date: date
    slot: Slug


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who, when and where: the columns that stand beside an event's own fields in its stored row.

    `occurred_at` is when it happened, `recorded_at` when the ledger took it (set by the recorder), both aware and in
    UTC. `position` is its place in the one order of the ledger, known once it is stored.
    """

    occurred_at: datetime
    setting_id: UUID | None = None
    student_id: UUID | None = None
    author_id: UUID | None = None
    device_id: UUID | None = None
    command_id: UUID | None = None
    fingerprint: bytes = b""
    recorded_at: datetime | None = None
    position: int | None = None


class Event(Fact):
    """A fact that happened. Its own fields are the stored `state`; those in `PERSONAL` are sealed apart.

    `PERSONAL` maps a field to the retention class whose key seals it. `TOPIC` is the fixed name in the ledger.
    """

    TOPIC: ClassVar[str]
    STREAM: ClassVar[str]
    class_version: ClassVar[int] = 1
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {}

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    originator_id: UUID = Field(repr=False)
    originator_version: int = Field(repr=False)
    stamp: Stamp = Field(repr=False)

    @classmethod
    def personal(cls, state: Mapping[str, Any]) -> Mapping[str, RetentionClass]:
        """Which fields of this state are sealed, and under which class.

        Differs from `PERSONAL` only where a field decides.
        """
        return cls.PERSONAL

    @classmethod
    def own_fields(cls) -> tuple[str, ...]:
        """The names of the fields that make up the stored state, sealed ones included."""
        return tuple(name for name in cls.model_fields if name not in ("originator_id", "originator_version", "stamp"))


DEVICE_TIME = "When it happened is a time with its offset, such as 2026-03-02T09:15:00+00:00."
VISIT = "The visit is named by its id, a UUID, or left out."
SESSION = "The session is its date, such as 2026-03-02, and the id of its slot, or left out."
REPLACES = "What it replaces is named by its id, a UUID, or left out."
"""A description of a field says what the field takes, in a sentence: who sends something else is told this sentence."""


class Entry(Event):
    """One thing observed. It is a stream of its own, named by the id that the phone gave it."""

    STREAM: ClassVar[str] = "entry"

    device_time: AwareDatetime = Field(description=DEVICE_TIME)
    visit_id: UUID | None = Field(None, description=VISIT)
    session: Session | None = Field(None, description=SESSION)
    replaces: UUID | None = Field(None, description=REPLACES)
    flags: tuple[str, ...] = ()
