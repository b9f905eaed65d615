"""Dates, times, numbers and truth values are taken as they are written, at every door; no guess is made of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from uuid import UUID

import orjson
import pytest
from pydantic import AwareDatetime, BaseModel

from ap_ledger.domain.given import sentence_of
from ap_ledger.domain.posting import Unparsable, parse_send, read_posted
from ap_ledger.domain.results import Result
from ap_ledger.errors import DefinitionError, Refused
from ap_ledger.events.bounds import EARLIEST
from ap_ledger.events.clocks import CLOCK_BY_NAME, names_one
from ap_ledger.persistence.rows import Unit
from frameworks import load_definition, read_definition
from tests import test_command_rules as commands
from tests import test_entry_rules as entries
from tests.house import MONDAY, House

NUMBERS = ("1764062100", "1764062100.5", "-1764062100", "+1764062100", "20000", "0", 1764062100, 1764062100.5, True)
LAX: dict[Any, tuple[Any, ...]] = {
    datetime: (*NUMBERS, "2026-03-02", "2026-03-02_09:15:00Z", "20260302T091500Z"),
    date: (*NUMBERS, "20260302", "2026-03-02T00:00:00", "2026-03-02T00:00:00Z", "2026-W10-1", "2026-3-2"),
    time: (*NUMBERS, "33300", "0915", "9:15", "09:15Z", "09:15+01:00", "-1"),
    bool: ("yes", "true", "1", 1, 0, 1.0),
    int: ("3", "3.0", 3.0, True),
    float: ("3", "3.0", "NaN", True),
}
"""For each type what a lax reader would make one of."""


def kinds_in(annotation: Any) -> Iterator[Any]:
    """The types that a field takes, at any depth of its annotation."""
    if annotation is AwareDatetime:
        yield datetime
    elif isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from kinds_in(inner)


def lax(model: type[BaseModel], where: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a field must not take although a lax reader would."""
    for part in where[:-1]:
        if isinstance(part, str):
            model = next(kind for kind in kinds_in(model.model_fields[part].annotation) if issubclass(kind, BaseModel))
    kinds = {kind for kind in kinds_in(model.model_fields[where[-1]].annotation) if kind in LAX}
    return LAX[kinds.pop()] if len(kinds) == 1 and not issubclass(dict, tuple(kinds)) else ()


COMMAND_CASES = [((name,), where) for name, where, _ in commands.CASES if lax(commands.KINDS[name], where)]


@pytest.mark.parametrize(("name", "where"), COMMAND_CASES, ids=lambda part: ".".join(map(str, part)))
def test_no_command_reads_a_number_of_seconds_or_another_guess_into_a_field(name: tuple[str], where: tuple[Any, ...]) -> None:
    kind = commands.KINDS[name[0]]
    for value in lax(kind, where):
        with pytest.raises(Refused) as refused:
            commands.read(name[0], commands.put(commands.whole(name[0]), where, value))
        assert refused.value.field == ".".join(map(str, where)), value
        assert refused.value.message == sentence_of(kind, *where), value


ENTRY_CASES = [(kind, name) for kind, name in entries.FIELDS if name != "session" and lax(entries.KINDS[kind], (name,))]


@pytest.mark.parametrize(("kind", "name"), ENTRY_CASES)
def test_no_entry_reads_a_number_of_seconds_or_another_guess_into_a_field(kind: str, name: str) -> None:
    for value in lax(entries.KINDS[kind], (name,)):
        result = entries.judged({**entries.whole(kind), name: value})
        assert isinstance(result, Result) and (result.status, result.field) == ("refused", name), value
        assert result.message == entries.KINDS[kind].model_fields[name].description, value


def test_the_date_of_a_session_and_a_time_inside_a_correction_are_no_numbers_either(house: House) -> None:
    entry = house.rung()
    assert house.one(entry).status == "recorded"
    for value in LAX[date]:
        result = house.one({**house.rung(), "session": {"date": value, "slot": "lesson"}})
        assert (result.status, result.field) == ("refused", "session.date"), value
        assert "such as 2026-03-02" in str(result.message)
    for value in LAX[datetime]:
        result = house.one(house.correct(entry, device_time=value))
        assert (result.status, result.field) == ("refused", "replacement.device_time"), value
        assert "with its offset" in str(result.message)


def test_a_send_says_when_it_left_as_a_time(house: House) -> None:
    for value in LAX[datetime]:
        with pytest.raises(Unparsable, match="sent_at"):
            parse_send(orjson.dumps({"sent_at": value, "device_id": None, "entries": []}))


def test_what_was_stored_in_seconds_before_is_read_as_it_is(house: House) -> None:
    entry = house.entry(
        "session-attended", planned_start=MONDAY.isoformat(), planned_end=(MONDAY + timedelta(hours=3)).isoformat(), actual_start=MONDAY.isoformat()
    )
    send = house.ledger.sending.open(house.clock(), None, None, [entry])
    (row,) = send.units[0].rows
    state = {**orjson.loads(row.state), "actual_start": str(int(MONDAY.timestamp()))}
    old = Unit(send.units[0].id, (row._replace(state=orjson.dumps(state).decode()),))
    house.ledger.recorder.writer.submit([old]).result()
    house.runner.catch_up()
    (told,) = house.look_back()["entries"]
    assert told["kind"] == "session-attended" and house.look_back()["progress"]["sessions"]["attended"] == 1


def test_a_definition_takes_effect_on_a_date_and_not_on_a_number(house: House) -> None:
    authored = {
        "id": "kind-eyes",
        "version": 1,
        "kind": "outcomes",
        "title": "Kind eyes",
        "licence": {"name": "own", "use": "ship"},
        "default_scale": "seen",
        "scales": [{"id": "seen", "type": "binary", "levels": [{"value": 0, "label": "No"}, {"value": 1, "label": "Yes"}]}],
        "items": [{"id": "looked-up", "label": "Looked up"}],
    }
    assert load_definition({**authored, "effective_from": "2026-03-02"}).effective_from == date(2026, 3, 2)
    with pytest.raises(DefinitionError, match="effective_from: This is a date, such as 2026-03-02"):
        load_definition({**authored, "effective_from": "1764028800"})
    published_before = read_definition({**authored, "effective_from": "1764028800"})
    assert published_before.effective_from is not None and published_before.effective_from > EARLIEST


def test_an_address_asks_for_dates_and_times_as_they_are_written(house: House) -> None:
    house.runner.catch_up()
    student = f"/api/v1/students/{house.student}"
    timetable = f"/api/v1/settings/{house.setting}/timetable"
    asked = ((f"{student}/history", "as_of"), (f"{student}/register", "from"), (timetable, "on"))
    with house.browser(house.leader) as client:
        for path, name in asked:
            right = MONDAY.isoformat() if name == "as_of" else "2026-03-02"
            assert client.get(path, params={name: right}).status_code == 200
            assert client.get(path, params={name: "1764062100"}).status_code == 400


def test_what_is_due_is_ended_under_the_name_that_the_list_has_for_it(house: House) -> None:
    absence, placement = CLOCK_BY_NAME["absence"], CLOCK_BY_NAME["planned end"]
    assert names_one(absence, "2026-03-02") and names_one(placement, f"{UUID(int=10)}/2026-03-02")
    assert not names_one(absence, "20260302") and not names_one(absence, "2026-W10-1")
    assert not names_one(placement, f"{str(UUID(int=10)).upper()}/2026-03-02")


def test_whole_sends_are_read_by_the_same_door() -> None:
    good, bad = entries.whole("note-written"), {**entries.whole("note-written"), "device_time": "1764062100"}
    results = read_posted([good, bad])
    assert not isinstance(results[0], Result) and isinstance(results[1], Result)
