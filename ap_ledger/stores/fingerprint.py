"""Tells an honest retry from another entry under the same id."""

from __future__ import annotations

import hmac
import re
from typing import Any

import orjson
import rfc8785

from ap_ledger.errors import Refused

# A number with a fraction or an exponent, or one too long to be safe, standing where JSON can have a number. Text that
# looks like one is taken for one too, which costs time and never correctness.
_AWKWARD_NUMBER = re.compile(rb'":-?(?:\d+[.eE]|\d{16})')
_AWKWARD_IN_LIST = re.compile(rb"[:,\[]-?(?:\d+[.eE]|\d{16})")


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value, in which times and ids may stand as values.

    Where there are neither awkward numbers nor names beyond ASCII, sorted compact JSON is that form already and much
    quicker to make; the tests hold the two equal. Raises ValueError for numbers that RFC 8785 cannot write.
    """
    if not isinstance(value, dict):
        return rfc8785.dumps(value)
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if not text.isascii() and not _ascii_names(value):
        return rfc8785.dumps(orjson.loads(text))
    if (_AWKWARD_IN_LIST if b"[" in text else _AWKWARD_NUMBER).search(text):
        return rfc8785.dumps(orjson.loads(text))
    return text


def require_canonical(value: Any) -> None:
    """Refuses what has no canonical form, before anything is written because of it. Raises Refused."""
    try:
        canonical(value)
    except (RecursionError, TypeError, ValueError):
        raise Refused(
            "malformed", "A number is too large to be kept exactly, or something is nested too deeply."
        ) from None


def _ascii_names(value: Any) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and _ascii_names(inner) for name, inner in value.items())
    return all(map(_ascii_names, value)) if isinstance(value, list) else True


class Fingerprint:
    """Takes fingerprints under one key: HMAC-SHA-256 of what was posted. They tell nothing once the key is gone.

    The keyed start is kept and copied, because the one-call form gives up the interpreter's lock for every entry.
    """

    def __init__(self, key: bytes) -> None:
        self._start = hmac.new(key, digestmod="sha256")

    def of(self, posted: dict[str, Any]) -> bytes:
        """The fingerprint. Raises ValueError for what has no canonical form."""
        try:
            text = canonical(posted)
        except (RecursionError, TypeError) as error:
            raise ValueError("this has no canonical form") from error
        taken = self._start.copy()
        taken.update(text)
        return taken.digest()

    def is_of(self, posted: Any, taken: bytes) -> bool:
        """Whether a fingerprint was taken of this. What has no canonical form was never stored."""
        try:
            return hmac.compare_digest(self.of(posted), taken)
        except ValueError:
            return False
