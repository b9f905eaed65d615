"""Static files under names that hold their content's hash: compressed once, kept for ever by browsers.

The app's scripts are there in every language: that of another language than English has its code before its name.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from api.core.languages import ENGLISH, catalogue, languages, usable
from api.core.script_messages import said_script

STATIC = Path(__file__).parents[1] / "static"
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}

NAMED = re.compile(rb"\{\{ ([a-z0-9/.-]+) \}\}")
PART = re.compile(rb'@import "(style/[a-z-]+\.css)";\n')
"""The part of a stylesheet that stands here."""


class Asset(NamedTuple):
    """A file, and the same compressed (empty where that does not pay)."""

    plain: bytes
    packed: bytes
    content_type: str


@cache
def asset(name: str) -> Asset:
    """A file by its path below `static`, or that of a script behind the code of a language.

    CSS and scripts may name other files as `{{ path }}`; they become their hashed addresses. The parts of a stylesheet
    are put into it.
    """
    code, own = in_language(name)
    path = STATIC / own
    plain = path.read_bytes()
    if path.suffix == ".css":
        plain = PART.sub(lambda match: (path.parent / match[1].decode()).read_bytes(), plain)
    if code != ENGLISH:
        plain = said_script(plain.decode(), lambda message: usable(message, catalogue(code))).encode()
    if path.suffix in (".css", ".js") and path.parent.name == "app":
        plain = NAMED.sub(lambda match: address(match[1].decode(), code).encode(), plain)
    packed = gzip.compress(plain, 9, mtime=0) if path.suffix not in (".woff2", ".png") else b""
    return Asset(plain, packed, TYPES[path.suffix])


@cache
def known() -> frozenset[str]:
    """Every file that may be asked for; the parts of a stylesheet come within it."""
    return frozenset(
        str(path.relative_to(STATIC))
        for path in STATIC.rglob("*")
        if path.is_file() and path.suffix in TYPES and path.parent.name != "style"
    )


def in_language(name: str) -> tuple[str, str]:
    """The language that a file's name begins with, English where it begins with none, and the name in English."""
    code, _, own = name.partition("/")
    return (code, own) if code != ENGLISH and code in languages() and _has_words(own) else (ENGLISH, name)


def _has_words(name: str) -> bool:
    return name.startswith("app/") and name.endswith(".js")


@cache
def address(name: str, code: str = ENGLISH) -> str:
    """Where a file is served to whoever reads a language.

    Another content has another address, and so has whatever names it, so that nobody ever sees an old one.
    """
    own = f"{code}/{name}" if code != ENGLISH and _has_words(name) else name
    return f"/static/{hashlib.sha256(asset(own).plain).hexdigest()[:12]}/{own}"
