"""Small rules against published worked examples and plain definitions: intervals, a climb, what is in force."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from projections.fold.climb import Climb, median
from projections.uncertainty import change, further, middle_half, share


def test_a_share_has_the_interval_of_wilson_as_newcombe_printed_it() -> None:
    # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for seen, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):
        found = share(seen, of)
        assert found is not None and round(found.low, 4) == low and round(found.high, 4) == high
    assert share(0, 0) is None


def test_a_change_has_the_interval_of_newcombe_as_he_printed_it() -> None:
    # Newcombe 1998, Interval estimation for the difference between independent proportions, method 10: 56 of 70 against 48 of 80; 9 of 10 against 3 of 10.
    for (a, n), (b, m), low, high in (((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090)):
        found = change(share(b, m), share(a, n))
        assert found is not None and round(found.low, 4) == low and round(found.high, 4) == high
    assert change(None, share(1, 2)) is None


def test_pairs_say_who_got_further_by_order_alone() -> None:
    found = further([1, 2, 3], [2, 3, 4])
    assert found is not None and found.value == (1 + 0.5 + 0 + 1 + 1 + 0.5 + 1 + 1 + 1) / 9
    # Stretching the ladder changes nothing, because it has no distances.
    assert further([1, 20, 300], [20, 300, 4000]) == found
    even = further([5] * 10, [5] * 10)
    assert even is not None and even.value == 0.5 and even.low < 0.5 < even.high
    sure = further([0] * 10, [9] * 10)
    assert sure is not None and sure.value == 1.0 and sure.low < 1.0, "ten contacts are never certain"
    assert further([], [1]) is None


def test_the_middle_half_leaves_out_a_quarter_at_each_end() -> None:
    assert middle_half([]) is None and middle_half([4]) == (4, 4)
    assert middle_half(list(range(1, 10))) == (3, 7)


ORDER = ["a", "b", "c", "d", "e"]


def rung_at(place: int | None) -> str | None:
    """What stands at a place of the ladder."""
    return None if place is None or place < 0 else ORDER[place]


@given(some.lists(some.tuples(some.sampled_from([*ORDER, "unknown"]), some.sampled_from([None, "v1", "v2", "v3"]), some.integers(0, 3)), max_size=25))
def test_a_climb_taken_step_by_step_is_the_climb_as_it_is_defined(steps: list[tuple[str, str | None, int]]) -> None:
    climbed = Climb(ORDER)
    best: dict[str, int] = {}
    for n, (rung, visit, day) in enumerate(steps):
        climbed.add(rung, visit, f"2026-03-0{day + 1}")
        contact, place = visit or f"alone {n}", ORDER.index(rung) if rung in ORDER else -1
        best[contact] = max(place, best.get(contact, -1))
        # As it is defined: every contact's highest rung, in the order in which contacts began.
        places = list(best.values())
        windows = [sorted(places[max(0, end - 5) : end])[-3] for end in range(3, len(places) + 1)]
        marks = climbed.marks()
        assert climbed.places == places and climbed.sustained()[2:] == windows
        assert marks["contacts"] == len(places) and marks["baseline"] == rung_at(median(places[:10]))
        assert marks["sustained"] == rung_at(windows[-1] if windows else None) and marks["highest_sustained"] == rung_at(max(windows, default=None))
        assert marks["highest"] == rung_at(max(places))
