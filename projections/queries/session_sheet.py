"""Who was scored on what in one slot of one day, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import reduce
from typing import Any
from uuid import UUID

from ap_ledger.events.entries import OutcomeScored
from ap_ledger.kinds.items import ScoredItem
from ap_ledger.kinds.timeline import MISSING
from frameworks import Definition
from projections.bodies import SettingBody, StudentBody
from projections.one_fact import DISPUTED_LEVEL, agreed
from projections.queries.expected import Expectations
from projections.queries.on_day import age_on, timetable_on
from projections.queries.reading import Reader, Unknown
from projections.writers.student_days import rows_of_day


def session_sheet(
    reader: Reader, setting_id: UUID, day: date, slot_id: str, students: Sequence[StudentBody]
) -> dict[str, Any]:
    """The sheet of a slot: those of the given students who are expected, and whoever else of them was scored in it.

    For every student the scores by framework and indicator, and the indicators that apply to this kind of slot and have
    neither a level nor a reason. Raises Unknown where the setting or the slot does not exist on that day.
    """
    setting = reader.one("settings", str(setting_id))
    slot = (
        next((timetabled for timetabled in timetable_on(setting, day.isoformat()) if timetabled["id"] == slot_id), None)
        if setting
        else None
    )
    if setting is None or slot is None:
        raise Unknown
    expectations = Expectations(setting, reader.whole("placements", setting))
    expected = {
        student["id"]
        for student in students
        if any(expected_slot["id"] == slot_id for expected_slot in expectations.on(student, day).slots)
    }
    scores = _scores(reader, [UUID(student["id"]) for student in students], day, slot_id)
    definitions = reader.newest("outcomes", day)
    rows = [
        _row(
            student,
            student["id"] in expected,
            scores.get(UUID(student["id"]), []),
            definitions,
            (slot["kind"], str(setting_id), age_on(student, day)),
        )
        for student in students
        if student["id"] in expected or UUID(student["id"]) in scores
    ]
    return {
        "setting_id": str(setting_id),
        "date": day.isoformat(),
        "slot": slot,
        "frameworks": [definition.key for definition in definitions],
        "students": rows,
        "missing": sum(len(row["missing"]) for row in rows),
    }


def missing_by_slot(
    reader: Reader, setting: SettingBody, day: date, students: Sequence[StudentBody]
) -> dict[str, dict[str, int]]:
    """How many scores are still missing in every slot of a day, by the slot's id and the framework's key."""
    definitions = reader.newest("outcomes", day)
    scores = _scores(reader, [UUID(student["id"]) for student in students], day)
    ages = {student["id"]: age_on(student, day) for student in students}
    expectations = Expectations(setting, reader.whole("placements", setting))
    missing: dict[str, dict[str, int]] = {slot["id"]: {} for slot in timetable_on(setting, day.isoformat())}
    for student in students:
        for slot in expectations.on(student, day).slots:
            counts = missing[slot["id"]]
            done = {
                (score["framework"], score["indicator"])
                for score in scores.get(UUID(student["id"]), ())
                if score["slot"] == slot["id"]
            }
            for definition in definitions:
                wanted = definition.expected_in_slot(slot["kind"], setting["id"], ages[student["id"]])
                if wanted:
                    counts[definition.key] = counts.get(definition.key, 0) + sum(
                        (definition.key, item) not in done for item in wanted
                    )
    return missing


def _scores(
    reader: Reader, students: Sequence[UUID], day: date, slot_id: str | None = None
) -> dict[UUID, list[dict[str, Any]]]:
    """What students were scored in one slot of a day, or in every slot where none is named."""
    where, given = ("slot = ?", [slot_id]) if slot_id is not None else ("slot IS NOT NULL", [])
    scores: dict[UUID, list[dict[str, Any]]] = {}
    rows = rows_of_day(
        reader.views,
        "student, item, value, entry, slot",
        students,
        day,
        f"kind = '{OutcomeScored.TOPIC}' AND {where}",
        *given,
    )
    for student, item, value, entry, slot in rows:
        framework, indicator, informant = ScoredItem.unpacked(item)
        missing = value.removeprefix(MISSING) if value.startswith(MISSING) else None
        score = {
            "framework": framework,
            "indicator": indicator,
            "informant": informant,
            "level": None if missing else value,
            "missing": missing,
            "slot": slot,
        }
        scores.setdefault(UUID(bytes=bytes(student)), []).append({**score, "entry_id": str(UUID(bytes=bytes(entry)))})
    return scores


def _row(
    student: StudentBody,
    expected: bool,
    scores: list[dict[str, Any]],
    definitions: Sequence[Definition],
    where: tuple[str, str, int | None],
) -> dict[str, Any]:
    done = {(score["framework"], score["indicator"]) for score in scores}
    missing = [
        {"framework": definition.key, "indicator": indicator}
        for definition in definitions
        for indicator in definition.expected_in_slot(*where)
        if expected and (definition.key, indicator) not in done
    ]
    row = {
        "student_id": student["id"],
        "name": student["name"],
        "expected": expected,
        "scores": scores,
        "missing": missing,
    }
    return {**row, "disputed": list(_disputed(scores))}


def _disputed(scores: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The facts of a slot about which entries contradict each other, with those entries."""
    facts: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for score in scores:
        facts.setdefault((score["framework"], score["indicator"], score["informant"]), []).append(score)
    for (framework, indicator, informant), told in facts.items():
        values = (str(score["level"]) if score["missing"] is None else MISSING + score["missing"] for score in told)
        if reduce(agreed, values) == DISPUTED_LEVEL:
            yield {
                "framework": framework,
                "indicator": indicator,
                "informant": informant,
                "entry_ids": [score["entry_id"] for score in told],
            }
