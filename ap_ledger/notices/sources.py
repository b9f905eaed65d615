"""Where what people are told of is found: events that need opening, and what is so without being an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import orjson

from ap_ledger.access import About
from ap_ledger.access.rules import CaseFacts, Proposed, Released
from ap_ledger.bootstrap import Service
from ap_ledger.errors import Unreadable
from ap_ledger.events.base import Erased
from ap_ledger.events.changes import SealedRecord
from ap_ledger.events.ids import derived_id
from ap_ledger.events.moments import zone
from ap_ledger.notices.shapes import Happening, happened
from ap_ledger.recording.unsettled import unsettled
from projections.queries.clocks import clocks
from projections.queries.planned_visits import overdue as overdue_visits
from projections.queries.safeguarding import safeguarding_of
from projections.queries.safeguarding_due import safeguarding_due
from projections.runner import Seen

SETTLES_BY_ITSELF = timedelta(minutes=2)
"""What is held may find its place within this time, as when a device sends something before what it belongs to."""


def worry(service: Service, seen: Seen) -> Happening | None:
    """A worry, about the student whom it names under its seal. Where that is gone or closed, about the setting.

    A step of a case is stored as the same kind of record, and is no news.
    """
    if seen.setting_id is None:
        return None
    about = About(UUID(bytes=seen.setting_id))
    for event in service.ledger.read([seen.position]):
        if not isinstance(event, SealedRecord):
            return None
        body: Any = event.body
        if body is not None and not isinstance(body, Erased):
            try:
                student = UUID(orjson.loads(body)["student_id"])
            except (ValueError, KeyError, TypeError, Unreadable):
                continue
            about = replace(service.ledger.access_facts.student(student), setting_id=about.setting_id)
    told = happened(seen, about)
    # Its page is one for all of them: no id of this one stands in an address.
    return None if told is None else replace(told, subject=None)


def restrictive(service: Service, seen: Seen) -> Happening | None:
    """An incident in which somebody held or kept a child: parents are to be told the same day."""
    if seen.state is None or not seen.state.get("restrictive") or seen.student_id is None:
        return None
    told = happened(seen, service.ledger.access_facts.student(UUID(bytes=seen.student_id)))
    # Its page is the list of them, so no id of a child's entry stands in an address.
    return None if told is None else replace(told, subject=None)


def report(service: Service, seen: Seen) -> Happening | None:
    """A report that was released, for whoever it was released to."""
    state = seen.state
    if state is None or seen.setting_id is None:
        return None
    about = About(UUID(bytes=seen.setting_id))
    if seen.student_id is not None:
        about = service.ledger.access_facts.student(UUID(bytes=seen.student_id))
    commissioner = state.get("commissioner_id")
    named = UUID(commissioner) if commissioner else None
    return happened(seen, about, Released(about, state["audience"], commissioner_id=named))


def proposal(service: Service, seen: Seen) -> Happening | None:
    """A deed that waits for a second person."""
    state = seen.state
    if state is None or seen.setting_id is None:
        return None
    command, about = state["command"], About(UUID(bytes=seen.setting_id))
    if seen.student_id is not None:
        about = service.ledger.access_facts.student(UUID(bytes=seen.student_id))
    by = None if seen.author_id is None else UUID(bytes=seen.author_id)
    person = command.get("person_id")
    asked = Proposed(state["deed"], about, by, UUID(person) if person else None, command.get("retention_class"))
    told = happened(seen, about, asked)
    return None if told is None else replace(told, subject=None)


def held(service: Service) -> Iterator[Happening]:
    """What was refused or is held, and did not find its place by itself."""
    ledger = service.ledger
    now = ledger.now()
    for waiting in ledger.waiting.every():
        if now - waiting.received_at < SETTLES_BY_ITSELF:
            continue
        what = unsettled(waiting, ledger.states)
        here = what.student_setting or what.setting_id or what.device_setting
        for setting in [here] if here else ledger.settings_opened():
            yield Happening(waiting.id, setting, waiting.received_at, About(setting), what=what)


def failed_jobs(service: Service) -> Iterator[Happening]:
    """What runs by itself and failed: once a day, however often it fails."""
    for run in service.jobs.latest_runs().values():
        if run.error is None or run.ended is None:
            continue
        for setting in service.ledger.settings_opened():
            key = derived_id(setting, "job", run.name, run.ended.date().isoformat())
            yield Happening(key, setting, run.ended, About(setting), what=run.name)


def not_checked_out(service: Service) -> Iterator[Happening]:
    """Every visit of today of which nothing was heard when it should have ended: for its buddy, and later for whoever
    leads."""
    now = service.ledger.now()
    for setting in service.reader.whole("settings"):
        here = UUID(setting["id"])
        for plan in overdue_visits(service.reader, setting, now):
            if plan.buddy_id is not None:
                key = derived_id(plan.id, "buddy", plan.starts_at.isoformat())
                yield Happening(key, here, plan.ends_at, About(here), what=plan.buddy_id)
            if plan.silence(now) == "lead":
                key = derived_id(plan.id, "lead", plan.starts_at.isoformat())
                yield Happening(key, here, plan.ends_at, About(here))


def due_in_safeguarding(service: Service) -> Iterator[Happening]:
    """What is due today in cases, or was before; `what` says about which children it is. A worry rang when it came."""
    for setting in service.reader.whole("settings"):
        here = UUID(setting["id"])
        told = safeguarding_of(service.reader, setting)
        for due in safeguarding_due(told, setting["time_zone"], service.ledger.access_facts.today(here)):
            if due.state == "soon" or due.case is None:
                continue
            facts = CaseFacts(here, due.case.students)
            since = datetime.combine(due.due, time.min, zone(setting["time_zone"]))
            yield Happening(derived_id(due.about, due.due.isoformat()), here, since, About(here), what=facts)


def named_for_cases(service: Service) -> Iterator[Happening]:
    """Everybody who was named to read a case, each once; `what` is the person and the case as access asks about it."""
    for setting in service.reader.whole("settings"):
        here = UUID(setting["id"])
        for case in safeguarding_of(service.reader, setting).cases:
            facts = CaseFacts(here, case.students, case.named)
            for person in case.named:
                yield Happening(derived_id(case.id, str(person)), here, case.last_at, About(here), what=(person, facts))


def overdue(service: Service) -> Iterator[Happening]:
    """Every clock that is past its day."""
    now = service.ledger.now()
    for setting in service.reader.whole("settings"):
        here = UUID(setting["id"])
        for clock in clocks(service.reader, setting, service.reader.everyone(setting), now):
            if clock.state != "overdue":
                continue
            about = About(here)
            if clock.student is not None:
                about = service.ledger.access_facts.student(UUID(clock.student["id"]))
            key = derived_id(here, "clock", clock.kind, clock.about, clock.due.isoformat())
            since = datetime.combine(clock.due + timedelta(days=1), time.min, zone(setting["time_zone"]))
            yield Happening(key, here, since, about, what=clock.kind)
