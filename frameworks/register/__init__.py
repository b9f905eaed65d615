"""Suggests a statutory register code from what a session was, with the reason. The host school decides.

The codes are dated facts in `attendance-codes-2024.csv`, each with the evidence for it; the rule is here. It may be
wrong in one direction only: a rung below "on site and supervised" never suggests that a student was present, however a
session was attested.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

CODES_FILE = Path(__file__).with_name("attendance-codes-2024.csv")
PRESENT = frozenset({"attending", "attending off site"})
"""Categories of codes that count as present."""


NOT_EXPECTED = {
    "not-placed": "no placement was running on that day, so the student was not expected",
    "closed": "we were closed on that day, so nobody was expected",
    "not-held": "we hold nothing at that time of that day, so nobody was expected",
    "no-days": "the student's own week had nothing in it, so they were not expected",
}
"""Why nobody missed anything, where that is no part-time timetable."""


@dataclass(frozen=True)
class Code:
    """One register code, as in force between its dates."""

    code: str
    meaning: str
    category: str
    evidence: str
    effective_from: date
    effective_to: date | None

    @property
    def is_present(self) -> bool:
        """Whether it counts as attending."""
        return self.category in PRESENT


@cache
def codes() -> Mapping[str, Code]:
    """Every code by its sign."""
    with CODES_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    made = {
        row["code"]: Code(
            row["code"],
            row["meaning"],
            row["category"],
            row["evidence"],
            date.fromisoformat(row["effective_from"]),
            date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
        )
        for row in rows
    }
    return MappingProxyType(made)


@dataclass(frozen=True)
class SessionFacts:
    """What is known of one session of one student.

    `rung_supervised` is whether the highest rung recorded in the session is on site and supervised; None where no rung
    was recorded. `arranged_by` is the kind of commissioner of the placement that was running. `expected` is why the
    student was expected in it, or was not: `not-placed` (no placement was running), `closed` (as in holidays),
    `not-held` (the setting holds nothing then), `no-days` (the student's own week has nothing in it), `not-then` (it
    has, and not this); `no-week` where nobody said.
    """

    on: date
    attended: bool
    supervised: bool
    rung_supervised: bool | None = None
    cancelled_by: str | None = None
    arranged_by: str | None = None
    dual_registered: bool = False
    expected: str = "no-week"


@dataclass(frozen=True)
class Suggestion:
    """A code to suggest, or none, and why."""

    code: str | None
    reason: str

    @property
    def meaning(self) -> str | None:
        """What the code stands for."""
        return codes()[self.code].meaning if self.code else None


def suggest(facts: SessionFacts) -> Suggestion:
    """The code to suggest for a session. Source of the rule: the field's two registers, `docs/frameworks.md`."""
    suggestion = _attended(facts) if facts.attended else _not_attended(facts)
    if suggestion.code is None:
        return suggestion
    known = codes()[suggestion.code]
    if facts.on < known.effective_from or (known.effective_to is not None and facts.on > known.effective_to):
        return Suggestion(None, f"code {suggestion.code} was not in force on that day; ask the host school")
    return suggestion


def _attended(facts: SessionFacts) -> Suggestion:
    if facts.rung_supervised is False:
        return Suggestion(
            None, "the highest rung recorded is below on site and supervised, so no code for being present is suggested"
        )
    if not facts.supervised:
        return Suggestion(None, "nobody is named who supervised the session, so no code for being present is suggested")
    if facts.dual_registered:
        return Suggestion("D", "dual-registered, and attended here under supervision")
    if facts.arranged_by == "local-authority":
        return Suggestion("K", "the local authority arranged the place, and the session was attended under supervision")
    if facts.arranged_by in ("school", "trust"):
        return Suggestion("B", "a school arranged the place, and the session was attended under its agreed supervision")
    return Suggestion(None, "it is not recorded who arranged the place, so the host school has to say which code holds")


def _not_attended(facts: SessionFacts) -> Suggestion:
    if facts.expected in NOT_EXPECTED:
        return Suggestion(None, f"{NOT_EXPECTED[facts.expected]}; the host school has to say which code holds")
    if facts.expected == "not-then":
        return Suggestion("C2", "the session is outside the student's part-time timetable")
    if facts.cancelled_by == "us":
        return Suggestion(None, "we cancelled the session; tell the host school the same day")
    return Suggestion(
        "N",
        "expected and not here, and the reason is not established yet; follow up the same day and give the reason "
        "within 5 school days",
    )
