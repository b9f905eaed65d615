"""`ap-ledger keyring` and `ap-ledger compact`: keys, their copies and their ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from ap_ledger.cli.common import Data, DatabaseUrl, console, opened, plainly
from ap_ledger.settings import Settings, read_settings
from ap_ledger.stores.keyring.copies import KEPT_DAYS, copies_folder, copy_into, end_old_copies

app = typer.Typer(
    no_args_is_help=True, help="The sealing keys: copies with a short life of their own, and a new master key."
)


@app.command()
def backup(
    folder: Annotated[
        Path, typer.Argument(help="Where copies of the keyring lie: not where copies of the ledger lie.")
    ],
    data: Data = None,
    database_url: DatabaseUrl = None,
    keep_days: Annotated[
        int,
        typer.Option(
            min=1, max=365, help="Copies older than this are deleted, so that what was erased ends in them too."
        ),
    ] = KEPT_DAYS,
) -> None:
    """Copy the keyring, and delete copies that are too old. Safe while the service runs; best every hour.

    Before `ap-ledger upgrade` it is copied as the earlier version made it.
    """
    settings = read_settings(data=data, database_url=database_url)
    with plainly():
        what, path = _copy(settings, folder)
        old = end_old_copies(folder, keep_days) + end_old_copies(copies_folder(settings), keep_days)
    console.print(
        f"{what} in {path}. {old} older {'copy was' if old == 1 else 'copies were'} deleted.\n"
        "It opens with the master key alone: keep a copy of that "
        "too, on paper or in a password safe, apart from this one.",
        highlight=False,
    )


def _copy(settings: Settings, folder: Path) -> tuple[str, Path]:
    from ap_ledger.stores.copying import copy_keyring_as_it_is
    from ap_ledger.stores.upgrading import older_stores

    if older_stores(settings):
        # Nothing else of an earlier version opens, and whoever upgrades is told to make this copy first.
        return "The keyring is, as an earlier version made it,", copy_keyring_as_it_is(settings, folder)
    with opened(settings) as service:
        path, count = copy_into(folder, service.ledger.keyring.engine)
    return f"{count} keys are", path


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy of the keyring.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Put a copy in the place of the keyring, and erase again whatever the ledger says was erased since.

    Stop the service first.

    The ledger and the master key must be back in their places. A copy that lacks a key, or that is not this ledger's,
    is refused; the keyring that was there is kept as a copy.
    """
    from ap_ledger.stores.creating import ledger_recorder
    from ap_ledger.stores.keyring.restore import restore_keyring

    settings = read_settings(data=data, database_url=database_url)
    with plainly():
        recorder = ledger_recorder(settings)
        try:
            restored = restore_keyring(settings, file, recorder)
        finally:
            recorder.close()
        again = restored.erased_again
        if restored.kept is not None:
            console.print(
                f"The keyring that was there is kept in {restored.kept}, for {KEPT_DAYS} days.", highlight=False
            )
        _say_unreadable(restored.unreadable)
        with opened(settings) as service:
            again += service.ledger.effects.sweep()
    console.print(
        f"{restored.keys} keys are restored. {again} {'erasure was' if again == 1 else 'erasures were'} done again.",
        highlight=False,
    )


def _say_unreadable(keys: list[UUID]) -> None:
    if keys:
        console.print(
            f"[red]{len(keys)} keys open under no master key that is at hand[/red] and were left as they are, the "
            f"first of them {keys[0]}. "
            "If you have an older master key, put it beside the present one and run: ap-ledger check",
            highlight=False,
        )


@app.command()
def rotate(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Make a new master key and wrap every key under it.

    Destroy the old one when the last copy of the keyring under it has ended.
    """
    from ap_ledger.stores.keyring.rotation import rotate_master_key

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        rotated, old = rotate_master_key(settings, service.ledger.keyring)
    console.print(
        f"{rotated.keys} keys are under a new master key. [bold red]BACK IT UP NOW.[/bold red]\n"
        f"The old one is at {old}: keep it until every copy of the keyring from before today has ended ({KEPT_DAYS} "
        "days), then destroy it.",
        highlight=False,
    )
    _say_unreadable(rotated.unreadable)


@app.command()
def sweep(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Do again every erasure that the ledger tells of and that does not hold now, for instance after a restore."""
    with plainly(), opened(read_settings(data=data, database_url=database_url)) as service:
        again = service.ledger.effects.sweep()
    console.print(
        "Everything that was erased is erased."
        if not again
        else f"{again} {'erasure was' if again == 1 else 'erasures were'} done again."
    )


def compact(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Give back room, and let nothing of what was deleted stay in the files. Stop the service first."""
    from ap_ledger.stores.compaction import compact as give_back

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        again = service.ledger.effects.sweep()
    with plainly():
        freed = give_back(settings)
    console.print(
        f"Compacted; {max(0, freed) // 1024} kB freed." + (f" {again} erasures were done again." if again else ""),
        highlight=False,
    )
