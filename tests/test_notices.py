"""Who is told of what: once, in the bell of every page, and only those whom the access table lets know."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from ap_ledger.access import ACTIONS
from ap_ledger.domain.person import DeclareConflict, EndRole
from ap_ledger.events import EVENT_BY_TOPIC
from ap_ledger.jobs import JOBS, run_due
from ap_ledger.notices import raising
from ap_ledger.notices.raising import raise_new
from ap_ledger.notices.shapes import Recorded
from ap_ledger.notices.table import NOTICE_BY_NAME, NOTICES
from ap_ledger.recording.ledger import new_id
from ap_ledger.roster.bringing import Bringer, tell_when_long
from api.app import GATES
from tests.house import FRIDAY, MONDAY, House


@pytest.fixture
def house(make_house: Callable[..., House], database: str) -> House:
    made = make_house(database)
    made.lead, made.deputy = made.person("Rowan", "dsl"), made.person("Alder", "deputy-dsl")
    look(made)
    return made


def look(house: House) -> int:
    house.runner.catch_up()
    return raise_new(house.service)


def worry(house: House, student: UUID | None = None, **more: Any) -> None:
    house.record(house.entry("worry-raised", MONDAY, student, text="They said that home is not safe.", **more), at=FRIDAY)


def unread(house: House, person: UUID) -> dict[str, int]:
    told: dict[str, int] = {}
    for group in house.service.notices.unread(person):
        told[group.name] = told.get(group.name, 0) + group.number
    return told


def rings(page: str) -> int:
    hidden, number = re.search(r'id="ringing"( hidden)?>\s*([0-9+]+)', page).groups()
    return 0 if hidden else int(number)


@contextmanager
def statements(engine: Any) -> Iterator[list[str]]:
    """What a store is asked meanwhile."""
    heard: list[str] = []

    def hear(_: Any, __: Any, statement: str, *more: Any) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def test_every_row_of_the_table_leads_somewhere_and_is_made_by_something() -> None:
    pages = {key.removeprefix("GET ").replace("{report_id}", "{about}") for key in GATES}
    for notice in NOTICES:
        assert notice.page in pages and notice.shown_to in ACTIONS and "{count}" in notice.many and "{" not in notice.one
        if isinstance(notice.source, Recorded):
            assert set(notice.source.topics) <= set(EVENT_BY_TOPIC)
    topics = [topic for notice in NOTICES if isinstance(notice.source, Recorded) for topic in notice.source.topics]
    assert len(NOTICE_BY_NAME) == len(NOTICES) and len(set(topics)) == len(topics)


def test_a_worry_rings_at_the_leads_once_and_ends_when_its_page_is_shown(house: House) -> None:
    worry(house)
    assert look(house) == 2 and look(house) == 0
    assert unread(house, house.lead) == unread(house, house.deputy) == {"worry": 1}
    assert not unread(house, house.leader) and not unread(house, house.mentor) and not unread(house, house.teacher)
    with house.browser(house.lead) as lead:
        assert rings(lead.get("/students").text) == 1 and lead.get("/notices/count").json() == {"count": 1}
        page = lead.get("/notices").text
        assert "A worry came in" in page and 'href="/safeguarding"' in page and "home is not safe" not in page and "Ash" not in page
        assert rings(lead.get("/safeguarding").text) == 0 == rings(lead.get("/students").text)
        assert "There is nothing that you have not read" in lead.get("/notices").text
        deputy = house.browser(house.deputy, lead.app)
        assert rings(deputy.get("/students").text) == 1


def test_a_restrictive_incident_rings_at_whoever_leads_and_an_ordinary_one_does_not(house: House) -> None:
    house.record(house.entry("incident-recorded", category="verbal-aggression", restrictive=False))
    assert look(house) == 0
    house.record(house.entry("incident-recorded", category="restraint", restrictive=True))
    look(house)
    assert unread(house, house.leader) == {"restrictive-incident": 1} and not unread(house, house.mentor)
    with house.browser() as leader:
        assert 'href="/incidents"' in leader.get("/notices").text and leader.get("/incidents").status_code == 200
    assert not unread(house, house.leader)


def test_whoever_is_kept_from_a_student_does_not_learn_that_there_was_a_worry(house: House) -> None:
    house.ledger.execute(
        DeclareConflict(
            id=new_id(), setting_id=house.setting, person_id=house.lead, author_id=house.lead, conflicted_student=house.student, reason_code="own-child"
        )
    )
    worry(house)
    assert look(house) == 1 and not unread(house, house.lead) and unread(house, house.deputy) == {"worry": 1}


def test_a_worry_in_the_name_of_a_lead_rings_at_that_lead_too(house: House) -> None:
    worry(house, author_id=str(house.lead))
    look(house)
    assert unread(house, house.lead) == {"worry": 1}


def test_a_role_that_ended_takes_its_notices_along(house: House) -> None:
    worry(house)
    look(house)
    grant = next(role.grant_id for role in house.ledger.access_facts.roles(house.deputy))
    house.ledger.execute(EndRole(id=new_id(), setting_id=house.setting, person_id=house.deputy, grant_id=grant, on=FRIDAY.date()))
    house.grant(house.deputy, "ap-staff")
    house.runner.catch_up()
    with house.browser(house.deputy) as former:
        assert rings(former.get("/students").text) == 0 and "worry" not in former.get("/notices").text


def test_all_is_read_up_to_what_the_page_showed(house: House) -> None:
    worry(house)
    look(house)
    with house.browser(house.lead) as lead:
        until = re.search('name="until" value="([0-9]+)"', lead.get("/notices").text)[1]
        house.clock.now = FRIDAY + timedelta(minutes=1)
        worry(house)
        house.clock.now = FRIDAY + timedelta(minutes=2)
        look(house)
        lead.post("/notices", data={"until": until})
        assert rings(lead.get("/notices").text) == 1


def test_what_is_held_rings_at_its_author_and_at_whoever_settles_it(house: House) -> None:
    entry = house.rung("no-such-rung")
    (answer,) = house.record(entry, at=FRIDAY)
    assert answer.status in ("held", "refused")
    assert look(house) == 0, "it may find its place by itself"
    house.clock.now = FRIDAY + timedelta(minutes=3)
    look(house)
    assert unread(house, house.mentor) == unread(house, house.leader) == {"held": 1} and not unread(house, house.teacher)
    with house.browser(house.mentor) as mentor:
        assert rings(mentor.get("/held").text) == 0
    assert look(house) == 0


def test_what_runs_by_itself_and_failed_rings_once_a_day(house: House) -> None:
    for minute in range(3):
        at = FRIDAY + timedelta(minutes=minute)
        assert house.jobs.claim("sweep", at, at)
        house.jobs.finish("sweep", at, at, error="ValueError")
        look(house)
    assert unread(house, house.leader) == {"job-failed": 1} and not unread(house, house.lead)
    house.jobs.claim("sweep", FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=1))
    house.jobs.finish("sweep", FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=1), error="ValueError")
    look(house)
    assert unread(house, house.leader) == {"job-failed": 2}


def test_a_notice_is_told_within_a_minute_by_what_runs_by_itself(house: House) -> None:
    (job,) = (job for job in JOBS if job.name == "raise-notices")
    assert job.every <= timedelta(seconds=30)
    worry(house)
    house.runner.catch_up()
    assert run_due(house.service, [job]) == 1 and unread(house, house.lead) == {"worry": 1}
    assert house.jobs.latest_runs()["raise-notices"].counts == {"told": 2}


def test_what_cannot_be_told_keeps_nothing_else_from_being_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("secret words")

    rows = tuple(replace(row, source=replace(row.source, look=broken)) if row.name == "held" else row for row in NOTICES)
    monkeypatch.setattr(raising, "NOTICES", rows)
    worry(house)
    house.clock.now = FRIDAY + timedelta(minutes=2)
    house.runner.catch_up()
    with pytest.raises(raising.NotAllTold):
        raise_new(house.service)
    assert unread(house, house.lead) == {"worry": 1}


def test_a_page_that_asks_by_itself_keeps_no_session_alive(house: House) -> None:
    with house.browser(house.lead) as lead:
        for minutes in (20, 29, 31):
            house.clock.now = FRIDAY + timedelta(minutes=minutes)
            answer = lead.get("/notices/count", follow_redirects=False)
            assert (answer.status_code == 200) == (minutes < 30)


def test_notices_of_long_ago_are_forgotten(house: House) -> None:
    worry(house)
    look(house)
    assert house.service.notices.tidy(FRIDAY + timedelta(days=89)) == 0
    assert house.service.notices.tidy(FRIDAY + timedelta(days=91)) == 2 and not unread(house, house.lead)


def test_the_store_holds_no_word_and_no_student(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    house.lead = house.person("Rowan", "dsl")
    worry(house)
    look(house)
    with closing(sqlite3.connect(house.settings.data / "notices.sqlite")) as store:
        kept = b"".join(str(row).encode() + b"".join(part for part in row if isinstance(part, bytes)) for row in store.execute("SELECT * FROM notices"))
    assert house.student.bytes not in kept and b"safe" not in kept and house.lead.bytes in kept


def test_an_older_ledger_that_is_looked_at_for_the_first_time_rings_for_nothing_old(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database)
    house.lead = house.person("Rowan", "dsl")
    worry(house)
    house.clock.now = FRIDAY + timedelta(days=3)
    assert look(house) == 0
    house.record(house.entry("worry-raised", MONDAY, text="Another"), at=FRIDAY + timedelta(days=3))
    assert look(house) == 1


def test_whoever_waited_long_for_a_file_is_told_that_it_is_in(house: House) -> None:
    (body,) = house.reader.whole("settings")
    bringer = Bringer(house.ledger.access_facts.who(house.leader), body, new_id())
    tell_when_long(house.service, bringer, house.ledger.now() - timedelta(seconds=19))
    assert not unread(house, house.leader)
    for _ in range(2):
        tell_when_long(house.service, bringer, house.ledger.now() - timedelta(seconds=20))
    assert unread(house, house.leader) == {"brought-in": 1} and not unread(house, house.lead)


def test_the_bell_asks_one_question_however_much_there_is(house: House) -> None:
    with house.browser(house.lead) as lead:
        lead.get("/students")
        asked: list[int] = []
        for number in (0, 50):
            for _ in range(number):
                worry(house)
            look(house)
            with statements(house.service.notices._engine) as heard:
                assert rings(lead.get("/students").text) == number
            asked.append(len(heard))
    assert asked == [1, 1]


def test_an_administrator_is_told_that_a_job_failed_where_the_notice_leads(house: House) -> None:
    admin = house.person("Sorrel", "administrator")
    house.jobs.claim("sweep", FRIDAY, FRIDAY)
    house.jobs.finish("sweep", FRIDAY, FRIDAY, error="ValueError")
    look(house)
    assert unread(house, admin) == {"job-failed": 1}
    with house.browser(admin) as administrator:
        page = administrator.get("/").text
        assert "Something that runs by itself failed." in page and "See what" not in page and rings(page) == 0
        assert "See what" in house.browser(house.leader, administrator.app).get("/").text
