"""A setting keeps an administrator of accounts who can sign in: none ends the last role, or closes the last account."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.domain.person import EndRole
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, House

PASSWORD = "kettle lamp harbour"
TODAY = FRIDAY.date()


@pytest.fixture
def admin(house: House) -> UUID:
    return administrator(house, "Thyme")


@pytest.fixture
def client(house: House, admin: UUID) -> Iterator[TestClient]:
    with house.browser(admin) as made:
        yield made


def administrator(house: House, name: str, **more: Any) -> UUID:
    """Somebody who has the role, and a password."""
    made = house.person(name, "administrator", **more)
    house.accounts.set_password(made, name, PASSWORD)
    house.runner.catch_up()
    return made


def ending(house: House, person: UUID, author: UUID | None = None, **more: Any) -> EndRole:
    role = next(role for role in house.ledger.access_facts.roles_to_come(person) if role.role == "administrator")
    about = {"setting_id": role.setting_id, "person_id": person, "grant_id": role.grant_id, "on": TODAY, **more}
    return EndRole(id=new_id(), author_id=author, **about)


def press(house: House, client: TestClient, do: str, **more: Any) -> Any:
    form = {"setting": house.setting, "do": do, "form": new_id(), "command": new_id(), **more}
    answer = client.post("/people", data={name: str(value) for name, value in form.items()})
    house.runner.catch_up()
    return answer


def are_left(house: House, *people: UUID) -> list[UUID]:
    """Who of them has the accounts still."""
    return [one for one in people if any(role.role == "administrator" for role in house.ledger.access_facts.roles(one))]


def test_the_only_administrator_ends_their_role_neither_on_the_page_nor_by_the_interface(house: House, admin: UUID, client: TestClient) -> None:
    command = ending(house, admin)
    answer = press(house, client, "end", person=admin, grant=command.grant_id)
    assert answer.status_code == 422 and "You are the only administrator of accounts" in answer.text
    said = {"command": "end-role", **command.model_dump(mode="json", exclude={"author_id"})}
    refused = client.post("/api/v1/commands", json=said)
    assert refused.status_code == 422 and "give the role to somebody else first" in refused.text
    with pytest.raises(Refused, match="They are the only administrator"):
        house.ledger.execute(ending(house, admin))
    assert are_left(house, admin) == [admin]


def test_it_ends_once_somebody_else_has_the_role_and_can_sign_in(house: House, admin: UUID, client: TestClient) -> None:
    other = house.person("Sage", "administrator")
    grant = ending(house, admin).grant_id
    assert press(house, client, "end", person=admin, grant=grant).status_code == 422, "nobody lets Sage in after that"
    house.accounts.set_password(other, "sage", PASSWORD)
    assert "The role has ended." in house_page(press(house, client, "end", person=admin, grant=grant), house, other)
    assert are_left(house, admin, other) == [other]


def house_page(answer: Any, house: House, reader: UUID) -> str:
    """The page that follows, as somebody sees it who still may."""
    assert answer.history, answer.text
    return str(house.browser(reader).get(str(answer.history[0].headers["location"])).text)


def test_who_has_the_role_for_less_long_or_elsewhere_is_not_the_one_who_is_left(house: House, admin: UUID) -> None:
    elsewhere = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=elsewhere, name="Otherfield"))
    administrator(house, "Sorrel", setting=elsewhere)
    administrator(house, "Sage", until=TODAY)
    administrator(house, "Rue", until=TODAY + timedelta(days=9))
    for day in (TODAY + timedelta(days=9), TODAY + timedelta(days=30)):
        with pytest.raises(Refused, match="only administrator"):
            house.ledger.execute(ending(house, admin, on=day))
    house.ledger.execute(ending(house, admin, on=TODAY + timedelta(days=8)))


def test_another_role_of_theirs_ends_as_before(house: House, admin: UUID) -> None:
    grant = house.grant(admin, "leader")
    house.ledger.execute(EndRole(id=new_id(), setting_id=house.setting, person_id=admin, grant_id=grant, on=TODAY, author_id=admin))
    again = house.grant(admin, "administrator")
    house.ledger.execute(EndRole(id=new_id(), setting_id=house.setting, person_id=admin, grant_id=again, on=TODAY, author_id=admin))
    assert are_left(house, admin) == [admin], "the role was given twice, and one of both stays"


def test_two_who_end_each_others_role_at_once_do_not_both_go(house: House, admin: UUID) -> None:
    other, start = administrator(house, "Sage"), Barrier(2)

    def end(command: EndRole) -> str:
        start.wait()
        try:
            return str(house.ledger.execute(command).status)
        except Refused as refusal:
            return refusal.message

    commands = [ending(house, admin, other), ending(house, other, admin)]
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(end, commands))
    assert answers[0].startswith("They are the only administrator") and answers[1] == "recorded"
    assert len(are_left(house, admin, other)) == 1


def test_the_last_administrators_ways_in_are_not_taken_away(house: House, admin: UUID, client: TestClient) -> None:
    answer = press(house, client, "close", person=admin)
    assert answer.status_code == 422 and "You are the only administrator of accounts" in answer.text
    assert house.accounts.of([admin])[admin].ready
    other = administrator(house, "Sage")
    assert "Every way in is taken from them." in press(house, client, "close", person=other).text
    assert not house.accounts.of([other])[other].ready and house.accounts.of([admin])[admin].ready
