"""What becomes of a worry: seen, taken into a case, acted on, decided, referred, closed.

None of these is ever stored under its own name. Each is kept whole inside a `sealed-record`, in a stream of random id,
so that a row tells neither of whom it is nor who wrote it, nor that it belongs to a case: what it says is sealed under
the setting's key, and the words in it under the key of the child whose case it is
(`ap_ledger/stores/sealed_records.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ap_ledger.events.base import Erased, Event, RetentionClass
from ap_ledger.events.case_fields import (
    ActionId,
    AnswerDue,
    CaseOutcome,
    CaseReason,
    CaseTitle,
    CaseWords,
    Decision,
    DueOn,
    FileHash,
    HandedTo,
    HappenedAt,
    LinkedStudentId,
    OwnerId,
    ReaderId,
    ReferralId,
    ReferredTo,
    WorryId,
    WorryIds,
)


class SealedStep(Event):
    """A step of a stream that is kept whole inside sealed records. The stamp says whose it is and who took it."""

    STREAM: ClassVar[str] = "case"


class WorrySeen(SealedStep):
    """A safeguarding lead has read a worry. It stands in the worry's own stream."""

    TOPIC: ClassVar[str] = "worry-seen"


class CaseOpened(SealedStep):
    """A safeguarding case was opened about a child, out of worries or without one. The stamp names the child."""

    TOPIC: ClassVar[str] = "case-opened"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"title": "safeguarding"}
    title: CaseTitle | Erased
    worries: WorryIds = ()


class WorryTakenIn(SealedStep):
    """A further worry belongs to a case."""

    TOPIC: ClassVar[str] = "worry-taken-in"
    worry_id: WorryId


class ChildLinked(SealedStep):
    """A case is about another child too."""

    TOPIC: ClassVar[str] = "child-linked"
    linked_student: LinkedStudentId


class ChildUnlinked(SealedStep):
    """A case is not about another child after all."""

    TOPIC: ClassVar[str] = "child-unlinked"
    linked_student: LinkedStudentId


class CaseNoteWritten(SealedStep):
    """Something was seen, said or done in a case. `happened_at` is when, where that was before it was written down."""

    TOPIC: ClassVar[str] = "case-note-written"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "safeguarding"}
    text: CaseWords | Erased
    happened_at: HappenedAt | None = None


class CaseActionSet(SealedStep):
    """Somebody is to do something in a case by a day."""

    TOPIC: ClassVar[str] = "case-action-set"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"what": "safeguarding"}
    action_id: ActionId
    what: CaseWords | Erased
    owner_id: OwnerId
    due: DueOn


class CaseActionDone(SealedStep):
    """An action of a case was done, and what came of it."""

    TOPIC: ClassVar[str] = "case-action-done"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"outcome": "safeguarding"}
    action_id: ActionId
    outcome: CaseOutcome | Erased | None = None


class CaseDecided(SealedStep):
    """A safeguarding lead decided what is to be done, with the reason: not referring included."""

    TOPIC: ClassVar[str] = "case-decided"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"decision": "safeguarding", "reason": "safeguarding"}
    decision: Decision | Erased
    reason: CaseReason | Erased


class CaseReferred(SealedStep):
    """A case was referred to somebody outside: to whom, when, what was said, and by when an answer is to be there."""

    TOPIC: ClassVar[str] = "case-referred"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"to": "safeguarding", "text": "safeguarding"}
    referral_id: ReferralId
    to: ReferredTo | Erased
    text: CaseWords | Erased
    happened_at: HappenedAt | None = None
    answer_due: AnswerDue | None = None


class ReferralAnswered(SealedStep):
    """A referral was answered."""

    TOPIC: ClassVar[str] = "referral-answered"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"text": "safeguarding"}
    referral_id: ReferralId
    text: CaseWords | Erased
    happened_at: HappenedAt | None = None


class CaseReaderNamed(SealedStep):
    """Somebody who works here may read this one case."""

    TOPIC: ClassVar[str] = "case-reader-named"
    person_id: ReaderId


class CaseReaderEnded(SealedStep):
    """Somebody may read this case no more."""

    TOPIC: ClassVar[str] = "case-reader-ended"
    person_id: ReaderId


class CaseClosed(SealedStep):
    """A case was closed, with the reason."""

    TOPIC: ClassVar[str] = "case-closed"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "safeguarding"}
    reason: CaseReason | Erased


class CaseReopened(SealedStep):
    """A case that was closed is worked on again, with the reason."""

    TOPIC: ClassVar[str] = "case-reopened"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"reason": "safeguarding"}
    reason: CaseReason | Erased


class CaseExported(SealedStep):
    """A case left as a file: to whom, and the SHA-256 of the file, so that it can be known again."""

    TOPIC: ClassVar[str] = "case-exported"
    PERSONAL: ClassVar[Mapping[str, RetentionClass]] = {"to": "safeguarding"}
    to: HandedTo | Erased
    file_hash: FileHash


class CaseRead(SealedStep):
    """Somebody looked at a case, recorded before it was shown. Again within ten minutes counts as one look."""

    TOPIC: ClassVar[str] = "case-read"


CASE_EVENTS: tuple[type[SealedStep], ...] = (
    WorrySeen,
    CaseOpened,
    WorryTakenIn,
    ChildLinked,
    ChildUnlinked,
    CaseNoteWritten,
    CaseActionSet,
    CaseActionDone,
    CaseDecided,
    CaseReferred,
    ReferralAnswered,
    CaseReaderNamed,
    CaseReaderEnded,
    CaseClosed,
    CaseReopened,
    CaseExported,
    CaseRead,
)
