"""What is put down about a student, each part by itself on one page, by whoever manages students."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.recording.ledger import new_id
from projections.queries.own_words import needs_of
from tests.house import House

Send = Callable[..., str]


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


@pytest.fixture
def send(house: House, leader: TestClient) -> Send:
    """Opens the page of the house's student and sends one of its forms as it stands, with what is given instead."""

    def sent(do: str, /, status: int = 200, **fields: str) -> str:
        address = f"/students/{house.student}/about"
        page = leader.get(address)
        assert page.status_code == 200, page.text
        form = next(form for form in re.findall(r"<form.*?</form>", page.text, re.S) if f'value="{do}"' in form)
        kept = {}
        for tag in re.findall(r"<input[^>]*>", form):
            told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if told.get("type") != "checkbox" or re.search(r"\schecked\b", tag):
                kept[told["name"]] = told.get("value", "")
        for name, options in re.findall(r'<select[^>]*name="([^"]+)">(.*?)</select>', form, re.S):
            chosen = re.search(r'value="([^"]*)"\s+selected', options) or re.search(r'value="([^"]*)"', options)
            kept[name] = chosen[1] if chosen else ""
        answer = leader.post(address, data={**kept, **fields})
        assert answer.status_code == status, answer.text
        house.runner.catch_up()
        return answer.text

    return sent


def student_of(house: House) -> dict[str, Any]:
    house.runner.catch_up()
    return house.reader.one("students", str(house.student))  # type: ignore[return-value]


def placements(house: House) -> list[dict[str, Any]]:
    house.runner.catch_up()
    own = [one for one in house.reader.whole("placements") if one["student_id"] == str(house.student)]
    return sorted(own, key=lambda one: one["start"])  # type: ignore[return-value]


def test_names_are_put_right_and_what_is_emptied_is_gone(house: House, send: Send) -> None:
    send("identify", known_as="Ashling", date_of_birth="2012-05-04")
    assert (student_of(house)["known_as"], student_of(house)["date_of_birth"]) == ("Ashling", "2012-05-04")
    send("identify", known_as="", given_name="Ashley")
    body = student_of(house)
    assert (body["given_name"], body["known_as"], body["date_of_birth"]) == ("Ashley", None, "2012-05-04")


def test_a_placement_ends_with_reason_and_destination_and_the_child_comes_back(house: House, send: Send) -> None:
    council = new_id()
    house.ledger.execute(
        AddCommissioner(id=new_id(), setting_id=house.setting, author_id=house.leader, commissioner_id=council, name="Marsh Council", kind="local-authority")
    )
    send("commission", sessions_a_week="5", hours_a_week="12,5")
    send("change", purpose="assessment", planned_end="2026-07-01")
    page = send("end", end="2026-03-03", reason_code="back-to-school", destination="own-school")
    assert "Back to their school. Their own school" in re.sub(r"\s+", " ", page) and "They come back" in page
    page = send("start", start="2026-03-05", commissioner=str(council), purpose="reintegration")
    first, second = placements(house)
    assert (first["end"], first["reason_code"], first["destination"], first["purpose"]) == ("2026-03-03", "back-to-school", "own-school", "assessment")
    assert [(fact["sessions_a_week"], fact["hours_a_week"]) for fact in first["commissioned"]] == [(5, 12.5)]
    assert (second["start"], second["end"], second["commissioner_id"]) == ("2026-03-05", None, str(council))


def test_the_first_day_and_the_day_of_admission_are_put_right(house: House, send: Send) -> None:
    send("admission", on="2026-01-07")
    page = send("correct", start="2026-01-08")
    assert student_of(house)["admitted_on"] == "2026-01-07" and placements(house)[0]["start"] == "2026-01-08"
    assert "Thu 8 Jan 2026" in page and "Wed 7 Jan 2026" in page


def test_group_key_worker_and_mentors_hold_from_their_days_and_the_same_day_again_puts_right(house: House, send: Send) -> None:
    send("group", group="Hazel", from_date="2026-03-02")
    send("group", group="Alder", from_date="2026-03-02")
    send("key-worker", person_id=str(house.teacher), from_date="2026-03-02")
    send("mentor", person_id=str(house.mentor), from_date="2026-03-02")
    child = house.ledger.states.child(house.student)
    assert child is not None and house.mentor in child.caseload_on(date(2026, 3, 6))
    page = send("end-mentor", until="2026-03-06")
    assert "to Fri 6 Mar 2026" in re.sub(r"\s+", " ", page)
    child = house.ledger.states.child(house.student)
    assert child is not None
    assert (house.mentor in child.caseload_on(date(2026, 3, 6)), house.mentor in child.caseload_on(date(2026, 3, 7))) == (True, False)
    assert 'value="Alder"' in page


def test_a_week_from_before_there_were_slots_is_refused_and_not_saved_empty(house: House, send: Send) -> None:
    before = student_of(house)["expected"]
    assert "No slot is held on that day." in send("expect", 422, from_date="2025-12-01")
    assert student_of(house)["expected"] == before


def test_the_week_is_ticked_by_slot_and_weekday(house: House, send: Send) -> None:
    page = send("expect", **{"day-1-lesson": "", "from_date": "2026-03-09"})
    days = student_of(house)["expected"][-1]["days"]
    assert [(day["weekday"], day["slots"]) for day in days][:2] == [(1, ["break", "lunch"]), (2, ["lesson", "break", "lunch"])]
    assert "Their week is put down" in page


def test_needs_are_put_down_the_main_one_first_and_seen_by_those_who_read_the_health_record(house: House, send: Send) -> None:
    send("needs", **{"need-0": "SEMH", "need-1": "ASD"})
    send("needs", **{"need-0": "SEMH", "need-1": "ASD", "need-2": "SEMH"}, status=422)
    assert needs_of(house.reader, [student_of(house)], date(2026, 3, 6))[str(house.student)] == ("SEMH", "ASD")  # type: ignore[list-item]


def test_a_relative_is_linked_shown_what_is_released_and_unlinked(house: House, send: Send) -> None:
    carer = house.person("Rosemary", "family")
    house.runner.catch_up()
    send("link", person_id=str(carer), from_date="2026-03-02")
    send("release")
    assert student_of(house)["family"] == [str(carer)] and student_of(house)["released"] is True
    send("release")
    page = send("unlink")
    assert student_of(house)["family"] == [] and student_of(house)["released"] is False and "Nobody is linked yet" in page


@pytest.mark.parametrize(
    ("do", "wrong", "told"),
    [
        ("identify", {"date_of_birth": "yesterday"}, "date"), ("end", {"end": "2025-01-01"}, "before"), ("commission", {"sessions_a_week": "many"}, "Sessions"),
        ("mentor", {"person_id": "nobody"}, "id"), ("group", {"from_date": ""}, "from-date"), ("nothing", {"do": "nothing"}, "nothing that can be done"),
    ],
)  # fmt: skip
def test_a_slip_is_said_and_what_was_typed_stays(house: House, send: Send, do: str, wrong: dict[str, str], told: str) -> None:
    before = student_of(house), placements(house)
    page = send("group" if do == "nothing" else do, status=422, **wrong)
    assert told in re.search(r'role="alert">([^<]+)', page)[1], page  # type: ignore[index]
    if do in ("identify", "commission"):
        assert f'value="{next(iter(wrong.values()))}"' in page
    assert (student_of(house), placements(house)) == before
