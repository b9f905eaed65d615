"""What a column of a file may say, by which headings and which values it is known, and what it is called on a page."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from ap_ledger.domain.upn import read_upn
from ap_ledger.roster.cells import WEEKDAY_NAMES, codes_in, day_in, squeezed
from ap_ledger.roster.table import Table
from frameworks.needs import need_codes

Subject = Literal["students", "staff"]
"""Whom a table is about: the students, or the people who work with them."""
SUBJECTS: tuple[Subject, ...] = ("students", "staff")
NOT_USED = ""
"""What a column says that is not brought in."""


class Column(NamedTuple):
    """Something that a column may say: its words on a page, the headings by which it is known, and whom it is about.

    Headings are written as `squeezed` leaves them: small letters and digits alone.
    """

    label: str
    headings: tuple[str, ...]
    subjects: tuple[Subject, ...] = ("students",)


CONTACTS = (1, 2, 3)
"""The contacts of a student whom a sheet may name."""
_WHO = ("contact", "parent", "parentcarer", "carer", "guardian", "emergencycontact", "prioritycontact", "nextofkin")
_PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "contact": ("Contact", ("", "name", "fullname")),
    "relation": ("who they are", ("relation", "relationship", "type")),
    "phone": ("phone", ("phone", "phonenumber", "telephone", "tel", "mobile", "number", "mobilenumber")),
    "email": ("e-mail", ("email", "emailaddress", "mail")),
    "call": ("may be called", ("call", "maybecalled", "canbecalled", "maycall", "cancall", "oktocall")),
}


def _contact_columns() -> Iterator[tuple[str, Column]]:
    """The columns of each contact: `Parent 2 phone` and `Parent phone 2` are of the second one."""
    for number in CONTACTS:
        for part, (label, endings) in _PARTS.items():
            headings = {
                heading
                for who in _WHO
                for ending in endings
                for heading in (f"{who}{number}{ending}", f"{who}{ending}{number}", f"{who}{ending}" * (number == 1))
            } - {""}
            words = f"Contact {number}" if part == "contact" else f"Contact {number}: {label}"
            yield f"{part}_{number}", Column(words, tuple(sorted(headings)))


CONSENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "photos-inside": ("Photographs that stay inside", ("photosinside", "photosinternal", "internalphotos")),
    "photos-outside": ("Photographs that others see", ("photosoutside", "photosexternal", "externalphotos", "media")),
    "trips": ("Trips and lifts", ("trips", "visits", "offsite", "tripsandlifts")),
    "first-aid": ("First aid and medicine", ("firstaid", "medicine", "medical", "firstaidandmedicine")),
    "sharing-information": (
        "Telling other services what helps",
        ("sharinginformation", "informationsharing", "sharing"),
    ),
    "messages": ("Messages to the child by phone", ("messages", "texts", "messaging")),
}
"""What may be agreed to, as it is said, and by which headings it is known, with or without the word consent."""


def _consent_columns() -> Iterator[tuple[str, Column]]:
    for name, (label, words) in CONSENTS.items():
        headings = [heading for word in words for heading in (f"{word}consent", f"consent{word}", f"consentto{word}")]
        yield f"consent_{name}", Column(f"Agreed: {label}", tuple(headings))


COLUMNS: Mapping[str, Column] = {
    "given_name": Column(
        "First name",
        (
            "firstname", "forename", "forenames", "givenname", "first", "legalforename", "legalfirstname",
            "pupilforename", "studentforename", "studentfirstname", "pupilfirstname", "christianname",
        ),
        SUBJECTS,
    ),
    "family_name": Column(
        "Family name",
        (
            "surname", "lastname", "familyname", "last", "legalsurname", "legallastname", "pupilsurname",
            "studentsurname", "studentlastname", "pupillastname",
        ),
        SUBJECTS,
    ),
    "full_name": Column(
        "Whole name",
        (
            "name", "fullname", "student", "studentname", "pupil", "pupilname", "child", "childname", "childsname",
            "learner", "learnername", "youngperson", "nameofstudent", "nameofpupil", "nameofchild", "staffname",
            "staff", "employee", "employeename", "colleague", "legalname",
        ),
        SUBJECTS,
    ),
    "known_as": Column(
        "What they like to be called",
        (
            "knownas", "preferredname", "preferredforename", "preferredfirstname", "chosenname", "nickname",
            "likestobecalled", "whattheyliketobecalled", "calledname",
        ),
    ),
    "date_of_birth": Column(
        "Born", ("dateofbirth", "dob", "birthdate", "birthday", "born", "dateborn", "pupildob", "studentdob")
    ),
    "upn": Column("Unique pupil number", ("upn", "uniquepupilnumber", "pupilupn", "upnnumber", "upnno")),
    "start": Column(
        "First day",
        (
            "startdate", "start", "firstday", "admissiondate", "dateofadmission", "admitted", "admittedon", "doa",
            "placementstart", "placementstartdate", "entrydate", "datestarted", "enrolmentdate", "enrolledon",
            "begindate", "from", "fromdate", "dateofentry", "started",
        ),
        SUBJECTS,
    ),
    "planned_end": Column(
        "Planned last day",
        (
            "plannedend", "plannedenddate", "plannedlastday", "placementend", "placementenddate", "expectedend",
            "expectedenddate", "until", "reviewby",
        ),
    ),
    "commissioner": Column(
        "Who arranged it",
        (
            "commissioner", "commissionedby", "referredby", "referrer", "referringschool", "fundedby", "funder",
            "localauthority", "la", "homeschool", "hostschool", "placingauthority", "whoarrangedit", "arrangedby",
            "mainschool", "dualschool",
        ),
    ),
    "purpose": Column("Why", ("purpose", "reason", "reasonforreferral", "reasonforplacement", "why", "placementtype")),
    "sessions": Column(
        "Sessions a week", ("sessions", "sessionsaweek", "sessionsperweek", "weeklysessions", "sessionsweek")
    ),
    "hours": Column("Hours a week", ("hours", "hoursaweek", "hoursperweek", "weeklyhours", "hoursweek", "hrs")),
    "days": Column(
        "Expected on",
        ("days", "expectedon", "attendancedays", "daysattending", "daysexpected", "attends", "weekdays", "dayson"),
    ),
    "group": Column(
        "Group",
        (
            "group", "class", "form", "tutorgroup", "registrationgroup", "reggroup", "reggrp", "reg", "classname",
            "teachinggroup", "formgroup", "groupname", "room",
        ),
    ),
    "key_worker": Column("Key worker", ("keyworker", "keyadult", "keyperson", "keystaff", "keyworkername")),
    "mentor": Column("Mentor", ("mentor", "mentors", "outreachworker", "assignedmentor", "mentorname")),
    "needs": Column(
        "Needs",
        (
            "needs", "need", "senneed", "senneeds", "sendneed", "sendneeds", "primaryneed", "sentype", "primarysen",
            "primarysentype", "typeofneed", "typeofsen", "primaryneedtype",
        ),
    ),
    "year": Column(
        "School year",
        ("year", "yeargroup", "yeargrp", "yr", "ncyear", "ncy", "schoolyear", "nationalcurriculumyear"),
    ),
    **dict(_contact_columns()),
    **dict(_consent_columns()),
    "role": Column(
        "Role", ("role", "roles", "job", "jobtitle", "position", "jobrole", "post", "title", "stafftype"), ("staff",)
    ),
}  # fmt: skip


def columns_of(subject: Subject) -> dict[str, Column]:
    """What a column of a table about somebody may say."""
    return {name: column for name, column in COLUMNS.items() if subject in column.subjects}


def column_named(heading: str, subject: Subject) -> str:
    """What a heading says that its column holds; `NOT_USED` for one that is not known."""
    wanted = squeezed(heading)
    return next((name for name, column in columns_of(subject).items() if wanted in column.headings), NOT_USED)


def headings_known(cells: Sequence[str]) -> int:
    """How many cells of a row are headings of anything that can be brought in."""
    wanted = {squeezed(cell) for cell in cells if cell}
    return sum(any(heading in column.headings for column in COLUMNS.values()) for heading in wanted)


# Matching -------------------------------------------------------------------------------------------------------------

VALUES_LOOKED_AT = 200
MOSTLY = 0.7
"""So large a part of a column's values must be of one kind for the column to be taken for it."""
ROLE_WORDS = re.compile(r"mentor|teach|tutor|assistant|leader|head|support|instructor|coach|outreach", re.IGNORECASE)


def match(table: Table, subject: Subject, remembered: Mapping[str, str]) -> list[str]:
    """What each column of a table holds: as somebody said of this heading before, else by its heading, else by its
    values. No two hold the same."""
    if table.matched is not None:
        return list(table.matched)
    columns = columns_of(subject)
    matched = [NOT_USED] * len(table.headings)
    for source in (_remembered, _by_heading, _by_value):
        for at, heading in enumerate(table.headings):
            name = matched[at] or source(table, at, squeezed(heading), subject, remembered)
            if name in columns and name not in matched:
                matched[at] = name
    return matched


def _remembered(table: Table, at: int, heading: str, subject: Subject, remembered: Mapping[str, str]) -> str:
    return remembered.get(heading, NOT_USED)


def _by_heading(table: Table, at: int, heading: str, subject: Subject, remembered: Mapping[str, str]) -> str:
    return NOT_USED if heading in remembered else column_named(heading, subject)


def _by_value(table: Table, at: int, heading: str, subject: Subject, remembered: Mapping[str, str]) -> str:
    return NOT_USED if heading in remembered else _by_values(table.values(at), columns_of(subject))


def subject_of(table: Table) -> Subject:
    """Whom a table is about, by what stands in it: a role is of those who work here, and most else of students."""
    if table.subject is not None:
        return table.subject
    told = {heading: [name for name in COLUMNS if squeezed(heading) in COLUMNS[name].headings]
            for heading in table.headings}  # fmt: skip
    names = {name for matching in told.values() for name in matching}
    only_students = {name for name in names if COLUMNS[name].subjects == ("students",)}
    if only_students:
        return "students"
    has_staff_heading = any(squeezed(heading) in ("staff", "staffname", "employee") for heading in table.headings)
    return "staff" if "role" in names or has_staff_heading else "students"


def _by_values(values: Sequence[str], columns: Collection[str]) -> str:
    filled = [value for value in values if value][:VALUES_LOOKED_AT]
    if len(filled) < 2:
        return NOT_USED

    def mostly(number: int) -> bool:
        return number >= MOSTLY * len(filled)

    if mostly(sum(_is_upn(value) for value in filled)):
        return "upn"
    if mostly(sum(_is_birth(value) for value in filled)):
        return "date_of_birth"
    if mostly(sum(bool(codes := codes_in(value)) and set(codes) <= set(need_codes()) for value in filled)):
        return "needs"
    if mostly(sum(_are_weekdays(value) for value in filled)):
        return "days"
    if "role" in columns and mostly(sum(ROLE_WORDS.search(value) is not None for value in filled)):
        return "role"
    return NOT_USED


def _is_upn(value: str) -> bool:
    try:
        return bool(read_upn(value))
    except ValueError:
        return False


def _is_birth(value: str) -> bool:
    """Whether a value is a day on which somebody may have been born who is at school, and no number by itself."""
    if value.replace(".", "").isdigit():
        return False
    day = day_in(value)
    return day is not None and 1995 <= day.year <= 2025


def _are_weekdays(value: str) -> bool:
    words = re.findall(r"[a-z]+", value.casefold())
    return bool(words) and all(word in WEEKDAY_NAMES for word in words)
