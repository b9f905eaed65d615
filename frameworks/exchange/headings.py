"""The headings of a sheet: which row names the columns, and what each of its names means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import takewhile

from frameworks.exchange.tables import Row
from frameworks.language.letters import plain_letters, tidy

HEADING_LIMIT = 60
"""Longer cells are words about something and name no column, in letters."""

LOOKED_AT = 200
"""The rows among which the headings are looked for."""

TREE: Mapping[str, str] = {
    "outcome": "outcome", "theme": "theme", "category": "theme", "area": "area", "domain": "area",
    "areaoflearning": "area",
    "areaofdevelopment": "area", "areaofneed": "area", "learningarea": "area", "section": "section",
    "subject": "subject",
    "strand": "strand", "substrand": "strand", "aspect": "strand", "attainmenttarget": "strand",
    "topic": "topic", "element": "topic", "aim": "aim",
    "unit": "unit", "skill": "unit", "competency": "unit", "competence": "unit", "standard": "unit",
    "microunit": "micro-unit", "step": "micro-unit", "smallstep": "micro-unit", "indicator": "indicator",
    "behaviour": "indicator", "question": "question", "statement": "statement", "descriptor": "statement",
    "criterion": "statement", "criteria": "statement", "objective": "unit", "learningobjective": "unit",
    "goal": "goal", "target": "goal", "rung": "rung",
}  # fmt: skip
"""Names of columns that make the tree, without spaces.

Their order in the sheet is the order of the tree, but for RANK.
"""

RANK = {"subject": 0, "unit": 2, "micro-unit": 3, "indicator": 3, "question": 3, "statement": 3, "goal": 3, "rung": 3}
"""A subject stands above all else of its tree, and what is scored below all else, wherever their columns stand."""

KIND_OF = {"rung": "ladder", "subject": "curriculum", "strand": "curriculum", "unit": "curriculum",
    "micro-unit": "curriculum",
           "question": "instrument", "statement": "instrument"}  # fmt: skip
MORE: Mapping[str, str] = {
    "plainwords": "plain", "plain": "plain", "scale": "scale", "scoredin": "slots", "slots": "slots", "id": "id",
    "identifier": "id", "caseitemidentifier": "id", "idnumber": "id", "guid": "id", "uuid": "id", "code": "code",
    "humancodingscheme": "code", "notation": "code", "detail": "detail", "details": "detail", "description": "detail",
    "comesafter": "prior", "prior": "prior", "better": "polarity", "polarity": "polarity", "reverse": "reverse",
    "reversed": "reverse", "lookedatin": "observable", "observable": "observable", "onsite": "on_site",
    "supervised": "supervised", "ownwords": "per_student", "level": "level", "stage": "level", "band": "level",
    "phase": "level", "grade": "level", "yeargroup": "level", "keystage": "level", "educationlevel": "level",
    "attainmentlevel": "level", "pscale": "level", "plevel": "level", "notes": "notes", "note": "notes",
    "comment": "notes", "comments": "notes", "guidance": "notes", "cfitemtype": "type", "itemtype": "type",
    "statementtype": "type", "type": "type", "uri": "source", "source": "source", "statusstartdate": "first",
    "statusenddate": "last",
}  # fmt: skip
LINKS: Mapping[str, str] = {
    "parent": "parent", "parentid": "parent", "parentidnumber": "parent", "parentidentifier": "parent",
    "parentcode": "parent", "parentref": "parent", "parentreference": "parent", "ischildof": "parent",
    "childof": "parent",
    "fullstatement": "full", "abbreviatedstatement": "short", "shortname": "short", "shorttitle": "short",
    "shortstatement": "short", "label": "short", "name": "short", "title": "short", "sequencenumber": "order",
    "sequence": "order", "order": "order", "listenumeration": "order", "isframework": "framework",
    "scalevalues": "levels", "scaleconfiguration": "meanings", "taxonomy": "depths", "descriptionformat": "format",
}  # fmt: skip
"""Names of columns of lists in which each row names what it is a part of: CASE, Moodle, and the like."""

ALONE = frozenset(("parent", "full", "framework", "levels", "meanings", "depths", "format"))
"""Meanings that no column of a tree written from left to right has."""

BEFORE_OTHERS = ("humancodingscheme", "identifier", "idnumber", "abbreviatedstatement")
"""Where several columns mean the same, these are looked into first."""

AFTER_A_NAME = frozenset(
    ("of", "text", "name", "names", "title", "titles", "words", "wording", "statement", "description", "area")
)
BEFORE_A_NAME = frozenset((
    "learning", "success", "curriculum", "assessment", "key", "school", "our", "the", "main", "attainment", "core",
    "development", "developmental", "essential", "level", "mastery", "national", "performance", "progress",
))  # fmt: skip
"""Words beside a name that leave it what it is: `Aim of it`, `Learning outcome`; not `Target date` or `Next steps`."""

WORDS_LIMIT = 5
"""A heading of more words is a sentence that holds a name."""

ABOUT: Mapping[str, str] = {
    "title": "title", "id": "id", "version": "version", "kind": "kind", "licence": "licence", "license": "licence",
    "holder": "holder", "publisher": "holder", "creator": "holder", "credit": "credit", "use": "use",
    "summary": "summary",
    "description": "summary", "language": "language", "defaultscale": "default scale", "cadence": "cadence",
    "informants": "informants", "status": "status", "adoptionstatus": "status", "statusstartdate": "first",
    "statusenddate": "last",
}  # fmt: skip
"""The first cells of lines about the whole, without spaces."""


class Sureness(Enum):
    """How sure it is that a cell is a heading: it is one of the names, or it holds one of them."""

    EXACT = 2
    PARTLY = 1


@dataclass(frozen=True, slots=True)
class Heading:
    """What one heading means."""

    means: str
    in_tree: bool
    sure: Sureness = Sureness.EXACT


def squeezed(cell: str) -> str:
    """A heading as it is compared: small letters and digits, without `(optional)`."""
    return re.sub(r"[\W_]+", "", re.sub(r"\((optional|required)\)", "", plain_letters(cell)))


@lru_cache(maxsize=4096)
def heading_in(cell: str) -> Heading | None:
    """What a heading means: `Theme`, `Themes`, `humanCodingScheme` and `Area of development` are all known."""
    key = squeezed(cell)
    if not key or len(cell) > HEADING_LIMIT:
        return None
    # What stands in brackets explains a name: `Statement (short)`.
    bare = re.sub(r"\([^()]*\)", " ", plain_letters(cell))
    return _named(key, Sureness.EXACT) or _held_in([word for word in re.split(r"[\W_]+", bare) if word])


def _named(key: str, sure: Sureness) -> Heading | None:
    for name in (key, key.removesuffix("s")):
        if name in TREE:
            return Heading(TREE[name], True, sure)
        if name in MORE or name in LINKS:
            return Heading(MORE.get(name) or LINKS[name], False, sure)
    return None


def _held_in(words: Sequence[str]) -> Heading | None:
    """The name in a heading of several words: after words that may stand before one, and before words that may follow.

    The first words that are a name are taken, and of those that begin alike the most: `Strand statement` is a strand,
    `Assessment statement` a statement. Where none is, the last word may be one: `Our school's goals`.
    """
    if not 0 < len(words) <= WORDS_LIMIT:
        return None
    for first in range(len(words)):
        for end in range(len(words), first, -1):
            heading = _named("".join(words[first:end]), Sureness.PARTLY)
            fits = end == len(words) or words[end] in AFTER_A_NAME
            if fits and heading is not None and (heading.in_tree or heading.means == "level"):
                return heading
        if words[first] not in BEFORE_A_NAME:
            break
    last = _named(words[-1], Sureness.PARTLY) if words[0] in BEFORE_A_NAME else None
    return last if last is not None and last.in_tree else None


@dataclass
class Columns:
    """The columns of a table: those of its tree from left to right, and those that say more, by what they mean."""

    tree: list[tuple[int, str]] = field(default_factory=list)
    more: dict[str, list[int]] = field(default_factory=dict)
    unknown: list[tuple[int, str]] = field(default_factory=list)

    @property
    def linked(self) -> bool:
        """Whether each row names what it is a part of, or is one of a list, instead of standing below it."""
        return bool(ALONE & set(self.more)) or ("short" in self.more and not self.tree)

    def cell(self, row: Row, means: str) -> str:
        """What a row says in the columns that mean something: the first of them that is filled."""
        return next(
            (
                row.cells[place]
                for place in self.more.get(means, ())
                if row.cells[place : place + 1] != [""] and place < len(row.cells)
            ),
            "",
        )


def columns_of(cells: Sequence[str]) -> Columns:
    """The columns that a row of headings names."""
    columns = Columns()
    first = {name: place for place, name in enumerate(BEFORE_OTHERS)}
    for place in sorted(range(len(cells)), key=lambda place: first.get(squeezed(cells[place]), len(first))):
        heading = heading_in(cells[place])
        if heading is not None and heading.in_tree:
            columns.tree.append((place, heading.means))
        elif heading is not None:
            columns.more.setdefault(heading.means, []).append(place)
        elif cells[place]:
            columns.unknown.append((place, cells[place]))
    columns.unknown.sort()
    columns.tree.sort(key=lambda column: (RANK.get(column[1], 1), column[0]))
    return columns


def known_names(cells: Sequence[str]) -> int:
    """How many headings the cells of a row name."""
    return sum(heading_in(tidy(cell)) is not None for cell in cells if len(cell) <= HEADING_LIMIT)


def find_headings(rows: Sequence[Row]) -> int | None:
    """The place of the first row that names the columns, wherever in it its names stand. None where no row does.

    A row with two names or more is looked for first, so that a title such as `Goals` above the table is none.
    """
    near = rows[:LOOKED_AT]
    for enough in (_names_several, _names_one):
        for place, row in enumerate(near):
            if enough(row.cells):
                return place
    return None


def is_headings_again(row: Row, headings: Row) -> bool:
    """Whether a row below the headings names columns once more: another table, or another page of the same one."""
    filled = [cell for cell in row.cells if cell]
    if not filled or len(filled[0]) > HEADING_LIMIT:
        return False
    if [plain_letters(cell) for cell in filled] == [plain_letters(cell) for cell in headings.cells if cell]:
        return True
    recognised = list(takewhile(_is_sure, map(heading_in, filled)))
    return (
        len(recognised) >= 2
        and len(recognised) == len(filled)
        and any(heading is not None and heading.in_tree for heading in recognised)
    )


def _is_sure(heading: Heading | None) -> bool:
    return heading is not None and heading.sure is Sureness.EXACT


def _names_several(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    if any(len(cell) > HEADING_LIMIT * 2 for cell in filled) or (filled and _is_about(cells, len(filled))):
        return False
    recognised = [heading for cell in filled if (heading := heading_in(cell)) is not None]
    return len(recognised) >= 2 and _has_words(recognised)


def _names_one(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    if filled and squeezed(cells[0]) in ABOUT and squeezed(cells[0]) not in MORE:
        return False
    recognised = [
        heading for cell in filled if (heading := heading_in(cell)) is not None and heading.sure is Sureness.EXACT
    ]
    return bool(recognised) and _has_words(recognised)


def _has_words(headings: Sequence[Heading]) -> bool:
    return any(heading.in_tree or heading.means in ("full", "short") for heading in headings)


def _is_about(cells: Sequence[str], filled: int) -> bool:
    """Whether a row is a line about the whole, such as `title,Goals`."""
    return filled <= 2 and squeezed(cells[0]) in ABOUT
