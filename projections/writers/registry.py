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
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.stores.engine import BigInt
from projections.bodies import PlacementFacts, SettingFacts, StudentAsStored
from projections.runner import Projection, Seen, see
from projections.writers.body_changes import CHANGES
from projections.writers.body_changes.common import id_of
from projections.writers.joined import Joining, joining

JOINED_RECORDS: Final = "joined-records"
"""The kind of body that a student leaves whose record is joined to another one's: it says whose."""


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
    version: ClassVar[int] = 7
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
            if (joins := joining(seen)) is not None:
                self._make_anew(connection, joins, seen)
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

    def _make_anew(self, connection: Connection, joins: Joining, seen: Seen) -> None:
        """Makes the bodies of two records anew from their streams: as one where joined, as two where parted."""
        kept, record = UUID(bytes=joins.kept), UUID(bytes=joins.record)
        before, own = (self._read(connection, "students", str(student)) for student in (kept, record))
        gone = f"DELETE FROM {self.made[0].name} WHERE kind = ? AND id = ?"
        self.views.update_many(connection, gone, [(kind, str(record)) for kind in ("students", JOINED_RECORDS)])
        if joins.together:
            # As it was known before they were joined, it is told by itself.
            joined = {"kept_student": str(kept), "joined_from": seen.position}
            self._write(connection, JOINED_RECORDS, str(record), {**own, **joined}, seen)
        self._kept = None
        streams = {kept, record, *map(UUID, before.get("records", ()))}
        for kind, bodies in _made_from(self.recorder, sorted(streams), seen.position).items():
            for key, body in bodies.items():
                self._write(connection, kind, key, body, seen)

    def _read(self, connection: Connection, kind: str, key: str) -> dict[str, Any]:
        ask = self.views.sql(f"SELECT body FROM {self.made[0].name} WHERE kind = ? AND id = ?")
        row = connection.exec_driver_sql(ask, (kind, key)).first()
        return {"id": key} if row is None else orjson.loads(row[0])

    def _write(self, connection: Connection, kind: str, key: str, body: dict[str, Any], seen: Seen) -> None:
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
    bodies_of: dict[str, dict[str, Any]] = {}
    told = [seen for row in recorder.tail_of(streams) if (seen := see(row)).position <= position]
    kept: dict[bytes, bytes] = {}
    for joins in filter(None, map(joining, told)):
        kept.pop(joins.record, None)
        kept |= {joins.record: joins.kept} if joins.together else {}
    for seen in (told_of(seen, kept) for seen in told):
        change = CHANGES.get(seen.topic)
        if change is not None and seen.state is not None:
            kind, key = _about(seen)
            change(bodies_of.setdefault(kind, {}).setdefault(key, {"id": key}), seen.state, seen)
    return bodies_of


def told_of(seen: Seen, kept: Mapping[bytes, bytes]) -> Seen:
    """An event of a record that is joined to another one, as if it stood in that one's stream."""
    return seen._replace(stream=kept[seen.stream]) if seen.stream in kept else seen


def _own_stream(seen: Seen) -> str:
    return id_of(seen.stream)


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
    # The kind has the name that it had before there were cases, so that no worry is out of sight while it is made anew.
    "sealed": Told("worries", _own_stream),
    # A step of a case is stored as a sealed record and under no other name.
    "case": None,
    "entry": None,
    "read": None,
    "any": None,
}
"""What each kind of stream tells of. What was observed, who looked and which keys were made are no bodies here."""
TELLS_OF_NO_BODY = frozenset(
    {"text-excised", "recovery-allowed", "columns-matched", "visit-planned", "visit-changed", "visit-cancelled"}
)
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
