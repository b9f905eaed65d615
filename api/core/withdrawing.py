"""What was said to hold from a date on, each with the way to withdraw it, and what holds instead once it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import FormData

from ap_ledger.errors import Refused
from ap_ledger.events.dated import standing
from api.core.show import text_of
from api.core.templating import day_in_words

Fact = Mapping[str, Any]
REASONS: Mapping[str, str] = {
    "entered-by-mistake": "It was entered by mistake",
    "wrong-one": "It was meant for somebody or something else",
    "never-agreed": "It was never agreed",
    "other": "Another reason",
}
"""Why something is withdrawn, as it is kept, and as a person says it."""


class Said(NamedTuple):
    """One thing that was said: what, from which day on, and where it is withdrawn."""

    words: str
    from_date: str
    address: str


def said_from(
    facts: Iterable[Fact], path: str, named: Mapping[str, str], words: Callable[[Fact], str] = lambda fact: ""
) -> list[Said]:
    """What counts of some dated facts of one series, the latest first; `named` says in the address which they are."""
    return [
        Said(words(fact), fact["from_date"], f"{path}?{urlencode({**named, 'from': fact['from_date']})}")
        for fact in reversed(standing(facts))
    ]


def found_from(facts: Iterable[Fact], from_date: str) -> tuple[Fact, str] | None:
    """The fact of a series that holds from a day, and a sentence that says what holds once it is withdrawn.

    None where nothing of the series holds from that day.
    """
    counting = standing(facts)
    fact = next((fact for fact in counting if fact["from_date"] == from_date), None)
    if fact is None:
        return None
    before = [other["from_date"] for other in counting if other["from_date"] < from_date]
    if not before:
        return fact, "Nothing was said for the days before, so nothing of this kind will hold from that day on."
    return fact, f"What was said from {day_in_words(before[-1])} on will hold on instead."


def reason_given(form: FormData) -> str:
    """Why something is withdrawn. Raises Refused where no reason is chosen, or it is not said that it is meant."""
    reason = text_of(form, "reason_code")
    if reason not in REASONS:
        raise Refused("malformed", "Choose why it is withdrawn.", "reason_code")
    if not text_of(form, "sure"):
        raise Refused("malformed", "Tick that you mean it: what holds instead holds at once.", "sure")
    return reason
