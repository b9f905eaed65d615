"""What is new for whoever asks: a list that leads to where each thing stands, and the count for the bell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from ap_ledger.notices.table import NOTICE_BY_NAME
from ap_ledger.stores.notices.inbox import Told, Unread
from api.core.asking import Asker, Asking
from api.core.bell import may_be_told, unread_of
from api.core.gate import Gate, gated
from api.core.languages import say
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import read_form, show, text_of

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
SHOWN_AT_MOST = 300
"""So many notices are looked through; older ones lead nowhere that their pages do not."""


class Line(NamedTuple):
    """Notices of a kind that lead to one page, in one line: when the newest of them happened, and where."""

    words: str
    address: str
    setting: str
    newest: datetime

    @property
    def clock(self) -> str:
        """The time as the clock on the wall of the setting showed it."""
        return f"{self.newest:%H:%M}"


@router.get(
    "/notices", gate=Gate("see-own-account"), nav=Nav("New for you", "more", 30, also="notices bell mail notifications")
)
def notices_page(request: Request, using: Current, asking: Asking) -> HTMLResponse:
    """What is new for whoever asks, and what they have read of late."""
    settings = {UUID(setting["id"]): setting for setting in using.reader.whole("settings")}
    told = [
        each
        for each in using.notices.told(asking.person, SHOWN_AT_MOST)
        if each.setting_id in settings and may_be_told(asking, _as_group(each))
    ]
    zones = {setting: ZoneInfo(body["time_zone"]) for setting, body in settings.items()}
    names = {setting: str(body["name"]) for setting, body in settings.items()}
    new = [each for each in told if not each.is_read]
    return show(
        request,
        "notices.html",
        new=_lines(new, zones, names),
        earlier=_lines((each for each in told if each.is_read), zones, names),
        until=max((each.raised for each in new), default=0),
        several=len({each.setting_id for each in told}) > 1,
    )


def _as_group(told: Told) -> Unread:
    return Unread(told.name, told.setting_id, told.about, 1, told.raised)


def _lines(told: Iterable[Told], zones: dict[UUID, ZoneInfo], names: dict[UUID, str]) -> list[Line]:
    """Notices in lines, alike ones together, the newest first."""
    alike: dict[tuple[str, UUID, UUID | None], list[Told]] = {}
    for each in told:
        alike.setdefault((each.name, each.setting_id, each.about), []).append(each)
    lines = []
    for (name, setting, about), some in alike.items():
        notice = NOTICE_BY_NAME[name]
        words = say(notice.one) if len(some) == 1 else say(notice.many, count=len(some))
        newest = max(each.happened for each in some).astimezone(zones[setting])
        lines.append(Line(words, notice.address(about), names[setting], newest))
    return sorted(lines, key=lambda line: line.newest, reverse=True)


@router.post("/notices", gate=Gate("see-own-account"))
async def read_all(request: Request, using: Using, asking: Asking) -> Response:
    """Whoever asks has read everything that was on the page."""
    until = text_of(await read_form(request, 16 * 1024), "until")
    if until.isdecimal() and len(until) < 20:
        await run_in_threadpool(using.notices.read_all, asking.person, int(until), using.ledger.now())
    return RedirectResponse("/notices", 303)


@router.get("/notices/count", gate=Gate("see-own-account", by_itself=True), response_class=JSONResponse)
def count(asking: Asking) -> JSONResponse:
    """How much there is to read: what an open page asks every half minute by itself."""
    return JSONResponse({"count": _count(asking)})


def _count(asking: Asker) -> int:
    return sum(group.number for group in unread_of(asking))
