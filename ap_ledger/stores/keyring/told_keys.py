"""What the ledger tells of its keys: whose each is, for which class, and which were shredded.

A keyring must agree with it.

Whoever may write the keyring can give a key to somebody else there, or to another class. The events of the ledger say
which key is whose, so nothing is destroyed, and no copy is put back, before the rows were held against them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from ap_ledger.events.student import KeyMade, KeyShredded
from ap_ledger.persistence.recorder import LedgerRecorder


class Made(NamedTuple):
    """A key as it was told of when it was made."""

    owner: bytes
    retention_class: str
    commitment: str


class Fault(NamedTuple):
    """A key of which the keyring says otherwise than the ledger: whose it is and for which class, and what is wrong."""

    owner: UUID
    retention_class: str
    what: str

    def __str__(self) -> str:
        return f"the {self.retention_class} key of {self.owner} {self.what}"


class Told(NamedTuple):
    """What the ledger tells of its keys, by their ids, and whose keys of which class were shredded, at which
    position."""

    ledger_id: UUID
    made: dict[bytes, Made]
    shredded: dict[tuple[bytes, str], int]

    def owners(self) -> set[bytes]:
        """Everybody of whose keys the ledger tells, and the ledger itself."""
        return {made.owner for made in self.made.values()} | {self.ledger_id.bytes}

    def faults(self, rows: Sequence[Mapping[str, Any]]) -> list[Fault]:
        """In what rows of a keyring are not what the ledger tells of their keys.

        Of a key that is not there nothing is said here.
        """
        seals = {(bytes(row["owner_id"]), row["retention_class"]) for row in rows if row["spare"] == 0}
        return [
            Fault(UUID(bytes=made.owner), made.retention_class, what)
            for row in rows
            if (made := self.made.get(bytes(row["key_id"]))) is not None
            and (what := _fault_of(row, made, seals)) is not None
        ]


def _fault_of(row: Mapping[str, Any], made: Made, seals: Collection[tuple[bytes, str]]) -> str | None:
    if bytes(row["owner_id"]) != made.owner:
        return "is given to another owner"
    if row["retention_class"] != made.retention_class:
        return "is given to another class"
    if row["wrapped"] is None:
        return None
    if row["shredded_at"] is not None:
        return "is there, and said to be shredded"
    return None if (made.owner, made.retention_class) in seals else "is set aside, and none is in its place"


def told_by(recorder: LedgerRecorder) -> Told:
    """Reads every event about keys: slow on a large ledger. One that was damaged tells nothing."""
    told = Told(recorder.ledger_id(), {}, {})
    for row in recorder.tail_of_topics([KeyMade.TOPIC, KeyShredded.TOPIC]):
        try:
            state = orjson.loads(row.state)
            if row.topic == KeyMade.TOPIC:
                told.made[UUID(state["key_id"]).bytes] = Made(
                    bytes(row.originator_id), str(state["retention_class"]), str(state["commitment"])
                )
            else:
                told.shredded.setdefault((bytes(row.student_id or b""), str(state["retention_class"])), row.position)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return told


def newest_owner(recorder: LedgerRecorder, position: int) -> UUID | None:
    """For whom the ledger made keys last, at a position. Its event is found without opening anything."""
    rows = recorder.tail(position - 1, 1)
    # Where that row is gone or damaged the ledger must open all the same, so that a deep check can say so.
    if not rows or rows[0].topic != KeyMade.TOPIC or len(rows[0].originator_id) != 16:
        return None
    return UUID(bytes=rows[0].originator_id)
