"""The interface in other languages than English: which one somebody reads, and what a catalogue can and cannot do to a page."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ap_ledger.recording.ledger import new_id
from api.capture.shell_pages import SHELLS, shell, worker
from api.core.assets import STATIC, known
from api.core.languages import LANGUAGE_COOKIE, catalogue, languages, say, speak, wanted
from api.core.message_check import Broken, check
from api.core.messages import Reader
from api.core.script_messages import said_script, words_of_script
from api.core.sentences import SENTENCES, said_sentence
from api.core.templating import PAGES, day_in_words, environment, short_day, templates, templates_in
from api.core.words import every_message
from tests.house import House

ROOT = Path(__file__).parents[1]
EVERY_TEMPLATE = sorted((file for folder in PAGES for file in folder.glob("*.html")), key=str)
TRANSLATED = (
    "api/core/templates",
    "api/home/templates",
    "api/students/templates",
    "api/people/templates/me.html",
    "api/people/templates/sign_in.html",
)
"""The pages that are said whole in Welsh."""


@pytest.fixture(autouse=True)
def english() -> None:
    speak("en")


def said(source: str, catalogue: dict[str, str]) -> str:
    """A template as it is loaded in a language whose catalogue is this."""
    made = environment("cy", catalogue)
    return made.from_string(source).render(n=3, name="<Ada>", late=True)


# What a message is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ("<p>{{ n }} entries of <b>{{ name }}</b></p>", ["{{ n }} entries of <b>{{ name }}</b>"]),
        ('<p><a class="x" href="/a">See why</a></p>', ["See why"]),
        ('<p>Ask <a href="/a">one</a> or <a href="/b">two</a></p>', ["Ask <a 1>one</a 1> or <a 2>two</a 2>"]),
        ('<li><a href="/a">One</a> <a href="/b">Two</a></li>', ["One", "Two"]),
        ("<p>{% if late %}Late{% else %}In time{% endif %}, by {{ n }}</p>", ["Late", "In time", ", by {{ n }}"]),
        ('<p>{{ "day" if n == 1 else "days" }} left</p>', ['{{ "day" if n == 1 else "days" }} left', "day", "days"]),
        ('<input placeholder="Find" name="q" value="Find">', ["Find"]),
        ('<button class="{{ "good" if n else "bad" }}">Go</button>', ["Go"]),
        ('{{ "late" if n == "overdue" else name }}', ["late"]),
        ("<script>let words = 1;</script><style>p { x: y }</style><p>{{ n }} · {{ name }}</p>", []),
        ("<title>Sign in · AP Ledger</title>", ["Sign in"]),
    ],
)
def test_a_template_is_cut_into_what_people_read(source: str, messages: list[str]) -> None:
    found: list[str] = []
    assert Reader().said(source, lambda words: found.append(words) or words) == source  # type: ignore[func-returns-value]
    assert sorted(found) == sorted(messages)


@pytest.mark.parametrize("file", EVERY_TEMPLATE, ids=lambda file: file.name)
def test_a_template_without_translations_is_compiled_as_it_was_before(file: Path) -> None:
    source = file.read_text("utf-8")
    plain = templates.compile(source, file.name, str(file), raw=True)
    assert environment("cy", {}).compile(source, file.name, str(file), raw=True) == plain


def test_english_pages_are_made_without_any_of_this() -> None:
    assert [name.rpartition(".")[2] for name in templates.extensions] == ["Compact"]


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
@pytest.mark.parametrize("file", EVERY_TEMPLATE, ids=lambda file: file.name)
def test_every_template_can_be_loaded_in_every_language(file: Path, code: str) -> None:
    templates_in(code).get_template(file.name)


# What a translation may hold -------------------------------------------------------------------------------------------


def test_a_translation_puts_figures_and_links_where_it_wants_them() -> None:
    source = '<p>{{ n }} entries of <b class="who">{{ name }}</b>.</p>'
    message = "{{ n }} entries of <b>{{ name }}</b>."
    whole = said(source, {message: "<b>{{ name }}</b>: {{ n }} cofnod."})
    assert whole == '<p><b class="who">&lt;Ada&gt;</b>: 3 cofnod.</p>'


@pytest.mark.parametrize(
    "translation",
    [
        "Cofnodion <b>{{ name }}</b>",  # a figure less
        "{{ n }} {{ n }} <b>{{ name }}</b>",  # a figure twice
        "{{ n }} <b>{{ name | safe }}</b>",  # another expression
        "{{ n }} <b>{{ name }}</b> <script>x</script>",
        "{{ n }} <b onclick=x>{{ name }}</b>",
        "{{ n }} </b>{{ name }}<b>",
        "{{ n }} <b>{{ name }}</b>{% include 'x' %}",
        '{{ n }} "<b>{{ name }}</b>',
        "{{ n }} <b>{{ name }}</b> <",
    ],
)
def test_a_translation_that_drops_a_figure_or_adds_markup_is_not_used(translation: str) -> None:
    message = "{{ n }} entries of <b>{{ name }}</b>"
    with pytest.raises(Broken):
        check(message, translation)
    assert said(f"<p>{message}</p>", {message: translation}) == "<p>3 entries of <b>&lt;Ada&gt;</b></p>"


def test_words_in_an_expression_are_escaped_as_ever() -> None:
    assert said('<p>{{ "late" if late else "early" }}</p>', {"late": "A & B's"}) == "<p>A &amp; B&#39;s</p>"


def test_names_of_classes_and_keys_are_no_words() -> None:
    source = '<p class="{{ "late" if n == 3 else "" }}">{{ "late" if name != "late" else "early" }}</p>'
    assert said(source, {"late": "hwyr"}) == '<p class="late">hwyr</p>'


# The catalogues ----------------------------------------------------------------------------------------------------


def test_nothing_in_a_catalogue_is_obsolete_or_broken() -> None:
    told = subprocess.run([sys.executable, "scripts/translations", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_pages_that_are_said_to_be_welsh_are_welsh_throughout() -> None:
    there = catalogue("cy")
    left = {words: sorted(places) for words, places in every_message().items() if words not in there and any(place.startswith(TRANSLATED) for place in places)}
    assert left == {}, f"Write in api/locales/cy.po, where scripts/translations put them, the Welsh of: {left}"


def test_days_and_numbers_are_said_in_the_language() -> None:
    speak("cy")
    assert day_in_words("2026-11-27") == "Gwen 27 Tach 2026"
    assert short_day("2026-11-27", "2026-12-01") == "Gwen 27 Tach"
    assert say("{count} children", count=3) == "3 plentyn"
    speak("en")
    assert day_in_words(date(2026, 11, 27)) == "Fri 27 Nov 2026"
    assert say("{count} children", count=3) == "3 children"


# Who reads what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "accepted", "answer"),
    [
        ("", "", "en"),
        ("", "cy", "cy"),
        ("", "cy-GB,cy;q=0.9,en;q=0.8", "cy"),
        ("", "en-GB,en;q=0.9,cy;q=0.8", "en"),
        ("", "fr,cy;q=0.5,en;q=0.4", "cy"),
        ("", "fr;q=x,,;;", "en"),
        ("", "cy;q=0", "en"),
        ("", "cy; q=0.9, en; q=0.8", "cy"),
        ("", "en;q=0.5, CY ; Q=0.7", "cy"),
        ("en", "cy", "en"),
        ("cy", "en", "cy"),
        ("../x", "en", "en"),
    ],
)
def test_what_was_chosen_comes_before_what_the_browser_asks_for(chosen: str, accepted: str, answer: str) -> None:
    assert wanted(chosen, accepted) == answer


def choose(client: TestClient, code: str, page: str = "/sign-in?next=%2Fme") -> str:
    answer = client.post("/language", data={"language": code}, headers={"referer": f"{client.base_url}{page}"}, follow_redirects=False)
    assert answer.status_code == 303
    if "set-cookie" in answer.headers:
        # This client sends no cookie that is Secure over plain http by itself.
        client.cookies.set(LANGUAGE_COOKIE, answer.headers["set-cookie"].partition(";")[0].partition("=")[2])
    return str(answer.headers["location"])


def test_the_page_to_sign_in_is_read_in_the_language_that_is_chosen_on_it(house: House) -> None:
    with house.stranger() as client:
        page = client.get("/sign-in")
        assert '<html lang="en">' in page.text and "Cymraeg" in page.text and ">English<" not in page.text
        assert choose(client, "cy") == "/sign-in?next=%2Fme"
        page = client.get("/sign-in")
        assert '<html lang="cy">' in page.text and "Mewngofnodi" in page.text and "Sign in" not in page.text
        assert "Cookie" in page.headers["vary"] and "Accept-Language" in page.headers["vary"]
        choose(client, "en")
        assert '<html lang="en">' in client.get("/sign-in", headers={"accept-language": "cy"}).text


def test_a_language_that_there_is_not_changes_nothing_and_nobody_is_led_elsewhere(house: House) -> None:
    with house.stranger() as client:
        answer = client.post("/language", data={"language": "xx"}, headers={"referer": "https://elsewhere.example//evil"}, follow_redirects=False)
        assert answer.headers["location"] == "/" and "set-cookie" not in answer.headers
        answer = client.post("/language", data={"language": "cy"}, headers={"referer": "https://[elsewhere"}, follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"] == "/", "an address that is none leads to the first page"


def test_ones_own_language_is_chosen_in_ones_account_and_holds_on_every_page(house: House) -> None:
    house.runner.catch_up()
    with house.browser() as client:
        assert "Language" in client.get("/me").text
        choose(client, "cy", "/me")
        account, students = client.get("/me").text, client.get("/students").text
        assert "Fy nghyfrif" in account and ">Hafan<" in account
        assert '<html lang="cy">' in students and ">Allgofnodi<" in students


def test_a_refusal_is_told_in_the_language_of_whoever_reads_it(house: House) -> None:
    with house.browser() as client:
        answer = client.get("/nowhere", headers={"accept-language": "cy", "accept": "text/html"})
        assert answer.status_code == 404 and "Nid oes dim yn y cyfeiriad hwn." in answer.text


def test_what_people_wrote_stays_as_they_wrote_it(house: House) -> None:
    # A mentor whose name is a word of ours too keeps it.
    person = house.person("Group", "mentor")
    house.runner.catch_up()
    with house.browser(person) as client:
        client.cookies.set(LANGUAGE_COOKIE, "cy")
        page = client.get("/me").text
        assert "<h1>Group</h1>" in page and "Group: fy nghyfrif" in page


def test_the_app_with_no_signal_keeps_its_pages_in_one_language_and_asks_anew_when_it_changes(house: House) -> None:
    assert worker("en") != worker("cy")
    for page in SHELLS:
        assert '<html lang="cy">' in shell(page, "cy")
    with house.stranger() as client:
        client.cookies.set(LANGUAGE_COOKIE, "cy")
        assert client.get("/visit").text == shell("/visit", "cy")
        assert client.get("/sw.js").content == worker("cy")


def test_what_read_models_say_of_a_child_is_known_by_its_words_and_keeps_its_figures() -> None:
    speak("cy")
    assert say("absence, 4 days late") == "absenoldeb, 4 diwrnod yn hwyr"
    assert say("not reached on the last 3 visits") == "heb ei gyrraedd ar y 3 ymweliad diwethaf"
    assert say("Nobody there on 30 Oct and 2 Nov. Last reached on 3 Sep.") == "Neb yno ar 30 Hyd a 2 Tach. Cyrhaeddwyd ddiwethaf ar 3 Medi."
    assert say("Half-term review with Group.") == "Adolygiad hanner tymor gyda Group.", "a name stays as it is"
    assert say("Nobody has ever written this.") == "Nobody has ever written this."


def test_the_sentences_that_are_known_by_their_words_are_those_that_are_said() -> None:
    made = " ".join(
        file.read_text("utf-8")
        for folder in ("projections/queries", "api/core")
        for file in sorted((ROOT / folder).glob("*.py"))
        if file.name != "sentences.py"
    )
    said = re.sub(r'"\s+f?"', "", made)
    lost = [
        part
        for sentence in SENTENCES
        for part in re.split(r"\{[a-z]+\}| to be followed up", sentence)
        if len(part.split()) > 2 and part.strip(" .") not in said
    ]
    assert lost == []


# The scripts of the app -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ('el("h2", {}, "No signal yet")', ["No signal yet"]),
        ('el("p", { class: "note warn" }, "One. " +\n  "Two.")', ["One. Two."]),
        ("saved(`${student.name}: anxiety ${anxiety} of 10.`)", ["${student.name}: anxiety ${anxiety} of 10."]),
        ('count(rows, "entry", "entries") + count(1, "visit")', ["entry", "entries", "visit", "visits"]),
        ('`${late ? "One waits" : "all wait"} for you`', ['${late ? "One waits" : "all wait"} for you', "One waits", "all wait"]),
        ('find("#main .grid"); if (event.key === "Enter") go("/visit"); // "Not this"', []),
        ('kind: "rung-reached", `today:visit:${id}`, /["Say no"]/.test(x)', []),
    ],
)
def test_a_script_is_cut_into_what_people_read(source: str, messages: list[str]) -> None:
    assert sorted(words_of_script(source)) == sorted(messages)


@pytest.mark.parametrize("name", sorted(name for name in known() if name.startswith("app/") and name.endswith(".js")))
def test_a_script_without_translations_is_what_it_was(name: str) -> None:
    source = (STATIC / name).read_text("utf-8")
    assert said_script(source, lambda message: message) == source


def test_a_translated_script_says_the_same_things_in_the_same_places() -> None:
    source = 'say(`${count(n, "entry", "entries")} saved on ${here}.`); count(n, "visit")'
    words = {
        '${count(n, "entry", "entries")} saved on ${here}.': 'Ar ${here}: ${count(n, "entry", "entries")}.',
        "entry": "cofnod",
        "entries": "cofnod",
        "visit": "ymweliad",
        "visits": "ymweliad",
    }
    said = said_script(source, lambda message: words.get(message, message))
    assert said == 'say(`Ar ${here}: ${count(n, "cofnod", "cofnod")}.`); count(n, "ymweliad", "ymweliad")'


@pytest.mark.parametrize("translation", ["Wedi'i gadw", "${here} ${here}", "${here}`", "${here}\\", "${here} ${alert(1)}", "${here} <b>"])
def test_a_translation_brings_no_code_into_a_script(translation: str) -> None:
    with pytest.raises(Broken):
        check("Saved on ${here}.", translation)


def test_a_page_of_the_app_loads_its_scripts_in_its_language(house: House) -> None:
    english, welsh = (re.findall(r'src="(/static/[^"]+)"', shell("/visit", code)) for code in ("en", "cy"))
    assert english != welsh and all("/cy/app/" in script for script in welsh)
    with house.stranger() as client:
        script = client.get(welsh[0])
        assert script.status_code == 200 and "Mae un tap yn cadw." in script.text and "One tap saves." not in script.text
        assert "/cy/app/frame.js" in script.text, "what it imports is in the same language"
        assert client.get("/static/x/cy/app/nothing.js").status_code == 404
        assert client.get("/static/x/xx/app/visit.js").status_code == 404


def test_a_catalogue_that_is_damaged_and_a_translation_that_names_what_there_is_not_take_no_page_with_them(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (
        said_sentence("no contact for 5 school days", lambda words: words.replace("{count}", "{rhif}").upper(), lambda _: "") == "no contact for 5 school days"
    )
    (tmp_path / "cy.po").write_bytes(b'msgid "a\nmsgstr \xff\xfe')
    monkeypatch.setattr("api.core.languages.LOCALES", tmp_path)
    kept = (catalogue, templates_in)
    try:
        for each in kept:
            each.cache_clear()
        with house.stranger() as client:
            page = client.get("/sign-in", headers={"accept-language": "cy"})
            assert page.status_code == 200 and "Sign in" in page.text
    finally:
        for each in kept:
            each.cache_clear()


def test_the_diary_says_what_happened_in_the_language_of_whoever_reads_it(house: House) -> None:
    house.record(house.entry("visit-logged", effort="attempted", channel="phone", minutes=20, visit_id=str(new_id())))
    house.record(house.entry("voice-heard", speaker="student", face=4))
    house.runner.catch_up()
    with house.browser() as leader:
        english = leader.get(f"/students/{house.student}").text
        welsh = leader.get(f"/students/{house.student}", headers={"Accept-Language": "cy"}).text
    assert "Reached out, phone, 20 minutes" in english and "Student felt good" in english
    assert "Wedi estyn allan, ffôn, 20 munud" in welsh and "Dysgwr yn teimlo’n da" in welsh
