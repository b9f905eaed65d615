"""Opens everything that a service shows of a student and their setting, for tests that ask whether all of it still answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.testclient import TestClient

from api.core.gate import every_route


def addresses(client: TestClient, given: Mapping[str, Any], queries: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Every address that is asked for with what is given for the names in it, plain and with each of its queries."""
    for route in every_route(client.app):  # type: ignore[arg-type]
        names = set(getattr(route, "param_convertors", ()))
        if "GET" in (route.methods or ()) and names <= given.keys():
            address = route.path
            for name in names:
                address = address.replace("{" + name + "}", str(given[name]))
            yield from (address + query for query in ("", *queries.get(route.path, ())))


def open_every_page(client: TestClient, given: Mapping[str, Any], queries: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What every address answers to somebody who may see it. Fails where one breaks down, or a student's page does not answer."""
    told: dict[str, str] = {}
    for address in addresses(client, given, queries):
        response = client.get(address)
        assert response.status_code < 500, f"{address}: {response.status_code} {response.text[:400]}"
        if response.status_code == 200:
            told[address] = response.text
    return told
