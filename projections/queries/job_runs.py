"""What ran on a clock and how it went, and the packs that were prepared: both can be made again, so they lie with the
read models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ap_ledger.events.moments import microseconds, moment
from projections.views import JOB_RUNS, PACK_DRAFTS, Views

GIVEN_UP = timedelta(hours=1)
"""A run that was begun so long ago and never ended is taken over: its process died."""


@dataclass(frozen=True)
class JobRun:
    """The latest run of a job.

    `ended` None: it is running, or its process died. `error` names a kind of fault, never its words.
    """

    name: str
    due: datetime
    began: datetime
    ended: datetime | None
    error: str | None
    said: dict[str, Any]


@dataclass(frozen=True)
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


def claim(views: Views, name: str, due: datetime, now: datetime) -> bool:
    """Takes the run of a job that was due at a moment; False where somebody else has it, or had it."""
    values = {"due_at": microseconds(due), "began_at": microseconds(now), "ended_at": None, "error": None}
    try:
        with views.writing() as connection:
            taken = connection.execute(
                update(JOB_RUNS)
                .where(
                    JOB_RUNS.c.name == name,
                    or_(
                        JOB_RUNS.c.due_at < microseconds(due),
                        and_(
                            JOB_RUNS.c.due_at == microseconds(due),
                            JOB_RUNS.c.ended_at.is_(None),
                            JOB_RUNS.c.began_at < microseconds(now - GIVEN_UP),
                        ),
                    ),
                )
                .values(values)
            ).rowcount
            if taken:
                return True
            if connection.execute(select(JOB_RUNS.c.name).where(JOB_RUNS.c.name == name)).first() is None:
                connection.execute(insert(JOB_RUNS).values(name=name, said="{}", **values))
                return True
            return False
    except IntegrityError:
        # Another runner wrote the first run of this job between our look and our write.
        return False


def finish(
    views: Views,
    name: str,
    due: datetime,
    now: datetime,
    said: Mapping[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Says how a run went. What an earlier run said stays where this one failed."""
    values: dict[str, Any] = {"ended_at": microseconds(now), "error": error}
    if error is None:
        values["said"] = orjson.dumps(dict(said or {})).decode()
    with views.writing() as connection:
        connection.execute(
            update(JOB_RUNS).where(JOB_RUNS.c.name == name, JOB_RUNS.c.due_at == microseconds(due)).values(values)
        )


def latest_runs(views: Views) -> dict[str, JobRun]:
    """The latest run of every job that ever ran, by name."""
    with views.reading() as connection:
        rows = connection.execute(select(JOB_RUNS)).all()
    return {
        row.name: JobRun(row.name, moment(row.due_at), moment(row.began_at),
        None if row.ended_at is None else moment(row.ended_at), row.error, orjson.loads(row.said))
        for row in rows
    }  # fmt: skip


def keep_draft(views: Views, draft: PackDraft) -> None:
    """Keeps a prepared pack, in place of an earlier one of the same commissioner, layout and period."""
    same = and_(
        PACK_DRAFTS.c.commissioner == draft.commissioner_id.bytes, PACK_DRAFTS.c.layout == draft.layout,
        PACK_DRAFTS.c.first == draft.first.isoformat(),
        PACK_DRAFTS.c.last == draft.last.isoformat(),
    )  # fmt: skip
    with views.writing() as connection:
        connection.execute(delete(PACK_DRAFTS).where(same))
        connection.execute(
            insert(PACK_DRAFTS).values(
                id=draft.id.bytes, setting=draft.setting_id.bytes, commissioner=draft.commissioner_id.bytes,
                layout=draft.layout, first=draft.first.isoformat(),
                last=draft.last.isoformat(), known_at=microseconds(draft.known_at), students=draft.students,
                incomplete=int(draft.incomplete),
                figures_hash=draft.figures_hash,
            )
        )  # fmt: skip


def drafts_of(views: Views, setting_id: UUID) -> list[PackDraft]:
    """The prepared packs of a setting, the newest period first."""
    with views.reading() as connection:
        rows = connection.execute(
            select(PACK_DRAFTS)
            .where(PACK_DRAFTS.c.setting == setting_id.bytes)
            .order_by(PACK_DRAFTS.c.last.desc(), PACK_DRAFTS.c.id)
        ).all()
    return [
        PackDraft(
            UUID(bytes=bytes(row.id)), UUID(bytes=bytes(row.setting)), UUID(bytes=bytes(row.commissioner)), row.layout,
            date.fromisoformat(row.first),
            date.fromisoformat(row.last), moment(row.known_at), row.students, bool(row.incomplete), row.figures_hash,
        )
        for row in rows
    ]  # fmt: skip
