"""Two people are never shown alike."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date
from io import StringIO
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given as made_up
from hypothesis import strategies as st
from pydantic import BaseModel

from ap_ledger.domain import given as given_module
from ap_ledger.domain.device import EnrolDevice
from ap_ledger.domain.setting import AddCommissioner
from ap_ledger.domain.student import AdmitStudent, IdentifyStudent, StartPlacement
from ap_ledger.errors import Refused
from ap_ledger.events.report import Layout
from ap_ledger.recording.ledger import new_id
from frameworks.language.letters import tidy
from frameworks.language.lookalikes import look
from projections.names import FullName, short_names, signs
from reports.blocks import Column, Shown, Table
from reports.compose import Order, make_report, words_that_leave
from reports.disclosure import PRESETS, Report
from reports.html import as_html
from reports.pack import figures_hash, pack_files, table_csv
from tests.house import MONDAY, House
from tests.test_command_rules import KINDS, put, read, whole


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


@made_up(
    st.lists(
        st.tuples(
            st.text("AaBbІ \u0301\u0410\u200b\u200d", max_size=3), st.text("SsHh \u0405\u200b", max_size=4), st.sampled_from([None, "2011-01-01", "2011-01-02"])
        ),
        max_size=12,
    )
)
def test_no_two_short_names_are_alike(people: list[tuple[str, str, Any]]) -> None:
    names = names_of(*people)
    assert len({look(name) for name in names}) == len(people)
    assert all(name == tidy(name) for name in names)


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


def test_a_longer_family_name_is_told_from_one_that_it_begins_with() -> None:
    assert names_of(("Alex", "Lee"), ("Alex", "Lee Young")) == ["Alex Lee", "Alex Lee Y"]
    assert names_of(("Sam", "de Vries"), ("Sam", "de Boer"), ("Sam", "de")) == ["Sam de V", "Sam de B", "Sam de"]


def test_what_nobody_can_see_is_no_difference_between_two_names() -> None:
    assert names_of(("Alex", "Smith"), ("Alex\u200b", "Smith")) == ["Alex Smith [1]", "Alex Smith [2]"]
    assert names_of(("Alex", "Jones"), ("Alex", "\u200bSmith"), ("Alex", " Brown")) == ["Alex J", "Alex S", "Alex B"]
    assert names_of(("Al ex", "Smith"), ("Al\u00a0ex", "Shaw"), ("Al \t ex", "Sims")) == ["Al ex Sm", "Al ex Sh", "Al ex Si"]
    assert names_of(("Alex\u202e", "Smith"), ("Alex", "Shaw")) == ["Alex Sm", "Alex Sh"]


def test_letters_of_two_scripts_that_look_alike_are_no_difference() -> None:
    assert names_of(("Alex", "Smith"), ("\u0410lex", "Shaw")) == ["Alex Sm", "\u0410lex Sh"]
    assert names_of(("Alex", "Smith", "2011-01-01"), ("\u0410lex", "Smith", "2012-01-01")) == ["Alex Smith (2011)", "\u0410lex Smith (2012)"]
    assert names_of(("Alex", "Smith"), ("\u0410lex", "Smith")) == ["Alex Smith [1]", "\u0410lex Smith [2]"]
    assert names_of(("Alex", "O\u2019Brien"), ("Alex", "O'Brien")) == ["Alex O\u2019Brien [1]", "Alex O'Brien [2]"]
    assert names_of(("Alex", "O\u00b4Brien"), ("Alex", "O'Brien")) == ["Alex O\u00b4Brien [1]", "Alex O'Brien [2]"]
    assert names_of(("Zoe", "Smith"), ("Zo\u00eb", "Smith")) == ["Zoe S", "Zo\u00eb S"]


def test_a_number_is_never_somebody_elses_name() -> None:
    assert names_of(("Alex", "Smith"), ("Alex", "Smith"), ("Alex Smith [1]", "")) == ["Alex Smith [2]", "Alex Smith [3]", "Alex Smith [1]"]


def test_letters_that_are_written_as_one_stay_together() -> None:
    assert signs("क्षमा")[0] == "क्ष" and signs("ខ្មែរ")[0] == "ខ្មែ" and signs("เก่ง")[0] == "เก่"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Al \u00a0ex ", "Al ex"), ("Al\tex\n", "Al ex"), ("Al\u200bex\u202e", "Alex"), ("\ufeffAlex\u2060", "Alex"), ("A\u200dlex\ufe0f", "Alex"),
        ("علی\u200cرضا", "علی\u200cرضا"), ("क्\u200dष", "क्\u200dष"), ("E\u0301mile", "Émile"),
    ],
)  # fmt: skip
def test_a_name_is_tidied_at_the_door(house: House, given: str, kept: str) -> None:
    identify(house, house.student, given_name=given, family_name=f" {given}", known_as=given)
    person = house.person(given)
    house.runner.catch_up()
    student = house.reader.one("students", str(house.student))
    assert [student[field] for field in ("given_name", "family_name", "known_as")] == [kept] * 3
    stored = [event for event in house.ledger.read(range(1, house.ledger.recorder.read_head().position + 1)) if getattr(event, "given_name", None)]
    assert stored[-1].given_name == kept
    assert house.reader.one("people", str(person))["name"] == kept


@pytest.mark.parametrize("nothing", ["\u200b", "\u3164", "\u202e \u2060", "\u115f"])
def test_a_name_in_which_nothing_can_be_seen_is_refused_in_a_sentence(house: House, nothing: str) -> None:
    with pytest.raises(Refused) as refused:
        identify(house, house.student, given_name=nothing, family_name="Smith")
    assert (refused.value.field, refused.value.message) == ("given_name", "The given name is 1 to 120 characters, not blank.")


def texts_on_one_line(model: type[BaseModel], body: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The places of all names in a command, at any depth."""
    for name, annotation in get_type_hints(model, include_extras=True).items():
        inner = body.get(name) if name in model.model_fields else None
        if "ONE_LINE" in repr(annotation) or "OneLine" in repr(annotation):
            yield from [(name, key) for key in inner] if isinstance(inner, dict) else [(name,)]
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for part in get_args(annotation) + get_args(next(iter(get_args(annotation)), None)):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from ((name, 0, *where) for where in texts_on_one_line(part, inner[0]))


PLACES = [(name, where) for name, kind in KINDS.items() for where in texts_on_one_line(kind, whole(name))]


def test_every_name_in_a_command_is_looked_for() -> None:
    found = {(name, where[-1]) for name, where in PLACES}
    assert found >= {
        ("add-person", "name"),
        ("identify-student", "family_name"),
        ("set-timetable", "label"),
        ("set-calendar", "label"),
        ("enrol-device", "name"),
    }


@pytest.mark.parametrize(("name", "where"), PLACES)
def test_every_name_in_a_command_is_tidied(name: str, where: tuple[Any, ...]) -> None:
    made: Any = read(name, put(whole(name), where, " Red \u200b\u202e  kite\n"))
    for part in where:
        made = made[part] if isinstance(part, int) or isinstance(made, dict) else getattr(made, part)
    assert made == "Red kite"


def test_names_that_were_stored_before_are_told_apart_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(given_module, "tidy", lambda text: text)
        first, second, third = house.admit("Alex", "Smith"), house.admit("Alex\u200b", " Smith"), house.admit("\u3164", "\u3164")
    house.runner.catch_up()
    names = [house.reader.one("students", str(student))["name"] for student in (first, second, third)]
    assert names == ["Alex Smith [1]", "Alex Smith [2]", f"Not named yet ({str(third)[-6:]})"]
    assert house.reader.one("students", str(second))["given_name"] == "Alex"


def test_children_who_are_not_named_yet_are_told_apart_everywhere(house: House) -> None:
    two = [new_id(), new_id()]
    for student in two:
        house.ledger.execute(AdmitStudent(id=new_id(), setting_id=house.setting, student=student, author_id=house.teacher, on=MONDAY.date()))
    house.runner.catch_up()
    wanted = {str(student): f"Not named yet ({str(student)[-6:]})" for student in two}
    with house.browser() as client:
        phone = client.get("/api/v1/capture").json()["students"]
        page = client.get(f"/students/{two[0]}").text
    assert {one["id"]: one["name"] for one in phone if one["id"] in wanted} == wanted
    assert wanted[str(two[0])] in page and "cannot be opened" not in page
    assert house.reader.one("students", str(two[0]))["given_name"] is None


def test_two_devices_of_one_name_are_told_apart(house: House) -> None:
    for _ in range(2):
        house.ledger.execute(EnrolDevice(id=new_id(), setting_id=house.setting, device=new_id(), author_id=house.teacher, name="Tablet", kind="tablet"))
    house.runner.catch_up()
    devices = house.reader.whole("devices", house.reader.one("settings", str(house.setting)))
    assert [one["name"] for one in devices] == ["Tablet [1]", "Tablet [2]"]


# Files for schools ------------------------------------------------------------------------------------------------------


def files_of(house: House, audience: str, **order: Any) -> dict[str, list[dict[str, str]]]:
    """The tables of a pack about everybody, as a school's spreadsheet reads them."""
    blocks: list[dict[str, Any]] = [
        {"banner": {}},
        {"table": {"name": "one", "caption": "One", "columns": ["student", "sess_possible"]}},
        {"table": {"name": "own", "caption": "Own", "columns": ["sess_possible", "reference"]}},
        {"method": {}},
        *([{"gaps": {}}] if audience == "leader" else []),
    ]
    layout = Layout(id="x", title="x", summary="x", audience=audience, about=["student", "commissioner", "setting"], blocks=blocks)  # type: ignore[arg-type]
    asked = Order(layout, house.setting, date(2026, 3, 2), date(2026, 3, 15), **order)
    report = make_report(house.reader, asked, words_that_leave(layout), date(2026, 3, 16))
    files = {name: content.decode() for name, content in pack_files(report).items() if name.endswith((".csv", ".txt"))}
    house.told = files.get("method.txt", ""), as_html(report)  # type: ignore[attr-defined]
    return {name: list(csv.DictReader(StringIO(text.lstrip("\ufeff")))) for name, text in files.items() if name.endswith(".csv")}


def test_every_file_of_a_pack_tells_two_of_one_name_apart_by_more_than_the_name(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    payer = new_id()
    house.ledger.execute(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=payer, name="County", kind="school"))
    first, second = new_id(), new_id()
    for student, family, more in ((first, "Lee", {"upn": "Y823432104009"}), (second, "Lee Young", {})):
        whose: dict[str, Any] = {"setting_id": house.setting, "student": student, "author_id": house.teacher}
        start = {"start": date(2026, 3, 2), "commissioner_id": payer, "placement_id": new_id()}
        house.ledger.execute(AdmitStudent(id=new_id(), on=MONDAY.date(), **whose))
        identify(house, student, given_name="Alex", family_name=family, **more)
        house.ledger.execute(StartPlacement(id=new_id(), **start, **whose))
    house.runner.catch_up()
    wanted = [("Alex Lee", str(first)[-6:], "Y823432104009"), ("Alex Lee Y", str(second)[-6:], "")]
    files = files_of(house, "commissioner", commissioner_id=payer)
    assert [(row["student"], row["reference"], row["upn"]) for row in files["data/one.csv"]] == wanted
    assert list(files["data/own.csv"][0]) == ["sess_possible", "reference"], "a commissioner's own order of columns stays as it is"
    method, page = house.told  # type: ignore[attr-defined]
    assert "reference: The last six signs" in method and "upn: The unique pupil number" in method and "Y823432104009" not in page
    for name, rows in files_of(house, "leader", commissioner_id=payer).items():
        assert not rows or "student" not in rows[0] or {"reference", "upn"} <= rows[0].keys(), name
    family = files_of(house, "family", student_id=first)
    assert list(family["data/one.csv"][0]) == ["student", "reference", "sess_possible"], "only who may know a number is told it"
    whole = files_of(house, "commissioner", preset="internal")
    assert "upn" not in whole["data/one.csv"][0], "a payer who did not place a child is not told their number"


def test_what_stands_in_files_alone_changes_nothing_of_what_was_released() -> None:
    told = [Column("student", "Student"), Column("reference", "Reference", printed=False), Column("n", "N")]
    with_it = Table("t", "T", told, [[Shown("Alex S"), Shown("0c0001"), Shown("1", 1)]])
    without = Table("t", "T", [told[0], told[2]], [[Shown("Alex S"), Shown("1", 1)]])
    hashes = {figures_hash(Report("r", "f", "en", PRESETS["internal"], [one], {})) for one in (with_it, without)}
    assert len(hashes) == 1 and "0c0001" in table_csv(with_it)
