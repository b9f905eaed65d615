"""Who works here, in which roles; inviting people, and helping somebody who lost their password.

No record is shown here.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access.rules import roles_to_give
from ap_ledger.bootstrap import Service
from ap_ledger.domain.base import Command
from ap_ledger.domain.person import AddPerson, AllowRecovery, EndRole, GrantRole, RenamePerson, require_home
from ap_ledger.errors import Refused
from ap_ledger.events.person import TWO_PEOPLE_ROLES
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.giving import command_of, give
from api.core.languages import said_table
from api.core.listing import Column, Listing
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.service import Current, Using
from api.core.show import base_of, id_of, read_form, setting_for, show, text_of
from projections.bodies import SettingBody
from projections.queries.words import ROLE_NAMES

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


@router.get(
    "/people",
    gate=Gate("see-people"),
    nav=Nav("People", "more", 7, also="staff roles accounts users passwords mentors", group="people"),
)
def people_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """Everybody of a setting with their roles, and for administrators what can be done about them."""
    return _people(request, using, asking, setting, done=DONE.get(done, ""))


@router.get("/people.csv", gate=Gate("see-people"))
def people_file(request: Request, using: Current, asking: Asking, setting: str = "") -> Response:
    """Everybody of a setting as a file, with their roles."""
    body, _ = setting_for(using.reader, asking, setting, "see-people")
    return Listing.of(request, PEOPLE_COLUMNS, _everybody(using, body)).as_file("people")


PEOPLE_COLUMNS = (
    Column("name", "Name", lambda row: row["name"]),
    Column("roles", "Roles", lambda row: "; ".join(ROLE_NAMES.get(role.role, role.role) for role in row["roles"])),
    Column("since", "Since", lambda row: min((role.from_date.isoformat() for role in row["roles"]), default=None)),
)

DONE = {
    "added": "They are added. Make their one-time link, then give them a role.", "granted": "The role is given.",
    "ended": "The role has ended.",
    "renamed": "The name is put right. The one before stays in the history.",
    "proposed": "It is proposed. Somebody else must approve it, under Two people.",
    "closed": "Every way in is taken from them.",
}  # fmt: skip


def _people(
    request: Request,
    using: Service,
    asking: Asker,
    setting: str,
    refusal: str = "",
    status: int = 200,
    done: str = "",
    link: str = "",
    about: str = "",
) -> HTMLResponse:
    body, settings = setting_for(using.reader, asking, setting, "see-people")
    today = using.ledger.access_facts.today(UUID(body["id"])).isoformat()
    rows = _everybody(using, body)
    manage = asking.may("manage-people", setting=body["id"])
    accounts = using.accounts.of(UUID(row["id"]) for row in rows) if manage else {}
    leads = any(
        role.role in TWO_PEOPLE_ROLES and role.from_date.isoformat() <= today for row in rows for role in row["roles"]
    )
    commissioners = [(commissioner["commissioner_id"], commissioner["name"]) for commissioner in body["commissioners"]]
    return show(
        request,
        "people.html",
        status,
        setting=body,
        settings=settings,
        people=rows,
        listing=Listing.of(request, PEOPLE_COLUMNS, rows),
        manage=manage,
        role_names=said_table(ROLE_NAMES),
        accounts={str(person_id): account for person_id, account in accounts.items()},
        granted=roles_to_give(asking.who, UUID(body["id"])),
        commissioners=commissioners,
        first_lead=manage and not leads,
        today=today,
        said=refusal,
        done=done,
        link=link,
        about=about,
        names=asking.may("name-safeguarding-reader", setting=body["id"]),
        proposes=asking.may("propose-people", setting=body["id"]),
        form=new_id,
    )


def _everybody(using: Service, body: SettingBody) -> list[dict[str, Any]]:
    """Who belongs to a setting or has a role there, by name, with their roles there now and later."""
    rows: list[dict[str, Any]] = []
    for person in using.reader.whole("people"):
        roles = [
            role
            for role in using.ledger.access_facts.roles_to_come(UUID(person["id"]))
            if str(role.setting_id) == body["id"]
        ]
        is_home = person["setting_id"] == body["id"]
        if is_home or roles:
            rows.append({"id": person["id"], "name": person["name"] or "Not named", "roles": roles, "home": is_home})
    return sorted(rows, key=lambda row: str(row["name"]))


@router.post("/people", gate=Gate("see-people"))
async def change_people(request: Request, using: Using, asking: Asking) -> Response:
    """Adds somebody, gives or ends a role, makes a one-time link, or proposes what takes two people."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    body, _ = setting_for(using.reader, asking, text_of(form, "setting"), "see-people")
    do = text_of(form, "do")
    try:
        if do == "link":
            return _invite(request, using, asking, form, body)
        if do == "close":
            using.ways_in.close(_looked_after(using, asking, form, body), asking.person)
            return RedirectResponse(f"/people?setting={body['id']}&done=closed", 303)
        command = _command(using, asking, form, body)
        done = give(using, asking, command, form)
    except Refused as refusal:
        return _people(request, using, asking, body["id"], refusal.message, 422)
    told = "proposed" if command.second_person else TOLD[do]
    return RedirectResponse(f"/people?setting={body['id']}&done={told}&min_position={done.position}", 303)


TOLD = {"add": "added", "rename": "renamed", "grant": "granted", "end": "ended"}
"""What is told after what was done."""


def _looked_after(using: Service, asking: Asker, form: FormData, setting: SettingBody) -> UUID:
    """The person whose account a form is about. Raises NotAllowed, and Refused for somebody of another setting."""
    if not asking.may("manage-people", setting=setting["id"]):
        raise NotAllowed
    person = id_of(form, "person")
    require_home(using.ledger.states.person(person), UUID(setting["id"]))
    return person


def _command(using: Service, asking: Asker, form: FormData, setting: SettingBody) -> Command:
    """What a form asks for. Raises Refused."""

    def made(kind: type[Command], person: str = "person", **fields: Any) -> Command:
        return command_of(kind, form, asking, setting["id"], person_id=id_of(form, person), **fields)

    today = using.ledger.access_facts.today(UUID(setting["id"]))
    match text_of(form, "do"):
        case "add":
            return made(AddPerson, "form", name=text_of(form, "name").strip())
        case "rename":
            return made(RenamePerson, name=text_of(form, "name").strip())
        case "grant":
            role = text_of(form, "role")
            return made(
                GrantRole,
                grant_id=id_of(form, "form"),
                role=role,
                from_date=today,
                until=text_of(form, "until") or None,
                commissioner_id=(text_of(form, "commissioner") or None) if role == "commissioner" else None,
            )
        case "end":
            return made(EndRole, grant_id=id_of(form, "grant"), on=today)
        case "recover":
            lost = "second-factor" if text_of(form, "lost") == "second-factor" else "password"
            return made(AllowRecovery, lost=lost)
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


def _invite(request: Request, using: Service, asking: Asker, form: FormData, setting: SettingBody) -> Response:
    """A one-time link for somebody who never had a way in.

    Whoever had one gets another only by two people's agreement.
    """
    person = _looked_after(using, asking, form, setting)
    secret = using.ways_in.invite(person, asking.person)
    name = next((body["name"] for body in using.reader.whole("people", setting) if body["id"] == str(person)), "")
    return _people(
        request, using, asking, setting["id"], link=f"{base_of(request)}/welcome?key={secret}", about=str(name)
    )
