"""What letters look like, whatever script they are of: a Cyrillic А beside a Latin A, one space beside another."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import orjson

from frameworks.language.letters import tidy

CONFUSABLES = Path(__file__).parents[1] / "vendor" / "confusables.json"
"""Letters that Unicode lists as looking like others (UTS 39), each with what it looks like."""
SMALL = str.maketrans({"i": "l", "m": "rn"})
"""What is listed for one case alone (a capital I looks like a small L), for texts that are compared without regard to
case."""


def look(text: str) -> str:
    """What a text looks like: two texts of one look cannot be told apart by reading them, or by their capitals
    alone."""
    letters = "".join(letter for letter in unicodedata.normalize("NFD", tidy(text)) if not _unseen(letter))
    # A lone accent is listed as what it looks like, and its plain form is a space: so the list is asked before and
    # after.
    seen = unicodedata.normalize("NFKD", letters.translate(_confusables())).translate(_confusables())
    return " ".join(unicodedata.normalize("NFD", seen).casefold().translate(SMALL).split())


def alike(name: str) -> str:
    """A name without what people write differently: capitals, accents, apostrophes, hyphens, spaces, letters that look
    alike."""
    letters = unicodedata.normalize("NFKD", look(name))
    return "".join(letter for letter in letters if letter.isalnum())


def _unseen(letter: str) -> bool:
    """Joiners, and selectors of variants: they change how the letter beside them looks only where a font knows how."""
    return (
        unicodedata.category(letter) == "Cf"
        or letter == "\u034f"
        or "\ufe00" <= letter <= "\ufe0f"
        or ord(letter) >= 0xE0000
    )


@cache
def _confusables() -> dict[int, str]:
    """The list, read once."""
    listed: dict[str, str] = orjson.loads(CONFUSABLES.read_bytes())
    return {ord(letter): like for letter, like in listed.items() if len(letter) == 1}
