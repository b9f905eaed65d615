"""Whether a picture may be kept for good: a small PNG that holds its dots and nothing else.

A picture from a phone or a drawing program says where and by whom it was made, and a file of a few kilobytes can claim
millions of dots. What is kept is of one narrow kind, so that whoever opens it years later needs no care.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

BYTES = 64 * 1024
WIDEST, HIGHEST, LEAST = 512, 192, 16
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA = (8, 6, 0, 0, 0)
"""Eight bits for each of red, green, blue and how much shows through; packed and filtered as ever, not interlaced."""


def sides_of(picture: bytes) -> tuple[int, int]:
    """The width and the height of a picture that may be kept. Raises ValueError that says, mid-sentence, why not."""
    if len(picture) > BYTES:
        raise ValueError(f"it is over {BYTES // 1024} kB")
    if not picture.startswith(_SIGNATURE):
        raise ValueError("it is not a PNG")
    parts = list(_parts(picture))
    names = [name for name, _ in parts]
    packed = b"".join(part for name, part in parts if name == b"IDAT")
    if names != [b"IHDR", *[b"IDAT"] * (len(names) - 2), b"IEND"] or len(parts[0][1]) != 13:
        raise ValueError("it holds more than the picture, or less")
    width, height, *kind = struct.unpack(">IIBBBBB", parts[0][1])
    if tuple(kind) != _RGBA:
        raise ValueError("it is not a PNG of 8-bit RGBA without interlacing")
    if not (LEAST <= width <= WIDEST and LEAST <= height <= HIGHEST):
        raise ValueError(f"it is not within {WIDEST} by {HIGHEST} dots and at least {LEAST} on each side")
    _require_dots(packed, height * (1 + 4 * width))
    return width, height


def _parts(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each part of a PNG: its name, and what is in it. Raises ValueError where one is damaged."""
    at = len(_SIGNATURE)
    while at < len(picture):
        head = picture[at : at + 8]
        length = int.from_bytes(head[:4])
        content, check = picture[at + 8 : at + 8 + length], picture[at + 8 + length : at + 12 + length]
        if len(head) < 8 or len(check) < 4 or zlib.crc32(head[4:] + content) != int.from_bytes(check):
            raise ValueError("it is damaged")
        yield head[4:], content
        at += 12 + length


def _require_dots(packed: bytes, length: int) -> None:
    """Unpacks no more than there may be. Raises ValueError where there are more dots than the sides say, or fewer."""
    unpacking = zlib.decompressobj()
    try:
        dots = unpacking.decompress(packed, length + 1)
    except zlib.error:
        raise ValueError("it is damaged") from None
    if len(dots) != length or not unpacking.eof or unpacking.unused_data:
        raise ValueError("it has more dots than it says, or fewer")
