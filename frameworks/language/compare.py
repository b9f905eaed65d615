"""What changed between two definitions, in words, and what it does to comparing before with after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from frameworks.language.model import Definition
from frameworks.language.parts import Scale
from frameworks.language.things import Item, Rung

Effect = Literal["same", "careful", "broken"]
EFFECTS = {
    "same": "can still be compared",
    "careful": "compare with care: people may answer it differently",
    "broken": "cannot be compared across the two",
}


@dataclass(frozen=True)
class Difference:
    """One change, and what it does to comparability."""

    said: str
    effect: Effect

    def __str__(self) -> str:
        return f"{self.said} ({EFFECTS[self.effect]})"


def differences(old: Definition, new: Definition) -> list[Difference]:
    """Every change from one definition to another, worst first within each part."""
    if old.kind != new.kind:
        return [Difference(f"it was of kind '{old.kind}' and is of kind '{new.kind}'", "broken")]
    carried = carries(old, new)
    return [
        *_words(old, new),
        *_things(old, new, carried),
        *_scales(old, new, carried),
        *_scores(old, new),
        *_ladder(old, new),
    ]


def carries(old: Definition, new: Definition) -> dict[str, str]:
    """Which items or rungs of the old one go on as which of the new one: only those that a crosswalk names."""
    walk = next((walk for walk in new.crosswalks if walk.from_ == old.key), None)
    return dict(walk.items) if walk else {}


def _words(old: Definition, new: Definition) -> Iterator[Difference]:
    if old.title != new.title:
        yield Difference(f"the title was '{old.title}' and is '{new.title}'", "same")
    if (old.licence.name, old.licence.use) != (new.licence.name, new.licence.use):
        yield Difference(
            f"the licence was '{old.licence.name}' ({old.licence.use}) and is '{new.licence.name}' ({new.licence.use})",
            "same",
        )
    if old.cadence != new.cadence:
        yield Difference(
            f"it was answered once a {old.cadence or 'time, as needed'} and is once a "
            f"{new.cadence or 'time, as needed'}",
            "careful",
        )


def _named(definition: Definition) -> dict[str, Item | Rung]:
    return {item.id: item for item, _ in definition.walk()} | {rung.id: rung for rung, _ in definition.climb()}


def _things(old: Definition, new: Definition, carried: dict[str, str]) -> Iterator[Difference]:
    before, after = _named(old), _named(new)
    for gone in [key for key in before if key not in after]:
        if gone in carried:
            yield Difference(f"'{before[gone].label}' goes on as '{after[carried[gone]].label}'", "careful")
        else:
            yield Difference(f"'{before[gone].label}' is gone; what was recorded for it stays readable", "broken")
    for fresh in [key for key in after if key not in before and key not in carried.values()]:
        yield Difference(f"'{after[fresh].label}' is new, so it has no history", "same")
    for both in [key for key in before if key in after]:
        was, now = before[both], after[both]
        if was.label != now.label:
            yield Difference(f"'{both}' read '{was.label}' and reads '{now.label}'", "careful")
        if old.theme.get(both) != new.theme.get(both):
            yield Difference(f"'{now.label}' moved to another heading", "same" if both in new.scored else "careful")
        if isinstance(was, Item) and isinstance(now, Item):
            if was.reverse != now.reverse:
                yield Difference(
                    f"'{now.label}' is {'now' if now.reverse else 'no longer'} counted from the other end", "broken"
                )
            if was.detail != now.detail:
                yield Difference(f"the words behind '{now.label}' changed", "careful")
            if was.level != now.level:
                yield Difference(
                    f"'{now.label}' was on the level '{was.level or 'none'}' and is on '{now.level or 'none'}'",
                    "careful",
                )
            if was.applies_to != now.applies_to:
                yield Difference(f"'{now.label}' is scored in other places or of other students", "careful")
            if set(was.prior) != set(now.prior):
                yield Difference(f"'{now.label}' comes after other units", "same")


def _levels(scale: Scale) -> list[tuple[object, ...]]:
    return [(level.value, level.score) for level in scale.levels] or [(scale.min, scale.max, scale.step)]


def _scales(old: Definition, new: Definition, carried: dict[str, str]) -> Iterator[Difference]:
    for item, was in old.scored.items():
        now = new.scored.get(carried.get(item, item))
        if now is None or (was.type == now.type and was.levels == now.levels and _levels(was) == _levels(now)):
            continue
        label = new.labels[carried.get(item, item)]
        if was.type != now.type or _levels(was) != _levels(now):
            yield Difference(f"'{label}' is scored on another scale ('{was.id}', now '{now.id}')", "broken")
        else:
            yield Difference(f"the words of the scale of '{label}' changed", "careful")


def _scores(old: Definition, new: Definition) -> Iterator[Difference]:
    before, after = {score.id: score for score in old.scores}, {score.id: score for score in new.scores}
    yield from (
        Difference(f"the score '{before[gone].label}' is gone", "broken") for gone in before if gone not in after
    )
    yield from (
        Difference(f"the score '{after[fresh].label}' is new", "same") for fresh in after if fresh not in before
    )
    for both in [key for key in before if key in after]:
        was, now = before[both], after[both]
        words = {"label", "plain", "minimum_n", "reliable_change"}
        if was.model_dump(exclude=words | {"bands"}) != now.model_dump(exclude=words | {"bands"}):
            yield Difference(f"the score '{now.label}' is worked out in another way", "broken")
        elif was.bands != now.bands:
            yield Difference(f"the bands of '{now.label}' changed; its values did not", "careful")


def _ladder(old: Definition, new: Definition) -> Iterator[Difference]:
    shared = [rung for rung in old.rank if rung in new.rank]
    if sorted(shared, key=new.rank.__getitem__) != shared:
        yield Difference("rungs that both have stand in another order", "broken")
    elif shared and list(old.rank) != list(new.rank):
        yield Difference(
            "the ladder has other rungs between those that both have, so a step is not the same height", "careful"
        )
    for rung_id in shared:
        was, now = old.rung(rung_id), new.rung(rung_id)
        assert was is not None and now is not None
        if (was.on_site, was.supervised) != (now.on_site, now.supervised):
            yield Difference(f"'{now.label}' now means something else for the register", "careful")
