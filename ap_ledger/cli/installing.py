"""`ap-ledger init` and `ap-ledger check`: making an installation, and looking it over."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from ap_ledger.cli.common import Data, DatabaseUrl, console, plainly
from ap_ledger.errors import SetupError
from ap_ledger.settings import Settings, read_settings


def init(
    data: Data = None,
    database_url: DatabaseUrl = None,
    setting: Annotated[str | None, typer.Option(help="The name of the setting to open in the new ledger.")] = None,
    time_zone: Annotated[str, typer.Option(help="Its time zone.")] = "Europe/London",
    service_role: Annotated[
        str | None,
        typer.Option(
            help=(
                "On PostgreSQL: the role as which the service will run. On the ledger it may read, and add at the "
                "end, nothing else."
            )
        ),
    ] = None,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Where there is a ledger already, leave it as it is and succeed, for starts without anybody there.",
        ),
    ] = False,
) -> None:
    """Make an empty ledger, its keyring and its master key.

    One that was stopped half-way is finished by doing it again.
    """
    from ap_ledger.stores.creating import create_ledger, ledger_is_there

    settings = read_settings(data=data, database_url=database_url)
    with plainly():
        there = ledger_is_there(settings)
        if not there or not (once or setting):
            create_ledger(settings, service_role)
        opened = _open_setting(settings, setting, time_zone) if setting is not None else False
        if there and not opened and not once:
            raise SetupError(f"There is a ledger at {settings.data} already; nothing was changed.")
    if there and not opened:
        console.print("There is a ledger already; it was left as it is.")
        return
    _say_made(settings, "Finished" if there else "Made")


def _open_setting(settings: Settings, name: str, time_zone: str) -> bool:
    """Opens the first setting of a ledger, or finishes opening it. Whether there was anything to do."""
    from ap_ledger.bootstrap import open_ledger
    from ap_ledger.commands.starting import finish_setting

    ledger = open_ledger(settings)
    try:
        setting_id = finish_setting(ledger, name, time_zone)
    finally:
        ledger.close()
    if setting_id is not None:
        console.print(f"Opened the setting. Its id is {setting_id}", highlight=False)
    return setting_id is not None


def _say_made(settings: Settings, what: str) -> None:
    from ap_ledger.stores.keyring.master_key import master_key_file

    console.print(f"{what} a ledger in {settings.data}.", highlight=False)
    if settings.master_key is None:
        console.print(
            f"\n[bold red]BACK UP THE MASTER KEY NOW:[/bold red] {master_key_file(settings)}\n"
            "Without it nobody can ever read a name or a note in this ledger again, and nobody can make another.\n"
            "Keep a copy on paper or in a password safe, apart from the ledger's own backups.\n",
            highlight=False,
        )


def check(
    data: Data = None,
    database_url: DatabaseUrl = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also read every stored row; slow on a large ledger.")] = False,
    accept_end: Annotated[
        bool,
        typer.Option(
            "--accept-end",
            help="Take the end of the ledger as it is, because you know why: an older copy was restored, say.",
        ),
    ] = False,
) -> None:
    """Say what is wrong with an installation, and how to mend it."""
    from ap_ledger.cli.checking import faults

    settings, wrong = read_settings(data=data, database_url=database_url), 0
    for look in faults(settings, deep, accept_end):
        wrong += look.fault is not None
        state, more = ("[red]wrong[/red]  ", look.fault) if look.fault else ("[green]good[/green]   ", look.note)
        console.print(state + escape(look.what) + (f": {escape(more)}" if more else ""), highlight=False)
    raise typer.Exit(1 if wrong else 0)
