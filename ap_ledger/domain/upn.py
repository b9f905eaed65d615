"""The unique pupil number: a check letter, eleven digits, and a last character, a letter where it is temporary."""

from __future__ import annotations

import re

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""The letters of a UPN, in the order in which they are counted; I, O and S are left out because they are misread."""
_SHAPE = re.compile(rf"[{LETTERS}][0-9]{{11}}[0-9{LETTERS}]")


def read_upn(text: str) -> str:
    """A UPN in capitals and without spaces.

    Raises ValueError for another shape, or a check letter that does not fit.
    """
    upn = "".join(text.split()).upper()
    if _SHAPE.fullmatch(upn) is None or upn[0] != check_letter(upn[1:]):
        raise ValueError("not a UPN")
    return upn


def check_letter(rest: str) -> str:
    """The letter that belongs before the other twelve characters: each counts by its place, from 2 to 13."""
    # A letter counts by its place in the alphabet above, a digit by itself.
    total = sum(weight * (int(sign) if sign.isdigit() else LETTERS.index(sign)) for weight, sign in enumerate(rest, 2))
    return LETTERS[total % len(LETTERS)]
