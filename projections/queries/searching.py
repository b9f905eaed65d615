"""Whether something is called as somebody types: the beginnings of words, in any order, with or without accents."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """The beginnings of words that are looked for."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> Wanted:
        """What somebody typed."""
        return cls(tuple(plain(typed).split()))

    def is_in(self, text: str) -> bool:
        """Whether each of them begins some word of a text. Nothing typed is in no text."""
        words = plain(text).split()
        return bool(self.words) and all(any(word.startswith(part) for word in words) for part in self.words)


def plain(text: str) -> str:
    """A text without accents and capitals, so that nobody must type a letter that their keyboard lacks."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()
