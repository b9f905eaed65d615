"""What the timeline keeps of each kind of entry: an item and a value, neither of them personal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from ap_ledger.events.moments import microseconds, stored_time
from ap_ledger.kinds.items import DefinitionItem, ScoredItem, VisitItem
from ap_ledger.kinds.row import Contact, Described, Planned, State

MISSING = "~"
"""Stands before the reason in the place of a level, where an outcome could not be scored."""

ATTENDED, NOT_ATTENDED = "attended", "not-attended"
LATE = "attended-late"
"""How the timeline says that a session was attended and began late for this student."""

LATE_MINUTES = 5
"""A session that begins for a student more than so many minutes after it was planned began late."""

RESTRICTIVE, UNTOLD, UNCOPIED = "restrictive", "restrictive-untold", "restrictive-no-copy"
"""A restrictive incident; one of which parents were not told yet; and one of whose record they have no copy yet."""
WRITTEN_SINCE = "2026-04-01"
"""Since this day a copy of the written record is due to parents, given or withheld with a reason."""


def rung(state: State) -> Described:
    """The rung of its ladder, and the anxiety."""
    item = DefinitionItem(_key(state["ladder"]), state["rung"])
    return Described(item.packed(), _text(state.get("anxiety")))


def score(state: State) -> Described:
    """The indicator and whose view it is; the level, or the reason why there is none."""
    level = state.get("level")
    item = ScoredItem(_key(state["framework"]), state["indicator"], state["informant"])
    return Described(item.packed(), str(level) if level is not None else MISSING + state["missing"])


def unit(state: State) -> Described:
    """The unit, and its status."""
    return Described(DefinitionItem(_key(state["curriculum"]), state["unit"]).packed(), state["status"])


def visit(state: State) -> Described:
    """What was done by which channel, and the minutes."""
    return Described(VisitItem(state["effort"], state["channel"]).packed(), _text(state.get("minutes")))


def session(state: State) -> Described:
    """What came of the session, and for how many minutes the student was there."""
    return Described(attendance(state), _minutes(state))


def of_fields(item: str, value: str | None = None) -> Callable[[State], Described]:
    """What some kinds keep: one field as the item and, where there is one, another as the value."""

    def described(state: State) -> Described:
        return Described(_text(state[item]), _text(state.get(value)) if value else None)

    return described


def incident(state: State) -> Described:
    """Whether it was restrictive, parents were told and their copy is settled, and the minutes."""
    minutes = _text(state.get("minutes"))
    if not state["restrictive"]:
        return Described("incident", minutes)
    if not state.get("parents_told_at"):
        return Described(UNTOLD, minutes)
    owed = str(state["device_time"])[:10] >= WRITTEN_SINCE and not state.get("copy_for_parents")
    return Described(UNCOPIED if owed else RESTRICTIVE, minutes)


def nothing(state: State) -> Described:
    """Nothing of it is fit for the timeline."""
    return Described()


def answers(state: State) -> Described:
    """The questionnaire, and who answered."""
    return Described(DefinitionItem(_key(state["instrument"]), state["respondent"]).packed())


def attendance(state: State) -> str:
    """What an attestation says of a session: attended, late or not, not attended, or cancelled by whom."""
    if state.get("cancelled_by"):
        return f"cancelled-by-{state['cancelled_by']}"
    if not state.get("actual_start"):
        return NOT_ATTENDED
    late = (stored_time(state["actual_start"]) - stored_time(state["planned_start"])).total_seconds()
    return LATE if late > 60 * LATE_MINUTES else ATTENDED


def planned(state: State) -> Planned:
    """When a session was planned to begin and end, and the day whose slot it is."""
    begins, ends = (microseconds(stored_time(state[name])) for name in ("planned_start", "planned_end"))
    named = state.get("session")
    return Planned(begins, ends, date.fromisoformat(named["date"]).toordinal() if named else None)


def contact(state: State) -> Contact:
    """How somebody reached out."""
    return Contact(state["effort"], state["channel"], state.get("minutes"))


def _key(ref: State) -> str:
    return f"{ref['id']}@{ref['version']}"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _minutes(state: State) -> str | None:
    if not state.get("actual_start") or not state.get("actual_end"):
        return None
    span = stored_time(state["actual_end"]) - stored_time(state["actual_start"])
    return str(max(0, round(span.total_seconds() / 60)))
