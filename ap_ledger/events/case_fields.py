"""The fields of safeguarding cases: one type for each, with the sentence that says what it takes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from ap_ledger.events.base import Text
from ap_ledger.events.fields import ONE_LINE

CaseId = Annotated[UUID, Field(description="The case is named by its id, a UUID.")]
WorryId = Annotated[UUID, Field(description="The worry is named by the id under which it is kept, a UUID.")]
WorryIds = Annotated[
    tuple[UUID, ...],
    Field(max_length=20, description="The worries are a list of their ids, 20 at most; empty where there is none."),
]
ActionId = Annotated[UUID, Field(description="The action is named by its id, a UUID.")]
ReferralId = Annotated[UUID, Field(description="The referral is named by its id, a UUID.")]
LinkedStudentId = Annotated[UUID, Field(description="The other child is named by their id, a UUID.")]
OwnerId = Annotated[UUID, Field(description="Who does it is named by their id, a UUID.")]
ReaderId = Annotated[UUID, Field(description="Who may read is named by their id, a UUID.")]
CaseTitle = Annotated[
    str,
    Field(min_length=1, max_length=120, description="What the case is about is 1 to 120 characters, not blank."),
    ONE_LINE,
]
CaseWords = Annotated[Text, Field(description="The text is 1 to 4,000 characters, not blank.")]
CaseOutcome = Annotated[Text, Field(description="What came of it is at most 4,000 characters, or left out.")]
CaseReason = Annotated[Text, Field(description="Say why, so that whoever looks back can tell.")]
ReferredTo = Annotated[
    str,
    Field(min_length=1, max_length=120, description="To whom it was referred is 1 to 120 characters, not blank."),
    ONE_LINE,
]
HandedTo = Annotated[
    str,
    Field(min_length=1, max_length=120, description="To whom the file goes is 1 to 120 characters, not blank."),
    ONE_LINE,
]
HappenedAt = Annotated[
    AwareDatetime,
    Field(description="When it happened is a time with its offset, such as 2026-03-02T09:15:00+00:00, or left out."),
]
DueOn = Annotated[date, Field(description="When it is due is a date, such as 2026-03-02.")]
AnswerDue = Annotated[
    date, Field(description="When an answer is to be there is a date, such as 2026-03-02, or left out.")
]
Decision = Annotated[
    Literal["act", "monitor", "refer", "not-refer", "no-further-action"],
    Field(description="A decision is one of: act, monitor, refer, not-refer, no-further-action."),
]
FileHash = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$", description="The hash of the file is 64 digits and letters from 0 to f."),
]
