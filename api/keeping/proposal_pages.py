"""What takes two people: proposed by one, approved or declined by another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access import DEED_ACTIONS
from ap_ledger.commands.two_people import NEW_FOR
from ap_ledger.domain.person import AllowRecovery
from ap_ledger.errors import Refused
from ap_ledger.events.moments import moment
from ap_ledger.events.person import TWO_PEOPLE_ROLES
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.service import Current, Service, Using
from api.core.show import id_of, people_of, read_form, show, text_of
from api.core.templating import day_in_words
from api.keeping.erasure_pages import CLASS_NAMES, RULES
from api.people.people_pages import ROLE_NAMES, base_of
from projections.queries.reading import Body, Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/proposals", gate=Gate("see-own-account"), nav=Nav("Two people", "more", 3))
def proposals_page(request: Request, using: Current, asking: Asking, done: str = "") -> HTMLResponse:
    """What somebody proposed and another must approve."""
    return _proposals(
        request,
        using,
        asking,
        done={"approved": "It is done, in both your names.", "declined": "It is declined."}.get(done, ""),
    )


def _proposals(
    request: Request,
    using: Service,
    asking: Asker,
    said: str = "",
    status: int = 200,
    done: str = "",
    link: str = "",
    about: str = "",
) -> HTMLResponse:
    people = people_of(using.reader)
    shown = []
    for body in using.reader.whole("proposals"):
        if body["status"] == "open" and (_sees(asking, body)):
            mine = body["proposed_by"] == str(asking.person)
            shown.append(
                {
                    "id": body["id"], "words": _words(using, people, body),
                    "who": people.get(body["proposed_by"]) or "someone", "mine": mine,
                    "since": moment(body["proposed_at"]).date(), "may": not mine and _approves(asking, body),
                }
            )  # fmt: skip
    return show(
        request, "proposals.html", status, proposals=shown, said=said, done=done, link=link, about=about, form=new_id
    )


class Told(NamedTuple):
    """What every safeguarding lead is told about leads: what, by whom it was proposed or done, since when, and how it
    stands."""

    words: str
    by: str
    at: datetime
    standing: str


TOLD = ("grant-role", "allow-recovery")


def told_to_leads(using: Service, asking: Asker) -> list[Told]:
    """Who was proposed as a lead, stopped being one, or is to be let in anew, lately: for a setting's leads, newest
    first."""
    where = {str(setting) for setting in asking.where("see-deeds")}
    if not where:
        return []
    bodies = using.reader.whole("people")
    people = {body["id"]: body["name"] for body in bodies}
    told = [*_proposed(using, people, where), *_ended(using, bodies, where)]
    return sorted(told, key=lambda one: one.at, reverse=True)


def _proposed(using: Service, people: dict[str, str | None], where: set[str]) -> Iterator[Told]:
    now = using.ledger.now()
    for body in using.reader.whole("proposals"):
        at = moment(body["proposed_at"])
        if (
            body["setting_id"] not in where
            or body["deed"] not in TOLD
            or (body["status"] != "open" and now - at > NEW_FOR)
        ):
            continue
        second = people.get(body["settled_by"] or "") or "someone"
        standing = {
            "open": "It waits for a second person.",
            "approved": f"{second} approved it.",
            "declined": f"{second} declined it.",
        }
        who = people.get(body["proposed_by"]) or "someone"
        yield Told(_words(using, people, body), f"Proposed by {who}", at, standing[body["status"]])


def _ended(using: Service, people: Sequence[Body], where: set[str]) -> Iterator[Told]:
    # One person may end the role of a lead, so that it can end at once; the other leads must not learn of it by chance.
    now, names = using.ledger.now(), {body["id"]: body["name"] for body in people}
    for body in people:
        for role in body["roles"]:
            if role["role"] not in TWO_PEOPLE_ROLES or role["setting_id"] not in where or "ended_at" not in role:
                continue
            at = moment(role["ended_at"])
            if now - at <= NEW_FOR:
                lead, ended_by = names[body["id"]] or "Someone", names.get(role["ended_by"] or "") or "someone"
                words = f"{lead} is {ROLE_NAMES[role['role']].lower()} until {day_in_words(role['until'])}."
                yield Told(words, f"Ended by {ended_by}" if role["ended_by"] else "Ended at the machine", at, "")


def _sees(asking: Asker, body: Body) -> bool:
    return body["proposed_by"] == str(asking.person) or _approves(asking, body)


def _approves(asking: Asker, body: Body) -> bool:
    """Whether somebody may approve this kind of deed here; safeguarding words end only with a safeguarding lead's
    word."""
    action = DEED_ACTIONS[body["deed"]][1]
    student, setting = body["student_id"], body["setting_id"]
    if body["command"].get("retention_class") == "safeguarding" and not asking.may(
        "erase-safeguarding", student, setting
    ):
        return False
    if body["command"].get("person_id") == str(asking.person):
        return False
    return asking.may(action, student, setting) if student else asking.may(action, setting=setting)


def _words(using: Service, people: dict[str, str | None], body: Body) -> str:
    command = body["command"]
    student = (using.reader.one("students", body["student_id"]) or {}).get("name") if body["student_id"] else None
    person = people.get(command.get("person_id", ""))
    match body["deed"]:
        case "shred-key":
            texts = f"{command['texts']} {'text' if command['texts'] == 1 else 'texts'}"
            return (
                f"Erase for ever, of {student}: {CLASS_NAMES[command['retention_class']].lower()} ({texts}). "
                f"{RULES.get(command['rule'], command['rule'])}."
            )
        case "excise-text":
            return (
                f"Remove for ever one text of {student} ({command['retention_class']}, entry at position "
                f"{command['position']})."
            )
        case "grant-role":
            return f"Make {person} {ROLE_NAMES[command['role']].lower()}, from {command['from_date']} on."
    return f"Let {person} choose a new {'second factor' if command.get('lost') == 'second-factor' else 'password'}."


@router.post("/proposals/{proposal_id}", gate=Gate("see-own-account"))
async def settle(request: Request, proposal_id: UUID, using: Using, asking: Asking) -> Response:
    """Approves a proposal, and does it; or declines it."""
    return await run_in_threadpool(_settle, request, proposal_id, using, asking, await read_form(request, 64 * 1024))


def _settle(request: Request, proposal_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    try:
        found = using.ledger.proposals.find(proposal_id)
    except Refused:
        raise Unknown from None
    body = {
        "deed": found.deed,
        "command": found.command,
        "student_id": found.command.get("student"),
        "setting_id": str(found.setting_id),
        "proposed_by": str(found.proposed_by),
    }
    if not _sees(asking, body):
        raise NotAllowed
    try:
        if text_of(form, "do") == "decline":
            done = using.ledger.proposals.decline(proposal_id, id_of(form, "command"), asking.person, "declined")
            return RedirectResponse(f"/proposals?done=declined&min_position={done.position}", 303)
        if not _approves(asking, body):
            raise NotAllowed
        command = using.ledger.proposals.command_of(found)
        done = using.ledger.proposals.approve(proposal_id, id_of(form, "command"), asking.person)
    except Refused as refusal:
        return _proposals(request, using, asking, refusal.message, 422)
    if isinstance(command, AllowRecovery):
        using.runner.wait_for(done.position)
        assert found.proposed_by is not None
        secret = using.ledger.ways_in.recover(command, found.proposed_by, asking.person)
        name = people_of(using.reader).get(str(command.person_id)) or "them"
        return _proposals(request, using, asking, link=f"{base_of(request)}/welcome?key={secret}", about=name)
    return RedirectResponse(f"/proposals?done=approved&min_position={done.position}", 303)
