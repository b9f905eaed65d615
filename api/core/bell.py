"""The bell in the frame of every page: how much there is that somebody has not read."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from ap_ledger.errors import LedgerError
from ap_ledger.notices.table import NOTICE_BY_NAME
from ap_ledger.stores.notices.inbox import Unread
from api.core.asking import Asker


def unread_of(asking: Asker) -> list[Unread]:
    """What somebody has not read of what they may still see: one question, whatever there is."""
    if asking.who.person_id is None or (asking.session is not None and asking.session.handed_over is not None):
        return []
    groups = asking.service.notices.unread(asking.who.person_id)
    return [group for group in groups if may_be_told(asking, group)]


def may_be_told(asking: Asker, told: Unread) -> bool:
    """Whether somebody may see a notice now, who might when it was made."""
    notice = NOTICE_BY_NAME.get(told.name)
    return notice is not None and told.setting_id in asking.where(notice.shown_to)


def ring(request: Request, asking: Asker, status: int) -> int:
    """How much there is to read, once this page is. A notice ends when the page to which it leads is shown."""
    try:
        unread = unread_of(asking)
        shown = _shown_here(request, unread) if request.method == "GET" and status == 200 else []
        if shown:
            asking.service.notices.read(asking.person, shown, asking.ledger.now())
    except LedgerError:
        # What cannot be counted takes no page with it.
        return 0
    return sum(group.number for group in unread if group not in shown)


def _shown_here(request: Request, unread: Sequence[Unread]) -> list[Unread]:
    here = request.url.path
    return [group for group in unread if NOTICE_BY_NAME[group.name].address(group.about) == here]
