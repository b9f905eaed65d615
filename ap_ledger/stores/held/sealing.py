"""By whose keys something held is sealed: those of every student in it, else a key of its send that lives for 35 days.

What was refused may hold anybody's words in any field, so it opens only while every key is there that any of those
words would be sealed by, and ends with the first of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ap_ledger.errors import KeyringError, UnreadableKey
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.base import RETENTION_CLASSES, Entry
from ap_ledger.stores.keyring.keyring import Key, Keyring
from ap_ledger.stores.keyring.told_keys import Told
from ap_ledger.stores.sealing import NONCE_BYTES

LIFE = timedelta(days=35)
"""How long something is kept that names no student here: long enough to mend it, and no longer than any copy of it."""
_INFO = b"ap-ledger/held/1"
_ID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_LOOKED_AT = 64
"""So many ids in one thing are looked at; an entry has less than a dozen."""


class Sealing(NamedTuple):
    """By what something held is sealed.

    `owners` are students, `send_key` the owner of a key that one send has; never both.
    """

    owners: tuple[UUID, ...]
    classes: tuple[str, ...]
    send_key: UUID | None


class HeldSealer:
    """Seals and opens what is held."""

    def __init__(
        self, keyring: Keyring, is_student: Callable[[UUID], bool], own: Key, told: Callable[[], Told]
    ) -> None:
        self._keyring = keyring
        self._is_student = is_student
        self._own = own
        self._told = told

    def students_in(self, entry: Any) -> tuple[UUID, ...]:
        """Every student of this ledger whom something names, in whatever field and spelling."""
        text = orjson.dumps(entry).decode().casefold()
        named = dict.fromkeys(UUID(match.group()) for match in islice(_ID.finditer(text), _LOOKED_AT))
        return tuple(sorted(student for student in named if self._is_student(student)))

    def sealing_for(self, entry: Any, code: str | None, send_key: Callable[[], UUID]) -> Sealing:
        """By what something is to be sealed; a key of its send is made only where it is needed."""
        owners, classes = self.students_in(entry), tuple(sorted(classes_in(entry, code)))
        if owners and self._derived(owners, classes) is not None:
            return Sealing(owners, classes, None)
        return Sealing((), (), send_key())

    def make_send_key(self, owner: UUID) -> UUID:
        """Makes the key of a send."""
        self._keyring.make(owner, ("core",))
        return owner

    def end_send_keys(self, owners: Collection[UUID]) -> None:
        """Destroys the keys of sends whose life is over.

        Whoever the ledger tells of is no send, whatever a row says.
        """
        if not owners:
            return
        told = self._told()
        known = told.owners()
        for owner in owners:
            if owner.bytes not in known:
                self._keyring.shred(owner, "core", told)

    def seal(self, sealing: Sealing, row_id: UUID, body: Any) -> tuple[bytes, bytes]:
        """The nonce and the sealed body. Raises KeyringError where a key went meanwhile."""
        cipher = self._cipher(sealing)
        if cipher is None:
            raise KeyringError("The key that would seal this was shredded meanwhile.")
        nonce = os.urandom(NONCE_BYTES)
        return nonce, cipher.encrypt(nonce, orjson.dumps(body), row_id.bytes)

    def open(self, sealing: Sealing, row_id: UUID, nonce: bytes, body: bytes) -> Any:
        """What was sealed. Raises KeyringError where a key is gone or the row is damaged."""
        cipher = self._cipher(sealing)
        if cipher is None:
            raise KeyringError("The keys that sealed this are gone.")
        try:
            return orjson.loads(cipher.decrypt(nonce, body, row_id.bytes))
        except (InvalidTag, ValueError):
            raise KeyringError("This row was damaged.") from None

    def _cipher(self, sealing: Sealing) -> AESGCM | None:
        if sealing.owners:
            return self._derived(sealing.owners, sealing.classes)
        if sealing.send_key is None:
            # Made by 0.1.0, under the ledger's own key; the store seals it anew when it opens.
            return self._own.cipher
        key = self._key(sealing.send_key, "core")
        return key.cipher if key else None

    def _key(self, owner: UUID, kept: str) -> Key | None:
        try:
            return self._keyring.key(owner, kept)
        except UnreadableKey:
            # As good as gone for now; whoever it is, nobody else's send may fail for it.
            return None

    def _derived(self, owners: Iterable[UUID], classes: Iterable[str]) -> AESGCM | None:
        keys = [self._key(owner, kept) for owner in owners for kept in classes]
        raw = b"".join(key.raw for key in keys if key is not None)
        return AESGCM(HKDF(SHA256(), 32, None, _INFO).derive(raw)) if all(key is not None for key in keys) else None


def classes_in(entry: Any, code: str | None) -> set[str]:
    """The retention classes whose words something held may hold, read with suspicion.

    What is malformed may hold words anywhere. What is well formed may still hold them in a field that takes none, such
    as a rung that is none, so it goes at the latest with the student's name.
    """
    return (
        set(RETENTION_CLASSES) if code == "malformed" or not isinstance(entry, Mapping) else {"core", *_declared(entry)}
    )


def _declared(body: Mapping[str, Any]) -> set[str]:
    kind = body.get("kind")
    cls = EVENT_BY_TOPIC.get(kind) if isinstance(kind, str) else None
    if cls is None:
        return set(RETENTION_CLASSES)
    try:
        if issubclass(cls, Entry):
            return set(cls.personal(body).values())
        inner = body.get("replacement")
        return {"learning", *(_declared(inner) if isinstance(inner, dict) else ())}
    except (KeyError, TypeError):
        return set(RETENTION_CLASSES)
