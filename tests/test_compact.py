"""Templates are written in lines that people can read, and nobody's phone is sent their indentation."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment

from reports.compact import Compact


def rendered(source: str, **words: Any) -> str:
    return Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True, extensions=[Compact]).from_string(source).render(words)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("<p>\n  One\n  two\n</p>\n<p>\n  three\n</p>", "<p>One two</p><p>three</p>"),
        ("<b>one</b>\n<b>two</b>", "<b>one</b> <b>two</b>"),
        ('<a\n  href="/x"\n  >words</a\n>.', '<a href="/x">words</a>.'),
        ("<ul>\n  {% for one in (1, 2) %}\n    <li>\n      {{ one }}\n    </li>\n  {% endfor %}\n</ul>", "<ul><li>1</li><li>2</li></ul>"),
        ("<p>\n  one{% if True %}{{ ' ' }}<b>two</b>{% endif %}\n</p>", "<p>one <b>two</b></p>"),
        ("<details {% if open %}open{% endif %}>\n  x\n</details>", "<details>x</details>"),
        ("<input value='>'\n  {% if True %}checked{% endif %}>", "<input value='>' checked>"),
        ("<form>\n  <input type=\"hidden\">\n  words\n</form>", '<form><input type="hidden">words</form>'),
    ],
)  # fmt: skip
def test_a_break_beside_a_block_goes_and_one_between_words_is_a_space(written: str, sent: str) -> None:
    assert rendered(written, open=False) == sent


def test_what_somebody_typed_keeps_its_lines() -> None:
    typed = "one\n\n   two"
    assert rendered("<textarea>\n{{ typed }}</textarea>\n<p class='words'>{{ typed }}</p>", typed=typed).count(typed) == 2


def test_a_script_keeps_its_lines() -> None:
    script = "<script>\n// a remark\nrun()\n</script>"
    assert rendered(script) == script
