"""What is wrong with the scores of a definition: parts that cannot be added up, tables that turn round, bands that
overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from frameworks.language.measures import Band, Score
from frameworks.language.model import Definition
from frameworks.language.parts import exact, plain
from frameworks.language.scoring import members


def twice(ids: Iterable[str]) -> list[str]:
    """What is there more than once."""
    return sorted(name for name, times in Counter(ids).items() if times > 1)


def circle_in(before: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle in what comes before what, or nothing."""
    try:
        TopologicalSorter({whole: sorted(parts) for whole, parts in before.items()}).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def score_faults(definition: Definition) -> Iterator[str]:
    """Everything that keeps the scores from being published."""
    known = {*definition.scored, *(score.id for score in definition.scores)}
    for score in definition.scores:
        named = [*([] if isinstance(score.of, str) else score.of), *score.leave_out, *score.weights]
        for unknown in sorted(set(named) - known):
            heading = unknown in definition.by_id
            yield f"score '{score.id}' names '{unknown}', which " + (
                "is a heading and is not answered" if heading else "is neither an item nor a score"
            )
        if not isinstance(score.of, str) and (again := twice(score.of)):
            yield f"score '{score.id}' counts '{again[0]}' twice"
        if set(named) <= known:
            yield from _score(definition, score)
    parts = {
        score.id: [part for part in members(definition, score) if part not in definition.scored]
        for score in definition.scores
    }
    if circle := circle_in(parts):
        yield f"these scores are made of each other: {' from '.join(map(repr, circle))}"


def _score(definition: Definition, score: Score) -> Iterator[str]:
    parts = members(definition, score)
    if not parts:
        yield f"score '{score.id}' is made of nothing"
    if any(part not in parts for part in score.weights):
        yield f"score '{score.id}' has a weight for something it leaves out"
    if any(weight <= 0 for weight in score.weights.values()):
        yield f"score '{score.id}' has a weight that is not above zero; leave the item out instead, or reverse it"
    for part in parts:
        scale = definition.scored.get(part)
        if scale is not None and not scale.counts:
            why = "its levels have no order" if scale.type == "nominal" else "its answers are not numbers"
            yield f"score '{score.id}' cannot count item '{part}', because {why}"
    if score.min_answered is not None and score.min_answered > len(parts):
        yield f"score '{score.id}' wants {score.min_answered} answers and has {len(parts)} parts"
    if (
        score.method == "sum"
        and score.min_answered is not None
        and score.min_answered < len(parts)
        and not score.prorate
    ):
        sums = f"score '{score.id}' is a sum over answers that may be missing"
        yield f"{sums}, so it needs 'prorate: true', or all answers"
    if score.prorate and (score.method != "sum" or len({_range(definition, part) for part in parts}) > 1):
        yield f"score '{score.id}' can be prorated only as a sum of parts that have the same range"
    if (score.method == "share-met") != (score.met is not None):
        yield f"score '{score.id}': 'met' belongs to share-met, and share-met needs it"
    yield from _lookup(definition, score)
    yield from _bands(definition, score)


Range = tuple[Fraction, Fraction] | None


def _range(definition: Definition, part: str) -> Range:
    """The least and greatest value of an item or score, before any table."""
    if part in definition.scored:
        return definition.scored[part].range
    scored = next((candidate for candidate in definition.scores if candidate.id == part), None)
    return _end_range(definition, scored) if scored else None


def _raw_range(definition: Definition, score: Score, under: tuple[str, ...] = ()) -> Range:
    if score.method == "share-met":
        return Fraction(0), Fraction(1)
    if score.id in under:
        return None
    ranges: list[tuple[Fraction, Fraction]] = []
    for part in members(definition, score):
        made = next((candidate for candidate in definition.scores if candidate.id == part), None)
        part_range = (
            definition.scored[part].range
            if part in definition.scored
            else _end_range(definition, made, (*under, score.id))
            if made
            else None
        )
        if part_range is None:
            return None
        weight = exact(score.weights.get(part, 1)) if score.method == "sum" else Fraction(1)
        ranges.append((part_range[0] * weight, part_range[1] * weight))
    if not ranges:
        return None
    lows, highs = zip(*ranges, strict=True)
    return (sum(lows, Fraction(0)), sum(highs, Fraction(0))) if score.method == "sum" else (min(lows), max(highs))


def _end_range(definition: Definition, score: Score, under: tuple[str, ...] = ()) -> Range:
    """The range of a score as it is shown: of its table, where it has one."""
    if score.lookup is not None and score.lookup.rows:
        scaled = [exact(after) for _, after in score.lookup.rows]
        return min(scaled), max(scaled)
    return _raw_range(definition, score, under)


def _lookup(definition: Definition, score: Score) -> Iterator[str]:
    if score.lookup is None:
        return
    rows, told = score.lookup.rows, score.lookup.calculated()
    if told != score.lookup.checksum:
        yield (
            f"score '{score.id}': the table does not match its checksum. Compare every row with the source; the rows "
            f"as they stand have {told}"
        )
    raws = [before for before, _ in rows]
    if raws != sorted(set(raws)):
        yield f"score '{score.id}': the raw scores of the table must rise from row to row"
    scaled = [after for _, after in rows]
    if score.lookup.monotone != "no":
        up = score.lookup.monotone == "up"
        wrong = next(
            (raws[n] for n in range(1, len(rows)) if (scaled[n] < scaled[n - 1]) == up and scaled[n] != scaled[n - 1]),
            None,
        )
        if wrong is not None:
            yield (
                f"score '{score.id}': the table turns round at the raw score {plain(exact(wrong))}, and says that it "
                f"only goes {score.lookup.monotone}"
            )
    reach = _raw_range(definition, score)
    if reach is not None:
        outside = next((raw for raw in raws if not reach[0] <= exact(raw) <= reach[1]), None)
        if outside is not None:
            yield f"score '{score.id}': no answers can reach the raw score {plain(exact(outside))} of the table"


def _bands(definition: Definition, score: Score) -> Iterator[str]:
    forms = {form.id for form in definition.forms}
    reach = _end_range(definition, score)
    for place, band in enumerate(score.bands):
        if band.last < band.first:
            yield f"score '{score.id}': the band '{band.label}' ends before it begins"
        if reach is not None and (exact(band.last) < reach[0] or exact(band.first) > reach[1]):
            yield f"score '{score.id}': no answers can reach the band '{band.label}'"
        yield from (
            f"score '{score.id}': the band '{band.label}' names the form '{form}', which does not exist"
            for form in band.forms
            if form not in forms
        )
        for later in score.bands[place + 1 :]:
            if band.first <= later.last and later.first <= band.last and _meet(band, later):
                yield f"score '{score.id}': the bands '{band.label}' and '{later.label}' overlap for the same people"


def _meet(first: Band, second: Band) -> bool:
    """Whether two bands can hold for the same answers."""
    return (
        (not first.informants or not second.informants or bool({*first.informants} & {*second.informants}))
        and (not first.forms or not second.forms or bool({*first.forms} & {*second.forms}))
        and (
            first.ages is None
            or second.ages is None
            or (first.ages[0] <= second.ages[1] and second.ages[0] <= first.ages[1])
        )
    )


def holes(definition: Definition, score: Score) -> Iterator[str]:
    """Whole values that lie in no band, or in no row of the table, although answers can reach them."""
    raw = _raw_range(definition, score)
    whole = (
        all(definition.scored[part].is_whole for part in members(definition, score) if part in definition.scored)
        and score.method != "mean"
    )
    if raw is None or not whole or raw[1] - raw[0] > 1000:
        return
    reached = [Fraction(n) for n in range(int(raw[0]), int(raw[1]) + 1)]
    if score.lookup is not None:
        rows = {exact(before): exact(after) for before, after in score.lookup.rows}
        if lacking := [plain(value) for value in reached if value not in rows]:
            yield f"the table has no row for the raw scores {_listed(lacking)}"
        reached = [rows[value] for value in reached if value in rows]
    for people in {(band.informants, band.ages, band.forms): None for band in score.bands}:
        bands = [band for band in score.bands if (band.informants, band.ages, band.forms) == people]
        if lacking := [
            plain(value)
            for value in reached
            if not any(exact(band.first) <= value <= exact(band.last) for band in bands)
        ]:
            yield f"no band holds the values {_listed(lacking)}" + (f" of {', '.join(people[0])}" if people[0] else "")


def _listed(numbers: list[int | float]) -> str:
    return ", ".join(str(number) for number in numbers[:6]) + (" and others" if len(numbers) > 6 else "")
