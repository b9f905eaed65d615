"""Learning, questionnaires and register codes as JSON, at the same two times as a history."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query

from ap_ledger.events.as_written import WrittenDate
from api.core.asking import Asking
from api.core.gate import Gate, gated
from api.core.problems import Problem
from api.core.schemas import GroupLearning, Questionnaires, RegisterSuggestions, StudentLearning
from api.core.service import Current, Json
from api.core.times import AsOf, KnownAt
from projections.queries.curriculum_state import group_curriculum, student_curriculum
from projections.queries.instruments import answered
from projections.queries.reading import Unknown
from projections.queries.register import suggested_codes
from projections.queries.relations import still_here

router = gated(prefix="/api/v1", responses={status: {"model": Problem} for status in (400, 404, 503)})


@router.get(
    "/students/{student_id}/learning/{curriculum_id}/{version}",
    gate=Gate("read-learning", reads="learning"),
    operation_id="getStudentLearning",
    summary="One student in one curriculum",
    response_model=StudentLearning,
)
def student_learning(
    student_id: UUID,
    curriculum_id: str,
    version: int,
    using: Current,
    asking: Asking,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Json:
    """The status of every unit that was touched with all its steps, and what to plan next."""
    now = using.ledger.now()
    within = asking.days("read-learning", student_id)
    found = student_curriculum(using.reader, student_id, f"{curriculum_id}@{version}", as_of or now, known_at, within)
    return {
        "student_id": str(student_id),
        "curriculum": found.curriculum.key,
        "units": {
            unit: {
                "status": state.status, "since": state.since, "secure": state.secure, "losses": state.losses,
                "steps": [{"on": step.day, "status": step.status} for step in state.steps],
            }
            for unit, state in found.states.items()
        },
        "next": {
            "ready": found.next.ready, "nearly": found.next.nearly, "lost": found.next.lost,
            "untouched": found.next.untouched,
            "gaps": [{"unit": gap.unit, "holds_up": list(gap.holds_up)} for gap in found.next.gaps],
        },
    }  # fmt: skip


@router.get(
    "/settings/{setting_id}/learning/{curriculum_id}/{version}",
    gate=Gate("read-group"),
    operation_id="getGroupLearning",
    summary="A group in one curriculum",
    response_model=GroupLearning,
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
) -> Json:
    """For every unit, who is ready for it, who is nearly there, and who has it."""
    setting = using.reader.one("settings", str(setting_id))
    if setting is None:
        raise Unknown
    wanted, instant = {str(one) for one in student or ()}, as_of or using.ledger.now()
    readable = asking.among(using.reader.everyone(setting, known_at), "read-group")
    here = still_here(
        readable, using.reader.whole("placements", setting), instant.astimezone(ZoneInfo(setting["time_zone"])).date()
    )
    students = [one for one in readable if one["id"] in wanted] if wanted else here
    found = group_curriculum(using.reader, students, f"{curriculum_id}@{version}", instant, known_at)
    ids = [one["id"] for one in students]

    def names(unit: Any, bits: int) -> list[str]:
        return [ids[place] for place in unit.students(bits)]

    return {
        "setting_id": str(setting_id), "curriculum": found.curriculum.key, "students": ids,
        "shared": [unit.unit for unit in found.shared()],
        "units": [
            {"unit": unit.unit, "ready": names(unit, unit.ready), "nearly": names(unit, unit.nearly),
            "secure": names(unit, unit.secure)} for unit in found.units
        ],
    }  # fmt: skip


@router.get(
    "/students/{student_id}/questionnaires",
    gate=Gate("read-questionnaires", reads="questionnaires"),
    operation_id="listQuestionnaires",
    summary="Questionnaires answered about a student",
    response_model=Questionnaires,
)
def questionnaires(student_id: UUID, using: Current, as_of: AsOf = None, known_at: KnownAt = None) -> Json:
    """By instrument and respondent: every answering with its scores, and what is due. Raters are never mixed."""
    raters = answered(using.reader, student_id, as_of or using.ledger.now(), known_at)
    return {
        "student_id": str(student_id),
        "items": [
            {
                "instrument": rater.instrument.key, "respondent": rater.respondent, "due": rater.due,
                "expected": rater.complete.expected if rater.complete else None,
                "given": rater.complete.given if rater.complete else None,
                "answered": [
                    {
                        "entry_id": str(one.entry), "on": one.day, "erased": one.scored is None,
                        "scores": {
                            name: {"value": said.value, "reason": said.reason,
                            "band": said.band.label if said.band else None, "prorated": said.prorated}
                            for name, said in (one.scored.scores if one.scored else {}).items()
                        },
                    }
                    for one in rater.answers
                ],
            }
            for rater in raters
        ],
    }  # fmt: skip


@router.get(
    "/students/{student_id}/register",
    gate=Gate("read-history", reads="register"),
    operation_id="suggestCodes",
    summary="Register codes to suggest, with their reasons",
    response_model=RegisterSuggestions,
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
) -> Json:
    """A code is a suggestion to the host school, which decides.

    Nothing below "on site and supervised" suggests being present.
    """
    now = as_of or using.ledger.now()
    within = asking.days("read-history", student_id)
    found = suggested_codes(using.reader, student_id, first or (now - timedelta(weeks=4)).date(), now, known_at, within)
    return {
        "student_id": str(student_id),
        "incomplete": str(student_id) in using.reader.incomplete_students(),
        "items": [
            {
                "entry_id": one.entry_id, "planned_start": one.start, "planned_end": one.end, "attended": one.attended,
                "disputed": one.disputed, "entry_ids": [each["id"] for each in one.told],
                "code": one.suggestion.code, "meaning": one.suggestion.meaning, "reason": one.suggestion.reason,
            }
            for one in found
        ],
    }  # fmt: skip
