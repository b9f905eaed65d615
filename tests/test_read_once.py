"""What a client posts is read once, at the door: kept in one canonical form, or refused there with a sentence. Nothing behind it chokes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from ap_ledger.errors import Unreadable
from ap_ledger.events.moments import stored_time
from ap_ledger.persistence.rows import Unit
from ap_ledger.stores.fingerprint import Fingerprint
from tests.house import MONDAY, TUESDAY, House

START, END = MONDAY.isoformat(), (MONDAY + timedelta(hours=3)).isoformat()
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def attended(house: House, **fields: Any) -> dict[str, Any]:
    return house.entry("session-attended", **{"planned_start": START, "planned_end": END, "actual_start": START, **fields})


def stored(house: House, entry: dict[str, Any], **odd: Any) -> int:
    """Stores an entry as an earlier version did: with some fields to the letter, and a fingerprint over what came."""
    send = house.ledger.sending.open(house.clock(), None, None, [entry])
    (row,) = send.units[0].rows
    key = house.ledger.keyring.key(UUID(entry["student_id"]), "core")
    assert key is not None
    state = {**orjson.loads(row.state), **{name: value for name, value in odd.items() if name not in ("author_id", "id")}}
    old = row._replace(state=orjson.dumps(state).decode(), fingerprint=Fingerprint(key.raw).of({**entry, **odd}))
    return int(house.ledger.recorder.writer.submit([Unit(send.units[0].id, (old,))]).result()[0].position)


# Times ----------------------------------------------------------------------------------------------------------------

SPELLINGS = [
    "2026-03-02T09:00:00z",
    "2026-03-02t09:00:00Z",
    "2026-03-02 09:00:00Z",
    "2026-03-02T09:00Z",
    "2026-03-02T10:00:00+01:00",
    "2026-03-02T08:00:00\u221201:00",
    "2026-03-02T09:00:00.000+00:00",
    "2026-03-02T09:00:00,000Z",
    "2026-03-02T09:00:00+0000",
]


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_a_time_in_any_spelling_that_is_taken_is_kept_in_one_that_everything_reads(house: House, spelt: str) -> None:
    entry = attended(house, device_time=spelt, planned_start=spelt, actual_start=spelt)
    assert house.one(entry).status == "recorded"
    state = orjson.loads(house.rows("SELECT state FROM stored_events WHERE topic = 'session-attended'")[0][0])
    for name in ("device_time", "planned_start", "actual_start"):
        assert datetime.fromisoformat(state[name]) == NINE and state[name].endswith((":00+00:00", "+01:00", "-01:00"))
    assert house.look_back()["progress"]["sessions"]["attended"] == 1


@pytest.mark.parametrize(
    "spelt",
    [
        "2026-W10-1T09:00:00Z", "2026-03-02T23:59:60Z", "2026-03-02T09:00:00", "2026-03-02", "20260302T090000Z", "2026-03-02T24:00:00Z",
        "\u0662\u0660\u0662\u0666-03-02T09:00:00Z", "now", "", "9:00", "2026-03-02T09:00:00[Europe/London]", "20260302", "1", "1772442000", "1772442000.5", "-1", "2026-03-02_09:00:00Z", "Infinity", [], {}, True, 1772442000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["device_time", "actual_start"])
def test_a_time_that_is_not_taken_is_refused_at_the_door_with_what_to_write(make_house: Any, field: str, spelt: Any) -> None:
    house = make_house()
    result = house.one(attended(house, **{field: spelt}))
    assert (result.status, result.code, result.field) == ("refused", "malformed", field)
    assert result.message and ("with its offset" in result.message)


# The same entry, spelt another way ---------------------------------------------------------------------------------------


def again(entry: dict[str, Any], how: str) -> dict[str, Any]:
    """The same entry as another program would write it."""
    ids = [name for name in entry if name.endswith("_id") or name == "id"]
    changed: dict[str, Any] = {
        "capitals": {name: entry[name].upper() for name in ids},
        "braces": {name: "{" + entry[name] + "}" for name in ids},
        "urn": {name: "urn:uuid:" + entry[name] for name in ids},
        "no hyphens": {name: entry[name].replace("-", "") for name in ids},
        "Z": {"device_time": entry["device_time"].replace("+00:00", "Z")},
        "fractions": {"device_time": entry["device_time"].replace("+00:00", ".000+00:00")},
        "nulls": {"session": None, "replaces": None, "anxiety": None},
    }[how]
    return {**entry, **changed}


HOW = ["capitals", "braces", "urn", "no hyphens", "Z", "fractions", "nulls"]


@pytest.mark.parametrize("how", HOW)
def test_an_entry_sent_again_in_another_spelling_is_a_duplicate(house: House, how: str) -> None:
    entry = house.rung(visit_id="01a20000-0000-7000-8000-0000000abcde")
    assert [result.status for result in house.record(entry, again(entry, how))] == ["recorded", "duplicate"]
    assert house.one(again(entry, how)).status == "duplicate"
    assert house.one({**again(entry, how), "rung": "goes-out"}).status == "conflict"


@pytest.mark.parametrize("how", HOW)
def test_a_correction_sent_again_in_another_spelling_is_a_duplicate(house: House, how: str) -> None:
    entry = house.rung(visit_id="01a20000-0000-7000-8000-0000000abcde")
    correction = house.correct(entry, rung="goes-out")
    other = {**correction, "id": correction["id"].upper(), "entry_id": correction["entry_id"].upper(), "replacement": again(correction["replacement"], how)}
    assert [result.status for result in house.record(entry, correction, other)] == ["recorded", "recorded", "duplicate"]


def test_one_visit_in_two_spellings_is_one_contact(house: House) -> None:
    visit = "01a20000-0000-7000-8000-0000000abcde"
    house.record(house.rung(visit_id=visit), house.rung("goes-out", visit_id="{" + visit.upper() + "}"))
    assert house.look_back()["progress"]["ladders"]["default-ladder@1"]["contacts"] == 1


def test_what_was_stored_to_the_letter_still_matches_its_honest_retry_and_nothing_else(house: House) -> None:
    entry = house.rung(visit_id="01a20000-0000-7000-8000-0000000abcde")
    odd = {"device_time": "2026-03-02T09:00:00.000Z", "visit_id": "01A20000-0000-7000-8000-0000000ABCDE"}
    position = stored(house, entry, **odd)
    result = house.one({**entry, **odd})
    assert (result.status, result.position) == ("duplicate", position)
    assert house.one({**entry, **odd, "rung": "goes-out"}).status == "conflict"
    assert house.ledger.sending.open(house.clock(), None, None, [{**entry, **odd}]).units, "it is judged as any other"


def test_two_visits_stored_in_two_spellings_are_one_contact(house: House) -> None:
    visit = "01a20000-0000-7000-8000-0000000abcde"
    stored(house, house.rung(visit_id=visit))
    stored(house, house.rung("goes-out", visit_id=visit), visit_id=visit.upper())
    assert house.look_back()["progress"]["ladders"]["default-ladder@1"]["contacts"] == 1


# What is stored already --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelt", ["2026-03-02T09:00:00z", "2026-03-02T08:00:00\u221201:00", "1772442000"])
def test_a_session_stored_in_an_odd_spelling_counts_and_takes_no_page_down(house: House, spelt: str) -> None:
    stored(house, attended(house), actual_start=spelt, planned_start=spelt)
    assert house.look_back()["progress"]["sessions"] == {"attended": 1}
    with house.browser() as browser:
        day = browser.get(f"/api/v1/settings/{house.setting}/day?date=2026-03-02").json()
        (row,) = [one for one in day["students"] if one["student_id"] == str(house.student)]
        assert (len(row["sessions"]), row["incomplete"]) == (1, False)


FAR = "0001-01-01T00:00:00+14:00"


def answers(house: House) -> dict[str, Any]:
    """Every page that shows the student's Monday."""
    with house.browser() as browser:
        pages = {
            "day": browser.get(f"/api/v1/settings/{house.setting}/day?date=2026-03-02"),
            "day.csv": browser.get("/day.csv?on=2026-03-02"),
            "register": browser.get(f"/api/v1/students/{house.student}/register?from=2026-03-01"),
            "student": browser.get(f"/students/{house.student}"),
            "history": browser.get(f"/api/v1/students/{house.student}/history"),
        }
        assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(pages, 200)
        return pages


@pytest.mark.parametrize("odd", [{"planned_start": FAR}, {"planned_end": "no time"}, {"actual_start": None, "planned_start": 5}])
def test_an_entry_that_cannot_be_read_takes_no_page_down_and_pages_say_that_they_are_incomplete(house: House, odd: dict[str, Any]) -> None:
    wrong = attended(house)
    house.record(attended(house), house.rung())
    stored(house, wrong, **odd)
    house.runner.catch_up()
    pages = answers(house)
    (row,) = [one for one in pages["day"].json()["students"] if one["student_id"] == str(house.student)]
    (other,) = [one for one in pages["day"].json()["students"] if one["student_id"] == str(house.other)]
    assert (row["incomplete"], len(row["sessions"]), other["incomplete"]) == (True, 1, False)
    assert pages["register"].json()["incomplete"] and len(pages["register"].json()["items"]) == 1
    assert "could not be read" in pages["day.csv"].text and "is incomplete" in pages["student"].text
    assert pages["history"].json()["incomplete"]


@pytest.mark.parametrize("how", ["corrected", "voided"])
@pytest.mark.parametrize("replayed", [False, True])
def test_putting_it_right_brings_it_back(house: House, how: str, replayed: bool) -> None:
    wrong = attended(house)
    stored(house, wrong, planned_start=FAR)
    house.runner.catch_up()
    change = house.correct(wrong) if how == "corrected" else house.void(wrong)
    assert house.one(change).status == "recorded"
    if replayed:
        house.runner.replay()
    house.runner.catch_up()
    pages = answers(house)
    assert not pages["register"].json()["incomplete"]
    assert len(pages["register"].json()["items"]) == (1 if how == "corrected" else 0)
    assert house.look_back()["progress"]["sessions"] == ({"attended": 1} if how == "corrected" else {})
    assert house.one(house.correct(wrong, at=TUESDAY + timedelta(hours=1))).status == "recorded"


def test_stored_times_are_read_by_one_helper_in_every_spelling_ever_taken() -> None:
    for spelt in SPELLINGS:
        assert stored_time(spelt) == NINE
    for wrong in (FAR, "9999-12-31T23:59:59-12:00", "2026-03-02T09:00:00", "no time", None, 5, [], {}):
        with pytest.raises(Unreadable):
            stored_time(wrong)


@pytest.mark.parametrize("unkept", [b"18446744073709551616", b"1e400", b"NaN", b"[" * 40 + b"]" * 40], ids=("large", "huge", "none", "deep"))
def test_what_cannot_be_kept_never_becomes_somebodys_words(house: House, unkept: bytes) -> None:
    """Beside an entry that has to be read with more care, too."""
    mark = "stands for what cannot be kept"
    voice = house.entry("voice-heard", speaker="student", words=mark)
    careful = house.rung(note="half \x00")
    raw = orjson.dumps({"sent_at": house.clock().isoformat(), "device_id": None, "entries": [voice, careful]})
    send = house.ledger.sending.open_raw(raw.replace(orjson.dumps(mark), unkept))
    receipt = house.ledger.sending.finish(send, house.ledger.sending.submit(send).result() if send.units else [])
    assert (receipt.results[0].status, receipt.results[0].field) == ("refused", "words")
