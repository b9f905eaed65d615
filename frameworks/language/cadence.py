"""How often something is meant to be answered: the stretches of time that each want one answer, and how many have
it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ap_ledger.events.days import holds_on
from frameworks.language.things import Cadence


@dataclass(frozen=True)
class Stretch:
    """Days, first and last included, in which one answer is expected."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return holds_on(self.first, self.last, day)


@dataclass(frozen=True)
class Completeness:
    """How many answers were expected and how many of the stretches have one.

    `share` is None where none was expected.
    """

    expected: int
    given: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1."""
        return self.given / self.expected if self.expected else None


def stretches(cadence: Cadence, first: date, last: date, half_terms: Sequence[Stretch] = ()) -> list[Stretch]:
    """The stretches of a cadence that overlap the days from `first` to `last`, in order.

    One of which more than three quarters were over on the first day expects nothing. Half-terms come from the setting's
    calendar; where it has none, six weeks from `first` on stand in for one. Two half-terms make a term. For `slot` and
    `session` the stretch is a day: how many slots it had, the timetable says.
    """
    overlapping = _stretches(cadence, first, last, half_terms) if first <= last else []
    return [
        stretch
        for stretch in overlapping
        if 4 * ((stretch.last - first).days + 1) >= (stretch.last - stretch.first).days + 1
    ]


def _stretches(cadence: Cadence, first: date, last: date, half_terms: Sequence[Stretch]) -> list[Stretch]:
    if cadence in ("slot", "session", "day"):
        return [Stretch(day, day) for day in _days(first, last)]
    if cadence == "week":
        monday = first - timedelta(days=first.weekday())
        return [Stretch(start, start + timedelta(days=6)) for start in _days(monday, last) if start.weekday() == 0]
    if cadence == "year":
        september = date(first.year if first.month >= 9 else first.year - 1, 9, 1)
        starts = [date(year, 9, 1) for year in range(september.year, last.year + 1) if date(year, 9, 1) <= last]
        return [Stretch(start, date(start.year + 1, 8, 31)) for start in starts]
    parts = sorted(set(half_terms), key=lambda term: term.first)
    if not parts:
        parts = [
            Stretch(start, start + timedelta(days=41)) for start in _days(first, last) if (start - first).days % 42 == 0
        ]
    if cadence == "term":
        parts = _in_twos(parts)
    return [part for part in parts if part.last >= first and part.first <= last]


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _in_twos(parts: Sequence[Stretch]) -> list[Stretch]:
    """Half-terms as terms: autumn, spring and summer, two and two, the school year beginning in September."""
    terms: dict[tuple[int, int], list[Stretch]] = {}
    for part in parts:
        year = part.first.year if part.first.month >= 8 else part.first.year - 1
        terms.setdefault(
            (year, 0 if part.first.month >= 8 else 1 if part.first < _easter(part.first.year) else 2), []
        ).append(part)
    return [Stretch(halves[0].first, halves[-1].last) for halves in terms.values()]


def _easter(year: int) -> date:
    """About where the spring term ends: summer half-terms begin after it."""
    return date(year, 4, 5)


def completeness(expected: Iterable[Stretch], answered: Iterable[date]) -> Completeness:
    """How many stretches have an answer."""
    days = sorted(answered)
    stretches_expected = list(expected)
    return Completeness(
        len(stretches_expected), sum(any(day in stretch for day in days) for stretch in stretches_expected)
    )


def due(
    cadence: Cadence, since: date, today: date, answered: Iterable[date], half_terms: Sequence[Stretch] = ()
) -> date | None:
    """The last day of the present stretch, where it has no answer yet. None where nothing is due today."""
    days = list(answered)
    present = next(
        (stretch for stretch in stretches(cadence, since, today, half_terms) if today in stretch),
        None,
    )
    return None if present is None or any(day in present for day in days) else present.last
