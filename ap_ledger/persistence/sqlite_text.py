"""How texts come out of SQLite."""

from __future__ import annotations


def text_or_octets(value: bytes) -> str | bytes:
    """A text, or its octets where they spell none.

    The driver would otherwise fail the whole question for one damaged row.
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
