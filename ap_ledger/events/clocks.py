"""Every clock that runs: what starts it, what ends it, and nothing else. No length of time ends one.

Pages, the API, jobs and docs read this table. The numbers of days in it are those of the duties themselves; where a
duty is written down stands beside it, and what is the law is for whoever advises a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

About = Literal["entry", "day", "placement", "review", "told", "visit", "sealed"]
"""What names one run of a clock: an entry, a day, a placement and a date of it, a commissioner and a half-term, or what
two people told, or a planned visit."""


SOON = timedelta(days=7)
"""What comes due within so many days is shown before it is, and may be ended from then on."""
FULL_TIME_HOURS = 18
"""More hours a week than this are likely to be full-time education, which an unregistered provider may not offer."""
FULL_WEEK_SESSIONS = 10
PART_TIME_REVIEW = timedelta(weeks=6)


@dataclass(frozen=True)
class ClockRule:
    """One clock. `done` is what ends it; all but what two people told can also be ended with a reason."""

    name: str
    about: About
    starts: str
    due: str
    done: str
    source: str

    @property
    def may_be_ended(self) -> bool:
        """Whether somebody may end it with a reason instead of doing it."""
        return self.about not in ("told", "sealed")


CLOCKS: tuple[ClockRule, ...] = (
    ClockRule(
        "half-term review", "review", "a half-term in which a commissioner has a student here",
        "on the last day of the half-term",
        "a pack of the half-term, or of it since their first student came, is released to them",
        "statutory guidance on alternative provision: reviews at least half-termly",
    ),
    ClockRule(
        "18 hours", "placement", "more than 18 hours a week are commissioned, and the setting has no URN",
        "from the day they are commissioned",
        "fewer hours are commissioned, the placement ends, or the setting is registered",
        "an unregistered provider of full-time education commits an "
        "offence; more than 18 hours is likely to be full-time",
    ),
    ClockRule(
        "part-time timetable", "placement", "1 to 9 sessions a week are commissioned", "six weeks after they were",
        "sessions are commissioned anew after a review, or none any more, or the placement ends",
        "guidance on part-time timetables",
    ),
    ClockRule(
        "planned end", "placement", "a placement has a planned end", "on that day",
        "the placement is ended or its planned end changed",
        "the placement's own agreement",
    ),
    ClockRule(
        "absence", "day", "a session in which the student was expected was not attended, and nobody cancelled it",
        "the same day", "a visit or call is logged after the session began",
        "guidance on school attendance; the code is settled within five school days",
    ),
    ClockRule(
        "restrictive intervention", "entry", "an incident was restrictive", "the same day",
        "the incident says when parents were told",
        "guidance on restrictive interventions",
    ),
    ClockRule(
        "planned visit", "visit", "a planned visit should have ended", "the same day",
        "whoever was to go logs a visit of that day, or the plan is cancelled",
        "safer working: everybody who goes out alone is accounted for on the day",
    ),
    ClockRule(
        "written record", "entry", "parents were told of a restrictive incident of April 2026 or later", "the same day",
        "the incident says that parents have a copy of its written record, or why it is withheld",
        "guidance on restrictive interventions: a written record the same day, to parents as soon as practicable",
    ),
    # For safeguarding leads alone: in no list, file or notice of anybody else.
    ClockRule(
        "worry unread", "sealed", "a worry came in", "the day after", "a safeguarding lead marks it as read",
        "keeping children safe in education: concerns are acted on at once",
    ),
    ClockRule(
        "safeguarding action", "sealed", "an action was set in a safeguarding case", "on the day that was set",
        "the action is done, or the case is closed", "the case's own decisions",
    ),
    ClockRule(
        "referral without an answer", "sealed", "a case was referred, and a day was said by which to expect an answer",
        "on that day", "the answer is written down, or the case is closed",
        "working together to safeguard children: a referral is answered within one working day",
    ),
    ClockRule(
        "two people said", "told", "two entries contradict each other about one session, or one score", "the same day",
        "one of them is put right or taken back", "a register entry is what happened, and not what was sent last",
    ),
)  # fmt: skip

CLOCK_BY_NAME: Mapping[str, ClockRule] = {rule.name: rule for rule in CLOCKS}


def _day(text: str) -> tuple[object, ...]:
    return (date.fromisoformat(text),)


def _entry(text: str) -> tuple[object, ...]:
    return (UUID(text),)


def _placement(text: str) -> tuple[object, ...]:
    placement, _, day = text.partition("/")
    return UUID(placement), date.fromisoformat(day)


_READ: Mapping[str, Callable[[str], tuple[object, ...]]] = {
    "entry": _entry,
    "day": _day,
    "placement": _placement,
    "visit": _entry,
}


def names_one(rule: ClockRule, about: str) -> bool:
    """Whether words name one run of a student's clock, as the list of what is due names it."""
    read = _READ.get(rule.about)
    if read is None:
        return False
    try:
        parts = read(about)
    except ValueError:
        return False
    # In another spelling it would be a run that nothing ever is.
    return about == "/".join(map(str, parts))
