"""No command destroys a key: rotations, copies, restores, two processes at once, and keys that do not open."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from sqlalchemy import create_engine, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from ap_ledger.bootstrap import open_ledger
from ap_ledger.cli.main import app as program
from ap_ledger.domain.student import AdmitStudent, IdentifyStudent
from ap_ledger.errors import KeyringError, UnreadableKey
from ap_ledger.events.base import RETENTION_CLASSES
from ap_ledger.recording.ledger import Ledger, new_id
from ap_ledger.settings import Settings
from ap_ledger.stores.keyring.copies import copies_folder, copy_into, end_old_copies
from ap_ledger.stores.keyring.keyring import Keyring
from ap_ledger.stores.keyring.master_key import master_key_file, old_key_files, proof_of, read_master_key
from ap_ledger.stores.keyring.restore import restore_keyring
from ap_ledger.stores.keyring.rotation import rotate_master_key
from ap_ledger.stores.keyring.store import ABOUT, KEYS, name_of
from ap_ledger.stores.keyring.told_keys import told_by
from ap_ledger.stores.upgrading import upgrade
from tests.house import House, settings_for

GOLDEN = Path(__file__).parent / "golden"
WORDS = "canary-20c4: the blue kite"


@pytest.fixture
def running(house: House) -> Iterator[Ledger]:
    """Another process over the same stores, that has been running for a while."""
    ledger = open_ledger(house.settings, house.clock)
    ledger.keyring.key(house.student, "learning")
    yield ledger
    ledger.close()


def rotate(house: House) -> Path:
    rotated, old = rotate_master_key(house.settings, house.ledger.keyring)
    assert rotated.unreadable == []
    return old


def admit(ledger: Ledger, house: House) -> UUID:
    """A child admitted and named by one of several processes."""
    student, whose = new_id(), {"setting_id": house.setting, "author_id": house.teacher}
    ledger.execute(AdmitStudent(id=new_id(), student=student, on=date(2026, 1, 5), **whose))
    ledger.execute(IdentifyStudent(id=new_id(), student=student, given_name="Wren", family_name="Dunlin", **whose))
    return student


def key_rows(keyring: Keyring) -> dict[bytes, Any]:
    with keyring.engine.connect() as connection:
        return {bytes(row.key_id): row for row in connection.execute(select(KEYS))}


def spoil(house: House, student: UUID, *classes: str) -> None:
    """Makes keys of a child open under no master key, as a disk or an earlier version could."""
    with house.ledger.keyring.engine.begin() as connection:
        chosen = KEYS.c.retention_class.in_(classes or RETENTION_CLASSES)
        wrapped = aes_key_wrap(b"x" * 32, b"y" * 32)
        connection.execute(update(KEYS).where(KEYS.c.owner_id == student.bytes, chosen).values(wrapped=wrapped))
        connection.execute(update(ABOUT).values(generation=ABOUT.c.generation + 1))
    house.ledger.states.refresh()


# Rotations ----------------------------------------------------------------------------------------------------------


def test_a_running_service_wraps_the_keys_of_the_next_child_under_the_new_master_key(house: House, running: Ledger) -> None:
    rotate(house)
    student = admit(running, house)
    assert house.one(house.note(WORDS, student=student)).status == "recorded"
    assert WORDS in json.dumps(house.look_back(student=student))
    fresh = open_ledger(house.settings, house.clock)
    assert all(fresh.keyring.key(student, kept) is not None for kept in RETENTION_CLASSES)
    fresh.close()
    rotate(house)
    master = name_of(proof_of(read_master_key(house.settings)))
    assert {bytes(row.master_id) for row in key_rows(house.ledger.keyring).values()} == {master}


def test_a_process_that_cannot_find_the_new_master_key_makes_no_keys(house: House, running: Ledger, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another machine" / "master.key"
    elsewhere.parent.mkdir()
    shutil.copy(master_key_file(house.settings), elsewhere)
    apart = Keyring.open(house.settings.model_copy(update={"master_key_file": elsewhere}), house.ledger.recorder.ledger_id(), None)
    rotate(house)
    before = key_rows(house.ledger.keyring)
    with pytest.raises(KeyringError, match="does not open"):
        apart.make(uuid4())
    assert key_rows(house.ledger.keyring) == before
    apart.close()


def test_one_key_that_does_not_open_stops_no_rotation_and_is_left_as_it_is(house: House) -> None:
    house.record(house.note(WORDS))
    spoil(house, house.other, "health")
    before = {key_id: row.wrapped for key_id, row in key_rows(house.ledger.keyring).items() if row.owner_id == house.other.bytes}
    for _ in range(2):
        rotated, _ = rotate_master_key(house.settings, house.ledger.keyring)
        assert len(rotated.unreadable) == 1 and rotated.keys == len(key_rows(house.ledger.keyring)) - 1
    (left,) = rotated.unreadable
    assert key_rows(house.ledger.keyring)[left.bytes].wrapped == before[left.bytes]
    assert WORDS in json.dumps(house.look_back())
    told = CliRunner().invoke(program, ["keyring", "rotate", *place(house)], env={"COLUMNS": "300"})
    assert told.exit_code == 0 and "1 keys open under no master key" in told.output and str(left) in told.output


def place(house: House) -> list[str]:
    return ["--data", str(house.settings.data), *(["--database-url", house.settings.postgres] if house.settings.postgres else [])]


def test_a_key_under_an_older_master_key_opens_while_that_lies_beside_and_the_next_rotation_takes_it_along(house: House) -> None:
    """A service of 0.1.0 wrapped so when it missed a rotation; the old master key lay beside under its old name."""
    house.record(house.note(WORDS))
    older = read_master_key(house.settings)
    rotate(house)
    (kept,) = old_key_files(house.settings)
    kept.rename(kept.with_name("master.key.old"))
    now = read_master_key(house.settings)
    with house.ledger.keyring.engine.begin() as connection:
        for row in connection.execute(select(KEYS).where(KEYS.c.owner_id == house.student.bytes)).all():
            back = aes_key_wrap(older, aes_key_unwrap(now, bytes(row.wrapped)))
            connection.execute(update(KEYS).where(KEYS.c.key_id == row.key_id).values(wrapped=back))
        connection.execute(update(ABOUT).values(generation=ABOUT.c.generation + 1))
    house.ledger.keyring.refresh()
    assert WORDS in json.dumps(house.look_back()) and house.one(house.note("more")).status == "recorded"
    rotate(house)
    for path in old_key_files(house.settings):
        path.unlink()
    assert house.ledger.keyring.unreadable() == []


def test_every_master_key_there_ever_was_is_kept_under_a_name_of_its_own(house: House) -> None:
    masters = [read_master_key(house.settings)]
    for _ in range(3):
        old = rotate(house)
        assert old.read_text().strip() == masters[-1].hex() and old.stat().st_mode & 0o077 == 0
        masters.append(read_master_key(house.settings))
    assert {path.read_text().strip() for path in old_key_files(house.settings)} == {master.hex() for master in masters[:-1]}


def test_nothing_is_rotated_unless_every_key_reads_back_as_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from ap_ledger.stores.keyring import keyring

    house.record(house.note(WORDS))
    before, master = key_rows(house.ledger.keyring), read_master_key(house.settings)
    honest = keyring.rewrap

    def forgetful(connection: Any, opened: Any, new: bytes) -> None:
        honest(connection, dict(list(opened.items())[1:]), new)

    with monkeypatch.context() as patch:
        patch.setattr(keyring, "rewrap", forgetful)
        with pytest.raises(KeyringError, match="does not read back"):
            rotate_master_key(house.settings, house.ledger.keyring)
    assert key_rows(house.ledger.keyring) == before and read_master_key(house.settings) == master
    rotate(house)
    assert WORDS in json.dumps(house.look_back())


def test_two_rotations_at_once_take_turns(house: House, running: Ledger) -> None:
    done: list[Any] = []
    both = [threading.Thread(target=lambda ledger=ledger: done.append(rotate_master_key(house.settings, ledger.keyring))) for ledger in (house.ledger, running)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(done) == 2 and len(old_key_files(house.settings)) == 2
    fresh = open_ledger(house.settings, house.clock)
    assert fresh.keyring.unreadable() == []
    fresh.close()


def test_where_the_master_key_may_not_be_changed_a_rotation_says_so(house: House, tmp_path: Path) -> None:
    given = house.settings.model_copy(update={"master_key_file": Path("/proc/master.key")})
    with pytest.raises(KeyringError, match="cannot be changed where it lies"):
        rotate_master_key(given, house.ledger.keyring)


# Copies -------------------------------------------------------------------------------------------------------------


def test_a_copy_is_of_one_moment_whatever_is_rotated_meanwhile(house: House, running: Ledger, tmp_path: Path) -> None:
    stop, trouble = threading.Event(), []

    def turn() -> None:
        while not stop.is_set():
            try:
                rotate_master_key(house.settings, running.keyring)
            except Exception as error:
                trouble.append(error)
                return

    turning = threading.Thread(target=turn)
    turning.start()
    copies = [copy_into(tmp_path / "copies", house.ledger.keyring.engine)[0] for _ in range(12)]
    stop.set()
    turning.join()
    assert trouble == [] and len(set(copies)) == 12
    for path in copies:
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            (proof,) = connection.scalars(select(ABOUT.c.proof))
            assert set(connection.scalars(select(KEYS.c.master_id))) == {name_of(proof)}
        engine.dispose()
        assert path.stat().st_mode & 0o077 == 0


def test_a_copy_under_any_earlier_master_key_can_be_put_back_and_lies_under_the_present_one_then(house: House, tmp_path: Path) -> None:
    house.record(house.note(WORDS))
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    for _ in range(3):
        rotate(house)
    restored = restore_keyring(house.settings, copy, house.ledger.recorder)
    assert restored.unreadable == [] and restored.erased_again == 0
    for path in old_key_files(house.settings):
        path.unlink()
    fresh = open_ledger(house.settings, house.clock)
    assert fresh.keyring.unreadable() == []
    fresh.close()
    assert WORDS in json.dumps(house.look_back())


def test_an_older_copy_is_refused_before_anything_is_replaced(house: House, tmp_path: Path) -> None:
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    student = house.admit("Sky", "Godwit")
    house.record(house.note(WORDS, student=student))
    before = key_rows(house.ledger.keyring)
    told = CliRunner().invoke(program, ["keyring", "restore", str(copy), *place(house)], env={"COLUMNS": "300"})
    assert told.exit_code == 2 and "older than the ledger: it lacks 5 keys" in told.output
    assert key_rows(house.ledger.keyring) == before and not copies_folder(house.settings).exists()
    assert WORDS in json.dumps(house.look_back(student=student))


def test_what_a_restore_replaces_is_kept_as_a_copy_that_can_be_put_back(house: House, tmp_path: Path) -> None:
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    before = key_rows(house.ledger.keyring)
    restored = restore_keyring(house.settings, copy, house.ledger.recorder)
    assert restored.kept is not None and restored.kept.parent == copies_folder(house.settings) and restored.kept.stat().st_mode & 0o077 == 0
    restore_keyring(house.settings, restored.kept, house.ledger.recorder)
    assert key_rows(house.ledger.keyring) == before


def test_a_copy_in_which_keys_do_not_open_is_refused_while_they_open_here(house: House, tmp_path: Path) -> None:
    house.record(house.note(WORDS))
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    before = key_rows(house.ledger.keyring)
    for spoilt in (b"not wrapped at all, just some bytes here..", aes_key_wrap(read_master_key(house.settings), b"z" * 32)):
        bad = tmp_path / "bad.sqlite"
        shutil.copy(copy, bad)
        engine = create_engine(f"sqlite:///{bad}")
        with engine.begin() as connection:
            connection.execute(update(KEYS).where(KEYS.c.owner_id == house.student.bytes, KEYS.c.retention_class == "learning").values(wrapped=spoilt))
        engine.dispose()
        with pytest.raises(KeyringError, match="1 keys of this copy do not open"):
            restore_keyring(house.settings, bad, house.ledger.recorder)
    assert key_rows(house.ledger.keyring) == before
    spoil(house, house.student, "learning")
    assert restore_keyring(house.settings, copy, house.ledger.recorder).unreadable == []
    assert WORDS in json.dumps(house.look_back())


@pytest.mark.parametrize("damage", ["missing", "zero bytes", "garbage", "truncated"])
def test_a_keyring_that_is_damaged_is_replaced_by_a_copy_and_its_file_kept(make_house: Callable[..., House], tmp_path: Path, damage: str) -> None:
    house = make_house()
    house.record(house.note(WORDS))
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    house.ledger.close()
    ring = house.settings.data / "keyring.sqlite"
    whole = ring.read_bytes()
    ring.write_bytes({"garbage": b"no database" * 900, "truncated": whole[:5000]}.get(damage, b""))
    if damage == "missing":
        ring.unlink()
    told = CliRunner().invoke(program, ["keyring", "restore", str(copy), *place(house)], env={"COLUMNS": "300"})
    assert told.exit_code == 0, told.output
    again = House(house.settings, house.clock, make=False)
    assert WORDS in json.dumps(again.look_back(student=house.student))
    again.close()
    assert damage == "missing" or list(copies_folder(house.settings).glob("keyring-*.damaged"))


def test_a_keyring_in_use_is_not_taken_for_a_damaged_one(make_house: Callable[..., House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = make_house()
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    before = key_rows(house.ledger.keyring)
    blocker = create_engine(house.settings.sqlalchemy_url("keyring"))
    with blocker.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        told = CliRunner().invoke(program, ["keyring", "restore", str(copy), *place(house)])
        assert told.exit_code == 2
    blocker.dispose()
    assert key_rows(house.ledger.keyring) == before


def test_a_copy_made_by_0_1_0_is_brought_up_to_date_and_put_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(GOLDEN / "data-0.1.0", data)
    settings = settings_for("sqlite", data, None)
    upgrade(settings)
    copy = shutil.copy(GOLDEN / "data-0.1.0" / "keyring.sqlite", tmp_path / "copy.sqlite")
    unchanged = copy.read_bytes()
    house = House(settings, make=False)
    rotate(house)
    assert restore_keyring(settings, copy, house.ledger.recorder).unreadable == []
    assert house.ledger.keyring.unreadable() == [] and copy.read_bytes() == unchanged
    house.close()
    shutil.rmtree(copies_folder(settings))
    assert not list(data.glob(".restoring-*"))


def test_copies_that_are_too_old_end_and_other_files_stay(tmp_path: Path) -> None:
    names = ("keyring-20200101T000000.sqlite", "keyring-20200101T000000-123456.sqlite", "keyring-20200101T000000-1.damaged", "keyring-mine.sqlite", "notes.txt")
    for name in names:
        (tmp_path / name).write_text("x")
    assert end_old_copies(tmp_path) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"keyring-mine.sqlite", "notes.txt"}


# Shredding while others read ----------------------------------------------------------------------------------------


def test_a_key_that_is_shredded_while_it_is_read_is_not_remembered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = house.ledger.keyring
    learning = keyring.key(house.student, "learning")
    assert learning is not None
    keyring.forget()
    honest = Keyring._find

    def slowly(self: Keyring, *where: Any) -> Any:
        found: tuple[bool, Any] = honest(self, *where)
        # The key was read, and now somebody else shreds it before it is put among the open ones.
        self.shred(house.student, "learning", told_by(house.ledger.recorder))
        return found

    for ask in (lambda: keyring.key(house.student, "learning"), lambda: keyring.by_id(learning.id)):
        with monkeypatch.context() as patch:
            patch.setattr(Keyring, "_find", slowly)
            ask()
        assert ask() is None


def test_a_shred_by_another_process_is_noticed_without_any_event(house: House, running: Ledger) -> None:
    learning = running.keyring.key(house.student, "learning")
    assert learning is not None
    house.ledger.keyring.shred(house.student, "learning", told_by(house.ledger.recorder))
    running.states.refresh()
    assert running.keyring.key(house.student, "learning") is None and running.keyring.by_id(learning.id) is None


def test_what_was_remembered_of_a_child_ends_with_its_key_also_between_the_event_and_the_deed(house: House, running: Ledger) -> None:
    """The other process looks after the event was stored and before the key is gone, and once more after that."""
    running.states.context(house.setting, house.student, house.teacher)
    house.ledger.keyring.shred(house.student, "core", told_by(house.ledger.recorder))
    (answer,) = running.record([house.rung()]).results
    assert (answer.status, answer.code) == ("recorded", None) or answer.code == "not-allowed"
    running.states.refresh()
    (answer,) = running.record([house.rung()]).results
    assert answer.code == "not-allowed", "nothing new about somebody erased"


# One key for each ---------------------------------------------------------------------------------------------------


def test_two_processes_that_make_keys_for_one_owner_make_one_of_each(house: House, running: Ledger) -> None:
    owner, barrier = uuid4(), threading.Barrier(6)
    made: list[dict[str, UUID]] = []

    def make(keyring: Keyring) -> None:
        barrier.wait()
        made.append({kept: key.id for kept, key in keyring.make(owner).items()})

    together = [threading.Thread(target=make, args=(ledger.keyring,)) for ledger in (house.ledger, running) * 3]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert len(made) == 6 and all(one == made[0] for one in made)
    assert sum(row.owner_id == owner.bytes for row in key_rows(house.ledger.keyring).values()) == len(RETENTION_CLASSES)


def test_the_store_takes_no_second_key_of_an_owner_and_class(house: House) -> None:
    values = {"key_id": uuid4().bytes, "owner_id": house.student.bytes, "retention_class": "learning", "made_at": "2026-01-01", "wrapped": b"x"}
    with pytest.raises(IntegrityError), house.ledger.keyring.engine.begin() as connection:
        connection.execute(insert(KEYS).values(values))


def test_what_the_second_of_two_keys_of_0_1_0_sealed_still_opens(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(GOLDEN / "data-0.1.0", data)
    settings: Settings = settings_for("sqlite", data, None)
    engine = create_engine(settings.sqlalchemy_url("keyring"))
    second = uuid4()
    with engine.begin() as connection:
        first = connection.execute(text("SELECT * FROM keys WHERE retention_class = 'learning' AND wrapped IS NOT NULL")).first()
        assert first is not None
        values = {"key_id": second.bytes, "owner": first.owner_id, "wrapped": aes_key_wrap(read_master_key(settings), b"s" * 32)}
        connection.execute(text("INSERT INTO keys VALUES (:key_id, :owner, 'learning', :wrapped, '2999-01-01', NULL)"), values)
    engine.dispose()
    upgrade(settings)
    house = House(settings, make=False)
    owner, keyring = UUID(bytes=first.owner_id), house.ledger.keyring
    usual, spare = keyring.key(owner, "learning"), keyring.by_id(second)
    assert usual is not None and usual.id.bytes == first.key_id and spare is not None and spare.raw == b"s" * 32
    rotate(house)
    again = keyring.by_id(second)
    assert again is not None and again.raw == spare.raw
    keyring.shred(owner, "learning", told_by(house.ledger.recorder))
    assert keyring.by_id(second) is None and not keyring.lives(owner, "learning"), "erasing ends every key of the class"
    house.close()


def test_a_key_that_does_not_open_says_which_and_what_to_do(house: House) -> None:
    spoil(house, house.student, "learning")
    with pytest.raises(UnreadableKey, match="opens under no master key"):
        house.ledger.keyring.key(house.student, "learning")
    assert len(house.ledger.keyring.unreadable()) == 1


# One child whose keys do not open -----------------------------------------------------------------------------------


def test_a_send_about_a_child_whose_keys_do_not_open_harms_nobody_else_in_it(house: House) -> None:
    note = house.note("before", student=house.other)
    house.record(note)
    worry = house.entry("worry-raised", student=house.other, text=WORDS)
    spoil(house, house.other)
    about = [house.rung(student=house.other), house.note(WORDS, student=house.other), house.correct(note, text="after"), house.void(note), worry, note]
    mine = [house.rung(), house.note("hello"), house.entry("worry-raised", text="about Ash")]
    results = house.record(*about[:3], *mine, *about[3:])
    assert [one.status for one in results] == ["held"] * 3 + ["recorded"] * 3 + ["held"] * 3
    assert all("key" in (one.message or "") for one in results if one.status == "held")
    assert {str(held.entry_id) for held in house.ledger.waiting.entries()} == {one["id"] for one in about[:-1]}, "what was sent again is in the ledger already"


def test_what_waited_for_a_key_is_recorded_once_the_key_opens_again(house: House, tmp_path: Path) -> None:
    copy, _ = copy_into(tmp_path, house.ledger.keyring.engine)
    spoil(house, house.other)
    waiting = house.note(WORDS, student=house.other)
    assert house.one(waiting).status == "held"
    again = house.ledger.waiting.retry(UUID(waiting["id"]))
    assert again is not None and again.status == "held"
    restore_keyring(house.settings, copy, house.ledger.recorder)
    again = house.ledger.waiting.retry(UUID(waiting["id"]))
    assert again is not None and again.status == "recorded" and house.ledger.waiting.entries() == []
    assert WORDS in json.dumps(house.look_back(student=house.other))


@pytest.mark.parametrize("lost", ["spoilt", "gone"])
def test_pages_about_the_others_work_and_what_is_lost_does_not_read_as_erased(house: House, lost: str) -> None:
    dsl = house.person("Rowan", "dsl")
    for student in (house.student, house.other):
        house.record(house.note("hello", student=student), house.rung(student=student), house.entry("worry-raised", student=student, text="hm"))
    if lost == "spoilt":
        spoil(house, house.other)
    else:
        with house.ledger.keyring.engine.begin() as connection:
            connection.execute(KEYS.delete().where(KEYS.c.owner_id == house.other.bytes))
            connection.execute(update(ABOUT).values(generation=ABOUT.c.generation + 1))
    house.runner.replay()
    app = house.app()
    with house.browser(app=app) as leader, house.browser(dsl, app=app) as lead:
        for url in (
            "/", "/students", f"/students/{house.student}", "/day?on=2026-03-02", "/day.csv?on=2026-03-02", "/register", "/learning", "/contact", "/due",
            "/retention", "/audit", "/clocks", "/held", "/api/v1/held", "/api/v1/students", "/api/v1/people", f"/api/v1/students/{house.student}/history",
            f"/students/{house.student}/questionnaires", f"/students/{house.student}/erasure", "/reports", "/api/v1/capture",
        ):  # fmt: skip
            answer = leader.get(url, headers={"accept": "text/html"})
            assert answer.status_code in (200, 404), (url, answer.text[-300:])
        worries = lead.get("/worries")
        assert worries.status_code == 200 and "hm" in worries.text and "[cannot be opened]" in worries.text and "[erased]" not in worries.text
        history = leader.get(f"/api/v1/students/{house.other}/history")
        assert history.status_code == 200 and "[erased]" not in history.text and '"unreadable":true' in history.text.replace(" ", "")
        own = leader.get(f"/students/{house.other}", headers={"accept": "text/html"})
        assert own.status_code == 200 and "[erased]" not in own.text


def test_a_key_that_does_not_open_stops_no_sweep_and_can_be_shredded(house: House) -> None:
    house.record(house.note(WORDS))
    house.shred("learning")
    spoil(house, house.other)
    with house.ledger.keyring.engine.begin() as connection:
        shredded = KEYS.c.owner_id == house.student.bytes, KEYS.c.retention_class == "learning"
        connection.execute(update(KEYS).where(*shredded).values(wrapped=aes_key_wrap(b"x" * 32, b"y" * 32), shredded_at=None))
    assert house.ledger.effects.sweep() == 1
    assert house.ledger.effects.sweep() == 0
