"""CASE packages in and out: what is kept, what is counted, and what carries on when the same document comes again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ap_ledger.cli.main import app
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.errors import DefinitionError
from ap_ledger.recording.ledger import new_id
from frameworks import load_definition, read_yaml
from frameworks.exchange.case_in import read_case
from frameworks.exchange.case_out import write_case
from frameworks.exchange.intake import Intake, write_yaml
from frameworks.exchange.sheets import read_sheet
from frameworks.exchange.versions import follow
from frameworks.language.compare import differences
from frameworks.language.lint import advice
from projections.queries.curriculum_state import student_curriculum
from tests.house import FRIDAY, House
from tests.test_sheets import workbook

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DOCUMENT, A, B, C = (str(uuid5(NAMESPACE_URL, name)) for name in ("document", "a", "b", "c"))


def node(identifier: str) -> dict[str, str]:
    return {"title": "t", "identifier": identifier, "uri": f"https://example.org/{identifier}"}


def item(identifier: str, words: str, **more: Any) -> dict[str, Any]:
    return {**node(identifier), "title": None, "fullStatement": words, **more}


def package(*items: dict[str, Any], document: dict[str, Any] | None = None, links: list[Any] | None = None, **more: Any) -> bytes:
    top = [{"associationType": "isChildOf", "originNodeURI": node(one["identifier"]), "destinationNodeURI": node(DOCUMENT)} for one in items]
    whole = {**node(DOCUMENT), "title": "Levels", "licenseURI": {"title": "CC BY 4.0"}, **(document or {})}
    return json.dumps({"CFDocument": whole, "CFItems": items, "CFAssociations": [*top, *(links or [])], **more}).encode()


def told(intake: Intake) -> list[str]:
    return [str(row) for row in intake.report]


LONG = "Here stand a good many words about what a learner does. " * 8


# What is kept ---------------------------------------------------------------------------------------------------------


def test_the_short_title_is_the_label_and_everything_else_is_kept_beside_it() -> None:
    raw = package(
        item(
            A, LONG, abbreviatedStatement="Level 2: skills", alternativeLabel="I can", notes="Ask first.", educationLevel=["06", "07"],
            CFItemType="Standard", humanCodingScheme="L.2", statusStartDate="2019-09-01", statusEndDate="2021-08-31T00:00:00Z",
            lastChangeDateTime="2021-01-01T00:00:00Z",
        ),
        document={"version": "2.0", "adoptionStatus": "Draft", "statusStartDate": "2019-09-01", "creator": "x", "publisher": "y"},
    )  # fmt: skip
    made = load_definition(read_case(raw).authored or {})
    kept = made.by_id[A]
    assert (kept.label, kept.plain, kept.notes, kept.level, kept.type) == ("Level 2: skills", "I can", "Ask first.", "06, 07", "Standard")
    assert kept.code == "L.2" and kept.detail == LONG.strip() and kept.origin is not None and made.origin is not None
    assert [str(day) for day in (kept.origin.first, kept.origin.last, kept.origin.changed)] == ["2019-09-01", "2021-08-31", "2021-01-01"]
    assert (made.origin.version, made.origin.status, str(made.origin.first)) == ("2.0", "draft", "2019-09-01")
    assert made.licence.holder == "y, x"
    assert not any("300 letters" in said for said in told(read_case(raw))), "nothing was cut, so nothing is told"


def test_what_is_kept_goes_out_again_under_the_same_names() -> None:
    raw = package(item(A, LONG, abbreviatedStatement="Short", notes="N", educationLevel=["06", "07"], CFItemType="Skill", statusEndDate="2021-08-31"))
    first = load_definition(read_case(raw).authored or {})
    out = json.loads(write_case(first, NOW))
    (again,) = out["CFItems"]
    assert (again["abbreviatedStatement"], again["fullStatement"], again["notes"]) == ("Short", LONG.strip(), "N")
    assert (again["educationLevel"], again["CFItemType"], again["statusEndDate"]) == (["06", "07"], "Skill", "2021-08-31")
    back = load_definition(read_case(json.dumps(out).encode()).authored or {}).by_id[A]
    kept = ("label", "detail", "notes", "level", "type")
    assert [getattr(back, name) for name in kept] == [getattr(first.by_id[A], name) for name in kept]


def test_items_with_the_same_short_title_are_told_apart_by_level_or_code() -> None:
    raw = package(
        item(A, "One", abbreviatedStatement="Evidence", educationLevel="03"), item(B, "Two", abbreviatedStatement="Evidence", educationLevel="04"),
    )  # fmt: skip
    assert sorted(load_definition(read_case(raw).authored or {}).labels.values()) == ["Evidence (03)", "Evidence (04)"]
    raw = package(item(A, "One", abbreviatedStatement="Aim", humanCodingScheme="X.1"), item(B, "Two", abbreviatedStatement="Aim", humanCodingScheme="X.2"))
    assert sorted(load_definition(read_case(raw).authored or {}).labels.values()) == ["Aim (X.1)", "Aim (X.2)"]


def test_a_deprecated_document_and_an_invented_scale_are_told() -> None:
    intake = read_case(package(item(A, "One"), document={"adoptionStatus": "Deprecated", "statusEndDate": "2021-08-31"}))
    assert any("deprecated" in said for said in told(intake)) and any("used it until 2021-08-31" in said for said in told(intake))
    assert any(said.startswith("the scale: the package has no rubrics, so 'secure'") for said in told(intake))
    assert any("deprecated" in said for said in advice(load_definition(intake.authored or {})))
    rubric = {"title": "R", "CFRubricCriteria": [{"CFItemURI": node(A), "CFRubricCriterionLevels": [{"score": 0, "quality": "No"}, {"score": 1, "quality": "Yes"}]}]}  # fmt: skip
    assert not any("the scale" in said for said in told(read_case(package(item(A, "One"), CFRubrics=[rubric]))))
    assert any("1 items have no rubric" in said for said in told(read_case(package(item(A, "One"), item(B, "Two"), CFRubrics=[rubric]))))


def test_every_field_that_has_no_place_is_counted_and_no_other() -> None:
    items = [item(one, "Words", conceptKeywords=["k"], language="cy" if one == A else "en", extensions={}) for one in (A, B, C)]
    links = [{"associationType": "exactMatchOf", "originNodeURI": node(A), "destinationNodeURI": node(B)}]
    intake = read_case(package(*items, document={"language": "en", "subject": ["Maths"]}, links=links, CFDefinitions={"CFConcepts": [{}, {}]}))
    assert told(intake)[-4:] == [
        "the scale: the package has no rubrics, so 'secure' was put in (Introduced, With help, On my own, Used elsewhere, "
        "Not secure any more); look whether that is how they are to be scored",
        "CFDocument: these fields have no place here and were left out: 'subject' (once)",
        "CFItems: these fields have no place here and were left out: 'conceptKeywords' (3 times), 'language' (once)",
        "CFConcepts: 2 are not used here",
    ]


def test_letters_that_were_misread_twice_are_mended_and_told() -> None:
    spoiled = "Caf\u00c3\u00a9 \u00e2\u20ac\u201c ours"
    intake = read_case(package(item(A, spoiled)))
    assert load_definition(intake.authored or {}).by_id[A].label == "Café – ours" and any("Windows letters" in said for said in told(intake))


# The report -----------------------------------------------------------------------------------------------------------


def test_the_report_is_short_with_what_was_left_out_first_and_a_count_for_each_kind() -> None:
    identifiers = [str(uuid5(NAMESPACE_URL, f"{number}")) for number in range(84)]
    items = [item(one, f"{number} {LONG}") for number, one in enumerate(identifiers[:80])] + [item(one, "") for one in identifiers[80:]]
    folds = read_case(package(*items)).folded()
    assert len(folds[0].rows) == 4 and not folds[0].kept
    assert str(folds[0]) == "4 times: it has no words; it was left out (CFItem 81, 82, 83, 84)"
    (length,) = [str(fold) for fold in folds if "300 letters" in str(fold)]
    assert length.startswith("80 times: its words are longer than 300 letters") and length.endswith("and 72 more)")
    assert len(folds) < 8


def test_rows_that_differ_only_in_names_and_numbers_are_of_one_kind() -> None:
    folds = read_sheet("scale seen,0 = Not yet,1 = Seen\ntheme,indicator\nA,One\nA,One\nA,Two\nA,Two\n").folded()
    (fold,) = [str(fold) for fold in folds]
    assert fold == "row 4: 'One' is in row 3 already; the row was left out; and 1 more like it: 'Two' (row 6)"


def test_no_field_and_no_kind_of_association_hides_behind_another() -> None:
    fields: dict[str, Any] = {"conceptKeywords": ["k"], "language": "cy", "extensions": {"a": 1}, "subject": ["Maths"]}
    fields["licenseURI"] = {"title": "CC"}
    links = [
        {"associationType": kind, "originNodeURI": node(A), "destinationNodeURI": node(B)}
        for kind in ("isPeerOf", "exactMatchOf", "isRelatedTo", "exactMatchOf")
    ]
    items = item(A, "One", **fields), item(B, "Two", subject=["Maths"]), item(C, "Whole")
    intake = read_case(package(*items, links=links))
    said = [str(fold) for fold in intake.folded()]
    assert (
        "CFItems: these fields have no place here and were left out: 'conceptKeywords' (once), 'extensions' (once), "
        "'language' (once), 'licenseURI' (once), 'subject' (2 times)"
    ) in said
    types = "'exactMatchOf' (2 times), 'isPeerOf' (once), 'isRelatedTo' (once)"
    assert f"CFAssociations: those of these types are not used here: {types}" in said
    other = read_case(package(item(A, "One"), links=[{**links[0], "notes": "why"}], CFSomething=[1]))
    assert {
        "CFAssociations: these fields have no place here and were left out: 'notes' (once)",
        "the package: these fields have no place here and were left out: 'CFSomething' (once)",
    } <= set(told(other))


def test_a_fold_names_everything_that_it_is_about_and_where_it_stands() -> None:
    intake = Intake()
    for name in ("One", "Two", "Three"):
        intake.say(f"column '{name}'", "this column is not known here and was left out", kept=True)
        intake.say("the line 'informants'", f"'{name}' is not one of them; it was left out", kept=True)
    for times in (1, 3):
        intake.say(f"{times} of the items", "they have no place here", kept=True)
    line = "the line 'informants'"
    assert [str(fold) for fold in intake.folded()] == [
        "3 times: this column is not known here and was left out (column 'One', column 'Two', column 'Three')",
        f"the line 'informants': 'One' is not one of them; it was left out; and 2 more like it: 'Two' ({line}), 'Three' ({line})",
        "2 times: they have no place here (1 of the items, 3 of the items)",
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("Draft", "is a draft"),
        ("Private Draft", "is a private draft"),
        ("privateDraft", "is a private draft"),
        ("Adopted", None),
        ("DEPRECATED", "is deprecated"),
    ],
)
def test_what_a_publishers_status_means_is_said_wherever_it_comes_in(status: str, words: str | None) -> None:
    sheet = f"title,Ours\nstatus,{status}\nscale seen,0 = Not yet,1 = Seen\ntheme,indicator\nA,One\n"
    for intake in (read_case(package(item(A, "One"), document={"adoptionStatus": status})), read_sheet(sheet)):
        assert any("its publisher says" in line for line in told(intake)) == (words is not None)
        assert words is None or any(words in line for line in told(intake))
        assert words is None or any(words in line for line in advice(load_definition(intake.authored or {})))


# The same document again ----------------------------------------------------------------------------------------------

FIRST = package(item(A, "Counts"), item(B, "Adds"), item(C, "Sorts"))
CHANGED = package(item(A, "Counts to ten"), item(B, "Adds"), document={"version": "2.0"})


def run(*words: Any) -> Any:
    return CliRunner().invoke(app, ["framework", *map(str, words)], env={"COLUMNS": "240"})


def test_the_next_version_carries_on_what_has_the_same_identifier_and_says_what_does_not() -> None:
    earlier, intake = load_definition(read_case(FIRST).authored or {}), read_case(CHANGED)
    follow(intake, earlier)
    now = load_definition(intake.authored or {})
    assert (now.version, now.supersedes) == (2, earlier.key) and dict(now.crosswalks[0].items) == {A: A, B: B}
    assert any("2 of its 3 items carry on" in said and "1 do not" in said for said in told(intake))
    assert any("'Counts' reads 'Counts to ten' now and goes on" in said for said in told(intake))


def test_words_that_changed_behind_the_same_short_title_are_told() -> None:
    one, other = (read_case(package(item(A, words, abbreviatedStatement="Level 2"))) for words in ("Long words.", "Other words."))
    earlier = load_definition(one.authored or {})
    follow(other, earlier)
    assert any("the words behind 'Level 2' changed, and it goes on" in said for said in told(other))
    changes = differences(earlier, load_definition(other.authored or {}))
    assert [(change.said, change.effect) for change in changes] == [("the words behind 'Level 2' changed", "careful")]


def test_what_is_scored_on_another_scale_does_not_carry_on_and_that_is_told() -> None:
    sheet = "id,x\nscale s,{}\ntheme,indicator,id\nA,One,one\n"
    earlier = load_definition(read_sheet(sheet.format("0 = No,1 = Yes,2 = Very")).authored or {})
    intake = read_sheet(sheet.format("0 = No,1 = Yes"))
    follow(intake, earlier)
    assert load_definition(intake.authored or {}).crosswalks == () and any("scored on another scale now" in said for said in told(intake))


def test_import_writes_the_crosswalk_from_the_version_before_given_as_a_file_or_taken_for_granted(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(FIRST)
    (tmp_path / "2.json").write_bytes(CHANGED)
    assert run("import", tmp_path / "1.json", "--out", tmp_path / "1.yaml").exit_code == 0
    for words in (("--version", 2), ("--after", tmp_path / "1.yaml"), ("--after", tmp_path / "1.json", "--version", 2)):
        said = run("import", tmp_path / "2.json", "--out", tmp_path / "2.yaml", "--force", *words)
        assert said.exit_code == 0 and "carry on" in said.output
        (walk,) = read_yaml((tmp_path / "2.yaml").read_text())["crosswalks"]
        assert walk["from"] == f"{DOCUMENT}@1" and walk["items"] == {A: A, B: B}
    (tmp_path / "s.csv").write_text("subject,unit\nMaths,Counts\n")
    said = run("import", tmp_path / "s.csv", "--out", tmp_path / "s.yaml", "--version", 2)
    assert "does not carry on. Give it with --after" in said.output and "crosswalks" not in read_yaml((tmp_path / "s.yaml").read_text())


def test_publishing_another_version_without_a_crosswalk_says_that_everybody_starts_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert CliRunner().invoke(app, ["init", "--data", str(data), "--setting", "Riverbank"]).exit_code == 0
    for version, source in ((1, FIRST), (2, CHANGED)):
        (tmp_path / f"{version}.json").write_bytes(source)
    assert run("publish", tmp_path / "1.json", "--data", data).exit_code == 0
    run("import", tmp_path / "2.json", "--out", tmp_path / "2.yaml", "--after", f"{DOCUMENT}@1", "--data", data)
    whole = read_yaml((tmp_path / "2.yaml").read_text())
    bare = tmp_path / "bare.yaml"
    bare.write_text(write_yaml({name: part for name, part in whole.items() if name != "crosswalks"} | {"version": 9}))
    assert "starts anew" not in run("publish", tmp_path / "2.yaml", "--data", data).output
    assert "every student starts anew" in run("publish", bare, "--data", data).output


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    house.runner.catch_up()
    with house.browser() as made:
        yield made


def bring(client: TestClient, name: str, raw: bytes, do: str) -> Any:
    opened = client.get("/frameworks/new").text
    fields = {key: unescape(value) for key, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', opened)}
    return client.post("/frameworks/new", data={**fields, "do": do}, files={"file": (name, raw)}, follow_redirects=False)


def test_on_the_page_the_same_document_changed_is_its_next_version_and_no_student_starts_anew(house: House, client: TestClient) -> None:
    assert bring(client, "1.json", FIRST, "publish").status_code == 303
    assert bring(client, "1.json", FIRST, "publish").headers["location"].startswith(f"/frameworks/{DOCUMENT}/1")
    recorded = house.entry("unit-progressed", curriculum={"id": DOCUMENT, "version": 1}, unit=A, status="on-my-own")
    assert [result.status for result in house.record(recorded)] == ["recorded"]
    checked = bring(client, "2.json", CHANGED, "check")
    assert f"Publish {DOCUMENT}@2" in checked.text and "2 of its 3 items carry on" in unescape(checked.text)
    for _ in range(2):
        assert bring(client, "2.json", CHANGED, "publish").headers["location"].startswith(f"/frameworks/{DOCUMENT}/2")
    house.runner.catch_up()
    now = student_curriculum(house.reader, house.student, f"{DOCUMENT}@2", FRIDAY, None)
    assert {unit: state.status for unit, state in now.states.items()} == {A: "on-my-own"}
    assert house.ledger.published.newest(DOCUMENT).version == 2  # type: ignore[union-attr]


def test_on_the_page_a_workbook_is_read_and_its_rows_stand_there_to_be_mended(house: House, client: TestClient) -> None:
    rows = [["title", "Ours"], ["scale seen", "0 = Not yet", "1 = Seen"], ["Ref", "Theme", "Indicator"], [1, "A", "One"], ["Total", 1]]
    page = bring(client, "ours.xlsx", workbook(("S", rows)), "check")
    assert page.status_code == 200 and "Ours is sound as far as it goes" in page.text and "1 row is left out" in page.text
    assert "Ref,Theme,Indicator" in page.text and "adds other rows up" in page.text


def test_on_the_page_a_version_of_ones_own_without_a_crosswalk_says_that_everybody_starts_anew(house: House, client: TestClient) -> None:
    first = read_case(FIRST).authored or {}
    house.ledger.execute(PublishFramework(id=new_id(), setting_id=house.setting, definition=first))
    house.runner.catch_up()
    page = bring(client, "own.yaml", write_yaml({**first, "version": 2}).encode(), "check")
    assert page.status_code == 200 and "every student starts anew" in page.text


# Arbitrary packages ---------------------------------------------------------------------------------------------------

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.sampled_from([A, B, DOCUMENT, "isChildOf", "precedes", "2021-02-30"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["identifier", "uri", "title", "score", "x"]), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(
    st.sampled_from([
        "identifier", "uri", "fullStatement", "abbreviatedStatement", "notes", "educationLevel", "CFItemType", "statusStartDate", "sequenceNumber",
        "associationType", "originNodeURI", "destinationNodeURI", "title", "CFRubricCriteria", "adoptionStatus", "version", "language",
    ]), ANY, max_size=6,
)  # fmt: skip
PARTS = st.lists(FIELDS | ANY, max_size=4)


@settings(max_examples=300, deadline=None)
@given(FIELDS, PARTS, PARTS, PARTS | ANY, ANY)
def test_no_package_makes_the_reader_trace(document: Any, items: Any, links: Any, rubrics: Any, definitions: Any) -> None:
    whole = {"CFDocument": {"identifier": DOCUMENT, **document}, "CFItems": items, "CFAssociations": links, "CFRubrics": rubrics, "CFDefinitions": definitions}
    try:
        intake = read_case(json.dumps(whole).encode())
        assert all(str(fold) for fold in intake.folded()) and intake.summary()
        load_definition(intake.authored or {})
    except DefinitionError as error:
        assert all(error.faults)
