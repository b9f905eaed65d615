"""Faces: the letters that stand for somebody where there is no picture, on a tint that says nothing of them."""

from __future__ import annotations

import zlib

TINTS = 6
"""So many tints there are. Which one somebody has goes by their name and never by how they are."""


def initials(name: str) -> str:
    """The first letter of each of the first two words of a name; two letters of a name of one word."""
    words = [word for word in name.replace("[", " ").replace("]", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


def tint(name: str) -> str:
    """The class of somebody's tint."""
    return f"t{zlib.crc32(name.encode()) % TINTS}"
