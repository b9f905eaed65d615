"""The entries: everything a mentor or a member of staff can observe and send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from ap_ledger.events.base import Entry, Erased, Ref, RetentionClass, Slug, Text
from ap_ledger.events.incident import RestrictiveRecord

Minutes = Annotated[int, Field(ge=0, le=1440)]
Informant = Literal["mentor", "teacher", "student", "carer", "receiving-school"]
Level = int | float | Annotated[str, Field(max_length=200)] | None
Missing = Literal["not-observed", "not-applicable", "not-answered"]


class RungReached(Entry):
    """How far contact got: one rung of an attendance ladder, at one moment of a visit. Anxiety is 0 to 10, 10 worst."""

    TOPIC: ClassVar[str] = "rung-reached"
    ladder: Ref = Field(description="The ladder is named by its id and its version.")
    rung: Slug = Field(description="The rung is named by its id in the ladder.")
    anxiety: Annotated[int, Field(ge=0, le=10)] | None = Field(
        None, description="Anxiety is a whole number from 0 to 10, 10 worst, or left out."
    )


class OutcomeScored(Entry):
    """One indicator scored, or the reason why it could not be. Exactly one of `level` and `missing` is null."""

    TOPIC: ClassVar[str] = "outcome-scored"
    framework: Ref = Field(description="The framework is named by its id and its version.")
    indicator: Slug = Field(description="The indicator is named by its id in the framework.")
    level: Level = Field(
        None, description="The level is a number or a short text that the indicator's scale has, or left out."
    )
    missing: Missing | None = Field(
        None, description="Why there is no level: not-observed, not-applicable or not-answered."
    )
    set_by: Literal["person", "default"] = Field(
        "person", description="Who set it: person, or default for what was filled in."
    )
    informant: Informant = Field(description="Whose view it is: mentor, teacher, student, carer or receiving-school.")

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
    curriculum: Ref = Field(description="The curriculum is named by its id and its version.")
    unit: Slug = Field(description="The unit is named by its id in the curriculum.")
    status: Slug = Field(description="The status is one that the scale of the curriculum has.")
    note: Text | Erased | None = Field(None, description="The note is text of at most 4,000 characters, or left out.")


class VisitLogged(Entry):
    """The effort of reaching out: planned, attempted, or cancelled by us; by which channel; for how many whole
    minutes."""

    TOPIC: ClassVar[str] = "visit-logged"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"note": "learning"}
    effort: Literal["planned", "attempted", "cancelled-by-us"] = Field(
        description="What we did: planned, attempted or cancelled-by-us."
    )
    channel: Literal["in-person", "phone", "text", "video"] = Field(
        description="By which channel: in-person, phone, text or video."
    )
    minutes: Minutes | None = Field(
        None, description="Minutes are a whole number from 0 to 1,440, which is a day, or left out."
    )
    note: Text | Erased | None = Field(None, description="The note is text of at most 4,000 characters, or left out.")


class CheckedIn(Entry):
    """Whoever was to visit is at the door. `visit_id` names the planned visit; no place is ever kept."""

    TOPIC: ClassVar[str] = "visit-checked-in"
    visit_id: UUID = Field(description="The visit is named by its id, a UUID.")


class CheckedOut(Entry):
    """Whoever visited has left again, and is well. `visit_id` names the planned visit."""

    TOPIC: ClassVar[str] = "visit-checked-out"
    visit_id: UUID = Field(description="The visit is named by its id, a UUID.")


class SessionAttended(Entry):
    """What a session was planned to be and what it was: the attestation a register code is suggested from."""

    TOPIC: ClassVar[str] = "session-attended"
    planned_start: AwareDatetime = Field(
        description="The planned start is a time with its offset, such as 2026-03-02T09:15:00+00:00."
    )
    planned_end: AwareDatetime = Field(
        description="The planned end is a time with its offset, such as 2026-03-02T12:00:00+00:00."
    )
    actual_start: AwareDatetime | None = Field(
        None, description="When the student came is a time with its offset, or left out."
    )
    actual_end: AwareDatetime | None = Field(
        None, description="When the student left is a time with its offset, or left out."
    )
    place_id: UUID | None = Field(None, description="The place is named by its id, a UUID, or left out.")
    supervised_by: UUID | None = Field(None, description="Who supervised is named by their id, a UUID, or left out.")
    cancelled_by: Literal["us", "student", "other"] | None = Field(
        None, description="Who cancelled it: us, student or other, or left out."
    )


class VoiceHeard(Entry):
    """The student's or carer's own words or face. Face is 1 to 5, 5 best."""

    TOPIC: ClassVar[str] = "voice-heard"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"words": "learning"}
    speaker: Literal["student", "carer"] = Field(description="Who spoke: student or carer.")
    face: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None, description="The face is a whole number from 1 to 5, 5 best, or left out."
    )
    words: Text | Erased | None = Field(
        None, description="The words are text of at most 4,000 characters, or left out."
    )


class NoteWritten(Entry):
    """A note in free text, sealed under the retention class its writer chose."""

    TOPIC: ClassVar[str] = "note-written"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "learning"}
    retention_class: Literal["learning", "behaviour", "health"] = Field(
        description="What the note is about: learning, behaviour or health."
    )
    text: Text | Erased = Field(description="The text is text of at most 4,000 characters.")

    @classmethod
    def personal(cls, state: Mapping[str, Any]) -> Mapping[str, RetentionClass]:
        """The writer's choice decides the class."""
        return {"text": cast(RetentionClass, state["retention_class"])}


class IncidentRecorded(Entry):
    """A behaviour or safety incident; whether it was restrictive, for how many minutes, and when parents were told."""

    TOPIC: ClassVar[str] = "incident-recorded"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {
        "text": "behaviour",
        "place": "behaviour",
        "record": "behaviour",
    }
    category: Slug = Field(description="The category is one of the setting's list.")
    restrictive: bool = Field(description="Whether it was restrictive is true or false.")
    minutes: Minutes | None = Field(
        None, description="Minutes are a whole number from 0 to 1,440, which is a day, or left out."
    )
    parents_told_at: AwareDatetime | None = Field(
        None, description="When parents were told is a time with its offset, or left out."
    )
    text: Text | Erased | None = Field(None, description="The text is text of at most 4,000 characters, or left out.")
    place: Slug | Erased | None = Field(
        None, description="Where it was is a word or two, at most 120 characters, or left out."
    )
    copy_for_parents: Literal["given", "withheld"] | None = Field(
        None, description="The copy for parents is one of: given, withheld, or left out."
    )
    record: RestrictiveRecord | Erased | None = Field(
        None, description="The written record is an object of its parts, such as before, response and after."
    )


class ContextNoted(Entry):
    """Something from outside that bears on learning: moved home, bereavement, police, medication."""

    TOPIC: ClassVar[str] = "context-noted"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"category": "health", "text": "health"}
    category: Slug | Erased = Field(description="The category is text of at most 120 characters.")
    text: Text | Erased | None = Field(None, description="The text is text of at most 4,000 characters, or left out.")


class InstrumentAnswered(Entry):
    """A questionnaire answered by one respondent; the answers, item by item, are sealed."""

    TOPIC: ClassVar[str] = "instrument-answered"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"answers": "health"}
    instrument: Ref = Field(description="The instrument is named by its id and its version.")
    respondent: Informant = Field(description="Who answered: mentor, teacher, student, carer or receiving-school.")
    answers: dict[Slug, Level] | Erased = Field(
        description="The answers are a level, or null, for each item by its id."
    )


class WorryRaised(Entry):
    """Something worries the writer: for the safeguarding lead alone. Never stored under this name; see SealedRecord."""

    TOPIC: ClassVar[str] = "worry-raised"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "safeguarding"}
    text: Text | Erased = Field(description="The text is text of at most 4,000 characters.")


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
    CheckedIn,
    CheckedOut,
)
"""Every kind of entry that can be posted: those of the contract, in its order, and after them what came later."""
