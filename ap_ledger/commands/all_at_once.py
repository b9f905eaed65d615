"""Several commands to one stream, given by somebody: judged before anything is written, and done all at once or not at
all."""

from __future__ import annotations

from collections.abc import Sequence

from ap_ledger.access import Who
from ap_ledger.commands.allowing import may_give
from ap_ledger.domain.base import Command
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import Ledger

NOT_YOURS = "You may not change this student’s record. Leave the row out, and ask another leader."


def may_give_all(ledger: Ledger, who: Who, commands: Sequence[Command]) -> bool:
    """Whether somebody may give all of some commands."""
    return all(may_give(who, command, ledger.states, ledger.access_facts) for command in commands)


def judge_all(ledger: Ledger, who: Who, commands: Sequence[Command]) -> None:
    """Looks whether commands would be done, and stores nothing. Raises Refused where they would not."""
    _require(ledger, who, commands)
    ledger.would_decide_all(commands)


def give_all(ledger: Ledger, who: Who, commands: Sequence[Command]) -> int:
    """Does commands all at once, and returns the position. Doing it twice is harmless.

    Raises Refused or CommandConflict, with nothing done.
    """
    _require(ledger, who, commands)
    return ledger.execute_all(commands).position


def _require(ledger: Ledger, who: Who, commands: Sequence[Command]) -> None:
    if not may_give_all(ledger, who, commands):
        raise Refused("not-allowed", NOT_YOURS)
