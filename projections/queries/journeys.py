"""How far contact got with each student of a setting since their placement began: every contact, from one look at the
day cells, for the drawings of the first page and the rules that say who needs somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from ap_ledger.events.days import EVERY_DAY, Days
from ap_ledger.events.moments import local_day, microseconds
from frameworks import Definition
from projections.bodies import PlacementFacts, SettingBody, StudentBody
from projections.fold.cells import DatedCell, Rung
from projections.fold.climb import BASELINE_CONTACTS, SUSTAINED_LAST, SUSTAINED_OF, median
from projections.queries.crosswalks import climbs_carried
from projections.queries.overview import rungs_between
from projections.queries.reading import Reader
from projections.queries.relations import AFTERWARDS, by_student
from projections.queries.remembered import remembered

NOBODY = "no-contact"
"""The rung that says that nobody was there. It is drawn beside the line, as it says nothing of how far a child got."""
LOOKED_BACK = timedelta(weeks=53)
"""So far back a journey goes of whom no placement is known."""
RUNNING = 10
"""The line goes through the middle of so many contacts, the present one among them."""
LINE_FROM = 4
"""From this contact on there is a line; fewer are shown as dots alone."""
BEFORE, LATELY, RUNGS_LOWER = 20, 5, 2
"""A harder stretch is five of five contacts at least two rungs below the middle of up to twenty before them."""
BEFORE_ENOUGH = 5
"""With fewer contacts before, nothing can be said to be lower than they were."""


class Contact(NamedTuple):
    """One contact: a visit by the highest of its rungs, or a rung that was reached outside one."""

    at: int
    """When it began, in microseconds."""
    position: int
    """The place in the ledger of the first entry that told of it."""
    day: date
    """Its day, where the setting is."""
    place: int
    """How far it got: the place of the rung, from 0. A student's own step counts as the rung it stands under."""
    nobody: bool
    """Whether nobody was there."""
    on_site: bool
    """Whether it was on site."""


class Middle(NamedTuple):
    """A point of the line: the middle of the last ten contacts, and the middle six of them."""

    at: int
    place: int
    low: int
    high: int


@dataclass(frozen=True)
class Path:
    """Contacts on one ladder, in the order in which they happened: nothing that says whose they are."""

    ladder: Definition | None = None
    contacts: Sequence[Contact] = ()

    @cached_property
    def reached(self) -> list[Contact]:
        """The contacts in which somebody was there."""
        return [contact for contact in self.contacts if not contact.nobody]

    @cached_property
    def start(self) -> int | None:
        """The starting point: the middle of the first ten contacts, as everywhere."""
        return median([contact.place for contact in self.contacts[:BASELINE_CONTACTS]])

    @property
    def last_reached(self) -> Contact | None:
        """The latest contact in which somebody was there."""
        return self.reached[-1] if self.reached else None

    @property
    def last_reached_at(self) -> int:
        """When that was, in microseconds; 0 where nobody was ever there."""
        return self.last_reached.at if self.last_reached else 0

    @cached_property
    def kept_up(self) -> int | None:
        """The place that three of the last five contacts reached in which somebody was there; None while there are too
        few."""
        last = sorted(contact.place for contact in self.reached[-SUSTAINED_LAST:])
        return last[-SUSTAINED_OF] if len(last) >= SUSTAINED_OF else None

    @property
    def now(self) -> int | None:
        """Where contact stands: what is kept up, or the latest while there are too few contacts for that."""
        return self.kept_up if self.kept_up is not None else self.last_reached.place if self.last_reached else None

    @property
    def is_away(self) -> bool:
        """Whether contact stands below the site."""
        rungs = self.ladder.climb() if self.ladder else ()
        on_site = [place for place, (rung, _) in enumerate(rungs) if rung.on_site]
        return self.now is None or self.now not in on_site

    @cached_property
    def set_back_from(self) -> int | None:
        """The place that contact stood at before a harder stretch that goes on now; None where there is none."""
        lately, before = self.reached[-LATELY:], self.reached[-LATELY - BEFORE : -LATELY]
        if len(lately) < LATELY or len(before) < BEFORE_ENOUGH:
            return None
        stood = median([contact.place for contact in before])
        assert stood is not None
        return stood if all(contact.place <= stood - RUNGS_LOWER for contact in lately) else None

    def not_reached(self) -> list[Contact]:
        """The latest visits on which nobody was there, one after the other, the newest last."""
        count = len(self.contacts) - next(
            (place for place in range(len(self.contacts), 0, -1) if not self.contacts[place - 1].nobody), 0
        )
        return list(self.contacts[len(self.contacts) - count :])

    def first_since(self, position: int) -> int | None:
        """The place that was reached for the first time by a contact told after a position, where it is the highest
        ever and there were contacts before."""
        before = [contact.place for contact in self.reached if contact.position <= position]
        since = [contact.place for contact in self.reached if contact.position > position]
        return max(since) if since and before and max(since) > max(before) else None

    @cached_property
    def line(self) -> list[Middle]:
        """The running middle of the contacts in which somebody was there."""
        made: list[Middle] = []
        for place in range(LINE_FROM - 1, len(self.reached)):
            window = sorted(contact.place for contact in self.reached[max(0, place + 1 - RUNNING) : place + 1])
            outside = len(window) // 5
            made.append(
                Middle(
                    self.reached[place].at,
                    window[(len(window) - 1) // 2],
                    window[outside],
                    window[len(window) - 1 - outside],
                )
            )
        return made

    def label(self, place: int | None) -> str:
        """What a place of the ladder is called in a few words."""
        if self.ladder is None or place is None or not 0 <= place < len(self.ladder.rank):
            return ""
        rung = self.ladder.rung(list(self.ladder.rank)[place])
        return (rung.short or rung.label) if rung else ""


@dataclass(frozen=True)
class Journey:
    """One student's path since their placement began, on the ladder of their latest contact."""

    student: StudentBody
    path: Path = Path()


def journeys(
    reader: Reader,
    setting: SettingBody,
    students: Sequence[StudentBody],
    now: datetime,
    within: Mapping[str, Days] = MappingProxyType({}),
) -> dict[str, Journey]:
    """The journey of each of these students of a setting since their placement began, by the student's id.

    `within` holds by a student's id the days that may be told, where those are not all.
    """
    today = local_day(microseconds(now), setting["time_zone"])
    began = _began(reader.whole("placements", setting), students, today)
    whole = [student for student in students if within.get(student["id"], EVERY_DAY) is EVERY_DAY]

    # The path of a student of whom everything may be told is the same for everybody who asks.
    kept = remembered(
        reader,
        ("paths", setting["id"]),
        {student["id"]: began[student["id"]] for student in whole},
        lambda keys: _paths(reader, [student for student in whole if student["id"] in keys], began, today),
    )
    others = [student for student in students if student["id"] not in kept]
    told = {**kept, **_paths(reader, others, began, today, within)}
    return {student["id"]: Journey(student, told[student["id"]]) for student in students}


def _paths(
    reader: Reader,
    students: Sequence[StudentBody],
    began: Mapping[str, date],
    today: date,
    within: Mapping[str, Days] = MappingProxyType({}),
) -> dict[str, Path]:
    if not students:
        return {}
    days = rungs_between(reader, students, min(began[student["id"]] for student in students), today)
    return {
        student["id"]: _path(
            reader,
            began[student["id"]],
            climbs_carried(reader, days.get(UUID(student["id"]), []), today),
            within.get(student["id"], EVERY_DAY),
        )
        for student in students
    }


def _began(placements: Iterable[PlacementFacts], students: Sequence[StudentBody], today: date) -> dict[str, date]:
    """From which day on each student's contacts are told: doorsteps come before paperwork, so a little before their
    latest placement."""
    placements_of = by_student(placements)
    began: dict[str, date] = {}
    for student in students:
        starts = [placement["start"] for placement in placements_of.get(student["id"], ())]
        latest = max((date.fromisoformat(start) for start in starts), default=today - LOOKED_BACK)
        began[student["id"]] = min(latest, today) - AFTERWARDS
    return began


def _path(reader: Reader, since: date, days: Sequence[DatedCell], within: Days) -> Path:
    first = since.isoformat()
    told = [
        (rung, day)
        for day, cell in days
        if day >= first and (within is EVERY_DAY or date.fromisoformat(day) in within)
        for rung in cell.rungs
    ]
    if not told:
        return Path()
    told.sort(key=lambda pair: pair[0][:2])
    key = told[-1][0].ladder
    ladder = reader.definition(key)
    if ladder is None:
        return Path()
    return Path(ladder, _contacts(ladder, [(rung, day) for rung, day in told if rung.ladder == key]))


def _contacts(ladder: Definition, told: Sequence[tuple[Rung, str]]) -> list[Contact]:
    """Rungs put together to contacts: a visit is one, and its highest rung counts."""
    known: dict[str, tuple[int, bool, bool]] = {}
    contacts: list[Contact] = []
    visits: dict[str, int] = {}
    days: dict[str, date] = {}
    for reached, on in told:
        if reached.rung not in known:
            rung = ladder.rung(reached.rung)
            known[reached.rung] = (
                ladder.place(reached.rung),
                rung is not None and rung.id == NOBODY,
                rung is not None and rung.on_site,
            )
        place, nobody, on_site = known[reached.rung]
        day = days.setdefault(on, date.fromisoformat(on)) if on not in days else days[on]
        contact = Contact(reached.occurred_at, reached.position, day, place, nobody, on_site)
        at = None if reached.visit is None else visits.setdefault(reached.visit, len(contacts))
        if at is None or at == len(contacts):
            contacts.append(contact)
        elif place > contacts[at].place:
            before = contacts[at]
            contacts[at] = contact._replace(at=before.at, position=before.position, day=before.day)
    return contacts
