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

from ap_ledger.errors import SetupError
from ap_ledger.persistence.files import make_folder, make_private, sync_folder
from ap_ledger.persistence.migrations import LOCK_SECONDS, store_exists
from ap_ledger.persistence.unavailable import saying_which
from ap_ledger.settings import Settings
from ap_ledger.stores.keyring.copies import copies_folder, copy_name

BESIDE_THE_KEYRING = ("ledger", "held", "accounts", "jobs")
NO_DUMP = (
    "No copy of the database could be made here ({why}), so nothing was changed. Make two where pg_dump can, "
    "pg_dump -n ledger -n held -n accounts -n jobs and, to lie apart from it, pg_dump -n keyring. Then run as the "
    "owner: ap-ledger upgrade"
)


def copy_stores(settings: Settings) -> Path:
    """Copies every store that cannot be made again, and returns the folder of all but the keyring.

    It opens with the master key that is in use now, which is not copied. Raises SetupError or Busy, and leaves nothing
    behind, where a copy cannot be made.
    """
    name = f"before-upgrade-{datetime.now(UTC):%Y%m%dT%H%M%S-%f}"
    with _whole_or_nothing(settings.data / name) as folder:
        make_folder(copies_folder(settings))
        if settings.postgres:
            url = settings.keyring_url.get_secret_value() if settings.keyring_url else settings.postgres
            _dump(settings.postgres, BESIDE_THE_KEYRING, folder / "stores.sql")
            _dump(url, ("keyring",), copies_folder(settings) / copy_name("sql"))
        else:
            for store in filter(lambda candidate: store_exists(settings, candidate), BESIDE_THE_KEYRING):
                _copy_file(settings.data, store, folder / f"{store}.sqlite")
            _copy_file(settings.data, "keyring", copies_folder(settings) / copy_name("sqlite"))
    return settings.data / name


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[Path]:
    for left_over in folder.parent.glob("before-upgrade-*.part"):
        shutil.rmtree(left_over)
    partial = folder.with_name(f"{folder.name}.part")
    make_folder(partial)
    try:
        yield partial
        sync_folder(partial)
        partial.replace(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
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
