"""Whoever changes a ledger behind its back is told of by `check --deep`: which position, which child's id, which kind."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from ap_ledger.cli.main import app as program
from ap_ledger.cli.recompute import broken_links
from ap_ledger.domain.erasure import ExciseText
from ap_ledger.domain.student import AssignKeyWorker
from ap_ledger.errors import EndNotProved
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.persistence.chain import links_of
from ap_ledger.recording.ledger import new_id
from ap_ledger.recording.verifying import verify
from ap_ledger.stores.keyring.told_keys import told_by
from ap_ledger.stores.upgrading import upgrade
from tests.house import MONDAY, TUESDAY, House, settings_for

Told = dict[str, Any]
WORD = "saffron"
GOLDEN = Path(__file__).parent / "golden"


class Thief:
    """Somebody who has the database in their hands, and neither the keyring nor the triggers in their way."""

    def __init__(self, house: House) -> None:
        self.house, self.postgres = house, house.settings.postgres

    def does(self, sql: str, *given: Any) -> None:
        """Runs one statement with the marks `?`."""
        if self.postgres:
            with psycopg.connect(self.postgres, autocommit=True, options="-c search_path=ledger -c session_replication_role=replica") as connection:
                connection.execute(sql.replace("?", "%s"), given)  # type: ignore[arg-type]
            return
        connection = sqlite3.connect(self.house.settings.data / "ledger.sqlite")
        for trigger in ("stored_events_never_change", "stored_events_never_go", "sealed_never_changes"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute(sql, given)
        connection.commit()
        connection.close()

    def id(self, value: UUID) -> Any:
        return self.house.ledger.recorder.key(value)

    def last(self) -> int:
        return int(self.house.rows("SELECT max(position) FROM stored_events")[0][0])

    def chains_anew(self, first: int) -> None:
        """Makes every link anew from a position on, and puts the last into the head, as somebody who read how it is done."""
        recorder = self.house.ledger.recorder
        (before,) = recorder.chained_rows(first - 2, 1)
        link = before.chain
        for row in recorder.chained_rows(first - 1, 10_000):
            (link,) = links_of([row.row], row.position, row.recorded_at, link)
            self.does("UPDATE stored_events SET chain = ? WHERE position = ?", link, row.position)
        self.does("UPDATE head SET chain = ?, position = ?", link, self.last())


@pytest.fixture
def told(house: House) -> Told:
    """Something of every kind, and at which position it lies."""
    entries = {
        "rung": house.rung(), "outcome": house.outcome(), "note": house.note(f"{WORD} was here"), "other": house.rung(student=house.other),
        "incident": house.entry("incident-recorded", category="left-site", restrictive=True, minutes=4, text=WORD), "late": house.rung("goes-out", TUESDAY),
    }  # fmt: skip
    places = {name: result.position for name, result in zip(entries, house.record(*entries.values()), strict=True)}
    places["correction"] = house.one(house.correct(entries["rung"], rung="goes-out")).position
    for person in (house.leader, house.teacher):
        house.ledger.record_read("history", person, house.setting, house.student)  # type: ignore[arg-type]
    ask = "SELECT min(position) FROM stored_events WHERE topic = ?"
    for name, topic in (("role", "role-granted"), ("ladder", "framework-published"), ("read", "record-read"), ("keys", "key-made")):
        places[name] = house.rows(ask, topic)[0][0]
    return places


def faults_of(house: House) -> str:
    """Everything that a look finds, in one text."""
    found = [(one.what, fault) for one in verify(house.ledger) for fault in one.faults]
    said = "\n".join(f"{what}: {fault}" for what, fault in found)
    assert WORD not in said and "Ash" not in said and "Heron" not in said
    return said


def test_a_ledger_that_nobody_touched_is_whole(house: House, told: Told) -> None:
    assert faults_of(house) == ""
    house.ledger.execute(ExciseText(id=new_id(), position=told["note"], **house.erasing()))
    house.shred("behaviour")
    assert faults_of(house) == ""


def test_a_ledger_of_an_earlier_version_is_whole_once_it_is_upgraded_and_watched_from_then_on(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "data-0.1.0", tmp_path / "older")
    settings = settings_for("sqlite", tmp_path / "older", None)
    upgrade(settings)
    house = House(settings, make=False)
    assert [fault for found in verify(house.ledger) for fault in found.faults] == []
    thief = Thief(house)
    ((first,),) = house.rows("SELECT min(position) FROM stored_events WHERE topic = 'rung-reached'")
    thief.does("UPDATE stored_events SET occurred_at = occurred_at - 1, state = replace(state, '2026', '2025') WHERE position = ?", first)
    assert f"position {first} (" in faults_of(house)
    thief.chains_anew(first)
    unlike = next(found.faults for found in verify(house.ledger) if found.what == "what is stored is what was posted")
    assert [fault.split(" (")[0] for fault in unlike] == [f"position {first}"]
    house.close()


CHANGES = {
    "rung": ("rung", """state = replace(state, 'through-door', 'goes-out')"""),
    "flag": ("rung", """state = replace(state, '{', '{"flags":["outside-placement"],')"""),
    "author": ("note", "author_id = (SELECT author_id FROM stored_events WHERE topic = 'placement-started' LIMIT 1)"),
    "child": ("incident", "student_id = (SELECT student_id FROM stored_events WHERE position = {other})"),
    "day": ("outcome", "occurred_at = occurred_at - 86400000000"),
    "time of recording": ("late", "recorded_at = recorded_at - 1"),
    "device": ("late", "device_id = student_id"),
    "kind": ("incident", "topic = 'context-noted'"),
    "class version": ("rung", "class_version = 2"),
    "fingerprint": ("rung", "fingerprint = (SELECT fingerprint FROM stored_events WHERE position = {outcome})"),
    "ladder": ("ladder", "state = replace(state, 'Through the door', 'Whole')"),
    "role": ("role", "state = replace(state, 'mentor', 'leader')"),
    "sealed hash": ("note", "sealed_hash = NULL"),
    "restrictive": ("incident", "state = replace(state, 'true', 'false')"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_row_is_named_by_its_position(house: House, told: Told, name: str) -> None:
    where, change = CHANGES[name]
    before = house.rows("SELECT * FROM stored_events WHERE position = ?", told[where])
    Thief(house).does(
        f"UPDATE stored_events SET {change.replace('{other}', str(told['other'])).replace('{outcome}', str(told['outcome']))} WHERE position = ?", told[where]
    )
    if before == house.rows("SELECT * FROM stored_events WHERE position = ?", told[where]):
        Thief(house).does("UPDATE stored_events SET state = replace(state, ':', ': ') WHERE position = ?", told[where])
    found = faults_of(house)
    assert f"position {told[where]} (" in found
    assert not any(f"position {place} (" in found for other, place in told.items() if other != where and place != told[where])


@pytest.mark.parametrize("name", ["incident", "correction", "read", "note"])
def test_a_removed_row_is_named_by_its_position(house: House, told: Told, name: str) -> None:
    Thief(house).does("DELETE FROM stored_events WHERE position = ?", told[name])
    assert f"rows are missing: positions {told[name]}" in faults_of(house)


def test_a_removed_row_is_noticed_though_the_others_move_up(house: House, told: Told) -> None:
    thief = Thief(house)
    thief.does("DELETE FROM stored_events WHERE position = ?", told["incident"])
    for position in range(told["incident"] + 1, thief.last() + 1):
        thief.does("UPDATE stored_events SET position = position - 1 WHERE position = ?", position)
        thief.does("UPDATE sealed SET position = position - 1 WHERE position = ?", position)
    thief.does("UPDATE head SET position = position - 1")
    assert f"position {told['incident']} (" in faults_of(house)


def test_every_look_at_a_record_that_was_removed_is_noticed(house: House, told: Told) -> None:
    Thief(house).does("DELETE FROM stored_events WHERE topic = 'record-read'")
    assert f"positions {told['read']} to {told['read'] + 1}" in faults_of(house)


def test_a_whole_child_who_was_removed_is_named_by_the_keys_left_behind(house: House, told: Told) -> None:
    thief = Thief(house)
    thief.does("DELETE FROM sealed WHERE position IN (SELECT position FROM stored_events WHERE student_id = ?)", thief.id(house.student))
    thief.does("DELETE FROM stored_events WHERE student_id = ? OR originator_id = ?", thief.id(house.student), thief.id(house.student))
    found = faults_of(house)
    assert "rows are missing" in found and str(told["incident"]) in found
    assert f"of whom the ledger tells nothing any more: {house.student}" in found and str(house.other) not in found


def test_the_last_rows_that_were_cut_off_are_noticed_though_the_head_was_set_back(house: House, told: Told) -> None:
    thief = Thief(house)
    kept = told["rung"]
    thief.does("DELETE FROM stored_events WHERE position > ?", kept)
    thief.does("DELETE FROM sealed WHERE position > ?", kept)
    assert f"positions {kept + 1} to" in faults_of(house)
    thief.does(
        "UPDATE head SET position = ?, chain = (SELECT chain FROM stored_events WHERE position = ?), "
        "recorded_at = (SELECT recorded_at FROM stored_events WHERE position = ?), keys_position = least(keys_position, ?)"
        if thief.postgres
        else "UPDATE head SET position = ?, chain = (SELECT chain FROM stored_events WHERE position = ?), "
        "recorded_at = (SELECT recorded_at FROM stored_events WHERE position = ?), keys_position = min(keys_position, ?)",
        kept, kept, kept, kept,
    )  # fmt: skip
    assert f"the end at position {kept} was not written by a holder of the keyring" in faults_of(house)


def test_rows_that_changed_places_are_both_named(house: House, told: Told) -> None:
    thief = Thief(house)
    for old, new in ((told["rung"], 10**6), (told["outcome"], told["rung"]), (10**6, told["outcome"])):
        thief.does("UPDATE stored_events SET position = ? WHERE position = ?", new, old)
    found = faults_of(house)
    assert f"position {told['rung']} (" in found and f"position {told['outcome']} (" in found


@pytest.mark.parametrize("moved_on", [False, True])
def test_a_forged_row_is_named(house: House, told: Told, moved_on: bool) -> None:
    thief = Thief(house)
    columns = "topic, class_version, setting_id, student_id, author_id, occurred_at, recorded_at, fingerprint, state, chain"
    forged = thief.last() + 1
    copy = f"SELECT {forged}, ?, 1, {columns} FROM stored_events WHERE position = {told['rung']}"
    thief.does(f"INSERT INTO stored_events (position, originator_id, originator_version, {columns}) {copy}", thief.id(uuid4()))
    if moved_on:
        thief.does("UPDATE head SET position = position + 1")
    found = faults_of(house)
    assert f"position {forged} (rung-reached, student {house.student})" in found


def test_somebody_who_makes_the_whole_chain_anew_lacks_the_key_for_its_end(house: House, told: Told) -> None:
    thief = Thief(house)
    thief.does("UPDATE stored_events SET state = replace(state, 'through-door', 'goes-out') WHERE position = ?", told["rung"])
    thief.chains_anew(told["rung"])
    found = faults_of(house)
    assert "was not written by a holder of the keyring" in found and "is not the row that was recorded" not in found
    # The fingerprints still tell which.
    assert f"position {told['rung']} (rung-reached, student {house.student}) does not say what was posted" in found
    assert f"position {told['outcome']} (" not in found and f"position {told['note']} (" not in found


def test_sealed_texts_that_were_deleted_are_counted_for_each_child(house: House, told: Told) -> None:
    Thief(house).does("DELETE FROM sealed")
    found = faults_of(house)
    assert f"student {house.student}: sealed texts of 4 rows are gone or changed" in found and f"student {house.other}: sealed texts" in found
    assert f"{told['note']}" in found


def test_a_sealed_text_that_was_changed_moved_or_added_is_named(house: House, told: Told) -> None:
    thief = Thief(house)
    thief.does("UPDATE sealed SET ciphertext = nonce WHERE position = ?", told["note"])
    assert f"(position {told['note']})" in faults_of(house)
    thief.does("INSERT INTO sealed SELECT ?, retention_class, key_id, nonce, ciphertext FROM sealed WHERE position = ?", told["rung"], told["note"])
    assert f"beside rows that have none (position {told['rung']})" in faults_of(house)


def test_a_text_is_excised_only_where_an_event_says_so(house: House, told: Told) -> None:
    house.ledger.execute(ExciseText(id=new_id(), position=told["note"], **house.erasing()))
    Thief(house).does("DELETE FROM sealed WHERE position = ?", told["incident"])
    found = faults_of(house)
    assert f"(position {told['incident']})" in found and f"(position {told['note']})" not in found


@pytest.mark.parametrize("how", ["shredded", "deleted"])
def test_the_keys_of_a_child_that_are_gone_are_not_taken_for_erased(house: House, told: Told, how: str) -> None:
    if how == "shredded":
        for kept in RETENTION_CLASSES:
            house.ledger.keyring.shred(house.student, kept, told_by(house.ledger.recorder))
    else:
        with house.ledger.keyring.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM keys WHERE owner_id = {_literal(house, house.student)}")
        house.ledger.keyring.forget()
    found = faults_of(house)
    assert f"the keys of {house.student} (behaviour, core, health, learning, safeguarding) are gone, and no event says so: 4 texts" in found
    assert str(house.other) not in found


def _literal(house: House, value: UUID) -> str:
    return f"'\\x{value.hex}'" if house.settings.postgres else f"x'{value.hex}'"


def test_a_key_that_was_put_in_the_place_of_another_is_named(house: House) -> None:
    with house.ledger.keyring.engine.begin() as connection:
        where = f"retention_class = 'health' AND owner_id = {_literal(house, house.student)}"
        other = f"SELECT wrapped FROM keys WHERE retention_class = 'health' AND owner_id = {_literal(house, house.other)}"
        connection.exec_driver_sql(f"UPDATE keys SET wrapped = ({other}) WHERE {where}")
    house.ledger.keyring.forget()
    assert f"the health key of {house.student} is another one than the ledger was told" in faults_of(house)


# What lies apart from the ledger -------------------------------------------------------------------------------------


def copied_back(house: House, copy: Path) -> House:
    """The house after somebody put an older copy of its ledger file back."""
    house.close()
    for end in ("-wal", "-shm"):
        (house.settings.data / f"ledger.sqlite{end}").unlink(missing_ok=True)
    shutil.copyfile(copy, house.settings.data / "ledger.sqlite")
    again = House(house.settings, house.clock, make=False)
    again.setting, again.student, again.mentor = house.setting, house.student, house.mentor
    return again


def test_an_older_copy_in_the_place_of_the_ledger_is_noticed_until_somebody_says_why(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house("sqlite")
    connection = sqlite3.connect(house.settings.data / "ledger.sqlite")
    connection.execute("VACUUM INTO ?", (str(tmp_path / "copy.sqlite"),))
    connection.close()
    older = house.ledger.recorder.read_head().position
    house.record(house.rung(), house.note(WORD))
    later = house.ledger.recorder.read_head().position
    again = copied_back(house, tmp_path / "copy.sqlite")
    assert faults_of(again) == ""
    (fault,) = again.ledger.memory.faults()
    assert f"ends at position {older}; on 2026-03-06 it reached position {later}" in fault
    for n in range(5):
        # What is recorded since does not hide it, and is not remembered in the place of what is missing.
        assert again.one(again.rung(at=MONDAY.replace(minute=n))).status == "recorded"
    again.close()
    where = ["--data", str(house.settings.data)]
    said = CliRunner().invoke(program, ["check", *where])
    assert said.exit_code == 1 and f"what was recorded up to position {later}" in said.output
    assert "wrong  what is remembered" not in CliRunner().invoke(program, ["check", "--accept-end", *where]).output
    assert "wrong  what is remembered" not in CliRunner().invoke(program, ["check", *where]).output


def test_how_far_the_ledger_reaches_is_remembered_each_day_and_never_from_an_end_that_is_not_proved(house: House, told: Told) -> None:
    memory = house.ledger.memory
    memory.remember(MONDAY.date())
    memory.remember(TUESDAY.date())
    # The first was remembered when the house was furnished.
    assert [(end.day, end.position) for end in memory.ends()[:-1]] == [("2026-03-02", Thief(house).last())]
    house.record(house.rung(at=TUESDAY))
    memory.remember(TUESDAY.date())
    assert [end.day for end in memory.ends()[:-1]] == ["2026-03-03", "2026-03-02"] and memory.faults() == []
    thief = Thief(house)
    thief.does("UPDATE stored_events SET state = replace(state, 'through-door', 'goes-out') WHERE position = ?", told["rung"])
    thief.chains_anew(told["rung"])
    memory.remember(TUESDAY.date())
    assert f"up to position {memory.ends()[-1].position} it does" in memory.faults()[0]


def test_an_end_that_somebody_else_wrote_is_accepted_by_a_holder_of_the_keyring_only(house: House, told: Told) -> None:
    Thief(house).does("UPDATE head SET rules_position = rules_position - 1")
    with pytest.raises(EndNotProved):
        house.one(house.rung())
    assert house.ledger.accept_end() == Thief(house).last()
    assert house.one(house.rung()).status == "recorded" and faults_of(house) == ""


def test_a_ledger_whose_newest_keys_were_cut_off_opens_so_that_it_can_be_looked_at(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database)
    (keys,) = house.rows("SELECT keys_position FROM head")[0]
    Thief(house).does("DELETE FROM stored_events WHERE position >= ?", keys)
    house.ledger.close()
    again = House(house.settings, house.clock, make=False)
    assert f"positions {keys} to" in faults_of(again)
    again.close()


# The program --------------------------------------------------------------------------------------------------------


def test_the_program_says_it_and_fails(make_house: Callable[..., House]) -> None:
    house = make_house("sqlite")
    result = house.one(house.rung())
    house.close()
    said = CliRunner().invoke(program, ["check", "--deep", "--data", str(house.settings.data)])
    assert said.exit_code == 0, said.output
    house.tamper(("UPDATE stored_events SET state = replace(state, 'through-door', 'goes-out') WHERE position = ?", (result.position,)))
    said = CliRunner().invoke(program, ["check", "--deep", "--data", str(house.settings.data)])
    assert said.exit_code == 1 and f"position {result.position} (rung-reached, student {house.student})" in said.output


def test_an_auditor_recomputes_the_chain_with_the_standard_library_alone(make_house: Callable[..., House], tmp_path: Path) -> None:
    house = make_house("sqlite")
    house.record(house.rung(), house.note("a word"), house.outcome(level=None))
    path = str(house.settings.data / "ledger.sqlite")
    assert broken_links(path) == []
    house.tamper(("UPDATE stored_events SET occurred_at = occurred_at + 1 WHERE position = 7", ()))
    assert broken_links(path) == [7]


def test_nothing_is_recorded_after_an_end_that_somebody_else_wrote(house: House, told: Told) -> None:
    thief = Thief(house)
    thief.does("UPDATE head SET rules_position = rules_position - 1")
    with pytest.raises(EndNotProved, match="ap-ledger check --deep"):
        house.one(house.rung())
    with pytest.raises(EndNotProved, match="ap-ledger check --deep"):
        house.ledger.execute(AssignKeyWorker(id=new_id(), setting_id=house.setting, student=house.student, person_id=house.teacher, from_date=MONDAY.date()))
    with house.browser() as leader, house.browser(house.mentor) as mentor:
        assert "without its keyring" in leader.get("/").text and "without its keyring" not in mentor.get("/").text
    assert json.loads(house.rows("SELECT state FROM stored_events WHERE position = ?", told["rung"])[0][0])["rung"] == "through-door"
