"""One student's history at any two times: what had happened by `as_of`, and what had been recorded by `known_at`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Select, Table, bindparam, or_, select

from ap_ledger.events.days import EVERY_DAY, Days
from ap_ledger.events.moments import local_day, microseconds
from ap_ledger.kinds.items import DefinitionItem
from projections.bodies import SettingBody
from projections.fold.cells import DatedCell, fold_day
from projections.fold.progress import Progress, Statuses, Worth, combine
from projections.fold.stored import read_cell
from projections.queries.entries import ENTRIES_LIMIT, entries_at
from projections.queries.expected import Asked, as_offered, expected_at
from projections.queries.reading import Reader
from projections.queries.relations import on_days
from projections.writers.student_days import StudentDays
from projections.writers.timeline import read_days

History = dict[str, Any]


def history(
    reader: Reader,
    student_id: UUID,
    as_of: datetime,
    known_at: datetime | None,
    skip: int = 0,
    limit: int = ENTRIES_LIMIT,
    within: Days = EVERY_DAY,
) -> History:
    """Entries and progress at that instant. Entries come newest first, at most `limit`, after leaving out `skip`.

    `known_at` None means everything that is known; only the days of `within` are told. Raises Unknown for a student who
    was never admitted.
    """
    _, setting = reader.student_and_setting(student_id)
    days, position, incomplete = days_at(reader, student_id, setting, as_of, known_at, within)
    progress = progress_of(reader, setting, days)
    entries = entries_at(reader, student_id, as_of, position, skip, limit, within=within)
    return {
        "student_id": str(student_id),
        "as_of": as_of.isoformat(),
        "known_at": None if known_at is None else known_at.isoformat(),
        "position": position,
        "incomplete": incomplete,
        "entries": entries,
        "progress": progress,
    }


def days_at(
    reader: Reader,
    student_id: UUID,
    setting: SettingBody,
    as_of: datetime,
    known_at: datetime | None,
    within: Days = EVERY_DAY,
    expected: Asked | None = None,
) -> tuple[list[DatedCell], int, bool]:
    """The student's days of `within` as (ISO date, cell), the position they were known at, and whether any is
    incomplete.

    `expected` says in which sessions the student was expected, for whoever knows that of many students already.
    """
    last_day = local_day(microseconds(as_of), setting["time_zone"]).toordinal()
    known = None if known_at is None else reader.ledger.position_at(known_at)
    with reader.views.reading() as connection:
        live = reader.views.live(connection, StudentDays.name)
        assert live is not None
        position = live.position if known is None else min(known, live.position)
        cells = StudentDays.tables_in(live)[1]
        given = {"student": student_id.bytes, "last_day": last_day, "position": position}
        rows = connection.execute(on_days(_cells_of(cells), cells.c.day, within), given).all()
        # A version that goes on after the position, and the day of `as_of` itself, are folded again as they were then.
        again = [day for day, last_pos, *_ in rows if last_pos > position or day == last_day]
        entries = read_days(connection, reader.views, f"timeline__{live.name}", student_id.bytes, again, position)
        instant = microseconds(as_of)
        days: list[DatedCell] = []
        for day, _, rungs, rest in rows:
            entries_then = entries.get(day)
            folded = (
                read_cell(rungs, rest)
                if entries_then is None
                else fold_day(row for row in entries_then if row.occurred_at <= instant)
            )
            if folded.counts:
                days.append((date.fromordinal(day).isoformat(), folded))
        incomplete = reader.views.incomplete(connection, reader.ledger.states.records(student_id))
    return as_offered(expected or expected_at(reader, student_id, setting, position), days), position, incomplete


def known_position(reader: Reader, known_at: datetime | None) -> int:
    """The position up to which something is told as it was known at a time: never beyond what the days have seen."""
    seen = reader.views.position(StudentDays.name)
    return seen if known_at is None else min(reader.ledger.position_at(known_at), seen)


def progress_of(reader: Reader, setting: SettingBody, days: Sequence[DatedCell]) -> Progress:
    """The one fold over days, with the ladders and slots they were scored against."""
    keys = {rung.ladder for _, cell in days for rung in cell.rungs}
    ladders = {key: list(definition.rank) for key in keys if (definition := reader.definition(key)) is not None}
    return combine(days, ladders, reader.slot_kinds(setting), statuses_of(reader, days))


def statuses_of(reader: Reader, days: Sequence[DatedCell]) -> Statuses:
    """What counts as known, and as lost, for every unit that was touched on these days."""
    units = {step.unit for _, cell in days for step in cell.units}
    worths: dict[str, Worth] = {}
    for unit in units:
        curriculum, item = DefinitionItem.unpacked(unit)
        definition = reader.definition(curriculum)
        scale = definition.scale_of(item) if definition else None
        if scale is not None:
            worths[unit] = Worth(scale.secure, scale.lost)
    return worths


@cache
def _cells_of(cells: Table) -> Select[Any]:
    until = cells.c.to_pos
    position: BindParameter[int] = bindparam("position")
    ask = select(cells.c.day, cells.c.last_pos, cells.c.rungs, cells.c.cell).order_by(cells.c.day)
    return ask.where(
        cells.c.student == bindparam("student"),
        cells.c.day <= bindparam("last_day"),
        cells.c.from_pos <= position,
        or_(until.is_(None), until > position),
    )
