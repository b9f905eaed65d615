"""Who reads which report, what is due, what is missing, and what runs on a clock."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as some

import ap_ledger.jobs as jobs
from ap_ledger.bootstrap import Service
from ap_ledger.domain.family import LinkFamily
from ap_ledger.domain.person import DeclareConflict
from ap_ledger.domain.placement import CommissionSessions
from ap_ledger.domain.setting import AddCommissioner, SetCalendar
from ap_ledger.domain.student import EndPlacement, StartPlacement
from ap_ledger.domain.support import GroupStudent, NoteNeeds
from ap_ledger.errors import Refused
from ap_ledger.events.setting import Term
from ap_ledger.recording.ledger import new_id
from projections.queries.clocks import Clock, clocks
from projections.queries.gaps import Gaps
from projections.queries.overview import overview, recent_rungs
from projections.queries.periods import periods
from tests.house import FRIDAY, MONDAY, THURSDAY, House
from tests.test_roster_pages import fields_of

FIRST, LAST = date(2026, 2, 23), date(2026, 3, 6)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    made = House.furnished(request.param, tmp_path / "data", postgres)
    furnish(made)
    yield made
    made.close()


def furnish(house: House) -> None:
    """A commissioner who placed one of the two students, another who placed the other, a calendar, and a week of entries."""
    run = house.ledger.execute
    house.council, house.school, house.placed = new_id(), new_id(), {}  # type: ignore[attr-defined]
    for key, name, kind in ((house.council, "Council", "local-authority"), (house.school, "School", "school")):  # type: ignore[attr-defined]
        run(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=key, name=name, kind=kind))  # type: ignore[arg-type]
    for student, placer in ((house.student, house.council), (house.other, house.school)):  # type: ignore[attr-defined]
        placement = house.placed[student] = new_id()  # type: ignore[attr-defined]
        whose: dict[str, Any] = {"setting_id": house.setting, "student": student, "author_id": house.teacher}
        house.runner.catch_up()
        old = next(one for one in house.reader.whole("placements") if one["student_id"] == str(student))
        run(EndPlacement(id=new_id(), placement_id=UUID(old["id"]), end=date(2026, 1, 6), reason_code="moved", **whose))
        run(StartPlacement(id=new_id(), placement_id=placement, start=date(2026, 1, 7), commissioner_id=placer, purpose="reintegration", **whose))
    run(
        SetCalendar(
            id=new_id(),
            setting_id=house.setting,
            from_date=date(2026, 1, 5),
            terms=(Term(first=date(2026, 1, 5), last=date(2026, 2, 13), label="one"), Term(first=FIRST, last=LAST, label="two")),
        )
    )
    house.commissioner = house.person("Elder", "commissioner", commissioner_id=house.council)  # type: ignore[attr-defined]
    house.family = house.person("Rosemary", "family")  # type: ignore[attr-defined]
    run(LinkFamily(id=new_id(), setting_id=house.setting, student=house.student, author_id=house.teacher, person_id=house.family, from_date=date(2026, 1, 5)))  # type: ignore[attr-defined]
    house.record(
        house.rung("through-door"),
        house.rung("goes-out", at=MONDAY + timedelta(days=1)),
        house.outcome(),
        house.entry("voice-heard", speaker="student", face=4, words="the toast was good"),
    )
    house.record(house.rung("goes-out", student=house.other), house.outcome(student=house.other, author_id=str(house.teacher)))
    house.runner.catch_up()


def released(house: House, client: TestClient, **asked: str) -> str:
    """Looks at a report, releases it, and returns its address."""
    base = {"layout": "family", "student": str(house.student), "from": str(FIRST), "to": str(LAST), "known": house.clock.now.isoformat(), **asked}
    page = client.get("/reports/make", params=base)
    assert page.status_code == 200, page.text[:2000]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    answer = client.post("/reports", data=fields, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    house.runner.catch_up()
    return f"/reports/{fields['form']}"


# The list of students --------------------------------------------------------------------------------------------------


def test_the_list_of_students_climbs_by_rungs_alone_and_names_the_day_of_the_last_entry_of_any_kind(place: House) -> None:
    place.record(place.outcome(day=THURSDAY.date()), place.outcome(day=FRIDAY.date()))
    gone = place.outcome(day=date(2026, 3, 10))
    place.record(gone)
    place.record(place.void(gone))
    place.runner.catch_up()
    (setting,) = place.reader.whole("settings")
    lines = {line["id"]: line for line in overview(place.reader, setting, place.reader.everyone(setting), FRIDAY + timedelta(days=9))}
    mine = lines[str(place.student)]
    assert (mine["contacts"], mine["latest"], mine["last_day"]) == (2, "Goes out with the mentor", "2026-03-06"), "what was voided is no entry"
    assert [len(days) for days in recent_rungs(place.reader, setting, place.reader.everyone(setting), FRIDAY).values()] == [4, 1]


def test_lists_are_narrowed_down_by_group_and_by_need_as_they_are_in_force(place: House) -> None:
    run, whose = place.ledger.execute, {"setting_id": place.setting, "author_id": place.leader}
    for student, group, needs in ((place.student, "willow", ("SEMH", "ASD")), (place.other, "alder", ("SLCN",))):
        run(GroupStudent(id=new_id(), student=student, group=group, from_date=date(2026, 1, 5), **whose))
        run(NoteNeeds(id=new_id(), student=student, needs=needs, from_date=date(2026, 1, 5), **whose))
    run(GroupStudent(id=new_id(), student=place.student, group="hazel", from_date=date(2028, 1, 5), **whose))
    place.runner.catch_up()

    def listed(client: TestClient, page: str) -> list[str]:
        said = client.get(page)
        assert said.status_code == 200
        return re.findall(r'<td data-name="Student"><a href="/students/[^"]+">(\w+)', said.text)

    app = place.app()
    with place.browser(app=app) as leader:
        for page in ("/students?", f"/contact?setting={place.setting}&weeks=52&"):
            assert listed(leader, page) == ["Ash", "Kit"]
            assert listed(leader, f"{page}group=willow") == ["Ash"] and listed(leader, f"{page}group=hazel") == [], "that is far ahead"
            assert listed(leader, f"{page}need=ASD") == ["Ash"] and listed(leader, f"{page}need=SLCN&group=willow") == []
            assert all(word in leader.get(page).text for word in ("Willow", "Alder", "Autism", "Speech, language and communication"))
        page = leader.get(f"/students/{place.student}").text
        head = page.split('class="student-head"')[1].split("</header>")[0]
        assert all(words in head for words in ("Willow", "Social, emotional and mental health", "Autism"))
        commissioner = place.browser(place.commissioner, app)  # type: ignore[attr-defined]
        assert "Autism" not in commissioner.get("/").text + commissioner.get("/students").text + commissioner.get(f"/students/{place.student}").text
        assert listed(commissioner, "/students?need=ASD") == [], "nothing can be found out by asking"
        about = f"/api/v1/students/{place.student}"
        assert leader.get(about).json()["needs"] == ["SEMH", "ASD"]
        assert {one["id"]: one["needs"][0] for one in leader.get("/api/v1/students").json()["items"]} == {str(place.student): "SEMH", str(place.other): "SLCN"}
        assert "needs" not in commissioner.get(about).json(), "not even that there are any"
        place.shred("health")
        place.runner.catch_up()
        assert "needs" not in leader.get(about).json()
        assert listed(leader, "/students?need=ASD") == [] and "Autism" not in leader.get(f"/students/{place.student}").text


def test_a_need_is_named_once_by_a_code_that_schools_use(place: House) -> None:
    def note(*needs: str) -> None:
        place.ledger.execute(NoteNeeds(id=new_id(), setting_id=place.setting, student=place.student, needs=needs, from_date=date(2026, 1, 5)))

    for wrong in (("XX",), ("semh",), ("SEMH", "SEMH")):
        with pytest.raises(Refused, match="SEMH, SLCN"):
            note(*wrong)
    note()
    place.shred("health")
    with pytest.raises(Refused, match="erased"):
        note("SEMH")


def test_what_staff_wrote_keeps_its_capitals(place: House) -> None:
    place.record(place.entry("context-noted", category="moved to Nan in Hull"), place.entry("incident-recorded", category="left-site", restrictive=False))
    with place.browser() as leader:
        place.runner.catch_up()
        story = leader.get(f"/students/{place.student}").text
    assert "Moved to Nan in Hull" in story and "Left site" in story


# Who reads what -------------------------------------------------------------------------------------------------------


def test_a_familys_page_is_read_by_that_family_and_by_its_makers_alone(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        address = released(place, leader)
        for person, status in ((place.family, 200), (place.leader, 200), (place.commissioner, 403), (place.mentor, 403), (place.teacher, 403)):  # type: ignore[attr-defined]
            answer = place.browser(person, app).get(address)
            assert answer.status_code == status, person
            assert ("the toast was good" in answer.text) == (status == 200)
        home = place.browser(place.family, app).get("/").text  # type: ignore[attr-defined]
        assert address in home and "Kit" not in home
        assert place.browser(place.commissioner, app).get("/").text.count("Released to you") == 0  # type: ignore[attr-defined]
        for form, start in (("pdf", b"%PDF"), ("zip", b"PK")):
            assert place.browser(place.family, app).get(f"{address}/{form}").content.startswith(start)  # type: ignore[attr-defined]
        assert place.browser(place.family, app).get(f"{address}/exe").status_code == 404  # type: ignore[attr-defined]
    looks = [
        row
        for row in place.ledger.recorder.tail_of_topics(["record-read"], place.student)
        if b"report" in (row.state if isinstance(row.state, bytes) else str(row.state).encode())
    ]
    assert {row.author_id for row in looks} >= {place.leader.bytes, place.family.bytes}  # type: ignore[attr-defined]


def test_a_commissioner_reads_the_packs_released_to_them_and_no_others(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        mine = released(place, leader, layout="commissioner-pack", student="", commissioner=str(place.council))  # type: ignore[attr-defined]
        other = released(place, leader, layout="commissioner-pack", student="", commissioner=str(place.school))  # type: ignore[attr-defined]
        elder = place.browser(place.commissioner, app)  # type: ignore[attr-defined]
        page = elder.get(mine)
        assert page.status_code == 200 and "Ash H" in page.text and "Kit O" not in page.text and "toast" not in page.text
        assert elder.get(other).status_code == 403 and other not in elder.get("/").text
        # From a figure down to the entry on a doorstep.
        behind = re.search(r'href="(/students/[^"]+kind=rung-reached[^"]+)"', page.text)
        assert behind is not None
        entries = elder.get(behind[1].replace("&amp;", "&"))
        entry = re.search(r'href="(/students/[^"]+/entries/[0-9a-f-]{36})"', entries.text)
        assert entry is not None and elder.get(entry[1]).status_code == 200


def test_a_withdrawn_report_is_gone_for_its_readers_and_stays_for_its_makers(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        address = released(place, leader)
        done = leader.post(
            "/reports",
            data={"do": "withdraw", "report": address.rpartition("/")[2], "setting": str(place.setting), "form": str(new_id())},
            follow_redirects=False,
        )
        assert done.status_code == 303
        place.runner.catch_up()
        assert place.browser(place.family, app).get(address).status_code == 403  # type: ignore[attr-defined]
        assert "It was withdrawn" in leader.get(address).text


OFFERED = {
    "family": {"student"},
    "review-pack": {"student"},
    "commissioner-pack": {"student", "commissioner", "setting"},
    "gaps": {"setting", "commissioner", "student"},
}


@pytest.mark.parametrize("layout", OFFERED)
def test_a_form_for_a_report_offers_only_what_its_layout_can_use(place: House, layout: str) -> None:
    with place.browser() as leader:
        page = leader.get("/reports", params={"layout": layout}).text
    assert set(re.findall(r'name="about" value="(\w+)"', re.sub(r"\s+", " ", page))) == OFFERED[layout]
    assert ('name="commissioner"' in page) == ("commissioner" in OFFERED[layout]) == ('name="preset"' in page)
    assert not re.search(r">\s*(internal|publish-\d+)\s*<", page), "words for people"


@pytest.mark.parametrize(("about", "refusal"), [("student", "Choose the student"), ("commissioner", "Choose the commissioner")])
def test_a_report_about_whoever_was_not_chosen_is_refused_and_never_about_everybody(place: House, about: str, refusal: str) -> None:
    asked = {"layout": "commissioner-pack", "about": about, "student": "", "commissioner": "", "from": str(FIRST), "to": str(LAST)}
    with place.browser() as leader:
        answer = leader.get("/reports/make", params=asked)
    assert answer.status_code == 400 and refusal in answer.text
    assert re.search(rf'name="about" value="{about}" checked', re.sub(r"\s+", " ", answer.text)), "the choice is still there"


def test_what_was_chosen_stands_above_what_is_looked_at(place: House) -> None:
    asked = {"layout": "commissioner-pack", "about": "commissioner", "commissioner": str(place.council), "student": str(place.student)}  # type: ignore[attr-defined]
    with place.browser() as leader:
        page = leader.get("/reports/make", params={**asked, "from": str(FIRST), "to": str(LAST)}).text
    assert "Commissioner pack about all students of one commissioner." in page


def test_what_changed_since_somebody_looked_is_not_released_unseen(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        asked = {
            "layout": "family",
            "student": str(place.student),
            "from": str(FIRST),
            "to": str(LAST),
            "known": "",
            "setting": str(place.setting),
            "preset": "",
            "commissioner": "",
        }
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', leader.get("/reports/make", params=asked).text))
        answer = leader.post("/reports", data={**fields, "to": "2026-03-02"}, follow_redirects=False)
        assert answer.status_code == 400 and "has changed since you looked" in answer.text
        wrong = leader.get("/reports/make", params={**asked, "to": "2026-01-01"})
        assert wrong.status_code == 400 and "ends before it begins" in wrong.text
        assert 'name="to" value="2026-01-01"' in wrong.text and f'value="{place.student}" selected' in wrong.text, "what was typed is still there"
        whole = leader.get("/reports/make", params={"layout": "commissioner-pack", "setting": str(place.setting), "from": str(FIRST), "to": str(LAST)})
        assert whole.status_code == 200 and "Release to" not in whole.text and "publish-10" in whole.text
        assert "Give the first" in leader.get("/reports/make", params={**asked, "from": "soon"}).text


def test_a_released_report_says_the_same_after_later_entries_and_says_so_after_an_erasure(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        address = released(place, leader)
        before = leader.get(address).text
        place.clock.now += timedelta(days=1)
        place.record(place.rung("whole-session-independent", at=MONDAY + timedelta(days=3)))
        place.runner.catch_up()
        # A day later the leader signs in again.
        again = place.browser(app=app)
        after = again.get(address).text
        told = r"<strong>([^<]*)</strong>"
        assert "says something else now" not in after and re.findall(told, before) == re.findall(told, after) != []
        place.shred("learning")
        place.runner.catch_up()
        assert "the toast was good" in before and "the toast was good" not in again.get(address).text


def test_a_released_report_says_the_same_after_the_steps_of_the_ladder_are_called_otherwise(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        address = released(place, leader)
        place.clock.now += timedelta(days=1)
        again = place.browser(app=app)
        words = again.get("/setting/ladder/default-ladder").text
        said = {name: f"{value} indeed" for name, value in re.findall(r'name="(label:[^"]+)"[^>]*value="([^"]*)"', words)}
        fields = {**fields_of(words), **said}
        assert again.post("/setting/ladder/default-ladder", data=fields, follow_redirects=False).status_code == 303
        place.runner.catch_up()
        page = again.get(address).text
        assert "says something else now" not in page and " indeed" not in page


def test_a_leader_kept_from_a_student_makes_no_report_about_them(place: House) -> None:
    place.ledger.execute(
        DeclareConflict(
            id=new_id(),
            setting_id=place.setting,
            author_id=place.teacher,
            person_id=place.leader,
            conflicted_student=place.student,
            reason_code="own-child",
            approved_by=place.mentor,
        )
    )
    place.runner.catch_up()
    app = place.app()
    with place.browser(app=app) as leader:
        base = {"from": str(FIRST), "to": str(LAST)}
        assert leader.get("/reports/make", params={"layout": "family", "student": str(place.student), **base}).status_code == 403
        assert "Ash H" not in leader.get("/reports/make", params={"layout": "gaps", "setting": str(place.setting), **base}).text
        assert "Ash H" not in leader.get("/reports").text
        pack = leader.get("/reports/make", params={"layout": "commissioner-pack", "commissioner": str(place.council), **base})  # type: ignore[attr-defined]
        assert pack.status_code == 400 and "You are kept from one of the students" in pack.text
        other = leader.get("/reports/make", params={"layout": "commissioner-pack", "commissioner": str(place.school), **base})  # type: ignore[attr-defined]
        assert other.status_code == 200 and "Release to the commissioner" in other.text


def test_who_is_kept_from_a_child_does_not_read_about_them_in_a_pack_with_others(place: House) -> None:
    app = place.app()
    with place.browser(app=app) as leader:
        address = released(place, leader, layout="commissioner-pack", student="", commissioner=str(place.council))  # type: ignore[attr-defined]
        place.ledger.execute(
            DeclareConflict(
                id=new_id(), setting_id=place.setting, author_id=place.teacher, person_id=place.commissioner, conflicted_student=place.student, reason_code="own-child",  # type: ignore[attr-defined]
                approved_by=place.mentor,
            )
        )  # fmt: skip
        place.runner.catch_up()
        assert leader.get(address).status_code == 200
        assert place.browser(place.commissioner, app).get(address).status_code == 403  # type: ignore[attr-defined]


# What is due ----------------------------------------------------------------------------------------------------------


def due(house: House, kind: str) -> list[Clock]:
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    return [one for one in clocks(house.reader, setting, house.reader.everyone(setting), house.clock.now) if one.kind == kind]


def test_the_half_term_review_is_due_until_a_pack_is_released_to_the_commissioner(place: House) -> None:
    before = [("Half-term review with Council", "overdue"), ("Half-term review with School", "overdue")]
    now = [("Half-term review with Council", "due"), ("Half-term review with School", "due")]
    assert [(one.what, one.state) for one in due(place, "half-term review")] == before + now
    with place.browser() as leader:
        released(place, leader, layout="commissioner-pack", student="", commissioner=str(place.council))  # type: ignore[attr-defined]
    assert [(one.what, one.state) for one in due(place, "half-term review")] == [*before, now[1]]
    place.clock.now += timedelta(days=1)
    assert [one.state for one in due(place, "half-term review")] == ["overdue", "overdue", "overdue"]


def test_more_than_eighteen_hours_and_a_part_time_timetable_run_from_what_was_commissioned(place: House) -> None:
    def bought(sessions: int, hours: float, since: date) -> None:
        whose = {"setting_id": place.setting, "student": place.student, "author_id": place.teacher, "placement_id": place.placed[place.student]}  # type: ignore[attr-defined]
        place.ledger.execute(CommissionSessions(id=new_id(), from_date=since, sessions_a_week=sessions, hours_a_week=hours, **whose))

    assert due(place, "18 hours") == [] == due(place, "part-time timetable")
    bought(10, 18.0, date(2026, 1, 7))
    assert due(place, "18 hours") == []
    bought(10, 18.5, date(2026, 1, 8))
    assert [one.student["id"] for one in due(place, "18 hours") if one.student] == [str(place.student)]
    bought(6, 15, date(2026, 1, 20))
    assert due(place, "18 hours") == []
    assert [(one.due, one.state) for one in due(place, "part-time timetable")] == [(date(2026, 3, 3), "overdue")]


def test_an_absence_and_a_restraint_are_due_the_same_day_until_they_are_seen_to(place: House) -> None:
    planned = {"planned_start": FRIDAY.isoformat(), "planned_end": (FRIDAY + timedelta(hours=2)).isoformat()}
    restraint = place.entry("incident-recorded", FRIDAY, category="restraint", restrictive=True, minutes=2)
    place.record(place.entry("session-attended", FRIDAY, **planned), restraint)
    assert [one.state for one in due(place, "absence")] == ["due"] == [one.state for one in due(place, "restrictive intervention")]
    place.record(place.entry("visit-logged", FRIDAY, effort="attempted", channel="phone", minutes=3))
    place.record(place.correct(restraint, FRIDAY, parents_told_at=FRIDAY.isoformat()))
    assert due(place, "absence") == [] == due(place, "restrictive intervention")


def test_the_page_of_what_is_due_says_when_a_run_failed(place: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Service) -> jobs.Said:
        raise ValueError("secret words")

    service = place.service
    listed = tuple(replace(job, run=broken) if job.name == "digest" else job for job in jobs.JOBS)
    monkeypatch.setattr(jobs, "JOBS", listed)
    assert jobs.run_due(service) == len(jobs.JOBS) and place.jobs.latest_runs()["digest"].error == "ValueError"
    assert place.jobs.latest_runs()["retention-due"].error is None
    with place.browser(app=place.app(jobs=jobs.JOBS)) as leader:
        page = leader.get("/clocks").text
        assert "this failed on" in page and "It failed" in page and "ValueError" not in page and "secret words" not in page
        assert all(job.what in page for job in jobs.JOBS)
        assert "Something that runs by itself failed" in leader.get("/").text


def test_what_ran_by_itself_is_said_in_words_and_by_the_clock_on_the_wall(place: House) -> None:
    summer = datetime(2026, 6, 1, 5, tzinfo=UTC)
    for job in jobs.JOBS:
        assert place.jobs.claim(job.name, summer, summer)
    place.jobs.finish("digest", summer, summer, {"overdue": 2, "due": 1, "soon": 0})
    place.jobs.finish("half-term-packs", summer, summer, {"an": 1, "earlier": 2, "count": 3})
    with place.browser(app=place.app(jobs=jobs.JOBS)) as leader:
        page = leader.get("/clocks").text
    assert "2 past their day, 1 due, 0 soon" in page and "Mon 1 Jun 2026, 06:00" in page
    assert "UTC" not in page and "earlier" not in page, "summer time, and no count that has no words"


@pytest.mark.parametrize("job", jobs.JOBS, ids=lambda job: job.name)
def test_the_words_for_a_run_name_what_it_counts(job: jobs.Job, place: House) -> None:
    place.runner.catch_up()
    counts = job.run(place.service)
    assert job.result_in_words(counts) == job.result.format_map(counts)


# What runs on a clock -------------------------------------------------------------------------------------------------


def test_one_runner_at_a_time_takes_a_run_and_missed_runs_are_made_up_once(place: House) -> None:
    now = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert place.jobs.claim("x", now, now) and not place.jobs.claim("x", now, now)
    place.jobs.finish("x", now, now, {"n": 1})
    assert not place.jobs.claim("x", now, now + timedelta(minutes=5))
    later = now + timedelta(days=9)
    assert place.jobs.claim("x", later, later) and place.jobs.latest_runs()["x"].ended is None
    # Its process died: after an hour somebody else takes it over.
    assert not place.jobs.claim("x", later, later + timedelta(minutes=59))
    assert place.jobs.claim("x", later, later + timedelta(minutes=61))
    place.jobs.finish("x", later, later, error="ValueError")
    assert place.jobs.latest_runs()["x"].counts == {"n": 1}


@pytest.mark.parametrize(
    ("name", "now", "expected"),
    [
        ("settle-held", datetime(2026, 3, 6, 3, 19, 59, 999_999, tzinfo=UTC), datetime(2026, 3, 6, 3, 19, tzinfo=UTC)),
        ("remember-end", datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        ("sweep", datetime(2026, 3, 6, 3, 19, 59, 999_999, tzinfo=UTC), datetime(2026, 3, 5, 3, 20, tzinfo=UTC)),
        ("sweep", datetime(2026, 3, 6, 3, 20, tzinfo=UTC), datetime(2026, 3, 6, 3, 20, tzinfo=UTC)),
        ("digest", datetime(2026, 3, 9, 4, 59, tzinfo=UTC), datetime(2026, 3, 2, 5, tzinfo=UTC)),
        ("digest", datetime(2026, 3, 11, 0, 0, tzinfo=UTC), datetime(2026, 3, 9, 5, tzinfo=UTC)),
        ("retention-due", datetime(2026, 3, 1, 3, 0, tzinfo=UTC), datetime(2026, 2, 1, 4, tzinfo=UTC)),
        ("retention-due", datetime(2026, 3, 31, 3, 0, tzinfo=UTC), datetime(2026, 3, 1, 4, tzinfo=UTC)),
        # The clocks of Britain go forward and back at 01:00 UTC on these days; a job goes by none of them.
        ("sweep", datetime(2026, 3, 29, 3, 20, tzinfo=UTC), datetime(2026, 3, 29, 3, 20, tzinfo=UTC)),
        ("remember-end", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
def test_a_calendar_knows_when_it_was_last_due(name: str, now: datetime, expected: datetime) -> None:
    (calendar,) = (job.calendar for job in jobs.JOBS if job.name == name)
    assert jobs.last_due(calendar, now) == expected


@given(some.sampled_from(jobs.JOBS), some.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=some.just(UTC)))
def test_what_was_last_due_is_over_and_what_is_due_next_is_not(job: jobs.Job, now: datetime) -> None:
    due = jobs.last_due(job.calendar, now)
    assert due <= now < job.calendar.get_next_fire_time(due, now) and due.utcoffset() == timedelta(0)
    # Every process claims the same moment, whatever the second in which it looks.
    assert jobs.last_due(job.calendar, due) == due


def test_packs_are_prepared_once_when_a_half_term_is_over(place: House) -> None:
    service = place.service
    assert jobs._prepare_packs(service) == {"prepared": 2}, "the first half-term, which was over three weeks ago"
    place.clock.now = datetime.combine(LAST + timedelta(days=2), time(9), UTC)
    assert jobs._prepare_packs(service) == {"prepared": 2} and jobs._prepare_packs(service) == {"prepared": 0}
    found = [one for one in place.jobs.drafts_of(place.setting) if one.last == LAST]
    assert {(one.commissioner_id, one.students, one.first, one.last) for one in found} == {(place.council, 1, FIRST, LAST), (place.school, 1, FIRST, LAST)}  # type: ignore[attr-defined]
    with place.browser() as leader:
        assert leader.get("/reports").text.count("1 student") >= 2


# What is missing ------------------------------------------------------------------------------------------------------


def test_gaps_name_who_was_not_met_what_was_cancelled_and_raters_far_apart(place: House) -> None:
    place.clock.now = FRIDAY + timedelta(days=3)
    entries = []
    for n in range(25):
        for author, level in ((place.teacher, 1), (place.mentor, 0)):
            entries.append(place.outcome(level=level, day=date(2026, 3, 2 + n % 5), student=place.student, author_id=str(author)))
    entries.append(place.entry("visit-logged", MONDAY, effort="cancelled-by-us", channel="in-person"))
    assert {one.status for one in place.record(*entries)} == {"recorded"}
    place.runner.catch_up()
    setting = place.reader.one("settings", str(place.setting))
    assert setting is not None
    made = periods(place.reader, setting, place.reader.everyone(setting), FIRST, date(2026, 3, 15), None)
    found = Gaps(place.reader, setting, made)
    assert {(row[0].student["name"], row[1]) for row in found.not_met()} == {("Ash H", "2026-03-03"), ("Kit O", "2026-03-02")}
    assert [(row[0].student["name"], *row[1:]) for row in found.cancelled()] == [("Ash H", 0, 1)]
    (apart,) = found.raters()
    assert {apart.first, apart.second} == {"Birch", "Hazel"} and abs(apart.first_seen.value - apart.second_seen.value) > 0.9


@pytest.mark.parametrize("said", ["", "x", "-1", "9999-12-31", "0001-01-01", "2026-02-30", "' OR 1=1", "\u202e", "<script>", "%00"])
def test_whatever_is_typed_into_an_address_is_answered_with_a_sentence_and_never_a_fault(place: House, said: str) -> None:
    student, period = str(place.student), {"from": str(FIRST), "to": str(LAST)}
    asked: list[tuple[str, dict[str, str]]] = [
        (f"/students/{student}", {"as_of": said, "known": said}), (f"/students/{student}/frames", {"known": said}), (f"/students/{student}/story", {"as_of": said, "known": said}),
        (f"/students/{student}/since", {"as_of": said, "known": said}), (f"/students/{student}/compare", {"first_from": said, "first_to": said, "then_to": said, "known": said}),
        (f"/students/{student}/entries", {"kind": said, "from": said, "to": said, "about": said, "known": said}),
        (f"/students/{student}/entries", {"kind": "outcome-scored", "about": f"every-child-matters@1|{said}"}), (f"/students/{student}/entries", {"about": f"#{said}"}),
        ("/reports", {"setting": said, "student": said}), ("/reports/make", {"layout": said, "student": student, **period}), ("/reports/make", {"student": said, **period}),
        ("/reports/make", {"layout": "commissioner-pack", "commissioner": said, **period}), ("/reports/make", {"layout": "gaps", "from": said, "to": said}),
        ("/reports/make", {"layout": "gaps", "known": said, "preset": said, "form": said, **period}), (f"/reports/{said or 'x'}", {}), ("/clocks", {"setting": said}),
        ("/", {"worker": said, "commissioner": said, "purpose": said}),
    ]  # fmt: skip
    with place.browser() as leader:
        for address, params in asked:
            answer = leader.get(address, params=params)
            assert answer.status_code < 500 and "<script>alert" not in answer.text, (address, params)
        for fields in (
            {"do": said},
            {"do": "release", "student": student, "form": said, "hash": said, **period},
            {"do": "withdraw", "report": said, "form": said},
        ):
            assert leader.post("/reports", data=fields, follow_redirects=False).status_code < 500, fields
