"""Half-sent requests take nothing from anybody: each part of a request has its time, and each address its share."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import httpx2
import pytest
import uvicorn

from api.core.patience import PatientProtocol, patient_protocol
from tests.browsing import until
from tests.house import House


@contextlib.contextmanager
def served(house: House, protocol: type[PatientProtocol]) -> Iterator[tuple[str, int]]:
    app = house.app(run_projections=False)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, http=protocol, log_config=None, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    until(lambda: server.started, what="the service did not start")
    yield server.servers[0].sockets[0].getsockname()[:2]
    server.should_exit = True
    thread.join(20)


def quick(**limits: float) -> type[PatientProtocol]:
    return type("Quick", (patient_protocol(None),), limits)


def half_sent(address: tuple[str, int], text: str) -> socket.socket:
    made = socket.create_connection(address, timeout=20)
    made.sendall(text.encode())
    return made


def all_of(connection: socket.socket) -> bytes:
    """What came until the service closed the connection."""
    came = b""
    with contextlib.suppress(ConnectionResetError):
        while some := connection.recv(4096):
            came += some
    return came


HALF_HEADERS = "GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
HALF_BODY = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nname=a"


@pytest.mark.parametrize("half", (HALF_HEADERS, HALF_BODY, ""))
def test_a_request_that_does_not_come_to_its_end_is_let_go(make_house: Callable[..., House], half: str) -> None:
    with served(make_house("sqlite"), quick(HEADERS_WITHIN=0.3, BODY_OF_A_STRANGER_WITHIN=0.3)) as address:
        connection = half_sent(address, half)
        assert b"408" in all_of(connection)
        connection.close()


def test_somebody_with_a_credential_has_longer_for_a_body(make_house: Callable[..., House]) -> None:
    with served(make_house("sqlite"), quick(BODY_OF_A_STRANGER_WITHIN=0.2, BODY_WITHIN=30.0)) as address:
        slow = half_sent(address, HALF_BODY.replace("Content-Type", "Cookie: a=b\r\nContent-Type"))
        stranger = half_sent(address, HALF_BODY)
        assert b"408" in all_of(stranger)
        slow.settimeout(0.2)
        with pytest.raises(TimeoutError):
            slow.recv(10)
        slow.close()
        stranger.close()


def test_whoever_sent_a_whole_request_before_is_counted_again_for_the_next(make_house: Callable[..., House]) -> None:
    whole = "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    protocol = quick(UNFINISHED_AT_ONCE=5, BODY_WITHIN=30.0)
    with served(make_house("sqlite"), protocol) as address:
        stuck = []
        for _ in range(5):
            connection = half_sent(address, whole)
            assert b"200" in connection.recv(4096)
            connection.sendall(HALF_BODY.replace("Content-Type", "Cookie: a=b\r\nContent-Type").encode())
            stuck.append(connection)
        until(lambda: sum(protocol.unfinished.values()) == 5, what="the second requests were not counted")
        sixth = half_sent(address, whole)
        assert all_of(sixth) == b""
        for connection in (*stuck, sixth):
            connection.close()
        until(lambda: not protocol.unfinished, what="the connections were not uncounted")


def test_one_address_has_only_so_many_unfinished_requests_and_others_are_served(make_house: Callable[..., House]) -> None:
    protocol = quick(UNFINISHED_AT_ONCE=20, HEADERS_WITHIN=30.0)
    with served(make_house("sqlite"), protocol) as address:
        url = f"http://{address[0]}:{address[1]}/health/live"
        stuck = [half_sent(address, HALF_HEADERS) for _ in range(20)]
        until(lambda: sum(protocol.unfinished.values()) == 20, what="the connections were not counted")
        with socket.create_connection(address, timeout=20) as one_more:
            assert all_of(one_more) == b""
        for connection in stuck[:1]:
            connection.close()
        until(lambda: sum(protocol.unfinished.values()) == 19, what="a closed connection was still counted")
        assert httpx2.get(url).status_code == 200
        for connection in stuck:
            connection.close()
        until(lambda: not protocol.unfinished, what="closed connections were still counted")


def test_the_address_of_the_proxy_is_not_counted() -> None:
    assert "10.0.0.2" in patient_protocol("10.0.0.2").TRUSTED and frozenset() == patient_protocol(None).TRUSTED


def test_many_requests_on_one_connection_are_answered_as_ever(make_house: Callable[..., House]) -> None:
    with served(make_house("sqlite"), quick(HEADERS_WITHIN=5.0)) as address, httpx2.Client() as client:
        url = f"http://{address[0]}:{address[1]}/health/live"
        assert {client.get(url).status_code for _ in range(30)} == {200}
