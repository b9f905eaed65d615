"""Records a file of entries and commands, line by line; one bad line never spoils the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ap_ledger.application import Ledger
from ap_ledger.application.json_in import loads
from ap_ledger.application.posting import ENTRIES_LIMIT
from ap_ledger.domain.commands import read_command
from ap_ledger.errors import CommandConflict, Refused

Bad = list[tuple[int, str]]


def record_lines(ledger: Ledger, lines: Sequence[bytes], report: Callable[[int, int], None]) -> tuple[dict[str, int], Bad]:
    """How many lines got which answer, and for each that did not go in its number and why."""
    counts: dict[str, int] = {}
    bad: Bad = []
    waiting: list[tuple[int, Any]] = []

    def count(status: str) -> None:
        counts[status] = counts.get(status, 0) + 1

    def flush() -> None:
        if waiting:
            results = ledger.record([entry for _, entry in waiting]).results
            for (number, _), result in zip(waiting, results, strict=True):
                count(result.status)
                if result.status in ("refused", "conflict"):
                    bad.append((number, f"{result.status}: {result.message}" + (f" ({result.field})" if result.field else "")))
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
            try:
                count(ledger.execute(read_command(said)).status)
            except (Refused, CommandConflict) as error:
                count("refused")
                bad.append((number, str(error)))
        else:
            waiting.append((number, said))
            if len(waiting) >= ENTRIES_LIMIT // 2:
                flush()
        report(number, len(lines))
    flush()
    return counts, sorted(bad)
