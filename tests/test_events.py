"""The published language: it only grows, and everything ever written can be read."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as some

from ap_ledger.errors import Unreadable
from ap_ledger.events import ALL_EVENTS, EVENT_BY_TOPIC, event_class
from ap_ledger.events.base import Event, Stamp
from ap_ledger.events.moments import local_day, microseconds, moment
from ap_ledger.events.stored import read_event, upcast
from ap_ledger.stores.fingerprint import canonical

ROOT = Path(__file__).parents[1]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.jsonl"))
CONTRACT_TOPICS = [
    "rung-reached",
    "outcome-scored",
    "unit-progressed",
    "visit-logged",
    "session-attended",
    "voice-heard",
    "note-written",
    "incident-recorded",
    "context-noted",
    "instrument-answered",
    "worry-raised",
    "entry-corrected",
    "entry-voided",
    "sealed-record",
    "student-admitted",
    "student-identified",
    "student-expected",
    "placement-started",
    "placement-changed",
    "placement-ended",
    "sessions-commissioned",
    "key-worker-assigned",
    "mentor-assigned",
    "calendar-set",
    "timetable-set",
    "framework-published",
    "framework-retired",
    "person-added",
    "role-granted",
    "role-ended",
    "key-made",
    "key-shredded",
    "text-excised",
]


def test_every_topic_of_the_contract_is_there_once_with_its_catalogue_entry() -> None:
    assert set(CONTRACT_TOPICS) <= set(EVENT_BY_TOPIC)
    assert len(EVENT_BY_TOPIC) == len(ALL_EVENTS)
    assert all((event.__doc__ or "").strip().endswith(".") for event in ALL_EVENTS)


def test_a_topic_that_is_not_on_the_list_is_never_imported() -> None:
    for topic in ("this:s", "os:system", "rung_reached", ""):
        with pytest.raises(Unreadable):
            event_class(topic)


@pytest.mark.parametrize("line", [line for path in GOLDEN for line in path.read_text().splitlines()])
def test_every_line_ever_stored_can_still_be_read(line: str) -> None:
    stored = json.loads(line)
    cls = event_class(stored["topic"])
    state = upcast(cls, stored["state"], stored["class_version"])
    event = read_event(cls, UUID(int=7), 1, Stamp(datetime(2026, 3, 2, tzinfo=UTC)), state)
    assert type(event) is cls


def test_the_golden_lines_hold_every_topic_in_every_version() -> None:
    held = {(stored["topic"], stored["class_version"]) for path in GOLDEN for stored in map(json.loads, path.read_text().splitlines())}
    versions = [(event.TOPIC, version) for event in ALL_EVENTS for version in range(1, event.class_version + 1)]
    missing = [
        f"Version {version} of {topic} has no line in tests/golden. Add one to {topic}.jsonl there, as it is stored."
        for topic, version in versions
        if (topic, version) not in held
    ]
    assert missing == []


def test_reading_is_strict_and_its_error_names_fields_and_never_values() -> None:
    cls = event_class("note-written")
    state = {"device_time": "2026-03-02T09:00:00Z", "retention_class": "learning", "text": "quiet words", "surprise": "quiet words"}
    with pytest.raises(Unreadable, match="surprise") as caught:
        read_event(cls, UUID(int=7), 1, Stamp(datetime(2026, 3, 2, tzinfo=UTC)), state)
    assert "quiet" not in str(caught.value)


def test_a_state_newer_than_the_program_is_not_guessed_at() -> None:
    with pytest.raises(Unreadable, match="Upgrade"):
        upcast(event_class("rung-reached"), {}, 2)


def test_an_old_state_is_brought_up_to_date_step_by_step() -> None:
    class Renamed(Event):
        """A later version of something."""

        TOPIC, class_version = "renamed", 3
        mood: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state.setdefault("feeling", "unknown")

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            state["mood"] = state.pop("feeling")

    assert upcast(Renamed, {}, 1) == {"mood": "unknown"}
    assert upcast(Renamed, {"feeling": "calm"}, 2) == {"mood": "calm"}
    assert upcast(Renamed, {"mood": "calm"}, 3) == {"mood": "calm"}


json_values = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53) + 1, 2**53 - 1) | some.floats(allow_nan=False, allow_infinity=False) | some.text(max_size=12),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_the_quick_way_to_the_canonical_form_is_the_canonical_form(value: Any) -> None:
    value = orjson.loads(orjson.dumps(value))
    assert canonical(value) == rfc8785.dumps(value)


@given(
    some.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=some.just(UTC)), some.sampled_from(["Europe/London", "Asia/Kathmandu", "Pacific/Apia"])
)
def test_a_moment_survives_storage_and_its_day_is_the_local_one(at: datetime, time_zone: str) -> None:
    from zoneinfo import ZoneInfo

    assert moment(microseconds(at)) == at
    found = local_day(microseconds(at), time_zone)
    assert found == at.astimezone(ZoneInfo(time_zone)).date() and isinstance(found, date)


def generator() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("generate_docs", str(ROOT / "scripts" / "generate-docs"))
    spec = importlib.util.spec_from_loader("generate_docs", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_generated_pages_are_up_to_date() -> None:
    for name, made in generator().PAGES.items():
        assert (ROOT / name).read_text("utf-8") == made(), f"{name} is out of date; run scripts/generate-docs"
