"""The keys are said once: each that is listed does what it says, and each that a script handles is listed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Place, axe, school_day, until
from tests.test_capture_offline import ready

APP = Path(__file__).parents[1] / "api" / "static" / "app"
ONLY_LISTENS = {"frame.js"}
"""Scripts that notice any key at all, as a sign that somebody is there."""


def handled(script: str) -> set[str]:
    """The keys that a script asks for."""
    keys = {*re.findall(r'\.key [!=]== "([^"]+)"', script), *re.findall(r"\b(Arrow\w+): \[", script)}
    keys |= {f"Ctrl+{letter}" for letter in re.findall(r'lower === "(\w)"', script)}
    keys |= {letter for pair in re.findall(r"\{ (\w): 1, (\w): 0 \}\[lower\]", script) for letter in pair}
    return keys | ({"0-9"} if "=== event.key" in script else set())


def listed() -> dict[str, set[str]]:
    """The keys that the table lists, by the script that handles them."""
    keys: dict[str, set[str]] = {}
    for row, by in re.findall(r'\{ keys: \[([^\]]+)\][^}]*?by: "([\w.]+)"', (APP / "keys.js").read_text("utf-8")):
        keys.setdefault(by, set()).update(re.findall(r'"([^"]+)"', row))
    return keys


def test_every_key_that_a_script_handles_is_listed_and_no_other() -> None:
    scripts = {path.name: path.read_text("utf-8") for path in sorted(APP.glob("*.js"))}
    found = {name: handled(script) for name, script in scripts.items() if "keydown" in script and name not in ONLY_LISTENS}
    assert all(found.values()) and found == listed()
    assert all(re.search(r"\.key\b.*===|\bkeyup\b|\bkeypress\b", scripts[name]) is None for name in ONLY_LISTENS)


pytestmark = pytest.mark.browser


@pytest.fixture
def desk(chromium: Any, place: Place) -> Callable[..., Any]:
    def opened(address: str, width: int = 1280, scheme: str = "light") -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce", timezone_id="Europe/London")
        context.add_cookies(place.cookies(place.story.others["leader"]))
        page = context.new_page()
        page.goto(place.direct + address)
        return page

    return opened


def names(page: Any) -> list[str]:
    return [str(name) for name in page.eval_on_selector_all("dialog.key-list caption", "all => all.map(one => one.textContent)")]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_the_question_mark_shows_the_keys_of_this_page_and_esc_leads_back(desk: Callable[..., Any], width: int, scheme: str) -> None:
    page = desk("/students", width, scheme)
    page.focus("main a.button")
    page.keyboard.press("?")
    assert page.is_visible("dialog.key-list") and names(page) == ["On this page"]
    assert page.evaluate("document.activeElement.textContent") == "Close"
    axe(page, f"the keys at {width}, {scheme}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("?")
    assert page.locator("dialog").count() == 1
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.key-list") and page.evaluate("document.activeElement.matches('main a.button')")


def test_the_menu_leads_to_them_and_who_is_typing_types_a_question_mark(desk: Callable[..., Any]) -> None:
    page = desk("/students")
    page.click("text=More")
    page.click(".show-keys")
    assert page.is_visible("dialog.key-list")
    page.click("dialog.key-list button")
    assert page.evaluate("document.activeElement.matches('.more > summary')")
    page.keyboard.press("Enter")
    assert page.is_visible("text=My account")
    page.keyboard.press("Escape")
    assert not page.is_visible("text=My account"), "Esc does not close the menu"
    page.keyboard.press("/")
    page.keyboard.type("?a")
    assert page.input_value("#find") == "?a" and not page.is_visible("dialog.key-list")


def test_the_rail_of_time_is_moved_by_the_keys_that_are_listed_there(desk: Callable[..., Any], place: Place) -> None:
    page = desk(f"/students/{place.story.children[1].id}")
    page.wait_for_selector('html[data-replay="1"]', state="attached")
    page.focus("#slider")
    at = lambda: int(page.input_value("#slider"))  # noqa: E731
    last = at()
    for key, wanted in (("ArrowLeft", last - 1), ("ArrowRight", last), ("Home", 0), ("End", last)):
        page.keyboard.press(key)
        assert at() == wanted, key
    page.keyboard.press("?")
    assert names(page) == ["On this page", "On the rail of time"]


def test_the_sheet_takes_every_key_that_is_listed_there(browsers: Callable[..., Any], place: Place) -> None:
    page = browsers(kind=None).new_page()
    page.goto(f"{place.chaos.url}/sessions?on={school_day()}&slot=lesson-1")
    ready(page)
    where = lambda: page.evaluate("[document.activeElement.dataset.row, document.activeElement.dataset.column].join()")  # noqa: E731
    look = lambda: page.get_attribute('.cell[data-row="0"][data-column="0"]', "data-look")  # noqa: E731

    def pressed(key: str, then: Callable[[], bool]) -> None:
        page.keyboard.press(key)
        until(then, what=f"{key} did nothing")

    page.focus('.cell[tabindex="0"]')
    last = page.locator('.cell[data-row="0"]').count() - 1
    moves = (("ArrowRight", "0,1"), ("ArrowDown", "1,1"), ("ArrowUp", "0,1"), ("ArrowLeft", "0,0"), ("End", f"0,{last}"), ("Home", "0,0"))
    for key, there in moves:
        pressed(key, lambda there=there: where() == there)
    page.keyboard.press("?")
    assert names(page) == ["On this page", "In the sheet of a session"]
    axe(page, "the keys of the sheet")
    pressed("Escape", lambda: where() == "0,0")
    seen = (
        ("1", "level"),
        ("Delete", "open"),
        ("y", "level"),
        ("Backspace", "open"),
        ("n", "level"),
        ("Control+z", "open"),
        ("-", "missing"),
        ("/", "missing"),
    )
    for key, wanted in seen:
        # What is scored leads on to the next box.
        pressed("Home", lambda: where() == "0,0")
        pressed(key, lambda wanted=wanted: look() == wanted)
    until(lambda: "n/a" in page.get_attribute('.cell[data-row="0"][data-column="0"]', "aria-label"))
