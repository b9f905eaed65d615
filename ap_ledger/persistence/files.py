"""Files and folders of which others on the machine read nothing, and that are on the disk when they are said to be."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ap_ledger.errors import SetupError

LOCK_SECONDS = 10
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Every permission of everybody but the owner."""


def make_private(path: Path) -> None:
    """Makes an empty file that its owner alone can read, where there is none.

    SQLite keeps the mode of a file that it opens, and gives it to the logs and journals beside it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def make_folder(path: Path) -> None:
    """Makes a folder that its owner alone can look into, where there is none."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone can read, as a whole or not at all, and waits until it is on the disk.

    Raises FileExistsError where it is there already: what is written here is never to be lost.
    """
    if path.exists():
        raise FileExistsError(path)
    make_folder(path.parent)
    partial = path.with_name(f".{path.name}.part")
    # A part can only be left over from a program that was killed before it named the whole.
    partial.unlink(missing_ok=True)
    make_private(partial)
    with partial.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk: a file that was synced can still lose its name to a power
    cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lets one command at a time change what lies in a folder.

    A program that is killed lets go. Raises SetupError after a while.
    """
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"Another ap-ledger command is at work in {folder}. Wait until it has ended, then try again."
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
