"""What takes two people: proposed by one, approved or declined by another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.access import About
from ap_ledger.access.rules import Proposed, may_approve, may_see_proposal
from ap_ledger.bootstrap import Service
from ap_ledger.domain.person import AllowRecovery
from ap_ledger.errors import Refused
from ap_ledger.events.moments import moment
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking
from api.core.gate import Gate, gated
from api.core.navigation import Nav
from api.core.problems import NotAllowed
from api.core.proposals_in_words import proposal_in_words
from api.core.service import Current, Using
from api.core.show import base_of, id_of, people_of, read_form, show, text_of
from projections.bodies import ProposalBody
from projections.queries.reading import Unknown

router = gated(include_in_schema=False, default_response_class=HTMLResponse)


@router.get(
    "/proposals",
    gate=Gate("see-own-account"),
    nav=Nav("Two people", "more", 9, also="approve proposals second person erase", group="people"),
)
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
    refusal: str = "",
    status: int = 200,
    done: str = "",
    link: str = "",
    about: str = "",
) -> HTMLResponse:
    people = people_of(using.reader)
    shown = []
    for body in using.reader.whole("proposals"):
        if body["status"] == "open" and may_see_proposal(asking.who, proposed := _of_body(asking, body)):
            mine = body["proposed_by"] == str(asking.person)
            shown.append(
                {
                    "id": body["id"],
                    "words": proposal_in_words(using, people, body),
                    "who": people.get(body["proposed_by"]) or "someone",
                    "mine": mine,
                    "since": moment(body["proposed_at"]).date(),
                    "may": not mine and may_approve(asking.who, proposed),
                }
            )
    return show(
        request, "proposals.html", status, proposals=shown, said=refusal, done=done, link=link, about=about, form=new_id
    )


def _of_body(asking: Asker, body: ProposalBody) -> Proposed:
    about = asking.about(body["student_id"], body["setting_id"])
    return _proposed(body["deed"], body["command"], about, UUID(body["proposed_by"]))


def _proposed(deed: str, command: Mapping[str, Any], about: About, by: UUID | None) -> Proposed:
    """A proposal as the rules of access ask about it."""
    person = command.get("person_id")
    return Proposed(deed, about, by, UUID(person) if person else None, command.get("retention_class"))


@router.post("/proposals/{proposal_id}", gate=Gate("see-own-account"))
async def settle(request: Request, proposal_id: UUID, using: Using, asking: Asking) -> Response:
    """Approves a proposal, and does it; or declines it."""
    return await run_in_threadpool(_settle, request, proposal_id, using, asking, await read_form(request, 64 * 1024))


def _settle(request: Request, proposal_id: UUID, using: Service, asking: Asker, form: FormData) -> Response:
    try:
        proposal = using.proposals.find(proposal_id)
    except Refused:
        raise Unknown from None
    about = asking.about(proposal.command.get("student"), proposal.setting_id)
    proposed = _proposed(proposal.deed, proposal.command, about, proposal.proposed_by)
    if not may_see_proposal(asking.who, proposed):
        raise NotAllowed
    try:
        if text_of(form, "do") == "decline":
            done = using.proposals.decline(proposal_id, id_of(form, "command"), asking.person, "declined")
            return RedirectResponse(f"/proposals?done=declined&min_position={done.position}", 303)
        if not may_approve(asking.who, proposed):
            raise NotAllowed
        command = using.proposals.command_of(proposal)
        done = using.proposals.approve(proposal_id, id_of(form, "command"), asking.person)
    except Refused as refusal:
        return _proposals(request, using, asking, refusal.message, 422)
    if isinstance(command, AllowRecovery):
        using.runner.wait_for(done.position)
        assert proposal.proposed_by is not None
        secret = using.ways_in.recover(command, proposal.proposed_by, asking.person)
        name = people_of(using.reader).get(str(command.person_id)) or "them"
        return _proposals(request, using, asking, link=f"{base_of(request)}/welcome?key={secret}", about=name)
    return RedirectResponse(f"/proposals?done=approved&min_position={done.position}", 303)
