"""Retention clocks: which parts of a record have come to the end of the time for which they are kept.

The defaults are data (`retention.yaml`), after UK guidance for schools. A setting sets its own, dated, by
`set-retention`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ap_ledger.events.dated import in_force
from ap_ledger.events.setting import RetentionClock
from frameworks.language.load import read_yaml

_CLOCKS = TypeAdapter(tuple[RetentionClock, ...])


@cache
def default_clocks() -> tuple[RetentionClock, ...]:
    """The clocks that hold where a setting set none."""
    return _CLOCKS.validate_python(
        tuple(read_yaml((Path(__file__).parent / "retention.yaml").read_text("utf-8"))["clocks"])
    )


def clocks_on(held: Sequence[Mapping[str, Any]], day: date) -> tuple[RetentionClock, ...]:
    """The clocks in force on a day, from the bodies of `retention-set` events."""
    latest = in_force(held, day)
    return tuple(RetentionClock.model_validate(clock) for clock in latest["clocks"]) if latest else default_clocks()


def ends_on(clock: RetentionClock, born: date | None, admitted: date | None, placement_end: date | None) -> date | None:
    """The day on which a clock runs out for a student, or None where it never does or its start is not known."""
    start = {"date-of-birth": born, "admission": admitted, "placement-end": placement_end}[clock.counted_from]
    if clock.years is None or start is None:
        return None
    try:
        return start.replace(year=start.year + clock.years)
    except ValueError:
        # Born on a leap day: the year ends with February.
        return date(start.year + clock.years, 3, 1)
