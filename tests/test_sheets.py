"""Sheets as schools keep them: headings anywhere, odd letters, totals, trees by parent, workbooks, and thousands of rows."""

from __future__ import annotations

import csv
import time
import zipfile
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ap_ledger.errors import DefinitionError
from frameworks import Definition, load_definition
from frameworks.exchange.files import read_answers, read_any
from frameworks.exchange.intake import Intake
from frameworks.exchange.sheets import read_sheet
from frameworks.language.letters import looks_misread, mended, tidy
from frameworks.language.parts import Scale, number_in

SEEN = "scale seen,0 = Not yet,1 = Seen\n"


def definition(intake: Intake) -> Definition:
    return load_definition(intake.authored or {})


def labels(intake: Intake) -> list[str]:
    return [item.label for item, _ in definition(intake).walk()]


def tree(intake: Intake) -> dict[str, list[str]]:
    """The words of every thing with those of what it stands under."""
    return {item.id: [one.label for one in above] for item, above in definition(intake).walk()}


def told(intake: Intake) -> list[str]:
    return [str(row) for row in intake.report]


def table(*rows: tuple[str, ...], delimiter: str = ",") -> str:
    out = StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


# Headings -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [
        "Ref,Theme,Indicator", "Ref,Colour,Theme,Indicator", "Nr.,Domain,Behaviour", "#,THEMES,Indicator text",
        "Ref,Area of development,Success criteria", "Year,Our theme,Key indicators",
    ],
)  # fmt: skip
def test_a_heading_row_is_found_wherever_its_names_stand_and_columns_that_are_not_known_are_told(headings: str) -> None:
    width = headings.count(",") + 1
    rows = [",".join(["7"] * (width - 2) + ["Belonging", words]) for words in ("Said hello", "Stayed")]
    intake = read_sheet("\n".join((SEEN + headings, *rows)))
    assert labels(intake) == ["Belonging", "Said hello", "Stayed"]
    first = headings.split(",")[0].strip(":")
    assert any(f"column '{first}'" in said and "left out" in said for said in told(intake))


def test_notes_above_the_headings_are_told_and_no_headings() -> None:
    above = "Goals\nAgreed by the team on 3 September\n,Theme of the year: kindness\nUnit costs are elsewhere,see finance\n\n"
    intake = read_sheet(SEEN + above + "Ref,Theme,Indicator\n1,Belonging,Said hello\n")
    assert labels(intake) == ["Belonging", "Said hello"]
    assert sum("row" in row.where and row.kept for row in intake.report) == 4


def test_a_line_about_the_whole_is_no_heading_although_its_word_is_one() -> None:
    intake = read_sheet("title,Goals\nid,theme\n" + SEEN + "theme,indicator\nA,B\n")
    assert (definition(intake).title, definition(intake).id) == ("Goals", "theme") and labels(intake) == ["A", "B"]


def test_headings_merged_over_several_columns_stand_above_the_names_and_are_left() -> None:
    intake = read_sheet(SEEN + "Curriculum,,,Assessment\nSubject,Strand,Statement,Notes\nMaths,Number,Counts,Use beads\n,,Adds,\n,Shape,Sorts,\n")
    assert definition(intake).kind == "curriculum" and tree(intake)["adds"] == ["Maths", "Number"]
    assert definition(intake).by_id["counts"].notes == "Use beads" and tree(intake)["sorts"] == ["Maths", "Shape"]


def test_headings_that_are_printed_again_on_every_page_are_no_things() -> None:
    intake = read_sheet(SEEN + "Theme,Indicator\nA,One\nTheme,Indicator\nA,Two\nTHEME,Indicator\nB,Three\n")
    assert labels(intake) == ["A", "One", "Two", "B", "Three"]


def test_several_tables_in_one_sheet_are_all_read_each_by_its_own_headings() -> None:
    intake = read_sheet(SEEN + "Theme,Indicator\nA,One\n\nIndicator,Theme,Plain words\nTwo,B,I did two\n")
    assert tree(intake)["two"] == ["B"] and definition(intake).by_id["two"].plain == "I did two"
    assert any("row 5: another table begins here" in said for said in told(intake))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_separators_are_found_also_where_a_line_above_says_which(delimiter: str) -> None:
    rows = table(
        ("scale half", "0 to 1 by 0,5"),
        ("Ref", "Theme", "Indicator"),
        ("1", "A, and more", "One; two | three"),
        delimiter=delimiter,
    )
    for text in (rows, f"sep={delimiter}\n" + rows):
        assert labels(read_sheet(text)) == ["A, and more", "One; two | three"]


# Letters and numbers --------------------------------------------------------------------------------------------------

HIDDEN = ["\u200b", "\u00a0", "\ufeff", "\u00ad", "\u2060", "\u200e", "\u202f", "\u200d", "\u3000"]


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda letter: f"U+{ord(letter):04X}")
def test_invisible_letters_in_headings_and_cells_are_no_part_of_them(hidden: str) -> None:
    inside = hidden if tidy(f"a{hidden}b") == "ab" else ""
    text = f"{hidden}scale{inside} seen,0 = Not yet,1 = Seen{hidden}\n{hidden}theme,indi{inside}cator{hidden}\n{hidden}A,{hidden}Said{hidden} hello{hidden}\n"
    assert labels(read_sheet(text)) == ["A", "Said hello"] and definition(read_sheet(text)).default_scale == "seen"


def test_joiners_stay_where_they_change_the_letters_beside_them() -> None:
    assert tidy("a\u200db") == "ab" and tidy("क\u094d\u200dष") == "क\u094d\u200dष" and tidy("👩\u200d💻") == "👩\u200d💻"


def misread(text: str) -> str:
    """A text as a program leaves it that took UTF-8 for Windows letters."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("words", ["Café", "don’t — “yes”", "Tŷ bach", "naïve à la carte", "Привет", "日本語", "😀 done", "Señor"])
@pytest.mark.parametrize("times", [1, 2])
def test_text_read_twice_as_windows_letters_is_mended_and_told(words: str, times: int) -> None:
    spoiled = misread(misread(words) if times == 2 else words)
    assert mended(spoiled) == words and mended(words) == words
    intake = read_sheet((SEEN + f"theme,indicator\nA,{spoiled}\n").encode())
    assert labels(intake) == ["A", words] and any("read as Windows letters and saved again" in said for said in told(intake))


@pytest.mark.parametrize("words", ["“MENÜ”", "CAFÉ™", "“…café…”", "SÃO", "«Â»", "Łódź", "100 °C"])
def test_words_that_only_look_a_little_like_it_are_left_as_they_are(words: str) -> None:
    assert mended(words) == words


def test_what_cannot_be_mended_and_letters_that_were_lost_are_told_by_row() -> None:
    intake = read_sheet(SEEN + "theme,indicator\nA,“CafÃ© and ñ”\nA,Caf\ufffd\n")
    assert looks_misread("“CafÃ© and ñ”") and any("row 3: some letters look as if" in said for said in told(intake))
    assert any("row 4: a letter was lost" in said for said in told(intake))


def test_text_in_utf_16_is_read_with_a_mark_and_without() -> None:
    sheet = SEEN + "theme,indicator\nLlanfair,Tŷ bach\n"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"):
        assert labels(read_sheet(sheet.encode(encoding))) == ["Llanfair", "Tŷ bach"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("0,5", 0.5), ("0.5", 0.5), ("-1,25", -1.25), ("−2", -2), ("3,0", 3), ("1,234", None), ("0,125", 0.125), ("1,2,3", None), ("1_000", None), ("1.5,2", None)],
)  # fmt: skip
def test_a_comma_is_a_decimal_mark_where_it_can_be_nothing_else(text: str, number: float | None) -> None:
    assert number_in(text) == number


def test_scales_and_answers_may_be_written_with_a_decimal_comma(tmp_path: Any) -> None:
    intake = read_sheet("scale half;0 to 1 by 0,5\nscale quarter;0 = Not yet;0,25 = A little;1 = All\ntheme;indicator;scale\nA;One;half\n;Two;quarter\n")
    made = definition(intake)
    assert made.scored["one"].step == 0.5 and [level.value for level in made.scored["two"].levels] == [0, 0.25, 1]
    assert made.scored["one"].read("0,5") == 0.5 and made.scored["two"].read("0,25") == 0.25
    path = tmp_path / "answers.csv"
    path.write_text("item;answer\none;0,5\ntwo;0,25\n")
    assert read_answers(path)[0] == {"one": 0.5, "two": 0.25}
    assert Scale(id="x", type="text").read("0,5") == "0,5"
    (tmp_path / "answers.xlsx").write_bytes(workbook(("S", [["item", "answer"], ["one", 0.5], ["two", 0.25]])))
    assert read_answers(tmp_path / "answers.xlsx")[0] == {"one": 0.5, "two": 0.25}


# Quotes and totals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        'A,First,a1\nA,"Second,a2\nA,Third,a3\nA,Fourth,a4\n',
        'A,First,a1\nA,"Second,a2\nA,"Third",a3\nA,Fourth,"a4"\n',
        'A,First,a1\n"A,Second,a2\nA,Third,"a3"\nA,Fourth,a4\n',
        'A,First,a1\nA,Second,"a2\nA,"Third",""\n,Fourth,a4\n',
    ],
)
def test_a_quote_that_is_never_closed_is_told_with_its_row_and_swallows_nothing(rows: str) -> None:
    intake = read_sheet(SEEN + "theme,indicator,id\n" + rows)
    assert labels(intake) == ["A", "First", "Second", "Third", "Fourth"]
    assert [row.row for row in intake.report if "never closed" in row.said] == [4]


def test_quotes_that_close_and_quotes_that_were_forgotten_to_be_doubled_are_read_as_they_were_meant() -> None:
    rows = 'A,"One, two"\nA,"Said ""hello"""\nA,"Said "hello" again"\nA,"Two\nlines"\nA,A 5" pipe\n'
    assert labels(read_sheet(SEEN + "theme,indicator\n" + rows)) == [
        "A",
        "One, two",
        'Said "hello"',
        'Said "hello" again',
        "Two lines",
        'A 5" pipe',
    ]


def test_a_cell_that_runs_over_lines_that_look_like_rows_is_told() -> None:
    intake = read_sheet(SEEN + 'theme,indicator,id\nA,"Second,a2\nA,Third,a3\nA,Fourth",a4\nA,Fifth,a5\n')
    assert any(row.row == 3 and "look like rows of their own" in row.said for row in intake.report)


@pytest.mark.parametrize(
    "row",
    [
        "Total,1",
        "Totals:,2",
        "Grand total,,2",
        "TOTAL,",
        ",Total,12",
        "Sub-total,3",
        "Average,0.5",
        "Summe;",
        "Insgesamt,1",
        "A,Total",
    ],
)
def test_a_row_that_adds_others_up_is_told_and_is_no_thing(row: str) -> None:
    intake = read_sheet(SEEN + f"theme,indicator,code\nA,First,\n{row}\nB,Second,\n".replace(";", ","))
    assert labels(intake) == ["A", "First", "B", "Second"]
    assert [found.row for found in intake.report if "adds other rows up" in found.said and not found.kept] == [4]


def test_words_that_only_begin_like_a_total_are_things() -> None:
    intake = read_sheet(SEEN + "theme,indicator\nTotal communication,Signs more\nA,Counts to ten\nTotal,Said hello\nA,12\n")
    assert labels(intake) == ["Total communication", "Signs more", "A", "Counts to ten", "12", "Total", "Said hello"]
    assert any("'12' is only a number" in said for said in told(intake))


# Levels ---------------------------------------------------------------------------------------------------------------


def test_a_statement_bank_is_a_curriculum_and_the_same_words_on_another_level_are_another_unit() -> None:
    intake = read_sheet("Subject,Strand,Level,Statement\nMaths,Number,P4,Joins in number rhymes\nMaths,Number,P5,Joins in number rhymes\n")
    made = definition(intake)
    assert made.kind == "curriculum" and [made.by_id[unit].level for unit in made.scored] == ["P4", "P5"]
    assert [made.labels[unit] for unit in made.scored] == ["Joins in number rhymes (P4)", "Joins in number rhymes (P5)"]
    assert any("the scale: no scale is written" in said for said in told(intake)), "a scale that nobody wrote is told"


@pytest.mark.parametrize("name", ["Level", "Stage", "Year group", "Key Stage", "Band", "Education Level", "P scale"])
def test_an_id_keeps_its_level_whatever_stands_in_the_rows_before_it(name: str) -> None:
    both, one = ("Subject,Statement," + name + "\n" + "\n".join(rows) for rows in (("Maths,Counts,P4", "Maths,Counts,P5"), ("Maths,Counts,P5",)))
    first, later = definition(read_sheet(both)), definition(read_sheet(one))
    assert list(first.scored) == ["counts-p4", "counts-p5"] and list(later.scored) == ["counts-p5"]


def test_a_level_left_empty_at_the_left_is_that_of_the_row_above_and_at_the_right_it_is_none() -> None:
    left = definition(read_sheet("Subject,Level,Statement\nMaths,P4,Counts\n,,Sorts\n,P5,Adds\nArt,,Draws\n"))
    assert [left.by_id[unit].level for unit in left.scored] == ["P4", "P4", "P5", None]
    right = definition(read_sheet("Subject,Statement,Level\nMaths,Counts,P4\n,Sorts,\n"))
    assert [right.by_id[unit].level for unit in right.scored] == ["P4", None]


def test_what_is_scored_stands_below_its_subject_and_strand_wherever_their_columns_stand() -> None:
    usual = definition(read_sheet("Subject,Strand,Level,Statement\nMaths,Number,P4,Counts\nMaths,Shape,P4,Sorts\n"))
    for rows in (
        "Statement,Level,Subject,Strand\nCounts,P4,Maths,Number\nSorts,P4,Maths,Shape\n",
        "Strand,Statement,Subject,Stage\nNumber,Counts,Maths,P4\nShape,Sorts,Maths,P4\n",
    ):
        intake = read_sheet(rows)
        assert definition(intake).items == usual.items and any("read in this order: subject, strand, statement" in said for said in told(intake))


def test_comes_after_finds_the_same_words_on_its_own_level() -> None:
    made = definition(read_sheet("Subject,Level,Statement,Comes after\nMaths,P4,Sorts,\n,P4,Counts,Sorts\n,P5,Sorts,\n,P5,Counts,Sorts\n"))
    assert made.priors["counts-p4"] == {"sorts-p4"} and made.priors["counts-p5"] == {"sorts-p5"}


# Trees by parent ------------------------------------------------------------------------------------------------------

PARENTS = ["Is Child Of", "IsChildOf", "Parent", "Parent ID", "parentIdentifier", "Parent ID number"]


@pytest.mark.parametrize("parent", PARENTS)
def test_id_and_parent_make_a_tree_in_whatever_order_the_rows_and_columns_stand(parent: str) -> None:
    rows = [("M1", "Counts to five", "M.1", "M"), ("M", "Maths", "M", ""), ("M1a", "Counts to two", "M.1.a", "M.1")]
    for names in (("Identifier", "Full Statement", "Human Coding Scheme", parent), ("ID", "Statement", "Code", parent)):
        for turn in (1, -1):
            intake = read_sheet(table(*[row[::turn] for row in (names, *rows)]))
            assert tree(intake) == {"m": [], "m1": ["Maths"], "m1a": ["Maths", "Counts to five"]}
            assert definition(intake).kind == "curriculum" and definition(intake).by_id["m1"].code == "M.1"


def test_orphans_circles_and_doubles_are_told_by_row() -> None:
    rows = "id,name,parent\na,A,\nb,B,z\nc,C,d\nd,D,c\ne,E,e\na,Again,\na,A,\nf,,a\ng,G,A\nTotal,Total,\n"
    intake = read_sheet(rows)
    by_row = {row.row: row.said for row in intake.report if row.row}
    assert {number: by_row[number].split(";")[0] for number in by_row} == {
        3: "'z', which it names as what it is a part of, is in no row", 4: "'C' would stand under itself", 6: "'e', which it names as what it is a part of, is the row itself",
        7: "its identifier is that of row 2, with other words", 8: "its identifier is that of row 2", 9: "it has no words", 11: "'Total' adds other rows up",
    }  # fmt: skip
    assert tree(intake) == {"a": [], "g": ["A"], "b": [], "c": [], "d": ["C"], "e": []}


def test_a_parent_may_be_named_by_its_id_its_code_or_its_words() -> None:
    rows = "Ref,Code,Name,Parent\n1,M,Maths,\n2,M.1,Number,{}\n"
    for parent in ("M", "Maths", "maths"):
        assert list(tree(read_sheet(rows.format(parent))).values()) == [[], ["Maths"]]


def test_where_no_row_names_its_parent_the_codes_make_the_tree_and_that_is_told() -> None:
    intake = read_sheet("Identifier,fullStatement,HumanCodingScheme,Is Child Of\n,All,A,\n,One,A.B,\n,Two,A.B.C,\n,Three,A.X.Y,\n,Other,Z,\n")
    assert tree(intake) == {"a": [], "a-b": ["All"], "a-b-c": ["All", "One"], "a-x-y": ["All"], "z": []}
    assert any("made from their codes" in said for said in told(intake))


def test_case_as_csv_comes_in_with_its_identifiers_levels_types_and_notes() -> None:
    one, two = "38ce84d0-87de-4937-b030-b1f1eab03ce0", "de5aa87c-c344-4a36-ae61-498b083a324b"
    names = (
        "Identifier",
        "Full Statement",
        "Human Coding Scheme",
        "Abbreviated Statement",
        "Concept Keywords",
        "Notes",
        "Education Level",
        "CF Item Type",
        "Is Child Of",
        "Sequence Number",
    )
    rows = [
        (two.upper(), "States of perceiving oneself", "H.SK.2", "", "self", "Ask first", "06,07", "Standard", "H.SK", "2"),
        ("9b88ba69-d07e-4ff0-92f5-8bec2b056a85", "Knows own interests", "H.SK.1", "", "", "", "", "", one, "1"),
        (one, "Perceptions of one's own abilities", "H.SK", "Self-Knowledge", "", "", "", "", "", "1"),
    ]  # fmt: skip
    intake = read_sheet(table(("#title", "Careers"), ("#adoption_status", "Draft"), ("#license", "CC BY 4.0"), names, *rows))
    made = definition(intake)
    assert list(made.by_id) == [one, "9b88ba69-d07e-4ff0-92f5-8bec2b056a85", two] and made.title == "Careers" and intake.stable
    item = made.by_id[two]
    assert (item.level, item.type, item.notes, item.code) == ("06,07", "Standard", "Ask first", "H.SK.2")
    assert (made.by_id[one].label, made.by_id[one].detail) == ("Self-Knowledge", "Perceptions of one's own abilities")
    assert made.origin is not None and made.origin.status == "draft" and made.licence.name == "CC BY 4.0"
    assert any("column 'Concept Keywords'" in said for said in told(intake))


MOODLE = ("Parent ID number", "ID number", "Short name", "Description", "Description format", "Scale values", "Scale configuration", "Rule type (optional)", "Rule outcome (optional)",
          "Rule config (optional)", "Cross-referenced competency ID numbers", "Exported ID (optional)", "Is framework", "Taxonomy")  # fmt: skip


def test_a_competency_framework_of_moodle_comes_in_with_its_scale_and_its_title() -> None:
    config = '[{"scaleid":"2"},{"id":1,"scaledefault":1,"proficient":0},{"id":2,"scaledefault":0,"proficient":1},{"id":3,"scaledefault":0,"proficient":1}]'
    rows = [
        (
            "",
            "DL",
            "Digital life",
            "<p>For &amp; by <b>us</b></p>",
            "1",
            "Not yet,Competent,Expert",
            config,
            "",
            "",
            "",
            "",
            "1",
            "1",
            "domain,skill",
        ),
        ("C1", "C1.1", "Logs in", "<p>With a password</p>", "1", "", "", "", "", "", "C2", "3", "", ""),
        ("", "C1", "Safe", "", "1", "", "", r"core_competency\competency_rule_all", "1", "null", "", "2", "", ""),
        ("DL", "C2", "Kind online", "", "1", "No,Yes", "", "", "", "", "", "4", "", ""),
    ]
    intake = read_sheet(table(MOODLE, *rows))
    made = definition(intake)
    assert (made.id, made.title, made.summary, made.kind) == ("dl", "Digital life", "For & by us", "curriculum")
    assert tree(intake) == {"c1": [], "c1.1": ["Safe"], "c2": []} and made.by_id["c1.1"].detail == "With a password"
    assert made.scored["c1.1"].secure == {"competent", "expert"} and [level.label for level in made.scored["c2"].levels] == ["No", "Yes"]
    assert (made.by_id["c1"].type, made.by_id["c1.1"].type) == ("Domain", "Skill")
    assert [row.where for row in intake.report] == ["column 'Rule type (optional)'", "column 'Rule outcome (optional)'", "column 'Rule config (optional)'", "column 'Cross-referenced competency ID numbers'", "column 'Exported ID (optional)'"]  # fmt: skip


def test_a_tree_that_is_too_deep_is_refused_at_once() -> None:
    rows = "".join(f"n{number},N,n{number + 1}\n" for number in range(5000))
    began = time.thread_time()
    with pytest.raises(DefinitionError, match="deeper than"):
        read_sheet("id,name,parent\n" + rows + "n5000,N,\n")
    assert time.thread_time() - began < 2


# Workbooks ------------------------------------------------------------------------------------------------------------


def workbook(*sheets: tuple[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> bytes:
    book, out = Workbook(), BytesIO()
    assert book.active is not None
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    book.save(out)
    return out.getvalue()


HALF = [["scale half", "0 to 1 by 0.5"], []]


def test_a_workbook_reads_like_the_same_rows_as_text_whatever_its_name() -> None:
    rows = [
        ["Ref", "Theme", "Indicator", "code"],
        [1, "Belong\u200bing", "Said hello", 1.0],
        [2, None, "Stayed", 0.1 + 0.2],
        [None, "Total", 2, None],
    ]
    intake = read_any(workbook(("Sheet1", HALF + rows)), "ours.csv")
    made = definition(intake)
    assert labels(intake) == ["Belonging", "Said hello", "Stayed"] and made.scored["stayed"].step == 0.5
    assert (made.by_id["said-hello"].code, made.by_id["stayed"].code) == ("1", "0.3")
    assert [row.row for row in intake.report if not row.kept] == [6] and intake.table[4] == [
        "1",
        "Belonging",
        "Said hello",
        "1",
    ]
    assert intake.source is not None and read_sheet(intake.source, "ours").authored == intake.authored


def test_every_sheet_that_has_headings_is_read_and_the_others_are_told() -> None:
    maths, english = (
        [["Subject", "Statement"], ["Maths", "Counts"]],
        [["Our list"], ["Statement", "Subject"], ["x", "y"], ["Total", 1]],
    )
    raw = workbook(
        ("Maths", maths),
        ("Read me", [["Fill this in by Friday"]]),
        ("English", english),
        ("Lists", maths),
        ("Empty", []),
        hidden=("Lists",),
    )
    intake = read_any(raw, "bank.xlsx")
    assert {"counts", "x"} <= set(definition(intake).scored)
    assert {row.where: row.kept for row in intake.report if row.where not in ("the scale", "the columns")} == {
        "sheet 'Lists'": True, "sheet 'Read me'": False, "sheet 'English', row 1": True, "sheet 'English', row 4": False,
    }  # fmt: skip


def test_dates_faults_and_formulas_in_a_workbook_are_told() -> None:
    rows = [
        ["Theme", "Indicator", "Code"],
        ["A", "One", date(2026, 4, 3)],
        ["A", "Two", "#REF!"],
        ["A", '="Th"&"ree"', None],
        ["A", "Four", True],
    ]
    intake = read_any(workbook(("S", [["scale seen", "0 = Not yet", "1 = Seen"], *rows])), "x.xlsx")
    assert labels(intake) == ["A", "One", "Two", "Four"] and definition(intake).by_id["one"].code == "2026-04-03"
    by_row = {row.row: row.said for row in intake.report if row.kept}
    assert "is a date" in by_row[3] and "#REF!" in by_row[4] and "never worked out" in by_row[5]


def spoiled(raw: bytes, name: str, change: Any) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            content = before.read(part)
            after.writestr(part, change(content) if part == name else content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
GOOD = workbook(("S", [["theme", "indicator"], ["A", "B"]]))
FAR = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row></sheetData>'
TRAPS: dict[str, tuple[Any, str]] = {
    "bomb": (lambda: spoiled(GOOD, SHEET, lambda content: content + b" " * 110_000_000), "over 100 MB"),
    "entities": (
        lambda: spoiled(GOOD, SHEET, lambda content: b'<!DOCTYPE x [<!ENTITY a "b">]>' + content),
        "definitions of XML of its own",
    ),
    "cut": (lambda: spoiled(GOOD, SHEET, lambda content: content[: len(content) // 2]), "cannot be read"),
    "no sheets": (
        lambda: spoiled(GOOD, "xl/workbook.xml", lambda content: b"<x/>"),
        "cannot be read|names the columns",
    ),
    "half": (lambda: GOOD[: len(GOOD) // 2], "a zip file"),
    "no headings": (lambda: workbook(("S", [["one"], ["two"]])), "no row names the columns"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_workbook_that_is_damaged_or_a_trap_is_refused_in_a_sentence(name: str) -> None:
    made, words = TRAPS[name]
    raw = made()
    began = time.thread_time()
    with pytest.raises(DefinitionError, match=words):
        read_any(raw, "x.xlsx")
    assert time.thread_time() - began < 2


def test_one_cell_at_the_far_end_of_a_sheet_costs_nothing() -> None:
    began = time.thread_time()
    raw = spoiled(GOOD, SHEET, lambda content: content.replace(b"</sheetData>", FAR))
    assert labels(read_any(raw, "x.xlsx")) == ["A", "B"] and time.thread_time() - began < 5


# Large and arbitrary --------------------------------------------------------------------------------------------------


def many(rows: int) -> list[list[str]]:
    return [["Ref", "Subject", "Strand", "Level", "Statement"]] + [
        [
            str(number),
            f"Subject {number // 1000}",
            f"Strand {number // 100}",
            f"P{number % 9}",
            f"Does thing {number} “well”",
        ]
        for number in range(rows)
    ]


def test_a_sheet_of_five_thousand_rows_comes_in_within_seconds_as_text_and_as_a_workbook() -> None:
    rows = many(5000)
    linked = [
        ["id", "name", "parent"],
        *([f"n{number}", f"Does {number}", f"n{number // 10}" if number else ""] for number in range(5000)),
    ]
    for raw in (table(*map(tuple, rows)).encode(), workbook(("S", rows)), table(*map(tuple, linked)).encode()):
        began = time.thread_time()
        made = definition(read_any(raw, "bank.csv"))
        assert len(made.scored) >= 4500 and time.thread_time() - began < 10


def test_many_rows_whose_words_give_the_same_id_cost_no_more_than_others() -> None:
    rows = "theme,indicator\nid,x\n" + "".join(f"A,One{chr(0x4E00 + number)}\n" for number in range(10_000))
    began = time.thread_time()
    made = read_sheet(rows)
    assert len(made.rows) == 10_003 and time.thread_time() - began < 10


CELLS = st.one_of(
    st.sampled_from(
        [
            "theme",
            "indicator",
            "Statement",
            "Level",
            "id",
            "parent",
            "name",
            "Total",
            "a",
            "b",
            '"',
            '""',
            "",
            "1",
            "0,5",
            "P4",
            "scale x",
            "Â©",
            "\u200b",
        ]
    ),
    st.text(max_size=12),
)
SHEETS = st.lists(st.lists(CELLS, max_size=6), max_size=12)
TEXTS = SHEETS.map(lambda rows: "\n".join(",".join(cells) for cells in rows))
HEADINGS = st.sampled_from(
    [
        "theme,indicator,level\n",
        "id,name,parent,level\n",
        "Ref,Subject,Level,Statement,Comes after\n",
        ",".join(MOODLE) + "\n",
        "",
    ]
)
fuzz = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def survives(raw: bytes | str) -> None:
    """Whatever comes in, the answer is a report or a sentence, and what is read can be judged."""
    try:
        intake = read_any(raw, "x.csv") if isinstance(raw, bytes) else read_sheet(raw)
        assert intake.summary() and all(str(fold) for fold in intake.folded())
        load_definition(intake.authored or {})
    except DefinitionError as error:
        assert all(error.faults)


@fuzz
@given(HEADINGS, TEXTS, st.sampled_from([",", ";", "\t"]))
def test_no_sheet_makes_the_reader_trace(headings: str, text: str, separator: str) -> None:
    survives((headings + text).replace(",", separator))


@fuzz
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"theme,indicator\n", b"\xff\xfe", b"PK\x03\x04", b"{", b'{"CFDocument":{"identifier":"x"},']),
)
def test_no_bytes_make_the_reader_trace(raw: bytes, head: bytes) -> None:
    survives(head + raw)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_damaged_workbook_makes_the_reader_trace(place: int, byte: int) -> None:
    survives(GOOD[:place] + bytes([byte]) + GOOD[place + 1 :])
