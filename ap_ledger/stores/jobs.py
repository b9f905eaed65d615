"""What ran on a clock and how it went, and packs that were prepared: a store of its own, since no replay makes them.

Losing it loses nobody's record: whatever is due runs once more, and packs of reviews that are due are prepared anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Column, Integer, MetaData, String, Table, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.errors import SetupError
from ap_ledger.events.moments import microseconds, moment
from ap_ledger.persistence.steps.jobs import STEPS
from ap_ledger.settings import Settings
from ap_ledger.stores.engine import MOMENT, Bytes, changing, create_store, open_existing
from ap_ledger.stores.sound_rows import sound_rows

GIVEN_UP = timedelta(hours=1)
"""A run that was begun so long ago and never ended is taken over: its process died."""
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
MISSING = (
    "The store of jobs is missing. Restore it from its backup; where there is none, ap-ledger upgrade makes an empty "
    "one, and what runs by itself begins anew."
)
METADATA = MetaData()
RUNS = Table(
    "job_runs",
    METADATA,
    Column("name", String, primary_key=True),
    Column("due_at", MOMENT, nullable=False),
    Column("began_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("error", String),
    Column("counts", String, nullable=False),
)
PACKS = Table(
    "pack_drafts",
    METADATA,
    Column("id", Bytes(16), primary_key=True),
    Column("setting", Bytes(16), nullable=False, index=True),
    Column("commissioner", Bytes(16), nullable=False),
    Column("layout", String, nullable=False),
    Column("first", String, nullable=False),
    Column("last", String, nullable=False),
    Column("known_at", MOMENT, nullable=False),
    Column("students", Integer, nullable=False),
    Column("incomplete", Integer, nullable=False),
    Column("figures_hash", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class JobRun:
    """The latest run of a job.

    `ended` None: it is running, or its process died. `error` names a kind of fault, never its words. `counts` is what
    the last run that succeeded counted, by name.
    """

    name: str
    due: datetime
    began: datetime
    ended: datetime | None
    error: str | None
    counts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PackDraft:
    """A pack that was prepared and waits for somebody to look at it and release it."""

    id: UUID
    setting_id: UUID
    commissioner_id: UUID
    layout: str
    first: date
    last: date
    known_at: datetime
    students: int
    incomplete: bool
    figures_hash: str


class JobStore:
    """Gives the runs of jobs away one at a time, and keeps prepared packs."""

    def __init__(self, settings: Settings) -> None:
        self._engine = open_existing(settings, "jobs", "job_runs", PRAGMAS, STEPS, SetupError(MISSING))

    @classmethod
    def create(cls, settings: Settings) -> None:
        """Makes the empty store."""
        create_store(settings, "jobs", METADATA, PRAGMAS, STEPS)

    def claim(self, name: str, due: datetime, now: datetime) -> bool:
        """Takes the run of a job that was due at a moment; False where somebody else has it, or had it."""
        values = {"due_at": microseconds(due), "began_at": microseconds(now), "ended_at": None, "error": None}
        given_up = and_(
            RUNS.c.due_at == microseconds(due),
            RUNS.c.ended_at.is_(None),
            RUNS.c.began_at < microseconds(now - GIVEN_UP),
        )
        is_free = and_(RUNS.c.name == name, or_(RUNS.c.due_at < microseconds(due), given_up))
        try:
            with changing(self._engine) as connection:
                if connection.execute(update(RUNS).where(is_free).values(values)).rowcount:
                    return True
                if connection.execute(select(RUNS.c.name).where(RUNS.c.name == name)).first() is not None:
                    return False
                connection.execute(insert(RUNS).values(name=name, counts="{}", **values))
                return True
        except IntegrityError:
            # Another runner wrote the first run of this job between our look and our write.
            return False

    def finish(
        self,
        name: str,
        due: datetime,
        now: datetime,
        counts: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """Says how a run went. What an earlier run counted stays where this one failed."""
        values: dict[str, Any] = {"ended_at": microseconds(now), "error": error}
        if error is None:
            values["counts"] = orjson.dumps(dict(counts or {})).decode()
        this_run = and_(RUNS.c.name == name, RUNS.c.due_at == microseconds(due))
        with self._engine.begin() as connection:
            connection.execute(update(RUNS).where(this_run).values(values))

    def latest_runs(self) -> dict[str, JobRun]:
        """The latest run of every job that ever ran, by name."""
        with self._engine.connect() as connection:
            return {run.name: run for row in sound_rows(connection, select(RUNS)) for run in _run(row)}

    def keep_draft(self, draft: PackDraft) -> None:
        """Keeps a prepared pack, in place of an earlier one of the same commissioner, layout and period."""
        same = and_(
            PACKS.c.commissioner == draft.commissioner_id.bytes,
            PACKS.c.layout == draft.layout,
            PACKS.c.first == draft.first.isoformat(),
            PACKS.c.last == draft.last.isoformat(),
        )
        values = {
            "id": draft.id.bytes,
            "setting": draft.setting_id.bytes,
            "commissioner": draft.commissioner_id.bytes,
            "layout": draft.layout,
            "first": draft.first.isoformat(),
            "last": draft.last.isoformat(),
            "known_at": microseconds(draft.known_at),
            "students": draft.students,
            "incomplete": int(draft.incomplete),
            "figures_hash": draft.figures_hash,
        }
        with changing(self._engine) as connection:
            connection.execute(delete(PACKS).where(same))
            connection.execute(insert(PACKS).values(values))

    def drafts_of(self, setting_id: UUID) -> list[PackDraft]:
        """The prepared packs of a setting, the newest period first."""
        ask = select(PACKS).where(PACKS.c.setting == setting_id.bytes).order_by(PACKS.c.last.desc(), PACKS.c.id)
        with self._engine.connect() as connection:
            return [draft for row in sound_rows(connection, ask) for draft in _draft(row)]

    def close(self) -> None:
        """Lets go of the store."""
        self._engine.dispose()


def _run(row: Any) -> Iterator[JobRun]:
    """The run of a row; nothing where somebody or a fault of the disk changed what it says."""
    ended = None if row.ended_at is None else moment(row.ended_at)
    with suppress(ValueError):
        counts = orjson.loads(row.counts)
        yield JobRun(row.name, moment(row.due_at), moment(row.began_at), ended, row.error, counts)


def _draft(row: Any) -> Iterator[PackDraft]:
    """The pack of a row; nothing where its days are none any more."""
    with suppress(ValueError):
        yield PackDraft(
            UUID(bytes=bytes(row.id)),
            UUID(bytes=bytes(row.setting)),
            UUID(bytes=bytes(row.commissioner)),
            row.layout,
            date.fromisoformat(row.first),
            date.fromisoformat(row.last),
            moment(row.known_at),
            row.students,
            bool(row.incomplete),
            row.figures_hash,
        )
