"""Words in charts: how wide they are about, and how a long one is broken so that all of it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

from reports.printable import signs

NARROW = frozenset("iljtfrI.,:;'|!()[] -")
BROAD = frozenset("mwMWQOGCDNHU@%&")
BETWEEN_WORDS, INSIDE_A_WORD = "<br>", "\u200b<br>"
"""Line ends in the names of an axis. They are told apart, so that print can put the names together again."""


def width_of(text: str, size: float) -> float:
    """About how wide a text is in a letter size, in the same unit; rather too wide than too narrow."""
    return size * sum(map(_share, text))


def _share(letter: str) -> float:
    if letter in NARROW:
        return 0.34
    if letter in BROAD or east_asian_width(letter) in "WF":
        return 0.85 if letter in BROAD else 1.05
    return 0.66 if letter.isupper() or not letter.isascii() else 0.55


def wrapped(text: str, room: float, size: float, most: int = 2) -> list[str]:
    """A text in at most so many lines that are as wide as there is room.

    A word that is wider is broken between letters.
    """
    lines = [line for line, _ in _lines(text, room, size)]
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(lines[most - 1], room, size)]


def _cut(line: str, room: float, size: float) -> str:
    while line and width_of(line + "…", size) > room:
        line = line[:-1]
    return line.rstrip() + "…"


def _lines(text: str, room: float, size: float) -> list[tuple[str, bool]]:
    """The lines, each with whether the next one goes on with the same word."""
    lines: list[tuple[str, bool]] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width_of(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append((line, False))
        *full, line = _pieces(word, room, size)
        lines += [(piece, True) for piece in full]
    return [*lines, (line, False)] if line or not lines else lines


def _pieces(word: str, room: float, size: float) -> Sequence[str]:
    pieces = [""]
    for letters in signs(word):
        if pieces[-1] and width_of(pieces[-1] + letters, size) > room:
            pieces.append("")
        pieces[-1] += letters
    return pieces


def with_line_ends(text: str, room: float, size: float, most: int = 2) -> str:
    """A name of an axis as the script that draws it in a browser breaks lines."""
    lines = _lines(text, room, size)
    if len(lines) > most:
        lines = [*lines[: most - 1], (_cut(lines[most - 1][0], room, size), False)]
    ends = [INSIDE_A_WORD if inside else BETWEEN_WORDS for _, inside in lines[:-1]]
    return "".join(part for line, end in zip(lines, [*ends, ""], strict=True) for part in (line[0], end))


def without_line_ends(text: str) -> str:
    """The name as it was before."""
    return text.replace(INSIDE_A_WORD, "").replace(BETWEEN_WORDS, " ")


def names_with_line_ends(names: Iterable[str], margin: int, size: int = 14, most: int = 3) -> list[str]:
    """Names beside an axis, as wide as its margin in pixels, and in at most so many lines."""
    return [with_line_ends(name, margin - 14, size, most) for name in names]


def tallest(names: Iterable[str]) -> int:
    """The lines of the name that has most."""
    return max((name.count("<br>") + 1 for name in names), default=1)
