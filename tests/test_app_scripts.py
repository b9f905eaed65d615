"""What every script of the app keeps to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.core.stories import BY_THE_APP, REASONS

SCRIPTS = sorted((Path(__file__).parents[1] / "api" / "static" / "app").glob("*.js"))
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
NOTHING = re.compile(r"=>\s*\{\s*\}|catch\s*(?:\([^)]*\))?\s*\{\s*\}")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_script_takes_an_error_without_doing_something_about_it(script: Path) -> None:
    assert NOTHING.findall(COMMENT.sub("", script.read_text("utf-8"))) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_script_puts_a_part_that_may_be_absent_straight_into_a_page(script: Path) -> None:
    """`el` leaves an absent part out; the browser's own methods write "null"."""
    text = script.read_text("utf-8")
    absent = re.findall(r"function (\w+)\([^)]*\) \{(?:(?!\n\}).)*?(?:: null;|return null;)\n\}", text, re.DOTALL)
    into = re.findall(r"\.(?:replaceChildren|append|prepend)\(([^;]*?)\);", text, re.DOTALL)
    assert [(name, one) for one in into for name in absent if re.search(rf"\b{name}\(", one) and "filter(Boolean)" not in one] == []


def test_every_reason_that_a_script_gives_is_told_in_words() -> None:
    given = {
        code
        for script in SCRIPTS
        for code in re.findall(r'(?:undo|amend)\((?:[^;()]|\([^;()]*\))*, "([a-z-]+)"\)|reason = "([a-z-]+)"', script.read_text("utf-8"))
        for code in code
        if code
    }
    assert {"emptied-on-the-sheet", "undone", "changed-on-the-device", "two-people-said"} <= given <= {*REASONS, *BY_THE_APP}
