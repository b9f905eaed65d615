"""What a mentor sees of a visit on the phone while it lasts and afterwards, with no signal and with one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ap_ledger.domain.student import AssignMentor
from ap_ledger.domain.visits import FlagAddress, NoteAddress, PlanVisit
from ap_ledger.recording.ledger import new_id
from tests.browsing import AXE, AXE_TAGS, Place, until
from tests.test_capture_offline import all_sent, open_app, ready, with_worker

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(browsers: Callable[..., Any]) -> Callable[..., Any]:
    """Makes browsers of enrolled phones, in which the mentor is signed in."""
    return partial(browsers, kind="phone")


def plan(place: Place, child: UUID, minutes: int = 40) -> UUID:
    """A visit of the mentor that begins now, and goes to a home with something to know."""
    visit, home = new_id(), new_id()
    whose = {"setting_id": place.story.setting, "student": child, "author_id": place.story.others["leader"]}
    place.ledger.execute(NoteAddress(id=new_id(), address_id=home, home=True, address="1 Mill Lane", **whose))
    place.ledger.execute(FlagAddress(id=new_id(), address_id=home, flags="a dog", **whose))
    said = {"person_id": place.mentor, "starts_at": datetime.now(UTC), "minutes": minutes, "purpose": "doorstep", "alone": True, "address_id": home}
    place.ledger.execute(PlanVisit(id=new_id(), visit_id=visit, **said, **whose))
    return visit


def test_a_planned_visit_is_checked_into_logged_and_checked_out_of_with_no_signal(phone: Any, place: Place) -> None:
    child = place.story.children[0].id
    visit = str(plan(place, child))
    context = phone()
    page = open_app(context, place)
    until(lambda: page.reload() is None or (ready(page), page.query_selector("#check-in"))[1], what="the plan is not on the phone")
    page = with_worker(page)
    assert "1 Mill Lane" in page.inner_text("#today") and "a dog" in page.inner_text("#today")
    context.set_offline(True)
    page.click("#check-in")
    page.click("#rung-through-door")
    until(lambda: "Logged" in page.inner_text("#rung-through-door"), what="the rung is not marked")
    assert "Logged" not in page.inner_text("#rung-no-contact")
    assert "Checked in" in page.inner_text("#so-far")
    page.click("#check-out")
    page.wait_for_selector("#today .note", state="detached")
    page.reload()
    ready(page)
    assert not page.query_selector("#check-in") and not page.query_selector("#check-out")
    page.goto(f"{place.chaos.url}/me")
    until(lambda: "4 entries saved here, waiting for a signal" in page.inner_text("main"), what="the page with no signal does not say what waits")
    context.set_offline(False)
    page.goto(f"{place.chaos.url}/visit")
    all_sent(page)
    kinds = ("visit-checked-in", "visit-logged", "rung-reached", "visit-checked-out")
    recorded = place.recorded(*kinds)
    assert sorted(one.kind for one in recorded) == sorted(kinds)
    assert {one.state["visit_id"] for one in recorded} == {visit}
    page.goto(f"{place.chaos.url}/sent")
    page.wait_for_selector("#app li")
    assert page.locator("#app li").count() == 4 and "recorded" in page.inner_text("#app li:first-child")


def test_ten_thousand_receipts_open_in_under_a_second_and_the_oldest_make_room(phone: Any, place: Place) -> None:
    page = open_app(phone(), place)
    page.evaluate(
        """author => new Promise((done, fail) => { const asked = indexedDB.open('ap-ledger'); asked.onsuccess = () => {
          const db = asked.result, tx = db.transaction('receipts', 'readwrite'), at = Date.now();
          for (let n = 0; n < 10050; n += 1) tx.objectStore('receipts').put({ id: crypto.randomUUID(), author, at: at - n, sent: at - n * 1000, status: 'recorded', kind: 'note-written', student: '' });
          tx.oncomplete = () => { db.close(); done(); }; tx.onerror = () => fail(tx.error); }; })""",
        str(place.mentor),
    )
    page.goto(f"{place.chaos.url}/sent")
    page.wait_for_selector("#app li")
    took = page.evaluate(
        "async () => { const began = performance.now(); document.dispatchEvent(new CustomEvent('outbox')); await new Promise(done => new MutationObserver(done).observe(document.querySelector('#app'), { childList: true })); return performance.now() - began; }"
    )
    assert took < 1000 and page.locator("#app li").count() == 200
    count = """new Promise(done => { const asked = indexedDB.open('ap-ledger'); asked.onsuccess = () => { const db = asked.result;
      const counted = db.transaction('receipts').objectStore('receipts').count(); counted.onsuccess = () => { db.close(); done(counted.result); }; }; })"""
    assert page.evaluate(count) == 10_000
    page.click("#more")
    until(lambda: page.locator("#app li").count() == 1200)


def test_a_visit_stays_on_the_screen_when_its_student_leaves_the_list_and_nothing_of_it_is_lost(phone: Any, place: Place) -> None:
    context = phone()
    page = with_worker(open_app(context, place))
    child = place.story.children[1]
    context.set_offline(True)
    page.reload()
    ready(page)
    page.click(f"#student-{child.id}")
    page.click("#a-note summary")
    page.fill("#note", "they said hello")
    today = date.today()
    whose = {"setting_id": place.story.setting, "student": child.id, "author_id": place.story.others["leader"]}
    place.ledger.execute(
        AssignMentor(
            id=new_id(),
            person_id=place.mentor,
            from_date=today - timedelta(days=30),
            until=today - timedelta(days=1),
            corrects=today - timedelta(days=30),
            **whose,
        )
    )
    listed = f"#student-{child.id}"
    context.set_offline(False)
    until(lambda: "no longer on your list" in page.inner_text("#app"), what="nobody is told")
    assert not page.query_selector(listed)
    assert page.input_value("#note") == "they said hello"
    page.click("#save-note")
    all_sent(page)
    assert len(list(place.ledger.waiting.entries(limit=10))) == 1, "it is kept, and waits for somebody"
    until(lambda: "needs you" in page.inner_text("#strip"), what="the author is not told")


SMALL = """[...document.querySelectorAll('a:not(.skip), button, input, summary')].filter(one => one.offsetParent && (one.closest('label') || one).getBoundingClientRect().height < 43.5
  && getComputedStyle(one).display !== 'inline').map(one => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_planned_visits_can_be_read_and_hit_on_a_phone(phone: Any, place: Place, scheme: str) -> None:
    child = place.story.children[0].id
    visit = plan(place, child)
    context = phone()
    page = open_app(context, place)
    page.emulate_media(color_scheme=scheme)
    until(lambda: page.reload() is None or (ready(page), page.query_selector("#check-in"))[1], what="the plan is not on the phone")
    page.click("#check-in")
    page.click("#rung-through-door")
    all_sent(page)
    for address in (f"/visit?student={child}&visit={visit}", "/sent", "/", "/week", f"/week/{visit}", f"/students/{child}/addresses"):
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(place.chaos.url + address)
            if address.startswith(("/visit", "/sent")):
                ready(page)
                page.wait_for_selector("#app section")
            for one in page.query_selector_all("details"):
                one.evaluate("one => { one.open = true; }")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
            assert page.evaluate(SMALL) == [], (address, width)
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run({ runOnly: { type: 'tag', values: tags } })", AXE_TAGS)["violations"]
        assert [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in found] == [], address


def test_what_waits_on_a_phone_of_an_earlier_version_stays_and_what_was_sent_can_be_put_right_from_here(phone: Any, place: Place) -> None:
    context = phone()
    page = context.new_page()
    page.goto(f"{place.chaos.url}/manifest.webmanifest")
    page.evaluate(
        """() => new Promise((done, fail) => { const asked = indexedDB.open('ap-ledger', 1);
          asked.onupgradeneeded = () => { const db = asked.result; db.createObjectStore('outbox', { keyPath: 'id' }).put({ id: 'old', author: 'x', of: null, at: Date.now(), tried: true, stuck: 'kept from before', box: {} });
            db.createObjectStore('notices', { keyPath: 'id' }); db.createObjectStore('hidden'); db.createObjectStore('meta').put('made-before', 'born'); };
          asked.onsuccess = () => { asked.result.close(); done(); }; asked.onerror = () => fail(asked.error); })"""
    )
    page.close()
    page = open_app(context, place)
    until(lambda: "1 entry could not be sent and stays here: kept from before" in page.inner_text("#strip"))
    page.click(f"#student-{place.story.children[2].id}")
    page.click("#rung-through-door")
    until(lambda: page.evaluate(SENT) >= 2, what="what was sent is not on the list")
    assert page.said == []
    page.click("#so-far >> text=Put right")
    page.wait_for_url(lambda address: "/entries/" in address)
    assert "Put it right" in page.inner_text("main") or "put right" in page.inner_text("main").casefold()


SENT = """new Promise(done => { const asked = indexedDB.open('ap-ledger'); asked.onsuccess = () => { const db = asked.result;
  const counted = db.transaction('receipts').objectStore('receipts').count(); counted.onsuccess = () => { db.close(); done(counted.result); }; }; })"""
