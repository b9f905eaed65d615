"""What the first page holds for whoever visits, and for whoever scores: whom next, what is on now, and what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ap_ledger.bootstrap import Service
from ap_ledger.events.moments import local_day, microseconds, zone
from ap_ledger.kinds.telling import spoken
from api.core.asking import Asker
from api.core.languages import say
from api.core.visits import VisitLine, visit_lines
from api.home.leading import when_in_words
from projections.bodies import SettingBody, StudentBody
from projections.queries.attention import days_in_words
from projections.queries.came_in import CameIn, came_in
from projections.queries.expected import Expectations
from projections.queries.journeys import Journey, journeys
from projections.queries.on_day import group_of
from projections.queries.planned_visits import planned_visits
from projections.queries.relations import still_here, still_visited
from projections.queries.slots_of_day import SlotOfDay, open_day, slots_of_day

NO_GROUP = "No group"


class Visit(NamedTuple):
    """One child of a caseload: how it stands with them, and whether somebody was there today."""

    journey: Journey
    missed: int
    missed_on: str
    last: str
    done: bool

    @property
    def student(self) -> StudentBody:
        """Who it is."""
        return self.journey.student


@dataclass(frozen=True)
class Visiting:
    """A mentor's first page: today's planned visits in their order, whom else to visit, those longest without contact
    first, and who was visited today."""

    planned: Sequence[VisitLine]
    to_visit: Sequence[Visit]
    done: Sequence[Visit]

    @property
    def next(self) -> VisitLine | None:
        """The planned visit that comes next, or is under way."""
        return next((line for line in self.planned if line.state in ("under-way", "planned")), None)


def visiting(using: Service, asking: Asker, setting: SettingBody) -> Visiting:
    """The visits of whoever asks that are planned for today, and the rest of their caseload, by how long ago contact
    was."""
    reader, now = using.reader, using.ledger.now()
    today = local_day(microseconds(now), setting["time_zone"])
    mine = [
        student
        for student in still_visited(reader.everyone(setting), reader.whole("placements", setting), today)
        if asking.person in asking.about(student["id"]).relations().caseload
    ]
    days = asking.days_among(mine, "read-history")
    told = journeys(reader, setting, [student for student in mine if student["id"] in days], now, days)
    visits = [_visit(journey, today) for journey in told.values()]
    visits.sort(
        key=lambda each: (
            each.journey.path.last_reached.at if each.journey.path.last_reached else 0,
            each.student["name"],
        )
    )
    plans = planned_visits(reader, setting, today, today, asking.person)
    planned = visit_lines(using, asking, plans, asking.among(reader.everyone(setting), "see-student"), now)
    there = {str(plan.student_id) for plan in plans}
    others = [each for each in visits if each.student["id"] not in there]
    return Visiting(planned, [each for each in others if not each.done], [each for each in others if each.done])


def _visit(journey: Journey, today: date) -> Visit:
    missed, last = journey.path.not_reached(), journey.path.last_reached
    said = say("Nobody was in contact yet")
    if last is not None:
        when = when_in_words(last.day, today)
        said = f"{journey.path.label(last.place)}, {when.lower() if last.day == today else when}"
    return Visit(
        journey,
        len(missed),
        days_in_words([contact.day for contact in missed[-3:]]) if missed else "",
        said,
        bool(journey.path.contacts) and journey.path.contacts[-1].day == today,
    )


class GroupNow(NamedTuple):
    """One group in a slot: who is here, who is not, and for whom anything was scored."""

    name: str
    students: Sequence[tuple[StudentBody, bool, bool]]
    """Each with whether they are here, and whether they were scored."""
    here: int
    scored: int


class StillOpen(NamedTuple):
    """A slot that is over, and whose scores are still open."""

    slot: SlotOfDay
    names: Sequence[str]


@dataclass(frozen=True)
class Scoring:
    """The first page of whoever scores: the slot of now, the day, what is still open, and what is good to know."""

    setting: SettingBody
    day: date | None
    today: date
    slots: Sequence[SlotOfDay]
    now: SlotOfDay | None
    minutes_left: int | None
    following: SlotOfDay | None
    groups: Sequence[GroupNow]
    open: Sequence[StillOpen]
    came_in: CameIn | None


def scoring(using: Service, asking: Asker, setting: SettingBody) -> Scoring:
    """The day as it stands for whoever scores in a setting."""
    reader, now = using.reader, using.ledger.now()
    today = local_day(microseconds(now), setting["time_zone"])
    placements = reader.whole("placements", setting)
    students = asking.among(still_here(reader.everyone(setting), placements, today), "read-group")
    expectations = Expectations(setting, placements)
    day = open_day(setting, expectations, today)
    slots = slots_of_day(reader, setting, students, expectations, day, now) if day else []
    by_id = {student["id"]: student for student in students}
    current = next((slot for slot in slots if slot.when == "now"), None)
    later = [slot for slot in slots if slot.when == "later"]
    shown = current or (later[0] if later and day == today else None)
    days = asking.days_among(students, "read-history")
    return Scoring(
        setting,
        day,
        today,
        slots,
        shown,
        _minutes_left(current, now.astimezone(zone(setting["time_zone"])).strftime("%H:%M")) if current else None,
        next((slot for slot in later if slot is not shown), None),
        _groups(shown, by_id, today) if shown else [],
        [
            StillOpen(slot, [str(by_id[student]["name"]) for student in slot.open])
            for slot in slots
            if slot.when == "over" and slot.open
        ],
        came_in(reader, setting, journeys(reader, setting, students, now, days), expectations, now) if days else None,
    )


def _minutes_left(slot: SlotOfDay, clock: str) -> int:
    """How many minutes a slot still has, by local clocks."""

    def minutes(text: str) -> int:
        return 60 * int(text[:2]) + int(text[3:5])

    return minutes(slot.slot["ends"]) - minutes(clock)


def _groups(slot: SlotOfDay, students: dict[str, StudentBody], day: date) -> list[GroupNow]:
    """Those who are expected in a slot, by the group in which they are taught."""
    groups: dict[str, list[tuple[StudentBody, bool, bool]]] = {}
    for key in slot.expected:
        name = group_of(students[key], day)
        line = (students[key], key in slot.here, key in slot.scored)
        groups.setdefault(spoken(name) if name else say(NO_GROUP), []).append(line)
    return [
        GroupNow(
            name,
            sorted(lines, key=lambda line: str(line[0]["name"])),
            sum(here for _, here, _ in lines),
            sum(here and scored for _, here, scored in lines),
        )
        for name, lines in sorted(groups.items(), key=lambda pair: (pair[0] == say(NO_GROUP), pair[0]))
    ]
