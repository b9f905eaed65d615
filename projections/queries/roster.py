"""What a phone or tablet must know in order to log with no signal: as little of it as will do, and nothing that was
ever logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ap_ledger.events.dated import standing
from ap_ledger.kinds.items import DefinitionItem
from frameworks import Definition
from frameworks.language.parts import Scale
from projections.bodies import SettingBody, StudentBody
from projections.queries.expected import Expectations
from projections.queries.on_day import age_on, group_of, timetable_on
from projections.queries.reading import Reader
from projections.queries.setting_up import worries_are_read

Json = dict[str, Any]
LOOK_BACK = timedelta(days=60)
"""So far back a day may be opened in the app with the slots it had."""


def roster(
    reader: Reader,
    setting: SettingBody,
    students: Sequence[StudentBody],
    own: Mapping[str, Mapping[str, Mapping[str, str]]],
    mine: frozenset[str],
    today: date,
) -> Json:
    """The setting's days, its students by the names staff call them, and the newest version of everything to log
    against.

    `own` holds what those students' own steps and goals are called; `mine` are the ids of those on a mentor's own
    caseload.
    """
    kinds = sorted({slot["kind"] for timetable in setting["timetables"] for slot in timetable["slots"]})
    outcomes = reader.newest("outcomes", today)
    expectations = Expectations(setting, reader.whole("placements", setting))
    ages = {student["id"]: age_on(student, today) for student in students}
    return {
        "setting": {
            "id": setting["id"],
            "name": setting["name"],
            "time_zone": setting["time_zone"],
            "places": [{"id": place["place_id"], "label": place["label"]} for place in setting["places"]],
            "worries_are_read": worries_are_read(reader, setting, today),
        },
        "timetables": _in_force(setting, today),
        "students": [
            {
                "id": student["id"],
                "name": student["name"],
                "mine": student["id"] in mine,
                "group": group_of(student, today),
                "groups": _groups(student, today),
                "expected": expectations.weeks(student, today - LOOK_BACK),
                "own": {
                    definition: dict(labels) for definition, labels in own.get(student["id"], {}).items() if labels
                },
                # Whom an indicator is not asked of because of their age is worked out here: an age is nothing a phone
                # need hold.
                "not_asked": _not_asked(outcomes, kinds, setting["id"], ages[student["id"]]),
            }
            for student in students
        ],
        "ladders": [_ladder(ladder) for ladder in reader.newest("ladder", today)],
        "outcomes": [_outcomes(outcome, kinds, setting["id"]) for outcome in outcomes],
        "curricula": [
            {"id": curriculum.id, "version": curriculum.version, "title": curriculum.title}
            for curriculum in reader.newest("curriculum", today)
        ],
    }


def _in_force(setting: SettingBody, today: date) -> list[Json]:
    """Timetables from `LOOK_BACK` on, in the order in which they take over: what was missed lately is scored in the
    slots of its day."""
    since = (today - LOOK_BACK).isoformat()
    later = [timetable for timetable in standing(setting["timetables"]) if timetable["from_date"] > since]
    return [
        {"from_date": "", "slots": timetable_on(setting, since)},
        *({"from_date": timetable["from_date"], "slots": timetable["slots"]} for timetable in later),
    ]


def _groups(student: StudentBody, today: date) -> list[Json]:
    """In which group a student was taught from when on, likewise: the sheet of a day past is that of the group of that
    day."""
    since = today - LOOK_BACK
    later = [group for group in standing(student.get("groups", ())) if group["from_date"] > since.isoformat()]
    return [
        {"from_date": "", "group": group_of(student, since)},
        *({"from_date": fact["from_date"], "group": fact.get("group")} for fact in later),
    ]


def _not_asked(outcomes: Sequence[Definition], kinds: Sequence[str], setting: str, age: int | None) -> list[str]:
    return [
        DefinitionItem(outcome.key, item).packed()
        for outcome in outcomes
        for item in sorted(
            {item for kind in kinds for item in outcome.in_slot(kind, setting)}
            - {item for kind in kinds for item in outcome.in_slot(kind, setting, age)}
        )
    ]


def _ladder(ladder: Definition) -> Json:
    outermost = [rung.id for rung in ladder.rungs]
    return {
        "id": ladder.id,
        "version": ladder.version,
        "title": ladder.title,
        "rungs": [
            {
                "id": rung.id,
                "label": rung.label,
                "short": rung.short or rung.label,
                "icon": rung.icon,
                "number": outermost.index(rung.id) if rung.id in outermost else None,
            }
            for rung, _ in ladder.climb()
        ],
    }


def _outcomes(framework: Definition, kinds: Sequence[str], setting: str) -> Json:
    asked = {kind: framework.in_slot(kind, setting) for kind in kinds}
    wanted = {item for items in asked.values() for item in items}
    return {
        "id": framework.id,
        "version": framework.version,
        "title": framework.title,
        "missing": [reason for reason in framework.missing if reason != "not-answered"],
        "slots": {
            kind: {"asked": asked[kind], "expected": framework.expected_in_slot(kind, setting)}
            for kind in kinds
            if asked[kind]
        },
        "indicators": [
            {
                "id": item,
                "label": framework.labels[item],
                "theme": framework.labels[framework.theme[item]],
                "scale": scale.id,
                "per_student": framework.by_id[item].per_student,
            }
            for item, scale in framework.scored.items()
            if item in wanted
        ],
        "scales": {scale.id: scale_as_json(scale) for item, scale in framework.scored.items() if item in wanted},
    }


def scale_as_json(scale: Scale) -> Json:
    """What can be chosen on a scale; no levels where a number or words are typed."""
    worth = {"secure": scale.secure, "nearly": scale.nearly, "lost": scale.lost}
    own = {level.value: level.means for level in scale.levels}
    return {
        "type": scale.type,
        "levels": [
            {
                "value": value,
                "label": label,
                "means": next((means for means, values in worth.items() if value in values), own.get(value)),
            }
            for value, label in scale.choices
        ],
    }
