"""The bell in a real browser, with the service as it runs: a worry rings within a minute, on pages and in the app."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from ap_ledger.recording.ledger import new_id
from tests.browsing import Place, until
from tests.test_capture_offline import ready, with_worker

pytestmark = pytest.mark.browser


def worry(place: Place) -> None:
    child = place.story.children[0].id
    about = {"setting_id": str(place.story.setting), "student_id": str(child), "author_id": str(place.staff)}
    now = place.ledger.now().isoformat()
    (result,) = place.ledger.record([{"id": str(new_id()), "kind": "worry-raised", "text": "A quiet word.", "device_time": now, **about}]).results
    assert result.status == "recorded"


def count(page: Any) -> int:
    page.reload()
    return int(page.inner_text("#ringing") or 0) if page.is_visible("#ringing") else 0


def test_a_worry_rings_within_a_minute_by_itself_and_ends_when_it_is_seen(browsers: Callable[..., Any], place: Place) -> None:
    lead = browsers(place.story.others["dsl"], None).new_page()
    lead.goto(f"{place.chaos.url}/notices")
    # Whatever rang before is read, once the jobs have looked for the first time.
    until(lambda: lead.evaluate("fetch('/notices/count').then(answer => answer.ok)"))
    time_began, before = time.monotonic(), count(lead)
    worry(place)
    until(lambda: count(lead) > before, 60, "no bell rang within a minute")
    assert time.monotonic() - time_began < 60
    assert "A worry came in" in lead.inner_text("main") or "worries came in" in lead.inner_text("main")
    lead.click(".notices a:has-text('worr')")
    lead.wait_for_url("**/safeguarding*")
    lead.goto(f"{place.chaos.url}/notices")
    assert "worr" not in lead.inner_text("main").split("Read before")[0]


def test_the_bell_of_the_app_asks_for_its_count_and_is_silent_without_a_signal(browsers: Callable[..., Any], place: Place) -> None:
    page = browsers(place.staff).new_page()
    page.goto(f"{place.chaos.url}/sessions")
    ready(page)
    until(lambda: page.is_visible(".bell"), what="the app shows no bell to whoever is signed in")
    assert page.get_attribute(".bell", "href") == "/notices"
    with_worker(page)
    place.chaos.go("down")
    page.reload()
    ready(page)
    assert not page.is_visible(".bell")


def test_a_push_shows_that_there_is_something_new_and_nothing_else(whole_browsers: Callable[..., Any], place: Place) -> None:
    context = whole_browsers(place.story.others["dsl"], None)
    context.grant_permissions(["notifications"], origin=place.chaos.url)
    page = context.new_page()
    page.goto(f"{place.chaos.url}/notices/choices")
    with_worker(page)
    line = context.new_cdp_session(page)
    registrations: list[Any] = []
    line.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"]))
    line.send("ServiceWorker.enable")
    until(lambda: registrations or page.wait_for_timeout(50))
    line.send("ServiceWorker.deliverPushMessage", {"origin": place.chaos.url, "registrationId": registrations[0]["registrationId"], "data": ""})
    shown = "navigator.serviceWorker.ready.then(one => one.getNotifications()).then(all => all.map(each => [each.title, each.body]))"
    assert until(lambda: page.evaluate(shown)) == [["AP Ledger", "There is something new for you."]]
