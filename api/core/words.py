"""Every message of the interface, from where it stands: templates, scripts, and the tables and refusals of the program.

It reads source and imports no page, so that a catalogue can be brought up to date by whoever has the files.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from api.core.assets import STATIC
from api.core.message_check import is_read
from api.core.messages import Reader
from api.core.script_messages import words_of_script
from api.core.sentences import SENTENCES
from api.core.templating import PAGES, templates
from reports.compact import Compact

ROOT = Path(__file__).parents[2]
CALLS: Mapping[str, int] = {"Act": 0, "ClockRule": 0, "Column": 1, "FormField": 0, "Nav": 0, "RecordPart": 0, "say": 0}
"""What is shown of what a call is given: which argument, counted from 0."""
LABELS: Mapping[str, tuple[str, ...]] = {"Kind": ("label",), "Nav": ("also",), "Notice": ("one", "many")}
"""The same, where the arguments have names."""
TABLES = frozenset(
    {
        "ANSWERED",
        "BY_THE_APP",
        "CANCELLED",
        "CHANNELS",
        "CHRONOLOGY",
        "CLASS_NAMES",
        "COPIES",
        "DECISIONS",
        "DESTINATIONS",
        "DONE",
        "EFFORTS",
        "END_REASONS",
        "FACES",
        "FACTS",
        "FAILED",
        "FAULTS",
        "FILTERS",
        "HAPPENED",
        "INTERVENTIONS",
        "KINDS",
        "MENU",
        "MISSING",
        "NOT_ALLOWED",
        "NO_GROUP",
        "NUMBERS",
        "ORDERS",
        "PURPOSES",
        "REASONS",
        "REASONS_IN_LAW",
        "ROLE_NAMES",
        "SHOWN",
        "SPEAKERS",
        "STAGES",
        "STATES",
        "STEPS_TO_DO",
        "TROUBLED",
        "WEEKDAYS",
        "WHO",
        "WITHDRAWN",
        "WORDS",
        "YES_NO",
    }
)
"""The tables and sentences whose words are shown, by the names of their constants."""
REFUSALS = frozenset({"NotAllowedNow", "Refused", "SignInRefused", "TooLarge", "Unparsable"})
"""The errors whose sentences people read, by the names of their classes."""
REFUSING = (
    *(
        f"api/{room}"
        for room in (
            "frameworks",
            "home",
            "keeping",
            "learning",
            "people",
            "reports",
            "safeguarding",
            "setting",
            "students",
        )
    ),
    *("api/core/show.py", "ap_ledger/commands/administrators.py", "ap_ledger/commands/ways_in.py"),
    "ap_ledger/stores/accounts",
)
"""Where refusals are put into words that a page shows."""
SOURCES = (
    *("api", "ap_ledger/commands/administrators.py", "ap_ledger/commands/ways_in.py"),
    *("ap_ledger/domain/placement.py", "ap_ledger/events/clocks.py", "ap_ledger/notices/table.py"),
    *("ap_ledger/kinds", "ap_ledger/stores/accounts", "projections/queries/words.py"),
)
"""What is read for words besides the templates."""


def every_message() -> Mapping[str, set[str]]:
    """Every message there is, with the files in which it stands, in the order of these."""
    found: dict[str, set[str]] = {}
    for place, words in [*_of_templates(), *_of_program(), *_of_scripts(), *_of_sentences()]:
        found.setdefault(words, set()).add(place)
    return found


def _of_templates() -> Iterator[tuple[str, str]]:
    reader = Reader()
    read = [
        (file.relative_to(ROOT).as_posix(), Compact(templates).preprocess(file.read_text("utf-8"), file.name))
        for folder in PAGES
        for file in sorted(folder.glob("*.html"))
    ]
    macros = {name: said for _, source in read for name, said in reader.said_parameters(source).items() if any(said)}
    for place, source in read:
        found: list[str] = []

        def noted(message: str, found: list[str] = found) -> str:
            found.append(message)
            return message

        reader.said(source, noted)
        own = {**macros, **{name: said for name, said in reader.said_parameters(source).items() if any(said)}}
        found += reader.macro_words(source, own)
        found += reader.filtered_words(source)
        for message in found:
            if is_read(message):
                yield place, message.strip()


def _of_sentences() -> Iterator[tuple[str, str]]:
    for sentence in (*SENTENCES, "and"):
        yield "api/core/sentences.py", sentence


def _of_scripts() -> Iterator[tuple[str, str]]:
    for file in sorted((STATIC / "app").glob("*.js")):
        for words in words_of_script(file.read_text("utf-8")):
            yield file.relative_to(ROOT).as_posix(), words


def _of_program() -> Iterator[tuple[str, str]]:
    for start in SOURCES:
        path = ROOT / start
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            place = file.relative_to(ROOT).as_posix()
            tree = ast.parse(file.read_text("utf-8"))
            for node in ast.walk(tree):
                for words in _said_by(node, place):
                    if is_read(words):
                        yield place, words


def _said_by(node: ast.AST, place: str) -> list[str]:
    """The words that a piece of the program shows."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=given, keywords=named):
            at = CALLS.get(name)
            shown = [given[at]] if at is not None and at < len(given) else []
            return _texts([*shown, *(pair.value for pair in named if pair.arg in LABELS.get(name, ()))])
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ) if name in TABLES:
            return _texts([value])
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=given)) if name in REFUSALS and place.startswith(
            REFUSING
        ):
            return [words for words in _texts(given) if " " in words]
    return []


def _texts(values: list[ast.expr]) -> list[str]:
    """The texts in some values: of a table its values, of a pair its first part."""
    found: list[str] = []
    for value in values:
        match value:
            case ast.Constant(value=str() as words):
                found.append(words)
            case ast.Dict(values=inner):
                found += _texts([one.elts[0] if isinstance(one, ast.Tuple) and one.elts else one for one in inner])
            case ast.Tuple(elts=inner) | ast.List(elts=inner):
                found += _texts(inner)
            case ast.IfExp(body=one, orelse=other):
                found += _texts([one, other])
    return found
