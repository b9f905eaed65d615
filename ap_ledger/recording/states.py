"""What the door must know to judge an entry: settings, students, people and definitions, remembered between sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.persistence import EventStore

from ap_ledger.domain.device import Device, project_device
from ap_ledger.domain.framework import framework_stream, project_framework
from ap_ledger.domain.person import Person, project_person
from ap_ledger.domain.setting import Setting, project_setting
from ap_ledger.domain.student_state import Student, as_one, project_student
from ap_ledger.errors import Refused
from ap_ledger.events import RULELESS_TOPICS
from ap_ledger.events.base import Ref
from ap_ledger.events.bounds import Since
from ap_ledger.events.moments import microseconds
from ap_ledger.events.student import TextExcised
from ap_ledger.persistence.recorder import Change, LedgerRecorder, TailRow
from ap_ledger.recording.folded import FoldedStates, Projector
from ap_ledger.recording.placement_ids import PlacementIds
from ap_ledger.stores.fingerprint import Fingerprint
from ap_ledger.stores.keyring.keyring import Keyring
from frameworks import Definition

LOOK_AGAIN = 0.05
"""Seconds for which what is remembered of other processes' doings is trusted. What was done here is known at once."""
FAR_BEHIND = 20_000
"""Where so many events came since the last look, reading every state anew is quicker than looking which changed."""


@dataclass(slots=True)
class EntryContext:
    """A setting, a student of it and an author, with what a day of entries asks about them again and again."""

    setting: Setting
    student: Student
    fingerprint: Fingerprint | None
    since: Since
    _slots: dict[tuple[date, str], tuple[int, bool] | None] = field(default_factory=dict)
    _placed: dict[date, bool] = field(default_factory=dict)

    def slot_start(self, day: date, slot_id: str) -> tuple[int, bool] | None:
        """When a slot starts on a day, in microseconds, and whether it is held on that weekday.

        None where there is no such slot.
        """
        asked = (day, slot_id)
        if asked not in self._slots:
            slot = self.setting.slot(day, slot_id)
            self._slots[asked] = (
                (microseconds(self.setting.start_of(day, slot)), day.isoweekday() in slot.weekdays) if slot else None
            )
        return self._slots[asked]

    def placed(self, day: date) -> bool:
        """Whether a placement of the student was running on a day."""
        if day not in self._placed:
            self._placed[day] = self.student.placed_on(day)
        return self._placed[day]


class States:
    """States of the streams with rules, folded when first asked for.

    `refresh` looks what was recorded since, in this process or another, so that no more than that is read anew.
    """

    def __init__(self, events: EventStore[UUID], recorder: LedgerRecorder, keyring: Keyring) -> None:
        self._states = FoldedStates(events)
        self._recorder = recorder
        self._keyring = keyring
        self.placement_ids = PlacementIds(recorder)
        self.rules_position = -1
        self._read_to = 0
        self._keys_seen = -1
        self._looked_at = 0.0
        self._looking = threading.Lock()
        self._combine_anew()

    def forget(self) -> None:
        """Lets go of every state, because words in them were erased."""
        self._states.forget()
        self._combine_anew()

    def _combine_anew(self) -> None:
        """Lets go of what was put together of several states."""
        self._definitions: dict[tuple[str, int], Definition | None] = {}
        self._contexts: dict[tuple[UUID, UUID, UUID], EntryContext] = {}

    def refresh(self, max_age: float = 0.0) -> None:
        """Looks what was recorded since, and whether keys were changed: one may have been shredded elsewhere.

        Looks again only when the last look is older than `max_age` seconds.
        """
        if time.monotonic() - self._looked_at < max_age:
            return
        # Of two who look at once, the one who saw less must not undo what the other saw.
        with self._looking:
            now = time.monotonic()
            head, keys = self._recorder.read_head(), self._keyring.refresh()
            if keys != self._keys_seen or head.position - self._read_to > FAR_BEHIND:
                self.forget()
            elif head.rules_position != self.rules_position:
                self._read_on(self._recorder.changes_after(self._read_to, RULELESS_TOPICS))
            self.rules_position, self._read_to, self._keys_seen = head.rules_position, head.position, keys
            self._looked_at = now

    def _read_on(self, changes: Collection[Change]) -> None:
        if any(change.topic == TextExcised.TOPIC for change in changes):
            self.forget()
        else:
            self._states.outdate({change.stream for change in changes})
            self._combine_anew()

    def context(self, setting_id: UUID, student_id: UUID, author_id: UUID) -> EntryContext:
        """Who an entry is between. Raises Refused where one is unknown or they do not belong together."""
        who = (setting_id, student_id, author_id)
        # What is found goes back into the same dict, so that a `forget` in between is not undone by an old answer.
        contexts = self._contexts
        context = contexts.get(who)
        if context is None:
            context = contexts[who] = self._meet(setting_id, student_id, author_id)
        return context

    def _meet(self, setting_id: UUID, student_id: UUID, author_id: UUID) -> EntryContext:
        setting = self.fold(setting_id, project_setting)
        if setting is None:
            raise Refused("unknown-setting", "No setting with this id keeps its ledger here.", "setting_id")
        student = self.fold(student_id, project_student)
        if student is None or student.setting_id != setting_id:
            raise Refused("unknown-student", "No student with this id was admitted to this setting.", "student_id")
        if self.fold(author_id, project_person) is None:
            raise Refused("unknown-person", "No person with this id was added here.", "author_id")
        core = self._keyring.key(student_id, "core")
        child = self.child(student_id) or student
        return EntryContext(setting, child, Fingerprint(core.raw) if core else None, child.since)

    def setting(self, setting_id: UUID) -> Setting | None:
        """A setting as it is now, or None."""
        setting: Setting | None = self.fold(setting_id, project_setting)
        return setting

    def person(self, person_id: UUID) -> Person | None:
        """A person as they are now, or None."""
        person: Person | None = self.fold(person_id, project_person)
        return person

    def student(self, student_id: UUID) -> Student | None:
        """A student as they are now, or None."""
        student: Student | None = self.fold(student_id, project_student)
        return student

    def kept(self, student_id: UUID, known: int | None = None) -> UUID:
        """The id under which a child is told of: the student's own, or that of the one to whom they were joined.

        As it was known at a position, where one is given.
        """
        student = self.student(student_id)
        if student is None or student.kept_as is None or (known is not None and known < student.kept_since):
            return student_id
        return student.kept_as

    def records(self, student_id: UUID) -> tuple[UUID, ...]:
        """The ids of every record of a child, the one that is kept first."""
        kept = self.student(self.kept(student_id))
        return (student_id,) if kept is None else (kept.id, *kept.joined)

    def record_where(self, student_id: UUID, says: Callable[[Student], bool]) -> UUID:
        """The record of a child in which something stands, such as a placement, so that what changes it goes there too.

        The one that is kept where it stands in none.
        """
        states = ((record, self.student(record)) for record in self.records(student_id))
        return next((record for record, state in states if state is not None and says(state)), self.kept(student_id))

    def child(self, student_id: UUID) -> Student | None:
        """A student as they are now with every record of theirs, or None."""
        kept, *others = (self.student(record) for record in self.records(student_id))
        return kept and (as_one(kept, [student for student in others if student is not None]) if others else kept)

    def device(self, device_id: UUID) -> Device | None:
        """A device as it is now, or None."""
        device: Device | None = self.fold(device_id, project_device)
        return device

    def definition(self, ref: Ref, kind: str, field: str) -> Definition:
        """The published definition that an entry names.

        Raises Refused when it was never published, or is of another kind.
        """
        definition = self.published(ref)
        if definition is None or definition.kind != kind:
            raise Refused("unknown-framework", f"No {kind} with this id and version was published here.", field)
        return definition

    def published(self, ref: Ref) -> Definition | None:
        """A published definition of any kind, or None."""
        key, definitions = (ref.id, ref.version), self._definitions
        if key not in definitions:
            framework = self.fold(framework_stream(ref.id), project_framework)
            definitions[key] = framework.published.get(ref.version) if framework else None
        return definitions[key]

    def entry_rows(self, entry: UUID) -> list[TailRow]:
        """An entry, and every change made to it, in order."""
        return self._recorder.tail_of([entry])

    def rows_about(self, student: UUID, *topics: str) -> list[TailRow]:
        """Everything of some topics about a student, in order. Looks through the whole ledger: for rare questions."""
        return self._recorder.tail_of_topics(topics, student)

    def fold(self, stream: UUID, projector: Projector) -> Any:
        """The state of a stream as it was at the last `refresh` or later, or None where there is no such stream."""
        return self._states.of(stream, projector)
