"""Says whether a ledger is as it was recorded, row by row.

Each finding names a position, a kind and an id, never a word of anybody.

What tells: the chain over the rows, the proof of its end under the ledger's own key, what was remembered of earlier
ends apart from the ledger, the hash that each row keeps of its sealed texts, and what the ledger was told of every key
when it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import orjson

from ap_ledger.errors import LedgerError, LostKey, UnreadableKey
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.events.student import TextExcised
from ap_ledger.persistence.chain import first_link, links_of
from ap_ledger.persistence.rows import ChainedRow, Head, LedgerStoredEvent, sealed_hash
from ap_ledger.recording.ledger import Ledger
from ap_ledger.recording.reposting import is_what_was_posted
from ap_ledger.stores.keyring.told_keys import Told, told_by

AT_ONCE = 2_000
NAMED = 20
"""How many rows are named one by one; the rest are counted."""
RESTORE = "Restore the ledger from its backup, or find out who has had it in their hands."


class Finding(NamedTuple):
    """What one look found: what was looked at, and a sentence for each thing that is not as it was recorded."""

    what: str
    faults: list[str]


@dataclass
class _Seen:
    """What a pass over the rows gathers."""

    changed: list[str] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    texts: dict[UUID | None, list[int]] = field(default_factory=dict)
    closed: dict[UUID, int] = field(default_factory=dict)
    last: int = 0
    link: bytes | None = b""


def verify(ledger: Ledger) -> Iterator[Finding]:
    """Every look at what the ledger holds, in full. Slow on a large ledger."""
    told, excised, head = told_by(ledger.recorder), _excised(ledger), ledger.recorder.read_head()
    proved = ledger.end_proof.holds(head)
    seen = _Seen(link=first_link(told.ledger_id))
    for rows in _batches(ledger):
        for row in rows:
            _follow(row, seen)
        for event in _events(ledger, [row.position for row in rows if row.row is not None], seen):
            # While the end is proved the chain speaks for every row; without it the fingerprints tell which rows were
            # changed.
            _look_into(event, ledger, excised, seen, posted=not proved)
    if head.position > seen.last:
        seen.missing.append((seen.last + 1, head.position))
    yield _finding("every row follows the one before it", lambda: _rows(seen, told, ledger))
    yield _finding("the end of the ledger is proved", lambda: _end(seen, proved, head))
    yield _finding("what is stored is what was posted", lambda: _listed(seen.unlike))
    yield _finding("every stored row can be read", lambda: _listed(seen.unreadable))
    yield _finding("the sealed texts are all there", lambda: _texts(seen, ledger.recorder.texts_alone(NAMED + 1)))
    yield _finding("the keys are those that the ledger made", lambda: _keys(seen, told, ledger))


def _finding(what: str, look: Callable[[], list[str]]) -> Finding:
    """One look. What nobody foresaw is a finding of it too, and keeps none of the others from being made."""
    try:
        return Finding(what, look())
    except Exception as error:
        return Finding(
            what,
            [
                str(error)
                if isinstance(error, LedgerError)
                else f"this could not be looked at ({type(error).__name__}). {RESTORE}"
            ],
        )


def _batches(ledger: Ledger) -> Iterator[list[ChainedRow]]:
    after = 0
    while rows := ledger.recorder.chained_rows(after, AT_ONCE):
        yield rows
        after = rows[-1].position


def _events(ledger: Ledger, positions: Sequence[int], seen: _Seen) -> Iterator[LedgerStoredEvent]:
    """The events at these positions; of one that cannot be read its position is kept, and the others are read one by
    one."""
    try:
        yield from ledger.recorder.events_at(positions)
    except Exception:
        for position in positions:
            try:
                yield from ledger.recorder.events_at([position])
            except Exception:
                seen.unreadable.append(f"position {position}: it was damaged")


# The chain ----------------------------------------------------------------------------------------------------------


def _follow(row: ChainedRow, seen: _Seen) -> None:
    """Holds one row against its link.

    Each is judged by the link stored before it, so that one change is told of one row.
    """
    if row.position > seen.last + 1:
        seen.missing.append((seen.last + 1, row.position - 1))
        # The row after a gap has nothing to be held against.
        seen.link = None
    if row.row is None:
        seen.changed.append(f"position {row.position} was damaged: it holds what no row holds there")
    elif seen.link is not None and links_of([row.row], row.position, row.recorded_at, seen.link) != [row.chain]:
        seen.changed.append(
            f"position {row.position} ({row.row.topic}{_about(row.row.student_id)}) is "
            "not the row that was recorded there"
        )
    seen.last, seen.link = row.position, row.chain or None


def _rows(seen: _Seen, told: Told, ledger: Ledger) -> list[str]:
    faults = _listed(seen.changed)
    if seen.missing:
        places = ", ".join(
            str(first) if first == last else f"{first} to {last}" for first, last in seen.missing[:NAMED]
        )
        more = f", and {len(seen.missing) - NAMED} more gaps" if len(seen.missing) > NAMED else ""
        faults.append(f"rows are missing: positions {places}{more}. {RESTORE}")
        known = told.owners()
        lost = sorted(str(owner) for owner in ledger.keyring.owners() if owner.bytes not in known)
        if lost:
            # A crash leaves keys unused, so they tell of somebody only where rows are gone.
            faults.append(
                "the keyring holds keys of owners of whom the ledger tells nothing any more: "
                f"{', '.join(lost[:NAMED])}."
            )
    return faults


def _end(seen: _Seen, proved: bool, head: Head) -> list[str]:
    position = head.position
    if position == 0 and seen.last == 0:
        return []
    if seen.last > position:
        return [f"the ledger says that it ends at position {position}, and rows follow up to {seen.last}. {RESTORE}"]
    if not proved or (seen.last == position and seen.link != head.chain):
        return [
            f"the end at position {position} was not written by a holder of the keyring: rows were taken out, put in "
            f"or changed by somebody else. {RESTORE}"
        ]
    return []


# The texts and their keys -------------------------------------------------------------------------------------------


def _is_there(ledger: Ledger, key_id: UUID) -> bool:
    try:
        return ledger.keyring.by_id(key_id) is not None
    except LostKey:
        return False


def _look_into(
    event: LedgerStoredEvent, ledger: Ledger, excised: Collection[tuple[int, str]], seen: _Seen, posted: bool
) -> None:
    """Looks at one row's sealed texts and at what it says."""
    position = event.position or 0
    try:
        if sealed_hash(event.sealed) != event.sealed_hash and not any(
            (position, kept) in excised for kept in RETENTION_CLASSES
        ):
            seen.texts.setdefault(event.student_id, []).append(position)
        for text in event.sealed:
            if not _is_there(ledger, text.key_id):
                seen.closed[text.key_id] = seen.closed.get(text.key_id, 0) + 1
        ledger.mapper.to_domain_event(event)
        if posted and not is_what_was_posted(ledger.keyring, event):
            seen.unlike.append(
                f"position {position} ({event.topic}{_about(event.student_id)}) does not say what was posted"
            )
    except LedgerError as error:
        seen.unreadable.append(f"position {position}{_about(event.student_id)}: {error}")
    except Exception:
        # Whatever a damaged row holds, every row after it is looked at too.
        seen.unreadable.append(f"position {position}{_about(event.student_id)}: it cannot be read")


def _excised(ledger: Ledger) -> set[tuple[int, str]]:
    """The position and class of every text of which an event says that it was removed."""
    excised = set()
    for row in ledger.recorder.tail_of_topics([TextExcised.TOPIC]):
        # What was damaged says nothing, and is named by its position among the rows that cannot be read.
        with suppress(KeyError, TypeError, ValueError):
            state = orjson.loads(row.state)
            excised.add((state["excised_position"], state["retention_class"]))
    return excised


def _texts(seen: _Seen, alone: Sequence[int]) -> list[str]:
    faults = []
    for student, places in seen.texts.items():
        whose = f"student {student}" if student else "what is about no student"
        faults.append(
            f"{whose}: sealed texts of {len(places)} rows are gone or changed, and no event says so (position "
            f"{_places(places)})"
        )
    if alone:
        faults.append(f"sealed texts lie beside rows that have none (position {_places(alone)})")
    return faults


def _keys(seen: _Seen, told: Told, ledger: Ledger) -> list[str]:
    """Every key that an event made must be there, be that key and be its owner's, unless an event says that it was
    shredded."""
    gone: dict[UUID, list[str]] = {}
    texts: dict[UUID, int] = {}
    faults = [str(fault) for fault in told.faults(ledger.keyring.rows())]
    for key_id, (owner_bytes, kept, commitment) in told.made.items():
        owner, key_name = UUID(bytes=owner_bytes), UUID(bytes=key_id)
        try:
            key = ledger.keyring.by_id(key_name)
        except LostKey:
            key = None
        except UnreadableKey:
            faults.append(f"the {kept} key of {owner} opens under no master key that is at hand")
            continue
        if key is not None and key.commitment != commitment:
            faults.append(f"the {kept} key of {owner} is another one than the ledger was told when it was made")
        if key is None and (owner_bytes, kept) not in told.shredded:
            gone.setdefault(owner, []).append(kept)
            texts[owner] = texts.get(owner, 0) + seen.closed.get(key_name, 0)
    for owner, classes in gone.items():
        faults.append(
            f"the keys of {owner} ({', '.join(sorted(classes))}) are gone, "
            f"and no event says so: {texts[owner]} texts cannot be read"
        )
    return _listed(faults)


def _about(student: UUID | None) -> str:
    return f", student {student}" if student else ""


def _places(places: Sequence[int]) -> str:
    return ", ".join(map(str, places[:NAMED])) + (f" and {len(places) - NAMED} more" if len(places) > NAMED else "")


def _listed(faults: Sequence[str]) -> list[str]:
    return [*faults[:NAMED], *([f"and {len(faults) - NAMED} more"] if len(faults) > NAMED else [])]
