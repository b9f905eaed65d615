"""A leader sets a setting up on pages: its numbers, places, buyers, the slots of its day and its year; a list says what is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.patterns import READY_DAYS, bank_holidays, half_terms, school_year_of
from ap_ledger.domain.person import EndRole, GrantRole
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, House


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def opened(client: TestClient, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, page.text
    return page.text


def form_of(page: str, do: str = "") -> dict[str, str]:
    """The hidden fields of the form that does something."""
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.S) if not do or f'value="{do}"' in form)
    return dict(re.findall(r'type="hidden" name="([^"]+)"\s+value="([^"]*)"', form))


def fields_of(page: str) -> dict[str, str]:
    """Everything that the last form of a page would send as it stands."""
    form = re.findall(r"<form method=\"post\">.*?</form>", page, re.S)[-1]
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if told.get("type") != "checkbox" or re.search(r"\schecked\b", tag):
            fields[told["name"]] = told.get("value", "")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)">(.*?)</select>', form, re.S):
        fields[name] = re.search(r'value="([^"]+)"\s+selected', options)[1]  # type: ignore[index]
    return fields


def setting_of(house: House) -> dict[str, Any]:
    house.runner.catch_up()
    body: dict[str, Any] = house.reader.one("settings", str(house.setting))  # type: ignore[assignment]
    return body


def send(client: TestClient, address: str, **fields: str) -> str:
    page = client.post(address, data=fields)
    assert page.status_code == 200, page.text
    return page.text


def test_name_numbers_places_and_buyers_are_set_on_one_page(house: House, leader: TestClient) -> None:
    page = opened(leader, "/setting")
    send(leader, "/setting", **form_of(page, "correct"), name="Riverside", urn="123456", ukprn="")
    send(leader, "/setting", **form_of(page, "add-place"), label="The barn")
    page = send(leader, "/setting", **form_of(page, "add-commissioner"), name="Marsh Council", kind="local-authority")
    body = setting_of(house)
    assert (body["name"], body["urn"], body["ukprn"]) == ("Riverside", "123456", None)
    assert [place["label"] for place in body["places"]] == ["The barn"]
    assert [(buyer["name"], buyer["kind"]) for buyer in body["commissioners"]] == [("Marsh Council", "local-authority")]
    page = opened(leader, "/setting")
    send(leader, "/setting", **form_of(page, "correct-place"), label="The old barn")
    send(leader, "/setting", **form_of(page, "correct-commissioner"), name="Marsh County Council", kind="other")
    send(leader, "/setting", **form_of(page, "correct"), name="Riverside", urn="", ukprn="")
    body = setting_of(house)
    assert body["places"][0]["label"] == "The old barn" and body["commissioners"][0]["name"] == "Marsh County Council"
    assert body["urn"] is None


@pytest.mark.parametrize(
    ("do", "field", "wrong", "told"),
    [("correct", "urn", "12", "six digits"), ("add-place", "label", " ", "A name is"), ("add-commissioner", "name", " ", "A name is")],
)
def test_a_slip_on_the_settings_page_is_said_and_what_was_typed_stays(leader: TestClient, do: str, field: str, wrong: str, told: str) -> None:
    fields = {"name": "Riverside", "kind": "school", **form_of(opened(leader, "/setting"), do), field: wrong}
    answer = leader.post("/setting", data=fields)
    assert answer.status_code == 422 and told in re.search(r'role="alert">([^<]+)', answer.text)[1], answer.text  # type: ignore[index]
    assert f'value="{wrong}"' in answer.text


@pytest.mark.parametrize("pattern", READY_DAYS)
def test_a_ready_day_holds_as_it_is_from_the_day_on_which_it_is_saved(house: House, leader: TestClient, pattern: str) -> None:
    fields = {**fields_of(opened(leader, f"/timetable?pattern={pattern}")), "from_date": "2026-03-09"}
    send(leader, "/timetable", **fields)
    body = house.ledger.states.setting(house.setting)
    assert body is not None
    kept = body.timetable(date(2026, 3, 9))
    assert [(slot.label, slot.kind, slot.starts.isoformat("minutes")) for slot in kept] == [
        (slot.label, slot.kind, slot.starts) for slot in READY_DAYS[pattern][1]
    ]
    assert [slot.id for slot in body.timetable(date(2026, 3, 6))] == ["lesson", "break", "lunch"]


@pytest.mark.parametrize(("today", "begins"), [("2026-03-06", "2025-09-01"), ("2026-08-20", "2026-09-01"), ("2026-11-30", "2026-09-01")])
def test_the_first_day_of_a_setting_holds_from_september_and_a_later_one_from_today(house: House, today: str, begins: str) -> None:
    house.clock.now = datetime.fromisoformat(f"{today}T09:00:00+00:00")
    new = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=new, name="Hilltop"))
    head = house.person("Sage", "leader", setting=new)
    house.runner.catch_up()
    with house.browser(head) as client:
        page = opened(client, "/timetable?pattern=whole-day")
        assert fields_of(page)["from_date"] == begins
        send(client, "/timetable", **fields_of(page))
        house.runner.catch_up()
        assert fields_of(opened(client, "/timetable"))["from_date"] == today
        assert "slots from" in opened(client, "/set-up"), "a day that holds from September on is set in August"


def test_a_slot_that_stays_keeps_its_id_and_one_of_another_kind_gets_a_new_one(house: House, leader: TestClient) -> None:
    fields = fields_of(opened(leader, "/timetable"))
    assert [fields[f"slot-{n}-id"] for n in range(3)] == ["lesson", "break", "lunch"]
    fields |= {"slot-0-label": "First lesson", "slot-1-kind": "wellbeing", "slot-2-label": "", "slot-3-label": "Lunch", "slot-3-kind": "lunch"}
    fields |= {"slot-3-starts": "12:00", "slot-3-ends": "12:30", "from_date": "2026-03-09"}
    send(leader, "/timetable", **fields)
    body = house.ledger.states.setting(house.setting)
    assert body is not None
    assert [(slot.id, slot.label, slot.kind) for slot in body.timetable(date(2026, 3, 9))] == [
        ("lesson", "First lesson", "lesson"), ("break-2", "break", "wellbeing"), ("lunch-2", "Lunch", "lunch"),
    ]  # fmt: skip


def test_a_day_saved_twice_from_the_same_date_holds_as_it_was_saved_last(house: House, leader: TestClient) -> None:
    for label in ("Early lesson", "Late lesson"):
        fields = {**fields_of(opened(leader, "/timetable")), "slot-0-label": label, "from_date": "2026-03-09"}
        send(leader, "/timetable", **fields)
    body = house.ledger.states.setting(house.setting)
    assert body is not None and body.timetable(date(2026, 3, 9))[0].label == "Late lesson"


def test_what_is_wrong_with_a_slot_is_said_with_its_row_and_every_row_stays(leader: TestClient) -> None:
    fields = {**fields_of(opened(leader, "/timetable?pattern=whole-day")), "slot-5-ends": "11:00"}
    answer = leader.post("/timetable", data=fields)
    assert answer.status_code == 422 and "Slot 6 (Lunch): " in answer.text
    assert all(f'value="{slot.label}"' in answer.text for slot in READY_DAYS["whole-day"][1]) and 'value="11:00"' in answer.text


def test_a_ready_year_is_saved_with_its_bank_holidays(house: House, leader: TestClient) -> None:
    fields = {**fields_of(opened(leader, "/calendar?year=2025")), "closure-20-label": "Staff training", "closure-20-first": "2026-03-13"}
    assert fields["from_date"] == "2025-09-01"
    send(leader, "/calendar", **fields)
    held = setting_of(house)["calendars"][-1]
    assert [term["label"] for term in held["terms"]] == ["Autumn 1", "Autumn 2", "Spring 1", "Spring 2", "Summer 1", "Summer 2"]
    assert {"first": "2025-12-25", "last": "2025-12-25", "label": "Christmas Day"} in held["closures"]
    assert {"first": "2026-03-13", "last": "2026-03-13", "label": "Staff training"} in held["closures"], "one date is enough for one day"


def test_what_is_wrong_with_a_term_is_said_with_its_row(leader: TestClient) -> None:
    fields = {**fields_of(opened(leader, "/calendar?year=2025")), "term-1-last": "2025-11-01"}
    answer = leader.post("/calendar", data=fields)
    assert answer.status_code == 422 and "Half-term 2 (Autumn 2): This ends before it begins" in answer.text


@pytest.mark.parametrize("year", range(2025, 2035))
def test_the_half_terms_of_a_ready_year_follow_one_another_on_school_days_and_no_bank_holiday_begins_or_ends_one(year: int) -> None:
    terms = half_terms(year)
    free = {closure.first for closure in bank_holidays(date(year, 9, 1), date(year + 1, 8, 31))}
    assert len(terms) == 6
    for before, after in pairwise(terms):
        assert before.first < before.last < after.first and after.first - before.last >= timedelta(days=9), (before, after)
    assert all(day.weekday() < 5 and day not in free for term in terms for day in (term.first, term.last)), terms
    # Every council's school year has about 190 days.
    days = sum(
        (term.first + timedelta(days=n)).weekday() < 5 and term.first + timedelta(days=n) not in free
        for term in terms
        for n in range((term.last - term.first).days + 1)
    )
    assert 185 <= days <= 200
    assert school_year_of(date(year, 8, 1)) == school_year_of(date(year + 1, 7, 31)) == year


def test_a_year_without_known_bank_holidays_has_no_ready_half_terms(leader: TestClient) -> None:
    assert half_terms(2050) == ()
    for year in ("2050", "0", "-5", "99999"):
        assert "as most councils in England have it" not in opened(leader, f"/calendar?year={year}")


def test_an_administrator_leads_a_new_setting_alone_and_only_where_nobody_ever_led(house: House) -> None:
    new, run = new_id(), house.ledger.execute
    run(OpenSetting(id=new_id(), setting_id=new, name="Hilltop"))
    admin = house.person("Thyme", "administrator", setting=new)
    house.runner.catch_up()
    with house.browser(admin) as client:
        page = opened(client, "/set-up")
        assert "I lead this setting" in page and "under your name" in page
        page = send(client, "/set-up", **form_of(page, str(new)))
        assert "You lead this setting from today on" in page and "I lead this setting" not in page
        assert client.get("/timetable").status_code == 200, "a leader sets the day"
    with pytest.raises(Refused, match="Somebody led here before"):
        run(GrantRole(id=new_id(), setting_id=new, author_id=admin, person_id=admin, grant_id=new_id(), role="leader", from_date=FRIDAY.date()))


@pytest.mark.parametrize("ended", [False, True])
def test_nobody_makes_themselves_leader_where_somebody_led_also_when_that_is_over(house: House, ended: bool) -> None:
    admin = house.person("Thyme", "administrator")
    if ended:
        role = next(role for role in house.ledger.access_facts.roles(house.leader) if role.role == "leader")
        house.ledger.execute(EndRole(id=new_id(), setting_id=house.setting, person_id=house.leader, grant_id=role.grant_id, on=FRIDAY.date()))
    house.runner.catch_up()
    with house.browser(admin) as client:
        page = opened(client, "/set-up")
        form = {"setting": str(house.setting), "command": str(new_id()), "form": str(new_id())}
        answer = client.post("/set-up", data=form)
        assert answer.status_code == 422 and "Somebody led here before" in answer.text and page


def test_the_list_fills_itself_and_leads_to_what_its_reader_may_do(house: House, leader: TestClient) -> None:
    page = opened(leader, "/set-up")
    assert re.search(r"Next</p>\s*<h2>([^<]+)", page)[1] == "Put its name, numbers and places right"  # type: ignore[index]
    send(leader, "/setting", **form_of(opened(leader, "/setting"), "add-place"), label="The barn")
    page = opened(leader, "/set-up")
    assert "1 place" in page and "3 slots from 09:00 to 12:40" in page and "2 students" in page
    assert re.search(r"Next</p>\s*<h2>([^<]+)", page)[1] == "Set terms and closures"  # type: ignore[index]
    assert 'href="/people' not in re.search(r'<ol class="checklist">.*</ol>', page, re.S)[0], "accounts are for whoever looks after them"  # type: ignore[index]
    with house.browser(house.teacher) as client:
        assert client.get("/set-up").status_code == 403
