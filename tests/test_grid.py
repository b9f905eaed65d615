"""The grid in a real Chromium: a row, a sweep of the finger, exceptions; on a tablet and on a phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.browsing import PHONE, TABLET, Place, axe, school_day, until
from tests.test_capture_offline import all_sent, ready

pytestmark = pytest.mark.browser


def opened(context: Any, place: Place, path: str) -> Any:
    page = context.new_page()
    page.goto(place.direct + path)
    ready(page)
    return page


def levels(page: Any, row: int) -> int:
    found: int = page.evaluate(f"document.querySelectorAll('.cell[data-row=\"{row}\"][data-look=level]').length")
    return found


def test_one_tap_fills_a_row_and_a_sweep_of_the_finger_scores_the_exceptions(browsers: Callable[..., Any], place: Place) -> None:
    page = opened(browsers(), place, f"/sessions?on={school_day()}&slot=break")
    columns = len(page.query_selector_all(".sheet tbody tr:first-child .cell"))
    page.tap(".all-seen >> nth=1")
    until(lambda: levels(page, 1) == columns)
    first, last = (page.locator(f'.cell[data-row="1"][data-column="{n}"]').bounding_box() for n in (2, 4))
    page.mouse.move(first["x"] + 20, first["y"] + 20)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 20, steps=5)
    page.mouse.up()
    page.wait_for_selector("#where >> text=3 cells")
    axe(page, "the grid, with cells swept over")
    page.tap('.key[data-value="0"]')
    page.wait_for_selector("#toast >> text=3 cells: Not yet")
    all_sent(page)
    now = Counter((one.state["level"], one.state["set_by"]) for one in place.current("outcome-scored"))
    assert sum(now.values()) == columns, "no other row is touched"
    page.tap("#undo")
    until(lambda: page.evaluate("[...document.querySelectorAll('.cell[data-row=\"1\"]')].every(one => one.textContent.startsWith('✓'))"))
    page.tap("#undo")
    until(lambda: levels(page, 1) == 0)
    all_sent(page)
    until(lambda: place.current("outcome-scored") == [])


def test_cells_are_marked_and_scored_together_from_a_keyboard(browsers: Callable[..., Any], place: Place) -> None:
    page = opened(browsers(kind=None), place, f"/sessions?on={school_day()}&slot=lesson-1")
    page.focus('.cell[tabindex="0"]')
    for key in ("Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.wait_for_selector("#where >> text=4 cells")
    page.keyboard.press("Escape")
    page.wait_for_selector(".cell[data-swept]", state="detached")
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "y"):
        page.keyboard.press(key)
    until(lambda: levels(page, 0) == 2 and levels(page, 1) == 2)
    all_sent(page)
    assert {one.state.get("set_by", "person") for one in place.current("outcome-scored")} == {"person"}


def test_on_a_phone_the_grid_begins_in_the_upper_half_and_does_not_scroll_within_the_page(browsers: Callable[..., Any], place: Place) -> None:
    context = browsers()
    page = context.new_page()
    page.set_viewport_size(PHONE["viewport"])
    page.goto(f"{place.direct}/sessions?on={school_day()}&slot=break")
    ready(page)
    box = "document.querySelector('.sheet-scroll')"
    assert page.evaluate(f"{box}.getBoundingClientRect().top") < PHONE["viewport"]["height"] / 2
    assert page.evaluate(f"{box}.scrollHeight - {box}.clientHeight") <= 0, "only the page scrolls up and down"


def test_another_day_is_chosen_from_a_calendar(browsers: Callable[..., Any], place: Place) -> None:
    page = opened(browsers(), place, "/day")
    wanted = date.today() - timedelta(days=1)
    page.fill("#on", wanted.isoformat())
    page.wait_for_selector(f"h2 >> text={wanted:%A} {wanted.day}")
    assert page.input_value("#on") == wanted.isoformat()


def test_one_of_many_students_is_gone_to_by_name_on_the_day(browsers: Callable[..., Any], place: Place) -> None:
    page = opened(browsers(), place, "/day")
    child = place.story.children[-1].id
    page.select_option("#go-to", str(child))
    until(lambda: page.evaluate("document.activeElement.id") == f"of-{child}")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") < TABLET["viewport"]["height"]
    assert "still to mark" in page.inner_text(f'#go-to option[value="{child}"]')
