"""A case as a file for the next safeguarding lead, with a receipt that stays in the case."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger import __version__
from ap_ledger.bootstrap import Service
from ap_ledger.domain.case import ExportCase
from ap_ledger.errors import Refused
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.problems import NotAllowed
from api.core.safeguarding import may_work
from api.core.service import Using
from api.core.show import read_form, text_of
from api.core.templating import template
from api.safeguarding.case_pages import FORM_BYTES, find_case, show_case
from api.safeguarding.chronology import Line, Names, chronology
from api.safeguarding.list_pages import names_in
from projections.bodies import SettingBody
from projections.queries.safeguarding import CaseFile

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
DATE = (2020, 1, 1, 0, 0, 0)
"""The date of every file in the zip, so that the same case is the same bytes."""
WARNING = (
    "This file is not locked. It holds what is known of a safeguarding case, in words that anybody can read who has\n"
    "it. Hand it over in person or by a way that your setting uses for safeguarding records; never by plain e-mail.\n"
    "Once the next safeguarding lead has it, delete your copy.\n"
    "\n"
    "chronology.html is for reading and printing, chronology.json for the next program.\n"
    "The receipt in the case holds the SHA-256 of the whole file: whoever has it can tell that it is this one.\n"
)


@router.post("/safeguarding/cases/{case_id}/file", gate=Gate("work-safeguarding"))
async def export_case(request: Request, case_id: UUID, using: Using, asking: Asking) -> Response:
    """The case as a file. To whom it goes and the hash of the file are recorded before it leaves."""
    form = await read_form(request, FORM_BYTES)
    return await run_in_threadpool(_export, request, using, asking, case_id, form)


def _export(request: Request, using: Service, asking: Asker, case_id: UUID, form: FormData) -> Response:
    case, setting = find_case(using, asking, case_id)
    if not may_work(asking, case):
        raise NotAllowed
    names = names_in(using, setting)
    made = _zipped(case, setting, names, chronology(case, names), using.ledger.now())
    about = {"case": case_id, "student": case.record_id, "to": text_of(form, "to").strip()}
    try:
        mark = hashlib.sha256(made).hexdigest()
        give(using, asking, command_of(ExportCase, form, asking, setting["id"], **about, file_hash=mark), form)
    except Refused as refusal:
        return show_case(request, using, asking, case_id, refusal.message)
    how = {"Content-Disposition": 'attachment; filename="safeguarding-case.zip"', "Cache-Control": "no-store"}
    return Response(made, media_type="application/zip", headers=how)


def _zipped(case: CaseFile, setting: SettingBody, names: Names, lines: Sequence[Line], now: datetime) -> bytes:
    zone = ZoneInfo(setting["time_zone"])
    page = template("case_file.html").render(case=case, setting=setting, lines=lines, names=names, made=now)
    whole = orjson.dumps(_told(case, setting, names, lines, now.astimezone(zone)), option=orjson.OPT_INDENT_2)
    files = {"READ-FIRST.txt": WARNING.encode(), "chronology.html": page.encode(), "chronology.json": whole}
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(ZipInfo(name, DATE), content)
    return packed.getvalue()


def _told(case: CaseFile, setting: SettingBody, names: Names, lines: Sequence[Line], made: datetime) -> dict[str, Any]:
    """The case as JSON: what is in the chronology, line by line."""
    return {
        "made_with": f"AP Ledger {__version__}",
        "made_at": made,
        "setting": setting["name"],
        "case": str(case.id),
        "student": {"id": case.student_id, "name": names.student(case.student_id)},
        "linked": [{"id": child, "name": names.student(child)} for child in case.linked],
        "title": case.title,
        "open": case.is_open,
        "lines": [line._asdict() for line in lines],
    }
