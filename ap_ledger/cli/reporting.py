"""`ap-ledger report`: reports and packs in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from ap_ledger.cli.common import Data, DatabaseUrl, console, moment_of, opened, plainly, progress_bars
from ap_ledger.errors import SetupError
from ap_ledger.settings import read_settings
from projections.bodies import SettingBody
from projections.queries.reading import Reader

FORMATS = ("all", "pdf", "html", "zip")


def report(
    layout: Annotated[
        str, typer.Argument(help="family, commissioner-pack, review-pack, gaps, or the path of a layout of your own.")
    ],
    first: Annotated[str, typer.Option("--from", help="The first day of the period, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="The last day of the period, YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="The folder to write to. No file name names anybody.")],
    student: Annotated[str | None, typer.Option(help="About one student: their id.")] = None,
    commissioner: Annotated[
        str | None, typer.Option(help="About every student whom a commissioner placed: the commissioner's id.")
    ] = None,
    setting: Annotated[bool, typer.Option("--setting", help="About the whole setting.")] = False,
    each: Annotated[
        bool, typer.Option("--each", help="One report for each of those students, instead of one about all.")
    ] = False,
    known_at: Annotated[
        str | None, typer.Option(help="From what was known on this day or at this moment. Default: now.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help=(
                "internal, publish-5 or publish-10. Default: as the readers may see, publish-10 where they may not "
                "know every student."
            )
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="all, pdf, html or zip.")] = "all",
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a report or a commissioner's pack: PDF, HTML, and a zip with CSV, JSON, method and hashes."""
    from reports.compose import Order, make_report, students_of, words_that_leave
    from reports.layouts import read_layout

    if (student is not None) + (commissioner is not None) + setting != 1:
        raise typer.BadParameter("give exactly one of --student, --commissioner and --setting", param_hint="--student")
    if form not in FORMATS:
        raise typer.BadParameter(f"one of: {', '.join(FORMATS)}", param_hint="--format")
    days = [_day(first, "--from"), _day(last, "--to")]
    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service, progress_bars() as progress:
        service.runner.catch_up()
        where = _setting(service.reader, student, commissioner)
        zone = ZoneInfo(where["time_zone"])
        known, today = moment_of(known_at, zone, "--known-at"), service.ledger.now().astimezone(zone).date()
        shared: dict[str, Any] = {
            "layout": read_layout(layout),
            "setting_id": UUID(where["id"]),
            "first": days[0],
            "last": days[1],
            "known_at": known,
            "preset": preset,
        }
        placer = UUID(commissioner) if commissioner else None
        if each:
            placed = [] if student else students_of(service.reader, where, placer, days[0], days[1], known)
            people = [student_id_of(student)] if student else [UUID(body["id"]) for body in placed]
            orders = [Order(**shared, student_id=person, commissioner_id=placer) for person in people]
        else:
            orders = [Order(**shared, student_id=student_id_of(student) if student else None, commissioner_id=placer)]
        # Whoever may run this program may read the keyring, so words are opened; the layout and the preset say what
        # leaves.
        out.mkdir(parents=True, exist_ok=True)
        written = 0
        for n, order in enumerate(orders, 1):
            made = make_report(service.reader, order, words_that_leave(order.layout), today)
            for name, content in _files(made, form):
                (out / f"{_name(order)}.{name}").write_bytes(content())
                written += 1
            progress("Reports", n, len(orders))
    console.print(f"Wrote {written} {'file' if written == 1 else 'files'} to {out}.", highlight=False)


def _files(made: Any, form: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    from reports.html import as_html
    from reports.pack import pack
    from reports.pdf import as_pdf

    makers: dict[str, Callable[[], bytes]] = {
        "pdf": lambda: as_pdf(made),
        "html": lambda: as_html(made).encode(),
        "zip": lambda: pack(made),
    }
    return ((name, make) for name, make in makers.items() if form in ("all", name))


def _name(order: Any) -> str:
    """Says what a file is, and about whom only by the last signs of an id."""
    whose = order.student_id or order.commissioner_id or order.setting_id
    return f"{order.layout.id}-{order.about}-{str(whose)[-6:]}-{order.first}-to-{order.last}"


def student_id_of(text: str) -> UUID:
    """A student's id. Raises SetupError for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise SetupError("There is no student with this id in this ledger.") from None


def _setting(reader: Reader, student: str | None, commissioner: str | None) -> SettingBody:
    """The setting that a report is about. Raises SetupError."""
    settings = reader.whole("settings")
    if student is not None:
        body = reader.one("students", str(student_id_of(student)))
        if body is None:
            raise SetupError("There is no student with this id in this ledger.")
        return next(setting for setting in settings if setting["id"] == body["setting_id"])
    if commissioner is not None:
        chosen = next(
            (
                setting
                for setting in settings
                if commissioner in {buyer["commissioner_id"] for buyer in setting["commissioners"]}
            ),
            None,
        )
        if chosen is None:
            names = "; ".join(
                f"{buyer['commissioner_id']} {buyer['name']}"
                for setting in settings
                for buyer in setting["commissioners"]
            )
            raise SetupError(f"There is no commissioner with this id in this ledger. There are: {names or 'none'}.")
        return chosen
    if len(settings) != 1:
        raise SetupError(
            f"There are {len(settings)} settings in this ledger; make a report for each of their commissioners."
        )
    return settings[0]


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give the day as YYYY-MM-DD", param_hint=option) from None
