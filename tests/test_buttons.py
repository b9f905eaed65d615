"""What takes back, erases or shuts out never looks like what saves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[1] / "api"
TAKES_AWAY = re.compile(r"^(Take it back|Take back|Take away|Withdraw|Shut it out|Retire|Propose erasing|End it|End the)\b")
RIGHT_OF_ITS_OWN = {"take_back.html": "a tablet is taken back from a family", "clocks.html": "what was due is ended with a reason, and nothing is lost"}
"""Pages with such words that take nothing away, each with what they say."""


def buttons(template: Path) -> list[tuple[str, str]]:
    """The words of every button of a template, each with its class; of a choice between two the words that come first."""
    told = []
    for button in re.finditer(r"<button([^>]*)>(.*?)</button>", template.read_text("utf-8"), re.S):
        named = re.search(r'class="([^"]*)"', button[1])
        words = re.sub(r'\{\{\s*"([^"]*)".*?\}\}', r"\1", re.sub(r"<[^>]*>|\{%.*?%\}", " ", button[2], flags=re.S), flags=re.S)
        told.append((" ".join(words.split()), named[1] if named else ""))
    return told


@pytest.mark.parametrize("template", sorted(ROOM.glob("*/templates/*.html")), ids=lambda path: path.name)
def test_what_takes_away_is_outlined_in_red(template: Path) -> None:
    for words, named in buttons(template):
        if TAKES_AWAY.match(words) and template.name not in RIGHT_OF_ITS_OWN:
            assert "stop" in named, f"{template.name}: {words}"


def test_the_test_finds_such_buttons() -> None:
    assert {("Take it back", "stop")} <= set(buttons(ROOM / "entries" / "templates" / "entry.html"))
