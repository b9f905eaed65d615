"""`ap-ledger keyring` and `ap-ledger compact`: keys, their copies and their ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ap_ledger.cli.common import Data, DatabaseUrl, console, opened, plainly
from ap_ledger.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="The sealing keys: copies with a short life of their own, and a new master key.")
KEPT_DAYS = 35


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where copies of the keyring lie: not where copies of the ledger lie.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    keep_days: Annotated[int, typer.Option(min=1, max=365, help="Copies older than this are deleted, so that what was erased ends in them too.")] = KEPT_DAYS,
) -> None:
    """Copy the keyring, and delete copies that are too old. Safe while the service runs; best every hour."""
    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        now = datetime.now(UTC)
        path = folder / f"keyring-{now:%Y%m%dT%H%M%S}.sqlite"
        partial = path.with_suffix(".part")
        partial.unlink(missing_ok=True)
        count = service.ledger.keyring.copy_to(partial)
        partial.chmod(0o600)
        partial.replace(path)
        old = [one for one in folder.glob("keyring-*.sqlite") if _made(one) < now - timedelta(days=keep_days)]
        for one in old:
            one.unlink()
    console.print(f"{count} keys are in {path}. {len(old)} older {'copy was' if len(old) == 1 else 'copies were'} deleted.", highlight=False)


def _made(path: Path) -> datetime:
    try:
        return datetime.strptime(path.stem.removeprefix("keyring-"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        # A file that is none of ours is left alone.
        return datetime.max.replace(tzinfo=UTC)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A copy of the keyring.")], data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Put a copy in the place of the keyring, and erase again whatever the ledger says was erased since. Stop the service first."""
    from ap_ledger.application.keyring import restore_keyring

    settings = read_settings(data=data, database_url=database_url)
    with plainly():
        count = restore_keyring(settings, file)
        with opened(settings) as service:
            again = service.ledger.deeds.sweep()
    console.print(f"{count} keys are restored. {again} {'erasure was' if again == 1 else 'erasures were'} done again.", highlight=False)


@app.command()
def rotate(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Make a new master key and wrap every key under it. Destroy the old one when the last copy of the keyring under it has ended."""
    from ap_ledger.application.keyring import rotate_master_key

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        count, old = rotate_master_key(settings, service.ledger.keyring)
    console.print(
        f"{count} keys are under a new master key. [bold red]BACK IT UP NOW.[/bold red]\n"
        f"The old one is at {old}: keep it until every copy of the keyring from before today has ended ({KEPT_DAYS} days), then destroy it.",
        highlight=False,
    )


@app.command()
def sweep(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Do again every erasure that the ledger tells of and that does not hold now, for instance after a restore."""
    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        again = service.ledger.deeds.sweep()
    console.print("Everything that was erased is erased." if not again else f"{again} {'erasure was' if again == 1 else 'erasures were'} done again.")


def compact(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Give back room, and let nothing of what was deleted stay in the files. Stop the service first."""
    from ap_ledger.application.compaction import compact as give_back

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        again = service.ledger.deeds.sweep()
    with plainly():
        freed = give_back(settings)
    console.print(f"Compacted; {max(0, freed) // 1024} kB freed." + (f" {again} erasures were done again." if again else ""), highlight=False)
