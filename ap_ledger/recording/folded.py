"""States of streams with rules, each remembered as far as it was folded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import EventStore

Projector = Callable[..., Any]
"""The fold of one kind of stream. Its states never change and say up to which `version` they were folded."""


class Folded(NamedTuple):
    """A state, None where the stream was empty, and the projector that made it."""

    projector: Projector
    state: Any


class FoldedStates:
    """Folds a stream when it is first asked for, and from then on only what came in it since."""

    def __init__(self, events: EventStore[UUID]) -> None:
        self._events = events
        self.forget()

    def forget(self) -> None:
        """Lets go of every state, with whatever words are in it."""
        self._current: dict[UUID, Folded] = {}
        self._behind: dict[UUID, Folded] = {}

    def outdate(self, streams: Collection[UUID]) -> None:
        """More was recorded in these streams. It is read when somebody asks for them."""
        # A fold that is under way in another thread may not hold what is new yet. It goes into the dict of before,
        # where nobody finds it.
        current = self._current.copy()
        behind = {stream: current.pop(stream) for stream in streams if stream in current}
        self._behind = {**self._behind, **behind}
        self._current = current

    def of(self, stream: UUID, projector: Projector) -> Any:
        """The state of a stream, None where it is empty. As it is now, where nothing came since `outdate` was told."""
        current, behind = self._current, self._behind
        folded = current.get(stream)
        if folded is None or folded.projector is not projector:
            folded = current[stream] = self._fold(stream, projector, behind.pop(stream, None))
        return folded.state

    def _fold(self, stream: UUID, projector: Projector, before: Folded | None) -> Folded:
        if before is None or before.projector is not projector or before.state is None:
            return Folded(projector, projector(None, self._events.get(stream)))
        return Folded(projector, projector(before.state, self._events.get(stream, gt=before.state.version)))
