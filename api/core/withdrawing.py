"""What was said to hold from a date on, each with the way to withdraw it, and what holds instead once it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import FormData

from ap_ledger.errors import Refused
from ap_ledger.events.dated import standing
from api.core.languages import say
from api.core.show import text_of
from api.core.templating import day_in_words
from projections.bodies import SettingBody
from projections.queries.words import CLASS_NAMES
from projections.writers.body_changes.common import WITHDRAWN_FROM

Fact = Mapping[str, Any]
REASONS: Mapping[str, str] = {
    "entered-by-mistake": "It was entered by mistake",
    "wrong-one": "It was meant for somebody or something else",
    "never-agreed": "It was never agreed",
    "other": "Another reason",
}
"""Why something is withdrawn, as it is kept, and as a person says it."""


WITHDRAWN = "It is withdrawn. That it was said stays in the history."
"""What is told after it was done."""
FEW = 3
"""So many names of what was said are shown, and dots for the rest."""


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


def said_of_setting(setting: SettingBody, kind: str) -> list[Said]:
    """What counts of one kind of fact of a setting, the latest first, each with what was said in a few words."""
    facts: Iterable[Fact] = setting.get(WITHDRAWN_FROM[kind], ())  # type: ignore[assignment]
    named = {"setting": setting["id"], "fact": kind}
    return said_from(facts, "/setting/withdraw", named, partial(setting_fact_in_words, kind))


def setting_fact_in_words(kind: str, fact: Fact) -> str:
    """What was said of a setting, in a few words: its first names, and from when to when they go."""
    if kind == "retention-set":
        return say("Years kept: {clocks}", clocks="; ".join(map(_clock_in_words, fact["clocks"])))
    if kind == "timetable-set":
        slots = sorted(fact["slots"], key=lambda slot: str(slot["starts"]))
        ends = max((str(slot["ends"])[:5] for slot in slots), default="")
        return _few(slots, f"{str(slots[0]['starts'])[:5]}–{ends}" if slots else "")
    if kind == "calendar-set":
        spans = sorted(fact.get("terms") or fact.get("closures") or (), key=lambda span: str(span["first"]))
        ends = max((str(span["last"]) for span in spans), default="")
        return _few(spans, f"{day_in_words(spans[0]['first'])} – {day_in_words(ends)}" if spans else "")
    return _few(fact["categories"], "")


def _clock_in_words(clock: Fact) -> str:
    years = say("for ever") if clock.get("years") is None else clock["years"]
    return f"{say(CLASS_NAMES[clock['retention_class']]).partition(':')[0]} {years}"


def _few(called: Sequence[Fact], when: str) -> str:
    if not called:
        return say("Nothing")
    names = ", ".join([str(one["label"]) for one in called[:FEW]] + ["…"] * (len(called) > FEW))
    return f"{names} ({when})" if when else names


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
