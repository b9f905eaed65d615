"""The templates of every page, with the words that all of them use."""

from __future__ import annotations

from datetime import date, datetime
from math import floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ap_ledger.domain.colours import look_of
from api.core.assets import address
from api.core.faces import initials, tint
from reports.compact import Compact
from reports.html import STYLE, drawing
from reports.html import TEMPLATES as BLOCKS
from reports.pack import figures_hash

templates = Environment(
    loader=FileSystemLoader([*sorted(Path(__file__).parents[1].glob("*/templates")), BLOCKS]),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=[Compact],
)
templates.globals["address"] = address


def frame(request: Request) -> dict[str, Any]:
    """What the frame around every page is drawn from: who is asking, and which page this is."""
    asking = getattr(request.state, "asking", None)
    return {"nonce": request.state.nonce, "asking": asking, "here": request.url.path, "me": None}


def day_in_words(day: str | date | None) -> str:
    """A date, or an ISO date, as people say it."""
    when = date.fromisoformat(day) if isinstance(day, str) and day else day
    return f"{when:%a} {when.day} {when:%b %Y}" if isinstance(when, date) else "–"


NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip


def ratio_in_words(ratio: float) -> str:
    """A ratio with one decimal, never more than it is: 4.49 is not 4.5."""
    return f"{floor(ratio * 10) / 10:g}"


def number_in_words(number: int) -> str:
    """A number as it stands in a sentence: in words up to twenty."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def moment_in_words(moment: datetime, time_zone: str) -> str:
    """A moment as the clock on the wall of a setting showed it."""
    there = moment.astimezone(ZoneInfo(time_zone))
    return f"{day_in_words(there.date())}, {there:%H:%M}"


def short_day(day: str | date, today: str | date) -> str:
    """A date as people say it, without its year where that is today's."""
    words = day_in_words(day)
    return words.removesuffix(f" {str(today)[:4]}")


templates.filters["day"] = day_in_words
templates.filters["short_day"] = short_day
templates.filters["in_words"] = number_in_words
templates.filters["initials"] = initials
templates.filters["tint"] = tint
templates.filters["look"] = look_of
templates.filters["ratio"] = ratio_in_words
templates.filters["moment"] = moment_in_words
templates.filters["drawing"] = drawing
templates.filters["figures_hash"] = figures_hash
templates.globals["report_style"] = STYLE
