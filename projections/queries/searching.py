"""Whether something is called as somebody types: the beginnings of words, in any order, with or without accents,
apostrophes, hyphens and spaces."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

MOST_RUN_TOGETHER = 4
"""So many words that somebody types apart are looked for as one: Mac an Bhaird, Macanbhaird."""
LETTERS_THAT_ARE_APOSTROPHES = frozenset("\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\ua78b\ua78c")
"""Apostrophes that Unicode lists among the letters."""


@dataclass(frozen=True)
class Wanted:
    """The beginnings of words that are looked for."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> Wanted:
        """What somebody typed."""
        return cls(tuple(words_of(typed)))

    def is_in(self, text: str) -> bool:
        """Whether each of them begins some word of a text. Nothing typed is in no text.

        What one writes as one word another writes as two, so a beginning may go on into the next word, and words that
        are typed one after the other may be one.
        """
        words = words_of(text)
        endings = ["".join(words[place:]) for place in range(len(words))]
        found_to = [True]
        for end in range(1, len(self.words) + 1):
            begins = range(max(0, end - MOST_RUN_TOGETHER), end)
            found_to.append(
                any(found_to[begin] and _begins("".join(self.words[begin:end]), endings) for begin in begins)
            )
        return bool(self.words) and found_to[-1]


def _begins(part: str, endings: list[str]) -> bool:
    return any(ending.startswith(part) for ending in endings)


def words_of(text: str) -> list[str]:
    """The words of a text without accents and capitals, so that nobody must type a letter that their keyboard lacks.

    Whatever is no letter or number divides words.
    """
    apart = unicodedata.normalize("NFKD", text)
    letters = (letter for letter in apart if not unicodedata.combining(letter))
    return "".join(letter if _is_of_a_word(letter) else " " for letter in letters).casefold().split()


def _is_of_a_word(letter: str) -> bool:
    # Vowel signs of many scripts are marks, and no letters, and still spell their word.
    return unicodedata.category(letter)[0] in "LMN" and letter not in LETTERS_THAT_ARE_APOSTROPHES
