"""Twenty visits through everything that goes wrong on a doorstep: each recorded once, with its author, its content and its time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from ap_ledger.cli import demo
from ap_ledger.domain.device import RevokeDevice
from ap_ledger.recording.ledger import new_id
from tests.browsing import PHONE, Place, until

pytestmark = pytest.mark.browser
VISITS = 20
RUNGS = ["no-contact", "carer-only", "hostile-contact", "through-door", "face-to-face", "shares-space", "goes-out", "reaches-site"]


class Tap(NamedTuple):
    """A rung somebody tapped: about whom, which, as whom, and between which two moments of the true clock."""

    student: str
    rung: str
    author: str
    before: datetime
    after: datetime


@pytest.fixture
def phone(browsers: Callable[..., Any]) -> Callable[..., Any]:
    """Makes browsers of enrolled phones, in which the mentor is signed in."""
    return partial(browsers, kind="phone")


def open_app(context: Any, place: Place, path: str = "/visit") -> Any:
    page = context.new_page()
    page.said = []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(place.chaos.url + path)
    ready(page)
    return page


def ready(page: Any) -> None:
    page.wait_for_selector('html[data-ready="1"]', state="attached")


def with_worker(page: Any) -> Any:
    """Waits until the app would open with no signal."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    until(lambda: page.evaluate("caches.keys().then(names => names.length)"), what="the worker kept nothing")
    return page


def log(page: Any, place: Place, number: int, author: UUID | None = None, start: int = 0) -> list[Tap]:
    """Logs so many visits by tapping, and says what was tapped."""
    taps = []
    page.bring_to_front()
    for n in range(start, start + number):
        child, rung = place.story.children[n % len(place.story.children)], RUNGS[n % len(RUNGS)]
        page.click(f"#student-{child.id}")
        # Taps are done in turn: until the first has been done, what is shown is another's.
        page.wait_for_selector(f"#student-{child.id}[aria-pressed=true]")
        if page.query_selector("#so-far li"):
            page.click("#another")
            page.wait_for_selector("#so-far li", state="detached")
        before = datetime.now(UTC)
        page.evaluate("document.querySelector('#toast').hidden = true")
        page.click(f"#rung-{rung}")
        page.wait_for_selector("#toast:not([hidden]) >> text=Saved on this")
        taps.append(Tap(str(child.id), rung, str(author or place.mentor), before, datetime.now(UTC)))
    return taps


IN_THE_OUTBOX = """new Promise(done => { const asked = indexedDB.open('ap-ledger'); asked.onsuccess = () => {
  const db = asked.result, counted = db.transaction('outbox').objectStore('outbox').count(); counted.onsuccess = () => { db.close(); done(counted.result); }; }; })"""


def all_sent(page: Any, seconds: float = 40) -> None:
    """Waits until nothing lies in the outbox, and the strip says so. The strip alone may be a moment behind."""
    until(lambda: page.evaluate(IN_THE_OUTBOX) == 0, seconds, "something still waits on the phone")
    until(lambda: page.get_attribute("#strip", "data-waiting") == "0", seconds, "the strip says that something still waits")


def compare(place: Place, taps: list[Tap], slack: float = 3.0) -> None:
    """Everything that was tapped is in the ledger once: content, author and time of every entry, and the effort beside it."""
    rungs = place.recorded("rung-reached")
    assert [(one.status, one.message) for one in place.ledger.waiting.entries(limit=1000)] == []
    assert Counter((one.student, one.state["rung"], one.author) for one in rungs) == Counter((tap.student, tap.rung, tap.author) for tap in taps)
    left = list(rungs)
    for tap in taps:
        fits = [
            one for one in left if (one.student, one.state["rung"], one.author) == (tap.student, tap.rung, tap.author)
            and tap.before - timedelta(seconds=slack) <= one.occurred_at <= tap.after + timedelta(seconds=slack)
        ]  # fmt: skip
        assert fits, f"no entry for {tap}"
        left.remove(min(fits, key=lambda one: abs(one.occurred_at - tap.before)))
    assert left == []
    efforts = place.recorded("visit-logged")
    assert Counter((one.student, one.author) for one in efforts) == Counter((tap.student, tap.author) for tap in taps)
    assert all((one.state["effort"], one.state["channel"]) == ("attempted", "in-person") for one in efforts)
    assert {one.state["visit_id"] for one in efforts} == {one.state["visit_id"] for one in rungs} and len({one.state["visit_id"] for one in rungs}) == len(taps)
    assert place.ledger.recorder._query("SELECT count(DISTINCT originator_id), count(*) FROM stored_events WHERE position > ? AND topic = ?", (place.position, "rung-reached"))[0] == (
        len(taps), len(taps),
    )  # fmt: skip


def test_with_no_signal_twenty_visits_survive_a_reload_and_a_closed_tab(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    context.set_offline(True)
    taps = log(page, place, 10)
    until(lambda: "No signal. 20 entries saved on this phone" in page.inner_text("#strip"))
    page.reload()
    ready(page)
    taps += log(page, place, 10, start=10)
    page.close()
    page = context.new_page()
    page.goto(f"{place.chaos.url}/visit")
    ready(page)
    until(lambda: "No signal. 40 entries saved" in page.inner_text("#strip"))
    context.set_offline(False)
    all_sent(page)
    compare(place, taps)


@pytest.mark.parametrize(("mode", "times"), [("500-before", 3), ("500-after", 2), ("reset-after", 3)])
def test_answers_that_fail_or_get_lost_are_asked_for_again(phone: Any, place: Place, mode: Any, times: int) -> None:
    page = open_app(phone(), place)
    place.chaos.go(mode, times)
    hits = place.chaos.hits
    taps = log(page, place, VISITS)
    all_sent(page)
    assert place.chaos.hits - hits == times
    compare(place, taps)


@pytest.mark.parametrize("mode", ["down", "silent", "portal"])
def test_signal_bars_with_nothing_behind_them_lose_nothing(phone: Any, place: Place, mode: Any) -> None:
    page = with_worker(open_app(phone(), place))
    place.chaos.go(mode)
    taps = log(page, place, VISITS)
    until(lambda: int(page.get_attribute("#strip", "data-waiting")) == 2 * VISITS)
    assert page.evaluate("navigator.onLine")
    assert place.recorded("rung-reached") == []
    page.reload()
    ready(page)
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page)
    compare(place, taps)


def test_a_browser_that_is_killed_keeps_what_it_said_was_saved(
    browser_type: Any, browser_type_launch_args: dict[str, Any], place: Place, tmp_path: Path
) -> None:
    device, credential = place.device()
    profile = tmp_path / "profile"

    def start() -> Any:
        return browser_type.launch_persistent_context(str(profile), **browser_type_launch_args, **PHONE)

    # A browser writes its cookies down within half a minute; this one is given the time by closing it once.
    context = start()
    context.add_cookies(place.cookies(place.mentor, device, credential))
    open_app(context, place)
    context.close()
    context = start()
    page = with_worker(open_app(context, place))
    place.chaos.go("down")
    taps = log(page, place, VISITS)
    for process in subprocess.run(["pgrep", "-f", str(profile)], capture_output=True, text=True, check=False).stdout.split():
        os.kill(int(process), signal.SIGKILL)
    until(lambda: not subprocess.run(["pgrep", "-f", str(profile)], capture_output=True, check=False).stdout)
    (profile / "SingletonLock").unlink(missing_ok=True)
    again = start()
    page = again.new_page()
    page.goto(f"{place.chaos.url}/visit")
    ready(page)
    until(lambda: int(page.get_attribute("#strip", "data-waiting")) == 2 * VISITS)
    place.chaos.go("ok")
    page.reload()
    ready(page)
    all_sent(page)
    again.close()
    compare(place, taps)


def test_what_waits_is_sent_though_the_sign_in_is_long_over(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    context.set_offline(True)
    taps = log(page, place, VISITS)
    place.accounts.sign_out_everywhere(place.mentor)
    context.clear_cookies(name="__Host-ap-ledger")
    context.set_offline(False)
    all_sent(page)
    held = [one for one in place.ledger.waiting.entries(limit=1000) if one.resolution is None]
    assert held == []
    compare(place, taps)
    page.reload()
    ready(page)
    assert "Sign in again" in page.inner_text("#strip")


def test_a_browser_nobody_enrolled_keeps_everything_until_somebody_signs_in_again(chromium: Any, place: Place) -> None:
    context = chromium.new_context(**PHONE)
    context.add_cookies(place.cookies(place.mentor))
    page = with_worker(open_app(context, place))
    place.accounts.sign_out_everywhere(place.mentor)
    taps = log(page, place, VISITS)
    until(lambda: "Sign in to send" in page.inner_text("#strip"))
    page.click("#strip a")
    page.fill("#name", "mentor")
    page.fill("#password", demo.PASSWORD)
    page.click("form button")
    page.wait_for_url("**/visit")
    ready(page)
    all_sent(page)
    compare(place, taps)
    context.close()


def test_two_tabs_send_everything_once(phone: Any, place: Place) -> None:
    context = phone()
    one, two = with_worker(open_app(context, place)), open_app(context, place)
    place.chaos.go("down")
    taps = log(one, place, 10) + log(two, place, 10, start=10)
    place.chaos.go("reset-after", 1)
    for page in (one, two):
        page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(one)
    all_sent(two)
    compare(place, taps)


def test_a_new_version_of_the_app_leaves_what_waits_alone(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    place.chaos.go("down")
    taps = log(page, place, VISITS)
    # The next version of the worker is another file under the same address, which throws away the shell that it does not know.
    page.evaluate(
        "caches.open('ap-ledger-next').then(() => caches.keys()).then(names => Promise.all(names.filter(name => name !== 'ap-ledger-next').map(name => caches.delete(name))))"
    )
    page.evaluate("navigator.serviceWorker.getRegistrations().then(all => Promise.all(all.map(one => one.unregister())))")
    place.chaos.go("ok")
    page.reload()
    ready(page)
    with_worker(page)
    all_sent(page)
    compare(place, taps)


def test_with_every_page_closed_the_worker_sends_when_the_signal_comes_back(whole_browsers: Callable[..., Any], place: Place) -> None:
    context = whole_browsers(kind="phone")
    page = with_worker(open_app(context, place))
    page.reload()
    ready(page)
    context.set_offline(True)
    taps = log(page, place, VISITS)
    page.close()
    context.set_offline(False)
    until(lambda: len(place.recorded("rung-reached")) == VISITS, 60, "the worker sent nothing")
    compare(place, taps)


SLOW_QUEUE = """(() => { const real = setTimeout; window.setTimeout = (work, ms, ...given) => real(work, ms === 0 ? 1500 : ms, ...given); })()"""


def test_a_send_that_fails_late_does_not_put_off_the_one_that_the_signal_asked_for(phone: Any, place: Place) -> None:
    page = with_worker(open_app(phone(), place))
    page.evaluate("Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { get: () => undefined })")
    # So many sends fail that the next would be a minute and a half away.
    place.chaos.go("down")
    taps = log(page, place, VISITS)
    place.chaos.go("silent")
    # What is asked for at once comes a moment later on a busy phone, and the send before it may fail in between.
    page.evaluate(SLOW_QUEUE)
    page.evaluate("dispatchEvent(new Event('online'))")
    until(lambda: place.chaos.unanswered, what="nothing was sent into the silence")
    page.evaluate("dispatchEvent(new Event('online'))")
    place.chaos.go("ok")
    all_sent(page)
    compare(place, taps)


WRONG_CLOCK = """(() => { const True = Date; let by = Number(localStorage.getItem('clock') ?? 0);
  window.setClock = ms => { by = ms; localStorage.setItem('clock', String(ms)); };
  class Wrong extends True { constructor(...given) { given.length ? super(...given) : super(True.now() + by); } static now() { return True.now() + by; } }
  window.Date = Wrong;
  // The worker of a real phone has the phone's clock; this one would have the machine's, so the page alone sends.
  Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { get: () => undefined });
})()"""


def test_a_phone_whose_clock_is_three_hours_wrong_records_when_it_happened(phone: Any, place: Place) -> None:
    context = phone()
    context.add_init_script(WRONG_CLOCK)
    page = with_worker(open_app(context, place))
    page.evaluate("setClock(-3 * 3600 * 1000)")
    place.chaos.go("down")
    taps = log(page, place, VISITS)
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page)
    compare(place, taps)
    assert "is 180 minutes slow" in page.inner_text("#strip")
    assert not any(one.state.get("flags") for one in place.recorded("rung-reached"))


def test_a_clock_that_was_changed_between_two_sends_is_said_to_be_uncertain(phone: Any, place: Place) -> None:
    context = phone()
    context.add_init_script(WRONG_CLOCK)
    page = open_app(context, place)
    first = log(page, place, 1)
    all_sent(page)
    page.evaluate("setClock(50 * 60 * 1000)")
    later = log(page, place, 1, start=1)
    all_sent(page)
    compare(place, first + later)
    assert [bool(one.state.get("flags")) for one in place.recorded("rung-reached")] == [False, True]


def test_a_week_with_no_signal_loses_nothing_though_the_list_of_students_ages(phone: Any, place: Place) -> None:
    context = phone()
    context.add_init_script(WRONG_CLOCK)
    page = with_worker(open_app(context, place))
    context.set_offline(True)
    page.evaluate("setClock(0)")
    taps = log(page, place, VISITS)
    page.evaluate("setClock(8 * 24 * 3600 * 1000)")
    page.reload()
    ready(page)
    # Names are gone after a week unseen; what was logged is not, and waits under its author's name.
    assert "No signal yet" in page.inner_text("#app") and page.query_selector(".chips button") is None
    until(lambda: int(page.get_attribute("#strip", "data-waiting")) == 2 * VISITS)
    page.evaluate("setClock(0)")
    context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page)
    compare(place, taps)


def test_two_people_on_one_tablet_each_stay_the_author_of_their_own(phone: Any, place: Place) -> None:
    context = phone(kind="tablet", person=place.mentor)
    other = place.story.mentors[1]
    page = with_worker(open_app(context, place))
    place.chaos.go("down")
    taps = log(page, place, 10)
    place.chaos.go("ok")
    context.add_cookies(place.cookies(other, context.device))
    place.chaos.go("500-before", 1)
    page.reload()
    ready(page)
    until(lambda: page.evaluate("document.querySelectorAll('.chips button').length") > 0)
    taps += log(page, place, 10, author=other, start=10)
    all_sent(page)
    compare(place, taps)
    assert place.ledger.waiting.entries(limit=1000) == []


def test_somebody_who_was_not_signed_in_there_is_asked_before_it_counts(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    stranger = place.story.mentors[1]
    place.chaos.go("down")
    # Another author in the outbox than ever signed in on this phone: as a forged or muddled client would have it.
    page.evaluate(
        "who => { const old = JSON.stringify; JSON.stringify = value => old(value?.author_id ? { ...value, author_id: who } : value); }", str(stranger)
    )
    log(page, place, 1)
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page)
    assert place.recorded("rung-reached") == []
    held = place.ledger.waiting.entries(limit=1000)
    assert {one.entry["author_id"] for one in held} == {str(stranger)} and {one.status for one in held} == {"held"} and len(held) == 2
    for one in held:
        place.ledger.waiting.dismiss(one.id, "test", None)


def test_a_phone_that_was_shut_out_delivers_once_and_is_then_wiped(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    place.chaos.go("down")
    taps = log(page, place, 10)
    leader = place.story.others["leader"]
    place.ledger.execute(RevokeDevice(id=new_id(), setting_id=place.story.setting, author_id=leader, device=context.device, reason_code="lost"))
    place.accounts.revoke_device(context.device)
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    until(lambda: len(place.ledger.waiting.entries(limit=1000)) == 20, what="it did not deliver what it held")
    held = place.ledger.waiting.entries(limit=1000)
    assert Counter((one.entry["student_id"], one.entry["rung"], one.entry["author_id"]) for one in held if one.entry["kind"] == "rung-reached") == Counter(
        (tap.student, tap.rung, tap.author) for tap in taps
    )
    assert place.recorded("rung-reached") == []
    page.wait_for_url("**/sign-in*")
    assert until(lambda: page.evaluate("indexedDB.databases().then(all => all.length === 0)"), what="the phone still holds something")
    for one in held:
        place.ledger.waiting.dismiss(one.id, "test", None)


def test_a_lost_phone_cannot_show_what_was_said_on_it(phone: Any, place: Place) -> None:
    page = with_worker(open_app(phone(), place))
    place.chaos.go("down")
    log(page, place, 1)
    page.click("#own-words summary")
    page.fill("#words", "kestrels over the weir")
    page.click("#save-words")
    page.wait_for_selector("#toast >> text=Their words")
    page.click("#a-worry summary")
    page.fill("#worry", "bruises like plums")
    page.click("#save-worry")
    page.wait_for_selector("#toast >> text=A worry")
    everything = page.evaluate(
        """async () => { const all = []; for (const { name } of await indexedDB.databases()) {
            const db = await new Promise((done, no) => { const r = indexedDB.open(name); r.onsuccess = () => done(r.result); r.onerror = no; });
            for (const store of db.objectStoreNames) all.push(await new Promise(done => { const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => done(r.result); }));
            db.close(); }
          return JSON.stringify(all) + JSON.stringify(localStorage) + document.body.innerText; }"""
    )
    assert "kestrels" not in everything and "plums" not in everything and "worry, for" not in everything.replace("A worry, for the safeguarding lead.", "")
    page.reload()
    ready(page)
    page.click(f"#student-{place.story.children[0].id}")
    assert "worry" not in page.inner_text("#so-far").lower() and "kestrels" not in page.content()
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page)
    assert len(place.recorded("voice-heard")) == 1
    assert (
        place.ledger.recorder._query(
            "SELECT count(*) FROM stored_events WHERE position > ? AND topic = 'sealed-record' AND student_id IS NULL", (place.position,)
        )[0][0]
        == 1
    )


def test_undo_before_sending_leaves_no_trace_and_after_sending_takes_it_back(phone: Any, place: Place) -> None:
    page = with_worker(open_app(phone(), place))
    place.chaos.go("down")
    taps = log(page, place, 2)
    page.click("#undo")
    page.wait_for_selector("#toast >> text=Undone")
    assert page.get_attribute("#strip", "data-waiting") == "4" or until(lambda: int(page.get_attribute("#strip", "data-waiting")) >= 2)
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page)
    assert [(one.student, one.state["rung"]) for one in place.current("rung-reached")] == [(taps[0].student, taps[0].rung)]
    assert len(place.current("visit-logged")) == 1
    later = log(page, place, 1, start=2)
    all_sent(page)
    page.click("#undo")
    all_sent(page)
    until(lambda: later[0].student not in {one.student for one in place.current("rung-reached")})
    assert len(place.current("visit-logged")) == 1


def test_signing_out_waits_until_everything_is_sent(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    place.chaos.go("500-before", 1_000)
    taps = log(page, place, 3)
    page.goto(f"{place.chaos.url}/me")
    page.click("text=More")
    page.click("text=Sign out")
    page.wait_for_selector("#leaving")
    assert "6 entries still wait on this device" in page.inner_text("#leaving") and page.url.endswith("/me")
    place.chaos.go("ok")
    page.goto(f"{place.chaos.url}/visit")
    ready(page)
    all_sent(page)
    compare(place, taps)
    page.goto(f"{place.chaos.url}/me")
    page.click("text=More")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in*")


def test_a_random_walk_of_taps_outages_reloads_kills_and_clock_jumps_ends_with_everything_once(
    browser_type: Any, browser_type_launch_args: dict[str, Any], place: Place, tmp_path: Path
) -> None:
    seed = int(os.environ.get("AP_LEDGER_TEST_WALK", "7"))
    dice, steps = random.Random(seed), 220
    device, credential = place.device()
    profile = tmp_path / "walk"

    def start() -> tuple[Any, Any]:
        made = browser_type.launch_persistent_context(str(profile), **browser_type_launch_args, **PHONE)
        made.add_init_script(WRONG_CLOCK)
        page = made.new_page()
        page.goto(f"{place.chaos.url}/visit")
        ready(page)
        return made, page

    context = browser_type.launch_persistent_context(str(profile), **browser_type_launch_args, **PHONE)
    context.add_cookies(place.cookies(place.mentor, device, credential))
    place.signed_in_since(device, 7)
    open_app(context, place)
    context.close()
    context, page = start()
    with_worker(page)
    taps: list[Tap] = []
    undone = 0
    for n in range(steps):
        what = dice.choices(["tap", "outage", "fault", "back", "reload", "tab", "kill", "clock", "undo"], [60, 6, 8, 9, 5, 3, 1, 4, 4])[0]
        if what == "tap":
            taps += log(page, place, 1, start=n)
        elif what == "outage":
            place.chaos.go(dice.choice(["down", "portal"]))
        elif what == "fault":
            place.chaos.go(dice.choice(["500-before", "500-after", "reset-after"]), dice.randrange(1, 4))
        elif what == "back":
            place.chaos.go("ok")
            page.evaluate("dispatchEvent(new Event('online'))")
        elif what == "reload":
            page.reload()
            ready(page)
        elif what == "tab":
            page.close()
            page = context.new_page()
            page.goto(f"{place.chaos.url}/visit")
            ready(page)
        elif what == "clock":
            page.evaluate(f"setClock({dice.randrange(-600, 600)} * 60000)")
        elif what == "undo" and page.query_selector("#undo") and page.is_visible("#undo"):
            page.evaluate("document.querySelector('#toast p').textContent = ''")
            page.click("#undo")
            page.wait_for_selector("#toast >> text=Undone")
            undone += 1
            taps.pop()
        elif what == "kill":
            for process in subprocess.run(["pgrep", "-f", str(profile)], capture_output=True, text=True, check=False).stdout.split():
                os.kill(int(process), signal.SIGKILL)
            until(lambda: not subprocess.run(["pgrep", "-f", str(profile)], capture_output=True, check=False).stdout)
            (profile / "SingletonLock").unlink(missing_ok=True)
            context, page = start()
    place.chaos.go("ok")
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page, 90)
    held = [(one.code, one.message) for one in place.ledger.waiting.entries(limit=1000)]
    assert held == [], "nobody has to mend anything"
    there = Counter((one.student, one.state["rung"], one.author) for one in place.current("rung-reached"))
    tapped = Counter((tap.student, tap.rung, tap.author) for tap in taps)
    assert (there - tapped, tapped - there) == (Counter(), Counter()), f"seed {seed}, {undone} undone: {there - tapped}, {tapped - there}"
    assert len(place.recorded("rung-reached")) == len({one.id for one in place.recorded("rung-reached")})
    assert len(taps) > 60, f"seed {seed} tapped too little"
    context.close()
