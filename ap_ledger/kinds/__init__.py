"""One row for each kind of entry: what the timeline, the fold, the pages, the forms and the reports say of it.

Whoever adds a kind writes its class into `ENTRY_EVENTS` and its row into `ROWS`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ap_ledger.errors import SetupError
from ap_ledger.events.base import Entry
from ap_ledger.events.entries import ENTRY_EVENTS
from ap_ledger.kinds.row import Kind
from ap_ledger.kinds.rows import ROWS


def by_topic(events: Iterable[type[Entry]], rows: Iterable[Kind]) -> Mapping[str, Kind]:
    """The row of every kind of entry, by its topic. Raises SetupError for a class without a row, or a second row."""
    row_of: dict[str, Kind] = {}
    for row in rows:
        if row.topic in row_of:
            raise SetupError(f"{row.event.__name__} has two rows in ap_ledger/kinds/rows.py. Take one of them out.")
        row_of[row.topic] = row
    events = tuple(events)
    for event in events:
        if event.TOPIC not in row_of:
            raise SetupError(f"{event.__name__} has no row in ap_ledger/kinds/rows.py. Say there how it is shown.")
    if unlisted := row_of.keys() - {event.TOPIC for event in events}:
        raise SetupError(f"{', '.join(sorted(unlisted))}: a row, and no class in ENTRY_EVENTS. Add the class there.")
    return {event.TOPIC: row_of[event.TOPIC] for event in events}


KINDS: Mapping[str, Kind] = by_topic(ENTRY_EVENTS, ROWS)
"""Every kind of entry by its topic, in the order of `ENTRY_EVENTS`. The program does not start where one has no row."""

TOLD: Mapping[str, Kind] = {topic: kind for topic, kind in KINDS.items() if not kind.hidden}
"""Those that are stored under their own name, and so are told in histories, counts and diaries."""
