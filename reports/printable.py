"""Words as the print fonts can say them. PDF/UA refuses a whole file for one letter that its fonts lack."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from projections.names import signs as whole_signs

FONTS = Path(__file__).with_name("fonts")
SCRIPT_FONTS = Path(__file__).with_name("script_fonts")
"""Fonts for other scripts than Latin. They are large, so a report loads them only when it holds a letter of theirs."""

FAMILIES = ("Atkinson Hyperlegible Next",)
SCRIPT_FAMILIES = (
    "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Bengali",
    "Noto Sans Gurmukhi", "Noto Sans Gujarati", "Noto Sans Tamil", "Noto Sans Sinhala", "Noto Sans Thai",
    "Noto Sans Ethiopic", "Noto Sans Georgian", "Noto Sans Armenian", "Noto Sans Oriya", "Noto Sans Telugu",
    "Noto Sans Kannada", "Noto Sans Malayalam", "Noto Sans Myanmar", "Noto Sans Khmer", "Noto Sans Lao",
    "Noto Sans Cherokee", "Noto Sans Javanese", "Noto Serif Tibetan", "Noto Sans SC", "Noto Sans KR",
)  # fmt: skip
"""In the order in which they are asked for a letter that the main font lacks."""

LONG_WORD = 18
"""A word of more letters may be broken anywhere, because no column is sure to be wide enough for it."""
BREAK_HERE = "\u200b"
"""A space of no width: a line may end there, and nothing shows where it does not."""
JOINERS = "\u200c\u200d"
"""Say whether the letters on both sides join; without them some Persian and Indian words are other words."""
_LONG = re.compile(rf"[^\s{BREAK_HERE}]{{{LONG_WORD + 1},}}")
_HYPHENS = re.compile(r"(?<=[-–—/_.@])")

UNPRINTABLE = "[not printable]"
"""Stands for words of which no font at hand has every letter."""
LOST = "\x00"
"""Stands for such a letter, before its words are replaced: a control character, so no text that is printed holds it."""
_LOST_WORDS = re.compile(rf"[^\s{LOST}]*{LOST}\S*(?:\s+[^\s{LOST}]*{LOST}\S*)*")
_UNSEEN = re.compile("[\u034f\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]")
"""Selectors of how the sign before them is drawn, tones of skin, and tags."""
NO_STAND_INS: Mapping[str, str] = {}


@cache
def _main_letters() -> frozenset[str]:
    return frozenset((FONTS / "letters.txt").read_text("utf-8")) - {"\n"}


@cache
def _script_letters() -> frozenset[str]:
    return frozenset((SCRIPT_FONTS / "letters.txt").read_text("utf-8")) - {"\n"}


def prints(text: str) -> bool:
    """Whether the print fonts can say a text: every letter of it, and other signs in words."""
    return LOST not in "".join(_said(text))


def printable(text: str, stand_ins: Mapping[str, str] = NO_STAND_INS) -> str:
    """The same words as the print fonts can say them: emoji and signs in words, and nothing of what nobody can see.

    A word with a letter that no font has is said to be one, and never spelt out. `stand_ins` says what is printed
    instead of such names.
    """
    if text.isascii() and text.isprintable():
        return text
    for name, instead in stand_ins.items():
        text = text.replace(name, instead)
    return _LOST_WORDS.sub(UNPRINTABLE, "".join(_said(text)))


def _said(text: str) -> Iterator[str]:
    before = ""
    for letter in unicodedata.normalize("NFC", text):
        if letter in JOINERS:
            yield letter if before in _script_letters() else ""
        else:
            yield letter if _has(letter) else _instead_of(letter)
        before = letter


def _has(letter: str) -> bool:
    return letter in _main_letters() or letter in _script_letters()


def _instead_of(letter: str) -> str:
    """What is printed where no font has a sign: nothing, a space, its plain form, its name, or that it is lost."""
    kind = unicodedata.category(letter)
    if letter in "\n\t" or kind[0] == "Z":
        return " "
    if kind in ("Cc", "Cf", "Cs") or _UNSEEN.fullmatch(letter):
        return ""
    plain = unicodedata.normalize("NFKC", letter)
    if all(map(_has, plain)):
        return plain
    return LOST if kind[0] in "LMNC" else f"[{unicodedata.name(letter, 'symbol').lower()}]"


def breakable(text: str) -> str:
    """The same words, where a word too long for a column may be broken: after a hyphen, or else between any two
    letters."""
    return _LONG.sub(_with_breaks, text) if len(text) > LONG_WORD else text


def _with_breaks(word: re.Match[str]) -> str:
    parts = _HYPHENS.split(word.group())
    return BREAK_HERE.join(BREAK_HERE.join(signs(part)) if len(part) > LONG_WORD else part for part in parts)


def signs(word: str) -> Iterator[str]:
    """Letters with the marks that they carry. Between letters that join each other there is no break."""
    kept = ""
    for sign in whole_signs(word):
        if kept and unicodedata.bidirectional(sign[0]) != "AL":
            yield kept
            kept = ""
        kept += sign
    yield kept


def needs_script_fonts(words: Iterable[str]) -> bool:
    """Whether any of these words holds a letter that the main font lacks."""
    return any(not word.isascii() and not (_main_letters() | {BREAK_HERE}).issuperset(word) for word in words)


def reads_right_to_left(text: str) -> bool:
    """Whether a text begins in a script that is read from the right: its first letter with a direction decides."""
    strong = (direction for letter in text if (direction := unicodedata.bidirectional(letter)) in ("L", "R", "AL"))
    return next(strong, "L") != "L"


def words_in(value: Any) -> Iterator[str]:
    """Every text in a nest of mappings and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from words_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from words_in(inner)
