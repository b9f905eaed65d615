"""From an empty folder to a first visit on a phone, by one person, on pages alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ap_ledger.bootstrap import create_ledger, open_installation
from ap_ledger.commands.starting import first_link
from ap_ledger.events.entries import RungReached
from ap_ledger.settings import read_settings
from tests.browsing import PHONE, axe, until
from tests.processes import serving

pytestmark = pytest.mark.browser
PASSWORD = "a heron by the river, waiting"


@pytest.mark.parametrize("width", [390, 1280])
def test_one_person_sets_up_admits_three_students_and_logs_a_visit(chromium: Any, tmp_path: Path, width: int) -> None:
    settings = read_settings(data=tmp_path / "data")
    create_ledger(settings)
    installation = open_installation(settings)
    desk, phone = chromium.new_context(viewport={"width": width, "height": 844}), chromium.new_context(**PHONE)
    with serving(settings.data) as url:
        page = desk.new_page()
        # The service made one when it started, and printed it; this one takes its place.
        link = first_link(installation.accounts)

        def press(words: str) -> None:
            page.locator("main").get_by_role("button", name=words, exact=True).or_(
                page.locator("main").get_by_role("link", name=words, exact=True)
            ).first.click()

        page.goto(f"{url}/welcome?key={link}")
        fill(page, setting="Hilltop", person="Thyme", name="thyme@hilltop.example", password=PASSWORD)
        page.click("main form button")
        press("Set up this setting")
        assert "Say who leads here" in page.inner_text(".next")
        page.click("text=You lead this setting yourself?")
        press("I lead this setting")
        assert "You lead this setting from today on" in page.inner_text("main")
        press("The setting")
        fill(page, name="Hilltop House", urn="123456")
        press("Save")
        fill(page, label="The barn")
        press("Add it")
        fill(page, buyer="Marsh Council")
        press("Add them")
        press("Set-up")
        press("Set the day")
        press("A whole day on site")
        axe(page, f"a ready day at {width}")
        press("Save the day")
        assert "It holds from that day on" in page.inner_text("main")
        page.goto(f"{url}/set-up")
        press("Set the year")
        page.locator(".pick").first.click()
        axe(page, f"a ready year at {width}")
        press("Save the calendar")
        assert "It holds from that day on" in page.inner_text("main")
        for given, family in (("Fern", "Heron"), ("Ash", "Otter"), ("Kit", "Marten")):
            page.goto(f"{url}/admit")
            fill(page, given_name=given, family_name=family)
            page.select_option("#commissioner", label="Marsh Council")
            page.click(".when button")
            assert f"{given} {family[0]}" in page.inner_text("h1")
        page.goto(f"{url}/set-up")
        axe(page, f"the list at {width}")
        # What is left is what one person alone cannot do, and the phone.
        assert "Put the app on phones and tablets" in page.inner_text("main") and "3 students" in page.inner_text("main")
        page.goto(f"{url}/devices")
        fill(page, name="Thyme's phone")
        page.select_option("#kind", "phone")
        press("Show its code")
        log_a_visit(phone.new_page(), page.inner_text(".note code"), lambda: recorded(installation))
    installation.ledger.close()


def fill(page: Any, **fields: str) -> None:
    for name, words in fields.items():
        page.fill(f"#{name}", words)


def log_a_visit(page: Any, link: str, arrived: Callable[[], bool]) -> None:
    """Lets a phone in by its link and taps a student and a rung on it."""
    page.goto(link)
    page.click("form button")
    page.wait_for_url("**/sign-in*")
    fill(page, name="thyme@hilltop.example", password=PASSWORD)
    page.click("form button")
    page.wait_for_url("**/visit")
    page.get_by_role("button", name="Fern H").click()
    page.wait_for_selector('[aria-pressed="true"] >> text=Fern H')
    page.locator(".rung").first.click()
    until(arrived)


def recorded(installation: Any) -> bool:
    """Whether a rung has come to the ledger."""
    return bool(installation.ledger.recorder.tail_of_topics([RungReached.TOPIC]))
