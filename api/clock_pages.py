"""What is due, and what runs by itself."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.asking import Asking
from api.gate import gated
from api.service import Current
from api.show import setting_for, show
from projections.clocks import NOT_RECORDED_YET, Clock, clocks
from projections.job_runs import drafts_of, latest_runs

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/clocks")
def clocks_page(request: Request, using: Current, asking: Asking, setting: str = "") -> HTMLResponse:
    """What is due, for whom, and what counts as done; and how what runs on a clock went."""
    where, settings = setting_for(using.reader, asking, setting, "see-clocks")
    students = asking.among(using.reader.everyone(where), "see-clocks")
    due: dict[tuple[object, ...], list[Clock]] = {}
    for one in clocks(using.reader, where, students, using.ledger.clock()):
        # What is the same for many is one line.
        due.setdefault((one.kind, one.what, one.due, one.link), []).append(one)
    may_make = asking.may("make-reports", setting=where["id"])
    return show(
        request, "clocks.html", setting=where, settings=settings, due=list(due.values()), not_recorded=NOT_RECORDED_YET, runs=latest_runs(using.views), jobs=request.app.state.jobs,
        drafts=drafts_of(using.views, UUID(where["id"])) if may_make else [], may_make=may_make,
    )  # fmt: skip
