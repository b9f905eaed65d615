"""A browser is told by its maker's push service that there is something new: signed, empty, and to nobody else."""

from __future__ import annotations

import sqlite3
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ap_ledger.notices import push
from ap_ledger.notices.raising import raise_new
from ap_ledger.notices.sending import send_waiting
from ap_ledger.stores.notices.channels import MOST_BROWSERS, Subscription
from tests.certificates import server_context
from tests.house import FRIDAY, MONDAY, House

PAGES = "https://ledger.school.example"


class Heard(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class PushService:
    """A push service of this machine. `status` is what it answers."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[Heard] = []
        self.status = 201
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append(Heard(self.path, dict(self.headers), body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """It says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = server_context(folder).wrap_socket(self.server.socket, server_side=True)
        self.name = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def browser(self, name: str = "one") -> Subscription:
        return Subscription(f"https://{self.name}/send/{name}?key=1", PAGES)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    made = PushService(tmp_path)
    monkeypatch.setattr(push, "SERVICES", (made.name,))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def house(make_house: Callable[..., House], database: str) -> House:
    made = make_house(database)
    made.lead = made.person("Rowan", "dsl")
    made.store = made.service.notices
    look(made)
    return made


def look(house: House) -> None:
    house.runner.catch_up()
    raise_new(house.service)


def worry(house: House) -> None:
    house.record(house.entry("worry-raised", MONDAY, text="They said that home is not safe."))
    look(house)


def tell(house: House, *browsers: Subscription) -> None:
    for browser in browsers:
        house.store.subscribe(house.lead, browser, house.clock.now)
    house.store.choose(house.lead, house.store.choice(house.lead)._replace(push=True))


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_push_is_empty_and_signed_by_the_key_that_browsers_were_told(house: House, service: PushService) -> None:
    tell(house, service.browser())
    worry(house)
    worry(house)
    assert send_waiting(house.service) == 1 and send_waiting(house.service) == 0
    ((path, headers, body),) = service.heard
    assert path == "/send/one?key=1" and body == b"" and headers["TTL"] == "86400" and headers["Urgency"] == "high"
    scheme, _, given = headers["Authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in given.split(","))
    assert scheme == "vapid" and parts["k"] == push.public_key(house.ledger.keyring.own())
    head, said, signature = parts["t"].split(".")
    claims, both = orjson.loads(octets(said)), octets(signature)
    assert claims == {"aud": f"https://{service.name}", "exp": int(FRIDAY.timestamp()) + 12 * 3600, "sub": PAGES}
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets(parts["k"]))
    made = encode_dss_signature(int.from_bytes(both[:32]), int.from_bytes(both[32:]))
    point.verify(made, f"{head}.{said}".encode(), ec.ECDSA(SHA256()))


def test_a_browser_that_is_gone_is_forgotten_and_the_others_are_told(house: House, service: PushService) -> None:
    tell(house, service.browser())
    service.status = 410
    worry(house)
    assert send_waiting(house.service) == 0 and house.store.subscriptions(house.lead) == []
    tell(house, service.browser("two"))
    service.status = 201
    worry(house)
    assert send_waiting(house.service) == 1 and [heard.path for heard in service.heard] == ["/send/one?key=1", "/send/two?key=1"]


def test_a_service_that_is_busy_is_asked_again_later(house: House, service: PushService) -> None:
    tell(house, service.browser())
    service.status = 503
    worry(house)
    assert send_waiting(house.service) == 0 == send_waiting(house.service) and len(service.heard) == 1
    service.status, house.clock.now = 201, FRIDAY + timedelta(minutes=2)
    assert send_waiting(house.service) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://fcm.googleapis.com/a", "https://127.0.0.1/a", "https://fcm.googleapis.com.evil.example/a", "https://me@fcm.googleapis.com/a",
        "https://fcm.googleapis.com:8443/a", "file:///etc/passwd", "https://evil.example/.notify.windows.com", "https://fcm.googleapis.com/a b", "https://[/",
        "https://evil.example:443.push.apple.com/a", "https://.push.apple.com/a", "https://a..push.apple.com/a", f"https://{'a' * 64}.push.apple.com/a",
        "https://evil.example\\.push.apple.com/a", "https://[::1].push.apple.com/a",
    ],
)  # fmt: skip
def test_nobody_but_a_known_push_service_is_ever_asked(address: str) -> None:
    assert not push.is_endpoint(address)
    assert push.is_endpoint("https://fcm.googleapis.com/fcm/send/x") and push.is_endpoint("https://wns2-db5p.notify.windows.com/w/?token=x")


def test_a_browser_that_was_kept_at_no_name_at_all_ends_nobody_elses_notifications(house: House, service: PushService) -> None:
    tell(house, Subscription("https://a..push.apple.com/a", PAGES), service.browser())
    worry(house)
    assert send_waiting(house.service) == 1 and len(service.heard) == 1
    assert house.store.subscriptions(house.lead) == [service.browser()]


def test_somebody_turns_notifications_on_and_off_in_a_browser_and_a_pin_does_not(house: House) -> None:
    here = {"endpoint": "https://fcm.googleapis.com/fcm/send/one"}
    with house.browser(house.lead) as lead:
        assert push.public_key(house.ledger.keyring.own()) in lead.get("/notices/choices").text
        assert lead.post("/notices/push", data={**here, "do": "on"}).status_code == 204
        assert house.store.choice(house.lead).push and "You are told in 1 browser." in lead.get("/notices/choices").text
        assert lead.post("/notices/push", data={"endpoint": "https://evil.example/x", "do": "on"}).status_code == 400
        by_pin = house.browser(house.lead, lead.app, kind="pin")
        assert by_pin.post("/notices/push", data={**here, "do": "off"}).status_code == 403
        # Another person in the same browser takes its place; nobody takes somebody else's away.
        other = house.browser(house.mentor, lead.app)
        other.post("/notices/push", data={**here, "do": "off"})
        assert len(house.store.subscriptions(house.lead)) == 1
        lead.post("/notices/push", data={**here, "do": "off"})
        assert not house.store.choice(house.lead).push and house.store.subscriptions(house.lead) == []


def test_of_many_browsers_the_oldest_ends_and_none_is_kept_in_the_clear(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    store = house.service.notices
    for number in range(MOST_BROWSERS + 2):
        store.subscribe(house.mentor, Subscription(f"https://fcm.googleapis.com/fcm/send/{number}", PAGES), FRIDAY + timedelta(minutes=number))
    kept = {each.endpoint.rpartition("/")[2] for each in store.subscriptions(house.mentor)}
    assert kept == {str(number) for number in range(2, MOST_BROWSERS + 2)}
    with closing(sqlite3.connect(house.settings.data / "notices.sqlite")) as rows:
        assert "googleapis" not in repr(rows.execute("SELECT * FROM subscriptions").fetchall())
