"""Two students who turn out to be one child are told of as one, and as two again when that was wrong."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from ap_ledger.cli import recompute
from ap_ledger.cli.main import app
from ap_ledger.domain.commands import read_command
from ap_ledger.errors import Refused
from ap_ledger.events.moments import microseconds
from ap_ledger.recording.ledger import Executed, new_id
from ap_ledger.recording.verifying import verify
from projections.queries.history import history
from projections.queries.on_day import key_worker_of
from projections.queries.own_words import own_labels
from projections.queries.periods import periods
from reports.compose import Order, make_report, words_that_leave
from reports.layouts import read_layout
from reports.pack import figures_hash
from tests.house import FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, House

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def join(house: House, record: UUID, kept: UUID, **more: Any) -> Executed:
    """Says that a record and the one that is kept are one child."""
    about = {"setting_id": str(house.setting), "author_id": str(house.leader), "reason_code": "admitted-twice"}
    said = {"command": "join-students", "id": str(new_id()), **about, "student": str(record), "kept_student": str(kept)}
    return house.ledger.execute(read_command({**said, **more}))


def part(house: House, record: UUID) -> Executed:
    """Says that they are two after all."""
    about = {"setting_id": str(house.setting), "author_id": str(house.leader), "reason_code": "mistake"}
    said = {"command": "part-students", "id": str(new_id()), **about, "student": str(record)}
    return house.ledger.execute(read_command(said))


def told(house: House, student: UUID, known_at: datetime | None = None) -> tuple[list[str], dict[str, Any]]:
    """The ids of the entries that are told of a student, and how far they got."""
    found = history(house.reader, student, LATER, known_at)
    return sorted(entry["id"] for entry in found["entries"]), found["progress"]


def two_weeks(house: House) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was recorded of each of the house's two students before anybody noticed that they are one."""
    house.clock.now = TUESDAY
    first = [house.rung("through-door"), house.outcome(), house.unit("bus-stop"), house.note()]
    of_other = {"at": TUESDAY, "student": house.other}
    second = [house.rung("goes-out", **of_other), house.unit("bus-stop", "with-help", **of_other)]
    second += [house.note("again", **of_other)]
    assert {one.status for one in house.record(*first, *second)} == {"recorded"}
    return first, second


def ids(*entries: dict[str, Any]) -> list[str]:
    return sorted(entry["id"] for entry in entries)


def test_both_histories_are_told_of_the_kept_one_and_apart_as_it_was_known_before(house: House) -> None:
    first, second = two_weeks(house)
    house.clock.now = WEDNESDAY
    assert join(house, house.other, house.student).status == "recorded"
    house.runner.catch_up()
    assert told(house, house.student)[0] == ids(*first, *second)
    kinds = {"note-written": 2, "outcome-scored": 1, "rung-reached": 2, "unit-progressed": 2}
    assert told(house, house.student)[1]["kinds"] == kinds
    assert told(house, house.student, TUESDAY)[0] == ids(*first)
    assert told(house, house.other, TUESDAY)[0] == ids(*second)
    bodies = house.reader.everyone(house.reader.one("settings", str(house.setting)) or {})
    assert [body["id"] for body in bodies] == [str(house.student)]


def test_what_comes_later_under_the_other_id_counts_for_the_one_child(house: House) -> None:
    first, second = two_weeks(house)
    house.clock.now = WEDNESDAY
    join(house, house.other, house.student)
    late = house.note("from a phone", at=WEDNESDAY, student=house.other)
    assert house.one(late).status == "recorded"
    assert house.one(house.correct(second[0], WEDNESDAY, rung="shares-space")).status == "recorded"
    assert house.one(house.void(second[1], WEDNESDAY)).status == "recorded"
    house.runner.catch_up()
    entries, progress = told(house, house.student)
    assert entries == ids(*first, *second, late)
    assert progress["ladders"]["default-ladder@1"]["latest"] == "shares-space"
    assert progress["kinds"]["unit-progressed"] == 1


def test_parting_shows_them_apart_again_and_nothing_is_lost(house: House) -> None:
    first, second = two_weeks(house)
    house.runner.catch_up()
    before = [told(house, student) for student in (house.student, house.other)]
    house.clock.now = WEDNESDAY
    join(house, house.other, house.student)
    house.runner.catch_up()
    late = house.note("in between", at=WEDNESDAY, student=house.other)
    house.record(late)
    house.clock.now = THURSDAY
    part(house, house.other)
    house.runner.catch_up()
    assert told(house, house.student) == before[0]
    assert told(house, house.other)[0] == ids(*second, late)
    assert told(house, house.student, WEDNESDAY)[0] == ids(*first, *second, late)
    house.clock.now = FRIDAY
    join(house, house.student, house.other)
    house.runner.catch_up()
    assert told(house, house.other)[0] == ids(*first, *second, late)
    assert told(house, house.student, THURSDAY)[0] == ids(*first)


def test_replaying_from_nothing_makes_the_same(house: House) -> None:
    two_weeks(house)
    house.clock.now = WEDNESDAY
    join(house, house.other, house.student)
    house.record(house.note("in between", at=WEDNESDAY, student=house.other))
    house.clock.now = THURSDAY
    part(house, house.other)
    join(house, house.student, house.other)
    house.runner.catch_up()
    asked = [(student, at) for student in (house.student, house.other) for at in (None, TUESDAY, WEDNESDAY, THURSDAY)]
    rows = [told(house, student, at) for student, at in asked]
    bodies = [house.reader.whole(kind) for kind in ("students", "placements")]
    house.runner.replay()
    assert [told(house, student, at) for student, at in asked] == rows
    assert [house.reader.whole(kind) for kind in ("students", "placements")] == bodies


def test_two_attestations_of_one_slot_become_two_people_said(house: House) -> None:
    begins, ends = MONDAY.isoformat(), MONDAY.replace(hour=10).isoformat()
    planned = {"planned_start": begins, "planned_end": ends, "session": {"date": "2026-03-02", "slot": "lesson"}}
    came = {"actual_start": begins, "actual_end": ends, "supervised_by": str(house.teacher)}
    house.record(house.entry("session-attended", **planned, **came))
    house.record(house.entry("session-attended", student=house.other, **planned))
    join(house, house.other, house.student)
    house.runner.catch_up()
    assert told(house, house.student)[1]["sessions"] == {"disputed": 1}
    with house.browser() as leader:
        due = [one for one in leader.get(f"/api/v1/settings/{house.setting}/due").json()["items"] if one["entry_ids"]]
        assert [(one["student_id"], len(one["entry_ids"])) for one in due] == [(str(house.student), 2)]
        assert leader.get(f"/api/v1/settings/{house.setting}/day", params={"date": "2026-03-02"}).status_code == 200
        # Whoever may record settles it, although the two entries came under two ids.
        kept, other = due[0]["entry_ids"]
        form = {"do": "settle", "setting": str(house.setting), "command": str(new_id()), "keep": kept, "other": other}
        assert "done=settled" in str(leader.post("/clocks", data=form, follow_redirects=False).headers.get("location"))
        house.runner.catch_up()
    assert told(house, house.student)[1]["sessions"] in ({"attended": 1, "minutes": 60}, {"not-attended": 1})


def test_chains_circles_and_what_was_erased_are_refused_in_a_sentence(house: House) -> None:
    third, fourth = house.admit("Sam", "Vole"), house.admit("Ida", "Wren")
    join(house, house.other, house.student)
    itself, twice, chain = (house.student, house.student), (house.other, third), (house.student, third)
    for record, kept in (itself, twice, chain, (third, house.other), (third, new_id())):
        with pytest.raises(Refused) as refusal:
            join(house, record, kept)
        assert refusal.value.message.endswith(".") and refusal.value.field in ("student", "kept_student")
    with pytest.raises(Refused):
        part(house, third)
    house.shred("learning", fourth)
    for record, kept in ((fourth, third), (third, fourth)):
        with pytest.raises(Refused):
            join(house, record, kept)
    assert join(house, third, house.student).status == "recorded"
    # No placement is started of a child while one runs that stands in another record of theirs.
    house.runner.catch_up()
    running = {one.get("recorded_as", one["student_id"]): one["id"] for one in house.reader.whole("placements")}
    about = {"setting_id": str(house.setting), "student": str(house.student)}
    ending = {"placement_id": running[str(house.student)], "end": "2026-03-04", "reason_code": "moved"}
    house.ledger.execute(read_command({"command": "end-placement", "id": str(new_id()), **about, **ending}))
    starting = {"command": "start-placement", "id": str(new_id()), "placement_id": str(new_id()), "start": "2026-03-05"}
    with pytest.raises(Refused, match="Another placement"):
        house.ledger.execute(read_command({**starting, **about}))


def test_erasing_the_child_erases_both_records(house: House) -> None:
    two_weeks(house)
    join(house, house.other, house.student)
    with pytest.raises(Refused):
        house.shred("learning", house.other)
    house.shred("learning")
    house.runner.catch_up()
    entries = history(house.reader, house.student, LATER, None)["entries"]
    notes = [entry["entry"]["text"] for entry in entries if entry["kind"] == "note-written"]
    assert notes == ["[erased]", "[erased]"]
    assert all(house.ledger.keyring.key(record, "learning") is None for record in (house.student, house.other))
    assert house.ledger.effects.sweep() == 0
    assert [fault for found in verify(house.ledger) for fault in found.faults] == []
    part(house, house.other)
    with pytest.raises(Refused):
        join(house, house.other, house.student)


def test_pages_under_the_other_id_lead_to_the_kept_one(house: House) -> None:
    first, second = two_weeks(house)
    join(house, house.other, house.student)
    house.runner.catch_up()
    with house.browser() as leader:
        moved = leader.get(f"/students/{house.other}?known=2026-03-05", follow_redirects=False)
        assert moved.status_code == 308 and moved.headers["location"] == f"/students/{house.student}?known=2026-03-05"
        found = leader.get(f"/api/v1/students/{house.other}/history").json()
        assert found["student_id"] == str(house.student)
        assert sorted(entry["id"] for entry in found["entries"]) == ids(*first, *second)
        assert leader.get(f"/students/{house.student}").status_code == 200
        assert leader.get(f"/students/{house.student}/entries/{second[0]['id']}").status_code == 200


def test_leaders_are_shown_both_and_join_and_part_them_on_a_page(house: House) -> None:
    first, second = two_weeks(house)
    again = {"setting_id": str(house.setting), "author_id": str(house.leader), "upn": "Y823432104009"}
    for student in (house.student, house.other):
        said = {"command": "identify-student", "id": str(new_id()), "student": str(student), **again}
        house.ledger.execute(read_command(said))
    house.runner.catch_up()
    page = f"/students/{house.student}/one-child"
    with house.browser() as leader:
        assert f"one-child?other={house.other}" in leader.get(f"/students/{house.student}").text
        assert leader.get(page).text.count("Y823432104009") == 2
        form = {"do": "join", "keep": str(house.student), "record": str(house.other), "reason": "admitted-twice"}
        assert leader.post(page, data={**form, "command": str(new_id())}).status_code == 200
        shown = leader.get(f"/students/{house.student}").text
        assert "Two records, joined on" in shown and "Are these two one child?" not in shown
        assert "erased of both" in leader.get(f"/students/{house.student}/erasure").text
        parted = leader.post(page, data={**form, "do": "part", "reason": "mistake", "command": str(new_id())})
        assert parted.status_code == 200 and "Two records, joined on" not in parted.text
    with house.browser(house.teacher) as teacher:
        assert "one-child" not in teacher.get(f"/students/{house.student}").text
        assert teacher.get(page).status_code == 403
    assert told(house, house.student)[0] == ids(*first) and told(house, house.other)[0] == ids(*second)


def test_lists_files_phones_and_reports_count_the_child_once(house: House) -> None:
    two_weeks(house)
    join(house, house.other, house.student)
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting)) or {}
    made = periods(house.reader, setting, house.reader.everyone(setting), date(2026, 3, 1), date(2026, 3, 31), None)
    assert [(one.student["id"], one.counted("kinds")["rung-reached"]) for one in made] == [(str(house.student), 2)]
    pages = ("/", "/learning", "/contact", "/clocks", "/reports", "/audit", "/held", "/day", "/retention")
    with house.browser() as leader:
        assert [one["id"] for one in leader.get("/api/v1/students").json()["items"]] == [str(house.student)]
        assert [one["id"] for one in leader.get("/api/v1/capture").json()["students"]] == [str(house.student)]
        assert {one["student_id"] for one in leader.get("/api/v1/placements").json()["items"]} == {str(house.student)}
        day = leader.get(f"/api/v1/settings/{house.setting}/day", params={"date": "2026-03-02"}).json()
        assert [one["student_id"] for one in day["students"]] == [str(house.student)]
        for page in pages:
            answer = leader.get(page)
            assert answer.status_code == 200 and "Kit" not in answer.text, page
        steps = leader.get(f"/api/v1/students/{house.other}/learning/everyday-steps/1").json()
        assert steps["student_id"] == str(house.student) and "with-help" in str(steps)


def test_whoever_may_see_either_record_sees_the_child(house: House) -> None:
    first, second = two_weeks(house)
    about = {"setting_id": str(house.setting), "author_id": str(house.leader), "student": str(house.other)}
    since = {"person_id": str(house.mentor), "from_date": "2026-03-01"}
    assign = {"command": "assign-mentor", "id": str(new_id()), **since}
    house.ledger.execute(read_command({**assign, **about}))
    house.runner.catch_up()
    path = f"/api/v1/students/{house.student}/history"
    with house.browser(house.mentor) as mentor:
        assert mentor.get(path).status_code == 403
        join(house, house.other, house.student)
        house.runner.catch_up()
        assert sorted(one["id"] for one in mentor.get(path).json()["entries"]) == ids(*first, *second)
    # What keeps somebody from one record keeps them from both.
    del about["student"]
    conflict = {"person_id": str(house.teacher), "conflicted_student": str(house.other), "reason_code": "own-child"}
    house.ledger.execute(read_command({"command": "declare-conflict", "id": str(new_id()), **about, **conflict}))
    with house.browser(house.teacher) as teacher:
        assert teacher.get(path).status_code == 403


def test_an_auditor_who_recomputes_comes_to_the_same(make_house: Any) -> None:
    house = make_house("sqlite")
    two_weeks(house)
    house.clock.now = WEDNESDAY
    join(house, house.other, house.student)
    house.record(house.rung("shares-space", WEDNESDAY, student=house.other))
    house.clock.now = THURSDAY
    house.runner.catch_up()
    ledger = str(house.settings.data / "ledger.sqlite")
    for student in (house.student, house.other):
        for at in (TUESDAY, WEDNESDAY, None):
            found = recompute.figures(ledger, str(student), microseconds(at) if at else 2**62)
            if student == house.other and at != TUESDAY:
                continue
            progress = told(house, student, at)[1]
            assert found["entries"] == progress["entries"] and found["kinds"] == progress["kinds"]
            assert found["units"] == {unit: said["status"] for unit, said in progress["units"].items()}
    part(house, house.other)
    house.runner.catch_up()
    for student in (house.student, house.other):
        assert recompute.figures(ledger, str(student), 2**62)["kinds"] == told(house, student)[1]["kinds"]


def test_two_records_of_one_name_are_told_apart_where_one_is_chosen(house: House) -> None:
    same = {"setting_id": str(house.setting), "author_id": str(house.leader), "given_name": "Ash", "family_name": "Hill", "date_of_birth": "2011-04-02"}
    for student in (house.student, house.other):
        house.ledger.execute(read_command({"command": "identify-student", "id": str(new_id()), "student": str(student), **same}))
    house.runner.catch_up()
    with house.browser() as leader:
        kept = {
            re.search(r"<strong>([^<]+) is kept</strong>", leader.get(f"/students/{one}/one-child?other={other}").text)
            for one, other in ((house.student, house.other), (house.other, house.student))
        }
    assert len({found[1] for found in kept if found}) == 2


def test_what_was_known_before_is_shown_of_each_on_pages_and_in_reports(house: House) -> None:
    first, second = two_weeks(house)
    house.clock.now = THURSDAY
    join(house, house.other, house.student)
    house.clock.now = FRIDAY
    house.runner.catch_up()
    setting = house.reader.one("settings", str(house.setting)) or {}
    then = house.reader.everyone(setting, WEDNESDAY)
    made = periods(house.reader, setting, then, date(2026, 3, 1), date(2026, 3, 31), WEDNESDAY)
    assert {one.student["id"]: len(one.days) for one in made} == {str(house.student): 1, str(house.other): 1}
    assert [one["id"] for one in house.reader.everyone(setting, FRIDAY)] == [str(house.student)]
    with house.browser() as leader:
        path = f"/api/v1/students/{house.other}/history"
        before = leader.get(path, params={"known_at": WEDNESDAY.isoformat()}, follow_redirects=False).json()
        assert before["student_id"] == str(house.other)
        assert sorted(one["id"] for one in before["entries"]) == ids(*second)
        now = leader.get(path, follow_redirects=False)
        assert now.status_code == 308
        for page in ("", "/learning", "/since", "/entries", "/frames"):
            for day, status in (("2026-03-04", 200), ("2026-03-06", 308)):
                url = f"/students/{house.other}{page}?known={day}"
                assert leader.get(url, follow_redirects=False).status_code == status
        since = leader.get(f"/students/{house.student}/since?known=2026-03-04").text
        assert "<span>Came later</span><strong>3</strong>" in since and "Put right since</span><strong>0" in since
    assert told(house, house.student)[0] == ids(*first, *second)


def test_what_was_recorded_of_one_is_corrected_under_either_id_and_sent_twice_is_once(house: House) -> None:
    _, second = two_weeks(house)
    house.clock.now = WEDNESDAY
    join(house, house.other, house.student)
    for change in (house.correct(second[0], WEDNESDAY, rung="shares-space"), house.void(second[1], WEDNESDAY)):
        # A tablet that was asked about the child knows one id, whichever record the entry came under.
        change["student_id"] = str(house.student)
        if "replacement" in change:
            change["replacement"] = {**change["replacement"], "student_id": str(house.student)}
        assert [house.one(change).status for _ in range(2)] == ["recorded", "duplicate"]
    house.runner.catch_up()
    assert told(house, house.student)[1]["ladders"]["default-ladder@1"]["latest"] == "shares-space"
    part(house, house.other)
    again = house.correct(second[0], WEDNESDAY, rung="goes-out", student_id=str(house.student))
    assert house.one(again).status == "refused"


def test_a_legal_hold_on_either_record_keeps_both(house: House) -> None:
    two_weeks(house)
    join(house, house.other, house.student)
    about = {"setting_id": str(house.setting), "author_id": str(house.leader), "student": str(house.other)}
    hold = str(new_id())
    said = {"command": "set-hold", "id": str(new_id()), "hold_id": hold, "reason_code": "court"}
    house.ledger.execute(read_command({**said, **about}))
    with pytest.raises(Refused, match="hold"):
        house.shred("learning")
    house.runner.catch_up()
    with house.browser(house.person("Rowan", "dsl")) as lead:
        page = f"/students/{house.student}/erasure"
        assert "A legal hold stands" in lead.get(page).text
        lead.post(page, data={"do": "lift", "hold": hold, "command": str(new_id()), "form": str(new_id())})
    house.shred("learning")
    with house.browser() as leader:
        assert leader.get("/audit").status_code == 200


def test_words_of_goals_that_share_an_id_both_stand_there(house: House) -> None:
    for student, words in ((house.student, "Ride the bus"), (house.other, "Cook for two")):
        about = {"setting_id": str(house.setting), "author_id": str(house.leader), "student": str(student)}
        goal = {"definition": {"id": "personal-goal", "version": 1}, "labels": {"goal.1": words}}
        house.ledger.execute(read_command({"command": "set-own-items", "id": str(new_id()), **about, **goal}))
    join(house, house.other, house.student)
    house.runner.catch_up()
    body = house.reader.one("students", str(house.student)) or {}
    labels = own_labels(house.reader, [body])[str(house.student)]
    assert labels["personal-goal"] == {"goal.1": "Ride the bus / Cook for two"}


def test_each_payer_reads_the_days_of_their_own_placement_in_both_records(house: House) -> None:
    councils = {student: new_id() for student in (house.student, house.other)}
    house.runner.catch_up()
    for student, council in councils.items():
        added = {"command": "add-commissioner", "id": str(new_id()), "setting_id": str(house.setting)}
        house.ledger.execute(read_command({**added, "commissioner_id": str(council), "name": "C", "kind": "school"}))
        placed = next(one for one in house.reader.whole("placements") if one["student_id"] == str(student))
        about = {"setting_id": str(house.setting), "student": str(student), "placement_id": placed["id"]}
        said = {"commissioner_id": str(council), "reason_code": "mistyped"}
        said |= {"start": "2026-03-03"} if student == house.other else {}
        house.ledger.execute(read_command({"command": "correct-placement", "id": str(new_id()), **about, **said}))
        if student == house.student:
            ending = {"end": "2026-03-02", "reason_code": "moved"}
            house.ledger.execute(read_command({"command": "end-placement", "id": str(new_id()), **about, **ending}))
    first, second = two_weeks(house)
    join(house, house.other, house.student)
    house.runner.catch_up()
    for student, seen in ((house.student, first), (house.other, second)):
        payer = house.person(f"Payer {student}", "commissioner", commissioner_id=councils[student])
        with house.browser(payer) as client:
            found = client.get(f"/api/v1/students/{house.student}/history").json()
            assert sorted(one["id"] for one in found["entries"]) == ids(*seen)
            assert "joined" not in client.get(f"/api/v1/students/{house.student}").json()


def test_programs_and_files_join_and_part_too(house: House, tmp_path: Any) -> None:
    about = {"setting_id": str(house.setting), "student": str(house.other)}
    joins = {"command": "join-students", "kept_student": str(house.student), "reason_code": "admitted-twice", **about}
    parts = {"command": "part-students", "reason_code": "mistake", **about}
    with house.stranger() as client:
        for said in (joins, parts):
            body = {**said, "id": str(new_id())}
            assert client.post("/api/v1/commands", json=body, headers=house.token(house.teacher)).status_code == 403
            assert client.post("/api/v1/commands", json=body, headers=house.token()).json()["status"] == "recorded"
    file = tmp_path / "lines.jsonl"
    author = {"author_id": str(house.leader)}
    file.write_text("\n".join(json.dumps({**said, **author, "id": str(new_id())}) for said in (joins, parts, joins)))
    house.ledger.close()
    house.views.close()
    where = ["--database-url", house.settings.postgres] if house.settings.postgres else []
    done = CliRunner().invoke(app, ["record", str(file), "--data", str(house.settings.data), *where])
    assert done.exit_code == 0, done.output


def test_reports_from_what_was_known_before_are_made_again_as_they_were(house: House) -> None:
    two_weeks(house)
    house.clock.now = THURSDAY
    house.runner.catch_up()
    pages = (("review-pack", house.student), ("review-pack", house.other), ("gaps", None))

    def made(known_at: datetime) -> list[str]:
        march, at = (date(2026, 3, 1), date(2026, 3, 31)), {"known_at": known_at}
        orders = [Order(read_layout(layout), house.setting, *march, student, **at) for layout, student in pages]
        reports = (make_report(house.reader, one, words_that_leave(one.layout), THURSDAY.date()) for one in orders)
        return [figures_hash(report) for report in reports]

    before = made(WEDNESDAY)
    join(house, house.other, house.student)
    house.clock.now = FRIDAY
    house.runner.catch_up()
    assert made(WEDNESDAY) == before
    after = made(FRIDAY)
    assert after[0] == after[1] and not {*after} & {*before}


def test_what_holds_from_a_date_on_is_put_right_in_its_own_record(house: House) -> None:
    people = {house.student: house.mentor, house.other: house.teacher}
    about = {"setting_id": str(house.setting), "author_id": str(house.leader)}

    def assign(student: UUID, **said: str) -> None:
        more = {"command": "assign-key-worker", "id": str(new_id()), "student": str(student), **said}
        house.ledger.execute(read_command({**about, **more}))

    for student, person in people.items():
        assign(student, person_id=str(person), from_date="2026-02-02")
    join(house, house.other, house.student)
    # The other record's was from a later date; the kept one's, from the same date, stays.
    assign(house.other, person_id=str(house.teacher), from_date="2026-03-04", corrects="2026-02-02")
    house.runner.catch_up()
    body = house.reader.one("students", str(house.student)) or {}
    child = house.ledger.states.child(house.other)
    for day, person in ((date(2026, 3, 2), house.mentor), (date(2026, 3, 5), house.teacher)):
        assert key_worker_of(body, day) == str(person)
        assert child is not None and person in child.caseload_on(day)


def test_three_records_of_one_child_are_joined_and_parted_one_by_one(house: House) -> None:
    third = house.admit("Ash", "Heron")
    notes = {student: house.note(student=student) for student in (house.student, house.other, third)}
    house.record(*notes.values())
    for record in (house.other, third):
        join(house, record, house.student)
    house.runner.catch_up()
    assert told(house, house.student)[0] == ids(*notes.values())
    placements = house.reader.whole("placements")
    assert {one["student_id"] for one in placements} == {str(house.student)} and len(placements) == 3
    part(house, house.other)
    house.runner.catch_up()
    assert told(house, house.student)[0] == ids(notes[house.student], notes[third])
    assert told(house, house.other)[0] == ids(notes[house.other])
    setting = house.reader.one("settings", str(house.setting)) or {}
    assert {one["id"] for one in house.reader.everyone(setting)} == {str(house.student), str(house.other)}
    before = [house.reader.whole(kind) for kind in ("students", "placements")]
    house.runner.replay()
    assert [house.reader.whole(kind) for kind in ("students", "placements")] == before
