"""How sure a figure can be: intervals for shares, for the change between two shares, and for a climb on an ordinal
scale.

Nothing here knows the field. Intervals are 95 per cent ones. Sources: Wilson 1927 for a share; Newcombe 1998, method
10, for the difference of two; Hanley and McNeil 1982 for the share of pairs in which the later one got further.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


class Interval(NamedTuple):
    """A value with the bounds between which it is likely to lie."""

    value: float
    low: float
    high: float


def share(seen: int, of: int) -> Interval | None:
    """A share with its Wilson interval; None where nothing was looked for."""
    if not of:
        return None
    p, square = seen / of, Z * Z
    middle = (p + square / (2 * of)) / (1 + square / of)
    half = Z * sqrt(p * (1 - p) / of + square / (4 * of * of)) / (1 + square / of)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def change(before: Interval | None, after: Interval | None) -> Interval | None:
    """The difference of two independent shares, after less before."""
    if before is None or after is None:
        return None
    moved = after.value - before.value
    low = moved - sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2)
    high = moved + sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2)
    return Interval(moved, max(-1.0, low), min(1.0, high))


def further(early: Sequence[int], late: Sequence[int]) -> Interval | None:
    """Of all pairs of an early and a late place, the share in which the late one is higher; equal places count half.

    A half means no difference. Uses the order of places alone, never their distance. None where either side is empty.
    """
    if not early or not late:
        return None
    won = sum(
        (late_place > early_place) + 0.5 * (late_place == early_place) for late_place in late for early_place in early
    )
    p, n, m = won / (len(early) * len(late)), len(late), len(early)
    q1, q2 = p / (2 - p), 2 * p * p / (1 + p)
    spread = sqrt(max(0.0, (p * (1 - p) + (n - 1) * (q1 - p * p) + (m - 1) * (q2 - p * p)) / (n * m)))
    # At either end the formula says that nothing is uncertain, which no ten contacts can: the smallest share that ten
    # could show stands in.
    spread = max(spread, 0.5 / (Z * min(n, m)))
    return Interval(p, max(0.0, p - Z * spread), min(1.0, p + Z * spread))


def middle_half(places: Sequence[int]) -> tuple[int, int] | None:
    """The places between which the middle half lies: a quarter is at or below the first, a quarter at or above the
    second."""
    ordered = sorted(places)
    if not ordered:
        return None
    return ordered[(len(ordered) - 1) // 4], ordered[len(ordered) - 1 - (len(ordered) - 1) // 4]
