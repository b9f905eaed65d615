"""Rows of a sheet that add others up: told by what they call themselves and by how they stand, never by one alone.

`Count` and `Mean` are things to learn as well, so a word by itself leaves nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from frameworks.exchange.headings import Columns
from frameworks.exchange.tables import Row
from frameworks.language.letters import plain_letters
from frameworks.language.parts import number_in

LOOKED_AHEAD = 12
"""The rows below one that may tell where its block ends."""

_SUM = r"totals?|gesamt(summe)?|summe|insgesamt|somme|totaux|totale|totaal|suma|soma|cyfanswm"
_OF_SCORES = r"( (scores?|points?|marks?|possible|available|results?))*( (out )?of)?"
_WHOLE = r"((grand|over-?all|sub|running|class|group|term|final) ?-?)?"
SUMS = re.compile(rf"{_WHOLE}({_SUM}){_OF_SCORES}")
"""What is nearly always a sum: `Grand total`, `Total score (out of 20)`."""

SUMS_OF = re.compile(rf"{_WHOLE}({_SUM}){_OF_SCORES} ?(for|of|in|per|by|:|-) .+")
"""A sum of something, or the beginning of a sentence: `Total for Number`."""

_STATISTIC = (
    r"sums?|count|averages?|means?|medians?|modes?|ranges?|min(imum)?|max(imum)?|percent(age)?s?|per cent|variance|"
    r"std\.? ?dev(iation)?s?|standard deviations?|sd|n|(no\.?|number) of (pupils|students|children|responses|items)"
)
STATISTICS = re.compile(
    rf"((over-?all|class|group|highest|lowest|raw|possible) )?({_STATISTIC}|(highest|lowest|raw|possible))"
    r"( (scores?|points?|marks?|ratings?|levels?|values?|possible|available|percentages?))*"
    r"( (for|of|in|per|out of) .+)?"
)
"""What may be worked out from other rows, and may as well be something to learn: `Mean`, `Count`, `Max score`."""

MENTIONED = re.compile(rf"\b({_SUM}|sub-?totals?|{_STATISTIC}|over-?all|scores?|points?|marks?)\b")
"""What is said of others wherever it stands in a name: `Total number of items`, `Final score`."""


@dataclass(frozen=True, slots=True)
class RowContext:
    """How a row stands in its sheet: what it goes by, and what stands beside it."""

    words: str
    values: Sequence[str]
    """The cells of columns that say nothing about a thing, and numbers where its parts would stand."""
    said: Sequence[str]
    """The cells of columns that say more about a thing."""
    heading: str
    """The words of what it would stand under."""
    for_a_thing: bool
    """Whether a number stands where a thing would."""
    has_identity: bool
    """Whether it has an id, or names what it is a part of."""
    under_own_heading: bool
    """Whether the row itself names what it stands under."""
    as_heading: bool
    """Whether its words stand where a heading stands, with nothing of its own beside them."""
    ends_block: bool
    """Whether nothing else of the same heading comes after it."""

    @property
    def adds_up(self) -> bool:
        """Whether the row adds others up."""
        if self.has_identity or not all(map(is_number, (*self.values, *self.said))):
            return False
        name = _bare(self.words)
        if self.for_a_thing and not self.under_own_heading and MENTIONED.search(name):
            return True
        # `Number total`, under Number, is a total.
        bare = _bare(re.sub(rf"\b{re.escape(self.heading)}\b", " ", self.words, count=1)) if self.heading else name
        return self._called_like_one(name) or self._called_like_one(bare)

    def _called_like_one(self, name: str) -> bool:
        alone = self.as_heading and self.ends_block
        if SUMS.fullmatch(name):
            return bool(self.values or self.said) or self.ends_block
        if SUMS_OF.fullmatch(name):
            return bool(self.values) or alone
        if self.under_own_heading and (self.for_a_thing or not alone):
            return False
        return is_statistic(name) and (alone or (self.ends_block and bool(self.values)))


def standing(
    row: Row,
    own: int,
    columns: Columns,
    heading: str,
    under_own_heading: bool,
    as_heading: bool,
    ends_block: bool,
) -> RowContext:
    """How a row stands whose own words are in a place of it."""
    words = row.cells[own]
    meaning = {place: means for means, places in columns.more.items() for place in places}
    tree = {place for place, _ in columns.tree}
    values: list[str] = []
    with_meaning: list[str] = []
    identity = for_a_thing = False
    for place, cell in enumerate(row.cells):
        if not cell or place == own or (place in tree and (place < own or not is_number(cell))):
            continue
        means = meaning.get(place)
        if means in ("id", "parent"):
            identity = identity or cell.casefold() != words.casefold()
        else:
            for_a_thing = for_a_thing or place in tree
            (values if means is None else with_meaning).append(cell)
    return RowContext(
        words, values, with_meaning, heading, for_a_thing, identity, under_own_heading, as_heading, ends_block
    )


def may_add_up(words: str) -> bool:
    """Whether a row might add others up, by its words alone."""
    return MENTIONED.search(plain_letters(words)) is not None or is_sum(words)


def is_sum(words: str) -> bool:
    """Whether words are those of a row that adds others up, and of nothing else but what may be worked out from
    others."""
    name = _bare(words)
    return bool(SUMS.fullmatch(name) or SUMS_OF.fullmatch(name)) or is_statistic(words)


def is_statistic(words: str) -> bool:
    """Whether words name what is worked out from others, or is learnt."""
    return STATISTICS.fullmatch(_bare(words)) is not None


def is_number(cell: str) -> bool:
    """Whether a cell is a number, a share or an amount of money."""
    if number_in(cell.strip(" %£€$").replace(" ", "")) is not None:
        return True
    return re.fullmatch(r"[\d.,/: ]+", cell) is not None


def all_numbers(cells: Iterable[str]) -> bool:
    """Whether there is nothing but numbers."""
    return all(map(is_number, cells))


def _bare(words: str) -> str:
    """Words as they are compared: without what stands in brackets, and without numbers and signs at their end."""
    plain = re.sub(r"\([^()]*\)", " ", plain_letters(words)).strip()
    return re.sub(r"[\W\d_]+$", "", "percent" if plain == "%" else plain)
