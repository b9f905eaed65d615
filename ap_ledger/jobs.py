"""What happens on a clock: one run at a time of each, missed runs made up, a failure said out loud."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from ap_ledger.application import Ledger

log = structlog.get_logger()


def start_jobs(ledger: Ledger) -> BackgroundScheduler:
    """Starts the jobs of one process. Call `shutdown` on what is returned."""
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600})
    scheduler.add_job(_loudly("settle what is held", ledger.release_all), "interval", minutes=1, id="settle-held")
    scheduler.add_job(_loudly("finish erasures", ledger.deeds.redo), "interval", minutes=1, id="finish-erasures")
    scheduler.add_job(_loudly("look after erasures", ledger.deeds.sweep), "cron", hour=3, minute=20, id="sweep")
    scheduler.add_job(_loudly("tidy sign-in", ledger.accounts.tidy), "cron", hour=3, minute=40, id="tidy-sign-in")
    scheduler.start()
    return scheduler


def _loudly(name: str, job: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            job()
        except Exception as error:
            log.error("job failed", job=name, error=type(error).__name__)

    return run
