"""What people are called where there is little room: the shortest form that tells everybody of a setting apart."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from frameworks.language.letters import tidy
from frameworks.language.lookalikes import look

JOINER = "\u200d"
"""Joins the letters on both sides of it into one sign."""
JOINS_NEXT = 9
"""The combining class of signs that take a letter's vowel away, so that it stands as one with the letter after it."""
BEFORE = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
"""Vowels of Thai and Lao that are written before the letter after which they are spoken."""
UNNAMED = "Not named yet"


class FullName(NamedTuple):
    """A person as the setting identified them.

    `born` is an ISO date; `family` is empty where there is one name only.
    """

    id: str
    first: str
    family: str = ""
    born: str | None = None


def unnamed(student_id: str) -> FullName:
    """Somebody who was admitted and not identified yet: told from others by the end of their id."""
    return FullName(student_id, f"{UNNAMED} ({reference(student_id)})")


def reference(student_id: str) -> str:
    """What names a student without saying who they are, in lists and files: the last six signs of their id."""
    return student_id[-6:]


def short_names(people: Iterable[FullName]) -> dict[str, str]:
    """The short name of everybody, by id; no two look alike, whatever scripts they are in.

    A first name and the initial of the family name where that is enough. Otherwise as many letters of the family name
    as it takes, then the year of birth, then the whole date, and where even that is the same, a number in the order of
    the ids.
    """
    everybody = sorted(_as_seen(person) for person in people)
    names = _tell_apart(everybody, FORMS)
    # A long form may happen to be the short form of somebody with another first name.
    alike: dict[str, list[str]] = defaultdict(list)
    for person in everybody:
        alike[look(names[person.id])].append(person.id)
    for name, ids in alike.items():
        numbers = _numbers(name, alike) if len(ids) > 1 else ()
        names |= {key: f"{names[key]} {number}" for key, number in zip(ids, numbers, strict=False)}
    return names


def _as_seen(person: FullName) -> FullName:
    """A name without what nobody can see: names that were stored before the door tidied them may hold it."""
    seen = person._replace(first=tidy(person.first), family=tidy(person.family))
    return seen if seen.first or seen.family else unnamed(person.id)


def _numbers(name: str, taken: Container[str]) -> Iterator[str]:
    """One number after another to stand behind a name, those left out with which it would look like somebody else's."""
    numbers = (f"[{number}]" for number in count(1))
    return (number for number in numbers if look(f"{name} {number}") not in taken)


Form = Callable[[Sequence[FullName]], dict[str, str]]
"""The names, by id, of people who could not be told apart by a shorter form."""


def _tell_apart(people: Sequence[FullName], forms: Sequence[Form]) -> dict[str, str]:
    form, *longer = forms
    names = form(people)
    alike: dict[str, list[FullName]] = defaultdict(list)
    for person in people:
        alike[look(names[person.id])].append(person)
    for group in alike.values() if longer else ():
        if len(group) > 1:
            names |= _tell_apart(group, longer)
    return names


def _initial(people: Sequence[FullName]) -> dict[str, str]:
    return {person.id: _called(person, 1) for person in people}


def _letters(people: Sequence[FullName]) -> dict[str, str]:
    longest = max(len(signs(person.family)) for person in people)
    names = {person.id: _called(person, longest) for person in people}
    for length in range(longest - 1, 1, -1):
        shorter = {person.id: _called(person, length) for person in people}
        times = Counter(map(look, shorter.values()))
        names |= {key: name for key, name in shorter.items() if times[look(name)] == 1}
    return names


def _called(person: FullName, letters: int) -> str:
    """A first name and so many letters of the family name, as it is read."""
    return f"{person.first} {''.join(signs(person.family)[:letters])}".strip()


def _year(people: Sequence[FullName]) -> dict[str, str]:
    return {person.id: _whole(person, person.born and person.born[:4]) for person in people}


def _birthday(people: Sequence[FullName]) -> dict[str, str]:
    return {person.id: _whole(person, person.born) for person in people}


def _whole(person: FullName, born: str | None) -> str:
    name = f"{person.first} {person.family}".strip()
    return f"{name} ({born})" if born else name


FORMS: tuple[Form, ...] = (_initial, _letters, _year, _birthday)


def signs(text: str) -> list[str]:
    """A text as its readers count letters: marks stay with the letter that carries them, and joined letters
    together."""
    letters: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        if letters and (
            unicodedata.category(letter).startswith("M") or letter == JOINER or _joins_next(letters[-1][-1])
        ):
            letters[-1] += letter
        else:
            letters.append(letter)
    return letters


def _joins_next(letter: str) -> bool:
    return letter == JOINER or letter in BEFORE or unicodedata.combining(letter) == JOINS_NEXT
