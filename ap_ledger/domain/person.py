"""The rules of a person's stream: who may be named as an author, and in which roles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from ap_ledger.domain.base import Command, NextEvents, fold
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.person import PersonAdded, Role, RoleEnded, RoleGranted


@dataclass(frozen=True, slots=True)
class Person:
    """What later decisions need to remember about a person."""

    id: UUID
    setting_id: UUID | None
    version: int
    roles: frozenset[UUID] = frozenset()


def evolve(person: Person | None, event: Event) -> Person | None:
    """Remembers one event."""
    if isinstance(event, PersonAdded):
        return Person(event.originator_id, event.stamp.setting_id, event.originator_version)
    if person is None:
        return None
    match event:
        case RoleGranted():
            person = replace(person, roles=person.roles | {event.grant_id})
        case RoleEnded():
            person = replace(person, roles=person.roles - {event.grant_id})
    return replace(person, version=event.originator_version)


project_person = fold(evolve)


class PersonCommand(Command):
    """A command to a person's stream."""

    person_id: UUID

    @property
    def stream_id(self) -> UUID:
        """A person's stream is named by the person's id."""
        return self.person_id

    def added(self, state: Person | None) -> Person:
        """The person, or a refusal when nobody of that id was added."""
        if state is None:
            raise Refused("unknown-person", "No person with this id was added.", "person_id")
        return state


class AddPerson(PersonCommand):
    """Adds somebody who may be named as an author. Makes the key that seals their name."""

    MAKES_KEYS_FOR: ClassVar[str | None] = "person_id"
    name: Annotated[str, Field(min_length=1, max_length=120)]

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """A person is added once."""
        if state is not None:
            raise Refused("not-allowed", "A person with this id was added before.", "person_id")
        return [events.event(PersonAdded, name=self.name)]


class GrantRole(PersonCommand):
    """Gives a person a role in the setting from a date on."""

    grant_id: UUID
    role: Role
    from_date: date

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """The person must be known."""
        self.added(state)
        return [events.event(RoleGranted, grant_id=self.grant_id, role=self.role, from_date=self.from_date)]


class EndRole(PersonCommand):
    """Ends a role on a date."""

    grant_id: UUID
    on: date

    def decide(self, state: Person | None, events: NextEvents) -> list[Event]:
        """Only a role that is held can end."""
        if self.grant_id not in self.added(state).roles:
            raise Refused("not-allowed", "This person does not hold that role.", "grant_id")
        return [events.event(RoleEnded, grant_id=self.grant_id, on=self.on)]
