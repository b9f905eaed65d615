"""What is missing, to plan from: slots nobody scored, students nobody met, sessions we cancelled, raters far apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, select, text

from ap_ledger.events.days import Days
from ap_ledger.events.entries import OutcomeScored
from ap_ledger.events.moments import microseconds
from ap_ledger.kinds.items import CANCELLED_BY_US, ScoredItem
from projections.bodies import SettingBody
from projections.queries.period_facts import StudentPeriod
from projections.queries.periods import end_of
from projections.queries.reading import Reader
from projections.queries.relations import placement_days
from projections.uncertainty import Interval, share
from projections.writers.student_days import StudentDays
from projections.writers.timeline import COUNTS_NOW

QUIET_DAYS = 7
"""A student with whom there was no contact for so many days is named."""

RATED_ENOUGH = 20
"""Two people are compared on an indicator once each has scored it so often for the same students."""

LOOKED_BACK = timedelta(days=28)
LISTED = 30


@dataclass(frozen=True)
class RatersApart:
    """Two people whose shares of "seen" on one indicator, for the same students, are so far apart that their intervals
    do not touch."""

    indicator: str
    first: str
    first_seen: Interval
    second: str
    second_seen: Interval


class Gaps:
    """What is missing from a period of some students."""

    def __init__(self, reader: Reader, setting: SettingBody, periods: Sequence[StudentPeriod]) -> None:
        self.reader, self.setting, self.periods = reader, setting, periods

    def tables(self) -> list[tuple[str, str, Sequence[str], list[list[Any]]]]:
        """(name, caption, heads, rows) of each list; where a row is about a student, it begins with their period."""
        return [
            (
                "not-met",
                f"Students not met for {QUIET_DAYS} days or more",
                ("Student", "Last contact", "Days"),
                self.not_met(),
            ),
            (
                "not-scored",
                "Slots that nobody scored, on days attended",
                ("Student", "Expected", "Not scored", "Share scored"),
                self.not_scored(),
            ),
            (
                "cancelled-by-us",
                "Sessions and visits that we cancelled",
                ("Student", "Sessions", "Visits"),
                self.cancelled(),
            ),
            (
                "raters",
                "Raters far apart, last four weeks",
                ("Indicator", "One", "Seen", "Another", "Seen by them"),
                [
                    [
                        rater.indicator,
                        rater.first,
                        _percent(rater.first_seen),
                        rater.second,
                        _percent(rater.second_seen),
                    ]
                    for rater in self.raters()
                ],
            ),
            ("setbacks", "Harder stretches not made good yet", ("Student", "Since", "Rungs"), self.setbacks()),
        ]

    def not_met(self) -> list[list[Any]]:
        """Students whose last contact above the lowest rung is long ago, the longest first."""
        rows = []
        for period in self.periods:
            ladder = period.main_ladder
            met = [day for day, place in zip(ladder.days, ladder.places, strict=True) if place > 0] if ladder else []
            since = (period.last - date.fromisoformat(met[-1])).days if met else None
            if period.last in placement_days([period.placement] if period.placement else ()) and (
                since is None or since >= QUIET_DAYS
            ):
                rows.append([period, met[-1] if met else "never", since if since is not None else "–"])
        return sorted(rows, key=lambda row: -(row[2] if isinstance(row[2], int) else 10_000))

    def not_scored(self) -> list[list[Any]]:
        """Slots expected on days attended that have no score, the most first."""
        rows = [
            [p, wanted, wanted - scored, f"{scored / wanted:.0%}"]
            for p in self.periods
            for wanted, scored in [p.completeness]
            if wanted > scored
        ]
        return sorted(rows, key=lambda row: -row[2])

    def cancelled(self) -> list[list[Any]]:
        """Sessions and visits of the period that we cancelled ourselves."""
        rows = []
        for period in self.periods:
            visits = period.visits(CANCELLED_BY_US)
            if period.attendance.by_us or visits:
                rows.append([period, period.attendance.by_us, visits])
        return sorted(rows, key=lambda row: -(row[1] + row[2]))

    def setbacks(self) -> list[list[Any]]:
        """Stretches in which less is kept up than before, and which go on."""
        open_ = [
            (period, setback)
            for period in self.periods
            if period.main_ladder
            for setback in period.main_ladder.setbacks
            if setback.last is None
        ]
        return [
            [period, setback.first, setback.rungs] for period, setback in sorted(open_, key=lambda pair: pair[1].first)
        ]

    def raters(self) -> list[RatersApart]:
        """Pairs of people who score the same students apart, on the last four weeks of the period."""
        if not self.periods:
            return []
        last = self.periods[0].last
        until = end_of(last, self.setting)
        counts = self._scores(
            {UUID(period.student["id"]): period.within for period in self.periods}, until - LOOKED_BACK, until
        )
        people = {person["id"]: person["name"] for person in self.reader.whole("people")}
        apart: list[RatersApart] = []
        for (key, indicator), by_author in counts.items():
            framework = self.reader.definition(key)
            label = framework.labels.get(indicator, indicator) if framework else indicator
            authors = sorted(by_author)
            for n, first_rater in enumerate(authors):
                for second_rater in authors[n + 1 :]:
                    both = by_author[first_rater].keys() & by_author[second_rater].keys()
                    sums = [
                        [sum(by_author[who][student][place] for student in both) for place in (0, 1)]
                        for who in (first_rater, second_rater)
                    ]
                    a, b = (share(*pair) for pair in sums)
                    if a and b and min(sums[0][1], sums[1][1]) >= RATED_ENOUGH and (a.high < b.low or b.high < a.low):
                        apart.append(
                            RatersApart(
                                label, people.get(first_rater) or "someone", a, people.get(second_rater) or "someone", b
                            )
                        )
        return sorted(apart, key=lambda raters: -abs(raters.first_seen.value - raters.second_seen.value))[:LISTED]

    def _scores(
        self, students: Mapping[UUID, Days], first: datetime, last: datetime
    ) -> dict[tuple[str, str], dict[str, dict[UUID, list[int]]]]:
        counts: dict[tuple[str, str], dict[str, dict[UUID, list[int]]]] = {}
        for score in scored_by(self.reader, students, first, last):
            if score.value in ("0", "1"):
                by_author = counts.setdefault((score.item.framework, score.item.indicator), {})
                sums = by_author.setdefault(score.author, {}).setdefault(score.student, [0, 0])
                sums[0] += score.value == "1"
                sums[1] += 1
        return counts


class AuthoredScore(NamedTuple):
    """A score, and who wrote it."""

    student: UUID
    author: str
    """The id of the person."""
    item: ScoredItem
    value: str
    """The level, or the reason why there is none behind a ~."""


def scored_by(reader: Reader, students: Mapping[UUID, Days], first: datetime, last: datetime) -> list[AuthoredScore]:
    """Every score that counts now, between two moments, on days of each student."""
    wanted = sorted(student.bytes for student in students)
    rows: list[Any] = []
    low, high = first.date().toordinal() - 1, last.date().toordinal() + 1
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        for start in range(0, len(wanted), 500):
            between = {"low": low, "high": high, "first": microseconds(first), "last": microseconds(last)}
            given = {"students": wanted[start : start + 500], **between}
            rows += connection.execute(_scores_of(StudentDays.tables_in(live)[0]), given).all()
    rows = [row for row in rows if date.fromordinal(row.day) in students[UUID(bytes=bytes(row.student))]]
    authors = reader.ledger.recorder.authors_of([row.position for row in rows])
    return [
        AuthoredScore(
            UUID(bytes=bytes(row.student)), str(authors[row.position]), ScoredItem.unpacked(row.item), row.value
        )
        for row in rows
        if row.position in authors
    ]


@cache
def _scores_of(timeline: Table) -> Select[Any]:
    told = timeline.c
    return select(told.position, told.student, told.item, told.value, told.day).where(
        told.student.in_(bindparam("students", expanding=True)),
        told.day.between(bindparam("low"), bindparam("high")),
        told.kind == OutcomeScored.TOPIC,
        text(COUNTS_NOW),
        told.occurred_at.between(bindparam("first"), bindparam("last")),
    )


def _percent(interval: Interval) -> str:
    return f"{interval.value:.0%}"
