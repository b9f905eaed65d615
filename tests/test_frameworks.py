"""Definitions are data: those that ship are sound, and a faulty one names its faults."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from ap_ledger.errors import DefinitionError
from frameworks import definition_hash, load_definition, read_yaml, shipped_definitions
from frameworks.parts import Level, Scale

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
    began = time.perf_counter()
    with pytest.raises(DefinitionError, match="20 MB"):
        read_yaml("a: " + "x" * (20 * 1024 * 1024))
    assert time.perf_counter() - began < 1


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
