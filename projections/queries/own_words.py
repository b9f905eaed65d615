"""What is sealed of students where their bodies say that it is: what their own items say, and their needs, who may
be called about them, and who agreed to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from ap_ledger.events.dated import in_force
from ap_ledger.events.student import Contact
from projections.bodies import SealedFact, StudentFacts
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
    noted = {student["id"]: in_force(student.get("needs", ()), day) for student in students}
    return _opened(reader, noted, "needs")


def contacts_of(reader: Reader, students: Sequence[StudentFacts], day: date) -> dict[str, tuple[Contact, ...]]:
    """Who may be called about each student on a day, and who may not, by the student's id; opened here, all at once."""
    noted = {student["id"]: in_force(student.get("contacts", ()), day) for student in students}
    return _opened(reader, noted, "contacts")


def _opened(reader: Reader, noted: Mapping[str, SealedFact | None], name: str) -> dict[str, tuple[Any, ...]]:
    positions = {student: fact["position"] for student, fact in noted.items() if fact}
    events = reader.events(list(positions.values()))
    opened = {student: getattr(events.get(position), name, None) for student, position in positions.items()}
    return {student: items for student, items in opened.items() if isinstance(items, tuple)}


class Consent(NamedTuple):
    """Whether something is agreed to for a student, since when, and who said so where that is known."""

    consent: str
    agreed: bool
    since: str
    given_by: str | None


def consents_of(reader: Reader, student: StudentFacts, day: date) -> dict[str, Consent]:
    """What is agreed to for a student on a day, and what is refused, by its name; opened here, all at once."""
    facts = student.get("consents", ())
    series = {name: [fact for fact in facts if fact["consent"] == name] for name in {fact["consent"] for fact in facts}}
    current = {name: fact for name, some in series.items() if (fact := in_force(some, day))}
    events = reader.events([fact["position"] for fact in current.values()])
    told = {}
    for name, fact in current.items():
        given_by = getattr(events.get(fact["position"]), "given_by", None)
        told[name] = Consent(name, fact["agreed"], fact["from_date"], given_by if isinstance(given_by, str) else None)
    return told
