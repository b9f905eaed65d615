"""The stored row as plain tuples, and what an append answers. Times are whole microseconds since 1970 in UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent

K = TypeVar("K")


class SealedText(NamedTuple):
    """The sealed fields of one row and retention class. The ciphertext is AES-256-GCM over their JSON."""

    retention_class: str
    key_id: UUID
    nonce: bytes
    ciphertext: bytes


def sealed_hash(texts: Sequence[SealedText]) -> bytes | None:
    """SHA-256 over each class and SHA-256(nonce, ciphertext) in class order; null where nothing is sealed.

    It lets a proof over rows stand when a text is excised or a key shredded.
    """
    if not texts:
        return None
    whole = hashlib.sha256()
    for text in sorted(texts):
        whole.update(text.retention_class.encode())
        whole.update(hashlib.sha256(text.nonce + text.ciphertext).digest())
    return whole.digest()


class Row(NamedTuple):
    """One event, ready to be stored. The recorder gives it its position and `recorded_at`."""

    originator_id: UUID
    originator_version: int
    topic: str
    class_version: int
    command_id: UUID | None
    setting_id: UUID | None
    student_id: UUID | None
    author_id: UUID | None
    device_id: UUID | None
    occurred_at: int
    fingerprint: bytes
    sealed_hash: bytes | None
    state: str
    sealed: tuple[SealedText, ...] = ()


class ChainedRow(NamedTuple):
    """A stored row as its link was made of it.

    `row` is None where a value is not of its column's kind: nobody wrote that through here.
    """

    position: int
    recorded_at: int
    chain: bytes
    row: Row | None


def octets(value: Any) -> bytes:
    """The octets of a column. Raises TypeError for anything else that SQLite keeps there."""
    if not isinstance(value, (bytes, memoryview)):
        raise TypeError("this column holds octets")
    return bytes(value)


def of_kind(kind: type[K], value: Any) -> K:
    """A number or a text of a column. Raises TypeError for anything else."""
    if not isinstance(value, kind):
        raise TypeError("this column holds something else")
    return value


class Unit(NamedTuple):
    """Rows that are stored together or not at all, under the id that a client made for them."""

    id: UUID
    rows: tuple[Row, ...]


class Appended(NamedTuple):
    """The unit was stored now; `position` is that of its first row."""

    position: int


class Known(NamedTuple):
    """The id was stored before, at this position, with this fingerprint."""

    position: int
    fingerprint: bytes


class Taken(NamedTuple):
    """Somebody else wrote the same version of the same stream first: decide again."""


Outcome = Appended | Known | Taken


@dataclass(frozen=True)
class LedgerStoredEvent(StoredEvent):
    """The library's stored event, with the columns of ours."""

    class_version: int
    command_id: UUID | None
    setting_id: UUID | None
    student_id: UUID | None
    author_id: UUID | None
    device_id: UUID | None
    occurred_at: int
    fingerprint: bytes
    sealed_hash: bytes | None
    sealed: tuple[SealedText, ...]
    recorded_at: int | None = None
    position: int | None = None

    def row(self) -> Row:
        """The same event, ready to be stored."""
        assert isinstance(self.originator_id, UUID)
        return Row(
            self.originator_id,
            self.originator_version,
            self.topic,
            self.class_version,
            self.command_id,
            self.setting_id,
            self.student_id,
            self.author_id,
            self.device_id,
            self.occurred_at,
            self.fingerprint,
            self.sealed_hash,
            self.state.decode(),
            self.sealed,
        )


class Head(NamedTuple):
    """The end of the ledger: its last position and time, and what start-up checks without scanning.

    `rules_position` is the last position of a stream with rules, so that a process knows when to read those anew.
    `keys_position` is that of the newest key-made event, so that a lost or outdated keyring is noticed at once.
    `chain` is the link of the last row, and `proof` what was made of all of it under the ledger's own key.
    """

    position: int
    recorded_at: int
    rules_position: int
    keys_position: int
    chain: bytes
    proof: bytes
