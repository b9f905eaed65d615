"""JSON as strangers write it, read once into values that can be kept, shown and stored on either database.

Half a character, a zero character, a number beyond all numbers and a field written twice are mended or made to stand
out, so that one entry of a send is refused for them and never the whole send. Everything behind this reads plain
values.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

DEPTH = 32
"""How deeply anything sent may be nested."""
NOT_KEPT = "not kept"
TOO_DEEP = {NOT_KEPT: "nested too deeply"}
TOO_LARGE = {NOT_KEPT: "a number that is too large"}
NO_NUMBER = {NOT_KEPT: "what is no number"}
"""What stands for something that cannot be kept. No field takes it: words would be taken for somebody's own."""
TWICE = " (written twice)"
"""Stands behind the name of a field that was written a second time, so that both can be seen and neither is
believed."""

_LONGEST_NUMBER = 2**63
_HIDES_NAMES = (b"\\u00", b" :", b"\t:", b"\n:", b"\r:")
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def loads(raw: bytes) -> Any:
    """The value that was written. Raises ValueError for what is no JSON at all."""
    try:
        value = orjson.loads(raw)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _slowly(raw)
    # Written out again, a value has every name once. What could hide a name from this counting is read slowly.
    return (
        _slowly(raw) if any(name in raw for name in _HIDES_NAMES) or raw.count(b'":') != again.count(b'":') else value
    )


def keepable(value: Any, depth: int = 0) -> Any:
    """A value of which every part can be kept: halves of characters are replaced, and what is too large or too deep by
    what no field takes."""
    if isinstance(value, str):
        return _UNKEEPABLE.sub("\ufffd", value)
    if isinstance(value, float) and not math.isfinite(value):
        return dict(NO_NUMBER)
    if isinstance(value, int) and abs(value) >= _LONGEST_NUMBER:
        return dict(TOO_LARGE)
    if isinstance(value, (dict, list, tuple)) and depth >= DEPTH:
        return dict(TOO_DEEP)
    if isinstance(value, dict):
        return {keepable(str(name)): keepable(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [keepable(inner, depth + 1) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _slowly(raw: bytes) -> Any:
    try:
        return keepable(json.loads(raw, object_pairs_hook=_told_apart, parse_constant=float, parse_int=_whole_number))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _whole_number(text: str) -> int | dict[str, str]:
    # Python refuses to read a number of thousands of digits, and would refuse the whole send with it.
    return int(text) if len(text) < len(str(_LONGEST_NUMBER)) else dict(TOO_LARGE)


def _told_apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        members[name + TWICE if name in members else name] = value
    return members
