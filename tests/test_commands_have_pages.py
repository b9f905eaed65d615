"""Whatever can be said by a command can be said on a page, or the reason why not stands here."""

from __future__ import annotations

import ast
from pathlib import Path

from ap_ledger.domain.commands import ALL_COMMANDS

PAGES = sorted((Path(__file__).parents[1] / "api").glob("*/*.py"))
WITHOUT_A_PAGE: dict[str, str] = {}
"""Commands that no page gives, each with the reason. There is none now."""


def test_every_command_has_a_page_or_a_reason_why_not() -> None:
    used = {name.id for page in PAGES for name in ast.walk(ast.parse(page.read_text("utf-8"))) if isinstance(name, ast.Name)}
    # A few are made by what stands behind a page, not by the page: people are let in, deeds proposed, devices enrolled, by a service of their own.
    behind = {"ProposeDeed", "ApproveDeed", "DeclineDeed", "EnrolDevice", "MatchColumns"}
    without = {kind.__name__ for kind in ALL_COMMANDS} - used - behind
    assert without == set(WITHOUT_A_PAGE), f"gone: {set(WITHOUT_A_PAGE) - without}; missing: {without - set(WITHOUT_A_PAGE)}"
