"""Sentences with a figure or a name in them that the read models say of a child, and that a page shows in a language.

They are made where no page is known, so they are known again here by their words. What stands in them is left as it is
but for days, and for what is itself a sentence or a name of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache

SINCE = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "yesterday")
SENTENCES = (
    "not reached on the last {count} visits",
    "{what}, {count} day late",
    "{what}, {count} days late",
    "no contact for {count} school days",
    "no contact yet",
    "nothing scored on {count} days here",
    "we cancelled {count} times in a fortnight",
    "a harder stretch, five contacts long",
    "Nobody there on {days}. Last reached on {day}.",
    "Nobody there on {days}. Nobody was reached before.",
    "From {rung} to {other} or before it, since {days}.",
    "Last on {days}, {rung}.",
    "Last on {days}.",
    "They came on {days}.",
    "On {days}.",
    "Nothing was logged since their placement began.",
    "{what}. And {count} more.",
    "An absence without a reason is to be followed up.",
    "An absence without a reason is to be followed up",
    "{count} days of absence without a reason are to be followed up.",
    "{count} days of absence without a reason are to be followed up",
    "Half-term review with {name}.",
    "Half-term review with {name}",
    "Commissioned for {hours} hours a week, more than {most}, and the setting has no URN",
    "Part-time timetable of {count} sessions a week since {days}",
    "Session, morning",
    "Session, afternoon",
    *(f"{day}, {{time}}" for day in SINCE),
)
"""Each as it is said in English, with what stands in it in braces: `what` is a sentence or name, `days` are days."""
DAYS = frozenset({"day", "days"})
_MONTHS = {
    name: month for month in range(1, 13) for name in (f"{date(2026, month, 1):%b}", f"{date(2026, month, 1):%B}")
}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (sentence, re.compile(re.sub(r"\\\{([a-z]+)\\\}", r"(?P<\1>.+?)", re.escape(sentence)), re.DOTALL))
        for sentence in SENTENCES
    )


def said_sentence(words: str, say: Callable[[str], str], month: Callable[[date], str]) -> str:
    """A sentence in another language, where it is one of these and that language has it; else as it is."""
    for sentence, pattern in _patterns():
        if (match := pattern.fullmatch(words)) and (said := say(sentence)) != sentence:
            values = {
                name: say(value) if name == "what" else _days(value, say, month) if name in DAYS else value
                for name, value in match.groupdict().items()
            }
            try:
                return said.format(**values)
            except (KeyError, IndexError, ValueError):
                return words
    return words


def _days(words: str, say: Callable[[str], str], month: Callable[[date], str]) -> str:
    """Days in a list, as 23, 24 and 26 Nov, with the names of their months."""

    def named(match: re.Match[str]) -> str:
        number = _MONTHS.get(match[0])
        return month(date(2026, number, 1)) if number else match[0]

    return re.sub(r"[A-Z][a-z]+", named, words).replace(" and ", f" {say('and')} ")
