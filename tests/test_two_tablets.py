"""Two tablets with no signal tell of the same morning and the same score: one fact, shown with both, settled with one tap."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.browsing import Place, axe, school_day, until

WAITS = """new Promise(done => { const asked = indexedDB.open('ap-ledger'); asked.onsuccess = () => { const db = asked.result;
  const counted = db.transaction('outbox').objectStore('outbox').count(); counted.onsuccess = () => { db.close(); done(counted.result); }; }; })"""


def opened(browsers: Callable[..., Any], place: Place, path: str) -> list[Any]:
    """The same page on two tablets, with a teacher on each."""
    pages = []
    for person in place.story.staff[:2]:
        page = browsers(person).new_page()
        page.goto(place.chaos.url + path)
        page.wait_for_selector('html[data-ready="1"]', state="attached")
        pages.append(page)
    return pages


def apart(pages: list[Any], *taps: Callable[[Any], None]) -> None:
    """Each does something with no signal, and then both have one again."""
    for page in pages:
        page.context.set_offline(True)
    for page, tap in zip(pages, taps, strict=True):
        tap(page)
        page.wait_for_function(f"async () => (await {WAITS}) > 0")
    for page in pages:
        page.context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
    until(lambda: all(page.evaluate(WAITS) == 0 for page in pages), 40, "the tablets did not send what they held")


def asked(place: Place, path: str) -> Any:
    token = place.accounts.make_token(place.story.others["leader"], ("all",), 1)
    return json.loads(urllib.request.urlopen(urllib.request.Request(place.direct + path, headers={"authorization": "Bearer " + token})).read())


def sessions(place: Place, child: Any) -> dict[str, int]:
    found = asked(place, f"/api/v1/students/{child}/history")["progress"]["sessions"]
    return {name: times for name, times in found.items() if name not in ("late", "minutes")}


@pytest.mark.parametrize(("tapped", "becomes"), [("here", "attended"), ("unseen", "not-attended")])
def test_two_who_tell_one_morning_differently_are_shown_and_settled_with_one_tap(place: Place, browsers: Callable[..., Any], tapped: str, becomes: str) -> None:
    child = place.story.children[0 if tapped == "here" else 1].id
    before = sessions(place, child)
    pages = opened(browsers, place, "/day")
    apart(pages, lambda page: page.click(f"#here-am-{child}"), lambda page: page.click(f"#unseen-am-{child}"))
    after = until(lambda: (found := sessions(place, child)) != before and found, what="nothing was counted")
    assert after == {**before, "disputed": 1}, "one session, and it is not said which"
    row = next(one for one in asked(place, f"/api/v1/settings/{place.story.setting}/day?date={date.today()}")["students"] if one["student_id"] == str(child))
    assert [(one["code"], one["disputed"]) for one in row["sessions"]] == [(None, True)]
    page = pages[0]
    page.reload()
    page.wait_for_selector(f"#differ-am-{child}")
    words = page.inner_text(f"#differ-am-{child}")
    assert "here since" in words and "not seen" in words and "Tap what is right" in words
    assert page.get_attribute(f"#here-am-{child}", "aria-pressed") == "false"
    axe(page, "the day, with two who differ")
    page.click(f"#{tapped}-am-{child}")
    page.wait_for_selector(f"#differ-am-{child}", state="detached")
    until(lambda: sessions(place, child) == {**before, becomes: before.get(becomes, 0) + 1}, what="it was not settled")
    page.reload()
    page.wait_for_selector(f'#{tapped}-am-{child}[aria-pressed="true"]')


def test_two_who_say_the_same_are_counted_once_and_nobody_is_asked_anything(place: Place, browsers: Callable[..., Any]) -> None:
    child = place.story.children[2].id
    before = sessions(place, child)
    pages = opened(browsers, place, "/day")
    apart(pages, lambda page: page.click(f"#unseen-am-{child}"), lambda page: page.click(f"#unseen-am-{child}"))
    until(lambda: sessions(place, child) == {**before, "not-attended": before.get("not-attended", 0) + 1}, what="it was not counted once")
    pages[0].reload()
    pages[0].wait_for_selector(f'#unseen-am-{child}[aria-pressed="true"]')
    assert pages[0].query_selector(f"#differ-am-{child}") is None


def test_two_who_score_one_thing_differently_are_shown_in_its_cell_and_settled_with_one_tap(place: Place, browsers: Callable[..., Any]) -> None:
    pages = opened(browsers, place, f"/sessions?on={school_day()}")
    cell = pages[0].query_selector_all("button.cell[data-look=open]")[0].get_attribute("data-name")
    student, item = cell.split("|")
    slot = pages[0].query_selector('#slots button[aria-pressed="true"]').get_attribute("id").removeprefix("slot-")

    def press(key: str) -> Callable[[Any], None]:
        def pressed(page: Any) -> None:
            page.click(f'button.cell[data-name="{cell}"]')
            page.keyboard.press(key)

        return pressed

    apart(pages, press("y"), press("n"))
    where = f"/api/v1/settings/{place.story.setting}/sheet?date={school_day()}&slot={slot}"
    disputed = lambda: next(one for one in asked(place, where)["students"] if one["student_id"] == student)["disputed"]  # noqa: E731
    assert until(disputed, what="nobody noticed")[0]["indicator"] == item
    page = pages[0]
    page.reload()
    page.wait_for_selector(f'button.cell[data-name="{cell}"][data-look="differ"]')
    page.click(f'button.cell[data-name="{cell}"]')
    assert "Two people said" in page.inner_text("#where") and "two people said" in page.get_attribute(f'button.cell[data-name="{cell}"]', "aria-label")
    axe(page, "the sheet, with two who differ")
    page.keyboard.press("n")
    page.wait_for_selector(f'button.cell[data-name="{cell}"][data-look="level"]')
    until(lambda: disputed() == [], what="it was not settled")


def test_an_answer_that_was_asked_for_before_does_not_take_cells_away_from_under_an_undo(place: Place, browsers: Callable[..., Any]) -> None:
    """A sheet that comes late knows nothing of what was scored and sent meanwhile."""
    page = opened(browsers, place, f"/sessions?on={school_day()}&slot=lesson-1")[0]
    late, failed = [], []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.route("**/sheet?**", lambda route: late.append((route, route.fetch())))
    page.tap('.key[data-value="1"]')
    until(lambda: page.evaluate("1") and late, what="the sheet was not asked for")
    page.tap("#everyone")
    page.tap('.cell[data-row="0"][data-column="2"]')
    page.tap('.key[data-value="1"]')
    filled = "document.querySelectorAll('.cell[data-column=\"2\"][data-look=level]').length"
    until(lambda: page.evaluate(filled) == 8)
    until(lambda: len(place.current("outcome-scored")) == 9 and page.evaluate(WAITS) == 0, what="it was not sent")
    route, answer = late[0]
    with page.expect_response("**/sheet?**"):
        page.evaluate("document.querySelector('#slots button').dataset.before = 'yes'")
        route.fulfill(response=answer)
    page.wait_for_selector("#slots button[data-before]", state="detached")
    assert page.evaluate(filled) == 8, "what was scored since stays"
    page.tap("#undo")
    page.wait_for_selector("#toast >> text=Undone")
    until(lambda: page.evaluate(filled) == 0)
    for route, answer in late[1:]:
        route.fulfill(response=answer)
    until(lambda: len(place.current("outcome-scored")) == 1, what="false scores stayed recorded")
    assert page.evaluate(filled) == 0 and failed == []
    assert page.query_selector_all("#app > :not(*)") == [] and "null" not in page.inner_text("#app")


def test_what_fails_where_nobody_thought_of_it_is_said_and_the_next_tap_is_done(place: Place, browsers: Callable[..., Any]) -> None:
    page = opened(browsers, place, f"/sessions?on={school_day()}&slot=lesson-2")[0]
    page.evaluate("() => { window.kept = CSS.escape; CSS.escape = () => { throw new Error('broken') } }")
    page.tap('.key[data-value="1"]')
    page.wait_for_selector("#toast [role=alert] >> text=Something did not work")
    page.evaluate("() => { CSS.escape = window.kept }")
    page.tap('.cell[data-row="1"][data-column="0"]')
    page.tap('.key[data-value="1"]')
    page.wait_for_selector('.cell[data-row="1"][data-column="0"][data-look="level"]')
    assert page.query_selector("#toast [role=alert]") is None
