"""How far from now a date or time may lie: the same everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import AwareDatetime

from ap_ledger.errors import Refused
from ap_ledger.events.base import Fact
from ap_ledger.events.bounds import TOO_EARLY, TOO_LATE, check_reach

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Span(Fact):
    """Something with a date inside something else."""

    first: date
    last: date | None = None


class Plan(Fact):
    """Times at every depth."""

    label: str = "a plan"
    at: AwareDatetime | None = None
    spans: tuple[Span, ...] = ()
    named: dict[str, Span] = {}


@pytest.mark.parametrize(
    "plan",
    [
        Plan(),
        Plan(at=datetime(1990, 1, 1, tzinfo=UTC)),
        Plan(at=NOW + timedelta(days=730)),
        Plan(spans=(Span(first=date(1990, 1, 1), last=date(2028, 3, 1)),)),
    ],
)
def test_what_somebody_can_have_meant_is_let_through(plan: Plan) -> None:
    check_reach(plan, NOW)


@pytest.mark.parametrize(
    ("plan", "field", "sentence"),
    [
        (Plan(at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))), "at", TOO_EARLY),
        (Plan(at=datetime(9999, 12, 31, tzinfo=timezone(timedelta(hours=-12)))), "at", TOO_LATE),
        (Plan(spans=(Span(first=date(2026, 1, 1)), Span(first=date(206, 1, 1)))), "spans.1.first", TOO_EARLY),
        (Plan(spans=(Span(first=date(2026, 1, 1), last=date(2062, 1, 1)),)), "spans.0.last", TOO_LATE),
        (Plan(named={"spring": Span(first=date(1926, 1, 1))}), "named.spring.first", TOO_EARLY),
    ],
)
def test_a_slip_of_the_year_is_refused_at_any_depth_with_its_field(plan: Plan, field: str, sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_reach(plan, NOW)
    assert (refusal.value.field, refusal.value.message) == (field, sentence)
