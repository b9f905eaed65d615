"""The stream of a student: admission, names, placement, what was commissioned, who works with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from ap_ledger.events.base import Erased, Event, Fact, Ref, RetentionClass, Slug
from ap_ledger.events.dated import DatedFact

Name = Annotated[str, Field(max_length=120)]
NeedCode = Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")]


class StudentEvent(Event):
    """An event in a student's own stream."""

    STREAM: ClassVar[str] = "student"


class StudentAdmitted(StudentEvent):
    """A student was taken on by a setting. Everything that names them is in `student-identified`."""

    TOPIC: ClassVar[str] = "student-admitted"
    on: date


class StudentIdentified(StudentEvent):
    """Who the student is. Every field is sealed under the student's core key; the last one recorded is current."""

    TOPIC: ClassVar[str] = "student-identified"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {
        "given_name": "core",
        "family_name": "core",
        "known_as": "core",
        "date_of_birth": "core",
        "upn": "core",
    }
    given_name: Name | Erased
    family_name: Name | Erased
    known_as: Name | Erased | None = None
    date_of_birth: date | Erased | None = None
    upn: Annotated[str, Field(max_length=20)] | Erased | None = None


class ExpectedDay(Fact):
    """The slots in which a student is expected on one weekday (1 Monday to 7 Sunday), and where."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    slots: tuple[Slug, ...]
    place_id: UUID | None = None


class StudentExpected(DatedFact, StudentEvent):
    """The weekday slots and places in which the student is expected from a date on, replacing what held before."""

    TOPIC: ClassVar[str] = "student-expected"
    days: tuple[ExpectedDay, ...]


class PlacementStarted(StudentEvent):
    """A commissioner placed the student here. Purpose is why, in the setting's own short words.

    `dual_registered` says that the student stands on the registers of two schools: it decides the code to suggest.
    """

    TOPIC: ClassVar[str] = "placement-started"
    placement_id: UUID
    start: date
    planned_end: date | None = None
    commissioner_id: UUID | None = None
    purpose: Slug | None = None
    dual_registered: bool = False


class PlacementChanged(StudentEvent):
    """The planned end or the purpose of a placement was changed."""

    TOPIC: ClassVar[str] = "placement-changed"
    placement_id: UUID
    planned_end: date | None = None
    purpose: Slug | None = None


class PlacementEnded(StudentEvent):
    """A placement ended, on a date, for a reason, with a destination where there is one."""

    TOPIC: ClassVar[str] = "placement-ended"
    placement_id: UUID
    end: date
    reason_code: Slug
    destination: Slug | None = None


class SessionsCommissioned(DatedFact, StudentEvent):
    """What the commissioner bought from a date on: sessions a week (2 a full day) and hours a week."""

    TOPIC: ClassVar[str] = "sessions-commissioned"
    placement_id: UUID
    sessions_a_week: Annotated[int, Field(ge=0, le=14)]
    hours_a_week: Annotated[float, Field(ge=0, le=60)]


class KeyWorkerAssigned(DatedFact, StudentEvent):
    """The key worker from a date on; one at a time, and none where none is named."""

    TOPIC: ClassVar[str] = "key-worker-assigned"
    person_id: UUID | None = None


class MentorAssigned(DatedFact, StudentEvent):
    """A mentor whose caseload holds the student from a date on, until a date where one is given."""

    TOPIC: ClassVar[str] = "mentor-assigned"
    person_id: UUID
    until: date | None = None


class StudentGrouped(DatedFact, StudentEvent):
    """The group in which the student is taught from a date on; one at a time, and none where none is named."""

    TOPIC: ClassVar[str] = "student-grouped"
    group: Slug | None = None


class StudentNeedsNoted(DatedFact, StudentEvent):
    """The types of special educational need from a date on, the main one first, replacing what held before.

    They are codes of the school census, and sealed, because they speak of the child's health.
    """

    TOPIC: ClassVar[str] = "student-needs-noted"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"needs": "health"}
    needs: tuple[NeedCode, ...] | Erased


class OwnItemsSet(StudentEvent):
    """A student's own items under a shared definition: personal goals, or smaller steps under a rung of a ladder.

    `items` lists their ids (`goal.1` under `goal`, `goes-out.2` under `goes-out`), which say nothing; what they say is
    sealed. Set again, it replaces the words and the list; what was recorded under an id stays readable.
    """

    TOPIC: ClassVar[str] = "own-items-set"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"labels": "learning"}
    definition: Ref
    items: tuple[Slug, ...]
    labels: dict[Slug, Annotated[str, Field(min_length=1, max_length=300)]] | Erased


class KeyMade(Event):
    """A sealing key was made for an owner (student, person or setting) and a retention class.

    The commitment is HMAC-SHA-256 of the word "commit" under the key, so that nobody can later show a second reading.
    """

    TOPIC: ClassVar[str] = "key-made"
    STREAM: ClassVar[str] = "any"
    key_id: UUID
    retention_class: RetentionClass
    commitment: Annotated[str, Field(min_length=64, max_length=64)]


class KeyShredded(StudentEvent):
    """A student's key for one retention class was destroyed by a rule or a request: what it sealed is erased for ever.

    Two people answer for it. `texts` is how many sealed texts the key opened when it was proposed.
    """

    TOPIC: ClassVar[str] = "key-shredded"
    retention_class: RetentionClass
    rule: Slug
    authorised_by: UUID
    approved_by: UUID
    texts: int = 0


class TextExcised(StudentEvent):
    """One sealed text (a wrong child's note, say) was removed. The row it stood beside, and any proof over it, remain."""

    TOPIC: ClassVar[str] = "text-excised"
    excised_position: Annotated[int, Field(ge=1)]
    retention_class: RetentionClass
    rule: Slug
    authorised_by: UUID
    approved_by: UUID


class HoldSet(StudentEvent):
    """A legal hold: nothing of this student's may be erased until it is lifted."""

    TOPIC: ClassVar[str] = "hold-set"
    hold_id: UUID
    reason_code: Slug


class HoldLifted(StudentEvent):
    """A legal hold was lifted."""

    TOPIC: ClassVar[str] = "hold-lifted"
    hold_id: UUID


class FamilyLinked(DatedFact, StudentEvent):
    """A person is family of the student, or the student, and may see what is released to them from a date on."""

    TOPIC: ClassVar[str] = "family-linked"
    person_id: UUID


class FamilyUnlinked(StudentEvent):
    """A person sees nothing of the student any more."""

    TOPIC: ClassVar[str] = "family-unlinked"
    person_id: UUID


class ReleasedToFamily(StudentEvent):
    """What the student's family may see was released, or (with false) taken back."""

    TOPIC: ClassVar[str] = "released-to-family"
    released: bool


STUDENT_EVENTS: tuple[type[Event], ...] = (
    StudentAdmitted,
    StudentIdentified,
    StudentExpected,
    PlacementStarted,
    PlacementChanged,
    PlacementEnded,
    SessionsCommissioned,
    KeyWorkerAssigned,
    MentorAssigned,
    StudentGrouped,
    StudentNeedsNoted,
    OwnItemsSet,
    KeyMade,
    KeyShredded,
    TextExcised,
    HoldSet,
    HoldLifted,
    FamilyLinked,
    FamilyUnlinked,
    ReleasedToFamily,
)
