"""What later decisions need to remember about a worry and about a safeguarding case. No words are among it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

import orjson

from ap_ledger.domain.base import fold
from ap_ledger.events.base import Event
from ap_ledger.events.case import (
    CaseActionDone,
    CaseActionSet,
    CaseClosed,
    CaseDecided,
    CaseOpened,
    CaseReaderEnded,
    CaseReaderNamed,
    CaseReferred,
    CaseReopened,
    ChildLinked,
    ChildUnlinked,
    ReferralAnswered,
    SealedStep,
    WorrySeen,
    WorryTakenIn,
)
from ap_ledger.events.changes import SealedRecord


@dataclass(frozen=True, slots=True)
class Worry:
    """A worry in its stream. `student_id` is None where its sealing is gone."""

    id: UUID
    setting_id: UUID
    student_id: UUID | None
    version: int
    seen: bool = False


def evolve_worry(worry: Worry | None, event: Event) -> Worry | None:
    """Remembers one event of a worry's stream."""
    if isinstance(event, SealedRecord) and worry is None:
        assert event.stamp.setting_id is not None
        whose = orjson.loads(event.body)["student_id"] if isinstance(event.body, str) else None
        student = None if whose is None else UUID(whose)
        return Worry(event.originator_id, event.stamp.setting_id, student, event.originator_version)
    if isinstance(event, WorrySeen) and worry is not None:
        return replace(worry, seen=True, version=event.originator_version)
    return worry


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `done` says of each action, and `answered` of each referral, whether it is."""

    id: UUID
    setting_id: UUID
    student_id: UUID
    version: int
    is_open: bool = True
    decided: bool = False
    """Whether anything was decided since it was opened, or opened again."""
    worries: frozenset[UUID] = frozenset()
    linked: frozenset[UUID] = frozenset()
    readers: frozenset[UUID] = frozenset()
    done: Mapping[UUID, bool] = field(default_factory=dict)
    answered: Mapping[UUID, bool] = field(default_factory=dict)

    @property
    def students(self) -> frozenset[UUID]:
        """Every child whom it is about."""
        return self.linked | {self.student_id}


def evolve_case(case: Case | None, event: Event) -> Case | None:
    """Remembers one event of a case's stream."""
    if isinstance(event, CaseOpened):
        stamp = event.stamp
        assert stamp.setting_id is not None and stamp.student_id is not None
        worries = frozenset(event.worries)
        return Case(event.originator_id, stamp.setting_id, stamp.student_id, event.originator_version, worries=worries)
    if case is None or not isinstance(event, SealedStep):
        return case
    return replace(_changed(case, event), version=event.originator_version)


def _changed(case: Case, event: SealedStep) -> Case:
    match event:
        case WorryTakenIn():
            return replace(case, worries=case.worries | {event.worry_id})
        case ChildLinked():
            return replace(case, linked=case.linked | {event.linked_student})
        case ChildUnlinked():
            return replace(case, linked=case.linked - {event.linked_student})
        case CaseReaderNamed():
            return replace(case, readers=case.readers | {event.person_id})
        case CaseReaderEnded():
            return replace(case, readers=case.readers - {event.person_id})
        case CaseActionSet():
            return replace(case, done={**case.done, event.action_id: False})
        case CaseActionDone():
            return replace(case, done={**case.done, event.action_id: True})
        case CaseReferred():
            return replace(case, answered={**case.answered, event.referral_id: False})
        case ReferralAnswered():
            return replace(case, answered={**case.answered, event.referral_id: True})
        case CaseDecided():
            return replace(case, decided=True)
        case CaseClosed():
            return replace(case, is_open=False)
        case CaseReopened():
            return replace(case, is_open=True, decided=False)
    return case


project_worry = fold(evolve_worry)
project_case = fold(evolve_case)
