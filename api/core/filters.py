"""Lists of students, narrowed down: by group, key worker, commissioner, purpose and need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from ap_ledger.events.days import NO_DAYS
from ap_ledger.kinds.telling import spoken
from api.core.asking import Asker
from api.core.show import people_of
from frameworks.needs import need_codes
from projections.bodies import SettingBody, StudentBody
from projections.queries.on_day import group_of, key_worker_of
from projections.queries.own_words import needs_of
from projections.queries.reading import Reader
from projections.queries.relations import by_student, latest_placement

FILTERS: Mapping[str, str] = {
    "group": "Group",
    "worker": "Key worker",
    "commissioner": "Commissioner",
    "purpose": "Purpose",
    "need": "Need",
}
"""What a list is narrowed down by, and what it is called."""
Wanted = Annotated[str, Query(max_length=120)]


def chosen(
    group: Wanted = "", worker: Wanted = "", commissioner: Wanted = "", purpose: Wanted = "", need: Wanted = ""
) -> dict[str, str]:
    """What was asked for in the address; an empty word asks for everybody."""
    return {"group": group, "worker": worker, "commissioner": commissioner, "purpose": purpose, "need": need}


Chosen = Annotated[dict[str, str], Depends(chosen)]
Belongs = dict[str, list[tuple[str, str]]]
"""By filter, the keys that a student belongs to and what each is called."""


@dataclass(frozen=True)
class Narrowed:
    """Those students who were asked for, and what there is to choose from: each filter's name, its title, and pairs of
    key and words. `belongs` says by a student's id what each filter knows of them."""

    students: list[StudentBody]
    choices: list[tuple[str, str, list[tuple[str, str]]]]
    belongs: Mapping[str, Belongs]


def narrow(
    reader: Reader,
    asking: Asker,
    setting: SettingBody,
    students: Sequence[StudentBody],
    wanted: Mapping[str, str],
    day: date,
) -> Narrowed:
    """Of some students of a setting those who were asked for, as things stand on a day.

    What the asker may not know is no filter for them.
    """
    belongs = belonging(reader, asking, setting, students, day)
    kept = [
        student
        for student in students
        if all(not key or key in dict(belongs[student["id"]][name]) for name, key in wanted.items())
    ]
    offered = [
        (
            name,
            title,
            sorted({pair for belonging in belongs.values() for pair in belonging[name]}, key=lambda pair: pair[1]),
        )
        for name, title in FILTERS.items()
    ]
    choices = [(name, title, pairs) for name, title, pairs in offered if len(pairs) > 1 or wanted[name]]
    return Narrowed(kept, choices, belongs)


def belonging(
    reader: Reader, asking: Asker, setting: SettingBody, students: Sequence[StudentBody], day: date
) -> dict[str, Belongs]:
    """By a student's id, what each filter knows of them on a day, as far as the asker may know it."""
    # Who works with a student is told to those who may see who works here.
    people = people_of(reader) if asking.may("see-people", setting=setting["id"]) else {}
    placers = {commissioner["commissioner_id"]: commissioner["name"] for commissioner in setting["commissioners"]}
    placements = by_student(reader.whole("placements", setting))
    days = asking.days_among(students, "see-student")
    needs = needs_seen(reader, asking, students, day)
    belonging: dict[str, Belongs] = {}
    for student in students:
        # As things stood on the last day that the asker may know of: another payer's time is no filter for them.
        known = days.get(student["id"], NO_DAYS).until(day)
        placement, worker = latest_placement(placements.get(student["id"], ()), known), key_worker_of(student, day)
        group = group_of(student, known.last) if known else None
        placer, purpose = (placement["commissioner_id"], placement["purpose"]) if placement else (None, None)
        belonging[student["id"]] = {
            "group": [(group, spoken(group))] if group else [],
            "worker": [(worker, people.get(worker) or "someone")] if worker and people else [],
            "commissioner": [(placer, placers.get(placer, "a commissioner"))] if placer else [],
            "purpose": [(purpose, spoken(purpose))] if purpose else [],
            "need": [(code, need_codes().get(code, code)) for code in needs.get(student["id"], ())],
        }
    return belonging


def needs_seen(reader: Reader, asking: Asker, students: Sequence[StudentBody], day: date) -> dict[str, tuple[str, ...]]:
    """The needs of those students whose health records the asker may read, by the student's id."""
    now = reader.ledger.now()
    return needs_of(
        reader,
        [
            student
            for student in students
            if asking.opens(asking.about(student["id"], student["setting_id"]), "health", now)
        ],
        day,
    )
