"""Records a file of entries and commands, line by line; one bad line never spoils the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy.exc import DatabaseError

from ap_ledger.domain.commands import read_command
from ap_ledger.domain.json_in import loads
from ap_ledger.domain.posting import ENTRIES_LIMIT
from ap_ledger.errors import Busy, CommandConflict, KeyringError, LedgerError, Refused, SetupError
from ap_ledger.persistence.unavailable import unavailable
from ap_ledger.recording.ledger import Ledger

STOPS = (Busy, KeyringError, SetupError, DatabaseError, sqlite3.DatabaseError)
"""What is wrong with the installation and not with a line: the file stops, and can be recorded again from its start."""
FAILED = "This could not be recorded ({kind}), which is a fault of the program. The other lines are not touched by it."

Told = list[tuple[int, str]]


class Recorded(NamedTuple):
    """How many lines got which answer; by number, why a line did not go in, and what to look at again though it did."""

    counts: dict[str, int]
    bad: Told
    warned: Told


def record_lines(ledger: Ledger, lines: Sequence[bytes], report: Callable[[int, int], None]) -> Recorded:
    """Records every line, and says what became of them."""
    counts: dict[str, int] = {}
    bad: Told = []
    warned: Told = []
    waiting: list[tuple[int, Any]] = []

    def count(status: str) -> None:
        counts[status] = counts.get(status, 0) + 1

    def flush() -> None:
        for number, status, fault in _send(ledger, waiting):
            count(status)
            if fault:
                bad.append((number, f"{status}: {fault}"))
        waiting.clear()

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            sent = loads(line)
            if not isinstance(sent, dict):
                raise ValueError
        except ValueError:
            count("unreadable")
            bad.append((number, "this line is not a JSON object"))
            continue
        if "command" in sent:
            flush()
            status, fault, warnings = _give(ledger, sent)
            count(status)
            warned += [(number, warning) for warning in warnings]
            if fault:
                bad.append((number, f"{status}: {fault}"))
        else:
            waiting.append((number, sent))
            if len(waiting) >= ENTRIES_LIMIT // 2:
                flush()
        report(number, len(lines))
    flush()
    return Recorded(counts, sorted(bad), warned)


def _send(ledger: Ledger, lines: Sequence[tuple[int, Any]]) -> list[tuple[int, str, str]]:
    """What became of some entries: by number, the status, and why one did not go in."""
    if not lines:
        return []
    try:
        results = ledger.record([entry for _, entry in lines]).results
    except Exception as error:
        fault = _failure(error)
        if len(lines) > 1:
            # One of them is in the way of all. What went in already is answered as a duplicate.
            return [answer for line in lines for answer in _send(ledger, [line])]
        return [(lines[0][0], "failed", fault)]
    refused = ("refused", "conflict")
    told = (_told(result.message, result.field) if result.status in refused else "" for result in results)
    return [(number, result.status, fault) for (number, _), result, fault in zip(lines, results, told, strict=True)]


def _failure(error: Exception) -> str:
    """Why a line did not go in that nothing was expected to be wrong with. Raises what is not about the line at all."""
    if isinstance(error, STOPS) or unavailable(error, "ledger") is not None:
        raise error
    # What the program did not expect may hold what was written, so it is told by its kind alone.
    return str(error) if isinstance(error, LedgerError) else FAILED.format(kind=type(error).__name__)


def _give(ledger: Ledger, command: dict[str, Any]) -> tuple[str, str, list[str]]:
    """What became of a command; why it did not go in if it did not (the field and what it takes, never its value);
    warnings."""
    try:
        done = ledger.execute(read_command(command))
    except Refused as refusal:
        return "refused", _told(refusal.message, refusal.field), []
    except CommandConflict as conflict:
        return "conflict", str(conflict), []
    except Exception as error:
        return "failed", _failure(error), []
    return (
        done.status,
        "",
        [_told(warning.message, ", ".join(warning.ids) or warning.field) for warning in done.warnings],
    )


def _told(message: str | None, field: str | None) -> str:
    return f"{message} ({field})" if field else str(message)
