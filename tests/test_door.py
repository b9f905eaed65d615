"""What a sender is told: every status and code of the contract."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from ap_ledger.domain.person import AddPerson
from ap_ledger.recording.ledger import new_id
from tests.house import FRIDAY, LADDER, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, House


def test_a_fresh_entry_is_recorded_at_the_next_position(house: House) -> None:
    end = house.ledger.recorder.read_head().position
    first, second = house.record(house.rung(), house.rung())
    assert [(first.status, first.position), (second.status, second.position)] == [("recorded", end + 1), ("recorded", end + 2)]
    assert first.flags == ()


def test_sending_twice_is_harmless_and_tells_the_first_position(house: House) -> None:
    entry = house.note("once")
    first = house.one(entry)
    assert house.one(entry).status == "duplicate"
    assert house.one(entry).position == first.position
    assert [r.status for r in house.record(entry, entry)] == ["duplicate", "duplicate"]
    assert house.rows("SELECT count(*) FROM stored_events WHERE topic = 'note-written'")[0][0] == 1


def test_the_same_entry_twice_in_one_send_is_recorded_once(house: House) -> None:
    entry = house.rung()
    assert [r.status for r in house.record(entry, entry)] == ["recorded", "duplicate"]


def test_an_honest_retry_from_another_device_with_another_clock_is_a_duplicate(house: House) -> None:
    entry = house.rung()
    house.one(entry)
    assert house.one(entry, sent_at=FRIDAY - timedelta(hours=2), device_id=new_id()).status == "duplicate"


def test_the_order_of_fields_and_the_spelling_of_numbers_do_not_matter(house: House) -> None:
    entry = house.entry("visit-logged", effort="attempted", channel="in-person", minutes=20)
    house.one(entry)
    assert house.one(dict(reversed(entry.items()))).status == "duplicate"
    spelt = {**house.outcome(level=1), "level": 1.0}
    house.one(spelt)
    assert house.one({**spelt, "level": 1}).status == "duplicate"


def test_the_same_id_with_other_content_is_a_conflict_and_stores_nothing(house: House) -> None:
    entry = house.note("first words")
    house.one(entry)
    end = house.ledger.recorder.read_head().position
    result = house.one({**entry, "text": "other words"})
    assert (result.status, result.position) == ("conflict", None)
    assert house.ledger.recorder.read_head().position == end


def test_an_id_belongs_to_one_thing_whether_entry_correction_or_command(house: House) -> None:
    entry = house.rung()
    correction = house.correct(entry, rung="goes-out")
    house.record(entry, correction)
    assert house.one({**house.rung(), "id": correction["id"]}).status == "conflict"
    assert house.one({**house.void(entry), "id": entry["id"]}).status == "conflict"
    assert house.one({**house.rung(), "id": str(house.student)}).status == "conflict"


def test_a_correction_under_the_id_of_a_worry_or_a_command_is_a_conflict_and_never_acknowledged(house: House) -> None:
    entry, worry = house.rung(), house.entry("worry-raised", text="quiet words")
    house.record(entry, worry)
    assert house.one({**house.void(entry), "id": worry["id"]}).status == "conflict"
    assert house.one({**house.void(entry), "id": str(house.setting)}).status == "conflict"
    assert house.one({**worry, "text": "x" * 4001}).status == "conflict"
    assert house.one(worry).status == "duplicate"
    assert house.look_back()["entries"][0]["status"] == "current"


def test_what_waited_and_is_refused_when_its_entry_comes_says_why_and_waits_no_more(house: House) -> None:
    entry = house.rung()
    wrong = {**house.void(entry), "student_id": str(house.other)}
    assert house.one(wrong).status == "held"
    house.one(entry)
    (held,) = house.ledger.waiting.entries()
    assert (held.status, held.code, held.target_id) == ("refused", "malformed", None)


REFUSALS: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("rung", {"student_id": str(uuid4())}, "unknown-student", "student_id"),
    ("rung", {"author_id": str(uuid4())}, "unknown-person", "author_id"),
    ("rung", {"setting_id": str(uuid4())}, "unknown-setting", "setting_id"),
    ("rung", {"ladder": {"id": "no-such-ladder", "version": 1}}, "unknown-framework", "ladder"),
    ("rung", {"ladder": {"id": "default-ladder", "version": 2}}, "unknown-framework", "ladder"),
    ("rung", {"ladder": {"id": "every-child-matters", "version": 1}}, "unknown-framework", "ladder"),
    ("rung", {"rung": "moon"}, "unknown-item", "rung"),
    ("rung", {"anxiety": 11}, "malformed", "anxiety"),
    ("rung", {"anxiety": "5"}, "malformed", "anxiety"),
    ("rung", {"anxiety": True}, "malformed", "anxiety"),
    ("rung", {"surprise": 1}, "malformed", "surprise"),
    ("rung", {"id": str(uuid4())}, "malformed", "id"),
    ("rung", {"kind": "sealed-record"}, "malformed", "kind"),
    ("rung", {"kind": None}, "malformed", "kind"),
    ("rung", {"device_time": "2026-03-02T09:00:00"}, "malformed", "device_time"),
    ("rung", {"device_time": "yesterday"}, "malformed", "device_time"),
    ("rung", {"device_time": 1772442000}, "malformed", "device_time"),
    ("rung", {"device_time": "0001-01-01T00:00:00+14:00"}, "malformed", "device_time"),
    ("rung", {"device_time": (FRIDAY + timedelta(minutes=6)).isoformat()}, "in-future", "device_time"),
    ("rung", {"device_time": "9999-12-31T23:59:59-12:00"}, "malformed", "device_time"),
    ("outcome", {"indicator": "moon"}, "unknown-item", "indicator"),
    ("outcome", {"indicator": "be-healthy"}, "unknown-item", "indicator"),
    ("outcome", {"level": 2}, "unknown-level", "level"),
    ("outcome", {"level": "1"}, "unknown-level", "level"),
    ("outcome", {"level": True}, "malformed", "level"),
    ("outcome", {"level": None}, "malformed", None),
    ("outcome", {"missing": "not-observed"}, "malformed", None),
    ("outcome", {"level": None, "missing": "lost"}, "malformed", "missing"),
    ("outcome", {"level": 10**19}, "unknown-level", "level"),
    ("outcome", {"informant": "neighbour"}, "malformed", "informant"),
    ("outcome", {"session": {"date": "2026-03-02", "slot": "swimming"}}, "unknown-session", "session"),
    ("outcome", {"session": {"date": "2025-12-31", "slot": "lesson"}}, "unknown-session", "session"),
    ("outcome", {"session": {"date": "2026-13-02", "slot": "lesson"}}, "malformed", "session.date"),
    ("unit", {"unit": "moon"}, "unknown-item", "unit"),
    ("unit", {"status": "moon"}, "unknown-level", "status"),
    ("unit", {"note": "x" * 4001}, "too-long", "note"),
    ("unit", {"note": {"erased": True}}, "malformed", "note"),
    ("note", {"text": "x" * 4001}, "too-long", "text"),
    ("note", {"text": None}, "malformed", "text"),
    ("note", {"retention_class": "core"}, "malformed", "retention_class"),
]


@pytest.mark.parametrize(("word", "wrong", "code", "field"), REFUSALS)
def test_what_breaks_a_rule_is_refused_with_its_code_and_field(house: House, word: str, wrong: dict[str, Any], code: str, field: str | None) -> None:
    result = house.one({**getattr(house, word)(), **wrong})
    assert (result.status, result.code, result.field) == ("refused", code, field)
    assert result.message and result.message.endswith(".") and "x" * 50 not in result.message


def test_one_bad_entry_never_spoils_the_others_and_answers_come_in_the_order_sent(house: House) -> None:
    good, bad, also_good = house.rung(), {**house.rung(), "rung": "moon"}, house.note()
    results = house.record(good, bad, {"nonsense": 1}, also_good)
    assert [r.status for r in results] == ["recorded", "refused", "refused", "recorded"]
    assert [str(r.id) for r in results] == [good["id"], bad["id"], "None", also_good["id"]]


@pytest.mark.parametrize("junk", [None, 7, "text", [], [[]], {}, {"id": 3}, {"id": "x", "kind": {}}, {"kind": ["rung-reached"]}])
def test_anything_at_all_gets_an_answer(house: House, junk: Any) -> None:
    assert [r.status for r in house.ledger.sending.open(house.clock(), None, None, [junk]).results if r] == ["refused"]


def test_what_was_refused_is_kept_until_it_is_mended(house: House) -> None:
    bad = {**house.rung(), "rung": "moon"}
    house.one(bad)
    house.one(bad)
    (held,) = house.ledger.waiting.entries()
    assert (str(held.entry_id), held.status, held.code, held.entry) == (bad["id"], "refused", "unknown-item", bad)
    assert house.one({**bad, "id": str(new_id()), "rung": "still-moon", "replaces": bad["id"]}).status == "refused"
    assert str(bad["id"]) in {str(one.entry_id) for one in house.ledger.waiting.entries()}
    for one in house.ledger.waiting.entries():
        if str(one.entry_id) != bad["id"]:
            house.ledger.waiting.dismiss(one.id, "test")
    mended = {**bad, "id": str(new_id()), "rung": "goes-out", "replaces": bad["id"]}
    assert house.one(mended).status == "recorded"
    assert house.ledger.waiting.entries() == []


def test_what_was_refused_because_something_was_not_there_yet_can_be_tried_again(house: House) -> None:
    early, again = house.entry("rung-reached", ladder=LADDER, rung="goes-out"), house.rung()
    early["author_id"] = again["author_id"] = str(new_person := new_id())
    assert [result.code for result in house.record(early, again)] == ["unknown-person", "unknown-person"]
    assert house.ledger.waiting.retry(UUID(early["id"])).status == "refused"  # type: ignore[union-attr]
    house.ledger.execute(AddPerson(id=new_id(), setting_id=house.setting, person_id=new_person, name="Linden"))
    assert house.ledger.waiting.retry(UUID(early["id"])).status == "recorded"  # type: ignore[union-attr]
    assert house.one(again).status == "recorded"
    assert house.ledger.waiting.entries() == []
    assert house.ledger.waiting.retry(UUID(early["id"])) is None


def test_a_held_entry_can_be_dismissed_with_a_reason_and_stays_in_the_store(house: House) -> None:
    bad = {**house.rung(), "rung": "moon"}
    house.one(bad)
    held = house.ledger.waiting.entries()[0]
    assert house.ledger.waiting.dismiss(held.id, "sent-by-mistake")
    assert not house.ledger.waiting.dismiss(held.id, "again")
    kept = house.ledger.held.get(held.id)
    assert kept is not None and kept.resolution == "dismissed: sent-by-mistake" and kept.entry == bad


def test_a_correction_before_its_entry_is_held_and_applied_when_it_arrives(house: House) -> None:
    entry = house.rung("through-door")
    correction, void = house.correct(entry, rung="goes-out"), house.void(house.note())
    assert [r.status for r in house.record(correction, void, correction)] == ["held", "held", "held"]
    assert house.one({**correction, "reason_code": "other"}).status == "conflict"
    assert house.one(entry).status == "recorded"
    assert house.one(correction).status == "duplicate"
    assert house.look_back()["entries"][0]["entry"]["rung"] == "goes-out"
    assert [str(held.entry_id) for held in house.ledger.waiting.entries()] == [void["id"]]


def test_what_waited_is_settled_at_the_next_start_after_a_crash_in_between(house: House) -> None:
    entry = house.rung()
    house.one(house.void(entry))
    house.ledger.waiting.may_be_released = False
    house.one(entry)
    assert len(house.ledger.waiting.entries()) == 1
    assert house.ledger.waiting.release_all() == 1
    assert house.ledger.waiting.entries() == []
    assert house.look_back()["entries"][0]["status"] == "voided"


def test_in_one_send_a_correction_may_come_before_its_entry(house: House) -> None:
    entry = house.rung()
    assert [r.status for r in house.record(house.correct(entry, rung="goes-out"), entry)] == ["recorded", "recorded"]


def test_a_void_cannot_be_voided_nor_a_correction_named_as_if_it_were_an_entry(house: House) -> None:
    entry = house.rung()
    void, correction = house.void(entry), house.correct(entry, rung="goes-out")
    house.record(entry, correction, void)
    assert house.one(house.void(void)).code == "void-of-void"
    assert house.one(house.correct({**entry, "id": void["id"]})).code == "void-of-void"
    assert house.one(house.void(correction)).code == "malformed"


@pytest.mark.parametrize("changed", [{"kind": "note-written"}, {"id": str(new_id())}, {"setting_id": str(uuid4())}])
def test_what_an_entry_is_cannot_be_corrected(house: House, changed: dict[str, Any]) -> None:
    entry = house.rung()
    house.one(entry)
    result = house.one(house.correct(entry, **changed))
    assert (result.status, result.code) == ("refused", "malformed")
    assert result.field is not None and result.field.startswith("replacement")


def test_an_entry_cannot_be_moved_to_another_student_by_correcting_it(house: House) -> None:
    entry = house.rung()
    house.one(entry)
    assert house.one(house.correct(entry, student_id=str(house.other))).code == "malformed"
    moved = {**house.correct(entry), "student_id": str(house.other)}
    assert (house.one(moved).code, house.one(moved).field) == ("malformed", "student_id")


def test_a_replacement_is_judged_like_a_fresh_entry(house: House) -> None:
    entry = house.rung()
    house.one(entry)
    assert (house.one(house.correct(entry, rung="moon")).code, house.one(house.correct(entry, rung="moon")).field) == ("unknown-item", "replacement.rung")
    note = house.note()
    house.one(note)
    assert house.one(house.correct(note, text="x" * 4001)).code == "too-long"


def test_two_people_who_correct_the_same_entry_are_both_kept_and_the_last_position_counts(house: House) -> None:
    entry = house.rung()
    first, second = house.correct(entry, rung="goes-out"), house.correct(entry, rung="reaches-site")
    assert [r.status for r in house.record(entry, first, second)] == ["recorded"] * 3
    (told,) = house.look_back()["entries"]
    assert told["entry"]["rung"] == "reaches-site"
    assert [change["after"]["rung"] for change in told["changes"]] == ["goes-out", "reaches-site"]


def test_a_wrong_phone_clock_is_put_right_by_the_offset_measured_in_the_send(house: House) -> None:
    wrong_now = FRIDAY + timedelta(hours=3)
    entry = house.rung(at=THURSDAY + timedelta(hours=3))
    assert house.one(entry, sent_at=wrong_now, device_id=new_id()).status == "recorded"
    assert house.look_back()["entries"][0]["occurred_at"] == THURSDAY.isoformat()
    ahead = house.rung(at=wrong_now)
    assert house.one(ahead, sent_at=wrong_now, device_id=new_id()).status == "recorded"


def test_a_clock_that_moved_since_the_last_contact_is_flagged(house: House) -> None:
    phone = new_id()
    assert house.one(house.rung(), sent_at=FRIDAY, device_id=phone).flags == ()
    assert house.one(house.rung(), sent_at=FRIDAY - timedelta(minutes=4), device_id=phone).flags == ()
    assert house.one(house.rung(), sent_at=FRIDAY + timedelta(minutes=30), device_id=phone).flags == ("time-uncertain",)
    assert house.one(house.rung(), sent_at=FRIDAY + timedelta(minutes=30), device_id=phone).flags == ()
    assert house.one(house.rung(), sent_at=FRIDAY, device_id=new_id()).flags == ()


def test_before_the_placement_is_recorded_and_flagged(house: House) -> None:
    doorstep = house.rung(at=MONDAY - timedelta(weeks=12))
    assert house.one(doorstep).flags == ("outside-placement",)


def test_a_slot_on_a_weekday_that_is_not_its_own_is_recorded_and_flagged(house: House) -> None:
    saturday = house.outcome(day=MONDAY.date() - timedelta(days=2))
    assert (house.one(saturday).status, house.one(house.outcome(day=MONDAY.date() - timedelta(days=2))).flags) == ("recorded", ("outside-timetable",))
    assert house.look_back()["progress"]["first_day"] == "2026-02-28"


def test_a_score_given_in_a_slot_happens_at_the_start_of_the_slot(house: House) -> None:
    summer = MONDAY.date() + timedelta(weeks=5)
    house.clock.now = FRIDAY + timedelta(weeks=8)
    house.record(house.outcome(), house.outcome(day=summer), house.outcome(slot="break"))
    times = {entry["occurred_at"] for entry in house.look_back()["entries"]}
    assert times == {"2026-03-02T09:00:00+00:00", "2026-04-06T08:00:00+00:00", "2026-03-02T10:00:00+00:00"}


def test_correcting_an_entry_keeps_its_moment_although_the_corrector_has_another_clock(house: House) -> None:
    entry = house.rung(at=MONDAY + timedelta(hours=1))
    house.one(entry, sent_at=FRIDAY + timedelta(hours=1), device_id=new_id())
    house.one(house.correct(entry, rung="goes-out"), sent_at=FRIDAY - timedelta(minutes=3), device_id=new_id())
    assert house.look_back()["entries"][0]["occurred_at"] == MONDAY.isoformat()
    house.one(house.correct(entry, device_time=WEDNESDAY.isoformat()))
    assert house.look_back()["entries"][0]["occurred_at"] == WEDNESDAY.isoformat()


def test_recorded_at_never_runs_backwards(house: House) -> None:
    house.record(house.rung(), at=FRIDAY)
    house.record(house.rung(), at=TUESDAY)
    times = [row[0] for row in house.rows("SELECT recorded_at FROM stored_events ORDER BY position")]
    assert times == sorted(times)


def test_every_kind_of_entry_can_be_recorded_and_read_back(house: House) -> None:
    start, end = MONDAY.isoformat(), (MONDAY + timedelta(hours=2)).isoformat()
    entries = [
        house.rung(anxiety=7, visit_id=str(new_id())),
        house.outcome(),
        house.outcome(level=None, missing="not-applicable", slot=None, set_by="default"),
        house.unit(note="by himself"),
        house.entry("visit-logged", effort="cancelled-by-us", channel="phone", minutes=0, note="van broke"),
        house.entry("session-attended", planned_start=start, planned_end=end, actual_start=start, actual_end=end, supervised_by=str(house.teacher)),
        house.entry("session-attended", planned_start=start, planned_end=end, cancelled_by="student"),
        house.entry("voice-heard", speaker="student", face=4, words="it was alright"),
        house.note(kept="health"),
        house.entry("incident-recorded", category="left-site", restrictive=False, minutes=3, text="walked out"),
        house.entry("context-noted", category="moved-home", text="two buses now"),
    ]
    assert {r.status for r in house.record(*entries)} == {"recorded"}
    told = {entry["id"]: entry["entry"] for entry in house.look_back()["entries"]}
    assert told == {entry["id"]: entry for entry in entries}
