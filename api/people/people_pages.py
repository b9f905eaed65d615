"""Who works here, in which roles; inviting people, and helping somebody who lost their password.

No record is shown here.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access import ROLES
from ap_ledger.domain.base import Command
from ap_ledger.domain.person import AddPerson, AllowRecovery, EndRole, GrantRole, RenamePerson
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.service import Current, Service, Using
from api.core.show import entry_id, id_of, read_form, setting_for, show, text_of
from projections.queries.reading import Body

router = gated(include_in_schema=False, default_response_class=HTMLResponse)
ROLE_NAMES = {
    "mentor": "Mentor", "ap-staff": "AP staff", "leader": "Leader", "dsl": "Safeguarding lead (DSL)",
    "deputy-dsl": "Deputy safeguarding lead",
    "safeguarding-reader": "Named by the DSL to read safeguarding", "commissioner": "Commissioner", "family": "Family",
    "administrator": "Administrator of accounts",
    "researcher": "Researcher",
}  # fmt: skip
GRANTED = tuple(role for role in ROLES if role in ROLE_NAMES)


@router.get("/people", gate=Gate("see-people"), nav=Nav("People", "more", 1))
def people_page(request: Request, using: Current, asking: Asking, setting: str = "", done: str = "") -> HTMLResponse:
    """Everybody of a setting with their roles, and for administrators what can be done about them."""
    return _people(request, using, asking, setting, done=DONE.get(done, ""))


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
    said: str = "",
    status: int = 200,
    done: str = "",
    link: str = "",
    about: str = "",
) -> HTMLResponse:
    body, settings = setting_for(using.reader, asking, setting, "see-people")
    today = using.ledger.standing.today(UUID(body["id"])).isoformat()
    rows = []
    for person in using.reader.whole("people"):
        roles = [
            role
            for role in using.ledger.standing.roles_to_come(UUID(person["id"]))
            if str(role.setting_id) == body["id"]
        ]
        if person["setting_id"] == body["id"] or roles:
            rows.append(
                {
                    "id": person["id"],
                    "name": person["name"] or "Not named",
                    "roles": roles,
                    "home": person["setting_id"] == body["id"],
                }
            )
    manage = asking.may("manage-people", setting=body["id"])
    accounts = using.ledger.accounts.of(UUID(row["id"]) for row in rows) if manage else {}
    commissioners = [(one["commissioner_id"], one["name"]) for one in body.get("commissioners", ())]
    return show(
        request, "people.html", status, setting=body, settings=settings,
        people=sorted(rows, key=lambda row: str(row["name"])), manage=manage, role_names=ROLE_NAMES,
        accounts={str(one): account for one, account in accounts.items()}, granted=_grantable(asking, body),
        commissioners=commissioners, today=today, said=said, done=done,
        link=link, about=about, names=asking.may("name-safeguarding-reader", setting=body["id"]),
        proposes=asking.may("propose-people", setting=body["id"]), form=new_id,
    )  # fmt: skip


def _grantable(asking: Asker, setting: Body) -> list[str]:
    """The roles that whoever asks may give or propose here."""
    found = (
        [role for role in GRANTED if role != "safeguarding-reader"]
        if asking.may("manage-people", setting=setting["id"])
        else []
    )
    if not found and asking.may("propose-people", setting=setting["id"]):
        found = ["dsl", "deputy-dsl"]
    return [*found, "safeguarding-reader"] if asking.may("name-safeguarding-reader", setting=setting["id"]) else found


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
            _needs(asking, "manage-people", body)
            _home(using, form, body)
            using.ledger.accounts.end_account(id_of(form, "person"))
            return RedirectResponse(f"/people?setting={body['id']}&done=closed", 303)
        command = _command(using, asking, form, body, do)
        if command.second_person:
            _needs(asking, "propose-people", body)
            done = using.ledger.proposals.propose(
                command, id_of(form, "form"), entry_id(command.id, "propose"), asking.person
            )
        else:
            done = using.ledger.execute(command)
    except Refused as refusal:
        return _people(request, using, asking, body["id"], refusal.message, 422)
    what = (
        "proposed"
        if command.second_person
        else {"add": "added", "rename": "renamed", "grant": "granted", "end": "ended"}[do]
    )
    return RedirectResponse(f"/people?setting={body['id']}&done={what}&min_position={done.position}", 303)


def _needs(asking: Asker, action: str, setting: Body) -> None:
    if not asking.may(action, setting=setting["id"]):
        raise NotAllowed


def _home(using: Service, form: FormData, setting: Body) -> None:
    """Refuses what only the setting that added a person may do. Raises Refused."""
    person = using.ledger.world.person(id_of(form, "person"))
    if person is None or str(person.setting_id) != setting["id"]:
        raise Refused("unknown-person", "Only the setting that added a person can do this.", "person")


def _command(using: Service, asking: Asker, form: FormData, setting: Body, do: str) -> Command:
    common: dict[str, Any] = {
        "id": id_of(form, "command"),
        "setting_id": UUID(setting["id"]),
        "author_id": asking.person,
    }
    if do == "add":
        _needs(asking, "manage-people", setting)
        return AddPerson(person_id=id_of(form, "form"), name=text_of(form, "name").strip(), **common)
    if do == "rename":
        _needs(asking, "manage-people", setting)
        return RenamePerson(person_id=id_of(form, "person"), name=text_of(form, "name").strip(), **common)
    person, today = id_of(form, "person"), using.ledger.standing.today(UUID(setting["id"]))
    if do == "grant":
        role = text_of(form, "role")
        if role not in _grantable(asking, setting):
            raise NotAllowed
        until, commissioner = text_of(form, "until"), text_of(form, "commissioner")
        return GrantRole(
            person_id=person, grant_id=id_of(form, "form"), role=role, from_date=today,  # type: ignore[arg-type]
            until=_day(until), commissioner_id=UUID(commissioner) if role == "commissioner" and commissioner else None,
            **common,
        )  # fmt: skip
    if do == "end":
        grant = id_of(form, "grant")
        found = using.ledger.world.person(person)
        role = next((one.role for one in found.roles if one.grant_id == grant), "") if found else ""
        _needs(asking, "name-safeguarding-reader" if role == "safeguarding-reader" else "manage-people", setting)
        return EndRole(person_id=person, grant_id=grant, on=today, **common)
    if do == "recover":
        _needs(asking, "propose-people", setting)
        return AllowRecovery(
            person_id=person, lost="second-factor" if text_of(form, "lost") == "second-factor" else "password", **common
        )
    raise Refused("malformed", "This form says nothing that can be done here.", "do")


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise Refused("malformed", "Give the last day as a date.", "until") from None


def _invite(request: Request, using: Service, asking: Asker, form: FormData, setting: Body) -> Response:
    """A one-time link for somebody who never had a way in.

    Whoever had one gets another only by two people's agreement.
    """
    _needs(asking, "manage-people", setting)
    _home(using, form, setting)
    person = id_of(form, "person")
    secret = using.ledger.ways_in.invite(person, asking.person)
    name = next((one["name"] for one in using.reader.whole("people", setting) if one["id"] == str(person)), "")
    return _people(
        request, using, asking, setting["id"], link=f"{base_of(request)}/welcome?key={secret}", about=str(name)
    )


def base_of(request: Request) -> str:
    """The address under which people reach this service."""
    return str(request.app.state.public_url or f"{request.url.scheme}://{request.url.netloc}")
