"""What worried somebody: for the safeguarding lead, and whom they name.

Looking is recorded before anything is shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from ap_ledger.bootstrap import Service
from ap_ledger.errors import Unreadable
from ap_ledger.events.moments import stored_time
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.service import Current
from api.core.show import people_of, setting_for, show
from api.core.worries import opened_worry
from projections.bodies import SettingBody
from projections.queries.naming import CLOSED, ERASED

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN = 200


@router.get(
    "/worries",
    gate=Gate("read-safeguarding-words"),
    nav=Nav("Worries", "pages", 2, icon="shield", also="safeguarding concerns child protection"),
)
def worries_page(request: Request, using: Current, asking: Asking, setting: str = "") -> HTMLResponse:
    """The newest worries of a setting."""
    body, settings = setting_for(using.reader, asking, setting, "read-safeguarding-words")
    using.ledger.record_read("worries", asking.person, UUID(body["id"]))
    return show(
        request, "worries.html", setting=body, settings=settings, worries=_worries(using, asking, body), shown=SHOWN
    )


def _worries(using: Service, asking: Asker, setting: SettingBody) -> list[dict[str, Any]]:
    zone, people = ZoneInfo(setting["time_zone"]), people_of(using.reader)
    worries = sorted(using.reader.whole("worries", setting), key=lambda worry: -worry["position"])[:SHOWN]
    names = {student["id"]: student["name"] for student in using.reader.everyone(setting)}
    events = using.reader.events([worry["position"] for worry in worries])
    told: list[dict[str, Any]] = []
    for event in (events.get(worry["position"]) for worry in worries):
        if event is None:
            told.append({"day": None, "at": None, "student": CLOSED, "id": "", "who": None, "text": CLOSED})
            continue
        student, opened, instead = opened_worry(using, event)
        if student and not asking.may("read-safeguarding-words", student, setting["id"]):
            # Somebody who is kept from a student does not learn that there was a worry either.
            continue
        when = _written_at(opened, event.stamp.occurred_at).astimezone(zone)
        told.append(
            {
                "day": when.date(),
                "at": f"{when:%H:%M}",
                "student": names.get(student) or ERASED,
                "id": student,
                "who": people.get(str(UUID(opened["author_id"]))) if opened else None,
                "text": opened["text"] if opened else instead,
            }
        )
    return told


def _written_at(opened: dict[str, Any] | None, recorded: datetime) -> datetime:
    """When a worry was written; when it came, where what it says of that is gone or cannot be read."""
    try:
        return stored_time(opened["device_time"]) if opened else recorded
    except Unreadable:
        return recorded
