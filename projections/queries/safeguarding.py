"""What worried somebody, and what became of it: every worry and every case of a setting, opened for who may read them.

Nothing of it is in a read model, since a row does not even tell a worry from a step of a case. Who may read which is
asked of the access table by whoever asks here, for each worry and each case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson

from ap_ledger.errors import Unreadable
from ap_ledger.events.base import Erased, Event
from ap_ledger.events.case import (
    CaseActionDone,
    CaseActionSet,
    CaseClosed,
    CaseDecided,
    CaseOpened,
    CaseRead,
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
from ap_ledger.events.moments import stored_time
from ap_ledger.recording.door import open_worry
from projections.bodies import SealedBody, SettingBody, SettingFacts
from projections.queries.naming import CLOSED, ERASED
from projections.queries.reading import Reader

Stage = Literal["due", "waiting", "open", "closed"]
"""Where a case is: something is due, an answer is waited for, it is open, or closed."""


class Worry(NamedTuple):
    """A worry, by the id of its stream. `student_id` is empty, and `author_id` None, where that is gone.

    `text` is what stands there instead where the words do not open; `is_open` says whether they do.
    """

    id: UUID
    student_id: str
    author_id: str | None
    written_at: datetime
    received_at: datetime
    text: str
    is_open: bool
    seen_by: str | None = None
    seen_at: datetime | None = None


class Action(NamedTuple):
    """Something that somebody is to do in a case by a day."""

    id: UUID
    what: str
    owner_id: str
    due: date
    done_at: datetime | None = None
    outcome: str = ""


class Referral(NamedTuple):
    """To whom a case was referred, and when an answer came."""

    id: UUID
    to: str
    at: datetime
    answer_due: date | None
    answered_at: datetime | None = None


class Step(NamedTuple):
    """One thing that happened in a case: when it did, when and by whom it was recorded, and the event itself."""

    at: datetime
    recorded_at: datetime
    by: str | None
    event: SealedStep


class Look(NamedTuple):
    """Somebody looked at a case."""

    at: datetime
    by: str | None


@dataclass
class CaseFile:
    """A case as it stands now, with everything that led there in the order in which it happened.

    `student_id` and `linked` say under which ids the children are told of now; `record_id` and `linked_as`, by those of
    `linked`, under which ids the case names them. These differ once a record was joined to another.
    """

    id: UUID
    setting_id: UUID
    student_id: str
    record_id: UUID
    title: str
    opened_at: datetime
    is_open: bool = True
    decided: bool = False
    worries: list[UUID] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    linked_as: dict[str, UUID] = field(default_factory=dict)
    readers: list[str] = field(default_factory=list)
    actions: dict[UUID, Action] = field(default_factory=dict)
    referrals: dict[UUID, Referral] = field(default_factory=dict)
    of_worries: list[Worry] = field(default_factory=list)
    """The worries themselves, as they read."""
    steps: list[Step] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    @property
    def students(self) -> frozenset[UUID]:
        """Every child whom it is about, and whom a worry in it is about."""
        raised = (worry.student_id for worry in self.of_worries if worry.student_id)
        return frozenset(map(UUID, (self.student_id, *self.linked, *raised)))

    @property
    def named(self) -> frozenset[UUID]:
        """Who was named to read it."""
        return frozenset(map(UUID, self.readers))

    @property
    def to_do(self) -> list[Action]:
        """The actions that are not done yet, the first due first; none of a closed case is due."""
        open_now = (action for action in self.actions.values() if action.done_at is None)
        return sorted(open_now, key=lambda action: action.due) if self.is_open else []

    @property
    def unanswered(self) -> list[Referral]:
        """The referrals that wait for an answer; none of a closed case does."""
        waiting = (referral for referral in self.referrals.values() if referral.answered_at is None)
        return list(waiting) if self.is_open else []

    @property
    def last_at(self) -> datetime:
        """When something was last recorded in it."""
        return max(step.recorded_at for step in self.steps)

    def stage(self, today: date) -> Stage:
        """Where it is today."""
        if not self.is_open:
            return "closed"
        if any(action.due <= today for action in self.to_do):
            return "due"
        return "waiting" if self.unanswered else "open"


class Safeguarding(NamedTuple):
    """Every worry and every case of a setting, the newest first."""

    worries: Sequence[Worry]
    cases: Sequence[CaseFile]

    def of_worry(self, worry: UUID) -> list[CaseFile]:
        """The cases into which a worry was taken."""
        return [case for case in self.cases if worry in case.worries]


def safeguarding_of(reader: Reader, setting: SettingFacts) -> Safeguarding:
    """Every worry and every case of a setting. Whoever asks leaves out what is not for whoever reads."""
    bodies = reader.whole("worries", setting)
    events = reader.events([position for body in bodies for position in _records(body)])
    worries: list[Worry] = []
    cases: list[CaseFile] = []
    for body in sorted(bodies, key=lambda body: -_records(body)[0]):
        told = [event for position in _records(body) if (event := events.get(position)) is not None]
        if told and isinstance(told[0], CaseOpened):
            cases.append(_case(reader, told))
        else:
            worries.append(_worry(reader, body, told))
    by_id = {worry.id: worry for worry in worries}
    for case in cases:
        case.of_worries = [by_id[worry] for worry in case.worries if worry in by_id]
    return Safeguarding(worries, cases)


def worry_of(reader: Reader, worry_id: UUID) -> tuple[Worry, SettingBody] | None:
    """A worry by its id, and the setting in which it was raised; None where there is none."""
    found = _stream(reader, worry_id)
    if found is None or (found.told and isinstance(found.told[0], SealedStep)):
        return None
    return _worry(reader, found.body, found.told), found.setting


def case_of(reader: Reader, case_id: UUID) -> tuple[CaseFile, SettingBody] | None:
    """A case by its id, with its worries, and its setting; None where there is none."""
    found = _stream(reader, case_id)
    if found is None or not (found.told and isinstance(found.told[0], CaseOpened)):
        return None
    case = _case(reader, found.told)
    case.of_worries = [pair[0] for worry in case.worries if (pair := worry_of(reader, worry)) is not None]
    return case, found.setting


class _Stream(NamedTuple):
    body: SealedBody
    setting: SettingBody
    told: Sequence[Any]


def _stream(reader: Reader, stream: UUID) -> _Stream | None:
    body = reader.one("worries", str(stream))
    setting = reader.one("settings", body["setting_id"]) if body else None
    if body is None or setting is None:
        return None
    events = reader.events(_records(body))
    return _Stream(body, setting, [events[position] for position in _records(body) if position in events])


def new_worries(reader: Reader, setting: SettingFacts) -> list[Worry]:
    """The worries that no safeguarding lead has marked as read, the newest first.

    A stream of several records is a case, or a worry that was seen, so none of these is opened.
    """
    bodies = [body for body in reader.whole("worries", setting) if len(_records(body)) == 1]
    events = reader.events([_records(body)[0] for body in bodies])
    told = ((body, [event] if (event := events.get(_records(body)[0])) else []) for body in bodies)
    return [
        _worry(reader, body, event)
        for body, event in sorted(told, key=lambda pair: -_records(pair[0])[0])
        if not (event and isinstance(event[0], SealedStep))
    ]


# Worries --------------------------------------------------------------------------------------------------------------


def _worry(reader: Reader, body: SealedBody, told: Sequence[Any]) -> Worry:
    stream = UUID(body["id"])
    seen = next((event for event in told if isinstance(event, WorrySeen)), None)
    by, seen_at = (None, None) if seen is None else (_id(seen.stamp.author_id), seen.stamp.occurred_at)
    record = next((event for event in told if isinstance(event, SealedRecord)), None)
    if record is None:
        never = datetime.fromtimestamp(0).astimezone()
        return Worry(stream, "", None, never, never, CLOSED, False, by, seen_at)
    received = record.stamp.recorded_at or record.stamp.occurred_at
    student, opened, instead = _opened(reader, record)
    author = str(UUID(opened["author_id"])) if opened else None
    text = opened["text"] if opened else instead
    return Worry(stream, student, author, _written_at(opened, received), received, text, bool(opened), by, seen_at)


def _opened(reader: Reader, record: SealedRecord) -> tuple[str, dict[str, Any] | None, str]:
    """The id of the child whom a worry is about, what was said, and what stands there instead where it does not
    open."""
    if not isinstance(record.body, str):
        return "", None, ERASED
    try:
        opened, instead = open_worry(reader.ledger.keyring, record.originator_id, record.body), ERASED
    except Unreadable:
        opened, instead = None, CLOSED
    student = UUID((opened or orjson.loads(record.body))["student_id"])
    return _kept(reader, student), opened, instead


def _written_at(opened: Mapping[str, Any] | None, received: datetime) -> datetime:
    """When a worry was written; when it came, where what it says of that is gone or cannot be read."""
    try:
        return stored_time(opened["device_time"]) if opened else received
    except Unreadable:
        return received


# Cases ----------------------------------------------------------------------------------------------------------------


def _case(reader: Reader, told: Sequence[Event]) -> CaseFile:
    opening = told[0]
    assert isinstance(opening, CaseOpened) and opening.stamp.setting_id and opening.stamp.student_id
    case = CaseFile(
        opening.originator_id,
        opening.stamp.setting_id,
        _kept(reader, opening.stamp.student_id),
        opening.stamp.student_id,
        words(opening.title),
        opening.stamp.occurred_at,
        worries=list(opening.worries),
    )
    for event in told:
        if isinstance(event, CaseRead):
            case.looks.append(Look(event.stamp.occurred_at, _id(event.stamp.author_id)))
        elif isinstance(event, SealedStep):
            recorded, happened = event.stamp.occurred_at, getattr(event, "happened_at", None)
            case.steps.append(Step(happened or recorded, recorded, _id(event.stamp.author_id), event))
            _change(reader, case, event, happened or recorded)
    case.steps.sort(key=lambda step: step.at)
    return case


def _change(reader: Reader, case: CaseFile, event: SealedStep, at: datetime) -> None:
    match event:
        case WorryTakenIn():
            case.worries.append(event.worry_id)
        case ChildLinked():
            child = _kept(reader, event.linked_student)
            case.linked.append(child)
            case.linked_as[child] = event.linked_student
        case ChildUnlinked():
            case.linked.remove(_kept(reader, event.linked_student))
        case CaseReaderNamed():
            case.readers.append(str(event.person_id))
        case CaseReaderEnded():
            case.readers.remove(str(event.person_id))
        case CaseActionSet():
            case.actions[event.action_id] = Action(event.action_id, words(event.what), str(event.owner_id), event.due)
        case CaseActionDone():
            done = case.actions[event.action_id]._replace(done_at=at, outcome=words(event.outcome))
            case.actions[event.action_id] = done
        case CaseReferred():
            made = Referral(event.referral_id, words(event.to), at, event.answer_due)
            case.referrals[event.referral_id] = made
        case ReferralAnswered():
            case.referrals[event.referral_id] = case.referrals[event.referral_id]._replace(answered_at=at)
        case CaseDecided():
            case.decided = True
        case CaseClosed():
            case.is_open = False
        case CaseReopened():
            case.is_open, case.decided = True, False


def _records(body: SealedBody) -> list[int]:
    """The positions of what stands in a stream of sealed records."""
    return body.get("records") or [body["position"]]


def words(value: str | Erased | None) -> str:
    """Words of a case; what stands instead of them where they were erased, nothing where there are none."""
    return "" if value is None else ERASED if isinstance(value, Erased) else value


def looks_of(case: CaseFile) -> Iterator[Look]:
    """Who looked at a case, the latest first."""
    return reversed(case.looks)


def _kept(reader: Reader, student: UUID) -> str:
    return str(reader.ledger.states.kept(student))


def _id(person: UUID | None) -> str | None:
    return None if person is None else str(person)
