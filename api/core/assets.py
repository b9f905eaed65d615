"""Static files under names that hold their content's hash: compressed once, kept for ever by browsers."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


class Asset(NamedTuple):
    """A file, and the same compressed (empty where that does not pay)."""

    plain: bytes
    packed: bytes
    content_type: str


@cache
def asset(name: str) -> Asset:
    """A file by its path below `static`.

    CSS and scripts may name other files as `{{ path }}`; they become their hashed addresses.
    """
    path = STATIC / name
    plain = path.read_bytes()
    if path.suffix in (".css", ".js") and path.parent.name == "app":
        plain = NAMED.sub(lambda match: address(match[1].decode()).encode(), plain)
    packed = gzip.compress(plain, 9, mtime=0) if path.suffix not in (".woff2", ".png") else b""
    return Asset(plain, packed, TYPES[path.suffix])


@cache
def known() -> frozenset[str]:
    """Every file that may be asked for."""
    return frozenset(
        str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file() and path.suffix in TYPES
    )


@cache
def address(name: str) -> str:
    """Where a file is served.

    Another content has another address, and so has whatever names it, so that nobody ever sees an old one.
    """
    return f"/static/{hashlib.sha256(asset(name).plain).hexdigest()[:12]}/{name}"
