"""How far contact got for everybody of a setting, on one ladder: medians and sustained rungs, never a mean, never a per
cent.

Other ladders are brought over where a crosswalk says how; a student's own smaller steps count as the shared rung they
stand under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from frameworks import Definition
from projections.bodies import SettingBody, StudentBody
from projections.fold.climb import LadderProgress, Reached, climb, median
from projections.queries.crosswalks import carried_into
from projections.queries.overview import WEEKS, recent_rungs
from projections.queries.reading import Reader, Unknown


@dataclass(frozen=True)
class CohortLadder:
    """Each student with contacts in the last weeks, and the medians over them.

    `elsewhere` counts contacts on ladders without a map to this one.
    """

    ladder: Definition
    students: list[tuple[StudentBody, LadderProgress]]
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
    rows: list[tuple[StudentBody, LadderProgress]] = []
    elsewhere = 0
    for student in students:
        reached: list[Reached] = []
        for day, cell in days.get(UUID(student["id"]), []):
            for rung in cell.rungs:
                walk = carried.get(rung.ladder)
                here = rung.rung if rung.ladder == key else walk.item(rung.rung) if walk else None
                shared_rung = ladder.rung(here) if here else None
                if shared_rung is None:
                    elsewhere += 1
                else:
                    reached.append((rung._replace(ladder=key, rung=shared[shared_rung.id]), day))
        if reached:
            rows.append((student, climb(sorted(reached), order)))
    rank = {rung: place for place, rung in enumerate(order)}

    def middle(name: Literal["latest", "sustained"]) -> str | None:
        place = median([rank[rung] for _, climbed in rows if (rung := climbed[name])])
        return order[place] if place is not None else None

    return CohortLadder(
        ladder, sorted(rows, key=lambda row: str(row[0]["name"])), middle("latest"), middle("sustained"), elsewhere
    )
