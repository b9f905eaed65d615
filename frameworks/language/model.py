"""The shape of a definition file. Every list is ordered as authored; ids are stable names that entries refer to.

The reasons for each part are the measures that need it; `docs/frameworks.md` shows every part by an example that runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ap_ledger.events.days import holds_on
from ap_ledger.events.entries import Informant, Missing
from frameworks.language.measures import Example, Score
from frameworks.language.parts import MISSING, Id, Key, Label, LevelValue, Part, Scale
from frameworks.language.things import Cadence, Form, Item, Licence, Origin, Rung

Kind = Literal["ladder", "outcomes", "curriculum", "instrument"]


class Crosswalk(Part):
    """What was recorded against another definition, or an earlier version of this one, and goes on here.

    Items and rungs by id, from there to here; levels likewise where they changed. What is not named does not go on: a
    reworded question is another question until somebody says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    from_: Key = Field(alias="from")
    items: dict[Id, Id]
    levels: dict[str, LevelValue] = Field(default_factory=dict)
    note: Label | None = None


class Translation(Part):
    """The words of a definition in another language: of items, rungs and scores by id, of levels by `scale/value`."""

    title: Label | None = None
    summary: Label | None = None
    labels: dict[str, Label] = Field(default_factory=dict)
    plain: dict[str, Label] = Field(default_factory=dict)
    levels: dict[str, Label] = Field(default_factory=dict)


class Definition(Part):
    """One published thing that entries are scored against.

    A ladder has `rungs`; the other kinds have `scales` and a tree of `items`; an instrument may have `scores`.
    `no_total` forbids every score over more than one item, for frameworks whose areas must not be averaged. `about`
    says whom an instrument asks about: a student, or the member of staff who answers.
    """

    id: Id
    version: Annotated[int, Field(ge=1)]
    kind: Kind
    title: Label
    summary: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    licence: Licence
    about: Literal["student", "staff"] = "student"
    effective_from: date | None = None
    effective_to: date | None = None
    supersedes: Key | None = None
    crosswalks: tuple[Crosswalk, ...] = ()
    cadence: Cadence | None = None
    informants: tuple[Informant, ...] = ()
    forms: tuple[Form, ...] = ()
    missing: tuple[Missing, ...] = MISSING
    no_total: bool = False
    scales: tuple[Scale, ...] = ()
    default_scale: Id | None = None
    items: tuple[Item, ...] = ()
    rungs: tuple[Rung, ...] = ()
    scores: tuple[Score, ...] = ()
    examples: tuple[Example, ...] = ()
    translations: dict[str, Translation] = Field(default_factory=dict)
    origin: Origin | None = None
    source: Annotated[str, Field(max_length=1000)] | None = None

    @property
    def key(self) -> str:
        """The definition as one string, for instance `default-ladder@1`."""
        return f"{self.id}@{self.version}"

    def in_effect(self, on: date) -> bool:
        """Whether new entries are meant to use it on a day."""
        return holds_on(self.effective_from or date.min, self.effective_to, on)

    # Items --------------------------------------------------------------------------------------------------------

    def walk(self) -> Iterator[tuple[Item, tuple[Item, ...]]]:
        """Every item with the headings above it, outermost first, in the authored order."""

        def below(items: tuple[Item, ...], above: tuple[Item, ...]) -> Iterator[tuple[Item, tuple[Item, ...]]]:
            for item in items:
                yield item, above
                yield from below(item.items, (*above, item))

        return below(self.items, ())

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Every item by its id."""
        return {item.id: item for item, _ in self.walk()}

    @cached_property
    def scored(self) -> dict[str, Scale]:
        """The scale of every item that can be scored, by item id, in the authored order."""
        by_id = {scale.id: scale for scale in self.scales}
        return {
            item.id: by_id[scale]
            for item, _ in self.walk()
            if not item.items
            and item.observable != "none"
            and (scale := item.scale or self.default_scale) is not None
            and scale in by_id
        }

    @cached_property
    def has_yes_or_no(self) -> bool:
        """Whether any item is scored yes or no, so that it can be counted how often it was seen."""
        return any(scale.type == "binary" for scale in self.scored.values())

    def scale_of(self, item_id: str) -> Scale | None:
        """The scale of an item, a student's own items (`goal.1` under `goal`) included.

        None where nothing is scored.
        """
        scale = self.scored.get(item_id)
        if scale is None and "." in item_id:
            shared = item_id.rpartition(".")[0]
            scale = self.scored.get(shared) if shared in self.by_id and self.by_id[shared].per_student else None
        return scale

    def in_slot(self, kind: str, setting: str | None = None, age: int | None = None) -> list[str]:
        """The items that are scored in slots of a kind, in the authored order.

        What an applies-to of a heading says holds below it.
        """
        return [
            item.id
            for item, above in self.walk()
            if item.id in self.scored
            and item.observable == "session"
            and all(part.applies_to.to(kind, setting, age) for part in (*above, item))
        ]

    def expected_in_slot(self, kind: str, setting: str | None = None, age: int | None = None) -> list[str]:
        """Those of them that are meant to be scored in every such slot: all whose cadence is not some longer time."""
        return [
            item
            for item in self.in_slot(kind, setting, age)
            if (self.by_id[item].cadence or self.cadence) in (None, "slot")
        ]

    @cached_property
    def theme(self) -> dict[str, str]:
        """The outermost heading of every item, by item id; an item without one is its own."""
        return {item.id: (above[0].id if above else item.id) for item, above in self.walk()}

    @cached_property
    def priors(self) -> dict[str, frozenset[str]]:
        """For every unit, the units best known before it. A heading stands for every unit below it, on either side."""
        units: dict[str, list[str]] = {}
        for item, above in self.walk():
            for part in (item, *above) if item.id in self.scored else ():
                units.setdefault(part.id, []).append(item.id)
        return {
            item.id: frozenset(unit for part in (*above, item) for prior in part.prior for unit in units.get(prior, ()))
            - {item.id}
            for item, above in self.walk()
            if item.id in self.scored
        }

    def form_for(self, informant: str | None, age: int | None) -> str | None:
        """The one form that fits whoever answers. None where no form, or more than one, fits."""
        fits = [
            form.id
            for form in self.forms
            if (not form.informants or informant in form.informants)
            and (form.ages is None or (age is not None and form.ages[0] <= age <= form.ages[1]))
        ]
        return fits[0] if len(fits) == 1 else None

    # Rungs --------------------------------------------------------------------------------------------------------

    def climb(self) -> Iterator[tuple[Rung, Rung]]:
        """Every rung, lowest first, each with the outermost rung that it belongs to."""

        def steps(rungs: tuple[Rung, ...], over: Rung | None) -> Iterator[tuple[Rung, Rung]]:
            for rung in rungs:
                yield rung, over or rung
                yield from steps(rung.rungs, over or rung)

        return steps(self.rungs, None)

    @cached_property
    def rank(self) -> dict[str, int]:
        """The place of each rung on the ladder, lowest 0."""
        return {rung.id: place for place, (rung, _) in enumerate(self.climb())}

    def rung(self, rung_id: str) -> Rung | None:
        """A rung by its id. A student's own smaller step is as far as the shared rung that it stands under."""
        rung: Rung | None = None
        while rung is None and rung_id:
            rung = self._rungs.get(rung_id)
            rung_id = rung_id.rpartition(".")[0]
        return rung

    @cached_property
    def _rungs(self) -> dict[str, Rung]:
        return {rung.id: rung for rung, _ in self.climb()}

    def place(self, rung_id: str) -> int:
        """The place on the ladder of a rung, or of the shared rung that a student's own step stands under. -1 where
        there is none."""
        rung = self.rung(rung_id)
        return self.rank[rung.id] if rung else -1

    # Words --------------------------------------------------------------------------------------------------------

    @cached_property
    def labels(self) -> dict[str, str]:
        """What to show for every item and rung id. Items with the same words are told apart by level or code."""
        items = {item.id: item for item, _ in self.walk()}
        alike = Counter(item.label for item in items.values())
        by_level = Counter((item.label, item.level) for item in items.values() if item.level)
        named = {item.id: item.label for item in items.values()}
        for item in items.values():
            if alike[item.label] > 1:
                apart = item.level if item.level and by_level[item.label, item.level] == 1 else item.code
                named[item.id] = f"{item.label} ({apart})" if apart else item.label
        return named | {rung.id: rung.label for rung, _ in self.climb()}

    def label_of(self, thing_id: str | None) -> str | None:
        """What to show for an item or rung; a student's own step without its words is shown as the shared one it stands
        under."""
        while thing_id and thing_id not in self.labels:
            thing_id = thing_id.rpartition(".")[0]
        return self.labels.get(thing_id) if thing_id else None

    def in_language(self, language: str) -> Definition:
        """The same definition with its words in another language; what was not translated stays as it was authored."""
        translation = self.translations.get(language)
        if translation is None:
            return self

        def item(original: Item) -> Item:
            words = {
                "label": translation.labels.get(original.id, original.label),
                "plain": translation.plain.get(original.id, original.plain),
            }
            return original.model_copy(update={**words, "items": tuple(map(item, original.items))})

        def rung(original: Rung) -> Rung:
            words = {
                "label": translation.labels.get(original.id, original.label),
                "plain": translation.plain.get(original.id, original.plain),
            }
            return original.model_copy(update={**words, "rungs": tuple(map(rung, original.rungs))})

        def scale(original: Scale) -> Scale:
            levels = tuple(
                level.model_copy(update={"label": translation.levels.get(f"{original.id}/{level.value}", level.label)})
                for level in original.levels
            )
            return original.model_copy(update={"levels": levels})

        changed = {
            "language": language,
            "title": translation.title or self.title,
            "summary": translation.summary or self.summary,
            "items": tuple(map(item, self.items)),
            "rungs": tuple(map(rung, self.rungs)),
            "scales": tuple(map(scale, self.scales)),
            "scores": tuple(
                score.model_copy(update={"label": translation.labels.get(score.id, score.label)})
                for score in self.scores
            ),
        }
        # Built anew, because a copy would carry along what the original has remembered of its own words.
        return Definition.model_construct(
            **{**{name: getattr(self, name) for name in Definition.model_fields}, **changed}
        )
