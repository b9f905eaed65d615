"""Who and what there is: settings, people, students, placements, frameworks, as small JSON bodies without a single
name.

A body holds the position of the event that names somebody; names are opened at the edge, for those who may see them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Column, Connection, MetaData, String, Table

from ap_ledger.events import event_class
from ap_ledger.events.dated import without
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.stores.engine import BigInt
from projections.bodies import PlacementFacts, SettingFacts, StudentAsStored
from projections.runner import Projection, Seen, see
from projections.writers.joined import Joining, joining

Body = dict[str, Any]
JOINED_RECORDS: Final = "joined-records"
"""The kind of body that a student leaves whose record is joined to another one's: it says whose."""
CORRECTED = ("start", "planned_end", "end", "commissioner_id", "purpose", "dual_registered", "destination")
"""What a correction may put right in a placement."""
WITHDRAWN_FROM: Mapping[str, str] = {
    "student-expected": "expected", "sessions-commissioned": "commissioned", "key-worker-assigned": "key_workers",
    "mentor-assigned": "mentors", "student-grouped": "groups", "student-needs-noted": "needs",
    "calendar-set": "calendars", "timetable-set": "timetables", "retention-set": "retention",
    "incident-categories-set": "incident_categories",
}  # fmt: skip
"""Where a body keeps each kind of fact that can be withdrawn."""


def registry_table(suffix: str, metadata: MetaData) -> Table:
    """One row for each thing there is. `position` is that of the last event about it."""
    return Table(
        f"registry{suffix}",
        metadata,
        Column("kind", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("setting_id", String),
        Column("position", BigInt, nullable=False),
        Column("body", String, nullable=False),
        sqlite_with_rowid=False,
    )


class Registry(Projection):
    """Every stream with rules, as what it says now."""

    name: ClassVar[str] = "registry"
    version: ClassVar[int] = 5
    tables: ClassVar = (registry_table,)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._kept: dict[bytes, bytes] | None = None

    def forget(self) -> None:
        """Another runner may have written which records are joined."""
        self._kept = None

    def apply(self, connection: Connection, batch: Sequence[Seen]) -> None:
        """Changes the bodies that events are about; what is said of a record that is joined to another, that one's."""
        for seen in batch:
            if (found := joining(seen)) is not None:
                self._make_anew(connection, found, seen)
            else:
                self._take_in(connection, told_of(seen, self._kept_now(connection)))

    def _take_in(self, connection: Connection, seen: Seen) -> None:
        change = CHANGES.get(seen.topic)
        if change is not None and seen.state is not None:
            kind, key = _about(seen)
            body = self._read(connection, kind, key)
            change(body, seen.state, seen)
            self._write(connection, kind, key, body, seen)

    def _kept_now(self, connection: Connection) -> dict[bytes, bytes]:
        """The records that are joined to others, with the one that is kept."""
        if self._kept is None:
            ask = self.views.sql(f"SELECT body FROM {self.made[0].name} WHERE kind = ?")
            bodies = [orjson.loads(body) for (body,) in connection.exec_driver_sql(ask, (JOINED_RECORDS,))]
            self._kept = {UUID(body["id"]).bytes: UUID(body["kept_student"]).bytes for body in bodies}
        return self._kept

    def _make_anew(self, connection: Connection, found: Joining, seen: Seen) -> None:
        """Makes the bodies of two records anew from their streams: as one where joined, as two where parted."""
        kept, record = UUID(bytes=found.kept), UUID(bytes=found.record)
        before, own = (self._read(connection, "students", str(student)) for student in (kept, record))
        gone = f"DELETE FROM {self.made[0].name} WHERE kind = ? AND id = ?"
        self.views.update_many(connection, gone, [(kind, str(record)) for kind in ("students", JOINED_RECORDS)])
        if found.together:
            # As it was known before they were joined, it is told by itself.
            joined = {"kept_student": str(kept), "joined_from": seen.position}
            self._write(connection, JOINED_RECORDS, str(record), {**own, **joined}, seen)
        self._kept = None
        streams = {kept, record, *map(UUID, before.get("records", ()))}
        for kind, bodies in _made_from(self.recorder, sorted(streams), seen.position).items():
            for key, body in bodies.items():
                self._write(connection, kind, key, body, seen)

    def _read(self, connection: Connection, kind: str, key: str) -> Body:
        ask = self.views.sql(f"SELECT body FROM {self.made[0].name} WHERE kind = ? AND id = ?")
        row = connection.exec_driver_sql(ask, (kind, key)).first()
        return {"id": key} if row is None else orjson.loads(row[0])

    def _write(self, connection: Connection, kind: str, key: str, body: Body, seen: Seen) -> None:
        name = self.made[0].name
        connection.exec_driver_sql(self.views.sql(f"DELETE FROM {name} WHERE kind = ? AND id = ?"), (kind, key))
        row = (kind, key, body.get("setting_id"), seen.position, orjson.dumps(body).decode())
        self.views.insert_many(connection, self.made[0], [row])


class BodiesThen(NamedTuple):
    """Bodies as they stood at a position, by their keys, without the names."""

    settings: Mapping[str, SettingFacts]
    students: Mapping[str, StudentAsStored]
    placements: Mapping[str, PlacementFacts]


def bodies_at(recorder: LedgerRecorder, streams: Sequence[UUID], position: int) -> BodiesThen:
    """What stood at a position: placements and timetables as they were known then.

    The streams of every record of a child are given; those that were joined then make one body.
    """
    made = _made_from(recorder, streams, position)
    return BodiesThen(*(made.get(kind, {}) for kind in BodiesThen._fields))


def _made_from(recorder: LedgerRecorder, streams: Sequence[UUID], position: int) -> dict[str, dict[str, Any]]:
    """The bodies of some streams as they stood at a position, by kind and key."""
    found: dict[str, dict[str, Body]] = {}
    told = [seen for row in recorder.tail_of(streams) if (seen := see(row)).position <= position]
    kept: dict[bytes, bytes] = {}
    for joins in filter(None, map(joining, told)):
        kept.pop(joins.record, None)
        kept |= {joins.record: joins.kept} if joins.together else {}
    for seen in (told_of(seen, kept) for seen in told):
        change = CHANGES.get(seen.topic)
        if change is not None and seen.state is not None:
            kind, key = _about(seen)
            change(found.setdefault(kind, {}).setdefault(key, {"id": key}), seen.state, seen)
    return found


def told_of(seen: Seen, kept: Mapping[bytes, bytes]) -> Seen:
    """An event of a record that is joined to another one, as if it stood in that one's stream."""
    return seen._replace(stream=kept[seen.stream]) if seen.stream in kept else seen


def _id(key: bytes | None) -> str:
    assert key is not None
    return str(UUID(bytes=key))


def _own_stream(seen: Seen) -> str:
    return _id(seen.stream)


def _version(seen: Seen) -> str:
    assert seen.state is not None
    return f"{seen.state['framework_id']}@{seen.state['version']}"


class Told(NamedTuple):
    """Of what the events of a stream tell: the kind of a body, and how its key is found."""

    kind: str
    key: Callable[[Seen], str]


STREAMS: Mapping[str, Told | None] = {
    "setting": Told("settings", _own_stream),
    "person": Told("people", _own_stream),
    "student": Told("students", _own_stream),
    "framework": Told("frameworks", _version),
    "device": Told("devices", _own_stream),
    "proposal": Told("proposals", _own_stream),
    "report": Told("reports", _own_stream),
    "sealed": Told("worries", _own_stream),
    "entry": None,
    "read": None,
    "any": None,
}
"""What each kind of stream tells of. What was observed, who looked and which keys were made are no bodies here."""
TELLS_OF_NO_BODY = frozenset({"text-excised", "recovery-allowed"})
"""Events of a stream that has a body which change nothing that the body holds."""


def _about(seen: Seen) -> tuple[str, str]:
    """The kind and the key of the body that an event changes, by its stream."""
    assert seen.state is not None
    stream = event_class(seen.topic).STREAM
    if stream == "student" and "placement_id" in seen.state:
        # A placement is told of in its student's stream, and is a body of its own.
        return "placements", seen.state["placement_id"]
    told = STREAMS[stream]
    assert told is not None
    return told.kind, told.key(seen)


def _merge(*names: str) -> Callable[[Body, Mapping[str, Any], Seen], None]:
    def change(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
        body.update({name: state[name] for name in names if name in state})

    return change


def _record_of(seen: Seen) -> Body:
    """Which record said something of a child, where it is not the one that is kept."""
    return {} if seen.student_id in (None, seen.stream) else {"recorded_as": _id(seen.student_id)}


def _append(name: str) -> Callable[[Body, Mapping[str, Any], Seen], None]:
    def change(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
        body.setdefault(name, []).append({**state, **_record_of(seen)})

    return change


def _setting(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(
        {name: state.get(name) for name in ("name", "time_zone", "urn", "ukprn")},
        places=[],
        commissioners=[],
        timetables=[],
    )


def _setting_corrected(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(dict.fromkeys(state.get("clear", ())))
    body.update({name: state[name] for name in ("name", "urn", "ukprn") if name in state})


def _put_right(things: str, key: str, *names: str) -> Callable[[Body, Mapping[str, Any], Seen], None]:
    """Puts right the one of a body's things that an event names by its id: what the event does not give stays."""

    def change(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
        given = {name: state[name] for name in names if name in state}
        body[things] = [{**one, **given} if one[key] == state[key] else one for one in body[things]]

    return change


def _withdrawn_fact(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    kept = WITHDRAWN_FROM[state["fact"]]
    mentor, record = state.get("person_id"), _record_of(seen).get("recorded_as")

    def of_series(fact: Mapping[str, Any]) -> bool:
        return mentor in (None, fact.get("person_id")) and record == fact.get("recorded_as")

    body[kept] = without(body.get(kept, ()), state["from_date"], of_series)


def _timetable(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["timetables"].append({**state, "position": seen.position})


def _person(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(setting_id=_id(seen.setting_id), named_at=seen.position, roles=[])


def _renamed(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["named_at"] = seen.position


def _role(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["roles"].append({**state, "setting_id": _id(seen.setting_id)})


def _conflict(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.setdefault("conflicts", []).append(state["conflicted_student"])


def _conflict_ended(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["conflicts"] = [conflict for conflict in body.get("conflicts", ()) if conflict != state["conflicted_student"]]


def _role_ended(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    by = _id(seen.author_id) if seen.author_id else None
    end = {"until": state["on"], "ended_by": by, "ended_at": seen.recorded_at}
    body["roles"] = [{**role, **end} if role["grant_id"] == state["grant_id"] else role for role in body["roles"]]


def _student(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    if "admitted_on" not in body:
        body.update(setting_id=_id(seen.setting_id), named_at=None, mentors=[], expected=[], shredded=[])
    _admission(body, state, seen)


def _admission(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    # A child with several records was admitted on the first of their days.
    admissions = body.setdefault("admissions", {})
    admissions[_id(seen.student_id)] = state["on"]
    body["admitted_on"] = min(admissions.values())


def _identified(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    # A child is called as the record says that is kept, where it says anything.
    if _id(seen.student_id) == body["id"] or body["named_at"] is None:
        body["named_at"] = seen.position


def _joined(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    record = state["joined_student"]
    if body["id"] == state["kept_student"]:
        body["records"] = sorted({*body.get("records", ()), record})
        joined = {"student_id": record, "reason_code": state["reason_code"], "joined_at": seen.recorded_at}
        body["joined"] = [*_others(body, record), joined]


def _parted(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    if body["id"] == state["kept_student"]:
        body["records"] = sorted({*body.get("records", ()), state["joined_student"]})
        body["joined"] = _others(body, state["joined_student"])


def _others(body: Body, record: str) -> list[Body]:
    return [one for one in body.get("joined", ()) if one["student_id"] != record]


def _needs(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    fact = {name: state[name] for name in ("from_date", "corrects") if name in state}
    body.setdefault("needs", []).append({**fact, **_record_of(seen), "position": seen.position})


def _shredded(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["shredded"] = sorted({*body["shredded"], state["retention_class"]})


def _own_items(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    # Each record of a child names its items by itself, so that the words of one are never those of another.
    own = {"items": state["items"], "position": seen.position}
    said = body.setdefault("own_items", {}).setdefault(state["definition"]["id"], {"items": [], "position": None})
    if _id(seen.student_id) == body["id"]:
        said.update(own)
    else:
        said.setdefault("joined", {})[_id(seen.student_id)] = own


def _family(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["family"] = [*(one for one in body.get("family", ()) if one != state["person_id"]), state["person_id"]]


def _family_ended(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["family"] = [one for one in body.get("family", ()) if one != state["person_id"]]


def _released_to_family(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    # Of a child with several records it is the one that is kept of which something is released.
    if _id(seen.student_id) == body["id"]:
        body["released"] = state["released"]


def _clock_ended(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.setdefault("ended_clocks", []).append({**state, "position": seen.position, "ended_at": seen.recorded_at})


def _clock_resumed(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["ended_clocks"] = [
        clock
        for clock in body.get("ended_clocks", ())
        if any(clock.get(name) != value for name, value in state.items())
    ]


def _hold(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.setdefault("holds", []).append(
        {**state, "set_at": seen.recorded_at, "set_by": _id(seen.author_id) if seen.author_id else None}
    )


def _hold_lifted(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["holds"] = [hold for hold in body.get("holds", ()) if hold["hold_id"] != state["hold_id"]]


def _device(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(
        setting_id=_id(seen.setting_id),
        kind=state["kind"],
        named_at=seen.position,
        enrolled_at=seen.recorded_at,
        revoked=False,
    )


def _device_revoked(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["revoked"] = True


def _proposal(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(
        setting_id=_id(seen.setting_id),
        student_id=_id(seen.student_id) if seen.student_id else None,
        deed=state["deed"],
        command=state["command"],
    )
    body.update(proposed_by=_id(seen.author_id), proposed_at=seen.recorded_at, status="open", settled_by=None)


def _released(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(
        {"commissioner_id": None, **state},
        setting_id=_id(seen.setting_id),
        student_id=_id(seen.student_id) if seen.student_id else None,
        withdrawn=False,
    )
    body.update(released_at=seen.recorded_at, released_by=_id(seen.author_id) if seen.author_id else None)


def _withdrawn(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["withdrawn"] = True


def _worry(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(setting_id=_id(seen.setting_id))


def _settled(status: str) -> Callable[[Body, Mapping[str, Any], Seen], None]:
    def change(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
        body.update(
            status=status, settled_by=_id(seen.author_id) if seen.author_id else None, settled_at=seen.recorded_at
        )

    return change


def _placement(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(setting_id=_id(seen.setting_id), student_id=_id(seen.stream), commissioned=[])
    body.update({name: state.get(name) for name in ("start", "planned_end", "commissioner_id", "purpose")}, end=None)
    body["dual_registered"] = state.get("dual_registered", False)
    # A placement of a record that is joined to another one is changed and ended under that record's own id.
    body.update(_record_of(seen))


def _corrected(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(dict.fromkeys(state.get("clear", ())))
    if "end" in state.get("clear", ()):
        # It did not end, so there is no reason for its end either.
        body.update(reason_code=None, destination=None)
    body.update({name: state[name] for name in CORRECTED if name in state})
    if "end_reason" in state:
        body["reason_code"] = state["end_reason"]


def _framework(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body.update(
        id=state["framework_id"], version=state["version"], kind=state["kind"], content_hash=state["content_hash"]
    )
    definition = state["definition"]
    body.update(title=definition["title"], published_at=seen.position, retired=False)
    body.update(
        {
            name: definition[name]
            for name in ("summary", "cadence", "supersedes", "effective_from", "effective_to", "about")
            if name in definition
        }
    )


def _retired(body: Body, state: Mapping[str, Any], seen: Seen) -> None:
    body["retired"] = True


CHANGES: Mapping[str, Callable[[Body, Mapping[str, Any], Seen], None]] = {
    "setting-opened": _setting,
    "setting-corrected": _setting_corrected,
    "place-added": _append("places"),
    "place-corrected": _put_right("places", "place_id", "label"),
    "commissioner-added": _append("commissioners"),
    "commissioner-corrected": _put_right("commissioners", "commissioner_id", "name", "kind"),
    "setting-fact-withdrawn": _withdrawn_fact,
    "student-fact-withdrawn": _withdrawn_fact,
    "calendar-set": _append("calendars"),
    "timetable-set": _timetable,
    "retention-set": _append("retention"),
    "incident-categories-set": _append("incident_categories"),
    "person-added": _person,
    "person-renamed": _renamed,
    "role-granted": _role,
    "role-ended": _role_ended,
    "conflict-declared": _conflict,
    "conflict-ended": _conflict_ended,
    "student-admitted": _student,
    "admission-corrected": _admission,
    "student-identified": _identified,
    "student-expected": _append("expected"),
    "key-worker-assigned": _append("key_workers"),
    "mentor-assigned": _append("mentors"),
    "student-grouped": _append("groups"),
    "student-needs-noted": _needs,
    "own-items-set": _own_items,
    "key-shredded": _shredded,
    "family-linked": _family,
    "family-unlinked": _family_ended,
    "released-to-family": _released_to_family,
    "clock-ended": _clock_ended,
    "clock-resumed": _clock_resumed,
    "review-ended": _clock_ended,
    "review-resumed": _clock_resumed,
    "students-joined": _joined,
    "students-parted": _parted,
    "hold-set": _hold,
    "hold-lifted": _hold_lifted,
    "sealed-record": _worry,
    "device-enrolled": _device,
    "device-revoked": _device_revoked,
    "deed-proposed": _proposal,
    "deed-approved": _settled("approved"),
    "deed-declined": _settled("declined"),
    "report-released": _released,
    "report-withdrawn": _withdrawn,
    "placement-started": _placement,
    "placement-changed": _merge("planned_end", "purpose"),
    "placement-corrected": _corrected,
    "placement-ended": _merge("end", "reason_code", "destination"),
    "sessions-commissioned": _append("commissioned"),
    "framework-published": _framework,
    "framework-retired": _retired,
}
