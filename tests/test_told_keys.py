"""Whose a key is stands in the ledger's events: a keyring that says otherwise is told of, and nothing is destroyed by it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ap_ledger.errors import KeyringError, Refused
from ap_ledger.recording.verifying import verify
from ap_ledger.stores.keyring.copies import copy_into
from ap_ledger.stores.keyring.restore import restore_keyring
from tests.house import House
from tests.test_damaged_rows import again, change, octets

LEARNING = "retention_class = 'learning'"


def keys_of(house: House) -> list[str]:
    """What a deep check says of the keys."""
    return [fault for found in verify(house.ledger) if found.what == "the keys are those that the ledger made" for fault in found.faults]


def given_to(house: House, statement: str) -> None:
    """Changes rows of the keyring, where Ash and Kit are the house's two students."""
    ash, kit = octets(house, house.student.bytes), octets(house, house.other.bytes)
    change(house, "keyring", statement.replace("ASH", ash).replace("KIT", kit))
    change(house, "keyring", "UPDATE about SET generation = generation + 1")
    house.ledger.keyring.refresh()


CHANGES: dict[str, tuple[tuple[str, ...], str]] = {
    "set aside": (("UPDATE keys SET spare = 1 WHERE owner_id = ASH",), "is set aside, and none is in its place"),
    "owners swapped": (
        ("UPDATE keys SET spare = 7 WHERE owner_id = ASH", "UPDATE keys SET owner_id = ASH WHERE owner_id = KIT", "UPDATE keys SET owner_id = KIT, spare = 0 WHERE spare = 7"),
        "is given to another owner",
    ),
    "one more for another child": ((f"UPDATE keys SET owner_id = KIT, spare = 1 WHERE owner_id = ASH AND {LEARNING}",), "is given to another owner"),
    "classes swapped": (
        (
            f"UPDATE keys SET spare = 7 WHERE owner_id = ASH AND {LEARNING}",
            f"UPDATE keys SET {LEARNING} WHERE owner_id = ASH AND retention_class = 'health'",
            "UPDATE keys SET retention_class = 'health', spare = 0 WHERE spare = 7",
        ),
        "is given to another class",
    ),
    "a class that there is not": ((f"UPDATE keys SET retention_class = 'junk' WHERE owner_id = ASH AND {LEARNING}",), "is given to another class"),
    "said to be shredded": ((f"UPDATE keys SET shredded_at = '2026-01-01' WHERE owner_id = ASH AND {LEARNING}",), "is there, and said to be shredded"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_key_that_the_keyring_gives_to_somebody_else_is_told_of_by_its_owner_and_class(house: House, name: str) -> None:
    statements, fault = CHANGES[name]
    house.record(house.note("ASH-WORDS"), house.note("KIT-WORDS", student=house.other))
    assert keys_of(house) == []
    for statement in statements:
        given_to(house, statement)
    assert f"the learning key of {house.student} {fault}" in keys_of(house)


@pytest.mark.parametrize("name", ["owners swapped", "one more for another child", "classes swapped", "a class that there is not"])
def test_an_erasure_destroys_no_key_that_is_somebody_elses_and_no_wrong_words(house: House, name: str) -> None:
    house.record(house.note("ASH-WORDS"), house.note("ASH-HEALTH", kept="health"), house.note("KIT-WORDS", student=house.other))
    for statement in CHANGES[name][0]:
        given_to(house, statement)
    before = house.ledger.recorder.read_head().position
    erased = house.other if name == "one more for another child" else house.student
    for student in {erased, house.student}:
        with pytest.raises(Refused, match="nothing was destroyed"):
            house.shred("learning", student=student)
    assert house.ledger.recorder.read_head().position == before and house.ledger.keyring.intentions() == []
    assert all(word in repr(house.look_back()) for word in ("ASH-WORDS", "ASH-HEALTH")) and "KIT-WORDS" in repr(house.look_back(student=house.other))


def test_an_erasure_that_was_decided_before_is_not_done_to_somebody_elses_key(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.record(house.note("ASH-WORDS"), house.note("KIT-WORDS", student=house.other))
    with monkeypatch.context() as patch:
        patch.setattr("ap_ledger.commands.effects.Effects._finish", lambda *_: 1 / 0)
        house.shred("learning")
    for statement in CHANGES["owners swapped"][0]:
        given_to(house, statement)
    house = again(house)
    try:
        assert house.ledger.warnings() != [] and "KIT-WORDS" in repr(house.look_back(student=house.other))
        for statement in CHANGES["owners swapped"][0]:
            given_to(house, statement)
        assert house.ledger.effects.redo() == 1 and house.ledger.warnings() == []
        assert "ASH-WORDS" not in repr(house.look_back()) and "KIT-WORDS" in repr(house.look_back(student=house.other))
    finally:
        house.close()


def test_a_living_key_that_is_said_to_be_shredded_is_destroyed_all_the_same(house: House) -> None:
    house.record(house.note("ASH-WORDS"))
    given_to(house, CHANGES["said to be shredded"][0][0])
    house.shred("learning")
    assert not house.ledger.keyring.lives(house.student, "learning") and "ASH-WORDS" not in repr(house.look_back())


# Copies -------------------------------------------------------------------------------------------------------------


def restored(house: House, path: Path) -> House:
    house.close()
    from ap_ledger.stores.creating import ledger_recorder

    recorder = ledger_recorder(house.settings)
    try:
        restore_keyring(house.settings, path, recorder)
    finally:
        recorder.close()
    made = House(house.settings, house.clock, make=False)
    made.student, made.other = house.student, house.other
    return made


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_that_says_otherwise_than_the_ledger_is_not_put_back(house: House, name: str, tmp_path: Path) -> None:
    house.record(house.note("ASH-WORDS"))
    for statement in CHANGES[name][0]:
        given_to(house, statement)
    path, _ = copy_into(tmp_path / "copies", house.ledger.keyring.engine)
    with pytest.raises(KeyringError, match=r"says otherwise than the ledger of \d+ keys: the \w+ key of .* Nothing was changed"):
        restored(house, path)


@pytest.mark.parametrize("name", [*CHANGES, "gone"])
def test_a_copy_from_before_puts_every_such_key_right(house: House, name: str, tmp_path: Path) -> None:
    house.record(house.note("ASH-WORDS"), house.note("KIT-WORDS", student=house.other))
    path, _ = copy_into(tmp_path / "copies", house.ledger.keyring.engine)
    for statement in CHANGES[name][0] if name in CHANGES else ("UPDATE keys SET wrapped = NULL, shredded_at = '2026-01-01'",):
        given_to(house, statement)
    house = restored(house, path)
    try:
        assert keys_of(house) == []
        assert "ASH-WORDS" in repr(house.look_back()) and "KIT-WORDS" in repr(house.look_back(student=house.other))
    finally:
        house.close()


def test_what_the_ledger_says_was_shredded_stays_so_also_where_the_keyring_that_is_there_forgot_it(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house("sqlite")
    house.record(house.note("ASH-WORDS"))
    path, _ = copy_into(tmp_path / "copies", house.ledger.keyring.engine)
    shutil.copyfile(house.settings.data / "keyring.sqlite", tmp_path / "keyring.sqlite")
    house.shred("learning")
    house.close()
    shutil.copyfile(tmp_path / "keyring.sqlite", house.settings.data / "keyring.sqlite")
    house = restored(house, path)
    try:
        assert not house.ledger.keyring.lives(house.student, "learning") and "ASH-WORDS" not in repr(house.look_back())
    finally:
        house.close()
