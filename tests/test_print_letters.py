"""Names and words print in the letters in which they were written, and a long one breaks instead of being cut off."""

from __future__ import annotations

import io
from collections import Counter
from itertools import pairwise
from typing import Any

import pikepdf
import plotly.graph_objects as go
import pytest

from reports.blocks import Banner, Column, FigureBlock, Quote, Shown, Table
from reports.disclosure import Report
from reports.figures import Figure
from reports.pdf import _printed, as_pdf
from reports.printable import BREAK_HERE, breakable, needs_script_fonts, printable, prints, reads_right_to_left

NAMES = {
    "Cyrillic": "Ганна Коваль", "Arabic": "محمد الأحمد", "Persian": "علی‌رضا", "Hebrew": "נועה כהן", "Devanagari": "हिमानी शर्मा",
    "Chinese": "王小明", "Vietnamese": "Nguyễn Thị Ánh", "Gurmukhi": "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "Bengali": "তানভীর", "Gujarati": "ગીતા",
    "Tamil": "தமிழ்", "Sinhala": "සමන්", "Ethiopic": "ሰላም", "Georgian": "გიორგი", "Armenian": "Արամ", "Thai": "สมชาย",
    "Korean": "김민준", "Japanese": "はなこ", "Telugu": "తెలుగు రావు", "Kannada": "ಅನನ್ಯ ಶೆಟ್ಟಿ", "Malayalam": "അനന്യ നായർ", "Burmese": "မြန်မာ အောင်", "Khmer": "ខ្មែរ សុខ",
    "Lao": "ປະເທດ ລາວ", "Tibetan": "ཀརྨ བསྟན", "Cherokee": "ᏣᎳᎩ", "Javanese": "ꦗꦮ", "Odia": "ଓଡ଼ିଆ", "Greek": "Ξένια", "Turkish": "Çağrı", "Yoruba": "Ọlá",
}  # fmt: skip
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3


def report(name: str) -> Report:
    chart = Figure("Chart", f"About {name}", go.Figure(go.Bar(x=[name], y=[1])), ("Who", "Times"), [(name, 1)])
    table = Table("t", "Everybody", [Column("student", "Student"), *(Column(f"c{n}", "Sessions") for n in range(8))], [[Shown(name), *[Shown("1")] * 8]])
    return Report(f"Contact of {name}", "made", "en", "internal", [Banner(f"Contact of {name}", name), Quote(name, name), table, FigureBlock(chart)], {})


def fonts_in(pdf: bytes) -> set[str]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found: list[Any] = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font"]
        return {str(font.BaseFont).partition("+")[2] for font in found if "/BaseFont" in font}


@pytest.mark.parametrize("script", NAMES)
def test_a_name_prints_in_its_own_letters(script: str) -> None:
    name = NAMES[script]
    assert printable(name) == name
    assert as_pdf(report(name)).startswith(b"%PDF")


def test_only_the_letters_that_are_needed_are_embedded() -> None:
    assert all("Atkinson" in font for font in fonts_in(as_pdf(report("Ash H"))))
    chinese = as_pdf(report(NAMES["Chinese"]))
    assert any("NotoSansSC" in font for font in fonts_in(chinese)) and not any("Arabic" in font for font in fonts_in(chinese))
    assert len(chinese) < 200_000


def test_words_read_from_the_right_are_set_from_the_right() -> None:
    assert reads_right_to_left("«شكرا» said Ash") and reads_right_to_left("12 תודה") and not reads_right_to_left("Ash said شكرا")
    assert not reads_right_to_left("12")


def test_signs_that_no_font_has_are_said_in_words() -> None:
    assert printable("good 🙂") == "good [slightly smiling face]"
    assert printable("a\x00b\u202ec") == "abc"
    assert printable("𝒜lex ❤\ufe0f") == "Alex [heavy black heart]"


@pytest.mark.parametrize("name", ["𠮷野 𠮷", "𐓏𐓘𐓻𐓘𐓻𐓟 𐒻𐓟", "ⵜ\U00011d00\U00011d31"])
def test_words_that_no_font_can_print_are_never_spelt_out(name: str) -> None:
    assert not prints(name) and printable(f"with {name} today") == "with [not printable] today"
    assert printable(f"with {name} today", {name: "Student 0c0001"}) == "with Student 0c0001 today"


def test_no_mark_of_a_name_is_lost_in_silence() -> None:
    assert printable("N\u0308oel Adébo\u0323\u0300wálé") == "N\u0308oel Adéb\u1ecd\u0300wálé"
    assert printable("A\U0001e2ecb") == "[not printable]"


def test_two_names_that_cannot_be_printed_are_told_apart_and_it_is_said() -> None:
    names = {"𠮷野": "Student 0c0001", "𠮷川": "Student 0c0002"}
    table = Table("t", "Everybody", [Column("student", "Student")], [[Shown(name)] for name in names])
    blocks = [_printed(Report("Of 𠮷野", "made", "en", "internal", [table], {}, held))["blocks"] for held in (names, {})]
    assert blocks[0][0]["rows"] == [["Student 0c0001"], ["Student 0c0002"]] and "cannot be printed here" in blocks[0][-1]["text"]
    assert blocks[1][0]["rows"] == [["[not printable]"], ["[not printable]"]] and "cannot be printed here" in blocks[1][-1]["text"]
    assert as_pdf(Report("Of 𠮷野", "made", "en", "internal", [Banner("x", "y"), table], {}, names)).startswith(b"%PDF")


def test_a_word_too_long_for_a_column_may_be_broken_and_reads_the_same() -> None:
    assert BREAK_HERE in breakable(LONG) and breakable(LONG).replace(BREAK_HERE, "") == LONG
    assert breakable("Ash said hello again") == "Ash said hello again"
    assert breakable("Bartholomew-Featherstone") == f"Bartholomew-{BREAK_HERE}Featherstone"
    assert BREAK_HERE not in breakable("क़" * 9) and not needs_script_fonts([breakable(LONG)])


def lines_from_the_left(pdf: bytes) -> tuple[list[float], float]:
    """Where every line of words on the first page begins, and how wide the page is."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        page = opened.pages[0]
        moves = [op for op in pikepdf.parse_content_stream(page) if str(op.operator) in ("cm", "Tm")]
        places = [float(move.operands[4]) for move, after in pairwise(moves) if str(move.operator) == "cm" and str(after.operator) == "Tm"]
        return places, float(page.mediabox[2])


@pytest.mark.parametrize("name", ["🙂" * 9, "അനന്യ നായർ" * 4, "W" * 18, "Featherstonehaugh Cholmondeley", "𠮷野" * 20, LONG])
def test_no_name_takes_the_room_of_the_other_columns(name: str) -> None:
    heads = [Column("student", "Student"), *(Column(f"c{n}", f"C{n}") for n in range(10))]
    table = Table("t", "Everybody", heads, [[Shown(one), *[Shown("1")] * 10] for one in (name, "Ash H", f"{name} S")])
    places, width = lines_from_the_left(as_pdf(Report("r", "made", "en", "internal", [Banner("r", "x"), table], {})))
    starts = sorted(x for x, times in Counter(map(round, places)).items() if times >= 4)[-10:]
    assert len(starts) == 10, "every other column begins at one place, in the heading and in every row"
    assert min(b - a for a, b in pairwise(starts)) > 50 and starts[0] < width / 4 and starts[-1] < width - 60


def test_a_long_name_leaves_the_other_columns_on_the_paper() -> None:
    places, width = lines_from_the_left(as_pdf(report(f"{LONG} H")))
    assert places and max(places) < width - 30
