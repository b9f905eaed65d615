"""Whatever a spreadsheet made of a list is read as it was meant; what cannot be used is said in a sentence, row by row."""

from __future__ import annotations

import io
import os
import time
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from ap_ledger.domain.upn import check_letter
from ap_ledger.errors import RosterFault
from ap_ledger.roster.cells import (
    CellFault,
    day_in,
    read_day,
    read_needs,
    read_number,
    read_upn_cell,
    read_weekdays,
    split_name,
)
from ap_ledger.roster.fields import match, subject_of
from ap_ledger.roster.files import read_tables
from ap_ledger.roster.table import Table

ROWS = (
    ("Forename", "Surname", "DOB", "UPN", "Tutor group", "Start date", "Hours per week"),
    ("Zoë", "O’Hare", "14/03/2013", "Y823432104009", "Hazel", "02/03/2026", "12.5"),
    ("Ash", "Heron", "01/12/2012", "", "0712", "02/03/2026", "15"),
)
LINES = "\r\n".join(",".join(row) for row in ROWS)


def table(raw: bytes | str, name: str = "list.csv") -> Table:
    return read_tables(raw.encode() if isinstance(raw, str) else raw, name)[0]


def matched(read: Table) -> dict[str, str]:
    return {name: heading for heading, name in zip(read.headings, match(read, "students", {}), strict=True) if name}


def workbook(*rows: tuple[object, ...]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    return out.getvalue()


# How it was saved -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        LINES.encode(), LINES.encode("utf-8-sig"), LINES.encode("cp1252"), LINES.encode("utf-16"), LINES.encode("utf-16-le"),
        LINES.replace(",", ";").encode(), LINES.replace(",", "\t").encode(), LINES.replace(",", "|").encode(),
        ("sep=;\r\n" + LINES.replace(",", ";")).encode(), LINES.replace("\r\n", "\n").encode(), LINES.replace("\r\n", "\r").encode(),
        "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in ROWS).encode(),
        ("Autumn list,,,,,,\r\n\r\n" + LINES + "\r\n,,,,,,\r\n").encode(),
        LINES.encode().decode("cp1252").encode(),
    ],
)  # fmt: skip
def test_the_same_list_is_read_however_it_was_saved(raw: bytes) -> None:
    read = table(raw)
    assert read.headings == ROWS[0]
    assert [row.cells for row in read.rows] == list(ROWS[1:])
    assert matched(read) == {
        "given_name": "Forename", "family_name": "Surname", "date_of_birth": "DOB", "upn": "UPN", "group": "Tutor group",
        "start": "Start date", "hours": "Hours per week",
    }  # fmt: skip


def test_a_workbook_keeps_its_days_and_whole_numbers_and_the_zeros_of_text() -> None:
    raw = workbook(ROWS[0], ("Ash", "Heron", datetime(2013, 3, 14), "Y823432104009", "0712", 46083, 15.0), (None,) * 7)
    read = table(raw, "list.xlsx")
    assert read.rows[0].cells == ("Ash", "Heron", "2013-03-14", "Y823432104009", "0712", "46083", "15")
    assert len(read.rows) == 1 and day_in(read.rows[0].cells[5]) == date(2026, 3, 2)


def test_a_workbook_is_read_by_its_best_sheet_and_hidden_ones_are_left() -> None:
    book, out = Workbook(), io.BytesIO()
    book.active.append(("Notes", "for us"))
    book.active.append(("one", "two"))
    for title, row in (("Students", ROWS[1]), ("Old", ROWS[2])):
        book.create_sheet(title).append(ROWS[0])
        book[title].append(row)
    book["Old"].sheet_state = "hidden"
    book.save(out)
    assert [read.name for read in read_tables(out.getvalue(), "x.xlsx")] == ["Students", "Sheet"]


# What the cells say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "14/03/2013", "14/3/13", "14.03.2013", "14-03-2013", "14 March 2013", "14th Mar 2013", "14-Mar-13", "Mar 14, 2013", "2013-03-14",
        "2013-03-14 00:00:00", "2013-03-14T00:00:00Z", "14/03/2013 00:00", "41347", "41347.0", "Thursday 14 March 2013", "14 / 03 / 2013".replace(" ", ""),
    ],
)  # fmt: skip
def test_a_day_is_read_day_first_in_every_way_in_which_it_is_written(text: str) -> None:
    assert read_day(text) == date(2013, 3, 14)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("31/02/2012", "31 February 2012 is not a day"), ("03/14/2013", "no month 14. Is the month first"), ("yesterday", "not a day"),
        ("14/03/3013", "out of reach"), ("#REF!", "fault of the sheet"), ("14 Marsh 2013", "no such month"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_said(text: str, told: str) -> None:
    with pytest.raises(CellFault, match=told):
        read_day(text)


def test_a_upn_is_told_from_one_that_a_sheet_has_shortened_and_from_a_slip() -> None:
    assert read_upn_cell(" y823432104009 ") == "Y823432104009"
    for text, told in (("8.23432E+12", "shortened"), ("A823432104009", "does not fit"), ("Y8234", "a letter and twelve")):
        with pytest.raises(CellFault, match=told):
            read_upn_cell(text)


def test_names_days_numbers_and_needs_are_read_as_people_write_them() -> None:
    assert split_name("Wren, Sorrel") == split_name("Sorrel Wren") == ("Sorrel", "Wren")
    assert split_name("Sorrel van der Wren") == ("Sorrel", "van der Wren")
    assert read_weekdays("Mon, Wed & Fri") == read_weekdays("MWF") == (1, 3, 5)
    assert read_weekdays("Mon-Fri") == read_weekdays("full time") == (1, 2, 3, 4, 5)
    assert read_weekdays("MTWThF") == (1, 2, 3, 4, 5) and read_weekdays("Tues/Thurs") == (2, 4)
    assert (read_number("12,5"), read_number("15.0 hours"), read_number("3")) == (12.5, 15.0, 3.0)
    assert read_needs("SEMH; SLCN") == read_needs("semh/slcn") == ("SEMH", "SLCN")
    assert read_needs("Social, emotional and mental health") == ("SEMH",)
    for read, text in ((read_weekdays, "often"), (read_number, "many"), (read_needs, "XYZ"), (split_name, "Wren")):
        with pytest.raises(CellFault):
            read(text)  # type: ignore[operator]


def test_columns_without_a_known_heading_are_told_by_their_values() -> None:
    upns = [letter_of(f"{number:011d}0") for number in range(3)]
    rows = "\n".join(f'Ash,Heron{at},{at + 1}/03/2013,{upn},SEMH,"Mon, Tue"' for at, upn in enumerate(upns))
    read = table("Forename,Surname,When,Number,Code,In\n" + rows)
    assert match(read, "students", {}) == ["given_name", "family_name", "date_of_birth", "upn", "needs", "days"]
    assert match(read, "students", {"when": "", "code": "group"})[2:5] == ["", "upn", "group"]


def letter_of(rest: str) -> str:
    return check_letter(rest) + rest


def test_a_list_of_people_who_work_here_is_told_from_one_of_students() -> None:
    assert subject_of(table("Name,Job title\nLinden Brook,Mentor")) == "staff"
    assert subject_of(table("Name,DOB\nLinden Brook,1/2/2013")) == "students"


# OneRoster ------------------------------------------------------------------------------------------------------------

USERS_11 = """sourcedId,status,orgSourcedIds,ROLE,username,userIds,givenName,familyName,identifier,vendorNote
s1,active,o1,Student,a,"{LDAP:1},{UPN:Y823432104009}",Sorrel,Wren,,x
s2,,o1,student,b,,Tansy,Reed,,
s3,tobedeleted,o1,student,c,,Moss,Carr,,
t1,active,o1,teacher,d,,Linden,Brook,,
p1,active,o1,parent,e,,Alder,Wren,,
"""
CLASSES = "sourcedId,status,title,classType\nc1,active,Hazel,homeroom\nc2,active,Maths,scheduled\n"
ENROLMENTS = """sourcedId,classSourcedId,userSourcedId,role
e1,c1,s1,student
e2,c2,s1,student
e3,c9,s2,student
e4,c2,s9,student
"""


def test_oneroster_1_1_brings_students_groups_and_staff_and_tells_what_leads_nowhere() -> None:
    raw = zipped(users=USERS_11, classes=CLASSES, enrollments=ENROLMENTS, demographics="sourcedId,birthDate\ns1,2013-03-14\n")
    students, staff = read_tables(raw, "roster.zip")
    assert [row.cells for row in students.rows] == [("Sorrel", "Wren", "", "2013-03-14", "Y823432104009", "Hazel"), ("Tansy", "Reed", "", "", "", "")]
    assert [row.cells for row in staff.rows] == [("Linden Brook", "ap-staff")]
    told = " ".join(students.notes)
    assert "1 person is to be deleted" in told and "1 person is family" in told and "2 enrolments lead to" in told


def test_oneroster_1_2_reads_roles_from_their_own_file_and_the_name_somebody_prefers() -> None:
    users = "sourcedId,status,enabledUser,givenName,familyName,preferredFirstName,userIds\nu1,,true,Sorrel,Wren,Sol,\nu2,,true,Linden,Brook,,\nu3,,true,Gale,Pike,,\n"
    roles = "sourcedId,userSourcedId,roleType,role,status\nr1,u1,primary,student,\nr2,u2,primary,aide,\nr3,u3,primary,guardian,\nr4,u2,secondary,teacher,tobedeleted\n"
    students, staff = read_tables(zipped(users=users, roles=roles, manifest="propertyName,value\noneroster.version,1.2\n"), "r.zip")
    assert students.rows[0].cells[:3] == ("Sorrel", "Wren", "Sol") and staff.rows[0].cells == ("Linden Brook", "ap-staff")


SAMPLES = sorted((Path(os.environ["AP_LEDGER_SAMPLE_DATA"]) / "oneroster").glob("*.zip")) if "AP_LEDGER_SAMPLE_DATA" in os.environ else []


@pytest.mark.shared_data
@pytest.mark.skipif(not SAMPLES, reason="AP_LEDGER_SAMPLE_DATA names no folder of sample files")
def test_the_samples_of_oneroster_are_read() -> None:
    for path in SAMPLES:
        students, staff = read_tables(path.read_bytes(), path.name)
        assert len(students.rows) == 3 and len(staff.rows) == 2, path.name


# Limits ---------------------------------------------------------------------------------------------------------------


def test_what_is_too_large_or_a_trap_is_not_opened() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.csv", b"a" * 30_000_000)
    with pytest.raises(RosterFault, match="unpacks to far more"):
        read_tables(bomb.getvalue(), "x.zip")
    with pytest.raises(RosterFault, match="over 20 MB"):
        read_tables(b"a" * (20 * 1024 * 1024 + 1), "x.csv")
    with pytest.raises(RosterFault, match="200,000 rows"):
        read_tables(b"Name\n" + b"A B\n" * 200_002, "x.csv")


def test_a_workbook_that_claims_the_whole_of_a_sheet_takes_no_memory_here() -> None:
    book, out = Workbook(), io.BytesIO()
    book.active["A1"], book.active["XFD1048576"] = "Name", "x"
    book.save(out)
    with pytest.raises(RosterFault, match="cannot be read"):
        read_tables(out.getvalue(), "x.xlsx")


def test_200_000_rows_are_read_and_matched_in_seconds() -> None:
    lines = ["Forename,Surname,DOB,UPN"] + [f"Ash{number},Heron,{number % 28 + 1}/03/2013," for number in range(199_999)]
    begun = time.perf_counter()
    read = table("\n".join(lines))
    assert len(read.rows) == 199_999 and match(read, "students", {})[:3] == ["given_name", "family_name", "date_of_birth"]
    assert time.perf_counter() - begun < 30
