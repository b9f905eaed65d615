"""A page is declared once: its address, its action of the access table, and its place in the navigation."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from ap_ledger.access import ACTIONS
from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.recording.ledger import new_id
from api.app import GATES, ROUTERS
from api.core.gate import OPEN, Gate, check_gates, every_route, gated
from api.core.navigation import Link, Nav, in_order
from tests.house import House


def page() -> str:
    """A page of a test."""
    return "here"


def test_every_route_of_the_service_is_declared_with_an_action_of_the_access_table(house: House) -> None:
    routes = list(every_route(house.app()))
    assert {f"{method} {route.path}" for route in routes for method in route.methods} == set(GATES)
    assert {gate.action for gate in GATES.values()} <= {OPEN, *ACTIONS}


def test_a_route_without_a_gate_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="gate"):
        gated().get("/hello")(page)
    with pytest.raises(TypeError, match="gate"):
        gated().post("/hello")(page)


@pytest.mark.parametrize("router", [APIRouter(), gated()], ids=["any", "gated"])
def test_a_route_that_went_past_its_declaration_stops_the_service(router: APIRouter) -> None:
    router.add_api_route("/hello", page)
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    with pytest.raises(RuntimeError, match="/hello is not behind the gate"):
        check_gates(app)


def test_an_action_that_the_access_table_does_not_know_stops_the_service() -> None:
    router = gated()
    router.get("/hello", gate=Gate("see-the-sea"))(page)
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    with pytest.raises(RuntimeError, match="/hello is 'see-the-sea', which is no action"):
        check_gates(app)


def test_two_pages_never_want_one_place() -> None:
    links = [Link(address, Nav(address, "more", 1), ()) for address in ("/one", "/two")]
    with pytest.raises(RuntimeError, match="/one and /two want one place"):
        in_order(links)


def test_a_page_leads_whoever_may_its_own_action_where_it_names_no_other() -> None:
    router = gated(prefix="/here")
    router.get("/own", gate=Gate("see-people"), nav=Nav("Own", "more", 2))(page)
    router.get("/other", gate=Gate("see-people"), nav=Nav("Other", "more", 1, ("record",)))(page)
    router.get("/open", gate=Gate(OPEN), nav=(Nav("Open", "more", 3), Nav("Here", "app", 1)))(page)
    assert [(link.nav.bar, link.words, link.address, link.actions) for link in in_order(router.links)] == [
        ("app", "Here", "/here/open", ()),
        ("more", "Other", "/here/other", ("record",)),
        ("more", "Own", "/here/own", ("see-people",)),
        ("more", "Open", "/here/open", ()),
    ]


def test_nobody_is_led_to_a_page_that_turns_them_away(house: House) -> None:
    app, council = house.app(), new_id()
    house.ledger.execute(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=council, name="Council", kind="local-authority"))
    roles = ("mentor", "ap-staff", "leader", "dsl", "deputy-dsl", "safeguarding-reader", "commissioner", "family")
    with TestClient(app):
        for role in (*roles, "administrator", "researcher"):
            buys = {"commissioner_id": council} if role == "commissioner" else {}
            client = house.browser(house.person(role, role, **buys), app)
            bars = re.findall(r'<nav aria-label="(?:Pages|More pages)">(.*?)</nav>', client.get("/me").text, re.S)
            led = [address for bar in bars for address in re.findall(r'href="([^"]+)"', bar)]
            assert "/me" in led
            assert {address: client.get(address).status_code for address in led} == dict.fromkeys(led, 200), role


def test_every_page_behind_more_stands_under_one_heading(house: House) -> None:
    with house.browser() as client:
        menu = re.search(r'<nav aria-label="More pages">(.*?)</nav>', client.get("/me").text, re.S)
    assert menu is not None
    groups = re.findall(r'<div class="group">\s*<p>([^<]+)</p>(.*?)</div>', menu[1], re.S)
    led = [address for _, links in groups for address in re.findall(r'href="([^"]+)"', links)]
    assert [words for words, _ in groups] == ["Students", "The day", "The setting", "People and records", "You"]
    assert len(led) == len(set(led)) > 20 and "/me" in led


def test_a_students_bar_leads_to_what_may_be_seen_of_that_student(house: House) -> None:
    house.runner.catch_up()
    client = house.browser()
    text = client.get(f"/students/{house.student}").text
    bar = re.search(r'<nav class="tabs".*?</nav>', text, re.S)
    assert bar is not None
    links = [link for link in in_order(link for router in ROUTERS for link in router.links) if link.nav.bar == "student"]
    seen = [link.words for link in links if client.get(link.of(str(house.student))).status_code == 200]
    assert seen[:2] == ["Step by step", "Diary"]
    assert re.findall(r">([^<]+)</a>", bar[0]) == [*seen, "Reports"]
    assert f'<a href="/students/{house.student}" aria-current="page">Step by step</a>' in bar[0]


def test_opening_a_students_record_is_written_down() -> None:
    about = {route: gate for route, gate in GATES.items() if route.startswith("GET ") and "/students/{student_id}" in route}
    silent = [route for route, gate in about.items() if gate.reads is None and gate.action.startswith(("read-", "manage-"))]
    assert about and silent == [], f"Say in the Gate of {silent} what of the record is looked at, such as reads='history'."


def test_every_page_in_the_navigation_is_a_page_of_the_service() -> None:
    links = in_order(link for router in ROUTERS for link in router.links)
    assert {f"GET {link.address}" for link in links} <= set(GATES)
    assert {action for link in links for action in link.actions} <= set(ACTIONS)
