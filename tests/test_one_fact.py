"""One fact counts once, however often it was said; what contradicts it is kept, shown, and settled by people."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ap_ledger.cli import recompute
from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.domain.student import EndPlacement, StartPlacement
from ap_ledger.recording.ledger import new_id
from projections.one_fact import Attested, agreed, sessions_counted
from projections.queries.history import history
from projections.queries.periods import student_period
from projections.queries.session_sheet import session_sheet
from reports.columns import COLUMNS
from tests.house import FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, House
from tests.slow_path import Audit

DAY = date(2026, 3, 2)
SLOTS = ("lesson", "break", "lunch")


def session(house: House, slot: str | None = "lesson", at: datetime = MONDAY, hours: float = 1, came: bool = True, **more: Any) -> dict[str, Any]:
    """A session as somebody attests it: attended and supervised, if nothing else is said."""
    said: dict[str, Any] = {"planned_start": at.isoformat(), "planned_end": (at + timedelta(hours=hours)).isoformat()}
    if came:
        said |= {"actual_start": at.isoformat(), "actual_end": (at + timedelta(hours=hours)).isoformat(), "supervised_by": str(house.teacher)}
    if slot is not None:
        said["session"] = {"date": at.date().isoformat(), "slot": slot}
    return house.entry("session-attended", at, **{**said, **more})


def counted(house: House, **when: Any) -> dict[str, int]:
    return dict(house.look_back(**when)["progress"]["sessions"])


def scored(house: House, **when: Any) -> dict[str, int]:
    outcomes = house.look_back(**when)["progress"]["outcomes"]
    return dict(outcomes["every-child-matters@1"]["indicators"]["joined-in"])


def day_of(house: House) -> dict[str, Any]:
    """The student's row of the day, as the app asks for it."""
    house.runner.catch_up()
    with house.browser() as leader:
        told = leader.get(f"/api/v1/settings/{house.setting}/day", params={"date": DAY.isoformat()}).json()
    return next(row for row in told["students"] if row["student_id"] == str(house.student))


@pytest.fixture(autouse=True)
def placed_by_the_council(request: pytest.FixtureRequest) -> None:
    """A place that the local authority arranged, so that being there suggests code K."""
    if "house" not in request.fixturenames:
        return
    house: House = request.getfixturevalue("house")
    council, now = new_id(), house.clock.now
    house.clock.now = datetime(2026, 1, 6, 9, tzinfo=UTC)
    house.ledger.execute(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=council, name="Council", kind="local-authority"))
    house.runner.catch_up()
    old = next(body for body in house.reader.whole("placements") if body["student_id"] == str(house.student))
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.teacher}
    house.ledger.execute(EndPlacement(id=new_id(), placement_id=UUID(old["id"]), end=date(2026, 1, 6), reason_code="moved", **whose))
    house.ledger.execute(
        StartPlacement(
            id=new_id(), placement_id=new_id(), start=date(2026, 1, 7), commissioner_id=council, planned_end=date(2026, 7, 1), purpose="reintegration", **whose
        )
    )
    house.clock.now = now


# Sessions -------------------------------------------------------------------------------------------------------------


def test_a_session_that_two_people_attest_alike_counts_once_and_has_one_code(house: House) -> None:
    house.record(session(house), session(house, author_id=str(house.teacher)))
    assert counted(house) == {"attended": 1, "minutes": 60}
    (told,) = day_of(house)["sessions"]
    assert (told["code"], told["disputed"], len(told["told"])) == ("K", False, 2)
    assert {one["by"] for one in told["told"]} == {"Hazel", "Birch"}


def test_a_session_that_two_people_tell_differently_was_offered_and_has_no_code_until_one_is_taken_back(house: House) -> None:
    here, unseen = session(house), session(house, came=False, author_id=str(house.teacher))
    house.record(here, unseen)
    assert counted(house) == {"disputed": 1}
    row = day_of(house)
    assert [(one["code"], one["disputed"]) for one in row["sessions"]] == [(None, True)] and "two people said different things" in row["sessions"][0]["reason"]
    house.record(house.void(unseen))
    assert counted(house) == {"attended": 1, "minutes": 60} and [one["code"] for one in day_of(house)["sessions"]] == ["K"]


def test_putting_one_of_two_right_settles_it_too(house: House) -> None:
    here, unseen = session(house), session(house, came=False)
    house.record(here, unseen)
    house.record(house.correct(here, actual_start=None, actual_end=None, supervised_by=None))
    assert counted(house) == {"not-attended": 1} and [one["code"] for one in day_of(house)["sessions"]] == ["N"]


def test_what_was_known_before_the_second_one_came_stays_as_it_was_known(house: House) -> None:
    house.record(session(house), at=TUESDAY)
    second = session(house, came=False)
    house.record(second, at=WEDNESDAY)
    house.record(house.void(second, at=THURSDAY), at=THURSDAY)
    known = [counted(house, known_at=moment + timedelta(hours=1)) for moment in (TUESDAY, WEDNESDAY, THURSDAY)]
    assert known == [{"attended": 1, "minutes": 60}, {"disputed": 1}, {"attended": 1, "minutes": 60}]


def test_sessions_of_two_slots_two_days_or_two_halves_of_a_day_are_two(house: House) -> None:
    house.record(session(house), session(house, "break"), session(house, at=TUESDAY))
    assert counted(house)["attended"] == 3
    house.record(session(house, None, at=WEDNESDAY, hours=3), session(house, None, at=WEDNESDAY + timedelta(hours=3), hours=2))
    assert counted(house)["attended"] == 5


def test_sessions_without_a_slot_are_one_where_their_planned_times_overlap(house: House) -> None:
    later = MONDAY + timedelta(minutes=50)
    house.record(session(house, None, hours=3), session(house, None, at=later, hours=2))
    assert counted(house) == {"attended": 1, "minutes": 120}, "a roster of yesterday plans the morning a little otherwise"
    house.record(session(house, "break", at=later, hours=0.3, came=False))
    assert counted(house) == {"disputed": 1}, "one names the slot and the others do not"


def test_of_two_who_agree_lateness_counts_where_either_says_so_and_no_more_minutes_than_both_say(house: House) -> None:
    late = MONDAY + timedelta(minutes=20)
    house.record(session(house), session(house, actual_start=late.isoformat()), session(house, actual_end=None))
    assert counted(house) == {"attended": 1, "late": 1, "minutes": 40}


def test_a_third_one_does_not_outvote_the_second(house: House) -> None:
    house.record(session(house), session(house, came=False), session(house))
    assert counted(house) == {"disputed": 1}


def test_visits_and_rungs_are_never_one_because_they_look_alike(house: House) -> None:
    house.record(*(house.entry("visit-logged", effort="attempted", channel="phone", minutes=3) for _ in range(2)))
    house.record(house.rung(), house.rung())
    progress = house.look_back()["progress"]
    assert progress["visits"] == {"attempted|phone": 2, "minutes": 6} and progress["ladders"]["default-ladder@1"]["contacts"] == 2


def test_the_register_its_file_and_the_students_page_show_one_line_and_say_why_there_is_no_code(house: House) -> None:
    house.record(session(house), session(house, came=False))
    house.runner.catch_up()
    with house.browser() as leader:
        (item,) = leader.get(f"/api/v1/students/{house.student}/register").json()["items"]
        assert (item["code"], item["disputed"], item["attended"], len(item["entry_ids"])) == (None, True, False, 2)
        lines = leader.get("/day.csv", params={"on": DAY.isoformat()}).text.splitlines()
        assert len(lines) == 2 and "two people said different things" in lines[1]
        page = leader.get(f"/students/{house.student}").text
        assert page.count("two people said different things") == 1 and f'/day?on={DAY}">See both and settle it' in page


# Scores ---------------------------------------------------------------------------------------------------------------


def test_one_indicator_scored_twice_by_one_rater_in_one_slot_counts_once(house: House) -> None:
    house.record(house.outcome(), house.outcome(author_id=str(house.teacher)))
    assert scored(house) == {"1": 1}
    house.record(house.outcome(slot="break"), {**house.outcome(level=0), "informant": "student"}, house.outcome(day=date(2026, 3, 3)))
    assert scored(house) == {"0": 1, "1": 3}, "another slot, another rater and another day are facts of their own"


def test_two_levels_of_one_fact_count_as_neither_until_one_is_taken_back(house: House) -> None:
    first, second = house.outcome(level=1), house.outcome(level=0)
    house.record(first, second)
    assert scored(house) == {"~disputed": 1}
    house.record(house.void(first))
    assert scored(house) == {"0": 1}


def test_a_level_stands_before_a_reason_for_none(house: House) -> None:
    house.record(house.outcome(level=None), house.outcome(level=1))
    assert scored(house) == {"1": 1}


def test_scores_outside_a_slot_are_told_apart_by_their_moments(house: House) -> None:
    at = [(MONDAY + timedelta(minutes=n)).isoformat() for n in range(3)]
    levels = zip((1, 0, 1), at, strict=True)
    house.record(*(house.outcome(slot=None, level=level, device_time=moment) for level, moment in levels))
    assert scored(house) == {"0": 1, "1": 2}, "much may be seen in a day"
    house.record(house.outcome(slot=None, level=1, device_time=at[0]))
    assert scored(house) == {"0": 1, "1": 2}, "said twice of one moment, counted once"
    mentors = {**house.outcome(slot=None, level=0, device_time=at[0]), "informant": "mentor"}
    house.record(house.outcome(level=0), mentors)
    assert scored(house) == {"0": 3, "1": 2}, "a slot and a moment are two, and so are two raters"


def test_a_rater_who_says_two_things_of_one_moment_outside_a_slot_is_asked_which(house: House) -> None:
    first, second = house.outcome(slot=None, level=1), house.outcome(slot=None, level=0)
    house.record(first, second)
    assert scored(house) == {"~disputed": 1}
    house.runner.catch_up()
    with house.browser() as leader:
        items = leader.get(f"/api/v1/settings/{house.setting}/due").json()["items"]
        (due,) = [one for one in items if one["clock"] == "two people said"]
        assert "about a score" in due["what"]
    house.record(house.void(second))
    assert scored(house) == {"1": 1}


def test_the_sheet_of_a_slot_names_what_two_people_said(house: House) -> None:
    first, second = house.outcome(level=1), house.outcome(level=0, author_id=str(house.teacher))
    house.record(first, second, house.outcome("took-turns"), house.outcome("took-turns"))
    house.runner.catch_up()
    sheet = session_sheet(house.reader, house.setting, DAY, "lesson", house.reader.everyone(house.reader.one("settings", str(house.setting)) or {}))
    (row,) = [one for one in sheet["students"] if one["student_id"] == str(house.student)]
    assert row["disputed"] == [
        {"framework": "every-child-matters@1", "indicator": "joined-in", "informant": "teacher", "entry_ids": [first["id"], second["id"]]}
    ]
    assert not [one for one in row["missing"] if one["indicator"] in ("joined-in", "took-turns")], "somebody looked"


# The fold -------------------------------------------------------------------------------------------------------------

LEVELS = some.sampled_from(["1", "0", "3", "~not-observed", "~not-applicable", "~not-answered", "~disputed"])
ATTESTED = some.lists(
    some.builds(
        Attested,
        position=some.integers(1, 99),
        begins=some.integers(0, 6),
        ends=some.integers(0, 6),
        date=some.integers(1, 2),
        slot=some.sampled_from([None, "a", "b"]),
        status=some.sampled_from(["attended", "attended-late", "not-attended", "cancelled-by-us"]),
        minutes=some.sampled_from([None, 30, 60]),
    ),
    unique_by=lambda one: one.position,
    max_size=5,
)


@given(LEVELS, LEVELS, LEVELS)
def test_what_scores_come_to_does_not_depend_on_the_order_in_which_they_came(one: str, two: str, three: str) -> None:
    found = {agreed(agreed(a, b), c) for a, b, c in itertools.permutations((one, two, three))}
    assert len(found) == 1 and agreed(one, one) == one


@given(ATTESTED, some.randoms(use_true_random=False))
def test_what_sessions_come_to_does_not_depend_on_the_order_in_which_they_came(attested: list[Attested], random: Any) -> None:
    shuffled = list(attested)
    random.shuffle(shuffled)
    assert sessions_counted(attested) == sessions_counted(shuffled)
    assert sum(times for name, times in sessions_counted(attested).items() if name not in ("late", "minutes")) <= len(attested)


# Everything again, from the rows --------------------------------------------------------------------------------------


def trouble(house: House) -> None:
    """A week in which things were said twice, alike and otherwise, by slot and without one."""
    entries: list[dict[str, Any]] = []
    for n, (first, second) in enumerate(itertools.product(({}, {"came": False}, {"came": False, "cancelled_by": "student"}), repeat=2)):
        at = MONDAY + timedelta(days=n % 4, hours=2 * (n // 4))
        entries += [
            session(house, slot, at, **said) for slot, said in (((None, first), (None, second)) if n % 2 else ((SLOTS[n // 4], first), (SLOTS[n // 4], second)))
        ]
    for n, (level, other) in enumerate(itertools.product((1, 0, None), repeat=2)):
        entries += [house.outcome(level=said, day=DAY + timedelta(days=n % 4), slot=SLOTS[n // 4]) for said in (level, other)]
    entries += [house.outcome(slot=None, level=level) for level in (1, 1, 0)]
    assert {one.status for one in house.record(*entries, at=FRIDAY)} == {"recorded"}
    house.runner.catch_up()


def test_an_auditor_who_imports_nothing_of_ours_finds_the_same_figures(house: House) -> None:
    trouble(house)
    student, setting = house.reader.student_and_setting(house.student)
    period = student_period(house.reader, student, setting, DAY, DAY + timedelta(days=4), None)
    rows = house.rows("SELECT position, originator_id, topic, student_id, occurred_at, recorded_at, state FROM stored_events ORDER BY position")
    audit = Audit([tuple(row) for row in rows], None).figures(str(house.student), DAY, DAY + timedelta(days=4))
    names = ("sess_possible", "sess_attended", "sess_late", "sess_overall", "sess_in_dispute", "sess_overall_percent", "hours_attended", "scored_percent")
    assert {name: COLUMNS[name].value(period) for name in names} == {name: audit[name] for name in names}
    assert (audit["sess_possible"], audit["sess_attended"], audit["sess_in_dispute"]) == (9, 1, 6)


def test_the_recomputation_that_imports_nothing_finds_the_same_counts(make_house: Any) -> None:
    house = make_house("sqlite")
    trouble(house)
    run = subprocess.run(
        [sys.executable, "-I", str(Path(recompute.__file__)), str(house.settings.data / "ledger.sqlite"), str(house.student)], check=True, capture_output=True
    )
    again, shown = json.loads(run.stdout), history(house.reader, house.student, datetime(2030, 1, 1, tzinfo=UTC), None)["progress"]
    assert again["sessions"] == {name: times for name, times in shown["sessions"].items() if name not in ("late", "minutes")}
    assert again["outcomes"] == {f"{key}|{indicator}": levels for key, said in shown["outcomes"].items() for indicator, levels in said["indicators"].items()}
