"""Recomputes a student's figures from the ledger file with sqlite3 and json alone. It imports nothing of AP Ledger.

Run as a program: `python recompute.py LEDGER.sqlite STUDENT [KNOWN_AT]`, where KNOWN_AT is microseconds since 1970.
With the ledger alone it follows the chain over every row, and names the positions where that does not hold. It is an
auditor's second opinion: slow, plain, and written apart from the projections.
"""

import hashlib
import json
import sqlite3
import sys
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Entry = tuple[int, int, str, dict[str, Any]]
CHANGES = ("entry-corrected", "entry-voided")
"""What changes an entry. Beside these only entries say at what time a device observed something."""


def records_of(database: sqlite3.Connection, student: str, known_at: int) -> set[bytes]:
    """The ids under which entries told of a student had come by then: their own, and those that were joined to it."""
    own = uuid.UUID(student).bytes
    records = {own}
    ask = "SELECT topic, state FROM stored_events WHERE student_id = ? AND recorded_at <= ? ORDER BY position"
    for topic, text in database.execute(ask, (own, known_at)):
        if topic not in ("students-joined", "students-parted"):
            continue
        state = json.loads(text)
        joined, kept = (uuid.UUID(state[name]).bytes for name in ("joined_student", "kept_student"))
        # Said of the student who is kept, it brings the other one's entries; of the other one, it takes them away.
        (records.add if (topic == "students-joined") == (kept == own) else records.discard)(joined)
    return records


def current_entries(database: sqlite3.Connection, student: str, known_at: int) -> list[Entry]:
    """(when it happened, position, kind, fields) of every entry that stood at a time of recording."""
    entries: dict[bytes, Entry] = {}
    voided = set()
    records = records_of(database, student, known_at)
    ask = (
        "SELECT position, originator_id, topic, occurred_at, state FROM stored_events "
        f"WHERE student_id IN ({','.join('?' * len(records))}) AND recorded_at <= ? ORDER BY position"
    )
    for position, stream, topic, occurred_at, text in database.execute(ask, (*records, known_at)):
        state = json.loads(text)
        if "device_time" in state and topic not in CHANGES:
            entries[stream] = (occurred_at, position, topic, state)
        elif topic == "entry-corrected" and stream in entries:
            entries[stream] = (
                _microseconds(state["replacement_occurred_at"]),
                position,
                state["replacement_kind"],
                state["replacement"],
            )
        elif topic == "entry-voided":
            voided.add(stream)
    return sorted(entry for stream, entry in entries.items() if stream not in voided)


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def scores(entries: list[Entry]) -> list[tuple[str, str]]:
    """(framework and indicator, level or ~ and a reason for none) of every score.

    Those of one rater in one slot of a day are one, and outside a slot those of one moment.
    A level stands before a reason. Two levels that differ are ~disputed. Of reasons the last by its letters stands.
    """
    facts: dict[tuple[str, ...], set[str]] = {}
    for occurred_at, _, kind, state in entries:
        if kind == "outcome-scored":
            session = state.get("session")
            where = (session["date"], session["slot"]) if session else ("", str(occurred_at))
            key = "{id}@{version}".format(**state["framework"]) + f"|{state['indicator']}"
            level = state.get("level")
            facts.setdefault((key, state["informant"], *where), set()).add(
                str(level) if level is not None else "~" + state["missing"]
            )
    made = []
    for fact, words in facts.items():
        levels = [word for word in words if not word.startswith("~")]
        made.append((fact[0], levels[0] if len(levels) == 1 else "~disputed" if levels else max(words)))
    return made


def session_counts(entries: list[Entry], rules: "Rules") -> dict[str, int]:
    """How often sessions were attended, missed or cancelled; those about which entries contradict each other are
    disputed.

    Entries are about one session where they name one slot of one day, or, where one of two names none, where the
    planned times overlap. One that was missed, and that the student was not expected in, is counted as that and not as
    missed.
    """
    groups: list[list[dict[str, Any]]] = []
    for occurred_at, _, kind, state in entries:
        if kind == "session-attended":
            told = {**state, "day": rules.local(occurred_at).date()}
            near = [group for group in groups if any(_same_session(told, attested) for attested in group)]
            apart = [group for group in groups if all(group is not each for each in near)]
            groups = [*apart, [told, *(attested for group in near for attested in group)]]
    counts: Counter[str] = Counter()
    for group in groups:
        words = {_status(state) for state in group}
        if words in ({"not-attended"}, {"cancelled-by-student"}) and not rules.expected(group):
            words = {"not-expected"}
        counts[words.pop() if len(words) == 1 else "disputed"] += 1
    return dict(sorted(counts.items()))


class Rules:
    """What was known at a time of recording of when a student is expected: placements, weeks, calendars, timetables."""

    def __init__(self, database: sqlite3.Connection, student: str, known_at: int) -> None:
        self.placements: dict[str, dict[str, Any]] = {}
        self.dated: dict[str, dict[str, Any]] = {"calendar-set": {}, "timetable-set": {}, "student-expected": {}}
        self.zone = ZoneInfo("UTC")
        records = records_of(database, student, known_at)
        ask = (
            "SELECT topic, state FROM stored_events WHERE recorded_at <= ? AND (student_id IN "
            f"({','.join('?' * len(records))}) OR topic IN ('setting-opened', 'calendar-set', "
            "'timetable-set', 'setting-fact-withdrawn') AND setting_id = (SELECT setting_id FROM "
            "stored_events WHERE originator_id = ? AND topic = 'student-admitted')) ORDER BY position"
        )
        for topic, text in database.execute(ask, (known_at, *records, uuid.UUID(student).bytes)):
            state = json.loads(text)
            if topic == "setting-opened":
                self.zone = ZoneInfo(state["time_zone"])
            elif topic in self.dated:
                # What holds from a date gives way to what is recorded later from that date, and to what corrects it.
                self.dated[topic].pop(state.get("corrects") or "", None)
                self.dated[topic][state["from_date"]] = state
            elif topic in ("setting-fact-withdrawn", "student-fact-withdrawn") and state["fact"] in self.dated:
                self.dated[state["fact"]].pop(state["from_date"], None)
            elif topic in ("placement-started", "placement-ended", "placement-corrected"):
                placement = self.placements.setdefault(state["placement_id"], {})
                placement.update(dict.fromkeys(state.get("clear", ())))
                placement.update({name: state[name] for name in ("start", "end") if name in state})

    def local(self, at: int) -> datetime:
        """A moment where the setting is."""
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(self.zone)

    def expected(self, group: list[dict[str, Any]]) -> bool:
        """Whether the student was expected in a session, or nobody said in which sessions they are."""
        on = group[0]["day"]
        day, weekday = on.isoformat(), on.isoweekday()
        placed = any(
            placement["start"] <= day <= (placement.get("end") or "9999") for placement in self.placements.values()
        )
        calendar, week = self._in_force("calendar-set", day) or {}, self._in_force("student-expected", day)
        terms, closures = (
            [span["first"] <= day <= span["last"] for span in calendar.get(name, ())] for name in ("terms", "closures")
        )
        if not placed or any(closures) or (terms and not any(terms)):
            return False
        slots = (self._in_force("timetable-set", day) or {}).get("slots", ())
        today = [slot for slot in slots if weekday in slot.get("weekdays", (1, 2, 3, 4, 5))]
        possible = {slot["id"] for slot in today if self._meets(slot, group)}
        if week is None:
            return bool(possible) or not slots
        return bool(
            possible & {slot for planned in week["days"] if planned["weekday"] == weekday for slot in planned["slots"]}
        )

    def _in_force(self, topic: str, day: str) -> dict[str, Any] | None:
        begun = max((begins for begins in self.dated[topic] if begins <= day), default="")
        return self.dated[topic].get(begun)

    def _meets(self, slot: dict[str, Any], group: list[dict[str, Any]]) -> bool:
        """Whether a session is of a slot: of the one it names, or, where it names none, of any within its times."""
        named = {told["session"]["slot"] for told in group if told.get("session")}
        if named:
            return slot["id"] in named
        times = [[self.local(_microseconds(told[name])) for name in ("planned_start", "planned_end")] for told in group]
        starts, ends = slot["starts"][:5], slot["ends"][:5]
        return any(starts < f"{until:%H:%M}" and f"{since:%H:%M}" < ends for since, until in times)


def _status(state: dict[str, Any]) -> str:
    if state.get("cancelled_by"):
        return f"cancelled-by-{state['cancelled_by']}"
    return "attended" if state.get("actual_start") else "not-attended"


def _same_session(first: dict[str, Any], second: dict[str, Any]) -> bool:
    if first.get("session") and second.get("session"):
        return bool(first["session"] == second["session"])
    (a, b), (c, d) = (
        [_microseconds(state[name]) for name in ("planned_start", "planned_end")] for state in (first, second)
    )
    return a == c or (a < d and c < b)


def rung_order(database: sqlite3.Connection, ladder: str, version: int) -> list[str]:
    """The rungs of a published ladder, lowest first."""
    for (text,) in database.execute("SELECT state FROM stored_events WHERE topic = 'framework-published'"):
        state = json.loads(text)
        if (state["framework_id"], state["version"]) == (ladder, version):
            order: list[str] = []
            waiting = list(state["definition"]["rungs"])
            while waiting:
                rung = waiting.pop(0)
                order.append(rung["id"])
                # Smaller steps under a rung come straight after it.
                waiting = rung.get("rungs", []) + waiting
            return order
    return []


def with_own(order: list[str], reached: list[str]) -> list[str]:
    """A student's own steps (`goes-out.2`) put in after the rung they stand under, by their numbers."""
    made = list(order)
    numbers = {
        rung: [int(part) if part.isdecimal() else 0 for part in rung.split(".")]
        for rung in reached
        if rung not in order
    }
    for rung in sorted(numbers, key=lambda number: (number.count("."), numbers[number]), reverse=True):
        for shorter in range(rung.count("."), 0, -1):
            parent = ".".join(rung.split(".")[:shorter])
            if parent in order:
                made.insert(made.index(parent) + 1, rung)
                break
    return made


def figures(path: str, student: str, known_at: int) -> dict[str, Any]:
    """The figures that the student's page shows."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    entries = current_entries(database, student, known_at)
    outcomes: dict[str, Counter[str]] = {}
    units: dict[str, str] = {}
    visits: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for key, word in scores(entries):
        outcomes.setdefault(key, Counter())[word] += 1
    for occurred_at, position, kind, state in entries:
        if kind == "unit-progressed":
            units["{id}@{version}".format(**state["curriculum"]) + "|" + state["unit"]] = state["status"]
        elif kind == "rung-reached":
            ladder = "{id}@{version}".format(**state["ladder"])
            contact = uuid.UUID(state["visit_id"]).hex if state.get("visit_id") else f"alone {position}"
            visits.setdefault(ladder, {}).setdefault(contact, []).append((occurred_at, state["rung"]))
    ladders = {}
    for ladder, contacts in visits.items():
        name, version = ladder.split("@")
        order = with_own(
            rung_order(database, name, int(version)), sorted({rung for rungs in contacts.values() for _, rung in rungs})
        )
        # The moment of a contact is that of its first rung; its place is that of its highest.
        by_time = sorted(
            (min(at for at, _ in rungs), max(order.index(rung) for _, rung in rungs)) for rungs in contacts.values()
        )
        places = [place for _, place in by_time]
        first = sorted(places[:10])
        last = sorted(places[-5:], reverse=True)
        ladders[ladder] = {
            "contacts": len(places),
            "baseline": order[first[(len(first) - 1) // 2]],
            "latest": order[places[-1]],
            "highest": order[max(places)],
            "sustained": order[last[2]] if len(last) > 2 else None,
        }
    return {
        "entries": len(entries),
        "kinds": dict(sorted(Counter(kind for _, _, kind, _ in entries).items())),
        "outcomes": {key: dict(sorted(levels.items())) for key, levels in sorted(outcomes.items())},
        "sessions": session_counts(entries, Rules(database, student, known_at)),
        "units": dict(sorted(units.items())),
        "ladders": ladders,
    }


CHAINED = (
    "position", "originator_id", "originator_version", "topic", "class_version", "command_id", "setting_id",
    "student_id",
    "author_id", "device_id", "occurred_at", "recorded_at", "fingerprint", "sealed_hash", "state",
)  # fmt: skip


def broken_links(path: str) -> list[int]:
    """Positions whose link does not follow from the one before and from the row: empty for a ledger that is as it was
    recorded."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    ledger_id, end = database.execute("SELECT ledger_id, chain FROM head").fetchone()
    link, last, broken = hashlib.sha256(ledger_id).digest(), 0, []
    for *columns, chain in database.execute(f"SELECT {', '.join(CHAINED)}, chain FROM stored_events ORDER BY position"):
        if columns[0] != last + 1 or hashlib.sha256(link + b"".join(map(_written, columns))).digest() != chain:
            broken.append(columns[0])
        link, last = chain, columns[0]
    return broken if link == end else [*broken, last + 1]


def _written(value: Any) -> bytes:
    """A null is the byte 0; a whole number is 1 and eight bytes; anything else is 2, its length in four bytes, and its
    bytes."""
    if value is None:
        return b"\0"
    if isinstance(value, int):
        return b"\1" + value.to_bytes(8, "big", signed=True)
    content = value.encode() if isinstance(value, str) else value
    return b"\2" + len(content).to_bytes(4, "big") + bytes(content)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        broken_at = broken_links(sys.argv[1])
        print(
            f"The chain does not hold at these positions: {broken_at}"
            if broken_at
            else "Every row follows the one before it."
        )
        sys.exit(1 if broken_at else 0)
    print(json.dumps(figures(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 2**62)))
