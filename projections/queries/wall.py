"""The wall of ladders: every student from their own starting point, in an order, narrowed down, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ap_ledger.kinds.telling import spoken
from projections.queries.journeys import Journey
from projections.queries.on_day import group_of

TILES = 48
"""So many ladders stand on one page of the wall."""


@dataclass(frozen=True)
class Wall:
    """The tiles of one page of the wall, what it is narrowed down to, and what else there is to choose."""

    tiles: Sequence[Journey]
    counts: Mapping[str, int]
    groups: Sequence[tuple[str, str]]
    chosen: Mapping[str, str]
    found: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.found // TILES))


def wall(told: Sequence[Journey], needs: set[str], chosen: Mapping[str, str], page: int, today: date) -> Wall:
    """The ladders of those who were asked for, in the order that was asked for."""
    group = chosen.get("group", "")
    of_group = [journey for journey in told if not group or group_of(journey.student, today) == group]
    kept = {
        "": of_group,
        "away": [journey for journey in of_group if journey.path.contacts and journey.path.is_away],
        "back": [journey for journey in of_group if journey.path.set_back_from is not None],
        "needs": [journey for journey in of_group if journey.student["id"] in needs],
    }
    show = chosen["show"] if chosen.get("show") in kept else ""
    found = sorted(kept[show], key=lambda journey: _place_of(journey, chosen.get("order", "")))
    page = min(max(1, page), max(1, -(-len(found) // TILES)))
    groups = sorted({name for journey in told if (name := group_of(journey.student, today))})
    return Wall(
        found[(page - 1) * TILES : page * TILES],
        {name: len(some) for name, some in kept.items()},
        [(name, spoken(name)) for name in groups],
        {"show": show, "group": group, "order": chosen.get("order", "")},
        len(found),
        page,
    )


def _place_of(journey: Journey, order: str) -> tuple[int, int, str]:
    """Where a ladder stands on the wall: those without any contact come first, as there is nothing lower."""
    name = str(journey.student["name"])
    if order == "name":
        return 0, 0, name
    if order == "quiet":
        return 0, journey.path.last_reached_at, name
    return (-1 if journey.path.start is None else journey.path.start), len(journey.path.reached), name
