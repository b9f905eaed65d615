"""The shape of a definition file. Every list is ordered as authored; ids are stable names that entries refer to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,118}$")]
Label = Annotated[str, Field(min_length=1, max_length=300)]
LevelValue = int | float | str


class Part(BaseModel):
    """A frozen part of a definition, read strictly."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Licence(Part):
    """Whose words these are, and what may be done with them."""

    name: Label
    holder: Label | None = None
    use: Literal["ship", "user-supplied", "link-only"]
    credit: Label | None = None


class Level(Part):
    """One point of a scale: the value an entry stores, and an anchor text that says what it looks like."""

    value: LevelValue
    label: Label
    anchor: Label | None = None


class Scale(Part):
    """What may be scored: named levels, or a range with a step, or a count, a duration in minutes, or free text."""

    id: Id
    type: Literal["binary", "ordinal", "numeric", "nominal", "count", "duration", "text"]
    levels: tuple[Level, ...] = ()
    min: float | None = None
    max: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def levels_fit_the_type(self) -> Scale:
        """A scale of named levels lists them, each once; a numeric scale has a range."""
        if self.type in ("binary", "ordinal", "nominal"):
            if len(self.levels) < 2:
                raise ValueError(f"scale '{self.id}' needs at least two levels")
            if len({str(level.value) for level in self.levels}) < len(self.levels):
                raise ValueError(f"scale '{self.id}' has the same level twice")
        if self.type == "binary" and [level.value for level in self.levels] != [0, 1]:
            raise ValueError(f"scale '{self.id}' is binary, so its levels are 0 and 1, in this order")
        if self.type == "numeric" and (self.min is None or self.max is None or self.min >= self.max):
            raise ValueError(f"scale '{self.id}' is numeric, so it needs a min below its max")
        return self

    @cached_property
    def named(self) -> frozenset[LevelValue]:
        """The values of the named levels."""
        return frozenset(level.value for level in self.levels)

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


class Applies(Part):
    """Where an item is scored. An empty list means everywhere."""

    slot_kinds: tuple[str, ...] = ()


class Item(Part):
    """A theme, aim, indicator, unit or question. Items that hold items are headings; the others are scored."""

    id: Id
    label: Label
    plain: Label | None = None
    observable: Literal["session", "review", "none"] = "session"
    scale: Id | None = None
    applies_to: Applies = Applies()
    prior: tuple[Id, ...] = ()
    items: tuple[Item, ...] = ()


class Rung(Part):
    """One rung of an attendance ladder. Rungs are listed from the lowest to the highest."""

    id: Id
    label: Label
    plain: Label | None = None
    on_site: bool = False
    supervised: bool = False


class Definition(Part):
    """One published thing that entries are scored against.

    A ladder has `rungs`; the other kinds have `scales` and a tree of `items`.
    """

    id: Id
    version: Annotated[int, Field(ge=1)]
    kind: Literal["ladder", "outcomes", "curriculum", "instrument"]
    title: Label
    summary: Label | None = None
    language: str = "en"
    licence: Licence
    scales: tuple[Scale, ...] = ()
    default_scale: Id | None = None
    items: tuple[Item, ...] = ()
    rungs: tuple[Rung, ...] = ()

    @property
    def key(self) -> str:
        """The definition as one string, for instance `default-ladder@1`."""
        return f"{self.id}@{self.version}"

    def walk(self) -> Iterator[tuple[Item, tuple[Item, ...]]]:
        """Every item with the headings above it, outermost first, in the authored order."""

        def below(items: tuple[Item, ...], above: tuple[Item, ...]) -> Iterator[tuple[Item, tuple[Item, ...]]]:
            for item in items:
                yield item, above
                yield from below(item.items, (*above, item))

        return below(self.items, ())

    @cached_property
    def scored(self) -> dict[str, Scale]:
        """The scale of every item that can be scored, by item id."""
        by_id = {scale.id: scale for scale in self.scales}
        return {
            item.id: by_id[scale]
            for item, _ in self.walk()
            if not item.items and item.observable != "none" and (scale := item.scale or self.default_scale) is not None
        }

    def in_slot(self, kind: str) -> list[str]:
        """The items that are scored in slots of a kind, in the authored order."""
        return [
            item.id for item, _ in self.walk() if item.id in self.scored and item.observable == "session" and kind in (item.applies_to.slot_kinds or (kind,))
        ]

    @cached_property
    def rank(self) -> dict[str, int]:
        """The place of each rung on the ladder, lowest 0."""
        return {rung.id: place for place, rung in enumerate(self.rungs)}

    @cached_property
    def theme(self) -> dict[str, str]:
        """The outermost heading of every item, by item id; an item without one is its own."""
        return {item.id: (above[0].id if above else item.id) for item, above in self.walk()}

    @cached_property
    def labels(self) -> dict[str, str]:
        """What to show for every item and rung id."""
        return {item.id: item.label for item, _ in self.walk()} | {rung.id: rung.label for rung in self.rungs}

    def faults(self) -> list[str]:
        """What is wrong although every part is well-formed: one plain sentence each."""
        found: list[str] = []
        ids = [item.id for item, _ in self.walk()] + [rung.id for rung in self.rungs]
        found += [f"the id '{twice}' is used twice" for twice in sorted({one for one in ids if ids.count(one) > 1})]
        scales = {scale.id for scale in self.scales}
        if self.kind == "ladder":
            if len(self.rungs) < 2 or self.items:
                found.append("a ladder has at least two rungs and no items")
            return found
        if self.rungs or not self.items:
            found.append(f"a definition of kind '{self.kind}' has items and no rungs")
        if self.default_scale is not None and self.default_scale not in scales:
            found.append(f"the default scale '{self.default_scale}' is not among the scales")
        for item, _ in self.walk():
            if item.scale is not None and item.scale not in scales:
                found.append(f"item '{item.id}' names the scale '{item.scale}', which is not among the scales")
            if not item.items and item.observable == "session" and item.scale is None and self.default_scale is None:
                found.append(f"item '{item.id}' has no scale")
            found += [f"item '{item.id}' has the prior '{prior}', which does not exist" for prior in item.prior if prior not in ids]
        return found
