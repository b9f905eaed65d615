"""The stream of a student: admission, names, placement, what was commissioned, who works with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from ap_ledger.events.base import Erased, Event, Fact, RetentionClass, Slug
from ap_ledger.events.dated import DatedFact
from ap_ledger.events.fields import (
    AdmittedOn,
    ApproverId,
    BirthDate,
    Calling,
    ClearedParts,
    CommissionerId,
    ConsentGiver,
    ConsentName,
    ContactName,
    ContactNote,
    ContactRelation,
    DefinitionRef,
    Destination,
    ErasureRule,
    FamilyName,
    FirstDay,
    FromDate,
    GivenName,
    GroupName,
    HoldId,
    HoursAWeek,
    KeptClass,
    KeptStudentId,
    KnownAs,
    LastDay,
    NeedCode,
    OwnWords,
    PersonId,
    PhoneNumber,
    PlaceId,
    PlacementId,
    Purpose,
    ReasonCode,
    SessionsAWeek,
    SlotId,
    StoredPosition,
    StudentFactName,
    StudentId,
    TextsCounted,
    UpnText,
    Weekday,
    YesOrNo,
)


class StudentEvent(Event):
    """An event in a student's own stream."""

    STREAM: ClassVar[str] = "student"


class StudentAdmitted(StudentEvent):
    """A student was taken on by a setting. Everything that names them is in `student-identified`."""

    TOPIC: ClassVar[str] = "student-admitted"
    on: AdmittedOn


class AdmissionCorrected(StudentEvent):
    """The day of admission was put right."""

    TOPIC: ClassVar[str] = "admission-corrected"
    on: AdmittedOn
    reason_code: ReasonCode


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
    given_name: GivenName | Erased
    family_name: FamilyName | Erased
    known_as: KnownAs | Erased | None = None
    date_of_birth: BirthDate | Erased | None = None
    upn: UpnText | Erased | None = None


SlotIds = Annotated[tuple[SlotId, ...], Field(description="Slots are a list of the ids of slots in the timetable.")]


class ExpectedDay(Fact):
    """The slots in which a student is expected on one weekday (1 Monday to 7 Sunday), and where."""

    weekday: Weekday
    slots: SlotIds
    place_id: PlaceId | None = None


ExpectedDays = Annotated[
    tuple[ExpectedDay, ...],
    Field(
        description="Days are a list, each with a weekday and the ids of its slots.",
    ),
]


class StudentExpected(DatedFact, StudentEvent):
    """The weekday slots and places in which the student is expected from a date on, replacing what held before."""

    TOPIC: ClassVar[str] = "student-expected"
    days: ExpectedDays


class PlacementStarted(StudentEvent):
    """A commissioner placed the student here. Purpose is why, in the setting's own short words.

    `dual_registered` says that the student stands on the registers of two schools: it decides the code to suggest.
    """

    TOPIC: ClassVar[str] = "placement-started"
    placement_id: PlacementId
    start: FirstDay
    planned_end: LastDay | None = None
    commissioner_id: CommissionerId | None = None
    purpose: Purpose | None = None
    dual_registered: YesOrNo = False


class PlacementChanged(StudentEvent):
    """The planned end or the purpose of a placement was changed."""

    TOPIC: ClassVar[str] = "placement-changed"
    placement_id: PlacementId
    planned_end: LastDay | None = None
    purpose: Purpose | None = None


class PlacementCorrected(StudentEvent):
    """A placement was put right: what is given is right now, what is cleared is gone, everything else stays."""

    TOPIC: ClassVar[str] = "placement-corrected"
    placement_id: PlacementId
    reason_code: ReasonCode
    start: FirstDay | None = None
    planned_end: LastDay | None = None
    end: LastDay | None = None
    commissioner_id: CommissionerId | None = None
    purpose: Purpose | None = None
    dual_registered: YesOrNo | None = None
    end_reason: ReasonCode | None = None
    destination: Destination | None = None
    clear: ClearedParts = ()


class PlacementEnded(StudentEvent):
    """A placement ended, on a date, for a reason, with a destination where there is one."""

    TOPIC: ClassVar[str] = "placement-ended"
    placement_id: PlacementId
    end: LastDay
    reason_code: ReasonCode
    destination: Destination | None = None


class SessionsCommissioned(DatedFact, StudentEvent):
    """What the commissioner bought from a date on: sessions a week (2 a full day) and hours a week."""

    TOPIC: ClassVar[str] = "sessions-commissioned"
    SERIES: ClassVar[tuple[str, ...]] = ("placement_id",)
    placement_id: PlacementId
    sessions_a_week: SessionsAWeek
    hours_a_week: HoursAWeek


class KeyWorkerAssigned(DatedFact, StudentEvent):
    """The key worker from a date on; one at a time, and none where none is named."""

    TOPIC: ClassVar[str] = "key-worker-assigned"
    person_id: PersonId | None = None


class MentorAssigned(DatedFact, StudentEvent):
    """A mentor whose caseload holds the student from a date on, until a date where one is given."""

    TOPIC: ClassVar[str] = "mentor-assigned"
    SERIES: ClassVar[tuple[str, ...]] = ("person_id",)
    person_id: PersonId
    until: LastDay | None = None


class StudentGrouped(DatedFact, StudentEvent):
    """The group in which the student is taught from a date on; one at a time, and none where none is named."""

    TOPIC: ClassVar[str] = "student-grouped"
    group: GroupName | None = None


Needs = Annotated[
    tuple[NeedCode, ...],
    Field(
        max_length=6,
        description="Name each need once, by a code of the school census such as SEMH; six at most.",
    ),
]


class StudentNeedsNoted(DatedFact, StudentEvent):
    """The types of special educational need from a date on, the main one first, replacing what held before.

    They are codes of the school census, and sealed, because they speak of the child's health.
    """

    TOPIC: ClassVar[str] = "student-needs-noted"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"needs": "health"}
    needs: Needs | Erased


class Contact(Fact):
    """Somebody who may, or must not, be called about a student. Who is called first stands first."""

    name: ContactName
    relation: ContactRelation
    call: Calling
    phone: PhoneNumber | None = None
    note: ContactNote | None = None


Contacts = Annotated[
    tuple[Contact, ...],
    Field(
        max_length=12,
        description="Contacts are a list of at most 12, each with a name, a relation and whether they may be called.",
    ),
]


class StudentContactsNoted(DatedFact, StudentEvent):
    """Who may be called about the student and who may not, from a date on, replacing what held before.

    Sealed with what names the child, because it names the people around them and says where they are reached.
    """

    TOPIC: ClassVar[str] = "student-contacts-noted"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"contacts": "core"}
    contacts: Contacts | Erased


class ConsentNoted(DatedFact, StudentEvent):
    """Whether something was agreed to for the student from a date on, until the next of its kind; and who said so."""

    TOPIC: ClassVar[str] = "consent-noted"
    SERIES: ClassVar[tuple[str, ...]] = ("consent",)
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"given_by": "core"}
    consent: ConsentName
    agreed: YesOrNo
    given_by: ConsentGiver | Erased | None = None


class StudentFactWithdrawn(StudentEvent):
    """What was recorded to hold from a date on should not have been: it counts no more, and what held before it holds
    on.

    Sessions are those of a placement, a mentor is a person, and a consent is one of a list; whichever the fact is about
    is named.
    """

    TOPIC: ClassVar[str] = "student-fact-withdrawn"
    fact: StudentFactName
    from_date: FromDate
    reason_code: ReasonCode
    placement_id: PlacementId | None = None
    person_id: PersonId | None = None
    consent: ConsentName | None = None


OwnLabels = Annotated[
    dict[Slug, OwnWords],
    Field(
        description="Own items are an object of ids (goal.1) and what each says, 1 to 300 characters, not blank.",
    ),
]


class OwnItemsSet(StudentEvent):
    """A student's own items under a shared definition: personal goals, or smaller steps under a rung of a ladder.

    `items` lists their ids (`goal.1` under `goal`, `goes-out.2` under `goes-out`), which say nothing; what they say is
    sealed. Set again, it replaces the words and the list; what was recorded under an id stays readable.
    """

    TOPIC: ClassVar[str] = "own-items-set"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"labels": "learning"}
    definition: DefinitionRef
    items: tuple[Slug, ...]
    labels: OwnLabels | Erased


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
    retention_class: KeptClass
    rule: ErasureRule
    authorised_by: PersonId
    approved_by: ApproverId
    texts: TextsCounted = 0


class TextExcised(StudentEvent):
    """One sealed text (a wrong child's note, say) was removed.

    The row it stood beside, and any proof over it, remain.
    """

    TOPIC: ClassVar[str] = "text-excised"
    excised_position: StoredPosition
    retention_class: KeptClass
    rule: ErasureRule
    authorised_by: PersonId
    approved_by: ApproverId


class HoldSet(StudentEvent):
    """A legal hold: nothing of this student's may be erased until it is lifted."""

    TOPIC: ClassVar[str] = "hold-set"
    hold_id: HoldId
    reason_code: ReasonCode


class HoldLifted(StudentEvent):
    """A legal hold was lifted."""

    TOPIC: ClassVar[str] = "hold-lifted"
    hold_id: HoldId


class FamilyLinked(DatedFact, StudentEvent):
    """A person is family of the student, or the student, and may see what is released to them from a date on."""

    TOPIC: ClassVar[str] = "family-linked"
    SERIES: ClassVar[tuple[str, ...]] = ("person_id",)
    person_id: PersonId


class FamilyUnlinked(StudentEvent):
    """A person sees nothing of the student any more."""

    TOPIC: ClassVar[str] = "family-unlinked"
    person_id: PersonId


class ReleasedToFamily(StudentEvent):
    """What the student's family may see was released, or (with false) taken back."""

    TOPIC: ClassVar[str] = "released-to-family"
    released: YesOrNo


class StudentsJoined(StudentEvent):
    """Two students turned out to be one child, who is told of as the one that is kept. It stands in both streams."""

    TOPIC: ClassVar[str] = "students-joined"
    kept_student: KeptStudentId
    joined_student: StudentId
    reason_code: ReasonCode


class StudentsParted(StudentEvent):
    """Two students who had been joined are two children after all, each told of alone. It stands in both streams."""

    TOPIC: ClassVar[str] = "students-parted"
    kept_student: KeptStudentId
    joined_student: StudentId
    reason_code: ReasonCode


STUDENT_EVENTS: tuple[type[Event], ...] = (
    StudentAdmitted,
    AdmissionCorrected,
    StudentIdentified,
    StudentExpected,
    PlacementStarted,
    PlacementChanged,
    PlacementCorrected,
    PlacementEnded,
    SessionsCommissioned,
    KeyWorkerAssigned,
    MentorAssigned,
    StudentGrouped,
    StudentNeedsNoted,
    StudentContactsNoted,
    ConsentNoted,
    StudentFactWithdrawn,
    OwnItemsSet,
    KeyMade,
    KeyShredded,
    TextExcised,
    HoldSet,
    HoldLifted,
    FamilyLinked,
    FamilyUnlinked,
    ReleasedToFamily,
    StudentsJoined,
    StudentsParted,
)
