"""Who needs somebody, and why: a few rules, each with its number and where that comes from, asked of every student of a
setting at once.

A rule looks at what was recorded and says nothing of what to do. None of them counts against a child: what they name is
what we have not done yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Select, Table, bindparam, select

from ap_ledger.events.entries import OutcomeScored
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.kinds.items import CANCELLED_BY_US, VisitItem
from ap_ledger.kinds.timeline import ATTENDED
from projections.bodies import SettingBody, StudentBody
from projections.queries.clocks import Clock
from projections.queries.expected import is_open
from projections.queries.journeys import LATELY, RUNGS_LOWER, Journey, Path
from projections.queries.reading import Reader
from projections.queries.remembered import remembered
from projections.writers.student_days import StudentDays

LOOKED_BACK = timedelta(days=14)
"""So far back sessions and scores are looked at."""
FOR_MANY = 3
"""What is due alike for more children than this is the setting's to settle, and no reason to look at one of them."""


@dataclass(frozen=True)
class Rule:
    """One reason to look at a child. `number` is how much it takes of what `unit` says, and `source` why that much."""

    name: str
    number: int
    unit: str
    source: str


RULES: tuple[Rule, ...] = (
    Rule(
        "not-reached", 3, "visits one after the other on which nobody was there",
        "two or three visits a week are usual for somebody who is hard to reach, so three are a week without anybody",
    ),
    Rule(
        "going-back", LATELY, f"contacts in a row, each {RUNGS_LOWER} rungs or more below the middle of 20 before",
        "simulated: false for 0 to 4 in 100 children who do not change, and finds 92 in 100 falls of three rungs",
    ),
    Rule(
        "overdue", 1, "days past the day on which something of theirs was due",
        "each clock's own duty, as the table of clocks says (ap_ledger/events/clocks.py)",
    ),
    Rule(
        "no-contact", 5, "school days since anybody was in contact with them",
        "a school week; a code for an absence without a reason is settled within five school days",
    ),
    Rule(
        "not-scored", 3, "days on which they attended, one after the other, with nothing scored",
        "our own: one or two days may be the absence of whoever scores, three are nobody's turn",
    ),
    Rule(
        "cancelled", 2, "sessions or visits that we cancelled within a fortnight",
        "our own: once can happen to anybody, twice in ten school days is a pattern that a family notices",
    ),
)  # fmt: skip
RULE_BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}


class DayCounts(NamedTuple):
    """Of one day of a student: whether they attended, whether anything was scored, and what we cancelled."""

    day: date
    attended: bool
    scored: bool
    cancelled: int


@dataclass(frozen=True)
class Facts:
    """What the rules are asked of: one student's path, their last days, what is due, and the school days past."""

    path: Path
    today: date
    days: Sequence[DayCounts] = ()
    overdue: Sequence[Clock] = ()
    is_school_day: Callable[[date], bool] = field(default=lambda day: day.isoweekday() <= 5)
    placed: bool = True


class Reason(NamedTuple):
    """A rule that holds: what it says of the child, and what it goes by."""

    rule: Rule
    says: str
    why: str
    clock: Clock | None = None


@dataclass(frozen=True)
class Needing:
    """A child who needs somebody: the first of the reasons, and the others."""

    journey: Journey
    reason: Reason
    others: tuple[Reason, ...]

    @property
    def student(self) -> StudentBody:
        """Who it is."""
        return self.journey.student


def needing(
    reader: Reader,
    setting: SettingBody,
    journeys: Mapping[str, Journey],
    placed: frozenset[str],
    due: Sequence[Clock],
    now: datetime,
) -> list[Needing]:
    """Of the students of some journeys those who need somebody, the most pressing first.

    `placed` are the ids of those whose placement runs today; only they can be missed.
    """
    today = local_day(microseconds(now), setting["time_zone"])
    days = remembered(
        reader,
        ("last days", setting["id"]),
        dict.fromkeys(journeys, today),
        lambda keys: last_days(reader, sorted(keys), today - LOOKED_BACK, today),
    )
    overdue = overdue_of_one(due)
    # A page asks about the same few days of every student.
    is_school_day = cache(lambda day: day.isoweekday() <= 5 and is_open(setting, day))
    made: list[Needing] = []
    for key, journey in journeys.items():
        facts = Facts(journey.path, today, days.get(key, ()), overdue.get(key, ()), is_school_day, key in placed)
        reasons = reasons_of(facts)
        if reasons:
            made.append(Needing(journey, reasons[0], tuple(reasons[1:])))
    order = {rule.name: place for place, rule in enumerate(RULES)}
    return sorted(made, key=lambda each: (order[each.reason.rule.name], -len(each.others), str(each.student["name"])))


def overdue_of_one(due: Sequence[Clock]) -> dict[str, list[Clock]]:
    """What is overdue of single students, by the student's id; what is due alike for many is left out."""
    alike = Counter((clock.kind, clock.what, clock.due) for clock in due)
    overdue: dict[str, list[Clock]] = {}
    for clock in due:
        is_of_one = alike[clock.kind, clock.what, clock.due] <= FOR_MANY
        if clock.student is not None and clock.state == "overdue" and is_of_one:
            overdue.setdefault(clock.student["id"], []).append(clock)
    return overdue


def reasons_of(facts: Facts) -> list[Reason]:
    """Every rule that holds of one student, in the order of the rules."""
    return [reason for rule in RULES if (reason := ASKED[rule.name](rule, facts)) is not None]


# The rules ------------------------------------------------------------------------------------------------------------


def _not_reached(rule: Rule, facts: Facts) -> Reason | None:
    missed = facts.path.not_reached()
    if len(missed) < rule.number:
        return None
    last = facts.path.last_reached
    before = f" Last reached on {days_in_words([last.day])}." if last else " Nobody was reached before."
    nobody = f"Nobody there on {days_in_words([contact.day for contact in missed[-4:]])}."
    return Reason(rule, f"not reached on the last {len(missed)} visits", nobody + before)


def _going_back(rule: Rule, facts: Facts) -> Reason | None:
    stood = facts.path.set_back_from
    if stood is None:
        return None
    lately = facts.path.reached[-LATELY:]
    highest = max(contact.place for contact in lately)
    why = (
        f"From {_spoken(facts.path.label(stood))} to {_spoken(facts.path.label(highest))} or before it, "
        f"since {days_in_words([lately[0].day])}."
    )
    return Reason(rule, "a harder stretch, five contacts long", why)


def _overdue(rule: Rule, facts: Facts) -> Reason | None:
    late = [
        clock
        for clock in facts.overdue
        if (facts.today - clock.due).days >= rule.number and not _was_seen_since(facts, clock)
    ]
    if not late:
        return None
    clock = late[0]
    days = (facts.today - clock.due).days
    more = f" And {len(late) - 1} more." if len(late) > 1 else ""
    return Reason(
        rule,
        f"{clock.rule.name}, {days} {'day' if days == 1 else 'days'} late",
        f"{clock.what}.{more}",
        clock,
    )


def _was_seen_since(facts: Facts, clock: Clock) -> bool:
    """Whether a child who missed a day was seen after it: then it is a reason to be noted, and no worry about them."""
    if clock.rule.about != "day":
        return False
    missed = date.fromisoformat(clock.about)
    seen = _last_seen(facts)
    return seen is not None and seen > missed


def _last_seen(facts: Facts) -> date | None:
    last = facts.path.last_reached
    attended = [day.day for day in facts.days if day.attended]
    return max([*([last.day] if last else []), *attended], default=None)


def _no_contact(rule: Rule, facts: Facts) -> Reason | None:
    if not facts.placed:
        return None
    last, since = facts.path.last_reached, _last_seen(facts)
    if since is None:
        if facts.path.contacts:
            return None
        return Reason(rule, "no contact yet", "Nothing was logged since their placement began.")
    days = school_days(since, facts.today, facts.is_school_day)
    if days < rule.number:
        return None
    why = f"Last on {days_in_words([since])}"
    return Reason(
        rule,
        f"no contact for {days} school days",
        f"{why}, {_spoken(facts.path.label(last.place))}." if last and last.day == since else f"{why}.",
    )


def _not_scored(rule: Rule, facts: Facts) -> Reason | None:
    # Today is not over yet.
    attended = [day for day in facts.days if day.attended and day.day < facts.today]
    missing = 0
    for day in reversed(attended):
        if day.scored:
            break
        missing += 1
    if missing < rule.number:
        return None
    days = days_in_words([day.day for day in attended[-missing:]][-4:])
    return Reason(rule, f"nothing scored on {missing} days here", f"They came on {days}.")


def _cancelled(rule: Rule, facts: Facts) -> Reason | None:
    cancelled = [day for day in facts.days if day.cancelled]
    count = sum(day.cancelled for day in cancelled)
    if count < rule.number:
        return None
    days = days_in_words([day.day for day in cancelled][-4:])
    return Reason(rule, f"we cancelled {count} times in a fortnight", f"On {days}.")


ASKED: Mapping[str, Callable[[Rule, Facts], Reason | None]] = {
    "not-reached": _not_reached,
    "going-back": _going_back,
    "overdue": _overdue,
    "no-contact": _no_contact,
    "not-scored": _not_scored,
    "cancelled": _cancelled,
}
"""How each rule is asked."""
assert set(ASKED) == set(RULE_BY_NAME)


def school_days(after: date, until: date, is_school_day: Callable[[date], bool]) -> int:
    """How many school days there were after one day and before another."""
    return sum(is_school_day(after + timedelta(days=n)) for n in range(1, (until - after).days))


def days_in_words(days: Iterable[date]) -> str:
    """Days as people say them in a list: 23, 24 and 26 Nov."""
    ordered = sorted(set(days))
    months = [
        (f"{first:%b}", [str(day.day) for day in same])
        for first, same in (
            (group[0], group) for group in (list(some) for _, some in groupby(ordered, key=lambda day: day.month))
        )
    ]
    said = [f"{_listed(numbers)} {month}" for month, numbers in months]
    return _listed(said)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _spoken(label: str) -> str:
    """A label within a sentence."""
    return label[:1].lower() + label[1:]


# The last days --------------------------------------------------------------------------------------------------------


def last_days(reader: Reader, students: Sequence[str], first: date, last: date) -> dict[str, list[DayCounts]]:
    """What there was on each of the days from one to another, by student, one look for all of them."""
    days: dict[str, list[DayCounts]] = {student: [] for student in students}
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        ask = _cells_of(StudentDays.tables_in(live)[1])
        for start in range(0, len(students), 500):
            some = [UUID(student).bytes for student in students[start : start + 500]]
            given = {"students": some, "first": first.toordinal(), "last": last.toordinal()}
            for student, day, cell in connection.execute(ask, given):
                days[str(UUID(bytes=bytes(student)))].append(_counts(date.fromordinal(day), cell))
    return days


@cache
def _cells_of(cells: Table) -> Select[Any]:
    ask = select(cells.c.student, cells.c.day, cells.c.cell).where(
        cells.c.student.in_(bindparam("students", expanding=True)),
        cells.c.day.between(bindparam("first"), bindparam("last")),
        cells.c.to_pos.is_(None),
    )
    return ask.order_by(cells.c.student, cells.c.day)


def _counts(day: date, cell: str) -> DayCounts:
    told = orjson.loads(cell)
    sessions, visits = told.get("sessions", {}), told.get("visits", {})
    ours = sum(times for item, times in visits.items() if VisitItem.unpacked(item).effort == CANCELLED_BY_US)
    return DayCounts(
        day,
        bool(sessions.get(ATTENDED)),
        bool(told.get("kinds", {}).get(OutcomeScored.TOPIC)),
        sessions.get(CANCELLED_BY_US, 0) + ours,
    )
