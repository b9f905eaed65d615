"""Steps of units as columns, so that any two times are a pass over numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import compress
from operator import not_

import orjson

NEVER = 0
"""Stands where a step was never superseded: positions begin at 1."""


@dataclass(slots=True)
class Steps:
    """Some of a student's steps in one curriculum, as columns in the order in which they happened."""

    units: list[str] = field(default_factory=list)
    """The ids of the units, each once."""
    statuses: list[str] = field(default_factory=list)
    """The statuses that there are, each once."""
    unit: list[int] = field(default_factory=list)
    """Of each step the place of its unit among `units`."""
    status: list[int] = field(default_factory=list)
    """Of each step the place of its status among `statuses`."""
    at: list[int] = field(default_factory=list)
    """When each step was taken, in microseconds."""
    position: list[int] = field(default_factory=list)
    """The place of each step's entry in the ledger."""
    superseded: list[int] = field(default_factory=list)
    """The position from which each step counts no more, or `NEVER`."""

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def read(cls, text: str) -> Steps:
        """The steps of a row as it is kept."""
        return cls(**orjson.loads(text))

    def kept(self) -> str:
        """The steps as they are kept: an object of JSON, with a list for each column."""
        return orjson.dumps(self).decode()

    def add(self, unit: str, status: str, occurred_at: int, position: int) -> None:
        """Puts a step in its place. It is the newest that was recorded, so of those at one moment it is the last."""
        self._put(bisect_right(self.at, occurred_at), unit, status, occurred_at, position, NEVER)

    def _put(self, place: int, unit: str, status: str, at: int, position: int, superseded: int) -> None:
        self.unit.insert(place, _index(self.units, unit))
        self.status.insert(place, _index(self.statuses, status))
        self.at.insert(place, at)
        self.position.insert(place, position)
        self.superseded.insert(place, superseded)

    def supersede(self, position: int, by: int) -> None:
        """The step recorded at a position counts no more from `by` on."""
        self.superseded[self.position.index(position)] = by

    def cut(self) -> Steps | None:
        """Takes the later half away and returns it. None where all happened at one moment, which is never cut."""
        at = self.at
        place = next((n for n in range(len(at) // 2, len(at)) if at[n] != at[n - 1]), None)
        if place is None:
            return None
        earlier, later = self._part(slice(0, place)), self._part(slice(place, None))
        for column in fields(self):
            setattr(self, column.name, getattr(earlier, column.name))
        return later

    def _part(self, which: slice) -> Steps:
        """Some of the steps, with the names that they use."""
        units, unit = _used(self.units, self.unit[which])
        statuses, status = _used(self.statuses, self.status[which])
        return Steps(units, statuses, unit, status, self.at[which], self.position[which], self.superseded[which])

    def _rows(self) -> Iterator[tuple[int, int, int, int, int]]:
        return zip(self.unit, self.status, self.at, self.position, self.superseded, strict=True)

    @classmethod
    def together(cls, rows: Iterable[Steps]) -> Steps:
        """The steps of several rows that overlap in time, as one row in the order in which they happened."""
        told = [
            (at, position, row.units[unit], row.statuses[status], superseded)
            for row in rows
            for unit, status, at, position, superseded in row._rows()
        ]
        made = cls()
        for place, (at, position, unit, status, superseded) in enumerate(sorted(told)):
            made._put(place, unit, status, at, position, superseded)
        return made

    def counted(self, known: int, until: int) -> Iterator[tuple[str, str, int]]:
        """What counted at a position, of what had happened until a moment, as (unit, status, microseconds), in that
        order."""
        for unit, status, at, position, superseded in self._rows():
            if position <= known and at <= until and (superseded == NEVER or superseded > known):
                yield self.units[unit], self.statuses[status], at

    def latest(self, known: int, until: int) -> Iterator[tuple[str, str]]:
        """The counted statuses of these units, in the order they happened: a dict made of them keeps the last of
        each."""
        units, statuses = map(self.units.__getitem__, self.unit), map(self.statuses.__getitem__, self.status)
        told = zip(units, statuses, strict=True)
        # Most often nothing has to be left out by time, and then nothing here runs step by step in Python.
        if self.at and self.at[-1] <= until and max(self.position) <= known and max(self.superseded) <= known:
            return compress(told, map(not_, self.superseded))
        times = zip(self.at, self.position, self.superseded, strict=True)
        return compress(
            told,
            [
                position <= known and at <= until and (not superseded or superseded > known)
                for at, position, superseded in times
            ],
        )


def present(rows: Sequence[Steps], known: int, until: int) -> dict[str, str]:
    """The status of every unit that was touched, as known at a position, of what had happened until a moment.

    Rows in order of time.
    """
    now: dict[str, str] = {}
    for row in rows:
        now.update(row.latest(known, until))
    return now


def steps_taken(rows: Sequence[Steps], known: int, until: int) -> dict[str, list[tuple[str, int]]]:
    """Every step of every unit as (status, microseconds), in the order they happened. Rows in order of time."""
    taken: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        for unit, status, at in row.counted(known, until):
            taken.setdefault(unit, []).append((status, at))
    return taken


def _index(names: list[str], name: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        names.append(name)
        return len(names) - 1


def _used(names: Sequence[str], column: Sequence[int]) -> tuple[list[str], list[int]]:
    """Those names that a part of a column uses, and that part as places among them."""
    places = {index: place for place, index in enumerate(dict.fromkeys(column))}
    return [names[index] for index in places], [places[index] for index in column]
