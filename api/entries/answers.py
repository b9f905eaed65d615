"""What recording, commands and what is held are answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


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
