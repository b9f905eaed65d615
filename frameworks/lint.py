"""What is wrong with a definition although every part is well-formed, and what could be better: one plain sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from frameworks.measures import Band, Example, Score, Wanted
from frameworks.model import Definition, Item
from frameworks.parts import Scale, exact, plain
from frameworks.scoring import Context, members, missing_reason, score

Found = Iterator[str]


def faults(definition: Definition) -> list[str]:
    """Everything that keeps a definition from being published. The worked examples are run when all else is sound."""
    found = [*_ids(definition), *_kind(definition), *_scales(definition), *_items(definition), *_rungs(definition), *_words(definition)]
    found += [*_scores(definition), *_crosswalks(definition), *_licence(definition)]
    return found or list(_examples(definition))


def advice(definition: Definition) -> list[str]:
    """What a careful author would still look at. None of it keeps a definition from being published."""
    found: list[str] = []
    if definition.scores and not definition.examples:
        found.append("there is no worked example; add one under 'examples', so that a slip in the scoring is found when the file is read")
    for one in definition.scores:
        found += [f"score '{one.id}': {hole}" for hole in _holes(definition, one)]
    if definition.kind == "curriculum":
        used = {scale.id: scale for scale in definition.scored.values()}
        found += [
            f"scale '{scale.id}' does not say which levels mean 'secure'; its highest level counts as known"
            for scale in used.values()
            if len(scale.levels) > 2 and not any(level.means == "secure" for level in scale.levels)
        ]
    if definition.origin is not None and definition.origin.status == "deprecated":
        found.append("its publisher says that it is deprecated; look for what took its place")
    found += [f"scale '{scale.id}' is used by no item" for scale in definition.scales if scale not in definition.scored.values()]
    return found


# Ids and kinds ------------------------------------------------------------------------------------------------------


def _twice(ids: Iterable[str]) -> list[str]:
    return sorted(one for one, times in Counter(ids).items() if times > 1)


def _ids(definition: Definition) -> Found:
    things = [item.id for item, _ in definition.walk()] + [rung.id for rung, _ in definition.climb()] + [one.id for one in definition.scores]
    yield from (f"the id '{twice}' is used twice" for twice in _twice(things))
    yield from (f"the scale '{twice}' is there twice" for twice in _twice(scale.id for scale in definition.scales))
    yield from (f"the form '{twice}' is there twice" for twice in _twice(form.id for form in definition.forms))


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
                yield f"the statuses of a curriculum are words, and scale '{scale.id}' has numbers; give its levels values such as with-help"
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
        worded = next((item for item, _ in definition.walk() if not item.items and (item.label != item.id or item.plain or item.detail)), None)
        if worded is not None:
            yield f"a link-only file must not hold the words of its questions; give item '{worded.id}' its id as its label"


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
    if definition.default_scale is not None and definition.default_scale not in {scale.id for scale in definition.scales}:
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
            elif prior == item.id or prior in {one.id for one in above} or item.id in _parts(definition.by_id[prior]):
                yield f"item '{item.id}' has the prior '{prior}', which holds it"
    if all(prior in ids for item, _ in definition.walk() for prior in item.prior) and (circle := _circle(definition.priors)):
        yield f"these units wait for each other: {' after '.join(map(repr, circle))}"


def _parts(heading: Item) -> set[str]:
    """The ids of everything below a heading."""
    return {one for part in heading.items for one in (part.id, *_parts(part))}


def _circle(before: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle in what comes before what, or nothing."""
    try:
        TopologicalSorter({one: sorted(parts) for one, parts in before.items()}).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def _rungs(definition: Definition) -> Found:
    for rung, _ in definition.climb():
        if rung.supervised and not rung.on_site:
            yield f"rung '{rung.id}' is supervised and not on site; a register code must never be suggested for it"
        for smaller in rung.rungs:
            if smaller.id.rpartition(".")[0] != rung.id:
                yield f"the rung '{smaller.id}' stands under '{rung.id}', so its id must start with '{rung.id}.'"
            if (smaller.on_site, smaller.supervised) != (rung.on_site, rung.supervised):
                yield f"the rung '{smaller.id}' is on site and supervised exactly where '{rung.id}' is"
    yield from (f"the rung '{rung.id}' has a dot in its id, which is for smaller steps under a rung" for rung in definition.rungs if "." in rung.id)


# Words and crosswalks -----------------------------------------------------------------------------------------------


def _words(definition: Definition) -> Found:
    named = set(definition.labels) | {one.id for one in definition.scores}
    levels = {f"{scale.id}/{level.value}" for scale in definition.scales for level in scale.levels}
    for language, said in definition.translations.items():
        for unknown in sorted(({*said.labels, *said.plain} - named) | (set(said.levels) - levels)):
            yield f"the translation '{language}' has words for '{unknown}', which does not exist"


def _crosswalks(definition: Definition) -> Found:
    ids = set(definition.labels)
    for walk in definition.crosswalks:
        yield from (f"the crosswalk from {walk.from_} leads to '{to}', which does not exist" for to in sorted(set(walk.items.values()) - ids))
        if walk.from_ == definition.key:
            yield "a crosswalk cannot come from the definition itself"


# Scores -------------------------------------------------------------------------------------------------------------


def _scores(definition: Definition) -> Found:
    known = {*definition.scored, *(one.id for one in definition.scores)}
    for one in definition.scores:
        named = [*([] if isinstance(one.of, str) else one.of), *one.leave_out, *one.weights]
        for unknown in sorted(set(named) - known):
            heading = unknown in definition.by_id
            yield f"score '{one.id}' names '{unknown}', which " + ("is a heading and is not answered" if heading else "is neither an item nor a score")
        if not isinstance(one.of, str) and (again := _twice(one.of)):
            yield f"score '{one.id}' counts '{again[0]}' twice"
        if set(named) <= known:
            yield from _score(definition, one)
    parts = {one.id: [part for part in members(definition, one) if part not in definition.scored] for one in definition.scores}
    if circle := _circle(parts):
        yield f"these scores are made of each other: {' from '.join(map(repr, circle))}"


def _score(definition: Definition, one: Score) -> Found:
    parts = members(definition, one)
    if not parts:
        yield f"score '{one.id}' is made of nothing"
    if any(part not in parts for part in one.weights):
        yield f"score '{one.id}' has a weight for something it leaves out"
    if any(weight <= 0 for weight in one.weights.values()):
        yield f"score '{one.id}' has a weight that is not above zero; leave the item out instead, or reverse it"
    for part in parts:
        scale = definition.scored.get(part)
        if scale is not None and not scale.counts:
            why = "its levels have no order" if scale.type == "nominal" else "its answers are not numbers"
            yield f"score '{one.id}' cannot count item '{part}', because {why}"
    if one.min_answered is not None and one.min_answered > len(parts):
        yield f"score '{one.id}' wants {one.min_answered} answers and has {len(parts)} parts"
    if one.method == "sum" and one.min_answered is not None and one.min_answered < len(parts) and not one.prorate:
        yield f"score '{one.id}' is a sum over answers that may be missing, so it needs 'prorate: true', or all answers"
    if one.prorate and (one.method != "sum" or len({_range(definition, part) for part in parts}) > 1):
        yield f"score '{one.id}' can be prorated only as a sum of parts that have the same range"
    if (one.method == "share-met") != (one.met is not None):
        yield f"score '{one.id}': 'met' belongs to share-met, and share-met needs it"
    yield from _lookup(definition, one)
    yield from _bands(definition, one)


Range = tuple[Fraction, Fraction] | None


def _range(definition: Definition, part: str) -> Range:
    """The least and greatest value of an item or score, before any table."""
    if part in definition.scored:
        return definition.scored[part].range
    one = next((found for found in definition.scores if found.id == part), None)
    return _end_range(definition, one) if one else None


def _raw_range(definition: Definition, one: Score, under: tuple[str, ...] = ()) -> Range:
    if one.method == "share-met":
        return Fraction(0), Fraction(1)
    if one.id in under:
        return None
    ranges: list[tuple[Fraction, Fraction]] = []
    for part in members(definition, one):
        made = next((found for found in definition.scores if found.id == part), None)
        found = definition.scored[part].range if part in definition.scored else _end_range(definition, made, (*under, one.id)) if made else None
        if found is None:
            return None
        weight = exact(one.weights.get(part, 1)) if one.method == "sum" else Fraction(1)
        ranges.append((found[0] * weight, found[1] * weight))
    if not ranges:
        return None
    lows, highs = zip(*ranges, strict=True)
    return (sum(lows, Fraction(0)), sum(highs, Fraction(0))) if one.method == "sum" else (min(lows), max(highs))


def _end_range(definition: Definition, one: Score, under: tuple[str, ...] = ()) -> Range:
    """The range of a score as it is shown: of its table, where it has one."""
    if one.lookup is not None and one.lookup.rows:
        scaled = [exact(after) for _, after in one.lookup.rows]
        return min(scaled), max(scaled)
    return _raw_range(definition, one, under)


def _lookup(definition: Definition, one: Score) -> Found:
    if one.lookup is None:
        return
    rows, told = one.lookup.rows, one.lookup.calculated()
    if told != one.lookup.checksum:
        yield f"score '{one.id}': the table does not match its checksum. Compare every row with the source; the rows as they stand have {told}"
    raws = [before for before, _ in rows]
    if raws != sorted(set(raws)):
        yield f"score '{one.id}': the raw scores of the table must rise from row to row"
    scaled = [after for _, after in rows]
    if one.lookup.monotone != "no":
        up = one.lookup.monotone == "up"
        wrong = next((raws[n] for n in range(1, len(rows)) if (scaled[n] < scaled[n - 1]) == up and scaled[n] != scaled[n - 1]), None)
        if wrong is not None:
            yield f"score '{one.id}': the table turns round at the raw score {plain(exact(wrong))}, and says that it only goes {one.lookup.monotone}"
    reach = _raw_range(definition, one)
    if reach is not None:
        outside = next((raw for raw in raws if not reach[0] <= exact(raw) <= reach[1]), None)
        if outside is not None:
            yield f"score '{one.id}': no answers can reach the raw score {plain(exact(outside))} of the table"


def _bands(definition: Definition, one: Score) -> Found:
    forms = {form.id for form in definition.forms}
    reach = _end_range(definition, one)
    for place, band in enumerate(one.bands):
        if band.last < band.first:
            yield f"score '{one.id}': the band '{band.label}' ends before it begins"
        if reach is not None and (exact(band.last) < reach[0] or exact(band.first) > reach[1]):
            yield f"score '{one.id}': no answers can reach the band '{band.label}'"
        yield from (f"score '{one.id}': the band '{band.label}' names the form '{form}', which does not exist" for form in band.forms if form not in forms)
        for other in one.bands[place + 1 :]:
            if band.first <= other.last and other.first <= band.last and _meet(band, other):
                yield f"score '{one.id}': the bands '{band.label}' and '{other.label}' overlap for the same people"


def _meet(one: Band, other: Band) -> bool:
    """Whether two bands can hold for the same answers."""
    return (
        (not one.informants or not other.informants or bool({*one.informants} & {*other.informants}))
        and (not one.forms or not other.forms or bool({*one.forms} & {*other.forms}))
        and (one.ages is None or other.ages is None or (one.ages[0] <= other.ages[1] and other.ages[0] <= one.ages[1]))
    )


def _holes(definition: Definition, one: Score) -> Found:
    """Whole values that lie in no band, or in no row of the table, although answers can reach them."""
    raw = _raw_range(definition, one)
    whole = all(definition.scored[part].is_whole for part in members(definition, one) if part in definition.scored) and one.method != "mean"
    if raw is None or not whole or raw[1] - raw[0] > 1000:
        return
    reached = [Fraction(n) for n in range(int(raw[0]), int(raw[1]) + 1)]
    if one.lookup is not None:
        rows = {exact(before): exact(after) for before, after in one.lookup.rows}
        if lacking := [plain(value) for value in reached if value not in rows]:
            yield f"the table has no row for the raw scores {_listed(lacking)}"
        reached = [rows[value] for value in reached if value in rows]
    for people in {(band.informants, band.ages, band.forms): None for band in one.bands}:
        held = [band for band in one.bands if (band.informants, band.ages, band.forms) == people]
        if lacking := [plain(value) for value in reached if not any(exact(band.first) <= value <= exact(band.last) for band in held)]:
            yield f"no band holds the values {_listed(lacking)}" + (f" of {', '.join(people[0])}" if people[0] else "")


def _listed(numbers: list[int | float]) -> str:
    return ", ".join(str(number) for number in numbers[:6]) + (" and others" if len(numbers) > 6 else "")


# Examples -----------------------------------------------------------------------------------------------------------


def _examples(definition: Definition) -> Found:
    for example in definition.examples:
        unknown = sorted(set(example.answers) - set(definition.scored)) + sorted(set(example.scores) - {one.id for one in definition.scores})
        if unknown:
            yield f"example '{example.name}' names '{unknown[0]}', which does not exist"
            continue
        wrong = next((item for item, answer in example.answers.items() if not answerable(definition.scored[item], answer)), None)
        if wrong is not None:
            yield f"example '{example.name}': the answer to '{wrong}' is not on its scale"
            continue
        yield from _example(definition, example)


def answerable(scale: Scale, answer: int | float | str | None) -> bool:
    """Whether an answer is on the scale, or one of the kinds of missing."""
    reason = missing_reason(answer)
    return reason in ("not-answered", "not-applicable", "not-observed") if reason is not None or answer is None else scale.allows(answer)


def _example(definition: Definition, example: Example) -> Found:
    made = score(definition, example.answers, Context(example.informant, example.age, example.form)).scores
    for name, wanted in example.scores.items():
        want, got = wanted if isinstance(wanted, Wanted) else Wanted(value=wanted), made[name]
        same_value = got.value == want.value if want.value is None or got.value is None else abs(got.value - want.value) < 1e-9
        if not same_value or (want.reason is not None and got.reason != want.reason):
            expected = f"no score ({want.reason or 'any reason'})" if want.value is None else plain(exact(want.value))
            yield f"example '{example.name}': '{name}' should be {expected}, and is {got.in_words()}"
        elif want.band is not None and (got.band is None or got.band.label != want.band):
            yield f"example '{example.name}': '{name}' should be in the band '{want.band}', and is in {got.band.label if got.band else 'none'}"
