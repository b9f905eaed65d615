"""Planning around gaps: from the status of every unit, what is ready, what is missing underneath, what is nearly there.

Pure functions. A group is computed with one bit for each student, so that 60 students and 2,000 units take
milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from frameworks.language.model import Definition

UNTOUCHED_WEEKS = 6


@dataclass(frozen=True)
class Step:
    """A status that a unit reached on a day."""

    day: date
    status: Any


@dataclass(frozen=True)
class UnitState:
    """Where one student stands with one unit: the present status, every step there, and how many of them were
    losses."""

    unit: str
    steps: tuple[Step, ...]
    secure: bool
    lost: bool
    nearly: bool
    losses: int

    @property
    def status(self) -> Any:
        """The present status."""
        return self.steps[-1].status

    @property
    def since(self) -> date:
        """The day of the last step."""
        return self.steps[-1].day


@dataclass(frozen=True)
class Gap:
    """A unit that is not secure although something that builds on it was started, and what stands on it."""

    unit: str
    holds_up: tuple[str, ...]


@dataclass(frozen=True)
class NextSteps:
    """What to plan from. Every list is in the order of the curriculum."""

    ready: list[str] = field(default_factory=list)
    nearly: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    untouched: list[str] = field(default_factory=list)


def unit_states(curriculum: Definition, steps: Mapping[str, Sequence[Step]]) -> dict[str, UnitState]:
    """The state of every unit that was touched, from its steps in the order they happened."""
    states: dict[str, UnitState] = {}
    for unit, scale in curriculum.scored.items():
        taken = tuple(steps.get(unit, ()))
        if taken:
            now = taken[-1].status
            states[unit] = UnitState(
                unit,
                taken,
                now in scale.secure,
                now in scale.lost,
                now in scale.nearly,
                losses([s.status for s in taken], scale.secure, scale.lost),
            )
    return states


def losses(statuses: Sequence[Any], secure: frozenset[Any], lost: frozenset[Any]) -> int:
    """How often something was lost: a status that says so, or a step from secure to anything below."""
    times, before = 0, False
    for status in statuses:
        times += status in lost or (before and status not in secure)
        before = status in secure
    return times


def next_steps(
    curriculum: Definition, states: Mapping[str, UnitState], today: date, weeks: int = UNTOUCHED_WEEKS
) -> NextSteps:
    """What to plan next for one student."""
    secure = {unit for unit, state in states.items() if state.secure}
    made = NextSteps()
    standing: dict[str, list[str]] = {}
    for unit in curriculum.scored:
        state = states.get(unit)
        if state is not None:
            for prior in curriculum.priors[unit] - secure:
                standing.setdefault(prior, []).append(unit)
        if state is not None and state.secure:
            continue
        if state is None or not state.nearly:
            if curriculum.priors[unit] <= secure and not (state and state.lost):
                made.ready.append(unit)
        else:
            made.nearly.append(unit)
        if state is not None and state.lost:
            made.lost.append(unit)
        if state is not None and state.since <= today - timedelta(weeks=weeks):
            made.untouched.append(unit)
    made.gaps.extend(Gap(unit, tuple(standing[unit])) for unit in curriculum.scored if unit in standing)
    return made


@dataclass(frozen=True)
class GroupUnit:
    """How a group stands with one unit: which students are ready for it, nearly there, and have it, by their places in
    the group."""

    unit: str
    ready: int
    nearly: int
    secure: int

    def students(self, bits: int) -> list[int]:
        """The places of the students whose bit is set."""
        return [place for place in range(bits.bit_length()) if bits >> place & 1]


def group_units(curriculum: Definition, statuses: Sequence[Mapping[str, Any]]) -> list[GroupUnit]:
    """For every unit the students who are ready for it, as one bit each, in the order of the curriculum.

    `statuses` holds the present status of every touched unit, one mapping for each student of the group.
    """
    everybody = (1 << len(statuses)) - 1
    secure: dict[str, int] = dict.fromkeys(curriculum.scored, 0)
    nearly: dict[str, int] = dict.fromkeys(curriculum.scored, 0)
    by_scale: dict[str, list[str]] = {}
    for unit, scale in curriculum.scored.items():
        by_scale.setdefault(scale.id, []).append(unit)
    for units in by_scale.values() if statuses else ():
        scale = curriculum.scored[units[0]]
        worth = _Worth({**dict.fromkeys(scale.nearly, NEARLY), **dict.fromkeys(scale.secure, SECURE)})
        # A line of bytes for each student, turned into one for each unit: the inner loops are all in C.
        lines = [bytes(map(worth.__getitem__, map(of_student.get, units))) for of_student in statuses]
        for unit, line in zip(units, map(bytes, zip(*reversed(lines), strict=True)), strict=True):
            secure[unit] = int(line.translate(_IS_SECURE), 2)
            nearly[unit] = int(line.translate(_IS_NEARLY), 2)
    made: list[GroupUnit] = []
    for unit in curriculum.scored:
        ready = everybody & ~secure[unit]
        for prior in curriculum.priors[unit]:
            ready &= secure[prior]
        made.append(GroupUnit(unit, ready, nearly[unit], secure[unit]))
    return made


NEARLY, SECURE = 1, 2
_IS_SECURE, _IS_NEARLY = (
    bytes(ord("1") if code == wanted else ord("0") for code in range(256)) for wanted in (SECURE, NEARLY)
)


class _Worth(dict[Any, int]):
    """What each status is worth; any other, and none at all, is worth nothing."""

    def __missing__(self, status: Any) -> int:
        return 0
