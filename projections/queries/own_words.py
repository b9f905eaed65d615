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
        for definition, said in student.get("own_items", {}).items()
        for part in (said, *said.get("joined", {}).values())
        if part["position"] is not None
    ]
    events = reader.events([position for *_, position in own])
    found: dict[str, dict[str, dict[str, str]]] = {student["id"]: {} for student in students}
    for student, definition, part, position in own:
        words = found[student].setdefault(definition, {})
        for item, label in labels_of(part, events.get(position)).items():
            # Where two records of a child say different things under one id, both stand there.
            words[item] = BOTH.join(dict.fromkeys(filter(None, (*words.get(item, "").split(BOTH), label))))
    return found


def needs_of(reader: Reader, students: Sequence[StudentFacts], day: date) -> dict[str, tuple[str, ...]]:
    """The codes of each student's needs in force on a day, the main one first, by the student's id; opened here,
    all at once."""
    held = {student["id"]: found for student in students if (found := in_force(student.get("needs", ()), day))}
    events = reader.events([one["position"] for one in held.values()])
    said = {student: getattr(events.get(one["position"]), "needs", None) for student, one in held.items()}
    return {student: needs for student, needs in said.items() if isinstance(needs, tuple)}
