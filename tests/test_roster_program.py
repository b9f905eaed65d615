"""`ap-ledger roster` says what a file would do, and does it in the name of somebody who may, naming nobody."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from ap_ledger.cli.main import app
from ap_ledger.domain.student import AdmitStudent, IdentifyStudent, StartPlacement
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from tests.house import House
from tests.test_roster_pages import SHEET

NAMES = ("Ferna", "Heron", "Thistle", "Beck", "Sorrel", "Onyx")


@pytest.fixture
def closed(house: House, tmp_path: Path) -> tuple[House, Path, Path]:
    """A house of which the program can open the stores, and a sheet beside it."""
    if house.settings.postgres is not None:
        pytest.skip("the program is the same on either database")
    house.close()
    path = tmp_path / "autumn.csv"
    path.write_text(SHEET, "utf-8")
    return house, house.settings.data, path


def run(path: Path, data: Path, person: UUID, *more: str) -> Any:
    return CliRunner().invoke(app, ["roster", str(path), "--person", str(person), "--data", str(data), *more], env={"COLUMNS": "240"})


def test_a_preview_writes_nothing_and_the_same_file_twice_brings_it_in_once(closed: tuple[House, Path, Path], tmp_path: Path) -> None:
    house, data, path = closed
    told = run(path, data, house.leader, "--preview")
    assert told.exit_code == 1 and "19 new, 0 changed, 0 the same, 5 refused" in told.output and "Nothing was written" in told.output
    bad = tmp_path / "bad.csv"
    told = run(path, data, house.leader, "--refused", str(bad))
    assert told.exit_code == 1 and "19 rows were brought in" in told.output
    assert "Thistle,Beck,31/02/2012" in bad.read_text("utf-8-sig") and stat.S_IMODE(bad.stat().st_mode) == 0o600
    again = run(path, data, house.leader)
    assert "0 new, 0 changed, 19 the same, 5 refused" in again.output and "0 rows were brought in" in again.output
    for output in (told.output, again.output):
        assert not any(name in output for name in NAMES), "a terminal is told who somebody is"


def test_whoever_may_not_brings_nothing_in(closed: tuple[House, Path, Path]) -> None:
    house, data, path = closed
    for person in (house.mentor, house.teacher):
        told = run(path, data, person)
        assert told.exit_code == 2 and "may not bring that in" in told.output


def test_a_column_is_said_by_its_heading_and_remembered(closed: tuple[House, Path, Path]) -> None:
    house, data, path = closed
    path.write_text("Name,Set\nAsh Heron,Alder", "utf-8")
    assert "0 new, 0 changed, 1 the same" in run(path, data, house.leader, "--preview").output
    assert "1 rows were brought in" in run(path, data, house.leader, "--column", "Set=group").output
    assert "Set: Group" in run(path, data, house.leader, "--preview").output
    assert run(path, data, house.leader, "--column", "Set=colour").exit_code == 2


def test_what_a_row_asks_for_is_recorded_all_at_once_or_not_at_all(house: House) -> None:
    student, who = new_id(), {"setting_id": house.setting, "author_id": house.leader}

    def asked(**names: str) -> list[Any]:
        return [
            AdmitStudent(id=new_id(), student=student, on=date(2026, 3, 2), **who),
            IdentifyStudent(id=new_id(), student=student, **names, **who),
            StartPlacement(id=new_id(), student=student, placement_id=new_id(), start=date(2026, 3, 2), **who),
        ]

    head = house.ledger.recorder.read_head().position
    half = asked(given_name="Fern")
    for attempt in (house.ledger.would_decide_all, house.ledger.execute_all):
        with pytest.raises(Refused, match="both names"):
            attempt(half)
    assert house.ledger.recorder.read_head().position == head and house.ledger.states.student(student) is None
    whole = asked(given_name="Fern", family_name="Reed")
    house.ledger.would_decide_all(whole)
    assert house.ledger.recorder.read_head().position == head
    done = house.ledger.execute_all(whole)
    assert (done.status, house.ledger.execute_all(whole).status) == ("recorded", "duplicate")
    state = house.ledger.states.student(student)
    assert state is not None and state.identity is not None and state.identity.given_name == "Fern" and state.current is not None
    house.runner.catch_up()
    assert house.reader.one("students", str(student))["name"] == "Fern R"  # type: ignore[index]


def test_commands_to_two_streams_are_not_done_at_once(house: House) -> None:
    two = [AdmitStudent(id=new_id(), setting_id=house.setting, author_id=house.leader, student=new_id(), on=date(2026, 3, 2)) for _ in range(2)]
    with pytest.raises(ValueError, match="one stream"):
        house.ledger.execute_all(two)
