"""One-time links open what they were made for and no more, a second factor is asked for everywhere, and what lives for a
while lives by elapsed time. Tried as somebody would who wants another's account."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fastapi.testclient import TestClient

from ap_ledger.domain.device import EnrolDevice, RevokeDevice
from ap_ledger.domain.person import EndRole
from ap_ledger.errors import SignInRefused
from ap_ledger.recording.ledger import new_id
from api.app import GATES
from api.core.asking import BROWSER_COOKIE, DEVICE_COOKIE, SESSION_COOKIE
from api.core.gate import OPEN
from tests.house import FRIDAY, House

PASSWORD = "kettle lamp harbour"
OTHER = "mine from now on, thanks"


@pytest.fixture
def admin(house: House) -> UUID:
    """An administrator who has been here for long."""
    made = house.person("Thyme", "administrator")
    house.runner.catch_up()
    return made


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with house.stranger() as made:
        yield made


def people(house: House, browser: TestClient, do: str, **more: Any) -> Any:
    """A form of the page of people."""
    form = {"setting": str(house.setting), "do": do, "form": str(new_id()), "command": str(new_id())}
    answer = browser.post("/people", data={**form, **{name: str(value) for name, value in more.items()}})
    house.runner.catch_up()
    return answer


def link_in(answer: Any) -> str:
    """The secret of the link that a page shows."""
    found = re.search(r"/welcome\?key=([\w-]+)", answer.text)
    assert found is not None, answer.text
    return found[1]


def add(house: House, browser: TestClient, name: str) -> UUID:
    """Somebody whom an administrator adds on the page."""
    assert "They are added" in people(house, browser, "add", name=name).text
    return UUID(next(one["id"] for one in house.reader.whole("people") if one["name"] == name))


def open_link(client: TestClient, key: str, **more: str) -> Any:
    form = {"key": key, "name": f"name-{key[:6].casefold()}", "password": OTHER, **more}
    return client.post("/welcome", data=form, follow_redirects=False)


def factor(house: House, person: UUID) -> str:
    """Turns a second factor on, and waits until its first code is old."""
    secret = house.accounts.new_factor()
    house.accounts.set_factor(person, secret, code_of(house, secret))
    house.clock.now += timedelta(seconds=60)
    return secret


def code_of(house: House, secret: str) -> str:
    at = int(house.clock.now.timestamp())
    made: bytes = TOTP(base64.b32decode(secret), 6, SHA1(), 30, enforce_key_length=False).generate(at)
    return made.decode()


def recovery(house: House, admin: UUID, client: TestClient, person: UUID, **more: str) -> str:
    """A recovery that the administrator proposes and the leader approves: the secret of its link."""
    assert "is proposed" in people(house, house.browser(admin, client.app), "recover", person=person, **more).text  # type: ignore[arg-type]
    proposal = next(one["id"] for one in house.reader.whole("proposals") if one["status"] == "open")
    leader = house.browser(app=client.app)  # type: ignore[arg-type]
    return link_in(leader.post(f"/proposals/{proposal}", data={"do": "approve", "command": str(new_id())}))


# Links --------------------------------------------------------------------------------------------------------------


def test_a_newer_link_ends_the_one_before_it(house: House, client: TestClient, admin: UUID) -> None:
    browser = house.browser(admin, client.app)  # type: ignore[arg-type]
    poplar = add(house, browser, "Poplar")
    first, second = (link_in(people(house, browser, "link", person=poplar)) for _ in range(2))
    assert client.get(f"/welcome?key={first}").status_code == 403
    assert "a newer one was made" in open_link(client, first).text
    assert open_link(client, second).status_code == 303


def test_a_second_welcome_link_never_takes_an_account_over(house: House, client: TestClient, admin: UUID) -> None:
    accounts, poplar = house.accounts, house.person("Poplar", "ap-staff")
    kept = accounts.make_link("welcome", poplar, admin)
    accounts.set_password(poplar, "poplar", PASSWORD)
    factor(house, poplar)
    assert client.get(f"/welcome?key={kept}").status_code == 403 and open_link(client, kept).status_code == 403
    account = accounts.of([poplar])[poplar]
    assert account.second_factor and account.sign_in_name == "poplar"
    late = accounts.make_link("welcome", poplar, admin)
    assert open_link(client, late).status_code == 403, "what a link may do is looked at when it is used"


def test_setting_up_ends_every_link_that_is_left(house: House, client: TestClient, admin: UUID) -> None:
    accounts, poplar = house.accounts, house.person("Poplar", "ap-staff")
    accounts.set_password(poplar, "poplar", PASSWORD)
    link = recovery(house, admin, client, poplar)
    accounts.set_password(poplar, "poplar", "another of my own")
    assert open_link(client, link).status_code == 403, "they found their password again, and so nobody recovers it"


def test_a_link_ends_with_the_role_of_whoever_made_it(house: House, client: TestClient, admin: UUID) -> None:
    grant, browser = house.grant(admin, "leader"), house.browser(admin, client.app)  # type: ignore[arg-type]
    house.accounts.set_password(house.person("Sage", "administrator"), "sage", PASSWORD)
    link = link_in(people(house, browser, "link", person=add(house, browser, "Poplar")))
    key = house.ways_in.admit(house.setting, "Their tablet", "tablet", admin)
    roles = {role.role: role.grant_id for role in house.ledger.access_facts.roles(admin)}
    for role in (grant, roles["administrator"]):
        ended = {"setting_id": house.setting, "person_id": admin, "grant_id": role, "on": FRIDAY.date()}
        house.ledger.execute(EndRole(id=new_id(), **ended))
    assert open_link(client, link).status_code == 403
    assert client.post("/api/v1/devices/enrol", json={"key": key}).status_code == 403


def test_nobody_is_let_in_by_one_person_where_it_opens_safeguarding(house: House, client: TestClient, admin: UUID) -> None:
    browser, elm = house.browser(admin, client.app), house.person("Elm")  # type: ignore[arg-type]
    link = link_in(people(house, browser, "link", person=elm))
    house.grant(elm, "dsl", author_id=house.leader, approved_by=house.teacher)
    assert open_link(client, link).status_code == 403, "the link was made before the role was"
    assert "helped by two people" in people(house, browser, "link", person=elm).text


def test_nobody_takes_an_account_over_by_closing_it_first(house: House, client: TestClient, admin: UUID) -> None:
    accounts, browser = house.accounts, house.browser(admin, client.app)  # type: ignore[arg-type]
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    secret = factor(house, house.teacher)
    link = recovery(house, admin, client, house.teacher)
    assert people(house, browser, "close", person=house.teacher).status_code == 200
    assert open_link(client, link).status_code == 403, "closing an account ends its links, too"
    assert "helped by two people" in people(house, browser, "link", person=house.teacher).text
    link = recovery(house, admin, client, house.teacher)
    assert open_link(client, link).status_code == 422, "the second factor outlives the password"
    assert open_link(client, link, code=code_of(house, secret)).status_code == 303


# Recovery -----------------------------------------------------------------------------------------------------------


def test_recovery_asks_for_the_second_factor_that_is_set(house: House, client: TestClient, admin: UUID) -> None:
    accounts = house.accounts
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    accounts.set_pin(house.teacher, "482915")
    secret = factor(house, house.teacher)
    link = recovery(house, admin, client, house.teacher)
    assert 'name="code"' in client.get(f"/welcome?key={link}").text
    for code in ("", "000000", "12"):
        assert open_link(client, link, code=code, name="teacher").status_code == 422
    assert open_link(client, link, code=code_of(house, secret), name="teacher").status_code == 303
    account = accounts.of([house.teacher])[house.teacher]
    assert account.second_factor and not account.has_pin
    house.clock.now += timedelta(seconds=60)
    assert accounts.sign_in("teacher", OTHER, code_of(house, secret), "here")


def test_whoever_lost_their_phone_is_asked_for_the_password(house: House, client: TestClient, admin: UUID) -> None:
    accounts = house.accounts
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    factor(house, house.teacher)
    link = recovery(house, admin, client, house.teacher, lost="second-factor")
    page = client.get(f"/welcome?key={link}").text
    assert "present password" in page and 'name="name"' not in page
    assert open_link(client, link).status_code == 422
    assert client.post("/welcome", data={"key": link, "password": PASSWORD}, follow_redirects=False).status_code == 303
    account = accounts.of([house.teacher])[house.teacher]
    assert not account.second_factor and account.sign_in_name == "teacher"
    assert accounts.sign_in("teacher", PASSWORD, "", "here")


def test_a_code_is_not_guessed_with_a_link_in_hand(house: House, client: TestClient, admin: UUID) -> None:
    house.accounts.set_password(house.teacher, "teacher", PASSWORD)
    secret = factor(house, house.teacher)
    link = recovery(house, admin, client, house.teacher)
    answers = []
    for n in range(12):
        answers.append(open_link(client, link, code=f"{n:06}").status_code)
        house.clock.now += timedelta(seconds=31)
    assert set(answers) == {422, 403} and answers[-1] == 403
    assert open_link(client, link, code=code_of(house, secret)).status_code == 403, "the link is over, even for the right code"


def test_at_the_machine_a_second_factor_ends_only_where_that_is_said(house: House, client: TestClient) -> None:
    accounts, ways = house.accounts, house.ways_in
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    factor(house, house.teacher)
    assert open_link(client, ways.recover_at_machine(house.teacher, False)).status_code == 422
    assert open_link(client, ways.recover_at_machine(house.teacher, True)).status_code == 303
    assert not accounts.of([house.teacher])[house.teacher].second_factor


# A second factor everywhere -------------------------------------------------------------------------------------------


FAR = {"public_url": "https://riverbank.example", "second_factor": True}
BEFORE_FACTOR = {"GET /me/factor", "POST /me/factor", "POST /sign-out"}
"""All that somebody may do whose password alone would open their account."""


def every_route(client: TestClient, begin: Callable[[], str] | None = None, **more: Any) -> Iterator[tuple[str, Any]]:
    """Every route that is not open to strangers, and what it answers. What the gate lets in may fail for want of a body.

    `begin` gives a session for each, because some end it.
    """
    for key, gate in GATES.items():
        if gate.action != OPEN:
            if begin is not None:
                client.cookies.set(SESSION_COOKIE, begin())
            method, path = key.split(" ", 1)
            url = re.sub(r"{(\w+)(:\w+)?}", lambda named: "1" if named[1] == "version" else str(new_id()), path)
            yield key, client.request(method, url, follow_redirects=False, **more)


def is_turned_away(answer: Any) -> bool:
    """Whether a route sent somebody to set up their second factor."""
    if answer.status_code == 303:
        return bool(answer.headers["location"] == "/me/factor")
    return bool(answer.status_code == 403 and answer.headers["content-type"] == "application/problem+json" and answer.json().get("code") == "second-factor")


@pytest.mark.parametrize("way", ["full", "pin", "token"])
def test_with_a_password_only_nothing_is_done_away_from_the_machine(house: House, way: str) -> None:
    house.accounts.set_password(house.leader, "leader", PASSWORD)
    app = house.app(**FAR)
    house.runner.catch_up()
    more = {"headers": house.token()} if way == "token" else {"begin": lambda: house.accounts.begin(house.leader, way)}
    let_in = {key for key, answer in every_route(house.stranger(app), **more) if not is_turned_away(answer)}
    assert let_in == BEFORE_FACTOR


def test_a_password_only_makes_no_token_no_pin_and_no_presence(house: House) -> None:
    accounts, app = house.accounts, house.app(**FAR)
    accounts.set_password(house.leader, "leader", PASSWORD)
    device, credential = house.ways_in.enrol(house.ways_in.admit(house.setting, "A tablet", "tablet", house.leader))
    house.runner.catch_up()
    client = house.stranger(app)
    client.cookies.set(DEVICE_COOKIE, credential)
    answer = client.post("/sign-in", data={"name": "leader", "password": PASSWORD}, follow_redirects=False)
    keep(client, answer)
    for form in ({"do": "token", "scope": "all", "days": "365"}, {"do": "pin", "pin": "482915"}, {"do": "password", "password": OTHER}):
        assert is_turned_away(client.post("/me", data={**form, "current": PASSWORD}, follow_redirects=False))
    assert accounts.tokens() == [] and not accounts.of([house.leader])[house.leader].has_pin
    assert not accounts.here(device), "nobody is here on a tablet by a password alone"
    entry = house.rung(at=FRIDAY, author_id=str(house.leader))
    send = {"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [entry]}
    assert client.post("/api/v1/entries", json=send).json()["results"][0]["status"] == "held"
    secret = accounts.new_factor()
    done = client.post("/me/factor", data={"secret": secret, "code": code_of(house, secret), "current": PASSWORD}, follow_redirects=False)
    assert done.headers["location"] == "/me?done=factor"
    assert client.get("/me", follow_redirects=False).status_code == 303, "what began with a password alone is over"
    keep(client, done)
    assert client.get("/me", follow_redirects=False).status_code == 200 and accounts.here(device) == {house.leader}


def test_a_pin_of_before_is_worth_nothing_without_a_second_factor(house: House) -> None:
    accounts = house.accounts
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    accounts.set_pin(house.teacher, "482915")
    device, credential = house.ways_in.enrol(house.ways_in.admit(house.setting, "A tablet", "tablet", house.leader))
    accounts.begin(house.teacher, "full", device)
    house.runner.catch_up()
    client = house.stranger(house.app(**FAR))
    client.cookies.set(DEVICE_COOKIE, credential)
    assert client.post("/switch", data={"person": str(house.teacher), "pin": "482915"}).status_code == 403


def keep(client: TestClient, answer: Any) -> None:
    """What a browser does with a session's cookie."""
    client.cookies.set(SESSION_COOKIE, cookie_of(answer, SESSION_COOKIE))


def cookie_of(answer: Any, name: str) -> str:
    found = re.search(rf"{name}=([^;]+)", answer.headers["set-cookie"])
    assert found is not None
    return found[1]


# Clocks -------------------------------------------------------------------------------------------------------------


YEAR = timedelta(days=365)


@pytest.fixture
def ahead(house: House) -> Iterator[Any]:
    """What is made under a clock that is a year ahead, before it is put right."""

    def make(what: Any) -> Any:
        house.clock.now += YEAR
        try:
            return what()
        finally:
            house.clock.now -= YEAR

    yield make


def test_a_session_of_a_clock_a_year_ahead_is_over(house: House, ahead: Any, client: TestClient) -> None:
    secret = ahead(lambda: house.accounts.begin(house.leader, "full"))
    assert house.accounts.session(secret) is None
    ours = house.accounts.begin(house.leader, "full")
    ahead(lambda: house.accounts.tidy())
    assert house.accounts.session(ours) is None or house.accounts.session(secret) is None


def test_a_token_and_a_link_of_a_clock_a_year_ahead_are_over(house: House, ahead: Any, client: TestClient) -> None:
    token = ahead(lambda: house.token())
    assert client.get("/api/v1/students", headers=token).status_code == 401
    poplar = house.person("Poplar")
    link = ahead(lambda: house.accounts.make_link("welcome", poplar))
    assert open_link(client, link).status_code == 403


def test_tries_of_a_clock_a_year_ahead_lock_nobody_out(house: House, ahead: Any, client: TestClient) -> None:
    house.accounts.set_password(house.leader, "leader", PASSWORD)
    wrong = {"name": "leader", "password": "wrong words here"}
    statuses = ahead(lambda: [client.post("/sign-in", data=wrong).status_code for _ in range(11)])
    assert statuses[-1] == 429
    right = client.post("/sign-in", data={"name": "leader", "password": PASSWORD}, follow_redirects=False)
    assert right.status_code == 303


def test_a_code_of_a_clock_a_year_ahead_does_not_lock_its_owner_out(house: House, ahead: Any) -> None:
    accounts = house.accounts
    accounts.set_password(house.leader, "leader", PASSWORD)
    secret = factor(house, house.leader)
    ahead(lambda: accounts.sign_in("leader", PASSWORD, code_of(house, secret), "here"))
    assert accounts.sign_in("leader", PASSWORD, code_of(house, secret), "here")


def test_who_is_on_a_tablet_goes_by_elapsed_time(house: House, ahead: Any) -> None:
    accounts = house.accounts
    device, _ = house.ways_in.enrol(house.ways_in.admit(house.setting, "A tablet", "tablet", house.leader))
    ahead(lambda: accounts.begin(house.teacher, "full", device))
    assert accounts.here(device) == set()
    left = accounts.begin(house.leader, "full", device)
    ahead(lambda: accounts.sign_out(left))
    tomorrow = int((house.clock.now + timedelta(days=1)).timestamp()) * 1_000_000
    house.clock.now += timedelta(days=2)
    assert not accounts.was_here(device, house.leader, tomorrow, shared=True)


def test_what_somebody_looked_at_under_a_wrong_clock_is_recorded_again(house: House, ahead: Any) -> None:
    look = lambda: house.ledger.record_read("history", house.leader, house.setting, house.student)  # noqa: E731
    assert ahead(look) and look() and not look()


# Guessing -----------------------------------------------------------------------------------------------------------


def guess(house: House, app: Any, times: int, address: str = "203.0.113.9") -> list[int]:
    """Wrong passwords for the leader's account, from an address of a stranger's."""
    stranger = TestClient(app, base_url="http://127.0.0.1:8000", headers={"origin": "http://127.0.0.1:8000"}, client=(address, 1))
    wrong = {"name": "leader", "password": "wrong words here"}
    return [stranger.post("/sign-in", data=wrong).status_code for _ in range(times)]


def sign_in(client: TestClient, password: str = PASSWORD) -> Any:
    return client.post("/sign-in", data={"name": "leader", "password": password}, follow_redirects=False)


def test_ten_wrong_tries_lock_out_whoever_makes_them_and_not_the_owner(house: House, client: TestClient) -> None:
    house.accounts.set_password(house.leader, "leader", PASSWORD)
    assert guess(house, client.app, 11)[-1] == 429
    assert sign_in(client).status_code == 303, "the owner comes from elsewhere"


def test_the_owner_gets_in_from_a_browser_that_is_known_whatever_is_tried_elsewhere(house: House, client: TestClient) -> None:
    house.accounts.set_password(house.leader, "leader", PASSWORD)
    known = cookie_of(sign_in(client), BROWSER_COOKIE)
    client.cookies.clear()
    for address in range(5):
        guess(house, client.app, 10, f"203.0.113.{address}")
    guess(house, client.app, 10, "testclient")
    assert sign_in(client).status_code == 429, "in a browser that nobody knows it waits"
    client.cookies.set(BROWSER_COOKIE, known)
    assert sign_in(client).status_code == 303
    client.cookies.set(BROWSER_COOKIE, "of-my-own-making")
    assert sign_in(client).status_code == 429


def test_a_device_on_which_somebody_works_is_known(house: House, client: TestClient) -> None:
    accounts = house.accounts
    accounts.set_password(house.leader, "leader", PASSWORD)
    device, credential = house.ways_in.enrol(house.ways_in.admit(house.setting, "A tablet", "tablet", house.leader))
    accounts.begin(house.leader, "full", device)
    guess(house, client.app, 10, "testclient")
    assert sign_in(client).status_code == 429
    client.cookies.set(DEVICE_COOKIE, credential)
    assert sign_in(client).status_code == 303
    codes = [sign_in(client, "wrong words here").status_code for _ in range(11)]
    assert codes[-1] == 429, "a known place counts its own tries"


def test_a_stranger_at_the_same_address_does_not_keep_a_tablet_from_being_taken_back(house: House, client: TestClient) -> None:
    accounts = house.accounts
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    guess(house, client.app, 11, "testclient")
    for _ in range(89):
        accounts._count_try("address", "testclient", 100)
    browser = house.browser(house.teacher, client.app)  # type: ignore[arg-type]
    browser.get(f"/students/{house.student}/questionnaires/carer-confidence/1", params={"respondent": "student"})
    assert browser.post("/take-back", data={"secret": PASSWORD}, follow_redirects=False).status_code == 303


# Devices ------------------------------------------------------------------------------------------------------------


def enrolled(house: House) -> tuple[UUID, str]:
    return house.ways_in.enrol(house.ways_in.admit(house.setting, "A tablet", "tablet", house.leader))


def shut_out(house: House, device: UUID) -> None:
    about = {"setting_id": house.setting, "author_id": house.leader, "device": device, "reason_code": "lost"}
    house.ledger.execute(RevokeDevice(id=new_id(), **about))


def deliver(house: House, client: TestClient, **more: Any) -> Any:
    entry = house.rung(at=FRIDAY, author_id=str(house.teacher))
    return client.post("/api/v1/entries", json={"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [entry], **more})


@pytest.mark.parametrize("by", ["cookie", "bearer"])
def test_a_device_that_was_shut_out_reads_nothing_and_delivers_once(house: House, client: TestClient, by: str) -> None:
    house.runner.catch_up()
    device, credential = enrolled(house)
    house.accounts.set_password(house.teacher, "teacher", PASSWORD)
    house.accounts.begin(house.teacher, "full", device)
    shut_out(house, device)
    if by == "cookie":
        client.cookies.set(DEVICE_COOKIE, credential)
        client.cookies.set(SESSION_COOKIE, house.accounts.begin(house.teacher, "full"))
    else:
        client.headers["authorization"] = f"Bearer {credential}"
    for key, answer in every_route(client):
        if key != "POST /api/v1/entries":
            assert answer.status_code == 401 and "clear-site-data" not in answer.headers, key
            assert "shut-out" not in answer.text, "it would be wiped before it has delivered"
    assert client.get("/switch").status_code == 404
    assert deliver(house, client, more=True).json()["results"][0]["status"] == "held"
    assert deliver(house, client).json()["results"][0]["status"] == "held"
    again = deliver(house, client)
    assert again.status_code == 401 and again.json()["code"] == "shut-out" and '"storage"' in again.headers["clear-site-data"]


@pytest.mark.parametrize(("hours", "wiped"), [(25, True), (-24 * 365, False)])
def test_a_device_that_was_shut_out_delivers_within_a_day(house: House, client: TestClient, hours: int, wiped: bool) -> None:
    device, credential = enrolled(house)
    shut_out(house, device)
    client.cookies.set(DEVICE_COOKIE, credential)
    house.clock.now += timedelta(hours=hours)
    late = deliver(house, client)
    assert late.status_code == 401 and ("clear-site-data" in late.headers) == wiped, "a clock that was wrong wipes nothing"
    assert house.ledger.waiting.entries() == []


def test_a_device_stays_shut_out_where_a_crash_came_between(house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    device, credential = enrolled(house)
    with monkeypatch.context() as crash:
        crash.setattr(house.accounts, "revoke_device", lambda _: None)
        shut_out(house, device)
    client.headers["authorization"] = f"Bearer {credential}"
    assert client.get("/api/v1/settings").status_code == 200
    assert house.ledger.effects.redo() == 1
    assert client.get("/api/v1/settings").status_code == 401


DEVICE_ROUTES = {
    "POST /api/v1/entries", "GET /api/v1/position", "GET /api/v1/openapi.json", "GET /api/v1/settings", "GET /api/v1/frameworks",
    "GET /api/v1/frameworks/{framework_id}/{version}", "GET /api/v1/settings/{setting_id}/timetable",
}  # fmt: skip
"""What a device may ask with nobody signed in on it: what holds nothing about anybody."""


def test_a_device_is_nobody(house: House, client: TestClient) -> None:
    _, credential = enrolled(house)
    house.runner.catch_up()
    client.headers["authorization"] = f"Bearer {credential}"
    answered = {key for key, answer in every_route(client) if answer.status_code not in (401, 403) and not turned_to_sign_in(answer)}
    assert answered == DEVICE_ROUTES
    own = {
        "command": "set-own-items", "id": str(new_id()), "setting_id": str(house.setting), "student": str(house.student),
        "definition": {"id": "everyday-steps", "version": 1}, "labels": {"bus-stop.1": "Hers"},
    }  # fmt: skip
    assert client.post("/api/v1/commands", json=own).status_code == 403


def turned_to_sign_in(answer: Any) -> bool:
    return bool(answer.status_code == 303 and answer.headers["location"].startswith("/sign-in"))


def test_on_their_own_phone_a_password_logs_without_the_code_and_looks_back_at_nothing(house: House) -> None:
    house.accounts.set_password(house.mentor, "hazel", PASSWORD)
    secret, phone, tablet = factor(house, house.mentor), new_id(), new_id()
    cookies = {}
    for device, kind in ((phone, "phone"), (tablet, "tablet")):
        house.ledger.execute(EnrolDevice(id=new_id(), setting_id=house.setting, author_id=house.leader, device=device, name="D", kind=kind))
        cookies[device] = house.accounts.admit_device(device)
    house.runner.catch_up()
    with house.stranger() as desk:

        def enter(device: UUID | None, code: str = "") -> Any:
            made = house.stranger(desk.app)
            if device is not None:
                made.cookies.set(DEVICE_COOKIE, cookies[device])
            said = made.post("/sign-in", data={"name": "hazel", "password": PASSWORD, "code": code}, follow_redirects=False)
            if said.status_code != 303:
                return None
            # A cookie that is secure is not sent over plain http by this client.
            made.cookies.set(SESSION_COOKIE, said.cookies[SESSION_COOKIE])
            return made

        assert enter(phone) is None, "the first time the code is asked for"
        first = enter(phone, code_of(house, secret))
        assert first is not None
        assert first.get("/api/v1/capture").status_code == 200
        again = enter(phone)
        assert again is not None and again.get("/api/v1/capture").json()["me"]["by"] == "pin"
        assert again.get(f"/students/{house.student}").status_code == 403 and again.get("/me/factor").status_code in (200, 403)
        assert again.post("/me", data={"do": "token", "scope": "all", "days": "9", "current": PASSWORD}).status_code in (403, 422)
        assert enter(tablet) is None and enter(None) is None, "elsewhere the code is asked for as ever"
        assert enter(phone, "000000") is None, "a wrong code is none that was left out"
        assert again.post("/sign-out").status_code == 200
        assert enter(phone) is None, "whoever signed out of it begins anew, by whichever session"
        for shut in (
            lambda: house.accounts.sign_out_everywhere(house.mentor),
            lambda: house.accounts.set_password(house.mentor, "hazel", PASSWORD),
        ):
            house.clock.now += timedelta(minutes=2)
            assert enter(phone, code_of(house, secret)) is not None and enter(phone) is not None
            shut()
            assert enter(phone) is None, "a phone that was lost vouches for nobody"


def test_a_phone_on_which_nobody_ever_typed_a_code_does_not_stand_in_for_one(house: House) -> None:
    house.accounts.set_password(house.mentor, "hazel", PASSWORD)
    phone = new_id()
    house.ledger.execute(EnrolDevice(id=new_id(), setting_id=house.setting, author_id=house.leader, device=phone, name="D", kind="phone"))
    house.accounts.sign_in("hazel", PASSWORD, "", "1.2.3.4", phone)
    secret = house.accounts.new_factor()
    with house.browser(house.mentor) as client:
        client.post("/me/factor", data={"secret": secret, "code": code_of(house, secret), "current": PASSWORD})
    with pytest.raises(SignInRefused):
        house.accounts.sign_in("hazel", PASSWORD, "", "1.2.3.4", phone, own_phone=True)
