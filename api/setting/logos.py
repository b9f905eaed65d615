"""A picture that somebody chose, made small: its dots alone, as they may be kept."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from ap_ledger.domain.pictures import BYTES, HIGHEST, LEAST, WIDEST
from ap_ledger.errors import Refused

GIVEN_BYTES = 2 * 1024 * 1024
GIVEN_DOTS = 16_000_000
"""So many dots take 64 MB while they are made small, which any machine has."""
KINDS = ("PNG", "JPEG", "WEBP")
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
DAMAGED = "This picture is damaged and cannot be opened. Save it again, or choose another."


def small_logo(given: bytes) -> bytes:
    """The picture as a small PNG of its dots alone: no place, no camera, no words. Raises Refused in a sentence."""
    if len(given) > GIVEN_BYTES:
        raise _refused(f"This file is over {GIVEN_BYTES // 1024 // 1024} MB. Save the logo smaller, and choose it.")
    dots = _opened(given)
    if min(dots.size) < LEAST:
        raise _refused(f"This picture is {dots.width} by {dots.height} dots, and a logo is at least {LEAST} each way.")
    limits = (WIDEST, HIGHEST)
    while True:
        dots.thumbnail(limits, Image.Resampling.LANCZOS)
        if min(dots.size) < LEAST:
            raise _refused("This picture is too long and narrow for a logo. Choose one that is wider, or higher.")
        file = BytesIO()
        dots.save(file, "PNG", optimize=True)
        if file.tell() <= BYTES:
            return file.getvalue()
        limits = (limits[0] // 2, limits[1] // 2)


def _opened(given: bytes) -> Image.Image:
    """The dots of a picture as it is held upright, without all else that was in its file. Raises Refused."""
    try:
        with Image.open(BytesIO(given), formats=KINDS) as picture:
            if picture.width * picture.height > GIVEN_DOTS:
                raise _refused(_too_many(f"{picture.width:,} by {picture.height:,} dots"))
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I"):
                # A grey of 16 bits would be cut off at the white of 8.
                upright = upright.convert("I").point(lambda grey: grey / 257).convert("L")
            # What ink on paper says is no colour of a screen; everything else tells how much of it shows through.
            dots = (upright.convert("RGB") if upright.mode == "CMYK" else upright).convert("RGBA")
    except UnidentifiedImageError:
        raise _refused("This file is not a PNG, JPEG or WebP picture. Save the logo as one, and choose it.") from None
    except BOMBS:
        raise _refused(_too_many("of more dots than can be opened")) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError):
        # The readers of pictures say in many ways that they cannot go on.
        raise _refused(DAMAGED) from None
    dots.info.clear()
    return dots


def _too_many(size: str) -> str:
    return f"This picture is {size}, which is more than a logo needs. Save it smaller, such as 1,000 wide."


def _refused(sentence: str) -> Refused:
    return Refused("malformed", sentence, "picture")
