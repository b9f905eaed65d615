"""The door in any order of sends, lost replies and concurrent people: a model beside it says what must be there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from projections.queries.history import history
from tests.house import FRIDAY, MONDAY, House

EVER = datetime(2030, 1, 1, tzinfo=UTC)


class Door(RuleBasedStateMachine):
    """Sends, sends again, loses replies, corrects and voids in any order; the model keeps what was acknowledged."""

    entries = Bundle("entries")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.house = House.furnished("sqlite", Path(self.folder.name) / "data")
        self.known: dict[str, dict[str, Any]] = {}
        self.voided: set[str] = set()
        self.waiting: list[tuple[str, str, dict[str, Any]]] = []

    def arrived(self, entry: dict[str, Any]) -> None:
        self.known[entry["id"]] = entry
        for target, what, change in [one for one in self.waiting if one[0] == entry["id"]]:
            self.changed(target, what, change)
            self.waiting.remove((target, what, change))

    def changed(self, target: str, what: str, change: dict[str, Any]) -> None:
        if what == "void":
            self.voided.add(target)
        else:
            self.known[target] = change["replacement"]

    @rule(target=entries, anxiety=some.integers(0, 10), day=some.integers(0, 3), lost=some.booleans(), early=some.booleans())
    def observe(self, anxiety: int, day: int, lost: bool, early: bool) -> Any:
        entry = self.house.rung(anxiety=anxiety, at=MONDAY + timedelta(days=day))
        if early:
            return entry
        if lost:
            # The reply gets lost after the commit; the phone will send it again.
            send = self.house.ledger.sending.open(self.house.clock(), None, None, [entry])
            self.house.ledger.sending.submit(send).result()
        assert self.house.one(entry).status == ("duplicate" if lost else "recorded")
        if lost:
            self.house.ledger.waiting.release_all()
        self.arrived(entry)
        return entry

    @rule(entry=entries)
    def send_again(self, entry: dict[str, Any]) -> None:
        wanted = "duplicate" if entry["id"] in self.known else "recorded"
        assert self.house.one(entry).status == wanted
        if wanted == "recorded":
            self.arrived(entry)

    @rule(entry=entries, anxiety=some.integers(0, 10))
    def send_something_else_under_the_same_id(self, entry: dict[str, Any], anxiety: int) -> None:
        if entry["id"] in self.known and anxiety != entry["anxiety"]:
            assert self.house.one({**entry, "anxiety": anxiety}).status == "conflict"

    @rule(entry=entries, anxiety=some.integers(0, 10), twice=some.booleans())
    def correct(self, entry: dict[str, Any], anxiety: int, twice: bool) -> None:
        change = self.house.correct(entry, FRIDAY, anxiety=anxiety)
        self.change(entry, "correction", change, twice)

    @rule(entry=entries, twice=some.booleans())
    def void(self, entry: dict[str, Any], twice: bool) -> None:
        self.change(entry, "void", self.house.void(entry, FRIDAY), twice)

    def change(self, entry: dict[str, Any], what: str, change: dict[str, Any], twice: bool) -> None:
        if entry["id"] in self.known:
            assert self.house.one(change).status == "recorded"
            self.changed(entry["id"], what, change)
        else:
            assert self.house.one(change).status == "held"
            self.waiting.append((entry["id"], what, change))
        if twice:
            assert self.house.one(change).status in ("duplicate", "held")

    @rule(target=entries, size=some.integers(2, 4))
    def observe_many_with_one_bad(self, size: int) -> Any:
        good = [self.house.rung(anxiety=n) for n in range(size)]
        results = self.house.record(*good[:1], {**self.house.rung(), "rung": "moon"}, *good[1:])
        assert [result.status for result in results] == ["recorded", "refused", *["recorded"] * (size - 1)]
        for entry in good:
            self.arrived(entry)
        return multiple(*good)

    @rule()
    def restart(self) -> None:
        settings, clock, who = self.house.settings, self.house.clock, vars(self.house)
        self.house.close()
        fresh = House(settings, clock, make=False)
        for name in ("setting", "mentor", "teacher", "student", "other"):
            setattr(fresh, name, who[name])
        self.house = fresh

    @invariant()
    def what_is_shown_is_what_was_acknowledged(self) -> None:
        self.house.runner.catch_up()
        told = {entry["id"]: entry for entry in history(self.house.reader, self.house.student, EVER, None)["entries"]}
        assert set(told) == set(self.known)
        assert {key for key, entry in told.items() if entry["status"] == "voided"} == self.voided
        assert {key: entry["entry"]["anxiety"] for key, entry in told.items() if key not in self.voided} == {
            key: entry["anxiety"] for key, entry in self.known.items() if key not in self.voided
        }

    def teardown(self) -> None:
        self.house.close()
        self.folder.cleanup()


Door.TestCase.settings = hypothesis_settings(max_examples=12 if hypothesis_settings.default.max_examples < 100 else 500, stateful_step_count=18)  # type: ignore[attr-defined]
TestDoor = Door.TestCase

WRITER = """
import json, sys
from pathlib import Path
from ap_ledger.bootstrap import open_ledger
from ap_ledger.settings import read_settings
ledger = open_ledger(read_settings(data=Path(sys.argv[1]), database_url=sys.argv[3] if len(sys.argv) > 3 else None))
batches = json.loads(Path(sys.argv[2]).read_text())
print(json.dumps([result.status for batch in batches for result in ledger.record(batch).results]))
ledger.close()
"""


def test_two_processes_that_write_the_same_and_different_entries_at_once_lose_and_double_nothing(
    make_house: Callable[..., House], database: str, tmp_path: Path
) -> None:
    house = make_house(database)
    shared = [house.rung(anxiety=n % 11) for n in range(60)]
    corrections = [[house.correct(shared[n], anxiety=1, rung="goes-out") for n in range(0, 60, 3)] for _ in range(2)]
    house.record(*shared[:30])
    plans = []
    for n in range(2):
        own = [house.rung(at=MONDAY + timedelta(minutes=k)) for k in range(60)]
        batches = [[*own[k : k + 10], *shared[k : k + 10]] for k in range(0, 60, 10)]
        plans.append([*batches, corrections[n]])
        (tmp_path / f"plan{n}.json").write_text(json.dumps(plans[n]))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    more = [house.settings.postgres] if house.settings.postgres else []
    commands = [[sys.executable, "-c", WRITER, str(house.settings.data), str(tmp_path / f"plan{n}.json"), *more] for n in range(2)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for command in commands]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert {status for said in answers for status in said} == {"recorded", "duplicate"}
    counts = dict(house.rows("SELECT topic, count(*) FROM stored_events WHERE topic IN ('rung-reached', 'entry-corrected') GROUP BY topic"))
    assert counts == {"rung-reached": 60 + 120, "entry-corrected": 40}
    positions = [row[0] for row in house.rows("SELECT position FROM stored_events ORDER BY position")]
    assert positions == list(range(1, len(positions) + 1))
    assert house.look_back()["progress"]["kinds"] == {"rung-reached": 180}
