"""Whom a worry is about, as far as that can be read: it decides who learns that there was one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from ap_ledger.bootstrap import Service
from ap_ledger.errors import Unreadable
from ap_ledger.events.base import Erased
from ap_ledger.recording.door import open_worry
from projections.queries.naming import CLOSED, ERASED


def opened_worry(using: Service, event: Any) -> tuple[str, dict[str, Any] | None, str]:
    """The id of the student whom a worry is about, what was said, and what stands there instead where it does not
    open."""
    body: Any = getattr(event, "body", None)
    if body is None or isinstance(body, Erased):
        return "", None, ERASED
    try:
        opened, instead = open_worry(using.ledger.keyring, event.originator_id, body), ERASED
    except Unreadable:
        opened, instead = None, CLOSED
    student = UUID((opened or orjson.loads(body))["student_id"])
    return str(using.ledger.states.kept(student)), opened, instead


def student_of(using: Service, event: Any) -> str:
    """The id of the student whom a worry is about; empty where that is gone."""
    body: Any = getattr(event, "body", None)
    if body is None or isinstance(body, Erased):
        return ""
    return str(using.ledger.states.kept(UUID(orjson.loads(body)["student_id"])))
