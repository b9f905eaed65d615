"""In a real browser: a sheet of 24 with five bad rows goes in, and one of its children is visited on a phone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ap_ledger.bootstrap import create_ledger, open_installation
from ap_ledger.commands.starting import first_link
from ap_ledger.settings import read_settings
from tests.browsing import PHONE, axe
from tests.processes import serving
from tests.test_first_visit import PASSWORD, fill, log_a_visit, recorded
from tests.test_roster_pages import BAD, GOOD

pytestmark = pytest.mark.browser
MINUTES = 15
HEAD = "First name,Surname,Date of birth,Group,Mentor,Start date,Sessions,Hours"


def sheet(folder: Path) -> Path:
    """A list of 24 in which the first is called Fern Heron; nobody works here yet, so mentors stand with one child only."""
    rows = ["Fern,Heron,1/03/2012,Hazel,,02/03/2026,5,12.5", *(row.replace("Hazel,Hazel", "Hazel,") for row in [*GOOD[1:], *BAD])]
    path = folder / "autumn.csv"
    path.write_text("\n".join([HEAD, *rows]), "utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark"), (390, "dark"), (1280, "light")])
def test_24_students_come_in_from_a_sheet_with_five_bad_rows_and_one_is_visited(chromium: Any, tmp_path: Path, width: int, scheme: str) -> None:
    begun = time.monotonic()
    settings = read_settings(data=tmp_path / "data")
    create_ledger(settings)
    installation = open_installation(settings)
    desk = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    phone = chromium.new_context(**PHONE)
    with serving(settings.data) as url:
        page = desk.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)

        def press(words: str) -> None:
            page.locator("main").get_by_role("button", name=words).first.click()

        def checked(step: str) -> None:
            axe(page, f"{step} at {width}, {scheme}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{step} is wider than {width}"

        page.goto(f"{url}/welcome?key={first_link(installation.accounts)}")
        fill(page, setting="Hilltop", person="Thyme", name="thyme@hilltop.example", password=PASSWORD)
        page.click("main form button")
        page.goto(f"{url}/set-up")
        page.click("text=You lead this setting yourself?")
        press("I lead this setting")
        page.goto(f"{url}/roster")
        checked("choosing")
        page.set_input_files("#file", str(sheet(tmp_path)))
        press("Read it")
        page.wait_for_selector("text=What it holds")
        checked("matching")
        press("Look at what it would do")
        page.wait_for_selector(".savebar")
        checked("looking")
        assert page.inner_text(".outcomes .refused strong") == "5"
        field = page.get_by_label("Date of birth of row 21")
        field.fill("28/02/2012")
        # Enter in a field looks again, and saves nothing.
        field.press("Enter")
        page.wait_for_selector("text=Needs you: 4 rows")
        press("Leave out row 22")
        page.wait_for_selector("text=Left out by you: 1 row")
        press("Bring in 20 rows")
        page.wait_for_selector("text=20 new and 0 changed")
        checked("saved")
        with page.expect_download() as download:
            press("Download them, each with its reason")
        assert len(Path(download.value.path()).read_text("utf-8-sig").splitlines()) == 4
        assert said == []
        page.goto(f"{url}/devices")
        fill(page, name="Thyme's phone")
        page.select_option("#kind", "phone")
        press("Show its code")
        log_a_visit(phone.new_page(), page.inner_text(".note code"), lambda: recorded(installation))
    installation.ledger.close()
    assert time.monotonic() - begun < MINUTES * 60
