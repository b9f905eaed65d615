"""Every field of every command has its rule and its sentence, and no command is laxer than its event."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import UUID

import orjson
import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from ap_ledger.cli.main import app
from ap_ledger.cli.recording import record_lines
from ap_ledger.domain.base import Command
from ap_ledger.domain.commands import ALL_COMMANDS, command_name, read_command
from ap_ledger.domain.given import sentence_of
from ap_ledger.domain.upn import check_letter, read_upn
from ap_ledger.errors import Busy, Refused
from ap_ledger.events import ALL_EVENTS
from ap_ledger.events.base import Erased, Event
from ap_ledger.events.setting import Slot
from ap_ledger.recording.ledger import new_id
from tests.house import House

U = "01a21000-0000-7000-8000-0000000000aa"
SLOT = {"id": "lesson", "label": "Lesson", "kind": "lesson", "starts": "09:00", "ends": "10:00", "weekdays": [1]}
TERM = {"first": "2026-03-02", "last": "2026-03-27", "label": "A half-term"}
CLOCK = {"retention_class": "learning", "counted_from": "admission", "basis": "a rule", "years": 25}
CASE = {"case": U, "student": U}
ERASURE = {"student": U, "retention_class": "learning", "rule": "asked", "approved_by": U}
SAMPLES: Mapping[str, dict[str, Any]] = {
    "open-setting": {"name": "Riverbank", "time_zone": "Europe/London", "urn": "123456", "ukprn": "12345678"},
    "correct-setting": {
        "reason_code": "mistyped", "name": "Riverbank", "urn": "123456", "ukprn": "12345678", "clear": [],
    },
    "correct-place": {"place_id": U, "label": "Site", "reason_code": "mistyped"},
    "correct-commissioner": {"commissioner_id": U, "reason_code": "mistyped", "name": "County", "kind": "school"},
    "withdraw-setting-fact": {"fact": "calendar-set", "from_date": "2026-03-02", "reason_code": "mistake"},
    "withdraw-student-fact": {
        "student": U, "fact": "sessions-commissioned", "from_date": "2026-03-02", "reason_code": "mistake",
        "placement_id": U, "person_id": U,
    },
    "rename-person": {"person_id": U, "name": "Hazel"},
    "add-place": {"place_id": U, "label": "Site"},
    "add-commissioner": {"commissioner_id": U, "name": "County", "kind": "school"},
    "set-calendar": {"from_date": "2026-03-02", "corrects": "2026-03-01", "terms": [TERM], "closures": [TERM]},
    "set-timetable": {"from_date": "2026-03-02", "corrects": "2026-03-01", "slots": [SLOT]},
    "set-retention": {"from_date": "2026-03-02", "corrects": "2026-03-01", "clocks": [CLOCK]},
    "set-brand-colour": {"colour": "#12436d"},
    "set-logo": {"picture": "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAYAAAAf8/9hAAAAHUlEQVR42mMUcs79z0ABYGKgEIwaMGrAqAGDxQAAX64B4b65l7oAAAAASUVORK5CYII="},
    "set-quiet-hours": {"hours": {"starts": "18:00", "ends": "07:30", "weekdays": [1], "whole_days": [7]}},
    "match-columns": {"columns": {"0f" * 16: "group"}},
    "set-incident-categories": {
        "from_date": "2026-03-02",
        "corrects": "2026-03-01",
        "categories": [{"id": "left-site", "label": "Left the site"}],
    },
    "join-students": {"student": U, "kept_student": U, "reason_code": "admitted-twice"},
    "part-students": {"student": U, "reason_code": "mistake"},
    "end-clock": {"student": U, "clock": "absence", "about": "2026-03-02", "reason_code": "other", "reason": "they moved"},
    "resume-clock": {"student": U, "clock": "absence", "about": "2026-03-02"},
    "end-review": {"commissioner_id": U, "last": "2026-03-27", "reason_code": "other", "reason": "they moved"},
    "resume-review": {"commissioner_id": U, "last": "2026-03-27"},
    "acknowledge-worry": {"worry": U},
    "open-case": {**CASE, "title": "Older friend waits at the gate", "worries": [U]},
    "take-in-worry": {**CASE, "worry": U},
    "link-child": {**CASE, "linked_student": U},
    "unlink-child": {**CASE, "linked_student": U},
    "write-case-note": {**CASE, "text": "Rang home", "happened_at": "2026-03-02T10:52:00+00:00"},
    "set-case-action": {**CASE, "action": U, "what": "Talk with him", "owner": U, "due": "2026-03-04"},
    "finish-case-action": {**CASE, "action": U, "outcome": "It has stopped"},
    "decide-case": {**CASE, "decision": "not-refer", "reason": "Below the threshold"},
    "refer-case": {
        **CASE, "referral": U, "to": "The council", "text": "What he said", "happened_at": "2026-03-02T10:52:00+00:00", "answer_due": "2026-03-05",
    },
    "answer-referral": {**CASE, "referral": U, "text": "They will visit", "happened_at": "2026-03-02T10:52:00+00:00"},
    "name-case-reader": {**CASE, "person": U},
    "end-case-reader": {**CASE, "person": U},
    "close-case": {**CASE, "reason": "The council leads now"},
    "reopen-case": {**CASE, "reason": "He came back to it"},
    "export-case": {**CASE, "to": "His new school", "file_hash": "0f" * 32},
    "add-person": {"person_id": U, "name": "Hazel"},
    "grant-role": {
        "person_id": U, "grant_id": U, "role": "commissioner", "from_date": "2026-03-02", "until": "2026-04-02", "commissioner_id": U, "approved_by": U, "first_lead": False,
    },
    "end-role": {"person_id": U, "grant_id": U, "on": "2026-03-02"},
    "declare-conflict": {"person_id": U, "conflicted_student": U, "reason_code": "own-child", "approved_by": U},
    "end-conflict": {"person_id": U, "conflicted_student": U},
    "allow-recovery": {"person_id": U, "approved_by": U, "lost": "password"},
    "admit-student": {"student": U, "on": "2026-03-02"},
    "correct-admission": {"student": U, "on": "2026-03-02", "reason_code": "mistyped"},
    "identify-student": {
        "student": U, "given_name": "Ash", "family_name": "Heron", "known_as": "Ash", "date_of_birth": "2012-02-29", "upn": "Y823432104009", "clear": [],
    },
    "expect-student": {"student": U, "from_date": "2026-03-02", "corrects": "2026-03-01", "days": [{"weekday": 1, "slots": ["lesson"], "place_id": U}]},
    "start-placement": {
        "student": U, "placement_id": U, "start": "2026-03-02", "planned_end": "2026-07-01", "commissioner_id": U, "purpose": "rest", "dual_registered": True,
        "end": "2026-07-01", "reason_code": "moved", "destination": "school",
    },
    "change-placement": {"student": U, "placement_id": U, "planned_end": "2026-07-01", "purpose": "rest"},
    "correct-placement": {
        "student": U, "placement_id": U, "reason_code": "mistyped", "start": "2026-03-02", "planned_end": "2026-07-01", "end": "2026-07-01",
        "commissioner_id": U, "purpose": "rest", "dual_registered": False, "end_reason": "moved", "destination": "school", "clear": [],
    },
    "end-placement": {"student": U, "placement_id": U, "end": "2026-07-01", "reason_code": "moved", "destination": "school"},
    "commission-sessions": {
        "student": U, "placement_id": U, "from_date": "2026-03-02", "corrects": "2026-03-01", "sessions_a_week": 4, "hours_a_week": 12.5,
    },
    "assign-key-worker": {"student": U, "person_id": U, "from_date": "2026-03-02", "corrects": "2026-03-01"},
    "assign-mentor": {"student": U, "person_id": U, "from_date": "2026-03-02", "until": "2026-04-02", "corrects": "2026-03-01"},
    "group-student": {"student": U, "from_date": "2026-03-02", "corrects": "2026-03-01", "group": "oak"},
    "note-needs": {"student": U, "from_date": "2026-03-02", "corrects": "2026-03-01", "needs": ["SEMH"]},
    "note-contacts": {
        "student": U, "from_date": "2026-03-02", "corrects": "2026-03-01",
        "contacts": [{"name": "Wren", "relation": "grandmother", "call": "first", "phone": "01632 960001", "note": "after ten"}],
    },
    "note-consent": {"student": U, "from_date": "2026-03-02", "corrects": "2026-03-01", "consent": "trips", "agreed": True, "given_by": "Wren"},
    "set-own-items": {"student": U, "definition": {"id": "personal-goal", "version": 1}, "labels": {"goal.1": "to ride a bike"}},
    "link-family": {"student": U, "person_id": U, "from_date": "2026-03-02", "corrects": "2026-03-01"},
    "unlink-family": {"student": U, "person_id": U},
    "release-to-family": {"student": U, "released": True},
    "set-hold": {"student": U, "hold_id": U, "reason_code": "court"},
    "lift-hold": {"student": U, "hold_id": U},
    "shred-key": {**ERASURE, "texts": 2},
    "excise-text": {**ERASURE, "position": 7},
    "enrol-device": {"device": U, "name": "Tablet", "kind": "tablet"},
    "revoke-device": {"device": U, "reason_code": "lost"},
    "propose-deed": {"proposal": U, "deed": "shred-key", "command": {}},
    "approve-deed": {"proposal": U},
    "decline-deed": {"proposal": U, "reason_code": "no"},
    "publish-framework": {"definition": {"id": "x"}},
    "retire-framework": {"framework_id": "x", "version": 1, "reason_code": "old"},
    "release-report": {
        "report": U, "student": U, "layout": {}, "audience": "family", "commissioner_id": U, "first": "2026-03-02", "last": "2026-03-27",
        "known_at": "2026-03-27T12:00:00+00:00", "preset": "internal", "figures_hash": "0" * 64, "software": "ap-ledger 0.1.0",
    },
    "withdraw-report": {"report": U, "reason_code": "slip"},
    "note-address": {"student": U, "address_id": U, "home": True, "address": "1 Mill Lane"},
    "flag-address": {"student": U, "address_id": U, "flags": "a dog"},
    "plan-visit": {
        "student": U, "visit_id": U, "person_id": U, "starts_at": "2026-03-02T09:15:00+00:00", "minutes": 40, "purpose": "doorstep", "alone": True,
        "address_id": U, "buddy_id": U, "authorised_by": U,
    },
    "change-visit": {
        "student": U, "visit_id": U, "person_id": U, "starts_at": "2026-03-02T09:15:00+00:00", "minutes": 40, "purpose": "doorstep", "alone": True,
        "address_id": U, "buddy_id": U, "authorised_by": U,
    },
    "cancel-visit": {"student": U, "visit_id": U, "cancelled_by": "us", "reason_code": "unwell", "reason": "a cold"},
}  # fmt: skip
"""One whole command of every name, with every field that it can have."""


KINDS = {command_name(kind): kind for kind in ALL_COMMANDS}


def whole(name: str) -> dict[str, Any]:
    """A whole command as a program would send it, without its name."""
    assert name in SAMPLES, f"{name} has no sample. Add a whole one to SAMPLES in tests/test_command_rules.py."
    return {"id": U, "setting_id": U, "author_id": U, **json.loads(json.dumps(SAMPLES[name]))}


def read(name: str, body: dict[str, Any]) -> Command:
    """The command in a body."""
    return KINDS[name].from_json(orjson.dumps(body))


WRONG: Mapping[Any, Any] = {
    UUID: "nobody-secret", date: "29 secret", datetime: "29 secret", time: "25:secret", int: 2.5, float: "secret", bool: "secret", str: " \u200b", dict: "secret",
    tuple: "secret",
}  # fmt: skip
"""For each type of a field a value that no field of that type takes."""


def fields(model: type[BaseModel], sample: Mapping[str, Any], where: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every field of a model, at any depth, with a value that is wrong for it."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        kinds = [kind, *get_args(kind)]
        core = next(
            one for one in kinds if one not in (NoneType, None) and not str(one).startswith(("typing.Optional", "typing.Union")) and "|" not in str(one)
        )
        core = get_args(core)[0] if hasattr(core, "__metadata__") else core
        inner = [one for one in (core, *get_args(core)) if isinstance(one, type) and issubclass(one, BaseModel)]
        origin = get_origin(core) or core
        yield (*where, name), WRONG.get(origin, "none-of-these secret")
        if inner and isinstance(core, type) and issubclass(core, BaseModel):
            yield from fields(inner[0], sample[name], (*where, name))
        elif inner:
            yield from fields(inner[0], sample[name][0], (*where, name, 0))


CASES = [(name, where, wrong) for name in SAMPLES if name in KINDS for where, wrong in fields(KINDS[name], whole(name))]


def put(body: dict[str, Any], where: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The same command with another value in one place."""
    inner: Any = body
    for part in where[:-1]:
        inner = inner[part]
    inner[where[-1]] = value
    return body


@pytest.mark.parametrize("kind", ALL_COMMANDS, ids=command_name)
def test_a_whole_command_is_read(kind: type[Command]) -> None:
    assert read(command_name(kind), whole(command_name(kind))).model_dump(exclude_none=True).keys() >= SAMPLES[command_name(kind)].keys()


@pytest.mark.parametrize(("name", "where", "wrong"), CASES, ids=lambda one: ".".join(map(str, one)) if isinstance(one, tuple) else None)
def test_every_field_of_every_command_says_what_it_takes(name: str, where: tuple[Any, ...], wrong: Any) -> None:
    sentence = sentence_of(KINDS[name], *where)
    assert sentence and sentence.endswith("."), "a field says in a sentence what it takes"
    with pytest.raises(Refused) as refused:
        read(name, put(whole(name), where, wrong))
    assert (refused.value.code, refused.value.message) == ("malformed", sentence)
    assert refused.value.field == ".".join(map(str, where))
    assert "secret" not in refused.value.message + str(refused.value.field)


@pytest.mark.parametrize("kind", ALL_COMMANDS, ids=command_name)
def test_what_a_command_does_not_know_is_refused_by_its_name_alone(kind: type[Command]) -> None:
    with pytest.raises(Refused) as refused:
        read(command_name(kind), {**whole(command_name(kind)), "surprise": "secret"})
    assert refused.value.field == "surprise" and "secret" not in refused.value.message


# No command is laxer than its event -----------------------------------------------------------------------------------


def events_of(kind: type[Command]) -> list[type[Event]]:
    """The events that a command's `decide` makes, as it is written."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind.decide)))
    made = [call.args[0] for call in ast.walk(tree) if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "event"]
    names = [one.id for one in made if isinstance(one, ast.Name)]
    return [event for event in ALL_EVENTS if event.__name__ in names]


LIMITS = (
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "enum",
    "const",
    "type",
    "format",
    "description",
)


def limits(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """What a JSON Schema takes, without what only a stored event may hold: nothing, or something erased."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return None if name == Erased.__name__ else limits(definitions[name], definitions)
    if "anyOf" in schema:
        some = [limits(one, definitions) for one in schema["anyOf"] if one.get("type") != "null"]
        some = [one for one in some if one is not None]
        return some[0] if len(some) == 1 else some
    inner = {key: limits(schema[key], definitions) for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)}
    if "properties" in schema:
        inner["properties"] = {name: limits(one, definitions) for name, one in schema["properties"].items()}
    return {**{key: schema[key] for key in LIMITS if key in schema}, **inner}


@pytest.mark.parametrize("kind", ALL_COMMANDS, ids=command_name)
def test_a_commands_fields_take_what_the_same_fields_of_its_event_take(kind: type[Command]) -> None:
    events = events_of(kind)
    assert events, "a command makes an event"
    said = kind.model_json_schema()
    for event in events:
        stored = {name: info for name, info in event.model_fields.items() if name in event.own_fields() and name in kind.model_fields}
        for name in stored:
            own = limits(said["properties"][name], said.get("$defs", {}))
            schema = _schema_of(event, name)
            theirs = limits(schema["properties"][name], schema.get("$defs", {}))
            if "enum" in own and "enum" not in theirs:
                continue  # A command may know the few codes that there are, where its event keeps any that there ever were.
            assert _core(own) == _core(theirs), f"{kind.__name__}.{name} takes something else than {event.__name__}.{name}"


def _schema_of(event: type[Event], name: str) -> dict[str, Any]:
    from pydantic import create_model

    info = event.model_fields[name]
    field: Any = (info.annotation, info)
    return create_model("One", **{name: field}).model_json_schema()


def _core(limits_of: Any) -> Any:
    """Limits without the description of an optional field, which JSON Schema puts in two places."""
    return {key: value for key, value in limits_of.items() if key != "description"} if isinstance(limits_of, dict) else limits_of


def test_what_an_event_does_not_take_is_refused_before_anything_is_written(house: House) -> None:
    before = house.ledger.recorder.read_head().position
    keys = house.ledger.keyring.key(house.student, "core")
    with pytest.raises(Refused) as refused:
        give(
            house,
            "commission-sessions",
            student=str(house.student),
            placement_id=U,
            from_date="2026-03-02",
            sessions_a_week=-3,
            hours_a_week=5,
        )
    assert refused.value.field == "sessions_a_week" and "3" not in str(refused.value).replace("2026-03-02", "").replace("14", "")
    newcomer = str(new_id())
    with pytest.raises(Refused):
        give(house, "admit-student", student=newcomer, on="0206-03-02")
    assert house.ledger.keyring.key(UUID(newcomer), "core") is None, "no key is made for a command that is refused"
    assert house.ledger.recorder.read_head().position == before and keys is not None


# Rules that need the clock, the state or another stream ---------------------------------------------------------------


def give(house: House, command: str, **given: Any) -> Any:
    """Gives a command in the leader's name."""
    about = {"command": command, "id": str(new_id()), "setting_id": str(house.setting), "author_id": str(house.leader)}
    return house.ledger.execute(read_command({**about, **given}))


def refused(house: House, command: str, **given: Any) -> tuple[str, str | None]:
    """The code and field with which a command is refused."""
    with pytest.raises(Refused) as caught:
        give(house, command, **given)
    assert caught.value.message.endswith(".")
    return caught.value.code, caught.value.field


NOBODY = "01a21000-0000-7000-8000-0000000affff"


def test_ids_of_nobody_are_refused_wherever_a_command_names_one(house: House) -> None:
    student = {"student": str(house.student)}
    day = {"weekday": 1, "slots": ["lesson"]}
    for command, given, answer in (
        ("assign-mentor", {"person_id": NOBODY, "from_date": "2026-03-02"}, ("unknown-person", "person_id")),
        ("assign-key-worker", {"person_id": NOBODY, "from_date": "2026-03-02"}, ("unknown-person", "person_id")),
        ("link-family", {"person_id": NOBODY, "from_date": "2026-03-02"}, ("unknown-person", "person_id")),
        (
            "assign-mentor",
            {"person_id": str(house.mentor), "from_date": "2026-03-02", "author_id": NOBODY},
            ("unknown-person", "author_id"),
        ),
        (
            "expect-student",
            {"from_date": "2026-03-02", "days": [{**day, "slots": ["no-such-slot"]}]},
            ("unknown-slot", "days.0.slots"),
        ),
        (
            "expect-student",
            {"from_date": "2026-03-02", "days": [{**day, "place_id": NOBODY}]},
            ("unknown-place", "days.0.place_id"),
        ),
        (
            "correct-placement",
            {"placement_id": NOBODY, "reason_code": "slip", "start": "2026-03-02"},
            ("unknown-placement", "placement_id"),
        ),
        (
            "set-own-items",
            {"definition": {"id": "nothing", "version": 1}, "labels": {"goal.1": "x"}},
            ("unknown-framework", "definition"),
        ),
    ):
        assert refused(house, command, **student, **given) == answer
    about = {"person_id": str(house.mentor), "reason_code": "own-child"}
    assert refused(house, "declare-conflict", conflicted_student=NOBODY, **about) == (
        "unknown-student",
        "conflicted_student",
    )
    grant = {
        "person_id": str(house.mentor),
        "grant_id": str(new_id()),
        "role": "commissioner",
        "from_date": "2026-03-02",
    }
    assert refused(house, "grant-role", commissioner_id=NOBODY, **grant) == ("unknown-commissioner", "commissioner_id")
    give(house, "end-placement", placement_id=running(house), end="2026-02-27", reason_code="moved", **student)
    start = {"placement_id": str(new_id()), "start": "2026-03-02", "commissioner_id": NOBODY}
    assert refused(house, "start-placement", **start, **student) == ("unknown-commissioner", "commissioner_id")


def running(house: House) -> str:
    """The id of the student's running placement."""
    student = house.ledger.states.student(house.student)
    assert student is not None and student.current is not None
    return str(student.current.id)


def test_dates_that_nobody_can_have_meant_are_refused_in_every_command(house: House) -> None:
    student = {"student": str(house.student)}
    for far in ("0206-03-02", "1989-12-31", "2029-01-01", "9999-12-31"):
        assert refused(house, "group-student", from_date=far, group="oak", **student) == ("malformed", "from_date")
        assert refused(house, "set-calendar", from_date="2026-03-02", terms=[{**TERM, "last": far}]) == (
            "malformed",
            "terms.0.last",
        )
        assert refused(house, "admit-student", student=str(new_id()), on=far) == ("malformed", "on")
    for born in ("2030-02-28", "1890-01-01", "0206-03-02"):
        assert refused(house, "identify-student", date_of_birth=born, **student) == ("malformed", "date_of_birth")
    give(house, "identify-student", date_of_birth="1950-05-01", **student)


def test_half_terms_and_closures_neither_overlap_nor_end_before_they_begin(house: House) -> None:
    later, wrong = {**TERM, "first": "2026-03-27", "last": "2026-04-10"}, {**TERM, "last": "2026-03-01"}
    for field in ("terms", "closures"):
        assert refused(house, "set-calendar", from_date="2026-03-01", **{field: [later, TERM]}) == (
            "malformed",
            f"{field}.0.first",
        )
        assert refused(house, "set-calendar", from_date="2026-03-01", **{field: [wrong]}) == (
            "malformed",
            f"{field}.0.last",
        )


def test_a_last_day_never_lies_before_the_first(house: House) -> None:
    student = {"student": str(house.student)}
    mentor = {"person_id": str(house.mentor), "from_date": "2026-03-02", "until": "2026-03-01"}
    assert refused(house, "assign-mentor", **mentor, **student) == ("malformed", "until")
    assert refused(house, "change-placement", placement_id=running(house), planned_end="2025-12-31", **student) == (
        "malformed",
        "planned_end",
    )
    assert refused(house, "end-placement", placement_id=running(house), end="2025-12-31", reason_code="x", **student) == ("malformed", "end")
    assert refused(house, "grant-role", grant_id=str(new_id()), role="mentor", **mentor) == ("malformed", "until")
    place = str(new_id())
    give(house, "add-place", place_id=place, label="Site")
    assert refused(house, "add-place", place_id=place, label="Again") == ("not-allowed", "place_id")
    slots = [{**SLOT, "weekdays": []}, {**SLOT, "weekdays": [1, 1]}]
    assert [refused(house, "set-timetable", from_date="2026-03-02", slots=[one])[1] for one in slots] == ["slots.0.weekdays"] * 2
    assert refused(house, "open-setting", setting_id=str(new_id()), name="X", time_zone="Europe", author_id=None) == (
        "malformed",
        "time_zone",
    )


@pytest.mark.parametrize(("rest", "letter"), [("801200005001", "B"), ("823432104009", "Y"), ("80120000500A", None)])
def test_a_upn_is_read_by_its_check_letter(rest: str, letter: str | None) -> None:
    assert letter in (None, check_letter(rest))
    right = check_letter(rest) + rest
    assert read_upn(f" {right[:4].lower()} {right[4:]}") == right
    for wrong in (
        ("A" if right[0] != "A" else "C") + rest,
        right[:-1],
        right + "1",
        "I" + rest,
        right[:5] + "A" + right[6:],
    ):
        with pytest.raises(ValueError, match="UPN"):
            read_upn(wrong)


def test_a_file_goes_on_after_a_bad_line_and_says_at_its_end_which_lines_failed(house: House, tmp_path: Path) -> None:
    base = {"setting_id": str(house.setting), "author_id": str(house.leader)}
    place = {"command": "add-place", "label": "Before", **base}
    lines: list[Any] = [
        {**place, "id": str(new_id()), "place_id": str(new_id())},
        {"command": "commission-sessions", "id": str(new_id()), "student": str(house.student), "placement_id": running(house), "from_date": "2026-03-02",
         "sessions_a_week": -31337, "hours_a_week": 5, **base},
        {"command": "identify-student", "id": str(new_id()), "student": str(house.student), "upn": "X31337XXXXXXXXXXXXXXX", **base},
        {"command": "no-such-command", "id": str(new_id()), **base},
        {"command": ["31337"], "id": str(new_id())},
        "not json",
        [1, 2],
        {"command": "publish-framework", "id": str(new_id()), "definition": 31337, **base},
        {**house.rung(), "id": 31337},
        {**place, "id": str(new_id()), "place_id": str(new_id()), "label": "After"},
    ]  # fmt: skip
    raw = [b"{31337" if line == "not json" else orjson.dumps(line) for line in lines]
    file = tmp_path / "lines.jsonl"
    file.write_bytes(
        b"\n".join(
            [
                *raw,
                raw[0],
                raw[0].replace(b"Before", b"Otherwise"),
                b'{"command": "add-place", "x": ' + b"[" * 300 + b"]" * 300 + b"}",
            ]
        )
    )
    house.ledger.close()
    house.views.close()
    done = CliRunner().invoke(app, ["record", str(file), "--data", str(house.settings.data), *_where(house)])
    assert done.exit_code == 1, done.output
    failed = [int(line.split()[1].rstrip(":")) for line in done.output.splitlines() if line.startswith("line ")]
    assert failed == [2, 3, 4, 5, 6, 7, 8, 9, 12, 13]
    assert "31337" not in done.output and "(sessions_a_week)" in done.output and "(upn)" in done.output
    assert "2 recorded" in done.output and "1 duplicate" in done.output and "Traceback" not in done.output


def _where(house: House) -> list[str]:
    return ["--database-url", house.settings.postgres] if house.settings.postgres else []


def test_a_program_is_answered_with_the_field_and_never_with_the_value(house: House) -> None:
    with house.stranger() as client:
        body = {
            **whole("commission-sessions"),
            "command": "commission-sessions",
            "setting_id": str(house.setting),
            "student": str(house.student),
            "sessions_a_week": -31337,
        }
        answer = client.post("/api/v1/commands", json=body, headers=house.token())
        assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (
            422,
            "malformed",
            ["sessions_a_week"],
        )
        assert "31337" not in answer.text
        body = {
            **body,
            "id": str(new_id()),
            "author_id": None,
            "sessions_a_week": 4,
            "placement_id": running(house),
            "corrects": None,
        }
        assert client.post("/api/v1/commands", json=body, headers=house.token()).json()["status"] == "recorded"


def test_the_clock_of_the_ledger_decides_what_is_too_far_ahead(house: House) -> None:
    house.clock.now = datetime(2030, 1, 1, tzinfo=UTC)
    give(house, "group-student", student=str(house.student), from_date="2031-12-31", group="oak")


# Slots, and what nobody had thought of --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [
        ("09:15+01:00", "10:05", "starts"), ("09:15", "10:05Z", "ends"), ("09:15Z", "10:05Z", "starts"),
        ("09:15+01:00", "10:05-05:00", "starts"), (33300, "10:05", "starts"),
    ],
)  # fmt: skip
def test_a_slot_starts_and_ends_by_the_settings_own_clock(house: House, starts: Any, ends: Any, field: str) -> None:
    slot = {"id": "new", "label": "New", "kind": "lesson", "starts": starts, "ends": ends}
    with pytest.raises(Refused) as refusal:
        give(house, "set-timetable", from_date="2026-03-02", slots=[slot])
    assert (refusal.value.field, refusal.value.message) == (f"slots.0.{field}", sentence_of(Slot, field))
    about = {"command": "set-timetable", "id": str(new_id()), "setting_id": str(house.setting)}
    with house.browser() as leader:
        answer = leader.post("/api/v1/commands", json={**about, "from_date": "2026-03-02", "slots": [slot]})
    assert answer.status_code == 422 and "without an offset" in answer.text, answer.text


def test_a_slot_that_was_stored_with_offsets_is_still_read() -> None:
    stored = {"id": "old", "label": "Old", "kind": "lesson", "starts": "10:00:00+05:00", "ends": "09:30:00Z"}
    assert Slot.model_validate_json(orjson.dumps(stored)).ends.hour == 9, "later by its offset, though not by its hour"


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, "", "\u200b", "09:15Z", "09:15+01:00", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", 33300, [], [[]], [None], [{}], {}, {"": None}, "a" * 5_000,
)  # fmt: skip
"""What no field, or hardly any, takes."""


def deep(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a value, at any depth."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*where, key)
        yield from deep(inner, (*where, key))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_whatever_stands_in_a_field_a_command_is_read_or_refused(name: str) -> None:
    for where in deep(whole(name)):
        for odd in ODD:
            try:
                KINDS[name].from_json(json.dumps(put(whole(name), where, odd)).encode())
            except Refused as refusal:
                assert refusal.message


def test_what_the_program_did_not_expect_is_told_of_its_line_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = {"execute": house.ledger.execute, "record": house.ledger.record}
    secret = "31337"

    def execute(command: Command) -> Any:
        if getattr(command, "label", "") == secret:
            raise TypeError(secret)
        return real["execute"](command)

    def record(entries: Sequence[Any], **more: Any) -> Any:
        if any(secret in str(entry.get("text")) for entry in entries):
            raise AttributeError(secret)
        return real["record"](entries, **more)

    monkeypatch.setattr(house.ledger, "execute", execute)
    monkeypatch.setattr(house.ledger, "record", record)
    place = {"command": "add-place", "setting_id": str(house.setting), "author_id": str(house.leader)}
    lines = [
        {**place, "id": str(new_id()), "place_id": str(new_id()), "label": secret},
        house.note("before"), house.note(secret), house.note("after"),
        {**place, "id": str(new_id()), "place_id": str(new_id()), "label": "Hall"},
    ]  # fmt: skip
    told = record_lines(house.ledger, [orjson.dumps(line) for line in lines], lambda done, total: None)
    assert told.counts == {"failed": 2, "recorded": 3} and [number for number, _ in told.bad] == [1, 3]
    assert "TypeError" in told.bad[0][1] and "AttributeError" in told.bad[1][1] and secret not in str(told.bad)


def test_a_file_stops_where_the_ledger_cannot_be_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> Any:
        raise Busy

    monkeypatch.setattr(house.ledger, "record", busy)
    with pytest.raises(Busy):
        record_lines(house.ledger, [orjson.dumps(house.note(text)) for text in ("one", "two")], lambda done, total: None)
