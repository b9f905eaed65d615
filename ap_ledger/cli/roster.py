"""`ap-ledger roster`: students, or people who work here, from a file, at the machine itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ap_ledger.cli.accounts import person_id
from ap_ledger.cli.common import Data, DatabaseUrl, complain, console, opened, plainly, progress_bars
from ap_ledger.errors import RosterFault, SetupError
from ap_ledger.settings import read_settings

if TYPE_CHECKING:
    from ap_ledger.bootstrap import Service
    from ap_ledger.roster.fields import Subject
    from ap_ledger.roster.plan import Plan, PlannedRow
    from ap_ledger.roster.table import Table
    from projections.bodies import SettingBody

LINES_SHOWN = 200


def roster(
    file: Annotated[Path, typer.Argument(help="A CSV or Excel sheet, or a OneRoster zip.")],
    person: Annotated[
        str, typer.Option("--person", help="In whose name: the id of somebody who may, as in /api/v1/people.")
    ],
    preview: Annotated[bool, typer.Option("--preview", help="Say what it would do, and write nothing.")] = False,
    about: Annotated[
        str | None, typer.Option("--about", help="students or staff. Default: told by looking at it.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="What a column holds, where it is not found: HEADING=NAME, such as 'Reg=group'. Without a name it is "
            "left out.",
        ),
    ] = None,
    refused: Annotated[
        Path | None, typer.Option("--refused", help="Write the rows that do not go in to this CSV file.")
    ] = None,
    setting: Annotated[
        str | None, typer.Option("--setting", help="The setting's id. Default: the setting that added the person.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Bring in students, or people who work here, from a file. The same file twice changes nothing.

    What is said names rows and never anybody in them.
    """
    from ap_ledger.recording.ledger import new_id
    from ap_ledger.roster.bringing import Bringer, bring_in, found_columns, look, remember_columns, tell_when_long
    from ap_ledger.roster.cells import squeezed
    from ap_ledger.roster.files import read_tables
    from ap_ledger.roster.plan import Wishes
    from ap_ledger.roster.zips import FILE_LIMIT

    settings = read_settings(data=data, database_url=database_url)
    with plainly(), opened(settings) as service:
        if not file.is_file():
            raise SetupError("There is no such file.")
        if file.stat().st_size > FILE_LIMIT:
            raise RosterFault("This file is over 20 MB. Split it, or save the sheet alone.")
        service.runner.catch_up()
        who = service.ledger.access_facts.who(person_id(person, service))
        body = _setting(service, setting, UUID(person))
        bringer = Bringer(who, body, new_id())
        table, subject = _table(read_tables(file.read_bytes(), file.name), about)
        if not bringer.may_bring(subject):
            raise SetupError("This person may not bring that in. Students take a leader, people take an administrator.")
        today = service.ledger.access_facts.today(UUID(body["id"]))
        matched = found_columns(service, bringer, table, subject)
        for heading, name in _said(column or []).items():
            at = [number for number, each in enumerate(table.headings) if squeezed(each) == heading]
            if not at:
                raise RosterFault("There is no column with a heading that you named. Look at how it is written.")
            matched = [name if number in at[:1] else each for number, each in enumerate(matched)]
        plan = look(service, bringer, table, subject, matched, Wishes(today))
        _tell(plan)
        bad = plan.of("refused")
        if not preview:
            began = service.ledger.now()
            remember_columns(service, bringer, table, subject, plan.matched)
            with progress_bars() as report:
                brought = list(bring_in(service, bringer, plan, report=lambda *done: report("Bringing in", *done)))
            tell_when_long(service, bringer, began)
            failed = [each.row.refused(each.fault) for each in brought if each.fault]
            for row in failed:
                complain.print(f"row {row.row.number}: {row.fault}", highlight=False, markup=False)
            bad += failed
            console.print(f"{len(brought) - len(failed)} rows were brought in.", highlight=False)
        else:
            console.print("Nothing was written.")
        if refused is not None:
            _write_refused(refused, plan, bad)
    raise typer.Exit(1 if bad else 0)


def _said(columns: list[str]) -> dict[str, str]:
    """What was said of columns, by their headings."""
    from ap_ledger.roster.cells import squeezed
    from ap_ledger.roster.fields import COLUMNS

    said: dict[str, str] = {}
    for text in columns:
        heading, equals, name = text.rpartition("=")
        if not equals or (name and name not in COLUMNS):
            raise typer.BadParameter(f"write HEADING=NAME; the names are: {', '.join(COLUMNS)}", param_hint="--column")
        said[squeezed(heading)] = name
    return said


def _setting(service: Service, wanted: str | None, person: UUID) -> SettingBody:
    """The setting that is meant. Raises SetupError."""
    state = service.ledger.states.person(person)
    key = wanted or str(state.setting_id if state else "")
    body = service.reader.one("settings", key)
    if body is None:
        raise SetupError("Give the setting's id, such as those that /api/v1/settings lists: --setting")
    return body


def _table(tables: list[Table], about: str | None) -> tuple[Table, Subject]:
    from ap_ledger.roster.fields import SUBJECTS, subject_of

    if about is not None and about not in SUBJECTS:
        raise typer.BadParameter("students or staff", param_hint="--about")
    wanted = next((subject for subject in SUBJECTS if subject == about), None)
    fitting = (table for table in tables if wanted is None or table.subject in (None, wanted))
    table = next(fitting, None)
    if table is None:
        raise RosterFault("There is nobody of these in the file.")
    return table, wanted or subject_of(table)


def _tell(plan: Plan) -> None:
    """What would be done, by the numbers of the rows: a terminal's words are kept in more places than anybody
    knows."""
    from ap_ledger.roster.fields import COLUMNS
    from ap_ledger.roster.plan import OUTCOMES

    for note in plan.table.notes:
        complain.print(note, highlight=False, markup=False)
    for heading, name in zip(plan.table.headings, plan.matched, strict=True):
        console.print(
            f"{heading or '(no heading)'}: {COLUMNS[name].label if name else 'not brought in'}",
            highlight=False, markup=False,
        )  # fmt: skip
    lines = list(_lines(plan))
    for line in lines[:LINES_SHOWN]:
        console.print(line, highlight=False, markup=False)
    if len(lines) > LINES_SHOWN:
        console.print(f"and {len(lines) - LINES_SHOWN} rows more", highlight=False)
    counts = {outcome: len(plan.of(outcome)) for outcome in OUTCOMES}
    console.print(
        f"{counts['new']} new, {counts['changed']} changed, {counts['same']} the same, {counts['refused']} refused. "
        f"{len(plan.left)} who are here are not in the file; nothing is done about them.",
        highlight=False,
    )


def _lines(plan: Plan) -> Iterator[str]:
    for planned in plan.rows:
        if planned.outcome == "refused":
            yield f"row {planned.row.number}: refused: {planned.fault}"
        elif planned.outcome == "changed":
            labels = ", ".join(dict.fromkeys(change.label for change in planned.changes))
            yield f"row {planned.row.number}: changed: {labels}"
        elif planned.outcome == "new":
            yield f"row {planned.row.number}: new"


def _write_refused(path: Path, plan: Plan, bad: Sequence[PlannedRow]) -> None:
    from ap_ledger.roster.refused_file import refused_csv

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
        out.write(refused_csv(plan, bad))
    console.print(f"Wrote {len(bad)} rows, each with its reason, to {path}.", highlight=False)
