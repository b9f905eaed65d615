"""In quiet hours nobody is notified: by the setting's own clock, over midnight, and when clocks change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.quiet import SetQuietHours, quiet
from ap_ledger.domain.setting import Setting
from ap_ledger.errors import Refused
from ap_ledger.events.setting import QuietHours
from ap_ledger.recording.ledger import new_id
from frameworks import shipped_definitions
from projections.queries.words import days_in_words
from tests.browsing import Place, axe
from tests.house import House
from tests.test_setting_up import form_of, opened, send

LONDON = ZoneInfo("Europe/London")
SCHOOL = QuietHours(starts=time(18), ends=time(7, 30), weekdays=(1, 2, 3, 4, 5), whole_days=(6, 7))


def setting(hours: QuietHours | None, time_zone: str = "Europe/London") -> Setting:
    return Setting(new_id(), 1, time_zone, quiet_hours=hours)


def at(words: str, zone: ZoneInfo = LONDON, fold: int = 0) -> datetime:
    """A moment by a clock on a wall: 2026-03-02 is a Monday."""
    return datetime.fromisoformat(words).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02 17:59:59", False),
        ("2026-03-02 18:00", True),
        ("2026-03-02 23:59:59.999999", True),
        ("2026-03-03 00:00", True),
        ("2026-03-03 07:29:59", True),
        ("2026-03-03 07:30", False),
        ("2026-03-03 12:00", False),
        ("2026-03-06 20:00", True),
        ("2026-03-07 12:00", True),
        ("2026-03-08 23:00", True),
        # What begins on a Sunday is nothing, so the small hours of Monday follow what whole days there are.
        ("2026-03-09 00:00", False),
    ],
)
def test_hours_that_go_over_midnight_belong_to_the_day_on_which_they_begin(moment: str, expected: bool) -> None:
    assert quiet(setting(SCHOOL), at(moment)) is expected


def test_hours_within_one_day_begin_and_end_on_it() -> None:
    noon = setting(QuietHours(starts=time(12), ends=time(13), weekdays=(1,)))
    told = [quiet(noon, at(f"2026-03-02 {hour}")) for hour in ("11:59", "12:00", "12:59", "13:00")]
    assert told == [False, True, True, False] and not quiet(noon, at("2026-03-03 12:30"))


def test_a_setting_without_quiet_hours_is_never_quiet() -> None:
    assert not quiet(setting(None), at("2026-03-02 03:00"))


def test_the_same_moment_is_quiet_by_one_settings_clock_and_not_by_anothers() -> None:
    moment = at("2026-07-06 17:30")
    assert not quiet(setting(SCHOOL), moment) and quiet(setting(SCHOOL, "Europe/Paris"), moment)


def test_in_summer_and_in_winter_quiet_begins_at_the_same_time_of_the_clock() -> None:
    assert quiet(setting(SCHOOL), datetime(2026, 7, 6, 17, 0, tzinfo=UTC)) and not quiet(setting(SCHOOL), datetime(2026, 1, 5, 17, 0, tzinfo=UTC))


def test_an_hour_that_comes_twice_is_quiet_both_times_and_one_that_is_left_out_is_in_neither() -> None:
    back = setting(QuietHours(starts=time(1, 15), ends=time(1, 45), weekdays=(7,)))
    # On 25 October 2026 clocks in London go from 02:00 back to 01:00; on 29 March from 01:00 on to 02:00.
    assert [quiet(back, at(f"2026-10-25 01:{minute}", fold=fold)) for fold in (0, 1) for minute in ("10", "30", "50")] == [False, True, False] * 2
    march = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    assert not any(quiet(back, march + timedelta(minutes=minute)) for minute in range(180))


@given(
    st.times(), st.times(), st.sets(st.integers(1, 7), min_size=1), st.sets(st.integers(1, 7)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)  # fmt: skip
def test_what_is_quiet_lies_in_a_stretch_that_began_on_one_of_its_days(starts: time, ends: time, weekdays: set[int], whole: set[int], when: datetime) -> None:
    if starts == ends:
        return
    moment = when.replace(tzinfo=UTC)
    there = moment.astimezone(LONDON).replace(tzinfo=None)
    stretches = []
    for back in (0, 1):
        day = there.date() - timedelta(days=back)
        if day.isoweekday() in weekdays:
            end_day = day if starts < ends else day + timedelta(days=1)
            stretches.append((datetime.combine(day, starts), datetime.combine(end_day, ends)))
    expected = there.isoweekday() in whole or any(begin <= there < end for begin, end in stretches)
    hours = QuietHours(starts=starts, ends=ends, weekdays=tuple(sorted(weekdays)), whole_days=tuple(sorted(whole)))
    assert quiet(setting(hours), moment) is expected


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ({"starts": time(18), "ends": time(18)}, "same time"),
        ({"starts": time(18, tzinfo=UTC), "ends": time(7)}, "without an offset"),
        ({"starts": time(18), "ends": time(7), "weekdays": (1, 1)}, "Weekdays are"),
        ({"starts": time(18), "ends": time(7), "weekdays": ()}, "Weekdays are"),
        ({"starts": time(18), "ends": time(7), "whole_days": (6, 6)}, "Whole days are"),
    ],
)
def test_hours_that_make_no_sense_are_refused(house: House, hours: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told):
        house.ledger.execute(SetQuietHours(id=new_id(), setting_id=house.setting, hours=QuietHours(**hours)))


def test_days_are_said_as_people_say_them() -> None:
    said = [days_in_words(days) for days in ((1, 2, 3, 4, 5), (6, 7), (1, 3, 5), (2,), (), (1, 2, 3, 4, 5, 6, 7))]
    assert said == ["Monday to Friday", "Saturday and Sunday", "Monday, Wednesday and Friday", "Tuesday", "", "every day"]


# On the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def test_a_leader_sets_quiet_hours_on_the_page_and_ends_them(house: House, leader: TestClient) -> None:
    page = opened(leader, "/setting/look")
    assert "There are no quiet hours" in page
    days = {f"weekdays-{day}": "1" for day in range(1, 6)} | {f"whole_days-{day}": "1" for day in (6, 7)}
    page = send(leader, "/setting/look", **form_of(page, "quiet"), starts="18:00", ends="07:30", **days)
    told = " ".join(page.split())
    assert "From <strong>18:00</strong> to <strong>07:30</strong> nobody is notified" in told and "on Saturday and Sunday" in told
    kept = house.ledger.states.setting(house.setting)
    assert kept is not None and kept.quiet_hours == SCHOOL and quiet(kept, at("2026-03-02 19:00"))
    assert "There are no quiet hours" in send(leader, "/setting/look", **form_of(page, "not-quiet"))
    again = house.ledger.states.setting(house.setting)
    assert again is not None and not quiet(again, at("2026-03-02 19:00"))


def test_a_slip_is_said_and_what_was_typed_stays(leader: TestClient) -> None:
    fields = {**form_of(opened(leader, "/setting/look"), "quiet"), "starts": "19:45", "ends": "19:45", "weekdays-3": "1"}
    answer = leader.post("/setting/look", data=fields)
    assert answer.status_code == 422 and "same time" in answer.text and 'id="starts" name="starts" required value="19:45"' in answer.text
    assert len(re.findall(r"\schecked\b", answer.text)) == 1


def test_the_page_leads_to_the_ladder_whose_words_are_in_use(house: House, leader: TestClient) -> None:
    assert "/frameworks/default-ladder/1" in opened(leader, "/setting/look")
    shipped = next(one for one in shipped_definitions() if one["id"] == "default-ladder")
    rungs = [{**rung, "label": f"{rung['label']} here"} for rung in shipped["rungs"]]
    walk = {"from": "default-ladder@1", "items": {rung["id"]: rung["id"] for rung in rungs}, "note": "other words"}
    next_version = {**shipped, "version": 2, "rungs": rungs, "crosswalks": [walk]}
    done = house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=next_version))
    page = opened(leader, f"/setting/look?min_position={done.position}")
    assert "/frameworks/default-ladder/2" in page and f"/setting/ladder/default-ladder?setting={house.setting}" in page


@pytest.mark.browser
def test_the_whole_page_can_be_read_on_a_phone_and_a_desk(place: Place, browsers: Callable[..., Any]) -> None:
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
        context = browsers(place.story.others["leader"], None, viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{place.chaos.url}/setting/look")
        page.get_by_role("button", name="Save the hours").click()
        assert "The quiet hours are put down" in page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        axe(page, f"quiet hours at {width}, {scheme}")
