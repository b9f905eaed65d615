"""The fields that commands and their events share: one type for each, with the sentence that says what it takes.

The description of a field is told to whoever sends something else. A stored event is read by the same type. What only a
command is asked for besides stands with the command: that nothing is blank and names are tidy
(`ap_ledger/domain/given.py`), and that the check letter of a UPN fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from ap_ledger.events.base import Ref, RetentionClass, Slug, Text

# Ids ------------------------------------------------------------------------------------------------------------------

SettingId = Annotated[UUID, Field(description="The setting is named by its id, a UUID.")]
AuthorId = Annotated[UUID, Field(description="The author is named by their id, a UUID, or left out.")]
StudentId = Annotated[UUID, Field(description="The student is named by their id, a UUID.")]
KeptStudentId = Annotated[
    UUID,
    Field(
        description="The record that is kept is named by the id of its student, a UUID.",
    ),
]
PersonId = Annotated[UUID, Field(description="The person is named by their id, a UUID.")]
ApproverId = Annotated[UUID, Field(description="Whoever approves is named by their id, a UUID, or left out.")]
PlacementId = Annotated[UUID, Field(description="The placement is named by its id, a UUID.")]
CommissionerId = Annotated[UUID, Field(description="The commissioner is named by their id, a UUID, or left out.")]
PlaceId = Annotated[UUID, Field(description="The place is named by its id, a UUID.")]
GrantId = Annotated[UUID, Field(description="The role given is named by its id, a UUID.")]
HoldId = Annotated[UUID, Field(description="The hold is named by its id, a UUID.")]
DeviceId = Annotated[UUID, Field(description="The device is named by its id, a UUID.")]
ProposalId = Annotated[UUID, Field(description="The proposal is named by its id, a UUID.")]
ReportId = Annotated[UUID, Field(description="The report is named by its id, a UUID.")]

# Days and times -------------------------------------------------------------------------------------------------------

FromDate = Annotated[date, Field(description="The from-date is the first day on which this holds, such as 2026-03-02.")]
CorrectedDate = Annotated[
    date,
    Field(
        description="What is corrected is named by the from-date it was recorded with, or left out.",
    ),
]
FirstDay = Annotated[date, Field(description="The first day is a date, such as 2026-03-02.")]
LastDay = Annotated[date, Field(description="The last day is a date, such as 2026-03-02.")]
AdmittedOn = Annotated[date, Field(description="The day of admission is a date, such as 2026-03-02.")]
BirthDate = Annotated[date, Field(description="The date of birth is a date, such as 2012-02-29, or left out.")]
Moment = Annotated[
    AwareDatetime,
    Field(
        description="A moment is a time with its offset, such as 2026-03-02T09:15:00+00:00.",
    ),
]
SlotTime = Annotated[
    time,
    Field(
        description="A slot starts and ends at a time such as 09:15, without an offset, and ends after it starts.",
    ),
]
QuietTime = Annotated[
    time,
    Field(description="Quiet begins and ends at two times of the clock such as 18:00, without an offset."),
]
Weekday = Annotated[int, Field(ge=1, le=7, description="A weekday is a number from 1 (Monday) to 7 (Sunday).")]

# Names and words ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneLine:
    """Marks a text that stands on one line among others, such as a name.

    A command keeps it without what nobody can see.
    """


ONE_LINE = OneLine()

GivenName = Annotated[
    str,
    Field(max_length=120, description="The given name is 1 to 120 characters, not blank."),
    ONE_LINE,
]
FamilyName = Annotated[
    str,
    Field(max_length=120, description="The family name is 1 to 120 characters, not blank."),
    ONE_LINE,
]
KnownAs = Annotated[
    str,
    Field(max_length=120, description="What the student is known as is 1 to 120 characters, not blank, or left out."),
    ONE_LINE,
]
Label = Annotated[
    str,
    Field(min_length=1, max_length=120, description="A name is 1 to 120 characters, not blank."),
    ONE_LINE,
]
TimeZoneName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        description="The time zone is a name such as Europe/London.",
    ),
]
ContactName = Annotated[
    str,
    Field(min_length=1, max_length=120, description="The name of a contact is 1 to 120 characters, not blank."),
    ONE_LINE,
]
ContactRelation = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        description="Who a contact is to the student is 1 to 60 characters, such as mother or social worker.",
    ),
    ONE_LINE,
]
PhoneNumber = Annotated[
    str,
    Field(
        pattern=r"^\+?[0-9][0-9 ()./-]{2,38}$",
        description="A phone number is 3 to 40 digits and spaces, with a + in front where it has one, or left out.",
    ),
]
ContactNote = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description="What to know about a contact is 1 to 300 characters, not blank, or left out.",
    ),
    ONE_LINE,
]
Calling = Annotated[
    Literal["first", "also", "never"],
    Field(description="Whether a contact may be called is one of: first, also, never."),
]
ConsentName = Annotated[
    Literal["photos-inside", "photos-outside", "trips", "first-aid", "sharing-information", "messages"],
    Field(
        description=(
            "A consent is one of: photos-inside, photos-outside, trips, first-aid, sharing-information, messages."
        ),
    ),
]
ConsentGiver = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        description="Who gave or refused a consent is 1 to 120 characters, not blank, or left out.",
    ),
    ONE_LINE,
]
OwnWords = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description="What an own item says is 1 to 300 characters, not blank.",
    ),
    ONE_LINE,
]

# What is cleared ------------------------------------------------------------------------------------------------------

ClearedNames = Annotated[
    tuple[Literal["known_as", "date_of_birth", "upn"], ...],
    Field(
        description=(
            "What is cleared is a list of: known_as, date_of_birth, upn. What is neither given nor cleared stays."
        ),
    ),
]
ClearedParts = Annotated[
    tuple[Literal["planned_end", "end", "commissioner_id", "purpose", "destination"], ...],
    Field(
        description=(
            "What is cleared is a list of: planned_end, end, commissioner_id, purpose, destination. What is neither "
            "given nor cleared stays."
        ),
    ),
]
ClearedNumbers = Annotated[
    tuple[Literal["urn", "ukprn"], ...],
    Field(description="What is cleared is a list of: urn, ukprn. What is neither given nor cleared stays."),
]

# Codes and numbers ----------------------------------------------------------------------------------------------------

UpnText = Annotated[
    str,
    Field(
        max_length=20,
        description=(
            "A UPN is a check letter and twelve characters, such as Y823432104009. Look at its check letter again."
        ),
    ),
]
Urn = Annotated[str, Field(pattern=r"^\d{6}$", description="A URN is six digits, or left out.")]
Ukprn = Annotated[str, Field(pattern=r"^\d{8}$", description="A UKPRN is eight digits, or left out.")]
CommissionerKind = Annotated[
    Literal["local-authority", "school", "trust", "other"],
    Field(description="A commissioner is one of: local-authority, school, trust, other."),
]
StudentFactName = Annotated[
    Literal[
        "student-expected",
        "sessions-commissioned",
        "key-worker-assigned",
        "mentor-assigned",
        "student-grouped",
        "student-needs-noted",
        "student-contacts-noted",
        "consent-noted",
    ],
    Field(
        description=(
            "What is withdrawn is one of: student-expected, sessions-commissioned, key-worker-assigned, "
            "mentor-assigned, student-grouped, student-needs-noted, student-contacts-noted, consent-noted."
        ),
    ),
]
SettingFactName = Annotated[
    Literal["calendar-set", "timetable-set", "retention-set", "incident-categories-set"],
    Field(
        description=(
            "What is withdrawn is one of: calendar-set, timetable-set, retention-set, incident-categories-set."
        ),
    ),
]
NeedCode = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{2,6}$",
        description="Name each need once, by a code of the school census such as SEMH; six at most.",
    ),
]
KeptClass = Annotated[
    RetentionClass,
    Field(description="The part of the record is one of: core, learning, behaviour, safeguarding, health."),
]
ReasonCode = Annotated[Slug, Field(description="The reason is a word or two, at most 120 characters, not blank.")]
Purpose = Annotated[
    Slug,
    Field(
        description="The purpose is a word or two, at most 120 characters, not blank, or left out.",
    ),
]
Destination = Annotated[
    Slug,
    Field(
        description="The destination is a word or two, at most 120 characters, not blank, or left out.",
    ),
]
GroupName = Annotated[
    Slug,
    Field(
        description="A group has a name of 1 to 120 characters, not blank; leave it out to end the one before.",
    ),
]
CategoryId = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+){0,5}$",
        max_length=60,
        description=(
            "The id of a category is up to six short words in small letters, joined by hyphens, such as left-site."
        ),
    ),
]
SlotId = Annotated[Slug, Field(description="A slot is named by its id, 1 to 120 characters, not blank.")]
ClockName = Annotated[Slug, Field(description="The clock is named as the list of what is due names it.")]
ClockAbout = Annotated[Slug, Field(description="What was due is named as the list of what is due names it.")]
EndingWords = Annotated[Text, Field(description="Say why it is ended, so that whoever looks back can tell.")]
ErasureRule = Annotated[Slug, Field(description="The rule is a word or two, at most 120 characters, not blank.")]
FrameworkId = Annotated[Slug, Field(description="A definition is named by its id, 1 to 120 characters, not blank.")]
FrameworkVersion = Annotated[int, Field(ge=1, description="The version is a whole number from 1 on.")]
SessionsAWeek = Annotated[
    int,
    Field(
        ge=0,
        le=14,
        description="Sessions a week are a whole number from 0 to 14; two are a full day.",
    ),
]
HoursAWeek = Annotated[float, Field(ge=0, le=60, description="Hours a week are a number from 0 to 60.")]
YearsKept = Annotated[
    int,
    Field(
        ge=0,
        le=100,
        description="Years are a whole number from 0 to 100, or left out for ever.",
    ),
]
TextsCounted = Annotated[int, Field(description="The number of texts is a whole number from 0 on.")]
StoredPosition = Annotated[int, Field(ge=1, description="The position is a whole number from 1 on.")]
BrandColour = Annotated[
    str,
    Field(
        pattern=r"^#[0-9a-f]{6}$",
        description=(
            "A colour is # and six digits or small letters from a to f, such as #12436d, or left out for the one that "
            "ships."
        ),
    ),
]
LogoPicture = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9+/]+={0,2}$",
        max_length=90_000,
        description=(
            "A logo is a PNG of 8-bit RGBA with nothing besides the picture, in base64, at most 64 kB before; or left "
            "out for none."
        ),
    ),
]
PictureSide = Annotated[int, Field(ge=1, le=512, description="A side of a picture is 1 to 512 dots.")]
YesOrNo = Annotated[bool, Field(description="This is true or false.")]
PresetName = Annotated[Slug, Field(description="The preset is named by its id, 1 to 120 characters, not blank.")]
SoftwareName = Annotated[
    Slug,
    Field(
        description="The software is named with its version, at most 120 characters, not blank.",
    ),
]
DeedName = Annotated[Slug, Field(description="The deed is the name of a command, such as shred-key.")]
FiguresHash = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="The hash of the figures is 64 digits and letters from 0 to f.",
    ),
]
Audience = Annotated[
    Literal["family", "commissioner", "leader"],
    Field(description="The audience is one of: family, commissioner, leader."),
]
LayoutBody = Annotated[dict[str, Any], Field(description="The layout is an object, as a layout file holds it.")]
CommandBody = Annotated[
    dict[str, Any],
    Field(
        description="The command is an object that holds every field the deed needs.",
    ),
]
DefinitionRef = Annotated[Ref, Field(description="The definition is named by its id and version, an object.")]
DefinitionBody = Annotated[
    dict[str, Any],
    Field(
        description="The definition is an object, as a definition file holds it.",
    ),
]
