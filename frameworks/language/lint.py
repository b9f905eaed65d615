"""What is wrong with a definition although every part is well-formed, and what could be better: one plain sentence
each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from frameworks.language.lint_scores import circle_in, holes, score_faults, twice
from frameworks.language.measures import Example, Wanted
from frameworks.language.model import Definition
from frameworks.language.parts import Scale, exact, plain
from frameworks.language.scoring import Context, missing_reason, score
from frameworks.language.things import Item, status_advice

Found = Iterator[str]


def faults(definition: Definition) -> list[str]:
    """Everything that keeps a definition from being published. The worked examples are run when all else is sound."""
    sentences = [
        *_ids(definition),
        *_kind(definition),
        *_scales(definition),
        *_items(definition),
        *_rungs(definition),
        *_words(definition),
    ]
    sentences += [*score_faults(definition), *_crosswalks(definition), *_licence(definition)]
    return sentences or list(_examples(definition))


def advice(definition: Definition) -> list[str]:
    """What a careful author would still look at. None of it keeps a definition from being published."""
    sentences: list[str] = []
    if definition.scores and not definition.examples:
        sentences.append(
            "there is no worked example; add one under 'examples', so "
            "that a slip in the scoring is found when the file is read"
        )
    for declared in definition.scores:
        sentences += [f"score '{declared.id}': {hole}" for hole in holes(definition, declared)]
    if definition.kind == "curriculum":
        used = {scale.id: scale for scale in definition.scored.values()}
        sentences += [
            f"scale '{scale.id}' does not say which levels mean 'secure'; its highest level counts as known"
            for scale in used.values()
            if len(scale.levels) > 2 and not any(level.means == "secure" for level in scale.levels)
        ]
    if definition.origin is not None and (status := status_advice(definition.origin.status)):
        sentences.append(status)
    sentences += [
        f"scale '{scale.id}' is used by no item"
        for scale in definition.scales
        if scale not in definition.scored.values()
    ]
    return sentences


# Ids and kinds ------------------------------------------------------------------------------------------------------


def _ids(definition: Definition) -> Found:
    things = (
        [item.id for item, _ in definition.walk()]
        + [rung.id for rung, _ in definition.climb()]
        + [score.id for score in definition.scores]
    )
    yield from (f"the id '{twice}' is used twice" for twice in twice(things))
    yield from (f"the scale '{twice}' is there twice" for twice in twice(scale.id for scale in definition.scales))
    yield from (f"the form '{twice}' is there twice" for twice in twice(form.id for form in definition.forms))


def _kind(definition: Definition) -> Found:
    if definition.kind == "ladder":
        if len(definition.rungs) < 2 or definition.items or definition.scores:
            yield "a ladder has at least two rungs, and no items and no scores"
        return
    if definition.rungs or not definition.items:
        yield f"a definition of kind '{definition.kind}' has items and no rungs"
    elif not definition.scored:
        yield "no item can be scored: give the items a scale, or the file a default_scale"
    if definition.kind == "curriculum":
        for scale in {scale.id: scale for scale in definition.scored.values()}.values():
            if not scale.levels or any(not isinstance(level.value, str) for level in scale.levels):
                yield (
                    f"the statuses of a curriculum are words, and scale '{scale.id}' has numbers; give its levels "
                    "values such as with-help"
                )
    if definition.no_total and definition.scores:
        yield f"no_total forbids scores over several items, and there is '{definition.scores[0].id}'"
    if definition.effective_from and definition.effective_to and definition.effective_to < definition.effective_from:
        yield "effective_to is before effective_from"
    if definition.supersedes == definition.key:
        yield "a definition cannot supersede itself"


def _licence(definition: Definition) -> Found:
    if definition.licence.use == "link-only":
        if definition.licence.link is None:
            yield "a link-only licence needs a link to where the words are"
        worded = next(
            (
                item
                for item, _ in definition.walk()
                if not item.items and (item.label != item.id or item.plain or item.detail)
            ),
            None,
        )
        if worded is not None:
            yield (
                "a link-only file must not hold the words of its "
                f"questions; give item '{worded.id}' its id as its label"
            )


# Scales -------------------------------------------------------------------------------------------------------------


def _scales(definition: Definition) -> Found:
    for scale in definition.scales:
        stages = sorted(scale.stages, key=lambda stage: stage.first)
        for before, after in pairwise(stages):
            if after.first <= before.last:
                yield f"scale '{scale.id}': the stages '{before.id}' and '{after.id}' overlap"
        for stage in stages:
            if scale.range is None or not scale.range[0] <= exact(stage.first) <= exact(stage.last) <= scale.range[1]:
                yield f"scale '{scale.id}': no answer can reach the stage '{stage.id}'"
    if definition.default_scale is not None and definition.default_scale not in {
        scale.id for scale in definition.scales
    }:
        yield f"the default scale '{definition.default_scale}' is not among the scales"


# Items --------------------------------------------------------------------------------------------------------------


def _items(definition: Definition) -> Found:
    scales, ids = {scale.id: scale for scale in definition.scales}, set(definition.by_id)
    for item, above in definition.walk():
        if item.scale is not None and item.scale not in scales:
            yield f"item '{item.id}' names the scale '{item.scale}', which is not among the scales"
        if not item.items and item.observable == "session" and item.scale is None and definition.default_scale is None:
            yield f"item '{item.id}' has no scale"
        if item.items and (item.reverse or item.per_student):
            yield f"item '{item.id}' is a heading, so it is not answered and cannot be reversed or be the student's own"
        scale = definition.scored.get(item.id)
        if item.reverse and scale is not None and scale.range is None:
            yield f"item '{item.id}' cannot be reversed, because its scale '{scale.id}' has no numbers with two ends"
        for prior in item.prior:
            if prior not in ids:
                yield f"item '{item.id}' has the prior '{prior}', which does not exist"
            elif (
                prior == item.id
                or prior in {heading.id for heading in above}
                or item.id in _parts(definition.by_id[prior])
            ):
                yield f"item '{item.id}' has the prior '{prior}', which holds it"
    if all(prior in ids for item, _ in definition.walk() for prior in item.prior) and (
        circle := circle_in(definition.priors)
    ):
        yield f"these units wait for each other: {' after '.join(map(repr, circle))}"


def _parts(heading: Item) -> set[str]:
    """The ids of everything below a heading."""
    return {part_id for part in heading.items for part_id in (part.id, *_parts(part))}


def _rungs(definition: Definition) -> Found:
    for rung, _ in definition.climb():
        if rung.supervised and not rung.on_site:
            yield f"rung '{rung.id}' is supervised and not on site; a register code must never be suggested for it"
        for smaller in rung.rungs:
            if smaller.id.rpartition(".")[0] != rung.id:
                yield f"the rung '{smaller.id}' stands under '{rung.id}', so its id must start with '{rung.id}.'"
            if (smaller.on_site, smaller.supervised) != (rung.on_site, rung.supervised):
                yield f"the rung '{smaller.id}' is on site and supervised exactly where '{rung.id}' is"
    yield from (
        f"the rung '{rung.id}' has a dot in its id, which is for smaller steps under a rung"
        for rung in definition.rungs
        if "." in rung.id
    )


# Words and crosswalks -----------------------------------------------------------------------------------------------


def _words(definition: Definition) -> Found:
    named = set(definition.labels) | {score.id for score in definition.scores}
    levels = {f"{scale.id}/{level.value}" for scale in definition.scales for level in scale.levels}
    for language, translation in definition.translations.items():
        for unknown in sorted(({*translation.labels, *translation.plain} - named) | (set(translation.levels) - levels)):
            yield f"the translation '{language}' has words for '{unknown}', which does not exist"


def _crosswalks(definition: Definition) -> Found:
    ids = set(definition.labels)
    for walk in definition.crosswalks:
        yield from (
            f"the crosswalk from {walk.from_} leads to '{to}', which does not exist"
            for to in sorted(set(walk.items.values()) - ids)
        )
        if walk.from_ == definition.key:
            yield "a crosswalk cannot come from the definition itself"


# Examples -----------------------------------------------------------------------------------------------------------


def _examples(definition: Definition) -> Found:
    for example in definition.examples:
        unknown = sorted(set(example.answers) - set(definition.scored)) + sorted(
            set(example.scores) - {score.id for score in definition.scores}
        )
        if unknown:
            yield f"example '{example.name}' names '{unknown[0]}', which does not exist"
            continue
        wrong = next(
            (item for item, answer in example.answers.items() if not answerable(definition.scored[item], answer)), None
        )
        if wrong is not None:
            yield f"example '{example.name}': the answer to '{wrong}' is not on its scale"
            continue
        yield from _example(definition, example)


def answerable(scale: Scale, answer: int | float | str | None) -> bool:
    """Whether an answer is on the scale, or one of the kinds of missing."""
    reason = missing_reason(answer)
    return (
        reason in ("not-answered", "not-applicable", "not-observed")
        if reason is not None or answer is None
        else scale.allows(answer)
    )


def _example(definition: Definition, example: Example) -> Found:
    made = score(definition, example.answers, Context(example.informant, example.age, example.form)).scores
    for name, wanted in example.scores.items():
        want, got = wanted if isinstance(wanted, Wanted) else Wanted(value=wanted), made[name]
        same_value = (
            got.value == want.value if want.value is None or got.value is None else abs(got.value - want.value) < 1e-9
        )
        if not same_value or (want.reason is not None and got.reason != want.reason):
            expected = f"no score ({want.reason or 'any reason'})" if want.value is None else plain(exact(want.value))
            yield f"example '{example.name}': '{name}' should be {expected}, and is {got.in_words()}"
        elif want.band is not None and (got.band is None or got.band.label != want.band):
            yield (
                f"example '{example.name}': '{name}' should be in the band '{want.band}', and is in "
                f"{got.band.label if got.band else 'none'}"
            )
