"""Copies of every store that is not made again, so that an upgrade can be taken back.

Files are copied by SQLite itself, as of one moment each, whether others use them or not; a database by `pg_dump`. The
ledger comes first and the keyring last, among its other copies, where it ends after 35 days like them.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from ap_ledger.errors import SetupError
from ap_ledger.persistence.files import make_folder, make_private, sync_folder, write_private
from ap_ledger.persistence.migrations import LOCK_SECONDS, store_exists
from ap_ledger.persistence.unavailable import saying_which
from ap_ledger.settings import Settings
from ap_ledger.stores.keyring.copies import copies_folder, copy_name

BESIDE_THE_KEYRING = ("ledger", "held", "accounts", "jobs", "notices")
UNFINISHED = "unfinished.json"
"""Lies in a copy until the upgrade that it was made for has ended, and tells what was copied."""
NO_DUMP = (
    "No copy of the database could be made here ({why}), so nothing was changed. Make two where pg_dump can, "
    "pg_dump -n ledger -n held -n accounts -n jobs -n notices and, to lie apart from it, pg_dump -n keyring. Then run "
    "as the owner: ap-ledger upgrade"
)


class Before(NamedTuple):
    """What is about to be upgraded: the version of each store, and the position up to which the ledger reached."""

    versions: dict[str, int]
    position: int


class Copied(NamedTuple):
    """What a copy was made of, and the name of the keyring's copy that belongs to it."""

    before: Before
    keyring: str


def copy_stores(settings: Settings, before: Before) -> Path:
    """Copies every store that cannot be made again, and returns the folder of all but the keyring.

    It opens with the master key that is in use now, which is not copied. Raises SetupError or Busy, and leaves nothing
    behind, where a copy cannot be made. Not for two at once: hold the lock of the folder.
    """
    name = f"before-upgrade-{datetime.now(UTC):%Y%m%dT%H%M%S-%f}"
    keyring = _keyring_name(settings)
    with _whole_or_nothing(settings, settings.data / name) as folder:
        # It is written before the copies are: whoever clears up after a program that was killed reads their names here.
        _write(folder, Copied(before, keyring))
        make_folder(copies_folder(settings))
        if settings.postgres:
            _dump(settings.postgres, BESIDE_THE_KEYRING, folder / "stores.sql")
        else:
            for store in filter(lambda candidate: store_exists(settings, candidate), BESIDE_THE_KEYRING):
                _copy_file(settings.data, store, folder / f"{store}.sqlite")
        _copy_keyring(settings, copies_folder(settings) / keyring)
    return settings.data / name


def copy_keyring_as_it_is(settings: Settings, folder: Path) -> Path:
    """Copies the keyring, of whatever version it is, into a new file in a folder, and returns that file.

    It is a file of SQLite, or a dump of PostgreSQL. Raises SetupError or Busy where it cannot be copied.
    """
    make_folder(folder)
    path = folder / _keyring_name(settings)
    partial = path.with_suffix(".part")
    _copy_keyring(settings, partial)
    partial.replace(path)
    sync_folder(folder)
    return path


def _keyring_name(settings: Settings) -> str:
    return copy_name("sql" if settings.postgres else "sqlite")


def _copy_keyring(settings: Settings, target: Path) -> None:
    if settings.postgres:
        url = settings.keyring_url.get_secret_value() if settings.keyring_url else settings.postgres
        _dump(url, ("keyring",), target)
    else:
        _copy_file(settings.data, "keyring", target)


def copy_to_go_on_with(settings: Settings, before: Before) -> Path | None:
    """The newest copy, where it was made for this upgrade, which was begun and did not end; None where there is none.

    A store whose steps were done since is newer than its copy, and the earlier version refused it from then on. What
    the earlier version recorded where no step was done is not in the copy, so that such a copy is none.
    """
    folders = [path for path in settings.data.glob("before-upgrade-*") if path.suffix != ".part"]
    newest = max(folders, default=None)
    copied = None if newest is None else _read(newest)
    if copied is None or copied.before.position != before.position:
        return None
    older = any(before.versions.get(name, 0) < version for name, version in copied.before.versions.items())
    return None if older or not (copies_folder(settings) / copied.keyring).exists() else newest


def end_going_on(settings: Settings) -> None:
    """Says of every copy that the upgrade it was made for has ended: the next upgrade makes a copy of its own."""
    for note in settings.data.glob(f"before-upgrade-*/{UNFINISHED}"):
        if note.parent.suffix != ".part":
            note.unlink(missing_ok=True)


def discard_partial_copies(settings: Settings) -> None:
    """Clears up after a program that was killed while it copied. Hold the lock of the folder."""
    for partial in settings.data.glob("before-upgrade-*.part"):
        _discard(settings, partial)


def _discard(settings: Settings, partial: Path) -> None:
    if (copied := _read(partial)) is not None:
        (copies_folder(settings) / copied.keyring).unlink(missing_ok=True)
    shutil.rmtree(partial, ignore_errors=True)


def _write(folder: Path, copied: Copied) -> None:
    (versions, position), keyring = copied
    text = orjson.dumps({"versions": versions, "position": position, "keyring": keyring}).decode()
    write_private(folder / UNFINISHED, text)


def _read(folder: Path) -> Copied | None:
    try:
        told = orjson.loads((folder / UNFINISHED).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    # A name alone: whatever else was written there leads to no other folder.
    return Copied(Before(told["versions"], told["position"]), Path(told["keyring"]).name)


@contextmanager
def _whole_or_nothing(settings: Settings, folder: Path) -> Iterator[Path]:
    partial = folder.with_name(f"{folder.name}.part")
    try:
        make_folder(partial)
        yield partial
        sync_folder(partial)
        partial.replace(folder)
        sync_folder(folder.parent)
    except OSError as error:
        _discard(settings, partial)
        why = f"{error.filename or folder.parent}: {error.strerror}"
        raise SetupError(f"No copy of the stores could be made ({why}), so nothing was changed.") from None
    except BaseException:
        _discard(settings, partial)
        raise


def _copy_file(data: Path, store: str, target: Path) -> None:
    make_private(target)
    source = f"{(data / f'{store}.sqlite').absolute().as_uri()}?mode=ro"
    try:
        with saying_which(store), closing(sqlite3.connect(source, uri=True, timeout=LOCK_SECONDS)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    _sync(target)


def _dump(url: str, schemas: tuple[str, ...], target: Path) -> None:
    # The driver takes a tenth of a second to load, which nobody with files of their own should wait for.
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    program = shutil.which("pg_dump")
    if program is None:
        raise SetupError(NO_DUMP.format(why="there is no pg_dump on this machine"))
    parts = conninfo_to_dict(url)
    # Whoever may list the processes of this machine reads what they were started with.
    password = parts.pop("password", None)
    secret = {} if password is None else {"PGPASSWORD": str(password)}
    make_private(target)
    words = [program, *(f"--schema={name}" for name in schemas), f"--dbname={make_conninfo('', **parts)}"]
    with target.open("wb") as file:
        done = subprocess.run(words, env={**os.environ, **secret}, stdout=file, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        target.unlink()
        raise SetupError(NO_DUMP.format(why=_last_line(done, str(password or ""))))
    _sync(target)


def _last_line(done: subprocess.CompletedProcess[bytes], password: str) -> str:
    """What pg_dump says at its end of why it gave up, whatever it repeats of what it was given."""
    lines = [line.strip() for line in done.stderr.decode(errors="replace").split("\n") if line.strip()]
    last = lines[-1].rstrip(".") if lines else f"pg_dump ended with {done.returncode}"
    return last.replace(password, "***") if password else last


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
