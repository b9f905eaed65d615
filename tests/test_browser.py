"""The first pages in a real Chromium: drawn under the strict policy, at every width, by keyboard, leaking nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from ap_ledger.bootstrap import open_installation
from ap_ledger.cli import demo
from ap_ledger.settings import read_settings
from api.core.asking import BROWSER_COOKIE, SESSION_COOKIE
from tests.browsing import axe, until
from tests.examples import Examples
from tests.processes import serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, examples: Examples) -> Iterator[tuple[str, Any]]:
    folder = tmp_path_factory.mktemp("browser") / "data"
    story = examples(folder, 5, 3, 1, date(2026, 3, 27))
    story.folder = folder  # type: ignore[attr-defined]
    with serving(folder) as url:
        yield url, story


class SignedIn:
    """The browser, in which every new page is signed in already."""

    def __init__(self, browser: Any, cookie: dict[str, Any]) -> None:
        self._browser, self._state = browser, {"cookies": [cookie], "origins": []}

    def new_page(self, **more: Any) -> Any:
        return self._browser.new_page(**{"storage_state": self._state, **more})

    def new_context(self, **more: Any) -> Any:
        return self._browser.new_context(**{"storage_state": self._state, **more})


@pytest.fixture
def browser(chromium: Any, served: tuple[str, Any]) -> Iterator[SignedIn]:
    """A browser in which the leader is signed in, in a session of this test's own."""
    yield signed_in_as(chromium, served, "leader")


def signed_in_as(browser: Any, served: tuple[str, Any], role: str) -> SignedIn:
    """A browser in which somebody of the example is signed in."""
    url, story = served
    installation = open_installation(read_settings(data=story.folder))
    person = {"mentor": story.mentors[0], "ap-staff": story.staff[0], **story.others}[role]
    secret = installation.accounts.begin(person, "full")
    installation.ledger.close()
    host = url.split("://")[1].split(":")[0]
    return SignedIn(
        browser,
        {"name": SESSION_COOKIE, "value": secret, "domain": host, "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax", "expires": -1},
    )


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": 1280, "height": 900})
    made.said = []
    made.on("console", lambda message: made.said.append(message.text) if message.type in ("error", "warning") else None)
    made.on("pageerror", lambda error: made.said.append(str(error)))
    yield made
    made.close()


def open_student(page: Any, served: tuple[str, Any], words: str = "") -> None:
    url, story = served
    page.goto(f"{url}/students/{story.children[1].id}{words}")
    page.wait_for_selector('html[data-ready="1"]', state="attached")


def test_somebody_signs_in_by_the_form_and_out_again(chromium: Any, served: tuple[str, Any]) -> None:
    url, context = served[0], chromium.new_context()
    page = context.new_page()
    page.goto(f"{url}/learning")
    page.fill("#name", "leader")
    page.fill("#password", "a boat by the river")
    page.click("form button")
    assert "did not match" in page.inner_text("[role=alert]") and page.input_value("#password") == ""
    assert page.input_value("#name") == "leader" and page.is_visible("#code"), "what was typed stays, and a code may be what is missing"
    page.fill("#name", "Leader ")
    page.fill("#password", demo.PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{url}/learning")
    assert {cookie["name"] for cookie in context.cookies()} == {SESSION_COOKIE, BROWSER_COOKIE}
    for cookie in context.cookies():
        assert cookie["name"].startswith("__Host-") and cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    page.click("text=More")
    page.click("text=Sign out")
    page.wait_for_url(f"{url}/sign-in")
    # What stays says only that somebody signed in here before, so that strangers' wrong tries do not keep them out.
    assert {cookie["name"] for cookie in context.cookies()} <= {BROWSER_COOKIE}
    page.goto(f"{url}/learning")
    assert "/sign-in" in page.url
    context.close()


def test_the_charts_are_drawn_under_the_strict_policy_without_a_word_in_the_console(page: Any, served: tuple[str, Any]) -> None:
    open_student(page, served)
    assert page.said == []
    figures = page.query_selector_all("[data-figure]")
    assert len(figures) == 1 and all(figure.query_selector("svg.main-svg") for figure in figures)
    assert page.evaluate("document.querySelectorAll('.scatterlayer .points path').length") > 3
    assert page.evaluate("document.querySelectorAll('.facet svg:not(.none) circle').length") > 10


def test_the_menu_closes_on_esc_and_on_a_click_beside_it(page: Any, served: tuple[str, Any]) -> None:
    page.goto(f"{served[0]}/reports")
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.mouse.click(8, 700)):
        page.click("text=More")
        assert page.is_visible("text=My account")
        close()
        assert not page.is_visible("text=My account")
    assert page.said == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_name_in_a_drawing_is_cut_and_one_theme_at_a_time_is_seen_on_a_phone(browser: Any, served: tuple[str, Any], width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    open_student(page, served)
    names = page.evaluate(
        """[...document.querySelectorAll('.plot')].filter(plot => plot.offsetParent).flatMap(plot => [...plot.querySelectorAll('.ytick text, .xtick text, .annotation-text')]
             .map(name => { const [inner, outer] = [name.getBoundingClientRect(), plot.getBoundingClientRect()];
                            return [name.textContent, inner.left >= outer.left - 1 && inner.right <= outer.right + 1, parseFloat(getComputedStyle(name).fontSize)] }))"""
    )
    assert len(names) > 12 and all(whole and "…" not in name and size >= 13 for name, whole, size in names), names
    lined = page.evaluate(
        "[...document.querySelectorAll('.climb .ytick text')].map(name => name.getBoundingClientRect()).sort((one, two) => one.top - two.top)"
    )
    assert all(upper["bottom"] <= lower["top"] + 4 for upper, lower in pairwise(lined)), "names stand apart"
    visible = page.locator(".facet:visible")
    themes = page.locator(".facet").count()
    assert themes == 5 and visible.count() == (themes if width > 640 else 1)
    cut = "[...document.querySelectorAll('.facet dt, .facet h3')].filter(word => word.scrollWidth > word.clientWidth + 1 && word.clientWidth > 1).map(word => word.textContent)"
    assert page.evaluate(cut) == []
    if width <= 640:
        page.click(".choose button >> nth=3")
        assert visible.count() == 1 and visible.locator("h3").inner_text() == page.inner_text(".choose [aria-pressed=true]")
    page.close()


def test_no_chart_can_be_sent_anywhere(page: Any, served: tuple[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_student(page, served)
    assert all(url.startswith((served[0], "data:")) for url in asked)
    assert "share chart" not in page.content().lower() and "cloud" not in page.inner_text("body").lower()
    assert page.evaluate("document.querySelectorAll('.modebar-btn').length") == 0


def every_page(served: tuple[str, Any]) -> list[str]:
    """The address of every kind of page there is."""
    student = f"/students/{served[1].children[1].id}"
    whole = f"setting={served[1].setting}&from=2026-03-09&to=2026-03-27"
    report = f"/reports/make?student={served[1].children[1].id}&from=2026-03-09&to=2026-03-27&layout="
    pages = [f"{report}family", f"{report}review-pack", f"/reports/make?layout=commissioner-pack&commissioner={served[1].commissioners[1]}&{whole}"]
    pages += [
        f"/reports/make?layout=gaps&{whole}",
        "/reports",
        "/clocks",
        f"/reports/{served[1].released[0]}",
        "/students?purpose=reintegration",
        "/students",
        "/?only=away&order=quiet",
        "/search",
    ]
    pages += [f"{student}/compare", f"{student}/since?known=2026-03-13", f"{student}/entries?kind=rung-reached&from=2026-03-09&to=2026-03-20"]
    pages += ["/", student, f"{student}/learning", f"{student}/questionnaires", f"{student}/erasure", f"{student}/one-child"]
    pages += ["/sessions?on=2026-03-26&slot=lesson-1", "/learning", "/contact", "/due", "/frameworks", "/frameworks/new", "/frameworks/new?kind=curriculum"]
    pages += ["/frameworks/every-child-matters/1", "/frameworks/default-ladder/1", "/frameworks/carer-confidence/1"]
    pages += ["/set-up", "/setting", "/timetable?pattern=whole-day", "/calendar?year=2025", "/admit", "/roster", f"{student}/about", f"{student}/contacts"]
    pages += ["/notices", "/notices/choices", "/setting/mail"]
    pages += ["/week", "/week/everyone", f"{student}/addresses", "/sent"]
    pages += ["/visit", "/day?on=2026-03-26", f"/steps?student={served[1].children[1].id}", "/offline", "/held"]
    pages += ["/me", "/people", "/devices", "/proposals", "/retention", "/audit?from=2026-01-01", "/audit?kind=records&from=2026-01-01"]
    # Handing the tablet over ties the session to the page, so what follows it is what a carer can see.
    return [*pages, f"{student}/questionnaires/carer-confidence/1?respondent=carer", f"{student}/questionnaires/thanks?as=carer", "/take-back"]


def test_every_page_says_nothing_in_the_console_and_every_field_has_a_name(page: Any, served: tuple[str, Any]) -> None:
    for words in every_page(served):
        assert page.goto(served[0] + words).status == 200
        assert page.said == [], words
        nameless = page.evaluate(
            """[...document.querySelectorAll('select, textarea, input:not([type=hidden])')]
               .filter(one => !(one.labels && one.labels.length) && !one.getAttribute('aria-label')).map(one => one.outerHTML.slice(0, 80))"""
        )
        assert nameless == [], words
        twice = page.evaluate(
            "(() => { const ids = [...document.querySelectorAll('[id]')].map(one => one.id); return ids.filter((id, n) => ids.indexOf(id) !== n) })()"
        )
        assert twice == [] and page.evaluate("document.querySelectorAll('h1').length") == 1, words


def test_a_framework_goes_from_pasted_rows_to_a_scored_session_by_keyboard_and_mouse(page: Any, served: tuple[str, Any]) -> None:
    url = served[0]
    page.goto(f"{url}/frameworks/new")
    page.click("text=three themes")
    rows = page.input_value("#source").replace("Our three themes", "Riverbank themes").replace("our-three-themes", "riverbank-themes")
    page.fill("#source", rows.replace("how-much", "howmuch", 1))
    page.click("text=Check it")
    assert "no scale is called 'how-much'" in page.inner_text("main")
    page.fill("#source", rows)
    page.click("text=Check it")
    page.select_option('[name="try:started-a-task"]', "1")
    page.click("text=Score what I chose")
    assert "Started a task: Seen" in page.inner_text("main")
    page.click("text=Publish riverbank-themes@1")
    page.wait_for_url("**/frameworks/riverbank-themes/1*")
    page.goto(f"{url}/sessions?on=2026-03-26&slot=lesson-1&framework=riverbank-themes@1")
    page.wait_for_selector('html[data-ready="1"]', state="attached")
    first = page.get_attribute(".cell >> nth=0", "aria-label")
    page.focus(".cell >> nth=0")
    page.keyboard.press("1")
    page.wait_for_selector("#toast >> text=Seen")
    assert first.endswith("Started a task: empty") and page.get_attribute(".cell >> nth=0", "aria-label") == first.replace("empty", "Seen")
    assert page.said == []


def test_a_questionnaire_is_kept_as_it_is_answered_and_survives_the_page_being_closed(browser: Any, served: tuple[str, Any]) -> None:
    url, story = served
    address = f"{url}/students/{story.children[0].id}/questionnaires"
    page = browser.new_page()
    page.goto(f"{address}/carer-confidence/1?respondent=carer")
    page.wait_for_selector('html[data-ready="1"]', state="attached")
    page.check('[name="answer:mornings"][value="2"]')
    page.check('[name="answer:rest"][value="4"]')
    page.wait_for_selector("text=2 of 10 answered. Kept.")
    page.close()
    again = browser.new_page()
    again.goto(address)
    assert again.url.endswith("/take-back") and "Only the questionnaire can be seen" in again.inner_text("main")
    again.fill("#secret", demo.PASSWORD)
    again.click(".narrow button")
    assert "2 of 10 answered" in again.inner_text("main")
    again.click("text=Go on")
    assert again.is_checked('[name="answer:rest"][value="4"]')
    again.check('[name="answer:hard-moments"][value="3"]')
    again.click("text=Finish")
    again.wait_for_selector("text=Please hand the tablet back")
    again.click("text=For staff: go on")
    again.fill("#secret", demo.PASSWORD)
    again.click(".narrow button")
    assert "Begun and not finished" not in again.inner_text("main") and "Day to day" in again.inner_text("main")
    again.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Any, served: tuple[str, Any], scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    student = f"/students/{served[1].children[1].id}"
    entry = f"/students/{served[1].children[1].id}/entries/{next(one for send in served[1].sends for one in send.entries if one['student_id'] == str(served[1].children[1].id) and one['kind'] == 'rung-reached')['id']}"
    wrong = ["/students/moon", "/nowhere", f"{student}?as_of=2020-01-01", "/sessions?on=2020-01-01"]
    for words in [*wrong, entry, *every_page(served)]:
        page.goto(served[0] + words)
        axe(page, f"{words}, {scheme}")
    page.close()


@pytest.mark.parametrize("role", ["mentor", "ap-staff", "leader", "dsl", "commissioner", "family", "administrator"])
def test_axe_finds_nothing_on_anybodys_first_page_and_nothing_scrolls_sideways(chromium: Any, served: tuple[str, Any], role: str) -> None:
    mine = signed_in_as(chromium, served, role)
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            page = mine.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
            page.goto(f"{served[0]}/")
            axe(page, f"the first page of {role}, {width}, {scheme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.close()


def test_a_slash_leads_to_the_search_box_and_a_name_narrows_the_wall_without_leaving_the_page(page: Any, served: tuple[str, Any]) -> None:
    page.goto(served[0])
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("a/b")
    assert page.input_value("#find") == "a/b", "in a field it is a letter like others"
    names = page.eval_on_selector_all(".wall li[data-name]", "tiles => tiles.map(tile => tile.dataset.name)")
    page.fill(".wall-find input", names[0][:3].upper())
    assert page.eval_on_selector_all(".wall li[data-name]", "tiles => tiles.filter(tile => !tile.hidden).length") < len(names)
    page.evaluate("document.querySelector('.wall li[data-name]').dataset.name = 'Mary-Ann O’N'")
    for typed, hidden in {"o'n": False, "maryann on": False, "O n": False, "mary ann": False, "xn": True, "": False}.items():
        page.fill(".wall-find input", typed)
        assert page.evaluate("document.querySelector('.wall li[data-name]').hidden") == hidden, typed
    page.evaluate("name => document.querySelector('.wall li[data-name]').dataset.name = name", names[0])
    page.fill(".wall-find input", names[0][:3].upper())
    page.press(".wall-find input", "Enter")
    page.wait_for_selector("text=Students >> visible=true")
    assert page.url == f"{served[0]}/search" and names[0] in page.inner_text("main") and page.said == []


def test_on_a_phone_the_first_pages_stand_at_the_bottom_and_all_others_behind_more(browser: Any, served: tuple[str, Any]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{served[0]}/clocks")
    box = page.locator(".dock").bounding_box()
    assert box["y"] + box["height"] >= 843 and page.locator(".dock > nav a:visible").all_inner_texts() == ["Home", "Students", "The day"]
    page.click(".more summary")
    assert page.is_visible(".more >> text=What is due") and page.is_visible(".more >> text=My account")
    page.keyboard.press("Escape")
    page.click(".to-find")
    page.fill("#find-here", served[1].children[1].name.split()[0])
    page.click("main form button")
    page.wait_for_selector(".found-lines a")
    page.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_scrolls_sideways_and_every_target_can_be_hit(browser: Any, served: tuple[str, Any], width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for words in every_page(served):
        page.goto(served[0] + words)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            """[...document.querySelectorAll('a:not(.skip), button, input, summary')].filter(one => one.offsetParent && (one.closest('label') || one).getBoundingClientRect().height < 43.5
               && getComputedStyle(one).display !== 'inline').map(one => one.outerHTML.slice(0, 80))"""
        )
        assert small == []
    page.close()


def test_a_students_page_leads_to_the_visit_with_that_student_chosen(page: Any, served: tuple[str, Any]) -> None:
    open_student(page, served)
    name = page.inner_text("h1").split(",")[0].strip()
    page.click("text=Worry")
    page.wait_for_selector("#a-worry[open]")
    assert f"How far did {name} get?" in page.inner_text("#app") and page.is_visible("#worry")
    page.goto(f"{served[0]}/visit?student={served[1].children[2].id}")
    page.wait_for_selector(f"#student-{served[1].children[2].id}[aria-pressed=true]")
    assert page.said == []


TORN = """() => {
  const torn = [], walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()); ) {
    if (!node.parentElement.checkVisibility() || node.parentElement.closest('.unseen, svg, code, textarea, .hash')) continue;
    for (const word of node.data.matchAll(/[\\p{L}\\p{N}]{2,24}/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = [...range.getClientRects()].filter(line => line.width > 0).map(line => line.top);
      if (tops.length && Math.max(...tops) - Math.min(...tops) > 8) torn.push(word[0]);
    }
  }
  return torn;
}"""
"""The words of a page that stand on two lines."""


def test_no_word_of_any_page_is_torn_apart_on_a_phone(browser: Any, served: tuple[str, Any]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    for words in every_page(served):
        page.goto(served[0] + words)
        assert page.evaluate(TORN) == [], words
    page.close()


def test_a_child_who_was_here_before_is_shown_while_somebody_types(page: Any, served: tuple[str, Any]) -> None:
    student = {"given_name": "Sorrel", "family_name": "Wren", "date_of_birth": "2013-03-14"}
    page.goto(f"{served[0]}/admit")
    for name, words in student.items():
        page.fill(f"#{name}", words)
    page.click(".when button")
    page.wait_for_url("**/students/**")
    page.goto(f"{served[0]}/admit")
    page.wait_for_selector('html[data-ready="1"]', state="attached")
    for name in ("given_name", "family_name", "date_of_birth"):
        page.fill(f"#{name}", student[name])
    page.wait_for_selector("text=Somebody like this was here before")
    axe(page, "admitting somebody who was here before")
    assert " ".join(page.inner_text(".when button").split()) == f"Admit {student['given_name']} {student['family_name'][0]}"
    page.fill("#given_name", "Robin")
    page.fill("#family_name", "Somebody Else")
    page.wait_for_selector("text=Somebody like this was here before", state="detached")
    assert page.said == []


def test_a_first_day_before_there_were_slots_says_at_once_when_the_week_begins(page: Any, served: tuple[str, Any]) -> None:
    page.goto(f"{served[0]}/admit")
    page.wait_for_selector('html[data-ready="1"]', state="attached")
    assert page.locator("text=Their week begins on").is_hidden()
    page.fill("#start", "2001-01-08")
    page.wait_for_selector("text=Their week begins on")
    axe(page, "admitting somebody from a day before there were slots")
    assert page.said == []


def test_both_times_can_be_chosen_and_left_again_by_keyboard(page: Any, served: tuple[str, Any]) -> None:
    replayed(page, served)
    now = page.inner_text(".lead")
    page.focus("#as_of")
    page.fill("#as_of", "2026-03-12")
    assert page.inner_text("#seen-by") == "Thu 12 Mar" and page.is_visible("text=Back to now")
    page.focus("#known")
    page.fill("#known", "2026-03-12")
    page.wait_for_url("**known=2026-03-12")
    page.wait_for_selector('html[data-replay="1"]', state="attached")
    assert "as_of=2026-03-12" in page.url and page.inner_text(".lead") != now
    assert (page.inner_text("#seen-by"), page.inner_text("#known-on")) == ("Thu 12 Mar", "Thu 12 Mar")
    page.click("text=Back to now")
    page.wait_for_url(lambda address: "known" not in address)
    page.wait_for_selector('html[data-replay="1"]', state="attached")
    assert page.inner_text(".lead") == now


def test_the_second_hand_of_the_rail_asks_for_what_was_known_then(page: Any, served: tuple[str, Any]) -> None:
    replayed(page, served)
    page.focus("#known-slider")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    wanted = page.input_value("#known")
    assert wanted < "2026-03-27" and page.get_attribute("#known-slider", "aria-valuetext") != "now"
    page.wait_for_url(f"**known={wanted}")
    page.wait_for_selector('html[data-replay="1"]', state="attached")
    assert "as_of" not in page.url and page.is_visible("#since") and page.said == []


def test_every_figure_says_the_same_in_words_and_as_a_table(page: Any, served: tuple[str, Any]) -> None:
    open_student(page, served)
    for figure in page.query_selector_all("[data-figure]"):
        assert len(figure.get_attribute("aria-label")) > 40
    page.click("main summary >> text=As a table >> nth=0")
    assert "How far contact got" in page.inner_text("main details[open]")


def test_the_page_reads_without_script(browser: Any, served: tuple[str, Any]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served[0]}/students/{served[1].children[1].id}")
    assert "Started: " in page.inner_text("main") and page.query_selector("table") is not None
    page.fill("#known", "2026-03-20")
    page.click("text=Show")
    page.wait_for_selector("text=Back to now")
    assert "known=2026-03-20" in page.url and "Fri 20 Mar" in page.inner_text(".say")
    context.close()


def test_what_is_printed_leaves_the_controls_out(page: Any, served: tuple[str, Any]) -> None:
    open_student(page, served)
    page.emulate_media(media="print")
    assert not any(page.is_visible(part) for part in ("#play", "#slider", ".acts", ".tabs", ".bar"))
    assert page.is_visible(".say") and page.is_visible(".lead")


def test_a_long_list_begins_on_the_first_page(page: Any, served: tuple[str, Any], tmp_path: Path) -> None:
    page.goto(f"{served[0]}/students")
    page.emulate_media(media="print")
    assert page.is_visible(".on-paper") and not page.is_visible("text=Admit a student")
    assert page.evaluate("[...document.querySelectorAll('th')].find(cell => cell.checkVisibility()).innerText") == "Student", (
        "headings stand over their columns"
    )
    page.pdf(path=tmp_path / "students.pdf", format="A5")
    with pikepdf.open(tmp_path / "students.pdf") as printed:
        words = [sum(str(step.operator) in ("Tj", "TJ") for step in pikepdf.parse_content_stream(sheet)) for sheet in printed.pages]
    assert len(words) > 1 and words[0] > words[1] / 2, f"the first page is as full as the next: {words}"
    assert words[-1] > 12, f"the last page holds more than its number: {words}"


def test_pictures_named_in_the_docs_exist() -> None:
    import re

    root = Path(__file__).parents[1]
    for text in (root / "README.md", *root.glob("docs/*.md")):
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text.read_text("utf-8")):
            assert (text.parent / picture).is_file(), f"{text.name} names {picture}"


# Replay and reports ---------------------------------------------------------------------------------------------------


def replayed(page: Any, served: tuple[str, Any], words: str = "") -> None:
    open_student(page, served, words)
    page.wait_for_selector('html[data-replay="1"]', state="attached")


def test_a_leader_slides_over_time_by_keyboard_and_the_page_says_what_stood_on_that_day(page: Any, served: tuple[str, Any]) -> None:
    replayed(page, served)
    now, last = page.inner_text(".lead"), page.get_attribute("#slider", "aria-valuetext")
    page.focus("#slider")
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    day = page.input_value("#as_of")
    assert page.get_attribute("#slider", "aria-valuetext") != last and day < "2026-03-27"
    page.wait_for_selector(f"#story[data-day='{day}']")
    slid = page.inner_text(".lead")
    assert slid != now
    assert page.evaluate("document.querySelector('.veil').getBoundingClientRect().width") > 50
    assert (
        "contacts by" in page.inner_text(".alt >> nth=0")
        and page.is_visible("text=Back to now")
        and "times that it was looked for by" in page.inner_text(".by-slot .alt")
    )
    drawn = """from => [...from.querySelectorAll('.facet svg')].map(one => [one.getAttribute('aria-label'),
        ...[...one.querySelectorAll('.likely, circle')].flatMap(part => ['x1', 'x2', 'cx'].map(name => parseFloat(part.getAttribute(name) ?? 0)))])"""
    # The colour of a setting stands in a style with a word of the page, which the parsed copy has not.
    page_again = "new DOMParser().parseFromString((await (await fetch(location.href)).text()).replace(/<style[^]*?<.style>/g, ''), 'text/html')"
    of_server = f"async () => ({drawn})({page_again})"
    seen = page.evaluate(f"({drawn})(document)")
    looked_for = sum(int(each[0].split(" of ")[1]) for each in seen if " of " in each[0])
    assert f" of {looked_for} times" in page.inner_text(".by-slot .alt"), "the drawing does not say what its words say"
    # The server says the same about that day.
    page.goto(f"{served[0]}/students/{served[1].children[1].id}?as_of={day}")
    page.wait_for_selector('html[data-replay="1"]', state="attached")
    assert page.inner_text(".lead") == slid and page.input_value("#as_of") == day
    for ours, theirs in zip(seen, page.evaluate(of_server), strict=True):
        assert ours[0] == theirs[0] and ours[1:] == pytest.approx(theirs[1:], abs=0.11), "the script and the server draw one share alike"
    page.keyboard.press("Home")
    page.focus("#slider")
    page.keyboard.press("End")
    assert page.inner_text(".lead") == now and page.said == []


def test_what_happened_is_marked_on_the_line_that_the_legend_names(page: Any, served: tuple[str, Any]) -> None:
    replayed(page, served)
    named = page.eval_on_selector_all(".legend [data-line]", "marks => marks.map(mark => `${mark.className} ${9 * mark.dataset.line}`)")
    drawn = page.eval_on_selector_all("#marks .mark", "marks => marks.map(mark => `${mark.firstChild.getAttribute('class')} ${mark.getAttribute('y') - 11}`)")
    assert named == ["context 0", "voice 9", "incident 18"]
    assert drawn and set(drawn) <= set(named)
    choice = page.locator("#marked-day")
    last = choice.locator("option").nth(1)
    days = page.eval_on_selector("#slider", "slider => +slider.max")
    assert choice.bounding_box()["height"] >= 44 and 0 <= int(last.get_attribute("value")) <= days
    choice.select_option(index=1)
    assert page.input_value("#slider") == last.get_attribute("value")
    assert page.get_attribute("#slider", "aria-valuetext") == last.inner_text().split(":")[0]
    page.click("#now") if page.is_visible("#now") else page.fill("#slider", "0")
    mark = page.locator("#marks .mark").last.bounding_box()
    page.mouse.click(mark["x"] + 12, page.locator("#marks").bounding_box()["y"] + 4)
    assert int(page.input_value("#slider")) in {int(one.get_attribute("value") or -1) for one in choice.locator("option").all()}, "a press beside a mark"


def test_play_runs_to_the_end_and_stops(page: Any, served: tuple[str, Any]) -> None:
    replayed(page, served)
    page.evaluate("const one = document.querySelector('#slider'); one.value = one.max - 3; one.dispatchEvent(new Event('input'))")
    page.click("#play")
    at_end = "document.querySelector('#slider').value === document.querySelector('#slider').max && document.querySelector('#play').innerText.includes('Play')"
    until(lambda: page.evaluate(at_end), what="it did not come to the end")


def test_what_was_known_then_and_what_changed_since_are_one_step_apart(page: Any, served: tuple[str, Any]) -> None:
    replayed(page, served, "?known=2026-03-18&as_of=2026-03-18")
    page.click("#since")
    page.wait_for_selector("h1 >> text=what changed since")
    said = page.inner_text("main")
    assert "Wed 18 Mar 2026" in said and ("Came later" in said or "Nothing changed since" in said)
    page.fill("#known", "2026-03-10")
    page.press("#known", "Enter")
    page.wait_for_selector("text=after Tue 10 Mar 2026")
    assert int(page.inner_text(".tiles li:first-child strong")) > 0
    page.click(".story a.entry >> nth=0")
    page.wait_for_selector("text=Its story")


def test_a_figure_opens_down_to_a_doorstep_entry(page: Any, served: tuple[str, Any]) -> None:
    url, story = served
    page.goto(f"{url}/reports/make?layout=commissioner-pack&commissioner={story.commissioners[1]}&setting={story.setting}&from=2026-03-09&to=2026-03-27")
    row = page.locator("table", has_text="Visits tried").locator("tbody tr", has=page.locator("a.behind")).last
    row.locator("a.behind").nth(3).click()
    page.wait_for_selector("h1 >> text=the entries behind it")
    page.click(".story a.entry >> nth=0")
    page.wait_for_selector("text=Its story")
    assert "Recorded" in page.inner_text("main") or "recorded" in page.inner_text("main")


def test_a_report_is_released_read_by_its_family_alone_and_withdrawn(chromium: Any, page: Any, served: tuple[str, Any]) -> None:
    url, story = served
    page.goto(f"{url}/reports?student={story.children[1].id}")
    page.click("text=Family page")
    page.fill("#from", "2026-03-16")
    page.click("text=Look at it")
    page.wait_for_selector('html[data-ready="1"]', state="attached")
    with page.expect_download() as found:
        page.click("text=PDF to print")
    assert found.value.suggested_filename == "family-2026-03-16-to-2026-03-27.pdf"
    page.click("text=Release to the family")
    page.wait_for_selector("text=It is released")
    family = signed_in_as(chromium, served, "family").new_page(viewport={"width": 390, "height": 844})
    family.goto(f"{url}/")
    assert family.locator("text=Steps we took together").count() == 2
    family.click("text=Steps we took together >> nth=0")
    family.wait_for_selector('html[data-ready="1"]', state="attached")
    assert "16 Mar 2026" in family.inner_text("main") and family.locator("a.behind, a.entries").count() == 0
    axe(family, "a family's page")
    mine = family.url
    page.click("text=Withdraw >> nth=0")
    page.wait_for_selector("text=It is withdrawn")
    assert family.goto(mine).status == 403
    family.close()


def test_charts_are_dark_on_a_dark_screen_and_dark_on_white_on_paper(browser: Any, served: tuple[str, Any]) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    open_student(page, served)

    def words() -> str:
        colour: str = page.evaluate("getComputedStyle(document.querySelector('[data-figure] .ytick text')).fill")
        return colour

    on_a_dark_screen = words()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    on_paper = words()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert (on_a_dark_screen, on_paper, words()) == ("rgb(238, 241, 243)", "rgb(29, 39, 51)", "rgb(238, 241, 243)")
    page.emulate_media(color_scheme="light")
    until(lambda: words() == "rgb(24, 34, 45)")
    page.close()


def test_earlier_days_of_a_diary_come_in_under_those_that_are_shown(page: Any, served: tuple[str, Any]) -> None:
    page.goto(f"{served[0]}/students/{served[1].children[1].id}/diary")
    axe(page, "a diary")
    days = page.locator("#days h3")
    before = days.all_inner_texts()
    page.click("text=Earlier days")
    until(lambda: days.count() > len(before))
    after = days.all_inner_texts()
    assert after[: len(before)] == before and len(set(after)) == len(after)
    assert page.evaluate("document.activeElement.innerText") == after[len(before)] and page.said == []


def test_for_whom_places_are_bought_is_asked_of_a_commissioner_alone(chromium: Any, served: tuple[str, Any]) -> None:
    page = signed_in_as(chromium, served, "administrator").new_page()
    page.goto(f"{served[0]}/people")
    page.click("summary >> text=Give a role >> nth=0")
    asked = page.locator("details[open] .for-commissioner")
    assert asked.count() == 1 and not asked.is_visible()
    page.select_option("details[open] select[name=role]", "commissioner")
    assert asked.is_visible()
    page.close()
