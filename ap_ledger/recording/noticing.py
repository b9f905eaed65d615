"""What is recorded and yet worth a second look: a child who may be here twice, a fact that changes nothing today."""

from __future__ import annotations

from typing import Any, NamedTuple

from ap_ledger.events.base import Event
from ap_ledger.events.dated import DatedFact, in_force
from ap_ledger.events.student import StudentIdentified
from ap_ledger.recording.same_child import SameChild


class Warned(NamedTuple):
    """A warning: what was asked is done all the same. `ids` are those of the records that it is about."""

    code: str
    message: str
    field: str | None = None
    ids: tuple[str, ...] = ()


TWICE = (
    "Another student here has the same name and date of birth, or the same UPN. If they are one child, join "
    "the two records (join-students): both histories are then told as one."
)

NOT_DONE_YET = Warned(
    "not-done-yet",
    "This is decided and recorded, and could not be done at once, so it is tried again every minute. The first page "
    "says so for as long as it is not done.",
)


def warnings_of(event: Event, state: Any, same_child: SameChild) -> tuple[Warned, ...]:
    """The warnings about an event that was just recorded, and the state that it was decided on."""
    if isinstance(event, StudentIdentified):
        others = same_child.others(event.originator_id)
        return (Warned("same-child", TWICE, None, tuple(map(str, others))),) if others else ()
    if isinstance(event, DatedFact) and state is not None:
        return _changes_nothing_today(event, state)
    return ()


def _changes_nothing_today(event: Any, state: Any) -> tuple[Warned, ...]:
    """Warns of a fact whose time is over already, because another one took over."""
    today = event.stamp.occurred_at.date()
    series = {name: getattr(event, name) for name in event.SERIES}
    current = in_force([*state.facts(type(event), **series), event], today)
    if current is None or current is event or event.from_date > today:
        return ()
    since = current.from_date.isoformat()
    message = (
        f"What was recorded from {since} on stays in force, so nothing changes today. If that was the mistake, "
        f"send this again with an id of its own and corrects: {since}."
    )
    return (Warned("changes-nothing-today", message, "from_date"),)
