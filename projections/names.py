"""What people are called where there is little room: the shortest form that tells everybody of a setting apart."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

JOINER = "\u200d"
"""Joins the letters on both sides of it into one sign."""


class FullName(NamedTuple):
    """A person as the setting identified them. `born` is an ISO date; `family` is empty where there is one name only."""

    id: str
    first: str
    family: str = ""
    born: str | None = None


def short_names(people: Iterable[FullName]) -> dict[str, str]:
    """The short name of everybody, by id; no two are alike.

    A first name and the initial of the family name where that is enough. Otherwise as many letters of the family name as it
    takes, then the year of birth, then the whole date, and where even that is the same, a number in the order of the ids.
    """
    everybody = sorted(people)
    names = _tell_apart(everybody, FORMS)
    # A long form may happen to be the short form of somebody with another first name.
    alike: dict[str, list[str]] = defaultdict(list)
    for person in everybody:
        alike[_compared(names[person.id])].append(person.id)
    for ids in alike.values():
        if len(ids) > 1:
            names |= {one: f"{names[one]} [{place}]" for place, one in enumerate(ids, 1)}
    return names


Form = Callable[[FullName, Sequence[FullName]], str]


def _tell_apart(people: Sequence[FullName], forms: Sequence[Form]) -> dict[str, str]:
    form, *longer = forms
    alike: dict[str, list[FullName]] = defaultdict(list)
    for person in people:
        alike[_compared(form(person, people))].append(person)
    names: dict[str, str] = {}
    for group in alike.values():
        names |= _tell_apart(group, longer) if len(group) > 1 and longer else {p.id: form(p, people) for p in group}
    return names


def _initial(person: FullName, _: Sequence[FullName]) -> str:
    return f"{person.first} {''.join(signs(person.family)[:1])}".strip()


def _letters(person: FullName, alike: Sequence[FullName]) -> str:
    own = signs(person.family)
    others = [signs(other.family) for other in alike if other.id != person.id]
    for length in range(2, len(own) + 1):
        if not any(_compared("".join(other[:length])) == _compared("".join(own[:length])) for other in others):
            return f"{person.first} {''.join(own[:length])}"
    return f"{person.first} {person.family}".strip()


def _year(person: FullName, alike: Sequence[FullName]) -> str:
    return f"{_letters(person, alike)} ({person.born[:4]})" if person.born else _letters(person, alike)


def _birthday(person: FullName, alike: Sequence[FullName]) -> str:
    return f"{_letters(person, alike)} ({person.born})" if person.born else _letters(person, alike)


FORMS: tuple[Form, ...] = (_initial, _letters, _year, _birthday)


def signs(text: str) -> list[str]:
    """A text as its readers count letters: marks stay with the letter that carries them, and joined letters together."""
    found: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        joined = found and (unicodedata.category(letter).startswith("M") or letter == JOINER or found[-1][-1:] == JOINER)
        if joined:
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _compared(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
