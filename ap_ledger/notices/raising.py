"""Tells people of what happened since anybody looked: once, and only those whom the access table lets know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from uuid import UUID

import structlog

from ap_ledger.access import Who
from ap_ledger.bootstrap import Service
from ap_ledger.errors import Busy
from ap_ledger.events.moments import microseconds
from ap_ledger.notices.shapes import Happening, Looked, Notice, Recorded
from ap_ledger.notices.table import NOTICES
from ap_ledger.stores.notices.inbox import Raised
from projections.runner import see

FIRST_LOOK = timedelta(days=1)
"""So far back is looked where nobody ever looked: an older ledger rings nobody for what was read long ago."""
NEWS = timedelta(days=7)
"""What has been so for longer is no news: it stands on its page."""
LEDGER = "ledger"
log = structlog.get_logger()


class NotAllTold(Exception):
    """Something could not be told. What it was stands in the log, by its kind."""


class Telling:
    """One look at everything that makes notices."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._now = service.ledger.now()
        self._failed = 0

    @cached_property
    def _people(self) -> dict[UUID, list[Who]]:
        """Everybody who holds a role today, by setting."""
        facts, here = self._service.ledger.access_facts, dict[UUID, list[Who]]()
        for body in self._service.reader.whole("people"):
            who = facts.who(UUID(body["id"]))
            for setting in {grant.setting_id for grant in who.grants}:
                here.setdefault(setting, []).append(who)
        return here

    def raise_new(self) -> int:
        """Tells of all that is new, and returns how many notices that made.

        Raises NotAllTold at the end where something could not be told, and Busy where a store is in use: the next look
        begins where this one began.
        """
        told = self._from_ledger()
        for notice in NOTICES:
            if isinstance(notice.source, Looked) and self._is_due(notice, notice.source):
                told += self._from_looking(notice, notice.source)
        if self._failed:
            raise NotAllTold
        return told

    def tell(self, notice: Notice, happening: Happening) -> int:
        """Tells whoever a row of the table names of one thing."""
        people = [
            who.person_id
            for who in self._people.get(happening.setting_id, ())
            if who.person_id is not None
            and (notice.author_too or who.person_id != happening.author)
            and notice.whom(who, happening)
        ]
        subject = happening.subject if notice.subject_matters else None
        raised = Raised(notice.name, happening.key, happening.setting_id, happening.happened, subject)
        return self._service.notices.tell(raised, people, self._now)

    # Events -----------------------------------------------------------------------------------------------------------

    def _from_ledger(self) -> int:
        ledger, store = self._service.ledger, self._service.notices
        head, reached, told = ledger.recorder.read_head().position, store.reached(LEDGER), 0
        if reached is None:
            reached = ledger.position_at(self._now - FIRST_LOOK)
        if reached == head:
            return 0
        by_topic = {
            topic: (notice, notice.source.read)
            for notice in NOTICES
            if isinstance(notice.source, Recorded)
            for topic in notice.source.topics
        }
        for row in ledger.recorder.tail_of_topics(tuple(by_topic), after=reached):
            notice, read = by_topic[row.topic]
            with self._going_on(notice):
                happening = read(self._service, see(row))
                told += self.tell(notice, happening) if happening else 0
            head = max(head, row.position)
        # Where an older copy of the ledger was restored its end lies before what was reached.
        store.reach(LEDGER, head)
        return told

    # What is so -------------------------------------------------------------------------------------------------------

    def _is_due(self, notice: Notice, source: Looked) -> bool:
        if not source.every:
            return True
        looked, now = self._service.notices.reached(notice.name), microseconds(self._now)
        # A look in the future was made under a clock that was wrong.
        return looked is None or not 0 <= now - looked < source.every // timedelta(microseconds=1)

    def _from_looking(self, notice: Notice, source: Looked) -> int:
        told = 0
        with self._going_on(notice):
            found = {
                (happening.key, happening.setting_id): happening
                for happening in source.look(self._service)
                if self._now - happening.happened <= NEWS
            }
            new = self._service.notices.unknown(notice.name, {key for key, _ in found}) if found else set()
            told = sum(self.tell(notice, happening) for (key, _), happening in found.items() if key in new)
            if source.every:
                self._service.notices.reach(notice.name, microseconds(self._now))
        return told

    @contextmanager
    def _going_on(self, notice: Notice) -> Iterator[None]:
        """One thing that cannot be told keeps no other from being told. A store that is in use ends the look."""
        try:
            yield
        except Busy:
            raise
        except Exception as error:
            self._failed += 1
            log.error("notice not told", notice=notice.name, error=type(error).__name__)


def raise_new(service: Service) -> int:
    """Tells people of all that happened since anybody looked, and returns how many notices that made."""
    return Telling(service).raise_new()
