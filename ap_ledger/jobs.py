"""What happens on a clock: one run at a time over all processes, missed runs made up, a failure said where the leader
looks.

Every job's calendar says when it was last due; a tick each minute claims what is due and has not run. So a run that was
missed while the service was down happens at its next start, and two workers never do the same twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from string import Formatter
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from ap_ledger.bootstrap import Service
from ap_ledger.domain.retention import time_over
from ap_ledger.notices.raising import raise_new
from ap_ledger.notices.sending import send_waiting
from ap_ledger.recording.ledger import new_id
from ap_ledger.stores.jobs import PackDraft
from ap_ledger.stores.keyring.copies import copies_folder, end_old_copies
from projections.bodies import SettingBody
from projections.queries.clocks import clocks, open_reviews
from reports.compose import Order, make_report, students_of
from reports.layouts import read_layout
from reports.pack import figures_hash

log = structlog.get_logger()
PACK = "commissioner-pack"
QUICK = timedelta(seconds=20)
"""Whoever has to know of something within a minute waits for a job that is looked after more often than that."""
PATIENT = timedelta(seconds=30)
"""What waits for servers of others has a thread of its own, so that nothing else waits for them."""
on = partial(CronTrigger, timezone=UTC)

Said = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """Something that happens on a clock. `when` says for people what `calendar` says in UTC; `result` is how the counts
    of a run are said to them."""

    name: str
    what: str
    when: str
    calendar: CronTrigger
    run: Callable[[Service], Said]
    result: str
    every: timedelta = timedelta(minutes=1)
    """How often is looked whether it is due."""

    def result_in_words(self, counts: Mapping[str, int]) -> str:
        """How a run went. An earlier version may have counted something else."""
        return self.result.format_map(counts) if counts.keys() >= _named_in(self.result) else "Done"


def _named_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def last_due(calendar: CronTrigger, now: datetime) -> datetime:
    """The latest moment, up to now, that a calendar names.

    A calendar tells only what comes next. So it is asked from further and further back, until it names a moment that is
    over, and then on from there.
    """
    back = timedelta(minutes=1)
    while (due := calendar.get_next_fire_time(None, now - back)) > now:
        back *= 2
    while (following := calendar.get_next_fire_time(due, now)) <= now:
        due = following
    return cast(datetime, due)


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
    service: Service, setting: SettingBody, commissioner: UUID, first: date, last: date, now: datetime, today: date
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


def _tidy_notices(service: Service) -> int:
    facts, people = service.ledger.access_facts, (UUID(body["id"]) for body in service.reader.whole("people"))
    service.notices.keep_only([person for person in people if facts.roles_to_come(person)])
    return service.notices.tidy(service.ledger.now())


def _counted(what: str, run: Callable[[Service], Any]) -> Callable[[Service], Said]:
    def counted(service: Service) -> Said:
        done = run(service)
        return {what: done} if isinstance(done, int) else {}

    return counted


JOBS: tuple[Job, ...] = (
    Job(
        "raise-notices",
        "People are told what is new for them",
        "three times a minute",
        on(second="*/20"),
        _counted("told", raise_new),
        "{told} told",
        QUICK,
    ),
    Job(
        "send-notices",
        "What nobody has read is sent to those who asked for that",
        "twice a minute",
        on(second="*/30"),
        _counted("sent", send_waiting),
        "{sent} sent",
        PATIENT,
    ),
    Job(
        "settle-held",
        "Entries that wait for something are tried again",
        "every minute",
        on(minute="*"),
        _counted("settled", lambda service: service.ledger.waiting.release_all()),
        "{settled} found their place",
    ),
    Job(
        "finish-erasures",
        "Erasures that a crash cut short are finished",
        "every minute",
        on(minute="*"),
        _counted("finished", lambda service: service.ledger.effects.redo()),
        "{finished} finished",
    ),
    Job(
        "remember-end",
        "How far the ledger reaches is remembered apart from it",
        "every hour",
        on(minute=0),
        _remember_end,
        "{events:,} events so far",
    ),
    Job(
        "check-projections",
        "The read models are checked against the ledger",
        "every hour",
        on(minute=0),
        _check_projections,
        "{events:,} events, {behind} of them not read yet",
    ),
    Job(
        "sweep",
        "Whatever an erasure should have removed is looked for",
        "each night",
        on(hour=3, minute=20),
        _counted("found", lambda service: service.ledger.effects.sweep()),
        "{found} found and removed",
    ),
    Job(
        "end-held",
        "What was refused and names no student here ends after 35 days",
        "each night",
        on(hour=3, minute=30),
        _counted("ended", lambda service: service.ledger.held.end_lives(service.ledger.clock())),
        "{ended} ended",
    ),
    Job(
        "end-key-copies",
        "Copies of the keyring that a restore kept end after 35 days",
        "each night",
        on(hour=3, minute=30),
        _counted("deleted", lambda service: end_old_copies(copies_folder(service.settings))),
        "{deleted} deleted",
    ),
    Job(
        "tidy-notices",
        "Notices of more than 90 days ago are forgotten, and addresses of whoever left",
        "each night",
        on(hour=3, minute=40),
        _counted("forgotten", _tidy_notices),
        "{forgotten} forgotten",
    ),
    Job(
        "tidy-sign-in",
        "Sign-ins that are over are forgotten",
        "each night",
        on(hour=3, minute=40),
        _counted("forgotten", lambda service: service.accounts.tidy()),
        "{forgotten} forgotten",
    ),
    Job(
        "half-term-packs",
        "Packs for commissioners are prepared when a half-term is over",
        "each night",
        on(hour=4),
        _prepare_packs,
        "{prepared} prepared",
    ),
    Job(
        "digest",
        "What the clocks say, once a week",
        "on Mondays",
        on(day_of_week="mon", hour=5),
        _digest,
        "{overdue} past their day, {due} due, {soon} soon",
    ),
    Job(
        "retention-due",
        "Records whose time is over are listed",
        "on the first of each month",
        on(day=1, hour=4),
        _retention_due,
        "{students} listed",
    ),
)
"""Everything that happens on a clock, written down."""


def run_due(service: Service, jobs: Sequence[Job] | None = None) -> int:
    """Does everything that is due and that nobody else has done or is doing, of all jobs or of some.

    Returns how many ran.
    """
    ran = 0
    fault = service.ledger.time.fault()
    if fault is not None and fault.refused:
        # What is due goes by the clock. It is made up for once the clock is right.
        return 0
    for job in JOBS if jobs is None else jobs:
        now = datetime.now(UTC)
        due = last_due(job.calendar, now)
        try:
            if not service.jobs.claim(job.name, due, now):
                continue
        except Exception as error:
            log.error("job not begun", job=job.name, error=type(error).__name__)
            continue
        ran += 1
        try:
            result = job.run(service)
        except Exception as error:
            log.error("job failed", job=job.name, error=type(error).__name__)
            service.jobs.finish(job.name, due, datetime.now(UTC), error=type(error).__name__)
        else:
            service.jobs.finish(job.name, due, datetime.now(UTC), result)
    return ran


def start_jobs(service: Service) -> BackgroundScheduler:
    """Looks every minute for what is due, and more often after what must not wait so long.

    Each looks in a thread of its own, so that a slow job keeps no quick one waiting. Call `shutdown` on what is
    returned.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for every in sorted({job.every for job in JOBS}):
        scheduler.add_job(
            partial(run_due, service, [job for job in JOBS if job.every == every]),
            "interval",
            seconds=every.total_seconds(),
            id=f"due-{every}",
            next_run_time=datetime.now(UTC) + timedelta(seconds=2),
        )
    scheduler.start()
    return scheduler
