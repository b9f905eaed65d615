"""What a command reads: only what came since somebody asked last, and never less than that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import EventStore

from ap_ledger.bootstrap import open_ledger
from ap_ledger.domain.erasure import ExciseText
from ap_ledger.domain.person import AddPerson
from ap_ledger.domain.setting import AddPlace, project_setting
from ap_ledger.domain.student import IdentifyStudent
from ap_ledger.errors import Refused
from ap_ledger.events.base import Erased
from ap_ledger.recording.ledger import Ledger, new_id
from tests.house import House

PLACES = 60


class Read:
    """How much was read from the ledger: statements, and rows that they answered."""

    def __init__(self) -> None:
        self.statements = self.rows = 0


class CountingCursor:
    """A cursor of either database that counts what is read through it."""

    def __init__(self, cursor: Any, read: Read) -> None:
        self._cursor, self._read = cursor, read

    def execute(self, *given: Any) -> CountingCursor:
        self._cursor.execute(*given)
        self._read.statements += 1
        return self

    def fetchall(self) -> list[Any]:
        rows = self._cursor.fetchall()
        self._read.rows += len(rows)
        return list(rows)

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        self._read.rows += row is not None
        return row

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ledger, Callable[[], Any]], Read]:
    """Does something with a ledger, and says how much was read for it."""

    def count(ledger: Ledger, do: Callable[[], Any]) -> Read:
        read, inner = Read(), ledger.recorder.reading

        @contextmanager
        def counted() -> Iterator[Any]:
            with inner() as cursor:
                yield CountingCursor(cursor, read)

        with monkeypatch.context() as patch:
            patch.setattr(ledger.recorder, "reading", counted)
            do()
        return read

    return count


@pytest.fixture
def second(house: House) -> Iterator[Ledger]:
    """Another process at work on the same ledger."""
    ledger = open_ledger(house.settings, house.clock)
    yield ledger
    ledger.close()


def place(house: House, **more: Any) -> AddPlace:
    whole = {"setting_id": house.setting, "author_id": house.teacher, "place_id": new_id(), "label": "Hall", **more}
    return AddPlace(id=new_id(), **whole)


def identify(house: House, student: UUID, **name: str) -> IdentifyStudent:
    names = {"given_name": "Ash", "family_name": "Heron", **name}
    return IdentifyStudent(id=new_id(), setting_id=house.setting, student=student, author_id=house.teacher, **names)


def test_a_command_reads_the_same_however_much_was_commanded_before(house: House, reading: Any) -> None:
    house.ledger.execute(place(house))
    few = reading(house.ledger, lambda: house.ledger.execute(place(house)))
    for _ in range(PLACES):
        house.ledger.execute(place(house))
    many = reading(house.ledger, lambda: house.ledger.execute(place(house)))
    assert (many.statements, many.rows) == (few.statements, few.rows)
    assert many.statements <= 10 and many.rows <= 6


def test_a_command_about_one_student_reads_nothing_of_the_others(house: House, reading: Any) -> None:
    students = [house.admit(f"Given{number}", "Otter") for number in range(8)]
    read = reading(house.ledger, lambda: house.ledger.execute(identify(house, students[0], given_name="Wren")))
    assert read.rows <= 12, "the end of the ledger, what the last command changed, and whoever is the same child"


def test_entries_after_a_command_read_nothing_of_whom_it_does_not_concern(house: House, reading: Any) -> None:
    students = [house.admit(f"Given{number}", "Otter") for number in range(8)]
    house.record(*(house.rung(student_id=str(student)) for student in students))
    house.ledger.execute(identify(house, house.student, given_name="Wren"))
    read = reading(house.ledger, lambda: house.record(*(house.rung(student_id=str(one)) for one in students)))
    assert read.rows <= 2, "the end of the ledger"


def test_what_another_process_changed_is_known_to_the_next_command(house: House, second: Ledger) -> None:
    taken, newcomer = new_id(), new_id()
    second.execute(place(house))
    house.ledger.execute(place(house, place_id=taken))
    with pytest.raises(Refused, match="added before"):
        second.execute(place(house, place_id=taken))
    house.ledger.execute(AddPerson(id=new_id(), setting_id=house.setting, person_id=newcomer, name="Rowan"))
    second.execute(place(house, author_id=newcomer))
    setting = second.states.fold(house.setting, project_setting)
    house.ledger.states.refresh()
    assert setting == house.ledger.states.fold(house.setting, project_setting)


def test_a_state_that_was_read_while_somebody_wrote_is_not_kept(house: House, second: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, inner = new_id(), EventStore.get
    house.ledger.states.forget()

    def slowly(store: Any, stream: UUID, **more: Any) -> Any:
        read = list(inner(store, stream, **more))
        if store.recorder is house.ledger.recorder and stream == house.setting:
            monkeypatch.undo()
            second.execute(place(house, place_id=taken))
            house.ledger.states.refresh()
        return read

    monkeypatch.setattr(EventStore, "get", slowly)
    house.ledger.states.setting(house.setting)
    with pytest.raises(Refused, match="added before"):
        house.ledger.execute(place(house, place_id=taken))


def test_words_that_were_excised_are_not_remembered(house: House, second: Ledger) -> None:
    ask = "SELECT min(position) FROM stored_events WHERE topic = 'student-identified'"
    ((position,),) = house.rows(ask)
    assert [given_name(ledger, house) for ledger in (house.ledger, second)] == ["Ash", "Ash"]
    house.ledger.execute(ExciseText(id=new_id(), position=position, **house.erasing("core")))
    assert [given_name(ledger, house) for ledger in (house.ledger, second)] == [Erased(), Erased()]


def given_name(ledger: Ledger, house: House) -> Any:
    ledger.states.refresh()
    student = ledger.states.student(house.student)
    assert student is not None and student.identity is not None
    return student.identity.given_name
