"""The rows that did not go in, as a file that can be mended and brought again."""

from __future__ import annotations

from collections.abc import Iterable

from ap_ledger.roster.plan import Plan, PlannedRow
from reports.csv_files import csv_text

REASON_HEADING = "Why it was not brought in"


def refused_csv(plan: Plan, rows: Iterable[PlannedRow]) -> str:
    """Rows as they stand in the file, each with the reason."""
    return csv_text((*plan.table.headings, REASON_HEADING), ((*row.row.cells, row.fault) for row in rows))
