"""What a leader's first page holds of one setting: who needs somebody, what is due, what came in, today's slots, and
the wall of ladders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from ap_ledger.bootstrap import Service
from ap_ledger.events.entries import RungReached, VisitLogged
from ap_ledger.events.moments import local_day, microseconds
from api.core.asking import Asker
from api.core.languages import day_of_week, month_of_year, say
from projections.bodies import SettingBody
from projections.queries.attention import Needing, needing
from projections.queries.came_in import CameIn, came_in
from projections.queries.clocks import Clock, clocks
from projections.queries.expected import Expectations
from projections.queries.journeys import journeys
from projections.queries.relations import placed_on, still_here
from projections.queries.slots_of_day import SlotOfDay, open_day, slots_of_day
from projections.queries.wall import Wall, wall

DUE_SHOWN = 5
THIS_WEEK = timedelta(days=7)
SHOWN = {"": "Everybody", "away": "Away from site", "back": "Set back lately", "needs": "Needs a decision"}
"""What the wall is narrowed down to, as the address says it."""
ORDERS = {"": "Lowest start first", "quiet": "Longest since contact", "name": "By name"}


class Act(NamedTuple):
    """The one thing to do about a child: what the button says, and where it leads."""

    words: str
    address: str


class DueLine(NamedTuple):
    """What is due, in one line: when, what, for whom, and where it is settled."""

    when: str
    late: bool
    what: str
    whom: str
    address: str


@dataclass(frozen=True)
class Leading:
    """A leader's first page of one setting."""

    setting: SettingBody
    needing: Sequence[Needing]
    students: int
    due: Sequence[DueLine]
    due_count: int
    came_in: CameIn
    day: date | None
    today: date
    slots: Sequence[SlotOfDay]
    wall: Wall

    @property
    def flagged(self) -> frozenset[str]:
        """The ids of those who need somebody."""
        return frozenset(each.student["id"] for each in self.needing)


def leading(using: Service, asking: Asker, setting: SettingBody, chosen: Mapping[str, str], page: int) -> Leading:
    """The first page of whoever leads a setting. `chosen` says what the wall is narrowed down to and its order."""
    reader, now = using.reader, using.ledger.now()
    today = local_day(microseconds(now), setting["time_zone"])
    placements = reader.whole("placements", setting)
    everyone = still_here(reader.everyone(setting), placements, today)
    days = asking.days_among(everyone, "read-history")
    students = [student for student in everyone if student["id"] in days]
    told = journeys(reader, setting, students, now, days)
    due = clocks(reader, setting, students, now)
    placed = frozenset(placed_on(placements, today))
    needs = needing(reader, setting, told, placed, due, now)
    expectations = Expectations(setting, placements)
    day = open_day(setting, expectations, today)
    lines = due_lines(due, today)
    return Leading(
        setting,
        needs,
        len(students),
        lines[:DUE_SHOWN],
        len(lines),
        came_in(reader, setting, told, expectations, now),
        day,
        today,
        slots_of_day(reader, setting, students, expectations, day, now) if day else [],
        wall(list(told.values()), {each.student["id"] for each in needs}, chosen, page, today),
    )


def act_for(each: Needing, setting_id: str) -> Act:
    """What to do about a child first."""
    student = each.student["id"]
    record = f"/students/{student}"
    match each.reason.rule.name:
        case "not-reached" | "cancelled":
            return Act("See the visits", f"{record}/entries?kind={VisitLogged.TOPIC},{RungReached.TOPIC}")
        case "going-back":
            return Act("Open replay", record)
        case "overdue":
            link = each.reason.clock.link if each.reason.clock else ""
            return Act("Settle it", link or f"/clocks?setting={setting_id}")
        case "no-contact":
            return Act("Log a visit", "/visit")
        case "not-scored":
            return Act("Score a session", "/sessions")
    return Act("Open their page", record)


# What is due ----------------------------------------------------------------------------------------------------------


def due_lines(due: Sequence[Clock], today: date) -> list[DueLine]:
    """What is due or late this week, alike for many in one line, the longest overdue first."""
    alike: dict[tuple[object, ...], list[Clock]] = {}
    for clock in due:
        if clock.due <= today + THIS_WEEK:
            key = (clock.kind, clock.what, clock.due) if clock.kind != "absence" else (clock.kind,)
            alike.setdefault(key, []).append(clock)
    return [_due_line(some, today) for some in alike.values()]


def _due_line(some: Sequence[Clock], today: date) -> DueLine:
    clock = some[0]
    named = clock.student["name"] if clock.student else clock.what.partition(" with ")[2]
    whom = str(named) if len(some) == 1 else say("{count} children", count=len(some))
    kind = say(clock.kind)
    what = kind[:1].upper() + kind[1:]
    return DueLine(when_in_words(clock.due, today), clock.due < today, what, whom, clock.link or "/clocks")


def when_in_words(day: date, today: date) -> str:
    """A day near today in one word, and one far away as a date."""
    if day == today:
        return say("Today")
    return day_of_week(day) if abs((day - today).days) < THIS_WEEK.days else f"{day.day} {month_of_year(day)}"
