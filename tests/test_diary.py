"""A student's diary: what belongs to one visit or one session is told as one thing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.house import MONDAY, House


def diary(house: House, person: UUID | None = None) -> list[str]:
    """Each happening of the diary, as somebody reads it."""
    house.runner.catch_up()
    with house.browser(person) as client:
        page = client.get(f"/students/{house.student}").text
    told = re.search(r'<div class="diary">(.*?)<p>\s*<a\s+class="entries"\s+id="earlier"', page, re.S)
    assert told is not None, page
    things = re.split(r'<span class="dot"', told[1])[1:]
    return [" ".join(re.sub(r"<[^>]*>", " ", "<" + thing).split()) for thing in things]


def test_a_visit_is_one_thing_known_by_its_highest_rung_and_its_words(house: House) -> None:
    visit = "019cadbe-0a00-7000-8000-000000000001"
    of_visit = {"visit_id": visit}
    voice = house.entry("voice-heard", speaker="student", face=4, words="maybe friday", **of_visit)
    logged = house.entry("visit-logged", effort="attempted", channel="in-person", minutes=30, **of_visit)
    house.record(house.rung(**of_visit), house.rung("goes-out", **of_visit), voice, logged, house.note())
    (note, told) = sorted(diary(house), key=len)
    assert note.startswith("Note 09:00 · Hazel said hello")
    assert told.startswith("Visit Went out together 09:00 · Hazel “maybe friday”")
    assert told.count("maybe friday") == 1 and "Reached out, in person, 30 minutes" in told and "Student felt good" in told


def test_the_scores_of_half_a_day_are_one_line_that_opens(house: House) -> None:
    house.record(
        house.outcome(), house.outcome("took-turns", 0), house.outcome("took-turns", None), house.outcome(slot="break"),
        house.outcome("took-turns", slot="lunch"), house.rung("part-session"),
    )  # fmt: skip
    afternoon, morning = diary(house)
    assert afternoon.startswith("Session, afternoon 12:00 to 12:40") and "1 score, 1 seen" in afternoon
    assert (morning.startswith("Session, morning Part of a group 09:00 to 10:20") and "3 scores, 2 seen" in morning) or "4 scores, 2 seen" in morning


def test_what_was_taken_back_or_put_right_says_so_and_is_not_what_a_visit_is_known_by(house: House) -> None:
    visit = {"visit_id": "019cadbe-0a00-7000-8000-000000000001"}
    high, low = house.rung("part-session", **visit), house.rung(**visit)
    house.record(high, low)
    house.record(house.void(high))
    (told,) = diary(house)
    assert (
        told.startswith("Visit Through a door, or text 09:00")
        and "taken back" in told
        and "Taken back Fri 6 Mar 2026 by Hazel: It was about somebody else." in told
    )


def test_the_diary_beside_the_slider_is_the_same(house: House) -> None:
    house.record(house.outcome(), house.outcome("took-turns"))
    house.runner.catch_up()
    with house.browser() as client:
        part = client.get(f"/students/{house.student}/story").text
    assert "Session, morning" in part and re.search(r"2 scores,\s+2 seen", part)


def test_minutes_that_are_tapped_after_the_rung_are_no_correction_and_what_is_put_right_is(house: House) -> None:
    of_visit = {"visit_id": "019cadbe-0a00-7000-8000-000000000001"}
    logged = house.entry("visit-logged", effort="attempted", channel="in-person", **of_visit)
    house.record(house.rung(**of_visit), logged)

    def say(minutes: int, later: timedelta, author: Any = None, reason: str = "changed-on-the-device") -> None:
        changed = {"entry_id": logged["id"], "replacement": {**logged, "minutes": minutes}, "reason_code": reason}
        who = {"author_id": str(author)} if author else {}
        house.record(house.entry("entry-corrected", MONDAY + later, **changed, **who))

    say(20, timedelta(minutes=1))
    say(30, timedelta(minutes=40))
    (told,) = diary(house)
    assert "Reached out, in person, 30 minutes" in told and "put right" not in told and "It said" not in told
    say(35, timedelta(minutes=50), house.teacher)
    (told,) = diary(house)
    assert "35 minutes" in told and told.count("It said") == 1 and "put right" in told
    say(40, timedelta(hours=5))
    say(45, timedelta(hours=6), reason="mistake")
    assert diary(house)[0].count("It said") == 3


def test_two_people_at_one_door_are_two_visits_side_by_side(house: House) -> None:
    for n, person in enumerate((house.mentor, house.teacher)):
        visit = {"visit_id": f"019cadbe-0a00-7000-8000-00000000000{n}", "author_id": str(person)}
        house.record(house.rung(**visit), house.entry("visit-logged", effort="attempted", channel="in-person", minutes=20, **visit))
    told = diary(house)
    assert len(told) == 2 and all(one.startswith("Visit") and "09:00" in one for one in told)
    assert sorted("Hazel" in one for one in told) == sorted("Birch" in one for one in told) == [False, True]
