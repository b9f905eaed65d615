"""The rules of a setting's stream, and its time: which day it is, and when a slot starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import ClassVar, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from ap_ledger.domain.base import Command, DatedCommand, NextEvents, fold
from ap_ledger.domain.given import sentence_of
from ap_ledger.domain.incident_categories import default_categories
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.dated import DatedFact, in_force, spans, without
from ap_ledger.events.due import ReviewEnded, ReviewResumed
from ap_ledger.events.fields import CommissionerId, CommissionerKind, Label, PlaceId, TimeZoneName, Ukprn, Urn
from ap_ledger.events.moments import zone
from ap_ledger.events.setting import (
    CalendarSet,
    Clocks,
    Closure,
    Closures,
    ColumnsMatched,
    CommissionerAdded,
    IncidentCategories,
    IncidentCategoriesSet,
    IncidentCategory,
    PlaceAdded,
    QuietHours,
    QuietHoursSet,
    RetentionSet,
    SettingFactWithdrawn,
    SettingOpened,
    Slot,
    Slots,
    Term,
    Terms,
    TimetableSet,
)

D = TypeVar("D", bound=DatedFact)
WITHDRAWABLE: Mapping[str, type[DatedFact]] = {
    kind.TOPIC: kind for kind in (CalendarSet, TimetableSet, RetentionSet, IncidentCategoriesSet)
}
"""The facts that can be withdrawn, by the name that a withdrawal gives them."""


@dataclass(frozen=True)
class Setting:
    """What later decisions and the door need to remember about a setting."""

    id: UUID
    version: int
    time_zone: str
    dated: tuple[DatedFact, ...] = ()
    """Calendars, timetables, retention clocks and categories of incidents, in the order in which they were set."""
    slot_kinds: Mapping[str, str] = field(default_factory=dict)
    """The kind of every slot that there ever was, by its id."""
    commissioners: frozenset[UUID] = frozenset()
    places: frozenset[UUID] = frozenset()
    ended: frozenset[tuple[UUID, date]] = frozenset()
    """Half-term reviews that were ended with a reason, by commissioner and last day."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What columns of the setting's own files hold, by the marks of their headings."""

    quiet_hours: QuietHours | None = None
    """When nobody is notified."""

    def facts(self, kind: type[D]) -> list[D]:
        """The dated facts of one kind."""
        return [fact for fact in self.dated if isinstance(fact, kind)]

    def timetable(self, day: date) -> tuple[Slot, ...]:
        """The slots in force on a day."""
        timetable = in_force(self.facts(TimetableSet), day)
        return timetable.slots if timetable else ()

    def slots_from(self, day: date, weekday: int) -> frozenset[str]:
        """The ids of the slots held on a weekday by any timetable that is in force on a day or later."""
        timetables = [timetable for timetable, _, until in spans(self.facts(TimetableSet)) if day.isoformat() < until]
        return frozenset(slot.id for timetable in timetables for slot in timetable.slots if weekday in slot.weekdays)

    def slot(self, day: date, slot_id: str) -> Slot | None:
        """The slot of that id in the timetable in force on a day, whatever its weekdays, if there is one."""
        return next((slot for slot in self.timetable(day) if slot.id == slot_id), None)

    def half_terms_end(self) -> frozenset[date]:
        """The last days of the half-terms: of each calendar of those that end while it is in force."""
        calendars = spans(self.facts(CalendarSet))
        ends = ((term.last, begins, until) for calendar, begins, until in calendars for term in calendar.terms)
        return frozenset(last for last, begins, until in ends if begins <= last.isoformat() < until)

    def incident_categories(self, day: date) -> tuple[IncidentCategory, ...]:
        """What an incident may be called on a day."""
        listed = in_force(self.facts(IncidentCategoriesSet), day)
        return listed.categories if listed else default_categories()

    def start_of(self, day: date, slot: Slot) -> datetime:
        """The moment, in UTC, at which a slot starts on a day."""
        return datetime.combine(day, slot.starts, zone(self.time_zone)).astimezone(UTC)


def evolve(setting: Setting | None, event: Event) -> Setting | None:
    """Remembers one event."""
    if isinstance(event, SettingOpened):
        return Setting(event.originator_id, event.originator_version, event.time_zone)
    if setting is None:
        return None
    match event:
        case DatedFact():
            kinds = {slot.id: slot.kind for slot in event.slots} if isinstance(event, TimetableSet) else {}
            setting = replace(setting, dated=(*setting.dated, event), slot_kinds={**setting.slot_kinds, **kinds})
        case SettingFactWithdrawn():
            kind = WITHDRAWABLE[event.fact]
            setting = replace(
                setting, dated=tuple(without(setting.dated, event.from_date, lambda fact: isinstance(fact, kind)))
            )
        case PlaceAdded():
            setting = replace(setting, places=setting.places | {event.place_id})
        case CommissionerAdded():
            setting = replace(setting, commissioners=setting.commissioners | {event.commissioner_id})
        case ColumnsMatched():
            setting = replace(setting, columns={**setting.columns, **event.columns})
        case QuietHoursSet():
            setting = replace(setting, quiet_hours=event.hours)
        case ReviewEnded():
            setting = replace(setting, ended=setting.ended | {(event.commissioner_id, event.last)})
        case ReviewResumed():
            setting = replace(setting, ended=setting.ended - {(event.commissioner_id, event.last)})
    return replace(setting, version=event.originator_version)


project_setting = fold(evolve)


class SettingCommand(Command):
    """A command to a setting's stream."""

    @property
    def stream_id(self) -> UUID:
        """A setting's stream is named by the setting's id."""
        return self.setting_id

    def opened(self, state: Setting | None) -> Setting:
        """The setting, or a refusal when there is none."""
        if state is None:
            raise Refused("unknown-setting", "No setting with this id keeps its ledger here.", "setting_id")
        return state


class OpenSetting(SettingCommand):
    """Opens a setting. Makes the keys that seal what belongs to it and to no student."""

    MAKES_KEYS_FOR: ClassVar[str | None] = "setting_id"
    name: Label
    time_zone: TimeZoneName = "Europe/London"
    urn: Urn | None = None
    ukprn: Ukprn | None = None

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """A setting is opened once, in a time zone that exists."""
        if state is not None:
            raise Refused("not-allowed", "This setting was opened before.", "setting_id")
        # Names without a slash, such as `localtime`, mean something else on every machine, or no place at all.
        if self.time_zone != "UTC" and ("/" not in self.time_zone or self.time_zone not in available_timezones()):
            raise Refused("malformed", "The time zone is not known; use a name such as Europe/London.", "time_zone")
        return [events.event(SettingOpened, name=self.name, time_zone=self.time_zone, urn=self.urn, ukprn=self.ukprn)]


class AddPlace(SettingCommand):
    """Adds a place where sessions happen."""

    place_id: PlaceId
    label: Label

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """A place is added once."""
        if self.place_id in self.opened(state).places:
            raise Refused("not-allowed", "A place with this id was added before.", "place_id")
        return [events.event(PlaceAdded, place_id=self.place_id, label=self.label)]


class AddCommissioner(SettingCommand):
    """Adds somebody who buys places."""

    commissioner_id: CommissionerId
    name: Label
    kind: CommissionerKind

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """A commissioner is added once."""
        if self.commissioner_id in self.opened(state).commissioners:
            raise Refused("not-allowed", "This commissioner was added before.", "commissioner_id")
        return [events.event(CommissionerAdded, commissioner_id=self.commissioner_id, name=self.name, kind=self.kind)]


def _one_after_another(spans: Sequence[Term | Closure], field: str) -> None:
    until: date | None = None
    for number, span in sorted(enumerate(spans), key=lambda numbered: numbered[1].first):
        if span.last < span.first:
            raise Refused(
                "malformed", "This ends before it begins. Put one of its two dates right.", f"{field}.{number}.last"
            )
        if until is not None and span.first <= until:
            raise Refused(
                "malformed", "This begins before another one has ended. Put the dates right.", f"{field}.{number}.first"
            )
        until = span.last


class SetCalendar(DatedCommand, SettingCommand):
    """Sets half-terms and closures from a date on."""

    terms: Terms = ()
    closures: Closures = ()

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Nothing ends before it begins, and no two half-terms or closures overlap."""
        dates = self.dates(self.opened(state).facts(CalendarSet))
        _one_after_another(self.terms, "terms")
        _one_after_another(self.closures, "closures")
        return [events.event(CalendarSet, **dates, terms=self.terms, closures=self.closures)]


class SetTimetable(DatedCommand, SettingCommand):
    """Sets the slots of the day from a date on."""

    slots: Slots

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Slot ids are unique within a timetable, no two slots are held at once, and an id keeps its kind for ever."""
        setting = self.opened(state)
        kinds = setting.slot_kinds
        if len({slot.id for slot in self.slots}) < len(self.slots):
            raise Refused("malformed", "Two slots have the same id.", "slots")
        for number, slot in enumerate(self.slots):
            if not slot.weekdays or len(set(slot.weekdays)) < len(slot.weekdays):
                raise Refused(
                    "malformed", "Name each weekday of a slot once, and at least one.", f"slots.{number}.weekdays"
                )
            for name in ("starts", "ends"):
                # A slot is held at the same time of the clock all year, and an offset would be right for half of it.
                if getattr(slot, name).tzinfo is not None:
                    raise Refused("malformed", str(sentence_of(Slot, name)), f"slots.{number}.{name}")
        _no_two_at_once(self.slots)
        if any(kinds.get(slot.id, slot.kind) != slot.kind for slot in self.slots):
            raise Refused(
                "not-allowed",
                "A slot keeps its kind, so that what was scored in it stays comparable. Give the new slot another id.",
                "slots",
            )
        return [events.event(TimetableSet, slots=self.slots, **self.dates(setting.facts(TimetableSet)))]


def _no_two_at_once(slots: Sequence[Slot]) -> None:
    numbered_slots = sorted(enumerate(slots), key=lambda numbered: numbered[1].starts)
    for place, (number, slot) in enumerate(numbered_slots):
        for _, before in numbered_slots[:place]:
            if slot.starts < before.ends and set(slot.weekdays) & set(before.weekdays):
                raise Refused(
                    "malformed",
                    "This slot starts before another one of the same weekday has ended.",
                    f"slots.{number}.starts",
                )


class SetRetention(DatedCommand, SettingCommand):
    """Says how long each retention class is kept, from a date on."""

    clocks: Clocks

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Each class has one clock."""
        dates = self.dates(self.opened(state).facts(RetentionSet))
        if len({clock.retention_class for clock in self.clocks}) < len(self.clocks):
            raise Refused("malformed", "A retention class is named twice.", "clocks")
        return [events.event(RetentionSet, **dates, clocks=self.clocks)]


class SetIncidentCategories(DatedCommand, SettingCommand):
    """Says what incidents may be called, from a date on."""

    categories: IncidentCategories

    def decide(self, state: Setting | None, events: NextEvents) -> list[Event]:
        """Each category is listed once."""
        dates = self.dates(self.opened(state).facts(IncidentCategoriesSet))
        if not 1 <= len({category.id for category in self.categories}) == len(self.categories) <= 100:
            raise Refused("malformed", "List 1 to 100 categories, each once.", "categories")
        return [events.event(IncidentCategoriesSet, **dates, categories=self.categories)]
