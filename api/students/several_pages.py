"""One thing for several students at once: said, looked at student by student, and only then done."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.posting import Unparsable
from ap_ledger.recording.ledger import new_id
from ap_ledger.several.deeds import DEEDS, Wish, for_each, mentors_among
from ap_ledger.several.doing import Doer, ForOne, Outcome, do
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.service import Using, wait_for
from api.core.show import id_of, people_of, read_form, setting_for, show, text_of
from api.students.choices import groups_here, staff_here
from projections.bodies import SettingBody, StudentBody

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
NOBODY = "Nobody is ticked. Go back to the list and tick a student or more."
GROUPS: tuple[tuple[Outcome, str], ...] = (
    ("refused", "Refused"),
    ("changed", "Will change"),
    ("same", "Stays as it is"),
    ("left-out", "Left out by you"),
)
"""What happens to students, and the heading of each group, in the order in which they are shown."""


@router.get("/several", gate=Gate("manage-students"))
def several_page() -> Response:
    """Where somebody has to sign in again meanwhile: students are ticked in their list."""
    return RedirectResponse("/students", 303)


@router.post("/several", gate=Gate("manage-students"))
async def several_step(request: Request, using: Using, asking: Asking) -> Response:
    """The next step: what is wanted, what it would do, or doing it."""
    form = await read_form(request)
    # What would be compared with things as they were a moment ago might do something twice.
    await wait_for(using, using.ledger.recorder.read_head().position)
    return await run_in_threadpool(_step, request, using, asking, form)


class _Asked(NamedTuple):
    """What the steps share: who asks for what, for which students, in which setting."""

    doer: Doer
    setting: SettingBody
    today: date
    deed: str
    students: list[StudentBody]
    left_out: frozenset[str]


def _step(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    asked = _asked(using, asking, form)
    if not asked.students:
        return _page(
            request, using, form, asked, "Nobody is ticked. Go back to the list and tick a student or more.", 422
        )
    if not text_of(form, "form"):
        return _page(request, using, form, asked)
    wish = _wish(form, asked)
    if isinstance(wish, str):
        return _page(request, using, form, asked, wish, 422)
    rows = for_each(using, asked.doer, asked.setting, asked.students, wish, asked.left_out)
    if text_of(form, "step") != "save":
        return _page(request, using, form, asked, rows=rows)
    results = list(do(using, asked.doer, rows))
    refused = [row for row in (*rows, *(done.row for done in results)) if row.outcome == "refused"]
    position = max((done.position for done in results), default=0)
    saved = sum(done.row.outcome == "changed" for done in results)
    return _page(request, using, form, asked, rows=rows, saved=saved, refused=refused, position=position)


def _asked(using: Service, asking: Asker, form: FormData) -> _Asked:
    """Raises Unparsable where a form says nothing that can be done here."""
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-students")
    deed = text_of(form, "deed")
    if deed not in DEEDS:
        raise Unparsable("This form says nothing that can be done here. Open the list of students again.")
    wanted = set(map(str, form.getlist("listed" if text_of(form, "all") else "student")))
    seen = asking.among(using.reader.everyone(setting), "see-student")
    out = set(map(str, form.getlist("out"))) | {text_of(form, "leave")}
    return _Asked(
        Doer(asking.who, setting["id"], id_of(form, "form") if text_of(form, "form") else new_id()),
        setting,
        using.ledger.access_facts.today(UUID(setting["id"])),
        deed,
        sorted((each for each in seen if each["id"] in wanted), key=lambda each: each["name"].casefold()),
        frozenset(out - {text_of(form, "take"), ""}),
    )


def _wish(form: FormData, asked: _Asked) -> Wish | str:
    """What is wanted, or a sentence that says what is still missing."""
    try:
        day = date.fromisoformat(text_of(form, "day"))
    except ValueError:
        return "Say the day. It is chosen in the calendar, or typed."
    person, group = text_of(form, "person"), text_of(form, "group").strip()
    if asked.deed in ("mentor", "end-mentor") and not person:
        return "Choose the mentor."
    return Wish(asked.deed, day, person, group)


def _page(
    request: Request, using: Service, form: FormData, asked: _Asked, fault: str = "", status: int = 200, **more: Any
) -> HTMLResponse:
    rows: list[ForOne] = more.get("rows", [])
    shown = {outcome: [row for row in rows if row.outcome == outcome] for outcome, _ in GROUPS}
    given = {"rows": rows, "saved": None, "refused": [], "position": 0, **more}
    mentors, names = mentors_among(asked.students, asked.today), people_of(using.reader)
    staff = staff_here(using, asked.setting, asked.today)
    return show(
        request, "several.html", status, setting=asked.setting, deed=asked.deed, title=DEEDS[asked.deed], fault=fault,
        form=str(asked.doer.form), students=asked.students, left_out=sorted(asked.left_out), groups=GROUPS, shown=shown,
        people=sorted(((key, names.get(key) or "Not named") for key in mentors), key=lambda pair: pair[1])
        if asked.deed == "end-mentor" else staff,
        known_groups=groups_here(using, asked.setting, asked.today),
        typed={name: text_of(form, name) for name in ("person", "group")},
        day=text_of(form, "day") or asked.today.isoformat(), **given,
    )  # fmt: skip
