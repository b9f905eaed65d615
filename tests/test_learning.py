"""Planning around gaps, at two times, for one student and for a group; history carried across versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.domain.framework import PublishFramework, RetireFramework
from ap_ledger.recording.ledger import new_id
from frameworks import load_definition
from frameworks.language.learning import Step, group_units, losses, next_steps, unit_states
from projections.queries.curriculum_state import group_curriculum, student_curriculum
from projections.queries.reading import Unknown
from projections.writers.unit_steps import Steps, present, steps_taken
from tests.house import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, House

LATER = datetime(2030, 1, 1, tzinfo=UTC)
LEVELS = [
    {"value": "met", "label": "Met", "means": "started"}, {"value": "helped", "label": "Helped", "means": "nearly"},
    {"value": "known", "label": "Known", "means": "secure"}, {"value": "gone", "label": "Gone", "means": "lost"},
]  # fmt: skip
CURRICULUM: dict[str, Any] = {
    "id": "small", "version": 1, "kind": "curriculum", "title": "Small", "licence": {"name": "own", "use": "ship"}, "default_scale": "s",
    "scales": [{"id": "s", "type": "ordinal", "levels": LEVELS}],
    "items": [
        {"id": "first", "label": "First", "items": [{"id": "a", "label": "A"}, {"id": "b", "label": "B", "prior": ["a"]}]},
        {"id": "second", "label": "Second", "prior": ["first"], "items": [{"id": "c", "label": "C"}, {"id": "d", "label": "D", "prior": ["c"]}]},
    ],
}  # fmt: skip
SMALL = load_definition(CURRICULUM)
DAY = date(2026, 3, 2)


def publish(house: House, **changes: Any) -> None:
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**CURRICULUM, **changes}))


def step(house: House, unit: str, status: str, at: datetime = MONDAY, version: int = 1, **more: Any) -> dict[str, Any]:
    return house.entry("unit-progressed", at, curriculum={"id": "small", "version": version}, unit=unit, status=status, **more)


def look(house: House, as_of: datetime = LATER, known_at: datetime | None = None, key: str = "small@1", student: UUID | None = None) -> dict[str, str]:
    house.runner.catch_up()
    return {unit: state.status for unit, state in student_curriculum(house.reader, student or house.student, key, as_of, known_at).states.items()}


def plan(**statuses: str) -> Any:
    return next_steps(SMALL, unit_states(SMALL, {unit: [Step(DAY, status)] for unit, status in statuses.items()}), DAY)


def test_a_prior_on_a_heading_holds_for_every_unit_below_and_stands_for_every_unit_of_it() -> None:
    assert SMALL.priors == {"a": frozenset(), "b": {"a"}, "c": {"a", "b"}, "d": {"a", "b", "c"}}


def test_ready_means_that_everything_recommended_before_is_known() -> None:
    assert plan().ready == ["a"]
    assert (plan(a="known").ready, plan(a="known", b="known").ready) == (["b"], ["c"])
    assert plan(a="helped").nearly == ["a"] and plan(a="helped").ready == []


def test_a_gap_is_what_is_missing_underneath_something_begun() -> None:
    found = plan(a="known", d="met")
    assert [(gap.unit, gap.holds_up) for gap in found.gaps] == [("b", ("d",)), ("c", ("d",))]


def test_a_loss_is_to_be_come_back_to_and_takes_away_what_stands_on_it() -> None:
    found = plan(a="gone", b="known")
    assert (found.lost, found.ready) == (["a"], []) and [gap.unit for gap in found.gaps] == ["a"]


def test_a_unit_begun_and_not_seen_for_six_weeks_is_untouched() -> None:
    states = unit_states(SMALL, {"a": [Step(DAY - timedelta(weeks=6), "met")], "b": [Step(DAY - timedelta(weeks=9), "known")], "c": [Step(DAY, "met")]})
    assert next_steps(SMALL, states, DAY).untouched == ["a"] and next_steps(SMALL, states, DAY, weeks=7).untouched == []


def test_losses_count_what_says_so_and_every_step_down_from_known() -> None:
    secure, lost = frozenset({"known"}), frozenset({"gone"})
    assert [losses(statuses, secure, lost) for statuses in (["met", "known"], ["known", "helped"], ["known", "gone", "known", "gone"], ["gone"])] == [
        0,
        1,
        2,
        1,
    ]


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["met", "helped", "known", "gone"])), max_size=8))
def test_a_group_is_ready_for_what_its_students_are_ready_for_one_by_one(group: list[dict[str, str]]) -> None:
    units = {unit.unit: unit for unit in group_units(SMALL, group)}
    for place, statuses in enumerate(group):
        secure = {unit for unit, status in statuses.items() if status == "known"}
        for unit in SMALL.scored:
            assert (place in units[unit].students(units[unit].ready)) == (unit not in secure and SMALL.priors[unit] <= secure)
            assert (place in units[unit].students(units[unit].secure)) == (unit in secure)
            assert (place in units[unit].students(units[unit].nearly)) == (statuses.get(unit) == "helped")


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["met", "known"]), st.integers(0, 20), st.integers(0, 30)), max_size=14)


@given(STEPS, st.integers(0, 14), st.integers(0, 21), st.integers(1, 14))
def test_rows_of_columns_say_at_any_two_times_what_a_plain_list_says(told: list[tuple[str, str, int, int]], known: int, until: int, size: int) -> None:
    columns, plain = Steps(), []
    for position, (unit, status, at, superseded) in enumerate(told, 1):
        columns.add(unit, status, at, position)
        if superseded > position:
            columns.supersede(position, superseded)
        plain.append((at, position, unit, status, superseded if superseded > position else 99))
    rows = [columns]
    while len(rows[-1]) >= size and (later := rows[-1].cut()) is not None:
        rows.append(later)
    assert all(one.at[-1] < other.at[0] for one, other in pairwise(rows))
    current = sorted(row for row in plain if row[1] <= known and row[0] <= until and row[4] > known)
    assert present(rows, known, until) == {unit: status for _, _, unit, status, _ in current}
    assert {unit: [status for status, _ in steps] for unit, steps in steps_taken(rows, known, until).items()} == {
        name: [status for _, _, unit, status, _ in current if unit == name] for name in {row[2] for row in current}
    }


def test_a_long_history_is_kept_in_small_rows_and_a_late_correction_finds_its_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.writers.learning.ROW_STEPS", 2)
    publish(house)
    steps = [step(house, "abcd"[n % 4], ("met", "known")[n % 2], MONDAY + timedelta(minutes=n)) for n in range(11)]
    house.record(*steps[4:8])
    house.runner.catch_up()
    house.record(*steps[:4])
    house.runner.catch_up()
    house.record(*steps[8:], house.correct(steps[0], unit="d"), house.void(steps[9]))
    assert look(house) == {"a": "met", "b": "known", "c": "met", "d": "known"}
    states = student_curriculum(house.reader, house.student, "small@1", LATER, None).states
    assert {unit: len(state.steps) for unit, state in states.items()} == {"a": 2, "b": 2, "c": 3, "d": 3}
    with house.views.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM unit_steps__v2").scalar_one() > 3
    house.runner.replay("learning")
    assert {unit: len(state.steps) for unit, state in student_curriculum(house.reader, house.student, "small@1", LATER, None).states.items()} == {
        "a": 2, "b": 2, "c": 3, "d": 3,
    }  # fmt: skip


def test_a_students_units_are_known_at_two_times_corrections_and_voids_included(house: House) -> None:
    house.clock.now = MONDAY
    publish(house)
    wrong, gone = step(house, "a", "known"), step(house, "b", "known", TUESDAY)
    house.record(wrong, gone, at=TUESDAY)
    house.record(house.correct(wrong, status="helped"), house.void(gone), step(house, "c", "met", MONDAY + timedelta(hours=1)), at=THURSDAY)
    assert look(house) == {"a": "helped", "c": "met"}
    assert look(house, known_at=WEDNESDAY) == {"a": "known", "b": "known"}
    assert look(house, as_of=MONDAY + timedelta(minutes=1), known_at=WEDNESDAY) == {"a": "known"}
    assert look(house, as_of=MONDAY + timedelta(minutes=1)) == {"a": "helped"}
    house.runner.replay("learning")
    assert look(house) == {"a": "helped", "c": "met"} and look(house, known_at=WEDNESDAY) == {"a": "known", "b": "known"}


def test_a_step_that_cannot_be_read_comes_in_with_its_correction(make_house: Callable[..., House]) -> None:
    house = make_house()
    step = house.unit("bus-stop", "introduced")
    (first,) = house.record(step)
    house.record(house.correct(step, status="with-help"))
    house.tamper(("UPDATE stored_events SET class_version = 99 WHERE position = ?", (first.position,)))
    house.runner.catch_up()
    assert student_curriculum(house.reader, house.student, "everyday-steps@1", LATER, None).states["bus-stop"].status == "with-help"


def test_the_page_and_the_history_say_the_same_of_every_unit(house: House) -> None:
    publish(house)
    house.record(step(house, "a", "known"), step(house, "a", "gone", TUESDAY), step(house, "a", "known", WEDNESDAY), step(house, "b", "met"))
    told = house.look_back()["progress"]["units"]
    found = student_curriculum(house.reader, house.student, "small@1", LATER, None).states
    assert {unit: (said["status"], said["steps"], said["losses"]) for unit, said in told.items()} == {
        f"small@1|{unit}": (state.status, len(state.steps), state.losses) for unit, state in found.items()
    }
    assert found["a"].losses == 1


def test_history_goes_on_in_the_next_version_only_where_a_crosswalk_says_so(house: House) -> None:
    publish(house)
    house.record(step(house, "a", "known"), step(house, "b", "known"), step(house, "c", "met"))
    publish(house, version=2)
    assert look(house, key="small@2") == {}
    publish(house, version=3, crosswalks=[{"from": "small@1", "items": {"a": "a", "b": "c"}, "levels": {"known": "helped"}}])
    assert look(house, key="small@3") == {"a": "helped", "c": "helped"}
    house.record(step(house, "a", "known", TUESDAY, version=3))
    publish(house, version=4, crosswalks=[{"from": "small@3", "items": {"a": "d"}}])
    assert look(house, key="small@4") == {"d": "known"}
    group = group_curriculum(house.reader, house.reader.everyone(house.reader.one("settings", str(house.setting)) or {}), "small@4", LATER, None)
    assert [unit.secure.bit_count() for unit in group.units] == [0, 0, 0, 1]


def test_a_retired_version_is_not_offered_and_stays_readable_for_ever(house: House) -> None:
    publish(house)
    house.record(step(house, "a", "known"))
    house.ledger.execute(RetireFramework(id=new_id(), setting_id=house.setting, framework_id="small", version=1, reason_code="replaced"))
    assert look(house) == {"a": "known"}
    assert "small" not in [one.id for one in house.reader.newest("curriculum", DAY)]
    assert house.one(step(house, "b", "met")).status == "recorded", "a phone that was away for a week has not heard of it"


def test_a_group_finds_the_units_that_most_of_it_are_ready_for(house: House) -> None:
    publish(house)
    third = house.admit("Wren", "Marsh")
    house.record(
        step(house, "a", "known"),
        step(house, "a", "known", student=house.other),
        step(house, "b", "known", student=third),
        step(house, "a", "known", student=third),
    )
    house.runner.catch_up()
    students = house.reader.everyone(house.reader.one("settings", str(house.setting)) or {})
    found = group_curriculum(house.reader, students, "small@1", LATER, None)
    assert [(unit.unit, unit.ready.bit_count()) for unit in found.shared()] == [("b", 2), ("c", 1)]
    assert {students[place]["name"] for place in found.shared()[0].students(found.shared()[0].ready)} == {"Ash H", "Kit O"}
    assert group_curriculum(house.reader, students, "small@1", MONDAY - timedelta(days=1), None).shared()[0].ready.bit_count() == 3


def test_what_was_never_published_is_unknown(house: House) -> None:
    house.runner.catch_up()
    for key in ("small@1", "default-ladder@1", "nonsense"):
        with pytest.raises(Unknown):
            student_curriculum(house.reader, house.student, key, LATER, None)
