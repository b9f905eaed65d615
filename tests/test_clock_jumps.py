"""A server whose clock is wrong says so, stamps nothing with it beyond a bound, and leaves nothing out of what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.domain.student import AssignKeyWorker
from ap_ledger.errors import WrongClock
from ap_ledger.events.moments import microseconds
from ap_ledger.jobs import run_due
from ap_ledger.recording.clock import NOTICED, REFUSED, SystemClock
from ap_ledger.recording.ledger import new_id
from reports.compose import Order, make_report
from reports.layouts import read_layout
from tests.house import FRIDAY, MONDAY, House

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Machine:
    """A machine whose clock can be set, while time goes by as it does."""

    def __init__(self) -> None:
        self.wall, self.gone = FRIDAY, 0.0

    def lives(self, much: timedelta) -> None:
        self.wall += much
        self.gone += much.total_seconds()

    def is_set(self, much: timedelta) -> None:
        self.wall += much

    def clock(self) -> SystemClock:
        """The clock as a process that starts now reads it."""
        return SystemClock(lambda: self.wall, lambda: self.gone)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def start(house: House, machine: Machine) -> Iterator[Callable[[], House]]:
    """Starts the house's service on the machine, as it would after a restart."""
    house.ledger.close()
    begun: list[House] = []

    def starting() -> House:
        for one in begun:
            one.close()
        again = House(house.settings, machine.clock(), make=False)  # type: ignore[arg-type]
        for name in ("setting", "student", "other", "mentor", "teacher", "leader"):
            setattr(again, name, getattr(house, name))
        begun[:] = [again]
        return again

    yield starting
    for one in begun:
        one.close()


def incident(house: House, at: datetime) -> dict[str, Any]:
    return house.entry("incident-recorded", at, category="left-site", restrictive=True, minutes=3, text="held")


def key_worker(house: House) -> AssignKeyWorker:
    return AssignKeyWorker(id=new_id(), setting_id=house.setting, student=house.student, person_id=house.teacher, from_date=MONDAY.date())


def counted(house: House) -> int:
    return int(house.rows("SELECT count(*) FROM stored_events")[0][0])


def test_a_clock_that_goes_evenly_is_believed_however_long(start: Callable[[], House], machine: Machine) -> None:
    house = start()
    for _ in range(40):
        machine.lives(9 * DAY)
        # Clocks waver and are put right, a few seconds at a time.
        machine.is_set(timedelta(seconds=20))
        assert house.ledger.time.fault() is None
    assert house.one(house.rung(at=machine.wall)).status == "recorded"


@pytest.mark.parametrize("step", [timedelta(minutes=4), -timedelta(minutes=4)], ids=str)
def test_small_steps_add_up(start: Callable[[], House], machine: Machine, step: timedelta) -> None:
    house = start()
    for _ in range(2):
        assert house.ledger.time.fault() is None
        machine.lives(timedelta(minutes=10))
        machine.is_set(step)
    fault = house.ledger.time.fault()
    assert fault is not None and "by 7 minutes" in fault.sentence


@pytest.mark.parametrize("jump", [DAY, -DAY, 365 * DAY, -365 * DAY, REFUSED, -REFUSED], ids=str)
def test_nothing_is_stamped_with_a_clock_that_was_set_far_off_and_nothing_is_lost(start: Callable[[], House], machine: Machine, jump: timedelta) -> None:
    house = start()
    before, entry = counted(house), house.rung()
    machine.is_set(jump)
    with pytest.raises(WrongClock, match="Nothing is lost"):
        house.record(entry)
    with pytest.raises(WrongClock, match="Set it right"):
        house.ledger.execute(key_worker(house))
    assert counted(house) == before
    machine.is_set(-jump)
    assert house.one(entry).status == "recorded"
    assert house.ledger.execute(key_worker(house)).status == "recorded"


def test_over_http_a_wrong_clock_is_a_503_that_says_so(start: Callable[[], House], machine: Machine) -> None:
    house = start()
    machine.is_set(-DAY)
    with house.browser() as client:
        answer = client.post("/api/v1/entries", json={"sent_at": FRIDAY.isoformat(), "device_id": None, "entries": [house.rung()]})
        assert answer.status_code == 503 and answer.headers["retry-after"] and "set back by 24 hours" in answer.json()["detail"]


@pytest.mark.parametrize("jump", [NOTICED, -NOTICED], ids=str)
def test_a_small_jump_is_said_and_stops_nobody(start: Callable[[], House], machine: Machine, jump: timedelta) -> None:
    house = start()
    machine.is_set(jump)
    fault = house.ledger.time.fault()
    assert fault is not None and "by 5 minutes" in fault.sentence and not fault.refused
    assert house.one(house.rung(at=MONDAY)).status == "recorded"


def test_the_first_page_and_the_health_say_what_is_wrong_to_those_who_can_mend_it(start: Callable[[], House], machine: Machine) -> None:
    house = start()
    administrator = house.person("Rowan", "administrator")
    with house.browser() as leader, house.stranger() as stranger:
        assert "clock of this machine" not in leader.get("/").text
        assert stranger.get("/health/ready").json() == {"status": "ok"}
    machine.is_set(-DAY)
    with house.browser() as leader, house.browser(administrator) as admin, house.browser(house.mentor) as mentor, house.stranger() as stranger:
        assert "clock of this machine" in leader.get("/").text and "clock of this machine" in admin.get("/").text
        assert "clock of this machine" not in mentor.get("/").text
        assert "set back by 24 hours" in stranger.get("/health/ready").json()["clock"]


def test_looking_goes_on_and_is_recorded_without_the_wrong_time(start: Callable[[], House], machine: Machine) -> None:
    house = start()
    real = machine.wall
    machine.is_set(400 * DAY)
    assert house.ledger.record_read("history", house.leader, house.setting, house.student)
    assert house.ledger.recorder.read_head().recorded_at <= microseconds(real)


def test_a_clock_behind_the_newest_entry_is_noticed_when_the_service_starts(start: Callable[[], House], machine: Machine) -> None:
    machine.is_set(DAY)
    house = start()
    assert house.one(house.rung()).status == "recorded"
    machine.is_set(-DAY)
    house = start()
    with pytest.raises(WrongClock, match="24 hours behind the newest entry"):
        house.record(house.rung())
    # It was the earlier clock that was wrong, and somebody says so.
    house.ledger.memory.trust_clock()
    assert house.one(house.rung()).status == "recorded" and house.ledger.time.fault() is None
    house = start()
    assert house.one(house.rung()).status == "recorded"
    # Once it has caught up, it is watched as before.
    machine.lives(2 * DAY)
    house = start()
    assert house.one(house.rung()).status == "recorded"
    machine.is_set(-HOUR)
    assert start().ledger.time.fault() is not None


def test_a_pack_at_the_default_time_leaves_out_no_incident_that_a_wrong_clock_stamped(start: Callable[[], House], machine: Machine) -> None:
    machine.is_set(DAY)
    house = start()
    house.record(house.rung())
    machine.is_set(-DAY)
    house = start()
    house.ledger.memory.trust_clock()
    house.record(*(incident(house, MONDAY + n * HOUR) for n in range(5)))
    house.runner.catch_up()
    now = house.ledger.now()
    assert machine.wall < now and house.ledger.position_at(now) == counted(house)
    order = Order(read_layout("review-pack"), house.setting, MONDAY.date(), FRIDAY.date(), house.student, known_at=now)
    at_default = make_report(house.reader, order, lambda *_: True, FRIDAY.date())
    everything = make_report(house.reader, replace(order, known_at=None), lambda *_: True, FRIDAY.date())
    assert {**at_default.facts, "known_at": None} == {**everything.facts, "known_at": None}
    with house.browser() as client:
        asked = {"layout": "review-pack", "student": str(house.student), "from": "2026-03-02", "to": "2026-03-06"}
        page = client.get("/reports/make", params=asked).text
        assert re.search(r"Restrictive\s*5\b", re.sub(r"<[^>]+>", " ", page))
        told = client.get(f"/api/v1/students/{house.student}/history", headers=house.token()).json()
        assert sum(entry["kind"] == "incident-recorded" for entry in told["entries"]) == 5
        again = client.get(f"/api/v1/students/{house.student}/history", params={"known_at": told["known_at"]}, headers=house.token()).json()
        assert len(again["entries"]) == len(told["entries"])


def test_what_runs_by_itself_waits_for_a_clock_that_is_right(start: Callable[[], House], machine: Machine) -> None:
    house = start()
    machine.is_set(365 * DAY)
    assert run_due(house.service) == 0
    machine.is_set(-365 * DAY)
    assert run_due(house.service) > 0


def test_a_service_opens_with_a_wrong_clock_and_settles_what_waits_once_it_is_right(start: Callable[[], House], machine: Machine) -> None:
    machine.is_set(DAY)
    house = start()
    entry = house.rung()
    house.record(entry)
    assert house.one(house.correct({**entry, "id": str(new_id())})).status == "held"
    machine.is_set(-DAY)
    house = start()
    assert house.ledger.time.fault() is not None and house.look_back()["entries"]


def test_a_clock_that_was_handed_in_may_live_in_any_year(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.record(house.rung())
    house.clock.now = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
    assert house.ledger.time.fault() is None
    assert house.one(house.rung(at=datetime(2024, 4, 1, 9, 0, tzinfo=UTC))).status == "recorded"


def test_the_program_says_what_is_wrong_with_the_clock_and_takes_somebodys_word(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.clock.now = datetime.now(UTC) + 3 * DAY
    house.ledger.record_read("history", house.leader, house.setting, house.student)
    house.close()
    where = ["--data", str(house.settings.data)]
    said = CliRunner().invoke(program, ["check", *where]).output
    assert "wrong  the clock: The clock of this machine is" in said and "behind the newest entry" in said
    assert CliRunner().invoke(program, ["clock", *where]).exit_code == 1
    assert CliRunner().invoke(program, ["clock", "--it-is-right", *where]).exit_code == 0
    assert "wrong  the clock" not in CliRunner().invoke(program, ["check", *where]).output
