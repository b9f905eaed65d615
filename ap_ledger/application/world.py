"""What the door must know to judge an entry: settings, students, people and definitions, remembered between sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Repository

from ap_ledger.application.keyring import Keyring
from ap_ledger.domain.framework import framework_stream, project_framework
from ap_ledger.domain.person import Person, project_person
from ap_ledger.domain.setting import Setting, project_setting
from ap_ledger.domain.student import Student, project_student
from ap_ledger.errors import Refused
from ap_ledger.events.base import Ref
from ap_ledger.events.moments import microseconds
from ap_ledger.persistence.recorder import LedgerRecorder
from frameworks import Definition


class World:
    """States of the streams with rules, folded when first asked for.

    `refresh` forgets them when any stream with rules has changed, in this process or another: one small read a send.
    """

    def __init__(self, repository: Repository[UUID], recorder: LedgerRecorder, keyring: Keyring) -> None:
        self._repository = repository
        self._recorder = recorder
        self._keyring = keyring
        self._rules_position = -1
        self.forget()

    def forget(self) -> None:
        """Lets go of every remembered state."""
        self._students: dict[UUID, Student | None] = {}
        self._settings: dict[UUID, Setting | None] = {}
        self._people: dict[UUID, Person | None] = {}
        self._definitions: dict[tuple[str, int], Definition | None] = {}
        self.together: dict[tuple[str, str, str], Setting] = {}
        self._slots: dict[tuple[UUID, date, str], int | None] = {}
        self._placed: dict[tuple[UUID, date], bool] = {}

    def slot_start(self, setting: Setting, day: date, slot_id: str) -> int | None:
        """When a slot starts on a day, in microseconds, or None where the timetable has no such slot that day."""
        asked = (setting.id, day, slot_id)
        if asked not in self._slots:
            slot = setting.slot(day, slot_id)
            self._slots[asked] = microseconds(setting.start_of(day, slot)) if slot else None
        return self._slots[asked]

    def placed(self, student_id: UUID, day: date) -> bool:
        """Whether a placement of the student was running on a day."""
        asked = (student_id, day)
        if asked not in self._placed:
            student = self.student(student_id)
            self._placed[asked] = student is not None and student.placed_on(day)
        return self._placed[asked]

    def refresh(self) -> None:
        """Forgets what may be out of date, the open keys included, because a key may have been shredded elsewhere."""
        position = self._recorder.read_head().rules_position
        if position != self._rules_position:
            self.forget()
            self._keyring.forget()
            self._rules_position = position

    def student(self, student_id: UUID) -> Student | None:
        """The student, or None where nobody of that id was admitted."""
        if student_id not in self._students:
            self._students[student_id] = self.fold(student_id, project_student)
        return self._students[student_id]

    def setting(self, setting_id: UUID) -> Setting | None:
        """The setting, or None."""
        if setting_id not in self._settings:
            self._settings[setting_id] = self.fold(setting_id, project_setting)
        return self._settings[setting_id]

    def person(self, person_id: UUID) -> Person | None:
        """The person, or None."""
        if person_id not in self._people:
            self._people[person_id] = self.fold(person_id, project_person)
        return self._people[person_id]

    def definition(self, ref: Ref, kind: str, field: str) -> Definition:
        """The published definition that an entry names. Raises Refused when it was never published, or is of another kind."""
        key = (ref.id, ref.version)
        if key not in self._definitions:
            framework = self.fold(framework_stream(ref.id), project_framework)
            self._definitions[key] = framework.published.get(ref.version) if framework else None
        found = self._definitions[key]
        if found is None or found.kind != kind:
            raise Refused("unknown-framework", f"No {kind} with this id and version was published here.", field)
        return found

    def fold(self, stream: UUID, projector: Callable[..., Any]) -> Any:
        """The state of a stream as it is now, or None."""
        try:
            return self._repository.get(stream, projector_func=projector)
        except AggregateNotFoundError:
            return None
