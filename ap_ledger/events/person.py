"""The stream of a person who works with students, and of what they may do, where, from when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ap_ledger.events.base import Erased, Event, RetentionClass

Role = Literal["mentor", "ap-staff", "leader", "dsl", "commissioner", "family", "administrator", "researcher"]


class PersonEvent(Event):
    """An event in a person's own stream."""

    STREAM: ClassVar[str] = "person"


class PersonAdded(PersonEvent):
    """Someone who may be named as an author. Their name is sealed under a key of their own."""

    TOPIC: ClassVar[str] = "person-added"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"name": "core"}
    name: Annotated[str, Field(min_length=1, max_length=120)] | Erased


class RoleGranted(PersonEvent):
    """A role in one setting, from a date on."""

    TOPIC: ClassVar[str] = "role-granted"
    grant_id: UUID
    role: Role
    from_date: date


class RoleEnded(PersonEvent):
    """A role ended on a date."""

    TOPIC: ClassVar[str] = "role-ended"
    grant_id: UUID
    on: date


PERSON_EVENTS: tuple[type[Event], ...] = (PersonAdded, RoleGranted, RoleEnded)
