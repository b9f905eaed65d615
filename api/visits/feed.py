"""The calendar of one's planned visits, for a phone that reads it at a secret address. It names nobody and no place."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from fastapi import Request, Response
from icalendar import Calendar, Event

from ap_ledger import __version__
from ap_ledger.access import settings_where
from ap_ledger.access.table import CALENDAR
from ap_ledger.bootstrap import Service
from ap_ledger.events.moments import local_day, microseconds
from api.core.gate import OPEN, Gate, gated
from api.core.service import Using
from projections.queries.planned_visits import Plan, planned_visits
from projections.queries.reading import Unknown

router = gated(include_in_schema=False)
BACK, AHEAD = timedelta(days=14), timedelta(days=56)
"""So far back and ahead the calendar reaches."""


@router.get("/feed/{secret}.ics", gate=Gate(OPEN))
def feed(request: Request, secret: str, using: Using) -> Response:
    """The visits of whoever made this address, as a calendar reads them. A wrong address is as good as none."""
    token = using.accounts.token(secret)
    if token is None or token.scopes != {CALENDAR}:
        raise Unknown
    if request.app.state.second_factor and token.password_only:
        raise Unknown
    now = using.ledger.now()
    works = settings_where(using.ledger.access_facts.who(token.person_id), "plan-visits")
    calendar = Calendar()
    calendar.add("prodid", f"-//AP Ledger//{__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Visits")
    calendar.add("refresh-interval;value=duration", "PT1H")
    for setting in using.reader.whole("settings"):
        # Whoever works here no more is told of no visit here.
        if UUID(setting["id"]) not in works:
            continue
        today = local_day(microseconds(now), setting["time_zone"])
        for plan in planned_visits(using.reader, setting, today - BACK, today + AHEAD, token.person_id):
            calendar.add_component(_event(using, plan))
    return Response(
        calendar.to_ical(), media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, no-store"}
    )


def _event(using: Service, plan: Plan) -> Event:
    event = Event()
    event.add("uid", f"{plan.id}@ap-ledger")
    event.add("dtstamp", using.ledger.now())
    event.add("dtstart", plan.starts_at)
    event.add("dtend", plan.ends_at)
    event.add("summary", f"Visit, {plan.minutes} min")
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if plan.state(using.ledger.now()).startswith("cancelled") else "CONFIRMED")
    return event
