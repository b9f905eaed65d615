"""The browser under the app: a database that it closes without a word, one that it does not give, and scripts that do not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ap_ledger.application.ledger import new_id
from tests.browsing import AXE, AXE_TAGS, Place, until
from tests.house import House
from tests.test_capture_offline import ready

KEEP_CONNECTIONS = """
window.connections = [];
const open = IDBFactory.prototype.open;
IDBFactory.prototype.open = function (...given) {
  const request = open.apply(this, given);
  request.addEventListener("success", () => window.connections.push(request.result));
  return request;
};
"""
DENIED = "IDBFactory.prototype.open = function () { throw new DOMException('denied', 'SecurityError'); };"
NEVER_ANSWERS = "IDBFactory.prototype.open = function () { return new EventTarget(); };"


def phone_with(browsers: Callable[..., Any], place: Place, script: str) -> Any:
    context = browsers(kind="phone")
    context.add_init_script(script)
    page = context.new_page()
    page.goto(place.chaos.url + "/visit")
    return page


@pytest.mark.browser
def test_a_database_closed_under_the_app_is_opened_again_and_every_tap_is_saved(browsers: Callable[..., Any], place: Place) -> None:
    page = phone_with(browsers, place, KEEP_CONNECTIONS)
    ready(page)
    page.click(f"#student-{place.story.children[0].id}")
    rungs = ("through-door", "face-to-face", "shares-space")
    for rung in rungs:
        page.evaluate("for (const one of window.connections) one.close()")
        page.evaluate("document.querySelector('#toast').hidden = true")
        page.click(f"#rung-{rung}")
        page.wait_for_selector("#toast:not([hidden]) >> text=Saved on this")
    until(lambda: {entry.state["rung"] for entry in place.recorded("rung-reached")} == set(rungs), what="not every tap was recorded")


@pytest.mark.browser
@pytest.mark.parametrize("script", (DENIED, NEVER_ANSWERS))
def test_a_browser_that_keeps_nothing_is_told_so_with_a_way_to_log_online(browsers: Callable[..., Any], place: Place, script: str) -> None:
    page = phone_with(browsers, place, script)
    page.wait_for_selector("text=This browser keeps nothing on this device", timeout=30_000)
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run({ runOnly: tags })", AXE_TAGS)
    assert [fault["id"] for fault in found["violations"]] == []
    page.click("text=Log online")
    page.select_option("#student", str(place.story.children[0].id))
    page.select_option("#rung", label="Talks through a door, or by text")
    page.fill("#note", "said he was tired")
    page.click("text=Record it")
    page.wait_for_selector("text=It is recorded.")
    assert {entry.kind for entry in place.recorded("rung-reached", "note-written", "visit-logged")} == {"rung-reached", "note-written", "visit-logged"}


@pytest.mark.browser
def test_where_the_script_of_the_app_does_not_come_the_page_says_what_to_do(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(kind="phone", service_workers="block")
    context.route("**/app/frame*.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(place.chaos.url + "/visit")
    page.wait_for_selector("text=This takes longer than it should", timeout=20_000)
    assert page.get_attribute(".slow a", "href") == "/log"


def test_a_contact_is_logged_on_a_plain_page_once_however_often_the_form_is_sent(house: House) -> None:
    house.runner.catch_up()
    form = {
        "setting": str(house.setting), "form": str(new_id()), "student": str(house.student), "rung": "default-ladder@1|through-door",
        "at": "2026-03-06T08:30", "channel": "phone", "minutes": "15", "note": "said hello",
    }  # fmt: skip
    with house.browser(house.teacher) as client:
        page = client.get("/log")
        assert page.status_code == 200 and "Ash H" in page.text
        assert [client.post("/log", data=form, follow_redirects=False).status_code for _ in range(2)] == [303, 303]
    entries = house.look_back()["entries"]
    assert sorted(entry["kind"] for entry in entries) == ["note-written", "rung-reached", "visit-logged"]
    assert {entry["author_id"] for entry in entries} == {str(house.teacher)} and len({entry["entry"]["visit_id"] for entry in entries}) == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    (
        ({"rung": "", "note": ""}, 422),
        ({"minutes": "a while"}, 422),
        ({"at": "yesterday"}, 422),
        ({"at": "2026-12-01T10:00"}, 422),
        ({"student": "nobody"}, 422),
    ),
)
def test_a_slip_on_the_plain_page_is_said_and_what_was_typed_stays(house: House, wrong: dict[str, str], status: int) -> None:
    house.runner.catch_up()
    form = {"setting": str(house.setting), "form": str(new_id()), "student": str(house.student), "rung": "default-ladder@1|through-door"}
    form |= {"at": "2026-03-06T08:30", "channel": "phone", "minutes": "", "note": "kept as typed", **wrong}
    with house.browser(house.teacher) as client:
        page = client.post("/log", data=form)
    assert page.status_code == status
    assert form["note"] in page.text and house.ledger.held_entries() == []
