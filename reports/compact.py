"""Templates are written to be read and sent to be short: line breaks and indentation end when a template is loaded."""

from __future__ import annotations

import re

from jinja2.ext import Extension

_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?:\"[^\"]*\"|'[^']*'|[^'\">])*>|<!doctype[^>]*>", re.IGNORECASE)
_AS_IT_STANDS = re.compile(r"<(textarea|script|style|pre)\b.*?</\1\s*>", re.DOTALL)
_BREAK = re.compile(r"\s*\n\s*")
_BLOCK = re.compile(
    r"html|head|meta|link|title|body|header|footer|main|nav|section|article|div|form|fieldset|legend|"
    r"h1|h2|h3|h4|h5|h6|p|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tfoot|tr|td|th|details|summary|"
    r"figure|figcaption|blockquote|hr|br|option|optgroup|script|style|template",
    re.IGNORECASE,
)
"""The names of tags beside which a browser shows no space."""


class Compact(Extension):
    """Takes out of a template what nobody sees: no page is longer for being written in lines that people can read.

    A break beside a block goes; between words and what stands in a line with them it becomes the one space that a
    browser would show. What keeps its spaces (`textarea`, scripts, styles) is left as it stands.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The same template in fewer letters."""
        hidden: list[str] = []

        def hide(match: re.Match[str]) -> str:
            hidden.append(match[0])
            return f"\x00{len(hidden) - 1}\x01"

        # What Jinja reads is out of the way first, so that a tag may hold conditions and these may hold quotes.
        text = _JINJA.sub(hide, source)
        text = _AS_IT_STANDS.sub(hide, text)
        text = _TAG.sub(lambda tag: _in_one_line(tag[0], hidden), text)
        text = _BREAK.sub(lambda match: "" if _is_unseen(match, hidden) else " ", text)
        while "\x00" in text:
            text = re.sub("\x00(\\d+)\x01", lambda match: hidden[int(match[1])], text)
        return text


def _in_one_line(tag: str, hidden: list[str]) -> str:
    """A tag without breaks, and with the space before an attribute that depends on something inside its condition."""

    def moved(match: re.Match[str]) -> str:
        return f"{match[1]} " if hidden[int(match[2])].startswith("{% if") else match[0]

    line = re.sub(r"\s+(/?>)$", r"\1", _BREAK.sub(" ", tag))
    return re.sub(" (\x00(\\d+)\x01)(?=[a-z])", moved, line)


def _is_unseen(match: re.Match[str], hidden: list[str]) -> bool:
    """Whether a browser would show nothing where the lines break."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if before.endswith("\x01") and after.startswith("\x00"):
        # Two statements in lines of their own say nothing between them.
        around = (hidden[int(before[before.rindex("\x00") + 1 : -1])], hidden[int(after[1 : after.index("\x01")])])
        if all(part.startswith("{%") for part in around):
            return True
    while (last := re.search("\x00(\\d+)\x01\\s*$", before)) and hidden[int(last[1])].startswith(("{%", "{#")):
        before = before[: last.start()]
    while (first := re.match("\\s*\x00(\\d+)\x01", after)) and hidden[int(first[1])].startswith(("{%", "{#")):
        after = after[first.end() :]
    left, right = re.search(r"<[^<>]*>\s*$", before), _TAG.match(after.lstrip())
    return not before.strip() or not after.strip() or _is_block(left) or _is_block(right)


def _is_block(match: re.Match[str] | None) -> bool:
    tag = re.match(r'<input type="hidden"|</?([a-zA-Z0-9]+)', match[0]) if match else None
    return tag is not None and (tag[1] is None or _BLOCK.fullmatch(tag[1]) is not None)
