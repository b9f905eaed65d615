"""School years as England counts them: which one a child is in, by the day of their birth. Nothing of it is stored."""

from __future__ import annotations

from datetime import date

SEPTEMBER = 9
FIRST_YEAR_AT = 5
"""A child begins Year 1 in the autumn after turning so old."""
RECEPTION, LAST_YEAR, LAST_POST_16 = 0, 11, 13


def year_group(born: date, school_year: int) -> int:
    """The school year of a child (1 to 11; 0 is Reception) in the year that begins in the autumn of `school_year`.

    Whoever is born from September on is among the oldest of their year. Somebody who is taught with another year than
    that of their age is not told by this.
    """
    cohort = born.year if born.month >= SEPTEMBER else born.year - 1
    return school_year - cohort - FIRST_YEAR_AT


def year_in_words(year: int) -> str:
    """A school year as people say it; empty for what is none."""
    if year == RECEPTION:
        return "Reception"
    return f"Year {year}" if RECEPTION < year <= LAST_POST_16 else ""


def span_in_words(school_year: int) -> str:
    """A school year by the autumn in which it begins: 2026/27."""
    return f"{school_year}/{(school_year + 1) % 100:02}"
