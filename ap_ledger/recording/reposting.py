"""Holds a stored entry against the fingerprint of what was posted, as far as that can be put together again."""

from __future__ import annotations

import hmac
from itertools import combinations
from typing import Any

import orjson

from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.events.base import Entry, Event
from ap_ledger.persistence.rows import LedgerStoredEvent
from ap_ledger.stores.fingerprint import Fingerprint
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.mapper import ERASED_JSON, open_personal

NULLS = 6
"""How many fields that are not there are tried as nulls: 0.1.0 took the fingerprint with them and stored none."""


def is_what_was_posted(keyring: Keyring, stored: LedgerStoredEvent) -> bool:
    """Whether an entry says what its fingerprint was taken of.

    True too where that cannot be told: keys gone, or no entry.
    """
    cls = EVENT_BY_TOPIC.get(stored.topic)
    key = keyring.key(stored.student_id, "core") if stored.student_id else None
    if cls is None or not issubclass(cls, Entry) or stored.originator_version != 1 or key is None:
        return True
    state: dict[str, Any] = orjson.loads(stored.state)
    open_personal(keyring, stored, cls, state)
    if ERASED_JSON in state.values():
        return True
    state.pop("flags", None)
    names = {"setting_id": stored.setting_id, "student_id": stored.student_id, "author_id": stored.author_id}
    content = {
        **state,
        "id": str(stored.originator_id),
        "kind": stored.topic,
        **{name: str(value) for name, value in names.items()},
    }
    fingerprint_of = Fingerprint(key.raw).of
    return any(
        hmac.compare_digest(fingerprint_of({**content, **dict.fromkeys(nulls)}), stored.fingerprint)
        for nulls in _nulls(cls, content)
    )


def _nulls(cls: type[Event], content: dict[str, Any]) -> list[tuple[str, ...]]:
    absent = [name for name, field in cls.model_fields.items() if field.default is None and name not in content][:NULLS]
    return [some for size in range(len(absent) + 1) for some in combinations(absent, size)]
