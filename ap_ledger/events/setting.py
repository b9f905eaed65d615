"""The stream of a setting: its time zone, its places and commissioners, its calendar and its timetable of slots."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ap_ledger.events.base import Event, Fact
from ap_ledger.events.dated import DatedFact
from ap_ledger.events.fields import (
    BrandColour,
    CategoryId,
    ClearedNumbers,
    CommissionerId,
    CommissionerKind,
    FirstDay,
    FromDate,
    KeptClass,
    Label,
    LastDay,
    LogoPicture,
    PictureSide,
    PlaceId,
    QuietTime,
    ReasonCode,
    SettingFactName,
    SlotId,
    SlotTime,
    TimeZoneName,
    Ukprn,
    Urn,
    Weekday,
    YearsKept,
)

SlotKind = Literal[
    "arrival", "tutor", "wellbeing", "lesson", "intervention", "break", "lunch",
    "transition", "off-site", "home-visit", "online", "reflection", "transport",
]  # fmt: skip


class SettingEvent(Event):
    """An event in a setting's own stream."""

    STREAM: ClassVar[str] = "setting"


class SettingOpened(SettingEvent):
    """A setting began to keep its ledger here. Its days are days in `time_zone` (an IANA name)."""

    TOPIC: ClassVar[str] = "setting-opened"
    name: Label
    time_zone: TimeZoneName
    urn: Urn | None = None
    ukprn: Ukprn | None = None


class SettingCorrected(SettingEvent):
    """A setting's name or numbers were put right: what is given is right now, what is cleared is gone, the rest
    stays."""

    TOPIC: ClassVar[str] = "setting-corrected"
    reason_code: ReasonCode
    name: Label | None = None
    urn: Urn | None = None
    ukprn: Ukprn | None = None
    clear: ClearedNumbers = ()


class PlaceAdded(SettingEvent):
    """A place where sessions happen."""

    TOPIC: ClassVar[str] = "place-added"
    place_id: PlaceId
    label: Label


class PlaceCorrected(SettingEvent):
    """What a place is called was put right."""

    TOPIC: ClassVar[str] = "place-corrected"
    place_id: PlaceId
    label: Label
    reason_code: ReasonCode


class CommissionerAdded(SettingEvent):
    """A local authority, school or trust that buys places here."""

    TOPIC: ClassVar[str] = "commissioner-added"
    commissioner_id: CommissionerId
    name: Label
    kind: CommissionerKind


class CommissionerCorrected(SettingEvent):
    """A commissioner's name or kind was put right: what is given is right now, and the rest stays."""

    TOPIC: ClassVar[str] = "commissioner-corrected"
    commissioner_id: CommissionerId
    reason_code: ReasonCode
    name: Label | None = None
    kind: CommissionerKind | None = None


class Closure(Fact):
    """Dates, first and last included, on which the setting is closed."""

    first: FirstDay
    last: LastDay
    label: Label


class Term(Fact):
    """A half-term: its first and last day."""

    first: FirstDay
    last: LastDay
    label: Label


Terms = Annotated[
    tuple[Term, ...],
    Field(
        description="Half-terms are a list, each with its first and last day and a label.",
    ),
]
Closures = Annotated[
    tuple[Closure, ...],
    Field(
        description="Closures are a list, each with its first and last day and a label.",
    ),
]


class CalendarSet(DatedFact, SettingEvent):
    """Half-terms and closures from a date on, replacing what held before."""

    TOPIC: ClassVar[str] = "calendar-set"
    terms: Terms = ()
    closures: Closures = ()


Weekdays = Annotated[
    tuple[Weekday, ...],
    Field(
        description="Weekdays are a list of numbers from 1 (Monday) to 7 (Sunday), each once and at least one.",
    ),
]


class Slot(Fact):
    """One slot of the day: its kind, its local start and end, and the weekdays on which it is held."""

    id: SlotId
    label: Label
    kind: SlotKind = Field(description="A slot is of a kind that docs/events.md lists, such as lesson or break.")
    starts: SlotTime
    ends: SlotTime
    weekdays: Weekdays = (1, 2, 3, 4, 5)

    @model_validator(mode="after")
    def ends_after_it_starts(self) -> Slot:
        """A slot is within one day. Times once stored with offsets are compared with them; new ones have none."""
        times = (self.starts, self.ends)
        starts, ends = times if all(each.tzinfo for each in times) else (each.replace(tzinfo=None) for each in times)
        if ends <= starts:
            raise ValueError("a slot must end after it starts")
        return self


Slots = Annotated[
    tuple[Slot, ...],
    Field(
        description="Slots are a list, each with an id, a label, a kind, and when it starts and ends.",
    ),
]


class TimetableSet(DatedFact, SettingEvent):
    """The slots of the day from a date on, replacing the timetable that held before."""

    TOPIC: ClassVar[str] = "timetable-set"
    slots: Slots


class RetentionClock(Fact):
    """How long one retention class is kept: `years` after a moment of the student's life. Null years: never disposed
    of.

    `basis` says which rule or guidance it comes from, so that whoever checks it can look.
    """

    retention_class: KeptClass
    counted_from: Literal["date-of-birth", "placement-end", "admission"] = Field(
        description="The time is counted from one of: date-of-birth, placement-end, admission."
    )
    basis: Label
    years: YearsKept | None = None


Clocks = Annotated[tuple[RetentionClock, ...], Field(description="Clocks are a list, one for each part of the record.")]


class RetentionSet(DatedFact, SettingEvent):
    """How long each retention class is kept, from a date on, replacing what held before."""

    TOPIC: ClassVar[str] = "retention-set"
    clocks: Clocks


class IncidentCategory(Fact):
    """What an incident may be called.

    Its id stands in the clear in every such entry, so it is a code and never somebody's words.
    """

    id: CategoryId
    label: Label


IncidentCategories = Annotated[
    tuple[IncidentCategory, ...],
    Field(description="Categories are a list of 1 to 100, each with an id and a label."),
]


class IncidentCategoriesSet(DatedFact, SettingEvent):
    """What incidents may be called from a date on, replacing what held before.

    What was recorded before keeps its category.
    """

    TOPIC: ClassVar[str] = "incident-categories-set"
    categories: IncidentCategories


ColumnMark = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{32}$", description="A heading is named by its mark, 32 digits and letters from 0 to f."),
]
ColumnName = Annotated[
    str,
    Field(
        pattern=r"^[a-z_]{1,40}$",
        description="What a column holds is named in small letters, such as given_name; nothing where it is not used.",
    ),
]
MatchedColumns = Annotated[
    dict[ColumnMark, ColumnName],
    Field(
        min_length=1,
        max_length=200,
        description="Columns are an object of 1 to 200 marks of headings and what each column holds.",
    ),
]


class ColumnsMatched(SettingEvent):
    """Somebody said what columns of the setting's own files hold: remembered for the next file with such headings.

    A heading is named by a mark under the ledger's own key, because a file without headings has a child's name there.
    """

    TOPIC: ClassVar[str] = "columns-matched"
    columns: MatchedColumns


class BrandColourSet(SettingEvent):
    """In which colour a setting's pages are from now on: with none, in the one that ships."""

    TOPIC: ClassVar[str] = "brand-colour-set"
    colour: BrandColour | None = None


class LogoSet(SettingEvent):
    """The picture that stands for a setting from now on, whole, small and with nothing besides: none takes it off."""

    TOPIC: ClassVar[str] = "logo-set"
    picture: LogoPicture | None = None
    width: PictureSide | None = None
    height: PictureSide | None = None


class QuietHours(Fact):
    """When nobody is notified, by the setting's own clock: from a time on each of some weekdays until another, which is
    on the next day where it is no later; and on some weekdays all day."""

    starts: QuietTime
    ends: QuietTime
    weekdays: Weekdays = (1, 2, 3, 4, 5, 6, 7)
    whole_days: Annotated[
        tuple[Weekday, ...],
        Field(description="Whole days are a list of numbers from 1 (Monday) to 7 (Sunday), each once, or empty."),
    ] = ()


Hours = Annotated[
    QuietHours | None,
    Field(description="Quiet hours are an object with starts and ends, such as 18:00 and 07:30, or left out."),
]


class QuietHoursSet(SettingEvent):
    """When nobody is notified from now on: with none, there is no such time."""

    TOPIC: ClassVar[str] = "quiet-hours-set"
    hours: Hours = None


class SettingFactWithdrawn(SettingEvent):
    """What was recorded to hold from a date on should not have been: it counts no more, and what held before it holds
    on."""

    TOPIC: ClassVar[str] = "setting-fact-withdrawn"
    fact: SettingFactName
    from_date: FromDate
    reason_code: ReasonCode


SETTING_EVENTS: tuple[type[Event], ...] = (
    SettingOpened,
    SettingCorrected,
    PlaceAdded,
    PlaceCorrected,
    CommissionerAdded,
    CommissionerCorrected,
    CalendarSet,
    TimetableSet,
    RetentionSet,
    IncidentCategoriesSet,
    ColumnsMatched,
    BrandColourSet,
    LogoSet,
    QuietHoursSet,
    SettingFactWithdrawn,
)
