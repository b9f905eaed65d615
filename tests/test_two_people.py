"""Two people are two people: no administrator makes a safeguarding lead, or becomes one, with helpers of their own making.

Every test is a road that an administrator might take to the same end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.commands.two_people import NEW_FOR
from ap_ledger.domain.erasure import ShredKey
from ap_ledger.domain.person import AddPerson, EndRole, GrantRole
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, House

PASSWORD = "kettle lamp harbour"
LONG = NEW_FOR + timedelta(days=1)


class Office:
    """An administrator at their pages, and what they do there."""

    def __init__(self, house: House, app: Any) -> None:
        self.house, self.app = house, app
        self.admin = house.person("Thyme", "administrator")
        self.lead = house.person("Sorrel", "dsl")
        house.runner.catch_up()

    def post(self, by: UUID, do: str, **more: Any) -> Any:
        form = {"setting": str(self.house.setting), "do": do, "form": str(new_id()), "command": str(new_id())}
        said = {**form, **{name: str(value) for name, value in more.items()}}
        answer = self.house.browser(by, self.app).post("/people", data=said)
        self.house.runner.catch_up()
        return answer

    def puppet(self, name: str, *roles: str, by: UUID | None = None) -> UUID:
        """Somebody whom an administrator adds, gives roles and lets in by a link that the administrator uses."""
        by = by or self.admin
        assert "They are added" in self.post(by, "add", name=name).text
        person = UUID(next(one["id"] for one in self.house.reader.whole("people") if one["name"] == name))
        for role in roles:
            assert "is given" in self.post(by, "grant", person=person, role=role).text
        self.let_in(person, by)
        return person

    def let_in(self, person: UUID, by: UUID | None = None) -> None:
        link = re.search(r"/welcome\?key=([\w-]+)", self.post(by or self.admin, "link", person=person).text)
        assert link is not None
        said = {"key": link[1], "name": f"n{person.hex}", "password": PASSWORD}
        assert self.house.stranger(self.app).post("/welcome", data=said, follow_redirects=False).status_code == 303

    def propose(self, by: UUID, person: UUID, do: str = "grant", **more: Any) -> str | None:
        """A proposal to make somebody safeguarding lead, or to recover an account: its id, None where it is refused."""
        answer = self.post(by, do, person=person, **({"role": "dsl"} if do == "grant" else {}), **more)
        if "is proposed" not in answer.text:
            assert answer.status_code == 422, answer.text
            return None
        return str(max(one["id"] for one in self.house.reader.whole("proposals") if one["status"] == "open"))

    def approve(self, by: UUID, proposal: str) -> Any:
        form = {"do": "approve", "command": str(new_id())}
        return self.house.browser(by, self.app).post(f"/proposals/{proposal}", data=form)

    def leads(self) -> set[UUID]:
        """Everybody who is a safeguarding lead or deputy now."""
        ids = [UUID(one["id"]) for one in self.house.reader.whole("people")]
        roles = {one: {role.role for role in self.house.ledger.access_facts.roles(one)} for one in ids}
        return {one for one, held in roles.items() if held & {"dsl", "deputy-dsl"}}


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    with house.stranger() as client:
        yield Office(house, client.app)


def test_an_administrator_with_two_puppets_makes_no_lead(office: Office) -> None:
    one, two = office.puppet("One"), office.puppet("Two", "leader")
    proposal = office.propose(office.admin, one)
    assert proposal is not None
    answer = office.approve(two, proposal)
    assert answer.status_code == 422 and "for 30 days" in answer.text
    assert office.leads() == {office.lead}
    assert "both your names" in office.approve(office.lead, proposal).text, "somebody who has been here may"
    assert office.leads() == {office.lead, one}


def test_a_puppet_that_waited_is_still_nobodys_second_person(office: Office) -> None:
    one, two = office.puppet("One"), office.puppet("Two", "leader")
    office.house.clock.now += LONG
    proposal = office.propose(office.admin, one)
    assert proposal is not None and "made the link" in office.approve(two, proposal).text
    back = office.propose(two, one)
    assert back is not None and "made the link" in office.approve(office.admin, back).text, "nor the other way round"
    assert office.leads() == {office.lead}


def test_a_puppet_of_a_puppet_is_one_too(office: Office) -> None:
    middle = office.puppet("Middle", "administrator")
    last = office.puppet("Last", "leader", by=middle)
    one = office.house.person("One")
    office.house.runner.catch_up()
    office.house.clock.now += LONG
    proposal = office.propose(office.admin, one)
    assert proposal is not None and office.approve(last, proposal).status_code == 422
    assert office.leads() == {office.lead}


def test_somebody_who_never_signed_in_is_not_made_a_puppet(office: Office) -> None:
    """People who came with a file are old, and have no way in yet: whoever lets them in has made them."""
    one, two, three = (office.house.person(name) for name in ("One", "Two", "Three"))
    office.house.runner.catch_up()
    office.house.clock.now += LONG
    for person in (two, three):
        assert "is given" in office.post(office.admin, "grant", person=person, role="leader").text
        office.let_in(person)
    proposal = office.propose(office.admin, one)
    assert proposal is not None and office.approve(two, proposal).status_code == 422
    assert office.propose(two, one) is None, "two puppets without their maker"
    assert office.leads() == {office.lead}


def test_nobody_becomes_a_lead_through_the_leads_account(office: Office, house: House) -> None:
    accounts = house.accounts
    accounts.set_password(office.lead, "sorrel", PASSWORD)
    two = office.puppet("Two", "leader")
    proposal = office.propose(office.admin, office.lead, "recover")
    assert proposal is not None and office.approve(two, proposal).status_code == 422
    assert "helped by two people" in office.post(office.admin, "link", person=office.lead).text
    office.post(office.admin, "close", person=office.lead)
    assert "helped by two people" in office.post(office.admin, "link", person=office.lead).text
    assert office.propose(two, office.lead, "recover") is None
    assert accounts.of([office.lead])[office.lead].sign_in_name is None


def test_a_lead_to_be_is_not_let_in_by_one_person(office: Office, house: House) -> None:
    elm = house.person("Elm", "safeguarding-reader")
    house.runner.catch_up()
    assert "helped by two people" in office.post(office.admin, "link", person=elm).text


def test_two_puppets_without_their_maker_erase_nothing(office: Office, house: House) -> None:
    """What takes two people outside safeguarding, too, while their links are new; later they are two."""
    one, two = office.puppet("One", "leader"), office.puppet("Two", "leader")
    proposal = propose_erasure(house, one)
    answer = office.approve(two, proposal)
    assert answer.status_code == 422 and "somebody else made both of yours" in answer.text
    assert house.ledger.keyring.key(house.student, "health") is not None
    house.clock.now += LONG
    answer = office.approve(two, proposal)
    assert "both your names" in answer.text
    assert house.ledger.keyring.key(house.student, "health") is None


def test_two_puppets_without_their_maker_make_no_lead_however_long_they_wait(office: Office, house: House) -> None:
    one, two, three, four = (office.puppet(name, "leader") for name in ("One", "Two", "Three", "Four"))
    house.clock.now += LONG
    proposal = office.propose(one, three)
    assert proposal is not None and "somebody else made both of yours" in office.approve(two, proposal).text
    assert office.leads() == {office.lead}
    house.grant(four, "dsl", author_id=house.leader, approved_by=office.lead)
    assert "both your names" in office.approve(four, proposal).text, "two people made the fourth a lead"


def test_two_puppets_without_their_maker_recover_no_account(office: Office, house: House) -> None:
    one, two = office.puppet("One", "leader"), office.puppet("Two", "leader")
    willow = house.person("Willow", "leader")
    house.accounts.set_password(willow, "willow", PASSWORD)
    house.runner.catch_up()
    proposal = office.propose(one, willow, "recover")
    assert proposal is not None and office.approve(two, proposal).status_code == 422


def propose_erasure(house: House, by: UUID) -> str:
    """A proposal to erase a student's health texts."""
    command = ShredKey(
        id=new_id(), setting_id=house.setting, student=house.student, retention_class="health", rule="asked-for", texts=0,
    )  # fmt: skip
    proposal = new_id()
    house.proposals.propose(command, proposal, new_id(), by)
    house.runner.catch_up()
    return str(proposal)


def test_leads_are_told_who_stopped_being_one(office: Office, house: House) -> None:
    """An administrator alone may end the role of a lead, and the lead who stays reads of it on their first page."""
    other = house.person("Elder", "dsl")
    house.runner.catch_up()
    grant = next(role.grant_id for role in house.ledger.states.person(other).roles)
    command = EndRole(
        id=new_id(), setting_id=house.setting, author_id=office.admin, person_id=other, grant_id=grant, on=house.clock.now.date(),
    )  # fmt: skip
    house.ledger.execute(command)
    house.runner.catch_up()
    first_page = house.browser(office.lead, office.app).get("/").text
    day = f"{house.clock.now.day} {house.clock.now:%b %Y}"
    assert re.search(rf"Elder is safeguarding lead \(dsl\) until \w+ {day}\.", first_page) and "Ended by Thyme" in first_page
    house.clock.now += LONG
    assert "Ended by Thyme" not in house.browser(office.lead, office.app).get("/").text


def test_a_recovery_is_looked_at_again_when_it_is_used(office: Office, house: House) -> None:
    """Recovered as a mentor by an administrator and their puppet, and a safeguarding lead before the link is used."""
    ivy, two = house.person("Ivy", "mentor"), office.puppet("Two", "leader")
    house.clock.now += LONG
    house.accounts.set_password(ivy, "ivy", PASSWORD)
    three = house.person("Three", "leader")
    house.runner.catch_up()
    proposal = office.propose(two, ivy, "recover")
    assert proposal is not None
    link = re.search(r"/welcome\?key=([\w-]+)", office.approve(office.admin, proposal).text)
    assert link is not None, "for a mentor an old link is no reason"
    house.grant(ivy, "dsl", author_id=house.leader, approved_by=three)
    said = {"key": link[1], "name": "ivy", "password": "mine from now on, thanks"}
    assert house.stranger(office.app).post("/welcome", data=said).status_code == 403


@pytest.mark.parametrize("role", ["dsl", "deputy-dsl"])
def test_no_bare_command_makes_a_lead(office: Office, house: House, role: str) -> None:
    bare = {
        "command": "grant-role", "id": str(new_id()), "setting_id": str(house.setting), "person_id": str(house.teacher),
        "grant_id": str(new_id()), "role": role, "from_date": "2026-01-01",
    }  # fmt: skip
    second = {"approved_by": str(house.leader)}
    for more in ({}, second, {"first_lead": True}, {"first_lead": True, **second}, {"author_id": str(house.leader), **second}):
        answer = house.browser(office.admin, office.app).post("/api/v1/commands", json={**bare, "id": str(new_id()), **more})
        assert answer.status_code == 422, more
    for deed in ("propose-deed", "approve-deed"):
        said = {"command": deed, "id": str(new_id()), "setting_id": str(house.setting), "proposal": str(new_id())}
        filled = {"deed": "grant-role", "command": bare} if deed == "propose-deed" else {}
        assert house.browser(office.admin, office.app).post("/api/v1/commands", json={**said, **filled}).status_code == 422
    assert office.leads() == {office.lead}


def test_the_first_lead_is_made_at_the_machine(house: House) -> None:
    admin, elm = house.person("Thyme", "administrator"), house.person("Elm")
    house.runner.catch_up()
    with pytest.raises(Refused, match="ap-ledger account first-lead"):
        house.proposals.propose(_make_lead(house, elm), new_id(), new_id(), admin)
    with pytest.raises(Refused, match="at the machine"):
        house.ledger.execute(_make_lead(house, elm, first_lead=True, author_id=admin))
    house.ledger.execute(_make_lead(house, elm, first_lead=True))
    with pytest.raises(Refused, match="propose it under People"):
        house.ledger.execute(_make_lead(house, house.teacher, first_lead=True))
    assert [role.role for role in house.ledger.access_facts.roles(elm)] == ["dsl"]


def _make_lead(house: House, person: UUID, **more: Any) -> GrantRole:
    about = {"setting_id": house.setting, "person_id": person, "grant_id": new_id(), "role": "dsl", "from_date": FRIDAY.date()}
    return GrantRole(id=new_id(), **about, **more)


def test_the_program_makes_the_first_lead(house: House, database: str) -> None:
    elm = house.person("Elm")
    where = ["--data", str(house.settings.data)]
    if house.settings.postgres:
        where += ["--database-url", house.settings.postgres]
    house.ledger.close()
    done = CliRunner().invoke(program, ["account", "first-lead", "--person", str(elm), *where])
    assert done.exit_code == 0 and "safeguarding lead" in done.output
    again = CliRunner().invoke(program, ["account", "first-lead", "--person", str(house.teacher), *where])
    assert again.exit_code == 2


def test_while_nobody_leads_people_shows_the_whole_line_that_makes_somebody_lead(house: House) -> None:
    admin, elsewhere = house.person("Thyme", "administrator"), new_id()
    elm = house.person("Elm")
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=elsewhere, name="Otherfield"))
    guest = house.person("Sorrel", setting=elsewhere)
    house.grant(guest, "leader")
    house.runner.catch_up()
    with house.browser(admin) as client:
        lines = re.findall(r"<code>(ap-ledger account first-lead[^<]*)</code>", client.get("/people").text)
        assert f"ap-ledger account first-lead --person {elm}" in lines
        assert f"ap-ledger account first-lead --person {guest} --setting {house.setting}" in lines
        form = {"setting": str(house.setting), "do": "grant", "form": str(new_id()), "command": str(new_id())}
        refused = client.post("/people", data={**form, "person": str(elm), "role": "dsl"})
        assert refused.status_code == 422 and refused.text.count(f"first-lead --person {elm}") == 2, "what is refused says it, too"
        house.ledger.execute(_make_lead(house, elm, first_lead=True))
        assert "first-lead" not in client.get("/people").text
    with house.browser() as client:
        assert "first-lead" not in client.get("/people").text


def test_every_lead_is_told_what_is_proposed_and_what_was_done(office: Office, house: House) -> None:
    elm, deputy = house.person("Elm"), house.person("Rue", "deputy-dsl")
    house.runner.catch_up()
    proposal = office.propose(office.admin, elm)
    assert proposal is not None

    def first_page(person: UUID) -> str:
        return str(house.browser(person, office.app).get("/").text)

    for lead in (office.lead, deputy):
        assert "Make Elm safeguarding lead" in first_page(lead) and "Thyme" in first_page(lead)
    assert "Make Elm" not in first_page(house.teacher) and "Make Elm" not in first_page(house.leader)
    office.approve(house.leader, proposal)
    house.runner.catch_up()
    told = first_page(deputy)
    assert "Make Elm safeguarding lead" in told and "Juniper" in told, "who approved it, too"
    house.clock.now += LONG
    assert "Make Elm" not in first_page(deputy)


def test_a_conflict_of_a_lead_takes_two_even_where_their_role_has_a_last_day(house: House) -> None:
    from ap_ledger.domain.person import DeclareConflict

    rue = house.person("Rue", "dsl", until=(FRIDAY + timedelta(days=20)).date())
    about = {"setting_id": house.setting, "person_id": rue, "conflicted_student": house.student, "reason_code": "own-child"}
    with pytest.raises(Refused, match="two people"):
        house.ledger.execute(DeclareConflict(id=new_id(), author_id=house.leader, **about))


def test_a_setting_that_an_administrator_opens_gives_no_power_over_another(office: Office, house: House) -> None:
    setting, client = new_id(), house.browser(office.admin, office.app)
    said = {"command": "open-setting", "id": str(new_id()), "setting_id": str(setting), "name": "Otherfield"}
    assert client.post("/api/v1/commands", json=said).status_code == 200
    house.runner.catch_up()
    own = {"setting": str(setting), "do": "recover", "form": str(new_id()), "command": str(new_id()), "person": str(office.lead)}
    assert client.post("/people", data=own).status_code == 422
    assert client.post("/people", data={**own, "do": "link"}).status_code == 422
    add = AddPerson(id=new_id(), setting_id=setting, person_id=office.lead, name="Mine now", author_id=office.admin)
    with pytest.raises(Refused):
        house.ledger.execute(add)


def test_the_page_of_the_program_says_how(tmp_path: Path) -> None:
    shown = CliRunner().invoke(program, ["account", "--help"])
    assert "first-lead" in shown.output
