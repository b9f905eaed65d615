"""The recipes of CONTRIBUTING.md, as a copy of the project follows them."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
FOLDERS = ("ap_ledger", "api", "frameworks", "projections", "reports", "tests", "docs", "scripts")
FILES = ("pyproject.toml", "README.md")
WRITTEN = ("docs", "frameworks")
"""Where `scripts/generate-docs` writes."""
BLOCK = re.compile(r"In `([^`]+)`[^\n]*(?:\n[^\n]+)*:\n\n```(?:python|yaml|json|html|text)\n(.*?)```", re.S)
ANCHOR = re.compile(r"# (after|before|instead of): (.+)")


class Block(NamedTuple):
    """Code of a recipe, and the file into which it goes."""

    file: str
    code: str


def headings() -> list[str]:
    """The recipes that there are."""
    return [heading for heading in re.findall(r"^## (.+)$", GUIDE, re.M) if heading.startswith(("Add ", "Change "))]


def section(heading: str) -> str:
    """The text of one recipe."""
    return GUIDE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def recipe(heading: str) -> list[Block]:
    """The blocks of one recipe, as the guide prints them."""
    return [Block(*found) for found in BLOCK.findall(section(heading))]


def named_tests(heading: str) -> list[str]:
    """The files of tests that a recipe names at its end."""
    last = section(heading).strip().splitlines()[-1]
    found = re.fullmatch(r"Run: `pytest ([^`]+)`", last)
    assert found, f"'{heading}' ends with which tests to run. It ends with: {last}"
    return found[1].split()


def copy_project(to: Path) -> None:
    """Copies what ships, and what it is tested and documented with."""
    ignored = shutil.ignore_patterns("__pycache__", "pictures", "instruments", "browsers")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, to / folder, ignore=ignored)
    for file in FILES:
        shutil.copy(ROOT / file, to / file)
    # Each recipe starts several programs, and none of them need read again what the recipe leaves as it is.
    compileall.compile_dir(to, quiet=1)


def link_project(project: Path, to: Path) -> None:
    """The same again, to be changed at will: what a recipe touches becomes a file of its own."""
    shutil.copytree(project, to, copy_function=os.link, dirs_exist_ok=True)
    for folder in WRITTEN:
        shutil.rmtree(to / folder)
        shutil.copytree(project / folder, to / folder)


def write(path: Path, text: str) -> None:
    """Writes a file anew, so that what it was linked to stays as it is."""
    path.unlink(missing_ok=True)
    path.write_text(text)


def add(path: Path, code: str) -> None:
    """Puts code where its first line says, and code without such a line at the end of its file."""
    first, _, rest = code.partition("\n")
    text = path.read_text() if path.exists() else ""
    anchor = ANCHOR.fullmatch(first)
    if anchor is None:
        gap = "\n\n\n" if text and path.suffix == ".py" else ""
        write(path, text.rstrip("\n") + gap + code if gap else text + code)
        return
    where, line = anchor[1], anchor[2] + "\n"
    times = len(re.findall("^" + re.escape(line), text, re.M))
    assert times == 1, f"CONTRIBUTING.md names a line that stands {times} times in {path.name}, not once; write there how it reads now: {anchor[2]}"
    new = {"after": line + rest, "before": rest + "\n\n" + line, "instead of": rest}[where]
    write(path, re.sub("^" + re.escape(line), lambda _: new, text, count=1, flags=re.M))


def follow(copy: Path, heading: str, without: int | None = None) -> list[str]:
    """Does what a recipe says, step by step, and returns the files that it touched; one step may be left out."""
    blocks = [block for place, block in enumerate(recipe(heading)) if place != without]
    for file, code in blocks:
        add(copy / file, code)
    assert blocks, heading
    return [file for file, _ in blocks]


def run(copy: Path, *command: str, seconds: int = 240) -> subprocess.CompletedProcess[str]:
    """Runs a command of Python's in the changed copy."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AP_LEDGER") or name.startswith("AP_LEDGER_TEST")}
    environment = {**environment, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds)


def proves(copy: Path, *command: str) -> None:
    """Runs a command in the changed copy, which ends well."""
    done = run(copy, *command)
    assert done.returncode == 0, done.stdout + done.stderr


PAGES_THEN_TESTS = """
import runpy, sys, pytest

given, sys.argv = sys.argv[1:], ["scripts/generate-docs"]
try:
    runpy.run_path("scripts/generate-docs", run_name="__main__")
except SystemExit as ended:
    if ended.code:
        raise
# What the pages loaded needs no assertions written anew.
sys.exit(pytest.main(["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning", *given]))
"""
"""Both in one process, which loads the changed copy once."""


def holds(copy: Path, heading: str, which: str, files: Sequence[str] = ()) -> None:
    """Whether the copy is in order: formatted, its pages generated, and those named tests pass that are chosen here."""
    touched = sorted({file for file, _ in recipe(heading) if file.endswith(".py")})
    if touched:
        proves(copy, "-m", "ruff", "check", "--no-cache", *touched)
        proves(copy, "-m", "ruff", "format", "--check", "--no-cache", *touched)
    proves(copy, "-c", PAGES_THEN_TESTS, "-q", "-p", "no:cacheprovider", "-x", "-k", which, *(files or named_tests(heading)))
