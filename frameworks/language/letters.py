"""Letters as other programs leave them: invisible ones, and text that was read as Windows letters and saved again."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

ALWAYS_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb"
)
"""Soft hyphens, spaces of no width, marks of byte order and of direction, and fillers: nobody typed them."""

JOINERS = frozenset("\u200c\u200d")
"""They change the letters beside them in some scripts and in emoji, and are nothing between Latin letters."""

SELECTORS = frozenset(chr(code) for code in range(0xFE00, 0xFE10))
"""They choose how a sign beside them is drawn, and are nothing beside Latin letters."""

_PRINTABLE_AND_INVISIBLE = SELECTORS | frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
_SPACES = frozenset(("Cc", "Zs", "Zl", "Zp"))


def tidy(text: Any) -> str:
    """A text on one line, without the spaces and the letters that hide in copied cells."""
    words = "" if text is None else str(text)
    if not words.isprintable() or not _PRINTABLE_AND_INVISIBLE.isdisjoint(words):
        words = "".join(_visible(words, place) for place in range(len(words)))
    return " ".join(words.split()) if words.isascii() else " ".join(unicodedata.normalize("NFC", words).split())


def _visible(words: str, place: int) -> str:
    letter = words[place]
    if letter in ALWAYS_INVISIBLE or 0xE0000 <= ord(letter) <= 0xE007F:
        return ""
    if letter in JOINERS:
        beside = words[max(place - 1, 0) : place] + words[place + 1 : place + 2]
        return letter if len(beside) == 2 and all(ord(neighbour) > 0x2FF for neighbour in beside) else ""
    if letter in SELECTORS:
        return letter if place and words[place - 1] > "\u02ff" else ""
    return " " if unicodedata.category(letter) in _SPACES or letter == "\u2800" else letter


def plain_letters(text: str) -> str:
    """A text as it is compared with known words: in small letters, wide or joined ones as they are usual."""
    return unicodedata.normalize("NFKC", text).casefold()


# Read twice -----------------------------------------------------------------------------------------------------------


def _byte_of() -> dict[str, int]:
    """The byte that each letter was before it was misread.

    Where Windows has no letter, programs leave the byte as it is.
    """
    table: dict[str, int] = {}
    for byte in range(0x80, 0x100):
        table[chr(byte)] = byte
        table[bytes([byte]).decode("cp1252", "ignore") or chr(byte)] = byte
    return table


_BYTE = _byte_of()
_FOLLOWS = "[" + "".join(re.escape(letter) for letter, byte in _BYTE.items() if byte < 0xC0) + "]"
_MISREAD = re.compile(f"[\u00c2-\u00df]{_FOLLOWS}|[\u00e0-\u00ef]{_FOLLOWS}{{2}}|[\u00f0-\u00f4]{_FOLLOWS}{{3}}")
_RUN = re.compile(r"[^\x00-\x7f]+")
_SURE = re.compile(
    "[\u00c2\u00c3]|\u00e2\u20ac|\u00e2\u0080|\u00f0|\u00ef\u00bb\u00bf"
    "|[\u00c4\u00c5][^\u2018\u2019\u201c\u201d\u2013\u2014\u2022\u2026\u2122\u203a\u00a0\u00bb]"
)
"""How misread text nearly always begins: accents, quotation marks and dashes, emoji, a mark of byte order; and the
accents of further languages, but for those that look like a capital before a closing quotation mark."""


def mended(text: str) -> str:
    """A text as it was before it was read as Windows letters and saved again, once or more; any other text as it is.

    Only where that explains every letter beyond plain ASCII, so that `“MENÜ”` is left alone.
    """
    for _ in range(3):
        once = _once(text)
        if once == text:
            break
        text = once
    return text


def _once(text: str) -> str:
    sure = False
    parts: list[str] = []
    at = 0
    for run in _RUN.finditer(text):
        letters = run.group()
        try:
            better = bytes(_BYTE[letter] for letter in letters).decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            return text
        sure = sure or len(better) > 1 or _SURE.match(letters) is not None
        parts += (text[at : run.start()], better)
        at = run.end()
    return "".join((*parts, text[at:])) if sure else text


def looks_misread(text: str) -> bool:
    """Whether part of a text looks as if it was misread, although not all of it can be mended."""
    return any(_SURE.match(match.group()) is not None for match in _MISREAD.finditer(text))


def mended_everywhere(value: Any) -> Any:
    """A JSON value with every text in it mended."""
    if isinstance(value, str):
        return value if value.isascii() else mended(value)
    if isinstance(value, list):
        return [mended_everywhere(inner) for inner in value]
    if isinstance(value, dict):
        return {name: mended_everywhere(inner) for name, inner in value.items()}
    return value
