"""The stream of a setting: its time zone, its places and commissioners, its calendar and its timetable of slots."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, model_validator

from ap_ledger.events.base import Event, Fact, RetentionClass, Slug
from ap_ledger.events.dated import DatedFact

SlotKind = Literal[
    "arrival", "tutor", "wellbeing", "lesson", "intervention", "break", "lunch",
    "transition", "off-site", "home-visit", "online", "reflection", "transport",
]  # fmt: skip
Label = Annotated[str, Field(min_length=1, max_length=120)]
Weekday = Annotated[int, Field(ge=1, le=7)]


class SettingEvent(Event):
    """An event in a setting's own stream."""

    STREAM: ClassVar[str] = "setting"


class SettingOpened(SettingEvent):
    """A setting began to keep its ledger here. Its days are days in `time_zone` (an IANA name)."""

    TOPIC: ClassVar[str] = "setting-opened"
    name: Label
    time_zone: Label
    urn: Annotated[str, Field(pattern=r"^\d{6}$")] | None = None
    ukprn: Annotated[str, Field(pattern=r"^\d{8}$")] | None = None


class PlaceAdded(SettingEvent):
    """A place where sessions happen."""

    TOPIC: ClassVar[str] = "place-added"
    place_id: UUID
    label: Label


class CommissionerAdded(SettingEvent):
    """A local authority, school or trust that buys places here."""

    TOPIC: ClassVar[str] = "commissioner-added"
    commissioner_id: UUID
    name: Label
    kind: Literal["local-authority", "school", "trust", "other"]


class Closure(Fact):
    """Dates, first and last included, on which the setting is closed."""

    first: date
    last: date
    label: Label


class Term(Fact):
    """A half-term: its first and last day."""

    first: date
    last: date
    label: Label


class CalendarSet(DatedFact, SettingEvent):
    """Half-terms and closures from a date on, replacing what held before."""

    TOPIC: ClassVar[str] = "calendar-set"
    terms: tuple[Term, ...] = ()
    closures: tuple[Closure, ...] = ()


class Slot(Fact):
    """One slot of the day: its kind, its local start and end, and the weekdays on which it is held."""

    id: Slug
    label: Label
    kind: SlotKind
    starts: time
    ends: time
    weekdays: tuple[Weekday, ...] = (1, 2, 3, 4, 5)

    @model_validator(mode="after")
    def ends_after_it_starts(self) -> Slot:
        """A slot is within one day."""
        if self.ends <= self.starts:
            raise ValueError("a slot must end after it starts")
        return self


class TimetableSet(DatedFact, SettingEvent):
    """The slots of the day from a date on, replacing the timetable that held before."""

    TOPIC: ClassVar[str] = "timetable-set"
    slots: tuple[Slot, ...]


class RetentionClock(Fact):
    """How long one retention class is kept: `years` after a moment of the student's life. Null years: never disposed of.

    `basis` says which rule or guidance it comes from, so that whoever checks it can look.
    """

    retention_class: RetentionClass
    counted_from: Literal["date-of-birth", "placement-end", "admission"]
    basis: Label
    years: Annotated[int, Field(ge=0, le=100)] | None = None


class RetentionSet(DatedFact, SettingEvent):
    """How long each retention class is kept, from a date on, replacing what held before."""

    TOPIC: ClassVar[str] = "retention-set"
    clocks: tuple[RetentionClock, ...]


class IncidentCategory(Fact):
    """What an incident may be called. Its id stands in the clear in every such entry, so it is a code and never somebody's words."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+){0,5}$", max_length=60)]
    label: Label


class IncidentCategoriesSet(DatedFact, SettingEvent):
    """What incidents may be called from a date on, replacing what held before. What was recorded before keeps its category."""

    TOPIC: ClassVar[str] = "incident-categories-set"
    categories: tuple[IncidentCategory, ...]


SETTING_EVENTS: tuple[type[Event], ...] = (
    SettingOpened,
    PlaceAdded,
    CommissionerAdded,
    CalendarSet,
    TimetableSet,
    RetentionSet,
    IncidentCategoriesSet,
)
