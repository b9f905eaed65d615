"""A case in the words that people read: what happened, when, by whom; on the page, on paper and in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

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
from ap_ledger.events.changes import SealedRecord
from api.core.templating import day_in_words
from projections.queries.safeguarding import CaseFile, words

DECISIONS: Mapping[str, str] = {
    "act": "We act ourselves",
    "monitor": "We watch",
    "refer": "We refer",
    "not-refer": "We do not refer",
    "no-further-action": "Nothing more is needed",
}
"""What may be decided, as it is kept and as a person says it."""


class Line(NamedTuple):
    """One line of a chronology. `recorded_at` is None where it was written down when it happened."""

    at: datetime
    recorded_at: datetime | None
    by: str
    title: str
    about: str
    words: str


class Names(NamedTuple):
    """How people and children are called, by their ids."""

    people: Mapping[str, str | None]
    students: Mapping[str, str | None]

    def person(self, person_id: Any) -> str:
        """Somebody who works here; nobody in particular where nobody is named any more."""
        return self.people.get(str(person_id)) or "someone"

    def student(self, student_id: Any) -> str:
        """A child."""
        return self.students.get(str(student_id)) or "a student"


def chronology(case: CaseFile, names: Names) -> list[Line]:
    """Everything that is known of a case, in the order in which it happened."""
    return sorted((*_worries(case, names), *_steps(case, names)), key=lambda line: line.at)


def _worries(case: CaseFile, names: Names) -> Iterator[Line]:
    for worry in case.of_worries:
        late = worry.received_at if (worry.received_at - worry.written_at).total_seconds() > 60 else None
        who = names.person(worry.author_id) if worry.author_id else ""
        about = names.student(worry.student_id)
        yield Line(worry.written_at, late, who, CHRONOLOGY[SealedRecord][0], about, worry.text)
        if worry.seen_at is not None:
            yield Line(worry.seen_at, None, names.person(worry.seen_by), CHRONOLOGY[WorrySeen][0], "", "")


def _steps(case: CaseFile, names: Names) -> Iterator[Line]:
    for step in case.steps:
        told = CHRONOLOGY.get(type(step.event))
        if told is not None:
            title, tell = told
            about, said = tell(step.event, case, names)
            late = step.recorded_at if step.at != step.recorded_at else None
            yield Line(step.at, late, names.person(step.by) if step.by else "the machine", title, about, said)


Tell = Callable[[Any, CaseFile, Names], tuple[str, str]]


def _nothing(event: Any, case: CaseFile, names: Names) -> tuple[str, str]:
    return "", ""


def _text(event: Any, case: CaseFile, names: Names) -> tuple[str, str]:
    return "", words(event.text)


def _reason(event: Any, case: CaseFile, names: Names) -> tuple[str, str]:
    return "", words(event.reason)


def _child(event: Any, case: CaseFile, names: Names) -> tuple[str, str]:
    return names.student(event.linked_student), ""


def _reader(event: Any, case: CaseFile, names: Names) -> tuple[str, str]:
    return names.person(event.person_id), ""


def _opened(event: CaseOpened, case: CaseFile, names: Names) -> tuple[str, str]:
    return names.student(case.student_id), words(event.title)


def _action(event: CaseActionSet, case: CaseFile, names: Names) -> tuple[str, str]:
    return f"{names.person(event.owner_id)}, {day_in_words(event.due)}", words(event.what)


def _done(event: CaseActionDone, case: CaseFile, names: Names) -> tuple[str, str]:
    return case.actions[event.action_id].what, words(event.outcome)


def _decided(event: CaseDecided, case: CaseFile, names: Names) -> tuple[str, str]:
    return DECISIONS.get(str(event.decision), str(event.decision)), words(event.reason)


def _referred(event: CaseReferred, case: CaseFile, names: Names) -> tuple[str, str]:
    return words(event.to), words(event.text)


def _answered(event: ReferralAnswered, case: CaseFile, names: Names) -> tuple[str, str]:
    return case.referrals[event.referral_id].to, words(event.text)


def _left(event: CaseExported, case: CaseFile, names: Names) -> tuple[str, str]:
    return words(event.to), f"SHA-256 {event.file_hash}"


CHRONOLOGY: Mapping[type[Any], tuple[str, Tell]] = {
    SealedRecord: ("Worry", _nothing),
    WorrySeen: ("Worry read", _nothing),
    CaseOpened: ("Case opened", _opened),
    WorryTakenIn: ("Worry taken into the case", _nothing),
    ChildLinked: ("Another child linked", _child),
    ChildUnlinked: ("Child no longer linked", _child),
    CaseNoteWritten: ("Note", _text),
    CaseActionSet: ("Action set", _action),
    CaseActionDone: ("Action done", _done),
    CaseDecided: ("Decided", _decided),
    CaseReferred: ("Referred", _referred),
    ReferralAnswered: ("Answer to a referral", _answered),
    CaseReaderNamed: ("May read this case", _reader),
    CaseReaderEnded: ("May read it no more", _reader),
    CaseClosed: ("Case closed", _reason),
    CaseReopened: ("Opened again", _reason),
    CaseExported: ("Left as a file", _left),
}
"""What is told of a worry and of each step: what it is called, and what gives whom or what it is about, and its words.

What is not here, such as who looked, is no line of a chronology.
"""
