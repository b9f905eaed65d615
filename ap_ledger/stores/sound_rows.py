"""Rows of the small stores as they were written: every value of its column's kind.

Others are damaged, and harm no other row.

SQLite keeps whatever is put into a column, so a row that somebody or a fault of the disk has changed may hold a text
where an id belongs. What is read through here holds no such value; what is left out is counted by `damage_in`, for
`ap-ledger check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Integer, LargeBinary, MetaData, Select, String, select

from ap_ledger.stores.engine import MOMENT

LATEST = 253_402_300_799_999_999
"""The last microsecond that has a date."""


def wrong_column(columns: Iterable[Any], row: Any) -> str | None:
    """The name of the first column whose value is not of its kind; None for a row that is sound."""
    return next((column.name for column, value in zip(columns, row, strict=True) if not _fits(column, value)), None)


def sound_rows(connection: Connection, ask: Select[Any]) -> Iterator[Any]:
    """The rows that are sound, of the columns that are asked for."""
    columns = list(ask.selected_columns)
    return (row for row in connection.execute(ask) if wrong_column(columns, row) is None)


def damage_in(connection: Connection, metadata: MetaData) -> list[str]:
    """How many rows of each table of a store are damaged, and in which columns, in words without a value."""
    damage = []
    for table in metadata.sorted_tables:
        wrong = [name for row in connection.execute(select(table)) if (name := wrong_column(table.c, row)) is not None]
        if wrong:
            what = "1 row is" if len(wrong) == 1 else f"{len(wrong)} rows are"
            damage.append(f"{what} damaged in the table {table.name} ({', '.join(sorted(set(wrong)))})")
    return damage


def _fits(column: Any, value: Any) -> bool:
    kind = column.type
    if value is None:
        return bool(column.nullable)
    if kind is MOMENT:
        return isinstance(value, int) and 0 <= value <= LATEST
    if isinstance(kind, LargeBinary):
        return isinstance(value, (bytes, memoryview)) and kind.length in (None, len(value))
    return isinstance(value, str) if isinstance(kind, String) else isinstance(kind, Integer) and isinstance(value, int)
