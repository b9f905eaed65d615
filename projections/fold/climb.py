"""A ladder climbed contact by contact: where it began, where it stands, and what is kept up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypedDict

from projections.fold.cells import Rung

BASELINE_CONTACTS = 10
UNKNOWN = -1
"""The place of a rung that its ladder does not have: below all others, and without a name."""
SUSTAINED_OF, SUSTAINED_LAST = 3, 5
"""A rung is sustained when 3 of the last 5 contacts reached it or more."""
MIDDLE_OF, MIDDLE_FROM = 10, 4
"""The middle is told of so many of the latest contacts, from so many on."""

Reached = tuple[Rung, str]
"""A rung that was reached, and the ISO date of its day."""


RungMark = Literal["baseline", "latest", "highest", "sustained", "highest_sustained"]
"""Those of the marks that name a rung."""


class Marks(TypedDict):
    """Where a climb stands. Rungs are named by their ids; None where there are too few contacts, or no such rung."""

    contacts: int
    """How many contacts there were."""
    baseline: str | None
    """The middle of the first `BASELINE_CONTACTS`, or of as many as there are."""
    latest: str | None
    """The rung of the latest contact."""
    latest_day: str | None
    """The ISO date of the latest contact."""
    highest: str | None
    """The highest rung of any contact."""
    sustained: str | None
    """The rung that is kept up now."""
    highest_sustained: str | None
    """The highest rung that was ever kept up."""


class LadderProgress(Marks):
    """Where a climb stands, and every contact on the way."""

    path: list[tuple[str, str | None]]
    """The ISO date and the rung of each contact; None for a rung that the ladder does not have."""


def with_own_steps(order: Sequence[str], rungs: Iterable[str]) -> list[str]:
    """The rungs of a ladder with a student's own smaller steps after the rung that each stands under.

    `goes-out.2` stands after `goes-out.1`, and both between `goes-out` and the next shared rung.
    """
    known = set(order)
    own: dict[str, list[str]] = {}
    for rung in sorted(set(rungs) - known, key=_by_number):
        own.setdefault(rung.rpartition(".")[0], []).append(rung)

    def steps(rung: str) -> list[str]:
        return [rung, *(further for step in own.get(rung, ()) for further in steps(step))]

    return [step for rung in order for step in steps(rung)]


def _by_number(rung: str) -> list[tuple[bool, int, str]]:
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in rung.split(".")]


class Climb:
    """A ladder climbed contact by contact, in the order in which rungs were reached.

    A contact is a visit, whatever rungs it held: its highest counts. A rung logged outside a visit is a contact of its
    own.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = order
        self._rank = {rung: place for place, rung in enumerate(order)}
        self._at: dict[str, int] = {}
        self._names: tuple[str | None, ...] = (*order, None)
        self.days: list[str] = []
        self.places: list[int] = []
        self._highest = self._highest_sustained = UNKNOWN

    def add(self, rung: str, visit: str | None, day: str) -> None:
        """The next rung."""
        place, places = self._rank.get(rung, UNKNOWN), self.places
        if visit is not None:
            at = self._at.setdefault(visit, len(places))
            if at < len(places):
                self._go_on(at, place, day)
                return
        places.append(place)
        self.days.append(day)
        # Only a rung above all that were sustained can make one sustained that is higher still.
        if place > self._highest_sustained:
            self._highest = max(place, self._highest)
            self._highest_sustained = max(self._sustained(len(places)), self._highest_sustained)

    def _go_on(self, at: int, place: int, day: str) -> None:
        """A visit goes on in the contact that it began, over midnight too: its highest rung counts."""
        if place > self.places[at]:
            self.places[at], self.days[at] = place, day
            self._highest = max(place, self._highest)
            reaching = range(at + 1, min(at + SUSTAINED_LAST, len(self.places)) + 1)
            self._highest_sustained = max(self._highest_sustained, *(self._sustained(end) for end in reaching))

    def _sustained(self, end: int) -> int:
        if end < SUSTAINED_OF:
            return UNKNOWN
        window = self.places[max(0, end - SUSTAINED_LAST) : end]
        window.sort()
        return window[-SUSTAINED_OF]

    def sustained(self) -> list[int | None]:
        """For each contact the place that was sustained when it had been made. None while there were too few."""
        return [self._sustained(end) if end >= SUSTAINED_OF else None for end in range(1, len(self.places) + 1)]

    def path(self) -> list[tuple[str, str | None]]:
        """The day and the rung of each contact."""
        names = self._names
        return [(day, names[place]) for day, place in zip(self.days, self.places, strict=True)]

    def marks(self) -> Marks:
        """Where the climb stands."""
        names, places = self._names, self.places
        middle = median(places[:BASELINE_CONTACTS])
        return {
            "contacts": len(places),
            "baseline": names[UNKNOWN if middle is None else middle],
            "latest": names[places[-1]] if places else None,
            "latest_day": self.days[-1] if places else None,
            "highest": names[self._highest],
            "sustained": names[self._sustained(len(places))],
            "highest_sustained": names[self._highest_sustained],
        }


def climb(reached: Sequence[Reached], order: Sequence[str]) -> LadderProgress:
    """The state of one ladder from its rungs in the order they happened, and the path of its contacts."""
    climbed = climbing(reached, order)
    return {**climbed.marks(), "path": climbed.path()}


def climbing(reached: Sequence[Reached], order: Sequence[str]) -> Climb:
    """The climb itself, on the ladder with the student's own steps in it."""
    climbed = Climb(with_own_steps(order, (rung.rung for rung, _ in reached)))
    add = climbed.add
    for rung, day in reached:
        add(rung.rung, rung.visit, day)
    return climbed


class Middle(NamedTuple):
    """The middle of the latest contacts, and between which places most of them lie."""

    low: int
    middle: int
    high: int


def middles(places: Sequence[int]) -> list[Middle | None]:
    """For each contact the middle of the latest ten, it included, and of these the lowest and highest place when two
    in ten are left out on either side. None before the fourth."""
    return [
        _middle_of(places[max(0, end - MIDDLE_OF) : end]) if end >= MIDDLE_FROM else None
        for end in range(1, len(places) + 1)
    ]


def _middle_of(window: Sequence[int]) -> Middle:
    ordered = sorted(window)
    left_out = round(len(ordered) / 5)
    kept = ordered[left_out : len(ordered) - left_out]
    return Middle(kept[0], ordered[(len(ordered) - 1) // 2], kept[-1])


def median(places: Sequence[int]) -> int | None:
    """The median of ordinal places; of an even number, the lower of the middle two, since there is nothing between
    rungs."""
    return sorted(places)[(len(places) - 1) // 2] if places else None
