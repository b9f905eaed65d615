"""What came in since the last school day: visits, those on which nobody was there, firsts, and what was put right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from ap_ledger.events.changes import SAID_ON_THE_DEVICE, EntryCorrected, EntryVoided
from ap_ledger.events.moments import local_day, microseconds, zone
from ap_ledger.kinds.telling import spoken
from projections.bodies import SettingBody, StudentBody
from projections.queries.expected import Expectations
from projections.queries.journeys import Journey
from projections.queries.reading import Reader
from projections.queries.slots_of_day import open_day
from projections.runner import see

CAME_SINCE = time(16)
"""What came in is told from this time of the last school day on, when most people have left."""
CHANGES = (EntryCorrected.TOPIC, EntryVoided.TOPIC)
CHANGES_COUNTED = 1_000


class CameIn(NamedTuple):
    """What came in since the last school day: visits, those on which nobody was there, firsts, and what was put
    right."""

    since: str
    visits: int
    nobody: int
    firsts: list[tuple[StudentBody, str]]
    put_right: int


def came_in(
    reader: Reader, setting: SettingBody, told: Mapping[str, Journey], expectations: Expectations, now: datetime
) -> CameIn:
    """What was recorded since the afternoon of the last school day."""
    today = local_day(microseconds(now), setting["time_zone"])
    day = open_day(setting, expectations, today - timedelta(days=1)) or today - timedelta(days=1)
    since = datetime.combine(day, CAME_SINCE, zone(setting["time_zone"]))
    position = reader.ledger.position_at(since)
    new = [contact for journey in told.values() for contact in journey.path.contacts if contact.position > position]
    visits = [contact for contact in new if not contact.on_site]
    firsts = [
        (journey.student, spoken(journey.path.label(place)))
        for journey in told.values()
        if (place := journey.path.first_since(position)) is not None
    ]
    changes = reader.ledger.recorder.search(
        position + 1,
        reader.ledger.recorder.read_head().position,
        UUID(setting["id"]),
        None,
        (),
        CHANGES,
        CHANGES_COUNTED,
    )
    kept = reader.ledger.states.kept
    put_right = sum(
        row.student_id is not None
        and str(kept(UUID(bytes=bytes(row.student_id)))) in told
        and (see(row).state or {}).get("reason_code") != SAID_ON_THE_DEVICE
        for row in changes
    )
    named = "yesterday" if (today - day).days == 1 else f"{day:%A}" if (today - day).days < 7 else f"{day.day} {day:%b}"
    nobody = sum(contact.nobody for contact in visits)
    return CameIn(f"{named}, {CAME_SINCE:%H:%M}", len(visits), nobody, firsts, put_right)
