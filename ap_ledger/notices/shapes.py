"""What a row of the table of notices is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ap_ledger.access import About, Who, may
from ap_ledger.bootstrap import Service
from ap_ledger.events.ids import derived_id
from ap_ledger.events.moments import moment
from projections.runner import Seen


@dataclass(frozen=True, slots=True)
class Happening:
    """Something of which people are told.

    `key` makes it one notice, however often it is found. `about` is what the access table is asked about, and `what`
    whatever else the rule of whom to tell goes by. `author` is who did it, `subject` the id in the address of its page.
    """

    key: UUID
    setting_id: UUID
    happened: datetime
    about: About
    author: UUID | None = None
    subject: UUID | None = None
    what: Any = None


Whom = Callable[[Who, Happening], bool]
"""Whether somebody is told of something. It asks the access table, which nobody gets past."""
Read = Callable[[Service, Seen], Happening | None]
"""What an event tells of; None where it is nothing of which anybody is told."""
Look = Callable[[Service], Iterable[Happening]]
"""All that is so now. What is found again is no new notice."""


def plain(service: Service, seen: Seen) -> Happening | None:
    """An event about its student, or about its setting where it names none; its page goes by the stream's id."""
    if seen.setting_id is None:
        return None
    setting = UUID(bytes=seen.setting_id)
    about = About(setting)
    if seen.student_id is not None:
        about = service.ledger.access_facts.student(UUID(bytes=seen.student_id))
    return happened(seen, about)


def happened(seen: Seen, about: About, what: Any = None) -> Happening | None:
    """An event as something of which people are told."""
    if about.setting_id is None:
        return None
    stream = UUID(bytes=seen.stream)
    author = None if seen.author_id is None else UUID(bytes=seen.author_id)
    key = derived_id(stream, str(seen.position))
    return Happening(key, about.setting_id, moment(seen.recorded_at), about, author, stream, what)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Made by events of some topics, as they are recorded."""

    topics: tuple[str, ...]
    read: Read = plain


@dataclass(frozen=True, slots=True)
class Looked:
    """Made by what is so, which somebody looks at every so often."""

    look: Look
    every: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Said:
    """Made by whoever does something that is no event, in the moment in which it is done."""


def who_may(action: str) -> Whom:
    """Whoever may do this to what it is about."""
    return lambda who, happening: may(who, action, happening.about)


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of the table.

    `one` and `many` are what is read, where `{count}` is how many there are: no name, no word of anybody's. `shown_to`
    is the action of the access table without which nobody sees it any more. In `page`, `{about}` is the id of what it
    is about. An `urgent` one is sent in quiet hours, too. Whoever did it themselves is told only with `author_too`.
    """

    name: str
    one: str
    many: str
    source: Recorded | Looked | Said
    whom: Whom
    shown_to: str
    page: str
    urgent: bool = False
    author_too: bool = False

    def address(self, about: UUID | None) -> str:
        """The address of its page."""
        return self.page.replace("{about}", str(about or ""))

    @property
    def subject_matters(self) -> bool:
        """Whether each thing that it is about has a page of its own."""
        return "{about}" in self.page
