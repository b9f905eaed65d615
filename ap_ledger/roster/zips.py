"""Zip files from elsewhere, within limits on what they unpack to; read in memory and never written anywhere."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

from ap_ledger.errors import RosterFault

FILE_LIMIT = 20 * 1024 * 1024
RATIO_LIMIT = 100
"""A part that unpacks to more than so many times its size in the zip is a trap."""
SMALL = 1024 * 1024
"""A part of no more than this is no trap, however well it packs."""
UNPACKED_LIMIT = 400 * 1024 * 1024
PARTS_LIMIT = 2_000
DAMAGED = "This zip is damaged or has a password. Make it again, and bring that."


class Zip:
    """A zip whose parts are looked at before any of them is unpacked. Raises RosterFault."""

    def __init__(self, raw: bytes) -> None:
        try:
            self._archive = zipfile.ZipFile(BytesIO(raw))
            self._parts = {part.filename: part for part in self._archive.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError, KeyError):
            raise RosterFault(DAMAGED) from None
        sizes = [part.file_size for part in self._parts.values()]
        swollen = any(
            part.file_size > SMALL and part.file_size > RATIO_LIMIT * max(part.compress_size, 1)
            for part in self._parts.values()
        )
        if swollen or sum(sizes) > UNPACKED_LIMIT or len(sizes) > PARTS_LIMIT:
            raise RosterFault("This zip unpacks to far more than it should and was not opened. Bring the file itself.")

    @property
    def names(self) -> list[str]:
        """The names of its parts."""
        return list(self._parts)

    def read(self, name: str) -> bytes:
        """One part. Raises RosterFault where it is damaged, or holds more than it says."""
        part = self._parts[name]
        try:
            # The size that the zip states is checked against what really comes out of it.
            with self._archive.open(part) as stream:
                content = stream.read(part.file_size + 1)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError, zlib.error):
            raise RosterFault(DAMAGED) from None
        if len(content) > part.file_size:
            raise RosterFault(DAMAGED)
        return content
