"""The stylesheet is whole: every rule that is opened is closed, so that no rule swallows those below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).parents[1] / "api" / "static" / "app").glob("*.css"))


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_every_rule_is_closed_where_it_is_opened(path: Path) -> None:
    depth = 0
    for number, line in enumerate(re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), path.read_text("utf-8"), flags=re.S).splitlines(), 1):
        depth += line.count("{") - line.count("}")
        assert depth >= 0, f"{path.name}:{number} closes what nothing opened"
        # A rule that begins at the margin stands in nothing.
        assert depth <= 1 or line.startswith(" "), f"{path.name}:{number} stands in a rule that was never closed"
    assert depth == 0
