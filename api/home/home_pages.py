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
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.navigation import Nav
from api.core.proposals_in_words import told_to_leads
from api.core.service import Current
from api.core.show import called, show
from api.core.templating import moment_in_words
from api.core.visits import PURPOSES, STATES, VisitLine, silent_lines
from api.home.leading import ORDERS, SHOWN, Leading, act_for, leading
from api.home.outside import NewWorry, Outside, new_worries, outside, steps_left
from api.home.working import Scoring, Visiting, scoring, visiting
from projections.bodies import SettingBody
from projections.queries.setting_up import Step, worries_are_read
from reports.small_ladders import last_contacts, wall_tile

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
NOON, EVENING = 12, 17
NAMED_AT_ONCE = 5
"""So many children are named at once; the others are one step away."""
NAMED_IN_ALL = 20
"""So many are named with their reasons; where it is more, all of them stand on the wall."""
STEPS_TO_DO = {
    "leader": ("Say who leads here", "/people"),
    "setting": ("Put its name, numbers and places right", ""),
    "slots": ("Set the slots of the day", ""),
    "calendar": ("Set terms and closures", ""),
    "commissioners": ("Say who buys places", ""),
    "people": ("Add the people who work here", "/people"),
    "safeguarding": ("Name the safeguarding lead", "/people"),
    "students": ("Admit the students", ""),
    "devices": ("Put the app on phones and tablets", "/devices"),
    "visit": ("Log a first visit", ""),
}
"""The steps of setting up in words, with the page of those that an administrator does."""
Word = Annotated[str, Query(max_length=120)]


@dataclass(frozen=True)
class HomeHere:
    """What somebody's first page holds of one setting: which parts, and those that are made of its records."""

    setting: SettingBody
    parts: Sequence[Home]
    worries: Sequence[NewWorry]
    works: bool
    """Whether whoever asks works on safeguarding here."""
    leading: Leading | None
    visiting: Visiting | None
    scoring: Scoring | None
    outside: Outside | None
    steps: tuple[Sequence[Step], int] | None
    silent: Sequence[VisitLine]
    """The visits of which nothing was heard when they should have ended, of those that whoever asks is told of."""


@dataclass(frozen=True)
class Notices:
    """What a first page says at its top: what waits, what failed, and who is made a lead."""

    held: int
    failed: bool
    sees_what: bool
    """Whether they may open the page that says what failed."""
    warnings: Sequence[str]
    unread: Sequence[str]
    """The settings in which nobody can read a worry, by their names."""
    no_mail: Sequence[tuple[str, str, bool]]
    """The settings whose mail server takes no mail, by their names, each with since when and whether whoever asks may
    mend it."""


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
        from_outside = "commissioner" in parts or "family" in parts
        homes.append(
            HomeHere(
                setting,
                parts,
                new_worries(using, asking, setting) if "safeguarding" in parts else [],
                asking.may("work-safeguarding", None, setting["id"]),
                leading(using, asking, setting, chosen, page) if "leader" in parts else None,
                visiting(using, asking, setting) if "mentor" in parts else None,
                # Whoever leads sees the day on their own part of the page.
                scoring(using, asking, setting) if "staff" in parts and "leader" not in parts else None,
                outside(using, asking, setting) if from_outside else None,
                steps_left(using, setting) if "set-up" in parts else None,
                silent_lines(using, asking, setting) if asking.may("record") else [],
            )
        )
    zones = [zone(setting["time_zone"]) for setting in settings]
    here = now.astimezone(zones[0]) if zones else now
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
        act_for=act_for,
        wall_tile=wall_tile,
        last_contacts=last_contacts,
        named_at_once=NAMED_AT_ONCE,
        named_in_all=NAMED_IN_ALL,
        shown=SHOWN,
        orders=ORDERS,
        steps_to_do=STEPS_TO_DO,
        states=STATES,
        purposes=PURPOSES,
        new=new_id,
    )


def greeting(here: datetime) -> str:
    """A greeting by the time of day where the setting is."""
    return (
        say("Good morning")
        if here.hour < NOON
        else say("Good afternoon")
        if here.hour < EVENING
        else say("Good evening")
    )


def _notices(using: Service, asking: Asker) -> Notices:
    held = sum(asking.may_settle(waiting) for waiting in using.ledger.waiting.every()) if asking.may("record") else 0
    watches = asking.may("make-reports") or asking.may("manage-devices")
    failed = watches and any(run.error for run in using.jobs.latest_runs().values())
    unread = [
        str(setting["name"])
        for setting in using.reader.whole("settings")
        if asking.may("manage-setting", None, UUID(setting["id"]))
        and not worries_are_read(using.reader, setting, using.ledger.access_facts.today(UUID(setting["id"])))
    ]
    return Notices(
        held,
        failed,
        asking.may("see-clocks"),
        using.ledger.warnings() if watches else [],
        unread,
        _no_mail(using, asking),
    )


def _no_mail(using: Service, asking: Asker) -> list[tuple[str, str, bool]]:
    failing = using.notices.failing_mail() if asking.may("manage-devices") else {}
    return [
        (
            str(setting["name"]),
            moment_in_words(failing[here], setting["time_zone"]),
            asking.may("manage-setting", None, here),
        )
        for setting in (using.reader.whole("settings") if failing else ())
        if (here := UUID(setting["id"])) in failing and asking.may("manage-devices", None, here)
    ]
