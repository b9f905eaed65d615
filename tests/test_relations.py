"""A relation holds for its own days: what somebody reads of a student, and what is counted for them, is cut to those."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from ap_ledger.access import RULES
from ap_ledger.domain.commands import read_command
from ap_ledger.events.days import EVERY_DAY, NO_DAYS, Days, Span, days_of, holds_on
from ap_ledger.recording.ledger import new_id
from api.app import GATES
from tests.house import House
from tests.slow_path import Audit

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
FIRST_TIME, SECOND_TIME = ("2026-09-07", "2026-10-23"), ("2026-11-02", None)
PERIOD = {"from": "2026-09-01", "to": "2026-11-28"}


def give(house: House, command: str, **fields: Any) -> None:
    """Gives a command in the leader's name."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    house.ledger.execute(read_command({**about, **fields}))


def at(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")


class Payers:
    """A child who changed from one payer to another, and one who stayed with the first."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.clock.now = NOW  # type: ignore[attr-defined]
        self.first, self.second = new_id(), new_id()
        for payer, name in ((self.first, "First payer"), (self.second, "Second payer")):
            give(house, "add-commissioner", commissioner_id=str(payer), name=name, kind="local-authority")
        self.people = {payer: house.person(f"For {n}", "commissioner", commissioner_id=payer) for n, payer in enumerate((self.first, self.second))}
        self.student = self.admit("Moss", [(*FIRST_TIME, self.first), (*SECOND_TIME, self.second)])
        self.stayed = self.admit("Fern", [(FIRST_TIME[0], None, self.first)])
        self.early, self.late = self._entries("2026-09-1", "hostile-contact", "bus-stop"), []
        self.late = self._later()
        house.runner.catch_up()

    def admit(self, name: str, stays: list[tuple[str, str | None, UUID]]) -> UUID:
        student = new_id()
        give(self.house, "admit-student", student=str(student), on="2026-09-07")
        give(self.house, "identify-student", student=str(student), given_name=name, family_name="Heron")
        for start, end, payer in stays:
            self.stay(student, start, end, payer)
        return student

    def stay(self, student: UUID, start: str, end: str | None, payer: UUID) -> str:
        placement, whose = str(new_id()), {"student": str(student)}
        give(self.house, "start-placement", **whose, placement_id=placement, start=start, commissioner_id=str(payer))
        if end:
            give(self.house, "end-placement", **whose, placement_id=placement, end=end, reason_code="moved")
        return placement

    def session(self, day: str, came: bool, student: UUID | None = None) -> dict[str, Any]:
        said = {"planned_start": at(day).isoformat(), "planned_end": at(day, 12).isoformat()}
        said |= {"actual_start": at(day).isoformat(), "actual_end": at(day, 11).isoformat(), "supervised_by": str(self.house.teacher)} if came else {}
        return self.house.entry("session-attended", at(day), student or self.student, **said)

    def _entries(self, days: str, rung: str, unit: str) -> list[dict[str, Any]]:
        """What happened in the first payer's time: three sessions missed, an incident, contacts, a step, scores, a visit, a voice."""
        house, whose = self.house, {"student_id": str(self.student)}
        return self._record(
            *(self.session(f"{days}{n}", False) for n in (5, 6, 7)),
            house.entry(
                "incident-recorded",
                at(f"{days}7", 10),
                self.student,
                category="restraint",
                restrictive=True,
                minutes=4,
                parents_told_at=at(f"{days}7", 10).isoformat(),
            ),
            *(house.rung(rung, at(f"{days}{n}", 11), **whose) for n in (5, 6, 7)),
            house.unit(unit, "introduced", at(f"{days}7"), **whose),
            house.outcome("joined-in", 1, day=date.fromisoformat(f"{days}7"), **whose),
            house.entry("visit-logged", at(f"{days}6", 15), self.student, effort="attempted", channel="phone", minutes=7),
            house.entry("voice-heard", at(f"{days}6", 15), self.student, speaker="student", face=1),
            house.entry("context-noted", at(f"{days}6", 15), self.student, category="moved-home"),
            self.session(f"{days}5", True, self.stayed),
        )

    def _later(self) -> list[dict[str, Any]]:
        """What happened in the second payer's time: two sessions attended and two contacts."""
        house, whose = self.house, {"student_id": str(self.student)}
        return self._record(
            self.session("2026-11-10", True), self.session("2026-11-24", True), house.rung("goes-out", at("2026-11-10"), **whose),
            house.rung("on-site-one-to-one", at("2026-11-24"), **whose), self.session("2026-11-24", True, self.stayed),
        )  # fmt: skip

    def _record(self, *entries: dict[str, Any]) -> list[dict[str, Any]]:
        results = self.house.record(*entries)
        assert {one.status for one in results} == {"recorded"}, results
        return list(entries)

    def browser(self, payer: UUID) -> TestClient:
        return self.house.browser(self.people[payer])

    def told_of(self, payer: UUID, **params: str) -> dict[str, Any]:
        """The history of the child who changed, as a payer reads it."""
        told: dict[str, Any] = self.browser(payer).get(f"/api/v1/students/{self.student}/history", params=params).json()
        return told

    def pack(self, payer: UUID, **more: str) -> dict[str, list[dict[str, str]]]:
        """The CSV files of a payer's pack, as the leader makes it."""
        asked = {"layout": "commissioner-pack", "commissioner": str(payer), "setting": str(self.house.setting), **PERIOD, "form": "zip", **more}
        answer = self.house.browser().get("/reports/make", params=asked)
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
            names = [name for name in files.namelist() if name.startswith("data/")]
            return {name[5:-4]: list(csv.DictReader(io.StringIO(files.read(name).decode("utf-8-sig")))) for name in names}

    def row(self, payer: UUID, name: str = "Moss", **more: str) -> dict[str, str]:
        """Everything that a payer's pack says of a child, by column."""
        rows = [row for table in self.pack(payer, **more).values() for row in table if str(row.get("student", "")).startswith(name)]
        return {column: value for row in rows for column, value in row.items()}


@pytest.fixture
def payers(house: House) -> Payers:
    return Payers(house)


def ids(told: dict[str, Any]) -> set[str]:
    return {one["id"] for one in told["entries"]}


def of(payers: Payers, entries: list[dict[str, Any]]) -> set[str]:
    return {one["id"] for one in entries if one["student_id"] == str(payers.student)}


# Days -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_kept", [date.fromisoformat, str])
def test_what_has_a_first_and_a_last_day_holds_on_both_and_goes_on_where_it_has_no_last(as_kept: Any) -> None:
    first, last = as_kept("2026-03-02"), as_kept("2026-03-06")
    days = [as_kept(day) for day in ("2026-03-01", "2026-03-02", "2026-03-04", "2026-03-06", "2026-03-07")]
    assert [holds_on(first, last, day) for day in days] == [False, True, True, True, False]
    assert [holds_on(first, None, day) for day in days] == [False, True, True, True, True]


def test_days_are_put_together_cut_and_asked_for_one_by_one() -> None:
    one, two = days_of([("2026-09-07", "2026-10-23"), ("2026-11-02", None)]), days_of([("2026-10-01", "2026-11-10")])
    assert date(2026, 10, 23) in one and date(2026, 10, 24) not in one and date(2050, 1, 1) in one
    assert one & two == Days((Span(date(2026, 10, 1), date(2026, 10, 23)), Span(date(2026, 11, 2), date(2026, 11, 10))))
    assert one | two == days_of([("2026-09-07", None)])
    assert days_of([("2026-01-01", "2026-01-05"), ("2026-01-06", "2026-01-09")]).spans == (Span(date(2026, 1, 1), date(2026, 1, 9)),)
    assert not days_of([("2026-01-05", "2026-01-01")]) and EVERY_DAY & one == one and not NO_DAYS & one


# A commissioner --------------------------------------------------------------------------------------------------------


def test_each_payers_pack_counts_what_happened_in_their_own_time(payers: Payers) -> None:
    first, second = payers.row(payers.first), payers.row(payers.second)
    assert [first[name] for name in ("sess_possible", "sess_attended", "incidents", "restrictive")] == ["3", "0", "1", "1"]
    assert [second[name] for name in ("sess_possible", "sess_attended", "incidents", "restrictive")] == ["2", "2", "0", "0"]
    assert (first["sess_overall_percent"], second["sess_overall_percent"]) == ("100.0", "0.0")
    assert (first["start"], second["start"]) == ("2026-09-07", "2026-11-02")


def test_every_block_of_a_pack_is_cut_and_not_only_attendance(payers: Payers) -> None:
    first, second = payers.row(payers.first), payers.row(payers.second)
    assert [first[name] for name in ("baseline", "units_started", "seen_n", "voices", "contacts_attempted", "contacts_made")] == [
        "Angry or refusing contact", "1", "1", "1", "1", "3",
    ]  # fmt: skip
    assert [second[name] for name in ("baseline", "units_started", "seen_n", "voices", "contacts_attempted", "contacts_made")] == [
        "Goes out with the mentor", "0", "0", "0", "0", "2",
    ]  # fmt: skip
    # What is latest is what was latest in the placement, and a placement that is over grows no older.
    assert first["days_since_contact"] == "36"


def test_every_figure_of_both_packs_is_recomputed_from_the_raw_ledger(payers: Payers) -> None:
    rows = payers.house.rows("SELECT position, originator_id, topic, student_id, occurred_at, recorded_at, state FROM stored_events ORDER BY position")
    audit, compared = Audit([tuple(row) for row in rows], None), 0
    for payer in (payers.first, payers.second):
        row = payers.row(payer)
        figures = audit.figures(str(payers.student), date(2026, 9, 1), date(2026, 11, 28), str(payer))
        for column in figures.keys() & row.keys():
            found = figures[column]
            same = row[column] not in ("", "z") and abs(float(row[column]) - found) < 0.0001 if isinstance(found, float) else row[column] == str(found)
            assert same, (column, row[column], found)
            compared += 1
    assert compared > 60


def test_a_pack_of_several_children_is_cut_for_the_one_who_changed_alone(payers: Payers) -> None:
    stayed = payers.row(payers.first, "Fern")
    assert [stayed[name] for name in ("sess_possible", "sess_attended")] == ["2", "2"]
    assert not payers.row(payers.second, "Fern")
    together = {row["what"]: row["all"] for row in payers.pack(payers.first)["attendance-all"]}
    assert (together["Sessions offered"], together["Attended"]) == ("5", "2")


def test_two_placements_with_one_payer_count_together_and_the_gap_between_them_does_not(payers: Payers) -> None:
    house = payers.house
    child = payers.admit("Reed", [("2026-09-07", "2026-09-30", payers.first), ("2026-11-02", None, payers.first)])
    payers._record(*(payers.session(day, True, child) for day in ("2026-09-15", "2026-10-14", "2026-11-10")))
    house.runner.catch_up()
    row = payers.row(payers.first, "Reed")
    assert (row["sess_possible"], row["start"]) == ("2", "2026-11-02")
    told = payers.browser(payers.first).get(f"/api/v1/students/{child}/history").json()
    assert told["progress"]["sessions"]["attended"] == 2 and len(told["entries"]) == 2
    page = (
        house.browser()
        .get("/reports/make", params={"layout": "commissioner-pack", "commissioner": str(payers.first), "setting": str(house.setting), **PERIOD})
        .text
    )
    behind = next(
        address for address in re.findall(r'href="(/students/[^"]+/entries\?[^"]+)"', page) if str(child) in address and "session-attended" in address
    )
    assert "2 entries" in house.browser().get(behind.replace("&amp;", "&")).text


def test_each_payer_reads_the_history_of_their_own_time(payers: Payers) -> None:
    first, second = payers.told_of(payers.first), payers.told_of(payers.second)
    assert ids(first) == of(payers, payers.early) and ids(second) == of(payers, payers.late)
    assert first["progress"]["sessions"] == {"not-attended": 3} and first["progress"]["incidents"] == {"restrictive-no-copy": 1}
    assert second["progress"]["sessions"]["attended"] == 2 and second["progress"]["incidents"] == {}
    assert second["progress"]["ladders"]["default-ladder@1"]["baseline"] == "goes-out"


def test_both_times_of_a_history_hold_inside_the_days_of_a_relation(payers: Payers) -> None:
    moment = "2026-11-15T12:00:00+00:00"
    assert payers.told_of(payers.second, as_of=moment)["progress"]["sessions"]["attended"] == 1
    assert payers.told_of(payers.second, known_at="2026-11-27T00:00:00+00:00")["entries"] == []
    assert payers.told_of(payers.first, as_of="2026-09-16T23:00:00+00:00")["progress"]["sessions"] == {"not-attended": 2}
    assert payers.told_of(payers.second, as_of="2026-09-16T23:00:00+00:00")["entries"] == []


def commissioners_routes() -> Iterator[str]:
    """Every page and answer about one student that a commissioner may ask for."""
    for key, gate in GATES.items():
        if key.startswith("GET ") and "{student_id}" in key and ("commissioner", gate.action) in RULES:
            yield key.removeprefix("GET ")


def test_no_page_and_no_answer_tells_a_payer_of_another_payers_time(payers: Payers) -> None:
    client, words = (
        payers.browser(payers.second),
        [*of(payers, payers.early), "hostile-contact", "Angry", "bus-stop", "2026-09-1", *(f"{n} Sep" for n in (15, 16, 17))],
    )
    routes = list(commissioners_routes())
    assert len(routes) > 8
    for route in routes:
        for entry in payers.early:
            url = route.format(student_id=payers.student, entry=entry["id"], curriculum_id="everyday-steps", version=1)
            answer = client.get(url, params={"from": "2026-09-01", "first_from": "2026-09-01", "first_to": "2026-09-30", "kind": "", "known": "2026-11-27"})
            assert answer.status_code == (404 if "{entry}" in route else 200), (url, answer.status_code)
            told = re.sub(
                r'<script type="application/json" id="rungs">.*?</script>|(value|href|data-[a-z]+)="[^"]*"|From .*? to [^<]*', "", answer.text, flags=re.S
            )
            assert [word for word in words if word in told and not ("learning" in route and word == "bus-stop")] == [], url
            if "{entry}" not in route:
                break


def test_a_payer_reads_no_step_in_learning_of_another_payers_time(payers: Payers) -> None:
    url = f"/api/v1/students/{payers.student}/learning/everyday-steps/1"
    assert list(payers.browser(payers.first).get(url).json()["units"]) == ["bus-stop"]
    assert payers.browser(payers.second).get(url).json()["units"] == {}


def test_an_entry_that_was_put_right_is_read_by_whoever_placed_the_child_on_its_day_now(payers: Payers) -> None:
    house = payers.house
    note = house.rung("shares-space", at("2026-11-12"), student_id=str(payers.student))
    moved = house.rung("reaches-site", at("2026-09-18"), student_id=str(payers.student))
    payers._record(note, moved)
    payers._record(house.correct(note, NOW, device_time=at("2026-09-21").isoformat()), house.correct(moved, NOW, device_time=at("2026-11-13").isoformat()))
    house.runner.catch_up()
    first, second = ids(payers.told_of(payers.first)), ids(payers.told_of(payers.second))
    assert (note["id"] in first, note["id"] in second, moved["id"] in first, moved["id"] in second) == (True, False, False, True)
    paged = [payers.told_of(payers.second, limit=str(size)) for size in (1, 2, 50)]
    assert [len(told["entries"]) for told in paged] == [1, 2, 5]


def test_lists_tell_a_payer_of_their_own_placements_and_of_what_held_in_them(payers: Payers) -> None:
    give(payers.house, "group-student", student=str(payers.student), from_date="2026-09-07", group="oak")
    give(payers.house, "group-student", student=str(payers.student), from_date="2026-11-02", group="elm")
    give(payers.house, "assign-mentor", student=str(payers.student), person_id=str(payers.house.mentor), from_date="2026-11-09")
    payers.house.runner.catch_up()
    for payer, group, mentors in ((payers.first, "oak", 0), (payers.second, "elm", 1)):
        client = payers.browser(payer)
        placements = [one for one in client.get("/api/v1/placements").json()["items"] if one["student_id"] == str(payers.student)]
        assert [one["commissioner_id"] for one in placements] == [str(payer)]
        student = client.get(f"/api/v1/students/{payers.student}").json()
        assert [one["group"] for one in student["groups"]] == [group] and len(student["mentors"]) == mentors
        home, page = client.get("/").text + client.get("/students").text, client.get(f"/students/{payers.student}").text
        other = "Second payer" if payer == payers.first else "First payer"
        assert other not in home and other not in page and group.capitalize() in page


def test_the_list_of_students_draws_a_payer_the_line_of_their_own_time(payers: Payers) -> None:
    payers.house.record(payers.house.rung("shares-space", at("2026-10-22"), student_id=str(payers.student)))
    payers.house.runner.catch_up()

    def contacts(payer: UUID) -> str:
        page = payers.browser(payer).get("/students").text
        row = page[page.index(f"/students/{payers.student}") :]
        return re.findall(r'data-name="Contacts">(\d+)<', row)[0]

    assert (contacts(payers.first), contacts(payers.second)) == ("1", "2")


def test_the_register_gives_a_payer_the_sessions_of_their_own_time(payers: Payers) -> None:
    url = f"/api/v1/students/{payers.student}/register"
    for payer, days in ((payers.first, ["17", "16", "15"]), (payers.second, ["24", "10"])):
        items = payers.browser(payer).get(url, params={"from": "2026-09-01"}).json()["items"]
        assert [one["planned_start"][8:10] for one in items] == days


def test_a_pack_about_one_child_is_cut_to_the_placement_it_is_made_for(payers: Payers) -> None:
    asked = {"layout": "commissioner-pack", "student": str(payers.student), **PERIOD, "form": "zip"}
    with zipfile.ZipFile(io.BytesIO(payers.house.browser().get("/reports/make", params=asked).content)) as files:
        rows = [row for name in files.namelist() if name.endswith(".csv") for row in csv.DictReader(io.StringIO(files.read(name).decode("utf-8-sig")))]
    assert {row["sess_possible"] for row in rows if "sess_possible" in row} == {"2"}


# Those who work with a student, and family -----------------------------------------------------------------------------


def test_a_mentor_reads_all_there_is_while_a_child_is_on_their_caseload_and_nothing_before_or_after(payers: Payers) -> None:
    house, url = payers.house, f"/api/v1/students/{payers.student}/history"
    mentor = house.person("Rowan", "mentor")
    give(house, "assign-mentor", student=str(payers.student), person_id=str(mentor), from_date="2026-11-28", until="2026-12-04")
    house.runner.catch_up()
    assert len(house.browser(mentor).get(url).json()["entries"]) == len(of(payers, [*payers.early, *payers.late]))
    statuses = []
    for day in (27, 28):
        house.clock.now = NOW.replace(day=day)  # type: ignore[attr-defined]
        statuses.append(house.browser(mentor).get(url).status_code)
    house.clock.now = NOW + timedelta(days=7)  # type: ignore[attr-defined]
    statuses.append(house.browser(mentor).get(url).status_code)
    assert statuses == [403, 200, 403]


def test_a_caseload_begins_and_ends_with_the_days_of_the_setting(payers: Payers) -> None:
    house, url = payers.house, f"/api/v1/students/{payers.student}/history"
    mentor = house.person("Rowan", "mentor")
    give(house, "assign-mentor", student=str(payers.student), person_id=str(mentor), from_date="2027-06-01")
    house.clock.now = datetime(2027, 5, 31, 23, 30, tzinfo=UTC)  # type: ignore[attr-defined]
    assert house.browser(mentor).get(url).status_code == 200, "in London it is the first of June already"


def test_family_reads_what_was_released_from_the_day_of_the_link_on(payers: Payers) -> None:
    house, url = payers.house, f"/api/v1/students/{payers.student}/learning/everyday-steps/1"
    carer = house.person("Rosemary", "family")
    give(house, "release-to-family", student=str(payers.student), released=True)
    give(house, "link-family", student=str(payers.student), person_id=str(carer), from_date="2026-11-02")
    payers._record(house.unit("stops-at-kerb", "introduced", at("2026-11-12"), student_id=str(payers.student)))
    house.runner.catch_up()
    assert list(house.browser(carer).get(url).json()["units"]) == ["stops-at-kerb"]
    give(house, "unlink-family", student=str(payers.student), person_id=str(carer))
    assert house.browser(carer).get(url).status_code == 403


def test_a_placement_that_was_put_right_opens_and_closes_days_at_once_and_packs_go_by_what_was_known(payers: Payers) -> None:
    house = payers.house
    placement = next(one["id"] for one in house.reader.whole("placements") if one["start"] == FIRST_TIME[0] and one["end"] == FIRST_TIME[1])
    house.clock.now = NOW + timedelta(hours=1)  # type: ignore[attr-defined]
    give(house, "correct-placement", student=str(payers.student), placement_id=placement, end="2026-09-15", reason_code="slip")
    house.runner.catch_up()
    assert {one["occurred_at"][:10] for one in payers.told_of(payers.first)["entries"]} == {"2026-09-15"}
    before = NOW.isoformat()
    assert {one["occurred_at"][:10] for one in payers.told_of(payers.first, known_at=before)["entries"]} == {"2026-09-15"}
    assert payers.row(payers.first)["sess_possible"] == "1"
    assert payers.row(payers.first, known=before)["sess_possible"] == "3"
