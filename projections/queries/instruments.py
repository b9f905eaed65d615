"""Questionnaires: who answered which and when, what came out, how it compares with the starting point, and what is
due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from ap_ledger.events.dated import spans
from ap_ledger.events.days import EVERY_DAY, Days, days_of
from ap_ledger.events.moments import local_day, microseconds
from frameworks import Definition
from frameworks.language.cadence import Completeness, Stretch, completeness, due, stretches
from frameworks.language.scoring import Comparison, Context, Scored, compare, score
from projections.bodies import SettingBody, StudentBody
from projections.queries.crosswalks import Carried, carried_into
from projections.queries.on_day import age_on
from projections.queries.reading import Reader
from projections.queries.relations import days_placed, placed_on
from projections.writers.learning import Answered, Learning, read_answers


@dataclass(frozen=True)
class Answering:
    """One set of answers, opened and scored. `scored` is None where the answers were erased."""

    entry: UUID
    day: date
    scored: Scored | None


@dataclass(frozen=True)
class Rater:
    """One respondent's answers to one instrument, in order, the first of them the baseline. Raters are never mixed."""

    instrument: Definition
    respondent: str
    answers: list[Answering]
    due: date | None
    complete: Completeness | None

    def compared(self) -> dict[str, Comparison | None]:
        """Each score now against the first that could be made."""
        comparisons: dict[str, Comparison | None] = {}
        for declared in self.instrument.scores:
            results = [answer.scored.scores[declared.id] for answer in self.answers if answer.scored is not None]
            made = [result for result in results if result.value is not None]
            comparisons[declared.id] = compare(declared, made[0], made[-1]) if len(made) > 1 else None
        return comparisons


@dataclass(frozen=True)
class Due:
    """A questionnaire that a respondent has not answered in the present stretch of its cadence."""

    student: StudentBody
    instrument: Definition
    respondent: str
    by: date
    last: date | None


def half_terms(setting: SettingBody) -> list[Stretch]:
    """The half-terms of a setting: of each calendar those that end while it is in force."""
    return [
        Stretch(date.fromisoformat(term["first"]), date.fromisoformat(term["last"]))
        for calendar, begins, next_begins in spans(setting.get("calendars", ()))
        for term in calendar["terms"]
        if begins <= term["last"] < next_begins
    ]


def usual_period(setting: SettingBody, today: date) -> tuple[date, date]:
    """The half-term that runs, or the last one that did; six weeks where the setting has no calendar."""
    begun = [term for term in half_terms(setting) if term.first <= today]
    if not begun:
        return today - timedelta(weeks=6, days=-1), today
    latest = max(begun, key=lambda term: term.last)
    return latest.first, min(latest.last, today)


def in_use(reader: Reader, on: date) -> list[Definition]:
    """The instruments about students that are in use on a day."""
    return [definition for definition in reader.newest("instrument", on) if definition.about == "student"]


def answered(
    reader: Reader, student_id: UUID, as_of: datetime, known_at: datetime | None, within: Days = EVERY_DAY
) -> list[Rater]:
    """Every instrument in use, and any that was answered on the days of `within`, by respondent, with its scores.

    Raises Unknown for the student.
    """
    student, setting = reader.student_and_setting(student_id)
    today = local_day(microseconds(as_of), setting["time_zone"])
    rows = [
        row
        for row in _answers(reader, [student_id], as_of, known_at)
        if local_day(row.occurred_at, setting["time_zone"]) in within
    ]
    events = reader.events([row.position for row in rows])
    now, placed = in_use(reader, today), days_placed(reader, student_id)
    # What an earlier version asked is compared with today's answers only where a crosswalk says that it is the same
    # question.
    carried = {walk.key: (newest.key, walk) for newest in now for walk in carried_into(reader, newest)}
    grouped: dict[tuple[str, str], list[tuple[Answered, Carried | None]]] = {
        (newest.key, respondent): [] for newest in now for respondent in newest.informants
    }
    for row in rows:
        key, walk = carried.get(row.instrument, (row.instrument, None))
        grouped.setdefault((key, row.respondent), []).append((row, walk))
    raters: list[Rater] = []
    for (key, respondent), given in grouped.items():
        instrument = reader.definition(key)
        if instrument is not None:
            raters.append(_rater(instrument, respondent, given, events, student, setting, today, placed))
    return raters


def _rater(
    instrument: Definition,
    respondent: str,
    given: Sequence[tuple[Answered, Carried | None]],
    events: Mapping[int | None, Any],
    student: StudentBody,
    setting: SettingBody,
    today: date,
    placed: Days,
) -> Rater:
    made: list[Answering] = []
    for row, walk in given:
        day = local_day(row.occurred_at, setting["time_zone"])
        answers = answers_of(events.get(row.position))
        if answers is not None and walk is not None:
            answers = {here: walk.level(level) for item, level in answers.items() if (here := walk.item(item))}
        context = Context(respondent, age_on(student, day))
        made.append(Answering(row.entry, day, None if answers is None else score(instrument, answers, context)))
    days, since = [answering.day for answering in made], date.fromisoformat(student["admitted_on"])
    if instrument.cadence is None or since > today:
        return Rater(instrument, respondent, made, None, None)
    terms = half_terms(setting)
    # Nobody is asked about somebody who is not here: in no stretch without a day of a placement, and not today where
    # none is running.
    expected = [
        stretch
        for stretch in stretches(instrument.cadence, since, today, terms)
        if placed & days_of([(stretch.first, stretch.last)])
    ]
    by = due(instrument.cadence, since, today, days, terms) if today in placed else None
    return Rater(instrument, respondent, made, by, completeness(expected, days))


def answers_of(event: Any) -> dict[str, Any] | None:
    """The answers in an event, a corrected one's replacement included; None where they were erased."""
    if event is None:
        return None
    answers = event.replacement.get("answers") if hasattr(event, "replacement") else event.answers
    return answers if isinstance(answers, dict) and answers != {"erased": True} else None


def all_due(reader: Reader, setting: SettingBody, students: Sequence[StudentBody], now: datetime) -> list[Due]:
    """What is due today in a setting, the soonest first. Students whose placement is over are left out."""
    today = local_day(microseconds(now), setting["time_zone"])
    placed = placed_on(reader.whole("placements", setting), today)
    here = [student for student in students if student["id"] in placed]
    last: dict[tuple[str, str, str], list[date]] = {}
    for row in _answers(reader, [UUID(student["id"]) for student in here], now, None):
        last.setdefault((str(row.student), row.instrument.partition("@")[0], row.respondent), []).append(
            local_day(row.occurred_at, setting["time_zone"])
        )
    terms, instruments = half_terms(setting), in_use(reader, today)
    wanted: list[Due] = []
    for student in here:
        since = date.fromisoformat(student["admitted_on"])
        for instrument in instruments:
            for respondent in instrument.informants if instrument.cadence and since <= today else ():
                days = last.get((student["id"], instrument.id, respondent), [])
                by = due(instrument.cadence, since, today, days, terms) if instrument.cadence else None
                if by is not None:
                    wanted.append(Due(student, instrument, respondent, by, max(days, default=None)))
    return sorted(wanted, key=lambda item: (item.by, str(item.student["name"]), item.instrument.title, item.respondent))


def _answers(reader: Reader, students: Sequence[UUID], as_of: datetime, known_at: datetime | None) -> list[Answered]:
    known = None if known_at is None else reader.ledger.position_at(known_at)
    with reader.views.reading() as connection:
        live = reader.views.live(connection, Learning.name)
        assert live is not None
        position = live.position if known is None else min(known, live.position)
        return read_answers(connection, reader.views, live.name, students, position, microseconds(as_of))
