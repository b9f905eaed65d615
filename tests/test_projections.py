"""Read models equal a full fold whatever happened, survive what cannot be read, and are rebuilt while they are read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, MetaData, SmallInteger, Table
from sqlalchemy.types import TypeEngine

from ap_ledger.errors import SetupError
from ap_ledger.events.days import NO_DAYS, days_of
from ap_ledger.events.moments import microseconds
from ap_ledger.kinds import TOLD
from ap_ledger.recording.ledger import new_id
from projections import PROJECTIONS
from projections.fold.cells import DayCell, DayRow, fold_day
from projections.queries.curriculum_state import student_curriculum
from projections.queries.entries import changed_since, entries_at
from projections.queries.history import days_at, history
from projections.runner import Projection, Runner, Seen
from projections.views import tables_of
from projections.writers.registry import Registry
from projections.writers.student_days import StudentDays
from tests.house import FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, House, chunks

EVER = datetime(2030, 1, 1, tzinfo=UTC)


def slow_days(house: House, position: int) -> dict[str, DayCell]:
    """The day cells of the student by a full fold of the ledger's events, written apart from the projection."""
    current: dict[Any, tuple[int, int, str, dict[str, Any]] | None] = {}
    for stored in house.ledger.recorder.tail(0, 100_000):
        if stored.position > position or stored.student_id != house.student.bytes:
            continue
        import json

        state = json.loads(stored.state)
        if stored.topic in TOLD:
            current[stored.originator_id] = (stored.position, stored.occurred_at, stored.topic, state)
        elif stored.topic == "entry-corrected" and current[stored.originator_id] is not None:
            at = microseconds(datetime.fromisoformat(state["replacement_occurred_at"]))
            current[stored.originator_id] = (stored.position, at, state["replacement_kind"], state["replacement"])
        elif stored.topic == "entry-voided":
            current[stored.originator_id] = None
    days: dict[str, list[DayRow]] = {}
    for entry in current.values():
        if entry is not None:
            place, at, kind, state = entry
            item, value = TOLD[kind].described(state)
            day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).date().isoformat()
            slot = state["session"]["slot"] if state.get("session") else None
            days.setdefault(day, []).append(DayRow(place, at, kind, item, value, slot, state.get("visit_id")))
    return {day: fold_day(sorted(found, key=lambda row: (row.occurred_at, row.position))) for day, found in sorted(days.items())}


def unordered(days: Any) -> dict[str, DayCell]:
    """Days with their lists in one order, because a cell's lists are in the order of arrival."""
    return {day: replace(cell, rungs=sorted(cell.rungs), units=sorted(cell.units), attested=sorted(cell.attested)) for day, cell in dict(days).items()}


@pytest.mark.parametrize("seed", range(6))
def test_every_version_of_every_day_equals_a_full_fold_after_any_interleaving(house: House, seed: int) -> None:
    chance = random.Random(seed)
    made: list[dict[str, Any]] = []
    positions = []
    for step in range(45):
        house.clock.now = MONDAY + timedelta(hours=3 * step)
        pick = chance.random()
        if made and pick < 0.25:
            entry = chance.choice(made)
            moved = (MONDAY + timedelta(days=chance.randrange(4), hours=chance.randrange(5))).isoformat()
            house.one(house.correct(entry, at=house.clock.now, device_time=moved))
        elif made and pick < 0.35:
            house.one(house.void(chance.choice(made), at=house.clock.now))
        else:
            at = MONDAY - timedelta(days=chance.randrange(6), hours=chance.randrange(5))
            entry = chance.choice([house.rung(at=at), house.note(at=at), house.unit(at=at), house.rung("goes-out", at=at, visit_id=str(new_id()))])
            assert house.one(entry).status == "recorded"
            made.append(entry)
        if chance.random() < 0.3:
            house.runner.catch_up()
        positions.append(house.ledger.recorder.read_head().position)
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    for position in positions:
        (at,) = house.rows("SELECT recorded_at FROM stored_events WHERE position = ?", position)[0]
        known_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        days, known, _ = days_at(house.reader, house.student, setting, EVER, known_at)
        assert unordered(days) == unordered(slow_days(house, known)), f"at position {position}"


def test_a_late_entry_lands_on_the_day_it_happened(house: House) -> None:
    house.record(house.rung(at=MONDAY), at=WEDNESDAY)
    assert house.look_back(as_of=TUESDAY)["progress"]["first_day"] == "2026-03-02"
    assert house.look_back(as_of=TUESDAY, known_at=TUESDAY)["progress"]["entries"] == 0


def test_as_of_and_known_at_are_two_times(house: House) -> None:
    entry = house.rung("through-door", at=MONDAY)
    house.record(entry, at=TUESDAY)
    house.record(house.correct(entry, at=THURSDAY, rung="goes-out"), at=THURSDAY)
    ladder = "default-ladder@1"
    assert house.look_back(MONDAY - timedelta(minutes=1))["progress"]["entries"] == 0
    assert house.look_back(MONDAY)["progress"]["ladders"][ladder]["latest"] == "goes-out"
    assert house.look_back(MONDAY, known_at=WEDNESDAY)["progress"]["ladders"][ladder]["latest"] == "through-door"
    (told,) = house.look_back(known_at=WEDNESDAY)["entries"]
    assert (told["status"], told["changes"]) == ("current", [])
    (told,) = house.look_back()["entries"]
    assert (told["status"], told["entry"]["rung"], told["changes"][0]["before"]["rung"]) == ("corrected", "goes-out", "through-door")
    assert told["changes"][0]["reason"] == "wrong box"


def test_only_the_days_and_the_kinds_that_are_asked_for_are_told(house: House) -> None:
    moved = house.rung("goes-out")
    house.record(house.rung(at=MONDAY), house.note("x"), house.outcome(day=THURSDAY.date()), moved)
    known = house.ledger.recorder.read_head().position
    house.record(house.correct(moved, rung="shares-space"))
    house.runner.catch_up()
    position, ask = house.reader.positions()["ledger"], (house.reader, house.student, FRIDAY)
    monday, apart = days_of([(MONDAY.date(), MONDAY.date())]), days_of([(MONDAY.date(), MONDAY.date()), (THURSDAY.date(), None)])
    told = {
        name: [entry["kind"] for entry in entries_at(*ask, position, 0, 50, within=days)]
        for name, days in (("monday", monday), ("apart", apart), ("none", NO_DAYS))
    }
    everything = [entry["kind"] for entry in entries_at(*ask, position, 0, 50)]
    assert len(told["monday"]) < len(everything) and told["none"] == []
    assert sorted(told["apart"]) == sorted([*told["monday"], "outcome-scored"])
    kinds = ("note-written", "outcome-scored")
    assert sorted(entry["kind"] for entry in entries_at(*ask, position, 0, 50, kinds=kinds)) == sorted(kinds)
    assert [entry["since"] for entry in changed_since(*ask, known)] == ["put-right"]
    assert changed_since(*ask, known, within=NO_DAYS) == []


def test_an_entry_moved_to_another_day_leaves_the_first(house: House) -> None:
    entry = house.rung(at=MONDAY)
    house.record(entry, house.correct(entry, device_time=WEDNESDAY.isoformat()))
    progress = house.look_back()["progress"]
    assert (progress["days"], progress["first_day"]) == (1, "2026-03-04")
    assert house.look_back(as_of=TUESDAY)["entries"] == []


def test_a_voided_entry_counts_no_more_and_stays_readable(house: House) -> None:
    entry = house.rung()
    house.record(entry, house.void(entry), house.correct(entry, rung="goes-out"))
    told = house.look_back()
    assert told["progress"]["entries"] == 0
    assert [(one["status"], len(one["changes"])) for one in told["entries"]] == [("voided", 2)]


@pytest.mark.parametrize(("moment", "day"), [("2026-03-28T23:30:00+00:00", "2026-03-28"), ("2026-03-29T23:30:00+00:00", "2026-03-30"), ("2026-10-25T00:30:00+00:00", "2026-10-25"), ("2026-10-25T23:30:00+00:00", "2026-10-25")])  # fmt: skip
def test_a_day_is_a_day_in_the_settings_time_zone_across_both_clock_changes(house: House, moment: str, day: str) -> None:
    house.clock.now = datetime(2026, 11, 1, tzinfo=UTC)
    house.one(house.rung(at=datetime.fromisoformat(moment)))
    assert house.look_back()["progress"]["first_day"] == day


class Poisoned(StudentDays):
    """A projection that chokes on one text."""

    name = "student_days"
    poison = "goes-out"

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        if any((seen.state or {}).get("rung") == self.poison for seen in batch):
            raise RuntimeError("choked on what a child said")
        super().apply(connection, batch)


def test_a_poison_event_is_set_aside_alone_and_the_page_says_it_is_incomplete(house: House) -> None:
    runner = Runner(house.ledger.recorder, house.views, (Registry, Poisoned))
    bad = house.rung("goes-out")
    results = house.record(house.rung(), bad, house.rung(), house.rung(student=house.other))
    runner.catch_up()
    told = history(house.reader, house.student, EVER, None)
    assert told["incomplete"] and told["progress"]["entries"] == 2
    assert not history(house.reader, house.other, EVER, None)["incomplete"]
    with house.views.reading() as connection:
        letters = [tuple(row) for row in connection.exec_driver_sql("SELECT position, error FROM dead_letter")]
    assert letters == [(results[1].position, "RuntimeError")]
    # A correction tells all there is to know, so it brings the entry back; so does a replay once it can be read.
    house.record(house.correct(bad, rung="reaches-site"))
    runner.catch_up()
    told = history(house.reader, house.student, EVER, None)
    assert not told["incomplete"] and told["progress"]["entries"] == 3
    house.runner.replay("student_days")
    mended = house.look_back()
    assert not mended["incomplete"] and mended["progress"]["entries"] == 3


def test_an_event_of_a_newer_version_is_set_aside_until_the_upgrade(make_house: Callable[..., House]) -> None:
    house = make_house()
    (result,) = house.record(house.rung())
    house.tamper(("UPDATE stored_events SET class_version = 99 WHERE position = ?", (result.position,)))
    told = house.look_back()
    assert told["incomplete"] and told["progress"]["entries"] == 0


def test_a_replay_beside_readers_never_shows_them_anything_else(house: House) -> None:
    house.record(*[house.rung(at=MONDAY + timedelta(minutes=n)) for n in range(60)])
    wanted = house.look_back()["progress"]
    stop, seen, errors = threading.Event(), [0], []

    def read() -> None:
        while not stop.is_set():
            try:
                assert history(house.reader, house.student, EVER, None, 0, 1)["progress"] == wanted
                seen[0] += 1
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(4):
        house.runner.replay()
    stop.set()
    for reader in readers:
        reader.join()
    assert not errors and seen[0] > 3
    with house.views.reading() as connection:
        assert len(connection.exec_driver_sql("SELECT * FROM generations").all()) == len(PROJECTIONS)


def test_what_a_killed_replay_left_behind_goes_with_the_next(house: House) -> None:
    house.runner.catch_up()
    house.runner._make(StudentDays, 2)
    house.runner.replay()
    with house.views.reading() as connection:
        assert len(connection.exec_driver_sql("SELECT * FROM generations").all()) == len(PROJECTIONS)
        for projection in ("student_days", "registry"):
            assert house.views.live(connection, projection) is not None
    assert house.look_back()["progress"]["entries"] == 0


class Newer(Registry):
    version = 2


def test_a_raised_version_is_replayed_into_tables_of_its_own(house: House) -> None:
    house.runner.catch_up()
    runner = Runner(house.ledger.recorder, house.views, (Newer, StudentDays))
    runner.catch_up()
    with house.views.reading() as connection:
        live = house.views.live(connection, "registry")
    assert live is not None and (live.name, live.version) == ("v2", 2)
    assert len(house.reader.collection("students")) == 2


@pytest.mark.parametrize("column_type", [Boolean(), Date(), SmallInteger()], ids=repr)
def test_a_projection_with_a_column_that_only_one_database_takes_does_not_start(house: House, column_type: TypeEngine[Any]) -> None:
    def smiles(suffix: str, metadata: MetaData) -> Table:
        return Table(f"smiles{suffix}", metadata, Column("position", BigInteger, primary_key=True), Column("broad", column_type))

    class Smiles(Registry):
        name = "smiles"
        tables = (smiles,)

    runner = Runner(house.ledger.recorder, house.views, (*PROJECTIONS, Smiles))
    for start in (runner.make_missing, runner.catch_up):
        with pytest.raises(SetupError, match=r"The column broad of smiles is .*yes or no is an Integer"):
            start()


def test_every_projection_keeps_only_what_both_databases_take_alike() -> None:
    for projection in PROJECTIONS:
        assert tables_of(projection.tables, "v1")


def test_two_runners_at_once_apply_every_event_once(house: House) -> None:
    others = [Runner(house.ledger.recorder, house.views, PROJECTIONS) for _ in range(3)]
    house.runner.catch_up()
    for _ in range(6):
        house.record(*[house.rung(at=MONDAY) for _ in range(25)])
        threads = [threading.Thread(target=runner.catch_up) for runner in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for runner in others:
        runner.catch_up()
    assert house.look_back()["progress"]["kinds"] == {"rung-reached": 150}


def test_the_runner_keeps_up_by_itself_and_a_reader_can_wait_for_its_own_writes(house: House) -> None:
    house.runner.start()
    (result,) = house.record(house.rung())
    assert result.position is not None
    assert house.runner.wait_for(result.position, 5)
    assert not house.runner.wait_for(result.position + 1, 0.3)


def test_one_runner_asked_by_many_threads_applies_everything_once(house: House) -> None:
    steps = [house.unit(status=("introduced", "with-help")[n % 2], at=MONDAY + timedelta(minutes=n)) for n in range(120)]
    for some in chunks(steps, 10):
        house.record(*some)
        asked = [threading.Thread(target=house.runner.catch_up) for _ in range(4)]
        for thread in asked:
            thread.start()
        for thread in asked:
            thread.join()
    (unit,) = house.look_back()["progress"]["units"].values()
    found = student_curriculum(house.reader, house.student, "everyday-steps@1", FRIDAY, None).states["bus-stop"]
    assert (unit["steps"], len(found.steps)) == (120, 120)


def test_projections_hold_nothing_that_was_sealed(house: House) -> None:
    seen: list[Seen] = []

    class Watching(Projection):
        name, tables = "watching", ()

        def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
            seen.extend(batch)

    house.record(house.note("hushed words"), house.unit(note="hushed words"))
    Runner(house.ledger.recorder, house.views, (Watching,)).catch_up()
    assert "hushed" not in repr(seen) and len(seen) == house.ledger.recorder.read_head().position


def test_the_session_sheet_says_who_was_scored_on_what_and_what_is_missing(house: House) -> None:
    from projections.queries.session_sheet import session_sheet

    entry = house.outcome("kind-words", 1, slot="break")
    reason = house.outcome("took-turns", None, slot="break", missing="not-observed")
    wrong = house.outcome("moved-body", 0, slot="break")
    house.record(entry, reason, wrong, house.void(wrong), house.outcome("joined-in", 1, slot="lesson"))
    house.runner.catch_up()
    sheet = session_sheet(house.reader, house.setting, MONDAY.date(), "break", house.reader.whole("students"))
    ash = next(row for row in sheet["students"] if row["student_id"] == str(house.student))
    assert ash["expected"] and ash["name"] == "Ash H"
    assert [(score["indicator"], score["level"], score["missing"]) for score in ash["scores"]] == [
        ("kind-words", "1", None),
        ("took-turns", None, "not-observed"),
    ]
    missing = {one["indicator"] for one in ash["missing"]}
    assert "moved-body" in missing and "kind-words" not in missing and "joined-in" not in missing
    assert sheet["missing"] == sum(len(row["missing"]) for row in sheet["students"]) > 0
    assert FRIDAY > MONDAY
