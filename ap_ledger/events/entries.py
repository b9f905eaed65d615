"""The entries: everything a mentor or a member of staff can observe and send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from ap_ledger.events.base import Entry, Erased, Ref, RetentionClass, Slug, Text

Minutes = Annotated[int, Field(ge=0, le=1440)]
Informant = Literal["mentor", "teacher", "student", "carer", "receiving-school"]
Level = int | float | Annotated[str, Field(max_length=200)] | None
Missing = Literal["not-observed", "not-applicable", "not-answered"]


class RungReached(Entry):
    """How far contact got: one rung of an attendance ladder, at one moment of a visit. Anxiety is 0 to 10, 10 worst."""

    TOPIC: ClassVar[str] = "rung-reached"
    ladder: Ref
    rung: Slug
    anxiety: Annotated[int, Field(ge=0, le=10)] | None = None


class OutcomeScored(Entry):
    """One indicator scored, or the reason why it could not be. Exactly one of `level` and `missing` is null."""

    TOPIC: ClassVar[str] = "outcome-scored"
    framework: Ref
    indicator: Slug
    level: Level = None
    missing: Missing | None = None
    set_by: Literal["person", "default"] = "person"
    informant: Informant

    @model_validator(mode="after")
    def one_of_level_and_missing(self) -> OutcomeScored:
        """A score without a level needs a reason, and a reason leaves no room for a level."""
        if (self.level is None) == (self.missing is None):
            raise ValueError("give either a level or the reason it is missing, not both and not neither")
        return self


class UnitProgressed(Entry):
    """A unit of a curriculum reached a status: a step up, or a loss. The note is evidence."""

    TOPIC: ClassVar[str] = "unit-progressed"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"note": "learning"}
    curriculum: Ref
    unit: Slug
    status: Slug
    note: Text | Erased | None = None


class VisitLogged(Entry):
    """The effort of reaching out: planned, attempted, or cancelled by us; by which channel; for how many whole minutes."""

    TOPIC: ClassVar[str] = "visit-logged"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"note": "learning"}
    effort: Literal["planned", "attempted", "cancelled-by-us"]
    channel: Literal["in-person", "phone", "text", "video"]
    minutes: Minutes | None = None
    note: Text | Erased | None = None


class SessionAttended(Entry):
    """What a session was planned to be and what it was: the attestation a register code is suggested from."""

    TOPIC: ClassVar[str] = "session-attended"
    planned_start: AwareDatetime
    planned_end: AwareDatetime
    actual_start: AwareDatetime | None = None
    actual_end: AwareDatetime | None = None
    place_id: UUID | None = None
    supervised_by: UUID | None = None
    cancelled_by: Literal["us", "student", "other"] | None = None


class VoiceHeard(Entry):
    """The student's or carer's own words or face. Face is 1 to 5, 5 best."""

    TOPIC: ClassVar[str] = "voice-heard"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"words": "learning"}
    speaker: Literal["student", "carer"]
    face: Annotated[int, Field(ge=1, le=5)] | None = None
    words: Text | Erased | None = None


class NoteWritten(Entry):
    """A note in free text, sealed under the retention class its writer chose."""

    TOPIC: ClassVar[str] = "note-written"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "learning"}
    retention_class: Literal["learning", "behaviour", "health"]
    text: Text | Erased

    @classmethod
    def personal(cls, state: Mapping[str, Any]) -> Mapping[str, RetentionClass]:
        """The writer's choice decides the class."""
        return {"text": cast(RetentionClass, state["retention_class"])}


class IncidentRecorded(Entry):
    """A behaviour or safety incident; whether it was restrictive, for how many minutes, and when parents were told."""

    TOPIC: ClassVar[str] = "incident-recorded"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "behaviour"}
    category: Slug
    restrictive: bool
    minutes: Minutes | None = None
    parents_told_at: AwareDatetime | None = None
    text: Text | Erased | None = None


class ContextNoted(Entry):
    """Something from outside that bears on learning: moved home, bereavement, police, medication."""

    TOPIC: ClassVar[str] = "context-noted"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"category": "health", "text": "health"}
    category: Slug | Erased
    text: Text | Erased | None = None


class InstrumentAnswered(Entry):
    """A questionnaire answered by one respondent; the answers, item by item, are sealed."""

    TOPIC: ClassVar[str] = "instrument-answered"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"answers": "health"}
    instrument: Ref
    respondent: Informant
    answers: dict[Slug, Level] | Erased


class WorryRaised(Entry):
    """Something worries the writer: for the safeguarding lead alone. Never stored under this name; see SealedRecord."""

    TOPIC: ClassVar[str] = "worry-raised"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "safeguarding"}
    text: Text | Erased


ENTRY_EVENTS: tuple[type[Entry], ...] = (
    RungReached,
    OutcomeScored,
    UnitProgressed,
    VisitLogged,
    SessionAttended,
    VoiceHeard,
    NoteWritten,
    IncidentRecorded,
    ContextNoted,
    InstrumentAnswered,
    WorryRaised,
)
"""Every kind of entry that can be posted, in the order of the contract."""
