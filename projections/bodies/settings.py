"""A setting, and what it says to hold from a date on."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from ap_ledger.events.fields import CommissionerKind
from ap_ledger.events.setting import SlotKind
from projections.bodies.common import BodyRow, DatedBody


class PlaceBody(TypedDict):
    """A place where sessions happen, and what it is called."""

    place_id: str
    label: str


class CommissionerBody(TypedDict):
    """Who buys places here: its name, and whether it is a local authority, a school, a trust or something else."""

    commissioner_id: str
    name: str
    kind: CommissionerKind


class StretchBody(TypedDict):
    """A half-term or a closure: its first and its last day, both included, and what it is called."""

    first: str
    last: str
    label: str


class CalendarFact(DatedBody):
    """The half-terms and the closures of a setting from a date on."""

    terms: list[StretchBody]
    closures: list[StretchBody]


class SlotBody(TypedDict):
    """One slot of the day: its kind, when it starts and ends (local, HH:MM:SS), and its weekdays (1 Monday to 7
    Sunday)."""

    id: str
    label: str
    kind: SlotKind
    starts: str
    ends: str
    weekdays: list[int]


class TimetableFact(DatedBody):
    """The slots of the day from a date on; `position` is that of the event that set them."""

    slots: list[SlotBody]
    position: int


class RetentionFact(DatedBody):
    """How long each part of a record is kept from a date on: clocks as `RetentionClock` reads them."""

    clocks: list[dict[str, Any]]


class CategoryBody(TypedDict):
    """What an incident may be called: the id that entries carry, and the words for it."""

    id: str
    label: str


class CategoriesFact(DatedBody):
    """What incidents may be called from a date on."""

    categories: list[CategoryBody]


class EndedReview(TypedDict):
    """The review of a half-term with a commissioner, by its last day, which was ended with a reason.

    The words of the reason are in the event at `position`; `ended_at` is when it was recorded.
    """

    commissioner_id: str
    last: str
    reason_code: str
    position: int
    ended_at: int


class LogoBody(TypedDict):
    """The picture that stands for a setting: its mark, which no other has, and its sides in dots.

    The picture itself is in the event at `position`.
    """

    mark: str
    width: int
    height: int
    position: int


class QuietBody(TypedDict):
    """When nobody is notified: from when until when (local, HH:MM:SS), on which weekdays it begins, and on which it
    lasts all day (1 Monday to 7 Sunday)."""

    starts: str
    ends: str
    weekdays: list[int]
    whole_days: list[int]


class SettingFacts(TypedDict):
    """A setting: its name, its time zone (an IANA name), its numbers, its colour (such as #12436d; None where it is the
    one that ships), its logo, when nobody is notified, and all it ever said to hold from a date on."""

    id: str
    name: str
    time_zone: str
    urn: str | None
    ukprn: str | None
    colour: NotRequired[str | None]
    logo: NotRequired[LogoBody | None]
    quiet_hours: NotRequired[QuietBody | None]
    places: list[PlaceBody]
    commissioners: list[CommissionerBody]
    timetables: list[TimetableFact]
    calendars: NotRequired[list[CalendarFact]]
    retention: NotRequired[list[RetentionFact]]
    incident_categories: NotRequired[list[CategoriesFact]]
    ended_clocks: NotRequired[list[EndedReview]]


class SettingBody(SettingFacts, BodyRow):
    """A setting as it is read."""
