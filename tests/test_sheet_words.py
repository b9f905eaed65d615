"""The words of a sheet: which of them name its columns, and which of its rows only add others up."""

from __future__ import annotations

import pytest

from frameworks.exchange.headings import heading_in
from frameworks.exchange.sheets import read_sheet
from tests.test_sheets import SEEN, definition, labels, told, tree

# Headings of several words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "means"),
    [
        ("Assessment statement", "statement"),
        ("Key statement", "statement"),
        ("Curriculum area", "area"),
        ("Key performance indicators", "indicator"),
        ("Level descriptor", "statement"),
        ("Statement text", "statement"),
        ("Statement of need", "statement"),
        ("Statement (short)", "statement"),
        ("Curriculum statement wording", "statement"),
        ("Strand statement", "strand"),
        ("Learning area name", "area"),
        ("Attainment targets", "strand"),
        ("Assessment level", "level"),
        ("Our school's goals", "goal"),
        ("\uff34\uff48\uff45\uff4d\uff45", "theme"),
        ("\uff21ssessment\u3000\uff53tatement", "statement"),
    ],
)
def test_a_name_is_found_among_the_words_that_may_stand_beside_it(heading: str, means: str) -> None:
    found = heading_in(heading)
    assert found is not None and found.means == means


@pytest.mark.parametrize("heading", ["Next steps", "Target date", "Date of statement", "School ID", "Statement number"])
def test_words_that_make_something_else_of_a_name_are_no_heading(heading: str) -> None:
    assert heading_in(heading) is None


@pytest.mark.parametrize("statement", ["Assessment statement", "Key statement", "Assessment criteria", "Statement"])
@pytest.mark.parametrize("area", ["Strand", "Curriculum area", "Area of learning"])
def test_a_statement_bank_is_read_whatever_its_columns_are_called_in_full(area: str, statement: str) -> None:
    intake = read_sheet(f"{area},{statement},Level\nNumber,Joins in,P4\nNumber,Joins in,P5\n")
    assert list(tree(intake).values()) == [[], ["Number"], ["Number"]]
    assert [item.level for item, above in definition(intake).walk() if above] == ["P4", "P5"]
    assert not any("column" in line for line in told(intake))


def test_a_level_between_the_area_and_the_statement_is_not_lost() -> None:
    intake = read_sheet("Curriculum area,Attainment target,Band,Assessment statement\nMaths,Number,B1,Joins in\n")
    assert list(tree(intake).values()) == [[], ["Maths"], ["Maths", "Number"]]


def test_wide_letters_are_compared_as_usual_ones_and_kept_as_they_were_written() -> None:
    wide = "\uff53\uff43\uff41\uff4c\uff45 seen,0 = Not yet,1 = Seen\n"
    heads = "\uff34\uff48\uff45\uff4d\uff45,\uff29ndicator,\uff52\uff45\uff56\uff45\uff52\uff53\uff45\n"
    intake = read_sheet(wide + heads + "\uff21\uff22,First,\uff59\uff45\uff53\n")
    assert labels(intake) == ["\uff21\uff22", "First"] and definition(intake).by_id["first"].reverse


# Rows that add others up ----------------------------------------------------------------------------------------------


def left_out(text: str) -> list[int | None]:
    """The rows that were told to add others up."""
    return [row.row for row in read_sheet(text).report if "adds other rows up" in row.said and not row.kept]


@pytest.mark.parametrize(
    "row",
    [
        "Total score,1", "Total for A,1", "Max score,2", "Maximum,2", "TOTAL (out of 4),3", "Percentage,50%", "Std dev,",
        "Std. dev.,0.5", "Total:,", "N =,5", "Mean,,3", ",Sum,,2", "Average score,0.5", "Total marks available,4", "%,50%",
        "Median,3", "Grand total,,4", "Total number of items,4", "Final score,5", "Overall,3", "Subtotal A,3", ",A total,,1", ",Total A,,1",
        ",Total for A,1", "Number of pupils,12", "\uff34\uff4f\uff54\uff41\uff4c,3", "Count,3",
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", ["B,Second,,\n", ""])
def test_a_row_is_a_total_by_its_words_and_by_how_it_stands(row: str, after: str) -> None:
    text = SEEN + f"theme,indicator,marks\nA,First,\n{row}\n{after}"
    assert left_out(text) == [4]
    assert labels(read_sheet(text)) == ["A", "First", *(["B", "Second"] if after else [])]


def test_several_rows_that_add_up_are_each_named() -> None:
    intake = read_sheet(SEEN + "theme,indicator\nA,First\nTotal score,1\nMax score,2\nPercentage,50%\nStd dev,\n")
    assert labels(intake) == ["A", "First"]
    (fold,) = [str(fold) for fold in intake.folded() if "adds other rows up" in str(fold)]
    assert all(f"'{name}'" in fold for name in ("Total score", "Max score", "Percentage", "Std dev"))


@pytest.mark.parametrize("name", ["Count", "Mean", "Average", "Range", "Sum", "Percentage", "Total for a bill"])
@pytest.mark.parametrize("rest", [",", ",P4", ",4"])
def test_what_is_learnt_keeps_its_row_although_it_is_called_like_a_sum(name: str, rest: str) -> None:
    for rows in (f"Number,{name}{rest}\nNumber,Sorts,\n", f"Number,Sorts,\nNumber,{name}{rest}\nShape,Stacks,\n"):
        text = "Strand,Statement,Level\n" + rows
        assert left_out(text) == [] and name in labels(read_sheet(text))


def test_statistics_that_are_learnt_are_things_also_where_marks_stand_beside_them() -> None:
    learnt = "Statistics,Mean,1,0\n,Median,1,1\n,Range,0,0\nShape,Sorts,1,1\n"
    text = f"Strand,Statement,Ash,Kit\n{learnt},Total,3,2\nMean,,1.5,1\n"
    assert left_out(text) == [6, 7]
    assert labels(read_sheet(text)) == ["Statistics", "Mean", "Median", "Range", "Shape", "Sorts"]


def test_a_number_where_a_step_stands_makes_no_sum_of_what_is_learnt() -> None:
    text = "Strand,Statement,Step\nNumber,Count,1\nNumber,Count,2\nNumber,Sorts,1\n"
    assert left_out(text) == [] and "Count" in labels(read_sheet(text))


def test_a_heading_with_things_below_it_is_no_sum() -> None:
    text = SEEN + "theme,indicator\nCount,\n,Counts to 5\n,Counts to 10\nTotal,Said hello\n"
    assert left_out(text) == [] and labels(read_sheet(text))[0] == "Count"


def test_a_row_with_an_id_or_with_what_it_is_a_part_of_is_a_thing() -> None:
    assert left_out(SEEN + "theme,indicator,id\nA,First,a1\nA,Total,a2\n") == []
    rows = "id,name,parent,marks\nm,Maths,,\nc,Count,m,4\nt,Total,m,3\n,Total,,7\n,Mean,,3.5\n"
    assert left_out(rows) == [5, 6] and labels(read_sheet(rows)) == ["Maths", "Count", "Total"]
