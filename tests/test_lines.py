"""What is shipped can be read: no line of it is wider than a reader's window."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHIPPED = ("ap_ledger", "api", "frameworks", "projections", "reports", "scripts")
READ_BY_PEOPLE = {"", ".py", ".html", ".css", ".js", ".yaml", ".yml", ".toml", ".typ"}
MADE_BY_OTHERS = {"vendor", "__pycache__"}
WIDTH = 120


def test_no_line_that_people_read_is_wider_than_120_columns():
    wide = [
        f"{path.relative_to(ROOT)}:{number} has {len(line)} columns"
        for folder in SHIPPED
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in READ_BY_PEOPLE and not MADE_BY_OTHERS & set(path.parts)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > WIDTH
    ]
    assert wide == []
