"""What was said of a setting from a day on is withdrawn on a page, with a reason, by somebody who means it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.retention import default_clocks
from ap_ledger.domain.setting import SetCalendar, SetIncidentCategories, SetRetention, SetTimetable
from ap_ledger.events.setting import IncidentCategory, Term
from ap_ledger.recording.ledger import new_id
from tests.house import House
from tests.test_setting_up import form_of, opened, send, setting_of

LATER = date(2026, 3, 9)
WITHDRAWN = "/setting/withdraw"


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def say(house: House, fact: str) -> None:
    """Says one of each kind, from Monday on."""
    whose = {"setting_id": house.setting, "from_date": LATER}
    slots = house.ledger.states.setting(house.setting).timetable(date(2026, 3, 2))  # type: ignore[union-attr]
    command = {
        "calendar-set": lambda: SetCalendar(id=new_id(), terms=(Term(first=LATER, last=date(2026, 3, 27), label="Spring"),), **whose),
        "timetable-set": lambda: SetTimetable(id=new_id(), slots=slots[:1], **whose),
        "retention-set": lambda: SetRetention(id=new_id(), clocks=default_clocks(), **whose),
        "incident-categories-set": lambda: SetIncidentCategories(id=new_id(), categories=(IncidentCategory(id="fell", label="Fell"),), **whose),
    }[fact]()
    house.ledger.execute(command)
    house.runner.catch_up()


PAGES = {"calendar-set": "/calendar", "timetable-set": "/timetable", "retention-set": "/retention", "incident-categories-set": "/setting"}
BODIES = {"calendar-set": "calendars", "timetable-set": "timetables", "retention-set": "retention", "incident-categories-set": "incident_categories"}

WORDS = {
    "calendar-set": "Spring (Mon 9 Mar 2026 – Fri 27 Mar 2026)",
    "timetable-set": "lesson (09:00–",
    "retention-set": "Years kept: Who they are ",
    "incident-categories-set": "Fell",
}
"""What was said, in a few words."""


@pytest.mark.parametrize("fact", PAGES)
def test_what_was_said_from_a_day_on_is_withdrawn_beside_where_it_stands(house: House, leader: TestClient, fact: str) -> None:
    before = setting_of(house).get(BODIES[fact], [])
    say(house, fact)
    page = opened(leader, PAGES[fact])
    address = next(found for found in re.findall(r'href="(/setting/withdraw[^"]+)"', page) if "2026-03-09" in found).replace("&amp;", "&")
    assert f"<small>{WORDS[fact]}" in page
    asked = opened(leader, address)
    assert f"<p>{WORDS[fact]}" in asked
    expected = "What was said from Thu 1 Jan 2026 on will hold on instead" if before else "nothing of this kind will hold"
    assert expected in asked and 'class="stop">Withdraw it' in asked
    fields = {**form_of(asked, fact), "reason_code": "entered-by-mistake"}
    refused = leader.post(WITHDRAWN, data=fields)
    assert refused.status_code == 422 and "Tick that you mean it" in refused.text and "selected" in refused.text
    refused = leader.post(WITHDRAWN, data={**fields, "reason_code": "", "sure": "1"})
    assert refused.status_code == 422 and "Choose why" in refused.text
    assert len(setting_of(house)[BODIES[fact]]) == len(before) + 1
    assert "It is withdrawn. That it was said stays in the history." in send(leader, WITHDRAWN, **fields, sure="1")
    assert setting_of(house).get(BODIES[fact], []) == before
    # A second press is the same command, and does nothing more.
    send(leader, WITHDRAWN, **fields, sure="1")


@pytest.mark.parametrize("query", ["fact=calendar-set&from=2026-03-09", "fact=moon&from=2026-01-01", "fact=timetable-set&from=words", "fact=&from="])
def test_what_was_never_said_cannot_be_withdrawn(leader: TestClient, query: str) -> None:
    assert leader.get(f"{WITHDRAWN}?{query}").status_code == 404


def test_incidents_are_called_as_the_setting_says_and_a_category_that_stays_keeps_its_id(house: House, leader: TestClient) -> None:
    page = opened(leader, "/setting")
    assert "The list that ships" in page and "Left the site without leave" in page
    fields = form_of(page, "categories")
    assert fields["category-1-id"] == "left-site"
    kept = {name: value for name, value in fields.items() if not name.startswith("category-")}
    said = {"category-1-id": "left-site", "category-1-label": "Walked off site", "category-20-label": "Climbed the Roof! Again, and again"}
    send(leader, "/setting", **kept, **said, from_date="2026-03-06")
    assert setting_of(house)["incident_categories"][0]["categories"] == [
        {"id": "left-site", "label": "Walked off site"}, {"id": "climbed-the-roof-again-and", "label": "Climbed the Roof! Again, and again"},
    ]  # fmt: skip
    page = opened(leader, "/setting")
    assert "Your own list" in page and "Walked off site" in page


def test_a_slip_in_a_category_is_said_and_what_was_typed_stays(leader: TestClient) -> None:
    kept = {name: value for name, value in form_of(opened(leader, "/setting"), "categories").items() if not name.startswith("category-")}
    said = {f"category-{n}-label": "Fell" for n in range(2)} | {"category-0-id": "fell", "category-1-id": "fell"}
    answer = leader.post("/setting", data={**kept, **said, "from_date": "2026-03-06"})
    assert answer.status_code == 422 and "each once" in answer.text and answer.text.count('value="Fell"') == 2
    empty = leader.post("/setting", data={**kept, "from_date": "2026-03-06"})
    assert empty.status_code == 422 and "1 to 100" in empty.text
