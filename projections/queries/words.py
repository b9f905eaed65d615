"""Entries in the words that people read: their kind's row says what, and a reader how things are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ap_ledger.kinds import KINDS
from ap_ledger.kinds.row import State
from projections.queries.reading import Reader

WITHHELD = "[withheld]"
"""Stands where words stand that are not for whoever reads. It does not say whether there were any."""
Say = Callable[..., str]
"""Puts words into a language, with values where they name them in braces."""
Own = dict[str, dict[str, str]]
"""What a student's own items are called, by the id of the shared definition and their own id."""

ROLE_NAMES = {
    "mentor": "Mentor", "ap-staff": "AP staff", "leader": "Leader", "dsl": "Safeguarding lead (DSL)",
    "deputy-dsl": "Deputy safeguarding lead",
    "safeguarding-reader": "Named by the DSL to read safeguarding", "commissioner": "Commissioner", "family": "Family",
    "administrator": "Administrator of accounts",
    "researcher": "Researcher",
}  # fmt: skip
CLASS_NAMES = {
    "core": "Who they are: names, date of birth, UPN", "learning": "Learning: notes, goals, reasons",
    "behaviour": "Behaviour: incidents",
    "safeguarding": "Safeguarding: worries", "health": "Health: questionnaires, health notes, context",
}  # fmt: skip
ERASURE_RULES = {
    "time-is-over": "The time for which it is kept is over",
    "asked-by-family": "The family asked for it",
    "transferred": "The record was transferred",
    "recorded-wrongly": "It should not have been recorded",
}


class NamesHere:
    """How the definitions published here, and a student, call things."""

    def __init__(self, reader: Reader, own: Own | None = None, say: Say = str.format) -> None:
        self._reader = reader
        self._own = own or {}
        self._say = say

    def item(self, ref: State, item: str) -> str:
        """What the student calls an item of their own; else its label, or its id where nothing names it."""
        definition = self._reader.definition(f"{ref['id']}@{ref['version']}")
        return self._own.get(ref["id"], {}).get(item) or (definition and definition.label_of(item)) or item

    def level(self, ref: State, item: str, level: Any) -> str:
        """The label of a level; the level itself where no scale names it."""
        definition = self._reader.definition(f"{ref['id']}@{ref['version']}")
        scale = definition.scale_of(item) if definition else None
        return scale.label(level).lower() if scale else str(level)

    def say(self, words: str, /, **values: object) -> str:
        """Words of ours in the language of whoever reads; English where nobody said which that is."""
        return self._say(words, **values)

    def written(self, entry: State, field: str) -> str:
        """The words of a field after a full stop; nothing where there are none, or none for whoever reads."""
        return f". {entry[field]}" if entry.get(field) and entry[field] != WITHHELD else ""


def in_words(reader: Reader, entry: Mapping[str, Any], own: Own | None = None, say: Say = str.format) -> str:
    """What an entry says, in a short line; what is of no kind at all says what its text says.

    `say` puts words of ours into the language of whoever reads.
    """
    kind = KINDS.get(str(entry["kind"]))
    return str(entry.get("text", "")) if kind is None else kind.in_words(entry, NamesHere(reader, own, say))


WEEKDAYS = {1: "Monday", 2: "Tuesday", 3: "Wednesday", 4: "Thursday", 5: "Friday", 6: "Saturday", 7: "Sunday"}
"""The weekdays as a timetable counts them, in words."""


def days_in_words(days: Sequence[int]) -> str:
    """Some weekdays, in order: *Monday to Friday*, *Saturday and Sunday*, *every day*."""
    if len(days) == len(WEEKDAYS):
        return "every day"
    named = [WEEKDAYS[day] for day in sorted(days)]
    if len(days) > 2 and max(days) - min(days) == len(days) - 1:
        return f"{named[0]} to {named[-1]}"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1]))) if named else ""
