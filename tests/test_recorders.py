"""What both recorders promise: dense positions in the order of commits, nothing doubled, a bounded queue."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, NotSupportedError

from ap_ledger.domain.student import AssignKeyWorker
from ap_ledger.errors import Busy, SetupError
from ap_ledger.persistence.rows import Appended, Known, LedgerStoredEvent, Row, Taken, Unit
from ap_ledger.recording.ledger import new_id
from tests.house import MONDAY, House


def plain_row(**changes: Any) -> Row:
    made = Row(new_id(), 1, "rung-reached", 1, None, uuid4(), uuid4(), uuid4(), None, 0, b"f" * 32, None, "{}")
    return made._replace(**changes)


def test_positions_are_dense_and_in_order_however_many_write_at_once(house: House) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: house.one(house.rung()), range(160)))
    assert {answer.status for answer in answers} == {"recorded"}
    positions = [row[0] for row in house.rows("SELECT position FROM stored_events ORDER BY position")]
    assert positions == list(range(1, len(positions) + 1))
    assert house.ledger.recorder.read_head().position == positions[-1]


def test_many_who_send_the_same_entry_at_once_are_told_one_position(house: House) -> None:
    entry = house.note("the same")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: house.one(entry), range(36)))
    assert sorted({answer.status for answer in answers}) == ["duplicate", "recorded"]
    assert len({answer.position for answer in answers}) == 1
    assert sum(answer.status == "recorded" for answer in answers) == 1


def test_many_who_correct_the_same_entry_at_once_are_all_kept(house: House) -> None:
    entry = house.rung()
    house.one(entry)
    corrections = [house.correct(entry, anxiety=n % 11) for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(house.one, corrections))
    assert {answer.status for answer in answers} == {"recorded"}
    last = max(zip(answers, corrections, strict=True), key=lambda pair: pair[0].position or 0)[1]
    (told,) = house.look_back()["entries"]
    assert told["entry"]["anxiety"] == last["replacement"]["anxiety"] and len(told["changes"]) == 12


def test_two_commands_to_one_stream_at_once_both_go_through_one_after_the_other(house: House) -> None:
    def assign(_: int) -> str:
        command = AssignKeyWorker(id=new_id(), setting_id=house.setting, student=house.student, person_id=house.teacher, from_date=MONDAY.date())
        return house.ledger.execute(command).status

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(assign, range(8))) == ["recorded"] * 8


def test_a_full_queue_says_come_back_at_once_and_never_waits(make_house: Callable[..., House], database: str) -> None:
    house = make_house(database, queue_limit=100)
    store = house.ledger.recorder
    entered, release = threading.Event(), threading.Event()
    honest = store.lock_head

    def slow(ids: Any) -> Any:
        entered.set()
        release.wait()
        return honest(ids)

    store.lock_head = slow  # type: ignore[method-assign]
    first = store.writer.submit([Unit(new_id(), (plain_row(),)) for _ in range(60)])
    entered.wait()
    store.writer.submit([Unit(new_id(), (plain_row(),)) for _ in range(40)])
    # The writer goes on only after this has answered.
    with pytest.raises(Busy):
        store.writer.submit([Unit(new_id(), (plain_row(),))])
    store.lock_head = honest  # type: ignore[method-assign]
    release.set()
    assert len(first.result()) == 60


def test_an_impossible_row_is_answered_alone_and_its_neighbours_are_stored(house: House) -> None:
    store = house.ledger.recorder
    good, bad = Unit(new_id(), (plain_row(),)), Unit(new_id(), (plain_row(originator_id=house.student),))
    good = good._replace(id=good.rows[0].originator_id)
    release = threading.Event()
    honest = store.lock_head

    def slow(ids: Any) -> Any:
        release.wait()
        return honest(ids)

    store.lock_head = slow  # type: ignore[method-assign]
    waiting = [store.writer.submit([Unit(new_id(), (plain_row(),))]), store.writer.submit([bad]), store.writer.submit([good])]
    store.lock_head = honest  # type: ignore[method-assign]
    release.set()
    assert isinstance(waiting[2].result()[0], Appended)
    with pytest.raises((sqlite3.Error, psycopg.Error)):
        waiting[1].result()


def test_a_version_that_somebody_else_took_is_not_written_over(house: House) -> None:
    stream = new_id()
    first = Unit(new_id(), (plain_row(originator_id=stream, command_id=new_id()),))
    second = Unit(new_id(), (plain_row(originator_id=stream, command_id=new_id()),))
    submit = house.ledger.recorder.writer.submit
    assert isinstance(submit([first]).result()[0], Appended)
    assert isinstance(submit([second]).result()[0], Taken)
    gap = Unit(new_id(), (plain_row(originator_id=stream, originator_version=3, command_id=new_id()),))
    assert isinstance(submit([gap]).result()[0], Taken)


def test_a_reply_lost_after_the_commit_is_answered_duplicate_and_never_an_error(house: House) -> None:
    """The sender dies between commit and answer; the retry finds what was stored."""
    entry = house.rung()
    send = house.ledger.sending.open(house.clock(), None, None, [entry])
    house.ledger.sending.submit(send).result()
    again = house.one(entry)
    assert again.status == "duplicate" and again.position == house.ledger.recorder.read_head().position


def test_a_command_whose_reply_was_lost_is_answered_duplicate(house: House) -> None:
    command = AssignKeyWorker(id=new_id(), setting_id=house.setting, student=house.student, person_id=house.teacher, from_date=MONDAY.date())
    first = house.ledger.execute(command)
    again = house.ledger.execute(command)
    assert (first.status, again.status, first.position) == ("recorded", "duplicate", again.position)


def test_rows_of_the_ledger_cannot_be_changed_or_deleted(house: House) -> None:
    house.one(house.note())
    for statement in ("UPDATE stored_events SET state = '{}'", "DELETE FROM stored_events", "UPDATE sealed SET nonce = nonce"):
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException)):
            house.rows(statement)


def test_the_library_reads_and_writes_streams_through_our_recorder(house: House) -> None:
    recorder = house.ledger.recorder
    stream = recorder.select_events(house.student)
    assert [event.originator_version for event in stream] == list(range(1, len(stream) + 1))
    assert [event.originator_version for event in recorder.select_events(house.student, gt=1, lte=3, desc=True)] == [3, 2]
    assert len(recorder.select_events(house.student, limit=2)) == 2
    notes = recorder.select_notifications(2, 3)
    assert [note.id for note in notes] == [2, 3, 4]
    assert [note.id for note in recorder.select_notifications(2, 3, inclusive_of_start=False, stop=3)] == [3]
    assert {note.topic for note in recorder.select_notifications(1, 9, topics=["person-added"])} == {"person-added"}
    assert recorder.max_notification_id() == recorder.read_head().position
    with pytest.raises(NotSupportedError):
        recorder.subscribe()
    first = stream[0]
    assert isinstance(first, LedgerStoredEvent)
    with pytest.raises(IntegrityError):
        recorder.insert_events([first])


def test_known_at_becomes_a_position_by_bisection(house: House) -> None:
    moments = {row[0]: row[1] for row in house.rows("SELECT position, recorded_at FROM stored_events")}
    last_by_time = {at: position for position, at in sorted(moments.items())}
    for at, position in last_by_time.items():
        assert house.ledger.recorder.position_at(at) == position
    assert house.ledger.recorder.position_at(0) == 0


def test_a_ledger_is_never_made_over_another(house: House) -> None:
    from ap_ledger.stores.creating import create_ledger

    with pytest.raises(SetupError):
        create_ledger(house.settings)


def test_what_is_known_is_found_by_entry_id_and_by_command_id(house: House) -> None:
    entry = house.rung()
    void = house.void(entry)
    house.record(entry, void)
    ids = [new_id() for _ in range(3)]
    from uuid import UUID

    found = house.ledger.recorder.find([UUID(entry["id"]), UUID(void["id"]), *ids])
    assert set(map(str, found)) == {entry["id"], void["id"]} and all(isinstance(one, Known) for one in found.values())
