"""What pages, reports and the API ask of the read models. Text is opened here, at the edge, and nowhere below."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Connection

from ap_ledger.errors import Busy, Unreadable
from ap_ledger.events.base import Event
from ap_ledger.events.dated import in_force
from ap_ledger.recording.ledger import Ledger
from frameworks import Definition
from projections import PROJECTIONS
from projections.names import short_names, unnamed
from projections.queries.naming import CLOSED, ERASED, PERSONAL, called, full_name, identity_of, labels_of
from projections.views import Generation, Views
from projections.writers.registry import JOINED_RECORDS, Registry

T = TypeVar("T")
Body = dict[str, Any]
PAGE = 500
"""So many bodies are read at once."""


BOTH = " / "
"""Stands between the words of two records of one child."""


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
        self._lock = threading.Lock()

    # Things there are ---------------------------------------------------------------------------------------------

    def collection(self, kind: str, setting_id: UUID | None = None, after: str = "", limit: int = 100) -> list[Body]:
        """Bodies of one kind (settings, people, students, placements, frameworks) in the order of their keys, after one
        of them."""
        with self.views.reading() as connection:
            live = self._live(connection, Registry.name)
            where, given = "kind = ? AND id > ?", [kind, after]
            if setting_id is not None:
                where, given = f"{where} AND setting_id = ?", [*given, str(setting_id)]
            ask = f"SELECT id, position, body FROM registry__{live.name} WHERE {where} ORDER BY id LIMIT ?"
            rows = connection.exec_driver_sql(self.views.sql(ask), (*given, limit)).all()
            bodies = [{**orjson.loads(body), "key": key, "position": position} for key, position, body in rows]
            kept = self._kept(connection, live) if any(body.get("student_id") for body in bodies) else {}
        return self._named(kind, [_told_of(body, kept) for body in bodies])

    def whole(self, kind: str, setting: Body | None = None) -> list[Body]:
        """All bodies of one kind, of one setting if it is given, named, in the order of their keys."""
        found: list[Body] = []
        where, page = UUID(setting["id"]) if setting else None, list[Body]()
        while not found or len(page) == PAGE:
            page = self.collection(kind, where, found[-1]["key"] if found else "", PAGE)
            found += page
            if not page:
                break
        return found

    def everyone(self, setting: Body, known_at: datetime | None = None) -> list[Body]:
        """Every student of a setting, named, in the order of their ids.

        As it was known at a time, records that were joined since are students of their own.
        """
        found = self.whole("students", setting)
        if known_at is None:
            return found
        known = self.ledger.position_at(known_at)
        apart = [body for body in self.whole(JOINED_RECORDS, setting) if body["joined_from"] > known]
        return sorted((*found, *apart), key=lambda body: str(body["id"]))

    def student_and_setting(self, student_id: UUID) -> tuple[Body, Body]:
        """A student and the setting that admitted them. Raises Unknown."""
        student = self.one("students", str(student_id))
        setting = self.one("settings", student["setting_id"]) if student else None
        if student is None or setting is None:
            raise Unknown
        return student, setting

    def one(self, kind: str, key: str) -> Body | None:
        """One body by its key, named, or None. That of a joined record is as it was before, and says who is kept."""
        with self.views.reading() as connection:
            live = self._live(connection, Registry.name)
            ask = self.views.sql(f"SELECT position, body FROM registry__{live.name} WHERE kind = ? AND id = ?")
            kept = self._kept(connection, live)
            joined = kind == "students" and key in kept
            row = connection.exec_driver_sql(ask, (JOINED_RECORDS if joined else kind, key)).first()
        if row is None:
            return None
        return self._named(kind, [_told_of({**orjson.loads(row[1]), "key": key, "position": row[0]}, kept)])[0]

    def _kept(self, connection: Connection, live: Generation) -> dict[str, str]:
        """The students whose records are joined to others, with the one that is kept of each child."""
        ask = self.views.sql(f"SELECT id, body FROM registry__{live.name} WHERE kind = ?")
        rows = connection.exec_driver_sql(ask, (JOINED_RECORDS,))
        return {key: orjson.loads(body)["kept_student"] for key, body in rows}

    def _named(self, kind: str, bodies: list[Body]) -> list[Body]:
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
            ask = f"SELECT id, body FROM registry__{live.name} WHERE kind = ? AND setting_id = ?"
            rows = connection.exec_driver_sql(self.views.sql(ask), (kind, setting_id)).all()
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

    def own_labels(self, students: Sequence[Body]) -> dict[str, dict[str, dict[str, str]]]:
        """What students' own items say, by student, by the id of the shared definition, by their own id; opened here,
        all at once."""
        own = [
            (student["id"], definition, part)
            for student in students
            for definition, said in student.get("own_items", {}).items()
            for part in (said, *said.get("joined", {}).values())
            if part["position"]
        ]
        events = self.events([part["position"] for *_, part in own])
        found: dict[str, dict[str, dict[str, str]]] = {student["id"]: {} for student in students}
        for student, definition, part in own:
            words = found[student].setdefault(definition, {})
            for item, label in labels_of(part, events.get(part["position"])).items():
                # Where two records of a child say different things under one id, both stand there.
                words[item] = BOTH.join(dict.fromkeys(filter(None, (*words.get(item, "").split(BOTH), label))))
        return found

    def needs_of(self, students: Sequence[Body], day: date) -> dict[str, tuple[str, ...]]:
        """The codes of each student's needs in force on a day, the main one first, by the student's id; opened here,
        all at once."""
        held = {student["id"]: found for student in students if (found := in_force(student.get("needs", ()), day))}
        events = self.events([one["position"] for one in held.values()])
        said = {student: getattr(events.get(one["position"]), "needs", None) for student, one in held.items()}
        return {student: needs for student, needs in said.items() if isinstance(needs, tuple)}

    def newest(self, kind: str, on: date) -> list[Definition]:
        """The newest version in use of every published definition of a kind, in the order of their ids."""
        newest: dict[str, Definition] = {}
        for found in self.until_a_rule_changes(("in use", kind), lambda: self._in_use(kind)):
            if found.in_effect(on) and (found.id not in newest or found.version > newest[found.id].version):
                newest[found.id] = found
        return list(newest.values())

    def _in_use(self, kind: str) -> tuple[Definition, ...]:
        """Every version of a kind that was published and not retired since, in the order of their keys."""
        bodies = (body for body in self.whole("frameworks") if body["kind"] == kind and not body["retired"])
        return tuple(found for body in bodies if (found := self.definition(body["key"])) is not None)

    def until_a_rule_changes(self, what: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` says, remembered under `what` until a stream with rules changes."""
        rules, _ = self._look()
        kept = self._of_rules.get(what)
        if kept is not None and kept[0] == rules:
            return kept[1]  # type: ignore[no-any-return]
        # What lags behind the ledger is right for now, and is asked anew until it has caught up.
        caught_up = self.views.position(Registry.name) >= rules
        said = ask()
        if caught_up:
            self._of_rules[what] = rules, said
        return said

    def _look(self) -> tuple[int, int]:
        """How far the rules of the ledger are, and a number that is another one whenever keys were forgotten."""
        return self.ledger.recorder.read_head().rules_position, self.ledger.keyring.refresh()

    def _read(self, positions: list[int]) -> list[Event]:
        return self.ledger.read(positions)

    def slot_kinds(self, setting: Body) -> dict[str, str]:
        """The kind of every slot a setting ever had, by slot id."""
        return {slot["id"]: slot["kind"] for timetable in setting.get("timetables", ()) for slot in timetable["slots"]}

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


def _told_of(body: Body, kept: dict[str, str]) -> Body:
    """A body that names a student, with the id of the one that is kept where records were joined."""
    student = str(body.get("student_id"))
    return {**body, "student_id": kept[student], "recorded_as": student} if student in kept else body


def group_of(student: Body, day: date) -> str | None:
    """The group in which a student is taught on a day, or None."""
    held = in_force(student.get("groups", ()), day)
    return held.get("group") if held else None


def key_worker_of(student: Body, day: date) -> str | None:
    """The id of the student's key worker on a day, or None."""
    assigned = in_force(student.get("key_workers", ()), day)
    return assigned.get("person_id") if assigned else None


def timetable_on(setting: Body, day: str) -> Sequence[Body]:
    """The slots in force on an ISO date."""
    held = in_force(setting.get("timetables", ()), day)
    return held["slots"] if held else []


def age_on(student: Body, day: date) -> int | None:
    """A student's age in whole years, where the date of birth is known."""
    try:
        born = date.fromisoformat(str(student.get("date_of_birth")))
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
