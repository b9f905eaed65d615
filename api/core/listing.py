"""Lists that are sorted by what the address says, and leave as a file with the same rows in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from reports.csv_files import csv_text


@dataclass(frozen=True)
class Column:
    """A column of a list: its name in the address, its heading, and what a row has in it, None for nothing.

    Values are sorted as they are and written into a file as they are, so a day is an ISO date.
    """

    key: str
    words: str
    cell: Callable[[Any], str | int | None]


@dataclass(frozen=True)
class Listing:
    """The rows of a list in the order that was asked for; without a known column, as they came."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    path: str
    query: dict[str, str]

    @classmethod
    def of(cls, request: Request, columns: Sequence[Column], rows: Iterable[Any]) -> Listing:
        """The list that an address asks for, with or without `.csv` behind it."""
        query = {name: value for name, value in request.query_params.items() if value and name != "min_position"}
        wanted = query.get("sort", "")
        ordered = list(rows)
        for column in columns:
            if column.key == wanted.removeprefix("-"):
                ordered = _sorted(ordered, column, wanted.startswith("-"))
        return cls(columns, ordered, request.url.path.removesuffix(".csv"), query)

    def order_of(self, key: str) -> str:
        """How the list is sorted by a column, as `aria-sort` has it; empty where it is not."""
        return {key: "ascending", f"-{key}": "descending"}.get(self.query.get("sort", ""), "")

    def sorted_by(self, key: str) -> str:
        """The address that sorts by a column, the other way round where it does already."""
        return self._address(self.path, {"sort": f"-{key}" if self.query.get("sort") == key else key})

    @property
    def file(self) -> str:
        """The address of the same list as a file."""
        return self._address(f"{self.path}.csv", {})

    def _address(self, path: str, more: dict[str, str]) -> str:
        query = urlencode({**self.query, **more})
        return f"{path}?{query}" if query else path

    def as_file(self, name: str) -> Response:
        """The list as CSV. `name` says what it is and names nobody."""
        text = csv_text(
            [column.words for column in self.columns],
            ([column.cell(row) for column in self.columns] for row in self.rows),
        )
        disposition = f'attachment; filename="{name}.csv"'
        return Response(text, media_type="text/csv", headers={"Content-Disposition": disposition})


def _sorted(rows: list[Any], column: Column, backwards: bool) -> list[Any]:
    """By what stands in a column; rows with nothing in it come last either way."""
    full = [row for row in rows if column.cell(row) is not None]
    empty = [row for row in rows if column.cell(row) is None]
    return sorted(full, key=lambda row: _comparable(column.cell(row)), reverse=backwards) + empty


def _comparable(value: str | int | None) -> Any:
    return value.casefold() if isinstance(value, str) else value
