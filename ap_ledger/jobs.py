"""What happens on a clock: one run at a time over all processes, missed runs made up, a failure said where the leader
looks.

Every job says when it was last due; a tick each minute claims what is due and has not run. So a run that was missed
while the service was down happens at its next start, and two workers never do the same twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from ap_ledger.bootstrap import Service
from ap_ledger.domain.retention import time_over
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.jobs import PackDraft
from ap_ledger.stores.keyring.copies import copies_folder, end_old_copies
from projections.queries.clocks import clocks, open_reviews
from reports.compose import Order, make_report, students_of
from reports.layouts import read_layout
from reports.pack import figures_hash

log = structlog.get_logger()
PACK = "commissioner-pack"

Said = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """Something that happens on a clock. `due` gives the latest moment, up to now, at which it should have begun."""

    name: str
    what: str
    when: str
    due: Callable[[datetime], datetime]
    run: Callable[[Service], Said]


def every_minute(now: datetime) -> datetime:
    """The present minute."""
    return now.replace(second=0, microsecond=0)


def every_hour(now: datetime) -> datetime:
    """The present hour."""
    return now.replace(minute=0, second=0, microsecond=0)


def daily(hour: int, minute: int) -> Callable[[datetime], datetime]:
    """The latest such time of day, in UTC."""

    def due(now: datetime) -> datetime:
        at = datetime.combine(now.date(), time(hour, minute), UTC)
        return at if at <= now else at - timedelta(days=1)

    return due


def weekly(weekday: int, hour: int) -> Callable[[datetime], datetime]:
    """The latest such weekday (1 Monday) and hour, in UTC."""

    def due(now: datetime) -> datetime:
        at = datetime.combine(now.date() - timedelta(days=(now.isoweekday() - weekday) % 7), time(hour), UTC)
        return at if at <= now else at - timedelta(days=7)

    return due


def monthly(hour: int) -> Callable[[datetime], datetime]:
    """The latest first day of a month, at such an hour, in UTC."""

    def due(now: datetime) -> datetime:
        at = datetime.combine(now.date().replace(day=1), time(hour), UTC)
        return at if at <= now else (at - timedelta(days=1)).replace(day=1)

    return due


class Incomplete(Exception):
    """A check found something wrong."""


def _check_projections(service: Service) -> Said:
    positions = service.reader.positions()
    behind = {name: positions["ledger"] - position for name, position in positions.items() if name != "ledger"}
    dead = service.views.dead_letters()
    if dead:
        raise Incomplete
    return {"events": positions["ledger"], "behind": max(behind.values(), default=0)}


def _remember_end(service: Service) -> Said:
    service.ledger.memory.remember(service.ledger.clock().date())
    return {"events": service.ledger.recorder.read_head().position}


def _digest(service: Service) -> Said:
    counts: dict[str, int] = {"overdue": 0, "due": 0, "soon": 0}
    for setting in service.reader.whole("settings"):
        for clock in clocks(service.reader, setting, service.reader.everyone(setting), service.ledger.now()):
            counts[clock.state] += 1
    return counts


def _prepare_packs(service: Service) -> Said:
    """A pack for every half-term that is over and whose review is due, in their order, however long ago it was."""
    made, failed = 0, None
    now = service.ledger.now()
    for setting in service.reader.whole("settings"):
        today = now.astimezone(ZoneInfo(setting["time_zone"])).date()
        there = {
            (draft.commissioner_id, draft.first, draft.last) for draft in service.jobs.drafts_of(UUID(setting["id"]))
        }
        for review in open_reviews(service.reader, setting, service.reader.whole("placements", setting), today):
            term = review.term
            if term.last >= today or (review.commissioner_id, term.first, term.last) in there:
                continue
            try:
                service.jobs.keep_draft(
                    draft_pack(service, setting, review.commissioner_id, term.first, term.last, now, today)
                )
                made += 1
            except Exception as error:
                # One pack that cannot be made must not keep the others from whoever waits for them.
                failed = error
    if failed is not None:
        raise failed
    return {"prepared": made}


def draft_pack(
    service: Service, setting: dict[str, Any], commissioner: UUID, first: date, last: date, now: datetime, today: date
) -> PackDraft:
    """A pack that was made once to see that it can be, and what it says."""
    order = Order(read_layout(PACK), UUID(setting["id"]), first, last, commissioner_id=commissioner, known_at=now)
    report = make_report(service.reader, order, lambda *_: False, today)
    students = len(students_of(service.reader, setting, commissioner, first, last))
    return PackDraft(
        new_id(),
        order.setting_id,
        commissioner,
        PACK,
        first,
        last,
        now,
        students,
        bool(report.facts["incomplete"]),
        figures_hash(report),
    )


def _retention_due(service: Service) -> Said:
    reader, students = service.reader, 0
    for setting in reader.whole("settings"):
        today = service.ledger.access_facts.today(UUID(setting["id"]))
        students += len(time_over(reader.everyone(setting), reader.whole("placements", setting), setting, today))
    return {"students": students}


def _counted(what: str, run: Callable[[Service], Any]) -> Callable[[Service], Said]:
    def counted(service: Service) -> Said:
        done = run(service)
        return {what: done} if isinstance(done, int) else {}

    return counted


JOBS: tuple[Job, ...] = (
    Job(
        "settle-held",
        "Entries that wait for something are tried again",
        "every minute",
        every_minute,
        _counted("settled", lambda one: one.ledger.waiting.release_all()),
    ),
    Job(
        "finish-erasures",
        "Erasures that a crash cut short are finished",
        "every minute",
        every_minute,
        _counted("finished", lambda one: one.ledger.effects.redo()),
    ),
    Job(
        "remember-end",
        "How far the ledger reaches is remembered apart from it",
        "every hour",
        every_hour,
        _remember_end,
    ),
    Job(
        "check-projections",
        "The read models are checked against the ledger",
        "every hour",
        every_hour,
        _check_projections,
    ),
    Job(
        "sweep",
        "Whatever an erasure should have removed is looked for",
        "each night",
        daily(3, 20),
        _counted("found", lambda one: one.ledger.effects.sweep()),
    ),
    Job(
        "end-held",
        "What was refused and names no student here ends after 35 days",
        "each night",
        daily(3, 30),
        _counted("ended", lambda one: one.ledger.held.end_lives(one.ledger.clock())),
    ),
    Job(
        "end-key-copies",
        "Copies of the keyring that a restore kept end after 35 days",
        "each night",
        daily(3, 30),
        _counted("deleted", lambda one: end_old_copies(copies_folder(one.settings))),
    ),
    Job(
        "tidy-sign-in",
        "Sign-ins that are over are forgotten",
        "each night",
        daily(3, 40),
        _counted("forgotten", lambda one: one.accounts.tidy()),
    ),
    Job(
        "half-term-packs",
        "Packs for commissioners are prepared when a half-term is over",
        "each night",
        daily(4, 0),
        _prepare_packs,
    ),
    Job("digest", "What the clocks say, once a week", "on Mondays", weekly(1, 5), _digest),
    Job(
        "retention-due",
        "Records whose time is over are listed",
        "on the first of each month",
        monthly(4),
        _retention_due,
    ),
)
"""Everything that happens on a clock, written down."""


def run_due(service: Service) -> int:
    """Does everything that is due and that nobody else has done or is doing. Returns how many ran."""
    ran = 0
    fault = service.ledger.time.fault()
    if fault is not None and fault.refused:
        # What is due goes by the clock. It is made up for once the clock is right.
        return 0
    for job in JOBS:
        now = datetime.now(UTC)
        due = job.due(now)
        try:
            if not service.jobs.claim(job.name, due, now):
                continue
        except Exception as error:
            log.error("job not begun", job=job.name, error=type(error).__name__)
            continue
        ran += 1
        try:
            said = job.run(service)
        except Exception as error:
            log.error("job failed", job=job.name, error=type(error).__name__)
            service.jobs.finish(job.name, due, datetime.now(UTC), error=type(error).__name__)
        else:
            service.jobs.finish(job.name, due, datetime.now(UTC), said)
    return ran


def start_jobs(service: Service) -> BackgroundScheduler:
    """Looks every minute for what is due. Call `shutdown` on what is returned."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(
        lambda: run_due(service),
        "interval",
        seconds=60,
        id="due",
        next_run_time=datetime.now(UTC) + timedelta(seconds=2),
    )
    scheduler.start()
    return scheduler
