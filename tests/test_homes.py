"""The first page by role: who needs somebody and why, what is due, what came in, and the wall of ladders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ap_ledger.access import Grant, Who
from ap_ledger.access.rules import homes_of
from ap_ledger.domain.person import DeclareConflict
from ap_ledger.domain.student import AssignMentor
from ap_ledger.events.clocks import CLOCK_BY_NAME
from ap_ledger.events.moments import microseconds
from ap_ledger.recording.ledger import new_id
from frameworks import load_definition, shipped_definitions
from projections.queries.attention import RULE_BY_NAME, RULES, DayCounts, Facts, days_in_words, reasons_of, school_days
from projections.queries.clocks import Clock
from projections.queries.journeys import Contact, Journey, journeys
from projections.queries.journeys import Path as Walked
from projections.queries.wall import TILES, wall
from reports.small_ladders import last_contacts, wall_tile
from tests.house import FRIDAY, MONDAY, TUESDAY, WEDNESDAY, House

LADDER = next(load_definition(one) for one in shipped_definitions() if one["id"] == "default-ladder")
RANK = list(LADDER.rank)
TODAY = date(2026, 3, 6)
HERE = uuid4()


def journey(*rungs: str, last: date = TODAY, name: str = "Ash H", step: int = 1) -> Journey:
    """Contacts of these rungs, one every so many days, the last of them on a day."""
    contacts = []
    for n, rung in enumerate(rungs):
        day = last - timedelta(days=step * (len(rungs) - 1 - n))
        place = LADDER.place(rung)
        at = microseconds(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        contacts.append(Contact(at, n + 1, day, place, rung == "no-contact", LADDER.rungs[place].on_site))
    student: Any = {"id": str(uuid4()), "name": name, "setting_id": str(HERE)}
    return Journey(student, Walked(LADDER, contacts))


def facts_of(whose: Journey, *given: Any, **more: Any) -> Facts:
    """What the rules are asked of, about somebody with this journey."""
    return Facts(whose.path, *given, **more)


def said(facts: Facts) -> list[str]:
    """The names of the rules that hold."""
    return [reason.rule.name for reason in reasons_of(facts)]


# The rules ------------------------------------------------------------------------------------------------------------


def test_every_rule_says_its_number_and_where_that_comes_from() -> None:
    assert len(RULE_BY_NAME) == len(RULES)
    assert all(rule.number >= 1 and len(rule.source) > 30 and rule.unit for rule in RULES)


def test_the_page_about_the_first_page_says_every_rule_as_it_is() -> None:
    page = (Path(__file__).parents[1] / "docs" / "first-page.md").read_text("utf-8")
    assert [f"| {rule.number} {rule.unit} | {rule.source} |" for rule in RULES if f"| {rule.number} {rule.unit} | {rule.source} |" not in page] == []


def test_somebody_not_reached_on_the_last_three_visits_is_named_with_the_days() -> None:
    facts = facts_of(journey("through-door", "no-contact", "no-contact", "no-contact"), TODAY)
    (reason,) = reasons_of(facts)
    assert reason.says == "not reached on the last 3 visits"
    assert reason.why == "Nobody there on 4, 5 and 6 Mar. Last reached on 3 Mar."
    assert said(facts_of(journey("through-door", "no-contact", "no-contact"), TODAY)) == []
    assert said(facts_of(journey("no-contact", "no-contact", "no-contact", "carer-only"), TODAY)) == [], "somebody was there since"


def test_five_contacts_in_a_row_two_rungs_lower_are_a_harder_stretch_and_four_are_none() -> None:
    before, lower = ["part-session"] * 8, ["goes-out"] * 5
    (reason,) = reasons_of(facts_of(journey(*before, *lower), TODAY))
    assert reason.rule.name == "going-back" and "part of a group" in reason.why
    assert said(facts_of(journey(*before, *lower[1:]), TODAY)) == []
    assert said(facts_of(journey(*before, *lower[1:], "on-site-one-to-one"), TODAY)) == [], "one rung lower is no fall"
    assert said(facts_of(journey(*before[:4], *lower), TODAY)) == [], "with four before nothing can be said"
    assert said(facts_of(journey(*before, *lower[:2], "no-contact", *lower[2:]), TODAY)) == ["going-back"], "nobody there is no step back"


def overdue(kind: str, days: int, about: str = "") -> Clock:
    return Clock(CLOCK_BY_NAME[kind], "Something is due", TODAY - timedelta(days=days), "overdue", about, None)


def test_a_clock_counts_from_the_day_after_it_was_due() -> None:
    here = journey("part-session")
    assert said(facts_of(here, TODAY, overdue=[overdue("planned end", 1)])) == ["overdue"]
    assert said(facts_of(here, TODAY, overdue=[overdue("planned end", 0)])) == []
    (reason,) = reasons_of(facts_of(here, TODAY, overdue=[overdue("planned end", 3), overdue("part-time timetable", 2)]))
    assert reason.says == "planned end, 3 days late" and reason.why.endswith("And 1 more.")


def test_an_absence_is_no_worry_once_the_child_was_seen_again() -> None:
    missed = overdue("absence", 4, "2026-03-02")
    assert said(facts_of(journey("part-session", last=date(2026, 3, 1)), TODAY, overdue=[missed])) == ["overdue"]
    assert said(facts_of(journey("part-session", last=date(2026, 3, 4)), TODAY, overdue=[missed])) == []
    came = [DayCounts(date(2026, 3, 3), True, True, 0)]
    assert said(facts_of(journey("part-session", last=date(2026, 3, 1)), TODAY, came, [missed])) == []


def test_five_school_days_without_contact_are_named_and_holidays_are_none() -> None:
    here = journey("face-to-face", last=date(2026, 2, 26))
    assert said(facts_of(here, TODAY)) == ["no-contact"], "27 February and four days of this week"
    assert said(facts_of(journey("face-to-face", last=date(2026, 2, 27)), TODAY)) == []
    assert said(facts_of(here, TODAY, is_school_day=lambda day: day.month == 3 and day.isoweekday() <= 5)) == []
    assert said(facts_of(here, TODAY, placed=False)) == [], "whoever left is not missed"
    assert reasons_of(facts_of(journey(), TODAY))[0].says == "no contact yet"
    assert school_days(date(2026, 3, 2), date(2026, 3, 2), lambda day: True) == 0


def test_three_days_here_with_nothing_scored_are_named_and_today_is_not_over() -> None:
    def days(*scored: bool) -> list[DayCounts]:
        return [DayCounts(TODAY - timedelta(days=len(scored) - n), True, was, 0) for n, was in enumerate(scored)]

    here = journey("part-session")
    assert said(facts_of(here, TODAY, days(True, False, False, False))) == ["not-scored"]
    assert said(facts_of(here, TODAY, days(False, False, False, True))) == []
    assert said(facts_of(here, TODAY, [*days(False, False)[-2:], DayCounts(TODAY, True, False, 0)])) == []


def test_what_we_cancelled_twice_within_a_fortnight_is_named() -> None:
    here = journey("part-session")
    once = DayCounts(date(2026, 3, 2), False, False, 1)
    assert said(facts_of(here, TODAY, [once])) == []
    (reason,) = reasons_of(facts_of(here, TODAY, [once, DayCounts(date(2026, 3, 4), False, False, 1)]))
    assert reason.says == "we cancelled 2 times in a fortnight" and reason.why == "On 2 and 4 Mar."


def test_days_are_said_as_people_say_them() -> None:
    assert days_in_words([date(2026, 3, 2)]) == "2 Mar"
    assert days_in_words([date(2026, 3, 4), date(2026, 3, 2), date(2026, 2, 27)]) == "27 Feb and 2 and 4 Mar"


# Journeys and their drawings ------------------------------------------------------------------------------------------


def test_a_journey_says_the_same_as_every_other_page(house: House) -> None:
    visit = str(new_id())
    house.record(
        house.rung("no-contact"), house.rung("through-door", MONDAY + timedelta(minutes=5), visit_id=visit),
        house.rung("goes-out", MONDAY + timedelta(minutes=9), visit_id=visit), house.rung("goes-out", TUESDAY),
        house.rung("part-session", WEDNESDAY),
    )  # fmt: skip
    house.runner.catch_up()
    (setting,) = house.reader.whole("settings")
    here = journeys(house.reader, setting, house.reader.everyone(setting), FRIDAY)[str(house.student)].path
    assert [here.label(contact.place) for contact in here.contacts] == [
        "No contact", "Went out together", "Went out together", "Part of a group",
    ]  # fmt: skip
    assert [(contact.nobody, contact.on_site) for contact in here.contacts] == [(True, False), (False, False), (False, False), (False, True)]
    told = house.look_back()["progress"]["ladders"]["default-ladder@1"]
    assert told["contacts"] == len(here.contacts) and here.start is not None and RANK[here.start] == told["baseline"]


def test_a_drawing_has_a_line_from_the_fourth_contact_and_ticks_for_nobody_there() -> None:
    now = microseconds(FRIDAY)
    three, four = journey(*["face-to-face"] * 3), journey(*["face-to-face"] * 3, "no-contact", "part-session")
    assert "l-line" not in wall_tile(three.path, now) and "l-line" in wall_tile(four.path, now)
    assert "l-none" not in wall_tile(three.path, now) and wall_tile(four.path, now).count("V89") == 1
    assert "l-site" in wall_tile(four.path, now) and "l-visit" in wall_tile(four.path, now)
    assert wall_tile(journey().path, now) == "" == last_contacts(journey().path)
    assert " style=" not in wall_tile(four.path, now) and last_contacts(four.path).count("h0") == 2 * 3 + 1


def test_a_wall_is_in_the_order_of_starting_points_and_is_narrowed_down() -> None:
    low, high = journey(*["carer-only"] * 5, name="Low L"), journey(*["part-session"] * 5, name="High H")
    none = journey(name="None N")
    for each in (low, high, none):
        each.student["groups"] = [{"from_date": "2026-01-01", "group": "hazel" if each is low else "alder"}]

    def names(**chosen: str) -> list[str]:
        return [each.student["name"] for each in wall([high, none, low], {high.student["id"]}, chosen, 1, TODAY).tiles]

    assert names() == ["None N", "Low L", "High H"] and names(order="name") == ["High H", "Low L", "None N"]
    assert names(show="away") == ["Low L"] and names(show="needs") == ["High H"] and names(group="hazel") == ["Low L"]
    assert names(show="moon") == names()
    many: Sequence[Journey] = [journey("goes-out", name=f"N{n}") for n in range(TILES + 1)]
    assert len(wall(many, set(), {}, 2, TODAY).tiles) == 1 and wall(many, set(), {}, 9, TODAY).page == 2


def test_what_is_kept_of_a_path_is_made_anew_once_anything_is_told_of_that_student(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from projections.queries import journeys as module

    house.record(house.rung("through-door"), house.rung("part-session", student_id=str(house.other)))
    house.runner.catch_up()
    (setting,) = house.reader.whole("settings")
    made: list[int] = []
    path = module._path
    monkeypatch.setattr(module, "_path", lambda *given: made.append(1) or path(*given))

    def contacts(now: datetime = FRIDAY) -> dict[str, int]:
        told = journeys(house.reader, setting, house.reader.everyone(setting), now)
        return {str(each.student["name"]): len(each.path.contacts) for each in told.values()}

    assert contacts() == {"Ash H": 1, "Kit O": 1} and len(made) == 2
    assert contacts() == {"Ash H": 1, "Kit O": 1} and len(made) == 2, "nothing was told since"
    entry = house.rung("goes-out", TUESDAY)
    house.record(entry)
    house.runner.catch_up()
    assert contacts() == {"Ash H": 2, "Kit O": 1} and len(made) == 3, "one of two is made anew"
    house.record(house.void(entry, WEDNESDAY))
    house.runner.catch_up()
    assert contacts() == {"Ash H": 1, "Kit O": 1} and len(made) == 4
    house.runner.replay()
    assert contacts() == {"Ash H": 1, "Kit O": 1} and len(made) == 6, "another build of the read models"


# Who sees what --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "parts"),
    [
        (("leader",), ("leader",)), (("dsl",), ("safeguarding", "leader")), (("safeguarding-reader",), ("safeguarding",)), (("mentor",), ("mentor",)),
        (("ap-staff", "mentor"), ("mentor", "staff")), (("commissioner",), ("commissioner",)), (("family",), ("family",)), (("administrator",), ("set-up",)),
        (("administrator", "leader"), ("leader",)), (("researcher",), ()),
    ],
)  # fmt: skip
def test_a_first_page_is_made_of_the_roles_somebody_has(roles: tuple[str, ...], parts: tuple[str, ...]) -> None:
    assert homes_of(Who(uuid4(), tuple(Grant(HERE, role) for role in roles)), HERE) == parts
    assert homes_of(Who(uuid4(), tuple(Grant(uuid4(), role) for role in roles)), HERE) == ()


def test_by_pin_only_what_is_good_for_logging_is_on_the_first_page() -> None:
    who = Who(uuid4(), (Grant(HERE, "dsl"), Grant(HERE, "ap-staff")), "pin")
    assert homes_of(who, HERE) == ("staff",)


def text_of(page: str) -> str:
    """A page as it is read."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_a_leaders_first_page_says_who_needs_them_what_came_in_and_draws_every_ladder(house: House) -> None:
    house.record(*(house.rung("no-contact", at) for at in (MONDAY, TUESDAY, WEDNESDAY)), house.rung("part-session", WEDNESDAY, student_id=str(house.other)))
    with house.browser() as client:
        house.runner.catch_up()
        page = client.get("/").text
    said = text_of(page)
    assert "Good morning, Juniper" in said and "One child needs a decision from you." in said
    assert "not reached on the last 3 visits" in said and "Nobody there on 2, 3 and 4 Mar." in said
    assert page.count('<svg class="ladder"') == 2 and page.count('<svg class="ladder beside"') == 1
    assert "visits logged, 3 found nobody" in said and " style=" not in page
    assert f"/students/{house.student}/entries?kind=visit-logged,rung-reached" in page


def test_a_first_page_without_students_says_what_will_stand_there(house: House) -> None:
    for student in (house.student, house.other):
        house.shred("core", student)
    admin = house.person("Thyme", "administrator")
    with house.browser(admin) as client:
        house.runner.catch_up()
        page = text_of(client.get("/").text)
    assert "You look after accounts here" in page and "needs a decision" not in page


def test_the_wall_is_narrowed_down_by_its_address(house: House) -> None:
    house.record(house.rung("through-door"), house.rung("part-session", student_id=str(house.other)))
    with house.browser() as client:
        house.runner.catch_up()
        away, everybody = client.get("/?only=away").text, client.get("/?only=moon&order=sun").text
    walls = [re.findall(r'<li data-name="([^"]+)">', page) for page in (away, everybody)]
    assert walls == [["Ash H"], ["Ash H", "Kit O"]]


def asked_for(house: House, monkeypatch: pytest.MonkeyPatch, students: int) -> int:
    """How many statements a leader's first page takes in a setting of so many students."""
    from sqlalchemy import event

    while len(house.reader.whole("students")) < students + 2:
        house.admit("Moth", f"Wing{len(house.reader.whole('students'))}")
        house.runner.catch_up()
    client = house.browser()
    client.get("/")
    statements: list[str] = []
    engine = house.views._reader
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    query = type(house.ledger.recorder)._query
    monkeypatch.setattr(type(house.ledger.recorder), "_query", lambda self, sql, given=(): statements.append(sql) or query(self, sql, given))
    assert client.get("/").status_code == 200
    return len(statements)


def test_a_leaders_first_page_asks_as_much_for_forty_students_as_for_two(house: House, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    few = asked_for(house, monkeypatch, 0)
    monkeypatch.undo()
    assert asked_for(house, monkeypatch, 38) <= few + 2, "one look for all of them"


def test_nobody_finds_another_settings_student_on_their_first_page(house: House) -> None:
    from ap_ledger.domain.setting import OpenSetting

    other = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=other, name="Otherfield"))
    elsewhere: UUID = house.person("Sorrel", "leader", setting=other)
    house.record(house.rung("through-door"))
    house.runner.catch_up()
    page = house.browser(elsewhere).get("/").text
    assert "Ash H" not in page and "No students are here yet" in text_of(page)


def test_a_mentors_first_page_begins_with_whom_nobody_reached_longest(house: House) -> None:
    for student in (house.student, house.other):
        whose = {"setting_id": house.setting, "student": student, "author_id": house.leader}
        house.ledger.execute(AssignMentor(id=new_id(), person_id=house.mentor, from_date=date(2026, 1, 5), **whose))
    house.record(house.rung("face-to-face", MONDAY), house.rung("no-contact", TUESDAY), house.rung("through-door", WEDNESDAY, student_id=str(house.other)))
    with house.browser(house.mentor) as client:
        house.runner.catch_up()
        page = client.get("/").text
        said = text_of(page)
        assert said.index("Ash H") < said.index("Kit O") and "Next · 1 of 2" in said
        assert "Nobody there on the last visit" in said and "Before: Face to face, Mon" in said
        assert f'href="/visit?student={house.student}"' in page and "needs a decision" not in said
        house.record(house.rung("face-to-face", FRIDAY))
        house.runner.catch_up()
        again = text_of(client.get("/").text)
    assert "Next · 2 of 2" in again and again.index("Kit O") < again.index("Ash H"), "who was visited today comes last"


def test_staff_see_the_slot_of_now_who_is_here_and_what_is_still_open(house: House) -> None:
    house.clock.now = FRIDAY + timedelta(hours=1, minutes=5)
    house.record(house.outcome(slot="lesson", day=FRIDAY.date()), at=house.clock.now)
    with house.browser(house.teacher) as client:
        house.runner.catch_up()
        said = text_of(client.get("/").text)
    assert "10:00 to 10:20" in said and "15 minutes left" in said and "then lunch, 12:00" in said
    assert "2 here" in said and "Nobody scored yet" in said
    assert "Still open from today" in said and "Finish 1 in lesson" in said and "Kit O" in said


def test_on_a_closed_day_the_last_school_day_stands_there(house: House) -> None:
    house.clock.now = FRIDAY + timedelta(days=2)
    with house.browser() as client:
        house.runner.catch_up()
        said = text_of(client.get("/").text)
    assert "Closed today. Fri 6 Mar 2026:" in said


def test_a_safeguarding_lead_is_told_first_that_worries_came_and_not_about_whom(house: House) -> None:
    lead = house.person("Elder", "dsl")
    house.record(house.entry("worry-raised", text="canary worry"))
    with house.browser(lead) as client:
        house.runner.catch_up()
        page = client.get("/").text
    said = text_of(page)
    assert "One worry waits to be read." in said and "canary" not in page
    assert said.index("One worry") < said.index("Due this week")
    leader = text_of(house.browser().get("/").text)
    assert "waits to be read" not in leader and "wait to be read" not in leader


def test_a_lead_who_is_kept_from_a_child_does_not_learn_that_there_was_a_worry(house: House) -> None:
    lead, other = house.person("Elder", "dsl"), house.person("Rue", "deputy-dsl")
    about = {"setting_id": house.setting, "person_id": lead, "conflicted_student": house.student, "reason_code": "own-child"}
    house.ledger.execute(DeclareConflict(id=new_id(), author_id=house.leader, approved_by=house.teacher, **about))
    house.record(house.entry("worry-raised", text="canary worry"))
    house.runner.catch_up()
    assert "No worry waits" in text_of(house.browser(lead).get("/").text)
    assert "One worry waits" in text_of(house.browser(other).get("/").text)


def test_an_administrators_first_page_says_how_far_setting_up_is(house: House) -> None:
    admin = house.person("Thyme", "administrator")
    house.runner.catch_up()
    said = text_of(house.browser(admin).get("/").text)
    assert re.search(r"Setting up · \d of 10 done", said) and "Name the safeguarding lead" in said and "Ash H" not in said


def test_somebody_with_several_roles_sees_their_parts_together(house: House) -> None:
    both = house.person("Rowan", "mentor", "leader")
    house.runner.catch_up()
    said = text_of(house.browser(both).get("/").text)
    assert "Due this week" in said and "Nobody is on your caseload yet" in said


def test_a_leader_and_whoever_logs_are_told_while_nobody_can_read_a_worry(house: House) -> None:
    token = house.token(house.teacher)
    with house.browser() as client:
        setting = {"setting": str(house.setting)}
        assert "so nobody can read a worry" in client.get("/").text
        assert client.get("/api/v1/capture", params=setting, headers=token).json()["setting"]["worries_are_read"] is False
        house.person("Sorrel", "dsl")
        house.runner.catch_up()
        assert "so nobody can read a worry" not in client.get("/").text
        assert client.get("/api/v1/capture", params=setting, headers=token).json()["setting"]["worries_are_read"] is True
