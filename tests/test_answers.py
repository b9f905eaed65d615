"""What a program is answered is a model that the route returns, and what is sent in its stead says the same."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter

from api.app import ROUTERS
from api.entries.answers import Receipt, Result
from projections.queries.own_words import own_labels
from projections.queries.roster import roster
from tests.house import FRIDAY, MONDAY, House

SENDS_BYTES = {"recordEntries"}
"""What is answered without a model being made, for speed: the test below holds it to the one that it declares."""
ROUTES = {route.operation_id: route for router in ROUTERS for route in router.routes if route.include_in_schema}


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with house.browser() as made:
        yield made


def test_every_route_of_the_contract_returns_the_model_it_declares() -> None:
    assert set(ROUTES) > SENDS_BYTES and len(ROUTES) > 25
    for name, route in ROUTES.items():
        assert inspect.isclass(route.response_model) and issubclass(route.response_model, BaseModel), name
        returned = get_type_hints(inspect.unwrap(route.endpoint)).get("return")
        assert (returned is route.response_model) is (name not in SENDS_BYTES), name


def strictly(model: type[BaseModel], answer: dict[str, Any]) -> None:
    """Every field that the model has is in an answer, of its type, and no other."""
    assert set(model.model_fields) == set(answer), model.__name__
    TypeAdapter(model).validate_python(answer)


def test_a_send_is_answered_in_the_fields_of_its_model_whatever_becomes_of_it(house: House, client: TestClient) -> None:
    good = house.rung()
    entries = [good, good, {**house.rung(), "rung": "moon"}, house.void(house.rung()), 7]
    answer = client.post("/api/v1/entries", json={"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": entries}).json()
    assert [result["status"] for result in answer["results"]] == ["recorded", "duplicate", "refused", "held", "refused"]
    for result in answer["results"]:
        strictly(Result, result)
    strictly(Receipt, {**answer, "shut_out": None})


def test_a_phone_is_told_everything_that_its_roster_holds(house: House, client: TestClient) -> None:
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    students = house.reader.everyone(setting)
    known = roster(house.reader, setting, students, own_labels(house.reader, students), frozenset(), MONDAY.date())
    told = client.get("/api/v1/capture").json()
    assert set(told) == {*known, "now", "me", "device", "settings", "here", "planned", "box_key"}
    assert {name: told[name] for name in ("ladders", "outcomes", "curricula")} == {name: known[name] for name in ("ladders", "outcomes", "curricula")}
    assert told["students"] and [set(student) for student in told["students"]] == [set(student) for student in known["students"]]
