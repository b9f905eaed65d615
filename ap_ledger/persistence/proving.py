"""Whether a row is what holders of the keyring wrote, so that nothing is destroyed because somebody else says so."""

from __future__ import annotations

from ap_ledger.persistence.chain import EndProof, first_link, links_of
from ap_ledger.persistence.recorder import LedgerRecorder

AT_ONCE = 2_000


def stands(recorder: LedgerRecorder, proof: EndProof, position: int) -> bool:
    """Whether the row at a position is chained, through every row after it, to an end that was proved under the
    ledger's own key.

    Whoever may only add rows, or has the ledger and not its keys, cannot make such a row. Reads all that comes after
    it.
    """
    head = recorder.read_head()
    if not 0 < position <= head.position or not proof.holds(head):
        return False
    before = recorder.chained_rows(position - 2, 1) if position > 1 else []
    link, after = before[0].chain if before else first_link(recorder.ledger_id()), position - 1
    while after < head.position:
        rows = recorder.chained_rows(after, min(AT_ONCE, head.position - after))
        if not rows:
            return False
        for row in rows:
            if row.row is None or row.position != after + 1:
                return False
            (link,), after = links_of([row.row], row.position, row.recorded_at, link), row.position
    return link == head.chain
