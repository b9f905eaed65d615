"""Who may be called about a child is read by whoever works with them, dated, sealed, and goes with the record."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from ap_ledger.domain.student import AssignMentor
from ap_ledger.domain.support import NoteConsent, NoteContacts
from ap_ledger.domain.withdrawing import WithdrawStudentFact
from ap_ledger.errors import Refused
from ap_ledger.events.student import Contact
from ap_ledger.recording.ledger import new_id
from projections.bodies import StudentBody
from projections.queries.own_words import consents_of, contacts_of
from tests.house import House

GRANDMOTHER = Contact(name="Wren", relation="grandmother", call="first", phone="01632 960001", note="after ten")
FATHER = Contact(name="Hob", relation="father", call="never")
TODAY = date(2026, 3, 6)


def note(house: House, *contacts: Contact, since: date = date(2026, 3, 2), **more: Any) -> None:
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(NoteContacts(id=new_id(), from_date=since, contacts=contacts, **whose, **more))
    house.runner.catch_up()


def agree(house: House, consent: str, agreed: bool, since: date, **more: Any) -> None:
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(NoteConsent(id=new_id(), from_date=since, consent=consent, agreed=agreed, **whose, **more))  # type: ignore[arg-type]
    house.runner.catch_up()


def student_of(house: House) -> StudentBody:
    return house.reader.student_and_setting(house.student)[0]


def test_contacts_hold_from_their_day_and_what_held_before_is_told_of_earlier_days(house: House) -> None:
    note(house, GRANDMOTHER, FATHER)
    note(house, FATHER, since=date(2026, 3, 5))
    on = [contacts_of(house.reader, [student_of(house)], day).get(str(house.student)) for day in (date(2026, 3, 1), date(2026, 3, 4), TODAY)]
    assert on == [None, (GRANDMOTHER, FATHER), (FATHER,)]


def test_no_name_number_or_word_of_a_contact_stands_in_the_clear(house: House) -> None:
    note(house, GRANDMOTHER)
    agree(house, "trips", True, TODAY, given_by="Wren")
    stored = "".join(str(bytes(row[0]) if not isinstance(row[0], str) else row[0]) for row in house.rows("SELECT state FROM stored_events"))
    assert not re.search("Wren|960001|grandmother|after ten", stored)


def test_whoever_may_be_called_has_a_number(house: House) -> None:
    with pytest.raises(Refused, match="needs a phone number"):
        note(house, GRANDMOTHER.model_copy(update={"phone": None}))


def test_each_consent_has_a_history_of_its_own(house: House) -> None:
    agree(house, "trips", True, date(2026, 3, 2), given_by="Wren")
    agree(house, "photos-outside", False, date(2026, 3, 3))
    agree(house, "trips", False, date(2026, 3, 5))
    told = consents_of(house.reader, student_of(house), TODAY)
    assert {name: (consent.agreed, consent.given_by) for name, consent in told.items()} == {"trips": (False, None), "photos-outside": (False, None)}
    withdrawn = {"fact": "consent-noted", "consent": "trips", "from_date": date(2026, 3, 5), "reason_code": "mistyped"}
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(WithdrawStudentFact(id=new_id(), **whose, **withdrawn))
    house.runner.catch_up()
    told = consents_of(house.reader, student_of(house), TODAY)
    assert told["trips"][1:] == (True, "2026-03-02", "Wren") and not told["photos-outside"].agreed


def hidden(page: str, do: str) -> dict[str, str]:
    form = next(part for part in page.split("<form") if f'name="do" value="{do}"' in part)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', re.sub(r"\s+", " ", form)))


def test_a_leader_puts_down_contacts_and_consents_on_the_page_and_a_mentor_reads_them(house: House) -> None:
    address, app = f"/students/{house.student}/contacts", house.app()
    with house.browser(app=app) as leader:
        page = leader.get(address).text
        first = {"name-0": "Wren", "relation-0": "grandmother", "phone-0": "01632 960001", "call-0": "first", "note-0": "", "from_date": str(TODAY)}
        second = {"name-1": "Hob", "relation-1": "father", "phone-1": "", "call-1": "never", "note-1": "court order"}
        page = leader.post(address, data={**hidden(page, "contacts"), **first, **second}).text
        assert "Who may be called is put down" in page
        consent = {**hidden(page, "consent"), "consent": "trips", "agreed": "no", "given_by": "Wren", "from_date": str(TODAY)}
        assert "said by Wren" in leader.post(address, data=consent).text
    with house.browser(house.mentor, app) as mentor:
        assert mentor.get(address).status_code == 403, "not on their caseload"
        whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
        house.ledger.execute(AssignMentor(id=new_id(), person_id=house.mentor, from_date=date(2026, 3, 1), **whose))
        house.runner.catch_up()
        page = mentor.get(address).text
        assert 'href="tel:01632960001"' in page and "Do not call" in page and "court order" in page and "Put down" not in page
        assert mentor.post(address, data=consent).status_code == 403


def test_a_slip_in_a_contact_is_said_and_keeps_what_was_typed(house: House) -> None:
    address = f"/students/{house.student}/contacts"
    with house.browser() as leader:
        page = leader.get(address).text
        typed = {"name-0": "Wren", "relation-0": "grandmother", "phone-0": "ask at home", "call-0": "also", "from_date": str(TODAY)}
        answer = leader.post(address, data={**hidden(page, "contacts"), **typed})
        assert answer.status_code == 422 and "A phone number is" in answer.text
        assert 'value="ask at home"' in answer.text and 'value="grandmother"' in answer.text
