"""One-time links open what they were made for and no more, a second factor is asked for everywhere, and what lives for a
while lives by elapsed time. Tried as somebody would who wants another's account."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fastapi.testclient import TestClient

from ap_ledger.application.ledger import new_id
from ap_ledger.domain.person import EndRole
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
    secret = house.ledger.accounts.new_factor()
    house.ledger.accounts.set_factor(person, secret, code_of(house, secret))
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
    accounts, poplar = house.ledger.accounts, house.person("Poplar", "ap-staff")
    kept = accounts.make_link("welcome", poplar, admin)
    accounts.set_password(poplar, "poplar", PASSWORD)
    factor(house, poplar)
    assert client.get(f"/welcome?key={kept}").status_code == 403 and open_link(client, kept).status_code == 403
    account = accounts.of([poplar])[poplar]
    assert account.second_factor and account.sign_in_name == "poplar"
    late = accounts.make_link("welcome", poplar, admin)
    assert open_link(client, late).status_code == 403, "what a link may do is looked at when it is used"


def test_setting_up_ends_every_link_that_is_left(house: House, client: TestClient, admin: UUID) -> None:
    accounts, poplar = house.ledger.accounts, house.person("Poplar", "ap-staff")
    accounts.set_password(poplar, "poplar", PASSWORD)
    link = recovery(house, admin, client, poplar)
    accounts.set_password(poplar, "poplar", "another of my own")
    assert open_link(client, link).status_code == 403, "they found their password again, and so nobody recovers it"


def test_a_link_ends_with_the_role_of_whoever_made_it(house: House, client: TestClient, admin: UUID) -> None:
    grant, browser = house.grant(admin, "leader"), house.browser(admin, client.app)  # type: ignore[arg-type]
    link = link_in(people(house, browser, "link", person=add(house, browser, "Poplar")))
    key = house.ledger.ways_in.admit(house.setting, "Their tablet", "tablet", admin)
    roles = {role.role: role.grant_id for role in house.ledger.standing.roles(admin)}
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
    accounts, browser = house.ledger.accounts, house.browser(admin, client.app)  # type: ignore[arg-type]
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
    accounts = house.ledger.accounts
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
    accounts = house.ledger.accounts
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
    house.ledger.accounts.set_password(house.teacher, "teacher", PASSWORD)
    secret = factor(house, house.teacher)
    link = recovery(house, admin, client, house.teacher)
    answers = []
    for n in range(12):
        answers.append(open_link(client, link, code=f"{n:06}").status_code)
        house.clock.now += timedelta(seconds=31)
    assert set(answers) == {422, 403} and answers[-1] == 403
    assert open_link(client, link, code=code_of(house, secret)).status_code == 403, "the link is over, even for the right code"


def test_at_the_machine_a_second_factor_ends_only_where_that_is_said(house: House, client: TestClient) -> None:
    accounts, ways = house.ledger.accounts, house.ledger.ways_in
    accounts.set_password(house.teacher, "teacher", PASSWORD)
    factor(house, house.teacher)
    assert open_link(client, ways.recover_at_machine(house.teacher, False)).status_code == 422
    assert open_link(client, ways.recover_at_machine(house.teacher, True)).status_code == 303
    assert not accounts.of([house.teacher])[house.teacher].second_factor
