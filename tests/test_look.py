"""A setting looks as it says: its colour can be read on every paper, and stands on every page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.domain.colours import BAR_WORDS, BLACK, DARK_INK, DARK_PAPERS, LIGHT_PAPERS, WHITE, WORDS, contrast, look_of, nearest
from ap_ledger.domain.look import SetBrandColour
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.assets import asset
from api.setting.look_pages import SHIPPED
from tests.browsing import Place, axe
from tests.house import House
from tests.test_setting_up import fields_of, form_of, opened, send

STYLES = asset("app/ap.css").plain.decode()
COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(lambda parts: "#{:02x}{:02x}{:02x}".format(*parts))


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


@given(COLOURS)
def test_the_nearest_colour_and_all_its_shades_can_be_read_whatever_was_asked_for(colour: str) -> None:
    own = nearest(colour)
    light, dark = look_of(own)
    for shades, papers in ((light, LIGHT_PAPERS), (dark, DARK_PAPERS)):
        assert all(contrast(shades.brand, paper) >= WORDS for paper in (*papers, shades.soft))
        assert all(contrast(shades.on_brand, button) >= WORDS for button in (shades.brand, shades.hover))
        assert all(contrast(words, bar) >= WORDS for bar in (shades.bar, shades.bar_soft) for words in (WHITE, BAR_WORDS))
    assert nearest(own) == own == light.brand


def test_a_ratio_is_that_of_wcag() -> None:
    assert round(contrast(WHITE, BLACK), 2) == 21 and round(contrast("#767676", WHITE), 2) == 4.54


def test_what_colours_are_tried_on_is_what_the_stylesheet_has() -> None:
    light, dark = STYLES.split("@media (prefers-color-scheme: dark)")[:2]
    for sheet, papers in ((light, LIGHT_PAPERS), (dark, DARK_PAPERS)):
        assert tuple(re.search(rf"--{name}: (#\w+);", sheet)[1] for name in ("page", "surface", "sunk")) == tuple(  # type: ignore[index]
            "#fff" if paper == WHITE else paper for paper in papers
        )
    assert f"--brand: {SHIPPED};" in light and f"--on-brand: {DARK_INK};" in dark and f"color: {BAR_WORDS};" in STYLES


def test_a_colour_too_faint_is_refused_with_the_nearest_that_can_be_read(house: House) -> None:
    with pytest.raises(Refused, match=r"#ffcc00 are too faint.* 1\.2 to 1 .* need 4\.5 to 1.* is #7d6400\."):
        house.ledger.execute(SetBrandColour(id=new_id(), setting_id=house.setting, colour="#ffcc00"))


@pytest.mark.parametrize("colour", ["#12436", "12436d", "navy", "#12436d;} body{display:none", "#12436D"])
def test_what_is_no_colour_is_refused(house: House, colour: str) -> None:
    with pytest.raises(Refused, match="A colour is #"):
        house.ledger.execute(SetBrandColour(id=new_id(), setting_id=house.setting, colour=colour))


def test_every_page_is_in_the_settings_own_colour_until_it_goes_back(house: House, leader: TestClient) -> None:
    assert "--brand: " not in opened(leader, "/students")
    done = send(leader, "/setting/look", **form_of(opened(leader, "/setting/look"), "colour"), colour="#00695C")
    assert "Every page is in this colour now" in done and "#00695c, 5.2 to 1" in done
    page = leader.get("/students")
    nonce = re.search(r"'nonce-([^']+)'", page.headers["content-security-policy"])[1]  # type: ignore[index]
    assert "--brand: #00695c;" in page.text and f'<style nonce="{nonce}">' in page.text
    send(leader, "/setting/look", **form_of(done, "no-colour"))
    assert "--brand: " not in opened(leader, "/students")


def test_a_faint_colour_is_said_on_the_page_and_the_nearest_is_one_press_away(leader: TestClient) -> None:
    fields = form_of(opened(leader, "/setting/look"), "colour")
    answer = leader.post("/setting/look", data={**fields, "colour": "#ffcc00"})
    assert answer.status_code == 422 and "too faint" in re.search(r'role="alert">([^<]+)', answer.text)[1]  # type: ignore[index]
    assert 'id="colour" name="colour" value="#ffcc00"' in answer.text and "Take #7d6400" in answer.text
    assert "Every page is in this colour" in send(leader, "/setting/look", **form_of(answer.text, "colour"))


def test_whoever_is_in_two_settings_sees_the_colour_of_neither(house: House) -> None:
    other = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=other, name="Otherfield"))
    house.ledger.execute(SetBrandColour(id=new_id(), setting_id=house.setting, colour="#00695c"))
    with house.browser(house.person("Rowan", "leader")) as client:
        house.runner.catch_up()
        assert "--brand: #00695c" in client.get("/students").text
    both = house.person("Sorrel", "leader")
    house.grant(both, "leader", other)
    with house.browser(both) as client:
        assert "--brand: " not in client.get("/students").text


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["#7d6400", "#c91355", "#000000"])
def test_pages_in_any_colour_can_be_read(place: Place, browsers: Callable[..., Any], colour: str, scheme: str) -> None:
    done = place.ledger.execute(SetBrandColour(id=new_id(), setting_id=place.story.setting, colour=colour))
    for width in (390, 1280):
        context = browsers(place.story.others["leader"], None, viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = context.new_page()
        for address in ("/", "/students", f"/students/{place.story.children[0].id}", "/setting/look", "/timetable", "/due"):
            page.goto(f"{place.chaos.url}{address}?min_position={done.position}")
            axe(page, f"{address} in {colour}, {scheme}, at {width}")
            shown = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--brand')")
            assert shown == getattr(look_of(colour), scheme).brand


def test_the_steps_of_the_ladder_are_called_otherwise_and_what_was_logged_goes_on(house: House, leader: TestClient) -> None:
    house.record(house.rung("goes-out"))
    house.runner.catch_up()
    address = re.search(r'href="(/setting/ladder/[^"?]+)', opened(leader, "/setting/look"))[1]  # type: ignore[index]
    page = opened(leader, address)
    steps = re.findall(r'name="label:([^"]+)"', page)
    assert steps[0] == "whole-session-independent" and steps[-1] == "no-contact", "the highest first"
    fields = fields_of(page)
    same = leader.post(address, data=fields)
    assert same.status_code == 422 and "nothing to publish" in same.text
    nameless = leader.post(address, data={**fields, "label:goes-out": " "})
    assert nameless.status_code == 422 and "Say what “Goes out with the mentor” is called" in nameless.text
    told = send(leader, address, **{**fields, "label:goes-out": "Comes for a walk", "short:goes-out": "A walk", "plain:goes-out": ""})
    assert "called so from now on" in told and "version 2 says" in told
    house.runner.catch_up()
    ladder = house.reader.definition("default-ladder@2")
    assert ladder is not None and ladder.label_of("goes-out") == "Comes for a walk"
    house.record({**house.rung("shares-space"), "ladder": {"id": "default-ladder", "version": 2}})
    house.runner.catch_up()
    frames = leader.get(f"/students/{house.student}/frames").json()["ladders"]
    assert [(key, each["contacts"]) for key, each in frames.items()] == [("default-ladder@2", [2])], "one climb, both contacts in it"
    page = opened(leader, f"/students/{house.student}")
    assert page.count('data-ladder="') == 1 and "Comes for a walk" in page
    assert "2 contacts" in opened(leader, "/")


def test_a_ladder_that_is_none_has_no_words(leader: TestClient) -> None:
    assert leader.get("/setting/ladder/every-child-matters").status_code == 404


def test_words_that_somebody_else_said_meanwhile_are_not_taken_back_and_a_form_pressed_twice_says_its_words_once(house: House, leader: TestClient) -> None:
    address = "/setting/ladder/default-ladder"
    first, stale = (fields_of(opened(leader, address)) for _ in range(2))
    said = {**first, "label:goes-out": "Comes for a walk"}
    assert [leader.post(address, data=said, follow_redirects=False).status_code for _ in range(2)] == [303, 303]
    answer = leader.post(address, data={**stale, "label:shares-space": "In one room"})
    assert answer.status_code == 422 and "Somebody changed these words" in answer.text and "Comes for a walk" in answer.text
    newest = house.ledger.published.newest("default-ladder")
    assert newest is not None and newest.version == 2 and newest.label_of("goes-out") == "Comes for a walk"


def test_words_go_without_letters_that_nobody_sees(house: House, leader: TestClient) -> None:
    address = "/setting/ladder/default-ladder"
    said = {**fields_of(opened(leader, address)), "label:goes-out": " Comes\u202e for\x00 a\u200b\twalk "}
    assert leader.post(address, data=said, follow_redirects=False).status_code == 303
    newest = house.ledger.published.newest("default-ladder")
    assert newest is not None and newest.label_of("goes-out") == "Comes for a walk"


def test_what_was_known_before_is_told_in_the_words_of_then(house: House) -> None:
    house.record(house.rung("goes-out"))
    house.runner.catch_up()
    house.clock.now = house.clock.now + timedelta(days=10)
    with house.browser() as leader:
        page, frames = f"/students/{house.student}?known=2026-03-06", f"/students/{house.student}/frames?known=2026-03-06"
        before = leader.get(frames).json()["ladders"]
        address = "/setting/ladder/default-ladder"
        leader.post(address, data={**fields_of(opened(leader, address)), "label:goes-out": "Comes for a walk"})
        house.runner.catch_up()
        assert leader.get(frames).json()["ladders"] == before and set(before) == {"default-ladder@1"}
        assert "Comes for a walk" not in leader.get(page).text
        assert set(leader.get(f"/students/{house.student}/frames").json()["ladders"]) == {"default-ladder@2"}
