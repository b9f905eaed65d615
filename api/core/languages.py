"""The languages of the interface: which there are, which one a reader wants, and what our words are in it.

English is what templates and tables are written in. Every other language is one file, `api/locales/LANGUAGE.po`, which
is read once, when somebody first asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import structlog
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

from api.core.message_check import Broken, check
from api.core.sentences import said_sentence

K = TypeVar("K")
log = structlog.get_logger()
LOCALES = Path(__file__).parents[1] / "locales"
ENGLISH = "en"
LANGUAGE_COOKIE = "__Host-ap-ledger-language"
"""The language that was chosen with this browser, and nothing else."""

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


@cache
def languages() -> Mapping[str, str]:
    """Every language there is, by its code, with what it calls itself."""
    codes = [ENGLISH, *sorted(file.stem for file in LOCALES.glob("*.po"))]
    return {code: _own_name(code) for code in codes}


def _own_name(code: str) -> str:
    return (Locale(code).get_language_name(code) or code).capitalize()


def language() -> str:
    """The language of whoever asks; English where nobody does."""
    return _language.get()


def speak(code: str) -> None:
    """Answers in a language from here on, until this request ends."""
    _language.set(code if code in languages() else ENGLISH)


def wanted(chosen: str, accepted: str) -> str:
    """The language to answer in: the chosen one, else the first that a browser accepts and we have, else English."""
    if chosen in languages():
        return chosen
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        # Spaces may stand around the semicolon, and q may be a capital.
        code, _, weight = "".join(part.split()).lower().partition(";q=")
        try:
            weighed.append((float(weight or 1), code.partition("-")[0]))
        except ValueError:
            continue
    here = [code for weight, code in sorted(weighed, key=lambda pair: -pair[0]) if weight and code in languages()]
    return here[0] if here else ENGLISH


def read(code: str) -> Catalog:
    """The catalogue of a language, as it lies in its file."""
    with (LOCALES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def _is_said(message: Message) -> bool:
    return bool(message.id and message.string and not message.fuzzy)


@cache
def catalogue(code: str) -> Mapping[str, str]:
    """What each message is in a language, as far as somebody has said it."""
    if code == ENGLISH:
        return {}
    try:
        return {str(message.id): str(message.string) for message in read(code) if _is_said(message)}
    except (OSError, ValueError, PoFileError) as error:
        # Whoever reads a language whose file is damaged reads English, and can go on working.
        log.error("a catalogue cannot be read", language=code, error=type(error).__name__)
        return {}


def usable(message: str, said: Mapping[str, str]) -> str:
    """What a catalogue says of a message; the message itself where it says nothing, or not all that it holds."""
    translation = said.get(message, message)
    try:
        check(message, translation)
    except Broken as error:
        log.error("a translation cannot be used", message=message, why=str(error))
        return message
    return translation


def say(words: str, /, **values: object) -> str:
    """Words of ours in the language of whoever asks; in English where nobody has said them in it.

    Values stand in braces, as in `say("{count} students", count=3)`.
    """
    there = catalogue(language())
    said = there.get(words, words)
    if values:
        try:
            return said.format(**values)
        except (KeyError, IndexError, ValueError):
            # A translation that names what there is not takes no page with it.
            log.error("a translation cannot be used", message=words)
            return words.format(**values)
    return said if words in there or not there else said_sentence(words, say, month_of_year)


def said_table(table: Mapping[K, str]) -> dict[K, str]:
    """A table of ours with its words in the language of whoever asks."""
    return {key: say(words) for key, words in table.items()}


class DayNames(NamedTuple):
    """What days and months are called, Monday and January first: short beside a figure, whole in a sentence."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    whole_days: tuple[str, ...]
    whole_months: tuple[str, ...]


@cache
def day_names(code: str) -> DayNames:
    """The names of days and months in a language."""
    locale = Locale(code)
    days, months = locale.days["format"], locale.months["format"]
    return DayNames(
        tuple(days["abbreviated"][day] for day in range(7)),
        tuple(months["abbreviated"][month] for month in range(1, 13)),
        tuple(days["wide"][day] for day in range(7)),
        tuple(months["wide"][month] for month in range(1, 13)),
    )


def day_of_week(day: date) -> str:
    """The short name of a day."""
    return f"{day:%a}" if language() == ENGLISH else day_names(language()).days[day.weekday()]


def month_of_year(day: date) -> str:
    """The short name of its month."""
    return f"{day:%b}" if language() == ENGLISH else day_names(language()).months[day.month - 1]


def spoken_day(day: date) -> str:
    """A day of this year as it is said in a sentence."""
    if language() == ENGLISH:
        return f"{day:%A} {day.day} {day:%B}"
    names = day_names(language())
    return f"{names.whole_days[day.weekday()]} {day.day} {names.whole_months[day.month - 1]}"


def month_and_year(day: date) -> str:
    """The month of a day, with its year."""
    if language() == ENGLISH:
        return f"{day:%B %Y}"
    return f"{day_names(language()).whole_months[day.month - 1]} {day.year}"
