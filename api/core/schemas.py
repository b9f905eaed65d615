"""The shapes of answers, for the OpenAPI document and its checks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """What became of one entry."""

    id: UUID | None
    status: Literal["recorded", "duplicate", "conflict", "refused", "held"]
    position: int | None
    code: str | None
    field: str | None
    message: str | None
    flags: list[str]


class Receipt(BaseModel):
    """What became of a send; `position` covers everything in it. `shut_out` is told to a device that was."""

    position: int
    results: list[Result]
    shut_out: bool | None = None


class Warned(BaseModel):
    """Something worth a second look, though the command was done. `ids` are those of the records that it is about."""

    code: str
    message: str
    field: str | None = None
    ids: list[str] = []


class Recorded(BaseModel):
    """What became of a command."""

    status: Literal["recorded", "duplicate"]
    position: int
    warnings: list[Warned] = []


class Enrolled(BaseModel):
    """A device that was let in. The credential is shown this once."""

    device_id: UUID
    credential: str


class Item(BaseModel):
    """One thing of a collection."""

    model_config = ConfigDict(extra="allow")

    id: str


class Items(BaseModel):
    """A page of a collection."""

    items: list[Item]


class HeldItem(BaseModel):
    """Something that was refused, or waits for another entry.

    `entry_id` is the id it came with. A broken one cannot be opened here.

    What names no student here is kept until `ends_at`.
    """

    id: UUID
    entry_id: UUID | None
    status: str
    code: str | None
    field: str | None
    message: str
    received_at: datetime
    waits_for: UUID | None
    entry: Any
    broken: bool
    ends_at: datetime | None


class HeldItems(BaseModel):
    """A page of what is held."""

    items: list[HeldItem]


class HeldResult(BaseModel):
    """What became of a held entry that was tried again."""

    result: Result


class Answer(BaseModel):
    """It was done."""

    done: bool


class Change(BaseModel):
    """A correction or a void, with both sides."""

    model_config = ConfigDict(extra="allow")

    id: UUID
    kind: str
    position: int
    reason_code: str
    before: dict[str, Any]
    after: dict[str, Any] | None


class HistoryEntry(BaseModel):
    """One entry as it reads at the time asked for."""

    id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    position: int
    author_id: UUID
    status: Literal["current", "corrected", "voided"]
    flags: list[str]
    entry: dict[str, Any]
    changes: list[Change]


class StudentHistory(BaseModel):
    """A student's history at two times."""

    student_id: UUID
    as_of: datetime
    known_at: datetime
    position: int
    incomplete: bool
    entries: list[HistoryEntry]
    progress: dict[str, Any]


class Sheet(BaseModel):
    """Who was scored on what in a slot, and what is missing."""

    setting_id: UUID
    date: str
    slot: dict[str, Any]
    frameworks: list[str]
    students: list[dict[str, Any]]
    missing: int


class Positions(BaseModel):
    """The position of the ledger, and how far each projection has read."""

    ledger: int
    projections: dict[str, int]
    lag: int


class Health(BaseModel):
    """Whether the service works, and what is wrong with the clock of its machine, if anything is."""

    status: Literal["ok"]
    clock: str | None = None


class UnitStep(BaseModel):
    """A status that a unit reached on a day."""

    on: date
    status: str | int | float


class UnitNow(BaseModel):
    """Where a student stands with a unit, and how they came there."""

    status: str | int | float
    since: date
    secure: bool
    losses: int
    steps: list[UnitStep]


class GapUnder(BaseModel):
    """A unit that is not known although something that was begun stands on it."""

    unit: str
    holds_up: list[str]


class Plan(BaseModel):
    """What to plan next."""

    ready: list[str]
    nearly: list[str]
    lost: list[str]
    untouched: list[str]
    gaps: list[GapUnder]


class StudentLearning(BaseModel):
    """A student in a curriculum."""

    student_id: UUID
    curriculum: str
    units: dict[str, UnitNow]
    next: Plan


class GroupUnitOut(BaseModel):
    """Who is ready for a unit, nearly there, or has it."""

    unit: str
    ready: list[UUID]
    nearly: list[UUID]
    secure: list[UUID]


class GroupLearning(BaseModel):
    """A group in a curriculum; `shared` are the units that most are ready for."""

    setting_id: UUID
    curriculum: str
    students: list[UUID]
    shared: list[str]
    units: list[GroupUnitOut]


class ScoreOut(BaseModel):
    """A score, or the reason why there is none."""

    value: float | None
    reason: str | None
    band: str | None
    prorated: bool


class AnsweringOut(BaseModel):
    """One set of answers, scored; erased ones have no scores."""

    entry_id: UUID
    on: date
    erased: bool
    scores: dict[str, ScoreOut]


class RaterOut(BaseModel):
    """One respondent's answers to one instrument."""

    instrument: str
    respondent: str
    due: date | None
    expected: int | None
    given: int | None
    answered: list[AnsweringOut]


class Questionnaires(BaseModel):
    """Every questionnaire in use, by respondent."""

    student_id: UUID
    items: list[RaterOut]


class DueOut(BaseModel):
    """Something that is due.

    `about` names it in the command that ends it with a reason; `entry_ids` are those of two people who said different
    things.
    """

    clock: str
    student_id: UUID | None
    about: str
    what: str
    due: date
    state: Literal["overdue", "due", "soon"]
    done: str
    entry_ids: list[UUID]


class DueOfSetting(BaseModel):
    """What is due in a setting, the longest overdue first."""

    setting_id: UUID
    items: list[DueOut]


class SuggestedCodeOut(BaseModel):
    """A session and the register code to suggest.

    `entry_ids` are all entries about it; where they contradict each other there is no code.
    """

    entry_id: UUID
    planned_start: datetime
    planned_end: datetime
    attended: bool
    disputed: bool
    entry_ids: list[UUID]
    code: str | None
    meaning: str | None
    reason: str


class RegisterSuggestions(BaseModel):
    """Suggestions, newest first. `incomplete` says that something recorded about the student could not be read."""

    student_id: UUID
    incomplete: bool
    items: list[SuggestedCodeOut]


class ToldOfSession(BaseModel):
    """What one entry says of a session, and who recorded it."""

    entry_id: UUID
    author_id: UUID
    by: str | None
    entry: dict[str, Any]


class AttestedOut(BaseModel):
    """A session of a student, and the register code to suggest for it.

    It is one, however many told of it: `told` has all of them, in the order in which they were recorded, and `entry` is
    the first. Where they contradict each other the session is `disputed` and has no code until one is put right or
    taken back.
    """

    entry_id: UUID
    author_id: UUID
    entry: dict[str, Any]
    disputed: bool
    told: list[ToldOfSession]
    code: str | None
    meaning: str | None
    reason: str


class ContactOut(BaseModel):
    """Somebody reached out, or meant to. What was said is not part of it."""

    entry_id: UUID
    author_id: UUID
    effort: str
    channel: str
    minutes: int | None
    at: datetime
    by: str | None


class StudentsDay(BaseModel):
    """One student's day. `incomplete` says that something recorded about them could not be read."""

    student_id: UUID
    name: str | None
    incomplete: bool
    sessions: list[AttestedOut]
    contacts: list[ContactOut]


class DayOfSetting(BaseModel):
    """A day of a setting, student by student."""

    setting_id: UUID
    date: date
    students: list[StudentsDay]


class MissingOfDay(BaseModel):
    """How many scores are missing, by slot and framework."""

    setting_id: UUID
    date: date
    slots: dict[str, dict[str, int]]


class StepUnit(BaseModel):
    """A unit, and who is ready for it or nearly there."""

    id: str
    label: str
    under: str
    scale: str
    ready: list[UUID]
    nearly: list[UUID]


class StepsOfGroup(BaseModel):
    """A curriculum, and the status of every unit that each student has touched."""

    id: str
    version: int
    title: str
    units: list[StepUnit]
    scales: dict[str, dict[str, Any]]
    students: dict[str, dict[str, Any]]
