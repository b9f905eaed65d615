"""A student's own goals: what they say under each definition that takes some, and the form that says it."""

from __future__ import annotations

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


def goals_of(using: Service, asking: Asker, student: StudentBody, today: date) -> list[Goals] | None:
    """What a student's own goals say; None for whoever may not read them, and where they were erased."""
    if "learning" in student.get("shredded", ()):
        return None
    if not asking.opens(asking.about(student["id"]), "learning", using.ledger.now()):
        return None
    labels = own_labels(using.reader, [student])[student["id"]]
    definitions = using.reader.newest("outcomes", today)
    made = []
    for definition in definitions:
        own = (definition.by_id[item] for item in definition.scored)
        shared = [(item.id, item.label) for item in own if item.per_student]
        if shared:
            lines = [*sorted(labels.get(definition.id, {}).items()), *[("", "")] * SPARE]
            made.append(Goals(definition.key, definition.title, lines, shared))
    return made


def goals_said(using: Service, form: FormData, student: StudentBody) -> tuple[type[Command], dict[str, Any]]:
    """What the form of one definition's goals asks for. Raises Refused.

    A goal that stays keeps its id; a new one gets a number that no goal of this student ever had, because late entries
    may name one that was left out.
    """
    definition, _, version = text_of(form, "definition").rpartition("@")
    state = using.ledger.states.student(UUID(student["id"]))
    had = {item for own, item in (state.own_items if state else ()) if own == definition}
    labels: dict[str, str] = {}
    for row in rows_of(form, "goal"):
        if not row.get("label"):
            continue
        item = row.get("id") or _next(row.get("under", ""), had | set(labels))
        labels[item] = row["label"]
    # Python reads no number of more than some thousand digits.
    if not version.isdecimal() or len(version) > VERSION_DIGITS:
        raise Refused("malformed", "This form lacks its definition. Open the page again.", "definition")
    return SetOwnItems, {"definition": {"id": definition, "version": int(version)}, "labels": labels}


def _next(shared: str, had: set[str]) -> str:
    numbers = (int(item.rpartition(".")[2]) for item in had if item.rpartition(".")[0] == shared)
    return f"{shared}.{max(numbers, default=0) + 1}"
