"""An incident is three taps and a line; a restrictive one ends with its record, parents told, and their copy settled."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ap_ledger.events.incident import RestrictiveRecord
from api.entries.incident_pages import NEEDED, PARTS
from projections.queries.clocks import clocks
from tests.house import House

MAY = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
WHOLE = {
    "place": "garden", "parents_told_at": "2026-05-04T15:30", "copy_for_parents": "given", "intervention": "physical", "staff": "Birch and Hazel",
    "before": "canary before", "response": "canary response", "injuries": "none", "reason_in_law": "injury", "child_debrief": "canary child",
    "staff_debrief": "canary staff", "had_plan": "yes", "plan_followed": "no", "plan_not_followed": "canary plan", "copy_acknowledged_on": "2026-05-05",
}  # fmt: skip


@pytest.fixture
def may(house: House) -> House:
    house.clock.now = MAY + timedelta(hours=6)
    return house


def incident(house: House, restrictive: bool = True, **fields: Any) -> dict[str, Any]:
    """An incident as a phone sends it."""
    said = {"category": "restraint", "restrictive": restrictive, "minutes": 2, "text": "canary text", "place": "corridor"}
    return house.entry("incident-recorded", MAY, **said, **fields)


def due(house: House) -> list[tuple[str, str]]:
    """The clocks of incidents that run."""
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    told = clocks(house.reader, setting, house.reader.everyone(setting), house.ledger.now())
    return [(clock.kind, clock.link) for clock in told if clock.kind in ("restrictive intervention", "written record")]


def completing(page: str) -> dict[str, str]:
    """The hidden field of the form that completes a record."""
    return dict(re.findall(r'name="(form)" value="([^"]+)"', page))


def test_every_part_of_the_record_has_its_place_on_the_page() -> None:
    assert list(PARTS) == list(RestrictiveRecord.model_fields) and set(NEEDED) <= set(PARTS)


def test_a_restrictive_incident_ends_with_parents_told_and_their_copy_settled(may: House) -> None:
    entry = incident(may)
    assert may.one(entry).status == "recorded"
    page_of_it = f"/students/{may.student}/incidents/{entry['id']}"
    assert due(may) == [("restrictive intervention", page_of_it)]
    with may.browser() as client:
        page = client.get(page_of_it).text
        assert "canary text" in page and "corridor" in page and "Missing: When parents were told" in page
        told = client.post(page_of_it, data={**completing(page), "parents_told_at": "2026-05-04T15:30", "place": "garden"})
        assert told.status_code == 200 and due(may) == [("written record", page_of_it)]
        page = client.get(page_of_it).text
        for _ in range(2):
            whole = client.post(page_of_it, data={**completing(page), **WHOLE}).text
        assert due(may) == [] and "Missing" not in whole
        assert all(words in whole for words in ("canary before", "Held by somebody", "To prevent an injury", "canary plan", "Given to parents", "5 May 2026"))
        story = client.get(f"/students/{may.student}/entries/{entry['id']}").text
        assert story.count("Put right") == 2, "sending the form again records it once"
        refused = client.post(page_of_it, data={**completing(page), **WHOLE, "parents_told_at": "2026-05-03T09:00"})
        assert refused.status_code == 422 and "before it happened" in refused.text and "canary plan" in refused.text


def test_a_record_that_was_completed_keeps_its_words_when_the_incident_is_put_right(may: House) -> None:
    entry = incident(may)
    may.one(entry)
    with may.browser() as client:
        may.runner.catch_up()
        address = f"/students/{may.student}/incidents/{entry['id']}"
        client.post(address, data={**completing(client.get(address).text), **WHOLE})
        story = f"/students/{may.student}/entries/{entry['id']}"
        form = completing(client.get(story).text)
        client.post(story, data={**form, "do": "correct", "reason_code": "wrong-value", "field:minutes": "4"})
        page = client.get(address).text
        assert "canary before" in page


def test_an_incident_of_before_april_2026_owes_no_copy(house: House) -> None:
    told = house.entry("incident-recorded", category="restraint", restrictive=True, parents_told_at="2026-03-02T15:00:00+00:00")
    assert house.one(told).status == "recorded" and due(house) == []


def test_the_list_says_what_is_not_complete_and_is_for_those_who_lead(may: House) -> None:
    whole, plain = incident(may), incident(may, restrictive=False)
    may.record(whole, plain)
    with may.browser() as client:
        may.runner.catch_up()
        assert client.get("/incidents").text.count("/incidents/") == 2
        page = client.get("/incidents?only=incomplete").text
        assert whole["id"] in page and plain["id"] not in page and "Not complete" in page
        teacher = may.browser(may.teacher, client.app)  # type: ignore[arg-type]
        assert teacher.get("/incidents").status_code == 403
        address = f"/students/{may.student}/incidents/{whole['id']}"
        assert "canary text" in teacher.get(address).text and "Complete the record" not in teacher.get(address).text
        assert teacher.post(address, data={}).status_code == 403


def test_the_words_of_a_record_end_with_the_behaviour_part_of_the_childs_record(may: House) -> None:
    entry = incident(may)
    may.one(entry)
    with may.browser() as client:
        may.runner.catch_up()
        address = f"/students/{may.student}/incidents/{entry['id']}"
        client.post(address, data={**completing(client.get(address).text), **WHOLE})
        may.shred("behaviour")
        may.runner.catch_up()
        page = client.get(address).text
        assert "canary" not in page and "garden" not in page and "Complete the record" not in page


def test_a_phone_is_told_what_an_incident_may_be_called(may: House) -> None:
    with may.browser() as client:
        may.runner.catch_up()
        told = client.get("/api/v1/capture").json()["setting"]["incident_categories"]
        assert {"id": "restraint", "label": "Held or restrained"} in told
