"""Whether the service works and how far it has read, as it is answered."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Positions(BaseModel):
    """The position of the ledger, and how far each projection has read."""

    ledger: int
    projections: dict[str, int]
    lag: int


class Health(BaseModel):
    """Whether the service works, and what is wrong with the clock of its machine, if anything is."""

    status: Literal["ok"]
    clock: str | None = None
