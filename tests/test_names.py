"""Two people are never shown alike."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.application.ledger import new_id
from ap_ledger.domain.student import IdentifyStudent
from projections.names import FullName, short_names, signs
from tests.house import MONDAY, House


def names_of(*people: tuple[str, str] | tuple[str, str, str]) -> list[str]:
    full = [FullName(str(n), *person) for n, person in enumerate(people)]
    return list(short_names(full).values())


def test_a_first_name_and_an_initial_are_enough_where_nobody_else_has_them() -> None:
    assert names_of(("Alex", "Smith"), ("Sam", "Shaw")) == ["Alex S", "Sam S"]


def test_as_many_letters_of_the_family_name_as_it_takes() -> None:
    assert names_of(("Alex", "Smith"), ("Alex", "Shaw"), ("Alex", "Smythe")) == ["Alex Smi", "Alex Sh", "Alex Smy"]
    assert names_of(("Alex", "Sh"), ("alex", "Shaw")) == ["Alex Sh", "alex Sha"]


def test_the_same_name_is_told_apart_by_birth_and_at_last_by_a_number() -> None:
    assert names_of(("Alex", "Smith", "2011-02-03"), ("Alex", "Smith", "2012-02-03")) == ["Alex Smith (2011)", "Alex Smith (2012)"]
    same_year = names_of(("Alex", "Smith", "2011-02-03"), ("Alex", "Smith", "2011-09-03"))
    assert same_year == ["Alex Smith (2011-02-03)", "Alex Smith (2011-09-03)"]
    assert names_of(("Alex", "Smith"), ("Alex", "Smith")) == ["Alex Smith [1]", "Alex Smith [2]"]


def test_an_initial_is_a_whole_sign_in_every_script() -> None:
    assert signs("हिमानी")[0] == "हि"
    assert names_of(("Zoë", "E\u0301mile")) == ["Zoë É"]
    assert names_of(("小明", "")) == ["小明"]


@given(st.lists(st.tuples(st.text("AaBb \u0301", max_size=3), st.text("SsHh", max_size=4), st.sampled_from([None, "2011-01-01", "2011-01-02"])), max_size=12))
def test_no_two_short_names_are_alike(people: list[tuple[str, str, Any]]) -> None:
    names = names_of(*people)
    assert len({name.casefold() for name in names}) == len(people)


def three_called_alex(house: House) -> list[UUID]:
    return [house.admit("Alex", family) for family in ("Smith", "Shaw", "Smith")]


def identify(house: House, student: UUID, **who: Any) -> None:
    house.ledger.execute(IdentifyStudent(id=new_id(), setting_id=house.setting, student=student, author_id=house.teacher, **who))


def test_phone_day_sheet_and_file_tell_three_apart(house: House) -> None:
    first, second, third = three_called_alex(house)
    for student, born in ((first, "2011-04-05"), (third, "2012-06-07")):
        identify(house, student, given_name="Alex", family_name="Smith", date_of_birth=date.fromisoformat(born))
    wanted = {str(first): "Alex Smith (2011)", str(second): "Alex Sh", str(third): "Alex Smith (2012)"}
    house.runner.catch_up()
    with house.browser() as client:
        about = f"/api/v1/settings/{house.setting}"
        phone = client.get("/api/v1/capture").json()["students"]
        day = client.get(f"{about}/day", params={"date": "2026-03-02"}).json()["students"]
        sheet = client.get(f"{about}/sheet", params={"date": "2026-03-02", "slot": "lesson"}).json()["students"]
    for listed, key in ((phone, "id"), (day, "student_id"), (sheet, "student_id")):
        assert {row[key]: row["name"] for row in listed if row[key] in wanted} == wanted


def test_who_was_erased_keeps_nobodys_name_long(house: House) -> None:
    first, second, _ = three_called_alex(house)
    house.runner.catch_up()
    assert house.reader.one("students", str(second))["name"] == "Alex Sh"
    house.shred("core", first)
    house.runner.catch_up()
    assert house.reader.one("students", str(first))["name"] == "[erased]"


def test_two_members_of_staff_of_one_name_are_told_apart(house: House) -> None:
    ids = [house.person("Rowan", "ap-staff"), house.person("Rowan", "mentor")]
    house.runner.catch_up()
    assert [house.reader.one("people", str(one))["name"] for one in ids] == ["Rowan [1]", "Rowan [2]"]


def test_the_file_for_schools_has_a_second_identifier_for_those_who_may_see_it(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    identify(house, house.student, given_name="Ash", family_name="Heron", date_of_birth=date(2011, 4, 5))
    start, end = MONDAY.isoformat(), MONDAY.replace(hour=10).isoformat()
    session = {"date": "2026-03-02", "slot": "lesson"}
    attended = house.entry("session-attended", session=session, planned_start=start, planned_end=end, actual_start=start, actual_end=end)
    house.record({**attended, "supervised_by": str(house.teacher)})
    house.runner.catch_up()
    with house.browser() as client:
        rows = list(csv.DictReader(StringIO(client.get("/day.csv", params={"on": "2026-03-02"}).text.lstrip("\ufeff"))))
    assert [(row["student"], row["given name"], row["family name"], row["date of birth"]) for row in rows] == [("Ash H", "Ash", "Heron", "2011-04-05")]
    assert rows[0]["reference"] == str(house.student)[-6:]
