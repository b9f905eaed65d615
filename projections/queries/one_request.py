"""The read models as one request sees them: what it asked before is not asked again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ap_ledger.events.base import Event
from projections.bodies import Kind
from projections.queries.reading import Reader

A_REQUEST = 60.0
"""Longer than a request takes, in seconds: what it looked at first holds for all of it."""


class OneRequest(Reader):
    """A reader for one request that changes nothing: it looks once at how far the ledger and its keys are, and answers
    again what it answered before. What every request may know is shared with the others."""

    def __init__(self, shared: Reader) -> None:
        super().__init__(shared.ledger, shared.views)
        self._definitions, self._names, self._of_rules = shared._definitions, shared._names, shared._of_rules
        self.of_days = shared.of_days
        self._said: dict[Hashable, Any] = {}
        self._looked: tuple[int, int] | None = None
        self._read_before = False

    def _all(self, kind: Kind, setting_id: str | None) -> list[Any]:
        asked = (kind, setting_id)
        if asked not in self._said:
            self._said[asked] = super()._all(kind, setting_id)
        return list(self._said[asked])

    def _single(self, kind: Kind, key: str) -> Any:
        asked = (kind, "one", key)
        if asked not in self._said:
            self._said[asked] = super()._single(kind, key)
        return self._said[asked]

    def _look(self) -> tuple[int, int]:
        if self._looked is None:
            self._looked = super()._look()
        return self._looked

    def _read(self, positions: list[int]) -> list[Event]:
        max_age, self._read_before = (A_REQUEST if self._read_before else 0.0), True
        return self.ledger.read(positions, max_age)
