"""The small parts of a definition: ids, labels, levels and scales."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ap_ledger.events.entries import Missing

ID_PATTERN = r"^[a-z0-9][a-z0-9.-]{0,118}$"
KEY_PATTERN = r"^[a-z0-9][a-z0-9.-]{0,118}@[1-9][0-9]*$"
Id = Annotated[str, Field(pattern=ID_PATTERN)]
Key = Annotated[str, Field(pattern=KEY_PATTERN)]
"""A definition and its version as one string, for instance `default-ladder@1`."""

Label = Annotated[str, Field(min_length=1, max_length=300)]
LevelValue = int | float | str
Polarity = Literal["up", "down", "none"]
MISSING: tuple[Missing, ...] = get_args(Missing)
MISSING_MARK = "~"
"""Stands before the reason where a questionnaire's answer is one of the kinds of missing: `~not-applicable`."""


class Part(BaseModel):
    """A frozen part of a definition, read strictly."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Level(Part):
    """One point of a scale: the value an entry stores, and an anchor text that says what it looks like.

    `score` is the number that sums and means use, where the value itself is a word. `means` says, in a curriculum, what
    the status is worth: a unit counts as known at a `secure` level, as nearly there at a `nearly` level, and as lost at
    a `lost` one.
    """

    value: LevelValue
    label: Label
    anchor: Label | None = None
    score: float | None = None
    means: Literal["not-yet", "started", "nearly", "secure", "lost"] | None = None


class Stage(Part):
    """A named stretch of a scale, its first and last value included: on a star of ten points, 3 and 4 may be `Accepting
    help`."""

    id: Id
    label: Label
    first: float
    last: float


def exact(number: float) -> Fraction:
    """A number as it was written down, so that sums do not depend on the order of adding."""
    return Fraction(Decimal(str(number)))


def plain(number: Fraction) -> int | float:
    """A whole number where it is one."""
    return int(number) if number.denominator == 1 else float(number)


DECIMAL_COMMA = re.compile(r"[-+]?(?:\d+,\d{1,2}|0,\d+|\d+,\d{4,})")
"""One comma that can be no mark of thousands."""


def number_in(text: str) -> int | float | None:
    """The number that a text says: whole where it is one, and None for words, and for what JSON cannot keep.

    A comma is read as a decimal mark where it can be nothing else: `0,5`; and `1,234` is no number, because it may be
    two.
    """
    typed = text.strip().replace("\u2212", "-")
    if DECIMAL_COMMA.fullmatch(typed):
        typed = typed.replace(",", ".")
    try:
        number = float(typed)
    except ValueError:
        return None
    if "_" in typed or not math.isfinite(number) or abs(number) >= 2**53:
        return None
    return int(number) if number == int(number) else number


class Scale(Part):
    """What may be scored: named levels, or a range with a step, or a count, a duration in minutes, or free text.

    `ordinal` levels are listed from the least to the most; `nominal` ones have no order and are never added up.
    """

    id: Id
    type: Literal["binary", "ordinal", "numeric", "nominal", "count", "duration", "text"]
    levels: tuple[Level, ...] = ()
    min: float | None = None
    max: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    unit: Label | None = None
    stages: tuple[Stage, ...] = ()

    @model_validator(mode="after")
    def levels_fit_the_type(self) -> Scale:
        """A scale of named levels lists them, each once; a numeric scale has a range."""
        if self.type in ("binary", "ordinal", "nominal"):
            if len(self.levels) < 2:
                raise ValueError(f"scale '{self.id}' needs at least two levels")
            if len({str(level.value) for level in self.levels}) < len(self.levels):
                raise ValueError(f"scale '{self.id}' has the same level twice")
        elif self.levels:
            raise ValueError(f"scale '{self.id}' is of type '{self.type}', which has no named levels")
        if self.type == "binary" and [level.value for level in self.levels] != [0, 1]:
            raise ValueError(f"scale '{self.id}' is binary, so its levels are 0 and 1, in this order")
        if self.type == "numeric" and (self.min is None or self.max is None or self.min >= self.max):
            raise ValueError(f"scale '{self.id}' is numeric, so it needs a min below its max")
        if any(isinstance(level.value, str) and level.value.startswith(MISSING_MARK) for level in self.levels):
            raise ValueError(
                f"scale '{self.id}' has a level that starts with {MISSING_MARK}, which stands for a missing answer"
            )
        return self

    @cached_property
    def named(self) -> frozenset[LevelValue]:
        """The values of the named levels."""
        return frozenset(level.value for level in self.levels)

    @cached_property
    def order(self) -> dict[LevelValue, int]:
        """The place of each named level, lowest 0."""
        return {level.value: place for place, level in enumerate(self.levels)}

    @cached_property
    def numbers(self) -> dict[LevelValue, Fraction]:
        """The number of each named level that has one. Levels of a nominal scale have none."""
        if self.type == "nominal":
            return {}
        by_score = {level.value: level.score if level.score is not None else level.value for level in self.levels}
        return {value: exact(number) for value, number in by_score.items() if not isinstance(number, str)}

    @cached_property
    def range(self) -> tuple[Fraction, Fraction] | None:
        """The least and the greatest number that an answer can give.

        None where there is no number, or no end to them.
        """
        if self.levels:
            return (
                (min(self.numbers.values()), max(self.numbers.values()))
                if len(self.numbers) == len(self.levels)
                else None
            )
        return (
            (exact(self.min), exact(self.max))
            if self.type == "numeric" and self.min is not None and self.max is not None
            else None
        )

    @property
    def choices(self) -> tuple[tuple[LevelValue, str], ...]:
        """What can be chosen: the levels, or the numbers of a short range, each with what to show.

        Empty where something is typed.
        """
        if self.levels:
            return tuple((level.value, level.label) for level in self.levels)
        if (
            self.type != "numeric"
            or self.min is None
            or self.max is None
            or not self.step
            or (self.max - self.min) / self.step > 20
        ):
            return ()
        numbers = (
            plain(exact(self.min) + n * exact(self.step)) for n in range(round((self.max - self.min) / self.step) + 1)
        )
        return tuple((number, f"{number:g}") for number in numbers)

    @cached_property
    def is_whole(self) -> bool:
        """Whether every number on this scale is whole."""
        if self.levels:
            return all(number.denominator == 1 for number in self.numbers.values())
        return self.type == "count" or (
            self.type == "numeric"
            and exact(self.step or 0.5).denominator == 1
            and exact(self.min or 0).denominator == 1
        )

    @cached_property
    def counts(self) -> bool:
        """Whether answers on this scale can be added up at all."""
        return self.type not in ("nominal", "text") and (not self.levels or len(self.numbers) == len(self.levels))

    def allows(self, level: LevelValue) -> bool:
        """Whether an entry may hold this level."""
        if self.levels:
            return level in self.named
        if self.type == "text":
            return isinstance(level, str)
        if isinstance(level, str):
            return False
        if self.type == "count":
            return level >= 0 and level == int(level)
        if self.type == "duration":
            return level >= 0
        low, high = self.min or 0.0, self.max or 0.0
        steps = (level - low) / (self.step or 1.0)
        return low <= level <= high and (self.step is None or abs(steps - round(steps)) < 1e-9)

    def number(self, level: LevelValue) -> Fraction | None:
        """The number behind a level, or None where it has none."""
        if self.levels:
            return self.numbers.get(level)
        return None if isinstance(level, str) else exact(level)

    def read(self, text: str) -> LevelValue:
        """The level that a form's or sheet's text stands for; the text itself where it stands for none, so that whoever
        checks it can say so."""
        named = next((level.value for level in self.levels if str(level.value) == text), None)
        if named is not None:
            return named
        number = None if self.type == "text" else number_in(text)
        return text if number is None else number

    def label(self, level: LevelValue | None) -> str:
        """What to show for a level."""
        label = next((known.label for known in self.levels if known.value == level), None)
        return label or ("" if level is None else f"{level} {self.unit}" if self.unit else str(level))

    def stage(self, level: LevelValue) -> str | None:
        """The named stage that a level lies in."""
        number = self.number(level)
        return next(
            (
                stage.label
                for stage in self.stages
                if number is not None and exact(stage.first) <= number <= exact(stage.last)
            ),
            None,
        )

    @cached_property
    def secure(self) -> frozenset[LevelValue]:
        """The levels at which a unit counts as known: those that say so, or the highest of a scale on which none
        does."""
        declared = frozenset(level.value for level in self.levels if level.means == "secure")
        rising = [level.value for level in self.levels if level.means != "lost"]
        return declared or frozenset(rising[-1:])

    @cached_property
    def lost(self) -> frozenset[LevelValue]:
        """The levels that say that something known before is known no more."""
        return frozenset(level.value for level in self.levels if level.means == "lost")

    @cached_property
    def nearly(self) -> frozenset[LevelValue]:
        """The levels just short of secure."""
        return frozenset(level.value for level in self.levels if level.means == "nearly")
