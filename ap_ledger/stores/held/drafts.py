"""Questionnaires that somebody has begun and not finished: kept as they go, sealed under the student's own key.

A draft is nothing that happened, so it is no event. It lies in the store of held things, which is backed up, and goes
when it is finished, thrown away, or the student's key is shredded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, insert, select

from ap_ledger.errors import UnreadableKey
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import open_store
from ap_ledger.stores.held.rows import DRAFTS, PRAGMAS
from ap_ledger.stores.keyring.keyring import Key, Keyring
from ap_ledger.stores.sound_rows import sound_rows

RETENTION_CLASS = "health"
"""The class under which the answers will be sealed, so that shredding it erases drafts too."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Answers so far; `id` will be the id of the entry."""

    id: UUID
    student_id: UUID
    instrument: str
    respondent: str
    saved_at: datetime
    answers: dict[str, Any]


class Drafts:
    """Keeps, lists and forgets drafts."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._engine = open_store(settings, "held", PRAGMAS, "drafts")
        self._keyring = keyring

    def keep(self, draft: Draft) -> bool:
        """Keeps a draft, in place of what was kept of it before. False where the student's key is gone."""
        key = self._keyring.key(draft.student_id, RETENTION_CLASS)
        if key is None:
            return False
        nonce = os.urandom(12)
        values = {
            "id": draft.id.bytes,
            "student_id": draft.student_id.bytes,
            "instrument": draft.instrument,
            "respondent": draft.respondent,
            "saved_at": microseconds(draft.saved_at),
            "nonce": nonce,
            "body": key.cipher.encrypt(nonce, orjson.dumps(draft.answers), draft.id.bytes),
        }
        with self._engine.begin() as connection:
            connection.execute(
                delete(DRAFTS).where(DRAFTS.c.id == draft.id.bytes, DRAFTS.c.student_id == draft.student_id.bytes)
            )
            connection.execute(insert(DRAFTS).values(values))
        return True

    def of(self, student_id: UUID) -> list[Draft]:
        """A student's drafts, the newest first.

        One that was damaged opens for nobody and is left out; `check` counts it.
        """
        key = self._keyring.key(student_id, RETENTION_CLASS)
        if key is None:
            return []
        ask = select(DRAFTS).where(DRAFTS.c.student_id == student_id.bytes).order_by(DRAFTS.c.saved_at.desc())
        with self._engine.connect() as connection:
            return [draft for row in sound_rows(connection, ask) if (draft := _opened(key, row)) is not None]

    def damaged(self) -> int:
        """How many drafts do not open, though the key that seals them does."""
        with self._engine.connect() as connection:
            rows = list(sound_rows(connection, select(DRAFTS)))
        keys = {student: self._key(UUID(bytes=bytes(student))) for student in {row.student_id for row in rows}}
        return sum(_opened(key, row) is None for row in rows if (key := keys[row.student_id]) is not None)

    def _key(self, student_id: UUID) -> Key | None:
        try:
            return self._keyring.key(student_id, RETENTION_CLASS)
        except UnreadableKey:
            return None

    def forget(self, student_id: UUID, draft_id: UUID | None = None) -> None:
        """Lets go of one draft, or of all of a student's."""
        which = delete(DRAFTS).where(DRAFTS.c.student_id == student_id.bytes)
        with self._engine.begin() as connection:
            connection.execute(which if draft_id is None else which.where(DRAFTS.c.id == draft_id.bytes))

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()


def _opened(key: Key, row: Any) -> Draft | None:
    """What a draft says; None where it is not what was sealed."""
    try:
        answers = orjson.loads(key.cipher.decrypt(bytes(row.nonce), bytes(row.body), bytes(row.id)))
    except (InvalidTag, ValueError):
        return None
    return Draft(
        UUID(bytes=bytes(row.id)),
        UUID(bytes=bytes(row.student_id)),
        row.instrument,
        row.respondent,
        moment(row.saved_at),
        answers,
    )
