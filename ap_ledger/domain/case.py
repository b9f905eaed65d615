"""The rules of safeguarding cases: a worry is seen, a case is opened, worked on, decided, closed and opened again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ap_ledger.domain.base import Command, NextEvents
from ap_ledger.domain.case_state import Case, Worry
from ap_ledger.errors import Refused
from ap_ledger.events.base import Event
from ap_ledger.events.case import (
    CaseActionDone,
    CaseActionSet,
    CaseClosed,
    CaseDecided,
    CaseExported,
    CaseNoteWritten,
    CaseOpened,
    CaseReaderEnded,
    CaseReaderNamed,
    CaseReferred,
    CaseReopened,
    ChildLinked,
    ChildUnlinked,
    ReferralAnswered,
    WorrySeen,
    WorryTakenIn,
)
from ap_ledger.events.case_fields import (
    ActionId,
    AnswerDue,
    CaseId,
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
from ap_ledger.events.fields import StudentId

NO_CASE = "No case with this id is kept here."


class AcknowledgeWorry(Command):
    """Says that a safeguarding lead has read a worry."""

    worry: WorryId

    @property
    def stream_id(self) -> UUID:
        """A worry's stream is named by a random id, which is not that of the entry."""
        return self.worry

    def decide(self, state: Worry | None, events: NextEvents) -> list[Event]:
        """Seen once."""
        if state is None or state.setting_id != self.setting_id:
            raise Refused("unknown-item", "No worry with this id is kept here.", "worry")
        if state.seen:
            raise Refused("not-allowed", "This worry was marked as read before.", "worry")
        return [events.event(WorrySeen)]


class CaseCommand(Command):
    """A command to a case's stream. It names the child whose case it is, under whose key the words are sealed."""

    case: CaseId
    student: StudentId

    @property
    def stream_id(self) -> UUID:
        """A case's stream is named by the case's id."""
        return self.case

    @property
    def student_id(self) -> UUID | None:
        """The child whose case it is."""
        return self.student

    def kept(self, state: Case | None) -> Case:
        """The case. Raises Refused where there is none of this child here."""
        if state is None or (state.setting_id, state.student_id) != (self.setting_id, self.student):
            raise Refused("unknown-item", NO_CASE, "case")
        return state

    def opened(self, state: Case | None) -> Case:
        """The case, which is open. Raises Refused."""
        case = self.kept(state)
        if not case.is_open:
            raise Refused("not-allowed", "This case is closed. Open it again first.", "case")
        return case


class OpenCase(CaseCommand):
    """Opens a safeguarding case about a child, out of worries or without one."""

    title: CaseTitle
    worries: WorryIds = ()

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Opened once."""
        if state is not None:
            raise Refused("not-allowed", "A case with this id was opened before.", "case")
        return [events.event(CaseOpened, title=self.title, worries=tuple(dict.fromkeys(self.worries)))]


class TakeInWorry(CaseCommand):
    """Takes a further worry into an open case."""

    worry: WorryId

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Each worry once."""
        if self.worry in self.opened(state).worries:
            raise Refused("not-allowed", "This worry is in the case already.", "worry")
        return [events.event(WorryTakenIn, worry_id=self.worry)]


class LinkChild(CaseCommand):
    """Says that an open case is about another child too."""

    linked_student: LinkedStudentId

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Each child once."""
        if self.linked_student in self.opened(state).students:
            raise Refused("not-allowed", "This case is about this child already.", "linked_student")
        return [events.event(ChildLinked, linked_student=self.linked_student)]


class UnlinkChild(CaseCommand):
    """Says that an open case is not about another child after all."""

    linked_student: LinkedStudentId

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Only who was linked; never the child whose case it is."""
        if self.linked_student not in self.opened(state).linked:
            raise Refused("not-allowed", "This child was not linked to the case.", "linked_student")
        return [events.event(ChildUnlinked, linked_student=self.linked_student)]


class WriteCaseNote(CaseCommand):
    """Writes down what was seen, said or done in an open case."""

    text: CaseWords
    happened_at: HappenedAt | None = None

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """In an open case, and not before it happened."""
        self.opened(state)
        not_ahead(self.happened_at, events)
        return [events.event(CaseNoteWritten, text=self.text, happened_at=self.happened_at)]


class SetCaseAction(CaseCommand):
    """Says who is to do what by when in an open case."""

    action: ActionId
    what: CaseWords
    owner: OwnerId
    due: DueOn

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Each action has an id of its own."""
        if self.action in self.opened(state).done:
            raise Refused("not-allowed", "An action with this id was set before.", "action")
        return [events.event(CaseActionSet, action_id=self.action, what=self.what, owner_id=self.owner, due=self.due)]


class FinishCaseAction(CaseCommand):
    """Says that an action of a case was done, and what came of it."""

    action: ActionId
    outcome: CaseOutcome | None = None

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Done once."""
        done = self.opened(state).done
        if self.action not in done:
            raise Refused("unknown-item", "No action with this id was set in this case.", "action")
        if done[self.action]:
            raise Refused("not-allowed", "This action was done before.", "action")
        return [events.event(CaseActionDone, action_id=self.action, outcome=self.outcome)]


class DecideCase(CaseCommand):
    """Says what was decided in an open case, with the reason: not referring included."""

    decision: Decision
    reason: CaseReason

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """As often as anything is decided."""
        self.opened(state)
        return [events.event(CaseDecided, decision=self.decision, reason=self.reason)]


class ReferCase(CaseCommand):
    """Says to whom outside an open case was referred, what was said, and by when an answer is to be there."""

    referral: ReferralId
    to: ReferredTo
    text: CaseWords
    happened_at: HappenedAt | None = None
    answer_due: AnswerDue | None = None

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Each referral has an id of its own."""
        if self.referral in self.opened(state).answered:
            raise Refused("not-allowed", "A referral with this id was made before.", "referral")
        not_ahead(self.happened_at, events)
        fields = self.model_dump(include={"to", "text", "happened_at", "answer_due"})
        return [events.event(CaseReferred, referral_id=self.referral, **fields)]


class AnswerReferral(CaseCommand):
    """Says what was answered to a referral."""

    referral: ReferralId
    text: CaseWords
    happened_at: HappenedAt | None = None

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """What was referred is answered, more than once where that happens."""
        if self.referral not in self.opened(state).answered:
            raise Refused("unknown-item", "No referral with this id was made in this case.", "referral")
        not_ahead(self.happened_at, events)
        fields = self.model_dump(include={"text", "happened_at"})
        return [events.event(ReferralAnswered, referral_id=self.referral, **fields)]


class NameCaseReader(CaseCommand):
    """Lets somebody who works here read this one case."""

    person: ReaderId

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Named once."""
        if self.person in self.kept(state).readers:
            raise Refused("not-allowed", "They may read this case already.", "person")
        return [events.event(CaseReaderNamed, person_id=self.person)]


class EndCaseReader(CaseCommand):
    """Lets somebody read this case no more."""

    person: ReaderId

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Only who was named."""
        if self.person not in self.kept(state).readers:
            raise Refused("not-allowed", "They were not named to read this case.", "person")
        return [events.event(CaseReaderEnded, person_id=self.person)]


class CloseCase(CaseCommand):
    """Closes a case, with the reason."""

    reason: CaseReason

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Only once something was decided: a case that ends without a decision tells nobody why."""
        if not self.opened(state).decided:
            raise Refused("not-allowed", "Say first what was decided and why; then close it.", "case")
        return [events.event(CaseClosed, reason=self.reason)]


class ReopenCase(CaseCommand):
    """Opens a case again that was closed, with the reason."""

    reason: CaseReason

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Only a closed one."""
        if self.kept(state).is_open:
            raise Refused("not-allowed", "This case is open.", "case")
        return [events.event(CaseReopened, reason=self.reason)]


class ExportCase(CaseCommand):
    """Says that a case leaves as a file: to whom, and the hash of the file."""

    to: HandedTo
    file_hash: FileHash

    def decide(self, state: Case | None, events: NextEvents) -> list[Event]:
        """Open or closed."""
        self.kept(state)
        return [events.event(CaseExported, to=self.to, file_hash=self.file_hash)]


def not_ahead(happened_at: datetime | None, events: NextEvents) -> None:
    """Refuses what would happen later than now. Raises Refused."""
    if happened_at is not None and happened_at > events.stamp.occurred_at:
        raise Refused("in-future", "This is later than now. Say when it happened.", "happened_at")


CASE_COMMANDS: tuple[type[Command], ...] = (
    AcknowledgeWorry,
    OpenCase,
    TakeInWorry,
    LinkChild,
    UnlinkChild,
    WriteCaseNote,
    SetCaseAction,
    FinishCaseAction,
    DecideCase,
    ReferCase,
    AnswerReferral,
    NameCaseReader,
    EndCaseReader,
    CloseCase,
    ReopenCase,
    ExportCase,
)
