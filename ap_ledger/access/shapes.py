"""Who asks, and what is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from ap_ledger.events.days import Days

Via = Literal["session", "pin", "device", "token"]
"""How somebody is here: signed in, by PIN on an enrolled tablet, as a device, or by a program's token."""


class Grant(NamedTuple):
    """A role in one setting. `commissioner_id` says for whom a commissioner buys places."""

    setting_id: UUID
    role: str
    commissioner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: a person (or a device, which has none), the roles in force today, and how they are here."""

    person_id: UUID | None
    grants: tuple[Grant, ...] = ()
    via: Via = "session"
    scopes: frozenset[str] = frozenset()
    conflicts: frozenset[UUID] = frozenset()
    device_id: UUID | None = None


class Relations(NamedTuple):
    """What a student's own stream says about who belongs to them, on the day in question.

    `placed` holds the days of each commissioner's placements, and `family` the days from the link on of everybody whose
    link has begun.
    """

    caseload: frozenset[UUID] = frozenset()
    placed: Mapping[UUID | None, Days] = MappingProxyType({})
    family: Mapping[UUID, Days] = MappingProxyType({})
    released: bool = False
    held: bool = False
    visitors: frozenset[UUID] = frozenset()
    """Who is to visit on the day in question."""


@dataclass(frozen=True, slots=True)
class About:
    """What is asked about: a setting, perhaps one student of it, perhaps one entry.

    `relations` is called only when a predicate needs it. `recent` says that an entry was written within the last
    `TEXT_DAYS`; `released_to` is the commissioner of a report; `named` are those whom a lead named to read a case.
    """

    setting_id: UUID | None = None
    student_id: UUID | None = None
    relations: Callable[[], Relations] = field(default=Relations)
    recent: bool = True
    released_to: UUID | None = None
    named: frozenset[UUID] = frozenset()


Predicate = Callable[[Who, Grant, About], Days]
"""The days of a record on which a rule holds: every day, none, or those of a relation."""
