"""Boxes by the standard: HPKE of RFC 9180, sealed in a browser and opened by the library; and the boxes of before, which open for ever."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ap_ledger.recording.boxes import CURVE, SUITE, open_box, public_key
from ap_ledger.stores.upgrading import upgrade
from api.core.assets import address
from tests.browsing import Place
from tests.house import TUESDAY, Clock, House, settings_for
from tests.test_capture import sealed

GOLDEN = Path(__file__).parent / "golden"


class Vector(NamedTuple):
    """A published example: both private keys, what goes in, and the key and nonce that must come of it."""

    receiver: int
    ephemeral: int
    info: bytes
    words: bytes
    encapsulated: bytes
    key: bytes
    nonce: bytes


VECTOR = Vector(
    receiver=0x317F915DB7BC629C48FE765587897E01E282D3E8445F79F27F65D031A88082B2,
    ephemeral=0x90345E3A1D116C1DD39AE76D95AB858C142223A63E44F8F85318CFA91A84858E,
    info=bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
    words=bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479"),
    encapsulated=bytes.fromhex(
        "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0"
    ),
    key=bytes.fromhex("ee16802a936d5f544771131900ee6973d0551de9e852ece2ef34bf0d5f9e1d1d"),
    nonce=bytes.fromhex("9bc50980832a7b4b58c40161"),
)
"""From the test vectors that come with RFC 9180: mode 0 (base), KEM 0x0010, KDF 0x0001, AEAD 0x0002."""

SEAL = """async ([address, point, info, words, jwk]) => {
  const { sealTo } = await import(address);
  const known = async (d) => crypto.subtle.importKey("jwk", d, { name: "ECDH", namedCurve: "P-256" }, true, d.d ? ["deriveBits"] : []);
  const pair = jwk && { privateKey: await known(jwk), publicKey: await known({ ...jwk, d: undefined, key_ops: undefined }) };
  const made = await sealTo(...[point, info, words].map((each) => Uint8Array.from(each)), pair ?? undefined);
  return [[...made.enc], [...made.ct]];
}"""


def sealed_by_browser(page: Any, point: bytes, info: bytes, words: bytes, ours: dict[str, str] | None = None) -> tuple[bytes, bytes]:
    """What the app's own script makes of it: the encapsulated key and the sealed words."""
    encapsulated, closed = page.evaluate(SEAL, [address("app/hpke.js"), list(point), list(info), list(words), ours])
    return bytes(encapsulated), bytes(closed)


def jwk_of(secret: int) -> dict[str, str]:
    numbers = ec.derive_private_key(secret, CURVE).public_key().public_numbers()
    parts = {"d": secret, "x": numbers.x, "y": numbers.y}
    return {"kty": "EC", "crv": "P-256", **{name: base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=") for name, number in parts.items()}}


def point_of(secret: int) -> bytes:
    numbers = ec.derive_private_key(secret, CURVE).public_key().public_numbers()
    return b"\4" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)


def test_the_suite_of_boxes_opens_what_the_published_vector_seals() -> None:
    # The vector's own texts carry associated data, which boxes do without; its key and nonce are what everything is made with.
    closed = AESGCM(VECTOR.key).encrypt(VECTOR.nonce, VECTOR.words, None)
    assert SUITE.decrypt(VECTOR.encapsulated + closed, ec.derive_private_key(VECTOR.receiver, CURVE), VECTOR.info) == VECTOR.words


def test_what_an_app_of_0_1_0_sealed_is_recorded_for_ever(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "data-0.1.0", tmp_path / "older")
    settings = settings_for("sqlite", tmp_path / "older", None)
    upgrade(settings)
    stored = json.loads((GOLDEN / "box-0.1.0.json").read_text("utf-8"))
    house = House(settings, Clock(TUESDAY), make=False)
    assert open_box(house.ledger.keyring, stored["sent"]) == stored["entry"]
    with house.browser(UUID(stored["entry"]["author_id"])) as client:
        for status in ("recorded", "duplicate"):
            answer = client.post("/api/v1/entries", json={"sent_at": TUESDAY.isoformat(), "device_id": None, "entries": [stored["sent"]]})
            assert [result["status"] for result in answer.json()["results"]] == [status], answer.text
    told = house.look_back(student=UUID(stored["entry"]["student_id"]))["entries"]
    assert [row["entry"] for row in told if row["id"] == stored["entry"]["id"]] == [stored["entry"]]
    house.close()


def test_every_version_that_the_service_says_it_takes_opens_and_an_older_app_still_writes_the_first(house: House) -> None:
    key, entry = public_key(house.ledger.keyring, house.setting), house.note("told me about the weir")
    assert key["takes"] == [1, 2]
    for version in key["takes"]:
        box = sealed(key, entry, version)
        assert box["box"]["v"] == version and open_box(house.ledger.keyring, box) == entry
    # It copies `v` from what it is told onto boxes that it can only make as of the first version.
    assert key["v"] == 1


@pytest.mark.parametrize("version", [1, 2])
def test_a_box_opens_under_no_other_id_than_the_one_it_was_sealed_for(house: House, version: int) -> None:
    key, entry = public_key(house.ledger.keyring, house.setting), house.rung()
    box = sealed(key, entry, version)
    assert open_box(house.ledger.keyring, box) == entry
    assert open_box(house.ledger.keyring, {**box, "id": house.rung()["id"]}) is None
    # The entry inside names the same id; what the box is bound to is the letters that came with it.
    assert open_box(house.ledger.keyring, {**box, "id": entry["id"].upper()}) is None


@pytest.mark.browser
def test_the_app_seals_as_the_published_vector_does(browsers: Callable[..., Any], place: Place) -> None:
    page = browsers(kind="phone").new_page()
    page.goto(f"{place.direct}/visit")
    made = sealed_by_browser(page, point_of(VECTOR.receiver), VECTOR.info, VECTOR.words, jwk_of(VECTOR.ephemeral))
    assert made == (VECTOR.encapsulated, AESGCM(VECTOR.key).encrypt(VECTOR.nonce, VECTOR.words, None))


@pytest.mark.browser
def test_what_the_app_seals_the_library_opens_and_no_two_boxes_are_alike(browsers: Callable[..., Any], place: Place) -> None:
    page, receiver = browsers(kind="phone").new_page(), ec.generate_private_key(CURVE)
    page.goto(f"{place.direct}/visit")
    point = point_of(receiver.private_numbers().private_value)
    seen = set()
    for words in (b"", b"x", "told me about the weir, \N{BLACK HEART SUIT}".encode(), b"y" * 20_000):
        for info in (b"", b"ap-ledger/outbox/2/01a15d79-6800-7000-8000-000000000000"):
            encapsulated, closed = sealed_by_browser(page, point, info, words)
            assert SUITE.decrypt(encapsulated + closed, receiver, info) == words
            seen.add(encapsulated)
    assert len(seen) == 8


@pytest.mark.browser
def test_an_entry_waits_on_a_phone_in_a_box_of_the_second_version(browsers: Callable[..., Any], place: Place) -> None:
    phone = browsers(kind="phone")
    page = phone.new_page()
    page.goto(f"{place.direct}/visit")
    page.wait_for_selector('html[data-ready="1"]', state="attached", timeout=20_000)
    phone.set_offline(True)
    page.click(f"#student-{place.story.children[0].id}")
    page.click("#rung-shares-space")
    page.wait_for_selector("#toast >> text=Saved on this phone")
    kept = page.evaluate(
        """() => new Promise((told) => {
          const opening = indexedDB.open("ap-ledger");
          opening.onsuccess = () => {
            const all = opening.result.transaction("outbox").objectStore("outbox").getAll();
            all.onsuccess = () => told(all.result.map(({ id, box }) => ({ id, box })));
          };
        })"""
    )
    assert kept and {row["box"]["v"] for row in kept} == {2}
    opened = [open_box(place.ledger.keyring, row) for row in kept]
    assert [entry["kind"] for entry in opened if entry] == ["rung-reached", "visit-logged"]
