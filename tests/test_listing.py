"""Every list is sorted by what its address says, and leaves as a file with the same rows in the same order."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

from ap_ledger.domain.student import AssignMentor, IdentifyStudent
from ap_ledger.domain.support import GroupStudent
from ap_ledger.recording.ledger import new_id
from tests.house import House

LISTS = ("/students", "/due", "/clocks", "/people")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_students_are_sorted_by_what_the_address_says_and_those_with_nothing_come_last(house: House) -> None:
    house.record(house.rung("through-door", student=house.other), house.rung("goes-out", student=house.other))
    house.runner.catch_up()
    with house.browser() as leader:
        names = {
            sort: [row["Student"] for row in rows_of(leader.get(f"/students.csv?sort={sort}").text)]
            for sort in ("name", "-name", "contacts", "-contacts", "last", "-last", "x")
        }
    assert names["name"] == ["Ash H", "Kit O"] == names["x"] and names["-name"] == ["Kit O", "Ash H"]
    assert names["contacts"] == ["Ash H", "Kit O"] and names["-contacts"] == ["Kit O", "Ash H"]
    assert names["last"][0] == names["-last"][0] == "Kit O", "nothing was ever recorded of the other"


def test_the_page_and_the_file_hold_the_same_students_in_the_same_order(house: House) -> None:
    with house.browser() as leader:
        page = re.sub(r"\s+", " ", leader.get("/students?sort=-name").text)
        file = re.search(r'href="(/students\.csv[^"]*)"', page)
        assert file is not None and 'aria-sort="descending"' in page
        answer = leader.get(file[1].replace("&amp;", "&"))
        assert answer.headers["content-type"].startswith("text/csv") and answer.headers["content-disposition"] == 'attachment; filename="students.csv"'
        assert [row["Student"] for row in rows_of(answer.text)] == re.findall(r'<td data-name="Student"> ?<a[^>]*>([^<]+)<', page)


def test_a_list_says_in_which_group_a_student_is_and_who_visits_them(house: House) -> None:
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader, "from_date": date(2026, 1, 5)}
    house.ledger.execute(GroupStudent(id=new_id(), group="Hazel Room", **whose))
    for until in (date(2026, 1, 9), None):
        assigned = house.mentor if until is None else house.leader
        house.ledger.execute(AssignMentor(id=new_id(), person_id=assigned, until=until, **whose))
    house.runner.catch_up()
    with house.browser() as leader:
        rows = {row["Student"]: (row["Group"], row["Mentor"]) for row in rows_of(leader.get("/students.csv").text)}
    assert rows["Ash H"] == ("Hazel Room", "Hazel"), "a time that is over is no mentor's"
    assert rows["Kit O"] == ("", "")


def test_a_name_that_looks_like_a_formula_is_none_in_a_file(house: House) -> None:
    whose = {"setting_id": house.setting, "student": house.student, "author_id": house.leader}
    house.ledger.execute(IdentifyStudent(id=new_id(), given_name="=1+1", family_name="Heron", **whose))
    house.runner.catch_up()
    with house.browser() as leader:
        assert "'=1+1" in leader.get("/students.csv").text


def test_every_list_leaves_as_a_file(house: House) -> None:
    house.record(house.entry("incident-recorded", category="restraint", restrictive=True, minutes=2))
    house.runner.catch_up()
    with house.browser() as leader:
        for path in LISTS:
            answer = leader.get(f"{path}.csv")
            assert answer.status_code == 200 and answer.text.startswith("\ufeff"), path
            if rows_of(answer.text):
                assert f'href="{path}.csv' in leader.get(path).text, path
        assert "Parents are to be told of a restrictive intervention" in leader.get("/clocks.csv").text
        assert {"Hazel", "Birch", "Juniper"} <= {row["Name"] for row in rows_of(leader.get("/people.csv").text)}
        assert date.fromisoformat(rows_of(leader.get("/people.csv").text)[0]["Since"])
