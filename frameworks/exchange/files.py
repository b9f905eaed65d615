"""Any file that may hold a definition: YAML as we write it, a CASE package, or a spreadsheet (XLSX, CSV)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ap_ledger.errors import DefinitionError
from frameworks.exchange.case_in import is_case, read_case
from frameworks.exchange.intake import Intake, decode, is_id, read_file
from frameworks.exchange.sheets import read_sheet
from frameworks.exchange.tables import Row, read_text
from frameworks.exchange.workbook import is_workbook, read_workbook
from frameworks.language.load import read_yaml
from frameworks.language.parts import number_in
from frameworks.language.scoring import Answers, Context


def read_any(raw: bytes, name: str, kind: str | None = None) -> Intake:
    """A definition from the bytes of a file; `name` is the file's, whose ending says what it is where the bytes do not.

    Raises DefinitionError where it is none of what can be read.
    """
    if is_workbook(raw):
        return read_sheet(raw, Path(name).stem)
    if is_case(raw):
        return read_case(raw, kind)
    stem, ending = Path(name).stem, Path(name).suffix.lower()
    if ending in (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods") or not ending:
        return read_sheet(raw, stem)
    return Intake(read_yaml(decode(raw)[0]))


def bring(path: Path, kind: str | None = None) -> Intake:
    """A definition from a file. Raises DefinitionError."""
    return read_any(read_file(path), path.name, kind)


def renamed(authored: dict[str, Any], framework_id: str | None, version: int | None) -> dict[str, Any]:
    """The same definition under another id or version. Raises DefinitionError for an id that cannot be one."""
    if framework_id is not None and not is_id(framework_id):
        raise DefinitionError([f"'{framework_id}' cannot be an id: use small letters, digits, hyphens and dots"])
    changed = {"id": framework_id or authored["id"], "version": version or authored["version"]}
    return {**authored, **changed}


def read_answers(path: Path) -> tuple[Answers, Context]:
    """Answers from a YAML or JSON file, or from a sheet (XLSX, CSV) with a line for each item: `item,answer`.

    A file may also say who answered: `informant`, `age`, `form`, with the answers under `answers`.
    """
    raw = read_file(path)
    if is_workbook(raw):
        content = _listed(row for sheet in read_workbook(raw, Intake())[:1] for row in sheet)
    elif path.suffix.lower() in (".csv", ".tsv"):
        content = _listed(read_text(decode(raw)[0], _names_of_answers, Intake()))
    else:
        content = read_yaml(decode(raw)[0])
    inside = content.get("answers")
    if not isinstance(inside, dict):
        return content, Context()
    who = {name: content.get(name) for name in ("informant", "age", "form")}
    if not isinstance(who["age"], (int, type(None))):
        raise DefinitionError(["the age is a whole number of years"])
    return inside, Context(who["informant"], who["age"], who["form"])


def _names_of_answers(cells: Sequence[str]) -> int:
    return sum(cell.strip().lower() in ("item", "answer") for cell in cells)


def _listed(rows: Iterable[Row]) -> dict[str, Any]:
    """The answers of rows that each name an item and its answer."""
    answers: dict[str, Any] = {}
    for row in rows:
        item, answer = (*row.cells, "", "")[:2]
        if item and item.lower() != "item":
            number = number_in(answer)
            answers[item] = (answer or None) if number is None else number
    return answers
