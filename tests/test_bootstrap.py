"""Everything is put together in one place, and let go of together."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ap_ledger.bootstrap import Installation, Service, create_ledger, open_installation, open_ledger, open_service
from ap_ledger.cli.common import opened
from ap_ledger.commands.effects import Effects
from ap_ledger.domain.device import EnrolDevice, RevokeDevice
from ap_ledger.domain.retention import time_over
from ap_ledger.recording.ledger import new_id
from ap_ledger.settings import Settings, read_settings
from ap_ledger.stores.accounts.accounts import Accounts
from projections.views import Views
from tests.house import FRIDAY, House


def writers() -> int:
    """How many ledgers write in this process."""
    return sum(thread.name == "ledger-writer" for thread in threading.enumerate())


class Broken(Exception):
    """What a store raises that cannot be opened."""


def break_it(*_: Any, **__: Any) -> Any:
    raise Broken


def test_the_ledger_records_and_executes_and_holds_no_sign_ins(house: House) -> None:
    ledger = open_ledger(house.settings, house.clock)
    try:
        receipt = ledger.record([house.rung()])
        assert [result.status for result in receipt.results] == ["recorded"]
        device = new_id()
        named = {"device": device, "name": "Tablet", "kind": "tablet", "author_id": house.leader}
        assert ledger.execute(EnrolDevice(id=new_id(), setting_id=house.setting, **named)).status == "recorded"
        for name in ("accounts", "drafts", "proposals", "ways_in"):
            assert not hasattr(ledger, name), name
    finally:
        ledger.close()


def test_what_a_command_causes_reaches_the_stores_beside_the_ledger(house: House) -> None:
    device = new_id()
    named = {"device": device, "name": "Tablet", "kind": "tablet", "author_id": house.leader}
    house.ledger.execute(EnrolDevice(id=new_id(), setting_id=house.setting, **named))
    credential = house.accounts.admit_device(device)
    about = {"device": device, "setting_id": house.setting, "author_id": house.leader}
    house.ledger.execute(RevokeDevice(id=new_id(), reason_code="lost", **about))
    shut_out = house.accounts.device(credential)
    assert shut_out is not None and shut_out.revoked


def test_the_command_line_and_the_tests_get_the_same(house: House) -> None:
    house.runner.catch_up()
    with opened(house.settings) as service:
        assert isinstance(service, Service) and type(service) is type(house.service)
        assert service.reader.one("settings", str(house.setting)) == house.reader.one("settings", str(house.setting))
        assert isinstance(service, Installation)


@pytest.mark.parametrize("store", [Accounts, Effects], ids=["a store", "what a crash left"])
def test_whatever_fails_while_it_is_opened_leaves_nothing_open(settings: Settings, monkeypatch: pytest.MonkeyPatch, store: type[Any]) -> None:
    create_ledger(settings)
    before = writers()
    with monkeypatch.context() as patch:
        patch.setattr(store, "__init__" if store is Accounts else "redo", break_it)
        for open_it in (open_ledger, open_installation, open_service):
            with pytest.raises(Broken):
                open_it(settings)
            # What is forgotten opens nothing again either: a connection left open is told of when it goes.
            gc.collect()
            assert writers() == before
    open_service(settings).close()
    assert writers() == before


def test_where_the_read_models_cannot_be_opened_the_ledger_is_let_go_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    create_ledger(settings)
    before = writers()
    monkeypatch.setattr(Views, "__init__", break_it)
    with pytest.raises(Broken):
        open_service(settings)
    assert writers() == before


def test_a_place_that_a_program_of_its_own_made_is_whole(tmp_path: Path) -> None:
    """What a store has depends on nothing that happens to be loaded."""

    def run(*words: str) -> int:
        program = "from ap_ledger.cli.main import app; app()"
        return subprocess.run([sys.executable, "-c", program, *words, "--data", str(tmp_path / "data")]).returncode

    assert run("init") == 0
    assert run("check", "--deep") == 0
    assert not read_settings(data=tmp_path / "data").postgres


def test_what_a_stray_variable_of_the_system_says_decides_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    create_ledger(settings)
    for name in ("PERSISTENCE_MODULE", "IS_SNAPSHOTTING_ENABLED", "LEDGER_PERSISTENCE_MODULE", "MAPPER_TOPIC"):
        monkeypatch.setenv(name, "nothing:there")
    ledger = open_ledger(settings)
    try:
        assert ledger.snapshots is None and ledger.recorder.read_head().position == 0
    finally:
        ledger.close()


def test_a_ledger_is_closed_once_however_often_it_is_asked(make_house: Callable[..., House]) -> None:
    house = make_house()
    ledger = open_ledger(house.settings, house.clock)
    ledger.close()
    ledger.close()


# Whose time is over ---------------------------------------------------------------------------------------------------


def test_time_is_over_by_the_last_end_of_all_placements_and_never_while_one_runs() -> None:
    clocks = [
        {"retention_class": "learning", "years": 1, "counted_from": "placement-end", "basis": "policy"},
        {"retention_class": "core", "years": None, "counted_from": "admission", "basis": "policy"},
    ]
    setting = {"retention": [{"from_date": "2020-01-01", "clocks": clocks}]}
    left, here, gone = (str(UUID(int=number)) for number in (1, 2, 3))
    more = {"date_of_birth": None, "admitted_on": "2020-01-01", "shredded": [], "name": "Ash"}
    students = [
        {**more, "id": left, "holds": ["one"]},
        {**more, "id": here},
        {**more, "id": gone, "shredded": ["learning"]},
    ]
    placements = [
        {"student_id": left, "end": "2021-05-01"},
        {"student_id": left, "end": "2022-05-01"},
        {"student_id": here, "end": "2021-05-01"},
        {"student_id": here, "end": None},
        {"student_id": gone, "end": "2021-05-01"},
    ]
    (over,) = time_over(students, placements, setting, FRIDAY.date())
    assert (over.id, over.name, over.classes, over.held) == (left, "Ash", ["learning"], True)
    assert time_over(students, placements, setting, FRIDAY.date().replace(year=2023, month=4)) == []
