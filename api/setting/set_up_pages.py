"""Setting up in one sitting: a list that fills itself, what to do next, and who can do it."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.person import GrantRole
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.service import Current, Using
from api.core.show import id_of, read_form, setting_for, show, text_of
from projections.queries.setting_up import set_up_steps

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


class Told(NamedTuple):
    """How a step is told: what to do, why, where, what its button says, and the action of whoever can do it."""

    title: str
    why: str
    address: str
    button: str
    action: str


TOLD = {
    "leader": Told(
        "Say who leads here",
        "A leader admits students, sets the day and reads every record. Nobody reads one before.",
        "/people", "People and their roles", "manage-people",
    ),
    "setting": Told(
        "Put its name, numbers and places right",
        "They stand on reports and in what you release. A URN or UKPRN is for those who have one.",
        "/setting", "The setting", "manage-setting",
    ),
    "slots": Told(
        "Set the slots of the day",
        "Everything that is scored stands in a slot, breaks included. Start from a ready day.",
        "/timetable", "Set the day", "manage-setting",
    ),
    "calendar": Told(
        "Set terms and closures",
        "Nobody is expected on a day that is closed, and reviews fall due by half-terms. Start from a ready year.",
        "/calendar", "Set the year", "manage-setting",
    ),
    "commissioners": Told(
        "Say who buys places",
        "A council, a school or a trust. Each can be shown its own students alone.",
        "/setting", "Add one", "manage-setting",
    ),
    "people": Told(
        "Add the people who work here",
        "Each gets a one-time link with which they choose a password, and a role.",
        "/people", "Add somebody", "manage-people",
    ),
    "safeguarding": Told(
        "Name the safeguarding lead",
        "The first one is made by whoever holds the machine. The line for it stands under each person’s roles. Worries "
        "are read by them alone.",
        "/people", "People and their roles", "manage-people",
    ),
    "students": Told(
        "Admit the students",
        "Names and a first day are enough today; the rest can come when you know it.",
        "/admit", "Admit a student", "manage-students",
    ),
    "devices": Told(
        "Put the app on phones and tablets",
        "A square code for each. It works with no signal, and can be shut out in one click.",
        "/devices", "Let one in", "manage-devices",
    ),
    "visit": Told(
        "Log a first visit",
        "How far a contact got, in one tap. It is there for good, and can be put right.",
        "/visit", "Log a visit", "record",
    ),
}  # fmt: skip
FROM_A_FILE = ("people", "students")
"""The steps that can be done from a file, too."""
DONE = {
    "leads": "You lead this setting from today on. It stands in Who did, who looked, under your name.",
}


@router.get("/set-up", gate=Gate("set-up"), nav=Nav("Set-up", "more", 14, also="checklist start", group="setting"))
def set_up_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """What is set up, and what is to do next."""
    return _page(request, using, asking, setting, done=DONE.get(done, ""))


def _page(
    request: Request, using: Service, asking: Asker, wanted: str, refusal: str = "", status: int = 200, done: str = ""
) -> HTMLResponse:
    setting, settings = setting_for(using.reader, asking, wanted, "set-up")
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    steps = set_up_steps(using.reader, setting, today, using.ledger.now())
    mine = {step.key for step in steps if asking.may(TOLD[step.key].action, setting=setting["id"])}
    to_do = [step.key for step in steps if not step.done]
    return show(
        request,
        "set_up.html",
        status,
        setting=setting,
        settings=settings,
        steps=steps,
        told=TOLD,
        from_a_file=FROM_A_FILE,
        mine=mine,
        next=next((key for key in to_do if key in mine), None),
        finished=len(steps) - len(to_do),
        leads_alone="leader" in to_do and asking.may("manage-people", setting=setting["id"]),
        said=refusal,
        done=done,
        new=new_id,
    )


@router.post("/set-up", gate=Gate("manage-people"))
async def lead_here(request: Request, using: Using, asking: Asking) -> Response:
    """Makes the administrator who asks the first leader of a setting that never had one."""
    return await run_in_threadpool(_lead, request, using, asking, await read_form(request))


def _lead(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    setting, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-people")
    today = using.ledger.access_facts.today(UUID(setting["id"]))
    role = {"grant_id": id_of(form, "form"), "role": "leader", "from_date": today.isoformat()}
    try:
        done = give(
            using, asking, command_of(GrantRole, form, asking, setting["id"], person_id=asking.person, **role), form
        )
    except Refused as refusal:
        return _page(request, using, asking, setting["id"], refusal.message, 422)
    return RedirectResponse(f"/set-up?setting={setting['id']}&done=leads&min_position={done.position}", 303)
