"""The one fold: it cares when things happened, and never in which order they arrived."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from projections.fold.cells import DayCell, DayRow, Rung, add, fold_day
from projections.fold.climb import Reached, climb, median
from projections.fold.progress import Worth, combine
from projections.fold.stored import kept, read_cell

ORDER = ["a", "b", "c", "d", "e"]


def contact(at: int, rung: str, visit: str | None = None) -> Reached:
    return Rung(at, at, "ladder@1", rung, None, visit), f"2026-03-{1 + at:02}"


rows = some.lists(
    some.builds(
        DayRow,
        position=some.integers(1, 10_000),
        occurred_at=some.integers(0, 1_000),
        kind=some.sampled_from(["rung-reached", "outcome-scored", "unit-progressed", "visit-logged", "note-written", "session-attended"]),
        item=some.sampled_from(["x@1|a", "x@1|b", "attempted|in-person"]),
        value=some.sampled_from([None, "1", "0", "3"]),
        slot=some.sampled_from([None, "lesson", "break"]),
        visit=some.sampled_from([None, "v1", "v2"]),
        begins=some.none() | some.integers(0, 1_000),
        ends=some.none() | some.integers(0, 1_000),
        session_day=some.none() | some.integers(739_000, 740_000),
    ),
    unique_by=lambda row: row.position,
    max_size=25,
)


@given(rows, some.randoms(use_true_random=False))
def test_progress_does_not_depend_on_the_order_of_arrival(found: list[DayRow], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    one = combine([("2026-03-02", fold_day(found))], {"x@1": ["a", "b"]}, {})
    other = combine([("2026-03-02", fold_day(shuffled))], {"x@1": ["a", "b"]}, {})
    assert one == other


@given(rows)
def test_adding_one_by_one_is_the_fold_of_all(found: list[DayRow]) -> None:
    cell = DayCell()
    for row in found:
        add(cell, row)
    assert cell == fold_day(found)


@given(rows)
def test_a_cell_is_read_back_as_it_was_kept(found: list[DayRow]) -> None:
    assert read_cell(*kept(fold_day(found))) == fold_day(found)


@given(rows, some.sampled_from([None, "lesson", "break"]))
def test_days_can_be_cut_anywhere_but_within_a_slot_and_combined_again(found: list[DayRow], slot: str | None) -> None:
    parts = [[row for row in found if (row.slot == slot) is inside] for inside in (True, False)]
    apart = combine([("2026-03-02", fold_day(parts[0])), ("2026-03-03", fold_day(parts[1]))], {}, {})
    together = combine([("2026-03-02", fold_day(found))], {}, {})
    assert apart["kinds"] == together["kinds"] and apart["outcomes"] == together["outcomes"] and apart["units"] == together["units"]


def test_a_visit_is_one_contact_and_its_highest_rung_counts() -> None:
    climbed = climb([contact(1, "b", "v"), contact(2, "d", "v"), contact(3, "a", "v"), contact(4, "c")], ORDER)
    assert (climbed["contacts"], climbed["latest"], climbed["highest"]) == (2, "c", "d")


def test_a_rung_is_kept_up_when_three_of_the_last_five_contacts_reached_it() -> None:
    climbed = climb([contact(n, rung) for n, rung in enumerate("eaeae")], ORDER)
    assert (climbed["sustained"], climbed["highest_sustained"]) == ("e", "e")
    relapsed = climb([contact(n, rung) for n, rung in enumerate("dddaaaaa")], ORDER)
    assert (relapsed["sustained"], relapsed["highest_sustained"]) == ("a", "d")
    assert climb([contact(1, "e"), contact(2, "e")], ORDER)["sustained"] is None


def test_the_baseline_is_the_median_of_the_first_ten_contacts_and_never_between_rungs() -> None:
    climbed = climb([contact(n, rung) for n, rung in enumerate("aabbbcccdeeeeeee")], ORDER)
    assert climbed["baseline"] == "b"
    assert median([1, 2]) == 1 and median([]) is None and median([3, 1, 2]) == 2


def test_losses_of_a_unit_are_counted_beside_its_gains() -> None:
    steps = [DayRow(n, n, "unit-progressed", "c@1|coins", status, None, None) for n, status in enumerate(["introduced", "on-my-own", "not-secure"])]
    statuses = {"c@1|coins": Worth(frozenset({"on-my-own"}), frozenset({"not-secure"}))}
    (unit,) = combine([("2026-03-02", fold_day(steps))], {}, {}, statuses)["units"].values()
    assert unit == {"status": "not-secure", "since": 2, "steps": 3, "losses": 1}


def test_outcomes_are_told_apart_by_kind_of_slot_and_reason_missing() -> None:
    scores = [DayRow(1, 1, "outcome-scored", "e@1|joined-in", "1", "l1", None), DayRow(2, 2, "outcome-scored", "e@1|joined-in", "~not-observed", "b", None)]
    said = combine([("2026-03-02", fold_day(scores))], {}, {"l1": "lesson", "b": "break"})["outcomes"]["e@1"]
    assert said["indicators"] == {"joined-in": {"1": 1, "~not-observed": 1}}
    assert said["by_slot_kind"] == {"joined-in": {"lesson": {"1": 1}, "break": {"~not-observed": 1}}}
