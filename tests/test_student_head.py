"""The head of every page about a student: who it is, who is beside them, what is due, and what can be logged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.placement import CommissionSessions, CorrectPlacement
from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.domain.student import AssignKeyWorker, AssignMentor
from ap_ledger.domain.support import GroupStudent, NoteNeeds
from ap_ledger.recording.ledger import new_id
from tests.house import House

PAGES = ("", "/compare", "/learning", "/questionnaires", "/since", "/entries", "/erasure", "/about", "/one-child")


@pytest.fixture
def council(house: House) -> UUID:
    """Who placed the house's student, of whom everything is put down."""
    council = new_id()
    house.ledger.execute(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=council, name="Example County", kind="local-authority"))
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    placement = next(UUID(one["id"]) for one in house.reader.whole("placements") if one["student_id"] == str(house.student))
    begins = date(2026, 1, 5)
    house.ledger.execute(CorrectPlacement(id=new_id(), placement_id=placement, commissioner_id=council, start=begins, reason_code="mistake", **whose))
    house.ledger.execute(CommissionSessions(id=new_id(), placement_id=placement, from_date=begins, sessions_a_week=6, hours_a_week=12, **whose))
    house.ledger.execute(AssignMentor(id=new_id(), person_id=house.mentor, from_date=begins, **whose))
    house.ledger.execute(AssignKeyWorker(id=new_id(), person_id=house.teacher, from_date=begins, **whose))
    house.ledger.execute(GroupStudent(id=new_id(), group="willow", from_date=begins, **whose))
    house.ledger.execute(NoteNeeds(id=new_id(), needs=("SLCN",), from_date=begins, **whose))
    house.runner.catch_up()
    return council


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def head(client: TestClient, address: str) -> str:
    """The head of a page, as somebody reads it."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    told = re.search(r'<header class="student-head">(.*?)</header>', answer.text, re.S)
    assert told is not None, address
    return " ".join(re.sub(r"<[^>]*>", " ", told[1]).split())


def test_every_page_of_a_student_says_who_it_is_and_who_is_beside_them(house: House, council: UUID, leader: TestClient) -> None:
    for page in PAGES:
        told = head(leader, f"/students/{house.student}{page}")
        assert told.startswith("AH Ash H , ")
        for words in (
            "Day 61 of the placement",
            "Mentor Hazel",
            "Key worker Birch",
            "Group Willow",
            "For Example County",
            "Speech, language and communication",
        ):
            assert words in told, told


def test_the_page_of_an_entry_has_it_too(house: House, leader: TestClient) -> None:
    entry = house.rung()
    house.record(entry)
    house.runner.catch_up()
    assert head(leader, f"/students/{house.student}/entries/{entry['id']}").startswith("AH Ash H ,")


def test_it_says_what_is_due_and_leads_to_what_can_be_logged(house: House, council: UUID, leader: TestClient) -> None:
    address = f"/students/{house.student}"
    assert "Part-time timetable of 6 sessions a week since 5 January, since Mon 16 Feb 2026." in head(leader, address)
    page = leader.get(address).text
    for way in (
        f'/visit?student={house.student}"',
        f"/log?setting={house.setting}&amp;student={house.student}#note",
        f"/visit?student={house.student}#a-worry",
    ):
        assert way in page
    chosen = leader.get(f"/log?setting={house.setting}&student={house.student}").text
    assert re.search(rf'value="{house.student}"\s+selected', chosen)


def test_a_commissioner_is_told_neither_who_works_here_nor_needs_nor_what_is_due(house: House, council: UUID) -> None:
    buyer = house.person("Councillor", "commissioner", commissioner_id=council)
    house.runner.catch_up()
    with house.browser(buyer) as client:
        told = head(client, f"/students/{house.student}")
    assert "For Example County" in told and "Day 61" in told
    for words in ("Hazel", "Birch", "Speech", "Part-time", "Log a visit"):
        assert words not in told
