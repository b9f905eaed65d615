"""Whether a child was admitted twice: another student of the setting with the same name and date of birth, or the same
UPN."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
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
    called: bytes | None
    """Both names, without the date of birth."""
    near: frozenset[bytes]
    """The date of birth with the given name alone, and with the family name and the first letter of the given one."""

    @classmethod
    def of(cls, who: StudentIdentified | IdentifyStudent, setting_id: UUID | None, digest: Fingerprint) -> Marks:
        """The marks of whoever is named so."""
        given, family = (alike(name) if isinstance(name, str) else "" for name in (who.given_name, who.family_name))
        born = who.date_of_birth.isoformat() if isinstance(who.date_of_birth, date) else None
        names = f"{given} {family}"
        both = bool(given and family)
        close = ({"given": given}, {"family": family, "initial": given[:1]})
        return cls(
            setting_id,
            digest.of({"name": names, "born": born}) if both and born else None,
            digest.of({"upn": who.upn}) if isinstance(who.upn, str) else None,
            digest.of({"called": names}) if both else None,
            frozenset(digest.of({**part, "born": born}) for part in close if both and born),
        )


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
            return self._like(own, records, _is_same)

    def like(self, setting_id: UUID, who: IdentifyStudent) -> list[UUID]:
        """The students of a setting who may be the child whom somebody is about to name, before it is recorded.

        A person looks at them then, so those are among them whose name is spelt a little differently, and those of the
        same name where a date of birth is not known.
        """
        with self._looking:
            self._catch_up()
            return self._like([Marks.of(who, setting_id, self._digest)], {who.student}, _may_be_same)

    def _like(
        self, own: Sequence[Marks], records: Collection[UUID], is_one: Callable[[Marks, Marks], bool]
    ) -> list[UUID]:
        """Whoever is taken for one with any of these, apart from the child's own records, and was not erased."""
        marked = [
            candidate for candidate, marks in self._marks.items() if any(is_one(own_marks, marks) for own_marks in own)
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
            self._marks[event.originator_id] = Marks.of(event, event.stamp.setting_id, self._digest)


def _is_same(first: Marks, second: Marks) -> bool:
    named, upn = (
        first.named is not None and first.named == second.named,
        first.upn is not None and first.upn == second.upn,
    )
    return first.setting_id == second.setting_id and (named or upn)


def _may_be_same(first: Marks, second: Marks) -> bool:
    # Where both dates of birth are known and differ, the same name says nothing.
    dated = first.named is not None and second.named is not None
    called = first.called is not None and first.called == second.called and not dated
    near = called or bool(first.near & second.near)
    return _is_same(first, second) or (first.setting_id == second.setting_id and near)
