"""A student's own goals: what they say under each definition that takes some, and the form that says it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.support import SetOwnItems
from ap_ledger.errors import Refused
from api.core.asking import Asker
from api.core.rows import rows_of
from api.core.show import text_of
from projections.bodies import StudentBody
from projections.queries.own_words import own_labels

VERSION_DIGITS = 9
SPARE = 2
"""So many empty lines stand below the goals that there are."""


class Goals(NamedTuple):
    """The goals of a student under one definition: its key, what it is called, what stands under which shared item, and
    the shared items under which a new one may stand."""

    key: str
    title: str
    lines: list[tuple[str, str]]
    shared: list[tuple[str, str]]
    next: int
    """The number of the first new one, under whichever shared item it stands."""

    @property
    def stood(self) -> str:
        """What the form is made from: the ids of the goals that there are."""
        return " ".join(item for item, _ in self.lines if item)

    def number(self, line: int) -> int:
        """The number of the goal that a line, counted from 0, would become."""
        return self.next + line - len(self.stood.split())


def goals_of(using: Service, asking: Asker, student: StudentBody, today: date) -> list[Goals] | None:
    """What a student's own goals say; None for whoever may not read them, and where they were erased."""
    if "learning" in student.get("shredded", ()):
        return None
    if not asking.opens(asking.about(student["id"]), "learning", using.ledger.now()):
        return None
    labels = own_labels(using.reader, [student])[student["id"]]
    state = using.ledger.states.student(UUID(student["id"]))
    had = state.own_items if state else ()
    definitions = using.reader.newest("outcomes", today)
    made = []
    for definition in definitions:
        items = (definition.by_id[item] for item in definition.scored)
        shared = [(item.id, item.label) for item in items if item.per_student]
        if shared:
            lines = [*sorted(labels.get(definition.id, {}).items()), *[("", "")] * SPARE]
            first = _next(item for own_id, item in had if own_id == definition.id)
            made.append(Goals(definition.key, definition.title, lines, shared, first))
    return made


def goals_said(using: Service, form: FormData, student: StudentBody) -> tuple[type[Command], dict[str, Any]]:
    """What the form of one definition's goals asks for. Raises Refused.

    A goal that stays keeps its id; a new one has the number that its form gives it, so that a form that is pressed
    twice says the same twice. No goal of this student ever had that number, because late entries may name one that was
    left out. Goals that somebody else put down since the form was made stay.
    """
    definition, _, version = text_of(form, "definition").rpartition("@")
    now = own_labels(using.reader, [student])[student["id"]].get(definition, {})
    stood = text_of(form, "stood").split()
    labels = {item: label for item, label in now.items() if item not in stood}
    for row in rows_of(form, "goal"):
        if not row.get("label"):
            continue
        item = row.get("id") or f"{row.get('under', '')}.{row.get('number', '')}"
        if item not in stood and now.get(item, row["label"]) != row["label"]:
            # Somebody else's new goal took that number meanwhile.
            item = f"{row.get('under', '')}.{_next([*now, *labels])}"
        labels[item] = row["label"]
    # Python reads no number of more than some thousand digits.
    if not version.isdecimal() or len(version) > VERSION_DIGITS:
        raise Refused("malformed", "This form lacks its definition. Open the page again.", "definition")
    return SetOwnItems, {"definition": {"id": definition, "version": int(version)}, "labels": labels}


def _next(items: Iterable[str]) -> int:
    """A number that none of these has, under whichever shared item."""
    return max((int(number) for item in items if (number := item.rpartition(".")[2]).isdecimal()), default=0) + 1
