"""What the capture app is answered with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Loggable(BaseModel):
    """What an app is told to log against. A field that no model names is a fault here, and never lost on its way."""

    model_config = ConfigDict(extra="forbid")


class Named(Loggable):
    """A setting or a person, by the name that is shown."""

    id: UUID
    name: str | None


class Place(Loggable):
    """A place of a setting where sessions happen."""

    id: UUID
    label: str


class CategoryHere(Loggable):
    """What an incident may be called today."""

    id: str
    label: str


class SettingHere(Loggable):
    """The setting in which is logged. Its days are those of `time_zone`.

    `worries_are_read` says whether anybody leads on safeguarding there: nobody else can read a worry.
    """

    id: UUID
    name: str | None
    time_zone: str
    places: list[Place]
    worries_are_read: bool
    incident_categories: list[CategoryHere]


class TimetableFrom(Loggable):
    """The slots from a day on; from the first one that matters, where `from_date` is empty."""

    from_date: str
    slots: list[dict[str, Any]]


class GroupFrom(Loggable):
    """The group in which a student is taught from a day on, written as a timetable's is."""

    from_date: str
    group: str | None


class WeekdaySlots(Loggable):
    """The slots in which a student is expected on a weekday; 1 is Monday."""

    weekday: int
    slots: list[str]


class WeekFrom(Loggable):
    """A student's week from a day on, written as a timetable's is; on a weekday that is left out nobody expects
    them."""

    from_date: str
    days: list[WeekdaySlots]


class StudentHere(Loggable):
    """A student by the name staff call them.

    `mine` are those of one's own caseload. `own` has what their own steps and goals are called, by definition and id.
    `not_asked` are indicators that do not apply at their age, each `id@version|indicator`.
    """

    id: UUID
    name: str | None
    mine: bool
    group: str | None
    groups: list[GroupFrom]
    expected: list[WeekFrom]
    own: dict[str, dict[str, str]]
    not_asked: list[str]


class RungHere(Loggable):
    """A rung of a ladder. `number` is its place among the outermost ones, from 0; rungs inside another have none."""

    id: str
    label: str
    short: str
    icon: str | None
    number: int | None


class LadderHere(Loggable):
    """A ladder, its rungs from the least contact to the most."""

    id: str
    version: int
    title: str
    rungs: list[RungHere]


class LevelHere(Loggable):
    """What can be chosen on a scale. `means` says what it is worth, where it is worth something."""

    value: str | int | float
    label: str
    means: str | None


class ScaleHere(Loggable):
    """A scale; it has no levels where a number or words are typed."""

    type: str
    levels: list[LevelHere]


class Asked(Loggable):
    """The indicators that may be scored in slots of a kind, and those meant to be in every one."""

    asked: list[str]
    expected: list[str]


class IndicatorHere(Loggable):
    """An indicator, the theme it stands under, and the scale it is scored on."""

    id: str
    label: str
    theme: str
    scale: str
    per_student: bool


class OutcomesHere(Loggable):
    """A framework of outcomes: what is asked by kind of slot, and the reasons why a score may be missing."""

    id: str
    version: int
    title: str
    missing: list[str]
    slots: dict[str, Asked]
    indicators: list[IndicatorHere]
    scales: dict[str, ScaleHere]


class CurriculumHere(Loggable):
    """A curriculum that is in use."""

    id: str
    version: int
    title: str


class Me(Loggable):
    """Who is logging, as whom they score, and how they came in. Phones compare `since` as it is written."""

    id: UUID
    name: str
    role: str
    by: str
    since: str | None


class DeviceHere(Loggable):
    """The enrolled device that asks."""

    id: UUID
    kind: str


class PlannedHere(Loggable):
    """A visit that whoever logs is to make, today or tomorrow, in the setting's own time.

    `address` and `flags`, what to know there before knocking, are those that they may read. `state` is how it stands.
    """

    id: UUID
    student: UUID
    starts_at: datetime
    ends_at: datetime
    minutes: int
    purpose: str
    address: str | None
    flags: str | None
    state: str


class BoxKey(Loggable):
    """What seals entries for a setting: the versions of a box that the service takes, the id of the key, and the key,
    an uncompressed point in base64. `v` is what the app of 0.1.0 writes on its boxes."""

    v: int
    takes: list[int]
    kid: str
    key: str


class Capture(Loggable):
    """Whom and what there is to log. `now` is what the clock of the service says."""

    setting: SettingHere
    timetables: list[TimetableFrom]
    students: list[StudentHere]
    ladders: list[LadderHere]
    outcomes: list[OutcomesHere]
    curricula: list[CurriculumHere]
    now: str
    me: Me
    device: DeviceHere | None
    settings: list[Named]
    here: list[Named]
    planned: list[PlannedHere]
    box_key: BoxKey


class ToldOfSession(BaseModel):
    """What one entry says of a session, and who recorded it."""

    entry_id: UUID
    author_id: UUID
    by: str | None
    entry: dict[str, Any]


class AttestedOut(BaseModel):
    """A session of a student, and the register code to suggest for it.

    It is one, however many told of it: `told` has all of them, in the order in which they were recorded, and `entry` is
    the first. Where they contradict each other the session is `disputed` and has no code until one is put right or
    taken back.
    """

    entry_id: UUID
    author_id: UUID
    entry: dict[str, Any]
    disputed: bool
    told: list[ToldOfSession]
    code: str | None
    meaning: str | None
    reason: str


class ContactOut(BaseModel):
    """Somebody reached out, or meant to. What was said is not part of it."""

    entry_id: UUID
    author_id: UUID
    effort: str
    channel: str
    minutes: int | None
    at: datetime
    by: str | None


class StudentsDay(BaseModel):
    """One student's day. `incomplete` says that something recorded about them could not be read."""

    student_id: UUID
    name: str | None
    incomplete: bool
    sessions: list[AttestedOut]
    contacts: list[ContactOut]


class DayOfSetting(BaseModel):
    """A day of a setting, student by student."""

    setting_id: UUID
    date: date
    students: list[StudentsDay]


class MissingOfDay(BaseModel):
    """How many scores are missing, by slot and framework."""

    setting_id: UUID
    date: date
    slots: dict[str, dict[str, int]]


class StepUnit(BaseModel):
    """A unit, and who is ready for it or nearly there."""

    id: str
    label: str
    under: str
    scale: str
    ready: list[UUID]
    nearly: list[UUID]


class StepsOfGroup(BaseModel):
    """A curriculum, and the status of every unit that each student has touched."""

    id: str
    version: int
    title: str
    units: list[StepUnit]
    scales: dict[str, dict[str, Any]]
    students: dict[str, dict[str, Any]]
