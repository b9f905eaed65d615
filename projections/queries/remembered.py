"""What was worked out of a student's days, kept in memory until anything is told of that student anew.

A page about everybody asks the same of hundreds of students again and again, of whom a handful changed since. What is
kept holds numbers and days and not a single name; another process keeps its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from projections.queries.reading import Reader
from projections.writers.joined import JOINED, PARTED
from projections.writers.student_days import StudentDays

T = TypeVar("T")
LOOKED_THROUGH = 5_000
"""Where more than so many events came since, everything is worked out anew: it is no slower."""


@dataclass
class Kept:
    """What is kept of some students: up to which position of which build of the read models it holds."""

    generation: str = ""
    position: int = 0
    values: dict[str, tuple[Hashable, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def remembered(
    reader: Reader, what: Hashable, asked: Mapping[str, Hashable], make: Callable[[Set[str]], Mapping[str, T]]
) -> dict[str, T]:
    """What `make` says of students, by their ids, made anew only of those of whom anything was told since.

    `asked` says what each is asked with, such as a first day: asked with something else, it is made anew as well.
    """
    kept = reader.of_days.setdefault(what, Kept())
    # What is read below may be newer than this, and is then made once more than it need be.
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
    with kept.lock:
        if kept.generation != live.name or live.position < kept.position:
            kept.values.clear()
        elif live.position > kept.position:
            changed = _changed(reader, kept.position)
            if changed is None:
                kept.values.clear()
            for student in changed or ():
                kept.values.pop(student, None)
        kept.generation, kept.position = live.name, live.position
        missing = {key for key, given in asked.items() if key not in kept.values or kept.values[key][0] != given}
        if missing:
            kept.values |= {key: (asked[key], value) for key, value in make(missing).items()}
        return {key: cast(T, kept.values[key][1]) for key in asked}


def _changed(reader: Reader, position: int) -> set[str] | None:
    """Of which students anything was told after a position; None where it may be anybody."""
    rows = reader.ledger.recorder.tail(position, LOOKED_THROUGH + 1)
    if len(rows) > LOOKED_THROUGH or any(row.topic in (JOINED, PARTED) for row in rows):
        return None
    students = {bytes(row.student_id) for row in rows if row.student_id is not None}
    return {str(reader.ledger.states.kept(UUID(bytes=student))) for student in students}
