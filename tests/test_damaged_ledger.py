"""A deep check names every damaged row of the ledger by its position, and goes on to the last look whatever it meets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ap_ledger.cli.checking import faults
from ap_ledger.recording.verifying import verify
from tests.house import House
from tests.test_tampering import Thief

LOOKS = {
    "every row follows the one before it", "the end of the ledger is proved", "what is stored is what was posted", "every stored row can be read",
    "the sealed texts are all there", "the keys are those that the ledger made",
}  # fmt: skip
ANYWHERE = {
    "half of a state": "UPDATE stored_events SET state = '{' WHERE position = ?",
    "a state that is a list": "UPDATE stored_events SET state = '[]' WHERE position = ?",
    "a state without its fields": "UPDATE stored_events SET state = '{}' WHERE position = ?",
    "a kind that there is not": "UPDATE stored_events SET topic = 'no-such' WHERE position = ?",
    "a class of the future": "UPDATE stored_events SET class_version = 2000000000 WHERE position = ?",
    "a time beyond all times": "UPDATE stored_events SET occurred_at = 9000000000000000000 WHERE position = ?",
}
ON_SQLITE = {
    "a student of one octet": "UPDATE stored_events SET student_id = x'00' WHERE position = ?",
    "a student that is a huge number": "UPDATE stored_events SET student_id = 999999999999 WHERE position = ?",
    "a time that is a text": "UPDATE stored_events SET occurred_at = 'hush' WHERE position = ?",
    "a recording that is a text": "UPDATE stored_events SET recorded_at = 'hush' WHERE position = ?",
    "a state of octets": "UPDATE stored_events SET state = cast(state AS BLOB) WHERE position = ?",
    "a state of letters that there are not": "UPDATE stored_events SET state = cast(x'ff' AS TEXT) WHERE position = ?",
    "a stream that is a text": "UPDATE stored_events SET originator_id = 'hush' WHERE position = ?",
    "a link that is a text": "UPDATE stored_events SET chain = 'hush' WHERE position = ?",
    "a fingerprint that is a number": "UPDATE stored_events SET fingerprint = 5 WHERE position = ?",
    "a version that is half": "UPDATE stored_events SET originator_version = 1.5 WHERE position = ?",
    "a key of one octet": "UPDATE sealed SET key_id = x'00' WHERE position = ?",
    "a nonce that is a text": "UPDATE sealed SET nonce = 'hush' WHERE position = ?",
    "a text that is a huge number": "UPDATE sealed SET ciphertext = 999999999999 WHERE position = ?",
    "a class of octets": "UPDATE sealed SET retention_class = x'ff' WHERE position = ?",
}
FIRST = ("half of a state", "a student of one octet", "a time that is a text", "a state of letters that there are not", "a state that is a list")


def looked_at(house: House) -> dict[str, list[str]]:
    return {found.what: found.faults for found in verify(house.ledger)}


@pytest.mark.parametrize("name", [*ANYWHERE, *ON_SQLITE])
def test_a_damaged_row_is_named_and_everything_after_it_is_looked_at_too(make_house: Callable[..., House], database: str, name: str) -> None:
    if database == "postgres" and name in ON_SQLITE:
        pytest.skip("PostgreSQL takes no such value")
    house = make_house(database)
    # The row right after a damaged link has nothing to be held against.
    note, _, later = house.record(house.note("ASH-WORDS"), house.rung(), house.note("a later word"))
    thief = Thief(house)
    thief.does({**ANYWHERE, **ON_SQLITE}[name], note.position)
    thief.does("UPDATE stored_events SET author_id = NULL WHERE position = ?", later.position)
    found = looked_at(house)
    said = "; ".join(fault for some in found.values() for fault in some)
    assert found.keys() == LOOKS
    assert f"position {note.position}" in said and f"position {later.position} (" in said
    assert "ASH" not in said and "hush" not in said


@pytest.mark.parametrize("topic", ["setting-opened", "key-made", "timetable-set", "role-granted", "framework-published", "student-identified", "key-shredded"])
@pytest.mark.parametrize("name", FIRST)
def test_the_program_ends_in_findings_whichever_kind_of_row_is_damaged(make_house: Callable[..., House], topic: str, name: str) -> None:
    house = make_house("sqlite")
    house.shred("behaviour")
    ((position,),) = house.rows("SELECT max(position) FROM stored_events WHERE topic = ?", topic)
    Thief(house).does({**ANYWHERE, **ON_SQLITE}[name], position)
    house.close()
    looks = {look.what: look for look in faults(house.settings, True)}
    assert f"position {position}" in "; ".join(look.fault or "" for look in looks.values())
    assert LOOKS | {"what was erased stays erased", "held entries", "the read models"} <= looks.keys()


def test_a_damaged_end_proves_nothing_and_is_told_of(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    Thief(house).does("UPDATE head SET proof = 'abc'")
    assert "was not written by a holder of the keyring" in "; ".join(looked_at(house)["the end of the ledger is proved"])
    house.close()
    assert any("somebody without the keyring wrote it" in (look.fault or "") for look in faults(house.settings, True))
