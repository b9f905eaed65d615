"""Contacts, consents and school years come in from a file: by cells as people write them, and never against who is not to be called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.person import DeclareConflict
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.domain.support import NoteConsent, NoteContacts, NoteNeeds
from ap_ledger.events.ids import new_id
from ap_ledger.events.student import Contact
from ap_ledger.roster.cells import CellFault, read_school_year, read_yes_or_no
from ap_ledger.roster.contact_cells import SaidContact, merged, read_call, read_email, read_phones
from ap_ledger.roster.fields import COLUMNS, column_named
from projections.queries.own_words import contacts_of
from tests.house import House
from tests.test_roster_files import zipped
from tests.test_roster_pages import counts, looked, sent, students

TODAY = date(2026, 3, 27)


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("07700 900123", ["07700 900123"]),
        ("7700900123", ["07700900123"]),
        ("+44 7700 900123", ["+44 7700 900123"]),
        ("07700 900123 / 01632 960001", ["07700 900123", "01632 960001"]),
        ("07700 900123 or 01632 960001", ["07700 900123", "01632 960001"]),
        ("'07700900123", ["07700900123"]),
        ("(01632) 960-001", None),
        ("ask mum", None),
        ("7.7009E+09", None),
        ("07", None),
    ],
)
def test_a_phone_number_is_read_as_people_and_sheets_write_it(text: str, numbers: list[str] | None) -> None:
    if numbers is None:
        with pytest.raises(CellFault):
            read_phones(text)
    else:
        assert read_phones(text) == numbers


def test_other_cells_are_read_or_refused() -> None:
    assert [read_school_year(text) for text in ("Year 9", "Y9", "9", "09", "yr 10", "R", "Reception")] == [9, 9, 9, 9, 10, 0, 0]
    assert [read_call(text) for text in ("First", "yes", "NO", "do not call", "1")] == ["first", "also", "never", "never", "first"]
    assert [read_yes_or_no(text) for text in ("Yes", "n", "Refused", "given")] == [True, False, False, True]
    assert read_email("a.b@c.example") == "a.b@c.example"
    for read, text in ((read_school_year, "Hazel"), (read_school_year, "40"), (read_call, "perhaps"), (read_yes_or_no, "perhaps"), (read_email, "a at b")):
        with pytest.raises(CellFault):
            read(text)


def test_headings_as_schools_write_them_are_known() -> None:
    known = {
        "Parent 1 Name": "contact_1", "Contact Name 2": "contact_2", "Emergency contact": "contact_1", "Parent/carer phone": "phone_1",
        "Contact 3 relationship": "relation_3", "Parent 2 email": "email_2", "Contact 1 may be called": "call_1", "Year Group": "year", "NC Year": "year",
        "Trips consent": "consent_trips", "Consent to first aid": "consent_first-aid", "Phone": "", "Email": "",
    }  # fmt: skip
    assert {heading: column_named(heading, "students") for heading in known} == known
    every = [heading for column in COLUMNS.values() if "students" in column.subjects for heading in column.headings]
    assert len(every) == len(set(every)), "two columns are known by one heading"


def held(call: Any, **more: str) -> Contact:
    return Contact(name="Hazel Heron", relation="mother", call=call, phone="07700 900001", **more)


def test_nobody_who_is_here_is_taken_away_and_who_is_not_to_be_called_stays_so() -> None:
    said = [SaidContact("hazel heron", "", "07700 900002", "E-mail: h@heron.example", "first"), SaidContact("Reed Heron", "father", "07700 900003", "", "")]
    after = merged([held("never", note="Not at work"), Contact(name="Ms Pike", relation="social worker", call="first", phone="01632 960001")], said)
    assert [contact["name"] for contact in after.contacts] == ["Hazel Heron", "Ms Pike", "Reed Heron"]
    assert after.contacts[0] == {
        "name": "Hazel Heron",
        "relation": "mother",
        "call": "never",
        "phone": "07700 900002",
        "note": "Not at work; E-mail: h@heron.example",
    }
    assert after.contacts[2]["call"] == "also" and "not to be called" in after.told[0]
    again = merged([Contact(**contact) for contact in after.contacts], said)
    assert again.changes == [] and again.contacts == after.contacts


def test_who_may_be_called_and_has_no_number_is_left_out_and_said() -> None:
    after = merged([], [SaidContact("Reed Heron", "", "", "", ""), SaidContact("Sedge Heron", "", "", "", "never")])
    assert [contact["name"] for contact in after.contacts] == ["Sedge Heron"] and after.contacts[0]["relation"] == "family"
    assert after.told == ["Reed Heron has no phone number in the file, so they are left out."]


SHEET = """Name,DOB,Year,Parent 1,Parent 1 relationship,Parent 1 phone,Parent 1 email,Contact 2,Contact 2 phone,Contact 2 may be called,Trips consent
Fern Reed,14/03/2013,Year 8,Hazel Reed,mother,7700900123,h@reed.example,Mr Pike,,no,yes
Moss Reed,14/03/2013,8,Hazel Reed,mother,ask,,,,,
Ash Heron,,9,,,07700 900001,,,,,no
"""


def test_a_sheet_brings_contacts_consents_and_a_year_and_the_same_again_changes_nothing(house: House, leader: TestClient) -> None:
    page = looked(leader, SHEET)
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert counts(page) == {"refused": 1, "changed": 1, "new": 1, "the same": 0}
    assert "Hazel Reed, mother, 07700900123, call first, E-mail: h@reed.example" in plain and "Mr Pike, family, do not call" in plain
    assert "This is not a phone number." in plain and "with no name beside it is left out" in plain
    assert "School years go by the birth date here, and none is known" in plain and "by the birth date it is" not in plain
    assert "1 new and 1 changed" in sent(leader, page, "bring").text
    body = students(house)["Fern Reed"]
    contacts = contacts_of(house.reader, [body], TODAY)[body["id"]]
    assert [(contact.name, contact.call, contact.phone) for contact in contacts] == [("Hazel Reed", "first", "07700900123"), ("Mr Pike", "never", None)]
    assert [(fact["consent"], fact["agreed"]) for fact in body["consents"]] == [("trips", True)]
    assert [(fact["consent"], fact["agreed"]) for fact in students(house)["Ash Heron"]["consents"]] == [("trips", False)]
    assert counts(looked(leader, SHEET)) == {"refused": 1, "changed": 0, "new": 0, "the same": 2}
    stored = str(house.rows("SELECT state FROM stored_events WHERE topic = ?", "student-contacts-noted"))
    assert "Hazel" not in stored and "7700" not in stored, "a contact stands in the clear"


def test_what_is_here_is_shown_beside_what_would_be(house: House, leader: TestClient) -> None:
    whose = {"setting_id": house.setting, "author_id": house.leader, "student": house.student}
    house.ledger.execute(NoteContacts(id=new_id(), from_date=date(2026, 1, 5), contacts=(held("first"),), **whose))
    house.ledger.execute(NoteConsent(id=new_id(), from_date=date(2026, 1, 5), consent="trips", agreed=True, **whose))
    house.ledger.execute(IdentifyStudent(id=new_id(), date_of_birth=date(2013, 3, 14), **whose))
    house.runner.catch_up()
    page = looked(leader, "Name,Year group,Contact,Contact phone,Trips consent\nAsh Heron,Year 7,Hazel Heron,07700 900009,no")
    assert "<del>Hazel Heron, mother, 07700 900001, call first</del>" in page and "<ins>Hazel Heron, mother, 07700 900009, call first</ins>" in page
    assert "<del>agreed</del>" in page and "<ins>not agreed</ins>" in page
    assert "The file says Year 7; by the birth date it is Year 8." in page


def test_a_roster_brings_those_who_belong_to_a_student_as_contacts(house: House, leader: TestClient) -> None:
    users = [
        "sourcedId,status,role,givenName,familyName,agentSourcedIds,grades,phone,sms,email",
        "s1,active,student,Sorrel,Wren,p1,09,,,",
        "p1,active,parent,Hazel,Wren,,,,07700 900123,h@wren.example",
        "p2,active,relative,Reed,Wren,s1,,01632 960001,,",
        "p3,active,parent,Nobody,Wren,,,,,",
    ]
    raw = zipped(users="\n".join(users))
    page = looked(leader, raw)
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Hazel Wren, parent, 07700 900123, call first, E-mail: h@wren.example" in plain and "Reed Wren, relative, 01632 960001, may be called" in plain
    assert "1 person is family of nobody in this roster" in plain


def test_whoever_is_kept_from_a_record_is_told_nothing_of_who_may_be_called_there(house: House, leader: TestClient) -> None:
    whose = {"setting_id": house.setting, "author_id": house.teacher, "student": house.student}
    house.ledger.execute(NoteContacts(id=new_id(), from_date=date(2026, 1, 5), contacts=(held("never"),), **whose))
    conflict = {"setting_id": house.setting, "author_id": house.teacher, "person_id": house.leader, "conflicted_student": house.student}
    house.ledger.execute(DeclareConflict(id=new_id(), reason_code="own-child", **conflict))
    house.runner.catch_up()
    page = looked(leader, "Name,Contact,Contact phone,Contact may be called\nAsh Heron,Hazel Heron,07700 900009,yes")
    assert counts(page)["refused"] == 1 and "is not to be called" not in page and "07700 900001" not in page


def test_whoever_is_kept_from_a_record_is_told_nothing_of_it_by_a_file(house: House, leader: TestClient) -> None:
    whose = {"setting_id": house.setting, "author_id": house.teacher, "student": house.student}
    house.ledger.execute(NoteNeeds(id=new_id(), from_date=date(2026, 1, 5), needs=("SEMH",), **whose))
    house.ledger.execute(IdentifyStudent(id=new_id(), date_of_birth=date(2012, 5, 5), **whose))
    conflict = {"setting_id": house.setting, "author_id": house.teacher, "person_id": house.leader, "conflicted_student": house.student}
    house.ledger.execute(DeclareConflict(id=new_id(), reason_code="own-child", **conflict))
    house.runner.catch_up()
    for cells in ("05/05/2012,SEMH,", "05/05/2012,ASD,", "05/05/2012,SEMH,01/02/2020"):
        page = looked(leader, f"Name,Date of birth,Needs,Start date\nAsh Heron,{cells}")
        assert counts(page)["refused"] == 1, "what is the same is told by that as well"
        assert "here it is" not in page and "Ash H<" not in page
    for row in ("Ash Heron,06/06/2013", "Ash Hazelnut,05/05/2012", "Kit Otter,"):
        page = looked(leader, f"Name,Date of birth\n{row}")
        assert "Ash H<" not in page and "Ash H is here" not in page and "Ash H, born" not in page and str(house.student) not in page
