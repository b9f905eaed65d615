"""Students and people come in from a file on pages: chosen, matched, looked at, brought in; nothing before that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.setting import OpenSetting, SetTimetable
from ap_ledger.domain.student import EndPlacement
from ap_ledger.events.setting import Slot
from ap_ledger.recording.ledger import new_id
from tests.house import House
from tests.test_roster_files import CLASSES, ENROLMENTS, USERS_11, zipped

HEAD = "First name,Surname,Date of birth,Group,Mentor,Start date,Sessions,Hours"
GOOD = [f"Fern{letter},Heron{letter},{day}/03/2013,Hazel,Hazel,02/03/2026,5,12.5" for day, letter in enumerate("abcdefghijklmnopqrs", 1)]
BAD = [
    "Thistle,Beck,31/02/2012,Hazel,Hazel,02/03/2026,5,12.5",
    ",Sorrel,1/2/2013,Hazel,Hazel,02/03/2026,5,12.5",
    "Onyx,Tarn,1/2/2013,Hazel,Nobody Here,02/03/2026,5,12.5",
    "Gale,Pike,1/2/2013,Hazel,Hazel,02/03/2026,five,12.5",
    "Wren,Dale,1/2/2031,Hazel,Hazel,02/03/2026,5,12.5",
]
SHEET = "\n".join([HEAD, *GOOD, *BAD])


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def sent(client: TestClient, page: str, do: str, **more: Any) -> Any:
    """What the last form of a page answers when one of its buttons is pressed."""
    return client.post("/roster", data={**fields_of(page), "do": do, **more})


def fields_of(page: str) -> dict[str, Any]:
    """Everything that the last form of a page would send as it stands."""
    form = re.findall(r'<form method="post".*?</form>', page, re.S)[-1]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        fields.setdefault(told["name"], []).append(unescape(told.get("value", "")))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)"\s+selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def read(client: TestClient, content: str | bytes, name: str = "autumn.csv", **more: str) -> str:
    """The page on which the columns of a file are matched."""
    raw = content.encode() if isinstance(content, str) else content
    setting = re.search(r'name="setting"\s+value="([^"]+)"', client.get("/roster").text)
    assert setting is not None
    answer = client.post("/roster", data={"setting": setting[1], "do": "read", **more}, files={"file": (name, raw)})
    assert answer.status_code == 200, answer.text
    return answer.text


def looked(client: TestClient, content: str | bytes, **more: str) -> str:
    """The page on which is shown what a file would do, its columns matched as they were found."""
    answer = sent(client, read(client, content, **more), "look")
    assert answer.status_code == 200, answer.text
    return answer.text


def counts(page: str) -> dict[str, int]:
    return {what: int(number) for number, what in re.findall(r"<strong>(\d+)</strong> (refused|changed|new|the same)</a", page)}


def students(house: House) -> dict[str, Any]:
    house.runner.catch_up()
    return {f"{body['given_name']} {body['family_name']}": body for body in house.reader.whole("students")}


def test_five_bad_rows_of_24_are_told_and_19_go_in(house: House, leader: TestClient) -> None:
    before, head = set(students(house)), house.ledger.recorder.read_head().rules_position
    page = looked(leader, SHEET)
    assert counts(page) == {"refused": 5, "changed": 0, "new": 19, "the same": 0}
    for told in ("31 February 2012 is not a day", "A row needs a first name", "Nobody of that name works here", "This is not a number"):
        assert told in page
    assert house.ledger.recorder.read_head().rules_position == head, "something was written before it was brought in"
    saved = sent(leader, page, "bring")
    assert saved.status_code == 200 and "19 new and 0 changed" in saved.text
    assert len(set(students(house)) - before) == 19
    body = students(house)["Ferna Herona"]
    assert body["date_of_birth"] == "2013-03-01" and body["groups"][0]["group"] == "Hazel"
    file = sent(leader, saved.text, "refused")
    assert file.headers["content-type"].startswith("text/csv") and len(file.text.strip().splitlines()) == 6
    assert "Why it was not brought in" in file.text.splitlines()[0] and "31 February 2012 is not a day" in file.text


def test_the_same_file_again_changes_nothing(house: House, leader: TestClient) -> None:
    sent(leader, looked(leader, SHEET), "bring")
    students(house)
    page = looked(leader, SHEET)
    assert counts(page) == {"refused": 5, "changed": 0, "new": 0, "the same": 19}
    assert 'value="bring"' not in page


def test_a_cell_is_put_right_and_a_row_left_out_without_touching_the_file(house: House, leader: TestClient) -> None:
    page = looked(leader, SHEET)
    name = re.search(r'name="(mended-21-\d+)"', page)
    assert name is not None
    page = sent(leader, page, "look", **{name[1]: "28/02/2012"}).text
    assert counts(page)["refused"] == 4 and counts(page)["new"] == 20
    page = sent(leader, page, "look", leave="22").text
    assert counts(page)["refused"] == 3 and "Left out by you: 1 row" in page
    assert "20 new" in sent(leader, page, "bring").text
    assert students(house)["Thistle Beck"]["date_of_birth"] == "2012-02-28"


def test_what_is_changed_shows_old_and_new_and_ours_can_be_kept(house: House, leader: TestClient) -> None:
    sheet = "Name,Group\nAsh Heron,Alder\nKit Otter,Alder"
    page = looked(leader, sheet)
    assert counts(page)["changed"] == 2 and "<ins>Alder</ins>" in page
    page = sent(leader, page, "look", leave="2").text
    assert counts(page)["changed"] == 1
    assert "0 new and 1 changed" in sent(leader, page, "bring").text
    assert not students(house)["Ash Heron"].get("groups") and students(house)["Kit Otter"]["groups"][0]["group"] == "Alder"


def test_who_is_not_in_the_file_is_named_and_nothing_is_done_about_them(house: House, leader: TestClient) -> None:
    page = looked(leader, "Name,Group\nAsh Heron,Alder")
    assert re.search(r"1 here is\s+not in the file", page) and "Kit O" in page
    sent(leader, page, "bring")
    placements = [body for body in house.reader.whole("placements") if body["end"]]
    assert placements == []


def test_a_page_of_somebody_else_or_of_yesterday_opens_no_file(house: House, leader: TestClient) -> None:
    page = read(leader, SHEET)
    dsl = house.person("Rowan", "dsl")
    with house.browser(dsl) as other:
        assert other.post("/roster", data={**fields_of(page), "do": "look"}).status_code == 422
    assert "Heron" not in fields_of(page)["parcel"][0]


def test_an_administrator_brings_in_people_and_never_students(house: House) -> None:
    admin = house.person("Cedar", "administrator")
    with house.browser(admin) as client:
        page = looked(client, "Name,Role\nLinden Brook,Mentor\nAlder Combe,Teaching assistant\nSedge Moor,DSL\nHazel,Mentor")
        assert counts(page) == {"refused": 1, "changed": 0, "new": 2, "the same": 1}
        assert "a safeguarding lead" in page
        assert "2 new" in sent(client, page, "bring").text
        assert client.post("/roster", data={**fields_of(read(client, "Name,Role\nA B,Mentor")), "do": "look", "subject": "students"}).status_code == 403
    house.runner.catch_up()
    people = {body["name"]: {role["role"] for role in body["roles"]} for body in house.reader.whole("people")}
    assert people["Linden Brook"] == {"mentor"} and people["Alder Combe"] == {"ap-staff"} and "Sedge Moor" not in people


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "Choose a file"), (b"PK\x03\x04nothing", "damaged"), (b"\x00\x01\x02", "no sheet"), (b"%PDF-1.4", "PDF"), (b"Name", "one row only")],
)
def test_what_is_no_file_of_rows_is_said_in_a_sentence(house: House, leader: TestClient, content: bytes, told: str) -> None:
    setting = {"setting": str(house.setting), "do": "read"}
    answer = leader.post("/roster", data=setting, files={"file": ("x.csv", content)})
    assert answer.status_code == 422 and (told in answer.text or not content)


def test_what_somebody_said_of_a_column_is_remembered_for_the_next_file(house: House, leader: TestClient) -> None:
    sheet = "Name,Set,Room\nAsh Heron,Alder,4"
    page = read(leader, sheet)
    assert fields_of(page)["column-1"] == "" and fields_of(page)["column-2"] == "group"
    page = sent(leader, page, "look", **{"column-1": "group", "column-2": ""}).text
    sent(leader, page, "bring")
    again = fields_of(read(leader, sheet))
    assert (again["column-1"], again["column-2"]) == ("group", "")
    sent(leader, sent(leader, read(leader, sheet), "look").text, "bring")
    stored = house.rows("SELECT state FROM stored_events WHERE topic = ?", "columns-matched")
    assert len(stored) == 1, "what was remembered already was recorded again"
    assert "Room" not in str(stored) and "room" not in str(stored), "a heading stands in the clear"


def test_two_columns_that_are_said_to_hold_the_same_are_named(house: House, leader: TestClient) -> None:
    page = read(leader, "Name,Set,Room\nAsh Heron,Alder,4")
    answer = sent(leader, page, "look", **{"column-1": "group", "column-2": "group"})
    assert answer.status_code == 422 and "Two columns are said to hold the same" in answer.text


def test_pressed_twice_brings_everybody_in_once(house: House, leader: TestClient) -> None:
    page = looked(leader, SHEET)
    before = len(students(house))
    assert all(sent(leader, page, "bring").status_code == 200 for _ in range(2))
    assert len(students(house)) == before + 19


def test_a_child_who_may_be_here_already_is_said_and_taken_for_the_same_by_one_press(house: House, leader: TestClient) -> None:
    sent(leader, looked(leader, "Forename,Surname,DOB\nSorrel,Wren,14/03/2013"), "bring")
    before = len(students(house))
    page = looked(leader, "Forename,Surname,DOB,Group\nSorrel,Wren,15/03/2013,Alder")
    assert counts(page)["new"] == 1 and "with the same name and another birth date" in page
    same = re.search(r'name="same"\s+value="([^"]+)"', page)
    assert same is not None
    page = sent(leader, page, "look", same=same[1]).text
    assert counts(page) == {"refused": 0, "changed": 1, "new": 0, "the same": 0} and "<del>14 Mar 2013</del>" in page
    sent(leader, page, "bring")
    assert len(students(house)) == before and students(house)["Sorrel Wren"]["date_of_birth"] == "2013-03-15"


def test_the_refused_rows_put_right_in_their_file_go_in_from_it(house: House, leader: TestClient) -> None:
    page = looked(leader, SHEET)
    file = sent(leader, page, "refused").text.replace("31/02/2012", "28/02/2012")
    page = looked(leader, file)
    assert counts(page) == {"refused": 4, "changed": 0, "new": 1, "the same": 0}


def test_a_file_that_is_sent_lies_on_no_disk(house: House, leader: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def rolled(*_: Any) -> None:
        raise AssertionError("the file was written to a folder for temporary files")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", rolled)
    large = "\n".join([HEAD, *(f"Fern,Heron,1/03/2013,Hazel,{'x' * 2000},02/03/2026,5,12.5" for _ in range(2_000))])
    assert len(large) > 3_000_000
    assert "Match the columns" in read(leader, large)
    page = leader.get("/roster")
    assert "Heron" not in page.text


def test_a_row_that_a_rule_refuses_is_refused_before_anything_of_it_is_written(house: House, leader: TestClient) -> None:
    sheet = "Forename,Surname,DOB,Start date,Sessions,Hours\nFern,Reed,1/2/2013,02/03/2026,0,12\nMoss,Reed,1/2/2013,02/03/2040,5,12"
    page = looked(leader, sheet)
    assert counts(page)["refused"] == 2 and "There are hours and no sessions" in page
    assert 'name="mended-2-5"' in page and 'name="mended-3-3"' in page, "the cell that a rule refused cannot be put right"
    assert not {"Fern Reed", "Moss Reed"} & set(students(house))


def test_a_roster_brings_students_with_their_groups_and_then_the_people(house: House, leader: TestClient) -> None:
    house.grant(house.leader, "administrator")
    raw = zipped(users=USERS_11, classes=CLASSES, enrollments=ENROLMENTS, demographics="sourcedId,birthDate\ns1,2013-03-14\n")
    page = read(leader, raw, "roster.zip")
    assert "users.csv: students" in page and "1 person is to be deleted" in page
    assert "2 new" in sent(leader, sent(leader, page, "look").text, "bring").text
    body = students(house)["Sorrel Wren"]
    assert (body["groups"][0]["group"], body["date_of_birth"], body["upn"]) == ("Hazel", "2013-03-14", "Y823432104009")
    page = sent(leader, page, "sheet", table="1").text
    assert "users.csv: people who work there" in page
    assert "1 new" in sent(leader, sent(leader, page, "look").text, "bring").text
    again = sent(leader, read(leader, raw, "roster.zip"), "look").text
    assert counts(again) == {"refused": 0, "changed": 0, "new": 0, "the same": 2}


def test_whoever_left_comes_back_where_the_file_says_a_first_day_after_that(house: House, leader: TestClient) -> None:
    placement = next(body for body in house.reader.whole("placements") if body["student_id"] == str(house.student))
    about = {"setting_id": house.setting, "author_id": house.leader, "student": house.student}
    house.ledger.execute(EndPlacement(id=new_id(), placement_id=UUID(placement["id"]), end=date(2026, 2, 13), reason_code="finished", **about))
    assert "A placement begins anew where the file says a first day" in looked(leader, "Name,Start\nAsh Heron,05/01/2026")
    page = looked(leader, "Name,Start,Group\nAsh Heron,02/03/2026,Alder")
    assert "They come back." in page and counts(page)["changed"] == 1
    sent(leader, page, "bring")
    house.runner.catch_up()
    starts = [body["start"] for body in house.reader.whole("placements") if body["student_id"] == str(house.student)]
    assert sorted(starts) == ["2026-01-05", "2026-03-02"]
    assert counts(looked(leader, "Name,Start,Group\nAsh Heron,02/03/2026,Alder"))["the same"] == 1


WEEKS = "First name,Surname,Date of birth,Start date,Days\nFern,Heron,03/04/2011,02/03/2026,Mon-Fri\nMoss,Dale,05/06/2011,20/04/2026,Mon"


def test_a_week_from_before_there_were_slots_begins_with_them_and_the_row_says_so(house: House) -> None:
    new = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=new, name="Hilltop"))
    head = house.person("Sage", "leader", setting=new)
    house.runner.catch_up()
    with house.browser(head) as client:
        page = looked(client, WEEKS)
        assert counts(page)["refused"] == 2 and "No slot is held on Monday, Tuesday, Wednesday, Thursday, Friday here. Set the slots" in page
        slot = {"id": "lesson", "label": "Lesson", "kind": "lesson", "starts": time(9), "ends": time(10), "weekdays": (1, 2, 3, 4, 5)}
        house.ledger.execute(SetTimetable(id=new_id(), setting_id=new, author_id=head, from_date=date(2026, 4, 13), slots=(Slot.model_validate(slot),)))
        house.runner.catch_up()
        page = looked(client, WEEKS)
        assert counts(page)["new"] == 2
        assert page.count("Their week begins on 13 Apr 2026, when the slots of the day begin.") == 1, "one of the two begins after that"
        assert "from 2 Mar 2026 · Mon, Tue, Wed, Thu, Fri · born 3 Apr 2011" in page
        sent(client, page, "bring")
        begun = {name: [week["from_date"] for week in body["expected"]] for name, body in students(house).items() if body["setting_id"] == str(new)}
        assert begun == {"Fern Heron": ["2026-04-13"], "Moss Dale": ["2026-04-20"]}
        assert counts(looked(client, WEEKS))["the same"] == 2


def test_what_belongs_to_the_placement_is_said_and_not_changed_by_a_file(house: House, leader: TestClient) -> None:
    page = looked(leader, "Name,Start\nAsh Heron,01/09/2025")
    assert counts(page)["the same"] == 1 and "The file says that they began on 1 Sep 2025, and here it is" in page
