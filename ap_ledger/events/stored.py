"""What was stored, read again: an old state is brought up to date, then read strictly."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from ap_ledger.errors import Unreadable
from ap_ledger.events.base import Event, Stamp


def upcast(cls: type[Event], state: dict[str, Any], from_version: int) -> dict[str, Any]:
    """Brings an old state up to date, step by step. Raises Unreadable for a state newer than this program."""
    if from_version > cls.class_version:
        raise Unreadable(f"The ledger holds a newer '{cls.TOPIC}' than this version can read. Upgrade AP Ledger.")
    for version in range(from_version, cls.class_version):
        getattr(cls, f"upcast_v{version}_v{version + 1}")(state)
    return state


def read_event(cls: type[Event], stream: UUID, version: int, stamp: Stamp, state: dict[str, Any]) -> Event:
    """The event of a state, read strictly. Raises Unreadable, naming fields and never their values."""
    whole = {**state, "originator_id": str(stream), "originator_version": version}
    try:
        bare = cls.model_validate_json(orjson.dumps({**whole, "stamp": _NO_STAMP}))
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in error.errors(include_input=False))
        raise Unreadable(
            f"A stored '{cls.TOPIC}' of stream {stream} cannot be read; these fields are wrong: {fields}."
        ) from None
    return bare.model_copy(update={"stamp": stamp})


_NO_STAMP = {"occurred_at": "1970-01-01T00:00:00Z"}
