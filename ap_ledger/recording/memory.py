"""What is remembered of the ledger apart from it, in the keyring's store: how far it reached, and which stamps a wrong
clock made.

A ledger that was cut off, or replaced by an older copy of itself, is whole in itself. Only what lies elsewhere can
tell.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Engine, delete, func, insert, select

from ap_ledger.persistence.chain import EndProof
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.stores.keyring.store import CLOCK_TRUST, ENDS

ACCEPT = (
    "If the ledger was restored from an older copy, what was recorded after that copy is lost; say that you know, "
    "with: ap-ledger check --accept-end"
)


class End(NamedTuple):
    """How far the ledger reached on a day, and the chain of its last row then."""

    day: str
    position: int
    chain: bytes


class Memory:
    """Remembers the last end of each day on which anything was recorded."""

    def __init__(self, engine: Engine, recorder: LedgerRecorder, proof: EndProof) -> None:
        self._engine, self._recorder, self._proof = engine, recorder, proof

    def ends(self) -> list[End]:
        """Every remembered end, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(ENDS).order_by(ENDS.c.position.desc())).all()
        return [End(row.day, row.position, bytes(row.chain)) for row in rows]

    def remember(self, day: date) -> None:
        """Remembers how far the ledger reaches now, unless something is wrong with it: what is known to be right is
        never replaced by that."""
        head = self._recorder.read_head()
        ends = self.ends()
        if not self._proof.holds(head) or (ends and (head.position <= ends[0].position or self._differs(ends[0]))):
            return
        with self._engine.begin() as connection:
            connection.execute(delete(ENDS).where(ENDS.c.day == day.isoformat()))
            connection.execute(insert(ENDS).values(day=day.isoformat(), position=head.position, chain=head.chain))

    def faults(self) -> list[str]:
        """What was remembered and does not stand in the ledger any more."""
        position = self._recorder.read_head().position
        ends = self.ends()
        if ends and ends[0].position > position:
            return [
                f"the ledger ends at position {position}; on {ends[0].day} "
                f"it reached position {ends[0].position}. {ACCEPT}"
            ]
        wrong = [end for end in ends if self._differs(end)]
        if not wrong:
            return []
        right = max((end.position for end in ends if end.position < wrong[-1].position), default=0)
        return [
            f"what was recorded up to position {wrong[-1].position}, remembered on {wrong[-1].day}, does not stand "
            f"there any more (up to position {right} it does). {ACCEPT}"
        ]

    def accept(self) -> None:
        """Lets go of every end that does not stand in the ledger: somebody knows why."""
        gone = [end.day for end in self.ends() if self._differs(end)]
        with self._engine.begin() as connection:
            connection.execute(delete(ENDS).where(ENDS.c.day.in_(gone)))

    def trusted_stamp(self) -> int:
        """The newest stamp of which somebody said that a wrong clock made it, in microseconds; 0 where nobody did."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.max(CLOCK_TRUST.c.stamp))).scalar() or 0)

    def trust_clock(self) -> None:
        """Somebody says that this machine's clock is right, and that the newest entry was stamped by one that was
        wrong."""
        with self._engine.begin() as connection:
            connection.execute(delete(CLOCK_TRUST))
            connection.execute(insert(CLOCK_TRUST).values(stamp=self._recorder.read_head().recorded_at))

    def _differs(self, end: End) -> bool:
        rows = self._recorder.chained_rows(end.position - 1, 1)
        return not rows or rows[0].position != end.position or rows[0].chain != end.chain
