"""The app's pages in a real Chromium, as the people use them: a phone on a doorstep, a tablet in a classroom."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from ap_ledger.cli import demo
from tests.browsing import PHONE, Place, axe, school_day, until
from tests.test_capture_offline import all_sent, ready, with_worker

pytestmark = pytest.mark.browser
LONDON = ZoneInfo("Europe/London")


def visit(context: Any, place: Place, path: str) -> Any:
    page = context.new_page()
    page.said = []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    page.goto(place.chaos.url + path)
    ready(page)
    return page


# From the box to the ledger -----------------------------------------------------------------------------------------


def test_enrol_by_qr_lose_the_signal_log_five_visits_and_find_them_in_the_timelines(chromium: Any, place: Place) -> None:
    desk, phone = chromium.new_context(), chromium.new_context(**PHONE)
    leader = desk.new_page()
    leader.goto(f"{place.chaos.url}/sign-in")
    leader.fill("#name", "leader")
    leader.fill("#password", demo.PASSWORD)
    leader.click("form button")
    leader.goto(f"{place.chaos.url}/devices")
    leader.fill("#name", "Mentor's phone")
    leader.select_option("#kind", "phone")
    leader.click("text=Show its code")
    assert leader.is_visible("img.qr")
    link = leader.inner_text(".note code")
    page = phone.new_page()
    page.goto(link)
    page.click("form button")
    page.wait_for_url("**/sign-in*")
    page.fill("#name", "mentor")
    page.fill("#password", demo.PASSWORD)
    page.click("form button")
    page.wait_for_url("**/visit")
    ready(page)
    with_worker(page)
    phone.set_offline(True)
    for n in range(5):
        child = place.story.children[n]
        page.click(f"#student-{child.id}")
        page.click("#rung-shares-space")
        page.wait_for_selector("#toast >> text=Saved on this phone")
        page.click("#minutes-20")
        page.wait_for_selector("#toast >> text=20 minutes")
        page.click("#face-4")
        page.wait_for_selector("#toast >> text=felt: Good")
        page.click("#next")
    until(lambda: "No signal. 15 entries saved on this phone" in page.inner_text("#strip"))
    phone.set_offline(False)
    all_sent(page)
    assert Counter(one.kind for one in place.recorded("rung-reached", "visit-logged", "voice-heard")) == {
        "rung-reached": 5,
        "visit-logged": 5,
        "voice-heard": 5,
    }
    assert {one.state["minutes"] for one in place.recorded("visit-logged")} == {20} and place.changes("entry-corrected") == [], "put right before it left"

    def story_of(child: Any) -> str:
        leader.goto(f"{place.chaos.url}/students/{child.id}")
        return leader.inner_text(".diary")

    for child in place.story.children[:5]:
        # The timeline follows what was recorded a moment later.
        said = until(lambda child=child: "Shares a space" in (story := story_of(child)) and "Student felt good" in story and story)
        assert "Reached out, in person, 20 minutes" in said
    desk.close()
    phone.close()


def test_a_break_is_scored_on_a_tablet_by_touch_alone(browsers: Callable[..., Any], place: Place) -> None:
    page = visit(browsers(), place, f"/sessions?on={school_day()}&slot=break")
    assert page.get_attribute("#slot-break", "aria-pressed") == "true"
    cells = page.query_selector_all(".cell")
    assert len(page.query_selector_all(".sheet tbody tr")) == 8 and len(cells) >= 80
    page.tap("#everyone")
    columns = len(page.query_selector_all(".sheet tbody tr:first-child .cell"))
    for n in range(columns):
        page.tap('.key[data-value="1"]')
        until(lambda n=n: page.evaluate(f"document.querySelectorAll('.cell[data-column=\"{n}\"][data-look=level]').length") == 8)
    page.tap("#everyone")
    page.tap('.cell[data-row="2"][data-column="3"]')
    page.tap('.key[data-value="0"]')
    until(lambda: "○" in page.inner_text('.cell[data-row="2"][data-column="3"]'))
    page.tap('.cell[data-row="4"][data-column="0"]')
    page.tap('.key[data-value="~not-observed"]')
    until(lambda: page.get_attribute('.cell[data-row="4"][data-column="0"]', "data-look") == "missing")
    all_sent(page)
    now = {(one.student, one.state["indicator"]): one.state for one in place.current("outcome-scored")}
    assert len(now) == 8 * columns and Counter(one["set_by"] for one in now.values())["default"] >= 8 * columns - 2
    assert all(one["session"] == {"date": school_day(), "slot": "break"} for one in now.values())
    starts = {one.occurred_at.astimezone(LONDON).strftime("%H:%M") for one in place.recorded("outcome-scored")}
    assert starts == {"10:05"}, "a score happens at the slot's start"
    until(lambda: "all scored" in page.inner_text("#slot-break"))
    assert page.said == []


def test_a_group_is_scored_by_itself_and_the_tablet_stays_with_it(browsers: Callable[..., Any], place: Place) -> None:
    context, path = browsers(), f"/sessions?on={school_day()}&slot=tutor"
    page = visit(context, place, path)
    mine = sorted(child.name.split()[0] for child in place.story.children[::3])

    def shown() -> list[str]:
        return sorted(one.inner_text().split()[0] for one in page.query_selector_all(".sheet tbody th span"))

    assert len(shown()) == 8
    page.select_option("#group", "willow")
    until(lambda: shown() == mine)
    page.reload()
    ready(page)
    assert shown() == mine and page.input_value("#group") == "willow"
    page.tap("#everyone")
    columns = len(page.query_selector_all(".sheet tbody tr:first-child .cell"))
    for n in range(columns):
        page.tap('.key[data-value="1"]')
        until(lambda n=n: page.evaluate(f"document.querySelectorAll('.cell[data-column=\"{n}\"][data-look=level]').length") == len(mine))
    page.tap("#everyone")
    all_sent(page)
    assert {one.student for one in place.current("outcome-scored")} == {str(child.id) for child in place.story.children[::3]}, "nobody of another group"
    until(lambda: "all scored" in page.inner_text("#slot-tutor"))
    page.tap("#slot-arrival")
    until(lambda: page.get_attribute("#slot-arrival", "aria-pressed") == "true" and page.query_selector("#slot-arrival small"))
    until(lambda: "all scored" in page.inner_text("#slot-tutor"), what="what is open is counted for the group")
    page.select_option("#add", str(place.story.children[1].id))
    until(lambda: len(shown()) == len(mine) + 1)
    page.tap('.key[data-value="1"]')
    all_sent(page)
    until(lambda: len(place.current("outcome-scored")) == columns * len(mine) + 1)
    assert len(shown()) == len(mine) + 1, "who was added stays in sight"
    page.goto(f"{place.chaos.url}/day")
    ready(page)
    assert page.input_value("#group") == "willow" and len(page.query_selector_all(".day > *")) == len(mine)
    page.tap("#all-am")
    all_sent(page)
    until(lambda: len(place.current("session-attended")) == len(mine))
    page.click("#undo")
    all_sent(page)
    until(lambda: place.current("session-attended") == [])
    page.goto(f"{place.chaos.url}/steps")
    ready(page)
    page.tap("#group-hazel")
    until(lambda: page.evaluate("document.querySelectorAll('.chips [id^=student-][aria-pressed=true]').length") == 2)
    assert page.said == []


def test_the_grid_takes_digits_arrows_and_undo_from_a_keyboard_with_one_tab_stop(browsers: Callable[..., Any], place: Place) -> None:
    page = visit(browsers(kind=None), place, f"/sessions?on={school_day()}&slot=lesson-1")
    assert len(page.query_selector_all('.cell[tabindex="0"]')) == 1
    page.focus('.cell[tabindex="0"]')
    for key in ["1", "0", "y", "n", "-", "1"]:
        page.keyboard.press(key)
    row = [page.get_attribute(f'.cell[data-row="0"][data-column="{n}"]', "aria-label").rsplit(": ", 1)[1] for n in range(6)]
    until(lambda: page.get_attribute('.cell[data-row="0"][data-column="5"]', "data-look") == "level")
    row = [page.get_attribute(f'.cell[data-row="0"][data-column="{n}"]', "aria-label").rsplit(": ", 1)[1] for n in range(6)]
    assert row == ["Seen", "Not yet", "Seen", "Not yet", "n/o not observed", "Seen"]
    assert page.evaluate("document.activeElement.dataset.column") == "6"
    page.keyboard.press("Control+z")
    until(lambda: page.get_attribute('.cell[data-row="0"][data-column="5"]', "data-look") == "open")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    until(lambda: page.evaluate("document.activeElement.dataset.row") == "1")
    page.focus('.cell[data-row="0"][data-column="0"]')
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Backspace")
    until(lambda: page.get_attribute('.cell[data-row="0"][data-column="0"]', "data-look") == "open")
    all_sent(page)
    until(lambda: len(place.current("outcome-scored")) == 4)
    assert page.said == []


def test_a_changed_score_is_corrected_an_emptied_one_voided_and_others_scores_are_seen(browsers: Callable[..., Any], place: Place) -> None:
    url = f"/sessions?on={school_day()}&slot=lesson-2"
    page = visit(browsers(), place, url)
    page.tap('.key[data-value="1"]')
    all_sent(page)
    first = until(lambda: place.recorded("outcome-scored"))[0]
    other = visit(browsers(person=place.story.staff[1]), place, url)
    assert other.get_attribute(".cell >> nth=0", "data-look") == "level", "what a colleague scored is there"
    other.tap(".cell >> nth=0")
    other.tap('.key[data-value="0"]')
    all_sent(other)
    until(lambda: place.changes("entry-corrected") == [first.id])
    assert len(place.recorded("outcome-scored")) == 1
    page.reload()
    ready(page)
    until(lambda: "○" in page.inner_text(".cell >> nth=0"))
    page.tap(".cell >> nth=0")
    page.tap('.key[data-value="clear"]')
    all_sent(page)
    until(lambda: place.changes("entry-voided") == [first.id])


def test_the_grid_works_with_no_signal_and_shows_what_it_saved_after_a_reload(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers()
    page = with_worker(visit(context, place, f"/sessions?on={school_day()}&slot=lunch"))
    # A device knows that it has no network, and then nothing is tried; the browser under test forgets it when a page is loaded again.
    context.add_init_script("if (localStorage.away) Object.defineProperty(Navigator.prototype, 'onLine', { get: () => !localStorage.away })")
    page.evaluate("localStorage.away = 'yes'")
    context.set_offline(True)
    page.reload()
    ready(page)
    for _ in range(3):
        page.tap('.key[data-value="1"]')
    until(lambda: page.get_attribute("#strip", "data-waiting") == "3")
    page.reload()
    ready(page)
    assert page.evaluate("document.querySelectorAll('.cell[data-look=level]').length") == 3
    page.tap(".cell >> nth=0")
    page.tap('.key[data-value="0"]')
    until(lambda: "○" in page.inner_text(".cell >> nth=0"))
    assert page.get_attribute("#strip", "data-waiting") == "3", "changed where it lay"
    page.evaluate("localStorage.removeItem('away')")
    context.set_offline(False)
    all_sent(page)
    assert sorted(one.state["level"] for one in place.recorded("outcome-scored")) == [0, 1, 1] and place.changes("entry-corrected") == []


def test_same_as_last_slot_fills_what_is_empty_and_says_that_it_was_not_looked_at(browsers: Callable[..., Any], place: Place) -> None:
    page = visit(browsers(), place, f"/sessions?on={school_day()}&slot=lesson-3")
    page.tap("#everyone")
    for n in range(3):
        page.tap('.key[data-value="1"]')
        until(lambda n=n: page.evaluate(f"document.querySelectorAll('.cell[data-column=\"{n}\"][data-look=level]').length") == 8)
    page.tap("#everyone")
    page.tap("#slot-lesson-4")
    until(lambda: page.get_attribute("#slot-lesson-4", "aria-pressed") == "true")
    page.tap("#same")
    until(
        lambda: (
            page.query_selector("#toast:not([hidden]) >> text=as in Lunch")
            or page.query_selector("#told >> text=Lunch")
            or page.query_selector("#toast >> text=as in Lesson 3")
        )
    )
    page.tap("#slot-lesson-3")
    page.tap("text=Not here >> nth=1")
    until(lambda: page.evaluate("document.querySelectorAll('.cell[data-row=\"1\"][data-look=missing]').length") > 5)
    page.tap("#undo")
    until(lambda: page.evaluate("document.querySelectorAll('.cell[data-row=\"1\"][data-look=missing]').length") == 0)
    all_sent(page)
    assert {one.state["set_by"] for one in place.current("outcome-scored")} == {"default"}


def test_a_shared_tablet_locks_after_two_minutes_and_opens_by_pin_also_with_no_signal(browsers: Callable[..., Any], place: Place) -> None:
    place.accounts.set_pin(place.staff, "482915")
    context = browsers()
    page = context.new_page()
    page.clock.install()
    page.goto(f"{place.chaos.url}/sessions?on={school_day()}&slot=tutor")
    ready(page)
    with_worker(page)

    def lock() -> None:
        page.clock.fast_forward(121_000)
        page.wait_for_selector("#locked")

    def type_pin(pin: str) -> None:
        page.fill("#pin", pin)
        page.click("#locked form button")

    lock()
    assert place.story.children[0].name.split()[0] not in page.inner_text("body"), "no name stays on the screen"
    type_pin("000000")
    page.wait_for_selector("#locked >> text=did not match")
    type_pin("482915")
    page.wait_for_selector(".cell")
    context.set_offline(True)
    page.reload()
    ready(page)
    lock()
    page.reload()
    page.wait_for_selector("#locked")
    type_pin("111111")
    page.wait_for_selector("#locked >> text=did not match")
    type_pin("482915")
    page.wait_for_selector(".cell")
    page.tap('.key[data-value="1"]')
    until(lambda: page.get_attribute("#strip", "data-waiting") == "1")
    context.set_offline(False)
    all_sent(page)
    (score,) = until(lambda: place.recorded("outcome-scored"))
    assert score.author == str(place.staff)


def test_a_locked_tablet_opens_for_a_password_and_nobody_logs_in_anothers_name(browsers: Callable[..., Any], place: Place) -> None:
    one, two = place.staff, place.story.staff[1]
    place.accounts.set_password(two, "second", demo.PASSWORD)
    for person, pin in ((one, "482915"), (two, "730164")):
        place.accounts.set_pin(person, pin)
    context = browsers(person=one)
    place.accounts.begin(two, "full", context.device)
    page = context.new_page()
    page.clock.install()

    def lock() -> None:
        page.clock.fast_forward(121_000)
        page.wait_for_selector("#locked")

    def by_pin(person: UUID, pin: str) -> None:
        page.select_option("#who", str(person))
        page.fill("#pin", pin)
        page.click("#locked form button")
        page.wait_for_selector("#locked", state="detached")
        page.wait_for_selector(".cell")

    page.goto(f"{place.chaos.url}/sessions?on={school_day()}&slot=arrival")
    ready(page)
    with_worker(page)
    for person, pin in ((two, "730164"), (one, "482915")):
        lock()
        by_pin(person, pin)
        ready(page)
    context.set_offline(True)
    lock()
    by_pin(two, "730164")
    page.tap('.key[data-value="1"]')
    until(lambda: page.get_attribute("#strip", "data-waiting") == "1")
    context.set_offline(False)
    page.reload()
    page.wait_for_selector("#locked")
    assert place.story.children[0].name.split()[0] not in page.inner_text("body"), "the service still takes it for somebody else's"
    (score,) = until(lambda: place.recorded("outcome-scored"))
    assert score.author == str(two)
    page.click("text=Sign in with a password")
    page.fill("#name", "ap-staff")
    page.fill("#password", demo.PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/sessions*")
    page.wait_for_selector(".cell")
    assert page.query_selector("#locked") is None


def test_whoever_is_handed_the_tablet_finds_no_list_of_students_on_it(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers()
    page = with_worker(visit(context, place, "/visit"))
    name = place.story.children[0].name.split()[0]
    assert name in page.inner_text("#app")
    page.goto(f"{place.chaos.url}/students/{place.story.children[1].id}/questionnaires/carer-confidence/1?respondent=carer")
    ready(page)
    for offline in (False, True):
        context.set_offline(offline)
        for path in ("/visit", "/sessions", "/day", "/steps"):
            page.goto(place.chaos.url + path)
            ready(page)
            assert name not in page.inner_text("body") and "with a student, a parent or a carer" in page.inner_text("#app"), (path, offline)
    context.set_offline(False)
    page.goto(f"{place.chaos.url}/take-back")
    page.fill("#secret", demo.PASSWORD)
    page.click(".narrow button")
    page.goto(f"{place.chaos.url}/visit")
    ready(page)
    assert name in page.inner_text("#app")


def test_a_units_status_goes_one_tap_up_or_down_for_a_group_with_a_note_as_evidence(browsers: Callable[..., Any], place: Place) -> None:
    one, two = place.story.children[0], place.story.children[1]
    page = visit(browsers(), place, f"/steps?student={one.id}&student={two.id}")
    page.wait_for_selector(".unit-row")
    page.select_option("#list", "all")
    page.fill("#note", "found the stop alone")
    row = page.query_selector_all(".unit-row")[3]
    shown = "[...document.querySelectorAll('.unit-row')[3].querySelectorAll('.tag')].map(tag => tag.innerText)"
    before = page.evaluate(shown)
    row.query_selector_all("button:not([disabled])")[-1].click()
    page.wait_for_selector("#toast:not([hidden])")
    until(lambda: page.evaluate(shown) != before, what="the unit stands where it stood")
    assert page.input_value("#note") == ""
    all_sent(page)
    (step,) = until(lambda: place.recorded("unit-progressed"))
    sealed = place.ledger.recorder._query(
        "SELECT count(*) FROM stored_events e JOIN sealed s ON s.position = e.position WHERE e.position > ? AND e.topic = 'unit-progressed'", (place.position,)
    )[0][0]
    assert step.student in (str(one.id), str(two.id)) and sealed == 1
    page.click("#undo")
    all_sent(page)
    until(lambda: place.changes("entry-voided") == [step.id])
    until(lambda: [tag.inner_text() for tag in page.query_selector_all(".unit-row")[3].query_selector_all(".tag")] == before)
    assert page.said == []


def test_somebody_marked_as_here_once_the_session_is_over_was_there_from_its_start(browsers: Callable[..., Any], place: Place) -> None:
    page = visit(browsers(), place, "/day")
    child = place.story.children[0].id
    page.clock.set_fixed_time(datetime.now(LONDON).replace(hour=20, minute=0))
    page.click(f"#here-am-{child}")
    page.wait_for_selector(f"#left-am-{child}")
    all_sent(page)
    (one,) = until(lambda: place.recorded("session-attended"))
    assert one.state["actual_start"] == one.state["planned_start"]
    assert page.said == []


def test_the_day_marks_who_came_left_was_not_seen_or_was_cancelled_and_who_followed_up(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(person=place.staff, kind="phone")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    # A day that is over: nobody comes or leaves before a session begins, and tests run at every hour.
    place.signed_in_since(context.device, 3)
    page = visit(context, place, f"/day?on={school_day()}")
    a, b, c, d = (child.id for child in place.story.children[:4])
    page.click(f"#here-am-{a}")
    page.wait_for_selector(f"#left-am-{a}")
    page.click(f"#left-am-{a}")
    page.fill(f"#from-am-{a}", "09:12")
    page.press(f"#from-am-{a}", "Tab")
    page.click(f"#unseen-am-{b}")
    page.click(f"#follow-phone-{b}")
    page.click(f"#us-am-{c}")
    page.click(f"#them-am-{d}")
    until(lambda: page.get_attribute(f"#them-am-{d}", "aria-pressed") == "true")
    page.click("#undo")
    until(lambda: page.get_attribute(f"#them-am-{d}", "aria-pressed") == "false")
    page.click("#all-pm")
    page.wait_for_selector("#toast >> text=8 students here from the start")
    page.click("#undo")
    until(lambda: "Afternoon: 8 students still to mark" in page.inner_text("#open-sessions"))
    page.click("#all-pm")
    until(lambda: "Afternoon: everybody is marked" in page.inner_text("#open-sessions"))
    all_sent(page)
    page.reload()
    ready(page)
    until(lambda: page.query_selector("#codes td"))
    mine = {
        one.student: one.state for one in place.current("session-attended") if datetime.fromisoformat(one.state["planned_start"]).astimezone(LONDON).hour < 12
    }
    assert mine[str(c)]["cancelled_by"] == "us" and not mine[str(b)].get("actual_start") and str(d) not in mine
    assert len([one for one in place.current("session-attended") if datetime.fromisoformat(one.state["planned_start"]).astimezone(LONDON).hour >= 12]) == 8
    assert [(one.student, one.state["channel"]) for one in place.recorded("visit-logged")] == [(str(b), "phone")]
    card = page.query_selector(f"section:has(#here-am-{a})").inner_text()
    assert "Here 09:12 to" in card
    assert "phoned" in page.query_selector(f"section:has(#unseen-am-{b})").inner_text()
    codes = page.inner_text("#codes")
    assert "The host school decides" in codes and "expected and not here" in codes
    page.click("#copy")
    assert "\t" in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        page.click("text=Download CSV")
    assert "expected and not here" in Path(download.value.path()).read_text("utf-8")
    assert page.said == []


def test_what_was_refused_is_said_on_the_phone_and_put_right_online(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(person=place.mentor, kind="phone")
    page = visit(context, place, "/visit")
    page.click(f"#student-{place.story.children[0].id}")
    page.evaluate("() => { const old = JSON.stringify; JSON.stringify = value => old(value?.kind === 'rung-reached' ? { ...value, rung: 'moon' } : value); }")
    page.click("#rung-goes-out")
    until(lambda: "1 entry needs you" in page.inner_text("#strip"))
    assert page.get_attribute("#strip", "data-waiting") == "0", "the service keeps it, so the phone may let go"
    page.click("#strip .warn a")
    page.wait_for_selector("h1 >> text=Waiting for you")
    axe(page, "what waits for its author")
    page.select_option('select[name="field:rung"]', "goes-out")
    page.click("text=Record it")
    page.wait_for_selector("text=recorded as you put it right")
    assert [one.state["rung"] for one in place.recorded("rung-reached")] == ["goes-out"]
    page.goto(f"{place.chaos.url}/visit")
    ready(page)
    until(lambda: "needs you" not in page.inner_text("#strip"), what="the phone still says that something needs somebody")


# Everybody can use it -----------------------------------------------------------------------------------------------


def states(context: Any, place: Place) -> Iterator[tuple[str, Any]]:
    """The app's pages with data in them, and in every other state that somebody may meet."""
    child = place.story.children[0].id
    page = visit(context, place, "/visit")
    yield "visit, nobody chosen", page
    page.fill("#search", "nobody of that name")
    yield "visit, nobody found", page
    page.fill("#search", "")
    page.click(f"#student-{child}")
    page.click("#rung-goes-out")
    page.wait_for_selector("#toast:not([hidden])")
    for part in ("when", "own-words", "a-note", "a-context", "a-worry"):
        page.click(f"#{part} summary")
    yield "visit, everything open", page
    all_sent(page)
    page = visit(context, place, f"/sessions?on={school_day()}&slot=break")
    page.click('.key[data-value="1"]')
    page.click("#everyone")
    page.click("#options summary")
    yield "grid", page
    all_sent(page)
    yield "grid, no timetable", visit(context, place, "/sessions?on=2020-01-01")
    page = visit(context, place, f"/steps?student={child}")
    page.wait_for_selector(".unit-row")
    yield "steps", page
    yield "steps, nobody chosen", visit(context, place, "/steps")
    page = visit(context, place, "/day")
    page.click(f"#unseen-am-{place.story.children[5].id}")
    page.wait_for_selector(f"#follow-phone-{place.story.children[5].id}")
    # What lies half under the passing message hangs on what was marked before; the message itself is looked at on other pages.
    page.evaluate("document.querySelector('#toast').hidden = true")
    yield "day", page
    all_sent(page)
    yield "day, nobody expected", visit(context, place, "/day?on=2020-01-01")
    with_worker(page)
    context.set_offline(True)
    page = context.new_page()
    page.goto(f"{place.chaos.url}/students/{child}")
    yield "offline", page
    page = visit(context, place, "/visit")
    page.click(f"#student-{child}")
    page.click("#rung-goes-out")
    page.wait_for_selector("#strip .wait")
    yield "visit, no signal", page
    context.set_offline(False)
    all_sent(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_in_any_state(browsers: Callable[..., Any], place: Place, scheme: str) -> None:
    for name, page in states(browsers(kind="phone", color_scheme=scheme), place):
        axe(page, f"{name}, {scheme}")


def test_nothing_scrolls_sideways_at_320_and_every_target_is_44_pixels(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(kind="phone", viewport={"width": 320, "height": 700})
    for name, page in states(context, place):
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        small = page.evaluate(
            """[...document.querySelectorAll('a:not(.skip), button, input, select, summary, textarea')].filter(one => one.offsetParent && getComputedStyle(one).display !== 'inline')
               .map(one => [one.closest('label') ?? one, one]).filter(([box]) => box.getBoundingClientRect().height < 43.5 || box.getBoundingClientRect().width < 43.5)
               .map(([, one]) => one.outerHTML.slice(0, 100))"""
        )
        assert small == [], name


def test_the_app_is_used_by_keyboard_alone(browsers: Callable[..., Any], place: Place) -> None:
    page = visit(browsers(kind=None, person=place.mentor), place, "/visit")
    page.focus("#search")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    chosen = page.evaluate("document.activeElement.id")
    assert chosen.startswith("student-") and page.get_attribute(f"#{chosen}", "aria-pressed") == "true", "the focus stays where it was"
    while not page.evaluate("document.activeElement.id").startswith("rung-"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#toast:not([hidden])")
    assert page.evaluate("document.activeElement.id").startswith("rung-")
    assert page.evaluate("document.querySelector('#toast').getAttribute('role')") == "status"
    all_sent(page)


@pytest.mark.parametrize("role", ["family", "commissioner"])
def test_whoever_is_signed_in_and_logs_nobody_is_not_told_to_sign_in(browsers: Callable[..., Any], place: Place, role: str) -> None:
    context = browsers(person=place.story.others[role], kind=None)
    page = context.new_page()
    page.goto(f"{place.direct}/visit")
    page.wait_for_selector("text=There is nobody for you to log here")
    assert page.locator("text=Sign in to begin").count() == 0
    page.click("#app a.button")
    page.wait_for_url(f"{place.direct}/")


# Fast enough --------------------------------------------------------------------------------------------------------


def test_the_first_load_is_under_120_kilobytes_and_holds_no_chart_library(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(kind="phone")
    page = context.new_page()
    loaded: list[tuple[str, int]] = []
    page.on("response", lambda answer: loaded.append((answer.url, answer.request.sizes()["responseBodySize"])))
    with page.expect_response(lambda answer: "/api/v1/capture" in answer.url) as roster:
        page.goto(f"{place.direct}/visit")
        ready(page)
    mine = {url: size for url, size in loaded if "/api/" not in url}
    assert sum(mine.values()) < 120_000 and not any("plotly" in url for url in mine), mine
    assert len(gzip.compress(page.request.get(roster.value.url).body())) < 20_000


OF_A_DESK = 5.0
"""Milliseconds that the work below takes in Chromium on the desk's machine that a phone is four times slower than."""
WORK = """() => {
  const once = () => {
    const [began, seen] = [performance.now(), new Map()];
    for (let n = 0, all = 0; n < 200000; n++) { seen.set(n % 997, `${n}`); all += seen.get(n % 997).length; }
    return performance.now() - began;
  };
  return Math.min(...Array.from({ length: 30 }, once));
}"""


def slowed_to_a_phone(page: Any) -> None:
    """Four times slower than a desk's machine, whatever this one is: a slower one is slowed less."""
    rate = max(1.0, 4 * OF_A_DESK / page.evaluate(WORK))
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})


def test_a_tap_is_saved_within_a_tenth_of_a_second_on_a_phone_four_times_slower(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(person=place.mentor, kind="phone")
    page = visit(context, place, "/visit")
    slowed_to_a_phone(page)
    page.click(f"#student-{place.story.children[0].id}")
    took = []
    for rung in ("goes-out", "face-to-face", "carer-only", "through-door", "shares-space", "reaches-site", "no-contact"):
        page.click(f"#rung-{rung}")
        page.wait_for_selector("#toast:not([hidden])")
        took.append(int(page.get_attribute("#toast", "data-took")))
        page.evaluate("document.querySelector('#toast').hidden = true")
    # Whatever else runs on this machine only adds to a tap, so the quickest of seven is what a tap itself takes.
    assert min(took) < 100, took
    all_sent(page)


def test_a_second_rung_its_anxiety_a_channel_and_taking_one_back_are_all_recorded_right(browsers: Callable[..., Any], place: Place) -> None:
    page = visit(browsers(kind="phone"), place, "/visit")
    page.click(f"#student-{place.story.children[0].id}")
    page.click("#rung-through-door")
    all_sent(page)
    page.click("#rung-goes-out")
    page.click("#anxious summary")
    page.click("#anxiety-7")
    page.wait_for_selector("#toast >> text=anxiety 7")
    page.click("#anxiety-4")
    page.wait_for_selector("#toast >> text=anxiety 4")
    page.click("#undo")
    page.wait_for_selector("#toast >> text=Undone")
    page.click("#channel-text")
    page.wait_for_selector("#toast >> text=Text")
    page.click("text=Take back >> nth=0")
    page.wait_for_selector("#toast >> text=Taken back")
    all_sent(page)
    (door, out) = place.recorded("rung-reached")
    assert place.changes("entry-voided") == [door.id]
    leader = visit_json(place, out.student)
    told = {one["id"]: one for one in leader if one["id"] in (door.id, out.id) or one["kind"] == "visit-logged"}
    assert told[out.id]["entry"]["anxiety"] == 7 and told[door.id]["status"] == "voided"
    effort = next(one for one in told.values() if one["kind"] == "visit-logged" and one["entry"].get("visit_id") == out.state["visit_id"])
    assert effort["entry"]["channel"] == "text" and effort["status"] == "corrected"


def visit_json(place: Place, student: str) -> list[dict[str, Any]]:
    """A student's newest entries, as a leader's program reads them."""
    token = place.accounts.make_token(place.story.others["leader"], ["read"], 1)
    position = place.ledger.recorder.read_head().position
    found: list[dict[str, Any]] = demo.get(f"{place.direct}/api/v1/students/{student}/history?limit=30&min_position={position}", token)["entries"]
    return found


def test_a_visit_of_yesterday_is_logged_when_it_happened(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers(person=place.mentor, kind="phone")
    place.signed_in_since(context.device, 3)
    page = visit(context, place, "/visit")
    page.click(f"#student-{place.story.children[0].id}")
    page.click("#when summary")
    wanted = (datetime.now(LONDON) - timedelta(days=1)).replace(hour=16, minute=40, second=0, microsecond=0)
    page.fill("#earlier", wanted.strftime("%Y-%m-%dT%H:%M"))
    page.press("#earlier", "Tab")
    page.click("#rung-face-to-face")
    page.wait_for_selector("#toast:not([hidden])")
    all_sent(page)
    (found,) = place.recorded("rung-reached")
    assert found.occurred_at == wanted.astimezone(UTC)
