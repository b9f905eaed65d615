"""The two times of a page or an answer: what had happened by then, and what had been recorded by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import AfterValidator

from ap_ledger.bootstrap import Service
from ap_ledger.events.as_written import WrittenMoment
from api.core.show import YEARS, end_of_day
from projections.bodies import SettingBody


def _in_living_memory(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.year not in YEARS:
        raise ValueError("a moment between 1900 and 2200")
    return moment


Moment = Annotated[WrittenMoment | None, AfterValidator(_in_living_memory)]
AsOf = Annotated[Moment, Query(description="What had happened by then. Now, if not given.")]
KnownAt = Annotated[Moment, Query(description="What had been recorded by then. Now, if not given.")]


@dataclass(frozen=True)
class Times:
    """The two times of a page, as they were asked for and as moments; `zone` is where its days begin and end."""

    as_of: str
    known: str
    happened_by: datetime
    known_at: datetime | None
    today: str
    zone: str


def times_of(using: Service, setting: SettingBody, as_of: str, known: str) -> Times:
    """The two times that a page was asked for; a day that cannot be read is as good as none."""
    zone, now = ZoneInfo(setting["time_zone"]), using.ledger.now()
    happened_by, known_at = end_of_day(as_of, zone), end_of_day(known, zone)
    return Times(
        as_of if happened_by else "",
        known if known_at else "",
        happened_by or now,
        known_at,
        f"{now.astimezone(zone):%Y-%m-%d}",
        zone.key,
    )
