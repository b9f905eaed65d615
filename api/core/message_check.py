"""A message as a catalogue writes it, and whether a translation holds what its message holds."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

_WRITTEN = re.compile(
    r"(?P<jinja>\{\{.*?\}\}|\{[a-z_]+\})|<(?P<end>/?)(?P<tag>[a-z]+)(?: \d+)?>|(?P<text>[^<>{}]+)", re.DOTALL
)
_CODE = re.compile(r"<code\b[^>]*>.*?</code>", re.DOTALL)
FIELD = re.compile(r"\$\{.*?\}", re.DOTALL)
"""What is put into a text of a script."""
_ENTITY = re.compile(r"&[a-zA-Z#0-9]+;")
_ADDRESS = re.compile(r"[/?#][\w?=&;#/-]*|\w+=")
_LETTER = re.compile(r"[^\W\d_]")


class Broken(ValueError):
    """A translation that does not hold what its message holds."""


class Piece(NamedTuple):
    """A piece of a message as it is written in a catalogue: text, or the name of a tag or an expression."""

    written: str
    text: str


def pieces(message: str) -> list[Piece]:
    """A message cut at its tags and expressions. Raises Broken where it holds anything else than these and text."""
    found: list[Piece] = []
    at = 0
    while at < len(message):
        code = _CODE.match(message, at)
        match = code or _WRITTEN.match(message, at)
        if match is None:
            raise Broken(f"This cannot be read from here on: {message[at : at + 30]}")
        text = match["text"] if code is None else None
        if text and '"' in text:
            raise Broken('A " would end an attribute. Write “ and ”.')
        found.append(Piece(match[0], text or ""))
        at = match.end()
    return found


def check(message: str, said: str) -> None:
    """Raises Broken unless a translation holds the same tags and expressions as its message, and nothing else."""
    if FIELD.search(message):
        _check_fields(message, said)
        return
    held, given = pieces(" ".join(message.split())), pieces(said)
    wanted, here = ([piece.written for piece in some if not piece.text] for some in (held, given))
    if Counter(wanted) != Counter(here):
        missing, more = Counter(wanted) - Counter(here), Counter(here) - Counter(wanted)
        raise Broken(f"missing: {' '.join(missing) or 'nothing'}; more than there was: {' '.join(more) or 'nothing'}")
    if _is_nested(wanted) and not _is_nested(here):
        raise Broken("A tag ends before it begins, or two cross.")


def _check_fields(message: str, said: str) -> None:
    """The same for a message of a script, which holds `${expressions}` and no tags."""
    if Counter(FIELD.findall(message)) != Counter(FIELD.findall(said)):
        raise Broken("It does not hold the same ${…} as its message.")
    if re.search(r"[<>{}\"`\\$]", FIELD.sub("", said)):
        raise Broken("Beside its ${…} a translation in a script holds no code.")


def _is_nested(written: list[str]) -> bool:
    open_tags: list[str] = []
    for piece in written:
        if piece.startswith("</"):
            if not open_tags or open_tags.pop() != piece[2:-1]:
                return False
        elif piece.startswith("<") and not piece.startswith("<code"):
            open_tags.append(piece[1:-1])
    return not open_tags


def is_read(text: str) -> bool:
    """Whether there are letters in a text that somebody would read."""
    return _LETTER.search(_ADDRESS.sub("", _ENTITY.sub("", text))) is not None
