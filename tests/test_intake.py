"""Definitions from elsewhere: spreadsheets and CASE packages, clean and dirty, small and hostile."""

from __future__ import annotations

import json
import os
import time
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ap_ledger.errors import DefinitionError
from frameworks import definition_hash, load_definition, read_yaml, shipped_definitions
from frameworks.exchange.case_in import read_case
from frameworks.exchange.case_out import write_case
from frameworks.exchange.files import read_any
from frameworks.exchange.intake import Intake, write_yaml
from frameworks.exchange.sheet_templates import TEMPLATES, template
from frameworks.exchange.sheets import read_sheet
from frameworks.language.compare import differences

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def said(intake: Intake) -> list[str]:
    return [str(row) for row in intake.report]


# Spreadsheets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_template_is_a_sound_definition_as_it_is(kind: str) -> None:
    intake = read_sheet(b"\xef\xbb\xbf" + template(kind).encode())
    assert intake.report == [] and intake.authored is not None
    assert load_definition(intake.authored).kind == kind


ROWS = """theme,aim,indicator,scale,scored in,comes after
Belonging,,Said hello,,break,
,,Stayed near,,"break, lunch",Said hello
,Joining,Joined in,how-much,,
,,,,,
Learning,,Started a task,,Lesson,
"""
HEAD = "title,Ours\nscale seen,0 = Not yet,1 = Seen\nscale how-much,1 = A little,2 = A lot\n\n"


def test_cells_left_empty_at_the_left_mean_the_same_as_above() -> None:
    definition = load_definition(read_sheet(HEAD + ROWS).authored or {})
    belonging, learning = definition.items
    assert [item.label for item in belonging.items] == ["Said hello", "Stayed near", "Joining"]
    assert [item.label for item in belonging.items[2].items] == ["Joined in"] and [item.label for item in learning.items] == ["Started a task"]
    assert definition.scored["joined-in"].id == "how-much" and definition.default_scale == "seen"
    assert definition.in_slot("lunch") == ["stayed-near", "joined-in"]
    assert definition.priors["stayed-near"] == {"said-hello"}


@pytest.mark.parametrize("change", [lambda t: t.replace(",", ";").replace('"break; lunch"', '"break, lunch"'), lambda t: t.replace(",", "\t").replace('"break\t lunch"', "break, lunch"), lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("theme,aim,indicator", "Theme, AIM ,Indicator*"), lambda t: t.replace("theme,aim,indicator", "Themes,Aim of it,Indicator text")])  # fmt: skip
def test_a_sheet_reads_the_same_however_a_spreadsheet_saved_it(change: Any) -> None:
    first, other = read_sheet(HEAD + ROWS), read_sheet(change(HEAD + ROWS))
    assert other.report == first.report == [] and other.authored == first.authored


def test_letters_of_other_encodings_are_read_and_the_guess_is_told() -> None:
    sheet = "theme,indicator\nLlanfair,Tŷ bach\n"
    assert read_sheet(sheet.encode("utf-16")).authored == read_sheet(sheet).authored
    intake = read_sheet("theme,indicator\nCafé,Said hello\n".encode("cp1252"), "ours")
    assert intake.authored is not None and intake.authored["items"][0]["label"] == "Café" and "Windows letters" in said(intake)[0]


@pytest.mark.parametrize(
    ("row", "words", "kept"),
    [
        ("A,,Two,sceen,,", "no scale is called 'sceen'", False),
        ("A,,Two,,brake,", "'brake' is not a kind of slot", True),
        ("A,,Two,,,Nothing", "and there is no such row", True),
        ("A,,Two,,,Two", "it is the row itself", True),
        ("A,,One,,,", "is in row 2 already", False),
        (",,,seen,,", "nothing stands in the columns of the tree", False),
        ("A,," + "very " * 80 + ",,,", "longer than 300 letters", True),
        ("A,,ねこ,,,", "no id could be made", True),
    ],
)
def test_a_bad_row_is_reported_with_its_number_and_the_good_rows_beside_it_go_in(row: str, words: str, kept: bool) -> None:
    intake = read_sheet("theme,aim,indicator,scale,scored in,comes after\nA,,One,,,\n" + row + "\nB,,Three,,,\n")
    (report,) = [one for one in intake.report if one.row is not None]
    assert report.where == "row 3" and report.row == 3 and words in report.said and report.kept is kept
    definition = load_definition(intake.authored or {})
    assert {"one", "three"} <= set(definition.scored) and (len(definition.scored) == 3) is kept


def test_a_heading_whose_rows_were_all_left_out_is_no_thing_to_score() -> None:
    intake = read_sheet("theme,aim,indicator,scale\nA,Aim,One,sceen\n,,Two,sceen\nB,,Three,\n,,Four,sceen\n,,Five,\n")
    assert list(load_definition(intake.authored or {}).scored) == ["three", "five"] and sum(not row.kept for row in intake.report) == 3
    assert [item["label"] for item in (intake.authored or {})["items"]] == ["B"]


def test_a_line_that_is_not_understood_is_reported_and_the_rest_goes_in() -> None:
    intake = read_sheet(
        "tittle,Ours\nkind,outcome\nversion,one\nid,Our Own!\nuse,share\ncadence,often\ninformants,nan\nscale x,1\ntheme,indicator,mood\nA,B,happy\n"
    )
    assert [row.where for row in intake.report] == [
        "row 1", "row 8", "the line 'kind'", "the scale", "column 'mood'", "the line 'id'", "the line 'version'", "the line 'use'", "the line 'cadence'", "the line 'informants'",
    ]  # fmt: skip
    assert intake.authored is not None and (intake.authored["id"], intake.authored["version"]) == ("our-own", 1)
    assert load_definition(intake.authored).licence.use == "user-supplied"


def test_scales_are_written_in_a_line() -> None:
    lines = (
        "scale a,0 to 10\nscale b,0 to 1 by 0.5\nscale c,count\nscale d,Red,Blue,no order\nscale e,Low,High\nscale f,New (started),Known (secure),Gone (lost)\n"
    )
    sheet = lines + "default scale,a\ntheme,indicator,scale\nT," + "\n,".join(f"I{name},{name}" for name in "abcdef")
    definition = load_definition(read_sheet(sheet).authored or {})
    assert [scale.type for scale in definition.scales] == ["numeric", "numeric", "count", "nominal", "ordinal", "ordinal"]
    assert definition.scales[4].order == {"low": 0, "high": 1} and definition.scales[5].secure == {"known"} and definition.scales[5].lost == {"gone"}


def test_the_statuses_of_a_curriculum_are_words_whatever_the_sheet_or_the_rubric_called_them() -> None:
    sheet = "scale known,0 = Not yet,1 = Known (secure)\nsubject,unit\nCooking,Toast\n"
    assert load_definition(read_sheet(sheet).authored or {}).scored["toast"].order == {"not-yet": 0, "known": 1}
    levels = [{"score": 0, "quality": "Not yet"}, {"score": 1, "quality": "Known"}]
    rubric = {"title": "R", "CFRubricCriteria": [{"CFItemURI": node(A), "CFRubricCriterionLevels": levels}]}
    intake = read_case(package([item(A, "Toast")], [in_document(A)], CFRubrics=[rubric]), "curriculum")
    assert load_definition(intake.authored or {}).scored[A].order == {"not-yet": 0, "known": 1}
    with pytest.raises(DefinitionError, match="statuses of a curriculum are words"):
        load_definition({**(read_case(package([item(A, "Toast")], [in_document(A)], CFRubrics=[rubric])).authored or {}), "kind": "curriculum"})


@given(st.text(max_size=400))
def test_no_text_at_all_makes_the_sheet_reader_crash(text: str) -> None:
    for sheet in (text, "theme,indicator\n" + text, text + "\ntheme,indicator\nA,B\n"):
        try:
            read_sheet(sheet)
        except DefinitionError as error:
            assert all(error.faults)


def test_what_is_no_table_is_refused_in_a_sentence() -> None:
    with pytest.raises(DefinitionError, match="no row names the columns"):
        read_sheet("hello\nworld")


# Hostile files ------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.csv", b"0" * 50_000_000)
    return packed.getvalue()


HOSTILE: dict[str, tuple[bytes, str]] = {
    "large.csv": (b"theme,indicator\n" + b"A,B\n" * (6 * 1024 * 1024), "over 20 MB"),
    "large.json": (b'{"CFDocument": "' + b"x" * (20 * 1024 * 1024) + b'"}', "over 20 MB"),
    "bomb.csv": (bomb(), "a zip file"),
    "sheet.xlsx": (bomb(), "a zip file"),
    "packed.yaml": (b"\x1f\x8b\x08\x00rest", "a gzip file"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "an old Excel file"),
    "binary.csv": (b"\x00\x01\x02\xff" * 50, "not a text file"),
    "deep.yaml": (b"a: " + b"[" * 5000, "nested deeper"),
    "deep.json": (b'{"CFDocument": ' + b'{"a":' * 100_000, "not readable JSON"),
    "alias.yaml": (b"a: &x [1]\n" + b"b: [*x, *x]\n" * 1000, "anchors and aliases"),
    "tag.yaml": (b"a: !!python/object:os.system x\n" + b"b: 1\n" * 100_000, "tags"),
    "late-tag.yaml": (b"".join(b"a%d: 1\n" % n for n in range(20_000)) + b"b: !x 1\n", "tags"),
    "twice.yaml": (b"a: 1\na: 2\n", "'a' is there twice"),
    "long-cell.csv": (b'theme,indicator\nA,"' + b"x" * 200_000, "never closed"),
    "many.csv": (b"theme,indicator\n" + b"A,B\n" * 20_002, "more than 20000 rows"),
    "empty.json": (b"{}", "no CFDocument"),
    "list.json": (b"[1, 2]", "no CFDocument"),
    "nameless.json": (b'{"CFDocument": {"title": "x"}, "CFItems": []}', "neither an identifier nor a uri"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_under_a_second_with_a_clear_sentence(name: str) -> None:
    raw, words = HOSTILE[name]
    began = time.thread_time()
    with pytest.raises(DefinitionError, match=words):
        read_any(raw, name)
    # Generous for a busy machine: the point is that nothing grows with what the file would unpack to.
    assert time.thread_time() - began < 2


def test_a_chain_of_items_is_refused_as_too_deep_and_at_once() -> None:
    ids = [str(uuid4()) for _ in range(5_000)]
    items = [{"identifier": one, "fullStatement": "x"} for one in ids]
    links = [
        {"associationType": "isChildOf", "originNodeURI": {"identifier": a}, "destinationNodeURI": {"identifier": b}}
        for a, b in zip(ids[1:], ids, strict=False)
    ]
    for ordered in (links, links[::-1]):
        raw = json.dumps({"CFDocument": {"identifier": str(uuid4()), "title": "t"}, "CFItems": items, "CFAssociations": ordered}).encode()
        began = time.thread_time()
        with pytest.raises(DefinitionError, match="deeper than"):
            read_case(raw)
        assert time.thread_time() - began < 6


# CASE ---------------------------------------------------------------------------------------------------------------

DOCUMENT, A, B, C = (str(uuid5(NAMESPACE_URL, name)) for name in ("document", "a", "b", "c"))


def node(identifier: str) -> dict[str, str]:
    return {"title": "t", "identifier": identifier, "uri": f"https://example.org/{identifier}"}


def link(kind: str, origin: Any, destination: Any, **more: Any) -> dict[str, Any]:
    return {"identifier": str(uuid4()), "associationType": kind, "originNodeURI": origin, "destinationNodeURI": destination, **more}


def package(items: list[Any], links: list[Any], **more: Any) -> bytes:
    return json.dumps({"CFDocument": {**node(DOCUMENT), "title": "A package"}, "CFItems": items, "CFAssociations": links, **more}).encode()


def item(identifier: str, words: str, **more: Any) -> dict[str, Any]:
    return {"identifier": identifier, "uri": f"https://example.org/{identifier}", "fullStatement": words, **more}


def in_document(identifier: str, **more: Any) -> dict[str, Any]:
    return link("isChildOf", node(identifier), node(DOCUMENT), **more)


def test_items_stand_in_the_order_of_their_sequence_numbers_also_when_they_are_text() -> None:
    items = [item(A, "First"), item(B, "Second"), item(C, "Third", humanCodingScheme="X.10")]
    raw = package(items, [in_document(A, sequenceNumber="2"), in_document(B, sequenceNumber=1), in_document(C, sequenceNumber=None)])
    assert [one["label"] for one in (read_case(raw).authored or {})["items"]] == ["Second", "First", "Third"]


def test_precedes_is_recommended_prior_origin_before_destination() -> None:
    raw = package([item(A, "First"), item(B, "Then")], [in_document(A), in_document(B), link("precedes", node(A), node(B))])
    assert load_definition(read_case(raw).authored or {}).priors == {A: frozenset(), B: frozenset({A})}


def test_a_rubric_is_a_scale_with_its_levels_from_the_least_to_the_most() -> None:
    levels = [
        {"score": 3, "quality": "All of it"},
        {"score": "1", "quality": "A little", "position": None},
        {"score": 2, "quality": "Some", "description": "More or less"},
    ]
    rubric = {
        "title": "R",
        "CFRubricCriteria": [{"CFItemURI": node(A), "CFRubricCriterionLevels": levels}, {"CFItemURI": None, "CFRubricCriterionLevels": None}],
    }
    intake = read_case(package([item(A, "Joins in")], [in_document(A)], CFRubrics=[rubric, None]))
    definition = load_definition(intake.authored or {})
    assert definition.kind == "outcomes" and [level.label for level in definition.scored[A].levels] == ["A little", "Some", "All of it"]
    assert definition.scored[A].levels[1].anchor == "More or less" and any("names no item" in row for row in said(intake))


def test_identifiers_that_are_addresses_become_the_same_ids_for_ever_and_the_address_is_kept() -> None:
    address = "https://example.org/standards/1"
    raw = package(
        [{"identifier": address, "fullStatement": "One"}, {"identifier": None, "uri": address + "/x", "fullStatement": "Two"}],
        [link("isChildOf", address, node(DOCUMENT))],
    )
    one, two = (read_case(raw).authored or {})["items"]
    assert (one["id"], one["source"]) == (str(uuid5(NAMESPACE_URL, address)), address)
    assert (two["id"], two["source"]) == (str(uuid5(NAMESPACE_URL, address + "/x")), address + "/x")


DIRT: list[tuple[list[Any], list[Any], str]] = [
    ([None], [], "neither an identifier nor a uri"),
    ([{"fullStatement": "x"}], [], "neither an identifier nor a uri"),
    ([item(B, "")], [], "it has no words"),
    ([item(A, "Good")], [], "its identifier is that of CFItem 1; it"),
    ([item(A, "Other")], [], "with other words"),
    ([item(B, "Lost")], [], "says nowhere what it is a part of"),
    ([], [None], "does not say what it joins"),
    ([], [link("isChildOf", node(A), node(C))], "leads to something that is not in this package"),
    ([], [link("precedes", node(C), node(A))], "leads to something that is not in this package"),
    ([], [in_document(A)], "it says the same as CFAssociation 1"),
    ([item(B, "B")], [link("isChildOf", node(B), node(A)), in_document(B)], "has a place already"),
    ([item(B, "B")], [in_document(B), link("precedes", node(A), node(B)), link("precedes", node(B), node(A))], "each would wait for the other"),
    ([item(B, "B")], [link("isChildOf", node(B), node(A)), link("precedes", node(A), node(B))], "one of them is a part of the other"),
    ([], [link("precedes", node(A), node(A))], "one of them is a part of the other"),
    ([], [link("exactMatchOf", node(A), node(C))], "these types are not used here: 'exactMatchOf' (once)"),
]


@pytest.mark.parametrize(("items", "links", "words"), DIRT)
def test_dirt_gets_a_report_row_and_what_is_good_goes_in(items: list[Any], links: list[Any], words: str) -> None:
    intake = read_case(package([item(A, "Good"), *items], [in_document(A), *links], CFRubrics=None, CFDefinitions=None))
    assert sum(words in row for row in said(intake)) == 1, said(intake)
    assert A in load_definition(intake.authored or {}).by_id


def test_the_same_document_with_other_content_is_another_version_or_nothing() -> None:
    first = read_case(package([item(A, "One")], [in_document(A)])).authored or {}
    other = read_case(package([item(A, "Other")], [in_document(A)])).authored or {}
    assert (first["id"], first["version"]) == (other["id"], other["version"]) and definition_hash(first) != definition_hash(other)


@pytest.mark.parametrize("authored", list(shipped_definitions()), ids=lambda authored: str(authored["id"]))
def test_what_ships_goes_out_as_case_1_1_and_comes_back_the_same_tree(authored: dict[str, Any]) -> None:
    definition = load_definition(authored)
    raw = write_case(definition, NOW)
    assert raw == write_case(definition, NOW)
    strictly_1_1(json.loads(raw))
    intake = read_case(raw)
    back = load_definition(intake.authored or {})
    assert [row for row in intake.report if row.where != "the scale"] == []
    labels = [rung.label for rung, _ in definition.climb()] or [one.label for one, _ in definition.walk()]
    assert [one.label for one, _ in back.walk()] == labels
    assert sum(map(len, back.priors.values())) == sum(map(len, definition.priors.values()))
    named = {item: [level.label for level in scale.levels] for item, scale in definition.scored.items() if scale.levels}
    codes = {one.code or one.id: one.id for one, _ in back.walk()}
    assert {item: [level.label for level in back.scored[codes[item]].levels] for item in named} == named


def strictly_1_1(case: dict[str, Any]) -> None:
    """What CASE 1.1 requires of every part: the required fields, none of them null, and every reference resolved."""
    document, base = case["CFDocument"], {"identifier", "uri", "lastChangeDateTime"}
    assert {*base, "creator", "title", "CFPackageURI", "caseVersion"} <= set(document) and document["caseVersion"] == "1.1"
    known = {document["identifier"]} | {one["identifier"] for one in case["CFItems"]}
    assert all({*base, "fullStatement", "CFDocumentURI"} <= set(one) for one in case["CFItems"])
    for association in case["CFAssociations"]:
        assert {*base, "associationType", "originNodeURI", "destinationNodeURI"} <= set(association)
        for end in ("originNodeURI", "destinationNodeURI"):
            assert {"title", "identifier", "uri", "targetType"} == set(association[end]) and association[end]["identifier"] in known
    for rubric in case["CFRubrics"]:
        for criterion in rubric["CFRubricCriteria"]:
            assert base <= set(criterion) and criterion["CFItemURI"]["identifier"] in known
            assert all(base <= set(level) and isinstance(level["score"], float) for level in criterion["CFRubricCriterionLevels"])
    assert "null" not in json.dumps(case)


@pytest.mark.parametrize("use", ["user-supplied", "link-only"])
def test_words_that_may_not_be_passed_on_are_not_exported(use: str) -> None:
    authored = next(one for one in shipped_definitions() if one["id"] == "rag")
    licence = {"name": "theirs", "use": use, "link": "https://example.org"}
    items = [{**authored["items"][0], "label": "target"}]
    with pytest.raises(DefinitionError, match="may not be passed on"):
        write_case(load_definition({**authored, "licence": licence, "items": items}), NOW)


SAMPLES = sorted((Path(os.environ["AP_LEDGER_SAMPLE_DATA"]) / "case").glob("*.json")) if "AP_LEDGER_SAMPLE_DATA" in os.environ else []


@pytest.mark.shared_data
@pytest.mark.skipif(not SAMPLES, reason="AP_LEDGER_SAMPLE_DATA names no folder of sample files")
@pytest.mark.parametrize("path", SAMPLES or [Path()], ids=lambda path: path.stem)
def test_every_real_package_comes_in_with_the_same_bytes_each_time_and_goes_out_again(path: Path) -> None:
    raw = path.read_bytes()
    intake, again = read_case(raw), read_case(raw)
    assert intake.report == again.report
    if intake.authored is None:
        assert path.stem == "EmptyExternalFramework" and "no item that could be used" in said(intake)[0]
        return
    text = write_yaml(intake.authored)
    assert text == write_yaml(again.authored or {}) and read_yaml(text) == intake.authored
    definition = load_definition(intake.authored)
    kept = len(definition.by_id) + sum(row.where.startswith("CFItem ") and not row.kept for row in intake.report)
    assert kept == len(json.loads(raw)["CFItems"])
    out = write_case(definition.model_copy(update={"licence": definition.licence.model_copy(update={"use": "ship"})}), NOW)
    back = load_definition(read_case(out).authored or {})
    assert [(one.id, one.label, one.prior) for one, _ in back.walk()] == [(one.id, one.label, one.prior) for one, _ in definition.walk()]


# YAML and differences -----------------------------------------------------------------------------------------------

JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False, width=32) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), JSONISH, max_size=4))
def test_what_is_written_as_yaml_reads_back_the_same(value: dict[str, Any]) -> None:
    assert read_yaml(write_yaml(value)) == value


@pytest.mark.parametrize(
    ("change", "words", "effect"),
    [
        (lambda d: d["items"][0]["items"][0].update(label="Other words"), "and reads 'Other words'", "careful"),
        (lambda d: d["items"][0]["items"].pop(), "is gone; what was recorded for it stays readable", "broken"),
        (lambda d: d["items"][0]["items"].append({"id": "new", "label": "New"}), "'New' is new", "same"),
        (lambda d: d["items"][0]["items"][0].update(reverse=True), "counted from the other end", "broken"),
        (lambda d: d["scales"][0]["levels"][0].update(label="Never"), "the words of the scale", "careful"),
        (lambda d: d["scales"][0]["levels"].append({"value": 6, "label": "More"}), "is scored on another scale", "broken"),
        (lambda d: d["scores"][0].update(method="median", round=0), "is worked out in another way", "broken"),
        (lambda d: d["scores"][0].update(bands=[{"label": "x", "first": 1, "last": 5}]), "the bands of", "careful"),
        (lambda d: d.update(cadence="term"), "once a", "careful"),
        (lambda d: d["items"].reverse(), "", "same"),
    ],
)
def test_a_change_is_told_in_words_with_what_it_does_to_comparing(change: Any, words: str, effect: str) -> None:
    authored = next(one for one in shipped_definitions() if one["id"] == "carer-confidence")
    other = json.loads(json.dumps({**authored, "version": 2, "examples": []}))
    change(other)
    if "scores" in words or "gone" in words:
        other["scores"] = []
    found = differences(
        load_definition(authored), load_definition({**other, "scores": [one for one in other["scores"] if "rest" not in one["of"] or "gone" not in words]})
    )
    assert any(words in one.said and one.effect == effect for one in found) or (not words and not found), found
