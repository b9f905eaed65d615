"""The templates of every page, in every language, with the words that all of them use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, partial
from math import floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context, select_autoescape
from jinja2.ext import Extension
from jinja2.runtime import Context

from ap_ledger.domain.colours import look_of
from api.core.assets import address
from api.core.faces import initials, tint
from api.core.languages import (
    ENGLISH,
    catalogue,
    day_of_week,
    language,
    languages,
    month_of_year,
    say,
    spoken_day,
    usable,
)
from api.core.messages import Reader
from projections.queries.words import days_in_words
from reports.compact import Compact
from reports.html import STYLE, drawing, picture
from reports.html import TEMPLATES as BLOCKS
from reports.pack import figures_hash

PAGES = tuple(sorted(Path(__file__).parents[1].glob("*/templates")))
"""Where the templates of the pages are; what a report is made of stands in `reports` and is not said here."""


class InLanguage(Extension):
    """Says each message of a template in the language of its environment, when the template is loaded."""

    # After `Compact`, which stands at 100.
    priority = 101
    said: Mapping[str, str] = {}

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The same template in another language, where the catalogue has it."""
        if filename is not None and not any(Path(filename).is_relative_to(folder) for folder in PAGES):
            return source
        return Reader().said(source, lambda message: usable(message, self.said))


def environment(code: str, said: Mapping[str, str]) -> Environment:
    """The templates of every page in one language, given what its messages are in it."""
    made = Environment(
        loader=FileSystemLoader([*PAGES, BLOCKS]),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Compact] if code == ENGLISH else [Compact, type("InLanguage", (InLanguage,), {"said": said})],
    )
    made.globals.update(address=partial(address, code=code), report_style=STYLE, said_in=code, said_in_any=languages())
    made.filters.update(FILTERS)
    return made


@cache
def templates_in(code: str) -> Environment:
    """The templates of every page in a language: made once, when somebody first asks for it."""
    return environment(code, catalogue(code))


def template(name: str) -> Template:
    """A template in the language of whoever asks."""
    return templates_in(language()).get_template(name)


def frame(request: Request) -> dict[str, Any]:
    """What the frame around every page is drawn from: who is asking, and which page this is."""
    asking = getattr(request.state, "asking", None)
    return {"nonce": request.state.nonce, "asking": asking, "here": request.url.path, "me": None}


def day_in_words(day: str | date | None) -> str:
    """A date, or an ISO date, as people say it."""
    when = date.fromisoformat(day) if isinstance(day, str) and day else day
    return f"{day_of_week(when)} {when.day} {month_of_year(when)} {when.year}" if isinstance(when, date) else "–"


NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip


def ratio_in_words(ratio: float) -> str:
    """A ratio with one decimal, never more than it is: 4.49 is not 4.5."""
    return f"{floor(ratio * 10) / 10:g}"


def number_in_words(number: int) -> str:
    """A number as it stands in a sentence: in words up to twenty."""
    return say(NUMBERS[number]) if 0 <= number < len(NUMBERS) else str(number)


def moment_in_words(moment: datetime, time_zone: str) -> str:
    """A moment as the clock on the wall of a setting showed it."""
    there = moment.astimezone(ZoneInfo(time_zone))
    return f"{day_in_words(there.date())}, {there:%H:%M}"


def short_day(day: str | date, today: str | date) -> str:
    """A date as people say it, without its year where that is today's."""
    words = day_in_words(day)
    return words.removesuffix(f" {str(today)[:4]}")


@pass_context
def _said(_: Context, words: Any) -> Any:
    """Words of ours in the language of whoever reads; anything else as it is.

    It asks for the context so that Jinja never works it out when it loads a template.
    """
    return say(words) if type(words) is str else words


FILTERS = {
    "day": day_in_words,
    "short_day": short_day,
    "spoken_day": spoken_day,
    "in_words": number_in_words,
    "initials": initials,
    "tint": tint,
    "look": look_of,
    "days_in_words": days_in_words,
    "ratio": ratio_in_words,
    "moment": moment_in_words,
    "drawing": drawing,
    "picture": picture,
    "figures_hash": figures_hash,
    "say": _said,
}
templates = templates_in(ENGLISH)
