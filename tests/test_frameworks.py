"""Definitions are data: those that ship are sound, and a faulty one names its faults."""

from __future__ import annotations

import json
import os
import time
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ap_ledger.errors import DefinitionError
from frameworks import definition_hash, load_definition, read_definition, read_yaml, shipped_definitions
from frameworks.language.cadence import Stretch, completeness, due, stretches
from frameworks.language.parts import Level, Scale

LADDER = """
id: my-ladder
version: 1
kind: ladder
title: My ladder
licence: {name: own, use: ship}
rungs:
  - {id: first, label: First}
  - {id: second, label: Second}
"""


def test_everything_that_ships_is_sound_and_holds_what_the_contract_names() -> None:
    shipped = {authored["id"]: load_definition(authored) for authored in shipped_definitions()}
    assert [rung.id for rung in shipped["default-ladder"].rungs] == [
        "no-contact", "carer-only", "hostile-contact", "through-door", "face-to-face", "shares-space", "goes-out", "reaches-site",
        "on-site-one-to-one", "part-session", "whole-session-supported", "whole-session-independent",
    ]  # fmt: skip
    ecm = shipped["every-child-matters"]
    aims = [item for item, above in ecm.walk() if len(above) == 1 and not item.id.endswith("-carers")]
    assert (len(ecm.items), len(aims)) == (5, 25)
    assert all(ecm.in_slot(kind) for kind in ("lesson", "break", "lunch", "arrival"))
    indicators = [item for item, above in ecm.walk() if len(above) == 2]
    assert len(indicators) >= 25 and all(ecm.scored[item.id].type == "binary" and item.observable == "session" for item in indicators)
    assert sum(not item.items for item, _ in shipped["everyday-steps"].walk()) >= 120
    assert not any(rung.on_site for rung in shipped["default-ladder"].rungs[:8])


@pytest.mark.shared_data
@pytest.mark.skipif("AP_LEDGER_SAMPLE_DATA" not in os.environ, reason="AP_LEDGER_SAMPLE_DATA names no folder of sample files")
def test_every_child_matters_has_the_outcomes_and_aims_of_the_source() -> None:
    source = json.loads((Path(os.environ["AP_LEDGER_SAMPLE_DATA"]) / "ecm_outcomes_framework.json").read_text("utf-8"))
    ecm = load_definition(next(authored for authored in shipped_definitions() if authored["id"] == "every-child-matters"))
    assert [item.label for item in ecm.items] == [outcome["title"] for outcome in source["outcomes"]]
    for item, outcome in zip(ecm.items, source["outcomes"], strict=True):
        assert [below.label for below in item.items] == [*outcome["aims"], outcome["parents"]]


def test_the_hash_is_over_what_was_authored_and_not_over_its_order() -> None:
    authored = read_yaml(LADDER)
    assert definition_hash(authored) == definition_hash(dict(reversed(authored.items())))
    assert definition_hash(authored) != definition_hash({**authored, "title": "Other"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x", "line 1: anchors"),
        ("a: !!python/object:os.system 1", "tags"),
        ("a: !custom 1", "tags"),
        ("- 1", "name: value"),
        ("a: [", "line"),
        ("1: x", "must be text"),
        ("[" * 50 + "]" * 50, "nested"),
        (LADDER + "colour: red\n", "colour"),
        (LADDER.replace("second", "first"), "'first' is used twice"),
        (LADDER.replace("kind: ladder", "kind: outcomes"), "has items and no rungs"),
        (LADDER.replace("version: 1", "version: '1'"), "version: this should be a whole number, without quotes"),
        (LADDER.replace("label: First", "label: True"), "rungs.0.label: this should be words; put it in quotes"),
        (LADDER.replace("id: my-ladder", "id: My Ladder"), "id"),
    ],
)
def test_a_faulty_file_is_refused_with_a_sentence_for_each_fault(text: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        load_definition(read_yaml(text))


def test_a_file_over_the_limit_is_refused_unread_and_at_once() -> None:
    began = time.thread_time()
    with pytest.raises(DefinitionError, match="20 MB"):
        read_yaml("a: " + "x" * (20 * 1024 * 1024))
    assert time.thread_time() - began < 1


def test_yaml_words_that_look_like_something_else_stay_words() -> None:
    assert read_yaml("a: no\nb: 012\nc: 1e3\nd: 2026-01-01\ne: ~") == {"a": "no", "b": 12, "c": 1000.0, "d": "2026-01-01", "e": None}


SCALES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({"type": "binary", "levels": (Level(value=0, label="no"), Level(value=1, label="yes"))}, [0, 1, 1.0], [2, "1", 0.5]),
    ({"type": "ordinal", "levels": (Level(value="low", label="l"), Level(value="high", label="h"))}, ["low", "high"], ["middle", 1]),
    ({"type": "numeric", "min": 0, "max": 10, "step": 0.5}, [0, 0.5, 10], [-0.5, 0.3, 10.5, "5"]),
    ({"type": "numeric", "min": 0, "max": 10}, [0.333], [11]),
    ({"type": "count"}, [0, 7], [-1, 1.5, "7"]),
    ({"type": "duration"}, [0, 1.5], [-1]),
    ({"type": "text"}, ["anything"], [1]),
]


@pytest.mark.parametrize(("made", "allowed", "refused"), SCALES)
def test_a_scale_allows_its_levels_and_nothing_else(made: dict[str, Any], allowed: list[Any], refused: list[Any]) -> None:
    scale = Scale(id="s", **made)
    assert all(scale.allows(level) for level in allowed) and not any(scale.allows(level) for level in refused)


@pytest.mark.parametrize("wrong", [{"type": "binary", "levels": ()}, {"type": "numeric", "min": 5, "max": 1}, {"type": "nominal", "levels": (Level(value=1, label="a"), Level(value=1, label="b"))}])  # fmt: skip
def test_a_scale_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="scale 's'"):
        Scale(id="s", **wrong)


def test_what_was_published_is_read_again_even_where_the_lint_of_today_would_refuse_it() -> None:
    faulty = read_yaml(LADDER.replace("second", "first"))
    with pytest.raises(DefinitionError):
        load_definition(faulty)
    assert read_definition(faulty).rungs[1].id == "first"


SMALL_STEPS: dict[str, Any] = {
    "id": "s", "version": 1, "kind": "outcomes", "title": "S", "licence": {"name": "own", "use": "ship"}, "default_scale": "seen",
    "scales": [{"id": "seen", "type": "binary", "levels": [{"value": 0, "label": "Not yet"}, {"value": 1, "label": "Seen"}]}],
    "items": [{"id": "t", "label": "T", "items": [{"id": "came-in", "label": "Came in"}]}],
    "translations": {"cy": {"labels": {"came-in": "Daeth i mewn"}, "levels": {"seen/1": "Ie"}}},
}  # fmt: skip


def test_a_translation_is_shown_where_there_is_one_and_the_authored_words_where_not() -> None:
    ladder = load_definition(read_yaml(LADDER + "translations:\n  cy: {title: Ysgol, labels: {first: Cyntaf}}\n"))
    assert ladder.labels == {"first": "First", "second": "Second"}
    welsh = ladder.in_language("cy")
    assert (welsh.title, welsh.labels, welsh.rank, welsh.key) == ("Ysgol", {"first": "Cyntaf", "second": "Second"}, ladder.rank, ladder.key)
    assert ladder.in_language("fr") is ladder
    shown = load_definition(SMALL_STEPS).in_language("cy")
    assert shown.labels["came-in"] == "Daeth i mewn" and shown.scored["came-in"].label(1) == "Ie" and shown.scored["came-in"].label(0) == "Not yet"
    with pytest.raises(DefinitionError, match="words for 'third', which does not exist"):
        load_definition(read_yaml(LADDER + "translations:\n  cy: {labels: {third: Trydydd}}\n"))


def test_a_link_only_file_holds_no_words() -> None:
    authored = read_yaml(
        "id: x\nversion: 1\nkind: instrument\ntitle: X\nlicence: {name: theirs, use: link-only, link: 'https://example.org'}\ndefault_scale: s\nscales: [{id: s, type: count}]\nitems: [{id: q1, label: q1}]\n"
    )
    assert load_definition(authored).scored
    with pytest.raises(DefinitionError, match="must not hold the words"):
        load_definition({**authored, "items": [{"id": "q1", "label": "How are you?"}]})
    with pytest.raises(DefinitionError, match="needs a link"):
        load_definition({**authored, "licence": {"name": "theirs", "use": "link-only"}})


def test_a_version_is_offered_between_its_dates_only() -> None:
    ladder = load_definition(read_yaml(LADDER + "effective_from: 2026-03-01\neffective_to: 2026-03-31\n"))
    assert [ladder.in_effect(date(2026, month, day)) for month, day in ((2, 28), (3, 1), (3, 31), (4, 1))] == [False, True, True, False]
    with pytest.raises(DefinitionError, match="before effective_from"):
        load_definition(
            read_yaml(LADDER.replace("kind: ladder", "kind: outcomes").replace("rungs", "items") + "effective_from: 2026-03-31\neffective_to: 2026-03-01\n")
        )


HALF_TERMS = [Stretch(date(2026, 1, 5), date(2026, 2, 13)), Stretch(date(2026, 2, 23), date(2026, 4, 2)), Stretch(date(2026, 4, 13), date(2026, 5, 22)), Stretch(date(2026, 6, 1), date(2026, 7, 17))]  # fmt: skip


@pytest.mark.parametrize(
    ("cadence", "count", "last"),
    [
        ("day", 90, date(2026, 4, 30)),
        ("week", 14, date(2026, 5, 3)),
        ("half-term", 3, date(2026, 5, 22)),
        ("term", 2, date(2026, 7, 17)),
        ("year", 1, date(2026, 8, 31)),
    ],
)
def test_a_cadence_says_how_many_answers_are_expected_and_by_when(cadence: Any, count: int, last: date) -> None:
    found = stretches(cadence, date(2026, 1, 31), date(2026, 4, 30), HALF_TERMS)
    assert (len(found), found[-1].last) == (count, last)
    assert all(one.last < other.first for one, other in pairwise(found))
    assert completeness(found, [date(2026, 3, 2), date(2026, 3, 2)]).given == 1 and completeness(found, []).share == 0


def test_what_is_due_goes_when_it_is_answered_and_comes_back_in_the_next_stretch() -> None:
    since = date(2026, 1, 5)
    assert due("half-term", since, date(2026, 3, 2), [], HALF_TERMS) == date(2026, 4, 2)
    assert due("half-term", since, date(2026, 3, 2), [date(2026, 2, 24)], HALF_TERMS) is None
    assert due("half-term", since, date(2026, 4, 14), [date(2026, 2, 24)], HALF_TERMS) == date(2026, 5, 22)
    assert due("half-term", since, date(2026, 2, 16), [], HALF_TERMS) is None, "nothing is due in the holidays"
    assert due("year", date(2026, 8, 28), date(2026, 8, 30), []) is None, "a year that was over all but three days expects nothing"
    assert due("half-term", since, date(2026, 1, 7), []) == date(2026, 2, 15), "without a calendar, six weeks stand in for a half-term"
