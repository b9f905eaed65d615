"""Records a file of entries and commands, line by line; one bad line never spoils the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ap_ledger.application import Ledger
from ap_ledger.application.json_in import loads
from ap_ledger.application.posting import ENTRIES_LIMIT
from ap_ledger.domain.commands import read_command
from ap_ledger.errors import CommandConflict, Refused

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
        if waiting:
            results = ledger.record([entry for _, entry in waiting]).results
            for (number, _), result in zip(waiting, results, strict=True):
                count(result.status)
                if result.status in ("refused", "conflict"):
                    bad.append((number, f"{result.status}: {_told(result.message, result.field)}"))
            waiting.clear()

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            said = loads(line)
            if not isinstance(said, dict):
                raise ValueError
        except ValueError:
            count("unreadable")
            bad.append((number, "this line is not a JSON object"))
            continue
        if "command" in said:
            flush()
            status, fault, warnings = _give(ledger, said)
            count(status)
            warned += [(number, warning) for warning in warnings]
            if fault:
                bad.append((number, f"{status}: {fault}"))
        else:
            waiting.append((number, said))
            if len(waiting) >= ENTRIES_LIMIT // 2:
                flush()
        report(number, len(lines))
    flush()
    return Recorded(counts, sorted(bad), warned)


def _give(ledger: Ledger, said: dict[str, Any]) -> tuple[str, str, list[str]]:
    """What became of a command; why it did not go in if it did not (the field and what it takes, never its value); warnings."""
    try:
        done = ledger.execute(read_command(said))
    except Refused as refusal:
        return "refused", _told(refusal.message, refusal.field), []
    except CommandConflict as conflict:
        return "conflict", str(conflict), []
    return done.status, "", [_told(warning.message, ", ".join(warning.ids) or warning.field) for warning in done.warnings]


def _told(message: str | None, field: str | None) -> str:
    return f"{message} ({field})" if field else str(message)
