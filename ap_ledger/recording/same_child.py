"""Whether a child was admitted twice: another student of the setting with the same name and date of birth, or the same
UPN."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.events.student import StudentIdentified
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.states import States
from ap_ledger.stores.fingerprint import Fingerprint
from ap_ledger.stores.keyring.keyring import Key, Keyring
from ap_ledger.stores.mapper import LedgerMapper
from frameworks.language.lookalikes import alike

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells a student from others without saying who they are; None where that part is not known."""

    setting_id: UUID | None
    named: bytes | None
    upn: bytes | None


class SameChild:
    """Remembers a digest of who each student is, so that no name stays in memory for it."""

    def __init__(
        self,
        recorder: LedgerRecorder,
        keyring: Keyring,
        mapper: LedgerMapper,
        states: States,
        own: Key,
    ) -> None:
        self._recorder = recorder
        self._states = states
        self._keyring = keyring
        self._mapper = mapper
        self._digest = Fingerprint(own.raw)
        self._looked_to = 0
        self._marks: dict[UUID, Marks] = {}
        # Pages ask for it in several threads, and the first of them looks through the whole ledger.
        self._looking = threading.Lock()

    def others(self, student_id: UUID) -> list[UUID]:
        """The other students of the setting who seem to be the same child and are not joined to them yet."""
        with self._looking:
            self._catch_up()
            records = self._states.records(student_id)
            own = [self._marks[record] for record in records if record in self._marks]
            return self._like(own, records)

    def like(self, setting_id: UUID, who: IdentifyStudent) -> list[UUID]:
        """The students of a setting who seem to be the child whom somebody is about to name, before it is recorded."""
        named = None
        if who.given_name and who.family_name and who.date_of_birth:
            names = f"{alike(who.given_name)} {alike(who.family_name)}"
            named = self._digest.of({"name": names, "born": who.date_of_birth.isoformat()})
        upn = self._digest.of({"upn": who.upn}) if who.upn else None
        with self._looking:
            self._catch_up()
            return self._like([Marks(setting_id, named, upn)], {who.student})

    def _like(self, own: Sequence[Marks], records: Collection[UUID]) -> list[UUID]:
        """Whoever has any of these marks, apart from the child's own records, and was not erased."""
        marked = [
            candidate
            for candidate, marks in self._marks.items()
            if any(_is_same(own_marks, marks) for own_marks in own)
        ]
        there = (
            candidate
            for candidate in marked
            if candidate not in records and self._keyring.key(candidate, "core") is not None
        )
        return list(dict.fromkeys(map(self._states.kept, there)))

    def _catch_up(self) -> None:
        # Looks through the whole ledger once, and from then on through what came since: whoever identifies students is
        # few.
        head = self._recorder.read_head().position
        rows = self._recorder.tail_of_topics([StudentIdentified.TOPIC], after=self._looked_to)
        for start in range(0, len(rows), AT_ONCE):
            self._remember([row.position for row in rows[start : start + AT_ONCE]])
        self._looked_to = max(head, *(row.position for row in rows)) if rows else head

    def _remember(self, positions: Sequence[int]) -> None:
        for stored in self._recorder.events_at(positions):
            event = self._mapper.to_domain_event(stored)
            assert isinstance(event, StudentIdentified)
            self._marks[event.originator_id] = _marks_of(event, self._digest)


def _marks_of(event: StudentIdentified, digest: Fingerprint) -> Marks:
    names, born, upn = (event.given_name, event.family_name), event.date_of_birth, event.upn
    named = None
    if isinstance(born, date) and all(isinstance(name, str) for name in names):
        named = digest.of({"name": " ".join(alike(str(name)) for name in names), "born": born.isoformat()})
    return Marks(event.stamp.setting_id, named, digest.of({"upn": upn}) if isinstance(upn, str) else None)


def _is_same(first: Marks, second: Marks) -> bool:
    named, upn = (
        first.named is not None and first.named == second.named,
        first.upn is not None and first.upn == second.upn,
    )
    return first.setting_id == second.setting_id and (named or upn)
