"""Words as the print font can say them. PDF/UA refuses a whole file for one letter that its font lacks."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).with_name("fonts")
LETTERS = FONTS / "letters.txt"


@cache
def _covered() -> frozenset[str]:
    return frozenset(LETTERS.read_text("utf-8")) - {"\n"}


def printable(text: str) -> str:
    """The same words with emoji and signs outside the font said in words, and control characters left out."""
    if text.isascii() and text.isprintable():
        return text
    said: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        if letter in _covered():
            said.append(letter)
        elif letter in "\n\t" or unicodedata.category(letter).startswith("Z"):
            said.append(" ")
        elif unicodedata.category(letter) in ("Cc", "Cf", "Mn", "Me", "Cs", "Co", "Cn") or 0x1F3FB <= ord(letter) <= 0x1F3FF:
            continue
        else:
            said.append(f"[{unicodedata.name(letter, 'symbol').lower()}]")
    return "".join(said)
