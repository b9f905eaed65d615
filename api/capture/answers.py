"""What the capture app is answered with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


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
