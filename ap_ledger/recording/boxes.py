"""Boxes: entries that a phone sealed to its setting's public key, so that a lost phone cannot show what was logged on
it.

A setting's key pair is derived from the setting's own key in the keyring, which `kid` names. So nothing more has to be
backed up, and a box that was sealed to an older key opens for as long as the keyring keeps it.

A box of version 2 is HPKE (RFC 9180). Version 1 was written by hand before the library had it; what a phone sealed then
opens for ever.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ap_ledger.domain.json_in import loads
from ap_ledger.errors import KeyringError, UnreadableKey
from ap_ledger.stores.keyring.keyring import Keyring

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points the curve's group has."""
SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PAIR_INFO, BOX_INFO, HPKE_INFO = b"ap-ledger/box-key/1", b"ap-ledger/outbox/1", b"ap-ledger/outbox/2/"


def public_key(keyring: Keyring, setting_id: UUID) -> dict[str, Any]:
    """What a phone needs in order to seal entries for a setting: `takes`, the versions that open here, `kid`, and
    `key`, an uncompressed point in base64. `v` is 1 for ever: the app of 0.1.0 writes it on its boxes, which are of
    that version.

    Raises KeyringError where the setting's key is gone.
    """
    key = keyring.key(setting_id, "core")
    if key is None:
        raise KeyringError("This setting's key is missing from the keyring. Restore the keyring from its backup.")
    point = _private(key.raw).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"v": 1, "takes": sorted(OPENERS), "kid": str(key.id), "key": b64encode(point).decode()}


def is_box(raw: Any) -> bool:
    """Whether something sent is a box."""
    return isinstance(raw, dict) and "box" in raw


def open_box(keyring: Keyring, raw: dict[str, Any]) -> dict[str, Any] | None:
    """The entry inside a box, or None where it cannot be opened (yet): another ledger's, damaged, or its key is not
    here.

    An entry that calls itself by another id than its box is as good as damaged.
    """
    box = raw["box"]
    try:
        opener = OPENERS.get(box["v"])
        if opener is None or set(raw) != {"id", "box"}:
            return None
        key = keyring.by_id(UUID(box["kid"]))
        if key is None:
            return None
        entry = loads(opener(_private(key.raw), box, str(raw["id"]).encode()))
        return entry if isinstance(entry, dict) and UUID(entry["id"]) == UUID(raw["id"]) else None
    except (KeyError, TypeError, ValueError, AttributeError, InvalidTag, binascii.Error, UnreadableKey):
        return None


def unboxed(keyring: Keyring, raw: Any) -> Any:
    """What was sent, out of its box where it came in one that opens."""
    return open_box(keyring, raw) or raw if is_box(raw) else raw


def _open_by_hand(private: ec.EllipticCurvePrivateKey, box: dict[str, Any], entry_id: bytes) -> bytes:
    ephemeral, nonce, sealed = (b64decode(box[name], validate=True) for name in ("epk", "iv", "ct"))
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, ephemeral))
    return AESGCM(HKDF(SHA256(), 32, ephemeral, BOX_INFO).derive(shared)).decrypt(nonce, sealed, entry_id)


def _open_hpke(private: ec.EllipticCurvePrivateKey, box: dict[str, Any], entry_id: bytes) -> bytes:
    encapsulated, sealed = (b64decode(box[name], validate=True) for name in ("enc", "ct"))
    # What a single message is bound to goes into the info, as section 8.1 of the RFC has it.
    return SUITE.decrypt(encapsulated + sealed, private, HPKE_INFO + entry_id)


OPENERS: dict[int, Callable[[ec.EllipticCurvePrivateKey, dict[str, Any], bytes], bytes]] = {
    1: _open_by_hand,
    2: _open_hpke,
}
"""What opens each version of a box, given the setting's private key, the box and the id that came with it."""


@lru_cache(maxsize=64)
def _private(raw: bytes) -> ec.EllipticCurvePrivateKey:
    # 48 bytes, so that taking them modulo the order prefers no key over another.
    seed = int.from_bytes(HKDF(SHA256(), 48, None, PAIR_INFO).derive(raw))
    return ec.derive_private_key(seed % (ORDER - 1) + 1, CURVE)
