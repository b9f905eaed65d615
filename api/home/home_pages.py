"""The first page: what needs somebody today, by the roles of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from ap_ledger.access.rules import Home, homes_of
from ap_ledger.bootstrap import Service
from ap_ledger.events.moments import microseconds, zone
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.proposals_in_words import told_to_leads
from api.core.released import lines_of, released_to
from api.core.service import Current
from api.core.show import show
from api.home.leading import ORDERS, SHOWN, Leading, act_for, leading
from projections.bodies import SettingBody
from reports.small_ladders import last_contacts, wall_tile

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
NOON, EVENING = 12, 17
NAMED_AT_ONCE = 5
"""So many children are named at once; the others are one step away."""
Word = Annotated[str, Query(max_length=120)]


@dataclass(frozen=True)
class HomeHere:
    """What somebody's first page holds of one setting: which parts, and those that are made of its records."""

    setting: SettingBody
    parts: Sequence[Home]
    leading: Leading | None


@dataclass(frozen=True)
class Notices:
    """What a first page says at its top: what waits, what failed, and who is made a lead."""

    held: int
    failed: bool
    warnings: Sequence[str]


@router.get("/", gate=Gate("see-own-account"), nav=Nav("Home", "pages", 0, icon="house"))
def home(
    request: Request,
    using: Current,
    asking: Asking,
    only: Word = "",
    group: Word = "",
    order: Word = "",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> HTMLResponse:
    """What needs somebody first, by the roles of whoever asks; one with several roles sees the parts together."""
    now = using.ledger.now()
    chosen = {"show": only if only in SHOWN else "", "group": group, "order": order if order in ORDERS else ""}
    where = {grant.setting_id for grant in asking.who.grants}
    settings = [setting for setting in using.reader.whole("settings") if UUID(setting["id"]) in where]
    homes: list[HomeHere] = []
    for setting in settings:
        parts = homes_of(asking.who, UUID(setting["id"]))
        led = leading(using, asking, setting, chosen, page) if "leader" in parts else None
        homes.append(HomeHere(setting, parts, led))
    zones = [zone(setting["time_zone"]) for setting in settings]
    here = now.astimezone(zones[0]) if zones else now
    released = (
        lines_of(released_to(using, asking)) if asking.may("read-report") and not asking.may("make-reports") else []
    )
    person = using.reader.one("people", str(asking.who.person_id))
    return show(
        request,
        "home.html",
        homes=homes,
        greeting=greeting(here),
        name=called(person["name"]) if person else "",
        today=here.date(),
        now=microseconds(now),
        notices=_notices(using, asking),
        told=told_to_leads(using, asking),
        released=released,
        act_for=act_for,
        wall_tile=wall_tile,
        last_contacts=last_contacts,
        named_at_once=NAMED_AT_ONCE,
        shown=SHOWN,
        orders=ORDERS,
    )


def greeting(here: datetime) -> str:
    """A greeting by the time of day where the setting is."""
    return "Good morning" if here.hour < NOON else "Good afternoon" if here.hour < EVENING else "Good evening"


def called(name: str) -> str:
    """A name as somebody is greeted by: without what stands beside it in brackets."""
    return name.partition(" (")[0]


def _notices(using: Service, asking: Asker) -> Notices:
    held = sum(asking.may_settle(waiting) for waiting in using.ledger.waiting.every()) if asking.may("record") else 0
    failed = any(run.error for run in using.jobs.latest_runs().values()) if asking.may("make-reports") else False
    watches = asking.may("make-reports") or asking.may("manage-devices")
    return Notices(held, failed, using.ledger.warnings() if watches else [])
