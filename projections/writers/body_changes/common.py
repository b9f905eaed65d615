"""What changes of bodies have in common: their shape, ids as text, and what is done to a field by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from ap_ledger.events.dated import without
from projections.runner import Seen

State = Mapping[str, Any]
"""The stored state of an event, by the names of its fields. It was read strictly when it was recorded."""
Change = Callable[[Any, State, Seen], None]
"""Brings a body up to date with an event: the body, the event's state, and what else is seen of the event."""
WITHDRAWN_FROM: Mapping[str, str] = {
    "student-expected": "expected", "sessions-commissioned": "commissioned", "key-worker-assigned": "key_workers",
    "mentor-assigned": "mentors", "student-grouped": "groups", "student-needs-noted": "needs",
    "student-contacts-noted": "contacts", "consent-noted": "consents",
    "calendar-set": "calendars", "timetable-set": "timetables", "retention-set": "retention",
    "incident-categories-set": "incident_categories",
}  # fmt: skip
"""Where a body keeps each kind of fact that can be withdrawn."""


def id_of(key: bytes | None) -> str:
    """An id as a body holds it. There must be one."""
    assert key is not None
    return str(UUID(bytes=key))


def id_or_none(key: bytes | None) -> str | None:
    """The same where there need not be one, such as that of an author at the machine."""
    return id_of(key) if key else None


def record_of(seen: Seen) -> str | None:
    """Which record said something of a child, where it is not the one that is kept."""
    return None if seen.student_id in (None, seen.stream) else id_of(seen.student_id)


def whole(state: State, **more: Any) -> Any:
    """What an event says, whole, and what else is known of it, in the shape that a body keeps."""
    return {**state, **more}


def given(state: State, *names: str) -> Any:
    """Those of some fields that an event gives."""
    return {name: state[name] for name in names if name in state}


def cleared(state: State) -> Any:
    """The fields that an event clears, as None."""
    return dict.fromkeys(state.get("clear", ()))


def take_over(*names: str) -> Change:
    """Takes over those of some fields that the event gives."""

    def change(body: dict[str, Any], state: State, seen: Seen) -> None:
        body.update(given(state, *names))

    return change


def append(name: str) -> Change:
    """Adds what the event says, whole, to a list of the body."""

    def change(body: dict[str, Any], state: State, seen: Seen) -> None:
        record = record_of(seen)
        body.setdefault(name, []).append(whole(state, recorded_as=record) if record else whole(state))

    return change


def put_right(things: str, key: str, *names: str) -> Change:
    """Puts right the one of a body's things that an event names by its id: what the event does not give stays."""

    def change(body: dict[str, Any], state: State, seen: Seen) -> None:
        right = given(state, *names)
        body[things] = [{**thing, **right} if thing[key] == state[key] else thing for thing in body[things]]

    return change


def withdraw_fact(body: dict[str, Any], state: State, seen: Seen) -> None:
    """Lets a dated fact count no more that should never have been recorded."""
    kept = WITHDRAWN_FROM[state["fact"]]
    mentor, consent, record = state.get("person_id"), state.get("consent"), record_of(seen)

    def of_series(fact: Mapping[str, Any]) -> bool:
        named = mentor in (None, fact.get("person_id")) and consent in (None, fact.get("consent"))
        return named and record == fact.get("recorded_as")

    body[kept] = without(body.get(kept, ()), state["from_date"], of_series)
