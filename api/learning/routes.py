"""Learning, questionnaires and register codes as JSON, at the same two times as a history."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query

from ap_ledger.events.as_written import WrittenDate
from api.core.asking import Asking
from api.core.gate import Gate, gated
from api.core.service import Current
from api.core.times import AsOf, KnownAt
from api.learning.answers import (
    AnsweringOut,
    GapUnder,
    GroupLearning,
    GroupUnitOut,
    Plan,
    Questionnaires,
    RaterOut,
    RegisterSuggestions,
    ScoreOut,
    StudentLearning,
    SuggestedCodeOut,
    UnitNow,
    UnitStep,
)
from frameworks.language.learning import GroupUnit, NextSteps, UnitState
from frameworks.language.scoring import ScoreResult
from projections.queries.curriculum_state import group_curriculum, student_curriculum
from projections.queries.instruments import Answering, Rater, answered
from projections.queries.reading import Unknown
from projections.queries.register import SuggestedCode, suggested_codes
from projections.queries.relations import still_here

router = gated(prefix="/api/v1")


@router.get(
    "/students/{student_id}/learning/{curriculum_id}/{version}",
    gate=Gate("read-learning", reads="learning"),
    operation_id="getStudentLearning",
    summary="One student in one curriculum",
)
def student_learning(
    student_id: UUID,
    curriculum_id: str,
    version: int,
    using: Current,
    asking: Asking,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> StudentLearning:
    """The status of every unit that was touched with all its steps, and what to plan next."""
    now = using.ledger.now()
    within = asking.days("read-learning", student_id)
    learned = student_curriculum(using.reader, student_id, f"{curriculum_id}@{version}", as_of or now, known_at, within)
    return StudentLearning(
        student_id=student_id,
        curriculum=learned.curriculum.key,
        units={unit: _unit_now(state) for unit, state in learned.states.items()},
        next=_plan(learned.next),
    )


def _unit_now(state: UnitState) -> UnitNow:
    steps = [UnitStep(on=step.day, status=step.status) for step in state.steps]
    return UnitNow(status=state.status, since=state.since, secure=state.secure, losses=state.losses, steps=steps)


def _plan(steps: NextSteps) -> Plan:
    gaps = [GapUnder(unit=gap.unit, holds_up=list(gap.holds_up)) for gap in steps.gaps]
    return Plan(ready=steps.ready, nearly=steps.nearly, lost=steps.lost, untouched=steps.untouched, gaps=gaps)


@router.get(
    "/settings/{setting_id}/learning/{curriculum_id}/{version}",
    gate=Gate("read-group"),
    operation_id="getGroupLearning",
    summary="A group in one curriculum",
)
def group_learning(
    setting_id: UUID,
    curriculum_id: str,
    version: int,
    using: Current,
    asking: Asking,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    student: Annotated[
        list[UUID] | None,
        Query(description=("The students of the group; everybody who is here on that day, if not given.")),
    ] = None,
) -> GroupLearning:
    """For every unit, who is ready for it, who is nearly there, and who has it."""
    setting = using.reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    wanted, instant = {str(student_id) for student_id in student or ()}, as_of or using.ledger.now()
    readable = asking.among(using.reader.everyone(setting, known_at), "read-group")
    here = still_here(
        readable, using.reader.whole("placements", setting), instant.astimezone(ZoneInfo(setting["time_zone"])).date()
    )
    students = [candidate for candidate in readable if candidate["id"] in wanted] if wanted else here
    group = group_curriculum(using.reader, students, f"{curriculum_id}@{version}", instant, known_at)
    ids = [UUID(member["id"]) for member in students]

    def those(unit: GroupUnit, bits: int) -> list[UUID]:
        return [ids[place] for place in unit.students(bits)]

    return GroupLearning(
        setting_id=setting_id,
        curriculum=group.curriculum.key,
        students=ids,
        shared=[unit.unit for unit in group.shared()],
        units=[
            GroupUnitOut(
                unit=unit.unit,
                ready=those(unit, unit.ready),
                nearly=those(unit, unit.nearly),
                secure=those(unit, unit.secure),
            )
            for unit in group.units
        ],
    )


@router.get(
    "/students/{student_id}/questionnaires",
    gate=Gate("read-questionnaires", reads="questionnaires"),
    operation_id="listQuestionnaires",
    summary="Questionnaires answered about a student",
)
def questionnaires(student_id: UUID, using: Current, as_of: AsOf = None, known_at: KnownAt = None) -> Questionnaires:
    """By instrument and respondent: every answering with its scores, and what is due. Raters are never mixed."""
    raters = answered(using.reader, student_id, as_of or using.ledger.now(), known_at)
    return Questionnaires(student_id=student_id, items=[_rater(rater) for rater in raters])


def _rater(rater: Rater) -> RaterOut:
    return RaterOut(
        instrument=rater.instrument.key,
        respondent=rater.respondent,
        due=rater.due,
        expected=rater.complete.expected if rater.complete else None,
        given=rater.complete.given if rater.complete else None,
        answered=[_answering(answering) for answering in rater.answers],
    )


def _answering(answering: Answering) -> AnsweringOut:
    scores = answering.scored.scores if answering.scored else {}
    return AnsweringOut(
        entry_id=answering.entry,
        on=answering.day,
        erased=answering.scored is None,
        scores={name: _score(result) for name, result in scores.items()},
    )


def _score(result: ScoreResult) -> ScoreOut:
    band = result.band.label if result.band else None
    return ScoreOut(value=result.value, reason=result.reason, band=band, prorated=result.prorated)


@router.get(
    "/students/{student_id}/register",
    gate=Gate("read-history", reads="register"),
    operation_id="suggestCodes",
    summary="Register codes to suggest, with their reasons",
)
def register(
    student_id: UUID,
    using: Current,
    asking: Asking,
    first: Annotated[
        WrittenDate | None, Query(alias="from", description=("The first day; four weeks ago, if not given."))
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> RegisterSuggestions:
    """A code is a suggestion to the host school, which decides.

    Nothing below "on site and supervised" suggests being present.
    """
    now = as_of or using.ledger.now()
    within = asking.days("read-history", student_id)
    start = first or (now - timedelta(weeks=4)).date()
    sessions = suggested_codes(using.reader, student_id, start, now, known_at, within)
    return RegisterSuggestions(
        student_id=student_id,
        incomplete=str(student_id) in using.reader.incomplete_students(),
        items=[_suggested(session) for session in sessions],
    )


def _suggested(session: SuggestedCode) -> SuggestedCodeOut:
    return SuggestedCodeOut(
        entry_id=UUID(session.entry_id),
        planned_start=session.start,
        planned_end=session.end,
        attended=session.attended,
        disputed=session.disputed,
        entry_ids=[told["id"] for told in session.told],
        code=session.suggestion.code,
        meaning=session.suggestion.meaning,
        reason=session.suggestion.reason,
    )
