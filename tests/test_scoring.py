"""Answers in, scores out: on made-up instruments of the shapes that are met in the field, and on any answers at all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.errors import DefinitionError
from frameworks import Definition, load_definition, read_yaml, shipped_definitions
from frameworks.language.lint import advice
from frameworks.language.measures import Lookup, Score
from frameworks.language.parts import Scale, exact
from frameworks.language.scoring import Context, ScoreResult, band_of, compare, number_of, rounded, score, turned

FOLDER = Path(__file__).parent / "instruments"
MADE_UP = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def made_up(name: str) -> Definition:
    return load_definition(read_yaml((FOLDER / f"{name}.yaml").read_text("utf-8")))


def changed(name: str, old: str, new: str) -> dict[str, Any]:
    """An instrument with one slip of the pen in it."""
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    assert old in text, old
    return read_yaml(text.replace(old, new, 1))


STRENGTHS, BOXES, STAR, WELLBEING = (made_up(name) for name in ("made-up-strengths", "made-up-boxes", "made-up-stars", "made-up-wellbeing"))


@pytest.mark.parametrize("name", MADE_UP)
def test_the_shapes_of_the_field_can_be_said_and_their_worked_examples_hold(name: str) -> None:
    definition = made_up(name)
    assert definition.examples or not definition.scores
    assert not [said for said in advice(definition) if "example" in said or "table" in said]


@pytest.mark.parametrize("authored", list(shipped_definitions()), ids=lambda authored: str(authored["id"]))
def test_every_shipped_definition_is_sound_and_needs_no_advice(authored: dict[str, Any]) -> None:
    assert advice(load_definition(authored)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("made-up-strengths", "sleep: {value: 5, band: Raised}", "sleep: {value: 6}", "'sleep' should be 6, and is 5 (Raised)"),
        ("made-up-strengths", "band: High}, noise: {reason", "band: Raised}, noise: {reason", "should be in the band 'Raised', and is in High"),
        ("made-up-strengths", "first: 14, last: 16", "first: 13, last: 16", "'Close to average' and 'Raised' overlap for the same people"),
        ("made-up-strengths", "first: 17, last: 40", "first: 41, last: 50", "no answers can reach the band 'High'"),
        ("made-up-strengths", "leave_out: [helping]", "leave_out: [kindness]", "'kindness', which is neither an item nor a score"),
        ("made-up-strengths", "of: [sleep-1, ", "of: [sleep-questions, sleep-1, ", "is a heading and is not answered"),
        ("made-up-strengths", "    prorate: true\n", "", "it needs 'prorate: true'"),
        ("made-up-strengths", "min_answered: 3", "min_answered: 6", "wants 6 answers and has 5 parts"),
        ("made-up-strengths", "of: all-scores", "of: [sleep, difficulties]", "made of each other"),
        ("made-up-strengths", "id: sleep\n", "id: sleep-1\n", "'sleep-1' is used twice"),
        ("made-up-strengths", "sleep-1: 1", "sleep-1: 3", "the answer to 'sleep-1' is not on its scale"),
        ("made-up-wellbeing", "[20, 18.6]", "[20, 18.9]", "does not match its checksum"),
        ("made-up-wellbeing", "[35, 35.0]", "[36, 35.0]", "no answers can reach the raw score 36"),
        ("made-up-wellbeing", "monotone: up", "monotone: down", "turns round at the raw score 8"),
        ("made-up-boxes", "weights: {g2: 2}", "weights: {g2: 0}", "a weight that is not above zero"),
        ("made-up-boxes", "    met: 3\n", "", "share-met needs it"),
        ("made-up-boxes", "method: median", "method: medium", "method"),
        ("made-up-stars", "first: 3, last: 4", "first: 2, last: 4", "the stages 'stuck' and 'letting-in' overlap"),
        ("made-up-stars", "first: 9, last: 10", "first: 9, last: 11", "no answer can reach the stage 'on-my-own'"),
        ("made-up-zones", "no_total: true", "scores: [{id: all, label: All, of: all-items, method: sum}]", "its levels have no order"),
        ("made-up-zones", "default_scale: weather", "default_scale: weather\nscores: [{id: all, label: All, of: all-items, method: max}]", "no_total forbids"),
        ("made-up-zones", "polarity: none", "reverse: true", "cannot be reversed"),
        ("made-up-goals", "per_student: true", "prior: [nothing]", "has the prior 'nothing', which does not exist"),
    ],
)
def test_a_slip_of_the_pen_is_found_when_the_file_is_read(name: str, old: str, new: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_definition(changed(name, old, new))
    assert said in str(caught.value)


def test_a_nominal_check_in_has_labels_and_no_total() -> None:
    said = score(made_up("made-up-zones"), {"right-now": "wind"})
    assert (said.items["right-now"].label, said.scores, said.total_reason) == ("Windy", {}, "no-total")


def test_the_engagement_model_is_areas_and_never_a_sum() -> None:
    model = next(load_definition(one) for one in shipped_definitions() if one["id"] == "engagement-model")
    assert model.no_total and score(model, {}).total_reason == "no-total"
    with pytest.raises(DefinitionError, match="no_total forbids"):
        load_definition(
            {**next(one for one in shipped_definitions() if one["id"] == "engagement-model"),
             "scores": [{"id": "all", "label": "All", "of": "all-items", "method": "mean"}]}
        )  # fmt: skip


def test_a_level_is_shown_with_its_stage_and_a_missing_answer_with_its_reason() -> None:
    said = score(STAR, {"home": 4, "friends": "~not-applicable"}).items
    assert [(one.label, one.stage) for one in said.values()] == [("4", "Letting somebody in"), ("not applicable", None), ("not answered", None)]


def test_goals_are_the_students_own_items_on_one_scale() -> None:
    goals = made_up("made-up-goals")
    assert goals.scale_of("goal.1") is goals.scored["goal"] and goals.scale_of("wish.1") is None
    assert made_up("made-up-zones").scale_of("right-now.1") is None


def test_each_rater_has_bands_and_scores_of_their_own() -> None:
    answers = {item: 1 if not item.endswith("-1") else 0 for item in STRENGTHS.scored}
    bands = {who: score(STRENGTHS, answers, Context(who)).scores["difficulties"].band for who in ("teacher", "carer", "student")}
    assert [band and band.label for band in bands.values()] == ["High", "Raised", None]
    assert score(STRENGTHS, answers, Context("carer")).scores["difficulties"].value == 16


def test_a_form_is_found_from_who_answers_and_the_age() -> None:
    forms = [
        {"id": "young", "label": "4 to 10", "informants": ["carer"], "ages": [4, 10]}, {"id": "older", "label": "11 to 17", "informants": ["carer"], "ages": [11, 17]},
        {"id": "self", "label": "Own", "informants": ["student"]},
    ]  # fmt: skip
    text = read_yaml((FOLDER / "made-up-boxes.yaml").read_text("utf-8"))
    text["scores"][1]["bands"] = [
        {"label": "Much", "first": 3, "last": 8, "forms": ["young"]}, {"label": "Some", "first": 3, "last": 8, "forms": ["older"]},
        {"label": "Little", "first": 0, "last": 2},
    ]  # fmt: skip
    definition = load_definition({**text, "forms": forms})
    assert [definition.form_for(*who) for who in (("carer", 9), ("carer", 11), ("student", None), ("carer", None), ("teacher", 9))] == [
        "young",
        "older",
        "self",
        None,
        None,
    ]
    bands = [score(definition, {"d1": 2, "d2": 2}, Context("carer", age)).scores["stuck"].band for age in (9, 12, None)]
    assert [band and band.label for band in bands] == ["Much", "Some", None]


def test_change_is_told_by_polarity_and_only_when_it_is_more_than_noise() -> None:
    total = next(one for one in STRENGTHS.scores if one.id == "difficulties")

    def moved(before: float | None, now: float | None) -> tuple[Any, ...] | None:
        found = compare(total, ScoreResult(before), ScoreResult(now))
        return found and (found.change, found.direction, found.reliable)

    assert [moved(20, 16), moved(16, 20), moved(16, 16), moved(16, 15), moved(None, 15)] == [
        (-4, "better", True), (4, "worse", True), (0, "same", False), (-1, "better", False), None,
    ]  # fmt: skip


def test_rounding_is_half_up_and_exact() -> None:
    assert [rounded(Fraction(n, 2), 0) for n in (1, 3, 5)] == [1, 2, 3]
    assert (rounded(Fraction(1, 3), 2), rounded(exact(2.675), 2)) == (exact(0.33), exact(2.68))


ANSWERS = st.dictionaries(st.sampled_from(sorted(STRENGTHS.scored)), st.sampled_from([0, 1, 2, None, "~not-observed", "~not-applicable"]))


@given(ANSWERS, st.randoms())
def test_the_order_of_answers_never_matters(answers: dict[str, Any], random: Any) -> None:
    mixed = list(answers.items())
    random.shuffle(mixed)
    assert score(STRENGTHS, dict(mixed)) == score(STRENGTHS, answers)


@given(ANSWERS)
def test_a_prorated_sum_stays_in_its_range_and_there_is_a_value_or_a_reason(answers: dict[str, Any]) -> None:
    for name, found in score(STRENGTHS, answers, Context("teacher")).scores.items():
        assert (found.value is None) != (found.reason is None)
        assert found.value is None or 0 <= found.value <= (40 if name == "difficulties" else 10)
        assert found.value is None or name == "difficulties" or (found.answered >= 3 and found.prorated == (found.answered < 5))


@given(st.integers(-5, 5), st.integers(1, 9), st.data())
def test_turning_an_answer_round_twice_changes_nothing(low: int, width: int, data: st.DataObject) -> None:
    scale = Scale(id="s", type="numeric", min=low, max=low + width)
    number = Fraction(data.draw(st.integers(low * 10, (low + width) * 10)), 10)
    assert turned(turned(number, scale), scale) == number
    assert scale.range is not None and scale.range[0] <= turned(number, scale) <= scale.range[1]


@given(st.lists(st.integers(1, 5), min_size=7, max_size=7), st.integers(0, 6))
def test_a_table_that_says_it_rises_never_falls(levels: list[int], place: int) -> None:
    answers: dict[str, Any] = {f"q{n + 1}": level for n, level in enumerate(levels)}
    more = {**answers, f"q{place + 1}": min(5, levels[place] + 1)}
    before, after = (score(WELLBEING, given).scores["wellbeing"].value for given in (answers, more))
    assert before is not None and after is not None and before <= after


@given(st.permutations(range(3)), st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.7]), min_size=3, max_size=3))
def test_fractions_add_up_the_same_in_any_order(order: list[int], levels: list[float]) -> None:
    total = Score(id="t", label="T", of="all-items", method="mean")
    scale = {"id": "s", "type": "numeric", "min": 0, "max": 1}
    authored = {"id": "x", "version": 1, "kind": "instrument", "title": "X", "licence": {"name": "own", "use": "ship"}, "default_scale": "s", "scales": [scale]}
    items = [{"id": f"i{n}", "label": "I"} for n in range(3)]
    answers = {f"i{n}": levels[n] for n in range(3)}
    scored = [
        score(load_definition({**authored, "items": [items[n] for n in ordering], "scores": [total.model_dump(mode="json", exclude_defaults=True)]}), answers)
        for ordering in (range(3), order)
    ]
    assert scored[0].scores["t"] == scored[1].scores["t"]


def test_a_reversed_item_counts_from_the_other_end() -> None:
    assert [number_of(STRENGTHS, "sleep-3", level) for level in (0, 1, 2)] == [2, 1, 0]
    assert [number_of(STRENGTHS, "sleep-1", level) for level in (0, 1, 2)] == [0, 1, 2]


def test_a_lookup_tells_its_own_checksum() -> None:
    rows = ((1.0, 2.0), (2.0, 3.5))
    made = Lookup(rows=rows, checksum="0" * 64).calculated()
    assert made == Lookup(rows=rows, checksum="1" * 64).calculated() != Lookup(rows=((1.0, 2.0), (2.0, 3.6)), checksum="0" * 64).calculated()


def test_no_band_is_better_than_two() -> None:
    total = next(one for one in STRENGTHS.scores if one.id == "difficulties")
    assert band_of(total, 15, Context("student")) is None
