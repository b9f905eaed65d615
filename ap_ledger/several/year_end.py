"""The end of a school year: which placements may end with it, who goes on, and what the coming year still lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ap_ledger.bootstrap import Service
from ap_ledger.domain.patterns import AUGUST, half_terms
from ap_ledger.domain.school_years import LAST_YEAR, year_group, year_in_words
from ap_ledger.domain.student import AssignMentor, EndPlacement
from ap_ledger.events.dated import in_force
from ap_ledger.roster.plan import Asked, Change, day_told
from ap_ledger.several.deeds import time_of
from ap_ledger.several.doing import ForOne
from projections.bodies import PlacementBody, SettingBody, StudentBody
from projections.queries.instruments import half_terms as own_half_terms
from projections.queries.on_day import mentors_on, timetable_on

FINISHED = "finished"
"""The reason for which a placement ends with a school year: it was agreed until then."""
JUNE, OCTOBER = 6, 10
NO_YEAR = 99
"""Sorts those whose birth date is not known behind all others."""


class Year(NamedTuple):
    """A school year that ends: the calendar year in which it began, its last day, and the first day of the next."""

    begun: int
    last: date
    next_first: date


def year_of(setting: SettingBody, begun: int) -> Year:
    """A school year by the calendar year in which it began: with the days of the setting's own half-terms where they
    reach into its summer, or else as most councils in England have them."""
    own = [term.last for term in own_half_terms(setting) if date(begun + 1, JUNE, 1) <= term.last < _end(begun)]
    own_next = [term.first for term in own_half_terms(setting) if _end(begun) <= term.first < _autumn(begun + 1)]
    usual, usual_next = half_terms(begun), half_terms(begun + 1)
    return Year(
        begun,
        max(own or [term.last for term in usual], default=date(begun + 1, AUGUST - 1, 31)),
        min(own_next or [term.first for term in usual_next], default=date(begun + 1, AUGUST + 1, 1)),
    )


def _end(begun: int) -> date:
    """The day on which the next school year is counted."""
    return date(begun + 1, AUGUST, 1)


def _autumn(begun: int) -> date:
    """By then a school year has begun."""
    return date(begun, OCTOBER, 1)


# Who leaves, and who goes on ------------------------------------------------------------------------------------------


class Why(NamedTuple):
    """Why a placement may end, and whether that is proposed: whoever is past Year 11 may be meant to stay."""

    words: str
    proposed: bool


class Ending(NamedTuple):
    """A placement that may end with a year: the last day that comes into question, and who mentors the student then."""

    student: StudentBody
    placement: PlacementBody
    why: Why
    last: date
    mentors: tuple[str, ...]


class GoingOn(NamedTuple):
    """Students who go on: the school year in which they are now, and the next one; both empty where no birth date is
    known."""

    now: str
    then: str
    students: tuple[StudentBody, ...]


def endings(
    service: Service, setting: SettingBody, students: Sequence[StudentBody], year: Year, today: date
) -> list[Ending]:
    """The placements that may end with a year, the earliest first: of those who finish Year 11, and those that were
    planned until then."""
    people = {person["id"]: person["name"] for person in service.reader.whole("people")}
    made: list[Ending] = []
    for student, placement in _running(service, setting, students, year):
        if (found := _why(student, placement, year, today)) is not None:
            why, last = found
            mentors = sorted(people.get(person) or "somebody" for person in mentors_on(student, last.isoformat()))
            made.append(Ending(student, placement, why, last, tuple(mentors)))
    return sorted(made, key=lambda ending: (not ending.why.proposed, ending.last, ending.student["name"].casefold()))


def going_on(
    service: Service, setting: SettingBody, students: Sequence[StudentBody], year: Year, today: date
) -> list[GoingOn]:
    """Who goes on into the next year, by school year, the youngest first."""
    groups: dict[int, list[StudentBody]] = {}
    for student, placement in _running(service, setting, students, year):
        if _why(student, placement, year, today) is None:
            group = _year_group(student, year.begun)
            groups.setdefault(NO_YEAR if group is None else group, []).append(student)
    return [
        GoingOn(
            year_in_words(group),
            year_in_words(group + 1),
            tuple(sorted(some, key=lambda student: student["name"].casefold())),
        )
        for group, some in sorted(groups.items())
    ]


def _running(
    service: Service, setting: SettingBody, students: Iterable[StudentBody], year: Year
) -> Iterator[tuple[StudentBody, PlacementBody]]:
    """The placements that have no end yet and began by the end of a year, each with its student."""
    by_id = {student["id"]: student for student in students}
    for placement in service.reader.whole("placements", setting):
        student = by_id.get(placement["student_id"])
        if student is not None and placement["end"] is None and placement["start"] <= year.last.isoformat():
            yield student, placement


def _why(student: StudentBody, placement: PlacementBody, year: Year, today: date) -> tuple[Why, date] | None:
    """Why a placement may end with a year, and when; None where it goes on, as it does where somebody has stayed longer
    than was planned: that is due by itself."""
    planned, group = placement["planned_end"] or "", _year_group(student, year.begun)
    if today.isoformat() <= planned < year.next_first.isoformat():
        return Why(f"Planned until {day_told(planned)}", proposed=True), date.fromisoformat(planned)
    if group is not None and group >= LAST_YEAR:
        finish = group == LAST_YEAR
        return Why("They finish Year 11" if finish else "Past Year 11 by their birth date", finish), year.last
    return None


def _year_group(student: StudentBody, begun: int) -> int | None:
    try:
        return year_group(date.fromisoformat(student["date_of_birth"] or ""), begun)
    except ValueError:
        return None


# Ending ---------------------------------------------------------------------------------------------------------------


class EndWish(NamedTuple):
    """What somebody wants for one student: their last day, where they go (empty where that is not said), and whether
    their mentors' time ends with it."""

    last: date
    destination: str
    with_mentors: bool


def ended(ending: Ending, wish: EndWish) -> ForOne:
    """What ending one placement asks for. It is not judged here."""
    student, last = ending.student, wish.last.isoformat()
    fields = {"placement_id": ending.placement["id"], "end": last, "reason_code": FINISHED}
    asks = [Asked(EndPlacement, {**fields, "destination": wish.destination or None})]
    if wish.with_mentors:
        asks += _without_mentors(student, last)
    change = Change("Placement", "", f"until {day_told(last)}")
    return ForOne(student["id"], student["name"], "changed", change, asks=tuple(asks))


def _without_mentors(student: StudentBody, last: str) -> Iterator[Asked]:
    """Ends the time of each of a student's mentors that would go on after a day."""
    for person in sorted(mentors_on(student, last)):
        fact = in_force(time_of(student, person), last)
        if fact is not None and fact.get("until") != last:
            begun = fact["from_date"]
            dates = {"from_date": begun, "corrects": begun, "until": last}
            yield Asked(AssignMentor, {"person_id": person, **dates})


# The coming year ------------------------------------------------------------------------------------------------------


class Lacking(NamedTuple):
    """What the coming year has: whether its half-terms are set, how many slots its day has, and who goes on and has no
    week then, or one with slots that are not held any more."""

    calendar: bool
    slots: int
    without_week: tuple[StudentBody, ...]


def lacking(setting: SettingBody, staying: Iterable[StudentBody], year: Year) -> Lacking:
    """What the coming year has already, and what it lacks."""
    first = year.next_first.isoformat()
    slots = {slot["id"] for slot in timetable_on(setting, first)}
    return Lacking(
        any(_end(year.begun) <= term.first < _end(year.begun + 1) for term in own_half_terms(setting)),
        len(slots),
        tuple(student for student in staying if not _has_week(student, first, slots)),
    )


def _has_week(student: StudentBody, day: str, slots: set[str]) -> bool:
    week = in_force(student.get("expected", ()), day)
    named = {slot for expected in week["days"] for slot in expected["slots"]} if week else set()
    return bool(named) and named <= slots
