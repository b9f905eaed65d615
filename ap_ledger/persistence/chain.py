"""The chain over the rows of a ledger: each row's link is a hash of the link before it and of every column of the row.

A row that is changed, moved, added or taken out no longer fits its link, which names the position. The chain takes no
key, so that anybody can recompute it; the end of it is proved under a key that lies apart from the ledger, so that
nobody who has the ledger alone can put another chain in its place. Ciphertexts are not in it: what is erased leaves it
standing.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence
from uuid import UUID

from ap_ledger.persistence.rows import Head, Row

_INTEGER = struct.Struct(">Bq")
_BEGINNING = struct.Struct(">BqBI16sBqBI")
_TIMES = struct.Struct(">BqBqBI")
_LENGTH = struct.Struct(">BI")
_NULL, _INTEGER_IS, _BYTES_ARE = b"\0", 1, 2
_ID = _LENGTH.pack(_BYTES_ARE, 16)
_FIVE_INTEGERS = struct.Struct(">5q")


def first_link(ledger_id: UUID) -> bytes:
    """What the first row is chained to: no two ledgers begin alike."""
    return hashlib.sha256(ledger_id.bytes).digest()


def links_of(rows: Sequence[Row], first_position: int, recorded_at: int, before: bytes) -> list[bytes]:
    """The link of each of these rows, which come one after the other from a position on."""
    links = []
    for position, row in enumerate(rows, first_position):
        before = hashlib.sha256(before + row_bytes(position, recorded_at, row)).digest()
        links.append(before)
    return links


def row_bytes(position: int, recorded_at: int, row: Row) -> bytes:
    """The columns of a stored row in the order of the table, so written that no two rows are written alike.

    A null is the byte 0; a whole number is 1 and eight bytes, most significant first; anything else is 2, its length in
    four bytes, and its bytes (an id has 16, a text is UTF-8).
    """
    (
        stream,
        version,
        topic,
        class_version,
        command,
        setting,
        student,
        author,
        device,
        occurred,
        fingerprint,
        hash_,
        state,
        _,
    ) = row
    topic_bytes, state_bytes = topic.encode(), state.encode()
    # Neighbours are packed together, because every entry that is recorded waits for this.
    return b"".join(
        (
            _BEGINNING.pack(
                _INTEGER_IS, position, _BYTES_ARE, 16, stream.bytes, _INTEGER_IS, version, _BYTES_ARE, len(topic_bytes)
            ),
            topic_bytes,
            _INTEGER.pack(_INTEGER_IS, class_version),
            _NULL if command is None else _ID + command.bytes,
            _NULL if setting is None else _ID + setting.bytes,
            _NULL if student is None else _ID + student.bytes,
            _NULL if author is None else _ID + author.bytes,
            _NULL if device is None else _ID + device.bytes,
            _TIMES.pack(_INTEGER_IS, occurred, _INTEGER_IS, recorded_at, _BYTES_ARE, len(fingerprint)),
            fingerprint,
            _NULL if hash_ is None else _LENGTH.pack(_BYTES_ARE, len(hash_)) + hash_,
            _LENGTH.pack(_BYTES_ARE, len(state_bytes)),
            state_bytes,
        )
    )


class EndProof:
    """Proves the end of a ledger under a key of its own: HMAC-SHA-256 over the ledger's id and everything the head
    says.

    The keyed start is kept and copied, because a commit should not pay for it.
    """

    def __init__(self, key: bytes, ledger_id: UUID) -> None:
        self._start = hmac.new(hmac.digest(key, b"end of the ledger", "sha256"), ledger_id.bytes, "sha256")

    def of(self, head: Head) -> bytes:
        """The proof of an end."""
        taken = self._start.copy()
        taken.update(
            _FIVE_INTEGERS.pack(
                head.position, head.recorded_at, head.rules_position, head.keys_position, len(head.chain)
            )
            + head.chain
        )
        return taken.digest()

    def holds(self, head: Head) -> bool:
        """Whether the proof that a head carries is its own. One that was damaged proves nothing."""
        try:
            return hmac.compare_digest(self.of(head), head.proof)
        except (TypeError, struct.error):
            return False
