"""Answers in, scores out, with the reason wherever there is none. Pure functions, in exact arithmetic.

The order of answers never matters: everything is added as fractions of the decimals that were written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from frameworks.language.measures import Band, Score
from frameworks.language.model import Definition
from frameworks.language.parts import MISSING_MARK, LevelValue, Scale, exact, plain

Reason = Literal["too-few-answered", "not-applicable", "not-in-table", "no-total", "no-scores"]
REASONS: Mapping[str, str] = {
    "too-few-answered": "too few questions were answered",
    "not-applicable": "it does not apply",
    "not-in-table": "the table has no row for this raw score",
    "no-total": "these areas are not added together",
    "no-scores": "the definition has no scores, only answers",
}
Answers = Mapping[str, LevelValue | None]
"""What was answered, item by item: a level, None for not answered, or `~not-applicable` and its like."""


@dataclass(frozen=True)
class Context:
    """Who answered, about a student of which age in whole years, on which form. Any of it may be unknown."""

    informant: str | None = None
    age: int | None = None
    form: str | None = None


@dataclass(frozen=True)
class ScoreResult:
    """One score: its value, or the reason why there is none; how many answers it stands on; the band it falls in."""

    value: int | float | None
    reason: Reason | None = None
    raw: int | float | None = None
    answered: int = 0
    asked: int = 0
    prorated: bool = False
    band: Band | None = None

    def in_words(self) -> str:
        """The value and its band, or the reason."""
        if self.reason is not None:
            return f"no score: {REASONS[self.reason]}"
        return (
            f"{self.value}"
            + (f" ({self.band.label})" if self.band else "")
            + (", scaled up from the answers given" if self.prorated else "")
        )


@dataclass(frozen=True)
class ItemResult:
    """One answered item: what to show for its level, the stage it lies in, or why there is no level."""

    level: LevelValue | None
    label: str
    stage: str | None = None
    missing: str | None = None


@dataclass(frozen=True)
class Scored:
    """All scores of one set of answers, in the authored order, and each item as answered."""

    scores: dict[str, ScoreResult] = field(default_factory=dict)
    items: dict[str, ItemResult] = field(default_factory=dict)
    total_reason: Reason | None = None


def score(definition: Definition, answers: Answers, context: Context | None = None) -> Scored:
    """Scores a set of answers. Answers to items that the definition does not have are left out."""
    given = context or Context()
    if given.form is None and definition.forms:
        given = Context(given.informant, given.age, definition.form_for(given.informant, given.age))
    scores: dict[str, ScoreResult] = {}
    for declared in _parts_first(definition.scores):
        scores[declared.id] = _banded(declared, _value(definition, declared, answers, scores), given)
    return Scored(
        scores={declared.id: scores[declared.id] for declared in definition.scores},
        items={item: _item(scale, answers.get(item)) for item, scale in definition.scored.items()},
        total_reason="no-total" if definition.no_total else None if definition.scores else "no-scores",
    )


def missing_reason(answer: LevelValue | None) -> str | None:
    """Which kind of missing an answer is; None for a level."""
    if answer is None:
        return "not-answered"
    return answer.removeprefix(MISSING_MARK) if isinstance(answer, str) and answer.startswith(MISSING_MARK) else None


def members(definition: Definition, score: Score) -> list[str]:
    """The items and scores that a score is made of, in the authored order."""
    if score.of == "all-items":
        parts = list(definition.scored)
    elif score.of == "all-scores":
        above = [declared.id for declared in definition.scores]
        parts = above[: above.index(score.id)]
    else:
        parts = list(score.of)
    return [part for part in parts if part not in score.leave_out]


def number_of(definition: Definition, item_id: str, level: LevelValue) -> Fraction | None:
    """What an answer adds to a score: its number, turned round where the item is reversed."""
    scale = definition.scale_of(item_id)
    number = scale.number(level) if scale is not None else None
    item = definition.by_id.get(item_id)
    if number is None or scale is None or item is None or not item.reverse:
        return number
    return turned(number, scale)


def turned(number: Fraction, scale: Scale) -> Fraction:
    """A number seen from the other end of its scale: least + greatest - number. Doing it twice changes nothing."""
    assert scale.range is not None
    return scale.range[0] + scale.range[1] - number


def _parts_first(scores: Sequence[Score]) -> list[Score]:
    """Scores in an order in which every part comes before what is made of it."""
    by_id = {score.id: score for score in scores}
    done: list[Score] = []
    waiting = list(scores)
    while waiting:
        ready = [
            candidate
            for candidate in waiting
            if isinstance(candidate.of, str) or all(part not in by_id or by_id[part] in done for part in candidate.of)
        ] or waiting
        # `all-scores` looks at those above it only, so the authored order settles it.
        first = ready[0]
        done.append(first)
        waiting.remove(first)
    return done


def _item(scale: Scale, answer: LevelValue | None) -> ItemResult:
    reason = missing_reason(answer)
    if reason is not None or answer is None:
        return ItemResult(None, (reason or "not-answered").replace("-", " "), missing=reason)
    return ItemResult(answer, scale.label(answer), scale.stage(answer))


def _value(definition: Definition, score: Score, answers: Answers, made: Mapping[str, ScoreResult]) -> ScoreResult:
    """The score before its bands: collects the parts, checks that there are enough, and puts them together."""
    parts = members(definition, score)
    numbers: dict[str, Fraction] = {}
    not_applicable = 0
    for part in parts:
        if part in made:
            result = made[part]
            number = None if result.value is None else exact(result.value)
            not_applicable += result.reason == "not-applicable"
        else:
            answer = answers.get(part)
            reason = missing_reason(answer)
            not_applicable += reason == "not-applicable"
            number = None if reason is not None or answer is None else number_of(definition, part, answer)
        if number is not None:
            numbers[part] = number
    asked, answered = len(parts), len(numbers)
    if not_applicable == asked or (score.method == "sum" and not score.prorate and not_applicable):
        return ScoreResult(None, "not-applicable", answered=answered, asked=asked)
    if answered == 0 or answered < (score.min_answered or asked - not_applicable):
        return ScoreResult(None, "too-few-answered", answered=answered, asked=asked)
    raw = _put_together(score, parts, numbers)
    if score.round is not None:
        raw = rounded(raw, score.round)
    return ScoreResult(
        plain(raw), raw=plain(raw), answered=answered, asked=asked, prorated=score.method == "sum" and answered < asked
    )


def _put_together(score: Score, parts: Sequence[str], numbers: Mapping[str, Fraction]) -> Fraction:
    weights = {part: exact(score.weights.get(part, 1)) for part in parts}
    weight = sum(weights[part] for part in numbers)
    weighted = sum((numbers[part] * weights[part] for part in numbers), Fraction(0))
    ordered = sorted(numbers.values())
    match score.method:
        case "sum":
            return weighted * sum(weights.values()) / weight
        case "mean":
            return weighted / weight
        case "median":
            # Of an even number, the lower of the middle two, since there may be nothing between two levels.
            return ordered[(len(ordered) - 1) // 2]
        case "max":
            return ordered[-1]
        case "min":
            return ordered[0]
        case "share-met":
            met = exact(score.met or 0)
            enough = [
                part
                for part, number in numbers.items()
                if (number <= met if score.polarity == "down" else number >= met)
            ]
            return sum((weights[part] for part in enough), Fraction(0)) / weight


def rounded(number: Fraction, places: int) -> Fraction:
    """Rounded half up, as manuals do it by hand."""
    # Enough digits for a fraction such as 1/3 to round the right way; an exact half stays exact.
    decimal = Decimal(number.numerator) / Decimal(number.denominator)
    return Fraction(decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _banded(score: Score, result: ScoreResult, context: Context) -> ScoreResult:
    """The result after the table and with its band."""
    value = result.value
    if value is None:
        return result
    if score.lookup is not None:
        scaled = next((after for before, after in score.lookup.rows if exact(before) == exact(value)), None)
        if scaled is None:
            return ScoreResult(None, "not-in-table", result.raw, result.answered, result.asked, result.prorated)
        value = plain(exact(scaled))
    return ScoreResult(
        value, None, result.raw, result.answered, result.asked, result.prorated, band_of(score, value, context)
    )


def band_of(score: Score, value: float, context: Context) -> Band | None:
    """The band for a value of a score, for whoever answered. None where no band holds, or it is unknown which."""
    number = exact(value)
    fits = [band for band in score.bands if _holds(band, context) and exact(band.first) <= number <= exact(band.last)]
    return fits[0] if len(fits) == 1 else None


def _holds(band: Band, context: Context) -> bool:
    return (
        (not band.informants or context.informant in band.informants)
        and (not band.forms or context.form in band.forms)
        and (band.ages is None or (context.age is not None and band.ages[0] <= context.age <= band.ages[1]))
    )


@dataclass(frozen=True)
class Comparison:
    """A score now against its starting point.

    `direction` is better, worse, the same, or different where neither is better.
    """

    before: int | float
    now: int | float
    change: int | float
    direction: Literal["better", "worse", "same", "different"]
    reliable: bool | None


def compare(score: Score, before: ScoreResult, now: ScoreResult) -> Comparison | None:
    """How a score moved.

    `reliable` says whether it is more than the measure's own noise; None where the measure does not say.

    None where either score is missing.
    """
    if before.value is None or now.value is None:
        return None
    change = exact(now.value) - exact(before.value)
    reliable = None if score.reliable_change is None else abs(change) >= exact(score.reliable_change)
    direction: Literal["better", "worse", "same", "different"] = "same"
    if change:
        direction = (
            "different"
            if score.polarity == "none"
            else "better"
            if (change > 0) == (score.polarity == "up")
            else "worse"
        )
    return Comparison(before.value, now.value, plain(change), direction, reliable)
