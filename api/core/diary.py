"""A student's diary: what happened, day by day, with what belongs to one visit or one session told as one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ap_ledger.events.entries import (
    ContextNoted,
    IncidentRecorded,
    NoteWritten,
    OutcomeScored,
    RungReached,
    SessionAttended,
    UnitProgressed,
    VisitLogged,
    VoiceHeard,
)
from ap_ledger.kinds import KINDS
from api.core.service import Json
from api.core.stories import line_of
from projections.bodies import SettingBody, SlotBody
from projections.queries.reading import Reader
from projections.queries.words import WITHHELD, Own

ICONS: Mapping[str, str] = {
    VisitLogged.TOPIC: "footprints",
    RungReached.TOPIC: "footprints",
    SessionAttended.TOPIC: "school",
    OutcomeScored.TOPIC: "school",
    UnitProgressed.TOPIC: "graduation-cap",
    VoiceHeard.TOPIC: "message-circle",
    NoteWritten.TOPIC: "notebook-pen",
    IncidentRecorded.TOPIC: "triangle-alert",
    ContextNoted.TOPIC: "house",
}
"""The icon of what stands alone, by its kind."""
OTHER_ICON = "circle"
NOON = "12:00"
"""What begins before it is of the morning's session."""


@dataclass
class Happening:
    """A visit, a session, or something that stands alone, with its entries as lines, the newest first.

    `reached` is the highest rung of it, `on_site` whether that was on site. `scores` are the lines of its scores, by
    the slot in which they were given, and `seen` is how many of these were seen. `words` is what somebody said in it.
    """

    title: str
    icon: str
    times: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    lines: list[Json] = field(default_factory=list)
    scores: dict[str, list[Json]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    reached: str = ""
    on_site: bool = False
    place: int = -1
    seen: int = 0

    @property
    def when(self) -> str:
        """From its first entry to its last."""
        first, last = min(self.times), max(self.times)
        return first if first == last else f"{first} to {last}"

    @property
    def scored(self) -> int:
        """How many scores it holds."""
        return sum(map(len, self.scores.values()))


Diary = list[tuple[str, list[Happening]]]


def diary_of(
    reader: Reader,
    setting: SettingBody,
    entries: Iterable[Json],
    people: Mapping[str, str | None],
    own: Own,
    most: int,
) -> Diary:
    """Entries, which come newest first, as days of what happened; the newest of these, as many as are asked for."""
    zone = ZoneInfo(setting["time_zone"])
    slots = {slot["id"]: slot for timetable in setting["timetables"] for slot in timetable["slots"]}
    days: dict[str, dict[str, Happening]] = {}
    for told in entries:
        line = line_of(reader, told, zone, people, own)
        slot = slots.get((told["entry"].get("session") or {}).get("slot", ""))
        belongs, title = _belongs(reader, told, line, slot, zone)
        on_day = days.setdefault(line["day"], {})
        if belongs not in on_day:
            if sum(map(len, days.values())) == most:
                break
            on_day[belongs] = Happening(title, _icon(belongs, told["kind"]))
        _add(reader, on_day[belongs], told, line, slot, zone)
    return [(day, list(on_day.values())) for day, on_day in days.items() if on_day]


def whole_days(entries: Sequence[Json], limit: int, zone: ZoneInfo) -> Sequence[Json]:
    """Of the newest entries those of days that are whole: where there were more, the last day is left out."""
    days = [datetime.fromisoformat(told["occurred_at"]).astimezone(zone).date() for told in entries]
    if len(entries) < limit or days[0] == days[-1]:
        return entries
    return [told for told, day in zip(entries, days, strict=True) if day != days[-1]]


def _belongs(reader: Reader, told: Json, line: Json, slot: SlotBody | None, zone: ZoneInfo) -> tuple[str, str]:
    """What an entry is part of, and what that is called."""
    entry = told["entry"]
    begins = line["when"]
    if told["kind"] == SessionAttended.TOPIC:
        begins = f"{datetime.fromisoformat(entry['planned_start']).astimezone(zone):%H:%M}"
    elif slot is not None:
        begins = slot["starts"][:5]
    elif entry.get("visit_id"):
        return f"visit {entry['visit_id']}", "Visit"
    elif not (told["kind"] == RungReached.TOPIC and _is_on_site(reader, entry)):
        return f"entry {told['id']}", KINDS[told["kind"]].label
    half = "morning" if begins < NOON else "afternoon"
    return f"session {half}", f"Session, {half}"


def _icon(belongs: str, kind: str) -> str:
    if belongs.startswith("session"):
        return ICONS[SessionAttended.TOPIC]
    return ICONS[VisitLogged.TOPIC] if belongs.startswith("visit") else ICONS.get(kind, OTHER_ICON)


def _is_on_site(reader: Reader, entry: Json) -> bool:
    ladder = reader.definition(f"{entry['ladder']['id']}@{entry['ladder']['version']}")
    rung = ladder.rung(entry["rung"]) if ladder else None
    return bool(rung and rung.on_site)


def _add(reader: Reader, happening: Happening, told: Json, line: Json, slot: SlotBody | None, zone: ZoneInfo) -> None:
    entry, stands = told["entry"], told["status"] != "voided"
    if told["kind"] == SessionAttended.TOPIC:
        for name in ("planned_start", "planned_end"):
            happening.times.append(f"{datetime.fromisoformat(entry[name]).astimezone(zone):%H:%M}")
    elif slot is not None:
        happening.times += [slot["starts"][:5], slot["ends"][:5]]
    else:
        happening.times.append(line["when"])
    if line["who"] not in happening.people:
        happening.people.append(line["who"])
    if told["kind"] == OutcomeScored.TOPIC and slot is not None:
        happening.scores.setdefault(slot["label"], []).append(line)
        happening.seen += bool(stands and entry.get("level"))
        return
    words = entry.get("words") if told["kind"] == VoiceHeard.TOPIC and stands else None
    if words and words != WITHHELD:
        # What is quoted is not said once more in the line.
        happening.words.append(words)
        line = {**line, "what": line["what"].removesuffix(f". {words}")}
    happening.lines.append(line)
    if told["kind"] == RungReached.TOPIC and stands:
        _reach(reader, happening, entry, line["what"])


def _reach(reader: Reader, happening: Happening, entry: Json, words: str) -> None:
    """The highest rung of a visit is what it is known by."""
    ladder = reader.definition(f"{entry['ladder']['id']}@{entry['ladder']['version']}")
    place = ladder.place(entry["rung"]) if ladder else -1
    if place > happening.place or not happening.reached:
        rung = ladder.rung(entry["rung"]) if ladder else None
        happening.place, happening.reached = place, (rung.short or rung.label) if rung else words
        happening.on_site = bool(rung and rung.on_site)
