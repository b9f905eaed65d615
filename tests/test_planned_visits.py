"""A visit is planned, moved, cancelled, checked into and out of, settled the same day, and told of when nothing is heard."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from ap_ledger.access.table import CALENDAR
from ap_ledger.domain.device import EnrolDevice
from ap_ledger.domain.due import EndClock
from ap_ledger.domain.person import EndRole
from ap_ledger.domain.student import AssignMentor
from ap_ledger.domain.visits import CancelVisit, ChangeVisit, FlagAddress, NoteAddress, PlanVisit
from ap_ledger.errors import Refused
from ap_ledger.notices.raising import raise_new
from ap_ledger.recording.ledger import new_id
from api.core.asking import DEVICE_COOKIE
from projections.queries.clocks import clocks
from projections.queries.planned_visits import Plan, addresses_of, overdue, planned_visit, planned_visits
from tests.house import FRIDAY, THURSDAY, House

TODAY = FRIDAY.date()
AT = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)


@pytest.fixture
def planned(house: House) -> House:
    """A house whose mentor has the student on their caseload."""
    assign(house, house.student)
    return house


def assign(house: House, student: UUID) -> None:
    house.ledger.execute(AssignMentor(id=new_id(), setting_id=house.setting, student=student, person_id=house.mentor, from_date=date(2026, 1, 5)))


def give(house: House, kind: Any, student: UUID | None = None, **fields: Any) -> None:
    house.ledger.execute(kind(id=new_id(), setting_id=house.setting, student=student or house.student, author_id=house.mentor, **fields))


def plan(house: House, at: datetime = AT, student: UUID | None = None, **more: Any) -> UUID:
    """A visit of the house's mentor, 40 minutes long."""
    visit = new_id()
    said = {"person_id": house.mentor, "starts_at": at, "minutes": 40, "purpose": "doorstep", "alone": True, **more}
    give(house, PlanVisit, student, visit_id=visit, **said)
    return visit


def told(house: House, visit: UUID) -> Plan:
    house.runner.catch_up()
    return planned_visit(house.reader, visit)[1]


def here(house: House) -> Any:
    body = house.reader.one("settings", str(house.setting))
    assert body is not None
    return body


def test_a_visit_is_planned_moved_and_cancelled_and_that_it_was_planned_stays(planned: House) -> None:
    visit = plan(planned)
    assert told(planned, visit).state(AT) == "planned"
    moved = {"person_id": planned.mentor, "starts_at": AT + timedelta(days=3), "minutes": 60, "purpose": "learning", "alone": False}
    give(planned, ChangeVisit, visit_id=visit, **moved)
    assert (told(planned, visit).day, told(planned, visit).minutes) == (date(2026, 3, 9), 60)
    give(planned, CancelVisit, visit_id=visit, cancelled_by="them", reason_code="unwell", reason="a cold")
    assert told(planned, visit).state(AT) == "cancelled-by-them" and told(planned, visit).settled
    for again in (
        lambda: give(planned, CancelVisit, visit_id=visit, cancelled_by="us", reason_code="travel"),
        lambda: give(planned, ChangeVisit, visit_id=visit, **moved),
    ):
        with pytest.raises(Refused, match="cancelled"):
            again()
    with pytest.raises(Refused, match="planned before"):
        give(planned, PlanVisit, visit_id=visit, **moved)
    with pytest.raises(Refused, match="somebody else"):
        plan(planned, buddy_id=planned.mentor)
    assert planned.views.dead_letters() == 0


def test_a_visit_of_that_mentor_and_student_that_day_settles_one_plan_and_no_other_does(planned: House) -> None:
    assign(planned, planned.other)
    first, second, others = plan(planned), plan(planned, AT + timedelta(hours=3)), plan(planned, student=planned.other)
    log = planned.entry("visit-logged", AT, effort="attempted", channel="in-person", minutes=35)
    somebody = planned.entry("visit-logged", AT, author_id=str(planned.teacher), effort="attempted", channel="phone", minutes=5)
    planned.record(log, somebody, at=FRIDAY)
    assert [told(planned, visit).state(FRIDAY) for visit in (first, second, others)] == ["done", "planned", "planned"]
    assert told(planned, second).state(FRIDAY + timedelta(days=1)) == "missed"
    planned.record(planned.entry("visit-logged", AT, visit_id=str(second), effort="cancelled-by-us", channel="in-person"))
    assert told(planned, second).state(FRIDAY) == "cancelled-by-us"
    planned.record(planned.void(log, FRIDAY))
    assert told(planned, first).state(FRIDAY) == "planned", "what was taken back settles nothing"


def test_silence_goes_to_the_buddy_and_then_to_whoever_leads_and_ends_with_a_check_out(planned: House) -> None:
    visit = plan(planned, buddy_id=planned.teacher)
    planned.record(planned.entry("visit-checked-in", AT + timedelta(minutes=5), visit_id=str(visit)), at=AT + timedelta(minutes=6))
    assert told(planned, visit).state(AT) == "under-way"
    ends = AT + timedelta(minutes=40)
    whom = [told(planned, visit).silence(ends + timedelta(minutes=late)) for late in (0, 14, 15, 29, 30)]
    assert whom == [None, None, "buddy", "buddy", "lead"]
    for late, who_sees in ((10, ""), (20, "buddy"), (31, "buddy lead")):
        planned.clock.now = ends + timedelta(minutes=late)
        with planned.browser(planned.teacher) as client:
            for name, person in (("buddy", planned.teacher), ("lead", planned.leader), ("nobody", planned.person("Sedge", "ap-staff"))):
                planned.runner.catch_up()
                page = planned.browser(person, client.app).get("/").text
                assert ("has not checked out yet" in page) is (name in who_sees.split()), (late, name)
                assert ("Last heard at 09:05" in page) is (name in who_sees.split())
                assert "danger" not in page
    planned.record(planned.entry("visit-checked-out", ends + timedelta(minutes=30), visit_id=str(visit)), at=ends + timedelta(minutes=40))
    planned.runner.catch_up()
    assert overdue(planned.reader, here(planned), planned.clock.now) == []
    assert told(planned, visit).state(planned.clock.now) == "left"


def test_a_check_in_that_is_sent_twice_or_late_happened_once_when_the_phone_says(planned: House) -> None:
    visit = plan(planned)
    entry = planned.entry("visit-checked-in", AT, visit_id=str(visit))
    assert [result.status for result in planned.record(entry, at=FRIDAY + timedelta(hours=9))] == ["recorded"]
    assert planned.one(entry).status == "duplicate"
    assert told(planned, visit).checked_in == AT
    assert planned.one(planned.entry("visit-checked-in", AT)).field == "visit_id"


def test_only_that_days_visitor_and_safeguarding_leads_read_what_to_know_about_an_address(planned: House) -> None:
    home, elsewhere = new_id(), new_id()
    give(planned, NoteAddress, address_id=home, home=True, address="1 Mill Lane")
    give(planned, FlagAddress, address_id=home, flags="a dog called Biscuit")
    with pytest.raises(Refused, match="No address"):
        give(planned, FlagAddress, address_id=elsewhere, flags="stairs")
    tomorrow = plan(planned, AT + timedelta(days=1), address_id=home)
    dsl = planned.person("Fern", "dsl")
    with planned.browser() as client:
        planned.runner.catch_up()

        def sees(person: UUID) -> bool:
            browser = planned.browser(person, client.app)
            pages = [browser.get(f"/week/{tomorrow}").text, browser.get(f"/students/{planned.student}/addresses").text, browser.get("/").text]
            assert "Mill Lane" in pages[0]
            return any("Biscuit" in page for page in pages)

        assert [sees(person) for person in (planned.mentor, planned.leader, dsl)] == [False, False, True]
        planned.clock.now = FRIDAY + timedelta(days=1)
        assert [sees(person) for person in (planned.mentor, planned.leader, dsl)] == [True, False, True]
        body = planned.browser(planned.leader, client.app).get("/api/v1/students").text
        assert "Biscuit" not in body and "Mill Lane" not in body
        looks = planned.ledger.recorder.tail_of_topics(["record-read"])
        looked = {UUID(bytes=bytes(row.author_id)) for row in looks if row.author_id and row.student_id}
        assert looked == {planned.mentor, planned.leader, dsl}, "who looked is put down"
    student = planned.reader.one("students", str(planned.student))
    assert student is not None
    planned.shred("core")
    (address,) = addresses_of(planned.reader, [student])[student["id"]]
    assert address.text is None


def test_a_mentor_plans_moves_checks_in_and_out_and_cancels_on_pages(planned: House) -> None:
    with planned.browser(planned.mentor) as client:
        planned.runner.catch_up()
        page = client.get("/week").text
        form = {**dict(re.findall('name="(command)" value="([^"]+)"', page)), "setting": str(planned.setting), "student": str(planned.student)}
        form |= {"day": TODAY.isoformat(), "time": "09:30", "minutes": "40", "purpose": "learning", "alone": "yes", "buddy_id": str(planned.leader)}
        for _ in range(2):
            page = client.post("/week", data=form).text
            assert "It is planned." in page and len(re.findall(r"/week/[0-9a-f-]{36}", page)) == 1
        assert client.post("/week", data={**form, "command": str(new_id()), "time": ""}).status_code == 422
        (visit,) = set(re.findall("/week/([0-9a-f-]{36})", page))
        home = client.get("/").text
        assert "Next, 09:30" in home and "Check in" in home
        said = {"form": str(new_id()), "from": "home"}
        for _ in range(2):
            client.post(f"/week/{visit}/here", data={**said, "do": "in"})
        planned.runner.catch_up()
        home = client.get("/").text
        assert "Check out" in home and "Check in<" not in home
        here_to_log = planned.browser(planned.mentor, client.app, kind="pin")
        assert here_to_log.get("/week").status_code == here_to_log.get(f"/week/{visit}").status_code == 403
        assert "Check out" in here_to_log.get("/").text
        out = {"form": str(new_id()), "do": "out"}
        assert here_to_log.post(f"/week/{visit}/here", data=out, follow_redirects=False).headers["location"].startswith("/?done=out")
        page = client.post(f"/week/{visit}/here", data=out).text
        assert "You are checked out." in page
        moved = {**form, "command": str(new_id()), "do": "change", "time": "10:00"}
        assert "It is changed." in client.post(f"/week/{visit}", data=moved).text
        refused = client.post(f"/week/{visit}", data={"command": str(new_id()), "do": "cancel", "cancelled_by": "", "reason_code": ""})
        assert refused.status_code == 422
        gone = {"command": str(new_id()), "do": "cancel", "cancelled_by": "us", "reason_code": "travel", "reason": "the bridge was shut"}
        page = client.post(f"/week/{visit}", data=gone).text
        assert "Cancelled by us" in page and "bridge" not in page
        theirs = plan(planned, AT, planned.other, person_id=planned.teacher)
        planned.runner.catch_up()
        assert client.get(f"/week/{theirs}").status_code == 403, "of a student who is not on the caseload"
        assert client.post(f"/week/{theirs}/here", data={"form": str(new_id()), "do": "in"}).status_code == 403
        everyone = planned.browser(planned.leader, client.app).get("/week/everyone").text
        assert "Hazel" in everyone and "Birch" in everyone and "1 · Cancelled by us" in everyone


def test_plans_of_two_records_of_one_child_are_told_of_the_one_that_is_kept(planned: House) -> None:
    from ap_ledger.domain.joining import JoinStudents

    assign(planned, planned.other)
    visit = plan(planned, student=planned.other)
    planned.ledger.execute(
        JoinStudents(
            id=new_id(), setting_id=planned.setting, author_id=planned.leader, student=planned.other, kept_student=planned.student, reason_code="admitted-twice"
        )
    )
    planned.record(planned.entry("visit-logged", AT, effort="attempted", channel="in-person"), at=FRIDAY)
    assert told(planned, visit).student_id == planned.student
    assert told(planned, visit).state(FRIDAY) == "done"
    days = planned_visits(planned.reader, here(planned), THURSDAY.date(), TODAY)
    assert [each.id for each in days] == [visit]


def test_a_visit_that_was_not_settled_is_due_until_it_is_logged_cancelled_or_ended_with_a_reason(planned: House) -> None:
    def due() -> list[tuple[str, str]]:
        planned.runner.catch_up()
        students = planned.reader.everyone(here(planned))
        found = clocks(planned.reader, here(planned), students, planned.clock.now)
        return [(clock.about, clock.state) for clock in found if clock.kind == "planned visit"]

    planned.clock.now = AT - timedelta(minutes=5)
    first, second, third, fourth = (plan(planned, AT + timedelta(hours=hour)) for hour in range(4))
    assert due() == []
    planned.clock.now = AT + timedelta(minutes=41)
    assert due() == [(str(first), "due")]
    planned.clock.now = AT + timedelta(days=40)
    assert {about for about, state in due() if state == "overdue"} == {str(one) for one in (first, second, third, fourth)}
    log = planned.entry("visit-logged", AT, effort="attempted", channel="in-person", minutes=35, visit_id=str(second))
    planned.record(log)
    give(planned, CancelVisit, visit_id=third, cancelled_by="us", reason_code="travel")
    ending = {"setting_id": planned.setting, "student": planned.student, "author_id": planned.leader, "clock": "planned visit"}
    with pytest.raises(Refused, match="Nothing like this"):
        planned.ledger.execute(EndClock(id=new_id(), about=str(third), reason_code="other", reason="so", **ending))
    planned.ledger.execute(EndClock(id=new_id(), about=str(fourth), reason_code="other", reason="nobody remembers", **ending))
    assert due() == [(str(first), "overdue")]
    planned.record(planned.correct(log, planned.clock.now, effort="planned"))
    assert {about for about, _ in due()} == {str(first), str(second)}
    ahead = plan(planned, planned.clock.now + timedelta(days=1))
    with pytest.raises(Refused, match="not due yet"):
        planned.ledger.execute(EndClock(id=new_id(), about=str(ahead), reason_code="other", reason="so", **ending))
    assert planned.views.dead_letters() == 0


def test_the_buddy_and_then_the_leads_are_rung_once_each_and_nobody_else(planned: House) -> None:
    plan(planned, buddy_id=planned.teacher)
    told: dict[int, list[str]] = {}
    for late in (10, 16, 20, 31, 40):
        planned.clock.now = AT + timedelta(minutes=40 + late)
        planned.runner.catch_up()
        raise_new(planned.service)
        people = {"buddy": planned.teacher, "lead": planned.leader, "mentor": planned.mentor}
        told[late] = [name for name, person in people.items() if any(group.name == "no-check-out" for group in planned.service.notices.unread(person))]
        numbers = [group.number for person in people.values() for group in planned.service.notices.unread(person) if group.name == "no-check-out"]
        assert set(numbers) <= {1}
    assert told == {10: [], 16: ["buddy"], 20: ["buddy"], 31: ["buddy", "lead"], 40: ["buddy", "lead"]}


def test_a_calendar_at_a_secret_address_says_when_and_neither_whom_nor_where_until_it_is_ended(planned: House) -> None:
    home = new_id()
    give(planned, NoteAddress, address_id=home, home=True, address="1 Mill Lane")
    visit = plan(planned, AT + timedelta(days=3), address_id=home)
    gone = plan(planned, AT + timedelta(days=4))
    give(planned, CancelVisit, visit_id=gone, cancelled_by="us", reason_code="travel")
    plan(planned, person_id=planned.teacher)
    planned.accounts.set_password(planned.mentor, "hazel", "kettle lamp harbour")
    with planned.browser(planned.mentor) as client:
        planned.runner.catch_up()
        assert client.post("/me", data={"do": "calendar", "current": "wrong"}).status_code == 422
        page = client.post("/me", data={"do": "calendar", "current": "kettle lamp harbour"}).text
        secret = re.search(r"/feed/([\w-]+)\.ics", page)
        assert secret is not None and secret[1] not in client.get("/me").text
        stranger = planned.stranger(client.app)
        answer = stranger.get(f"/feed/{secret[1]}.ics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/calendar")
        events = {str(event["uid"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}
        assert set(events) == {f"{visit}@ap-ledger", f"{gone}@ap-ledger"}
        event = events[f"{visit}@ap-ledger"]
        assert (event.start, event.end, str(event["summary"])) == (AT + timedelta(days=3), AT + timedelta(days=3, minutes=40), "Visit, 40 min")
        assert str(events[f"{gone}@ap-ledger"]["status"]) == "CANCELLED"
        for word in ("Ash", "Heron", "Mill", "Hazel", str(planned.student)):
            assert word not in answer.text
        assert stranger.get("/api/v1/students", headers={"authorization": f"Bearer {secret[1]}"}).status_code == 403
        other = planned.accounts.make_token(planned.mentor, ("all",), 9)
        assert stranger.get(f"/feed/{other}.ics").status_code == stranger.get("/feed/x.ics").status_code == 404
        client.post("/me", data={"do": "revoke-token", "prefix": secret[1][:9]})
        assert stranger.get(f"/feed/{secret[1]}.ics").status_code == 404


def test_a_calendar_goes_with_the_work_and_not_with_any_other_role(planned: House) -> None:
    visitor = planned.person("Bay", "family")
    works = planned.grant(visitor, "ap-staff")
    visit = plan(planned, AT + timedelta(days=3), person_id=visitor)
    secret = planned.accounts.make_token(visitor, (CALENDAR,), 9)

    def visits() -> list[str]:
        planned.runner.catch_up()
        with planned.stranger() as client:
            answer = client.get(f"/feed/{secret}.ics")
        return [str(event["uid"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]

    assert visits() == [f"{visit}@ap-ledger"]
    ended = {"setting_id": planned.setting, "person_id": visitor, "grant_id": works, "on": planned.clock.now.date()}
    planned.ledger.execute(EndRole(id=new_id(), author_id=planned.leader, **ended))
    assert visits() == []


def test_a_phone_is_told_where_its_visits_go_and_a_shared_tablet_is_not(planned: House) -> None:
    home = new_id()
    give(planned, NoteAddress, address_id=home, home=True, address="1 Mill Lane")
    give(planned, FlagAddress, address_id=home, flags="a dog")
    visit = plan(planned, address_id=home)
    plan(planned, AT + timedelta(days=1))
    plan(planned, AT + timedelta(days=2))
    plan(planned, person_id=planned.teacher)
    with planned.browser() as client:
        planned.runner.catch_up()
        for kind, told in (("phone", ("1 Mill Lane", "a dog")), ("tablet", (None, None))):
            device = new_id()
            planned.ledger.execute(EnrolDevice(id=new_id(), setting_id=planned.setting, author_id=planned.leader, device=device, name="D", kind=kind))
            planned.runner.catch_up()
            browser = planned.browser(planned.mentor, client.app, device=device)
            browser.cookies.set(DEVICE_COOKIE, planned.accounts.admit_device(device))
            here = browser.get("/api/v1/capture").json()["planned"]
            assert len(here) == 2 and here[0]["id"] == str(visit)
            assert (here[0]["address"], here[0]["flags"]) == told


def test_nobody_is_sent_to_whom_they_could_not_log_and_nobody_from_outside_is_a_buddy(planned: House) -> None:
    with pytest.raises(Refused, match="not on this person's list"):
        plan(planned, student=planned.other)
    outside = planned.person("Wren", "family")
    for field in ("person_id", "buddy_id", "authorised_by"):
        with pytest.raises(Refused, match="no staff role"):
            plan(planned, **{field: outside})
        with pytest.raises(Refused, match="No person"):
            plan(planned, **{field: new_id()})
    visit = plan(planned, student=planned.other, person_id=planned.teacher)
    moved = {"person_id": planned.mentor, "starts_at": AT, "minutes": 60, "purpose": "learning", "alone": False}
    with pytest.raises(Refused, match="not on this person's list"):
        give(planned, ChangeVisit, planned.other, visit_id=visit, **moved)
