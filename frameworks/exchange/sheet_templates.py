"""Spreadsheets to start from. Each is a sound definition as it is, so that it can be tried before it is changed."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from frameworks.exchange.intake import lines_of

TEMPLATES: Mapping[str, Sequence[Sequence[str]]] = {
    "outcomes": (
        ("title", "Our three themes"), ("id", "our-three-themes"), ("version", "1"), ("licence", "Our own words"),
        ("scale seen", "0 = Not yet", "1 = Seen"),
        ("scale how-much", "1 = A little", "2 = Some of the time", "3 = Most of the time"), ("default scale", "seen"),
        (),
        ("theme", "indicator", "plain words", "scale", "scored in"),
        ("Belonging", "Said hello to somebody", "I said hello in my own way", "", "arrival, break, lunch"),
        ("", "Stayed near the others", "", "how-much", "break, lunch"),
        ("Learning", "Started a task", "I got going", "", "lesson, intervention"),
        ("", "Went back to it after a break", "", "", "lesson"),
        ("Feeling well", "Said or showed how they felt", "", "", ""),
        ("", "Used something that helps", "", "how-much", ""),
    ),
    "curriculum": (
        ("title", "Our first curriculum"), ("id", "our-first-curriculum"), ("version", "1"), ("kind", "curriculum"),
        ("licence", "Our own words"),
        ("scale secure", "Introduced (started)", "With help (nearly)", "On my own (secure)",
        "Not secure any more (lost)"), (),
        ("subject", "strand", "micro-unit", "comes after"),
        ("Cooking", "Breakfast", "Makes toast", ""), ("", "", "Makes porridge", "Makes toast"),
        ("", "Lunch", "Makes a sandwich", "Makes toast"),
    ),
    "ladder": (
        ("title", "Our ladder"), ("id", "our-ladder"), ("version", "1"), ("licence", "Our own words"), (),
        ("rung", "on site", "supervised"), ("No answer at the door", "", ""), ("Talks through the door", "", ""),
        ("On site, one to one", "yes", "yes"),
    ),
    "instrument": (
        ("title", "Our questions"), ("id", "our-questions"), ("version", "1"), ("licence", "Our own words"),
        ("informants", "student", "carer"), ("cadence", "term"),
        ("scale agree", "1 = Not at all", "2 = A little", "3 = Mostly", "4 = Completely"), (),
        ("section", "question", "reverse"), ("Here", "I know whom to ask", ""),
        ("", "I would rather be somewhere else", "yes"),
    ),
}  # fmt: skip


def template(kind: str) -> str:
    """A spreadsheet to start from, as CSV."""
    out = lines_of("")
    csv.writer(out, lineterminator="\r\n").writerows(TEMPLATES[kind])
    return out.getvalue()


def template_file(kind: str) -> bytes:
    """The same as a file. The mark at the beginning tells spreadsheet programs that it is UTF-8."""
    return b"\xef\xbb\xbf" + template(kind).encode()
