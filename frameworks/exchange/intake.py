"""What comes in from elsewhere: files with limits, and a report with a row for everything that could not be used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ap_ledger.errors import DefinitionError
from frameworks.language.load import DEPTH_LIMIT, SIZE_LIMIT
from frameworks.language.parts import ID_PATTERN
from frameworks.language.things import status_advice

ITEMS_LIMIT = 20_000
"""More rows than this are not one framework."""

LABEL_LIMIT = 300
TREE_DEPTH = DEPTH_LIMIT // 2 - 2
"""Each level of items takes two levels of the file."""

TOO_DEEP = f"the tree is deeper than {TREE_DEPTH} levels"
_PACKED = {b"PK": "a zip file", b"\x1f\x8b": "a gzip file", b"BZh": "a bzip2 file", b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
           b"\xd0\xcf\x11\xe0": "an old Excel file", b"%PDF": "a PDF"}  # fmt: skip


@dataclass(frozen=True)
class ReportRow:
    """Something about one place of a file. `kept` says whether what stands there went in all the same."""

    where: str
    said: str
    kept: bool = False
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.said}"

    @property
    def about(self) -> str:
        """What its sentence names first, in quotation marks; empty where it names nothing."""
        named = re.search(r"'[^']*'", self.said)
        return named.group() if named else ""

    @property
    def kind(self) -> tuple[bool, str, str]:
        """What kind of thing this is: the sentence without the names and numbers in it, which differ from row to
        row."""
        return self.kept, re.sub(r"[\d ]+", "", self.where.partition("'")[0]), re.sub(r"'[^']*'|\d+", "", self.said)


@dataclass(frozen=True)
class Fold:
    """All that a report says of one kind, as one line that can be unfolded."""

    rows: tuple[ReportRow, ...]

    @property
    def kept(self) -> bool:
        """Whether what it is about went in all the same."""
        return self.rows[0].kept

    def __str__(self) -> str:
        first = self.rows[0]
        if len(self.rows) == 1:
            return str(first)
        if len({row.said for row in self.rows}) == 1:
            return f"{len(self.rows)} times: {first.said} ({_places(self.rows)})"
        others = self.rows[1:]
        more = f"{first}; and {len(others)} more like it"
        # What a sentence is about may be all that tells two rows apart, so it is said of each.
        about = [row.about for row in others]
        if len({first.about, *about}) == 1:
            return f"{more} ({_places(others)})"
        named = [f"{row.about} ({row.where})" if row.about else row.where for row in others]
        return f"{more}: {_listed(named)}"


PLACES_NAMED = 8


def _places(rows: Sequence[ReportRow]) -> str:
    """`row 3, 5, 8 and 12 more`."""
    first = rows[0].where
    stem = first.rstrip("0123456789")

    def short(where: str) -> str:
        return where.removeprefix(stem) if stem != first and where.rstrip("0123456789") == stem else where

    return _listed([first, *(short(row.where) for row in rows[1:])])


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - PLACES_NAMED
    return ", ".join(names[:PLACES_NAMED]) + (f" and {rest} more" if rest > 0 else "")


@dataclass
class Intake:
    """What a file gave: a definition as if authored, or None where nothing was usable; and the report.

    `rows` says in which row of a spreadsheet each item stands, by item id, and `table` holds its cells by row.
    `stable` says that the ids are those of the file itself, so that another version of it names the same things.
    """

    authored: dict[str, Any] | None = None
    report: list[ReportRow] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    table: dict[int, list[str]] = field(default_factory=dict)
    source: str | None = None
    """The rows of a workbook as text, so that they can be mended where they are checked."""

    stable: bool = False
    from_elsewhere: bool = False
    """Whether it was read from a sheet or a package, which cannot say what carries on from an earlier version."""

    names_version: bool = True
    """Whether the file itself says which version of the definition it is."""

    def say(self, where: str, sentence: str, kept: bool = False, row: int | None = None) -> None:
        """Adds a row to the report."""
        self.report.append(ReportRow(where, sentence, kept, row))

    def folded(self) -> list[Fold]:
        """The report by kind: first what was left out, then what was only noticed, each in the order of the file."""
        kinds: dict[tuple[bool, str, str], list[ReportRow]] = {}
        for row in self.report:
            kinds.setdefault(row.kind, []).append(row)
        return sorted((Fold(tuple(rows)) for rows in kinds.values()), key=lambda fold: fold.kept)

    def summary(self) -> str:
        """What was read, in one line."""
        waiting = list((self.authored or {}).get("items") or (self.authored or {}).get("rungs") or ())
        leaves = headings = 0
        while waiting:
            thing = waiting.pop()
            below = thing.get("items") or thing.get("rungs") or ()
            leaves, headings = leaves + (not below), headings + bool(below)
            waiting += below
        what = "rung" if "rungs" in (self.authored or {}) else "item"
        under = f" under {headings} {'heading' if headings == 1 else 'headings'}" if headings else ""
        return f"{leaves} {what if leaves == 1 else what + 's'}{under}"


def tell_origin(origin: dict[str, Any], where: str, intake: Intake) -> None:
    """Says what a publisher's status and last day of use mean for whoever brings something in."""
    if advice := status_advice(origin.get("status", "")):
        intake.say(where, advice, kept=True)
    if "last" in origin:
        advice = (
            f"its publisher used it until {origin['last']}; write "
            "'effective_to' into the file where that is to hold here"
        )
        intake.say(where, advice + " too", kept=True)


def read_file(path: Path) -> bytes:
    """The bytes of a file, unless it is too large or packed. Raises DefinitionError."""
    if not path.is_file():
        raise DefinitionError([f"there is no file {path}"])
    if path.stat().st_size > SIZE_LIMIT:
        raise DefinitionError(["the file is over 20 MB; split it"])
    return path.read_bytes()


def decode(raw: bytes) -> tuple[str, str | None]:
    """The text of a file, and a note where its letters had to be guessed.

    Raises DefinitionError for what is not text.
    """
    if len(raw) > SIZE_LIMIT:
        raise DefinitionError(["the file is over 20 MB; split it"])
    packed = next((what for head, what in _PACKED.items() if raw.startswith(head)), None)
    if packed is not None:
        raise DefinitionError(
            [
                f"this is {packed}, which is not opened here; save the "
                "sheet as XLSX or CSV, or unpack the file, and bring that"
            ]
        )
    if (wide := _wide(raw)) is not None:
        try:
            return raw.decode(wide), None
        except UnicodeDecodeError:
            raise DefinitionError(["the file says that it is UTF-16 and is not; save it as UTF-8"]) from None
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        if b"\x00" in raw:
            raise DefinitionError(["this is not a text file"]) from None
        return raw.decode(
            "cp1252", "replace"
        ), "the file is not UTF-8 and was read as Windows letters; look at every letter with an accent"


def _wide(raw: bytes) -> str | None:
    """The kind of UTF-16 that a file is in, by its mark, or by its empty bytes where it has none."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = raw[:2000]
    empty = head[::2].count(0), head[1::2].count(0)
    most = len(head) // 2 * 0.7
    return "utf-16-be" if empty[0] > most >= 2 > empty[1] else "utf-16-le" if empty[1] > most >= 2 > empty[0] else None


def write_yaml(authored: dict[str, Any]) -> str:
    """A definition as a YAML file: the same content always gives the same bytes."""
    yaml = YAML(typ="safe")
    yaml.default_flow_style, yaml.allow_unicode, yaml.width = False, True, 120
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = BytesIO()
    yaml.dump(authored, out)
    return out.getvalue().decode("utf-8")


def lines_of(text: str) -> StringIO:
    """A text with its own line ends, as the csv module wants it."""
    return StringIO(text, newline="")


def shortened(text: str) -> str:
    """A label that fits, cut at a word."""
    return text if len(text) <= LABEL_LIMIT else text[: LABEL_LIMIT - 1].rsplit(" ", 1)[0] + "…"


def slug(text: str, limit: int = 60) -> str:
    """An id made from words: `Said "hello"!` gives `said-hello`. Empty where no letter or digit has a plain form."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("'", "")
    plain = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")
    return plain if len(plain) <= limit else plain[:limit].rsplit("-", 1)[0]


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return re.fullmatch(ID_PATTERN, text) is not None


def unused(wanted: str, taken: Container[str]) -> str:
    """An id that nothing else has: the wanted one, or it with a number."""
    candidate, number = wanted, 2
    while candidate in taken:
        candidate, number = f"{wanted}-{number}", number + 1
    return candidate


def in_words(scale: dict[str, Any]) -> dict[str, Any]:
    """A scale as a curriculum needs it: its levels are words, because a status is recorded as a word."""
    taken: set[str] = set()
    levels = []
    for level in scale.get("levels", ()):
        value = (
            level["value"]
            if isinstance(level["value"], str)
            else unused(slug(level["label"]) or f"level-{level['value']}", taken)
        )
        taken.add(value)
        levels.append({**level, "value": value})
    return {**scale, "type": "ordinal", "levels": levels} if levels else scale
