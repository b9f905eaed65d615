"""The browser under the app: a database that it closes without a word, one that it does not give, and scripts that do not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ap_ledger.recording.ledger import new_id
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


# Emptied under the app ------------------------------------------------------------------------------------------------

EMPTY = """
(async closing => {
  if (closing) for (const connection of window.connections) connection.close();
  await new Promise((done, failed) => {
    const request = indexedDB.deleteDatabase("ap-ledger");
    request.onsuccess = done;
    request.onerror = failed;
  });
})
"""
KEPT = """
new Promise(done => {
  const request = indexedDB.open("ap-ledger");
  request.onsuccess = () => {
    const rows = request.result.transaction("meta").objectStore("meta").getAllKeys();
    rows.onsuccess = () => { request.result.close(); done(rows.result); };
  };
})
"""

LET_GO = """
new Promise(done => new BroadcastChannel("ap-ledger").addEventListener("message", ({ data }) => { if (data === "let-go") done(); }))
"""
STORE = "import(performance.getEntriesByType('resource').map(entry => entry.name).find(name => name.includes('/app/store')))"


def tap(page: Any, what: str) -> None:
    """Taps, and waits until the page says that it is saved."""
    page.evaluate("document.querySelector('#toast').hidden = true")
    page.click(what)
    page.wait_for_selector("#toast:not([hidden]) >> text=Saved on this")


@pytest.mark.browser
@pytest.mark.parametrize("closing", (True, False), ids=("closed without a word", "closed with an event"))
def test_a_database_emptied_under_the_phone_is_made_again_and_every_tap_is_saved(
    browsers: Callable[..., Any],
    place: Place,
    closing: bool,
) -> None:
    page = phone_with(browsers, place, KEEP_CONNECTIONS)
    ready(page)
    page.click(f"#student-{place.story.children[0].id}")
    rungs = ("through-door", "face-to-face", "shares-space")
    for rung in rungs:
        page.evaluate(f"({EMPTY})({str(closing).lower()})")
        tap(page, f"#rung-{rung}")
    until(lambda: len(place.recorded("rung-reached")) >= len(rungs), what="not every tap")
    assert {entry.state["rung"] for entry in place.recorded("rung-reached")} == set(rungs)
    assert len(place.recorded("rung-reached")) == len(rungs)
    assert {"box-key", "key", "person"} <= set(page.evaluate(KEPT))


@pytest.mark.browser
def test_what_waits_with_no_signal_survives_that_the_database_is_emptied(browsers: Callable[..., Any], place: Place) -> None:
    page = phone_with(browsers, place, KEEP_CONNECTIONS)
    ready(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.click(f"#student-{place.story.children[0].id}")
    place.chaos.go("down")
    page.context.set_offline(True)
    tap(page, "#rung-through-door")
    page.wait_for_selector('#strip[data-waiting="2"]')
    page.evaluate(f"({EMPTY})(true)")
    tap(page, "#rung-face-to-face")
    page.wait_for_selector('#strip[data-waiting="3"]')
    page.reload()
    ready(page)
    page.click(f"#student-{place.story.children[0].id}")
    page.wait_for_selector("#so-far >> text=Talks through a door")
    place.chaos.go("ok")
    page.context.set_offline(False)
    rungs = {"through-door", "face-to-face"}
    until(lambda: {entry.state["rung"] for entry in place.recorded("rung-reached")} == rungs, what="not every tap")
    assert len(place.recorded("rung-reached")) == len(rungs)


@pytest.mark.browser
def test_a_database_emptied_under_the_day_is_made_again_and_every_tap_is_saved(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(kind="tablet")
    context.add_init_script(KEEP_CONNECTIONS)
    page = context.new_page()
    page.goto(place.chaos.url + "/day")
    ready(page)
    children = [child.id for child in place.story.children[:3]]
    for child in children:
        page.evaluate(f"({EMPTY})(true)")
        tap(page, f"#unseen-am-{child}")
    until(lambda: len(place.recorded("session-attended")) >= len(children), what="not every tap")
    assert {entry.student for entry in place.recorded("session-attended")} == set(map(str, children))


@pytest.mark.browser
def test_what_was_let_go_of_when_somebody_signed_out_is_not_put_back(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(place.mentor, kind=None)
    context.add_init_script(KEEP_CONNECTIONS)
    page, other = context.new_page(), context.new_page()
    page.goto(place.chaos.url + "/visit")
    ready(page)
    page.evaluate(f"window.told = {LET_GO}; undefined")
    other.goto(place.chaos.url + "/people")
    other.evaluate("""document.querySelector('form[action="/sign-out"]').requestSubmit()""")
    other.wait_for_url("**/sign-in*")
    page.evaluate("window.told")
    context.set_offline(True)
    page.evaluate(f"({EMPTY})(true)")
    page.evaluate("dispatchEvent(new Event('focus'))")
    # The app answers once its database is open again, with all that it would put there.
    page.evaluate(f"{STORE}.then(store => store.fact('born'))")
    assert page.evaluate(KEPT.replace('"meta"', '"hidden"')) == []


@pytest.mark.browser
@pytest.mark.parametrize("script", (DENIED, NEVER_ANSWERS))
def test_a_browser_that_keeps_nothing_is_told_so_with_a_way_to_log_online(browsers: Callable[..., Any], place: Place, script: str) -> None:
    page = phone_with(browsers, place, script)
    page.wait_for_selector("text=This browser keeps nothing on this device")
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
    page.wait_for_selector("text=This takes longer than it should")
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
    assert form["note"] in page.text and house.ledger.waiting.entries() == []
