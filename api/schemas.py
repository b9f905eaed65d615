"""The shapes of answers, for the OpenAPI document and its checks."""

from __future__ import annotations

from datetime import datetime
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
    """What became of a send; `position` covers everything in it."""

    position: int
    results: list[Result]


class Recorded(BaseModel):
    """What became of a command."""

    status: Literal["recorded", "duplicate"]
    position: int


class Item(BaseModel):
    """One thing of a collection."""

    model_config = ConfigDict(extra="allow")

    id: str


class Items(BaseModel):
    """A page of a collection."""

    items: list[Item]


class HeldItem(BaseModel):
    """Something that was refused, or waits for another entry."""

    id: UUID
    status: str
    code: str | None
    field: str | None
    message: str
    received_at: datetime
    waits_for: UUID | None
    entry: Any


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
    """Whether the service works."""

    status: Literal["ok"]
