"""Several students are ticked and changed in a real browser, and a year is ended: on a phone and at a desk, by keyboard, and with no script."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ap_ledger.domain.patterns import school_year_of
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.recording.ledger import new_id
from tests.browsing import Place, axe

pytestmark = pytest.mark.browser


def signed_in(chromium: Any, place: Place, width: int, scheme: str = "light", **more: Any) -> Any:
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce", **more)
    context.add_cookies(place.cookies(place.story.others["leader"]))
    return context.new_page()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_three_are_ticked_looked_at_and_moved_to_a_group(chromium: Any, place: Place, width: int, scheme: str) -> None:
    page = signed_in(chromium, place, width, scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)

    def checked(step: str) -> None:
        axe(page, f"{step} at {width}, {scheme}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{step} is wider than {width}"

    page.goto(f"{place.direct}/students")
    assert page.inner_text("[data-ticked]") == "Nobody is ticked yet"
    boxes = page.locator('input[name="student"]')
    for number in range(3):
        boxes.nth(number).check()
    assert page.inner_text("[data-ticked]") == "For 3 ticked students"
    # The bar is in sight wherever the list stands, and covers nothing that is needed.
    assert page.locator(".for-ticked button").evaluate("it => { const box = it.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; }")
    checked("ticked")
    page.select_option("[name=deed]", label="Move to a group")
    page.click("text=Go on")
    page.fill("#group", f"Group {width} {scheme}")
    checked("asked")
    page.click("text=Look at what it would do")
    page.wait_for_selector(".savebar")
    checked("looked-at")
    page.click("text=Save for 3 students")
    assert "It is saved for 3 students." in page.inner_text("main")
    checked("saved")
    page.click("text=Back to the students")
    assert faults == []


def test_all_are_ticked_by_keyboard_alone_and_one_is_taken_out(chromium: Any, place: Place) -> None:
    page = signed_in(chromium, place, 1280)
    page.goto(f"{place.direct}/students")
    page.focus('input[name="all"]')
    page.keyboard.press("Space")
    assert page.inner_text("[data-ticked]") == "For 8 ticked students"
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.name") != "student":
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.inner_text("[data-ticked]") == "For 7 ticked students"
    assert page.evaluate("document.querySelector('[name=all]').indeterminate")
    # What is ticked is still ticked for whoever comes back from the next page.
    page.focus(".for-ticked button")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=For 7 students.")
    page.go_back()
    page.wait_for_selector("text=For 7 ticked students")


def test_with_no_script_one_box_takes_everybody(chromium: Any, place: Place) -> None:
    page = signed_in(chromium, place, 390, java_script_enabled=False)
    page.goto(f"{place.direct}/students")
    page.check('input[name="all"]')
    page.select_option("[name=deed]", "key-worker")
    page.click("text=Go on")
    page.select_option("#person", index=1)
    page.click("text=Look at what it would do")
    page.click(".savebar button")
    assert "It is saved for" in page.inner_text("main")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_the_end_of_a_year_is_looked_at_on_a_phone_and_at_a_desk(chromium: Any, place: Place, width: int, scheme: str) -> None:
    child = {"setting_id": place.story.setting, "student": place.story.children[0].id, "author_id": place.story.others["leader"]}
    begun = school_year_of(date.today())
    known = place.ledger.execute(IdentifyStudent(id=new_id(), date_of_birth=date(begun - 15, 3, 14), **child))
    page = signed_in(chromium, place, width, scheme)
    page.goto(f"{place.direct}/end-of-year?year={begun}&min_position={known.position}")
    axe(page, f"the end of a year at {width}, {scheme}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator('input[name="student"]').count()
    row = page.locator("tr", has=page.locator('input[name="student"]')).first
    tick, tint = row.locator('input[name="student"]'), "row => getComputedStyle(row).backgroundColor"
    tick.check()
    ticked = row.evaluate(tint)
    tick.uncheck()
    assert row.evaluate(tint) != ticked, "who is ticked is told apart, whatever is chosen beside the name"
