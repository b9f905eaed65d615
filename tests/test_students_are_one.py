"""Two students who turn out to be one child are told of as one, and as two again when that was wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ap_ledger.application.ledger import Executed, new_id
from ap_ledger.domain.commands import read_command
from ap_ledger.errors import Refused
from projections.history import history
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
    before = [told(house, student) for student in (house.student, house.other) if not house.runner.catch_up() or True]
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
    assert house.ledger.deeds.sweep() == 0
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
