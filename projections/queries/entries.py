"""What was recorded about a student, entry by entry, as it read at a position: with every change made to it by then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BindParameter, Select, Table, bindparam, func, or_, select, text

from ap_ledger.errors import Unreadable
from ap_ledger.events import event_class
from ap_ledger.events.base import Entry
from ap_ledger.events.changes import SAID_ON_THE_DEVICE
from ap_ledger.events.days import EVERY_DAY, Days, days_of
from ap_ledger.events.moments import local_day, microseconds, moment, stored_time
from ap_ledger.persistence.rows import LedgerStoredEvent
from ap_ledger.stores.mapper import open_personal
from projections.queries.reading import Reader, Unknown
from projections.queries.relations import on_days
from projections.runner import see
from projections.writers.student_days import StudentDays, rows_of_day
from projections.writers.timeline import TOLD_AT

ENTRIES_LIMIT = 5_000
"""How many entries are told at most."""
ONE_VISIT = timedelta(hours=3)
"""For so long somebody goes on saying what one visit was; what they change later, they put right."""


def entries_at(
    reader: Reader,
    student_id: UUID,
    as_of: datetime,
    position: int,
    skip: int,
    limit: int,
    from_day: date | None = None,
    kinds: Sequence[str] = (),
    within: Days = EVERY_DAY,
) -> list[dict[str, Any]]:
    """Each entry as it read at a position, newest first, with every change made to it by then.

    Of some kinds only, where any are named.

    Only what happened on the days of `within`, from `from_day` on, is told.
    """
    wanted = within if from_day is None else within & days_of([(from_day, None)])
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        timeline = StudentDays.tables_in(live)[0]
        ask = on_days(_told_of(timeline, bool(kinds)), timeline.c.day, wanted)
        given = {"student": student_id.bytes, "position": position, "as_of": microseconds(as_of), "kinds": list(kinds)}
        rows = connection.execute(ask, given).all()
    # Where an entry has several rows, the newest says when it happened; one whose newest row is superseded was voided.
    newest: dict[bytes, tuple[int, int]] = {}
    changed, current = set[bytes](), set[bytes]()
    for row_position, superseded, entry, occurred_at in rows:
        key = bytes(entry)
        newest[key] = max((row_position, occurred_at), newest.get(key, (0, 0)))
        if superseded is not None and superseded <= position:
            changed.add(key)
        else:
            current.add(key)
    # Whatever counts no more here was taken back, or a correction moved it out of what was asked for: those are few,
    # and looked up.
    for key, happened in _moved(reader, changed - current, position).items():
        if happened > microseconds(as_of) or (
            wanted is not EVERY_DAY and local_day(happened, zone_of(reader, student_id)) not in wanted
        ):
            del newest[key]
    order = sorted(newest, key=lambda key: (newest[key][1], newest[key][0]), reverse=True)[skip : skip + limit]
    stories = _stories(
        reader,
        [UUID(bytes=key) for key in order if key in changed],
        [newest[key][0] for key in order if key not in changed],
    )
    told = ([event for event in stories.get(UUID(bytes=key), ()) if (event.position or 0) <= position] for key in order)
    return [_tell(reader, story) for story in told if story]


def _moved(reader: Reader, changed: Collection[bytes], position: int) -> dict[bytes, int]:
    """When entries happened that were put right or taken back, as it was known at a position."""
    happened: dict[bytes, int] = {}
    for row in reader.ledger.recorder.tail_of([UUID(bytes=key) for key in changed]) if changed else ():
        seen = see(row)
        if seen.position <= position and seen.stream in changed and seen.topic != "entry-voided":
            replaced_at = (seen.state or {}).get("replacement_occurred_at")
            happened[seen.stream] = microseconds(stored_time(replaced_at)) if replaced_at else seen.occurred_at
    return happened


def zone_of(reader: Reader, student_id: UUID) -> str:
    """The time zone in which a student's days begin and end."""
    states = reader.ledger.states
    student = states.student(student_id)
    setting = states.setting(student.setting_id) if student and student.setting_id else None
    if setting is None:
        raise Unknown
    return setting.time_zone


def day_of(reader: Reader, told: Mapping[str, Any]) -> date:
    """The day on which a told entry happened, where its student is."""
    return local_day(
        microseconds(datetime.fromisoformat(told["occurred_at"])), zone_of(reader, UUID(told["entry"]["student_id"]))
    )


def changed_since(
    reader: Reader,
    student_id: UUID,
    as_of: datetime,
    position: int,
    limit: int = ENTRIES_LIMIT,
    within: Days = EVERY_DAY,
) -> list[dict[str, Any]]:
    """What had happened by `as_of` and was recorded, put right or taken back only after a position: as it reads now,
    newest first.

    Only what happened on the days of `within` is told.
    """
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        timeline = StudentDays.tables_in(live)[0]
        ask = on_days(_changed_in(timeline), timeline.c.day, within)
        given = {"student": student_id.bytes, "as_of": microseconds(as_of), "position": position, "limit": limit}
        streams = [UUID(bytes=bytes(entry)) for entry in connection.scalars(ask, given)]
    stories = _stories(reader, streams, ())
    told = [_tell(reader, stories[stream]) for stream in streams if stories.get(stream)]
    told = told if within is EVERY_DAY else [entry for entry in told if day_of(reader, entry) in within]
    return [{**entry, "since": _since(entry, position)} for entry in told]


@cache
def _told_of(timeline: Table, of_kinds: bool) -> Select[Any]:
    told = timeline.c
    ask = select(told.position, told.superseded, told.entry, told.occurred_at).where(
        told.student == bindparam("student"),
        text(TOLD_AT.format(position=":position")),
        told.occurred_at <= bindparam("as_of"),
    )
    return ask.where(told.kind.in_(bindparam("kinds", expanding=True))) if of_kinds else ask


@cache
def _changed_in(timeline: Table) -> Select[Any]:
    told = timeline.c
    position: BindParameter[int] = bindparam("position")
    newest_first = func.max(told.occurred_at).desc(), func.max(told.position).desc()
    ask = select(told.entry).group_by(told.entry).order_by(*newest_first).limit(bindparam("limit"))
    return ask.where(
        told.student == bindparam("student"),
        told.left_at.is_(None),
        told.occurred_at <= bindparam("as_of"),
        or_(told.counted > position, told.superseded > position),
    )


def _since(told: Mapping[str, Any], position: int) -> str:
    """What happened to an entry after a position: it came, it was taken back, or it was put right."""
    if told["position"] > position or all(change["position"] <= position for change in told["changes"]):
        # It was recorded since, or the record under whose id it had come was joined to this student's since.
        return "came"
    return "taken-back" if told["status"] == "voided" else "put-right"


def entries_of_day(reader: Reader, students: Sequence[UUID], day: date, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """What was recorded of some kinds about several students on one day and was not taken back, in the order in which
    it happened."""
    rows = rows_of_day(reader.views, "position", students, day, f"kind IN ({','.join('?' * len(kinds))})", *kinds)
    positions = [row.position for row in rows]
    told = [_tell(reader, story) for story in _stories(reader, (), positions).values()]
    return sorted(told, key=lambda entry: (entry["occurred_at"], entry["position"]))


def story_of(reader: Reader, entry: UUID) -> dict[str, Any] | None:
    """One entry as it reads now, with every change made to it; None where there is no such entry about a student."""
    recorded = reader.ledger.recorder.find([entry]).get(entry)
    if recorded is None:
        return None
    story = _stories(reader, [entry], ()).get(entry, ())
    # The ids of students and placements name streams as well; those have no story of this kind.
    return _tell(reader, story) if story and issubclass(event_class(story[0].topic), Entry) else None


def as_one_visit(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A told entry of a visit without what its author went on saying of it on the device: its first word and its last
    are one. What was put right later, or by somebody else, stays told."""
    entry, changes = told["entry"], told["changes"]
    if not entry.get("visit_id") or not changes:
        return told
    first = datetime.fromisoformat(changes[0]["before"]["device_time"])
    put_right = [
        change
        for change in changes
        if change["reason_code"] != SAID_ON_THE_DEVICE
        or change["author_id"] != told["author_id"]
        or datetime.fromisoformat(change["occurred_at"]) - first > ONE_VISIT
    ]
    if len(put_right) == len(changes):
        return told
    status = "current" if not put_right else told["status"]
    return {**told, "changes": put_right, "status": status}


def _stories(reader: Reader, changed: Sequence[UUID], positions: Iterable[int]) -> dict[UUID, list[LedgerStoredEvent]]:
    stories: dict[UUID, list[LedgerStoredEvent]] = {}
    corrected: set[UUID] = set(changed)
    for event in reader.ledger.recorder.events_at(list(positions)):
        assert isinstance(event.originator_id, UUID)
        if event.originator_version > 1:
            corrected.add(event.originator_id)
        else:
            stories[event.originator_id] = [event]
    if corrected:
        whole = [row.position for row in reader.ledger.recorder.tail_of(list(corrected))]
        stories.update({entry: [] for entry in corrected})
        for event in reader.ledger.recorder.events_at(whole):
            assert isinstance(event.originator_id, UUID)
            stories[event.originator_id].append(event)
    return stories


def _tell(reader: Reader, story: Sequence[LedgerStoredEvent]) -> dict[str, Any]:
    first = story[0]
    entry = _opened(reader, first)
    occurred_at, status = first.occurred_at, "current"
    changes: list[dict[str, Any]] = []
    for event in story[1:]:
        state = _state(reader, event)
        change = {
            "id": str(event.command_id),
            "kind": event.topic,
            "position": event.position,
            "occurred_at": moment(event.occurred_at).isoformat(),
            "recorded_at": moment(event.recorded_at or 0).isoformat(),
            "author_id": str(event.author_id),
            "reason_code": state["reason_code"],
            "reason": state.get("reason"),
            "before": entry,
            "after": None,
        }
        if event.topic == "entry-corrected":
            entry = change["after"] = state["replacement"]
            occurred_at = microseconds(stored_time(state["replacement_occurred_at"]))
            status = "corrected" if status != "voided" else status
        else:
            status = "voided"
        changes.append(change)
    return {
        "id": str(first.originator_id),
        "kind": first.topic,
        "occurred_at": moment(occurred_at).isoformat(),
        "recorded_at": moment(first.recorded_at or 0).isoformat(),
        "position": first.position,
        "author_id": str(first.author_id),
        "status": status,
        "flags": orjson.loads(first.state).get("flags", []),
        "entry": entry,
        "changes": changes,
    }


def _opened(reader: Reader, event: LedgerStoredEvent) -> dict[str, Any]:
    state = _state(reader, event)
    state.pop("flags", None)
    head = {
        "id": event.originator_id,
        "kind": event.topic,
        "setting_id": event.setting_id,
        "student_id": event.student_id,
        "author_id": event.author_id,
    }
    return {name: str(value) for name, value in head.items()} | state


def _state(reader: Reader, event: LedgerStoredEvent) -> dict[str, Any]:
    state = orjson.loads(event.state)
    try:
        open_personal(reader.ledger.keyring, event, event_class(event.topic), state)
    except Unreadable:
        state["unreadable"] = True
    shown: dict[str, Any] = _erased(state)
    return shown


def _erased(value: Any) -> Any:
    """What was erased reads so wherever it is shown."""
    if isinstance(value, Mapping):
        return "[erased]" if value == {"erased": True} else {name: _erased(inner) for name, inner in value.items()}
    return value
