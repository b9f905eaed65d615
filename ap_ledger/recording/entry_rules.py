"""What must be true of an entry together with the states: every rule that goes beyond a single field's shape, kind by
kind.

A field's own shape, and the sentence for it, stand with the field in its class. These rules belong to what is posted,
never to the reading of what is stored. What an entry names in a published definition is checked in `checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from ap_ledger.domain.given import is_blank
from ap_ledger.errors import Refused
from ap_ledger.events.entries import IncidentRecorded, SessionAttended, VisitLogged, VoiceHeard
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.kinds import KINDS
from ap_ledger.recording.checks import CHECKS
from ap_ledger.recording.states import EntryContext, States

IN_FUTURE = "This lies in the future. Check the time, or the clock of the phone."
DAY = timedelta(days=1)
MINUTE = 60_000_000
FILLED_IN_LATE = 366
"""For so many days after a session a score or an attendance may still be given for it."""
CLOCKS_DIFFER = 10 * MINUTE
"""So far two clocks that were put right may still lie apart, in microseconds."""


@dataclass(slots=True)
class Occasion:
    """Among whom and when an entry is judged, in microseconds. The rules say in it when the entry happened."""

    states: States
    context: EntryContext
    observed_at: int
    """What the device's clock said, put right."""
    offset: int
    """How far that clock was from ours."""
    latest: int
    """The last moment that is not the future."""
    now: int
    before: Mapping[str, Any] = field(default_factory=dict)
    """What the entry said before, where this corrects one."""
    happens_at: int = 0
    outside_timetable: bool = False

    def day(self, moment: int) -> int:
        """The setting's day of a moment, as a number of days."""
        return local_day(moment, self.context.setting.time_zone).toordinal()


def happens_at_its_session(entry: Any) -> bool:
    """Whether an entry counts on the day of its session, and not when it was written down."""
    kind = KINDS[entry.kind]
    return kind.planned is not None or (kind.at_slot and entry.session is not None)


Rule = Callable[[Any, Occasion], None]


def check_entry(entry: Any, occasion: Occasion) -> None:
    """Judges an entry, and says in the occasion when it happened. Raises Refused with the field to mend."""
    occasion.happens_at = occasion.observed_at
    if (names := CHECKS.get(entry.kind)) is not None:
        names(entry, occasion.states)
    if (words := KINDS[entry.kind].says) is not None and is_blank(getattr(entry, words)):
        raise Refused("malformed", "This is blank. Write something in it, or take the entry out.", words)
    if entry.session is not None:
        check_session(entry, occasion)
    if (rule := RULES.get(entry.kind)) is not None:
        rule(entry, occasion)
    if occasion.happens_at > occasion.latest:
        raise Refused("in-future", IN_FUTURE, "session" if happens_at_its_session(entry) else "device_time")


def check_change(occurred_at: int, changed_at: int) -> None:
    """An entry is put right or taken back after it happened. Both moments are in microseconds."""
    if changed_at < occurred_at - CLOCKS_DIFFER:
        raise Refused(
            "malformed", "This lies before the entry happened that it changes. Check the time.", "device_time"
        )


def check_session(entry: Any, occasion: Occasion) -> None:
    """The slot is in the timetable that held on that day, and the day is one on which this can have happened."""
    slot = occasion.context.slot_start(entry.session.date, entry.session.slot)
    if slot is None:
        raise Refused("unknown-session", "The timetable that held on that day has no slot with this id.", "session")
    starts, in_timetable = slot
    occasion.outside_timetable = not in_timetable
    if KINDS[entry.kind].at_slot:
        occasion.happens_at = starts
    since = occasion.day(occasion.observed_at) - entry.session.date.toordinal()
    if since != 0:
        _check_other_day(entry, occasion, since)


def _check_other_day(entry: Any, occasion: Occasion, since: int) -> None:
    """A session on another day than the entry's own time: not in the future, and not so many days ago that it is a
    slip."""
    planned = entry.kind == VisitLogged.TOPIC and entry.effort != "attempted"
    if entry.session.date.toordinal() > occasion.day(occasion.latest) and not planned:
        raise Refused("in-future", "This session has not been held yet. Record it when it has.", "session")
    if since > (FILLED_IN_LATE if KINDS[entry.kind].of_session else 1) or (since < -1 and not planned):
        raise Refused(
            "malformed",
            "This session was on another day than the time that is given. Put one of them right.",
            "session",
        )


def check_attendance(entry: Any, occasion: Occasion) -> None:
    """A session that can have been: it ends after it begins, within a day, and was either attended or cancelled, not
    both."""
    _check_span(entry.planned_start, entry.planned_end, "planned_end", "The planned end")
    _check_came(entry, occasion)
    if entry.actual_start is not None and entry.cancelled_by is not None:
        raise Refused(
            "malformed",
            "A session was attended or cancelled, not both. Take out when the student came, or who cancelled it.",
            "cancelled_by",
        )
    if entry.place_id is not None and entry.place_id not in occasion.context.setting.places:
        raise Refused("unknown-place", "No place with this id was added to this setting.", "place_id")
    _check_supervisor(entry, occasion)
    starts = microseconds(entry.planned_start)
    if occasion.day(starts) > occasion.day(occasion.latest):
        raise Refused("in-future", "This session has not been held yet. Record it when it has.", "planned_start")
    if entry.session is not None and occasion.day(starts) != entry.session.date.toordinal():
        raise Refused(
            "malformed", "The session is on another day than its planned start. Put one of them right.", "session"
        )
    # It counts on its session's day, whenever it was written down; one that is still to begin today is known from now
    # on.
    occasion.happens_at = min(starts, occasion.now)


def _check_supervisor(entry: Any, occasion: Occasion) -> None:
    """Whoever supervised was staff of the setting when the session began: their name makes a register code of it."""
    if entry.supervised_by is None or str(entry.supervised_by) == str(occasion.before.get("supervised_by")):
        return
    person = occasion.states.person(entry.supervised_by)
    if person is None:
        raise Refused("unknown-person", "No person with this id was added here.", "supervised_by")
    setting = occasion.context.setting
    if not person.is_staff(setting.id, microseconds(entry.planned_start), setting.time_zone):
        raise Refused(
            "unknown-person",
            "This person held no staff role in this setting then. Name "
            "somebody who did, or give them their role from that day.",
            "supervised_by",
        )


def _check_came(entry: Any, occasion: Occasion) -> None:
    came, left = entry.actual_start, entry.actual_end
    if came is None:
        if left is not None:
            raise Refused(
                "malformed",
                "This says when the student left and not when they came. Give both, or neither.",
                "actual_end",
            )
        return
    if abs(came - entry.planned_start) > DAY:
        raise Refused(
            "malformed",
            "The student came more than a day before or after the planned start. Check the dates.",
            "actual_start",
        )
    if came >= entry.planned_end:
        raise Refused("malformed", "The student came after the session had ended. Check both times.", "actual_start")
    if left is not None and left < entry.planned_start:
        raise Refused("malformed", "The student left before the session began. Check both times.", "actual_end")
    if left is not None and left != came:
        _check_span(came, left, "actual_end", "When the student left")
    for name, moment in (("actual_start", came), ("actual_end", left)):
        if moment is not None and microseconds(moment) + occasion.offset > occasion.latest:
            raise Refused("in-future", IN_FUTURE, name)


def _check_span(first: datetime, last: datetime, field: str, words: str) -> None:
    if last <= first:
        raise Refused("malformed", f"{words} is not after the beginning. Check both times.", field)
    if last - first > DAY:
        raise Refused("malformed", f"{words} is more than a day after the beginning. Check both times.", field)


def check_incident(entry: Any, occasion: Occasion) -> None:
    """It is called by the setting's list, and parents were told after it happened and not in the future."""
    listed = [
        category.id
        for category in occasion.context.setting.incident_categories(
            date.fromordinal(occasion.day(occasion.observed_at))
        )
    ]
    # What was recorded before there was a list may keep its category, so that the rest of it can be put right.
    if entry.category not in listed and entry.category != occasion.before.get("category"):
        raise Refused(
            "unknown-category",
            f"The categories of incidents here are: {', '.join(listed)}. Say the rest in the text, which is sealed.",
            "category",
        )
    if entry.parents_told_at is None:
        return
    told = microseconds(entry.parents_told_at) + occasion.offset
    if told > occasion.latest:
        raise Refused(
            "in-future", "Parents cannot have been told in the future. Leave it out until they were.", "parents_told_at"
        )
    # Forms give times to the minute, so the incident's own seconds do not count.
    if told < occasion.observed_at // MINUTE * MINUTE:
        raise Refused(
            "malformed", "Parents were told before it happened. Put one of the times right.", "parents_told_at"
        )


def check_voice(entry: Any, occasion: Occasion) -> None:
    """Somebody was heard: by a face, or in words."""
    if entry.face is None and (entry.words is None or is_blank(entry.words)):
        raise Refused("malformed", "A voice has a face or words, or both. Give one of them.", "words")


RULES: Mapping[str, Rule] = {
    SessionAttended.TOPIC: check_attendance,
    IncidentRecorded.TOPIC: check_incident,
    VoiceHeard.TOPIC: check_voice,
}
