"""A file between the steps of a page: sealed, and carried by the page itself, so that it lies on no disk.

The form that shows what a file would do holds it as a text that only this ledger opens, for the one person and setting
and for a day. Nothing need be kept, tidied away or backed up; whoever leaves the page leaves nothing behind.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ap_ledger.errors import RosterFault
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.roster.zips import FILE_LIMIT
from ap_ledger.stores.keyring.keyring import Key
from ap_ledger.stores.sealing import NONCE_BYTES

LIFE = timedelta(days=1)
CARRIED_LIMIT = 14 * 1024 * 1024
"""What a page can carry, once it is packed."""
TOO_LARGE = "This file is too large for a page. Bring it in at the machine: ap-ledger roster FILE"
TOO_OLD = "This page was left for more than a day, or is another person’s. Choose the file again; nothing was saved."
_INFO = b"ap-ledger/roster-file/1"
_MOMENT_BYTES, _LENGTH_BYTES = 8, 2


class Parcel(NamedTuple):
    """A file that was given: its name, and what is in it."""

    name: str
    raw: bytes


def sealed(own: Key, person: UUID, setting: UUID, parcel: Parcel, now: datetime) -> str:
    """A parcel as a text that only this person can have opened again, for this setting. Raises RosterFault."""
    name = parcel.name.encode()[:1000]
    packed = zlib.compress(parcel.raw, 6)
    if len(packed) > CARRIED_LIMIT:
        raise RosterFault(TOO_LARGE)
    head = microseconds(now).to_bytes(_MOMENT_BYTES, "big") + len(name).to_bytes(_LENGTH_BYTES, "big")
    nonce = os.urandom(NONCE_BYTES)
    body = _cipher(own).encrypt(nonce, head + name + packed, person.bytes + setting.bytes)
    return base64.urlsafe_b64encode(nonce + body).decode("ascii")


def opened(own: Key, person: UUID, setting: UUID, text: str, now: datetime) -> Parcel:
    """What was sealed. Raises RosterFault where it is too old, somebody else's, or no parcel."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
        whole = _cipher(own).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], person.bytes + setting.bytes)
    except (ValueError, binascii.Error, InvalidTag):
        raise RosterFault(TOO_OLD) from None
    made_at = moment(int.from_bytes(whole[:_MOMENT_BYTES], "big"))
    if now - made_at > LIFE:
        raise RosterFault(TOO_OLD)
    name_at = _MOMENT_BYTES + _LENGTH_BYTES
    length = int.from_bytes(whole[_MOMENT_BYTES:name_at], "big")
    content = zlib.decompressobj().decompress(whole[name_at + length :], FILE_LIMIT + 1)
    return Parcel(whole[name_at : name_at + length].decode("utf-8", "replace"), content)


def _cipher(own: Key) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, _INFO).derive(own.raw))
