"""The days of relations between students and those around them, from what the registry says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_

from ap_ledger.events.dated import spans
from ap_ledger.events.days import EVERY_DAY, NO_DAYS, Days, days_of
from projections.bodies import ExpectedFact, PlacementFacts, SettingBody, StudentBody
from projections.queries.reading import Reader
from projections.writers.registry import bodies_at

F = TypeVar("F", bound=Mapping[str, Any])
ALWAYS = "9999"
"""Stands for the day on which something takes over that nothing has taken over from yet (`events/dated.py`)."""

AFTERWARDS = timedelta(days=28)
"""For so long after their last placement somebody may still be visited."""


def placement_days(placements: Iterable[PlacementFacts], commissioner_id: UUID | None = None) -> Days:
    """The days of some placements of one student put together; only of one commissioner's, where one is named."""
    wanted = None if commissioner_id is None else str(commissioner_id)
    return days_of(
        (placement["start"], placement["end"])
        for placement in placements
        if wanted in (None, placement["commissioner_id"])
    )


def by_student(placements: Iterable[PlacementFacts]) -> dict[str, list[PlacementFacts]]:
    """Placements by the ids of their students."""
    placements_of: dict[str, list[PlacementFacts]] = {}
    for placement in placements:
        placements_of.setdefault(placement["student_id"], []).append(placement)
    return placements_of


def latest_placement(placements: Iterable[PlacementFacts], days: Days) -> PlacementFacts | None:
    """The latest of some placements of one student that was running on any of these days."""
    return max(
        (placement for placement in placements if placement_days([placement]) & days),
        key=lambda placement: str(placement["start"]),
        default=None,
    )


def days_placed(reader: Reader, student_id: UUID) -> Days:
    """The days of all the placements of one student, as they are known now."""
    student = reader.ledger.states.child(student_id)
    return days_of((placement.start, placement.end) for placement in student.placements) if student else NO_DAYS


def placed_on(placements: Iterable[PlacementFacts], day: date) -> set[str]:
    """The ids of the students of whom some placement was running on a day."""
    return {placement["student_id"] for placement in placements if day in placement_days([placement])}


def in_force_during(facts: Iterable[F], days: Days) -> list[F]:
    """Of things that each hold from a date until the next one does, or until their own end, those that held on any of
    these days."""
    return [fact for fact, first, following in spans(facts) if _held(first, following, fact.get("until")) & days]


def _held(first: str, following: str, until: str | None) -> Days:
    last = None if following == ALWAYS else date.fromisoformat(following) - timedelta(days=1)
    return days_of([(first, last)]) & days_of([(date.min, until)])


def still_here(students: Iterable[StudentBody], placements: Iterable[PlacementFacts], day: date) -> list[StudentBody]:
    """Those students who have not left by a day: a placement of theirs is running, or is still to come, as doorsteps
    come before paperwork."""
    placements_of = by_student(placements)
    return [
        student
        for student in students
        if student["id"] not in placements_of or placement_days(placements_of[student["id"]]) & days_of([(day, None)])
    ]


def still_visited(
    students: Iterable[StudentBody], placements: Iterable[PlacementFacts], day: date
) -> list[StudentBody]:
    """Those students whom somebody may still visit on a day: they are here, or left not long before."""
    return still_here(students, placements, day - AFTERWARDS)


class Known(NamedTuple):
    """A setting, and by their ids what its students' weeks and placements were, as known at a position."""

    position: int
    setting: SettingBody
    expected: dict[str, list[ExpectedFact]]
    placements: dict[str, list[PlacementFacts]]


def known_of(reader: Reader, setting: SettingBody, students: Sequence[StudentBody], known_at: datetime | None) -> Known:
    """What was known of a setting and some of its students at a time; everything that is known where none is given."""
    position = reader.ledger.recorder.read_head().position if known_at is None else reader.ledger.position_at(known_at)
    records = [UUID(record) for student in students for record in (student["id"], *student.get("records", ()))]
    return known_at_position(reader, setting, records, position)


def known_at_position(reader: Reader, setting: SettingBody, records: Sequence[UUID], position: int) -> Known:
    """The same as known at a position, of the students of some records."""
    bodies = bodies_at(reader.ledger.recorder, [*records, UUID(setting["id"])], position)
    then = bodies.settings.get(setting["id"])
    return Known(
        position,
        # Nothing of what it says now is taken along: it may have said nothing of it then, such as when it is closed.
        setting if then is None else {"key": setting["key"], "position": setting["position"], **then},
        {key: student["expected"] for key, student in bodies.students.items()},
        by_student(bodies.placements.values()),
    )


def on_days(ask: Select[Any], day: ColumnElement[int], days: Days) -> Select[Any]:
    """A question asked of these days only; `day` is the column with a day's ordinal number."""
    if days is EVERY_DAY:
        return ask
    return ask.where(or_(false(), *(day.between(first.toordinal(), last.toordinal()) for first, last in days.spans)))
