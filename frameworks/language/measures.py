"""How answers become scores: aggregates over items or other scores, lookups, bands, and worked examples that prove
them."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import rfc8785
from pydantic import Field

from ap_ledger.events.entries import Informant
from frameworks.language.parts import Id, Label, LevelValue, Part, Polarity

Ages = tuple[int, int]
"""The first and the last age, in whole years, both included."""


class Lookup(Part):
    """Turns a raw score into a scaled one by a table.

    `checksum` is the SHA-256, in hex, of the rows' RFC 8785 form, so that a slip of the pen is found when the file is
    read: a public copy of one well-known table carries a wrong value.
    """

    rows: tuple[tuple[float, float], ...]
    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    monotone: Literal["up", "down", "no"] = "up"

    def calculated(self) -> str:
        """The checksum of the rows as they stand."""
        return hashlib.sha256(rfc8785.dumps([list(row) for row in self.rows])).hexdigest()


class Band(Part):
    """A named stretch of a score, its first and last value included, for whom it holds.

    An empty list of informants or forms, or no ages, means for everybody. `plain` says it kindly, for the family.
    """

    label: Label
    first: float
    last: float
    informants: tuple[Informant, ...] = ()
    ages: Ages | None = None
    forms: tuple[Id, ...] = ()
    plain: Label | None = None


class Score(Part):
    """A number made from answers: over items, over other scores, or both.

    `of` lists them, or is `all-items` or `all-scores` (every score that is written above this one); `leave_out` takes
    some away again. With `min_answered`, that many answers are enough: a mean is then over those given, and a sum must
    say `prorate`, which scales it up to all items. Without it every item must be answered. `round` is a number of
    decimal places, half up. `reliable_change` is the least difference that is more than the measure's own noise, and
    `minimum_n` the fewest students over whom an average may be shown; both come from the measure's manual.
    """

    id: Id
    label: Label
    plain: Label | None = None
    of: tuple[Id, ...] | Literal["all-items", "all-scores"]
    leave_out: tuple[Id, ...] = ()
    method: Literal["sum", "mean", "median", "max", "min", "share-met"]
    weights: dict[Id, float] = Field(default_factory=dict)
    met: float | None = None
    polarity: Polarity = "up"
    min_answered: Annotated[int, Field(ge=1)] | None = None
    prorate: bool = False
    round: Annotated[int, Field(ge=0, le=6)] | None = None
    lookup: Lookup | None = None
    bands: tuple[Band, ...] = ()
    minimum_n: Annotated[int, Field(ge=1)] | None = None
    reliable_change: Annotated[float, Field(gt=0)] | None = None


class Wanted(Part):
    """What an example expects of one score: a value, or the reason why there is none; and a band, where one is
    named."""

    value: float | None = None
    reason: Literal["too-few-answered", "not-applicable", "not-in-table"] | None = None
    band: Label | None = None


class Example(Part):
    """Answers and the scores that were worked out for them by hand. Every example is run whenever the file is read."""

    name: Label
    informant: Informant | None = None
    age: int | None = None
    form: Id | None = None
    answers: dict[Id, LevelValue | None]
    scores: dict[Id, float | Wanted]
