"""What there is to say of a kind of entry beside its class: the shape of its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, Protocol

from ap_ledger.events.base import Entry

State = Mapping[str, Any]
"""An entry's fields as JSON: as they are stored, or opened for whoever reads them."""


class Described(NamedTuple):
    """What the timeline keeps of an entry, neither of them personal: what it is about, and a value of that."""

    item: str | None = None
    value: str | None = None


class Planned(NamedTuple):
    """When a session was planned, in microseconds, and the ordinal of the day whose slot it is, where it names one."""

    begins: int
    ends: int
    day: int | None


class Contact(NamedTuple):
    """How somebody reached out: what we did, by which channel, and for how many whole minutes."""

    effort: str
    channel: str
    minutes: int | None


class Counted(Protocol):
    """A row of the timeline, as counts look at it."""

    @property
    def item(self) -> str | None:
        """What it is about."""

    @property
    def value(self) -> str | None:
        """The value of that."""

    @property
    def slot(self) -> str | None:
        """The slot in which it was, where it names one."""


def once(row: Counted) -> int | None:
    """Every entry counts one."""
    return 1


@dataclass(frozen=True)
class Count:
    """One count of a day that an entry adds to."""

    part: str
    """The part of the day in which it is counted, such as `visits`."""
    key: Callable[[Counted], str]
    """What is counted in that part."""
    by: Callable[[Counted], int | None] = once
    """How much an entry adds; None where it is not counted there at all."""


class Mark(NamedTuple):
    """How days with such an entry are marked: by a name, and on which line above the slider, from the top, if any."""

    name: str
    line: int | None = None


UNMARKED = Mark("")
"""No mark."""

Choices = Literal["rungs", "items", "levels", "categories"]
"""What may be chosen for a field, where its words are not in its class: the rungs or items of the definition that the
entry names, the levels of its item, or the setting's categories of incidents."""


class FormField(NamedTuple):
    """A field on the page where an entry is put right: its label, whether it takes long text, and what may be
    chosen."""

    label: str
    long: bool = False
    choices: Choices | None = None


class Definition(NamedTuple):
    """The fields of an entry that name a published definition and, in it, an item."""

    ref: str
    item: str


class Names(Protocol):
    """How things are called where an entry is told in words."""

    def item(self, ref: State, item: str) -> str:
        """The label of an item of a definition, or what the student calls it where it is their own."""

    def level(self, ref: State, item: str, level: Any) -> str:
        """The label of a level of an item."""

    def say(self, words: str, /, **values: object) -> str:
        """Words of ours in the language of whoever reads, with values where they name them in braces."""

    def written(self, entry: State, field: str) -> str:
        """What somebody wrote in a field, as it follows what was said before; empty for whoever may not read it."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of entry. A part that says nothing has a plain stand-in, and a test asks for it."""

    event: type[Entry]
    """Its class, which says its topic, its fields, and which of them are sealed."""
    label: str
    """What people call one of its entries."""
    timeline: Callable[[State], Described] | None = None
    """What the timeline keeps of it."""
    words: Callable[[State, Names], str] | None = None
    """What an entry says, in a short line."""
    counts: tuple[Count, ...] | None = None
    """What a day counts of it besides that it was there; empty where that is all."""
    mark: Mark | None = None
    """How its days are marked above the slider; `UNMARKED` where they are not."""
    form: Mapping[str, FormField] | None = None
    """Those of its own fields that may be put right, in the order of its class."""
    fixed: frozenset[str] = frozenset()
    """Those of its own fields that stay as they are, since another of them would be another entry."""
    contact: Callable[[State], Contact] | None = None
    """How the day of a setting tells it as somebody reaching out; None where it is not that."""
    planned: Callable[[State], Planned] | None = None
    """When it was planned, where it tells of a session."""
    kept: Literal["scores", "rungs", "units", "sessions"] | None = None
    """As what the fold keeps it whole, where several of them decide together; None where counts are enough."""
    definition: Definition | None = None
    """Which of its fields name a published definition and an item of it, where any do."""
    says: str | None = None
    """The field without whose words it says nothing, where there is one."""
    at_slot: bool = False
    """Whether it happens at the start of its slot, where it names one, whenever it is written down."""
    together: bool = False
    """Whether two of one day that say the same are told in one line."""
    hidden: bool = False
    """Whether it is never stored under its own name, and so is in no history, count or diary."""

    @property
    def topic(self) -> str:
        """Its name in the ledger and in what is posted."""
        return self.event.TOPIC

    @property
    def of_session(self) -> bool:
        """Whether it is about a session whenever it is written; every other kind happens when it is observed."""
        return self.at_slot or self.planned is not None

    @property
    def sums(self) -> tuple[str, ...]:
        """The parts of a day that it adds to."""
        return (*(count.part for count in self.counts or ()), *(("sessions",) if self.kept == "sessions" else ()))

    def described(self, state: State) -> Described:
        """What the timeline keeps of an entry."""
        return Described() if self.timeline is None else self.timeline(state)

    def in_words(self, entry: State, names: Names) -> str:
        """What an entry says; what it is, where its row does not tell more."""
        return self.label if self.words is None else self.words(entry, names)

    def left_out(self) -> list[str]:
        """The parts that its row does not say anything of."""
        parts = ("timeline", "words", "counts", "mark", "form")
        return [part.name for part in fields(self) if part.name in parts and getattr(self, part.name) is None]
