"""What every command shares: where the data lies, how errors are said, progress bars, and an open ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DatabaseError

from ap_ledger.errors import LedgerError
from ap_ledger.settings import Settings

if TYPE_CHECKING:
    from ap_ledger.bootstrap import Service

console = Console(soft_wrap=True)
complain = Console(stderr=True, soft_wrap=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The folder that holds everything (or AP_LEDGER_DATA). Default: ap-ledger-data here."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="A PostgreSQL URL (or AP_LEDGER_DATABASE_URL), for those who outgrow one file.",
        show_default=False,
    ),
]


@contextmanager
def plainly() -> Iterator[None]:
    """Errors that a person can act on are said in one sentence, without a traceback."""
    try:
        yield
    except (LedgerError, DatabaseError, sqlite3.DatabaseError) as error:
        # What a database says may hold the values of a statement, so it is not repeated.
        words = (
            str(error)
            if isinstance(error, LedgerError)
            else f"A store is damaged or cannot be reached ({type(error).__name__}). Run: ap-ledger check"
        )
        complain.print(f"[red]ap-ledger:[/red] {escape(words)}", highlight=False)
        raise typer.Exit(2) from None


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each kind of work that reports."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what.replace("_", " ").capitalize(), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """Everything, put together for one command."""
    # It takes a while to load, which nobody should wait for who only asks for help.
    from ap_ledger.bootstrap import open_service

    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


def moment_of(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """A moment, or the end of a day in the setting's time zone."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time.min, zone) - timedelta(
                microseconds=1
            )
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            "give a day as YYYY-MM-DD, or a moment as YYYY-MM-DDTHH:MM", param_hint=option
        ) from None
