"""One fact, however often it was said: a session of a student, and a score by one rater in one slot or moment, count
once.

Nothing that was said is lost. Where two say the same it counts once; where they contradict each other nothing is
decided for them: the session was offered and has no code, the score has no level, until one of the two is put right or
taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ap_ledger.kinds.timeline import LATE, MISSING, NOT_ATTENDED

DISPUTED = "disputed"
"""How a cell counts a session about which two contradict each other."""

DISPUTED_LEVEL = MISSING + DISPUTED
"""Stands in the place of a level where two contradict each other, like a reason why there is none."""

CANCELLED_BY_STUDENT = "cancelled-by-student"
MISSABLE = (NOT_ATTENDED, CANCELLED_BY_STUDENT)
"""What says that a student missed a session, where it was one that they were expected in."""

NOT_EXPECTED = "not-expected"
"""How sessions are counted that a student was not expected in and did not come to: neither offered nor missed."""


class Attested(NamedTuple):
    """What one entry says of a session.

    `begins` and `ends` are planned, in microseconds; `date` is an ordinal, and goes with `slot`.
    """

    position: int
    begins: int | None
    ends: int | None
    date: int | None
    slot: str | None
    status: str
    minutes: int | None


def agreed(first: str, second: str) -> str:
    """What two scores of one fact come to, in whichever order they arrived.

    A level stands before any reason for none, two levels that differ are in dispute, and of two reasons *not observed*
    stands before *not applicable* before *not answered*, which is their order backwards by letters.
    """
    if first == second or DISPUTED_LEVEL in (first, second):
        return first if first == second else DISPUTED_LEVEL
    if first.startswith(MISSING) and second.startswith(MISSING):
        return max(first, second)
    if first.startswith(MISSING) or second.startswith(MISSING):
        return second if first.startswith(MISSING) else first
    return DISPUTED_LEVEL


def is_same_session(first: Attested, second: Attested) -> bool:
    """Whether two entries are about one session: the same slot of the same day, or, where one names no slot, planned
    times that overlap."""
    if first.slot is not None and second.slot is not None:
        return (first.date, first.slot) == (second.date, second.slot)
    if first.begins is None or second.begins is None:
        return False
    return first.begins == second.begins or (first.begins < (second.ends or 0) and second.begins < (first.ends or 0))


def sessions_of(attested: Iterable[Attested]) -> list[list[Attested]]:
    """Entries put together by the session that they are about, each in the order in which it was recorded."""
    groups: list[list[Attested]] = []
    for entry in sorted(attested):
        joined = [group for group in groups if any(is_same_session(entry, told) for told in group)]
        groups = [group for group in groups if group not in joined]
        groups.append(sorted([entry, *(told for group in joined for told in group)]))
    return sorted(groups)


def status_of(session: Sequence[Attested]) -> str:
    """What a session came to: the one thing that everybody says, or that it is in dispute.

    Somebody who came late came.
    """
    statuses = {"attended" if entry.status == LATE else entry.status for entry in session}
    return statuses.pop() if len(statuses) == 1 else DISPUTED


def sessions_counted(
    attested: Iterable[Attested], was_offered: Callable[[Sequence[Attested]], bool] = lambda session: True
) -> dict[str, int]:
    """The counts of a day's sessions.

    Of several that agree, one began late where any says so, with the fewest minutes said.

    `was_offered` is asked of those that were missed: whether the student was expected in it at all.
    """
    counts: dict[str, int] = {}
    for session in sessions_of(attested):
        status = status_of(session)
        if status in MISSABLE and not was_offered(session):
            status = NOT_EXPECTED
        counts[status] = counts.get(status, 0) + 1
        if status == DISPUTED:
            continue
        if any(entry.status == LATE for entry in session):
            counts["late"] = counts.get("late", 0) + 1
        if minutes := min((entry.minutes for entry in session if entry.minutes), default=0):
            counts["minutes"] = counts.get("minutes", 0) + minutes
    return counts
