"""What a sender is told about each thing sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

Status = Literal["recorded", "duplicate", "conflict", "refused", "held"]


class Result(NamedTuple):
    """The answer to one entry. `position` is its first position in the ledger; the others say why there is none."""

    id: UUID | None
    status: Status
    position: int | None = None
    code: str | None = None
    field: str | None = None
    message: str | None = None
    flags: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape of the contract."""
        return {
            "id": None if self.id is None else str(self.id),
            "status": self.status,
            "position": self.position,
            "code": self.code,
            "field": self.field,
            "message": self.message,
            "flags": self.flags,
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one send: a result for each entry, in the order sent, and a position that covers all of them."""

    position: int
    results: list[Result] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The shape of the contract."""
        return {"position": self.position, "results": [result.as_json() for result in self.results]}
