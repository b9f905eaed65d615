"""How far contact got for everybody of a setting, on one ladder: medians and sustained rungs, never a mean, never a per
cent.

Other ladders are brought over where a crosswalk says how; a student's own smaller steps count as the shared rung they
stand under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from frameworks import Definition
from projections.bodies import SettingBody, StudentBody
from projections.progress import IN_ORDER, climb, median
from projections.queries.crosswalks import carried_into
from projections.queries.overview import WEEKS, recent_rungs
from projections.queries.reading import Reader, Unknown


@dataclass(frozen=True)
class CohortLadder:
    """Each student with contacts in the last weeks, and the medians over them.

    `elsewhere` counts contacts on ladders without a map to this one.
    """

    ladder: Definition
    students: list[tuple[StudentBody, dict[str, Any]]]
    median_latest: str | None
    median_sustained: str | None
    elsewhere: int


def cohort_ladder(
    reader: Reader, setting: SettingBody, students: Sequence[StudentBody], key: str, now: datetime, weeks: int = WEEKS
) -> CohortLadder:
    """These students of a setting on a ladder `id@version`. Raises Unknown where it was not published."""
    ladder = reader.definition(key)
    if ladder is None or ladder.kind != "ladder":
        raise Unknown
    order = [rung.id for rung in ladder.rungs]
    shared = {rung.id: over.id for rung, over in ladder.climb()}
    carried = {walk.key: walk for walk in carried_into(reader, ladder)}
    days = recent_rungs(reader, setting, students, now, weeks)
    rows: list[tuple[StudentBody, dict[str, Any]]] = []
    elsewhere = 0
    for student in students:
        reached: list[list[Any]] = []
        for day, cell in days.get(UUID(student["id"]), []):
            for occurred_at, position, at_ladder, rung, anxiety, visit in cell.get("rungs", ()):
                here = rung if at_ladder == key else carried[at_ladder].item(rung) if at_ladder in carried else None
                found = ladder.rung(here) if here else None
                if found is None:
                    elsewhere += 1
                else:
                    reached.append([occurred_at, position, key, shared[found.id], anxiety, visit, day])
        if reached:
            rows.append((student, climb(sorted(reached, key=IN_ORDER), order)))
    rank = {rung: place for place, rung in enumerate(order)}

    def middle(name: str) -> str | None:
        place = median([rank[climbed[name]] for _, climbed in rows if climbed[name]])
        return order[place] if place is not None else None

    return CohortLadder(
        ladder, sorted(rows, key=lambda row: str(row[0]["name"])), middle("latest"), middle("sustained"), elsewhere
    )
