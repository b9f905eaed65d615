"""What is personal is sealed, can be erased, and never comes back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from ap_ledger.bootstrap import open_ledger
from ap_ledger.domain.erasure import ExciseText, ShredKey
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.domain.support import NoteNeeds, SetOwnItems
from ap_ledger.errors import KeyringError, Refused, SetupError, TamperedRow
from ap_ledger.events import ALL_EVENTS
from ap_ledger.events.base import RETENTION_CLASSES, Erased, Ref
from ap_ledger.recording.door import open_worry
from ap_ledger.recording.ledger import new_id
from projections import PROJECTIONS
from projections.views import tables_of
from tests.house import House, settings_for

CANARY = "canary-7f3a: he said f*** off"


def dump(house: House) -> str:
    """Everything the ledger's tables and views hold in the clear."""
    held: list[object] = [*house.rows("SELECT * FROM stored_events"), *house.rows("SELECT * FROM sealed")]
    with house.views.reading() as connection:
        for table in [table for kind in PROJECTIONS for table in tables_of(kind.tables, f"v{kind.version}")]:
            held += [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table.name}")]
    return repr(held)


def shred(house: House, kept: str, student: UUID | None = None) -> None:
    house.shred(kept, student)


def test_every_personal_field_may_be_erased_and_names_a_class_that_exists() -> None:
    for event in ALL_EVENTS:
        for field, kept in event.PERSONAL.items():
            assert kept in RETENTION_CLASSES
            assert Erased in getattr(event.model_fields[field].annotation, "__args__", ()), f"{event.TOPIC}.{field}"


def test_nothing_personal_is_stored_in_the_clear(house: House) -> None:
    note = house.note(CANARY)
    house.record(note, house.correct(note, text=CANARY + " again"), house.entry("worry-raised", text=CANARY), house.unit(note=CANARY), house.void(note))
    answers = {"instrument": {"id": "canary-form", "version": 1}, "respondent": "carer", "answers": {"said": CANARY}}
    form = {"id": "canary-form", "version": 1, "kind": "instrument", "title": "F", "licence": {"name": "own", "use": "ship"}, "default_scale": "words"}
    form |= {"scales": [{"id": "words", "type": "text"}], "items": [{"id": "said", "label": "Said"}], "informants": ["carer"]}
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition={**form, "id": "a-form"}))
    assert house.one(house.entry("instrument-answered", **{**answers, "instrument": {"id": "a-form", "version": 1}})).status == "recorded"
    house.ledger.execute(
        SetOwnItems(id=new_id(), setting_id=house.setting, student=house.student, definition=Ref(id="personal-goal", version=1), labels={"goal.1": CANARY})
    )
    house.ledger.execute(NoteNeeds(id=new_id(), setting_id=house.setting, student=house.student, from_date=date(2026, 1, 5), needs=("SEMH", "ASD")))
    house.record(house.entry("context-noted", category="canary-7f3a", text=CANARY), house.entry("voice-heard", speaker="student", words=CANARY))
    house.runner.catch_up()
    assert "canary" not in dump(house) and "Heron" not in dump(house) and "SEMH" not in dump(house)
    assert CANARY in json.dumps(house.look_back())


def test_a_shredded_key_erases_what_it_sealed_and_everything_still_works(house: House) -> None:
    note, health = house.note(CANARY), house.note("an inhaler", kept="health")
    house.record(note, health, house.correct(note, text=CANARY), house.rung())
    before = house.look_back()["progress"]
    shred(house, "learning")
    told = house.look_back()
    texts = {entry["id"]: entry["entry"].get("text") for entry in told["entries"]}
    assert texts[note["id"]] == "[erased]" and texts[health["id"]] == "an inhaler"
    assert CANARY not in json.dumps(told)
    assert told["progress"] == before
    house.runner.replay()
    assert house.look_back()["progress"] == before
    assert house.one(house.note("new words")).code == "not-allowed"
    assert house.one(house.rung()).status == "recorded"


def test_a_shredded_core_key_erases_the_name_and_the_id_alone_means_duplicate(house: House) -> None:
    entry = house.rung()
    house.one(entry)
    shred(house, "core")
    house.runner.catch_up()
    assert house.reader.one("students", str(house.student))["name"] == "[erased]"  # type: ignore[index]
    assert house.one(entry).status == "duplicate"
    assert house.one({**entry, "rung": "goes-out"}).status == "duplicate"
    assert house.one(house.rung()).code == "not-allowed"
    with pytest.raises(Refused):
        house.ledger.execute(IdentifyStudent(id=new_id(), setting_id=house.setting, student=house.student, given_name="A", family_name="B"))
    assert house.look_back()["progress"]["entries"] == 1


def test_another_process_sees_at_once_that_a_key_was_shredded(house: House) -> None:
    house.one(house.note(CANARY))
    assert CANARY in json.dumps(house.look_back())
    other = open_ledger(house.settings, house.clock)
    other.execute(ShredKey(id=new_id(), **house.erasing()))
    other.close()
    assert CANARY not in json.dumps(house.look_back())


def test_one_text_can_be_excised_and_its_row_stays(house: House) -> None:
    wrong, right = house.note(CANARY), house.note("kept")
    first, _ = house.record(wrong, right)
    assert first.position is not None
    row = house.rows("SELECT sealed_hash FROM stored_events WHERE position = ?", first.position)
    about = {
        "setting_id": house.setting,
        "author_id": house.teacher,
        "approved_by": house.leader,
        "retention_class": "learning",
        "rule": "wrong-child",
        "position": first.position,
    }
    with pytest.raises(Refused):
        house.ledger.execute(ExciseText(id=new_id(), student=house.other, **about))  # type: ignore[arg-type]
    house.ledger.execute(ExciseText(id=new_id(), student=house.student, **about))  # type: ignore[arg-type]
    assert house.rows("SELECT sealed_hash FROM stored_events WHERE position = ?", first.position) == row
    texts = {entry["id"]: entry["entry"]["text"] for entry in house.look_back()["entries"]}
    assert texts == {wrong["id"]: "[erased]", right["id"]: "kept"}


def test_a_sealed_text_moved_to_another_row_is_refused(make_house: Callable[..., House]) -> None:
    house = make_house()
    first, second = house.record(house.note("one"), house.note("two"))
    (text,) = house.rows("SELECT key_id, nonce, ciphertext FROM sealed WHERE position = ?", first.position)
    house.tamper(("UPDATE sealed SET key_id = ?, nonce = ?, ciphertext = ? WHERE position = ?", (*text, second.position)))
    with pytest.raises(TamperedRow):
        house.ledger.read([second.position or 0])


def test_one_name_that_cannot_be_read_takes_no_other_with_it(make_house: Callable[..., House]) -> None:
    house = make_house()
    (position,) = house.rows("SELECT position FROM stored_events WHERE topic = 'student-identified' AND student_id = ?", house.student.bytes)[0]
    house.tamper(("UPDATE sealed SET nonce = zeroblob(12) WHERE position = ?", (position,)))
    house.runner.catch_up()
    names = {student["id"]: student["name"] for student in house.reader.collection("students")}
    assert names == {str(house.student): "[cannot be opened]", str(house.other): "Kit O"}


def test_a_worry_names_no_student_and_no_author_and_only_its_keys_open_it(house: House) -> None:
    worry = house.entry("worry-raised", text=CANARY, visit_id=str(new_id()))
    assert house.one(worry).status == "recorded"
    assert house.one(worry).status == "duplicate"
    (row,) = house.rows("SELECT originator_id, student_id, author_id, device_id, state, position FROM stored_events WHERE topic = 'sealed-record'")
    assert row[1:5] == (None, None, None, "{}") and str(row[0]) != worry["id"]
    keys = {
        str(UUID(bytes=bytes(one[0])) if isinstance(one[0], bytes) else one[0]) for one in house.rows("SELECT key_id FROM sealed WHERE position = ?", row[5])
    }
    named = {json.loads(state[0])["key_id"] for state in house.rows("SELECT state FROM stored_events WHERE topic = 'key-made' AND student_id IS NOT NULL")}
    assert not keys & named
    event = house.ledger.read([row[5]])[0]
    opened = open_worry(house.ledger.keyring, event.originator_id, str(event.body))  # type: ignore[attr-defined]
    assert opened is not None and opened["text"] == CANARY and opened["student_id"] == str(house.student)
    assert worry["id"] not in json.dumps(house.look_back())
    assert house.one(house.void(worry)).code == "not-allowed"
    shred(house, "safeguarding")
    house.ledger.states.refresh()
    assert open_worry(house.ledger.keyring, event.originator_id, str(event.body)) is None  # type: ignore[attr-defined]


def reopened(house: House) -> None:
    open_ledger(house.settings, house.clock).close()


def test_a_ledger_whose_keys_are_missing_is_refused_and_never_given_new_ones(make_house: Callable[..., House]) -> None:
    house = make_house()
    house.ledger.close()
    key, ring = house.settings.data / "master.key", house.settings.data / "keyring.sqlite"
    secret, keys = key.read_text(), ring.read_bytes()
    key.write_text("0" * 64)
    with pytest.raises(KeyringError, match="does not open"):
        reopened(house)
    key.write_text("short")
    with pytest.raises(KeyringError, match="64 hex"):
        reopened(house)
    key.unlink()
    with pytest.raises(KeyringError, match="master key is missing"):
        reopened(house)
    key.write_text(secret)
    ring.unlink()
    with pytest.raises(KeyringError, match="keyring of this ledger is missing"):
        reopened(house)
    ring.write_bytes(keys)
    reopened(house)


def test_a_keyring_older_than_its_ledger_or_of_another_ledger_is_refused(make_house: Callable[..., House]) -> None:
    house, stranger = make_house(), make_house()
    ring = house.settings.data / "keyring.sqlite"
    old = ring.read_bytes()
    house.admit("Sky", "Godwit")
    house.ledger.close()
    ring.write_bytes(old)
    with pytest.raises(KeyringError, match="older than the ledger"):
        reopened(house)
    ring.write_bytes((stranger.settings.data / "keyring.sqlite").read_bytes())
    with pytest.raises(KeyringError, match="another ledger"):
        reopened(house)


def test_opening_what_was_never_made_says_how_to_make_it(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    postgres = request.getfixturevalue("postgres") if database == "postgres" else None
    settings = settings_for(database, tmp_path / "nothing", postgres)
    with pytest.raises(SetupError, match="ap-ledger init"):
        open_ledger(settings)


def test_what_is_held_is_sealed_too(make_house: Callable[..., House]) -> None:
    house = make_house()
    house.one({**house.note(CANARY), "retention_class": "moon"})
    files = b"".join(path.read_bytes() for path in house.settings.data.iterdir())
    assert b"canary" not in files
    assert house.ledger.waiting.entries()[0].entry["text"] == CANARY


def test_no_error_and_no_log_holds_what_was_said(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    results = house.record({**house.note(CANARY), "retention_class": CANARY}, {**house.note(CANARY), CANARY: CANARY}, {**house.note(), "text": [CANARY]})
    assert {result.status for result in results} == {"refused"}
    said = " ".join(str(result.message) for result in results) + caplog.text
    assert "canary" not in said
