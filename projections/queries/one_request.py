"""The read models as one request sees them: what it asked before is not asked again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ap_ledger.events.base import Event
from projections.queries.reading import Body, Reader

A_REQUEST = 60.0
"""Longer than a request takes, in seconds: what it looked at first holds for all of it."""


class OneRequest(Reader):
    """A reader for one request that changes nothing: it looks once at how far the ledger and its keys are, and answers
    again what it answered before. What every request may know is shared with the others."""

    def __init__(self, shared: Reader) -> None:
        super().__init__(shared.ledger, shared.views)
        self._definitions, self._names, self._of_rules = shared._definitions, shared._names, shared._of_rules
        self._said: dict[Hashable, Any] = {}
        self._looked: tuple[int, int] | None = None
        self._read_before = False

    def whole(self, kind: str, setting: Body | None = None) -> list[Body]:
        """All bodies of one kind; the same ones again, however often they are asked for."""
        asked = (kind, setting["id"] if setting else None)
        if asked not in self._said:
            self._said[asked] = super().whole(kind, setting)
        return list(self._said[asked])

    def one(self, kind: str, key: str) -> Body | None:
        """One body by its key; the same one again, however often it is asked for."""
        asked = (kind, "one", key)
        if asked not in self._said:
            self._said[asked] = super().one(kind, key)
        found: Body | None = self._said[asked]
        return found

    def _look(self) -> tuple[int, int]:
        if self._looked is None:
            self._looked = super()._look()
        return self._looked

    def _read(self, positions: list[int]) -> list[Event]:
        max_age, self._read_before = (A_REQUEST if self._read_before else 0.0), True
        return self.ledger.read(positions, max_age)
