"""Learning, questionnaires and suggested register codes, as they are answered."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel


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
