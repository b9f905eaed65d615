"""The stylesheet is whole: every rule that is opened is closed, so that no rule swallows those below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.core.assets import asset

APP = Path(__file__).parents[1] / "api" / "static" / "app"
SHEETS = sorted(APP.rglob("*.css"))


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_every_rule_is_closed_where_it_is_opened(path: Path) -> None:
    depth = 0
    for number, line in enumerate(re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), path.read_text("utf-8"), flags=re.S).splitlines(), 1):
        depth += line.count("{") - line.count("}")
        assert depth >= 0, f"{path.name}:{number} closes what nothing opened"
        # A rule that begins at the margin stands in nothing.
        assert depth <= 1 or line.startswith(" "), f"{path.name}:{number} stands in a rule that was never closed"
    assert depth == 0


def test_every_part_is_put_into_the_one_sheet_that_is_sent() -> None:
    sent = asset("app/ap.css").plain.decode()
    assert "@import" not in sent
    for part in (APP / "style").glob("*.css"):
        # The first rule of each, because what a part names becomes an address.
        first = next(line for line in part.read_text("utf-8").splitlines() if line.endswith("{"))
        assert first in sent, f"{part.name} stands in no @import of ap.css"
        assert len(part.read_text("utf-8").splitlines()) <= 330, f"{part.name} is to be cut in two"
