"""Two periods of a student side by side: in groups, with what changed, and nothing of a change where they share days."""

from __future__ import annotations

import re
from datetime import date, timedelta

from reports.two_periods import in_words
from tests.house import MONDAY, House


def page(house: House, first: tuple[str, str], then: tuple[str, str]) -> str:
    house.runner.catch_up()
    with house.browser() as client:
        answer = client.get(f"/students/{house.student}/compare?first_from={first[0]}&first_to={first[1]}&then_from={then[0]}&then_to={then[1]}")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text.split("<main")[1]).split())


def visit(house: House, rung: str, days: int) -> dict[str, object]:
    at = MONDAY - timedelta(days=days)
    return house.rung(rung, at)


def test_each_group_has_its_heading_and_each_row_its_change(house: House) -> None:
    before = [visit(house, "through-door", days) for days in range(30, 25, -1)]
    after = [visit(house, "goes-out", days) for days in range(6, 0, -1)]
    seen = [house.outcome("joined-in", day % 2, day=date(2026, 2, day)) for day in (2, 3, 4, 5)]
    house.record(*before, *after, *seen, house.outcome("joined-in", 1, day=date(2026, 2, 26)))
    told = page(house, ("2026-01-26", "2026-02-10"), ("2026-02-20", "2026-03-02"))
    assert told.index("How far contact got") < told.index("Sessions") < told.index("Every Child Matters")
    assert re.search(r"Contacts made .*? 5 6 1 more", told) and re.search(
        r"Kept up .*? Talks through a door, or by text Goes out with the mentor further", told
    )
    assert re.search(r"2 of 4 1 of 1 50 in 100 more", told)
    assert "Own goal" not in told and "None" not in told, "a row that says nothing is left out"


def test_periods_that_share_days_say_nothing_of_a_change(house: House) -> None:
    house.record(visit(house, "goes-out", 3))
    told = page(house, ("2026-02-20", "2026-03-02"), ("2026-03-02", "2026-03-06"))
    assert "The two periods share days" in told and "Change" not in told.split("Compare")[-1]


def test_a_page_without_dates_compares_two_halves_that_share_no_day(house: House) -> None:
    house.record(visit(house, "goes-out", 20), visit(house, "goes-out", 1))
    house.runner.catch_up()
    with house.browser() as client:
        text = client.get(f"/students/{house.student}/compare").text
    assert "share days" not in text and "Change" in text


def test_a_change_is_said_in_words_and_never_of_what_is_no_number() -> None:
    assert [in_words(3, 5), in_words(5.5, 5.0), in_words(2, 2), in_words("a", "b"), in_words(None, 2)] == ["2 more", "0.5 less", "the same", "–", "–"]
