"""What is due stays due until it is done, or somebody ends it with a reason. No length of time ends it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ap_ledger import jobs
from ap_ledger.commands import command_checks
from ap_ledger.domain.due import EndClock, EndReview, ResumeClock
from ap_ledger.domain.placement import CommissionSessions, CorrectPlacement
from ap_ledger.domain.report import ReleaseReport
from ap_ledger.domain.setting import AddCommissioner, SetCalendar
from ap_ledger.domain.student import EndPlacement, StartPlacement
from ap_ledger.errors import Refused
from ap_ledger.events.clocks import CLOCK_BY_NAME, CLOCKS
from ap_ledger.events.setting import Term
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.jobs import PackDraft
from projections.queries.clocks import Clock, clocks
from reports.layouts import read_layout
from tests.house import FRIDAY, MONDAY, TUESDAY, House

TERMS = (
    (date(2025, 9, 8), date(2025, 10, 24)),
    (date(2025, 11, 3), date(2025, 12, 19)),
    (date(2026, 1, 5), date(2026, 2, 13)),
    (date(2026, 2, 23), date(2026, 3, 27)),
)
LONG = timedelta(days=900)


@pytest.fixture
def place(house: House) -> House:
    """The house with a commissioner, who has placed the one student since last September, and a calendar."""
    house.council, now = new_id(), house.clock.now  # type: ignore[attr-defined]
    run = house.ledger.execute
    run(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=house.council, name="Council", kind="local-authority"))  # type: ignore[attr-defined]
    terms = tuple(Term(first=first, last=last, label=f"{last:%B}") for first, last in TERMS)
    run(SetCalendar(id=new_id(), setting_id=house.setting, from_date=date(2025, 9, 1), terms=terms))
    house.runner.catch_up()
    old = next(body for body in house.reader.whole("placements") if body["student_id"] == str(house.student))
    whose: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.teacher}
    run(EndPlacement(id=new_id(), placement_id=UUID(old["id"]), end=date(2026, 1, 5), reason_code="moved", **whose))
    house.placement = new_id()  # type: ignore[attr-defined]
    run(StartPlacement(id=new_id(), placement_id=house.placement, start=date(2026, 1, 6), commissioner_id=house.council, planned_end=date(2026, 7, 1), **whose))  # type: ignore[attr-defined]
    house.clock.now = now
    return house


def due(house: House, kind: str) -> list[Clock]:
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting))
    assert setting is not None
    return [one for one in clocks(house.reader, setting, house.reader.everyone(setting), house.clock.now) if one.kind == kind]


def much_later(house: House) -> None:
    house.clock.now = FRIDAY + LONG


def restraint(house: House, **said: Any) -> dict[str, Any]:
    return house.entry("incident-recorded", MONDAY, category="restraint", restrictive=True, minutes=2, **said)


def session(house: House, at: datetime = MONDAY, **said: Any) -> dict[str, Any]:
    return house.entry("session-attended", at, planned_start=at.isoformat(), planned_end=(at + timedelta(hours=2)).isoformat(), **said)


def asked(page: str, heading: str = "") -> dict[str, str]:
    """The hidden fields of the first form that ends something, after some words of the page."""
    found = re.search(r'<form method="post" action="/clocks">(.*?)</form>', page[page.index(heading) :], re.DOTALL)
    assert found is not None
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[1]))


# What is due stays due ------------------------------------------------------------------------------------------------


def test_parents_who_were_never_told_are_due_for_ever(place: House) -> None:
    incident = restraint(place)
    place.record(incident)
    much_later(place)
    (one,) = due(place, "restrictive intervention")
    assert (one.due, one.state, one.about, one.student and one.student["id"]) == (MONDAY.date(), "overdue", incident["id"], str(place.student))
    with place.browser() as leader:
        page = leader.get("/clocks").text
        assert "Parents are to be told" in page and f"/students/{place.student}/incidents/{incident['id']}" in page
        items = leader.get(f"/api/v1/settings/{place.setting}/due").json()["items"]
        assert next((item["clock"], item["due"], item["about"]) for item in items if item["student_id"]) == (
            "restrictive intervention",
            "2026-03-02",
            incident["id"],
        )
    place.record(place.correct(incident, parents_told_at=MONDAY.isoformat()))
    assert due(place, "restrictive intervention") == []


def test_each_incident_is_due_by_itself_and_a_void_takes_its_own_away(place: House) -> None:
    first, second = restraint(place), restraint(place)
    place.record(first, second)
    assert {one.about for one in due(place, "restrictive intervention")} == {first["id"], second["id"]}
    place.record(place.void(first))
    assert [one.about for one in due(place, "restrictive intervention")] == [second["id"]]
    place.record(place.correct(second, device_time=TUESDAY.isoformat()))
    assert [one.due for one in due(place, "restrictive intervention")] == [TUESDAY.date()]


def test_absences_that_nobody_followed_up_are_due_for_ever_and_a_visit_ends_those_before_it(place: House) -> None:
    place.record(session(place), session(place, TUESDAY))
    much_later(place)
    (one,) = due(place, "absence")
    assert (one.due, one.about, one.state) == (MONDAY.date(), "2026-03-03", "overdue") and one.what.startswith("2 days")
    visit = place.entry("visit-logged", MONDAY, effort="attempted", channel="phone", minutes=3)
    place.record(visit)
    assert [one.due for one in due(place, "absence")] == [TUESDAY.date()], "a call before an absence does not follow it up"
    place.record(place.correct(visit, device_time=TUESDAY.isoformat()))
    assert due(place, "absence") == []
    place.record(place.void(visit))
    assert [one.due for one in due(place, "absence")] == [MONDAY.date()]


def test_the_review_of_every_half_term_is_due_until_its_pack_is_released(place: House) -> None:
    assert [(one.due, one.state) for one in due(place, "half-term review")] == [(date(2026, 2, 13), "overdue")]
    much_later(place)
    assert [one.due for one in due(place, "half-term review")] == [date(2026, 2, 13), date(2026, 3, 27)]


def test_a_commissioner_whose_student_has_left_still_has_the_review_of_the_half_term_in_which_they_were_here(place: House) -> None:
    whose: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.teacher}
    place.ledger.execute(EndPlacement(id=new_id(), placement_id=place.placement, end=date(2026, 2, 6), reason_code="moved", **whose))  # type: ignore[attr-defined]
    much_later(place)
    assert [one.due for one in due(place, "half-term review")] == [date(2026, 2, 13)]


def test_hours_and_weeks_run_while_the_placement_does_and_end_with_it(place: House) -> None:
    whose: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.teacher, "placement_id": place.placement}  # type: ignore[attr-defined]
    place.ledger.execute(CommissionSessions(id=new_id(), from_date=date(2026, 1, 6), sessions_a_week=6, hours_a_week=20, **whose))
    much_later(place)
    assert [len(due(place, kind)) for kind in ("18 hours", "part-time timetable", "planned end")] == [1, 1, 1]
    place.ledger.execute(EndPlacement(id=new_id(), end=date(2028, 9, 1), reason_code="moved", **whose))
    assert [len(due(place, kind)) for kind in ("18 hours", "part-time timetable", "planned end")] == [1, 1, 0], "it runs until its last day"
    place.clock.now = datetime(2028, 9, 2, 9, tzinfo=UTC)
    assert [len(due(place, kind)) for kind in ("18 hours", "part-time timetable", "planned end")] == [0, 0, 0]


def test_what_two_people_said_is_due_until_it_is_settled_with_one_tap(place: House) -> None:
    here = session(place, actual_start=MONDAY.isoformat(), supervised_by=str(place.teacher))
    unseen = session(place, author_id=str(place.teacher))
    place.record(here, unseen, place.outcome(level=1), place.outcome(level=0))
    much_later(place)
    assert next(one.told for one in due(place, "two people said")) == (UUID(here["id"]), UUID(unseen["id"]))
    assert len(due(place, "two people said")) == 2 and due(place, "absence") == [], "nobody is asked to follow up what may not have been"
    with place.browser() as leader:
        page = leader.get("/clocks").text
        assert "different things about a session" in page and "Hazel" in page and "Birch" in page
        fields = asked(page, "about a session")
        assert (fields["keep"], fields["other"]) == (here["id"], unseen["id"])
        answer = leader.post("/clocks", data=fields)
        assert "It is settled" in answer.text and "different things about a session" not in answer.text and "about a score" in answer.text
        assert leader.post("/clocks", data=fields).status_code == 200, "sent twice, done once"
    assert place.look_back()["progress"]["sessions"] == {"attended": 1}
    told = next(one for one in place.look_back()["entries"] if one["id"] == unseen["id"])
    assert told["status"] == "voided" and told["changes"][0]["reason_code"] == "two-people-said"


def test_who_may_not_record_about_a_student_settles_nothing(place: House) -> None:
    here, unseen = session(place, actual_start=MONDAY.isoformat()), session(place)
    place.record(here, unseen)
    place.runner.catch_up()
    administrator = place.person("Sorrel", "administrator")
    with place.browser(administrator) as other:
        sent = {"do": "settle", "setting": str(place.setting), "keep": here["id"], "other": unseen["id"], "command": str(new_id())}
        assert other.post("/clocks", data=sent, follow_redirects=False).status_code == 403
    assert place.look_back()["progress"]["sessions"] == {"disputed": 1}


# Ended with a reason --------------------------------------------------------------------------------------------------


def test_a_leader_ends_what_is_due_with_a_reason_and_takes_it_up_again(place: House) -> None:
    incident = restraint(place)
    place.record(incident)
    much_later(place)
    place.runner.catch_up()
    with place.browser() as leader:
        fields = asked(leader.get("/clocks").text, "Parents are to be told")
        blank = leader.post("/clocks", data={**fields, "reason_code": "done-elsewhere", "reason": "  "})
        assert blank.status_code == 422 and "Say why it is ended" in blank.text
        page = leader.post("/clocks", data={**fields, "reason_code": "done-elsewhere", "reason": "their grandmother was there"}).text
        assert "Parents are to be told" not in page and "their grandmother was there" in page and "Done, and recorded elsewhere" in page
        assert due(place, "restrictive intervention") == []
        page = leader.post("/clocks", data=asked(page, "Ended with a reason")).text
        assert "Parents are to be told" in page and "Ended with a reason" not in page
    (row,) = place.rows("SELECT state FROM stored_events WHERE topic = 'clock-ended'")
    assert "grandmother" not in str(row[0]), "the reason is sealed"


def test_an_absence_that_was_ended_stays_ended_and_the_next_one_is_due(place: House) -> None:
    place.record(session(place))
    (one,) = due(place, "absence")
    head: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.leader, "clock": "absence", "about": one.about}
    place.ledger.execute(EndClock(id=new_id(), reason_code="other", reason="a hospital day", **head))
    assert due(place, "absence") == []
    place.record(session(place, TUESDAY))
    assert [(one.due, one.about) for one in due(place, "absence")] == [(TUESDAY.date(), "2026-03-03")]
    place.ledger.execute(ResumeClock(id=new_id(), **head))
    assert [one.due for one in due(place, "absence")] == [MONDAY.date()]


def test_a_review_is_ended_with_a_reason_and_its_pack_waits_for_nobody(place: House) -> None:
    place.runner.catch_up()
    jobs._prepare_packs(place.service)
    with place.browser() as leader:
        page = leader.get("/clocks").text
        assert "1 pack is prepared" in page
        page = leader.post("/clocks", data={**asked(page, "Half-term review"), "reason_code": "not-needed", "reason": "the council asked for none"}).text
        assert "1 pack is prepared" not in page and "the council asked for none" in page
        assert due(place, "half-term review") == []


def test_a_prepared_pack_that_was_released_is_prepared_for_nobody_any_more(place: House) -> None:
    place.record(place.rung("goes-out"))
    place.runner.catch_up()
    assert jobs._prepare_packs(place.service) == {"prepared": 1}
    with place.browser() as leader:
        page = leader.get("/reports").text
        assert "Prepared for you" in page
        look = next(address for address in re.findall(r'href="(/reports/make[^"]*)"', page) if "commissioner-pack" in address)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', leader.get(look.replace("&amp;", "&")).text))
        assert leader.post("/reports", data=fields).status_code == 200
        place.runner.catch_up()
        assert "Prepared for you" not in leader.get("/reports").text
        assert "is prepared" not in leader.get("/clocks").text and due(place, "half-term review") == []


def test_what_is_ended_must_be_something_that_can_be(place: House) -> None:
    head: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.leader, "reason_code": "other", "reason": "so"}
    for clock, about, field in (
        ("no such clock", "2026-03-02", "clock"), ("two people said", str(new_id()), "clock"), ("half-term review", "2026-03-02", "about"), ("absence", "soon", "about"),
        ("restrictive intervention", "2026-03-02", "about"), ("planned end", f"{new_id()}/2026-03-02", "about"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            place.ledger.execute(EndClock(id=new_id(), clock=clock, about=about, **head))
        assert refused.value.field == field, clock
    with pytest.raises(Refused):
        place.ledger.execute(
            EndReview(id=new_id(), setting_id=place.setting, commissioner_id=new_id(), last=date(2026, 2, 13), reason_code="other", reason="so")
        )


def end_absence(house: House, day: date | str, **more: Any) -> None:
    about: dict[str, Any] = {"setting_id": house.setting, "student": house.student, "author_id": house.leader, **more}
    house.ledger.execute(EndClock(id=new_id(), clock="absence", about=str(day), reason_code="other", reason="so", **about))


def test_nothing_is_ended_before_it_is_due(place: House) -> None:
    place.record(session(place, TUESDAY))
    for day in (date(2028, 1, 1), FRIDAY.date() + timedelta(days=1), MONDAY.date(), date(2026, 2, 2)):
        with pytest.raises(Refused) as refused:
            end_absence(place, day)
        assert refused.value.field == "about", day
    much_later(place)
    assert [one.due for one in due(place, "absence")] == [TUESDAY.date()]


def test_only_an_incident_of_the_student_that_parents_were_not_told_of_is_ended(place: House) -> None:
    told, other = restraint(place, parents_told_at=MONDAY.isoformat()), {**restraint(place), "student_id": str(place.other)}
    void, mine = restraint(place), restraint(place)
    place.record(told, other, void, mine)
    place.record(place.void(void))
    head: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.leader}
    for about in (told["id"], other["id"], void["id"], mine["id"].upper(), str(new_id()), str(place.student)):
        with pytest.raises(Refused):
            place.ledger.execute(EndClock(id=new_id(), clock="restrictive intervention", about=about, reason_code="other", reason="so", **head))
    place.ledger.execute(EndClock(id=new_id(), clock="restrictive intervention", about=mine["id"], reason_code="other", reason="so", **head))
    ours = [one for one in due(place, "restrictive intervention") if one.student and one.student["id"] == str(place.student)]
    assert ours == []


def test_only_a_planned_end_that_there_is_and_that_is_near_is_ended(place: House) -> None:
    head: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.leader}
    why: dict[str, Any] = {"reason_code": "other", "reason": "so"}
    ids = (place.placement, new_id())  # type: ignore[attr-defined]
    for key, day in ((ids[0], "2026-07-01"), (ids[0], "2026-03-01"), (ids[1], "2026-07-01")):
        with pytest.raises(Refused):
            place.ledger.execute(EndClock(id=new_id(), clock="planned end", about=f"{key}/{day}", **why, **head))
    place.clock.now = datetime(2026, 6, 25, 9, tzinfo=UTC)
    place.ledger.execute(EndClock(id=new_id(), clock="planned end", about=f"{ids[0]}/2026-07-01", **why, **head))
    assert due(place, "planned end") == []


NEXT_WEEK = MONDAY + timedelta(weeks=1)


def test_ending_an_absence_never_ends_one_of_later(place: House) -> None:
    place.clock.now = NEXT_WEEK + timedelta(minutes=30)
    place.record(session(place, NEXT_WEEK))
    end_absence(place, NEXT_WEEK.date())
    assert due(place, "absence") == []
    place.clock.now = NEXT_WEEK + timedelta(days=1, hours=2)
    place.record(session(place, NEXT_WEEK + timedelta(hours=3)))
    assert [one.due for one in due(place, "absence")] == [NEXT_WEEK.date()], "the afternoon was missed after that"
    place.record(session(place, NEXT_WEEK + timedelta(days=1)))
    (one,) = due(place, "absence")
    assert (one.about, one.what[:6]) == ("2026-03-10", "2 days")


def test_an_ending_that_was_stored_for_a_day_to_come_ends_nothing_after_it_was_made(place: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(command_checks, "CHECKS", {})
        end_absence(place, "2028-01-01")
    place.clock.now = NEXT_WEEK + timedelta(hours=4)
    place.record(session(place, NEXT_WEEK))
    assert [one.due for one in due(place, "absence")] == [NEXT_WEEK.date()]


def test_a_call_follows_up_only_what_had_begun(place: House) -> None:
    place.record(session(place, TUESDAY, actual_start=None))
    early = place.entry("visit-logged", TUESDAY - timedelta(hours=6), effort="attempted", channel="phone", minutes=3)
    place.record(early)
    assert [one.due for one in due(place, "absence")] == [TUESDAY.date()], "nobody is called about what is still to come"
    place.record(session(place, MONDAY))
    assert [one.due for one in due(place, "absence")] == [TUESDAY.date()], "it does follow up the day before"
    place.record(place.correct(early, device_time=(TUESDAY + timedelta(minutes=10)).isoformat()))
    assert due(place, "absence") == []
    place.record(session(place, TUESDAY + timedelta(hours=3)))
    assert [one.due for one in due(place, "absence")] == [TUESDAY.date()], "and the afternoon was missed after the call"


def test_only_a_half_term_that_is_over_or_nearly_is_ended(place: House) -> None:
    for last in (date(2026, 2, 12), date(2026, 3, 27), date(2030, 1, 1)):
        with pytest.raises(Refused) as refused:
            end_review(place, last)
        assert refused.value.field == "last", last
    end_review(place, date(2026, 2, 13))
    assert due(place, "half-term review") == []
    place.clock.now = datetime(2026, 3, 20, 9, tzinfo=UTC)
    end_review(place, date(2026, 3, 27))
    assert due(place, "half-term review") == []


def end_review(house: House, last: date) -> None:
    council = house.council  # type: ignore[attr-defined]
    head: dict[str, Any] = {"setting_id": house.setting, "author_id": house.leader, "commissioner_id": council}
    house.ledger.execute(EndReview(id=new_id(), last=last, reason_code="other", reason="so", **head))


def released(house: House, first: date, last: date, student: UUID | None = None) -> None:
    """A pack of some days was released to the commissioner."""
    about: dict[str, Any] = {"setting_id": house.setting, "author_id": house.leader, "report": new_id(), "student": student}
    layout = read_layout("commissioner-pack").model_dump(mode="json", exclude_unset=True)
    house.ledger.execute(
        ReleaseReport(
            id=new_id(), layout=layout, audience="commissioner", commissioner_id=house.council, first=first, last=last,  # type: ignore[attr-defined]
            known_at=house.clock.now, preset="internal", figures_hash="0" * 64, software="ap-ledger 0.1.0", **about,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "covers"),
    [
        (date(2026, 2, 13), date(2026, 2, 13), False), (date(2026, 2, 2), date(2026, 2, 13), False),
        (date(2026, 1, 5), date(2026, 2, 6), False), (date(2026, 1, 5), date(2026, 2, 13), True),
        (date(2026, 1, 9), date(2026, 2, 10), True), (date(2025, 9, 1), date(2026, 2, 20), True),
    ],
)  # fmt: skip
def test_only_a_pack_of_the_whole_half_term_ends_its_review(place: House, first: date, last: date, covers: bool) -> None:
    released(place, first, last)
    assert bool(due(place, "half-term review")) is not covers


def test_a_pack_since_the_first_student_came_covers_the_half_term(place: House) -> None:
    whose: dict[str, Any] = {"setting_id": place.setting, "student": place.student, "author_id": place.teacher}
    place.ledger.execute(CorrectPlacement(id=new_id(), placement_id=place.placement, start=date(2026, 1, 26), reason_code="slip", **whose))  # type: ignore[attr-defined]
    released(place, date(2026, 1, 26), date(2026, 2, 13))
    assert due(place, "half-term review") == []


def test_a_pack_about_one_student_covers_the_half_term_where_there_is_no_other(place: House) -> None:
    released(place, date(2026, 1, 5), date(2026, 2, 13), student=place.other)
    assert len(due(place, "half-term review")) == 1
    released(place, date(2026, 1, 5), date(2026, 2, 13), student=place.student)
    assert due(place, "half-term review") == []


def test_only_heads_end_what_is_due(place: House) -> None:
    place.record(restraint(place))
    place.runner.catch_up()
    with place.browser() as leader:
        fields = {**asked(leader.get("/clocks").text, "Parents are to be told"), "reason_code": "other", "reason": "so"}
    with place.browser(place.teacher) as teacher:
        page = teacher.get("/clocks").text
        assert "Parents are to be told" in page and "End it with a reason" not in page
        assert teacher.post("/clocks", data=fields, follow_redirects=False).status_code == 403
    assert len(due(place, "restrictive intervention")) == 1


# The table ------------------------------------------------------------------------------------------------------------


def test_the_page_the_api_and_the_docs_say_what_the_table_says(place: House) -> None:
    from pathlib import Path

    place.record(restraint(place), session(place))
    much_later(place)
    docs = (Path(__file__).parents[1] / "docs" / "clocks.md").read_text()
    assert all(rule.starts in docs and rule.due in docs and rule.done in docs and rule.source in docs for rule in CLOCKS)
    place.runner.catch_up()
    with place.browser() as leader:
        page, items = leader.get("/clocks").text, leader.get(f"/api/v1/settings/{place.setting}/due").json()["items"]
    assert {item["clock"] for item in items} >= {"half-term review", "absence", "restrictive intervention", "planned end"}
    assert all(item["done"] == CLOCK_BY_NAME[item["clock"]].done and item["done"] in page for item in items)


# What runs by itself --------------------------------------------------------------------------------------------------


def test_packs_of_half_terms_missed_long_ago_are_made_up_in_their_order(place: House, monkeypatch: pytest.MonkeyPatch) -> None:
    much_later(place)
    kept: list[date] = []
    real = place.jobs.keep_draft

    def keep(draft: PackDraft) -> None:
        kept.append(draft.last)
        real(draft)

    monkeypatch.setattr(place.jobs, "keep_draft", keep)
    service = place.service
    place.runner.catch_up()
    assert jobs._prepare_packs(service) == {"prepared": 2} and jobs._prepare_packs(service) == {"prepared": 0}
    assert kept == [date(2026, 2, 13), date(2026, 3, 27)]
    assert [draft.last for draft in place.jobs.drafts_of(place.setting)] == [date(2026, 3, 27), date(2026, 2, 13)]


def test_one_pack_that_cannot_be_made_keeps_no_other_from_being_made(place: House, monkeypatch: pytest.MonkeyPatch) -> None:
    much_later(place)
    place.runner.catch_up()
    real = jobs.draft_pack

    def broken(service: Any, setting: Any, commissioner: UUID, first: date, *more: Any) -> PackDraft:
        if first == date(2026, 1, 5):
            raise ValueError("broken")
        return real(service, setting, commissioner, first, *more)

    monkeypatch.setattr(jobs, "draft_pack", broken)
    with pytest.raises(ValueError, match="broken"):
        jobs._prepare_packs(place.service)
    assert [draft.last for draft in place.jobs.drafts_of(place.setting)] == [date(2026, 3, 27)]


# Lists of what waits --------------------------------------------------------------------------------------------------


def test_what_waits_for_somebody_is_counted_however_much_waits_for_others(place: House) -> None:
    strangers = [place.void(place.note()) for _ in range(120)]
    place.record(*({**one, "author_id": str(place.leader)} for one in strangers))
    place.record(place.void(place.note()))
    with place.browser(place.mentor) as mentor:
        page = mentor.get("/").text
    assert "1 entry waits" in page, "the mentor's own one stands behind a hundred of others"
