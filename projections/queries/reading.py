"""What pages, reports and the API ask of the read models. Text is opened here, at the edge, and nowhere below."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import date, datetime
from typing import Any, Literal, TypeVar, overload
from uuid import UUID

import orjson
from sqlalchemy import Connection

from ap_ledger.errors import Busy, Unreadable
from ap_ledger.events.base import Event
from ap_ledger.recording.ledger import Ledger
from frameworks import Definition
from projections import PROJECTIONS
from projections.bodies import (
    DeviceBody,
    FrameworkBody,
    JoinedRecordBody,
    Kind,
    PersonBody,
    PlacementBody,
    ProposalBody,
    ReportBody,
    SealedBody,
    SettingBody,
    SettingFacts,
    StudentBody,
)
from projections.names import short_names, unnamed
from projections.queries.naming import CLOSED, ERASED, PERSONAL, called, full_name, identity_of
from projections.queries.registry_statements import all_of_kind, page_of_kind, with_key
from projections.views import Generation, Views
from projections.writers.registry import JOINED_RECORDS, Registry

T = TypeVar("T")
PAGE = 500
"""So many bodies are read at once."""


class Unknown(Exception):
    """There is nothing with this id. Whoever raises it may say so in a sentence of their own."""


class Reader:
    """Reads the read models of one ledger."""

    def __init__(self, ledger: Ledger, views: Views) -> None:
        self.ledger = ledger
        self.views = views
        self._definitions: dict[str, Definition | None] = {}
        self._names: dict[tuple[str, str], tuple[tuple[int, int], dict[str, str]]] = {}
        self._of_rules: dict[Hashable, tuple[int, Any]] = {}
        self.of_days: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    # Things there are ---------------------------------------------------------------------------------------------

    def collection(self, kind: Kind, setting_id: UUID | None = None, after: str = "", limit: int = 100) -> list[Any]:
        """Bodies of one kind in the order of their keys, after one of them."""
        with self.views.reading() as connection:
            live = self._live(connection, Registry.name)
            ask = page_of_kind(*Registry.tables_in(live), of_setting=setting_id is not None)
            given = {"kind": kind, "after": after, "setting": str(setting_id), "limit": limit}
            rows = connection.execute(ask, given).all()
            bodies = [{**orjson.loads(body), "key": key, "position": position} for key, position, body in rows]
            kept = self._kept(connection, live) if any(body.get("student_id") for body in bodies) else {}
        return self._named(kind, [_told_of(body, kept) for body in bodies])

    @overload
    def whole(self, kind: Literal["settings"]) -> list[SettingBody]: ...
    @overload
    def whole(self, kind: Literal["people"], setting: SettingFacts | None = None) -> list[PersonBody]: ...
    @overload
    def whole(self, kind: Literal["devices"], setting: SettingFacts | None = None) -> list[DeviceBody]: ...
    @overload
    def whole(self, kind: Literal["students"], setting: SettingFacts | None = None) -> list[StudentBody]: ...
    @overload
    def whole(self, kind: Literal["joined-records"], setting: SettingFacts | None = None) -> list[JoinedRecordBody]: ...
    @overload
    def whole(self, kind: Literal["placements"], setting: SettingFacts | None = None) -> list[PlacementBody]: ...
    @overload
    def whole(self, kind: Literal["frameworks"]) -> list[FrameworkBody]: ...
    @overload
    def whole(self, kind: Literal["proposals"], setting: SettingFacts | None = None) -> list[ProposalBody]: ...
    @overload
    def whole(self, kind: Literal["reports"], setting: SettingFacts | None = None) -> list[ReportBody]: ...
    @overload
    def whole(self, kind: Literal["worries"], setting: SettingFacts | None = None) -> list[SealedBody]: ...
    def whole(self, kind: Kind, setting: SettingFacts | None = None) -> Any:
        """All bodies of one kind, of one setting if it is given, named, in the order of their keys."""
        return self._all(kind, setting["id"] if setting else None)

    def _all(self, kind: Kind, setting_id: str | None) -> list[Any]:
        bodies: list[Any] = []
        where, page = UUID(setting_id) if setting_id else None, list[Any]()
        while not bodies or len(page) == PAGE:
            page = self.collection(kind, where, bodies[-1]["key"] if bodies else "", PAGE)
            bodies += page
            if not page:
                break
        return bodies

    def everyone(self, setting: SettingFacts, known_at: datetime | None = None) -> list[StudentBody]:
        """Every student of a setting, named, in the order of their ids.

        As it was known at a time, records that were joined since are students of their own.
        """
        students = self.whole("students", setting)
        if known_at is None:
            return students
        known = self.ledger.position_at(known_at)
        apart = [record for record in self.whole(JOINED_RECORDS, setting) if record["joined_from"] > known]
        return sorted((*students, *apart), key=lambda student: student["id"])

    def student_and_setting(self, student_id: UUID) -> tuple[StudentBody, SettingBody]:
        """A student and the setting that admitted them. Raises Unknown."""
        student = self.one("students", str(student_id))
        setting = self.one("settings", student["setting_id"]) if student else None
        if student is None or setting is None:
            raise Unknown
        return student, setting

    @overload
    def one(self, kind: Literal["settings"], key: str) -> SettingBody | None: ...
    @overload
    def one(self, kind: Literal["people"], key: str) -> PersonBody | None: ...
    @overload
    def one(self, kind: Literal["students"], key: str) -> StudentBody | None: ...
    @overload
    def one(self, kind: Literal["frameworks"], key: str) -> FrameworkBody | None: ...
    @overload
    def one(self, kind: Literal["reports"], key: str) -> ReportBody | None: ...
    @overload
    def one(self, kind: Literal["worries"], key: str) -> SealedBody | None: ...
    def one(self, kind: Kind, key: str) -> Any:
        """One body by its key, named, or None. That of a joined record is as it was before, and says who is kept."""
        return self._single(kind, key)

    def _single(self, kind: Kind, key: str) -> Any:
        with self.views.reading() as connection:
            live = self._live(connection, Registry.name)
            kept = self._kept(connection, live)
            joined = kind == "students" and key in kept
            given = {"kind": JOINED_RECORDS if joined else kind, "key": key}
            row = connection.execute(with_key(*Registry.tables_in(live)), given).first()
        if row is None:
            return None
        return self._named(kind, [_told_of({**orjson.loads(row[1]), "key": key, "position": row[0]}, kept)])[0]

    def _kept(self, connection: Connection, live: Generation) -> dict[str, str]:
        """The students whose records are joined to others, with the one that is kept of each child."""
        rows = connection.execute(all_of_kind(*Registry.tables_in(live)), {"kind": JOINED_RECORDS})
        return {key: orjson.loads(body)["kept_student"] for key, body in rows}

    def _named(self, kind: Kind, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Puts names in, opened all at once from the events that said them; `[erased]` where their keys were shredded.

        A student who is not identified yet has a name all the same, by which two of them are told apart.
        """
        positions = [body["named_at"] for body in bodies if body.get("named_at")]
        events = self.events(positions)
        names: dict[str, dict[str, str]] = {}
        for body in bodies:
            if "named_at" not in body:
                continue
            named_at = body.pop("named_at")
            event: Any = events.get(named_at)
            if kind in ("students", JOINED_RECORDS):
                body.update(identity_of(event) if event or not named_at else dict.fromkeys(PERSONAL, CLOSED))
            if event is None and named_at:
                body["name"] = CLOSED
                continue
            if "kept_student" not in body and body["setting_id"] not in names:
                names[body["setting_id"]] = self._short_names(kind, body["setting_id"])
            body["name"] = called(body, event, names).get(body["id"], ERASED)
        return bodies

    def _short_names(self, kind: str, setting_id: str) -> dict[str, str]:
        """What everybody of one kind is called in a setting, told apart; remembered until a rule or a key changes."""
        rules, keys = self._look()
        kept = self._names.get((kind, setting_id))
        if kept is not None and kept[0] == (rules, keys):
            return kept[1]
        with self.views.reading() as connection:
            live = self._live(connection, Registry.name)
            ask = all_of_kind(*Registry.tables_in(live), of_setting=True)
            rows = connection.execute(ask, {"kind": kind, "setting": setting_id}).all()
            seen = live.position
        named = {key: orjson.loads(body)["named_at"] for key, body in rows}
        events = self.events([at for at in named.values() if at])
        full = (full_name(key, events.get(at)) if at else unnamed(key) for key, at in named.items())
        names = short_names(person for person in full if person is not None)
        # What lags behind the ledger is right for now, and is asked anew until it has caught up.
        if seen >= rules:
            self._names[kind, setting_id] = (rules, keys), names
        return names

    def events(self, positions: list[int]) -> dict[int | None, Any]:
        """Events by position.

        One that cannot be read is left out, because it must not take everybody else's name with it.
        """
        try:
            return {event.stamp.position: event for event in self._read(positions)} if positions else {}
        except Unreadable:
            if len(positions) == 1:
                return {}
            middle = len(positions) // 2
            return self.events(positions[:middle]) | self.events(positions[middle:])

    def definition(self, key: str) -> Definition | None:
        """A published definition by `id@version`. A published version never changes, so it is remembered."""
        if self._definitions.get(key) is None:
            self._definitions[key] = self.ledger.published.definition(key)
        return self._definitions[key]

    def newest(self, kind: str, on: date, known_at: datetime | None = None) -> list[Definition]:
        """The newest version in use of every published definition of a kind, in the order of their ids; of those that
        were published by a moment, where one is given."""
        newest: dict[str, Definition] = {}
        for definition in self.until_a_rule_changes(("in use", kind), lambda: self._in_use(kind)):
            if known_at is not None and not self._was_published(definition.key, known_at):
                continue
            if definition.in_effect(on) and (
                definition.id not in newest or definition.version > newest[definition.id].version
            ):
                newest[definition.id] = definition
        return list(newest.values())

    def _was_published(self, key: str, by: datetime) -> bool:
        recorded = self.until_a_rule_changes(("published at", key), lambda: self.ledger.published.recorded_at(key))
        return recorded is not None and recorded <= by

    def _in_use(self, kind: str) -> tuple[Definition, ...]:
        """Every version of a kind that was published and not retired since, in the order of their keys."""
        bodies = (body for body in self.whole("frameworks") if body["kind"] == kind and not body["retired"])
        return tuple(definition for body in bodies if (definition := self.definition(body["key"])) is not None)

    def until_a_rule_changes(self, what: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` says, remembered under `what` until a stream with rules changes."""
        rules, _ = self._look()
        kept = self._of_rules.get(what)
        if kept is not None and kept[0] == rules:
            return kept[1]  # type: ignore[no-any-return]
        # What lags behind the ledger is right for now, and is asked anew until it has caught up.
        caught_up = self.views.position(Registry.name) >= rules
        answer = ask()
        if caught_up:
            self._of_rules[what] = rules, answer
        return answer

    def _look(self) -> tuple[int, int]:
        """How far the rules of the ledger are, and a number that is another one whenever keys were forgotten."""
        return self.ledger.recorder.read_head().rules_position, self.ledger.keyring.refresh()

    def _read(self, positions: list[int]) -> list[Event]:
        return self.ledger.read(positions)

    def slot_kinds(self, setting: SettingFacts) -> dict[str, str]:
        """The kind of every slot a setting ever had, by slot id."""
        return {slot["id"]: slot["kind"] for timetable in setting["timetables"] for slot in timetable["slots"]}

    # Positions ----------------------------------------------------------------------------------------------------

    def incomplete_students(self) -> frozenset[str]:
        """The ids of the students about whom an event could not be read, in whichever of their records."""
        return frozenset(str(self.ledger.states.kept(UUID(student))) for student in self.views.incomplete_students())

    def positions(self) -> dict[str, int]:
        """The position of the ledger and of each projection."""
        return {
            "ledger": self.ledger.recorder.read_head().position,
            **{kind.name: self.views.position(kind.name) for kind in PROJECTIONS},
        }

    def _live(self, connection: Connection, projection: str) -> Generation:
        live = self.views.live(connection, projection)
        if live is None:
            # Nobody has built it yet: `ap-ledger work` or `serve` does so when it starts.
            raise Busy(1)
        return live


def _told_of(body: dict[str, Any], kept: dict[str, str]) -> dict[str, Any]:
    """A body that names a student, with the id of the one that is kept where records were joined."""
    student = str(body.get("student_id"))
    return {**body, "student_id": kept[student], "recorded_as": student} if student in kept else body
