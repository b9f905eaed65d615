"""What is sealed of students where their bodies say that it is: what their own items say, and their needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ap_ledger.events.dated import in_force
from projections.bodies import StudentFacts
from projections.queries.naming import labels_of
from projections.queries.reading import Reader

BOTH = " / "
"""Stands between the words of two records of one child."""


def own_labels(reader: Reader, students: Sequence[StudentFacts]) -> dict[str, dict[str, dict[str, str]]]:
    """What students' own items say, by student, by the id of the shared definition, by their own id; opened here,
    all at once."""
    own = [
        (student["id"], definition, part, part["position"])
        for student in students
        for definition, items in student.get("own_items", {}).items()
        for part in (items, *items.get("joined", {}).values())
        if part["position"] is not None
    ]
    events = reader.events([position for *_, position in own])
    labels: dict[str, dict[str, dict[str, str]]] = {student["id"]: {} for student in students}
    for student, definition, part, position in own:
        words = labels[student].setdefault(definition, {})
        for item, label in labels_of(part, events.get(position)).items():
            # Where two records of a child say different things under one id, both stand there.
            words[item] = BOTH.join(dict.fromkeys(filter(None, (*words.get(item, "").split(BOTH), label))))
    return labels


def needs_of(reader: Reader, students: Sequence[StudentFacts], day: date) -> dict[str, tuple[str, ...]]:
    """The codes of each student's needs in force on a day, the main one first, by the student's id; opened here,
    all at once."""
    current = {
        student["id"]: needs_then for student in students if (needs_then := in_force(student.get("needs", ()), day))
    }
    events = reader.events([needs["position"] for needs in current.values()])
    opened = {student: getattr(events.get(needs["position"]), "needs", None) for student, needs in current.items()}
    return {student: needs for student, needs in opened.items() if isinstance(needs, tuple)}
