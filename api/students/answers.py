"""What there is, a student's history and the sheet of a slot, as they are answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Item(BaseModel):
    """One thing of a collection."""

    model_config = ConfigDict(extra="allow")

    id: str


class Items(BaseModel):
    """A page of a collection."""

    items: list[Item]


class PublishedFramework(Item):
    """A framework with its definition, as it was published."""

    definition: dict[str, Any]


class Timetable(BaseModel):
    """The slots of a setting that are in force on a day, as they were recorded."""

    setting_id: UUID
    on: date
    slots: list[dict[str, Any]]


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
