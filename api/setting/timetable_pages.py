"""The slots of a setting's day: from a ready pattern or typed, from a date on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.patterns import READY_DAYS, first_of_school_year
from ap_ledger.domain.setting import SetTimetable
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.languages import said_table
from api.core.navigation import Nav
from api.core.rows import id_from, place_in_rows, rows_of
from api.core.service import Current, Using
from api.core.show import read_form, setting_for, show, text_of
from api.core.withdrawing import WITHDRAWN, said_of_setting
from projections.queries.on_day import timetable_on
from projections.queries.words import WEEKDAYS

router = gated(include_in_schema=False, default_response_class=HTMLResponse)

DONE = {"set": "It holds from that day on. What was scored before keeps its slots.", "withdraw": WITHDRAWN}
"""What is told after what was done."""
KINDS = {
    "arrival": "Arrival", "tutor": "Tutor time", "lesson": "Lesson", "intervention": "Intervention",
    "wellbeing": "Wellbeing", "break": "Break", "lunch": "Lunch", "reflection": "Reflection",
    "transition": "Between two", "off-site": "Off site", "home-visit": "Home visit", "online": "Online",
    "transport": "On the way",
}  # fmt: skip
"""The kinds of slots, as a timetable keeps them, and as a person says them."""
EMPTY_ROWS = 3
"""How many rows stand empty below those that are filled."""


@router.get(
    "/timetable",
    gate=Gate("manage-setting"),
    nav=Nav("Slots of the day", "more", 5, also="timetable lessons breaks times", group="setting"),
)
def timetable_page(
    request: Request, using: Current, asking: Asking, setting: str = "", pattern: str = "", done: str = ""
) -> HTMLResponse:
    """The slots in force, to be changed from a date on; a pattern stands in their place until it is saved."""
    ready = READY_DAYS.get(pattern)
    rows = [] if ready is None else [{**slot._asdict(), "weekdays": [1, 2, 3, 4, 5]} for slot in ready[1]]
    return _page(request, using, asking, setting, rows, done=done, pattern=ready[0] if ready else "")


def _page(
    request: Request,
    using: Service,
    asking: Asker,
    wanted: str,
    rows: Sequence[Mapping[str, Any]] = (),
    refusal: str = "",
    status: int = 200,
    done: str = "",
    pattern: str = "",
    from_date: str = "",
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "manage-setting")
    day = using.ledger.access_facts.today(UUID(setting["id"]))
    today = day.isoformat()
    current = timetable_on(setting, today)
    # A child's week begins no earlier than the slots do, and most of them came in September.
    begins = today if setting.get("timetables") else first_of_school_year(day).isoformat()
    slots = [*(rows or current), *[{"weekdays": [1, 2, 3, 4, 5]}] * EMPTY_ROWS]
    return show(
        request,
        "timetable.html",
        status,
        setting=setting,
        settings=settings,
        told=said_of_setting(setting, "timetable-set"),
        slots=slots,
        held=bool(current),
        coming=[table["from_date"] for table in setting.get("timetables", ()) if table["from_date"] > today],
        kinds=said_table(KINDS),
        weekdays=said_table(WEEKDAYS),
        ready={key: words for key, (words, _) in READY_DAYS.items()},
        pattern=pattern,
        from_date=from_date or begins,
        said=refusal,
        done=DONE.get(done, ""),
        new=new_id,
    )


@router.post("/timetable", gate=Gate("manage-setting"))
async def change_timetable(request: Request, using: Using, asking: Asking) -> Response:
    """Sets the slots of the day from a date on."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-setting")
    from_date = text_of(form, "from_date")
    tables = setting.get("timetables", ())
    known = {slot["id"]: slot["kind"] for table in tables for slot in table["slots"]}
    rows = rows_of(form, "slot")
    typed = [{**row, "weekdays": _weekdays(row)} for row in rows if row.get("label")]
    dates = {"from_date": from_date, "corrects": from_date if from_date in _from_dates(tables) else None}
    try:
        slots = _with_ids(typed, known)
        changed = give(using, asking, command_of(SetTimetable, form, asking, setting["id"], slots=slots, **dates), form)
    except Refused as refusal:
        told = place_in_rows(refusal, "slots", "Slot", typed)
        return _page(request, using, asking, setting["id"], typed, told, 422, from_date=from_date)
    return RedirectResponse(f"/timetable?setting={setting['id']}&done=set&min_position={changed.position}", 303)


def _from_dates(tables: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(table["from_date"] for table in tables)


def _weekdays(row: Mapping[str, str]) -> list[int]:
    return [day for day in WEEKDAYS if row.get(f"day-{day}")]


def _with_ids(typed: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """The slots as a timetable takes them.

    One that stays keeps its id, and what was scored in it stays comparable; one that is new, or of another kind now,
    gets an id from what it is called.
    """
    slots: list[dict[str, Any]] = []
    taken = {row["id"] for row in typed if known.get(row.get("id", "")) == row["kind"]}
    for row in typed:
        slot_id = row.get("id", "")
        if slot_id not in taken or known.get(slot_id) != row["kind"]:
            slot_id = id_from(row["label"], taken | set(known), "slot")
            taken.add(slot_id)
        fields = {name: row[name] for name in ("label", "kind", "starts", "ends", "weekdays")}
        slots.append({"id": slot_id, **fields})
    return slots
