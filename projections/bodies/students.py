"""A student, what holds of them from dates on, and their placements."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from ap_ledger.events.base import RetentionClass
from projections.bodies.common import BodyRow, DatedBody


class ExpectedDayBody(TypedDict):
    """One weekday (1 Monday to 7 Sunday): the ids of the slots in which a student is expected, and where."""

    weekday: int
    slots: list[str]
    place_id: NotRequired[str]


class ExpectedFact(DatedBody):
    """A student's own week from a date on."""

    days: list[ExpectedDayBody]


class MentorFact(DatedBody):
    """A mentor from a date on, until a last day where one was given. Each mentor is a series of their own."""

    person_id: str
    until: NotRequired[str]


class KeyWorkerFact(DatedBody):
    """The key worker from a date on; nobody where none is named."""

    person_id: NotRequired[str]


class GroupFact(DatedBody):
    """The group in which a student is taught from a date on; none where none is named."""

    group: NotRequired[str]


class SealedFact(DatedBody):
    """That needs or contacts were noted from a date on: which, is sealed in the event at `position`."""

    position: int


class ConsentFact(SealedFact):
    """Whether something was agreed to from a date on; who said so is sealed. Each consent is a series of its own."""

    consent: str
    agreed: bool


class OwnItemsPart(TypedDict):
    """The ids of a student's own items; what they say is sealed in the event at `position`.

    It is None where the record that is kept says nothing of its own.
    """

    items: list[str]
    position: int | None


class OwnItems(OwnItemsPart):
    """A student's own items under one shared definition; `joined` are those of records that were joined, by their
    ids."""

    joined: NotRequired[dict[str, OwnItemsPart]]


class EndedClock(TypedDict):
    """What was due for a student and was ended with a reason: the clock's name, and which run of it.

    The words of the reason are in the event at `position`; `ended_at` is when it was recorded.
    """

    clock: str
    about: str
    reason_code: str
    position: int
    ended_at: int


class AddressBody(TypedDict):
    """An address where a student is visited: which, is sealed in the event at `position`.

    What a visitor should know about it is sealed in that at `flagged_at`, where there is anything.
    """

    home: bool
    position: int
    flagged_at: int | None


class HoldBody(TypedDict):
    """A legal hold that is not lifted: the reason, when it was set and by whom (None at the machine)."""

    hold_id: str
    reason_code: str
    set_at: int
    set_by: str | None


class JoinedBody(TypedDict):
    """A record that was joined to the one that is kept, for which reason, and when that was recorded."""

    student_id: str
    reason_code: str
    joined_at: int


class StudentWeek(TypedDict):
    """Whose week it is, and all it ever was."""

    id: str
    expected: list[ExpectedFact]


class StudentFacts(StudentWeek):
    """A student: where and when they were admitted, who works with them, and what holds of them from dates on.

    `admissions` are the days on which each of the child's records was admitted, by its id; `shredded` the parts of the
    record that are erased; `own_items` go by the id of the shared definition; `family` are the people who are linked;
    `released` is whether the family may see anything. `records` are all other records that were ever joined to this
    one, and `joined` those that are now. A record that is joined to another one says whose in `kept_student`.
    """

    setting_id: str
    admitted_on: str
    admissions: dict[str, str]
    mentors: list[MentorFact]
    shredded: list[RetentionClass]
    key_workers: NotRequired[list[KeyWorkerFact]]
    groups: NotRequired[list[GroupFact]]
    needs: NotRequired[list[SealedFact]]
    contacts: NotRequired[list[SealedFact]]
    consents: NotRequired[list[ConsentFact]]
    own_items: NotRequired[dict[str, OwnItems]]
    addresses: NotRequired[dict[str, AddressBody]]
    family: NotRequired[list[str]]
    released: NotRequired[bool]
    holds: NotRequired[list[HoldBody]]
    ended_clocks: NotRequired[list[EndedClock]]
    records: NotRequired[list[str]]
    joined: NotRequired[list[JoinedBody]]
    kept_student: NotRequired[str]


class StudentAsStored(StudentFacts):
    """A student without their name: `named_at` is the position of the event that says it, None before there is one."""

    named_at: int | None


class StudentBody(StudentFacts, BodyRow):
    """A student as they are read: `name` tells them from all others of their setting, and the rest is who they are.

    The rest is None where it was never said; `date_of_birth` is an ISO date, or says why it cannot be read.
    """

    name: str
    given_name: str | None
    family_name: str | None
    known_as: str | None
    date_of_birth: str | None
    upn: str | None


class JoinedRecordBody(StudentBody):
    """A student as their record was before it was joined to another one, at the position `joined_from`."""

    joined_from: int


class CommissionedFact(DatedBody):
    """What was bought from a date on: sessions a week (2 a full day) and hours a week."""

    placement_id: str
    sessions_a_week: int
    hours_a_week: float


class PlacementFacts(TypedDict):
    """A placement of a student: its first day, its last one where it ended, who bought it and why.

    `student_id` is the child's record that is kept; `recorded_as` the one that the placement stands in, where that is
    another. `reason_code` and `destination` are those of its end.
    """

    id: str
    setting_id: str
    student_id: str
    start: str
    planned_end: str | None
    end: str | None
    commissioner_id: str | None
    purpose: str | None
    dual_registered: bool
    commissioned: list[CommissionedFact]
    reason_code: NotRequired[str | None]
    destination: NotRequired[str | None]
    recorded_as: NotRequired[str]


class PlacementBody(PlacementFacts, BodyRow):
    """A placement as it is read."""
