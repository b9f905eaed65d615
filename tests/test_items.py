"""What is packed into one text: it is stored, so its form is kept, and one module puts it together and takes it apart."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ap_ledger.kinds import KINDS
from ap_ledger.kinds.items import DefinitionItem, FactKey, ScoredItem, SpokenFace, VisitItem
from projections.fold.cells import DayRow, fold_day, scored_facts

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "ap_ledger/kinds/items.py": "where it is done",
    "ap_ledger/cli/recompute.py": "imports nothing of ours, so that it can be believed",
    "api/setting/clock_pages.py": "the field of a form, which is not stored",
}


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (DefinitionItem("default-ladder@1", "goes-out"), "default-ladder@1|goes-out"),
        (DefinitionItem("default-ladder@1", "goes-out.2"), "default-ladder@1|goes-out.2"),
        (ScoredItem("every-child-matters@1", "joined-in", "mentor"), "every-child-matters@1|joined-in|mentor"),
        (VisitItem("attempted", "phone"), "attempted|phone"),
        (FactKey("joined-in", "l1", "mentor"), "joined-in|l1|mentor"),
        (FactKey("joined-in", "", "mentor", "1767225600000000"), "joined-in||mentor|1767225600000000"),
        (FactKey("joined-in", "first|second", "mentor"), "joined-in|first|second|mentor"),
    ],
)
def test_what_is_packed_keeps_its_stored_form_and_is_taken_apart_into_the_same(item: Any, text: str) -> None:
    assert item.packed() == text
    assert type(item).unpacked(text) == item


def test_a_text_that_names_a_whole_definition_names_no_item() -> None:
    assert DefinitionItem.unpacked("every-child-matters@1") == DefinitionItem("every-child-matters@1", "")


def test_the_timeline_keeps_of_each_kind_what_it_always_kept() -> None:
    ref = {"id": "some", "version": 2}
    kept = {
        topic: KINDS[topic].described(state).item
        for topic, state in {
            "rung-reached": {"ladder": ref, "rung": "goes-out"},
            "outcome-scored": {"framework": ref, "indicator": "joined-in", "informant": "carer", "level": 1},
            "unit-progressed": {"curriculum": ref, "unit": "coins", "status": "introduced"},
            "visit-logged": {"effort": "cancelled-by-us", "channel": "in-person"},
            "instrument-answered": {"instrument": ref, "respondent": "student"},
        }.items()
    }
    assert kept == {
        "rung-reached": "some@2|goes-out",
        "outcome-scored": "some@2|joined-in|carer",
        "unit-progressed": "some@2|coins",
        "visit-logged": "cancelled-by-us|in-person",
        "instrument-answered": "some@2|student",
    }


def test_a_voice_counts_by_who_spoke_and_which_face() -> None:
    rows = [DayRow(1, 1, "voice-heard", "student", "4", None, None), DayRow(2, 2, "voice-heard", "carer", None, None, None)]
    assert fold_day(rows).counted("faces") == {SpokenFace("student", "4").packed(): 1, "carer|": 1}


def test_a_score_is_told_by_the_slot_that_its_setting_calls_whatever_it_likes() -> None:
    item = ScoredItem("e@1", "joined-in", "mentor").packed()
    (fact,) = scored_facts(fold_day([DayRow(1, 1, "outcome-scored", item, "1", "first|second", None)]))
    assert (fact.indicator, fact.slot, fact.informant) == ("joined-in", "first|second", "mentor")


def _packing(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith("|"):
            yield node.lineno


def test_nobody_else_packs_texts_or_takes_them_apart() -> None:
    found = [
        f"{path}:{line}"
        for folder in ("ap_ledger", "projections", "api", "reports")
        for path in (ROOT / folder).rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in ELSEWHERE
        for line in _packing(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, f"Packs or takes apart a text by hand, which ap_ledger/kinds/items.py does: {found}"
