"""A cell as it is kept: two texts of JSON, in which a rung, a step and what is said of a session are plain lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import orjson

from projections.fold.cells import DayCell, Rung, UnitStep
from projections.one_fact import Attested


class KeptCell(NamedTuple):
    """The columns of a cell."""

    rungs: str | None
    """Its rungs, which stand apart because an overview reads them of everybody and nothing else; None for none."""
    rest: str
    """All the rest: the counts by part, and beside them the other parts of a cell by their names."""


def kept(cell: DayCell) -> KeptCell:
    """A cell as it is kept."""
    rest: dict[str, Any] = dict(cell.counts)
    if cell.outcomes:
        rest["outcomes"] = cell.outcomes
    if cell.units:
        rest["units"] = cell.units
    if cell.attested:
        rest["attested"] = cell.attested
    return KeptCell(_text(cell.rungs) if cell.rungs else None, _text(rest))


def _text(value: Any) -> str:
    # Whatever has names for its fields is written as a plain list.
    return orjson.dumps(value, default=tuple).decode()


def read_cell(rungs: str | None, rest: str) -> DayCell:
    """A cell from what was kept of it."""
    told: dict[str, Any] = orjson.loads(rest)
    outcomes, units, attested = told.pop("outcomes", None), told.pop("units", ()), told.pop("attested", ())
    return DayCell(told, outcomes or {}, read_rungs(rungs), list(map(_step, units)), list(map(_attested, attested)))


def read_rungs(rungs: str | None) -> list[Rung]:
    """The rungs of a day from what was kept of them."""
    return list(map(_rung, orjson.loads(rungs))) if rungs is not None else []


# A page reads thousands of these. What was written with so many fields has as many, so they are not counted again.
_rung = cast(Callable[[Sequence[Any]], Rung], partial(tuple.__new__, Rung))
_step = cast(Callable[[Sequence[Any]], UnitStep], partial(tuple.__new__, UnitStep))
_attested = cast(Callable[[Sequence[Any]], Attested], partial(tuple.__new__, Attested))
