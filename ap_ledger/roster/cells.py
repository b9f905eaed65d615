"""What one cell says: a day, a number, a UPN, a name, days of the week, needs; whatever a spreadsheet made of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from ap_ledger.domain.upn import LETTERS, check_letter
from frameworks.language.letters import plain_letters
from frameworks.needs import need_codes


class CellFault(ValueError):
    """A cell that cannot be used. The message says what is wrong with it and what to do."""


NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "null", "none", "nil", "tbc", "tba", "unknown", "not known", "?"})
"""What stands in a cell about which nobody knows anything. A name may be any of them, so names are not asked."""
FAULTS_OF_SHEETS = frozenset({"#ref!", "#n/a", "#value!", "#name?", "#div/0!", "#null!", "#num!"})
SHORTENED = re.compile(r"[A-Z]?\d(\.\d+)?E\+?\d+", re.IGNORECASE)
"""A long number as a spreadsheet shortens it: 8.23432E+12."""


def squeezed(text: str) -> str:
    """A text by its letters and digits alone, in small ones, as headings and names are compared."""
    letters = unicodedata.normalize("NFKD", plain_letters(text))
    return "".join(letter for letter in letters if letter.isalnum())


def is_nothing(text: str) -> bool:
    """Whether a cell, of a column that holds no names, says that nothing is known."""
    return text.casefold() in NOTHING


def checked(text: str) -> str:
    """A cell that holds no fault of the sheet. Raises CellFault."""
    if text.casefold() in FAULTS_OF_SHEETS:
        raise CellFault(f"This cell shows a fault of the sheet ({text}). Put what belongs there.")
    return text


# Days -----------------------------------------------------------------------------------------------------------------

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_YEAR_FIRST = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})\.?,?[-/. ]*(\d{4}|\d{2})", re.IGNORECASE)
_NAMED_FIRST = re.compile(r"([a-z]{3,9})\.?[-/. ]*(\d{1,2})(?:st|nd|rd|th)?,?[-/. ]+(\d{4}|\d{2})", re.IGNORECASE)
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?( ?[ap]m)?$", re.IGNORECASE)
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]? +", re.IGNORECASE)
_SERIAL = re.compile(r"(\d{4,5})(\.\d+)?")
EXCEL_BEGINS = date(1899, 12, 30)
"""The day from which spreadsheet programs count; they take 1900 for a leap year, so the first two months are off."""
FIRST_SERIAL, LAST_SERIAL = 10_000, 73_050
"""Days from 1927 to 2099 as spreadsheet programs count them."""
DAY_WORDS = "Write the day first, then the month and the year: 14/03/2013."


def day_in(text: str) -> date | None:
    """The day that a cell says, or None where it says none."""
    try:
        return read_day(text)
    except CellFault:
        return None


def read_day(text: str) -> date:
    """The day that a cell says: day first, year first, in words, or counted as spreadsheets do. Raises CellFault."""
    words = _WEEKDAY.sub("", _TIME.sub("", checked(text)).strip())
    if match := _SERIAL.fullmatch(words):
        serial = int(match[1])
        if FIRST_SERIAL <= serial <= LAST_SERIAL:
            return EXCEL_BEGINS + timedelta(days=serial)
    if match := _YEAR_FIRST.fullmatch(words):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_FIRST.fullmatch(words):
        return _day(_year(match[3]), int(match[2]), int(match[1]))
    if match := _NAMED.fullmatch(words):
        return _day(_year(match[3]), _month(match[2]), int(match[1]))
    if match := _NAMED_FIRST.fullmatch(words):
        return _day(_year(match[3]), _month(match[1]), int(match[2]))
    raise CellFault(f"This is not a day. {DAY_WORDS}")


def _year(digits: str) -> int:
    """A year of four digits; one of two is of this century up to 2050, else of the last one."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year > 50 else 2000)


def _month(word: str) -> int:
    start = word[:3].lower()
    if start not in MONTHS or not MONTH_NAMES[MONTHS.index(start)].lower().startswith(word[:9].lower()[: len(word)]):
        raise CellFault(f"There is no such month. {DAY_WORDS}")
    return MONTHS.index(start) + 1


def _day(year: int, month: int, day: int) -> date:
    if not 1 <= month <= 12:
        turned = " Is the month first here? " if 1 <= day <= 12 else " "
        raise CellFault(f"There is no month {month}.{turned}{DAY_WORDS}")
    if not 1900 <= year <= 2200:
        raise CellFault(f"The year {year} is out of reach. {DAY_WORDS}")
    try:
        return date(year, month, day)
    except ValueError:
        raise CellFault(f"{day} {MONTH_NAMES[month - 1]} {year} is not a day. Which did you mean?") from None


# Numbers --------------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(\d{1,6})(?:[.,](\d{1,6}))?")


def read_number(text: str) -> float:
    """A number as people write it: 12.5, 12,5, 15.0, 15 hours. Raises CellFault."""
    words = re.sub(r"(?i)\s*(hours?|hrs?|h|sessions?|a week|per week|/ ?week)", "", checked(text)).strip()
    match = _NUMBER.fullmatch(words)
    if match is None:
        raise CellFault("This is not a number. Write digits alone, such as 5 or 12.5.")
    return float(f"{match[1]}.{match[2] or 0}")


def read_whole_number(text: str) -> int:
    """A number without a part of one. Raises CellFault."""
    number = read_number(text)
    if not number.is_integer():
        raise CellFault("This is a part of a number. Write a whole one, such as 5.")
    return int(number)


# UPNs, names, days of the week, needs ---------------------------------------------------------------------------------

_UPN = re.compile(rf"[{LETTERS}][0-9]{{11}}[0-9{LETTERS}]")


def read_upn_cell(text: str) -> str:
    """A UPN in its one form. Raises CellFault."""
    upn = "".join(checked(text).split()).upper()
    if SHORTENED.fullmatch(upn):
        raise CellFault("The sheet has shortened this number. Format the column as text and put the whole UPN there.")
    if _UPN.fullmatch(upn) is None:
        raise CellFault("A UPN is a letter and twelve characters, such as Y823432104009. Put it right or leave it out.")
    if upn[0] != check_letter(upn[1:]):
        raise CellFault("The first letter of this UPN does not fit its digits, so one of them is wrong. Look at it.")
    return upn


def read_name(text: str) -> str:
    """A name: anything in which there is a letter. Raises CellFault."""
    if not any(unicodedata.category(letter)[0] == "L" for letter in checked(text)):
        raise CellFault("There is no letter in this name. Put the name here.")
    if len(text) > 120:
        raise CellFault("This name is longer than 120 characters. Shorten it.")
    return text


def split_name(text: str) -> tuple[str, str]:
    """First and family name of a whole one: `Wren, Sorrel` or `Sorrel Wren`. Raises CellFault."""
    name = read_name(text)
    family, comma, given = name.partition(",")
    if comma and given.strip() and family.strip():
        return given.strip(), family.strip()
    given, _, family = name.replace(",", " ").strip().partition(" ")
    if not family.strip():
        raise CellFault("This is one name only. Write the first name and the family name.")
    return given, family.strip()


WEEKDAY_NAMES: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        ("m mo mon monday mondays", "tu tue tues tuesday tuesdays", "w we wed weds wednesday wednesdays",
         "th thu thur thurs thursday thursdays", "f fr fri friday fridays", "sa sat saturday saturdays",
         "su sun sunday sundays"), 1,
    )
    for word in words.split()
}  # fmt: skip
"""The days of the week by every way in which they are written, 1 Monday to 7 Sunday."""


def read_weekdays(text: str) -> tuple[int, ...]:
    """The weekdays that a cell names: `Mon, Wed`, `Mon-Fri`, `all`, `MTWThF`. Raises CellFault."""
    words = checked(text).casefold().replace("–", "-").replace(" to ", "-").strip()
    if words in ("all", "every day", "everyday", "full time", "full-time", "fulltime"):
        return (1, 2, 3, 4, 5)
    days: list[int] = []
    for part in filter(None, re.split(r"[\s,;/&+|]+|\band\b", words)):
        first, dash, last = part.partition("-")
        if dash and first in WEEKDAY_NAMES and last in WEEKDAY_NAMES:
            days += range(WEEKDAY_NAMES[first], WEEKDAY_NAMES[last] + 1)
        elif part in WEEKDAY_NAMES:
            days.append(WEEKDAY_NAMES[part])
        elif run := re.fullmatch(r"(?:th|tu|m|t|w|f)+", part):
            days += (_RUN[sign] for sign in re.findall(r"th|tu|[mtwf]", run[0]))
        else:
            raise CellFault("These are not days of the week. Write them as Mon, Wed, Fri.")
    if not days:
        raise CellFault("These are not days of the week. Write them as Mon, Wed, Fri.")
    return tuple(sorted(set(days)))


_RUN = {"m": 1, "t": 2, "tu": 2, "w": 3, "th": 4, "f": 5}


def codes_in(text: str) -> tuple[str, ...]:
    """The short codes in capitals that a cell lists, by whatever stands between them."""
    return tuple(filter(None, re.split(r"[\s,;/&+|]+", text.upper())))


def read_needs(text: str) -> tuple[str, ...]:
    """The needs that a cell names, by their codes or by what the codes mean. Raises CellFault."""
    return tuple(dict.fromkeys(_needs(checked(text))))


def _needs(text: str) -> Iterator[str]:
    meanings = {squeezed(meaning): code for code, meaning in need_codes().items()}
    if squeezed(text) in meanings:
        yield meanings[squeezed(text)]
        return
    for part in filter(None, (part.strip() for part in re.split(r"[;,/&+|\n]| and ", text))):
        code = part.split(" ")[0].strip("-:()").upper()
        if squeezed(part) in meanings:
            yield meanings[squeezed(part)]
        elif code in need_codes():
            yield code
        else:
            raise CellFault(f"This is no type of need. Use the codes of the school census: {', '.join(need_codes())}.")


def read_school_year(text: str) -> int:
    """A school year: Year 9, Y9, 9, 09, R for Reception, which is 0. Raises CellFault."""
    words = squeezed(checked(text))
    if words in ("r", "rec", "reception"):
        return 0
    match = re.fullmatch(r"(?:year|yr|y|ncyear|nc)?0?(\d{1,2})", words)
    if match is None or not 0 <= int(match[1]) <= 14:
        raise CellFault("This is not a school year. Write Year 9, or leave it out.")
    return int(match[1])


def read_yes_or_no(text: str) -> bool:
    """Whether something is agreed to. Raises CellFault."""
    words = squeezed(checked(text))
    if words in ("yes", "y", "true", "agreed", "given", "1", "ok"):
        return True
    if words in ("no", "n", "false", "refused", "notgiven", "0", "declined"):
        return False
    raise CellFault("Say yes or no, or leave it out.")
