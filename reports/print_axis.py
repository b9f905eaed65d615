"""Where a value lies along an axis of a printed figure, and where its ticks are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import ceil, floor, log10
from typing import Any

from reports.print_words import without_line_ends


@lru_cache(maxsize=4096)
def _day_number(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return moment.toordinal() + (moment.hour * 3600 + moment.minute * 60) / 86_400


class Axis:
    """Where a value lies along one axis, and where its ticks are."""

    def __init__(self, options: Mapping[str, Any], values: Sequence[Any], low: float, high: float, zero: bool) -> None:
        self.said, self.low, self.high = options, low, high
        self.names: list[Any] = []
        values = [value for value in values if value is not None]
        self.kind = options.get("type") or _kind(values)
        if self.kind == "category":
            self.names = list(dict.fromkeys(values))
            self.first, self.last = -0.5, len(self.names) - 0.5
        else:
            numbers = [self.number(value) for value in values] or [0.0, 1.0]
            self.first, self.last = min(numbers), max(numbers)
            if zero and self.kind == "linear":
                self.first = min(0.0, self.first)
            if self.first == self.last:
                self.last = self.first + 1
            if options.get("range"):
                self.first, self.last = (self.number(end) for end in options["range"])
            elif self.kind == "date":
                pad = (self.last - self.first) * 0.02
                self.first, self.last = self.first - pad, self.last + pad
        if options.get("autorange") == "reversed":
            self.first, self.last = self.last, self.first

    def number(self, value: Any) -> float:
        """A value as a number along the axis: days for dates, the place of its name for categories."""
        if self.kind == "category":
            return float(self.names.index(value)) if value in self.names else float(value)
        if self.kind == "date":
            return float(value) if isinstance(value, (int, float)) else _day_number(str(value)[:19])
        return float(value)

    def at(self, value: Any) -> float:
        """Where a value lies, in pixels."""
        return self.low + (self.number(value) - self.first) / (self.last - self.first) * (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Where ticks are, and what they say."""
        if self.said.get("showticklabels") is False:
            return []
        if self.said.get("tickvals") is not None:
            texts = self.said.get("ticktext") or self.said["tickvals"]
            return [
                (self.at(value), without_line_ends(str(text)))
                for value, text in zip(self.said["tickvals"], texts, strict=True)
            ]
        if self.kind == "category":
            return [(self.at(name), str(name)) for name in self.names]
        if self.kind == "date":
            return self._dates()
        low, high = sorted((self.first, self.last))
        step = _nice((high - low) / 4)
        values = [step * n for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
        return [(self.at(value), f"{value:g}{self.said.get('ticksuffix', '')}") for value in values]

    def _dates(self) -> list[tuple[float, str]]:
        first, last = (date.fromordinal(int(end)) for end in sorted((self.first, self.last)))
        step = max(1, ceil((last - first).days / 7))
        step = next((whole for whole in (1, 2, 7, 14, 28, 56, 91, 182, 364) if whole >= step), 728)
        start = first + timedelta(days=(7 - first.weekday()) % 7 if step % 7 == 0 else 0)
        days = [start + timedelta(days=n) for n in range(0, (last - start).days + 1, step)]
        return [(self.at(day.isoformat()), f"{day.day} {day:%b}") for day in days]


def _kind(values: Sequence[Any]) -> str:
    if all(isinstance(value, (int, float)) for value in values):
        return "linear"
    return "date" if all(re.match(r"\d{4}-\d\d-\d\d", str(value)) for value in values) else "category"


def _nice(step: float) -> float:
    size = 10.0 ** floor(log10(step)) if step > 0 else 1.0
    return next(size * whole for whole in (1, 2, 5, 10) if size * whole >= step)
